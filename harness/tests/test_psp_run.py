"""psp-run's core: the device node, its descriptors, callers' memory, signals, exit codes, --trace.

SEVKIT_BIN names the build's bin directory; without it build/bin. The programs that run under psp-run are
small C probes (probes/*.c), compiled here; as root, most tests run them as nobody too. configfs-tsm and the
key distribution service have tests of their own.
"""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

BIN = Path(os.environ.get("SEVKIT_BIN", str(Path(__file__).resolve().parents[2] / "build" / "bin")))
PROBES = Path(__file__).with_name("probes")
NOBODY = 65534
LIMIT = 120  # seconds, for what hangs
NAMES = [
    *("paths", "handoff", "memory", "hammer", "storm", "doomed", "compat"),
    *("old_kernel", "orphan", "report", "catch"),
]
GUIDS = {
    "63da758d-e664-4564-adc5-f4b93be8accd": "vcek",
    "4ab7b379-bbac-4fe4-a02f-05aef327c782": "ask",
    "c0b406a4-a803-4952-9743-3fb6014cd0ae": "ark",
}

pytestmark = pytest.mark.skipif(not (BIN / "psp-run").exists(), reason=f"no psp-run in {BIN}: make all")

Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Bench:
    """A folder that everybody may read with psp-run and the probes, and who runs them."""

    folder: Path
    user: int

    def line(self, *command: str, options: tuple[str, ...] = ()) -> list[str]:
        return [str(self.folder / "psp-run"), "--no-tsm", *options, "--", *command]

    def probe(self, name: str) -> str:
        return str(self.folder / name)

    def identity(self) -> dict[str, Any]:
        """For subprocess: another user, where there is one to become."""
        if self.user == os.getuid():
            return {}
        return {"user": self.user, "group": self.user, "extra_groups": []}

    def run(self, *command: str, options: tuple[str, ...] = (), before: tuple[str, ...] = ()) -> Done:
        return subprocess.run(
            [*before, *self.line(*command, options=options)],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env={"PATH": "/usr/bin:/bin"},  # of folders that anybody may search
            timeout=LIMIT,
            **self.identity(),
        )

    def ask(self, name: str, *arguments: str, options: tuple[str, ...] = ()) -> dict[str, str]:
        """What the probe says under psp-run."""
        return values(self.run(self.probe(name), *arguments, options=options))

    @contextlib.contextmanager
    def start(self, *command: str, options: tuple[str, ...] = ()) -> Iterator[subprocess.Popen[str]]:
        """Killed, and the program with it, where a test does not wait for it."""
        line = self.line(*command, options=options)
        with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, cwd="/", **self.identity()) as running:
            try:
                yield running
            finally:
                for child in children(running.pid):
                    os.kill(child, signal.SIGKILL)
                running.kill()


def children(pid: int) -> list[int]:
    with contextlib.suppress(FileNotFoundError):
        return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def values(done: Done) -> dict[str, str]:
    assert (done.returncode, done.stderr) == (0, ""), done
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


@pytest.fixture(scope="session")
def built() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="psp-run-test-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        shutil.copy(BIN / "psp-run", folder)
        flags = ["-std=c17", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror", "-pthread"]
        for probe in NAMES:
            subprocess.run(["gcc", *flags, "-o", str(folder / probe), str(PROBES / f"{probe}.c")], check=True)
        static = [*flags, "-static", "-o", str(folder / "static"), str(PROBES / "hammer.c")]
        subprocess.run(["gcc", *static], check=True)
        yield folder


@pytest.fixture(params=["self", "nobody"])
def bench(built: Path, request: pytest.FixtureRequest) -> Bench:
    if request.param == "self":
        return Bench(built, os.getuid())
    if os.getuid() != 0:
        pytest.skip("not root: already unprivileged")
    return Bench(built, NOBODY)


@pytest.fixture
def own(built: Path) -> Bench:
    return Bench(built, os.getuid())


def lines(trace: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in trace.read_text().splitlines()]


@pytest.fixture
def trace() -> Iterator[Path]:
    """A file that any user of a test may write."""
    with tempfile.TemporaryDirectory(prefix="psp-run-trace-") as name:
        Path(name).chmod(0o777)
        yield Path(name) / "trace"


# ---- the node ----


def test_path_calls_answer_as_for_any_character_device(bench: Bench) -> None:
    """Every line as /dev/null gives it without psp-run.

    @req LNX-NODE-002 LNX-NODE-005
    """
    native = subprocess.run(
        [bench.probe("paths"), "/dev/null"],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        **bench.identity(),
    )
    told = bench.ask("paths", "/dev/sev-guest")
    expected = values(native)
    assert told["mode"] == expected.pop("mode") == "20666 0 0"
    assert told == expected | {"mode": told["mode"]}
    assert len(told) > 60


def test_node_is_a_misc_device(bench: Bench) -> None:
    """@req LNX-NODE-001"""
    done = bench.run("stat", "-c", "%t %F %u %a", "/dev/sev-guest")
    assert done.stdout == "a character special file 0 666\n"


def test_without_psp_run_there_is_no_device(own: Bench) -> None:
    """What the other tests see is psp-run's doing.

    @req LNX-NODE-001
    """
    if Path("/dev/sev-guest").exists():
        pytest.skip("this machine is an SNP guest")
    done = subprocess.run([own.probe("handoff")], capture_output=True, text=True, check=False)
    assert done.returncode == 99
    assert "No such file" in done.stderr


def test_without_a_driver_there_is_no_device(bench: Bench) -> None:
    """The module's probe fails on a guest whose VMPCK is wiped.

    @req LNX-NODE-001
    """
    done = bench.run(bench.probe("handoff"), options=("--scenario", "vmpck-wiped"))
    assert done.returncode == 99
    said = done.stderr.splitlines()
    assert said[0] == "psp-run: /dev/sev-guest is absent: the driver's probe failed: Invalid argument"
    assert said[1:] == ["probe: /dev/sev-guest: No such file or directory"]


# ---- descriptors ----


def test_descriptors_work_wherever_they_go(bench: Bench) -> None:
    """@req LNX-NODE-002 LNX-NODE-003 LNX-NODE-008"""
    said = bench.ask("handoff")
    refused = {
        "exec_kept": "10",  # the executed program got a key
        "exec_cloexec": "11",  # there is no such descriptor
        "closed": "EBADF",
        "reused_ioctl": "ENOTTY",
        "unrelated": "ENOTTY",
        "never_open": "EBADF",
        "fionread": "0",
        "fionread_value": "3",
    }
    assert said == dict.fromkeys(said, "1") | refused
    assert len(said) == 21


def test_32_bit_callers_have_no_ioctl(bench: Bench) -> None:
    """@req LNX-NODE-004"""
    done = bench.run(bench.probe("compat"))
    if done.returncode == 77:
        pytest.skip("this kernel has no 32-bit system calls")
    assert values(done) == {
        **{"open": "open", "openat": "open", "access": "0", "statx": "0", "ioctl": "ENOTTY"},
        "native": "1",
    }


# ---- the caller's memory ----


def test_wild_pointers(bench: Bench) -> None:
    """@req LNX-NODE-007"""
    said = bench.ask("memory")
    good = {"good": "0", "req_fixed": "0", "resp_end": "0", "still_good": "0"}
    assert said == dict.fromkeys(said, "EFAULT") | good | {"refused": "EINVAL"}
    assert len(said) == 21


# ---- many callers, and callers that come to harm ----


@pytest.mark.parametrize("program", ["hammer", "static"])
def test_sixty_four_threads(bench: Bench, trace: Path, program: str) -> None:
    """@req LNX-NODE-003"""
    assert bench.ask(program, "64", "50", options=("--trace", str(trace))) == {"wrong": "0"}
    end = lines(trace)[-1]
    assert end["event"] == "end"
    assert end["requests"] == end["fw_requests"] == 64 * 50 + 1


def test_callers_killed_and_descriptors_closed_in_a_call(bench: Bench) -> None:
    """@req LNX-NODE-003"""
    said = bench.ask("doomed", "100")
    assert said == {"killed_wrong": "0", "closed_strange": "0", "forked_wrong": "0", "works": "1"}


@pytest.mark.parametrize("kernel", ["new", "old"])
def test_signals_do_not_repeat_a_request(bench: Bench, trace: Path, kernel: str) -> None:
    """Exactly as many firmware requests as ioctls, under a storm of SIGURG.

    @req LNX-NODE-006
    """
    before = (bench.probe("old_kernel"),) if kernel == "old" else ()
    done = bench.run(bench.probe("storm"), "10000", options=("--trace", str(trace)), before=before)
    assert values(done) == {"good": "10000", "caught": "1"}
    end = lines(trace)[-1]
    assert (end["requests"], end["fw_requests"]) == (10000, 10000)


# ---- exit codes and signals ----


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("true",), 0),
        (("sh", "-c", "exit 77"), 77),
        (("sh", "-c", "kill -TERM $$"), 143),
        (("sh", "-c", "kill -KILL $$"), 137),
        (("/nonexistent",), 127),
        (("nonexistent-command",), 127),
        (("/etc/passwd",), 126),
        (("/",), 126),
    ],
)
def test_exit_codes(bench: Bench, command: tuple[str, ...], code: int) -> None:
    """The program's own, or why it did not run.

    @req LNX-NODE-001
    """
    done = bench.run(*command)
    assert done.returncode == code
    assert (done.stderr == "") == (code not in (126, 127))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "--"),
        (("--",), "--"),
        (("true",), "argument"),
        (("--profile", "no-such", "--", "true"), "--profile"),
        (("--profile", "/no/such.json", "--", "true"), "/no/such.json"),
        (("--scenario", "no-such", "--", "true"), "--scenario"),
        (("--kernel", "7.0", "--", "true"), "--kernel"),
        (("--seed", "x", "--", "true"), "--seed"),
        (("--at", "now", "--", "true"), "--at"),
        (("--kds=elsewhere", "--", "true"), "--kds"),
        (("--trace", "/no/such/trace", "--", "true"), "--trace"),
        (("--unknown", "--", "true"), "--unknown"),
    ],
)
def test_its_own_failures_are_125(own: Bench, arguments: tuple[str, ...], says: str) -> None:
    """@req LNX-NODE-001"""
    line = [str(own.folder / "psp-run"), *arguments]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=LIMIT)
    assert (done.returncode, done.stdout) == (125, "")
    assert says in done.stderr.splitlines()[0]


def test_help_and_version(own: Bench) -> None:
    """@req LNX-NODE-001"""
    for option, start in (("--help", "usage: psp-run "), ("--version", "psp-run ")):
        line = [str(own.folder / "psp-run"), option]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith(start)


def test_one_filter_for_a_tree_of_processes(own: Bench) -> None:
    """psp-run in psp-run says what is wrong.

    @req LNX-NODE-001
    """
    done = own.run(*own.line("true"))
    assert done.returncode == 125
    assert "in a psp-run" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
def test_signals_to_psp_run_reach_the_program(own: Bench, number: signal.Signals) -> None:
    """@req LNX-NODE-001"""
    with own.start(own.probe("catch"), str(int(number))) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == f"ready={number}\n"
        running.send_signal(number)
        assert running.wait(LIMIT) == 41


def test_ctrl_c_reaches_the_program_once(own: Bench) -> None:
    """The terminal signals the whole group; psp-run does not add another one.

    @req LNX-NODE-001
    """
    line = own.line(own.probe("catch"), str(int(signal.SIGINT)))
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(line[0], line)
    said = b""

    def read_until(word: bytes) -> None:
        nonlocal said
        while word not in said:
            assert select.select([terminal], [], [], LIMIT)[0]
            said += os.read(terminal, 256)

    try:
        read_until(b"ready")
        os.kill(pid, signal.SIGSTOP)  # two signals at once would look like one
        os.write(terminal, b"\x03")
        read_until(b"caught")
        os.kill(pid, signal.SIGCONT)
        assert select.select([os.pidfd_open(pid)], [], [], LIMIT)[0]
    finally:
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 41


def test_descendants_are_served_to_their_end(bench: Bench) -> None:
    """A process that outlives the program has its device; the exit code stays the program's.

    @req LNX-NODE-008
    """
    done = bench.run(bench.probe("orphan"), "3")
    assert (done.returncode, done.stdout, done.stderr) == (3, "orphan=1\n", "")


def test_signals_reach_descendants_after_the_program(own: Bench) -> None:
    """@req LNX-NODE-008"""
    with own.start(own.probe("orphan"), "3", "wait") as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "orphan=1\n"
        running.send_signal(signal.SIGTERM)
        assert running.wait(LIMIT) == 3
        assert running.stdout.read() == ""  # nobody holds it any more


def test_nothing_is_left_when_psp_run_is_killed(own: Bench) -> None:
    """@req LNX-NODE-001"""
    with own.start(own.probe("catch"), str(int(signal.SIGUSR1))) as running:
        assert running.stdout is not None
        assert running.stdout.readline().startswith("ready")
        program = os.pidfd_open(children(running.pid)[0])
        running.kill()
        assert running.wait(LIMIT) == -signal.SIGKILL
        ended = select.select([program], [], [], LIMIT)[0]
        if not ended:
            signal.pidfd_send_signal(program, signal.SIGKILL)
        os.close(program)
        assert ended


# ---- what is asked and answered ----


def test_report_is_fresh_and_genuine(bench: Bench, trace: Path) -> None:
    """The certificates by length probe, the report judged by snp-verify.

    @req LNX-NODE-003
    """
    folder = trace.parent
    nonce = os.urandom(1)[0]
    said = bench.ask("report", str(nonce), str(folder))
    assert (said["probe"], said["exitinfo2"], said["asked"]) == ("EIO", "0x100000000", "0")
    assert said["nonce"] == f"{nonce:02x}" * 64
    table = (folder / "certs.bin").read_bytes()
    for at in range(0, len(table), 24):
        guid, offset, length = table[at : at + 16], table[at + 16 : at + 20], table[at + 20 : at + 24]
        if guid == bytes(16):
            break
        text = guid.hex()
        name = GUIDS["-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))]
        start = int.from_bytes(offset, "little")
        (folder / f"{name}.der").write_bytes(table[start : start + int.from_bytes(length, "little")])
    line = [str(BIN / "snp-verify"), str(folder / "report.bin"), "--certs", str(folder), "--json"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert json.loads(done.stdout)["verdict"] == "accept", done


def test_trace_has_each_request_and_answer(bench: Bench, trace: Path) -> None:
    """@req LNX-NODE-003"""
    said = bench.ask("report", "7", options=("--trace", str(trace), "--profile", "milan-1.55.29-v3-vcek"))
    opened, probed, asked, end = lines(trace)
    assert (opened["event"], opened["call"], opened["result"]) == ("open", "openat", "OK")
    assert opened["comm"] == "report"
    assert opened["pid"] == opened["tid"] > 1
    assert (probed["event"], probed["call"], probed["cmd"]) == ("ioctl", "SNP_GET_EXT_REPORT", "0xc0205302")
    assert (probed["result"], probed["exitinfo2"], probed["response"]) == ("EIO", "0x100000000", None)
    assert probed["certs_len"] == int(said["length"])
    assert asked["request"]["user_data"] == "07" * 64
    assert (asked["result"], asked["exitinfo2"]) == ("OK", None)
    assert asked["response"]["status"] == "0x0"
    assert asked["response"]["certs_size"] == int(said["length"])
    assert asked["response"]["report"]["version"] == 3
    assert asked["response"]["report"]["report_data"] == said["nonce"]
    assert (end["event"], end["exit"]) == ("end", 0)
    assert end["requests"] >= end["fw_requests"] >= 1


def test_trace_of_refusals(own: Bench, trace: Path) -> None:
    """@req LNX-NODE-007"""
    own.ask("memory", options=("--trace", str(trace)))
    results = [line["result"] for line in lines(trace) if line["event"] == "ioctl"]
    assert results.count("OK") == 4
    assert set(results) == {"OK", "EFAULT", "EINVAL"}
    refused = [line for line in lines(trace) if line.get("result") == "EINVAL"]
    assert [line["exitinfo2"] for line in refused] == ["0xff"]


def test_seed_and_time_make_a_run_repeatable(own: Bench) -> None:
    """@req LNX-NODE-003"""
    options = ("--seed", "5", "--at", "2026-03-01T12:00:00Z")
    first, second = (own.ask("report", "1", options=options) for _ in range(2))
    other = own.ask("report", "1", options=("--seed", "6", *options[2:]))
    assert first == second
    assert first["signature"] != other["signature"]


def test_file_of_a_profile(own: Bench, tmp_path: Path) -> None:
    """--profile takes a path too.

    @req LNX-NODE-001
    """
    source = Path(__file__).resolve().parents[2] / "emulator/profiles/milan-1.55.29-v3-vcek.json"
    copy = tmp_path / "mine.json"
    shutil.copy(source, copy)
    assert own.ask("report", "1", options=("--profile", str(copy)))["asked"] == "0"
    copy.write_text("{}")
    done = own.run("true", options=("--profile", str(copy)))
    assert done.returncode == 125
    assert str(copy) in done.stderr


def test_output_that_cannot_be_written(own: Bench) -> None:
    """A trace on a full disk is not silently short.

    @req LNX-NODE-001
    """
    done = own.run("true", options=("--trace", "/dev/full"))
    assert done.returncode == 125
    assert "/dev/full" in done.stderr
