"""Probes of the device and of configfs-tsm before the genuine driver, in one guest a kernel, and the same
programs under psp-run: what both must say alike. See docs/ambiguities.md, "Settled by the genuine driver".

What psp-run does not offer (the driver's removal, positions, a race) is run in the guest alone; the model's
answers to it are in emulator/driver/tests.
"""

from __future__ import annotations

import functools
import os
import shlex
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from guest import session
from pspd_client import BIN
from tsm_here import forbidden

PROBES = Path(__file__).with_name("probes")
MARK = "sevkit-probe: "
LIMIT = 120  # seconds, for what hangs
WITH_TSM = "6.12"  # the series whose kernel has configfs-tsm

PROGRAMS = ("paths", "compat", "handoff", "user_end", "tsm_files", "tsm_close", "genuine_tsm")
DEVICE = (("paths", "/dev/sev-guest"), ("compat",), ("handoff",), ("user_end",))
# Without tsm_files sys-kernel and tsm_close many: they are about psp-run itself.
FILE_CASES = (
    *("modes", "open", "truncate", "write", "append-text", "too-long", "read", "seek"),
    *("bad-memory", "refused-calls", "names", "removed", "list"),
)
CLOSE_CASES = (
    *("plain", "unwritten", "dup", "dup2", "dup2-over", "fork", "exit", "kill", "exec"),
    *("passed", "loop", "crowd"),
)
CONFIGFS = tuple(("tsm_files", case) for case in FILE_CASES) + tuple(("tsm_close", c) for c in CLOSE_CASES)
GENUINE = tuple(("genuine_tsm", case) for case in ("offsets", "refused-writes", "unloaded", "race"))


@dataclass
class Told:
    """What a probe has printed, and its status."""

    lines: list[str] = field(default_factory=list)
    status: int = -1


@dataclass(frozen=True)
class Kernel:
    """A booted and ended guest: its series, and what each probe has told in it."""

    series: str
    told: dict[tuple[str, ...], Told]

    @property
    def generation(self) -> str:
        """psp-run's name of it."""
        return session.GENERATION[self.series]


@pytest.fixture(scope="module")
def programs() -> Iterator[Path]:
    """The probes, which need nothing of the machine that runs them."""
    with tempfile.TemporaryDirectory(prefix="sevkit-probes-") as name:
        folder = Path(name)
        flags = ["-std=c17", "-D_GNU_SOURCE", "-O1", "-Wall", "-Wextra", "-Werror", "-pthread", "-static"]
        for program in PROGRAMS:
            source = PROBES / f"{program}.c"
            subprocess.run(["gcc", *flags, "-o", str(folder / program), str(source)], check=True)
        yield folder


def script(probes: tuple[tuple[str, ...], ...]) -> str:
    """Runs PROBES, with a line before each and one with its status after it."""
    lines = ["dmesg -n 1", "ulimit -c 0", "cd /"]  # the kernel's own words are not the probes'
    for probe in probes:
        lines += [f"echo '{MARK}{shlex.join(probe)}'", shlex.join(["/bin/" + probe[0], *probe[1:]])]
        lines += [f"echo '{MARK}='$?"]
    return "\n".join(lines)


def heard(lines: Iterator[str], probes: tuple[tuple[str, ...], ...]) -> dict[tuple[str, ...], Told]:
    """What each of PROBES has told in LINES."""
    by_name = {shlex.join(probe): probe for probe in probes}
    told: dict[tuple[str, ...], Told] = {}
    now = Told()
    for line in lines:
        if line.startswith(MARK + "="):
            now.status = int(line.removeprefix(MARK + "="))
            now = Told()
        elif line.startswith(MARK):
            now = told[by_name[line.removeprefix(MARK)]] = Told()
        else:
            now.lines.append(line)
    return told


@pytest.fixture(scope="module")
def genuine(programs: Path, at_hand: Callable[[str], None]) -> Callable[[str], Kernel]:
    """All probes in a guest of a series, booted once."""
    os.environ["SEVKIT_BIN"] = str(BIN)
    return functools.cache(functools.partial(run_all, programs, at_hand))


def run_all(programs: Path, at_hand: Callable[[str], None], series: str) -> Kernel:
    """Boots a guest of SERIES and runs all probes that it can."""
    at_hand(series)
    probes = DEVICE + CONFIGFS + GENUINE if series == WITH_TSM else DEVICE
    files = tuple((programs / name, f"/bin/{name}") for name in PROGRAMS)
    with session.with_command(session.Setup(series, files=files), ["sh", "-c", script(probes)]) as guest:
        told = heard(guest.output(), probes)
        assert guest.status() == 0
    assert set(told) == set(probes)
    return Kernel(series, told)


def under_psp_run(programs: Path, generation: str, probe: tuple[str, ...]) -> Told:
    """The same program with our device."""
    program = [str(programs / probe[0]), *probe[1:]]
    command = [str(BIN.resolve() / "psp-run"), "--kernel", generation, "--", *program]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", timeout=LIMIT)
    if why := forbidden(done.stderr):
        pytest.skip(why)
    assert done.stderr == ""
    return Told(done.stdout.splitlines(), done.returncode)


@pytest.mark.parametrize("series", session.SERIES)
@pytest.mark.parametrize("probe", DEVICE, ids=lambda probe: probe[0])
def test_the_device(
    genuine: Callable[[str], Kernel], programs: Path, probe: tuple[str, ...], series: str
) -> None:
    """Line for line the same, but for the node's mode: no udev has run in the guest.

    @req LNX-NODE-002 LNX-NODE-003 LNX-NODE-004 LNX-NODE-005 LNX-NODE-008 LNX-GUEST-033
    """
    booted = genuine(series)
    theirs, ours = booted.told[probe], under_psp_run(programs, booted.generation, probe)
    if probe[0] == "compat" and ours.status == 77:
        pytest.skip("this kernel has no 32-bit system calls")
    modes = {"mode=20600 0 0": "mode=20666 0 0"} if probe[0] == "paths" else {}
    assert (theirs.status, len(theirs.lines) > 3) == (0, True)
    assert Told([modes.get(line, line) for line in theirs.lines], theirs.status) == ours


@pytest.mark.parametrize("probe", CONFIGFS, ids=" ".join)
def test_configfs_tsm(genuine: Callable[[str], Kernel], programs: Path, probe: tuple[str, ...]) -> None:
    """Nothing that a case finds wrong, here or there.

    @req LNX-TSM-004 LNX-TSM-007 LNX-TSM-008 LNX-TSM-014 LNX-TSM-016 LNX-TSM-017 LNX-TSM-019 LNX-TSM-020
    """
    booted = genuine(WITH_TSM)
    assert booted.told[probe] == under_psp_run(programs, booted.generation, probe) == Told([], 0)


@pytest.mark.parametrize("probe", GENUINE, ids=" ".join)
def test_what_only_the_kernel_shows(genuine: Callable[[str], Kernel], probe: tuple[str, ...]) -> None:
    """@req LNX-TSM-009 LNX-TSM-015 LNX-TSM-019 LNX-TSM-041 LNX-TSM-044 LNX-TSM-047"""
    assert genuine(WITH_TSM).told[probe] == Told([], 0)
