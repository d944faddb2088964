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

from reference import cert, crl
from reference import der_read as der
from reference.bundle import Case
from reference.report import SIGNED
from reference.tcb import LAYOUTS
from reference.world import FIELDS

WHOLE = "certificate"  # the field of a change that puts another certificate in the place
SIGNATURE = range(SIGNED, 0x4A0)
R, S = slice(0x2A0, 0x2E8), slice(0x2E8, 0x330)


# ---- reports ----


def _ranges(field: str, product: str | None) -> list[range]:
    """The bytes of the fields that FIELD names: "A", "A, B", "A.byte 3", of a TCB "A.snp"."""
    found = []
    for text in field.split(","):
        name, _, part = text.strip().partition(".")
        if name not in FIELDS:
            continue
        at, size = FIELDS[name]
        component = LAYOUTS.get(product or "", {}).get(part)
        if part.startswith("byte "):
            at, size = at + int(part.removeprefix("byte ")), 1
        elif name.endswith("_TCB") and component is not None:
            at, size = at + component, 1
        found.append(range(at, at + size))
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
    allowed = _ranges(field, case.product)
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
        one, other = cert.parse(mine), cert.parse(its)
    except (cert.CertError, der.DerError):
        return  # the defect is that it cannot be read
    if len(touched) > 1 and "," not in field and field != WHOLE:
        yield f"{field}: {name} differs from the twin's in {', '.join(sorted(touched))}"
    if "signature" in field.lower():
        return
    whole = field == WHOLE or "," in field  # another certificate, or several parts of it
    if signer is None and not whole and one.signature != other.signature:
        yield f"{field}: {name} has another signature, and no signer is named"
    standard = cert.good_algorithm(one.inner_algorithm, one.outer_algorithm)
    if signer is not None and standard and _signed(case, twin, signer, one.tbs, one.signature) is False:
        yield f"{field}: {name} is not signed by {signer}"


def _signed(case: Case, twin: Case, signer: str, tbs: bytes, signature: bytes) -> bool | None:
    """Whether a certificate in SIGNER's place signed TBS; None where there is none that can be asked."""
    asked = None
    for given in (case.input, twin.input):
        for data in (
            given.get("certs", {}).get(signer),
            *(given.get("roots", ()) if signer == "ark" else ()),
        ):
            try:
                if data and cert.signed_by(cert.parse(data).spki, tbs, signature):
                    return True
                asked = False if data else asked
            except (cert.CertError, der.DerError):
                return None  # its key is itself no RSA-4096 key
    return asked


# ---- revocation lists ----


def _check_crl(case: Case, twin: Case, field: str, signer: str | None) -> Iterator[str]:
    data = case.input.get("crl")
    if data is None or signer is None or "signature" in field.lower():
        return
    try:
        one = crl.parse(data)
    except crl.CrlError:
        return  # the defect is that it cannot be read
    standard = cert.good_algorithm(one.inner_algorithm, one.outer_algorithm)
    if standard and _signed(case, twin, signer, one.tbs, one.signature) is False:
        yield f"{field}: the list is not signed by {signer}"


def check(case: Case, twin: Case) -> list[str]:
    """What speaks against one defect alone."""
    found: list[str] = []
    for member, field, signer in case.changes:
        if member == "report" and isinstance(case.input.get("report"), bytes):
            found += _check_report(case, twin, field, signer)
        elif member.startswith("certs.") and isinstance(case.input.get("certs"), dict):
            found += _check_cert(case, twin, member.removeprefix("certs."), field, signer)
        elif member == "crl":
            found += _check_crl(case, twin, field, signer)
    return found
