"""Certificates and CRLs as AMD makes them (certificate notes 1 to 3), every part of which can be changed.

`ark`, `ask`, `asvk`, `vcek`, `vlek` give a `Certificate`; `dataclasses.replace` changes it, `der()` signs and
writes it. `crl` gives a `Crl` in the same way. Without changes the bytes are those that sevkit mints.

Parts are whole DER elements (bytes), so that any of them can be broken; serial numbers are INTEGER contents.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from reference import der, keys, pss, tcb
from reference.keys import EcKey
from reference.pss import FORM_A, FORM_B, Pss, RsaKey

PRODUCTS = ("Milan", "Genoa", "Turin")
ARC = "1.3.6.1.4.1.3704.1"
SKI, KEY_USAGE, BASIC, CRL_NUMBER, CRLDP, AKI = (f"2.5.29.{n}" for n in (14, 15, 19, 20, 31, 35))
STRUCT_VERSION, PRODUCT_NAME, HWID, CSP_ID = (f"{ARC}.{n}" for n in (1, 2, 4, 5))
SPL = {
    "bl": f"{ARC}.3.1",
    "tee": f"{ARC}.3.2",
    "snp": f"{ARC}.3.3",
    "spl_4": f"{ARC}.3.4",
    "spl_5": f"{ARC}.3.5",
    "spl_6": f"{ARC}.3.6",
    "spl_7": f"{ARC}.3.7",
    "ucode": f"{ARC}.3.8",
    "fmc": f"{ARC}.3.9",
}
# The order of the SPL extensions in a leaf: that of the bytes of TCB_VERSION.
LEGACY_ORDER = ("bl", "tee", "spl_4", "spl_5", "spl_6", "spl_7", "snp", "ucode")
TURIN_ORDER = ("fmc", "bl", "tee", "snp", "spl_5", "spl_6", "spl_7", "ucode")

SERIALS = {
    "ark": {"Milan": "010000", "Genoa": "020000", "Turin": "030000"},
    "ask": {"Milan": "010001", "Genoa": "020002", "Turin": "030001"},
    "asvk": {"Milan": "010101", "Genoa": "020101", "Turin": "030101"},
}
NOT_BEFORE = {
    "ark": {
        "Milan": "2020-10-22T17:23:05Z",
        "Genoa": "2022-01-26T15:34:37Z",
        "Turin": "2023-05-15T20:03:12Z",
    },
    "ask": {
        "Milan": "2020-10-22T18:24:20Z",
        "Genoa": "2022-10-31T13:33:48Z",
        "Turin": "2023-05-15T20:25:21Z",
    },
    "asvk": {
        "Milan": "2022-11-16T22:45:24Z",
        "Genoa": "2022-11-18T20:48:34Z",
        "Turin": "2023-05-15T21:09:41Z",
    },
}
FORM_B_SINCE = "2024-11-06T00:00:00Z"  # docs/ambiguities.md, AMB-43

NAME = (
    ("2.5.4.11", der.UTF8, "Engineering"),
    ("2.5.4.6", der.PRINTABLE, "US"),
    ("2.5.4.7", der.UTF8, "Santa Clara"),
    ("2.5.4.8", der.UTF8, "CA"),
    ("2.5.4.10", der.UTF8, "Advanced Micro Devices"),
)
COMMON_NAME = "2.5.4.3"
RDN = tuple[str, int, str]


def rdn(attribute: RDN) -> bytes:
    oid, tag, value = attribute
    return der.set_of(der.sequence(der.oid(oid), der.text(tag, value)))


def rdns(common_name: str) -> tuple[RDN, ...]:
    """AMD's attributes in AMD's order: OU, C, L, ST, O, CN."""
    return (*NAME, (COMMON_NAME, der.UTF8, common_name))


def name(common_name: str) -> bytes:
    return der.sequence(*(rdn(attribute) for attribute in rdns(common_name)))


def ca_name(role: str, product: str) -> str:
    return {"ark": "ARK-", "ask": "SEV-", "asvk": "SEV-VLEK-"}[role] + product


# ---- signing ----

Signer = Callable[[bytes], bytes]


def rsa_signer(key: RsaKey, how: Pss = pss.AMD) -> Signer:
    return lambda tbs: pss.sign(key, tbs, how)


def pkcs1_signer(key: RsaKey, hash_name: str = "sha384") -> Signer:
    return lambda tbs: pss.sign_pkcs1(key, tbs, hash_name)


def ec_signer(key: EcKey) -> Signer:
    return lambda tbs: keys.der_signature(*key.sign(tbs))


# ---- extensions ----


@dataclass(frozen=True)
class Extension:
    """RAW, if given, is the whole element as it is to be written."""

    oid: str
    value: bytes
    critical: bool = False
    raw: bytes | None = None

    def der(self) -> bytes:
        if self.raw is not None:
            return self.raw
        flag = der.boolean(True) if self.critical else b""
        return der.sequence(der.oid(self.oid), flag, der.octets(self.value))


Extensions = tuple[Extension, ...]


def changed(extensions: Extensions, oid: str, *new: Extension) -> Extensions:
    """The extension OID exchanged for NEW: none drops it, several repeat it."""
    at = next(i for i, extension in enumerate(extensions) if extension.oid == oid)
    return (*extensions[:at], *new, *extensions[at + 1 :])


def valued(extensions: Extensions, oid: str, value: bytes) -> Extensions:
    """The same with another value of OID."""
    old = next(extension for extension in extensions if extension.oid == oid)
    return changed(extensions, oid, replace(old, value=value))


def ski(key: RsaKey) -> bytes:
    return hashlib.sha1(key.public()).digest()


def aki_value(ark: RsaKey) -> bytes:
    return der.sequence(der.tlv(0x80, ski(ark)))


def crldp_value(url: str) -> bytes:
    return der.sequence(der.sequence(der.explicit(0, der.explicit(0, der.tlv(0x86, url.encode())))))


def basic_value(ca: bool, path: int | None) -> bytes:
    parts = der.boolean(True) if ca else b""
    return der.sequence(parts, b"" if path is None else der.integer(path))


def ca_extensions(role: str, product: str, key: RsaKey, ark: RsaKey) -> Extensions:
    """Table 1.2 of the notes. The keyUsage of ASK and ASVK is not minimal: AMD's are not."""
    kind = "vlek" if role == "asvk" else "vcek"
    crldp = Extension(CRLDP, crldp_value(f"https://kdsintf.amd.com/{kind}/v1/{product}/crl"))
    own = Extension(SKI, der.octets(ski(key)))
    if role == "ark":
        usage = Extension(KEY_USAGE, bytes.fromhex("03020106"), critical=True)
        return (usage, own, Extension(BASIC, basic_value(True, None), critical=True), crldp)
    usage = Extension(KEY_USAGE, bytes.fromhex("03020104"), critical=True)
    above = Extension(AKI, aki_value(ark))
    return (own, above, Extension(BASIC, basic_value(True, 0), critical=True), usage, crldp)


# ---- TCB ----


@dataclass(frozen=True)
class Tcb:
    """A TCB by its components; FMC is Turin's alone."""

    bl: int
    tee: int
    snp: int
    ucode: int
    fmc: int = 0

    def version(self, product: str) -> bytes:
        """TCB_VERSION, byte 0 first (report notes 6)."""
        if product == "Turin":
            return bytes([self.fmc, self.bl, self.tee, self.snp, 0, 0, 0, self.ucode])
        return bytes([self.bl, self.tee, 0, 0, 0, 0, self.snp, self.ucode])

    def part(self, spl: str) -> int:
        """The component that the extension SPL holds; reserved ones are 0."""
        return {"fmc": self.fmc, "bl": self.bl, "tee": self.tee, "snp": self.snp, "ucode": self.ucode}.get(
            spl, 0
        )


def leaf_extensions(product: str, product_name: str, tcb: Tcb, last: Extension) -> Extensions:
    """Section 2 of the notes; LAST is hwID or cspID."""
    order = TURIN_ORDER if product == "Turin" else LEGACY_ORDER
    return (
        Extension(STRUCT_VERSION, der.integer(1 if product == "Turin" else 0)),
        Extension(PRODUCT_NAME, der.text(der.IA5, product_name)),
        *(Extension(SPL[spl], der.integer(tcb.part(spl))) for spl in order),
        last,
    )


# ---- certificates ----


@dataclass(frozen=True)
class Certificate:
    """A certificate before it is signed. OUTER is the signatureAlgorithm after the TBSCertificate (None: as
    inside); SIGNATURE, if given, stands in place of the signer's; EXTENSIONS None leaves [3] out."""

    serial: bytes
    issuer: bytes
    not_before: bytes
    not_after: bytes
    subject: bytes
    spki: bytes
    extensions: Extensions | None
    signer: Signer = field(repr=False)
    algorithm: bytes = FORM_A
    outer: bytes | None = None
    version: bytes = der.explicit(0, der.integer(2))
    unique_ids: bytes = b""
    tbs_tail: bytes = b""
    signature: bytes | None = None
    trailing: bytes = b""

    def tbs(self) -> bytes:
        extensions = b""
        if self.extensions is not None:
            extensions = der.explicit(3, der.sequence(*(extension.der() for extension in self.extensions)))
        return der.sequence(
            self.version,
            der.tlv(der.INTEGER, self.serial),
            self.algorithm,
            self.issuer,
            der.sequence(self.not_before, self.not_after),
            self.subject,
            self.spki,
            self.unique_ids,
            extensions,
            self.tbs_tail,
        )

    def der(self) -> bytes:
        return _signed(self.tbs(), self.outer or self.algorithm, self.signer, self.signature) + self.trailing

    def with_extension(self, oid: str, value: bytes) -> Certificate:
        assert self.extensions is not None
        return replace(self, extensions=valued(self.extensions, oid, value))

    def with_extensions(self, oid: str, *new: Extension) -> Certificate:
        """See `changed`."""
        assert self.extensions is not None
        return replace(self, extensions=changed(self.extensions, oid, *new))

    def and_extension(self, *new: Extension) -> Certificate:
        """The same with NEW after the others."""
        return replace(self, extensions=(*(self.extensions or ()), *new))


def _signed(tbs: bytes, algorithm: bytes, signer: Signer, signature: bytes | None) -> bytes:
    return der.sequence(tbs, algorithm, der.bits(signer(tbs) if signature is None else signature))


def years_later(iso: str, years: int) -> str:
    """The same date some calendar years on; 29 February becomes the 28th where there is none."""
    when = der.moment(iso)
    try:
        later = when.replace(year=when.year + years)
    except ValueError:
        later = when.replace(year=when.year + years, day=28)
    return later.strftime("%Y-%m-%dT%H:%M:%SZ")


def _ca(role: str, product: str, key: RsaKey | None, ark: RsaKey | None) -> Certificate:
    ark = ark or keys.root("ark", product)
    key = key or (ark if role == "ark" else keys.root(role, product))
    start = NOT_BEFORE[role][product]
    return Certificate(
        serial=bytes.fromhex(SERIALS[role][product]),
        issuer=name(ca_name("ark", product)),
        not_before=der.utc_time(start),
        not_after=der.utc_time(years_later(start, 25)),
        subject=name(ca_name(role, product)),
        spki=key.spki(),
        extensions=ca_extensions(role, product, key, ark),
        signer=rsa_signer(ark),
    )


def ark(product: str, key: RsaKey | None = None) -> Certificate:
    """Self-signed; with another KEY a forgery."""
    return _ca("ark", product, None, key)


def ask(product: str, key: RsaKey | None = None, ark: RsaKey | None = None) -> Certificate:
    """Signed by the key ARK, the product's own without one."""
    return _ca("ask", product, key, ark)


def asvk(product: str, key: RsaKey | None = None, ark: RsaKey | None = None) -> Certificate:
    return _ca("asvk", product, key, ark)


def vcek(
    product: str,
    tcb: Tcb,
    hwid: bytes,
    *,
    not_before: str,
    product_name: str | None = None,
    key: EcKey | None = None,
    issuer: RsaKey | None = None,
) -> Certificate:
    """KEY and ISSUER: other keys of the leaf and of the ASK than the published ones."""
    key = key or keys.leaf("vcek", product, hwid, tcb.version(product))
    product_name = product_name or ("Milan-B0" if product == "Milan" else product)
    last = Extension(HWID, hwid)
    extensions = leaf_extensions(product, product_name, tcb, last)
    return _leaf("vcek", product, key, extensions, not_before, issuer or keys.root("ask", product))


def vlek(
    product: str,
    tcb: Tcb,
    csp_id: str,
    *,
    not_before: str,
    product_name: str | None = None,
    key: EcKey | None = None,
    issuer: RsaKey | None = None,
) -> Certificate:
    key = key or keys.leaf("vlek", product, csp_id.encode(), tcb.version(product))
    last = Extension(CSP_ID, der.text(der.IA5, csp_id))
    extensions = leaf_extensions(product, product_name or product, tcb, last)
    return _leaf("vlek", product, key, extensions, not_before, issuer or keys.root("asvk", product))


def _leaf(
    kind: str, product: str, key: EcKey, extensions: Extensions, not_before: str, issuer: RsaKey
) -> Certificate:
    old = der.moment(not_before) < der.moment(FORM_B_SINCE)
    return Certificate(
        serial=b"\0",
        issuer=name(ca_name("ask" if kind == "vcek" else "asvk", product)),
        not_before=der.utc_time(not_before),
        not_after=der.utc_time(years_later(not_before, 7 if kind == "vcek" else 1)),
        subject=name(f"SEV-{kind.upper()}"),
        spki=key.spki(),
        extensions=extensions,
        signer=rsa_signer(issuer),
        algorithm=FORM_A if old else FORM_B,
    )


# ---- revocation lists ----


@dataclass(frozen=True)
class Revoked:
    """An entry: INTEGER content of the serial number, the date, extensions (none: absent)."""

    serial: bytes
    date: bytes
    extensions: Extensions = ()

    def der(self) -> bytes:
        extra = der.sequence(*(extension.der() for extension in self.extensions)) if self.extensions else b""
        return der.sequence(der.tlv(der.INTEGER, self.serial), self.date, extra)


@dataclass(frozen=True)
class Crl:
    """A revocation list before it is signed; as Certificate. NEXT_UPDATE b"" leaves it out, as does an empty
    ENTRIES with its SEQUENCE; EXTENSIONS None leaves [0] out."""

    issuer: bytes
    this_update: bytes
    next_update: bytes
    entries: tuple[Revoked, ...]
    extensions: Extensions | None
    signer: Signer = field(repr=False)
    algorithm: bytes = FORM_A
    outer: bytes | None = None
    version: bytes = der.integer(1)
    signature: bytes | None = None
    trailing: bytes = b""

    def tbs(self) -> bytes:
        entries = der.sequence(*(entry.der() for entry in self.entries)) if self.entries else b""
        extensions = b""
        if self.extensions is not None:
            extensions = der.explicit(0, der.sequence(*(extension.der() for extension in self.extensions)))
        return der.sequence(
            self.version, self.algorithm, self.issuer, self.this_update, self.next_update, entries, extensions
        )

    def der(self) -> bytes:
        return _signed(self.tbs(), self.outer or self.algorithm, self.signer, self.signature) + self.trailing

    def revoking(self, *serials: bytes) -> Crl:
        """The same with entries for SERIALS, of the date of thisUpdate."""
        entries = tuple(Revoked(serial, self.this_update) for serial in serials)
        return replace(self, entries=(*self.entries, *entries))


def crl(product: str, this_update: str, next_update: str, key: RsaKey | None = None) -> Crl:
    """An empty list of the product's ARK, or of KEY under its name."""
    key = key or keys.root("ark", product)
    seconds = int(der.moment(this_update).timestamp())
    return Crl(
        issuer=name(ca_name("ark", product)),
        this_update=der.utc_time(this_update),
        next_update=der.utc_time(next_update),
        entries=(),
        extensions=(Extension(AKI, aki_value(key)), Extension(CRL_NUMBER, der.integer(seconds))),
        signer=rsa_signer(key),
    )


def pem(der_bytes: bytes, label: str = "CERTIFICATE") -> bytes:
    """64 columns, LF."""

    text = base64.b64encode(der_bytes).decode()
    lines = [text[i : i + 64] for i in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode()


def anchor_name(line: str) -> str:
    return f"ark-{line.lower()}.cert.pem"


def anchors() -> dict[str, bytes]:
    """File names in vectors/keys/ and the test ARKs as certificates."""
    return {anchor_name(line): pem(ark(line).der()) for line in tcb.PRODUCTS}
