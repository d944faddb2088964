"""usage: python -m prove BUILD [--cut]

The proofs of the RMP: the exhaustive search of a small world, seeded faults that it must find, CBMC over each
instruction, and the attacks of the suite with the one check broken that stops them. --cut: small worlds, few
faults, the quick proofs, few attacks. BUILD/bin/rmp-search must be there.
Exit code: 0 all passed, or skipped for a reason that is printed; 1 something failed; 2 misuse.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from prove import attacks, faults

Counts = tuple[int, int, int]  # passed, failed, skipped


def search(build: Path, cut: bool) -> Counts:
    """The search over the code as it is."""
    done = subprocess.run([str(build / "bin/rmp-search"), *(["--cut"] if cut else [])], check=False)
    return (1, 0, 0) if done.returncode == 0 else (0, 1, 0)


def seeded(build: Path, cut: bool) -> Counts:
    """The search over code with faults."""
    found, missed = faults.run(build, cut)
    return found, missed, 0


def cbmc(_: Path, cut: bool) -> Counts:
    """The proofs of single instructions."""
    try:
        from prove import proofs
    except ImportError as error:
        print(f"skipped: {error}")
        return 0, 0, 1
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
    ("attacks without their checks", broken_checks),
)


def main(arguments: list[str]) -> int:
    """Runs all parts."""
    parser = argparse.ArgumentParser(prog="prove", description="the proofs of the RMP")
    parser.add_argument("build", type=Path)
    parser.add_argument("--cut", action="store_true", help="small worlds, a few faults, the quick proofs")
    options = parser.parse_args(arguments)
    program = options.build / "bin/rmp-search"
    if not program.is_file():
        print(f"prove: {program} is not there; build it with `make {program}`", file=sys.stderr)
        return 2
    total = [0, 0, 0]
    for name, part in PARTS:
        print(f"== {name}", flush=True)
        started = time.monotonic()
        try:
            counts = part(options.build, options.cut)
        except (faults.BrokenListError, attacks.AttackError) as error:
            print(f"prove: {error}")
            counts = (0, 1, 0)
        print(f"== {name}: {time.monotonic() - started:.0f} s", flush=True)
        total = [sum(pair) for pair in zip(total, counts, strict=True)]
    print(f"{total[0]} passed, {total[1]} failed, {total[2]} skipped")
    return 1 if total[1] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
