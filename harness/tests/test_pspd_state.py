"""pspd --state: what was answered survives kill -9. PSPD_KILLS: how often it is killed under load (10)."""

from __future__ import annotations

import errno
import os
import random
import stat
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pspd_client import (
    PSPD,
    REFUSED_ONCE,
    SEQNO0,
    SNP_GET_REPORT,
    VMPCK0,
    Client,
    Daemon,
    Dropped,
    Refused,
)

pytestmark = pytest.mark.skipif(not PSPD.exists(), reason=f"no pspd in {PSPD.parent}: make all")

KILLS = int(os.environ.get("PSPD_KILLS", "10"))


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
