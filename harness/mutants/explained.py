"""explained.json: survivors that no test can see, and why. Design section 6."""

from __future__ import annotations

import json
from pathlib import Path

FILE = Path(__file__).with_name("explained.json")
KINDS = ("equivalent mutant", "kernel generation", "library non-goal", "UNCONFIRMED fact")


class BadExplanationError(Exception):
    """A row that is not of the form of the design."""


def load(path: Path = FILE) -> dict[str, str]:
    """Explained survivors: id -> kind."""
    rows: dict[str, str] = {}
    for row in json.loads(path.read_text())["rows"]:
        if set(row) != {"id", "kind", "evidence"} or not all(isinstance(v, str) and v for v in row.values()):
            raise BadExplanationError(f"{path.name}: a row has id, kind and evidence, none empty: {row}")
        if row["kind"] not in KINDS:
            raise BadExplanationError(f"{path.name}: {row['id']}: kind is one of {', '.join(KINDS)}")
        if row["id"] in rows:
            raise BadExplanationError(f"{path.name}: {row['id']}: explained twice")
        rows[row["id"]] = row["kind"]
    return rows
