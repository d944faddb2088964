"""usage: python -m prove BUILD [--cut]

The proofs of the RMP: the exhaustive search of a small world, seeded faults that it must find, CBMC over each
instruction, each rule's line broken and seen in the decision tables, and the attacks of the suite with the
one check broken that stops them. --cut: small worlds, few faults, the quick proofs, few lines, few attacks.
BUILD/bin must have rmp-search and suite-runner. PROVE_SECONDS: how long one search with a fault, one proof or
one decision table may take.
Exit code: 0 all passed, or skipped for a reason that is printed; 1 something failed; 2 misuse.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from prove import attacks, faults, limit, proofs, rules

PROGRAMS = ("rmp-search", "suite-runner")
Counts = tuple[int, int, int]  # passed, failed, skipped


def search(build: Path, cut: bool) -> Counts:
    """The search over the code as it is."""
    done = subprocess.run([str(build / "bin/rmp-search"), *(["--cut"] if cut else [])], check=False)
    if done.returncode not in (0, 1):
        print(f"rmp-search ended with {done.returncode}")
    return (1, 0, 0) if done.returncode == 0 else (0, 1, 0)


def seeded(build: Path, cut: bool) -> Counts:
    """The search over code with faults."""
    found, missed = faults.run(build, cut)
    return found, missed, 0


def cbmc(_: Path, cut: bool) -> Counts:
    """The proofs of single instructions."""
    counts = proofs.run(tuple(h for h in proofs.HARNESSES if h.cut or not cut))
    if counts.why:
        print(f"skipped: {counts.why}")
    return counts.proved, counts.failed, counts.skipped


def broken_checks(build: Path, cut: bool) -> Counts:
    """The attacks, each without the check that stops it."""
    return attacks.run(build, "attack.vmpl.*" if cut else "*")


PARTS: tuple[tuple[str, Callable[[Path, bool], Counts]], ...] = (
    ("search of a small world", search),
    ("seeded faults", seeded),
    ("CBMC over each instruction", cbmc),
    ("each rule's line in the tables", rules.run),
    ("attacks without their checks", broken_checks),
)


def main(arguments: list[str]) -> int:
    """Runs all parts."""
    parser = argparse.ArgumentParser(prog="prove", description="the proofs of the RMP")
    parser.add_argument("build", type=Path)
    parser.add_argument("--cut", action="store_true", help="small worlds, a few faults, the quick proofs")
    options = parser.parse_args(arguments)
    for program in (options.build / "bin" / name for name in PROGRAMS):
        if not program.is_file():
            print(f"prove: {program} is not there; build it with `make {program}`", file=sys.stderr)
            return 2
    try:
        limit.seconds(0)
    except limit.LimitError as error:
        print(f"prove: {error}", file=sys.stderr)
        return 2
    total = [0, 0, 0]
    for name, part in PARTS:
        print(f"== {name}", flush=True)
        started = time.monotonic()
        try:
            counts = part(options.build, options.cut)
        except (faults.BrokenListError, attacks.AttackError, OSError, subprocess.SubprocessError) as error:
            print(f"prove: {error}")
            counts = (0, 1, 0)
        print(f"== {name}: {time.monotonic() - started:.0f} s", flush=True)
        total = [sum(pair) for pair in zip(total, counts, strict=True)]
    print(f"{total[0]} passed, {total[1]} failed, {total[2]} skipped")
    return 1 if total[1] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
