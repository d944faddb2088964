"""The guest's pump, on the host: a stream socket stands for the virtio port, one that keeps packets apart for
the shim's node."""

from __future__ import annotations

import os
import shutil
import socket
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from guest import image
from pspd_client import ANSWER, ERROR, GUEST_REQUEST, HELLO, PAGE, SECRETS, VMPCK0, Daemon, seal, unseal

KEY_REQ, KEY_RSP = 3, 4
REQUEST_SIZE = 8 + PAGE
SECONDS = 20.0

# A path fd:N is descriptor N. While the file $GONE is there the port is a virtio port whose host is not: it
# can be polled for POLLHUP alone, and a write would block. A second passes with each look at the clock.
NODES = r"""
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int __real_open(const char *path, int flags);
int __real_poll(struct pollfd *fds, nfds_t count, int timeout);
ssize_t __real_write(int fd, const void *bytes, size_t size);

static int port = -1;

static int is_gone(int fd) {
    return fd == port && access(getenv("GONE"), F_OK) == 0;
}

int __wrap_open(const char *path, int flags) {
    if (strncmp(path, "fd:", 3) != 0) return __real_open(path, flags);
    const int fd = atoi(path + 3);
    if (flags & O_NONBLOCK) {
        port = fd;
        fcntl(fd, F_SETFL, O_NONBLOCK);
    }
    return fd;
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout) {
    alarm(20); /* one that hangs does not outlive its test for long */
    if (count != 1 || !is_gone(fds->fd)) return __real_poll(fds, count, timeout);
    fds->revents = POLLHUP;
    return 1;
}

ssize_t __wrap_write(int fd, const void *bytes, size_t size) {
    if (!is_gone(fd)) return __real_write(fd, bytes, size);
    errno = EAGAIN;
    return -1;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *now) {
    static time_t second;
    (void)clock;
    *now = (struct timespec){.tv_sec = second++};
    return 0;
}
"""
WRAPPED = ("open", "poll", "write", "clock_gettime")

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="the pump needs a compiler: cc is missing")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pump, as it is in the image but for what it opens."""
    folder = tmp_path_factory.mktemp("pump")
    (folder / "nodes.c").write_text(NODES)
    wraps = [f"-Wl,--wrap={name}" for name in WRAPPED]
    sources = [str(image.HERE / "pump.c"), str(folder / "nodes.c")]
    subprocess.run(
        ["cc", "-std=gnu17", "-O2", "-Wall", "-Werror", *wraps, "-o", str(folder / "pump"), *sources],
        check=True,
    )
    return folder / "pump"


def take(stream: socket.socket, size: int) -> bytes:
    """Exactly SIZE bytes."""
    got = b""
    while len(got) < size:
        piece = stream.recv(size - len(got))
        assert piece, f"the stream ended after {len(got)} of {size} bytes"
        got += piece
    return got


def frame(kind: int, payload: bytes) -> bytes:
    """A frame of pspd's; the pump's requests all have the id 0."""
    return struct.pack("<IBBHI", 8 + len(payload), kind, 0, 0, 0) + payload


class Pump:
    """A pump and the two sides between which it stands."""

    def __init__(self, program: Path, folder: Path, host: socket.socket, port: socket.socket) -> None:
        self.host = host
        self.secrets = folder / "secrets"
        self.secrets.write_bytes(bytes(PAGE))
        self.gone = folder / "gone"
        self.shim, door = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.shim.settimeout(SECONDS)
        host.settimeout(SECONDS)
        paths = [f"fd:{port.fileno()}", f"fd:{door.fileno()}", str(self.secrets)]
        # A virtio port has no SIGPIPE: it stays ignored, as it is in Python.
        self.process = subprocess.Popen(
            [str(program), *paths],
            pass_fds=[port.fileno(), door.fileno()],
            env={**os.environ, "GONE": str(self.gone)},
            stderr=subprocess.PIPE,
            restore_signals=False,
        )
        port.close()
        door.close()

    def take_frame(self, kind: int, size: int) -> bytes:
        """The payload of the pump's next frame, which must be of this KIND and SIZE."""
        got = take(self.host, 12)
        assert got == frame(kind, bytes(size))[:12]
        return take(self.host, size)

    def begin(self) -> None:
        """The host's part of the beginning."""
        self.take_frame(HELLO, 22)
        self.host.sendall(frame(HELLO | ANSWER, bytes(30)))
        self.take_frame(SECRETS, 0)
        self.host.sendall(frame(SECRETS | ANSWER, bytes(PAGE)))
        assert self.process.wait(SECONDS) == 0

    def end(self) -> str:
        """What the pump has said, in the foreground and behind it; it is gone."""
        assert self.process.stderr is not None
        with self.process.stderr as errors:
            said = errors.read().decode()
        self.process.wait(SECONDS)
        return said

    def close(self) -> None:
        """Ends a pump that has not ended."""
        self.host.close()
        self.shim.close()
        assert self.process.stderr is not None
        if not self.process.stderr.closed:
            self.end()

    def is_closed(self) -> bool:
        """Whether the pump has left the door: only then the shim stops waiting for it."""
        try:
            return self.shim.recv(1) == b""
        except ConnectionResetError:
            return True


@pytest.fixture
def pump(program: Path, tmp_path: Path) -> Iterator[Pump]:
    """A pump before a host that a test plays."""
    host, port = socket.socketpair()
    one = Pump(program, tmp_path, host, port)
    yield one
    one.close()


def request(byte: int) -> bytes:
    """A hypercall, as the shim gives it."""
    return struct.pack("<II", 1, 2) + bytes([byte]) * PAGE


def test_its_beginning(pump: Pump) -> None:
    """HELLO to its last byte, then the secrets page; only then it leaves the foreground."""
    hello = struct.pack("<HHIBBH", 1, 1, 0, 5, 5, 0) + b"guestguest"
    assert pump.take_frame(HELLO, len(hello)) == hello
    pump.host.sendall(frame(HELLO | ANSWER, bytes(30)))
    pump.take_frame(SECRETS, 0)
    page = bytes(range(256)) * 16
    assert pump.process.poll() is None
    pump.host.sendall(frame(SECRETS | ANSWER, page))
    assert pump.process.wait(SECONDS) == 0
    assert pump.secrets.read_bytes() == page


def test_requests_and_answers(pump: Pump) -> None:
    """Byte for byte, however the host's stream is cut."""
    pump.begin()
    for number, pages in ((1, 1), (2, 33), (3, 1)):
        pump.shim.send(request(number))
        assert pump.take_frame(GUEST_REQUEST, REQUEST_SIZE) == request(number)
        answer = bytes([number, 7]) * ((16 + pages * PAGE) // 2)
        whole = frame(GUEST_REQUEST | ANSWER, answer)
        for start, end in ((0, 5), (5, 12), (12, 100), (100, len(whole))):
            pump.host.sendall(whole[start:end])
        assert pump.shim.recv(1 << 20) == answer


def refuse_too_long() -> bytes:
    return struct.pack("<IBBHI", 8 + 16 + 33 * PAGE + 1, GUEST_REQUEST | ANSWER, 0, 0, 0)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (refuse_too_long(), "pump: host: Protocol error\n"),
        (struct.pack("<IBBHI", 7, GUEST_REQUEST | ANSWER, 0, 0, 0), "pump: host: Protocol error\n"),
        (frame(SECRETS | ANSWER, bytes(PAGE)), "pump: host: Protocol error\n"),
        (
            frame(ERROR, struct.pack("<I", 4) + b"no room"),
            "pump: pspd: no room\npump: host: Protocol error\n",
        ),
        (frame(ERROR, b"abc"), "pump: host: Protocol error\n"),
    ],
    ids=["long", "short", "type", "error", "short error"],
)
def test_an_answer_that_is_none(pump: Pump, answer: bytes, said: str) -> None:
    """Nothing of it comes to the shim, and the pump ends."""
    pump.begin()
    pump.shim.send(request(1))
    pump.take_frame(GUEST_REQUEST, REQUEST_SIZE)
    pump.host.sendall(answer)
    assert pump.is_closed()
    assert pump.end() == said


def test_the_host_ends_within_an_answer(pump: Pump) -> None:
    """What came of it is not an answer."""
    pump.begin()
    pump.shim.send(request(1))
    pump.take_frame(GUEST_REQUEST, REQUEST_SIZE)
    pump.host.sendall(frame(GUEST_REQUEST | ANSWER, bytes(16 + PAGE))[:-1])
    pump.host.close()
    assert pump.is_closed()
    assert pump.end() == "pump: host: ended\n"


def test_the_host_ends_between_requests(pump: Pump) -> None:
    """The pump ends although nobody asks it for anything."""
    pump.begin()
    pump.host.close()
    assert pump.is_closed()
    assert pump.end() == "pump: host: ended\n"


def test_the_host_speaks_without_being_asked(pump: Pump) -> None:
    """That is no protocol of ours: no later request may take it for its answer."""
    pump.begin()
    pump.host.sendall(frame(GUEST_REQUEST | ANSWER, bytes(16 + PAGE)))
    assert pump.is_closed()
    assert pump.end().startswith("pump: host: ")


def test_a_port_whose_host_is_gone(pump: Pump) -> None:
    """A virtio port says of it only that it is full: the request ends all the same."""
    pump.begin()
    pump.gone.touch()
    pump.shim.send(request(1))
    assert pump.is_closed()
    assert pump.end() == "pump: host: ended\n"


def test_the_door_ends(pump: Pump) -> None:
    """The shim is gone."""
    pump.begin()
    pump.shim.close()
    assert pump.end() == "pump: door: ended\n"


def test_a_request_of_a_wrong_size(pump: Pump) -> None:
    """The host is not troubled with it."""
    pump.begin()
    pump.shim.send(request(1)[:-1])
    assert pump.is_closed()
    assert pump.end().startswith("pump: door: ")
    assert pump.host.recv(1) == b""


def test_a_host_that_never_comes(program: Path, tmp_path: Path) -> None:
    """It is waited for, not for ever."""
    (tmp_path / "gone").touch()
    host, port = socket.socketpair()
    one = Pump(program, tmp_path, host, port)
    assert one.end() == "pump: host: Transport endpoint is not connected\n"
    assert one.process.returncode == 1
    assert host.recv(1) == b""
    one.close()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            frame(ERROR, struct.pack("<I", 2) + b"no such"),
            "pump: pspd: no such\npump: HELLO: Protocol error\n",
        ),
        (b"", "pump: HELLO: ended\n"),
    ],
    ids=["refused", "closed"],
)
def test_a_host_that_refuses(pump: Pump, answer: bytes, said: str) -> None:
    """Exit 1 in the foreground, so that init knows."""
    pump.take_frame(HELLO, 22)
    pump.host.sendall(answer)
    pump.host.shutdown(socket.SHUT_WR)
    assert pump.end() == said
    assert pump.process.returncode == 1


def test_a_secrets_page_of_a_wrong_size(pump: Pump) -> None:
    """Nothing is written."""
    pump.take_frame(HELLO, 22)
    pump.host.sendall(frame(HELLO | ANSWER, bytes(30)))
    pump.take_frame(SECRETS, 0)
    pump.host.sendall(frame(SECRETS | ANSWER, b"\xee" * (PAGE - 1)))
    assert pump.end() == f"pump: {pump.secrets}: Protocol error\n"
    assert pump.process.returncode == 1
    assert pump.secrets.read_bytes() == bytes(PAGE)


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_node_that_is_not_there(program: Path, tmp_path: Path, missing: int) -> None:
    """Its path is named."""
    host, port = socket.socketpair()
    host.settimeout(SECONDS)
    shim, door = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    paths = [f"fd:{port.fileno()}", f"fd:{door.fileno()}", str(tmp_path / "secrets")]
    paths[missing] = str(tmp_path / "none")
    host.sendall(frame(HELLO | ANSWER, bytes(30)) + frame(SECRETS | ANSWER, bytes(PAGE)))
    done = subprocess.run(
        [program, *paths],
        pass_fds=[port.fileno(), door.fileno()],
        env={**os.environ, "GONE": str(tmp_path / "gone")},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    for one in (host, port, shim, door):
        one.close()
    assert (done.returncode, done.stderr) == (1, f"pump: {tmp_path}/none: No such file or directory\n")


def test_a_wrong_call(program: Path) -> None:
    """It has three arguments."""
    assert subprocess.run([program, "fd:0"], check=False).returncode == 2


def test_before_a_real_pspd(program: Path, tmp_path: Path, daemon: Daemon) -> None:
    """It joins the guest whose secrets page it fills; a sealed request comes back answered; it ends with
    pspd."""
    port = socket.socket(socket.AF_UNIX)
    port.connect(str(daemon.path))
    one = Pump(program, tmp_path, port.dup(), port)
    one.host.close()  # only pspd is the host
    assert one.process.wait(SECONDS) == 0
    with daemon.client("guest", "guest") as client:
        assert client.hello_flags == 0, "somebody has made machine and guest before"
        assert one.secrets.read_bytes() == client.secrets()
    key = one.secrets.read_bytes()[VMPCK0 : VMPCK0 + 32]
    one.shim.send(struct.pack("<II", 0, 0) + seal(key, 1, KEY_REQ, bytes(32)))
    answer = one.shim.recv(1 << 20)
    assert len(answer) == 16 + PAGE and answer[:16] == bytes(16)
    seqno, kind, payload = unseal(key, answer[16:])
    assert (seqno, kind, payload[:4], len(payload)) == (2, KEY_RSP, bytes(4), 64)
    daemon.kill()
    daemon.start()
    assert one.is_closed()
    assert one.end() == "pump: host: ended\n"
    one.close()
