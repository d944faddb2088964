"""usage: python harness/bench/programs.py BUILD [--rounds N]

The rows of whole programs: what psp-run costs its client. Adds them to BUILD/bench.json, which sevkit-bench
has written, and prints them in its form. A row that misses its target fails nothing."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

NOISY = 0.15
ROUNDS = 11
CALLS = 10_000
SEED = "1"


@dataclass
class Row:
    """What a row is about; its target is a time that may not be exceeded."""

    name: str
    unit: str
    allowed: float
    note: str
    measure: Callable[[], float]  # one round, in UNIT


def outcome(row: Row, rounds: int) -> dict[str, Any]:
    """Measures ROW: the median, the spread, and whether the target is met."""
    row.measure()  # warm-up
    values = [row.measure() for _ in range(rounds)]
    ours = statistics.median(values)
    spread = (max(values) - min(values)) / ours if ours > 0 else 0.0
    met = "met" if ours <= row.allowed else "missed"
    noisy = "; noisy" if spread > NOISY else ""
    return {
        "name": row.name,
        "ours": ours,
        "limit": row.allowed,
        "ratio": row.allowed / ours if ours > 0 else 0.0,
        "spread": spread,
        "unit": row.unit,
        "note": f"{row.note}; limit: the time allowed; target ours <= {row.allowed:g}: {met}{noisy}",
    }


def run(command: list[str]) -> str:
    """Output of COMMAND, which has to succeed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def rows_of(build: Path, key_request: float) -> list[Row]:
    """All rows. KEY_REQUEST: microseconds of the same request in process."""
    probe = [str(build / "bench" / "probe")]
    under = [str(build / "bin" / "psp-run"), "--seed", SEED, "--", *probe]

    def seconds(command: list[str]) -> float:
        start = time.perf_counter()
        run(command)
        return time.perf_counter() - start

    def start() -> float:
        return 1e3 * (seconds([*under, "first"]) - seconds([*probe, "bare"]))

    def ioctl() -> float:
        return int(run([*under, "ioctl", str(CALLS)])) / 1e3 - key_request

    def path() -> float:
        bare = int(run([*probe, "path", str(CALLS)]))
        return (int(run([*under, "path", str(CALLS)])) - bare) / 1e3

    return [
        Row("psp_run_start", "ms", 50, "a static program's first derived key, over the bare program", start),
        Row("psp_run_ioctl", "us", 60, "p50 of 10,000 SNP_GET_DERIVED_KEY, less key_request", ioctl),
        Row("psp_run_path", "us", 40, "p50 of 10,000 open and close of /dev/null, less bare", path),
    ]


@click.command()
@click.argument("build", type=click.Path(path_type=Path))
@click.option("--rounds", type=click.IntRange(7, 101), default=ROUNDS)
def main(build: Path, rounds: int) -> None:
    """Measures and adds the rows."""
    file = build / "bench.json"
    document = json.loads(file.read_text())
    in_process = next(row["ours"] for row in document["rows"] if row["name"] == "key_request")
    for row in rows_of(build, 1e6 / in_process):
        got = outcome(row, rounds)
        document["rows"].append(got)
        verdict = "met" if got["ours"] <= row.allowed else "missed"
        noisy = ", noisy" if got["spread"] > NOISY else ""
        print(
            f"{row.name:<14} {got['ours']:>12.6g} {row.allowed:>12.6g} {got['ratio']:>8.3f} "
            f"{100 * got['spread']:>7.1f}%  {row.unit:<13} ours <= {row.allowed:<8g} {verdict}{noisy}",
            flush=True,
        )
    file.write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()
