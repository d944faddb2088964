"""One defect in a list of objects: the steps of a script, entries of a table, requests.

A change's field names what is otherwise than in the twin: "1.host" (member host of row 1), "3 added" (row 3,
which the twin has not), "2 missing" (the twin's row 2). An entry of the RMP is named by its address.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reference.bundle import Case

Row = Mapping[str, Any]
LISTS = ("steps", "requests")
ABSENT = object()


def _members(mine: Row, its: Row, name: str) -> Iterator[str]:
    for member in sorted(mine.keys() | its.keys()):
        if mine.get(member, ABSENT) != its.get(member, ABSENT):
            yield f"{name}.{member}"


def entries(mine: Sequence[Row], its: Sequence[Row]) -> list[str]:
    """In what two lists of RMP entries differ."""
    ours, theirs = ({row["at"]: row for row in rows} for rows in (mine, its))
    found = [] if len(ours) == len(mine) else ["two entries of one address"]
    for at in sorted(ours.keys() | theirs.keys(), key=lambda text: int(text, 16)):
        if at not in theirs:
            found.append(f"{at} added")
        elif at not in ours:
            found.append(f"{at} missing")
        else:
            found += _members(ours[at], theirs[at], at)
    return found


def numbered(mine: Sequence[Row], its: Sequence[Row], named: Sequence[str] = ()) -> list[str]:
    """In what two lists differ besides the rows that NAMED adds or leaves out."""
    rest = list(its)
    for index in sorted((int(n.split()[0]) for n in named if n.endswith(" missing")), reverse=True):
        del rest[index]
    for index in sorted(int(n.split()[0]) for n in named if n.endswith(" added")):
        rest.insert(index, mine[index])
    if len(rest) != len(mine):
        return [f"{len(mine)} rows, the twin's are {len(its)}"]
    return [path for i, (a, b) in enumerate(zip(mine, rest, strict=True)) for path in _members(a, b, str(i))]


def check(case: Case, twin: Case) -> list[str]:
    """What differs and is not named, and what is named and does not differ."""
    found = []
    for member, field, _ in case.changes:
        if member not in (*LISTS, "entries"):
            continue
        mine, its = case.input.get(member, []), twin.input.get(member, [])
        named = field.split(", ")
        differ = entries(mine, its) if member == "entries" else numbered(mine, its, named)
        members = {n for n in named if member == "entries" or not n.endswith((" added", " missing"))}
        found += [f"{member}: differs from the twin in {path} too" for path in differ if path not in members]
        found += [f"{member}: {path} is as in the twin" for path in sorted(members - set(differ))]
    return found
