"""Family extension: hwID, cspID and productName."""

from __future__ import annotations

from reference import der
from reference.families._book import Book
from reference.families._extension_sets import flagged
from reference.mint import CSP_ID, HWID, PRODUCT_NAME
from reference.world import CSP, World, world


def lookalikes(b: Book) -> None:
    """Hardware ids that begin like DER: raw bytes all the same."""
    for head, what in (
        ("0201", "an INTEGER of one byte"),
        ("0202", "an INTEGER of two bytes"),
        ("02ea", "an INTEGER with a long length, as a genuine chip's"),
        ("0440", "an OCTET STRING of 64 bytes"),
        ("043e", "an OCTET STRING of the 62 bytes that follow"),
        ("0408", "an OCTET STRING of 8 bytes"),
        ("3040", "a SEQUENCE of 64 bytes"),
        ("303e", "a SEQUENCE of the 62 bytes that follow"),
        ("0500", "a NULL"),
    ):
        chip = bytes.fromhex(head) + world("Genoa", 3).hwid[2:]
        w = world("Genoa", 3, hwid=chip)
        b.accept(
            f"hwid-like-{head}",
            f"A hwID whose first bytes look like {what}",
            ["VRF-056"],
            w,
            w.input(),
            flags=["bind-hwid-der-lookalike"],
        )
    for head, what in (
        ("0206", "an INTEGER of the 6 bytes that follow"),
        ("0406", "an OCTET STRING of the 6 bytes that follow"),
        ("0408", "an OCTET STRING of 8 bytes"),
    ):
        chip = bytes.fromhex(head) + world("Turin", 5).hwid[2:]
        w = world("Turin", 5, hwid=chip)
        b.accept(
            f"hwid-turin-like-{head}",
            f"A Turin hwID whose first bytes look like {what}",
            ["VRF-056"],
            w,
            w.input(),
            flags=["bind-hwid-der-lookalike", "bind-hwid-8-bytes-turin"],
        )


def hwids(b: Book) -> None:
    w, t = world("Genoa", 3), world("Turin", 5)

    def hwid(of: World, name: str, defect: str, made: bytes, flag: str) -> None:
        leaf = of.leaf().with_extension(HWID, made)
        b.refuse(name, defect, ["VRF-055"], b.base(of), flagged(of, leaf, "hwID"), flags=[flag])

    prefix, wrapped = "bind-hwid-prefix-match", "bind-hwid-octet-wrapped"
    hwid(w, "hwid-empty", "hwID is empty", b"", "2-11")
    hwid(w, "hwid-8", "hwID is the first 8 bytes of CHIP_ID", w.hwid[:8], prefix)
    hwid(w, "hwid-32", "hwID is the first 32 bytes of CHIP_ID", w.hwid[:32], prefix)
    hwid(w, "hwid-63", "hwID is the first 63 bytes of CHIP_ID", w.hwid[:63], prefix)
    hwid(w, "hwid-65", "hwID is CHIP_ID and a zero byte", w.hwid + b"\0", prefix)
    hwid(w, "hwid-wrapped", "hwID is CHIP_ID in an OCTET STRING of its own", der.octets(w.hwid), wrapped)
    trailing = der.octets(w.hwid) + b"\xff"
    hwid(w, "hwid-wrapped-trailing", "hwID is CHIP_ID in an OCTET STRING and a byte", trailing, wrapped)
    short = der.octets(w.hwid[:62])
    b.refuse(
        "hwid-wrapped-62",
        "hwID is 64 bytes: an OCTET STRING of the first 62 bytes of CHIP_ID",
        ["VRF-051"],
        b.base(w),
        flagged(w, w.leaf().with_extension(HWID, short), "hwID"),
        stage="binding",
        flags=[wrapped],
    )
    eight = "bind-hwid-8-bytes-turin"
    hwid(t, "hwid-turin-empty", "A Turin hwID is empty", b"", "2-11")
    hwid(t, "hwid-turin-7", "A Turin hwID is the first 7 bytes of CHIP_ID", t.hwid[:7], prefix)
    hwid(t, "hwid-turin-9", "A Turin hwID has a zero byte more", t.hwid + b"\0", eight)
    hwid(t, "hwid-turin-64", "A Turin hwID is all 64 bytes of CHIP_ID", t.hwid.ljust(64, b"\0"), eight)
    hwid(
        t, "hwid-turin-wrapped", "A Turin hwID is in an OCTET STRING of its own", der.octets(t.hwid), wrapped
    )
    chip = world("Genoa", 3, hwid=w.hwid[:8].ljust(64, b"\0"))
    tail = b.accept(
        "hwid-zero-tail",
        "A Genoa chip whose id ends in 56 zeros",
        ["VRF-051"],
        chip,
        chip.input(),
        flags=["parse-v2-product-guess"],
    )
    b.refuse(
        "hwid-8-of-zero-tail",
        "hwID leaves out the 56 zeros at the end of CHIP_ID",
        ["VRF-055"],
        tail,
        flagged(chip, chip.leaf().with_extension(HWID, chip.hwid[:8]), "hwID"),
        flags=[prefix, "2-11"],
    )
    masked = b.vary(
        "hwid-masked-chip",
        "A CHIP_ID of zeros, which the policy allows, and the VCEK of a chip",
        ["VRF-057"],
        b.base(w),
        {
            "report": (w.put("CHIP_ID", bytes(64)), "CHIP_ID", "vcek"),
            "policy.allow_masked_chip_id": (True, "", None),
        },
    )
    b.refuse(
        "hwid-empty-masked-chip",
        "hwID is empty and CHIP_ID is zeros, which the policy allows",
        ["VRF-055"],
        masked,
        flagged(w, w.leaf().with_extension(HWID, b""), "hwID"),
        flags=[prefix, "2-11"],
    )


def names(b: Book) -> None:
    w, t, m = world("Genoa", 3), world("Turin", 5), world("Milan", 3)
    v = world("Milan", 3, "vlek")

    def name(of: World, slug: str, defect: str, made: bytes | str, flag: str) -> None:
        value = der.text(der.IA5, made) if isinstance(made, str) else made
        leaf = of.leaf().with_extension(PRODUCT_NAME, value)
        b.refuse(
            f"name-{slug}",
            f"productName {defect}",
            ["VRF-110"],
            b.base(of),
            flagged(of, leaf, "productName"),
            flags=[flag],
        )

    other, part = "ext-product-name-mismatch", "ext-product-name-substring"
    name(w, "milan-on-genoa", "of a Genoa VCEK is Milan's", "Milan-B0", other)
    name(m, "genoa-on-milan", "of a Milan VCEK is Genoa's", "Genoa", other)
    name(t, "genoa-on-turin", "of a Turin VCEK is Genoa's", "Genoa", other)
    name(v, "genoa-on-vlek", "of a Milan VLEK is Genoa's", "Genoa", other)
    name(w, "bergamo", "is the chip's, which is no line", "Bergamo", other)
    name(w, "in-front", "has a letter before the line", "XGenoa", part)
    name(w, "behind", "has a letter behind the line", "Genoax", part)
    name(w, "two-lines", "has two lines in it", "NotMilanGenoa", part)
    name(w, "cut", "is the line without its last letter", "Geno", part)
    name(w, "lower-case", "is in lower case", "genoa", part)
    name(w, "space", "has a space behind it", "Genoa ", part)
    name(w, "nul", "has a NUL behind it", "Genoa\0", part)
    name(w, "dash", "ends in a dash without a stepping", "Genoa-", part)
    name(w, "no-dash", "has a stepping without a dash", "GenoaB1", part)
    name(w, "two-digits", "has a stepping of two digits", "Genoa-B10", part)
    name(w, "two-steppings", "has two steppings", "Genoa-B0-B1", part)
    name(w, "text-empty", "is an empty string", "", "2-11")
    name(w, "empty", "is empty", b"", "2-11")
    name(w, "utf8", "is a UTF8String", der.text(der.UTF8, "Genoa"), "ext-wrong-asn1-type")
    name(w, "printable", "is a PrintableString", der.text(der.PRINTABLE, "Genoa"), "ext-wrong-asn1-type")
    name(w, "octets", "is an OCTET STRING", der.octets(b"Genoa"), "ext-wrong-asn1-type")
    name(w, "raw", "has neither tag nor length", b"Genoa", "ext-wrong-asn1-type")
    name(
        w,
        "trailing",
        "has a byte after its string",
        der.text(der.IA5, "Genoa") + b"\0",
        "ext-trailing-in-value",
    )
    name(w, "length", "is cut inside its string", der.text(der.IA5, "Genoa")[:-1], "ext-trailing-in-value")


def csp_ids(b: Book) -> None:
    v = world("Milan", 3, "vlek")
    for name, defect, made, flag in (
        ("utf8", "is a UTF8String", der.text(der.UTF8, CSP), "ext-wrong-asn1-type"),
        ("printable", "is a PrintableString", der.text(der.PRINTABLE, CSP), "ext-wrong-asn1-type"),
        ("octets", "is an OCTET STRING", der.octets(CSP.encode()), "ext-wrong-asn1-type"),
        ("raw", "has neither tag nor length", CSP.encode(), "ext-wrong-asn1-type"),
        ("empty", "is empty", b"", "2-11"),
        ("text-empty", "is an empty string", der.text(der.IA5, ""), "2-11"),
        ("trailing", "has a byte after its string", der.text(der.IA5, CSP) + b"\0", "ext-trailing-in-value"),
        (
            "not-ascii",
            "has a byte above 127",
            der.tlv(der.IA5, CSP.encode() + b"\xe9"),
            "ext-wrong-asn1-type",
        ),
    ):
        leaf = v.leaf().with_extension(CSP_ID, made)
        b.refuse(
            f"csp-id-{name}",
            f"cspID {defect}",
            ["VRF-054"],
            b.base(v),
            flagged(v, leaf, "cspID"),
            flags=[flag],
        )


def add(b: Book) -> None:
    lookalikes(b)
    hwids(b)
    names(b)
    csp_ids(b)
