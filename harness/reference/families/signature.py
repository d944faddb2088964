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
from reference.families import _signature_signer, _verify_notes
from reference.families._bases import question, raw, shows
from reference.families._book import Book
from reference.families._report_reserved import field_of
from reference.keys import P384_ORDER as N
from reference.keys import EcKey
from reference.mint import Certificate
from reference.world import FIELDS, SIGNED, World, world

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


def replaced(w: World, at: int, data: bytes) -> bytes:
    return w.report[:at] + data + w.report[at + len(data) :]


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
    vlek = world("Milan", 3, "vlek")
    masked = vlek.put("KEY_INFO", 6)
    twin = b.vary(
        "mask-chip-key-vlek",
        "MASK_CHIP_KEY says nothing about a VLEK",
        ["VRF-021"],
        b.base(vlek),
        {"report": (masked, "KEY_INFO", "vlek")},
    )
    b.refuse(
        "mask-chip-key-zero",
        "A signature of zeros beside MASK_CHIP_KEY",
        ["VRF-063"],
        twin,
        {"report": (masked[:SIGNED] + bytes(512), "SIGNATURE", None)},
        flags=["sig-mask-chip-key-zero"],
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
            "report": (signed_over(w, body, SHA384(), p256), "SIGNATURE", None),
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


# Field and the byte of it that changes (by 1), so that no other stage refuses it.
BODY = (
    ("VERSION", 0, "Genoa"),
    ("GUEST_SVN", 0, "Genoa"),
    ("POLICY", 0, "Genoa"),
    ("FAMILY_ID", 0, "Genoa"),
    ("IMAGE_ID", 15, "Genoa"),
    ("VMPL", 0, "Genoa"),
    ("CURRENT_TCB", 7, "Genoa"),
    ("PLATFORM_INFO", 0, "Genoa"),
    ("KEY_INFO", 0, "Genoa"),
    ("REPORT_DATA", 63, "Genoa"),
    ("MEASUREMENT", 0, "Genoa"),
    ("HOST_DATA", 31, "Genoa"),
    ("ID_KEY_DIGEST", 47, "Genoa"),
    ("AUTHOR_KEY_DIGEST", 0, "Genoa"),
    ("REPORT_ID", 0, "Genoa"),
    ("REPORT_ID_MA", 31, "Genoa"),
    ("CPUID_MOD_ID", 0, "Genoa"),
    ("CPUID_STEP", 0, "Genoa"),
    ("CHIP_ID", 32, "vlek"),
    ("CURRENT_BUILD", 0, "Genoa"),
    ("CURRENT_MINOR", 0, "Genoa"),
    ("CURRENT_MAJOR", 0, "Genoa"),
    ("COMMITTED_BUILD", 0, "Genoa"),
    ("COMMITTED_MINOR", 0, "Genoa"),
    ("COMMITTED_MAJOR", 0, "Genoa"),
    ("LAUNCH_TCB", 0, "Genoa"),
    ("LAUNCH_MIT_VECTOR", 0, "Genoa"),
    ("CURRENT_MIT_VECTOR", 7, "Genoa"),
)


RESERVED_BYTE = "A reserved byte of a TCB is another than was signed"


def _body(b: Book) -> None:
    """Each field that is signed, changed under the signature that was there."""
    worlds = {"Genoa": world("Genoa", 5), "vlek": world("Genoa", 5, "vlek")}
    for field, at, which in BODY:
        w = worlds[which]
        start = FIELDS[field][0] + at
        step = 1 if field.startswith("CURRENT_") else -1 if field == "VERSION" else 0
        value = w.report[start] + step if step else w.report[start] ^ 1
        _changed(b, field, b.base(w), replaced(w, start, bytes([value])))
    w = worlds["Genoa"]
    ahead = w.put("CURRENT_TCB", raw(w, snp=w.tcb.snp + 2))
    twin = b.vary(
        "current-ahead",
        "SNP of CURRENT_TCB is 2 above the others'",
        ["VRF-068"],
        b.base(w),
        {"report": (ahead, "CURRENT_TCB", "vcek")},
    )
    at = FIELDS["COMMITTED_TCB"][0] + 6
    _changed(b, "COMMITTED_TCB", twin, ahead[:at] + bytes([ahead[at] + 1]) + ahead[at + 1 :])


def _changed(b: Book, field: str, twin: str, report: bytes) -> None:
    b.refuse(
        f"body-{field.lower().replace('_', '-')}",
        "A signed field is another than was signed",
        ["VRF-062"],
        twin,
        {"report": (report, field, None)},
        title=f"{field} is another than was signed",
        boundary=f"the field {field}",
        flags=["sig-not-checked-at-all" if field == "MEASUREMENT" else "sig-body-bit-sweep"],
    )


def _reserved(b: Book) -> None:
    """Reserved bytes of TCBs, where the policy lets them pass."""
    for line, places in (("Milan", (2, 3, 4, 5)), ("Turin", (4, 6))):
        w = world(line, 3)
        for place in places:
            b.refuse(
                f"reserved-{line.lower()}-{place}",
                RESERVED_BYTE,
                ["VRF-062", "VRF-121"],
                left_to_newer(b, w),
                {"report": (replaced(w, 0x180 + place, b"\x7f"), "REPORTED_TCB", None)},
                title=f"Byte {place} of REPORTED_TCB, which {line} reserves, was signed as 0 and is not",
                boundary=f"byte {place} of REPORTED_TCB",
                flags=["sig-tcb-reserved-malleable"],
            )
    w = world("Milan", 3)
    for field in ("CURRENT_TCB", "COMMITTED_TCB", "LAUNCH_TCB"):
        b.refuse(
            f"reserved-{field.lower().replace('_', '-')}",
            RESERVED_BYTE,
            ["VRF-062", "VRF-121"],
            left_to_newer(b, w),
            {"report": (replaced(w, FIELDS[field][0] + 3, b"\x01"), field, None)},
            title=f"A reserved byte of {field} was signed as 0 and is not",
            boundary=f"the field {field}",
            flags=["sig-tcb-reserved-malleable"],
        )
    question(
        b,
        "reserved-and-resigned",
        "A reserved byte of a TCB is set",
        ["VRF-112", "VRF-121"],
        b.base(w),
        {"report": (w.change(0x182, b"\x01"), "REPORTED_TCB", "vcek")},
        title="A reserved byte of REPORTED_TCB is set and signed: the signature holds, whatever the TCB is",
        accept={"allow_unknown_reserved": True},
        refuse={"allow_unknown_reserved": False},
        stage="tcb",
        layer="tcb",
        flags=["sig-tcb-reserved-genuine", "tcb-reserved-nonzero"],
    )


# Name, version, offset, new bytes, what is changed. Each may be anything in a report that is signed anew.
NAMELESS = (
    ("4c", 5, 0x04C, b"\x01", "Byte 0x4C"),
    ("key-info-5", 5, 0x048, b"\x20", "Bit 5 of KEY_INFO"),
    ("18b", 5, 0x18B, b"\x01", "Byte 0x18B"),
    ("1eb", 5, 0x1EB, b"\x01", "Byte 0x1EB"),
    ("1ef", 5, 0x1EF, b"\x01", "Byte 0x1EF"),
    ("208", 5, 0x208, b"\x01", "Byte 0x208"),
    ("29f", 5, 0x29F, b"\x80", "Byte 0x29F"),
    ("1f8-v3", 3, 0x1F8, b"\xff" * 8, "LAUNCH_MIT_VECTOR's place in version 3"),
    ("188-v2", 2, 0x188, b"\x19", "CPUID_FAM_ID's place in version 2"),
)
UNSIGNED_RESERVED = "A reserved byte is another than was signed, and such bytes are left to newer firmware"


def allowed(b: Book, w: World, name: str, title: str, requirement: str, member: str) -> str:
    """W's base where the policy lets bits without a name pass by MEMBER, made on first use."""
    if name not in b.inputs:
        b.vary(name, title, [requirement], b.base(w), {f"policy.{member}": (True, "", None)})
    return name


def left_to_newer(b: Book, w: World) -> str:
    line = "" if w.product == "Genoa" else f"{w.product.lower()}-"
    title = f"{w.product}, version {w.version}: reserved bytes are 0, and others are left to newer firmware"
    return allowed(b, w, f"left-to-newer-{line}v{w.version}", title, "VRF-121", "allow_unknown_reserved")


def _nameless(b: Book) -> None:
    """What has no name, or none in its version, is signed all the same. Who hashes an encoding of what was
    read does not see the change."""
    for name, version, at, data, text in NAMELESS:
        w = world("Genoa", version)
        b.refuse(
            f"unsigned-{name}",
            UNSIGNED_RESERVED,
            ["VRF-062", "VRF-121"],
            left_to_newer(b, w),
            {"report": (replaced(w, at, data), field_of(at).split(".")[0], None)},
            title=f"{text} was signed as 0 and is not; the policy leaves such bytes to newer firmware",
            boundary=text,
            flags=["sig-body-bit-sweep"],
        )
    w = world("Genoa", 5)
    for field, bit in (("POLICY", 26), ("POLICY", 63), ("PLATFORM_INFO", 8), ("PLATFORM_INFO", 63)):
        at = FIELDS[field][0] + bit // 8
        word, requirement = ("policy", "VRF-077") if field == "POLICY" else ("platform", "VRF-078")
        title = f"Bits of {field} without a name are 0, and may be set"
        twin = allowed(b, w, f"unknown-{word}", title, requirement, f"allow_unknown_{word}")
        b.refuse(
            f"unsigned-{field.lower().replace('_', '-')}-{bit}",
            "A bit without a name is another than was signed",
            ["VRF-062", requirement],
            twin,
            {"report": (replaced(w, at, bytes([w.report[at] | 1 << bit % 8])), field, None)},
            title=f"Bit {bit} of {field}, which has no name and may be set, was signed as 0",
            boundary=f"bit {bit} of {field}",
            flags=["sig-body-bit-sweep"],
        )
    b.refuse(
        "unsigned-policy-17",
        "POLICY bit 17 was signed as 1 and is 0",
        ["VRF-002"],
        b.base(w),
        {"report": (replaced(w, 0x00A, bytes([w.report[0x00A] & ~2])), "POLICY", None)},
        stage="parse",
        flags=["policy-bit17-zero", "sig-body-bit-sweep"],
    )
    milan = world("Milan", 3)
    four = milan.put("VERSION", 4)
    twin = b.vary(
        "left-to-newer-v4",
        "Version 4, bytes 0x1F8 to 0x207 are 0, and others are left to newer firmware",
        ["VRF-014", "VRF-121"],
        b.base(milan),
        {"report": (four, "VERSION", "vcek"), "policy.allow_unknown_reserved": (True, "", None)},
    )
    b.refuse(
        "unsigned-1f8-v4",
        "Bytes 0x1F8 to 0x1FF of a version 4 report are others than were signed",
        ["VRF-062", "VRF-121"],
        twin,
        {"report": (four[:0x1F8] + b"\xff" * 8 + four[0x200:], "LAUNCH_MIT_VECTOR", None)},
        flags=["sig-body-bit-sweep"],
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
    _body(b)
    _reserved(b)
    _nameless(b)
    _signature_signer.add(b)
    return _verify_notes.add(f)
