"""AMD's key distribution service as a client sees it: paths and bodies. Certificate notes, section 3.

Where the notes leave a server's answer open it is docs/kds.md's: 400 for what is malformed, 404 for what is
not known, 405 for other methods than GET, 401 for VLEKs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from reference import cert, crl, tcb
from reference.cert import Cert, CertError
from reference.report import Report

HWID_SIZE = {"Milan": 64, "Genoa": 64, "Turin": 8}
LEGACY = (("blSPL", "boot_loader"), ("teeSPL", "tee"), ("snpSPL", "snp"), ("ucodeSPL", "microcode"))
PARAMETERS = {"Milan": LEGACY, "Genoa": LEGACY, "Turin": (("fmcSPL", "fmc"), *LEGACY)}  # in a path's order
SIGNING_KEY_VCEK, SIGNING_KEY_VLEK = 0, 1
TREES = {SIGNING_KEY_VCEK: "vcek", SIGNING_KEY_VLEK: "vlek"}


class KdsError(ValueError):
    """REASON: a word of the family kds."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


@dataclass(frozen=True)
class Vcek:
    """What a VCEK is asked for by."""

    product: str
    hwid: bytes
    tcb: Mapping[str, int]

    def path(self) -> str:
        """Lower case and two digits at least, as most clients write it."""
        query = "&".join(f"{name}={self.tcb[part]:02}" for name, part in PARAMETERS[self.product])
        return f"/vcek/v1/{self.product}/{self.hwid.hex()}?{query}"


@dataclass(frozen=True)
class Shared:
    """What all leaves of one kind and line need: WHAT is cert_chain or crl."""

    tree: str
    product: str
    what: str

    def path(self) -> str:
        return f"/{self.tree}/v1/{self.product}/{self.what}"


# ---- what a report needs ----


def _line_of(report: Report, product: str | None) -> str:
    line = report.product or (None if report.has("cpuid_fam_id") else product)
    if line is None:
        raise KdsError("product", "a processor of no known product line")
    return line


def shared_of(raw: bytes, what: str, product: str | None = None) -> Shared:
    report = Report(raw)
    if report.signing_key not in TREES:
        raise KdsError("signer", f"SIGNING_KEY {report.signing_key}")
    return Shared(TREES[report.signing_key], _line_of(report, product), what)


def vcek_of(raw: bytes, product: str | None = None) -> Vcek:
    """PRODUCT: of a report that does not say, version 2."""
    report = Report(raw)
    if report.signing_key == SIGNING_KEY_VLEK:
        raise KdsError("vlek", "a VLEK signed the report; it comes from the cloud provider")
    if report.signing_key != SIGNING_KEY_VCEK:
        raise KdsError("signer", f"SIGNING_KEY {report.signing_key}")
    line = _line_of(report, product)
    chip = report.bytes("chip_id")
    if not any(chip):
        raise KdsError("masked", "CHIP_ID is zero")
    return Vcek(line, chip[: HWID_SIZE[line]], tcb.unpack(line, report.bytes("reported_tcb")))


# ---- paths ----

_SHARED = re.compile("/(vcek|vlek)/v1/([^/?]*)/(cert_chain|crl)")


def _query(text: str, product: str) -> dict[str, int]:
    """The TCB in a query. Order, repetition and omission of parameters are not known of the real service."""
    names = dict(PARAMETERS[product])
    values: dict[str, int] = {}
    for item in text.split("&"):
        name, _, value = item.partition("=")
        if name not in names or not re.fullmatch("[0-9]+", value) or int(value) > 255:
            raise KdsError("malformed", f"{item} in a query of {product}")
        values[names[name]] = int(value)
    if values.keys() != set(names.values()):
        raise KdsError("malformed", "a parameter is missing")
    return values


def parse_vcek_path(path: str) -> Vcek:
    match = re.fullmatch(r"/(vcek|vlek)/v1/([^/?]*)/([^/?]*)\?(.*)", path)
    if not match:
        raise KdsError("malformed", "not the path of a VCEK")
    tree, product, name, query = match.groups()
    if tree == "vlek":
        raise KdsError("credentials", "a VLEK is for cloud providers")
    if product not in HWID_SIZE:
        raise KdsError("unknown", f"no product line {product}")
    digits = 2 * HWID_SIZE[product]
    if not re.fullmatch(f"[0-9a-fA-F]{{{digits}}}", name):
        raise KdsError("malformed", f"not {digits} hex digits")
    return Vcek(product, bytes.fromhex(name), _query(query, product))


def _check_shared(wanted: Shared, path: str) -> None:
    match = _SHARED.fullmatch(path)
    if not match:
        raise KdsError("malformed", "not the path of a chain or a list")
    asked = Shared(*match.groups())
    if asked.product not in HWID_SIZE:
        raise KdsError("unknown", f"no product line {asked.product}")
    if asked != wanted:
        raise KdsError("kind", f"{wanted.path()} was needed")


def _check_vcek(wanted: Vcek, path: str) -> None:
    asked = parse_vcek_path(path)
    if (asked.product, asked.hwid) != (wanted.product, wanted.hwid):
        raise KdsError("unknown", "another chip")
    if asked.tcb != wanted.tcb:
        raise KdsError("other-tcb", "the VCEK of another TCB")


def check_request(wanted: Vcek | Shared, method: str, path: str) -> None:
    """The request brings what is WANTED, from a service that knows its chip."""
    if method != "GET":
        raise KdsError("method", method)
    if isinstance(wanted, Shared):
        _check_shared(wanted, path)
    else:
        _check_vcek(wanted, path)


# ---- bodies ----

_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----")


def _certificate(data: bytes) -> Cert:
    try:
        return cert.parse(data)
    except CertError as error:
        raise KdsError("encoding", str(error)) from error


def _line(one: Cert) -> str | None:
    return cert.kind_and_line(one.subject)[1] or cert.kind_and_line(one.issuer)[1]


def _chain(body: bytes, tree: str, product: str) -> list[str]:
    """PEM text of ASK or ASVK, then ARK, and nothing else but white space."""
    if not body.strip() or _BLOCK.sub(b"", body).strip():
        raise KdsError("encoding", "not PEM certificates alone")
    chain = [_certificate(block) for block in _BLOCK.findall(body)]
    if len(chain) != 2:
        raise KdsError("count", f"{len(chain)} certificates")
    kinds, wanted = [one.kind for one in chain], ["ASK" if tree == "vcek" else "ASVK", "ARK"]
    if kinds == wanted[::-1]:
        raise KdsError("order", "the ARK comes first")
    if kinds != wanted:
        raise KdsError("kind", f"{kinds}")
    if any(_line(one) != product for one in chain):
        raise KdsError("other", "another product line")
    return wanted


def _leaf(body: bytes, asked: Vcek) -> list[str]:
    found = _certificate(body)
    if found.kind != "VCEK":
        raise KdsError("kind", f"{found.kind}")
    line = _line(found)
    if line != asked.product:
        raise KdsError("other", f"a VCEK of {line}")
    try:
        info = cert.leaf(found, "VCEK", line)
    except CertError as error:
        raise KdsError("encoding", str(error)) from error
    if info.hwid != asked.hwid or info.tcb != dict.fromkeys(tcb.COMPONENTS, 0) | dict(asked.tcb):
        raise KdsError("other", "another chip or TCB")
    return ["VCEK"]


def read_body(
    path: str, status: int, body: bytes, length: int | None, ark: bytes | None = None, at: int = 0
) -> list[str]:
    """What BODY holds, in its order; KdsError where a client may use nothing of it. LENGTH: Content-Length.
    ARK and AT: what a list is checked with."""
    if not 200 <= status <= 299:
        raise KdsError("status", f"HTTP status {status}")
    if length is not None and length != len(body):
        raise KdsError("length", f"{len(body)} of {length} bytes")
    match = _SHARED.fullmatch(path)
    if not match:
        return _leaf(body, parse_vcek_path(path))
    tree, product, what = match.groups()
    if what == "cert_chain":
        return _chain(body, tree, product)
    try:
        crl.check(body, cert.parse(ark or b""), (), at)
    except crl.CrlError as error:
        raise KdsError("list", str(error)) from error
    return ["CRL"]
