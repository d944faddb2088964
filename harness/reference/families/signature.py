"""Family signature: what signs a report, over which bytes, and how R and S are written."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from reference import keys, p384
from reference.bundle import Family
from reference.families import _signature_body, _signature_signer, _verify_notes
from reference.families._bases import shows
from reference.families._book import Book
from reference.families._signature_body import replaced
from reference.keys import P384_ORDER as N
from reference.keys import EcKey
from reference.mint import Certificate
from reference.world import SIGNED, World, world

TEXT = """
The signature of a report: ECDSA P-384 with SHA-384 over bytes 0 to 0x29F as they came in; R and S are numbers
of 72 bytes, little-endian, from 1 to n-1, their upper 24 bytes zero.

Op `verify` (all families of verifiers use it): `report` is judged with `certs` (`vcek`, `ask` or `vlek`,
`asvk`; `ark`; DER or PEM), `roots` (trusted ARKs), at the time `at`, under `policy` (members of the policy
file of docs/verifier.md; `policy_text` instead is the file itself). Optional: `crl`; `table`, a certificate
table in place of `certs`; `trust_dir`. A refusal names its stage: the first one that fails of parse, version,
signer, chain, revocation, binding, signature, tcb, policy. What each member is for a verifier says
docs/ten-minutes.md, the rules docs/verifier.md.
"""

# What each base is the accepted side of.
SHOWN = (
    *("VRF-062", "VRF-063", "VRF-064", "VRF-010", "VRF-011", "VRF-016", "VRF-017", "VRF-018", "VRF-019"),
    *("VRF-036", "SNP-RPT-038", "SNP-RPT-039", "SNP-RPT-040"),
)

# REPORT_DATA counters for which the signature of world("Genoa", 3) has a rare form; build() looks again.
RARE: dict[str, tuple[int, Callable[[int, int], bool], str]] = {
    "r-top-byte-zero": (260, lambda r, _: r >> 376 == 0, "R's most significant byte is 0"),
    "r-two-bytes-zero": (15324, lambda r, _: r >> 368 == 0, "R's two most significant bytes are 0"),
    "s-two-bytes-zero": (77270, lambda _, s: s >> 368 == 0, "S's two most significant bytes are 0"),
    "r-both-ends-zero": (
        58052,
        lambda r, _: r >> 376 == 0 and r & 0xFF == 0,
        "R's first and last byte are 0",
    ),
    "s-top-byte-zero": (138, lambda _, s: s >> 376 == 0, "S's most significant byte is 0"),
    "r-low-byte-zero": (126, lambda r, _: r & 0xFF == 0, "R's least significant byte is 0"),
    "s-low-byte-zero": (559, lambda _, s: s & 0xFF == 0, "S's least significant byte is 0"),
    "r-top-bit-set": (2, lambda r, s: (r >> 383, s >> 383) == (1, 0), "R's top bit is 1, S's is 0"),
    "s-top-bit-set": (3, lambda r, s: (r >> 383, s >> 383) == (0, 1), "S's top bit is 1, R's is 0"),
}


def numbers(report: bytes) -> tuple[int, int]:
    return int.from_bytes(report[0x2A0:0x2E8], "little"), int.from_bytes(report[0x2E8:0x330], "little")


def under(w: World, r: int, s: int) -> bytes:
    """W's report under other numbers."""
    return w.report[:SIGNED] + keys.report_signature(r, s)


def _accepted(b: Book, w: World) -> None:
    base = b.base(w)
    for name, (counter, holds, text) in RARE.items():
        report = w.put("REPORT_DATA", counter.to_bytes(64, "little"))
        assert holds(*numbers(report)), name
        requirement = "VRF-066"
        flags = ["sig-leading-zero-and-high-bit"]
        changes = {"report": (report, "REPORT_DATA", "vcek")}
        b.vary(name, f"{text}: accepted", [requirement], base, changes, flags=flags)
    r, s = numbers(w.report)
    above, below = max(s, N - s), min(s, N - s)
    for name, number, text in (("s-above-half", above, "above"), ("s-below-half", below, "below")):
        b.vary(
            name,
            f"S is {text} half the group order: accepted, as its other spelling is",
            ["VRF-065"],
            base,
            {"report": (under(w, r, number), "SIGNATURE.S", "vcek")},
            flags=["sig-high-s"],
        )


def _ranges(b: Book, w: World) -> None:
    """R and S outside 1 to n-1. What does not fit into 48 bytes is refused by its form already."""
    r, s = numbers(w.report)
    base = b.base(w)
    rows = (
        ("r-zero", "R is 0", 0, s, "SIGNATURE.R", "sig-r-zero"),
        ("s-zero", "S is 0", r, 0, "SIGNATURE.S", "sig-r-zero"),
        ("r-s-zero", "R and S are 0", 0, 0, "SIGNATURE", "sig-r-zero"),
        ("r-n", "R is the group order", N, s, "SIGNATURE.R", "sig-r-ge-n"),
        ("s-n", "S is the group order", r, N, "SIGNATURE.S", "sig-r-ge-n"),
        ("r-s-n", "R and S are the group order", N, N, "SIGNATURE", "sig-r-ge-n"),
        ("r-n-plus-1", "R is one above the group order", N + 1, s, "SIGNATURE.R", "sig-r-ge-n"),
        ("s-n-plus-1", "S is one above the group order", r, N + 1, "SIGNATURE.S", "sig-r-ge-n"),
        ("r-all-ones", "R is 2^384 - 1", (1 << 384) - 1, s, "SIGNATURE.R", "sig-r-ge-n"),
        ("s-all-ones", "S is 2^384 - 1", r, (1 << 384) - 1, "SIGNATURE.S", "sig-r-ge-n"),
    )
    for name, defect, new_r, new_s, field, flag in rows:
        change = {"report": (under(w, new_r, new_s), field, None)}
        b.refuse(name, defect, ["VRF-063"], base, change, flags=[flag])
    for name, defect, new_r, new_s, field in (
        ("r-plus-n", "R is the good R and the group order", r + N, s, "SIGNATURE.R"),
        ("s-plus-n", "S is the good S and the group order", r, s + N, "SIGNATURE.S"),
    ):
        change = {"report": (under(w, new_r, new_s), field, None)}
        flags = ["sig-r-ge-n", "sig-hi-24-bytes-nonzero"]
        b.refuse(name, defect, ["VRF-010"], base, change, stage="parse", flags=flags)
    for name, defect, new_r, new_s in (
        ("r-one", "R and S are 1", 1, 1),
        ("r-n-minus-1", "R and S are one below the group order", N - 1, N - 1),
        ("r-negated", "R is n - R", N - r, s),
    ):
        change = {"report": (under(w, new_r, new_s), "SIGNATURE", None)}
        b.refuse(name, defect, ["VRF-062"], base, change, flags=["2-32"])


def _spellings(b: Book, w: World) -> None:
    r, s = numbers(w.report)
    base = b.base(w)
    big = [number.to_bytes(48, "big") for number in (r, s)]
    b.refuse(
        "swapped",
        "R and S in each other's place",
        ["VRF-062"],
        base,
        {"report": (under(w, s, r), "SIGNATURE", None)},
    )
    for name, defect, data in (
        (
            "big-endian-48",
            "R and S are big-endian in their lower 48 bytes",
            b"".join(n + bytes(24) for n in big),
        ),
        ("big-endian-r", "R is big-endian", big[0] + bytes(24) + s.to_bytes(72, "little")),
    ):
        change = {"report": (replaced(w, 0x2A0, data), "SIGNATURE", None)}
        b.refuse(name, defect, ["VRF-064", "VRF-062"], base, change, flags=["sig-big-endian"])
    for name, defect, requirements, data, flag in (
        (
            "big-endian-72",
            "R and S are big-endian in 72 bytes",
            ["VRF-064", "VRF-010"],
            b"".join(bytes(24) + n for n in big),
            "sig-big-endian",
        ),
        (
            "packed",
            "R and S of 48 bytes follow each other without a gap",
            ["VRF-010"],
            r.to_bytes(48, "little") + s.to_bytes(48, "little") + bytes(48),
            "sig-hi-24-bytes-nonzero",
        ),
        (
            "x509",
            "The signature is DER, as X.509 has it",
            ["VRF-010"],
            keys.der_signature(r, s).ljust(144, b"\0"),
            "sig-big-endian",
        ),
        (
            "raw-big-endian",
            "R and S are big-endian, 48 bytes each, without a gap",
            ["VRF-010"],
            b"".join(big) + bytes(48),
            "sig-big-endian",
        ),
    ):
        change = {"report": (replaced(w, 0x2A0, data), "SIGNATURE", None)}
        b.refuse(name, defect, requirements, base, change, stage="parse", flags=[flag])
    upper, tail = "A byte of the upper 24 of R or S is set", "A byte behind S is set"
    for name, defect, requirement, title, at, data in (
        ("r-upper-first", upper, "VRF-010", "The first of R's upper 24 bytes", 0x2D0, b"\x01"),
        ("r-upper-last", upper, "VRF-010", "The last of R's upper 24 bytes", 0x2E7, b"\x80"),
        ("s-upper-first", upper, "VRF-010", "The first of S's upper 24 bytes", 0x318, b"\x01"),
        ("s-upper-last", upper, "VRF-010", "The last of S's upper 24 bytes", 0x32F, b"\x80"),
        ("tail-first", tail, "VRF-011", "The first byte behind S", 0x330, b"\x01"),
        ("tail-last", tail, "VRF-011", "The last byte of the report", 0x49F, b"\x80"),
        ("tail-all", tail, "VRF-011", "All bytes behind S", 0x330, b"\xee" * 368),
    ):
        b.refuse(
            name,
            defect,
            [requirement],
            base,
            {"report": (replaced(w, at, data), "SIGNATURE", None)},
            title=f"{title}: set, not signed",
            boundary=title,
            stage="parse",
            flags=["sig-hi-24-bytes-nonzero", "2-12"] if defect == upper else ["sig-tail-368-nonzero"],
        )


def signed_over(w: World, message: bytes, algorithm: HashAlgorithm, key: EcKey | None = None) -> bytes:
    """W's report under a signature of MESSAGE by its leaf's key, or by KEY."""
    how = ec.ECDSA(algorithm, deterministic_signing=True)
    made = (key or w.key).private().sign(message, how)
    return under(w, *utils.decode_dss_signature(made))


def _digests(b: Book, w: World) -> None:
    report, base = w.report, b.base(w)
    body = report[:SIGNED]
    digest = hashlib.sha384(body).digest()
    rows = (
        ("sha256", "The digest is SHA-256", body, SHA256()),
        ("sha512", "The digest is SHA-512", body, SHA512()),
        ("twice-hashed", "The digest is of the digest", digest, SHA384()),
        ("range-29f", "The last signed byte is left out", body[:-1], SHA384()),
        ("range-1", "VERSION's first byte is left out", body[1:], SHA384()),
        ("range-2a1", "One byte of R is signed too", body + report[0x2A0:0x2A1], SHA384()),
        ("range-all", "All of the report is signed, with a signature of zeros", body + bytes(512), SHA384()),
        ("range-208", "Nothing behind the mitigation vectors is signed", body[:0x208], SHA384()),
        ("range-report-data", "REPORT_DATA alone is signed", body[0x50:0x90], SHA384()),
        (
            "range-response",
            "The response's header is signed too",
            bytes(4) + b"\xa0\x04" + bytes(26) + body,
            SHA384(),
        ),
    )
    for name, defect, message, algorithm in rows:
        change = {"report": (signed_over(w, message, algorithm), "SIGNATURE", None)}
        b.refuse(name, defect, ["VRF-062"], base, change, flags=["sig-digest-sha256"])


def _keys(b: Book, w: World) -> None:
    body, base = w.report[:SIGNED], b.base(w)
    older = replace(w.tcb, snp=w.tcb.snp - 1)
    others: tuple[tuple[str, str, EcKey], ...] = (
        (
            "key-other-tcb",
            "Signed by the same chip's key of another TCB",
            keys.leaf("vcek", w.product, w.ident, older.version(w.product)),
        ),
        (
            "key-other-chip",
            "Signed by another chip's key of the same TCB",
            world(w.name, w.version, hwid=b"\xc2" * 64).key,
        ),
        (
            "key-other-line",
            "Signed by the key of the same chip id and TCB on another line",
            keys.leaf("vcek", "Milan", w.ident, w.tcb_version),
        ),
        ("key-vlek", "Signed by a VLEK's key", world(w.name, w.version, "vlek").key),
        ("key-forged", "Signed by a key that no certificate has", keys.forged_ec("report")),
    )
    for name, defect, key in others:
        change = {"report": (signed_over(w, body, SHA384(), key), "SIGNATURE", None)}
        b.refuse(name, defect, ["VRF-062"], base, change)
    other = w.put("REPORT_DATA", bytes(64))
    b.refuse(
        "other-report",
        "The good signature of another report",
        ["VRF-062"],
        base,
        {"report": (under(w, *numbers(other)), "SIGNATURE", None)},
        flags=["sig-not-checked-at-all"],
    )
    p256 = keys.forged_ec("leaf on P-256", "secp256r1")
    b.refuse(
        "curve-p256",
        "Leaf and signature are of P-256",
        ["VRF-036"],
        base,
        {
            "certs.vcek": (w.leaf(spki=p256.spki()).der(), "key", "ask"),
            "report": (signed_over(w, body, SHA384(), p256), "SIGNATURE", "forged leaf"),
        },
        stage="chain",
        layer="chain",
        flags=["chain-leaf-wrong-curve"],
    )


def _algorithms(b: Book, w: World) -> None:
    for value in (0, 2, 0x101, 0x01000000, 0xFFFFFFFF):
        b.refuse(
            f"algo-{value:x}",
            "SIGNATURE_ALGO is not 1",
            ["VRF-019"],
            b.base(w),
            {"report": (w.put("SIGNATURE_ALGO", value), "SIGNATURE_ALGO", "vcek")},
            title=f"SIGNATURE_ALGO is {value:#x}",
            boundary=f"the value {value:#x}",
            stage="signer",
            layer="signer",
            flags=["sig-algo-unknown"],
        )


def _made_to_fit(w: World, r: int, s: int) -> Certificate:
    """W's leaf with the key under which (R, S) signs W's report; nobody has the private one. SEC 1, 4.1.6."""
    point = p384.with_x(r + N if r + N < p384.P else r)
    e = int.from_bytes(hashlib.sha384(w.report[:SIGNED]).digest(), "big")
    inverse = pow(r, -1, N)
    x, y = p384.add_affine(
        p384.times(s * inverse % N, point), p384.times(-e * inverse % N, (p384.GX, p384.GY))
    )
    key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP384R1()).public_key()
    return w.leaf(spki=key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def _small_numbers(b: Book, w: World) -> None:
    """R and S so small that the group order added to them still fits into 384 bits."""
    r, _ = numbers(w.report)
    base = b.base(w)
    rows = (
        ("s", r, 5, r, 5 + N, "S is 5", "S is 5 and the group order, in 384 bits"),
        ("r", 2, 7, 2 + N, 7, "R is 2, x of its point is n + 2", "R is x of its point, which is n + 2"),
    )
    for name, good_r, good_s, bad_r, bad_s, title, defect in rows:
        leaf = _made_to_fit(w, good_r, good_s)
        twin = b.vary(
            f"{name}-small",
            f"{title}: a signature like any other",
            ["VRF-063"],
            base,
            {
                "certs.vcek": (leaf.der(), "subjectPublicKeyInfo", "ask"),
                "report": (under(w, good_r, good_s), "SIGNATURE", None),
            },
            flags=["sig-r-ge-n"],
        )
        b.refuse(
            f"{name}-small-plus-n",
            defect,
            ["VRF-063"],
            twin,
            {"report": (under(w, bad_r, bad_s), f"SIGNATURE.{name.upper()}", None)},
            flags=["sig-r-ge-n"],
        )


def build() -> Family:
    f = Family("signature", "Signature of a report", TEXT)
    b = Book(f, stage="signature")
    w = world("Genoa", 3)
    for base in (w, world("Genoa", 5), world("Turin", 5), world("Milan", 2), world("Milan", 3)):
        shows(b, base, *SHOWN)
    for vlek in (world("Milan", 3, "vlek"), world("Genoa", 5, "vlek")):
        shows(b, vlek, *SHOWN)
    _accepted(b, w)
    _ranges(b, w)
    _small_numbers(b, w)
    _spellings(b, w)
    _digests(b, w)
    _keys(b, w)
    _algorithms(b, w)
    _signature_body.add(b)
    _signature_signer.add(b)
    return _verify_notes.add(f)
