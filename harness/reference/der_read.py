"""A strict reader of DER: tags of one byte, definite lengths in their fewest bytes, nothing left over.

Written apart from the writer (der.py): what mints a certificate and what judges it share no code.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

BOOLEAN = 0x01
INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
OID = 0x06
UTF8 = 0x0C
PRINTABLE = 0x13
IA5 = 0x16
UTC_TIME = 0x17
GENERALIZED_TIME = 0x18
SEQUENCE = 0x30
SET = 0x31


class DerError(ValueError):
    """Bytes that are not the DER that was expected."""


@dataclass(frozen=True)
class Value:
    tag: int
    content: bytes
    whole: bytes  # header included


def _header(data: bytes, at: int) -> tuple[int, int, int]:
    """Tag, start of the content, end of the content."""
    if len(data) - at < 2:
        raise DerError("ends inside a header")
    tag, first = data[at], data[at + 1]
    if tag & 0x1F == 0x1F:
        raise DerError("a tag of several bytes")
    start = at + 2
    length = first
    if first & 0x80:
        count = first & 0x7F
        if not 1 <= count <= 4 or len(data) - start < count:
            raise DerError("a length that is indefinite, too long or cut off")
        length = int.from_bytes(data[start : start + count], "big")
        start += count
        if length < 0x80 or length >> 8 * (count - 1) == 0:
            raise DerError("a length that is not in its fewest bytes")
    if len(data) - start < length:
        raise DerError("a value that ends beyond the bytes")
    return tag, start, start + length


class Reader:
    """Takes values off DATA one after the other."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def peek(self) -> int | None:
        return self.data[self.at] if self.at < len(self.data) else None

    def take(self, tag: int) -> Value:
        found, start, end = _header(self.data, self.at)
        if found != tag:
            raise DerError(f"tag {found:#04x}, not {tag:#04x}")
        value = Value(found, self.data[start:end], self.data[self.at : end])
        self.at = end
        return value

    def take_if(self, tag: int) -> Value | None:
        return self.take(tag) if self.peek() == tag else None

    def end(self) -> None:
        if self.at != len(self.data):
            raise DerError("bytes after the last value")


def only(data: bytes, tag: int) -> Value:
    """DATA as exactly one value."""
    reader = Reader(data)
    value = reader.take(tag)
    reader.end()
    return value


def items(data: bytes, tag: int) -> list[Value]:
    """DATA as values of TAG, to its end."""
    reader = Reader(data)
    found = []
    while reader.peek() is not None:
        found.append(reader.take(tag))
    return found


def integer(value: Value) -> int:
    """An INTEGER's number: at least one byte, and no more than it needs."""
    content = value.content
    if value.tag != INTEGER or not content:
        raise DerError("an INTEGER without content")
    if len(content) > 1 and content[0] in (0x00, 0xFF) and content[0] >> 7 == content[1] >> 7:
        raise DerError("an INTEGER that is not in its fewest bytes")
    return int.from_bytes(content, "big", signed=True)


def true_flag(value: Value) -> bool:
    """A BOOLEAN that DER writes: TRUE, for FALSE is the default wherever we read one."""
    if value.content != b"\xff":
        raise DerError("a BOOLEAN that is not FF")
    return True


def bits(value: Value) -> bytes:
    """The bytes of a BIT STRING without unused bits."""
    if not value.content or value.content[0] != 0:
        raise DerError("a BIT STRING with unused bits")
    return value.content[1:]


def flags(value: Value) -> bytes:
    """The bytes of a BIT STRING of named bits. Its count of unused bits need not be the largest, as that of
    AMD's ASK is not (certificate notes, 1.2); the unused ones are zero."""
    content = value.content
    if len(content) < 2 or content[0] > 7:
        raise DerError("a BIT STRING without bits")
    if content[-1] & ((1 << content[0]) - 1):
        raise DerError("a BIT STRING with a bit among the unused ones")
    return content[1:]


def oid(value: Value) -> str:
    """An OBJECT IDENTIFIER in dots."""
    content = value.content
    if not content or content[-1] & 0x80:
        raise DerError("an OID that is cut off")
    arcs: list[int] = []
    number, fresh = 0, True
    for byte in content:
        if fresh and byte == 0x80:
            raise DerError("an OID arc that is padded")
        number = number << 7 | byte & 0x7F
        fresh = not byte & 0x80
        if fresh:
            arcs.append(number)
            number = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(str(arc) for arc in (first, arcs[0] - 40 * first, *arcs[1:]))


def time(value: Value) -> int:
    """A UTCTime or GeneralizedTime with seconds and Z, in seconds since 1970. RFC 5280, 4.1.2.5."""
    text = value.content.decode("ascii", "replace")
    digits = 12 if value.tag == UTC_TIME else 14
    if len(text) != digits + 1 or text[-1] != "Z" or not text[:-1].isdigit() or not text.isascii():
        raise DerError(f"a time that is not {digits} digits and Z")
    text = text[:-1]
    if value.tag == UTC_TIME:
        text = ("19" if text[:2] >= "50" else "20") + text
    try:
        moment = datetime.datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=datetime.UTC)
    except ValueError as error:
        raise DerError("a date that does not exist") from error
    return int(moment.timestamp())
