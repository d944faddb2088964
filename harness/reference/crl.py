"""A certificate revocation list by the ARK: certificate notes, section 3 (CRL facts), RFC 5280 section 5.

No genuine list was seen: nothing is asked of its version or of the order and number of its extensions, which
the ARK signed as they are (docs/disagreements.md, 15).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from reference import cert, der_read
from reference.cert import Cert, CertError
from reference.der_read import DerError, Reader

DELTA = "2.5.29.27"  # deltaCRLIndicator
SCOPE = "2.5.29.28"  # issuingDistributionPoint
KNOWN = ("2.5.29.20", "2.5.29.35")  # cRLNumber, authorityKeyIdentifier


class CrlError(ValueError):
    """A list that cannot be used, or one that names a certificate of the chain."""


@dataclass(frozen=True)
class Crl:
    tbs: bytes
    inner_algorithm: bytes
    outer_algorithm: bytes
    issuer: bytes
    this_update: int
    next_update: int | None
    serials: frozenset[int]
    extensions: tuple[cert.Extension, ...]  # of the list
    entry_extensions: tuple[cert.Extension, ...]  # of all its entries
    signature: bytes


def _entries(content: bytes) -> tuple[set[int], list[cert.Extension]]:
    serials: set[int] = set()
    extensions: list[cert.Extension] = []
    for value in der_read.items(content, der_read.SEQUENCE):
        reader = Reader(value.content)
        serials.add(der_read.integer(reader.take(der_read.INTEGER)))
        cert.time(reader)
        if more := reader.take_if(der_read.SEQUENCE):
            extensions += cert.extensions(more.content)
        reader.end()
    return serials, extensions


@functools.cache
def parse(data: bytes) -> Crl:
    """DER, or PEM with one block."""
    try:
        return _parse(cert.pem(data, b"X509 CRL"))
    except DerError as error:
        raise CrlError(f"not a CRL: {error}") from error


def _parse(data: bytes) -> Crl:
    outer = Reader(der_read.only(data, der_read.SEQUENCE).content)
    tbs = outer.take(der_read.SEQUENCE)
    outer_algorithm = outer.take(der_read.SEQUENCE).whole
    signature = der_read.bits(outer.take(der_read.BIT_STRING))
    outer.end()

    reader = Reader(tbs.content)
    version = reader.take_if(der_read.INTEGER)
    if version and der_read.integer(version) not in (0, 1):
        raise DerError("not version 1 or 2")
    inner_algorithm = reader.take(der_read.SEQUENCE).whole
    issuer = reader.take(der_read.SEQUENCE).whole
    this_update = cert.time(reader)
    next_update = None
    if reader.peek() in (der_read.UTC_TIME, der_read.GENERALIZED_TIME):
        next_update = cert.time(reader)
    serials: set[int] = set()
    entry_extensions: list[cert.Extension] = []
    if listed := reader.take_if(der_read.SEQUENCE):
        serials, entry_extensions = _entries(listed.content)
    extensions: tuple[cert.Extension, ...] = ()
    if tagged := reader.take_if(0xA0):
        extensions = cert.extensions(der_read.only(tagged.content, der_read.SEQUENCE).content)
    reader.end()
    return Crl(
        tbs=tbs.whole,
        inner_algorithm=inner_algorithm,
        outer_algorithm=outer_algorithm,
        issuer=issuer,
        this_update=this_update,
        next_update=next_update,
        serials=frozenset(serials),
        extensions=extensions,
        entry_extensions=tuple(entry_extensions),
        signature=signature,
    )


def check(data: bytes, ark: Cert, others: tuple[Cert, ...], at: int) -> None:
    """DATA is ARK's list, whole and current at AT, and names neither ARK nor one of OTHERS."""
    crl = parse(data)
    if crl.issuer != ark.subject.raw:
        raise CrlError("its issuer is not the ARK")
    if not cert.good_algorithm(crl.inner_algorithm, crl.outer_algorithm):
        raise CrlError("its signature algorithm")
    try:
        signed = cert.signed_by(ark.spki, crl.tbs, crl.signature)
    except CertError:
        signed = False
    if not signed:
        raise CrlError("its signature is not the ARK's")
    if crl.next_update is None:
        raise CrlError("no nextUpdate")
    if not crl.this_update <= at <= crl.next_update:
        raise CrlError("not yet, or no longer current")
    oids = [extension.oid for extension in crl.extensions]
    if DELTA in oids or SCOPE in oids:
        raise CrlError("a part of a list")
    unknown = [extension for extension in crl.extensions if extension.oid not in KNOWN]
    if any(extension.critical for extension in (*unknown, *crl.entry_extensions)):
        raise CrlError("a critical extension")
    for listed in (ark, *others):
        if listed.serial in crl.serials:
            raise CrlError(f"serial {listed.serial:#x} is listed")
