"""Hostile and many clients of pspd: dropped, or served; nobody else notices."""

from __future__ import annotations

import random
import shutil
import socket
import struct
from pathlib import Path

import pytest
from pspd_client import (
    ARG,
    COUNTERS,
    GUEST_REQUEST,
    HELLO,
    HOST_COMMAND,
    IOCTL,
    KDS,
    PAGE,
    PAYLOAD_MAX,
    PSPD,
    RMP,
    SNP_GET_REPORT,
    Client,
    Daemon,
    Refused,
    header,
    is_dropped,
)

pytestmark = pytest.mark.skipif(not PSPD.exists(), reason=f"no pspd in {PSPD.parent}: make all")


def test_ten_thousand_garbage_frames(daemon: Daemon) -> None:
    """Each ends its connection; one that works meanwhile gets exactly its own answers.

    @req SOCK-001
    """
    draw = random.Random(4)
    frames = 10_000
    with daemon.client("m", "g") as good:
        keys = {good.key()}
        asked = 1
        for number in range(frames):
            garbage = draw.randbytes(draw.choice((1, 4, 11, 12, 13, 40, 300)))
            with Client(daemon.path) as bad:
                if draw.random() < 0.5:
                    bad.hello()
                bad.socket.sendall(garbage)
                bad.socket.shutdown(socket.SHUT_WR)
                assert is_dropped(bad)
            if number % 50 == 0:
                keys.add(good.key())
                asked += 1
        assert len(keys) == 1
        assert good.counters()[0] == 2 * asked
        statistics = daemon.control().do(op="statistics")
        assert statistics["clients"] == 1
        assert statistics["machines"] == 1
        assert statistics["dropped"] >= frames * 9 // 10


IOCTL_HEAD = struct.pack("<IQ", SNP_GET_REPORT, ARG)


@pytest.mark.parametrize(
    "bytes_",
    [
        header(0, COUNTERS),
        header(7, COUNTERS),
        header(9 + PAYLOAD_MAX, IOCTL),
        header(0xFFFFFFFF, IOCTL),
        header(8, 0),
        header(8, 9),
        header(8, 0x87),
        header(8, 0xFF),
        header(8, COUNTERS, 1),
        header(8, COUNTERS, 0, 1),
        header(9, COUNTERS) + b"\0",
        header(9, 6) + b"\0",
        header(8 + 8 + 4095, GUEST_REQUEST) + bytes(8 + 4095),
        header(8 + 8 + 4097, GUEST_REQUEST) + bytes(8 + 4097),
        header(8 + 8 + 4096, GUEST_REQUEST) + struct.pack("<II", 2, 0) + bytes(4096),
        header(8 + 8 + 4096, GUEST_REQUEST) + struct.pack("<II", 0, 1) + bytes(4096),
        header(8 + 8 + 4096, GUEST_REQUEST) + struct.pack("<II", 1, 33) + bytes(4096),
        header(8 + 16 + 9 * 16, IOCTL) + IOCTL_HEAD + struct.pack("<I", 9) + bytes(9 * 16),
        header(8 + 16, IOCTL) + IOCTL_HEAD + struct.pack("<I", 1),
        header(8 + 32, IOCTL) + IOCTL_HEAD + struct.pack("<IQII", 1, 0, 0, 8),
        header(8 + 32, IOCTL) + IOCTL_HEAD + struct.pack("<IQII", 1, 0, PAYLOAD_MAX + 1, 0),
        header(8 + 32, IOCTL) + IOCTL_HEAD + struct.pack("<IQII", 1, 2**64 - 1, 2, 0),
        header(8 + 32, IOCTL) + IOCTL_HEAD + struct.pack("<IQII", 1, 0, 1, 1),
        header(8 + 33, IOCTL) + IOCTL_HEAD + struct.pack("<IQII", 1, 0, 1, 0) + b"\0",
        header(8 + 3, HOST_COMMAND) + bytes(3),
        header(8 + 4, KDS) + struct.pack("<HH", 0, 0),
        header(8 + 7, KDS) + struct.pack("<HH", 3, 0) + b"GET",
        header(8 + 8, KDS) + struct.pack("<HH", 3, 1) + b"G\0T/",
        header(8 + 9, KDS) + struct.pack("<HH", 3, 1) + b"GET/x",
        header(8 + 4 + 18, KDS) + struct.pack("<HH", 17, 1) + b"G" * 17 + b"/",
        header(8 + 95, RMP) + bytes(95),
        header(8 + 97, RMP) + bytes(97),
        header(8 + 4 + 2052, KDS) + struct.pack("<HH", 3, 2049) + b"GET" + b"/" * 2049,
    ],
)
def test_a_malformed_frame_ends_the_connection(daemon: Daemon, bytes_: bytes) -> None:
    """@req SOCK-001 SOCK-002"""
    with daemon.client("m", "g") as good:
        with daemon.client("m", "g") as bad:
            bad.socket.sendall(bytes_)
            assert is_dropped(bad)
        assert good.counters() == (0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize("tail", [struct.pack("<IBBH", 4, 0, 0, 0), struct.pack("<IBBH", 0, 0, 0, 1)])
def test_a_malformed_hello_ends_the_connection(daemon: Daemon, tail: bytes) -> None:
    """VMPL 4, and a reserved field.

    @req SOCK-001
    """
    with Client(daemon.path) as client:
        client.send(HELLO, struct.pack("<HH", 1, 1) + tail)
        assert is_dropped(client)
    with Client(daemon.path) as client:
        client.send(HELLO, struct.pack("<HHIBBH", 1, 1, 3, 0, 0, 0))
        assert client.receive()[0] == HELLO | 0x80


def test_half_a_frame_holds_up_nobody(daemon: Daemon) -> None:
    """A frame may come byte by byte, and never.

    @req SOCK-001
    """
    frame = header(8, COUNTERS)
    with daemon.client() as slow, daemon.client() as other:
        slow.socket.sendall(frame[:11])
        for _ in range(20):
            other.key()
        slow.socket.sendall(frame[11:])
        assert slow.receive()[0] == COUNTERS | 0x80
        for byte in frame:
            slow.socket.sendall(bytes([byte]))
            other.key()
        assert slow.receive()[0] == COUNTERS | 0x80


def test_one_that_does_not_read_holds_up_nobody(daemon: Daemon) -> None:
    """Answers that are not taken wait, and its requests with them; all come in their order.

    @req SOCK-002
    """
    with daemon.client() as lazy, daemon.client() as other:
        lazy.socket.settimeout(1)
        frame = header(8, 6)
        sent = 0
        with pytest.raises(TimeoutError):
            for _ in range(1_000_000):
                lazy.socket.sendall(frame * 100)
                sent += 100
        assert other.report()
        lazy.socket.settimeout(60)
        for _ in range(sent):
            kind, _, page = lazy.receive()
            assert (kind, len(page)) == (6 | 0x80, PAGE)


def test_a_thousand_clients_at_once(daemon: Daemon) -> None:
    """@req SOCK-007"""
    clients = [daemon.client() for _ in range(1000)]
    statistics = daemon.control().do(op="statistics")
    assert (statistics["clients"], statistics["machines"]) == (1000, 1000)
    ids = {client.report()[0x140:0x160] for client in clients}
    assert len(ids) == 1000
    for client in clients:
        client.close()


def test_machines_are_bounded(daemon: Daemon) -> None:
    """The next one is refused with the reason; those that are there go on.

    @req SOCK-007
    """
    limit = daemon.control().do(op="capabilities")["machines_max"]
    for number in range(limit):
        daemon.client(f"m{number}", "g").close()
    with Client(daemon.path) as client:
        with pytest.raises(Refused) as refused:
            client.hello()
        assert refused.value.code == 3
        assert is_dropped(client)
    with daemon.client("m0", "g") as client:
        client.key()


def test_more_clients_than_descriptors(folder: Path) -> None:
    """Who comes too late waits for one who leaves; those who are served can be saved all the same.

    @req SOCK-007
    """
    files = 64 + 8  # 64 are pspd's own
    command = ["prlimit", f"--nofile={files}:{files}", str(PSPD)]
    if shutil.which("prlimit") is None:
        pytest.skip("no prlimit (util-linux)")
    running = Daemon(folder, "--state", str(folder / "state"), command=command)
    served = [running.client("m", "g") for _ in range(8)]
    late = [Client(running.path) for _ in range(20)]
    for client in late:
        client.send(COUNTERS)
    for client in served:
        client.key()
    late[0].socket.settimeout(0.2)
    with pytest.raises(TimeoutError):
        late[0].socket.recv(1)
    for client in served:
        client.close()
    for client in late:
        client.socket.settimeout(60)
        assert is_dropped(client), "it has come in, and said something before its HELLO"
    with running.client("m", "g") as client:
        assert client.counters()[0] == 16
    assert running.stop() == 0
