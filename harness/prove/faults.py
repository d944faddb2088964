"""Seeded faults: one line of emulator/rmp is broken, named by its requirement; the search must tell of it.

The search is built again around the broken object. A fault that it does not find is a failure, and so is one
whose line is not there, that does not build, that crashes the search, or that keeps it from an answer.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from mutants import operators

from prove import limit

TREE = Path(__file__).resolve().parents[2]
RMP = Path("emulator/rmp")
JOBS = 2
SECONDS = 900  # of one search; a fault that leaves a region locked would hang it
FLAGS = ("-std=c17", "-D_GNU_SOURCE", "-O2", "-w")
VIOLATION = re.compile(r"^violation: ([^:]+): .* \((\d+) steps\)$", re.MULTILINE)


@dataclass(frozen=True)
class Fault:
    """A line to break: its requirement, and the kind of change; docs/mutants.md has the kinds."""

    requirement: str
    change: str  # how the kind begins
    words: str
    text: str = ""  # of the line, where its requirement has several
    full: bool = False  # the cut worlds lack what it takes
    quick: bool = False  # belongs to the quick selection

    @property
    def line(self) -> str:
        """For people."""
        return f"{self.requirement} {self.words}"


FAULTS = (
    Fault("SNP-RMP-003", "drop", "a guest may execute RMPUPDATE", quick=True),
    Fault("SNP-RMP-007", "drop", "RMPUPDATE changes an Immutable page", quick=True),
    Fault("SNP-RMP-008", "drop", "RMPUPDATE of 4 KiB at a large page"),
    Fault("SNP-RMP-010", "drop", "RMPUPDATE of 2 MiB over assigned pages"),
    Fault("SNP-RMP-011", "drop", "RMPUPDATE of 2 MiB over an HV-Fixed page"),
    Fault("SNP-RMP-017", "drop", "RMPUPDATE keeps Validated for another guest", text="LOW_ASID", quick=True),
    Fault("SNP-RMP-017", "drop", "RMPUPDATE keeps Validated for another address", text="LOW_GPA"),
    Fault("SNP-RMP-017", "drop", "RMPUPDATE keeps Validated for another size", text="LOW_2M"),
    Fault("SNP-RMP-027", "drop", "PSMASH of a page that is not large"),
    Fault("SNP-RMP-029", "drop", "PSMASH of an Immutable page"),
    Fault("SNP-RMP-035", "drop", "a guest may execute RMPREAD"),
    Fault("SNP-RMP-037", "logic", "RMPREAD tells of regions where nothing is assigned"),
    Fault("SNP-RMP-043", "drop", "PVALIDATE at VMPL 1"),
    Fault("SNP-RMP-047", "drop", "PVALIDATE of another guest's page"),
    Fault("SNP-RMP-048", "drop", "PVALIDATE of a page for another address", quick=True),
    Fault("SNP-RMP-049", "drop", "PVALIDATE of an Immutable page"),
    Fault("SNP-RMP-051", "drop", "PVALIDATE of 4 KiB of a large page"),
    Fault("SNP-RMP-052", "drop", "PVALIDATE of 2 MiB of a small page"),
    Fault("SNP-RMP-053", "remove", "PVALIDATE does not tell that nothing changed"),
    Fault("SNP-RMP-065", "drop", "RMPADJUST of the own VMPL"),
    Fault("SNP-RMP-066", "drop", "RMPADJUST of a page not validated"),
    Fault("SNP-RMP-068", "drop", "RMPADJUST gives more than it has"),
    Fault("SNP-RMP-084", "drop", "RMPQUERY of the own VMPL"),
    Fault("SNP-RMP-101", "drop", "the host writes Assigned pages", quick=True),
    Fault("SNP-RMP-104", "drop", "a large mapping reaches Assigned pages"),
    Fault("SNP-RMP-106", "drop", "a guest reaches another's page"),
    Fault("SNP-RMP-107", "drop", "a guest reaches a page by another address"),
    Fault("SNP-RMP-110", "drop", "a guest reaches a page not validated"),
    Fault("SNP-RMP-112", "drop", "a VMPL writes what it may read", full=True),
    Fault("SNP-RMP-138", "drop", "any page runs as VMSA"),
    Fault("SNP-RMP-155", "drop", "firmware moves a page of another state", text="(!row)"),
    Fault("SNP-RMP-156", "drop", "firmware moves another guest's page"),
    Fault("SNP-RMP-160", "remove", "PAGE_MOVE leaves the new page as it was"),
    Fault("SNP-RMP-161", "drop", "PAGE_MOVE of another guest's page", text="is_owner"),
    Fault("SNP-RMP-163", "drop", "PAGE_UNSMASH of pages that are not Pre-Guest or Pre-Swap"),
    Fault("SNP-RMP-164", "drop", "PAGE_UNSMASH of addresses that do not follow", text="follow"),
)


class BrokenListError(Exception):
    """A fault names a line that is not there, or the unchanged code does not compile."""


class BuildError(BrokenListError):
    """What has a fault does not build."""


@dataclass(frozen=True)
class Verdict:
    """What the search said of a fault."""

    fault: Fault
    rule: str = ""
    depth: int = 0  # steps of its trace
    trace: str = ""
    seconds: float = 0
    problem: str = ""  # why it was not found: a word, and more

    @property
    def line(self) -> str:
        """For people."""
        if self.problem:
            return f"FAILED  {self.fault.line}: {self.problem}"
        return f"found   {self.fault.line:62} {self.rule:20} {self.depth} steps, {self.seconds:.1f} s"


def verdict_of(fault: Fault, returncode: int, output: str, seconds: float) -> Verdict:
    """From how the search ended and what it said."""
    found = VIOLATION.search(output)
    if returncode == 1 and found is not None:
        return Verdict(fault, found[1], int(found[2]), output[found.start() :], seconds)
    last = "; ".join(line.strip() for line in output.strip().splitlines()[-2:])
    if returncode < 0:
        return Verdict(fault, problem=f"crashed: {signal.Signals(-returncode).name}; {last}")
    if returncode in (0, 1):
        return Verdict(fault, problem=f"not found: {last}")
    return Verdict(fault, problem=f"no search: it ended with {returncode}; {last}")


def _mutants() -> Iterator[operators.Mutant]:
    for path in sorted((TREE / RMP).glob("*.c")):
        yield from operators.of_file((RMP / path.name).as_posix(), path.read_text(), tagged_only=True)


def seeded(fault: Fault, mutants: list[operators.Mutant]) -> operators.Mutant:
    """The first of MUTANTS that breaks what FAULT says."""
    for mutant in mutants:
        kind = mutant.id.split(": ", 3)[2]
        meant = fault.requirement in mutant.requirements and fault.text in mutant.id
        if meant and kind.startswith(fault.change):
            return mutant
    raise BrokenListError(f"no line of {RMP} with @req {fault.requirement} can be broken by {fault.change}")


class Workshop:
    """FOLDER gets a copy of the folder rmp/, built once; then one object after another is exchanged."""

    def __init__(self, build: Path, folder: Path) -> None:
        self.build = build
        self.folder = folder
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(TREE / RMP, self.folder / RMP, ignore=shutil.ignore_patterns("tests"))
        self.search = sorted((build / "obj/harness/prove").glob("search*.o"))
        self.shared = (build / "obj/emulator/frontends/cli.o",)
        if not self.search:
            raise BrokenListError(f"{build}/obj/harness/prove has no search: make {build}/bin/rmp-search")
        self.objects = {
            path.stem: self.compile(path, path.with_suffix(".o"))
            for path in sorted((self.folder / RMP).glob("*.c"))
        }
        self.mutants = list(_mutants())

    def compile(self, source: Path, out: Path) -> Path:
        """OUT from SOURCE. The broken tree's headers come first."""
        places = (self.folder / "emulator", TREE / "emulator/include", TREE / "emulator")
        includes = [f"-I{place}" for place in places]
        command = [os.environ.get("CC", "gcc"), *FLAGS, *includes, "-c", "-o", str(out), str(source)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise BuildError(f"{source.name} does not compile: {done.stderr[-2000:]}")
        return out

    def program(self, fault: Fault) -> Path:
        """The search around the code that has FAULT."""
        mutant = seeded(fault, self.mutants)
        own = self.folder / f"{fault.requirement}-{fault.change}-{fault.text}"
        own.mkdir()
        name = Path(mutant.file)
        source = own / name.name
        source.write_text(mutant.after)
        objects = {**self.objects, name.stem: self.compile(source, own / f"{name.stem}.o")}
        program = own / "rmp-search"
        libraries = (self.build / "lib" / f"lib{name}.a" for name in ("pki", "abi"))
        parts = [*self.search, *self.shared, *objects.values(), *libraries]
        command = [os.environ.get("CC", "gcc"), "-o", str(program), *map(str, parts), "-pthread"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise BuildError(f"does not link: {done.stderr[-2000:]}")
        return program

    def judge(self, fault: Fault) -> Verdict:
        """What the search says of FAULT."""
        started = time.monotonic()
        allowed = limit.seconds(SECONDS)
        try:
            command = [str(self.program(fault)), "--threads", "1", *([] if fault.full else ["--cut"])]
            done = subprocess.run(command, capture_output=True, text=True, timeout=allowed, check=False)
        except BuildError as error:
            return Verdict(fault, problem=f"not built: {error}")
        except subprocess.TimeoutExpired:
            return Verdict(fault, problem=limit.passed(allowed))
        return verdict_of(fault, done.returncode, done.stdout + done.stderr, time.monotonic() - started)


def chosen(cut: bool) -> tuple[Fault, ...]:
    """All faults, or the quick selection."""
    return tuple(fault for fault in FAULTS if fault.quick or not cut)


def run(build: Path, cut: bool) -> tuple[int, int]:
    """Prints a table; how many faults were found, how many not."""
    shop = Workshop(build.resolve(), build.resolve() / "prove" / "faults")
    found = missed = 0
    with ThreadPoolExecutor(JOBS) as pool:
        for verdict in pool.map(shop.judge, chosen(cut)):
            found += not verdict.problem
            missed += bool(verdict.problem)
            print(verdict.line, flush=True)
    return found, missed
