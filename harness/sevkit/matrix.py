"""`sevkit matrix`: verifiers, through adapters, against the vectors. docs/adapters.md is its manual."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from pathlib import Path

import click

from sevkit import matrix_report, tools
from sevkit.matrix_adapter import Adapter, AdapterError, find
from sevkit.matrix_cases import Bundle, VectorError, load
from sevkit.matrix_classes import BAD, CLASSES
from sevkit.matrix_run import Column, run

EXIT_NOTHING_RAN = 77


def _shard(_context: click.Context, _option: click.Parameter, text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    first, _, count = text.partition("/")
    if not (first.isdigit() and count.isdigit() and 1 <= int(first) <= int(count)):
        raise click.BadParameter(f"{text}: I/N, with I from 1 to N")
    return int(first), int(count)


@click.command("matrix")
@click.option(
    "--adapter",
    "names",
    multiple=True,
    help="A name in harness/adapters, or a folder with an adapter.toml; may be given again [default: all].",
)
@click.option("--vectors", "pattern", help="Only cases whose id matches this glob, or those of these files.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the results [default: build/matrix].")
@click.option("--jobs", type=click.IntRange(min=1), help="Processes an adapter [default: one a processor].")
@click.option("--shard", callback=_shard, help="I/N: only every Nth case, from the Ith.")
@click.option("--verbose", is_flag=True, help="Also print each case that failed.")
@click.option("--json", "as_json", is_flag=True, help="The results as JSON on stdout.")
@click.option("--list", "list_only", is_flag=True, help="Print the adapters and the cases, run nothing.")
def matrix_command(
    names: tuple[str, ...],
    pattern: str | None,
    out: Path | None,
    jobs: int | None,
    shard: tuple[int, int] | None,
    verbose: bool,
    as_json: bool,
    list_only: bool,
) -> None:
    """Ask verifiers about the vectors, and compare their verdicts."""
    try:
        adapters = find(names)
        bundle = load(tools.tree() / "vectors" / "cases", pattern, shard)
    except (AdapterError, VectorError) as error:
        tools.fail(tools.EXIT_USAGE, str(error))
    if list_only:
        _list(adapters, bundle)
        return
    for adapter in adapters:
        if not adapter.ready:
            text = f"adapter {adapter.name}: {adapter.start[0]} is not there; build it with `make adapters`"
            tools.fail(tools.EXIT_UNAVAILABLE, text)
    out = out or tools.tree() / "build" / "matrix"
    try:
        out.mkdir(parents=True, exist_ok=True)
        columns = [run(a, bundle, jobs or os.cpu_count() or 1, out) for a in adapters]
        matrix_report.write(bundle, columns, out)
    except AdapterError as error:
        tools.fail(tools.EXIT_UNAVAILABLE, str(error))
    except OSError as error:
        tools.fail(tools.EXIT_USAGE, f"--out {out}: {error.strerror}")
    if as_json:
        json.dump(matrix_report.to_json(bundle, columns), sys.stdout, indent=1)
        print()
    else:
        if verbose:
            _deviations(columns)
        _summary(columns, out)
    sys.exit(_exit_code(columns))


def _list(adapters: list[Adapter], bundle: Bundle) -> None:
    for adapter in adapters:
        print(f"adapter {adapter.name}: {'ready' if adapter.ready else 'not built'}")
    for id_ in bundle.selected:
        case = bundle.cases[id_]
        print(f"{id_}\t{case.op}\t{case.layer}\t{case.expected}")


def _deviations(columns: list[Column]) -> None:
    for column in columns:
        for id_, cell in column.cells.items():
            if cell.kind in BAD:
                print(f"{cell.name} {column.adapter.name} {id_}: {cell.detail}")
        for question, fault in column.strays.items():
            print(f"stray {column.adapter.name} {question}: {fault}")


def _summary(columns: list[Column], out: Path) -> None:
    """A table of the classes and the closing line. No case is named: what a library does wrong and
    is not public must not come into the log of a CI."""
    shown = [name for name in CLASSES if any(_counts(c)[name] for c in columns)]
    width = max((len(c.adapter.name) for c in columns), default=0)
    print(" ".join([" " * width, *shown, "requests/s"]))
    for column in columns:
        numbers = [str(_counts(column)[name]).rjust(len(name)) for name in shown]
        print(" ".join([column.adapter.name.ljust(width), *numbers, f"{column.rate:.0f}".rjust(10)]))
    for column in columns:
        if column.strays:
            print(f"{column.adapter.name}: {len(column.strays)} crashes or hangs that did not come again")
    files = " ".join(str(out / name) for name in ("results.json", "junit.xml", "index.html"))
    print(f"results: {files}")
    total = sum((_counts(c) for c in columns), Counter[str]())
    failed, skipped = sum(total[name] for name in BAD), total["not-claimed"]
    print(f"{total.total() - failed - skipped} passed, {failed} failed, {skipped} skipped", flush=True)


def _counts(column: Column) -> Counter[str]:
    return Counter(cell.kind for cell in column.cells.values())


def _exit_code(columns: list[Column]) -> int:
    if not any(column.requests for column in columns):
        return EXIT_NOTHING_RAN
    return int(
        any(column.strays for column in columns)
        or any(_counts(column)[name] for column in columns for name in BAD)
    )
