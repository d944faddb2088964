"""Changes that know nothing of a format."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

BYTES = (0x00, 0x01, 0x02, 0x04, 0x10, 0x20, 0x30, 0x7F, 0x80, 0x81, 0x82, 0x84, 0xA0, 0xFE, 0xFF)
NUMBERS = (0, 1, 2, 3, 4, 5, 15, 16, 17, 24, 0x7F, 0x80, 0xFF, 0x100, 0xFFF, 0x1000, 0x1001)


def number(rng: Random, size: int) -> int:
    """A number of SIZE bytes: near an edge, a single bit, or any."""
    top = 1 << 8 * size
    how = rng.randrange(5)
    if how == 0:
        return rng.choice(NUMBERS) % top
    if how == 1:
        return (top - rng.randrange(1, 18)) % top
    if how == 2:
        return 1 << rng.randrange(8 * size)
    if how == 3:
        return (top >> 1) - rng.randrange(2)
    return rng.randrange(top)


def put(data: bytes, at: int, new: bytes) -> bytes:
    """DATA with NEW in place of what was at AT."""
    return data[:at] + new + data[at + len(new) :]


def flip(rng: Random, data: bytes) -> bytes:
    """One to three bits."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 3)) if data else 0):
        out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
    return bytes(out)


def poke(rng: Random, data: bytes) -> bytes:
    """One byte."""
    return put(data, rng.randrange(len(data)), bytes([rng.choice(BYTES)])) if data else data


def overwrite(rng: Random, data: bytes) -> bytes:
    """A run of bytes with zeros, ones or noise."""
    at = rng.randrange(len(data) + 1)
    size = min(rng.choice((2, 4, 8, 16, 24, 64)), len(data) - at)
    return put(data, at, rng.choice((bytes(size), b"\xff" * size, rng.randbytes(size))))


def truncate(rng: Random, data: bytes) -> bytes:
    """A start of it."""
    near = rng.random() < 0.5
    return data[: max(0, len(data) - rng.randrange(1, 33)) if near else rng.randrange(len(data) + 1)]


def grow(rng: Random, data: bytes) -> bytes:
    """Bytes after it."""
    size = rng.randrange(1, 33)
    return data + (bytes(size) if rng.random() < 0.5 else rng.randbytes(size))


def drop(rng: Random, data: bytes) -> bytes:
    """A run of bytes less."""
    at = rng.randrange(len(data) + 1)
    return data[:at] + data[at + rng.choice((1, 1, 2, 4, 24)) :]


def insert(rng: Random, data: bytes) -> bytes:
    """A run of bytes more."""
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.randbytes(rng.choice((1, 1, 2, 4, 24))) + data[at:]


BLIND: tuple[Callable[[Random, bytes], bytes], ...] = (flip, poke, overwrite, truncate, grow, drop, insert)


def blind(rng: Random, data: bytes) -> tuple[str, bytes]:
    """One of these, by its name."""
    change = rng.choice(BLIND)
    return change.__name__, change(rng, data)


def splice(rng: Random, one: bytes, two: bytes) -> bytes:
    """The start of ONE, then TWO from the same place on."""
    at = rng.randrange(min(len(one), len(two)) + 1)
    return one[:at] + two[at:]
