"""`sevkit guest --compare`: every device and tsm test on the model, by real system calls under psp-run and
through CUSE, and on the distribution's genuine driver; docs/comparison.md is the table.

usage: python -m guest.compare      writes docs/comparison.md where QEMU and the guests' kernels are there

A difference is mended in the model, or explained in docs/errata.md; else the exit code is 1.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from guest import errata, kernel, session, vm
from sevkit import results, run, tools

FILE = errata.FILE.with_name("comparison.md")
DOORS = ("model", "psp-run", "CUSE", "genuine")
SERIES = {generation: series for series, generation in session.GENERATION.items()}

HEAD = """# The model beside the genuine driver

Made by `sevkit guest --compare`; do not edit. Every test of the areas `device` and `tsm`, at each door that
Linux's driver has here: the model inside the test's process, the model behind real system calls under
`psp-run` and through CUSE, and Debian's own `sev-guest.ko` in a virtual machine ([guest.md](guest.md)).
Debian 12's 6.1 has the behaviour of generation 6.6.

`-N`: the door cannot show it, note N below says why. A test whose other cells do not all say the same, or
that failed, is **bold** and has an entry in [errata.md](errata.md).
"""


@dataclass
class Column:
    """One door of one generation: its tests by id."""

    generation: str
    door: str
    tests: dict[str, results.TestResult] = field(default_factory=dict)

    def title(self) -> str:
        """The column's head."""
        return f"{self.generation} {self.door}"


@dataclass
class Table:
    """All columns, and what follows from them."""

    columns: list[Column]
    releases: dict[str, str]  # generation: the genuine kernel's release
    explained: list[errata.Erratum]

    def ids(self) -> list[str]:
        """The rows, in the order of the first column that has them."""
        return list(dict.fromkeys(name for column in self.columns for name in column.tests))

    def shown(self, name: str, generation: str) -> list[str]:
        """What the doors of GENERATION say that can show it. A test that is not there counts as ERROR."""
        tests = [c.tests.get(name) for c in self.columns if c.generation == generation]
        verdicts = ["ERROR" if test is None else test.verdict for test in tests]
        return [verdict for verdict in verdicts if verdict not in results.SKIPPED]

    def differs(self, name: str) -> bool:
        """Whether a row needs an explanation."""
        for generation in {c.generation for c in self.columns}:
            shown = set(self.shown(name, generation))
            if len(shown) > 1 or shown & set(results.FAILED):
                return True
        return False

    def differing(self) -> list[str]:
        """The rows that need an explanation."""
        return [name for name in self.ids() if self.differs(name)]

    def faults(self) -> list[str]:
        """Differences without an explanation, explanations without a difference."""
        differing = self.differing()
        by_errata = {name: erratum.id for erratum in self.explained for name in erratum.tests}
        found = [
            f"{name}: {self.row(name)}; docs/errata.md does not explain it"
            for name in differing
            if name not in by_errata
        ]
        found += [
            f"{name}: explained by {by_errata[name]} of docs/errata.md, but nothing differs"
            for name in by_errata
            if name not in differing
        ]
        return found

    def row(self, name: str) -> str:
        """A row for a message: each cell that is not `pass`, with its reason."""
        cells = []
        for column in self.columns:
            test = column.tests.get(name)
            if test is None:
                cells.append(f"{column.title()} has no such test")
            elif test.verdict != "PASS" and test.verdict not in results.SKIPPED:
                cells.append(f"{column.title()} {test.verdict} ({test.reason})")
        return ", ".join(cells)

    def markdown(self) -> str:
        """The whole page. Nothing in it depends on when or how fast it was made."""
        notes: dict[str, int] = {}
        lines = []
        for name in self.ids():
            cells = [_cell(column.tests.get(name), notes) for column in self.columns]
            title = f"**`{name}`**" if self.differs(name) else f"`{name}`"
            lines.append(f"| {title} | {' | '.join(cells)} |")
        heads = [column.title() for column in self.columns]
        kernels = ", ".join(f"{release} for {g}" for g, release in self.releases.items())
        page = [HEAD, f"Genuine kernels: {kernels}.", "", self.summary(), ""]
        page += [f"| test | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|", *lines, ""]
        page += [f"{number}. {_one_line(reason)}" for reason, number in notes.items()]
        return "\n".join(page) + "\n"

    def summary(self) -> str:
        """One line: how much was compared."""
        total = len(self.ids())
        shown = sum(t.verdict not in results.SKIPPED for c in self.columns for t in c.tests.values())
        differing = self.differing()
        names = {name for erratum in self.explained for name in erratum.tests}
        explained = sum(name in names for name in differing)
        return (
            f"{total} tests, {total * len(self.columns)} cells of which {shown} can be shown;"
            f" {len(differing)} tests differ, {explained} of them explained."
        )


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _cell(test: results.TestResult | None, notes: dict[str, int]) -> str:
    if test is None:
        return "ERROR"
    if test.verdict in results.SKIPPED:
        return f"-{notes.setdefault(test.reason, len(notes) + 1)}"
    return "pass" if test.verdict == "PASS" else test.verdict


class Quiet:
    """A reporter that says nothing: the table does."""

    def begin(self, total: int) -> None:
        pass

    def start(self, test_id: str) -> None:
        pass

    def result(self, result: results.TestResult) -> None:
        pass

    def end(self) -> None:
        pass


def column(generation: str, door: str, collected: results.Run) -> Column:
    """COLLECTED as a column."""
    return Column(generation, door, {test.id: test for test in collected.tests})


def gather(say: Callable[[str], None]) -> Table:
    """Runs everything."""
    explained = errata.load()  # before minutes of work
    columns: list[Column] = []
    releases: dict[str, str] = {}
    for generation in SERIES:
        setup = session.Setup(SERIES[generation])
        options = session.suite_options(setup, (), ["--kernel", generation])
        for door, target in (("model", "embedded"), ("psp-run", "psp-run")):
            say(f"compare: {generation}, {door}")
            columns.append(column(generation, door, run.collect(target, options, Quiet())))
        with session.boot(setup, "agent") as guest:
            guest.wait_for_agent()
            releases[generation] = guest.image.release
            ours: tuple[tuple[str, session.Door], ...] = (("CUSE", "cuse"), ("genuine", "genuine"))
            for title, door in ours:
                say(f"compare: {generation}, {title}")
                columns.append(
                    column(generation, title, session.run_door(guest, setup, door, options, Quiet()))
                )
    return Table(columns, releases, explained)


def write(out: Path | None) -> int:
    """The table in OUT, or on stdout. 0, or 1 where a difference has no explanation."""
    try:
        table = gather(session.say)
    except run.RefusedError as refused:
        return refused.code
    except (errata.BadErratumError, OSError) as error:
        tools.fail(tools.EXIT_USAGE, str(error))
    if out is None:
        print(table.markdown(), end="")
    else:
        try:
            out.write_text(table.markdown())
        except OSError as error:
            tools.fail(tools.EXIT_USAGE, f"--out {out}: {error.strerror}")
    faults = table.faults()
    for fault in faults:
        print(f"DIFFERS {fault}", file=sys.stderr)
    print(table.summary(), file=sys.stderr if out is None else sys.stdout)
    return 1 if faults else 0


class NotReadyError(Exception):
    """Something would have to be fetched or built first."""


def ready(kernels: tuple[str, ...] = session.SERIES) -> str:
    """Why guests of KERNELS cannot be booted at once, offline; "" if they can."""

    def decline(text: str) -> None:
        raise NotReadyError(text)

    try:
        vm.qemu_program()
        for series in kernels:
            kernel.kernel(series, decline)  # it tells before it makes one
    except kernel.MissingError as error:
        return str(error)
    except NotReadyError:
        return "the guests' kernels are not in the cache; `make guest` fetches them"
    return ""


def main() -> int:
    """For `make docs`."""
    if why := ready():
        print(f"docs/{FILE.name} is left as it was: {why}")
        return 0
    return write(FILE)


if __name__ == "__main__":
    sys.exit(main())
