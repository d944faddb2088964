"""ECDSA verification over P-384 in plain integers, so that it shares nothing with OpenSSL.

Curve: y^2 = x^3 - 3x + B modulo P, base point G of prime order N (public constants of the curve).
"""

from __future__ import annotations

import hashlib

P = 2**384 - 2**128 - 2**96 + 2**32 - 1
N = int(
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973", 16
)
B = int(
    "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef", 16
)
GX = int(
    "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7", 16
)
GY = int(
    "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f", 16
)

Point = tuple[int, int] | None  # None: the point at infinity


def on_curve(x: int, y: int) -> bool:
    """Coordinates in range that satisfy the equation; infinity has none."""
    return x < P and y < P and (y * y - x * x * x + 3 * x - B) % P == 0


def add(a: Point, b: Point) -> Point:
    if a is None:
        return b
    if b is None:
        return a
    (ax, ay), (bx, by) = a, b
    if ax == bx:
        if (ay + by) % P == 0:
            return None
        slope = (3 * ax * ax - 3) * pow(2 * ay, -1, P) % P
    else:
        slope = (by - ay) * pow(bx - ax, -1, P) % P
    x = (slope * slope - ax - bx) % P
    return x, (slope * (ax - x) - ay) % P


def times(k: int, point: Point) -> Point:
    out: Point = None
    while k:
        if k & 1:
            out = add(out, point)
        point = add(point, point)
        k >>= 1
    return out


def with_x(x: int) -> tuple[int, int]:
    """A point of that x."""
    y = pow(x**3 - 3 * x + B, (P + 1) // 4, P)
    assert on_curve(x, y), f"no point has x = {x:#x}"
    return x, y


def add_affine(a: Point, b: Point) -> tuple[int, int]:
    """A sum that is not infinity."""
    found = add(a, b)
    assert found is not None
    return found


def verify(public: tuple[int, int], message: bytes, r: int, s: int) -> bool:
    """Whether (R, S) signs the SHA-384 of MESSAGE."""
    if not (0 < r < N and 0 < s < N):
        return False
    e = int.from_bytes(hashlib.sha384(message).digest(), "big")
    w = pow(s, -1, N)
    found = add(times(e * w % N, (GX, GY)), times(r * w % N, public))
    return found is not None and found[0] % N == r
