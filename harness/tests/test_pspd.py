"""pspd: frames, HELLO, guests that are joined and guests that are not, hostile clients, and kill -9.

SEVKIT_BIN names the build's bin directory; without it build/bin. PSPD_KILLS: how often pspd is killed under
load (10).
"""

from __future__ import annotations

import base64
import errno
import hashlib
import json
import os
import random
import re
import shutil
import socket
import ssl
import stat
import struct
import subprocess
import tempfile
import threading
from collections.abc import Iterator
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
    READ_ONLY,
    REQ,
    RESP,
    RETURNED,
    ROOT,
    SENT,
    SEQNO0,
    SNP_GET_DERIVED_KEY,
    SNP_GET_EXT_REPORT,
    SNP_GET_REPORT,
    VMPCK0,
    Client,
    Control,
    Daemon,
    Dropped,
    Refused,
    Region,
    seal,
    unseal,
)

pytestmark = pytest.mark.skipif(not PSPD.exists(), reason=f"no pspd in {PSPD.parent}: make all")

KILLS = int(os.environ.get("PSPD_KILLS", "10"))
REPORT_REQ, KEY_REQ = 5, 3
AEAD_OFLOW = 0x1D
INVALID_COMMAND = 0x11


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short enough for a socket's address. No pspd outlives it."""
    with tempfile.TemporaryDirectory(prefix="pspd-") as name:
        yield Path(name)
        Daemon.end_all()


@pytest.fixture
def daemon(folder: Path) -> Iterator[Daemon]:
    """pspd without state, its clock and randomness fixed."""
    running = Daemon(folder, "--at", "2026-01-01T00:00:00Z")
    yield running
    assert running.stop() == 0


def is_dropped(client: Client) -> bool:
    """Whether pspd ends the connection without another byte."""
    try:
        return client.socket.recv(1) == b""
    except ConnectionResetError:
        return True


# ---- HELLO ----


@pytest.mark.parametrize("versions", [(0, 0), (2, 2), (2, 65535), (1, 0)])
def test_no_common_version_is_told_and_ends(daemon: Daemon, versions: tuple[int, int]) -> None:
    """@req SOCK-004"""
    with Client(daemon.path) as client:
        with pytest.raises(Refused) as refused:
            client.hello(versions=versions)
        assert refused.value.code == 1
        assert is_dropped(client)


@pytest.mark.parametrize("versions", [(1, 1), (0, 1), (1, 65535), (0, 65535)])
def test_a_common_version_is_taken(daemon: Daemon, versions: tuple[int, int]) -> None:
    """@req SOCK-004"""
    with Client(daemon.path) as client:
        client.hello(versions=versions)
        assert client.hello_flags == 3
        assert client.counters()[:4] == (0, 0, 0, 0)


@pytest.mark.parametrize("frame", [GUEST_REQUEST, IOCTL, HOST_COMMAND, KDS, 6, COUNTERS])
def test_nothing_comes_before_hello(daemon: Daemon, frame: int) -> None:
    """@req SOCK-003"""
    with Client(daemon.path) as client:
        client.send(frame)
        assert is_dropped(client)


def test_a_second_hello_ends_the_connection(daemon: Daemon) -> None:
    """@req SOCK-003"""
    with daemon.client() as client:
        client.send(HELLO, struct.pack("<HHIBBH", 1, 1, 0, 0, 0, 0))
        assert is_dropped(client)


@pytest.mark.parametrize("name", ["a/b", ".a", "..", "a b", "a\n", "x" * 65])
def test_names_that_cannot_be_are_dropped(daemon: Daemon, name: str) -> None:
    """@req SOCK-006"""
    with Client(daemon.path) as client, pytest.raises(Dropped):
        client.hello(name, "g")
    with Client(daemon.path) as client:
        client.hello("x" * 64, "a.b_c-D9")
        assert client.hello_flags == 3


def test_a_guest_needs_its_machine(daemon: Daemon) -> None:
    """@req SOCK-006"""
    with Client(daemon.path) as client:
        with pytest.raises(Refused) as refused:
            client.hello("", "g")
        assert refused.value.code == 2
        assert is_dropped(client)


# ---- joined, and apart ----


def test_without_names_everybody_is_alone(daemon: Daemon) -> None:
    """@req SOCK-005"""
    with daemon.client() as one, daemon.client() as two:
        assert one.secrets() != two.secrets()
        assert one.report()[0x140:0x160] != two.report()[0x140:0x160]
        one.report()
        assert (one.counters()[0], two.counters()[0]) == (4, 2)
        control = daemon.control()
        assert control.do(op="statistics")["machines"] == 2
    with daemon.client():
        assert control.do(op="statistics")["machines"] == 1


def test_a_pair_of_names_is_joined(daemon: Daemon) -> None:
    """One guest, two clients: one page, one counter, one key; it outlives both.

    @req SOCK-005
    """
    with daemon.client("m", "g") as one, daemon.client("m", "g") as two:
        assert (one.hello_flags, two.hello_flags) == (3, 0)
        assert one.key() == two.key()
        assert one.counters()[0] == two.counters()[0] == 4
        assert one.secrets() == two.secrets()
        page = one.secrets()
    with daemon.client("m", "g") as again:
        assert again.hello_flags == 0
        assert again.secrets() == page
        assert again.counters()[0] == 4


def test_guests_of_one_machine_are_apart(daemon: Daemon) -> None:
    """@req SOCK-005"""
    with daemon.client("m", "a") as a, daemon.client("m", "b") as b, daemon.client("n", "a") as other:
        assert (a.hello_flags, b.hello_flags, other.hello_flags) == (3, 2, 3)
        pages = {client.secrets()[VMPCK0 : VMPCK0 + 128] for client in (a, b, other)}
        assert len(pages) == 3
        chips = [client.report()[0x1A0:0x1E0] for client in (a, b)]
        assert chips[0] == chips[1]
        a.key()
        assert (a.counters()[0], b.counters()[0]) == (4, 2)


def test_a_nameless_guest_goes_with_its_connection(daemon: Daemon) -> None:
    """The machine stays, and has room for any number of them one after the other.

    @req SOCK-005
    """
    control = daemon.control()

    def size() -> int:
        return len(control.do(op="save", machine="m")["state"])

    with daemon.client("m", "g") as client:
        sizes = []
        for _ in range(3):
            with daemon.client("m") as nameless:
                assert nameless.hello_flags == 2
                during = size()
                nameless.socket.shutdown(socket.SHUT_WR)
                assert is_dropped(nameless)
            sizes.append(size())
            assert sizes[-1] < during
        assert len(set(sizes)) == 1
        assert client.counters()[0] == 0


def test_the_vmpl_chooses_the_kernel(daemon: Daemon) -> None:
    """Each VMPL's kernel has its own key and counter in one secrets page.

    @req SOCK-005
    """
    with daemon.client("m", "g", 0) as low, daemon.client("m", "g", 2) as high:
        low.key()
        request = bytes(16) + struct.pack("<I12x", 2)
        got = high.simple_ioctl(SNP_GET_DERIVED_KEY, request, 64)
        assert (got.result, got.exitinfo2) == (0, 0)
        assert low.counters()[:4] == (2, 0, 2, 0)
        words = struct.unpack_from("<4I", low.secrets(), SEQNO0)
        assert words == (2, 0, 2, 0)


# ---- what the frames do ----


def test_an_ioctl_is_linuxs(daemon: Daemon) -> None:
    """Report, key, and what a program with a bad pointer or command gets.

    @req SOCK-008
    """
    nonce = bytes(range(64))
    arg = struct.pack("<B7xQQQ", 1, REQ, RESP, 0)
    good = [
        Region(ARG, 32, SENT | RETURNED, arg),
        Region(REQ, 96, SENT, nonce + bytes(32)),
        Region(RESP, 4000, RETURNED),
    ]
    with daemon.client() as client:
        assert client.report(nonce)[0x50:0x90] == nonce
        assert client.ioctl(0xC0205303, ARG, good)[0] == -errno.ENOTTY
        assert client.ioctl(SNP_GET_REPORT, ARG + 1, good)[0] == -errno.EFAULT
        assert client.ioctl(SNP_GET_REPORT, 0, [])[0] == -errno.EFAULT
        assert client.counters()[0] == 2, "none of these has reached the firmware"
        short = [good[0], good[1], Region(RESP, 3999, RETURNED)]
        assert client.ioctl(SNP_GET_REPORT, ARG, short)[0] == -errno.EFAULT
        sealed = [good[0], good[1], Region(RESP, 4000, RETURNED | READ_ONLY)]
        assert client.ioctl(SNP_GET_REPORT, ARG, sealed) == (-errno.EFAULT, [arg, bytes(4000)])
        assert client.counters()[0] == 6, "these have, and the driver's counter went along"
        assert client.report(nonce)[0x50:0x90] == nonce


def test_an_extended_report_brings_the_certificates(daemon: Daemon) -> None:
    """Length probing, then the table, through the ioctl and through the hypercall.

    @req SOCK-008
    """
    certs = 0x40000
    with daemon.client() as client:

        def ask(length: int) -> tuple[int, list[bytes]]:
            request = bytes(96) + struct.pack("<QI4x", certs if length else 0, length)
            return client.ioctl(
                SNP_GET_EXT_REPORT,
                ARG,
                [
                    Region(ARG, 32, SENT | RETURNED, struct.pack("<B7xQQQ", 1, REQ, RESP, 0)),
                    Region(REQ, 112, SENT | RETURNED, request),
                    Region(RESP, 4000, RETURNED),
                    Region(certs, length, RETURNED),
                ],
            )

        result, back = ask(0)
        assert result == -errno.EIO
        assert struct.unpack_from("<Q", back[0], 24) == (1 << 32,)
        (needed,) = struct.unpack_from("<I", back[1], 104)
        assert needed % PAGE == 0
        result, back = ask(needed)
        assert result == 0
        assert b"SEV-VCEK" in back[3]
        key = client.secrets()[VMPCK0 : VMPCK0 + 32]
        count = client.counters()[0]
        page = seal(key, count + 1, REPORT_REQ, bytes(96))
        exit_, _, table = client.guest_request(page, 0)
        assert exit_ == (0, 1, 0, needed // PAGE)
        assert table == b""
        exit_, response, table = client.guest_request(page, needed // PAGE)
        assert exit_ == (0, 0, 0, needed // PAGE)
        assert table == back[3]
        assert unseal(key, response)[0] == count + 2


def test_a_guest_request_is_the_firmwares(daemon: Daemon) -> None:
    """@req SOCK-008"""
    with daemon.client() as client:
        key = client.secrets()[VMPCK0 : VMPCK0 + 32]
        page = seal(key, 1, KEY_REQ, bytes(32))
        exit_, response, _ = client.guest_request(page)
        assert exit_ == (0, 0, 0, 0)
        seqno, kind, payload = unseal(key, response)
        assert (seqno, kind, len(payload)) == (2, KEY_REQ + 1, 64)
        exit_, response, _ = client.guest_request(page)
        assert exit_ == (AEAD_OFLOW, 0, 0, 0)
        assert response == bytes(PAGE)
        assert client.counters() == (2, 0, 0, 0, 2, 2)
        assert client.secrets()[SEQNO0 : SEQNO0 + 4] == bytes(4), "the driver had no part in it"


def test_a_host_command_is_the_mailboxs(daemon: Daemon) -> None:
    """@req SOCK-008"""
    with daemon.client() as client:
        answer = client.call(HOST_COMMAND, struct.pack("<I", 0x7F) + bytes(24))
        assert struct.unpack("<I", answer) == (INVALID_COMMAND,)
        client.send(HOST_COMMAND, struct.pack("<I", 0x94) + bytes(4097))
        assert is_dropped(client)


def test_the_kds_knows_the_machine(daemon: Daemon) -> None:
    """@req SOCK-008"""
    with daemon.client() as client:
        chip = client.report()[0x1A0:0x1E0].hex()
        status, _, body = client.kds("/vcek/v1/Genoa/cert_chain")
        assert status == 200
        assert body.count(b"BEGIN CERTIFICATE") == 2
        assert client.kds(f"/vcek/v1/Genoa/{chip}?blSPL=00&teeSPL=00&snpSPL=00&ucodeSPL=00")[0] == 200
        assert client.kds("/vcek/v1/Genoa/nothing")[0] in (400, 404)
        assert client.kds("/vcek/v1/Genoa/cert_chain", "POST")[0] == 405


# ---- hostile clients ----


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


def header(length: int, kind: int, r1: int = 0, r2: int = 0) -> bytes:
    """A frame's first 12 bytes."""
    return struct.pack("<IBBHI", length, kind, r1, r2, 1)


IOCTL_HEAD = struct.pack("<IQ", SNP_GET_REPORT, ARG)


@pytest.mark.parametrize(
    "bytes_",
    [
        header(0, COUNTERS),
        header(7, COUNTERS),
        header(9 + PAYLOAD_MAX, IOCTL),
        header(0xFFFFFFFF, IOCTL),
        header(8, 0),
        header(8, 8),
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


# ---- control ----


def test_control_tells_what_there_is(daemon: Daemon) -> None:
    """@req SOCK-009"""
    control = daemon.control()
    told = control.do(op="capabilities")
    profiles = {p.stem for p in (ROOT / "emulator/profiles").glob("*.json")} - {"profile.schema"}
    assert set(told["profiles"]) == profiles
    assert told["protocol"] == [1, 1]
    assert told["state"] is False
    assert "6.12" in told["kernels"]


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b"1", b'{"op":1} x', b"\xff", b'{"op":"a","op":"b"}'])
def test_control_drops_what_is_no_object(daemon: Daemon, line: bytes) -> None:
    """@req SOCK-009"""
    assert daemon.control().line(line) == b""
    assert daemon.control().do(op="statistics")["controls"] == 1


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({}, "op: "),
        ({"op": 1}, "op: "),
        ({"op": "nothing"}, "op: "),
        ({"op": "reset"}, "machine: must name one"),
        ({"op": "reset", "machine": "none"}, "machine: there is none"),
        ({"op": "reset", "machine": "../x"}, "machine: "),
        ({"op": "save"}, "machine: must name one"),
        ({"op": "save", "machine": "none"}, "machine: there is none"),
        ({"op": "scenario", "machine": "none", "scenario": "none"}, "machine: there is none"),
        ({"op": "scenario", "machine": 1, "scenario": "none"}, "machine: there is none"),
        ({"op": "profile"}, "a name or an object"),
        ({"op": "profile", "profile": "none"}, "profile"),
        ({"op": "profile", "profile": {}}, ""),
        ({"op": "scenario", "scenario": "none-such"}, "scenario"),
        ({"op": "seed"}, "seed: "),
        ({"op": "seed", "seed": -1}, "seed: "),
        ({"op": "seed", "seed": "x"}, "seed: "),
        ({"op": "restore", "state": "AAAA"}, "machine: must be a name"),
        ({"op": "restore", "machine": "../x", "state": "AAAA"}, "machine: must be a name"),
        ({"op": "restore", "machine": "r"}, "state: must be what save gave"),
        ({"op": "restore", "machine": "r", "state": "AAA"}, "state: must be what save gave"),
        ({"op": "restore", "machine": "r", "state": "A==="}, "state: must be what save gave"),
        ({"op": "restore", "machine": "r", "state": "AB=="}, "state: must be what save gave"),
        ({"op": "restore", "machine": "r", "state": "AA=A"}, "state: must be what save gave"),
        ({"op": "restore", "machine": "r", "state": "AA==AAAA"}, "state: must be what save gave"),
        ({"op": "restore", "machine": "r", "state": "AAAA"}, "state: value"),
    ],
)
def test_control_says_why_not(daemon: Daemon, members: dict[str, object], why: str) -> None:
    """@req SOCK-009"""
    control = daemon.control()
    answer = control.ask(**members)
    assert answer["ok"] is False
    assert answer["error"].startswith(why), answer
    assert answer["error"]
    assert control.do(op="statistics")["machines"] == 0


def test_control_chooses_profile_and_seed(daemon: Daemon) -> None:
    """For machines that are made from now on.

    @req SOCK-009
    """
    control = daemon.control()
    with daemon.client("old", "g") as old:
        assert old.report()[0] == 3
        control.do(op="profile", profile="milan-1.52.4-v2-vcek")
        control.do(op="seed", seed="0xffffffffffffffff")
        with daemon.client() as one, daemon.client() as two:
            assert one.report()[0] == 2
            one.report()
            assert one.secrets()[:SEQNO0] == two.secrets()[:SEQNO0], "one seed, one guest"
        assert old.report()[0] == 3
        text = json.loads((ROOT / "emulator/profiles/genoa-1.55.40-v3-vcek.json").read_text())
        text["guest"]["host_data"] = "ab" * 32
        control.do(op="profile", profile=text)
        control.do(op="seed", seed=None)
        with daemon.client() as one, daemon.client() as two:
            assert one.report()[0xC0:0xE0] == b"\xab" * 32
            assert one.secrets() != two.secrets()
        control.do(op="reset", machine="old")
        assert old.counters() == (0, 0, 0, 0, 0, 0)
        assert old.report()[0xC0:0xE0] == b"\xab" * 32


REFUSED_ONCE = {
    "name": "refused",
    "title": "the firmware refuses once",
    "faults": [{"kind": "fw_status", "first": 1, "count": 1, "value": 22}],
}


def test_a_saved_machine_comes_back(daemon: Daemon) -> None:
    """Under another name too, and as often as one likes; what happened since is undone.

    @req SOCK-009
    """
    control = daemon.control()
    with daemon.client("m", "g") as client:
        key, page = client.key(), client.secrets()
        state = control.do(op="save", machine="m")["state"]
        client.report()
        refused = control.ask(op="restore", machine="m", state=state)
        assert refused == {"ok": False, "error": "machine: must have no clients"}
    control.do(op="restore", machine="twin", state=state)
    control.do(op="restore", machine="m", state=state)
    for name in ("m", "twin"):
        with daemon.client(name, "g") as client:
            assert client.hello_flags == 0
            assert client.secrets() == page
            assert client.counters() == (2, 0, 0, 0, 1, 1)
            assert client.key() == key
    flipped = state[:200] + ("A" if state[200] != "A" else "B") + state[201:]
    assert control.ask(op="restore", machine="twin", state=flipped)["ok"] is False
    with daemon.client("twin", "g") as client:
        assert client.counters()[0] == 4, "a refused restore changes nothing"


class State:
    """What `save` gives, in pieces: the format at the head of pspd_state.c."""

    def __init__(self, saved: bytes) -> None:
        self.head = saved[:12]
        at = 12
        self.texts = []
        for _ in range(2):
            kind, size = struct.unpack_from("<BI", saved, at)
            self.texts.append((kind, size, saved[at + 5 : at + 5 + size]))
            at += 5 + size
        self.options, self.drbg = saved[at : at + 19], saved[at + 19 : at + 76]
        (count,) = struct.unpack_from("<I", saved, at + 76)
        at += 80
        self.guests = []
        for _ in range(count):
            size = saved[at]
            name, fixed = saved[at + 1 : at + 1 + size], saved[at + 1 + size : at + 10 + size + PAGE]
            self.guests.append((name, *struct.unpack("<QB4096s", fixed)))
            at += 10 + size + PAGE
        (self.size,) = struct.unpack_from("<I", saved, at)
        self.machine = saved[at + 4 : -48]

    def sealed(self) -> str:
        """Put together again, with a digest that is right, in base64."""
        body = self.head
        for kind, size, text in self.texts:
            body += struct.pack("<BI", kind, size) + text
        body += self.options + self.drbg + struct.pack("<I", len(self.guests))
        for name, gctx, probed, page in self.guests:
            body += bytes([len(name)]) + name + struct.pack("<QB", gctx, probed) + page
        body += struct.pack("<I", self.size) + self.machine
        return base64.b64encode(body + hashlib.sha384(body).digest()).decode()


def put(data: bytes, at: int, value: int) -> bytes:
    """DATA with another byte at AT."""
    return data[:at] + bytes([value]) + data[at + 1 :]


def test_a_state_is_read_strictly(daemon: Daemon) -> None:
    """Each field out of its rule, the digest right: refused by its name, and nothing is made.

    @req SOCK-010
    """
    control = daemon.control()
    with daemon.client("m", "a"), daemon.client("m", "b"):
        saved = base64.b64decode(control.do(op="save", machine="m")["state"])
    machines = control.do(op="statistics")["machines"]

    def refusal(**changes: object) -> str:
        state = State(saved)
        for name, value in changes.items():
            setattr(state, name, value)
        answer = control.ask(op="restore", machine="r", state=state.sealed())
        assert answer["ok"] is False
        return str(answer["error"]).split(":")[0].split(" ")[0]

    good = State(saved)
    (profile, scenario), (one, two) = good.texts, good.guests
    assert refusal(head=put(good.head, 0, 0)) == "state"
    assert refusal(head=put(good.head, 8, 2)) == "format"
    assert refusal(texts=[(2, profile[1], profile[2]), scenario]) == "options"
    assert refusal(texts=[(0, 2**31, profile[2]), scenario]) == "options"
    assert refusal(texts=[(0, 65, b"a" * 65), scenario]) == "options"
    assert refusal(texts=[profile, (0, 200, b"a" * 200)]) == "options"
    assert refusal(options=put(good.options, 0, 6)) == "kernel"
    assert refusal(options=put(good.options, 1, 2)) == "randomness", "by then all reads as zero"
    assert refusal(drbg=put(good.drbg, 8, 49)) == "randomness"
    assert refusal(guests=[(b"", *one[1:]), two]) == "guest"
    assert refusal(guests=[(b"a/b", *one[1:]), two]) == "guest"
    assert refusal(guests=[(*one[:2], 16, one[3]), two]) == "probed"
    assert refusal(guests=[one, (one[0], *two[1:])]) == "guest"
    assert refusal(guests=[one, (two[0], one[1], *two[2:])]) == "gctx"
    assert refusal(guests=[one, (two[0], one[1] + 1, *two[2:])]) == "gctx"
    assert refusal(size=good.size - 1) == "machine"
    assert refusal(size=good.size + 1) == "machine"
    assert refusal(machine=put(good.machine, 0, 0)) == "DIGEST"
    assert control.do(op="statistics")["machines"] == machines
    control.do(op="restore", machine="r", state=good.sealed())
    fewer = State(saved)
    fewer.guests = [one]
    control.do(op="restore", machine="s", state=fewer.sealed())
    with daemon.client("s", one[0].decode()) as known, daemon.client("s", two[0].decode()) as fresh:
        assert (known.hello_flags, fresh.hello_flags) == (0, 2)


# ---- --state ----


@pytest.fixture
def stated(folder: Path) -> Iterator[Daemon]:
    """pspd with a state folder."""
    running = Daemon(folder, "--state", str(folder / "state"))
    yield running
    if running.process.poll() is None:
        assert running.stop() == 0


def test_kill_9_under_load(stated: Daemon) -> None:
    """Four clients ask as fast as they can; pspd is killed at some answer. What was answered is there, no
    counter goes back, at most the one request in flight of each is there unanswered, keys and ids are kept.

    @req SOCK-010
    """
    draw = random.Random(9)
    guests = [("m", "a"), ("m", "b"), ("n", "a"), ("n", "b")]
    done = [0] * len(guests)  # requests that the firmware has answered as far as the clients know
    fixed: dict[int, tuple[bytes, bytes]] = {}

    def load(index: int, client: Client, enough: int, reached: threading.Event) -> None:
        """Until the connection breaks."""
        answered = 0
        try:
            while True:
                client.key()
                done[index] += 1
                answered += 1
                if answered == enough:
                    reached.set()
        except Dropped:
            pass

    for _ in range(KILLS):
        clients = [stated.client(*pair) for pair in guests]
        for index, client in enumerate(clients):
            count = client.counters()[0]
            assert count in (2 * done[index], 2 * done[index] + 2), "one request may be unanswered"
            done[index] = count // 2
            page = client.secrets()
            assert int.from_bytes(page[SEQNO0 : SEQNO0 + 4], "little") == count
            same = (page[VMPCK0 : VMPCK0 + 128], client.report()[0x140:0x160])
            assert fixed.setdefault(index, same) == same
            done[index] += 1
        reached = threading.Event()
        enough = draw.randint(1, 40)
        threads = [threading.Thread(target=load, args=(i, c, enough, reached)) for i, c in enumerate(clients)]
        for thread in threads:
            thread.start()
        assert reached.wait(60)
        stated.kill()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()
        for client in clients:
            client.close()
        stated.start()
    assert min(done) >= KILLS


def test_a_wiped_key_stays_wiped(stated: Daemon) -> None:
    """The driver answers as before the death: the device is there, its key is not.

    @req SOCK-010
    """
    with stated.client("m", "g") as client:
        client.key()
        stated.control().do(op="scenario", machine="m", scenario=REFUSED_ONCE)
        assert client.simple_ioctl(SNP_GET_REPORT, bytes(96), 4000).result == -errno.EIO
        assert client.simple_ioctl(SNP_GET_REPORT, bytes(96), 4000).result == -errno.ENOTTY
        page = client.secrets()
        assert page[VMPCK0 : VMPCK0 + 32] == bytes(32)
    stated.kill()
    stated.start()
    with stated.client("m", "g") as client:
        assert client.secrets() == page
        assert client.simple_ioctl(SNP_GET_REPORT, bytes(96), 4000).result == -errno.ENOTTY


def test_nameless_guests_leave_nothing(stated: Daemon, folder: Path) -> None:
    """@req SOCK-010"""
    with stated.client() as client:
        client.key()
        assert not list((folder / "state").iterdir())
    with stated.client("m", "g"), stated.client("m") as nameless:
        nameless.key()
        stated.kill()
    stated.start()
    with stated.client("m", "g") as client:
        assert client.counters() == (0, 0, 0, 0, 1, 1)


def test_state_is_private_and_whole(stated: Daemon, folder: Path) -> None:
    """Files of the owner alone; no machine is made in place of one whose file is bad.

    @req SOCK-010
    """
    with stated.client("m", "g") as client:
        client.key()
    assert stated.stop() == 0
    state = folder / "state"
    assert [p.name for p in state.iterdir()] == ["m.machine"]
    file = state / "m.machine"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    good = file.read_bytes()
    draw = random.Random(1)
    cuts = [b"", good[:7], good[:64], good[: len(good) // 2], good[:-1], good + b"\0"]
    flips = []
    for _ in range(40):
        bad = bytearray(good)
        bad[draw.randrange(len(bad))] ^= 1 << draw.randrange(8)
        flips.append(bytes(bad))
    stated.start()
    for bad_bytes in cuts + flips:
        file.write_bytes(bad_bytes)
        with Client(stated.path) as client:
            with pytest.raises(Refused) as refused:
                client.hello("m", "g")
            assert refused.value.code == 4
            assert "rule:" in refused.value.text
        assert file.read_bytes() == bad_bytes, "a bad file stays for its owner to look at"
    file.unlink()
    for kind in ("folder", "pipe", "large"):
        if kind == "folder":
            file.mkdir()
        elif kind == "pipe":
            os.mkfifo(file)
        else:
            file.touch()
            os.truncate(file, 2**26 + 1)
        with Client(stated.path) as client:
            with pytest.raises(Refused) as refused:
                client.hello("m", "g")
            assert refused.value.code == 4
            assert "a file of at most 64 MiB" in refused.value.text
        if file.is_dir():
            file.rmdir()
        else:
            file.unlink()
    file.write_bytes(good)
    with stated.client("m", "g") as client:
        assert client.counters()[0] == 2


def test_what_is_not_saved_is_not_answered(folder: Path) -> None:
    """The folder is gone from under pspd.

    @req SOCK-010
    """
    state = folder / "state"
    running = Daemon(folder, "--state", str(state))
    with running.client("m", "g") as client:
        client.key()
        for file in state.iterdir():
            file.unlink()
        state.rmdir()
        with pytest.raises(Refused) as refused:
            client.key()
        assert refused.value.code == 4
        with running.client() as other:
            other.key()
    assert running.stop() == 0


def test_two_do_not_share_a_state(stated: Daemon, folder: Path) -> None:
    """@req SOCK-011"""
    command = [str(PSPD), "--listen", str(folder / "t"), "--state", str(folder / "state")]
    second = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert second.returncode == 3
    assert "another pspd" in second.stderr
    with stated.client("m", "g") as client:
        client.key()


# ---- start and end ----


def test_it_ends_when_asked(folder: Path) -> None:
    """By SIGTERM and SIGINT, with its sockets; what kill -9 leaves is no hindrance.

    @req SOCK-011
    """
    running = Daemon(folder)
    client = running.client()
    assert stat.S_IMODE(running.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(Path(f"{running.path}.control").stat().st_mode) == 0o600
    command = [str(PSPD), "--listen", str(running.path)]
    second = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert second.returncode == 3
    assert "another process listens" in second.stderr
    running.kill()
    assert is_dropped(client)
    assert running.path.exists()
    running.start()
    assert running.stop() == 0
    assert not list(folder.iterdir())
    running.start()
    running.process.send_signal(2)
    assert running.end() == 0
    assert not list(folder.iterdir())


@pytest.mark.parametrize(
    ("options", "code", "text"),
    [
        (["--cuse"], 3, "--cuse"),
        (["--listen", "@/s", "--kds", "localhost:1"], 2, "--kds"),
        (["--listen", "@/s", "--kds", "127.0.0.1"], 2, "--kds"),
        (["--listen", "@/s", "--kds", "[::1:80"], 2, "--kds"),
        (["--listen", "@/s", "--kds", "192.0.2.1:80"], 3, "--kds"),
        (["--kernel", "4.0"], 2, "--kernel"),
        (["--seed", "x"], 2, "--seed"),
        (["--at", "now"], 2, "--at"),
        (["--profile", "none-such"], 2, "--profile"),
        (["--scenario", "none-such"], 2, "--scenario"),
        (["--profile", "/nowhere.json"], 2, "/nowhere.json"),
        (["--state", "/proc/nowhere"], 2, "/proc/nowhere"),
        (["--listen", "/" + "x" * 120], 2, "--listen"),
        (["--listen", "/etc/passwd"], 2, "--listen"),
        (["--what"], 2, "--what"),
    ],
)
def test_bad_options_are_named(folder: Path, options: list[str], code: int, text: str) -> None:
    """@req SOCK-011"""
    command = [str(PSPD), *(o.replace("@", str(folder)) for o in options)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == code
    assert text in run.stderr
    assert not list(folder.iterdir())


def test_kds_over_https(folder: Path) -> None:
    """At AMD's name, under a CA of its own, with the certificates that the KDS frame gives.

    @req SOCK-008 SOCK-011
    """
    running = Daemon(folder, "--kds", "127.0.0.1:0", "--at", "2026-01-01T00:00:00Z")
    found = re.fullmatch(
        r"pspd: kds for kdsintf\.amd\.com at 127\.0\.0\.1 port (\d+), CA in (.*)", running.told[0]
    )
    assert found is not None
    context = ssl.create_default_context(cafile=found[2])
    target = "/vcek/v1/Genoa/cert_chain"
    with (
        socket.create_connection(("127.0.0.1", int(found[1])), 60) as plain,
        context.wrap_socket(plain, server_hostname="kdsintf.amd.com") as tls,
    ):
        request = f"GET {target} HTTP/1.1\r\nHost: kdsintf.amd.com\r\nConnection: close\r\n\r\n"
        tls.sendall(request.encode())
        answer = b"".join(iter(lambda: tls.recv(65536), b""))
    with running.client() as client:
        assert answer.split(b"\r\n\r\n", 1)[1] == client.kds(target)[2]
    assert running.stop() == 0
    assert not list(folder.iterdir())


def test_control_is_not_data(daemon: Daemon) -> None:
    """Each socket has its own language.

    @req SOCK-009
    """
    with Client(daemon.path) as client:
        client.socket.sendall(b'{"op":"statistics"}\n')
        assert is_dropped(client)
    control = Control(daemon.path)
    assert control.line(header(8, COUNTERS)) == b""


def test_it_runs_in_a_sandbox(daemon: Daemon) -> None:
    """A filter is on, no privileges can be gained; what the frames do works all the same (all other tests).

    @req SOCK-012
    """
    if b"__asan_init" in PSPD.read_bytes():
        pytest.skip("a sanitizer build has no sandbox")
    fields = dict(
        line.split(":", 1) for line in Path(f"/proc/{daemon.process.pid}/status").read_text().splitlines()
    )
    assert fields["Seccomp"].strip() == "2"
    assert fields["NoNewPrivs"].strip() == "1"
    assert fields["Threads"].strip() == "1", "one thread for any number of clients"
