"""`sevkit guest`: what keeps a guest from being there, how it ends, the table of doors; and, where QEMU and
the guests' kernels are at hand, a real one."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import select
import shutil
import socket
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner
from guest import compare, errata, image, kernel, session, vm
from pspd_client import BIN, GUEST_REQUEST

from sevkit import cli, results, tools

SCHEMA = json.loads((tools.tree() / "harness/sevkit/schema/results.schema.json").read_text())
SOME_IMAGE = image.Image(Path("/none/vmlinuz"), Path("/none/initrd"), "6.12.0-none")


def sevkit(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """The command; a guest is never booted."""
    whole = {**os.environ, "SEVKIT_BIN": str(BIN), "PYTHONPATH": str(tools.tree() / "harness"), **env}
    command = [sys.executable, "-m", "sevkit", *arguments]
    return subprocess.run(command, env=whole, capture_output=True, text=True, check=False)


# ---- options, missing programs ----


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--kernel", "6.6"], "'6.6' is not one of '6.1', '6.12'"),
        (["--shell", "--", "true"], "--shell, --compare and a command: only one of them"),
        (["--compare", "--kernel", "6.1"], "--kernel: not with --compare"),
        (["--compare", "--accel", "kvm"], "--accel kvm: not with --compare"),
        (["--area", "device", "--", "true"], "--area: not with a command"),
        (["--shell", "--out", "x"], "--out: not with --shell"),
        (["--kernel", "6.1", "--kernel", "6.12", "--", "true"], "--kernel: one guest with a command"),
        (["--file", "/dev/null:/x"], "--file: not with the suites"),
        (["--scenario", "busy-3"], "--scenario: not with the suites"),
        (["--file", "/dev/null:x", "--", "true"], "must be HOST:GUEST with an absolute path"),
        (["--file", "/dev/null", "--", "true"], "must be HOST:GUEST with an absolute path"),
        (["--file", "/dev/null:/a/../b", "--", "true"], "must be HOST:GUEST with an absolute path"),
        (["--file", "/none/such:/x", "--", "true"], "/none/such: No such file or directory"),
        (["--file", "/tmp:/x", "--", "true"], "/tmp: Is a directory"),
    ],
)
def test_bad_options(options: list[str], said: str) -> None:
    """Bad usage names the option."""
    done = sevkit("guest", *options)
    assert done.returncode == 2 and said in done.stderr, done.stderr


def test_a_generation_that_no_guest_has() -> None:
    """`sevkit run --target qemu` chooses the guest by the generation."""
    done = sevkit("run", "--target", "qemu", "--kernel", "6.16")
    assert done.returncode == 2 and "--kernel 6.16: target qemu has 6.6 and 6.12" in done.stderr


def test_snp_is_somebody_elses() -> None:
    """The message says what to do in a genuine guest."""
    done = sevkit("guest", "--accel", "snp")
    assert done.returncode == 3 and "suite-runner --target device:/dev/sev-guest" in done.stderr


def test_kvm_where_there_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is refused before anything is fetched."""
    monkeypatch.setattr(vm, "KVM", tmp_path / "kvm")
    monkeypatch.setattr(session, "build", lambda _: pytest.fail("an image was asked for"))
    with (
        pytest.raises(kernel.MissingError, match="--accel kvm: .*/kvm: No such file"),
        session.boot(session.Setup("6.12", accel="kvm"), "agent"),
    ):
        pass


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ([], "qemu-system-x86_64 is missing: apt-get install -y --no-install-recommends qemu-system-x86"),
        ([vm.QEMU], "objcopy is missing: apt-get install -y --no-install-recommends binutils"),
        (
            [vm.QEMU, "objcopy"],
            "mmdebstrap is missing: apt-get install -y --no-install-recommends mmdebstrap",
        ),
    ],
)
def test_a_missing_program(tmp_path: Path, there: list[str], said: str) -> None:
    """Its package is named, with the line that installs it."""
    for name in there:
        (tmp_path / name).symlink_to("/bin/true")
    done = sevkit("guest", PATH=str(tmp_path), SEVKIT_CACHE=str(tmp_path / "cache"))
    assert done.returncode == 3 and said in done.stderr, done.stderr


class Asked:
    """Stands for session.suites: what each guest would have been, and was to run."""

    def __init__(self, verdicts: list[str]) -> None:
        self._verdicts = verdicts
        self.calls: list[tuple[session.Setup, str, list[str], Path | None]] = []

    def __call__(
        self, setup: session.Setup, door: session.Door, options: list[str], out: Path | None
    ) -> results.Run:
        self.calls.append((setup, door, options, out))
        done = results.Run("qemu", "p", "1.58", "0", "6.12", "", "")
        done.tests = [made("device.a", self._verdicts[len(self.calls) - 1])]
        return done


@pytest.mark.parametrize(
    ("verdicts", "code", "closing"),
    [
        (["PASS", "PASS"], 0, "2 passed, 0 failed, 0 skipped"),
        (["FAIL", "PASS"], 1, "1 passed, 1 failed, 0 skipped"),
        (["SKIP", "PASS"], 0, "1 passed, 0 failed, 1 skipped"),
        (["SKIP", "SKIP"], 77, "0 passed, 0 failed, 2 skipped"),
    ],
)
def test_two_kernels(monkeypatch: pytest.MonkeyPatch, verdicts: list[str], code: int, closing: str) -> None:
    """Each has its folder, and the sum is the last line."""
    asked = Asked(verdicts)
    monkeypatch.setattr(session, "suites", asked)
    options = ["--kernel", "6.1", "--kernel", "6.12", "--kernel", "6.1", "--out", "o", "--seed", "7"]
    done = CliRunner().invoke(cli.main, ["guest", *options, "--profile", "p", "--filter", "f"])
    assert done.exit_code == code and done.output.splitlines() == [closing]
    assert [(call[0].series, call[3]) for call in asked.calls] == [
        ("6.1", Path("o/6.1")),
        ("6.12", Path("o/6.12")),
    ]
    (setup, door, given, _) = asked.calls[0]
    assert setup.world == vm.World("p", None, 7) and door == "genuine"
    assert given == ["--area", "device", "--area", "tsm", "--profile", "p", "--seed", "7", "--filter", "f"]


@pytest.mark.parametrize(
    ("command", "series", "door", "given"),
    [
        ("guest", "6.12", "genuine", "--area device --area tsm"),
        ("guest --door cuse --kernel 6.1 --area device", "6.1", "cuse", "--area device --kernel 6.6"),
        ("run --target qemu", "6.12", "genuine", "--area device --area tsm"),
        ("run --target qemu --kernel 6.6", "6.1", "genuine", "--area device --area tsm --kernel 6.6"),
        ("run --target qemu --area tsm --seed 3", "6.12", "genuine", "--area tsm --seed 3"),
    ],
)
def test_one_kernel(
    monkeypatch: pytest.MonkeyPatch, command: str, series: str, door: str, given: str
) -> None:
    """`sevkit run --target qemu` is `sevkit guest`; CUSE is told which generation to be."""
    asked = Asked(["PASS"])
    monkeypatch.setattr(session, "suites", asked)
    done = CliRunner().invoke(cli.main, command.split())
    assert done.exit_code == 0, done.output
    ((setup, at, options, _),) = asked.calls
    assert (setup.series, at, options) == (series, door, given.split())


# ---- a QEMU that is none ----


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in the PATH for a qemu-system-x86_64 of the test's; no image is built."""
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("SEVKIT_BIN", str(BIN))
    (tmp_path / "initrd").write_bytes(b"")
    some = image.Image(SOME_IMAGE.kernel, tmp_path / "initrd", SOME_IMAGE.release)
    monkeypatch.setattr(session, "build", lambda _: some)
    return tmp_path


def write_qemu(folder: Path, script: str) -> None:
    path = folder / vm.QEMU
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def start(mode: vm.Mode, seconds: float = 60, world: vm.World | None = None) -> vm.Guest:
    """A guest by the fake QEMU."""
    return vm.Guest(SOME_IMAGE, mode, bin_dir=BIN, world=world or vm.World(), boot_seconds=seconds)


def test_qemu_that_ends_at_once(fake: Path) -> None:
    """Its own words are the message."""
    write_qemu(fake, "echo 'no machine of that kind' >&2; exit 1")
    with start("agent") as guest, pytest.raises(vm.GuestError) as caught:
        guest.wait_for_agent()
    assert str(caught.value) == "the guest ended too early (QEMU's exit code 1): no machine of that kind"
    assert caught.value.code == 3 and not guest.folder.exists()


def test_a_guest_that_gives_up(fake: Path) -> None:
    """What its init says is the message, not the kernel's last words."""
    write_qemu(fake, "echo 'sevkit-guest: insmod x.ko failed'; echo 'reboot: Power down'")
    with start("command") as guest, pytest.raises(vm.GuestError) as caught:
        list(guest.output())
    assert str(caught.value).endswith(": sevkit-guest: insmod x.ko failed")


def test_a_boot_that_hangs(fake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """TIMEOUT with the console's last 20 lines; the result files say so too."""
    write_qemu(fake, "seq -f 'line %g' 30; exec sleep 1000")
    out = fake / "out"
    done = session.suites(session.Setup("6.12", boot_seconds=1), "genuine", [], out)
    assert isinstance(done, results.Run) and done.exit_code() == 1
    document = json.loads((out / "results.json").read_text())
    jsonschema.validate(document, SCHEMA)
    (test,) = document["tests"]
    assert test["verdict"] == "TIMEOUT" and document["target"] == "qemu" and document["kernel"] == "6.12"
    head, *tail = test["reason"].splitlines()
    assert head == "the guest was not ready after 1 s; the console's last lines:"
    assert tail == [f"line {n}" for n in range(11, 31)]
    assert capsys.readouterr().out.splitlines()[-1] == "0 passed, 1 failed, 0 skipped"


def test_a_command_in_a_boot_that_hangs(fake: Path) -> None:
    """No guest, so no status of a command."""
    write_qemu(fake, "exec sleep 1000")
    with pytest.raises(vm.GuestTimeoutError, match="not ready after 1 s; the console is empty") as caught:
        session.command(session.Setup("6.12", boot_seconds=1), ["true"], None)
    assert caught.value.code == 3


def test_a_command(fake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What stands between the two lines is the command's."""
    write_qemu(fake, r"printf 'boot\r\nsevkit-guest: begin\r\nhello\r\nsevkit-guest: end 7\r\n[1] off\r\n'")
    with start("command") as guest:
        assert list(guest.output()) == ["hello"]
        assert guest.status() == 7
    with start("shell") as guest:
        assert guest.tail() == []
    assert capsys.readouterr().err == ""


def test_pspd_that_refuses(fake: Path) -> None:
    """Its message and its exit code."""
    write_qemu(fake, "exec sleep 1000")
    with (
        pytest.raises(vm.GuestError, match="no-such") as caught,
        start("agent", 60, vm.World(scenario="no-such")),
    ):
        pass
    assert caught.value.code == 2


KILLED = """
import sys, signal
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_guest import start
with start("agent") as guest:
    print(guest.qemu.pid, guest.pspd.pid, guest.folder, flush=True)
    signal.pause()
"""


def wait_until_gone(pid: int) -> bool:
    """Whether a process that is nobody's child of ours is gone within ten seconds."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], 10)[0])
    finally:
        os.close(handle)


def test_nothing_outlives_a_killed_run(fake: Path) -> None:
    """Neither QEMU nor pspd, although nobody could tell them."""
    write_qemu(fake, "exec sleep 1000")
    tests = str(Path(__file__).parent)
    env = {**os.environ, "PYTHONPATH": str(tools.tree() / "harness")}
    command = [sys.executable, "-c", KILLED.format(tests=tests)]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        qemu, pspd, folder = process.stdout.readline().split()
        process.kill()
    shutil.rmtree(folder)
    assert wait_until_gone(int(qemu)) and wait_until_gone(int(pspd))


def test_an_archive_that_is_none(tmp_path: Path) -> None:
    """What a guest sends is a message, not a crash."""
    archive = tmp_path / "out.tar"
    archive.write_bytes(b"no archive" * 100)
    with pytest.raises(vm.GuestError, match="what came back of /out is incomplete: "):
        session.unpack(archive, tmp_path / "place")


def test_what_comes_back_stays_in_its_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A guest's archive cannot write elsewhere, nor leave links."""
    with tarfile.open(tmp_path / "t.tar", "w") as tar:
        for name, mode in (("./d/good", 0o755), ("../bad", 0o644), ("/tmp/sevkit-bad", 0o644)):
            member = tarfile.TarInfo(name)
            member.size, member.mode = 2, mode
            tar.addfile(member, io.BytesIO(b"hi"))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc"
        tar.addfile(link)
    session.unpack(tmp_path / "t.tar", tmp_path / "out")
    found = sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file())
    assert found == ["out/d/good", "t.tar"] and not Path("/tmp/sevkit-bad").exists()
    assert not (tmp_path / "out" / "link").is_symlink()
    assert len(capsys.readouterr().err.splitlines()) == 3
    assert (tmp_path / "out/d/good").read_bytes() == b"hi"
    assert (tmp_path / "out/d/good").stat().st_mode & 0o100


# ---- the table of doors ----


def made(test_id: str, verdict: str, reason: str = "") -> results.TestResult:
    return results.TestResult(test_id, "device", "", "positive", [], verdict, reason, 1.0)


def table(rows: dict[str, list[str]], explained: list[errata.Erratum] | None = None) -> compare.Table:
    """ROWS: a test's verdicts by column, model and genuine of 6.6 and of 6.12; "": it is not there."""
    heads = [("6.6", "model"), ("6.6", "genuine"), ("6.12", "model"), ("6.12", "genuine")]
    columns = [compare.Column(*head) for head in heads]
    for name, verdicts in rows.items():
        for column, verdict in zip(columns, verdicts, strict=True):
            if verdict:
                column.tests[name] = made(name, verdict, f"why {verdict}")
    return compare.Table(columns, {"6.6": "6.1.0-1", "6.12": "6.12.1-1"}, explained or [])


def erratum(*tests: str) -> errata.Erratum:
    return errata.Erratum("ERR-001", "kernel generation", tests, "notes")


@pytest.mark.parametrize(
    ("verdicts", "differs"),
    [
        (["PASS", "PASS", "PASS", "PASS"], False),
        (["SKIP", "PASS", "NOTTEST", "PASS"], False),
        (["SKIP", "SKIP", "SKIP", "SKIP"], False),
        (["PASS", "PASS", "KFAIL", "KFAIL"], False),
        (["PASS", "FAIL", "PASS", "PASS"], True),
        (["PASS", "PASS", "PASS", "TIMEOUT"], True),
        (["PASS", "WARN", "PASS", "PASS"], True),
        (["FAIL", "FAIL", "PASS", "PASS"], True),
        (["PASS", "PASS", "PASS", ""], True),
        (["SKIP", "ERROR", "SKIP", "SKIP"], True),
    ],
)
def test_a_row_that_differs(verdicts: list[str], differs: bool) -> None:
    """Within a generation all that can be shown must agree, and nothing may fail."""
    one = table({"device.a": verdicts})
    assert one.differing() == (["device.a"] if differs else [])
    faults = one.faults()
    assert len(faults) == differs and all("docs/errata.md does not explain it" in fault for fault in faults)
    assert table({"device.a": verdicts}, [erratum("device.a")]).faults() == (
        [] if differs else ["device.a: explained by ERR-001 of docs/errata.md, but nothing differs"]
    )


def test_the_page() -> None:
    """Every row and cell, what cannot be shown as a note, and what differs in bold."""
    one = table(
        {"a.good": ["SKIP", "PASS", "PASS", "NOTTEST"], "a.bad": ["PASS", "FAIL", "SKIP", "PASS"]},
        [erratum("a.bad")],
    )
    page = one.markdown().splitlines()
    assert "| test | 6.6 model | 6.6 genuine | 6.12 model | 6.12 genuine |" in page
    assert "| `a.good` | -1 | pass | pass | -2 |" in page
    assert "| **`a.bad`** | pass | FAIL | -1 | pass |" in page
    assert page[-2:] == ["1. why SKIP", "2. why NOTTEST"]
    assert "Genuine kernels: 6.1.0-1 for 6.6, 6.12.1-1 for 6.12." in page
    assert "2 tests, 8 cells of which 5 can be shown; 1 tests differ, 1 of them explained." in page
    assert "6.6 genuine FAIL (why FAIL)" in one.row("a.bad")


ROW = "| ERR-001 | kernel generation | `device.a`, `tsm.b` | docs/x.md |"
TABLE = "# x\n\n| id | kind | tests | evidence |\n|---|---|---|---|\n"


def test_errata_are_read() -> None:
    """A row has its tests by name."""
    (row,) = errata.read(TABLE + ROW + "\n\nmore\n")
    assert row == errata.Erratum("ERR-001", "kernel generation", ("device.a", "tsm.b"), "docs/x.md")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# x\n", "one table has the columns"),
        (TABLE + ROW.replace("ERR-001", "E1"), "E1: an id is ERR- and three digits"),
        (TABLE + ROW + "\n" + ROW, "ERR-001: an id is ERR- and three digits, each once"),
        (TABLE + ROW.replace("kernel generation", "our model is wrong"), "ERR-001: kind is one of"),
        (TABLE + ROW.replace("docs/x.md", ""), "none empty"),
        (TABLE + ROW.replace("| docs/x.md ", ""), "none empty"),
    ],
)
def test_errata_of_another_form(text: str, said: str) -> None:
    """The form is that of the design, section 6."""
    with pytest.raises(errata.BadErratumError, match=said):
        errata.read(text)


def test_the_errata_of_the_tree() -> None:
    """They have the form, and name tests that there are."""
    listed = subprocess.run(
        [BIN / "suite-runner", "--list"], capture_output=True, text=True, check=True
    ).stdout
    names = {line.split()[0] for line in listed.splitlines() if line.strip()}
    assert {name for row in errata.load() for name in row.tests} <= names


def test_docs_leave_the_table_where_nothing_is_at_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No network and no minutes of work for `make docs`."""
    monkeypatch.setenv("SEVKIT_CACHE", str(tmp_path))
    monkeypatch.setattr(vm, "qemu_program", lambda: "qemu")
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")  # whatever else it would need
    assert "not in the cache" in compare.ready()
    assert list(tmp_path.iterdir()) == []

    def missing() -> str:
        raise kernel.MissingError("qemu is missing")

    monkeypatch.setattr(vm, "qemu_program", missing)
    assert compare.ready() == "qemu is missing"


# ---- a real guest ----


def series() -> str:
    """The newest kernel that is at hand; 6.12 where none is."""
    return next((s for s in reversed(session.SERIES) if not compare.ready((s,))), "6.12")


@pytest.fixture(scope="session")
def ready(at_hand: Callable[[str], None]) -> None:
    """Skips what boots the newest kernel where nothing is at hand."""
    at_hand(series())


@pytest.fixture(scope="session")
def agent(ready: None) -> Iterator[tuple[vm.Guest, session.Setup]]:  # noqa: ARG001
    """One guest for all tests that run suites."""
    os.environ["SEVKIT_BIN"] = str(BIN)
    setup = session.Setup(series())
    with session.boot(setup, "agent") as guest:
        guest.wait_for_agent()
        yield guest, setup


@pytest.mark.parametrize("area", session.AREAS)
def test_suites_in_a_guest(agent: tuple[vm.Guest, session.Setup], area: str) -> None:
    """The genuine driver passes, one run after the other in one guest."""
    guest, setup = agent
    options = session.suite_options(setup, [area], ["--filter", f"{area}.*.answered"])
    if area == "tsm" and setup.series != "6.12":
        pytest.skip("its kernel has no configfs-tsm")
    if area == "tsm":
        options = session.suite_options(setup, [area], ["--filter", "tsm.blob.report"])
    done = session.run_door(guest, setup, "genuine", options, compare.Quiet())
    assert {t.verdict for t in done.tests} == {"PASS"}, [t.reason for t in done.tests]
    document = done.to_json()
    jsonschema.validate(document, SCHEMA)
    assert document["target"] == "qemu" and document["kernel"] == session.GENERATION[setup.series]
    assert document["guest"]["release"].startswith(f"{setup.series}.") and document["guest"]["accel"] == "tcg"


def test_a_command_in_a_guest(ready: None, tmp_path: Path) -> None:  # noqa: ARG001
    """Files go in, a host's program with its libraries; output, files and the status come out."""
    (tmp_path / "text").write_text("from the host")
    script = (
        "uname -r; seal /in/text > /out/text; mkdir -p /out/d; echo x > /out/d/x; ls /dev/sev-guest; exit 9"
    )
    done = sevkit(
        *(
            "guest",
            "--kernel",
            series(),
            "--file",
            f"{tmp_path / 'text'}:/in/text",
            "--file",
            "/usr/bin/env:/guest/myenv",
        ),
        *("--out", str(tmp_path / "out"), "--", "sh", "-c", script.replace("seal", "myenv cat")),
    )
    assert done.returncode == 9, done.stdout + done.stderr
    release, node = done.stdout.splitlines()
    assert release.startswith(f"{series()}.") and node == "/dev/sev-guest"
    assert (tmp_path / "out/out/text").read_text() == "from the host"
    assert (tmp_path / "out/out/d/x").read_text() == "x\n"
    assert (tmp_path / "out/console.log").is_file()


class CutGuest(vm.Guest):
    """A guest whose host is killed when it has request number LAST and has not answered it."""

    LAST = 3

    def _start_pspd(self, stack: contextlib.ExitStack) -> None:
        super()._start_pspd(stack)
        door = self.folder / "pspd.sock"
        door.rename(self.folder / "real.sock")
        listener = stack.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(str(door))
        listener.listen(1)
        threading.Thread(target=self._pass_on, args=(listener,), daemon=True).start()

    def _pass_on(self, listener: socket.socket) -> None:
        guest, _ = listener.accept()
        with guest, socket.socket(socket.AF_UNIX) as host:
            host.connect(str(self.folder / "real.sock"))
            asked = 0
            while asked < self.LAST and (frame := read_frame(guest)):
                asked += frame[4] == GUEST_REQUEST
                if asked == self.LAST:
                    self.pspd.kill()
                    self.pspd.wait()
                else:
                    host.sendall(frame)
                    guest.sendall(read_frame(host))


def read_frame(stream: socket.socket) -> bytes:
    """One frame of docs/socket.md, or b"" at the end."""
    head = stream.recv(4, socket.MSG_WAITALL)
    return head + stream.recv(int.from_bytes(head, "little"), socket.MSG_WAITALL) if head else b""


# By configfs-tsm too, where the kernel has it: after the ioctl's loss, so that the key is gone.
ASKING = """/guest/cut
[ ! -d /sys/kernel/config/tsm ] || { cd /sys/kernel/config/tsm/report && mkdir r && cd r || exit 99
head -c 64 /dev/zero > inblob
cat outblob 2>&1; }
test -c /dev/sev-guest
"""


@pytest.mark.parametrize("kernel_series", session.SERIES)
def test_the_host_is_killed_in_the_middle_of_a_request(
    at_hand: Callable[[str], None], kernel_series: str, tmp_path: Path
) -> None:
    """Its caller sees EIO, EXITINFO2 all ones, then the key is gone; no process is left, and a new guest is
    there at once."""
    at_hand(kernel_series)
    script, probe = tmp_path / "command", tmp_path / "cut"
    script.write_text(ASKING)
    source = Path(__file__).with_name("probes") / "cut.c"
    subprocess.run(["cc", "-D_GNU_SOURCE", "-static", "-o", probe, source], check=True)
    files = [(script, "/guest/command"), (probe, "/guest/cut")]
    whole = session.with_files(session.build(kernel_series), files, tmp_path)
    with CutGuest(whole, "command", bin_dir=BIN, world=vm.World()) as guest:
        lines = list(guest.output())
        assert guest.status() == 0
    told = [*("answered=yes",) * (CutGuest.LAST - 1), "lost=EIO", "exitinfo2=0xffffffffffffffff"]
    told += ["next=ENOTTY", "zeros=32"]
    told += ["cat: read error: Inappropriate ioctl for device"] if kernel_series == "6.12" else []
    assert [line for line in lines if not line.startswith("pump: ")] == told
    assert wait_until_gone(guest.qemu.pid) and not guest.folder.exists()
    assert sevkit("guest", "--kernel", kernel_series, "--", "true").returncode == 0


def test_a_prompt(ready: None) -> None:  # noqa: ARG001
    """What is typed is the guest's, and `exit` ends it."""
    ours, theirs = pty.openpty()
    env = {**os.environ, "SEVKIT_BIN": str(BIN), "PYTHONPATH": str(tools.tree() / "harness")}
    command = [sys.executable, "-m", "sevkit", "guest", "--kernel", series(), "--shell"]
    with subprocess.Popen(command, env=env, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        said = b""
        typed = False
        while True:
            if not select.select([ours], [], [], 2 * vm.BOOT_SECONDS)[0]:
                process.kill()
                pytest.fail(f"silence after {said!r}")
            try:
                said += os.read(ours, 4096)
            except OSError:  # nobody has the terminal any more
                break
            if b"# " in said and not typed:
                typed = True
                os.write(ours, b"echo $((6 * 7)) $(ls /dev/sev-guest); exit\n")
    os.close(ours)
    assert process.returncode == 0 and b"42 /dev/sev-guest" in said, said


def test_a_prompt_that_cannot_be(ready: None) -> None:  # noqa: ARG001
    """The driver finds no VMPCK: there is no guest to talk to, and the exit code says so."""
    done = sevkit("guest", "--kernel", series(), "--shell", "--scenario", "vmpck-wiped")
    assert done.returncode == 3 and "sevkit-guest: the driver found no device: errno 22" in done.stdout
