"""The agent of a guest (suite-runner --serve PATH) at a terminal; the target cuse: before no real guest."""

from __future__ import annotations

import errno
import os
import pty
import socket
import struct
import subprocess
import tempfile
import threading
import tty
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from test_targets import RUNNER, Ran

MAGIC = 0x6B766573
START, READY, CALL, RESULT = 1, 2, 3, 4
OPEN, CLOSE, DUP, IOCTL, READ, WRITE, MKDIR, RMDIR, READLINK, STAT, RUN, CLOSE_ALL = range(12)
BASE = 0x200000000000
HOLE = BASE + 0x10000
PAGE, PAGES = 4096, 17
HEAD = struct.Struct("<IIQ3QII")
SECONDS = 60  # that an agent may take to end


def head(kind: int, value: int = 0, args: tuple[int, int, int] = (0, 0, 0), pages: int = 0) -> bytes:
    """A message's head."""
    return HEAD.pack(MAGIC, kind, value, *args, pages, 0)


class Agent:
    """suite-runner --serve at a terminal, and what it has of the program's memory."""

    def __init__(self) -> None:
        self.fd, terminal = pty.openpty()
        tty.setraw(terminal)
        self.process = subprocess.Popen(
            [RUNNER, "--serve", os.ttyname(terminal)], stderr=subprocess.PIPE, text=True
        )
        assert self.take() == (READY, 0, {})
        os.close(terminal)

    def read(self, size: int) -> bytes:
        got = b""
        while len(got) < size:
            got += os.read(self.fd, size - len(got))
        return got

    def write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self.fd, data) :]

    def take(self) -> tuple[int, int, dict[int, bytes]]:
        """Kind, value and pages of the next message."""
        magic, kind, value, *_, pages, reserved = HEAD.unpack(self.read(HEAD.size))
        assert (magic, reserved) == (MAGIC, 0)
        value -= (value >> 63) << 64
        return kind, value, {i: self.read(PAGE) for i in range(PAGES) if pages >> i & 1}

    def call(
        self, nr: int, *args: int, pages: dict[int, bytes] | None = None
    ) -> tuple[int, dict[int, bytes]]:
        """Result, and the pages that come back; PAGES are those that go along."""
        going = {i: data.ljust(PAGE, b"\0") for i, data in sorted((pages or {}).items())}
        a, b, c = (*args, 0, 0, 0)[:3]
        self.write(head(CALL, nr, (a, b, c), sum(1 << i for i in going)) + b"".join(going.values()))
        kind, result, back = self.take()
        assert kind == RESULT
        return result, back

    def text_call(self, nr: int, text: str, *args: int) -> int:
        """A call whose first argument is a text, which lies on page 15."""
        return self.call(nr, BASE + 15 * PAGE, *args, pages={15: text.encode()})[0]

    def end(self) -> tuple[int, str]:
        """Exit status and last words."""
        said = self.process.communicate(timeout=SECONDS)[1]
        return self.process.returncode, said

    def stop(self) -> None:
        """No agent is left."""
        self.process.kill()
        self.process.communicate()
        os.close(self.fd)


@pytest.fixture
def agent() -> Iterator[Agent]:
    running = Agent()
    yield running
    running.stop()


def test_only_changed_pages_travel(agent: Agent, tmp_path: Path) -> None:
    """What went along stays there; what a call writes comes back, and once."""
    (tmp_path / "file").write_bytes(b"x" * 5000)
    fd = agent.text_call(OPEN, str(tmp_path / "file"), os.O_RDWR)
    assert fd > 2
    # Across a page's end: both come back, and the path's page does not.
    result, back = agent.call(READ, fd, BASE + PAGE - 8, 16)
    assert result == 16
    assert sorted(back) == [0, 1]
    assert back[0][-8:] == b"x" * 8 and not any(back[0][:-8])
    assert back[1][:8] == b"x" * 8 and not any(back[1][8:])
    # The same bytes again: nothing has changed.
    assert agent.call(READ, fd, BASE + PAGE - 8, 16) == (16, {})
    # Bytes that came back are there for the next call.
    copy = agent.text_call(OPEN, str(tmp_path / "copy"), os.O_RDWR | os.O_CREAT)
    assert agent.call(WRITE, copy, BASE + PAGE - 8, 16) == (16, {})
    assert (tmp_path / "copy").read_bytes() == b"x" * 16


def test_the_read_only_page(agent: Agent, tmp_path: Path) -> None:
    """It is filled from the other side, and no call writes it."""
    address = HOLE + PAGE
    fd = agent.text_call(OPEN, str(tmp_path / "file"), os.O_RDWR | os.O_CREAT)
    assert agent.call(WRITE, fd, address, 5, pages={16: b"hello"}) == (5, {})
    assert (tmp_path / "file").read_bytes() == b"hello"
    other = agent.text_call(OPEN, "/dev/zero", os.O_RDONLY)
    assert agent.call(READ, other, address, 5) == (-errno.EFAULT, {})
    assert agent.call(READ, other, HOLE, 5) == (-errno.EFAULT, {})
    assert agent.call(STAT, BASE + 15 * PAGE, HOLE - 4) == (-errno.EFAULT, {})


def test_run(agent: Agent, tmp_path: Path) -> None:
    """A shell's command line and its status."""
    assert agent.text_call(RUN, f"echo hello > {tmp_path / 'file'}") == 0
    assert (tmp_path / "file").read_text() == "hello\n"
    assert agent.text_call(RUN, "exit 255") == 255
    assert agent.text_call(RUN, "kill -9 $$") == 128 + 9
    assert agent.call(RUN, HOLE)[0] == -errno.EFAULT
    assert agent.call(RUN, HOLE - 4, pages={15: b"x" * PAGE})[0] == -errno.EFAULT


def test_close_all(agent: Agent) -> None:
    """Every descriptor of the calls is closed, and the agent goes on."""
    fds = [agent.text_call(OPEN, "/dev/null", os.O_RDWR) for _ in range(5)]
    fds.append(agent.call(DUP, fds[0])[0])
    assert agent.call(CLOSE_ALL) == (0, {})
    assert [agent.call(CLOSE, fd)[0] for fd in fds] == [-errno.EBADF] * 6
    assert agent.text_call(OPEN, "/dev/null", os.O_RDWR) == fds[0]


def test_start_forgets(agent: Agent, tmp_path: Path) -> None:
    """Another runner begins with memory that is zero, whatever one before it has left half sent."""
    fd = agent.text_call(OPEN, str(tmp_path / "file"), os.O_RDWR | os.O_CREAT)
    agent.write(head(CALL, CLOSE, (9999, 0, 0), 1)[:20])
    agent.write(bytes(HEAD.size + PAGES * PAGE) + head(START, 77))
    while agent.take()[:2] != (READY, 77):
        pass
    assert agent.call(WRITE, fd, BASE + 15 * PAGE, PAGE) == (PAGE, {})
    assert (tmp_path / "file").read_bytes() == bytes(PAGE)


@pytest.mark.parametrize(
    ("garbage", "why"),
    [
        (b"\x01" * HEAD.size, "magic number"),
        (head(9), "kind"),
        (head(CALL, CLOSE, pages=1 << PAGES), "17 pages"),
        (head(CALL, CLOSE)[:-4] + b"\x01\0\0\0", "0x2C"),
        (head(READY), "START and CALL"),
        (head(START, pages=1) + bytes(PAGE), "no pages"),
        (head(CALL, CLOSE_ALL + 1), "enum target_sys"),
        (head(CALL, CLOSE_ALL | 1 << 33), "enum target_sys"),
    ],
)
def test_garbage(agent: Agent, garbage: bytes, why: str) -> None:
    """What is no message ends the agent, with a reason."""
    agent.write(garbage)
    code, said = agent.end()
    assert code == 1 and said.startswith("suite-runner: --serve /dev/") and why in said


def test_the_other_side_goes(agent: Agent) -> None:
    """The agent's work is done."""
    here, agent.fd = agent.fd, os.open("/dev/null", os.O_RDONLY)
    os.write(here, head(CALL, CLOSE, (9999, 0, 0), 1) + b"half a page")
    os.close(here)
    assert agent.end() == (0, "")


def test_serve_without_a_place() -> None:
    """No such device; and what is neither a path nor two descriptors."""
    done = subprocess.run([RUNNER, "--serve", "/none/such"], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "/none/such: No such file" in done.stderr
    done = subprocess.run([RUNNER, "--serve", "such"], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "two descriptors or a path" in done.stderr


# ---- the other side: a guest that only says what it is told to ----


@dataclass
class Guest:
    """Answers the runner that connects: /guest/boot ends with STATUS, nothing else is there."""

    folder: Path
    status: int
    calls_left: int  # then it is gone
    beyond: int  # what a write says that it wrote more than it was given
    ran: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    nrs: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.memory = bytearray(PAGES * PAGE)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.folder / "agent.sock"))
        self.listener.listen(1)
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self) -> None:
        """One runner."""
        with self.listener, self.listener.accept()[0] as peer, peer.makefile("rb") as stream:
            peer.sendall(b"what an agent before this one has left" + head(READY))
            while self.calls_left > 0:
                first = stream.read(1)
                if first == b"\0":
                    continue
                if not first:
                    return
                _, kind, value, a, b, c, pages, _ = HEAD.unpack(first + stream.read(HEAD.size - 1))
                for i in range(PAGES):
                    if pages >> i & 1:
                        self.memory[i * PAGE : (i + 1) * PAGE] = stream.read(PAGE)
                if kind == START:
                    peer.sendall(head(READY, value))
                    continue
                self.calls_left -= 1
                result = self.answer(value, a, b, c)
                peer.sendall(head(RESULT, result % (1 << 64)))

    def text(self, address: int) -> str:
        """What lies there, up to a 0."""
        return bytes(self.memory[address - BASE :]).split(b"\0")[0].decode()

    def answer(self, nr: int, a: int, b: int, c: int) -> int:
        """A call's result."""
        self.nrs.append(nr)
        if nr == RUN:
            self.ran.append(self.text(a))
            return self.status
        if nr == OPEN and self.text(a).startswith("/run/"):
            self.files[self.text(a)] = b""
            return 3
        if nr == WRITE:
            last = list(self.files)[-1]
            self.files[last] += self.memory[b - BASE : b - BASE + c]
            return c + self.beyond
        return 0 if nr in (CLOSE, CLOSE_ALL) else -errno.ENOENT


@pytest.fixture
def guest() -> Iterator[Callable[..., Guest]]:
    made: list[Guest] = []
    with tempfile.TemporaryDirectory(prefix="guest-") as folder:

        def make(status: int = 0, calls_left: int = 1 << 30, beyond: int = 0) -> Guest:
            made.append(Guest(Path(folder), status, calls_left, beyond))
            return made[0]

        yield make
        for one in made:
            one.thread.join(SECONDS)
            assert not one.thread.is_alive()


def on(guest: Guest, test: str, *options: str) -> Ran:
    """A run before the guest."""
    return Ran("--target", f"cuse:{guest.folder}", "--filter", test, *options)


def test_cuse_boots(guest: Callable[..., Guest]) -> None:
    """What the guest is told before a test; where no node comes up, the probe has failed."""
    it = guest()
    run = on(it, "device.module.empty", "--kernel", "6.16", "--seed", "7")
    assert run.counts == {"PASS": 1}, run.failures()
    assert it.nrs[0] == CLOSE_ALL and it.ran == ["/guest/boot cuse 6.16 0"]
    options = it.files["/run/options"].decode().splitlines()
    assert options[:1] + options[2:] == ["--profile", "--seed", "7", "--scenario", "/run/scenario.json"]
    assert "/" not in options[1]
    assert b"wipe_vmpck" in it.files["/run/scenario.json"]


def test_cuse_profile_file(guest: Callable[..., Guest]) -> None:
    """A file of this side is one of the guest's; it is longer than a page."""
    profile = Path(__file__).parents[2] / "emulator/profiles/genoa-1.55.40-v3-vcek.json"
    padded = profile.read_bytes() + b" " * 2 * PAGE
    it = guest()
    (it.folder / "own.json").write_bytes(padded)
    run = on(it, "device.report.answered", "--profile", str(it.folder / "own.json"), "--kernel", "6.12")
    assert run.counts == {"ERROR": 1} and "the driver's probe" in run.tests[0].reason
    assert it.files["/run/profile.json"] == padded
    assert it.files["/run/options"] == b"--profile\n/run/profile.json\n--seed\n1\n"


@pytest.mark.parametrize("status", [125, 127, 255])
def test_boot_cannot(guest: Callable[..., Guest], status: int) -> None:
    """The script's own trouble is no test's."""
    run = on(guest(status=status), "device.report.answered", "--kernel", "6.12")
    assert run.counts == {"ERROR": 1} and "guest boot" in run.tests[0].reason


def test_boot_says_the_errno(guest: Callable[..., Guest]) -> None:
    """An exit status below 125 is the probe's errno."""
    run = on(guest(status=errno.ENODEV), "device.report.answered", "--kernel", "6.12")
    assert run.counts == {"ERROR": 1} and f"0x{errno.ENODEV:x}" in run.tests[0].reason


def test_a_guest_that_goes(guest: Callable[..., Guest]) -> None:
    """The test in question is an ERROR, the rest is not run."""
    run = on(guest(calls_left=2), "device.report.*", "--kernel", "6.12")
    verdicts = [t.verdict for t in run.tests]
    assert verdicts[0] == "ERROR" and set(verdicts[1:]) == {"NOTTEST"} and len(verdicts) > 2
    assert all("the guest is gone" in t.reason for t in run.tests[1:])


def test_a_guest_that_says_too_much(guest: Callable[..., Guest]) -> None:
    """It cannot have written more than it was given: it is not believed any more."""
    run = on(guest(beyond=1), "device.report.*", "--kernel", "6.12")
    verdicts = [t.verdict for t in run.tests]
    assert verdicts[0] == "ERROR" and set(verdicts[1:]) == {"NOTTEST"} and len(verdicts) > 2


def test_no_guest(tmp_path: Path) -> None:
    """Nobody at DIR/agent.sock."""
    for target in ("cuse", "qemu"):
        run = Ran("--target", f"{target}:{tmp_path}")
        assert run.code == 3 and run.said
