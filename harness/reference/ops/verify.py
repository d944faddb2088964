"""Op "verify": a report under certificates, a time and a policy. docs/verifier.md.

Input
  report       the bytes
  certs        by slot: vcek, vlek, ask, asvk, ark; DER or PEM. Leaf and CA come from the slots that the
               report's SIGNING_KEY names (0: vcek and ask; 1: vlek and asvk), or, where such a slot is not
               there, from the other kind's. Other values of SIGNING_KEY are taken as 0.
  table        in place of certs: a certificate table; its ASK entry is the CA, whatever it is. A table that
               cannot be read is refused at stage `chain`. A CRL in it is not used.
  roots        trusted ARKs: the one of the ARK's product line is the anchor, else the first. Without roots:
               the known keys.
  trust_dir    true: without roots any self-signed ARK is an anchor
  crl          the list, or absent
  at           time of verification
  policy       members of the policy file
  policy_text  in place of policy: the file's text

A policy that is not in order is refused at the stage "policy-file", which comes before all others.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence

from reference import certtable, policy, report
from reference.bundle import Case, Seen
from reference.cert import CertError, kind_and_line
from reference.cert import parse as parse_cert
from reference.chain import Given
from reference.verify import verify

SLOTS = (("vcek", "ask"), ("vlek", "asvk"))  # by SIGNING_KEY
NO_CERT = b""  # what stands for a certificate in a table that cannot be read


def _signing_key(data: bytes) -> int:
    return report.Report(data).signing_key if len(data) >= report.SIZE else 0


def _pick(certs: Mapping[str, bytes], names: Sequence[str]) -> bytes | None:
    return next((certs[name] for name in names if name in certs), None)


def _line(data: bytes | None) -> str | None:
    try:
        return kind_and_line(parse_cert(data).subject)[1] if data is not None else None
    except CertError:
        return None


def _root(roots: Sequence[bytes], ark: bytes | None, ca: bytes | None) -> bytes | None:
    if not roots:
        return None
    line = _line(ark if ark is not None else ca)
    return next((root for root in roots if line and _line(root) == line), roots[0])


def given(case: Case) -> Given:
    """The certificates of CASE."""
    source = case.input
    first = 1 if _signing_key(source["report"]) == 1 else 0
    if "table" in source:
        try:
            certs = certtable.certificates(source["table"])
        except certtable.TableError:
            certs = dict.fromkeys(("vcek", "vlek", "ask", "ark"), NO_CERT)
        cas = ["ask"]
    else:
        certs = source["certs"]
        cas = [SLOTS[first][1], SLOTS[1 - first][1]]
    leaf = _pick(certs, [SLOTS[first][0], SLOTS[1 - first][0]])
    ca, ark = _pick(certs, cas), certs.get("ark")
    root = _root(source.get("roots", ()), ark, ca)
    return Given(leaf, ca, ark, root, any_root=bool(source.get("trust_dir")))


def run(case: Case) -> Seen:
    source = case.input
    try:
        if "policy_text" in source:
            rules = policy.parse(source["policy_text"])
        else:
            rules = policy.read(source.get("policy", {}))
    except policy.PolicyFileError as error:
        return Seen("invalid", stage="policy-file", where=str(error))
    at = int(datetime.datetime.fromisoformat(source["at"]).timestamp())
    verdict = verify(source["report"], given(case), crl_bytes=source.get("crl"), at=at, policy=rules)
    return Seen("invalid" if verdict.stage else "valid", stage=verdict.stage, where=verdict.why)
