"""Certificate tables. Certificate notes, section 4."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from uuid import UUID

from reference import certtable
from reference.certtable import ENTRIES_MAX, ENTRY_SIZE, GUIDS, PLATFORM_INFO, Entry, TableError

from differ import mutate, seeds
from differ.kind import Expected, Input

KNOWN = (*GUIDS.values(), PLATFORM_INFO)
TOP = (1 << 32) - 1


def _guid(rng: Random) -> UUID:
    return UUID(int=rng.getrandbits(128) | 1)


def _guids(rng: Random, count: int) -> list[UUID]:
    known = rng.sample(KNOWN, min(count, rng.randrange(len(KNOWN) + 1)))
    return known + [_guid(rng) for _ in range(count - len(known))]


def _entries(rng: Random, count: int, tail: int) -> list[Entry]:
    """In good form: blobs one after the other, or anywhere in the TAIL bytes after the header."""
    start = at = (count + 1) * ENTRY_SIZE
    end = start + tail
    entries = []
    packed = rng.random() < 0.5
    for i, guid in enumerate(_guids(rng, count)):
        if packed:
            size = tail // count if i else tail - tail // count * (count - 1)
            entries.append(Entry(guid, at, size))
            at += size
        else:
            offset = rng.choice((start, end, rng.randrange(start, end + 1)))
            entries.append(
                Entry(guid, offset, rng.choice((0, end - offset, rng.randrange(end - offset + 1))))
            )
    return entries


def _table(entries: list[Entry], tail: bytes) -> bytes:
    return b"".join(entry.header() for entry in entries) + bytes(ENTRY_SIZE) + tail


def _good(rng: Random, count: int | None = None) -> tuple[list[Entry], bytes]:
    if count is None:
        count = rng.choice((0, 1, 2, 3, 3, 4, 5, 8, ENTRIES_MAX - 1, ENTRIES_MAX))
    tail = rng.randbytes(rng.choice((0, 1, 23, 24, 64, 200)))
    return _entries(rng, count, len(tail)), tail


# Each breaks one entry, or the table, of a good one: entries, which of them, the bytes after the terminator.
Break = Callable[[Random, list[Entry], int, bytes], bytes]


def _with(entries: list[Entry], at: int, new: Entry, tail: bytes) -> bytes:
    return _table([*entries[:at], new, *entries[at + 1 :]], tail)


def _duplicate(rng: Random, entries: list[Entry], at: int, tail: bytes) -> bytes:
    one = entries[at]
    return _with(entries, at, Entry(rng.choice(entries).guid, one.offset, one.length), tail)


def _zero_guid(rng: Random, entries: list[Entry], at: int, tail: bytes) -> bytes:
    one = entries[at]
    offset, length = rng.choice(((one.offset, one.length), (one.offset, 0), (0, one.length), (0, 0)))
    return _with(entries, at, Entry(certtable.ZERO, offset, length), tail)


def _in_header(rng: Random, entries: list[Entry], at: int, tail: bytes) -> bytes:
    end = (len(entries) + 1) * ENTRY_SIZE
    offset = rng.choice((0, 1, end - 1, end - ENTRY_SIZE, end, rng.randrange(end)))
    return _with(entries, at, Entry(entries[at].guid, offset, rng.choice((0, 1, len(tail)))), tail)


def _too_long(rng: Random, entries: list[Entry], at: int, tail: bytes) -> bytes:
    one = entries[at]
    room = (len(entries) + 1) * ENTRY_SIZE + len(tail) - one.offset
    over = (room, room + 1, room + rng.randrange(100), TOP, TOP - one.offset, TOP - one.offset + 1)
    return _with(entries, at, Entry(one.guid, one.offset, rng.choice(over) & TOP), tail)


def _beyond(rng: Random, entries: list[Entry], at: int, tail: bytes) -> bytes:
    size = (len(entries) + 1) * ENTRY_SIZE + len(tail)
    offset = rng.choice((size, size + 1, TOP, TOP - rng.randrange(size)))
    return _with(entries, at, Entry(entries[at].guid, offset, rng.choice((0, 1, TOP, -offset & TOP))), tail)


def _any_numbers(rng: Random, entries: list[Entry], at: int, tail: bytes) -> bytes:
    new = Entry(entries[at].guid, mutate.number(rng, 4), mutate.number(rng, 4))
    return _with(entries, at, new, tail)


def _terminator(rng: Random, entries: list[Entry], _: int, tail: bytes) -> bytes:
    """None; cut off; or with a byte that is not zero."""
    header = b"".join(entry.header() for entry in entries)
    cut = header + bytes(rng.randrange(ENTRY_SIZE))
    marked = mutate.put(bytes(ENTRY_SIZE), rng.randrange(ENTRY_SIZE), bytes([1 << rng.randrange(8)]))
    return rng.choice((header, cut, header + marked + tail))


def _many(rng: Random, _: list[Entry], __: int, tail: bytes) -> bytes:
    count = ENTRIES_MAX + rng.choice((0, 1, 1, 2, 10))
    return _table(_entries(rng, count, len(tail)), tail)


def _cut(rng: Random, entries: list[Entry], _: int, tail: bytes) -> bytes:
    return mutate.truncate(rng, _table(entries, tail))


BROKEN: tuple[Break, ...] = (
    _duplicate, _zero_guid, _in_header, _too_long, _beyond, _any_numbers, _terminator, _many, _cut,
)  # fmt: skip


def _make(rng: Random) -> Input:
    how = rng.random()
    if how < 0.45:
        return Input("good", _table(*_good(rng)))
    if how < 0.8:
        entries, tail = _good(rng, rng.randrange(1, ENTRIES_MAX + 1))
        change = rng.choice(BROKEN)
        return Input(change.__name__[1:], change(rng, entries, rng.randrange(len(entries)), tail))
    whole = rng.choice(seeds.tables())
    data = whole if how < 0.9 else whole[: rng.choice((0xC0, 0x180))]  # mostly header: that is what is read
    if how < 0.97:
        return Input(*mutate.blind(rng, data))
    return Input("splice", mutate.splice(rng, data, rng.choice(seeds.tables())))


def _expect(data: bytes) -> Expected:
    try:
        entries = certtable.parse(data)
    except TableError as error:
        return Expected(f"refused {error.reason}", error.reason)
    words = [f"{e.kind}:{e.guid.hex}:{e.offset}:{e.length}" for e in entries]
    return Expected(" ".join(["valid", str(len(entries)), *words]))


class Tables:
    name, number = "certtable", 1

    def make(self, rng: Random) -> Input:
        return _make(rng)

    def expect(self, data: bytes) -> Expected:
        return _expect(data)
