"""Runs the proofs of cbmc/*.c over emulator/rmp and says how each ended.

usage: python -m prove.proofs [--cut] [--only NAME]... [--tree TREE] [--trace]

Exit code: 0 all proved, or skipped where CBMC cannot be had (the closing line says why); 1 a proof failed; 2
misuse.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from prove import limit
from prove.cbmc import Cbmc, MissingError, cbmc

TREE = Path(__file__).resolve().parents[2]
SOURCES = Path(__file__).parent / "cbmc"
JOBS = 2
SECONDS = 600  # a proof that takes longer has failed


@dataclass(frozen=True)
class Harness:
    """One proof: its file's name, and the small table that it is made over."""

    name: str
    cut: bool = False  # belongs to the quick selection
    pages: int = 4
    per_large: int = 2
    object_bits: int = 8  # CBMC tells 2^n objects apart, and says so where they are too few


# The slow ones first, so that no long one is left alone at the end.
HARNESSES = (
    Harness("page_move", object_bits=10),
    Harness("vmrun"),
    Harness("vmexit"),
    Harness("unsmash"),
    Harness("update", cut=True),
    Harness("psmash", cut=True),
    Harness("read", cut=True),
    Harness("pvalidate", cut=True),
    Harness("adjust", cut=True),
    Harness("query", cut=True),
    Harness("access", cut=True),
    Harness("structures", cut=True),
    Harness("moves", cut=True),
)

# Checks of the language beside the harnesses' own properties. Conversions are gcc's to judge (-Wconversion):
# a cast that cuts is meant. Unsigned arithmetic wraps on purpose in counters.
CHECKS = (
    *("--bounds-check", "--pointer-check", "--pointer-overflow-check", "--pointer-primitive-check"),
    *("--signed-overflow-check", "--undefined-shift-check", "--div-by-zero-check", "--enum-range-check"),
)
COMMON = ("--drop-unused-functions", "--no-malloc-may-fail")
# Loops that wait for another thread end in their first pass, as there is none; the others run over the small
# table or over a table of rows. Unwinding assertions prove both.
WAITING = re.compile(r"^Loop ((?:rmp_record_load|rmp_words_at|rmp_region_lock)[^:]*):", re.MULTILINE)
# Loops over the later pages of a region: where CBMC cannot tell the region's size, this bounds them.
REGION = re.compile(
    r"^Loop ((?:make_live|uncount_pages|rmp_region_split|any_later|check_unsmash)[^:]*):", re.MULTILINE
)
UNWIND = 20


@dataclass(frozen=True)
class Outcome:
    """How a proof ended."""

    name: str
    seconds: float
    properties: int = 0
    reached: int = 0
    problems: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """For people."""
        word = "FAILED" if self.problems else "proved"
        counts = f"{self.properties:5} properties {self.reached:3} places reached"
        return f"{word}  {self.name:12} {self.seconds:6.1f} s {counts}"


def compile_arguments(harness: Harness, tree: Path, cover: bool, out: Path) -> list[str]:
    """For goto-cc: the harness and the RMP, with arrays for its mappings. COVER: to look for its places."""
    rmp = sorted(p for p in (tree / "emulator/rmp").glob("*.c") if p.name != "map.c")
    return [
        *("-std=c17", f"-DPROVE_PAGES={harness.pages}", f"-DPROVE_PER_LARGE={harness.per_large}"),
        *(["-DPROVE_COVER"] if cover else []),
        *(f"-I{SOURCES / 'plain'}", f"-I{SOURCES}"),  # before the system's <stdatomic.h>
        *(f"-I{tree / 'emulator/include'}", f"-I{tree / 'emulator'}", "-o", str(out)),
        *(str(SOURCES / f"{harness.name}.c"), str(SOURCES / "table.c")),
        *(str(p) for p in rmp),
        str(tree / "emulator/abi/result.c"),
    ]


def unwinding(loops: str, per_large: int) -> list[str]:
    """Options from what --show-loops says."""
    limits = [f"{loop}:1" for loop in WAITING.findall(loops)]
    limits += [f"{loop}:{per_large}" for loop in REGION.findall(loops)]
    return ["--unwind", str(UNWIND), *(["--unwindset", ",".join(limits)] if limits else [])]


def proof_problems(output: str, returncode: int) -> tuple[int, list[str]]:
    """How many properties a proof has, and those that do not hold."""
    summary = re.search(r"^\*\* (\d+) of (\d+) failed", output, re.MULTILINE)
    if summary is None:
        return 0, [f"CBMC ended with {returncode}: " + "; ".join(output.strip().splitlines()[-3:])]
    failed = re.findall(r"^\[(\S+)\] (.*): (?:FAILURE|ERROR|UNKNOWN)$", output, re.MULTILINE)
    problems = [f"{name} {text}" for name, text in failed]
    if returncode != 0 and not problems:
        problems = [f"CBMC ended with {returncode}"]
    return int(summary.group(2)), problems


def reach_problems(output: str, returncode: int) -> tuple[int, list[str]]:
    """How many places a harness names, and those that no run reaches: the proof says nothing there."""
    places = re.findall(r"^\[(\S+)\] (.*): (SATISFIED|FAILED)$", output, re.MULTILINE)
    problems = [f"{name} {text}: not reachable" for name, text, word in places if word != "SATISFIED"]
    if not places:
        problems.append(f"no place to reach; CBMC ended with {returncode}")
    return len(places), problems


def prove(tool: Cbmc, harness: Harness, tree: Path, trace: bool) -> Outcome:
    """The proof, then whether its places can be reached."""
    start = time.monotonic()
    allowed = limit.seconds(SECONDS)

    def ended(properties: int, reached: int, problems: list[str]) -> Outcome:
        return Outcome(harness.name, time.monotonic() - start, properties, reached, tuple(problems))

    with tempfile.TemporaryDirectory(prefix="prove-") as name:
        folder = Path(name)
        binary, places = folder / "proof.gb", folder / "places.gb"
        for cover, out in ((False, binary), (True, places)):
            built = tool.run("goto-cc", *compile_arguments(harness, tree, cover, out), cwd=folder)
            if built.returncode != 0:
                return ended(0, 0, ["does not compile: " + (built.stdout + built.stderr).strip()])
        loops = tool.run("cbmc", "--show-loops", "--drop-unused-functions", str(binary), cwd=folder).stdout
        objects = ["--object-bits", str(harness.object_bits)]
        common = [*COMMON, *objects, *unwinding(loops, harness.per_large)]
        extra = ["--trace"] if trace else []
        try:
            proof = tool.run("cbmc", *CHECKS, *extra, *common, str(binary), cwd=folder, seconds=allowed)
            if trace:
                print(proof.stdout)
            properties, problems = proof_problems(proof.stdout + proof.stderr, proof.returncode)
            cover_options = ["--cover", "cover", "--no-standard-checks", *common, str(places)]
            cover_run = tool.run("cbmc", *cover_options, cwd=folder, seconds=allowed)
        except subprocess.TimeoutExpired:
            return ended(0, 0, [limit.passed(allowed)])
        reached, unreached = reach_problems(cover_run.stdout + cover_run.stderr, cover_run.returncode)
        return ended(properties, reached, problems + unreached)


@dataclass
class Counts:
    """Of a run."""

    proved: int = 0
    failed: int = 0
    skipped: int = 0
    why: str = ""

    @property
    def line(self) -> str:
        """The closing line."""
        text = f"prove: {self.proved} proved, {self.failed} failed, {self.skipped} skipped"
        return f"{text} ({self.why})" if self.why else text


def run(harnesses: tuple[Harness, ...], tree: Path = TREE, trace: bool = False) -> Counts:
    """All of HARNESSES, two at a time, the outcome of each printed."""
    try:
        tool = cbmc(print)
    except MissingError as error:
        return Counts(skipped=len(harnesses), why=str(error))
    counts = Counts()
    with ThreadPoolExecutor(JOBS) as pool:
        running = [pool.submit(prove, tool, harness, tree, trace) for harness in harnesses]
        for future in as_completed(running):
            outcome = future.result()
            print(outcome.line, *outcome.problems, sep="\n        ", flush=True)
            counts.failed += bool(outcome.problems)
            counts.proved += not outcome.problems
    return counts


def main(arguments: list[str]) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="prove.proofs", description="proofs of the RMP's instructions")
    parser.add_argument("--cut", action="store_true", help="only the quick ones")
    parser.add_argument("--only", action="append", default=[], choices=[h.name for h in HARNESSES])
    parser.add_argument("--tree", type=Path, default=TREE, help="the tree whose emulator/rmp is meant")
    parser.add_argument("--trace", action="store_true", help="print a run that breaks a property")
    options = parser.parse_args(arguments)
    chosen = tuple(h for h in HARNESSES if h.name in options.only or not options.only)
    if options.cut:
        chosen = tuple(h for h in chosen if h.cut)
    try:
        limit.seconds(SECONDS)
    except limit.LimitError as error:
        parser.error(str(error))
    counts = run(chosen, options.tree.resolve(), options.trace)
    print(counts.line)
    return 1 if counts.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
