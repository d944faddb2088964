"""pspd as a program: its start, its end, its options, its sandbox."""

from __future__ import annotations

import os
import re
import socket
import ssl
import stat
import subprocess
from pathlib import Path

import pytest
from pspd_client import (
    COUNTERS,
    PSPD,
    Client,
    Control,
    Daemon,
    header,
    is_dropped,
)

pytestmark = pytest.mark.skipif(not PSPD.exists(), reason=f"no pspd in {PSPD.parent}: make all")


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
        (["--cuse-vmpl", "1"], 2, "--cuse-vmpl"),
        (["--cuse", "--cuse-vmpl", "4"], 2, "--cuse-vmpl"),
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


@pytest.mark.skipif(
    os.access("/dev/cuse", os.R_OK | os.W_OK) or Path("/dev/sev-guest").exists(),
    reason="character devices in user space can be made here, or there is a sev-guest",
)
def test_cuse_needs_its_channel(folder: Path) -> None:
    """Says what is missing, before there is a socket or a state that nobody asked for.

    @req SOCK-011
    """
    state = folder / "state"
    command = [str(PSPD), "--cuse", "--listen", str(folder / "s"), "--state", str(state)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 3
    assert "/dev/cuse" in run.stderr
    assert "load the kernel's module `cuse`, and be root" in run.stderr
    assert run.stdout == ""
    assert [p.name for p in folder.iterdir()] == ["state"]
    assert not list(state.glob("*.machine"))


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
