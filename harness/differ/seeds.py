"""What mutation starts from: the base worlds of the vectors, and the inputs of the vector files."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from reference import bundle, certtable, world

CASES = Path(__file__).resolve().parents[2] / "vectors" / "cases"
CERTIFICATES = ("vcek", "vlek", "ask", "asvk", "ark")


@cache
def cases() -> tuple[bundle.Case, ...]:
    """The cases of all vector files, in their order."""
    return tuple(case for path in sorted(CASES.glob("*.json")) for case in bundle.read(path).cases)


def _members(name: str) -> Iterator[Any]:
    return (case.input[name] for case in cases() if name in case.input)


def _distinct(found: Iterator[Any]) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys(value for value in found if isinstance(value, bytes)))


@cache
def reports() -> tuple[bytes, ...]:
    def found() -> Iterator[Any]:
        yield from (w.report for w in world.worlds())
        yield from _members("report")

    return _distinct(found())


@cache
def certificates() -> tuple[bytes, ...]:
    def found() -> Iterator[Any]:
        for w in world.worlds():
            yield from w.certs.values()
        for certs in _members("certs"):
            yield from (certs[name] for name in CERTIFICATES if name in certs)

    return _distinct(found())


@cache
def tables() -> tuple[bytes, ...]:
    def found() -> Iterator[Any]:
        for w in world.worlds()[::6]:
            kinds = zip(("VCEK", "ASK", "ARK"), w.certs.values(), strict=True)
            yield certtable.build([(certtable.GUIDS[kind], data) for kind, data in kinds], certtable.PAGE)
        yield from _members("table")

    return _distinct(found())


@cache
def messages() -> tuple[tuple[bytes, tuple[bytes, ...]], ...]:
    """Pages with the keys that seal them."""
    return tuple(
        (case.input["page"], tuple(bytes.fromhex(key) for key in case.input["vmpck"]))
        for case in cases()
        if case.op == "request" and not case.input.get("request_at")
    )
