"""That a refused `verify` case has one defect: what a change touched, and that it was signed as it says.

A report may differ from its twin's in the named field and the signature; a certificate in one part of its
signed bytes (an extension is a part) and the signature. Where `changes` names a signer, the new signature
must be good, so that nothing but the named change can be what refuses it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA384

from reference import cert
from reference import der_read as der
from reference.bundle import Case
from reference.report import SIGNED
from reference.world import FIELDS

SIGNATURE = range(SIGNED, 0x4A0)
R, S = slice(0x2A0, 0x2E8), slice(0x2E8, 0x330)


# ---- reports ----


def _ranges(field: str) -> list[range]:
    """The bytes of the fields that FIELD names: "A", "A.part", "A, B"."""
    found = []
    for name in field.split(","):
        place = FIELDS.get(name.strip().split(".")[0])
        if place is not None:
            found.append(range(place[0], place[0] + place[1]))
    return found


def _leaf(given: Mapping[str, Any]) -> bytes | None:
    certs: Mapping[str, bytes] = given.get("certs", {})
    return certs.get("vcek", certs.get("vlek"))


def _report_signature(report: bytes, given: Mapping[str, Any]) -> bool | None:
    """Whether the leaf's key signed REPORT; None where that cannot be told."""
    leaf = _leaf(given)
    if leaf is None or len(report) != 0x4A0:
        return None
    try:
        key = cert.ec_key(cert.parse(leaf).spki)
    except (cert.CertError, der.DerError):
        return None
    r, s = (int.from_bytes(report[part], "little") for part in (R, S))
    try:
        key.verify(encode_dss_signature(r, s), report[:SIGNED], ec.ECDSA(SHA384()))
    except InvalidSignature:
        return False
    return True


def _check_report(case: Case, twin: Case, field: str, signer: str | None) -> Iterator[str]:
    mine, its = case.input["report"], twin.input["report"]
    if len(mine) != len(its):
        return
    differ = {at for at in range(len(mine)) if mine[at] != its[at]}
    allowed = _ranges(field)
    if not allowed:
        yield f"{field}: no field of a report"
    elif signer is not None or field.startswith("SIGNATURE"):
        allowed.append(SIGNATURE)
    outside = sorted(at for at in differ if not any(at in place for place in allowed))
    if outside:
        yield f"{field}: differs from the twin at {outside[0]:#x} too"
    if (
        signer is not None
        and not field.startswith("SIGNATURE")
        and _report_signature(mine, case.input) is False
    ):
        yield f"{field}: not signed by {signer}"


# ---- certificates ----


def _parts(data: bytes) -> dict[str, Any]:
    """The signed parts of a certificate by name; an extension by its OID."""
    one = cert.parse(data)
    reader = der.Reader(der.only(one.tbs, der.SEQUENCE).content)
    version = reader.take_if(0xA0)
    reader.take(der.INTEGER), reader.take(der.SEQUENCE), reader.take(der.SEQUENCE)
    found: dict[str, Any] = {
        "version": version.whole if version else b"",
        "serial": one.serial,
        "algorithm": (one.inner_algorithm, one.outer_algorithm),
        "issuer": one.issuer.raw,
        "validity": reader.take(der.SEQUENCE).whole,
        "subject": one.subject.raw,
        "key": one.spki,
        "unique ids": one.unique_ids,
        "order": [extension.oid for extension in one.extensions],
    }
    for extension in one.extensions:
        found.setdefault(f"extension {extension.oid}", []).append((extension.critical, extension.value))
    return found


def _touched(mine: bytes, its: bytes) -> set[str]:
    """The names of the parts in which two certificates differ."""
    a, b = _parts(mine), _parts(its)
    differ = {name for name in a.keys() | b.keys() if a.get(name) != b.get(name)}
    extensions = {name for name in differ if name.startswith("extension ")}
    return differ - {"order"} if extensions else differ


def _check_cert(case: Case, twin: Case, name: str, field: str, signer: str | None) -> Iterator[str]:
    mine, its = case.input["certs"].get(name), twin.input.get("certs", {}).get(name)
    if not isinstance(mine, bytes) or not isinstance(its, bytes):
        return
    try:
        touched = _touched(mine, its)
        one = cert.parse(mine)
        above = case.input["certs"].get(signer) if signer else None
        issuer = cert.parse(above) if above else None
    except (cert.CertError, der.DerError):
        return  # the defect is that it cannot be read
    if len(touched) > 1 and "," not in field:
        yield f"{field}: {name} differs from the twin's in {', '.join(sorted(touched))}"
    standard = cert.good_algorithm(one.inner_algorithm, one.outer_algorithm)
    if issuer is None or not standard or "signature" in field.lower():
        return
    try:
        good = cert.signed_by(issuer.spki, one.tbs, one.signature)
    except (cert.CertError, der.DerError):
        return  # a signer's key that is itself no RSA-4096 key
    if not good:
        yield f"{field}: {name} is not signed by {signer}"


def check(case: Case, twin: Case) -> list[str]:
    """What speaks against one defect alone."""
    found: list[str] = []
    for member, field, signer in case.changes:
        if member == "report" and isinstance(case.input.get("report"), bytes):
            found += _check_report(case, twin, field, signer)
        elif member.startswith("certs.") and isinstance(case.input.get("certs"), dict):
            found += _check_cert(case, twin, member.removeprefix("certs."), field, signer)
    return found
