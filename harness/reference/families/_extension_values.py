"""Family extension: the INTEGERs of a leaf: structVersion and the SPLs."""

from __future__ import annotations

from dataclasses import dataclass

from reference import der
from reference.families._book import Book
from reference.families._extension_sets import flagged
from reference.mint import SPL, STRUCT_VERSION, Tcb
from reference.world import World, world

# The components that a TCB holds, and the reserved ones of both layouts.
PARTS = ("bl", "tee", "snp", "ucode")
RESERVED = ("spl_4", "spl_5", "spl_6", "spl_7")


@dataclass(frozen=True)
class Odd:
    """A way to write an INTEGER that is not the one; MADE follows from the value."""

    name: str
    what: str
    flag: str

    def made(self, value: int) -> bytes:
        low = bytes([value])
        return {
            "non-minimal": b"\x02\x02\x00" + low,
            "plus-256": b"\x02\x02\x01" + low,
            "negative": b"\x02\x02\xff" + low,
            "trailing": b"\x02\x01" + low + b"\x00",
            "empty": b"",
            "no-content": b"\x02\x00",
            "cut": b"\x02\x01",
            "raw": low,
            "enumerated": b"\x0a\x01" + low,
            "octets": b"\x04\x01" + low,
            "boolean": b"\x01\x01" + low,
            "utf8": b"\x0c\x01" + low,
            "context": b"\x80\x01" + low,
            "sequence": b"\x30\x03\x02\x01" + low,
            "wrapped": b"\x04\x03\x02\x01" + low,
            "long-length": b"\x02\x81\x01" + low,
            "indefinite": b"\x02\x80" + low + b"\x00\x00",
            "nine-bytes": b"\x02\x09" + bytes(8) + low,
        }[self.name]


# Each of these is done to every component: readers have a line of their own for each.
OF_EACH = (
    Odd("non-minimal", "is padded with a zero byte", "ext-int-128-255"),
    Odd("plus-256", "is 256 too high, its last byte right", "ext-int-last-byte-only"),
    Odd("negative", "is negative, its last byte right", "ext-int-last-byte-only"),
    Odd("trailing", "has a byte after its INTEGER", "ext-trailing-in-value"),
    Odd("empty", "is empty", "2-11"),
    Odd("enumerated", "is an ENUMERATED", "ext-wrong-asn1-type"),
)
# These once, to SNP, whose value is not 0.
OF_ONE = (
    Odd("no-content", "is an INTEGER without bytes", "2-11"),
    Odd("cut", "ends before its INTEGER does", "2-11"),
    Odd("raw", "is a byte without tag and length", "ext-wrong-asn1-type"),
    Odd("octets", "is an OCTET STRING", "ext-wrong-asn1-type"),
    Odd("boolean", "is a BOOLEAN", "ext-wrong-asn1-type"),
    Odd("utf8", "is a UTF8String", "ext-wrong-asn1-type"),
    Odd("context", "has a context tag", "ext-wrong-asn1-type"),
    Odd("sequence", "is an INTEGER inside a SEQUENCE", "ext-wrong-asn1-type"),
    Odd("wrapped", "is an INTEGER inside a second OCTET STRING", "ext-wrong-asn1-type"),
    Odd("long-length", "has its length in the long form", "ext-trailing-in-value"),
    Odd("indefinite", "has an indefinite length", "ext-trailing-in-value"),
    Odd("nine-bytes", "is padded to nine bytes", "ext-int-last-byte-only"),
)


def odd_values(b: Book) -> None:
    w, t = world("Genoa", 3), world("Turin", 5)
    for spl in (*PARTS, "fmc"):
        of = t if spl == "fmc" else w
        for odd in OF_EACH:
            value(b, of, spl, odd.name, odd.what, odd.made(of.tcb.part(spl)), odd.flag)
    for odd in OF_ONE:
        value(b, w, "snp", odd.name, odd.what, odd.made(w.tcb.snp), odd.flag)
    milan = world("Milan", 3)
    ucode = bytes([milan.tcb.ucode])
    value(
        b,
        milan,
        "ucode",
        "high-bit",
        "is above 127 in one byte, a negative number",
        b"\x02\x01" + ucode,
        "ext-int-128-255",
    )
    value(
        b,
        milan,
        "ucode",
        "high-padded",
        "is above 127 with two zero bytes",
        b"\x02\x03\0\0" + ucode,
        "ext-int-128-255",
    )
    value(
        b,
        t,
        "snp",
        "plus-256",
        "is 256 too high, its last byte right",
        b"\x02\x02\x01" + bytes([t.tcb.snp]),
        "ext-int-last-byte-only",
    )
    v = world("Milan", 3, "vlek")
    value(
        b,
        v,
        "snp",
        "plus-256",
        "is 256 too high, its last byte right",
        b"\x02\x02\x01" + bytes([v.tcb.snp]),
        "ext-int-last-byte-only",
    )
    for spl in RESERVED:
        value(b, w, spl, "one", "is reserved and 1", der.integer(1), "tcb-reserved-nonzero")
    value(b, w, "spl_5", "plus-256", "is reserved and 256", der.integer(256), "ext-int-last-byte-only")
    value(b, w, "spl_4", "empty", "is empty", b"", "2-11")
    value(b, w, "ucode", "256", "is 256", der.integer(256), "ext-int-last-byte-only")


def value(b: Book, w: World, spl: str, name: str, what: str, made: bytes, flag: str) -> None:
    """SPL of W's leaf written as MADE; the report is as it was."""
    leaf = w.leaf().with_extension(SPL[spl], made)
    where = "" if w.name == "Genoa" or spl == "fmc" else f"{w.kind}-{w.product.lower()}-"
    kind = "" if w.kind == "vcek" else " of a VLEK"
    b.refuse(
        f"{where}{spl.replace('_', '-')}-{name}",
        f"An SPL {what}",
        ["VRF-060"],
        b.base(w),
        flagged(w, leaf, spl),
        flags=[flag],
        title=f"{called(spl)}{kind} {what}",
        boundary=f"{called(spl)}{kind}",
    )


def called(spl: str) -> str:
    return spl if spl.startswith("spl_") else f"{spl}SPL"


def ranges(b: Book) -> None:
    """Values at and beyond the ends, in leaf and report alike."""
    for spl in (*PARTS, "fmc"):
        chip = "Turin" if spl == "fmc" else "Genoa"
        most = 255 if spl == "ucode" else 127
        usual = world(chip, 5).tcb
        good = world(chip, 5, tcb=_with(usual, spl, most))
        name = b.accept(
            f"{spl}-{most}",
            f"{called(spl)} and the report's component are {most}",
            ["VRF-060"],
            good,
            good.input(),
            flags=["ext-int-128-255"] if most == 255 else [],
        )
        if most == 255:
            continue
        report = good.puts(dict.fromkeys(TCBS, _with(usual, spl, 128).version(good.product)))
        leaf = good.leaf().with_extension(SPL[spl], der.integer(128))
        b.refuse(
            f"{spl}-128",
            "An SPL other than ucodeSPL and the report's component are 128",
            ["VRF-060"],
            name,
            {"report": (report, ", ".join(TCBS), good.kind)} | flagged(good, leaf, spl),
            flags=["ext-spl-over-127"],
            title=f"{called(spl)} and the report's component are 128",
            boundary=called(spl),
        )
    for ucode in (128, 200):
        w = world("Milan", 3, tcb=_with(world("Milan", 3).tcb, "ucode", ucode))
        b.accept(
            f"ucode-{ucode}",
            f"ucodeSPL is {ucode}, in two bytes",
            ["VRF-060"],
            w,
            w.input(),
            flags=["ext-int-128-255"],
        )
    w = world("Turin", 5, tcb=Tcb(0, 0, 0, 0, fmc=0))
    zero = b.accept("all-zero", "Every SPL of a Turin and the report's TCBs are 0", ["VRF-060"], w, w.input())
    for name, defect, leaf, requirement in (
        ("absent", "there is no fmcSPL", w.leaf().with_extensions(SPL["fmc"]), "VRF-059"),
        ("empty", "fmcSPL is empty", w.leaf().with_extension(SPL["fmc"], b""), "VRF-060"),
    ):
        b.refuse(
            f"all-zero-fmc-{name}",
            f"The report's FMC is 0, and {defect}",
            [requirement],
            zero,
            flagged(w, leaf, "fmcSPL"),
            flags=["tcb-turin-fmc-missing", "ext-oid-missing-skip" if name == "absent" else "2-11"],
        )


TCBS = ("CURRENT_TCB", "REPORTED_TCB", "COMMITTED_TCB", "LAUNCH_TCB")


def _with(tcb: Tcb, spl: str, value: int) -> Tcb:
    from dataclasses import replace

    return replace(tcb, **{spl: value})


def struct_version(b: Book) -> None:
    w, t, v = world("Genoa", 3), world("Turin", 5), world("Milan", 3, "vlek")
    for of, number in ((w, 1), (w, 2), (t, 0), (t, 2), (v, 1)):
        leaf = of.leaf().with_extension(STRUCT_VERSION, der.integer(number))
        b.refuse(
            f"struct-version-{number}-{of.kind}-{of.product.lower()}",
            "structVersion is not the line's",
            ["VRF-111"],
            b.base(of),
            flagged(of, leaf, "structVersion"),
            flags=["ext-struct-version"],
            title=f"structVersion of a {of.product} {of.kind.upper()} is {number}",
            boundary=f"{number} in a {of.product} {of.kind.upper()}",
        )
    for name, what, made in (
        ("empty", "is empty", b""),
        ("enumerated", "is an ENUMERATED", b"\x0a\x01\x00"),
        ("non-minimal", "is padded with a zero byte", b"\x02\x02\x00\x00"),
        ("256", "is 256", der.integer(256)),
        ("trailing", "has a byte after its INTEGER", b"\x02\x01\x00\x00"),
    ):
        leaf = w.leaf().with_extension(STRUCT_VERSION, made)
        b.refuse(
            f"struct-version-{name}",
            f"structVersion {what}",
            ["VRF-111", "VRF-060"],
            b.base(w),
            flagged(w, leaf, "structVersion"),
            flags=["ext-wrong-asn1-type"],
        )


def add(b: Book) -> None:
    odd_values(b)
    ranges(b)
    struct_version(b)
