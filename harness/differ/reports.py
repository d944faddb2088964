"""Reports: size, form, version rule, every field. Report notes, sections 1 to 5 and 9."""

from __future__ import annotations

import re
from random import Random
from typing import Any

from reference import report
from reference.report import FIELDS, RESERVED, UNSIGNED, ReportError
from reference.tcb import COMPONENTS

from differ import mutate, seeds
from differ.kind import Expected, Input

UNKNOWN = "unknown"  # how differ.c writes a product line that is not known

VERSION, POLICY, KEY_INFO = (FIELDS[name].offset for name in ("version", "policy", "key_info"))
FMS = slice(0x188, 0x18B)
MITIGATIONS = slice(0x1F8, 0x208)
NUMBER_UPPER = (slice(0x2D0, 0x2E8), slice(0x318, 0x330))  # of R and S
GOOD_VERSIONS = (2, 3, 3, 4, 5, 5)
FUTURE_VERSIONS = (6, 7, 0x100, 0x102, 0x10000, 0x7FFFFFFF, 0x80000002, 0xFFFFFFFF)
FAMILIES = (0x18, 0x19, 0x19, 0x1A, 0x1A, 0x1B)
MODELS = (0x00, 0x0F, 0x10, 0x11, 0x12, 0x1F, 0x20, 0x9F, 0xA0, 0xAF, 0xB0, 0xFF)
LEGACY_TCB, TURIN_TCB = (0, 1, 6, 7), (0, 1, 2, 3, 7)  # bytes in use


def _tcb(rng: Random) -> bytes:
    """Keeps to a layout, mostly."""
    out = bytearray(8)
    for at in rng.choice((LEGACY_TCB, TURIN_TCB, range(8))):
        out[at] = rng.choice((0, 1, 0x7F, 0xFF, rng.randrange(256)))
    return bytes(out)


def _value(rng: Random, name: str) -> bytes:
    field = FIELDS[name]
    if field.kind == "tcb":
        return _tcb(rng)
    if name == "cpuid_fam_id":
        return bytes([rng.choice(FAMILIES)])
    if name == "cpuid_mod_id":
        return bytes([rng.choice(MODELS)])
    if field.kind == "number":
        return mutate.number(rng, field.size).to_bytes(field.size, "little")
    return rng.choice((bytes(field.size), b"\xff" * field.size, rng.randbytes(field.size)))


def _settle(data: bytearray) -> None:
    """What the form asks for."""
    data[POLICY + 2] |= 2
    data[KEY_INFO : KEY_INFO + 4] = bytes([data[KEY_INFO] & 0x1F, 0, 0, 0])
    for upper in NUMBER_UPPER:
        data[upper] = bytes(24)
    version = int.from_bytes(data[VERSION : VERSION + 4], "little")
    if version == 2:
        data[FMS] = bytes(3)
    if version in (2, 3):
        data[MITIGATIONS] = bytes(16)


def _fields(rng: Random, data: bytes) -> bytes:
    """Other values of one to four fields, in good form."""
    out = bytearray(data)
    for name in rng.sample(sorted(FIELDS), rng.choice((1, 2, 4))):
        field = FIELDS[name]
        out[field.offset : field.offset + field.size] = _value(rng, name)
    version = rng.choice(FUTURE_VERSIONS if rng.random() < 0.15 else GOOD_VERSIONS)
    out[VERSION : VERSION + 4] = version.to_bytes(4, "little")
    _settle(out)
    return bytes(out)


def _reserved(rng: Random, data: bytes) -> bytes:
    """A byte of a reserved range; its edges as often as all the rest."""
    start, end = rng.choice((*RESERVED, *UNSIGNED))
    at = rng.choice((start, end - 1, rng.randrange(start, end)))
    return mutate.put(data, at, bytes([1 << rng.randrange(8)]))


def _by_version(rng: Random, data: bytes) -> bytes:
    """Bytes that only some versions have."""
    version = rng.choice((2, 2, 3, 3, 4, 5)).to_bytes(4, "little")
    at = rng.choice((0x188, 0x189, 0x18A, 0x1F8, 0x1FF, 0x200, 0x207, rng.randrange(0x1F8, 0x208)))
    return mutate.put(mutate.put(data, VERSION, version), at, bytes([1 << rng.randrange(8)]))


def _policy_bit(_: Random, data: bytes) -> bytes:
    return mutate.put(data, POLICY + 2, bytes([data[POLICY + 2] & ~2 & 0xFF]))


def _key_info(rng: Random, data: bytes) -> bytes:
    bits = int.from_bytes(data[KEY_INFO : KEY_INFO + 4], "little") | 1 << rng.randrange(5, 32)
    return mutate.put(data, KEY_INFO, bits.to_bytes(4, "little"))


def _old_version(rng: Random, data: bytes) -> bytes:
    return mutate.put(data, VERSION, bytes([rng.randrange(2), 0, 0, 0]))


def _size(rng: Random, data: bytes) -> bytes:
    """One of the sizes that somebody may take for a report's."""
    size = rng.choice((0, 1, 0x2A0, 0x49F, 0x4A1, 0x4C0, 0x1000, rng.randrange(0x500)))
    return data.ljust(size, b"\0")[:size]


BROKEN = (_reserved, _reserved, _reserved, _by_version, _policy_bit, _key_info, _old_version, _size)


def _make(rng: Random) -> Input:
    data = rng.choice(seeds.reports())
    if len(data) != report.SIZE:
        return Input("vector", data)
    how = rng.random()
    if how < 0.5:
        return Input("fields", _fields(rng, data))
    if how < 0.75:
        change = rng.choice(BROKEN)
        return Input(change.__name__[1:], change(rng, _fields(rng, data)))
    if how < 0.95:
        return Input(*mutate.blind(rng, data))
    return Input("splice", mutate.splice(rng, data, rng.choice(seeds.reports())))


def _text(value: Any) -> str:
    """A member of report.decoded() as differ.c writes it."""
    if value is None:
        return "-"
    if isinstance(value, dict):
        parts = ".".join(str(value.get(name, 0)) for name in COMPONENTS)
        return f"{value['raw']}:{parts}" if len(value) > 1 else str(value["raw"])
    if isinstance(value, bool):
        return str(int(value))
    return hex(value) if isinstance(value, int) else str(value)


def _line(word: str, found: report.Report) -> str:
    values = report.decoded(found)
    values["product"] = values["product"] or UNKNOWN
    return " ".join([word, *(f"{name}={_text(value)}" for name, value in values.items())])


def _expect(data: bytes) -> Expected:
    try:
        found = report.parse(data)
    except ReportError as error:
        return Expected("parse", re.sub(r"^\d+ bytes", "N bytes", str(error)))
    try:
        report.check_version(found, future=True)
    except ReportError as error:
        return Expected("version", str(error))
    try:
        report.check_version(found, future=False)
    except ReportError:
        return Expected(_line("future", found), "version above 5")
    return Expected(_line("valid", found))


class Reports:
    name, number = "report", 0

    def make(self, rng: Random) -> Input:
        return _make(rng)

    def expect(self, data: bytes) -> Expected:
        return _expect(data)
