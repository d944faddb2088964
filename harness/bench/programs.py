"""usage: python harness/bench/programs.py BUILD [--rounds N]

The rows of whole programs: what psp-run costs its client, and what the genuine driver in a guest does. Adds
them to BUILD/bench.json, which sevkit-bench has written, and prints them in its form. A row that misses its
target fails nothing."""

from __future__ import annotations

import contextlib
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from guest import session, vm
from guest.kernel import MissingError, kernel

from sevkit import matrix_cases, tools

NOISY = 0.15
ROUNDS = 11
CALLS = 10_000
GUEST_CALLS = 2_000
SEED = 1
MATRIX_TARGET = 500  # verdicts a second


@dataclass
class Row:
    """What a row is about. Its limit is a time that may not be exceeded, or only stands beside it."""

    name: str
    unit: str
    limit: float
    note: str
    measure: Callable[[], float]  # one round, in UNIT
    limit_note: str = "the time allowed"
    judged: bool = True

    def target(self) -> str:
        """As sevkit-bench prints it."""
        return f"ours <= {self.limit:g}" if self.judged else "none"

    def verdict(self, ours: float) -> str:
        """What is said of OURS."""
        if not self.judged:
            return "stated"
        return "met" if ours <= self.limit else "missed"


def outcome(row: Row, rounds: int) -> dict[str, Any]:
    """Measures ROW: the median, the spread, and whether the target is met."""
    row.measure()  # warm-up
    values = [row.measure() for _ in range(rounds)]
    ours = statistics.median(values)
    spread = (max(values) - min(values)) / ours if ours > 0 else 0.0
    noisy = "; noisy" if spread > NOISY else ""
    target = f"target {row.target()}: {row.verdict(ours)}"
    return {
        "name": row.name,
        "ours": ours,
        "limit": row.limit,
        "ratio": row.limit / ours if ours > 0 else 0.0,
        "spread": spread,
        "unit": row.unit,
        "note": f"{row.note}; limit: {row.limit_note}; {target}{noisy}",
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
    under = [str(build / "bin" / "psp-run"), "--seed", str(SEED), "--", *probe]

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


class LeftOutError(Exception):
    """A row cannot be measured here; the text says why."""


# ---- a verifier's adapter ----

MATRIX_CASE = "signature.base-genoa-v3-vcek"
VERDICTS = 400


def matrix_row(build: Path, rounds: int) -> dict[str, Any]:
    """Verdicts a second of one process of our own verifier's adapter over its pipe, beside the library's own
    rate in the same round, as the adapter tells it."""
    bundle = matrix_cases.load(tools.tree() / "vectors" / "cases", MATRIX_CASE, None)
    line = json.dumps(matrix_cases.request(bundle.cases[MATRIX_CASE], "")) + "\n"
    ours, library = [], []
    program = build / "adapters" / "snp-verify" / "snp-verify"
    if not program.exists():
        raise LeftOutError("the adapter is not built; `make adapters` builds it")
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        for _ in range(rounds + 1):
            spent, start = 0, time.perf_counter()
            for _ in range(VERDICTS):
                process.stdin.write(line)
                process.stdin.flush()
                answer = json.loads(process.stdout.readline())
                if answer["verdict"] != "accept":
                    sys.exit(f"matrix: {MATRIX_CASE} was answered {answer}")
                spent += answer["us"]
            ours.append(VERDICTS / (time.perf_counter() - start))
            library.append(VERDICTS * 1e6 / spent)
    ratios = [a / b for a, b in zip(ours[1:], library[1:], strict=True)]  # the first round warms up
    rate, spread = statistics.median(ours[1:]), (max(ratios) - min(ratios)) / statistics.median(ratios)
    met = "met" if rate >= MATRIX_TARGET else "missed"
    noisy = ", noisy" if spread > NOISY else ""
    row = {
        "name": "matrix",
        "ours": rate,
        "limit": statistics.median(library[1:]),
        "ratio": statistics.median(ratios),
        "spread": spread,
        "unit": "verdicts/s",
        "note": "snp-verify's adapter, one process, one case over its pipe, chain built anew each time; "
        f"limit: the library's own rate; target ours >= {MATRIX_TARGET}: {met}{noisy.replace(',', ';')}",
    }
    print(
        f"{row['name']:<14} {row['ours']:>12.6g} {row['limit']:>12.6g} {row['ratio']:>8.3f} "
        f"{100 * spread:>7.1f}%  {row['unit']:<13} {f'ours >= {MATRIX_TARGET}':<16} {met}{noisy}",
        flush=True,
    )
    return row


# ---- the genuine driver, in a guest ----


def cached_series() -> str:
    """The newest kernel that is in the cache."""

    def decline(_: str) -> None:
        raise LeftOutError

    for series in reversed(session.SERIES):
        with contextlib.suppress(LeftOutError):
            kernel(series, decline)  # it tells before it makes one
            return series
    raise LeftOutError("the guests' kernels are not in the cache; `make guest` fetches them")


@contextlib.contextmanager
def guest_row(build: Path, rounds: int, key_request: float, beside: float) -> Iterator[Row]:
    """The row of a guest that lives as long as this: ROUNDS rounds after the one that warms up. BESIDE:
    microseconds of psp_run_ioctl."""
    try:
        series = cached_series()
        files = ((build / "bench" / "probe", "/guest/probe"),)
        # The guest's clock is what is read: it must be the host's.
        setup = session.Setup(series, vm.World(seed=SEED), files=files, virtual_time=False)
        loop = f"for i in $(seq {rounds + 1}); do probe ioctl {GUEST_CALLS} || exit; done"
        with session.with_command(setup, ["sh", "-c", loop]) as guest:
            lines = guest.output()

            def ioctl() -> float:
                line = next(lines, "nothing")
                if not line.isdigit():
                    raise vm.GuestError(f"the probe said {line}; must be a number")
                return int(line) / 1e3 - key_request

            what = (
                f"p50 of {GUEST_CALLS:,} SNP_GET_DERIVED_KEY by the genuine driver of Linux"
                f" {guest.image.release} in a guest, less key_request; TCG emulates its every instruction"
            )
            yield Row("guest_ioctl", "us", beside, what, ioctl, "psp_run_ioctl of this run", judged=False)
    except MissingError as error:
        raise LeftOutError(str(error)) from error


def add(rows: list[dict[str, Any]], row: Row, rounds: int) -> float:
    """Measures ROW, prints its line and adds it to ROWS; what it took."""
    got = outcome(row, rounds)
    rows.append(got)
    noisy = ", noisy" if got["spread"] > NOISY else ""
    print(
        f"{row.name:<14} {got['ours']:>12.6g} {row.limit:>12.6g} {got['ratio']:>8.3f} "
        f"{100 * got['spread']:>7.1f}%  {row.unit:<13} {row.target():<16} {row.verdict(got['ours'])}{noisy}",
        flush=True,
    )
    ours: float = got["ours"]
    return ours


@click.command()
@click.argument("build", type=click.Path(path_type=Path))
@click.option("--rounds", type=click.IntRange(7, 101), default=ROUNDS)
def main(build: Path, rounds: int) -> None:
    """Measures and adds the rows."""
    file = build / "bench.json"
    document = json.loads(file.read_text())
    key_request = 1e6 / next(row["ours"] for row in document["rows"] if row["name"] == "key_request")
    took = {row.name: add(document["rows"], row, rounds) for row in rows_of(build, key_request)}
    try:
        document["rows"].append(matrix_row(build, rounds))
    except LeftOutError as why:
        print(f"matrix         left out: {why}", flush=True)
    try:
        with guest_row(build, rounds, key_request, took["psp_run_ioctl"]) as row:
            add(document["rows"], row, rounds)
    except LeftOutError as why:
        print(f"guest_ioctl    left out: {why}", flush=True)
    except vm.GuestError as error:
        sys.exit(f"guest_ioctl: {error}")
    file.write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()
