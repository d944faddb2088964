"""The verdict on a report: docs/verifier.md, stages. The first failing stage decides."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA384

from reference import cert, chain, crl, report, tcb
from reference.cert import Cert, CertError
from reference.chain import Chain, ChainError, Given
from reference.crl import CrlError
from reference.policy import Policy, PolicyError, check_policy, check_tcb
from reference.report import Report, ReportError

STAGES = ("parse", "version", "signer", "chain", "revocation", "binding", "signature", "tcb", "policy")
LEAF_OF = {0: "VCEK", 1: "VLEK"}  # by SIGNING_KEY
OTHER_CA = {"VCEK": "ASVK", "VLEK": "ASK"}  # that of the other kind of leaf

# The order of P-384's base point.
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973


class Refused(Exception):  # noqa: N818 - a verdict, not an error
    def __init__(self, stage: str, why: str) -> None:
        super().__init__(why)
        self.stage = stage


@dataclass(frozen=True)
class Verdict:
    """STAGE is None when the report is accepted."""

    stage: str | None
    why: str = ""


def _readable(data: bytes | None) -> Cert | None:
    """The certificate in DATA; None if there is none, which is for stage `chain` to refuse."""
    try:
        return cert.parse(data) if data is not None else None
    except CertError:
        return None


def _signer(found: Report, given: Given) -> str:
    """The kind of leaf that SIGNING_KEY names."""
    if found.number("signature_algo") != 1:
        raise Refused("signer", "SIGNATURE_ALGO is not 1")
    if found.signing_key not in LEAF_OF:
        raise Refused("signer", f"SIGNING_KEY {found.signing_key}")
    kind = LEAF_OF[found.signing_key]
    leaf, ca = _readable(given.leaf), _readable(given.ca)
    if leaf and leaf.kind not in (kind, None):
        raise Refused("signer", f"{leaf.kind} where {kind} belongs")
    if ca and ca.kind == OTHER_CA[kind]:
        raise Refused("signer", f"{kind} under {ca.kind}")
    return kind


@functools.cache
def _chain(given: Given, kind: str, at: int) -> Chain:
    return chain.check(given, kind, at)


def _revocation(policy: Policy, good: Chain, crl_bytes: bytes | None, at: int) -> None:
    if crl_bytes is not None:
        crl.check(crl_bytes, good.ark, (good.ca, good.leaf), at)
    elif policy.flag("require_revocation"):
        raise CrlError("no CRL was given")


def _binding(policy: Policy, found: Report, good: Chain) -> None:
    chip, hwid = found.bytes("chip_id"), good.info.hwid
    if hwid is not None:
        if not any(chip):
            if not policy.flag("allow_masked_chip_id"):
                raise Refused("binding", "CHIP_ID is masked")
        elif chip != hwid.ljust(64, b"\0"):
            raise Refused("binding", "CHIP_ID is not the hwID")
    if tcb.parts(good.info.line, found.bytes("reported_tcb")) != good.info.tcb:
        raise Refused("binding", "REPORTED_TCB is not the leaf's")


@functools.cache
def _verifies(spki: bytes, signed: bytes, r: int, s: int) -> bool:
    try:
        cert.ec_key(spki).verify(encode_dss_signature(r, s), signed, ec.ECDSA(SHA384()))
    except InvalidSignature:
        return False
    return True


def _signature(found: Report, good: Chain) -> None:
    r = int.from_bytes(found.bytes("signature_r"), "little")
    s = int.from_bytes(found.bytes("signature_s"), "little")
    if not 1 <= r < N or not 1 <= s < N:
        raise Refused("signature", "R or S is not from 1 to n-1")
    if not _verifies(good.leaf.spki, found.raw[: report.SIGNED], r, s):
        raise Refused("signature", "does not verify")


def _judge(data: bytes, given: Given, crl_bytes: bytes | None, at: int, policy: Policy) -> None:
    size = report.SIZE if policy.flag("allow_long_report") else None
    found = report.parse(data[:size], tolerant=policy.flag("allow_unknown_reserved"))
    least = policy.get("report_version_min") or 2
    try:
        report.check_version(found, future=policy.flag("future_versions"), least=least)
    except ReportError as error:
        raise Refused("version", str(error)) from error
    kind = _signer(found, given)
    good = _chain(given, kind, at)
    unknown = found.product is None and policy.flag("allow_unknown_product")
    if found.has("cpuid_fam_id") and found.product != good.info.line and not unknown:
        raise Refused("chain", "the report is of another product line")
    _revocation(policy, good, crl_bytes, at)
    _binding(policy, found, good)
    _signature(found, good)
    try:
        check_tcb(policy, found, good.info.line)
    except PolicyError as error:
        raise Refused("tcb", str(error)) from error
    check_policy(policy, found, good.info.line, good.info.csp_id)


_STAGE_OF = ((ReportError, "parse"), (ChainError, "chain"), (CrlError, "revocation"), (PolicyError, "policy"))


def verify(data: bytes, given: Given, *, crl_bytes: bytes | None, at: int, policy: Policy) -> Verdict:
    """The verdict on DATA under the certificates GIVEN at the time AT."""
    try:
        _judge(data, given, crl_bytes, at, policy)
    except Refused as refused:
        return Verdict(refused.stage, str(refused))
    except tuple(kind for kind, _ in _STAGE_OF) as error:
        return Verdict(next(stage for kind, stage in _STAGE_OF if isinstance(error, kind)), str(error))
    return Verdict(None)
