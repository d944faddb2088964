"""What makes bytes one certificate, as far as reference/cert.py leaves it to the chain, which compares whole
bytes: algorithms and the key. RFC 5280, section 4.1; X.690, sections 8 to 11. It is refused either way.
And what a certificate claims to be by its common names alone, as pki.h says of pki_cert_role.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from reference import cert, der_read
from reference.der_read import DerError, Reader, Value

CONSTRUCTED = 0x20
APPLICATION = 0x40  # below are the universal tags
END_OF_CONTENTS = 0x00
NULL = 0x05
VERSION = 0xA0
UNIQUE_IDS = (0x81, 0x82)
COMMON_NAME = bytes.fromhex("550403")
BMP, UNIVERSAL = 0x1E, 0x1C
DEPTH_MAX = 16  # our capacity, not the format's
KEPT = 4096  # of what repeats from one certificate to the next


def _bits(value: Value) -> None:
    """A BIT STRING: how many bits of the last byte are not used, and these are zero."""
    content = value.content
    if not content or content[0] > (7 if len(content) > 1 else 0) or content[-1] & ((1 << content[0]) - 1):
        raise DerError("a BIT STRING with wrong unused bits")


def _null(value: Value) -> None:
    if value.content:
        raise DerError("a NULL with content")


def _wide(size: int) -> Callable[[Value], None]:
    """A string of characters of SIZE bytes each."""

    def judge(value: Value) -> None:
        if len(value.content) % size:
            raise DerError("a string that ends inside a character")

    return judge


_PRIMITIVE: dict[int, Callable[[Value], object]] = {
    BMP: _wide(2),
    UNIVERSAL: _wide(4),
    der_read.INTEGER: der_read.integer,
    der_read.BIT_STRING: _bits,
    NULL: _null,
    der_read.OID: der_read.oid,
}


def _walk(data: bytes, depth: int) -> None:
    """Every element inside DATA has a length of DER; TRUE is FF, and FALSE, the default, is left out."""
    if data and depth > DEPTH_MAX:
        raise DerError("nested too deep")
    reader = Reader(data)
    while (tag := reader.peek()) is not None:
        value = reader.take(tag)
        if tag == der_read.BOOLEAN:
            der_read.true_flag(value)
        if tag | CONSTRUCTED in (der_read.SEQUENCE, der_read.SET) and not tag & CONSTRUCTED:
            raise DerError("a SEQUENCE or SET that is not constructed")
        if tag & CONSTRUCTED:
            _walk(value.content, depth + 1)


@lru_cache(KEPT)
def _algorithm(whole: bytes, depth: int) -> None:
    """AlgorithmIdentifier: an OID and at most one value, a good one of its type. DEPTH: what is around it."""
    _walk(whole, depth)
    reader = Reader(der_read.only(whole, der_read.SEQUENCE).content)
    der_read.oid(reader.take(der_read.OID))
    if (tag := reader.peek()) is not None:
        value = reader.take(tag)
        if tag in _PRIMITIVE:
            _PRIMITIVE[tag](value)
        if tag == END_OF_CONTENTS and not value.content:
            raise DerError("the end of an indefinite length")
        if tag < APPLICATION and bool(tag & CONSTRUCTED) != (
            tag | CONSTRUCTED in (der_read.SEQUENCE, der_read.SET)
        ):
            raise DerError("a value in parts, or a SEQUENCE in none")
    reader.end()


@lru_cache(KEPT)
def _key(whole: bytes) -> None:
    """SubjectPublicKeyInfo: an algorithm and a BIT STRING."""
    reader = Reader(der_read.only(whole, der_read.SEQUENCE).content)
    _algorithm(reader.take(der_read.SEQUENCE).whole, 3)
    _bits(reader.take(der_read.BIT_STRING))
    reader.end()


def check(one: cert.Cert) -> None:
    """DerError unless ONE is a certificate all through."""
    if not 1 <= one.version <= 3:
        raise DerError("a version that X.509 does not have")
    parts = Reader(der_read.only(one.tbs, der_read.SEQUENCE).content)
    if one.version == 1 and parts.peek() == VERSION:
        raise DerError("the default version is not left out")
    while (tag := parts.peek()) is not None:
        part = parts.take(tag)
        if tag in UNIQUE_IDS:
            _bits(part)
    _algorithm(one.inner_algorithm, 2)
    _algorithm(one.outer_algorithm, 1)
    _key(one.spki)


@lru_cache(KEPT)
def claims(raw: bytes) -> tuple[str | None, str | None]:
    """The kind and the product line that the only common name of the Name RAW stands for, wherever it is."""
    found = []
    for rdn in der_read.items(der_read.only(raw, der_read.SEQUENCE).content, der_read.SET):
        for pair in der_read.items(rdn.content, der_read.SEQUENCE):
            reader = Reader(pair.content)
            if reader.take(der_read.OID).content == COMMON_NAME:
                value = reader.take(reader.peek() or 0)
                found.append(value.content.decode("utf-8", "replace"))
    return cert.kind_and_line(cert.Name(raw, found[0] if len(found) == 1 else None))
