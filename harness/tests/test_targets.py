"""The suites on the targets that are not inside suite-runner: psp-run, pspd's socket, a device node."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pspd_client import BIN, Daemon
from tsm_here import why_not

from sevkit import results

RUNNER, PSP_RUN = BIN / "suite-runner", BIN / "psp-run"
NOBODY = 65534
TSM = "/sys/kernel/config/tsm/report"


class Ran:
    """One run of suite-runner: its first line, its verdicts by test, its end; or SHARDS runs at once, taken
    together."""

    def __init__(self, *options: str, before: tuple[str, ...] = (), shards: int = 1) -> None:
        command = [*before, str(RUNNER), *options, "--json", "-"]
        parts = [
            subprocess.Popen(
                [*command, "--shard", f"{i + 1}/{shards}"],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for i in range(shards)
        ]
        ends = [part.communicate() for part in parts]
        lines: list[dict[str, Any]] = [json.loads(line) for out, _ in ends for line in out.splitlines()]
        self.code = max(part.returncode for part in parts)
        self.said = "".join(errors for _, errors in ends)
        self.head = lines[0] if lines else {}
        self.tests = [results.read_result(line) for line in lines if line["type"] == "result"]
        self.counts = Counter(t.verdict for t in self.tests)

    def failures(self) -> list[str]:
        """Each test that failed, with its reason."""
        return [f"{t.id}: {t.reason}" for t in self.tests if t.verdict in results.FAILED]


@pytest.fixture(scope="module")
def tsm() -> None:
    """Skips what needs configfs-tsm where the machine forbids it."""
    if why := why_not():
        pytest.skip(why)


@pytest.fixture(autouse=True)
def no_process_is_left() -> Any:
    yield
    Daemon.end_all()


# Two processes a test, each with a sanitizer to start: of a sanitized build one generation of Linux and one
# user, unless all is asked for (.ci/full). The build without sanitizers has them all.
BRIEF = RUNNER.parent.parent.name == "san" and "SEVKIT_FULL" not in os.environ


def test_device_under_psp_run() -> None:
    """Real system calls meet what the state machine answers, on every generation."""
    kernels = ("--kernel", "6.12") if BRIEF else ()
    run = Ran("--target", "psp-run", "--area", "device", *kernels, shards=2)
    assert not run.failures() and run.code == 0, run.said
    assert run.head["kernel"] == ("6.12" if BRIEF else "all")
    skipped = [t for t in run.tests if t.verdict == "SKIP"]
    assert BRIEF or all(t.reason.startswith("target psp-run does not offer: ") for t in skipped)
    assert run.counts["PASS"] > (60 if BRIEF else 100)


@pytest.mark.skipif(BRIEF, reason="as root it has run above; SEVKIT_FULL=1 runs both")
@pytest.mark.skipif(os.getuid() != 0, reason="changing to another user needs root")
def test_device_under_psp_run_without_root() -> None:
    """The same for somebody who may do nothing; the programs lie where everybody may look."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        for program in (RUNNER, PSP_RUN):
            shutil.copy(program, folder)
        done = subprocess.run(
            [f"{folder}/suite-runner", "--target", "psp-run", "--area", "device", "--kernel", "6.12"],
            capture_output=True,
            text=True,
            check=False,
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
        )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr


def test_tsm_under_psp_run(tsm: None) -> None:  # noqa: ARG001
    """configfs-tsm by real system calls."""
    run = Ran("--target", "psp-run", "--area", "tsm", shards=2)
    assert not run.failures() and run.code == 0, run.said
    assert run.counts["PASS"] > run.counts["SKIP"]


@pytest.mark.parametrize("kernel", ["5.19", "6.12", "latest"])
def test_socket(tmp_path: Path, kernel: str) -> None:
    """Everything that can be asked through pspd: ioctls and raw messages."""
    daemon = Daemon(tmp_path, "--kernel", kernel)
    run = Ran("--target", f"socket:{daemon.path}")
    assert not run.failures() and run.code == 0, run.said
    assert run.head["kernel"] == kernel
    passed = Counter(t.area for t in run.tests if t.verdict == "PASS")
    assert passed["device"] > 80 and passed["message"] > 50 and passed["report"] > 0 and passed["key"] > 0


def test_socket_takes_the_profile_and_the_seed(tmp_path: Path) -> None:
    """The run's options are pspd's."""
    daemon = Daemon(tmp_path, "--profile", "milan-1.55.29-v3-vcek")
    options = ["--target", f"socket:{daemon.path}", "--area", "report"]
    run = Ran(*options, "--profile", "turin-1.55.65-v5-vcek", "--seed", "9")
    assert not run.failures() and run.code == 0, run.said
    run = Ran(*options, "--profile", "/none/such.json")
    assert run.code == 2


def test_socket_without_pspd(tmp_path: Path) -> None:
    """A path where nobody answers."""
    run = Ran("--target", f"socket:{tmp_path / 'none'}")
    assert run.code == 3 and "pspd must answer at the path" in run.said


# ---- a real machine, as far as psp-run's own node is one ----


def on_node(*options: str, target: str = "device:/dev/sev-guest", world: tuple[str, ...] = ()) -> Ran:
    """suite-runner as a program that finds a node, with nothing but the node."""
    before = (str(PSP_RUN), "--seed", "1", *world, "--")
    return Ran("--target", target, "--rate", "10000", *options, before=before)


def test_device() -> None:
    """A node is tested without a scenario, a fresh machine or a lost key."""
    run = on_node("--area", "device", world=("--no-tsm",))
    assert not run.failures() and run.code == 0, run.said
    assert "tests on a real machine, at most 10000 requests a second" in run.said
    assert run.counts["PASS"] > 30
    reasons = [t.reason for t in run.tests if t.verdict == "SKIP"]
    assert all("does not offer" in reason or "generations" in reason for reason in reasons)
    assert run.head["machine"] == {
        "report_version": 3,
        "product": "Genoa",
        "reported_tcb": run.head["machine"]["reported_tcb"],
        "chip_id": "masked",
    }


def test_device_shows_its_chip_id_on_request() -> None:
    """Only then."""
    run = on_node("--filter", "device.report.answered", "--show-chip-id", world=("--no-tsm",))
    assert run.code == 0 and len(run.head["machine"]["chip_id"]) == 128


def test_tsm_folder(tsm: None) -> None:  # noqa: ARG001
    """The folder alone."""
    run = on_node("--area", "tsm", target=f"tsm:{TSM}")
    assert not run.failures() and run.code == 0, run.said
    assert run.head["machine"]["product"] == "Genoa"
    assert run.counts["PASS"] > 10


@pytest.mark.parametrize(
    ("scenario", "why"),
    [
        ("flipped-response", "a response did not verify and the VMPCK is lost: reboot the guest"),
        ("fw-status", "the VMPCK is lost, from before or by the last request: reboot the guest"),
    ],
)
def test_device_stops_at_a_lost_key(scenario: str, why: str) -> None:
    """One test fails; nothing more is asked of the machine."""
    run = on_node("--area", "device", world=("--no-tsm", "--scenario", scenario))
    assert run.code == 1
    first = next(i for i, t in enumerate(run.tests) if t.verdict == "NOTTEST")
    assert run.tests[first - 1].verdict == "FAIL"
    assert {(t.verdict, t.reason) for t in run.tests[first:]} == {("NOTTEST", why)}


def test_device_may_lose_its_key_if_told_so() -> None:
    """The one test that costs the VMPCK comes last, and only on request."""
    run = on_node("--area", "device", "--allow-destructive", world=("--no-tsm",))
    assert not run.failures() and run.code == 0, run.said
    assert (run.tests[-1].id, run.tests[-1].verdict) == ("device.wiped.by-firmware", "PASS")
    run = on_node("--filter", "device.wiped.by-firmware", world=("--no-tsm",))
    assert run.code == 77 and run.tests[0].reason.endswith("does not offer: WIPE")


def test_device_that_stays_busy() -> None:
    """It has nothing to say of itself, so no test begins."""
    run = on_node("--area", "device", world=("--no-tsm", "--scenario", "busy-forever"))
    assert run.code == 3 and not run.tests
    assert "the host stayed busy for a minute and the VMPCK is lost: reboot the guest" in run.said


def test_device_is_not_there() -> None:
    """The message says what to look for."""
    run = Ran("--target", "device:/dev/none-such")
    assert run.code == 3 and "is this an SEV-SNP guest with the driver loaded?" in run.said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--kernel", "4.0"], "--kernel 4.0: must be 5.19"),
        (["--rate", "0"], "--rate 0: must be a number from"),
        (["--rate", "x"], "--rate x: must be a number from"),
        (["--serve", "1"], "--serve 1: must be two descriptors"),
    ],
)
def test_bad_options(options: list[str], said: str) -> None:
    """Bad usage names the option."""
    run = Ran(*options)
    assert run.code == 2 and said in run.said


def test_only_one_generation() -> None:
    """--kernel leaves out what is about others."""
    run = Ran("--area", "device", "--kernel", "6.6")
    assert run.code == 0 and run.head["kernel"] == "6.6"
    reasons = {t.id: t.reason for t in run.tests if t.verdict == "SKIP"}
    assert reasons["device.order.lost-late"].startswith("the rule is about other kernel generations")
