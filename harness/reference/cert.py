"""A certificate as its bytes say it, and the AMD extensions of a leaf. Certificate notes, sections 1 and 2.

parse() takes anything that is one certificate; what the profile asks beyond that is for chain.py.
"""

from __future__ import annotations

import base64
import binascii
import functools
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA384

from reference import der_read as der
from reference.der_read import DerError, Reader
from reference.tcb import PRODUCTS

# RSASSA-PSS, SHA-384, MGF1 with SHA-384, salt 48: with trailer 1 spelled out and without. Notes, 1.1.
PSS_A = bytes.fromhex(
    "304606092A864886F70D01010A3039A00F300D06096086480165030402020500"
    "A11C301A06092A864886F70D010108300D06096086480165030402020500A203020130A303020101"
)
PSS_B = bytes.fromhex(
    "304106092A864886F70D01010A3034A00F300D06096086480165030402020500"
    "A11C301A06092A864886F70D010108300D06096086480165030402020500A203020130"
)
RSA_ENCRYPTION = bytes.fromhex("300D06092A864886F70D0101010500")
EC_P384 = bytes.fromhex("301006072A8648CE3D020106052B81040022")

# The capacity of sevkit's verifier, not the format's: docs/limits.md.
EXTENSIONS_MAX = 32
OID_MAX = 79  # in dots
TEXT_MAX = 127

BASIC_CONSTRAINTS = "2.5.29.19"
KEY_USAGE = "2.5.29.15"
AMD = "1.3.6.1.4.1.3704.1."

# The attributes of AMD's names in their order; the common name follows as the last one.
_FIXED_NAME = (
    ("2.5.4.11", der.UTF8, b"Engineering"),
    ("2.5.4.6", der.PRINTABLE, b"US"),
    ("2.5.4.7", der.UTF8, b"Santa Clara"),
    ("2.5.4.8", der.UTF8, b"CA"),
    ("2.5.4.10", der.UTF8, b"Advanced Micro Devices"),
)
_COMMON_NAME = "2.5.4.3"
_CA_PREFIX = {"ARK": "ARK-", "ASVK": "SEV-VLEK-", "ASK": "SEV-"}


class CertError(ValueError):
    """Bytes that are no certificate, or an extension that breaks its rule."""


@dataclass(frozen=True)
class Extension:
    oid: str
    critical: bool
    value: bytes


@dataclass(frozen=True)
class Name:
    raw: bytes
    common_name: str | None  # None where the name is not AMD's six attributes


@dataclass(frozen=True)
class Cert:
    raw: bytes
    tbs: bytes
    version: int
    unique_ids: bool
    serial: int
    inner_algorithm: bytes
    outer_algorithm: bytes
    issuer: Name
    subject: Name
    not_before: int
    not_after: int
    spki: bytes
    extensions: tuple[Extension, ...]
    signature: bytes

    def extension(self, oid: str) -> Extension | None:
        return next((e for e in self.extensions if e.oid == oid), None)

    @property
    def kind(self) -> str | None:
        """ARK, ASK, ASVK, VCEK, VLEK by the subject; None for any other name."""
        return kind_and_line(self.subject)[0]


def kind_and_line(name: Name) -> tuple[str | None, str | None]:
    """What AMD's name NAME stands for, and the product line in it."""
    text = name.common_name
    if text in ("SEV-VCEK", "SEV-VLEK"):
        return text[4:], None
    for kind, prefix in _CA_PREFIX.items():
        if text and text.startswith(prefix) and text[len(prefix) :] in PRODUCTS:
            return kind, text[len(prefix) :]
    return None, None


# ---- parsing ----

SPACE = b" \t\r\n"  # that may stand around PEM


def pem(data: bytes, label: bytes) -> bytes:
    """DATA, or the bytes of exactly one PEM block with LABEL and only SPACE around it. Its lines end in LF or
    CRLF and are not blank."""
    if not data.lstrip(SPACE).startswith(b"-----"):
        return data
    lines = data.strip(SPACE).replace(b"\r\n", b"\n").split(b"\n")
    if lines[0] != b"-----BEGIN " + label + b"-----" or lines[-1] != b"-----END " + label + b"-----":
        raise DerError("not exactly one PEM block")
    body = lines[1:-1]
    if b"" in body or len(b"".join(body)) % 4:
        raise DerError("PEM with a blank line, or with base64 that is not whole")
    try:
        return base64.b64decode(b"".join(body), validate=True)
    except binascii.Error as error:
        raise DerError("PEM without good base64") from error


def _name(whole: bytes) -> Name:
    """A Name, and its common name if it is AMD's profile: six RDNs of one attribute each, in order."""
    found = []
    rdns = der.items(der.only(whole, der.SEQUENCE).content, der.SET)
    for rdn in rdns:
        pairs = der.items(rdn.content, der.SEQUENCE)
        for pair in pairs:
            reader = Reader(pair.content)
            oid = der.oid(reader.take(der.OID))
            tag = reader.peek()
            value = reader.take(tag if tag is not None else 0)
            reader.end()
            found.append((oid, value.tag, value.content, len(pairs)))
    alone = len(found) == len(rdns) and all(count == 1 for _, _, _, count in found)
    fixed = tuple((oid, tag, text) for oid, tag, text, _ in found[:-1])
    if not found or not alone or fixed != _FIXED_NAME or found[-1][:2] != (_COMMON_NAME, der.UTF8):
        return Name(whole, None)
    return Name(whole, found[-1][2].decode("utf-8", "replace"))


def time(reader: Reader) -> int:
    """The next Time of READER."""
    tag = der.GENERALIZED_TIME if reader.peek() == der.GENERALIZED_TIME else der.UTC_TIME
    return der.time(reader.take(tag))


def extensions(content: bytes) -> tuple[Extension, ...]:
    """The members of a SEQUENCE OF Extension."""
    found = []
    for value in der.items(content, der.SEQUENCE):
        reader = Reader(value.content)
        oid = der.oid(reader.take(der.OID))
        flag = reader.take_if(der.BOOLEAN)
        critical = der.true_flag(flag) if flag else False
        found.append(Extension(oid, critical, reader.take(der.OCTET_STRING).content))
        reader.end()
    return tuple(found)


def _parse_der(data: bytes) -> Cert:
    outer = Reader(der.only(data, der.SEQUENCE).content)
    tbs = outer.take(der.SEQUENCE)
    outer_algorithm = outer.take(der.SEQUENCE).whole
    signature = der.bits(outer.take(der.BIT_STRING))
    outer.end()

    reader = Reader(tbs.content)
    version = 1
    if tagged := reader.take_if(0xA0):
        version = der.integer(der.only(tagged.content, der.INTEGER)) + 1
    serial = der.integer(reader.take(der.INTEGER))
    inner_algorithm = reader.take(der.SEQUENCE).whole
    issuer = _name(reader.take(der.SEQUENCE).whole)
    validity = Reader(reader.take(der.SEQUENCE).content)
    not_before, not_after = time(validity), time(validity)
    validity.end()
    subject = _name(reader.take(der.SEQUENCE).whole)
    spki = reader.take(der.SEQUENCE).whole
    unique_ids = [reader.take_if(0x81), reader.take_if(0x82)]
    found: tuple[Extension, ...] = ()
    if tagged := reader.take_if(0xA3):
        found = extensions(der.only(tagged.content, der.SEQUENCE).content)
        if any(len(extension.oid) > OID_MAX for extension in found):
            raise DerError(f"an extension's OID of more than {OID_MAX} characters")
    reader.end()
    return Cert(
        raw=data,
        tbs=tbs.whole,
        version=version,
        unique_ids=any(unique_ids),
        serial=serial,
        inner_algorithm=inner_algorithm,
        outer_algorithm=outer_algorithm,
        issuer=issuer,
        subject=subject,
        not_before=not_before,
        not_after=not_after,
        spki=spki,
        extensions=found,
        signature=signature,
    )


@functools.cache
def parse(data: bytes) -> Cert:
    """DER, or PEM with one block."""
    try:
        return _parse_der(pem(data, b"CERTIFICATE"))
    except DerError as error:
        raise CertError(f"not a certificate: {error}") from error


# ---- keys ----


def _spki(spki: bytes, algorithm: bytes) -> bytes:
    """The key bits of SPKI, whose algorithm is ALGORITHM byte for byte."""
    reader = Reader(der.only(spki, der.SEQUENCE).content)
    if reader.take(der.SEQUENCE).whole != algorithm:
        raise CertError("another kind of key")
    key = der.bits(reader.take(der.BIT_STRING))
    reader.end()
    return key


@functools.cache
def rsa_key(spki: bytes) -> rsa.RSAPublicKey:
    """RSA-4096 with exponent 65537 under rsaEncryption."""
    reader = Reader(der.only(_spki(spki, RSA_ENCRYPTION), der.SEQUENCE).content)
    modulus, exponent = der.integer(reader.take(der.INTEGER)), der.integer(reader.take(der.INTEGER))
    reader.end()
    if modulus.bit_length() != 4096 or modulus < 0 or exponent != 65537:
        raise CertError("not RSA-4096 with exponent 65537")
    return rsa.RSAPublicNumbers(exponent, modulus).public_key()


@functools.cache
def ec_key(spki: bytes) -> ec.EllipticCurvePublicKey:
    """A point on P-384, uncompressed."""
    point = _spki(spki, EC_P384)
    if len(point) != 97 or point[0] != 4:
        raise CertError("not an uncompressed point of P-384")
    x, y = int.from_bytes(point[1:49], "big"), int.from_bytes(point[49:], "big")
    try:
        return ec.EllipticCurvePublicNumbers(x, y, ec.SECP384R1()).public_key()
    except ValueError as error:
        raise CertError("a point that is not on P-384") from error


@functools.cache
def signed_by(spki: bytes, tbs: bytes, signature: bytes) -> bool:
    """RSASSA-PSS with SHA-384 and a salt of 48 bytes by the RSA key in SPKI."""
    scheme = padding.PSS(padding.MGF1(SHA384()), 48)
    try:
        rsa_key(spki).verify(signature, tbs, scheme, SHA384())
    except InvalidSignature:
        return False
    return True


def good_algorithm(inner: bytes, outer: bytes) -> bool:
    return inner == outer and inner in (PSS_A, PSS_B)


# ---- the AMD extensions of a leaf ----

_SPL = {"boot_loader": "3.1", "tee": "3.2", "snp": "3.3", "microcode": "3.8"}
_RESERVED = ("3.5", "3.6", "3.7")
STRUCT_VERSION, PRODUCT_NAME, FMC, SPL_4, HWID, CSP_ID = "1", "2", "3.9", "3.4", "4", "5"


@dataclass(frozen=True)
class Leaf:
    """What a leaf says of itself. FMC is 0 where the line has none."""

    line: str
    tcb: dict[str, int]
    hwid: bytes | None
    csp_id: str | None


def _number(value: bytes, most: int) -> int:
    number = der.integer(der.only(value, der.INTEGER))
    if not 0 <= number <= most:
        raise CertError(f"{number}, not 0 to {most}")
    return number


def _text(value: bytes) -> str:
    content = der.only(value, der.IA5).content
    if not content or not all(0x20 <= byte < 0x7F for byte in content) or len(content) > TEXT_MAX:
        raise CertError(f"not 1 to {TEXT_MAX} printable ASCII characters")
    return content.decode("ascii")


def _wanted(kind: str, line: str) -> set[str]:
    wanted = {STRUCT_VERSION, PRODUCT_NAME, *_SPL.values(), *_RESERVED}
    wanted.add(FMC if line == "Turin" else SPL_4)
    wanted.add(HWID if kind == "VCEK" else CSP_ID)
    return wanted


def leaf(cert: Cert, kind: str, line: str) -> Leaf:
    """The AMD extensions of a VCEK or VLEK of LINE: exactly its set, each once, none critical."""
    values: dict[str, bytes] = {}
    for extension in cert.extensions:
        if not extension.oid.startswith(AMD) and extension.oid + "." != AMD:
            continue
        tail = extension.oid[len(AMD) :]
        if tail in values or extension.critical:
            raise CertError(f"AMD extension {tail}: twice or critical")
        values[tail] = extension.value
    if odd := values.keys() ^ _wanted(kind, line):
        raise CertError(f"AMD extensions {sorted(odd)}: missing, or none of a {line} {kind}")
    try:
        return _leaf_values(values, kind, line)
    except DerError as error:
        raise CertError(f"AMD extension: {error}") from error


def _leaf_values(values: dict[str, bytes], kind: str, line: str) -> Leaf:
    if _number(values[STRUCT_VERSION], 255) != (1 if line == "Turin" else 0):
        raise CertError("structVersion is not the line's")
    if not re.fullmatch(rf"{line}(-[A-Z][0-9])?", _text(values[PRODUCT_NAME])):
        raise CertError("productName is not the line's")
    parts = {name: _number(values[tail], 255 if name == "microcode" else 127) for name, tail in _SPL.items()}
    parts["fmc"] = _number(values[FMC], 127) if FMC in values else 0
    for tail in (*_RESERVED, SPL_4):
        if tail in values:
            _number(values[tail], 0)
    hwid = values.get(HWID)
    if hwid is not None and len(hwid) != (8 if line == "Turin" else 64):
        raise CertError(f"a hwID of {len(hwid)} bytes")
    csp_id = _text(values[CSP_ID]) if kind == "VLEK" else None
    return Leaf(line, parts, hwid, csp_id)
