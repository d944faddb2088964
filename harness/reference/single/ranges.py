"""Bytes in which two inputs of one length differ, held to the fields that a change names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

Fields = Mapping[str, tuple[int, int]]  # offset and size


def of(names: Iterable[str], fields: Fields) -> list[range]:
    """The bytes of those NAMES that are fields."""
    return [range(at, at + size) for at, size in (fields[name] for name in names if name in fields)]


def outside(mine: bytes, its: bytes, allowed: Sequence[range]) -> int | None:
    """The first offset outside ALLOWED at which two strings of one length differ."""
    differ = (at for at in range(len(mine)) if mine[at] != its[at])
    return next((at for at in differ if not any(at in place for place in allowed)), None)
