"""One defect in a certificate table. Where it has the twin's size only the named fields may differ; one that
was cut is the beginning of the twin's."""

from __future__ import annotations

from reference.bundle import Case
from reference.certtable import ENTRIES_MAX, ENTRY_SIZE
from reference.single import ranges

PARTS = {"guid": (0, 16), "offset": (16, 4), "length": (20, 4)}
FIELDS: ranges.Fields = {
    f"entry {index}.{part}": (index * ENTRY_SIZE + at, size)
    for index in range(ENTRIES_MAX)
    for part, (at, size) in PARTS.items()
}
CUT = "size"  # the field of a table that ends early


def check(case: Case, twin: Case) -> list[str]:
    """What differs and is not named."""
    found = []
    for member, field, _ in case.changes:
        mine, its = case.input[member], twin.input[member]
        if field == CUT:
            if not its.startswith(mine):
                found.append(f"{field}: is not the beginning of the twin's table")
        elif len(mine) == len(its):
            at = ranges.outside(mine, its, ranges.of(field.split(", "), FIELDS))
            if at is not None:
                found.append(f"{field}: differs from the twin at {at:#x} too")
    return found
