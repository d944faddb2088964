"""Writes DER value by value (X.690), and on request what DER forbids: long lengths, padded numbers, odd tags.

Every function returns the bytes of one whole element unless its name says content.
"""

from __future__ import annotations

from datetime import UTC, datetime

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL_TAG, OID = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
ENUMERATED, UTF8, PRINTABLE, TELETEX, IA5 = 0x0A, 0x0C, 0x13, 0x14, 0x16
UTC_TIME, GENERALIZED_TIME, BMP, SEQUENCE, SET = 0x17, 0x18, 0x1E, 0x30, 0x31


def length(size: int, octets: int = 0) -> bytes:
    """The length octets: the fewest, or the long form with OCTETS of them after the first."""
    if octets:
        return bytes([0x80 | octets]) + size.to_bytes(octets, "big")
    if size < 0x80:
        return bytes([size])
    return length(size, (size.bit_length() + 7) // 8)


def tlv(tag: int, content: bytes, octets: int = 0) -> bytes:
    return bytes([tag]) + length(len(content), octets) + content


def sequence(*parts: bytes) -> bytes:
    return tlv(SEQUENCE, b"".join(parts))


def set_of(*parts: bytes) -> bytes:
    return tlv(SET, b"".join(parts))


def explicit(number: int, content: bytes) -> bytes:
    """[number] EXPLICIT, or any constructed context tag."""
    return tlv(0xA0 | number, content)


def integer_content(value: int) -> bytes:
    """Two's complement in the fewest bytes."""
    size = 1
    while not -(1 << (8 * size - 1)) <= value < 1 << (8 * size - 1):
        size += 1
    return value.to_bytes(size, "big", signed=True)


def integer(value: int) -> bytes:
    return tlv(INTEGER, integer_content(value))


def oid_content(dotted: str) -> bytes:
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    out = b""
    for arc in (40 * first + second, *rest):
        base = bytes([arc & 0x7F])
        while arc := arc >> 7:
            base = bytes([0x80 | arc & 0x7F]) + base
        out += base
    return out


def oid(dotted: str) -> bytes:
    return tlv(OID, oid_content(dotted))


def boolean(value: bool) -> bytes:
    return tlv(BOOLEAN, b"\xff" if value else b"\x00")


def null() -> bytes:
    return tlv(NULL_TAG, b"")


def octets(content: bytes) -> bytes:
    return tlv(OCTET_STRING, content)


def bits(content: bytes, unused: int = 0) -> bytes:
    return tlv(BIT_STRING, bytes([unused]) + content)


def text(tag: int, value: str) -> bytes:
    return tlv(tag, value.encode("utf-16-be" if tag == BMP else "utf-8"))


def moment(iso: str) -> datetime:
    """2026-01-01T00:00:00Z as a time."""
    return datetime.strptime(iso, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def utc_time(iso: str) -> bytes:
    return tlv(UTC_TIME, moment(iso).strftime("%y%m%d%H%M%SZ").encode())


def generalized_time(iso: str) -> bytes:
    return tlv(GENERALIZED_TIME, moment(iso).strftime("%Y%m%d%H%M%SZ").encode())
