"""The rules of a chain: ARK, ASK or ASVK, leaf. docs/verifier.md, stage chain; certificate notes 1 and 2."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from reference import cert, der_read
from reference.cert import BASIC_CONSTRAINTS, EXTENSIONS_MAX, KEY_USAGE, Cert, CertError
from reference.der_read import DerError, Reader

# SHA-256 of the SubjectPublicKeyInfo of AMD's ARK-Milan, ARK-Genoa and ARK-Turin, then of sevkit's test ARKs
# (docs/test-keys.md): the anchors where no root is given.
PINNED = frozenset(
    (
        "9f056bee44377e29308cb5ffa895bdfb62d18881fa6bed8d6f075b0204089cb9",
        "429a69c9422aa258ee4d8db5fcda9c6470ef15f8cd5a9cebd6cbc7d90b863831",
        "4f125410563a2ab9a50356f9243f6fe0b6f73de98603f53f90339c70e9d7ad08",
        "3553e001e08b6b6256b359f6d8cc26b822cf3227bf00a7b06bb9f01dbcfff44d",
        "a1b363980e5e6c40630bbc0fb18fb8cc9c10637a46bbb18895eb3613e5779e68",
        "472b7d388bd8038199065b0fc432da0a05fb2317a1b9125732addd840c1b7c22",
    )
)
CA_OF = {"VCEK": "ASK", "VLEK": "ASVK"}

_KEY_CERT_SIGN = 0x04  # bits of keyUsage's first byte
_CRL_SIGN = 0x02


class ChainError(ValueError):
    """A chain that is refused, by the rule that the text names."""


@dataclass(frozen=True)
class Given:
    """The certificates as bytes; None where there is none."""

    leaf: bytes | None
    ca: bytes | None
    ark: bytes | None
    root: bytes | None = None  # the only anchor if there is one
    any_root: bool = False  # without ROOT: any self-signed ARK will do


@dataclass(frozen=True)
class Chain:
    ark: Cert
    ca: Cert
    leaf: Cert
    info: cert.Leaf


def _rights(one: Cert) -> tuple[bool, int | None, int]:
    """basicConstraints' CA and path length; keyUsage's bits, its first byte lowest. Absent: no, none, 0."""
    is_ca, path, usage = False, None, 0
    if found := one.extension(BASIC_CONSTRAINTS):
        reader = Reader(der_read.only(found.value, der_read.SEQUENCE).content)
        if flag := reader.take_if(der_read.BOOLEAN):
            is_ca = der_read.true_flag(flag)
        if length := reader.take_if(der_read.INTEGER):
            path = der_read.integer(length)
        reader.end()
    if found := one.extension(KEY_USAGE):
        usage = int.from_bytes(der_read.flags(der_read.only(found.value, der_read.BIT_STRING)), "little")
    return is_ca, path, usage


def _check_any(one: Cert, at: int) -> None:
    """What holds for every certificate."""
    if one.version != 3 or one.unique_ids:
        raise ChainError("not version 3, or with unique ids")
    if not cert.good_algorithm(one.inner_algorithm, one.outer_algorithm):
        raise ChainError("signature algorithm")
    oids = [extension.oid for extension in one.extensions]
    if len(oids) > EXTENSIONS_MAX:
        raise ChainError(f"more than {EXTENSIONS_MAX} extensions")
    if len(set(oids)) != len(oids):
        raise ChainError("an extension twice")
    for extension in one.extensions:
        known = extension.oid in (BASIC_CONSTRAINTS, KEY_USAGE)
        if extension.critical and not known:
            raise ChainError(f"critical extension {extension.oid}")
    if not one.not_before <= at <= one.not_after:
        raise ChainError("outside its validity")


def _check_ca(one: Cert, path: int | None, at: int) -> None:
    _check_any(one, at)
    cert.rsa_key(one.spki)
    constraints, usage = one.extension(BASIC_CONSTRAINTS), one.extension(KEY_USAGE)
    if not constraints or not constraints.critical or not usage or not usage.critical:
        raise ChainError("basicConstraints or keyUsage is missing or not critical")
    is_ca, found, rights = _rights(one)
    usages = _KEY_CERT_SIGN | _CRL_SIGN if one.kind == "ARK" else _KEY_CERT_SIGN
    if not is_ca or found != path or rights != usages:
        raise ChainError("not the rights of its place")


def _check_leaf(one: Cert, at: int) -> None:
    _check_any(one, at)
    cert.ec_key(one.spki)
    is_ca, _, rights = _rights(one)
    if is_ca or rights & (_KEY_CERT_SIGN | _CRL_SIGN):
        raise ChainError("a leaf with the rights of a CA")


def _signed(one: Cert, above: Cert) -> None:
    if one.issuer.raw != above.subject.raw:
        raise ChainError("issuer is not the subject above")
    if len(one.signature) != 512 or not cert.signed_by(above.spki, one.tbs, one.signature):
        raise ChainError("signature")


def _anchor(given: Given) -> Cert:
    """The ARK that the chain is verified with."""
    ark = cert.parse(given.ark) if given.ark is not None else None
    if given.root is None:
        if ark is None:
            raise ChainError("no ARK")
        if not given.any_root and hashlib.sha256(ark.spki).hexdigest() not in PINNED:
            raise ChainError("the ARK's key is not a known one")
        return ark
    root = cert.parse(given.root)
    if ark is not None and (ark.subject, ark.spki) != (root.subject, root.spki):
        raise ChainError("the ARK is not the root")
    return root


def check(given: Given, kind: str, at: int) -> Chain:
    """The chain of a leaf of KIND at the time AT, seconds since 1970."""
    try:
        return _check(given, kind, at)
    except (CertError, DerError) as error:
        raise ChainError(str(error)) from error


def _check(given: Given, kind: str, at: int) -> Chain:
    if given.leaf is None or given.ca is None:
        raise ChainError("a certificate is missing")
    leaf, ca, anchor = cert.parse(given.leaf), cert.parse(given.ca), _anchor(given)
    arks = {anchor, cert.parse(given.ark)} if given.ark is not None else {anchor}
    for ark in arks:
        if ark.kind != "ARK":
            raise ChainError("subject of the ARK")
        _check_ca(ark, None, at)
        _signed(ark, ark)
    if ca.kind != CA_OF[kind] or leaf.kind != kind:
        raise ChainError("subject of the CA or the leaf")
    _check_ca(ca, 0, at)
    _check_leaf(leaf, at)
    _signed(ca, anchor)
    _signed(leaf, ca)
    line = cert.kind_and_line(ca.subject)[1]
    if line is None or cert.kind_and_line(anchor.subject)[1] != line:
        raise ChainError("two product lines")
    return Chain(anchor, ca, leaf, cert.leaf(leaf, kind, line))
