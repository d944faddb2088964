"""docs/errata.md: why a test may say something else on one door than on another. Design section 6.

usage: python -m guest.errata      checks its form
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).resolve().parents[2] / "docs" / "errata.md"
KINDS = ("equivalent mutant", "kernel generation", "library non-goal", "UNCONFIRMED fact")
COLUMNS = ("id", "kind", "tests", "evidence")
ID = re.compile(r"ERR-[0-9]{3}")


class BadErratumError(Exception):
    """A row that is not of the form of the design."""


@dataclass(frozen=True)
class Erratum:
    """One row."""

    id: str
    kind: str
    tests: tuple[str, ...]
    evidence: str


def cells(line: str) -> list[str]:
    """The cells of a table's line."""
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def read(text: str) -> list[Erratum]:
    """The rows of the table whose head is COLUMNS; each is checked."""
    lines = text.splitlines()
    heads = [i for i, line in enumerate(lines) if line.startswith("|") and tuple(cells(line)) == COLUMNS]
    if len(heads) != 1:
        raise BadErratumError(f"errata: one table has the columns {', '.join(COLUMNS)}, not {len(heads)}")
    rows: list[Erratum] = []
    for line in lines[heads[0] + 2 :]:
        if not line.startswith("|"):
            break
        row = cells(line)
        if len(row) != len(COLUMNS) or not all(row):
            raise BadErratumError(f"errata: a row has {', '.join(COLUMNS)}, none empty: {line}")
        name, kind, tests, evidence = row
        if not ID.fullmatch(name) or name in {r.id for r in rows}:
            raise BadErratumError(f"errata: {name}: an id is ERR- and three digits, each once")
        if kind not in KINDS:
            raise BadErratumError(f"errata: {name}: kind is one of {', '.join(KINDS)}")
        rows.append(Erratum(name, kind, tuple(re.findall(r"[^\s,`]+", tests)), evidence))
    return rows


def load(path: Path = FILE) -> list[Erratum]:
    """The errata of the tree."""
    return read(path.read_text())


if __name__ == "__main__":
    print(f"errata: {len(load())} rows")
