"""One defect in a certificate table: what differs of its entries, of what they name, and of its end.

Names: "entry 2.offset" (guid, length, blob), "entry 2" (the table ends before it), "terminator", "size" of a
table that is the beginning of the twin's. Offsets are compared from the header's end.
"""

from __future__ import annotations

from collections.abc import Iterator

from reference.bundle import Case
from reference.certtable import ENTRY_SIZE

CUT = "size"
Row = tuple[bytes, int, int]  # GUID, offset, length


def _read(table: bytes) -> tuple[list[Row], int, bool]:
    """The entries as they stand there, the end of the header, whether a terminator ends it."""
    rows: list[Row] = []
    for at in range(0, len(table) - ENTRY_SIZE + 1, ENTRY_SIZE):
        raw = table[at : at + ENTRY_SIZE]
        if raw == bytes(ENTRY_SIZE):
            return rows, at + ENTRY_SIZE, True
        rows.append((raw[:16], int.from_bytes(raw[16:20], "little"), int.from_bytes(raw[20:], "little")))
    return rows, len(rows) * ENTRY_SIZE, False


def _differing(mine: bytes, its: bytes) -> Iterator[str]:
    rows, end, ended = _read(its)
    ours, our_end, our_ended = _read(mine)
    if ended and not our_ended:  # blobs follow that are no entries
        ours, our_end = ours[: len(rows)], min(our_end, len(rows) * ENTRY_SIZE)
        yield "terminator"
    for index, (one, other) in enumerate(zip(ours, rows, strict=False)):
        name = f"entry {index}"
        if one[0] != other[0]:
            yield f"{name}.guid"
        if one[1] - our_end != other[1] - end:
            yield f"{name}.offset"
        if one[2] != other[2]:
            yield f"{name}.length"
        if one[1] - our_end == other[1] - end and one[2] == other[2]:
            blob, its_blob = (t[at : at + n] for t, (_, at, n) in ((mine, one), (its, other)))
            if blob != its_blob:
                yield f"{name}.blob"
    yield from (f"entry {index}" for index in range(len(ours), len(rows)))
    yield from (f"entry {index} added" for index in range(len(rows), len(ours)))
    if our_ended and mine[our_end:] != its[end:]:
        yield "data"


def check(case: Case, twin: Case) -> list[str]:
    """What differs and is not named, and what is named and does not differ."""
    found = []
    for member, field, _ in case.changes:
        mine, its = case.input[member], twin.input[member]
        if field == CUT:
            if not its.startswith(mine):
                found.append(f"{field}: is not the beginning of the twin's table")
            continue
        differ, names = list(_differing(mine, its)), field.split(", ")
        found += [f"{field}: differs from the twin in {name} too" for name in differ if name not in names]
        found += [f"{field}: {name} is as in the twin" for name in names if name not in differ]
    return found
