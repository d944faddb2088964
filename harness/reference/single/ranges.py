"""Bytes in which two inputs of one size differ, held to the fields that a change names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

Fields = Mapping[str, tuple[int, int]]  # offset and size


def compare(mine: bytes, its: bytes, names: Iterable[str], fields: Fields) -> Iterator[str]:
    """What speaks against MINE differing from ITS in the fields NAMES, in each of them and nowhere else."""
    if len(mine) != len(its):
        yield f"{len(mine)} bytes, the twin's are {len(its)}"
        return
    differ = {at for at in range(len(mine)) if mine[at] != its[at]}
    for name in names:
        if name not in fields:
            yield f"{name} is no field"
            continue
        at, size = fields[name]
        if differ.isdisjoint(range(at, at + size)):
            yield f"{name} is as in the twin"
        differ.difference_update(range(at, at + size))
    if differ:
        yield f"differs from the twin at {min(differ):#x} too"
