"""Family binding: that the report is of the leaf's chip, of its TCB and of its product line."""

from __future__ import annotations

from dataclasses import replace

from reference.bundle import Family
from reference.families import _bases, _verify_notes
from reference.families._bases import PARTS, TCBS, everywhere, off_by, question, raw, shows, tall
from reference.families._book import Book, Change
from reference.mint import Tcb
from reference.world import World, world

TEXT = """
What ties a report to its leaf: CHIP_ID and hwID, REPORTED_TCB and the SPL extensions, the processor and the
product line. Every report here is signed by the key that its leaf has, so that the tie alone can fail.

Op `verify`: see the family `signature`.
"""


# What each base is the accepted side of.
SHOWN = ("VRF-058", "VRF-061", "VRF-053", "VRF-055", "VRF-059", "VRF-105", "VRF-109", "VRF-111")


def _tcb(b: Book) -> None:
    for line, version in (("Genoa", 3), ("Turin", 5)):
        w = tall(line, version)
        base = _bases.base(b, w)
        for part in _bases.parts(w):
            text = PARTS[part]
            flags = ["tcb-cert-vs-reported", "2-10"] + (["tcb-turin-fmc-missing"] if part == "fmc" else [])
            lower = w.put("REPORTED_TCB", off_by(w, part, -1))
            b.refuse(
                f"{part}-below-{line.lower()}",
                f"{text} of REPORTED_TCB is one below the leaf's",
                ["VRF-058"],
                base,
                {"report": (lower, "REPORTED_TCB", "vcek")},
                flags=flags,
            )
            higher = w.puts(everywhere(off_by(w, part, 1)))
            b.refuse(
                f"{part}-above-{line.lower()}",
                f"{text} of REPORTED_TCB is one above the leaf's",
                ["VRF-058"],
                base,
                {"report": (higher, ", ".join(TCBS), "vcek")},
                flags=flags,
            )
    vlek = tall("Milan", 3, "vlek")
    for part in ("snp", "ucode"):
        lower = vlek.put("REPORTED_TCB", off_by(vlek, part, -1))
        b.refuse(
            f"{part}-below-vlek",
            f"{PARTS[part]} of REPORTED_TCB is one below the VLEK's",
            ["VRF-058"],
            _bases.base(b, vlek),
            {"report": (lower, "REPORTED_TCB", "vlek")},
            flags=["tcb-cert-vs-reported"],
        )
    w = tall("Turin", 5)
    swapped = w.puts(everywhere(raw(w, bl=w.tcb.tee, tee=w.tcb.bl)))
    b.refuse(
        "swapped-turin",
        "Boot loader and TEE of REPORTED_TCB are in each other's byte",
        ["VRF-058"],
        _bases.base(b, w),
        {"report": (swapped, ", ".join(TCBS), "vcek")},
        flags=["2-06"],
    )
    genoa = tall("Genoa", 3)
    for name, defect, value, fields in (
        ("zero", "REPORTED_TCB is 0", bytes(8), ("REPORTED_TCB",)),
        ("reversed", "The report's TCBs are in the other byte order", genoa.tcb_version[::-1], TCBS),
    ):
        change = {"report": (genoa.puts(dict.fromkeys(fields, value)), ", ".join(fields), "vcek")}
        b.refuse(
            f"reported-{name}",
            defect,
            ["VRF-058"],
            _bases.base(b, genoa),
            change,
            flags=["tcb-cert-vs-reported"],
        )


def _other_tcbs(b: Book) -> None:
    """Only REPORTED_TCB is the leaf's."""
    w = tall("Milan", 3)
    newer = raw(w, ucode=w.tcb.ucode + 1)
    committed = {"CURRENT_TCB": newer, "COMMITTED_TCB": newer}
    base = _bases.base(b, w)
    current = raw(w, snp=w.tcb.snp + 1, ucode=w.tcb.ucode + 1)
    b.vary(
        "current-newer",
        "CURRENT_TCB is above the leaf's: REPORTED_TCB alone has to be the leaf's",
        ["VRF-058"],
        base,
        {
            "report": (w.put("CURRENT_TCB", current), "CURRENT_TCB", "vcek"),
            "policy.allow_provisional": (True, "", None),
        },
        flags=["tcb-cert-vs-reported", "2-19"],
    )
    b.vary(
        "launch-older",
        "LAUNCH_TCB is below the leaf's: REPORTED_TCB alone has to be the leaf's",
        ["VRF-058"],
        base,
        {"report": (w.put("LAUNCH_TCB", raw(w, snp=1)), "LAUNCH_TCB", "vcek")},
        flags=["tcb-cert-vs-reported", "2-19"],
    )
    lowered = w.puts(committed)
    behind = b.vary(
        "reported-behind",
        "REPORTED_TCB is below COMMITTED_TCB and CURRENT_TCB, and the leaf is for it",
        ["VRF-058", "VRF-067"],
        base,
        {"report": (lowered, ", ".join(committed), "vcek")},
        flags=["tcb-reported-eq-committed-forced", "2-19"],
    )
    leaf = world("Milan", 3, tcb=replace(w.tcb, ucode=w.tcb.ucode + 1))
    b.refuse(
        "leaf-of-current",
        "The leaf is for CURRENT_TCB, which is above REPORTED_TCB",
        ["VRF-058"],
        behind,
        {
            "certs.vcek": (leaf.certs["vcek"], "key, SPL", "ask"),
            "report": (leaf.sign(lowered), "SIGNATURE", None),
        },
        flags=["tcb-cert-vs-reported", "2-19"],
    )
    for name, tcb, text in (
        ("ucode-127", Tcb(4, 1, 24, 127), "microcode 127"),
        ("ucode-128", Tcb(4, 1, 24, 128), "microcode 128, in two bytes"),
        ("ucode-255", Tcb(4, 1, 24, 255), "microcode 255"),
        ("parts-127", Tcb(127, 127, 127, 1), "components of 127"),
        ("parts-0", Tcb(0, 0, 0, 0), "all components 0"),
    ):
        edge = world("Milan", 3, tcb=tcb)
        b.accept(
            name,
            f"Leaf and report of a TCB with {text}",
            ["VRF-060"],
            edge,
            edge.input(),
            flags=["ext-int-128-255"] if tcb.ucode > 127 else [],
        )
    fmc = world("Turin", 5, tcb=Tcb(1, 1, 4, 81, fmc=0))
    b.accept("fmc-0", "Turin with an FMC of 0", ["VRF-058"], fmc, fmc.input())


def _chip(b: Book) -> None:
    for line, version in (("Milan", 2), ("Genoa", 3)):
        w = world(line, version)
        for name, at in (("first", 0), ("byte-8", 8), ("byte-32", 32), ("last", 63)):
            chip = bytearray(w.hwid)
            chip[at] ^= 1
            b.refuse(
                f"chip-{name}-{line.lower()}",
                "A byte of CHIP_ID is not the hwID's",
                ["VRF-051"],
                b.base(w),
                {"report": (w.put("CHIP_ID", bytes(chip)), "CHIP_ID", "vcek")},
                title=f"Byte {at} of CHIP_ID is not the hwID's",
                boundary=f"byte {at}",
                flags=["bind-hwid-never-compared", "2-10"],
            )
    w = world("Genoa", 3)
    for name, defect, chip_id, flag in (
        (
            "chip-8-bytes",
            "CHIP_ID has the first 8 bytes of the hwID, then zeros",
            w.hwid[:8] + bytes(56),
            "bind-hwid-prefix-match",
        ),
        (
            "chip-63-bytes",
            "CHIP_ID has the hwID but for its last byte, which is 0",
            w.hwid[:63] + b"\0",
            "bind-hwid-prefix-match",
        ),
        (
            "chip-reversed",
            "CHIP_ID is the hwID in the other byte order",
            w.hwid[::-1],
            "bind-hwid-never-compared",
        ),
        (
            "chip-halves",
            "CHIP_ID has the halves of the hwID in each other's place",
            w.hwid[32:] + w.hwid[:32],
            "bind-hwid-never-compared",
        ),
        (
            "chip-shifted",
            "CHIP_ID is the hwID behind a DER header",
            b"\x04\x40" + w.hwid[:62],
            "bind-hwid-never-compared",
        ),
        ("chip-ones", "CHIP_ID is all ones", b"\xff" * 64, "bind-hwid-never-compared"),
    ):
        change = {"report": (w.put("CHIP_ID", chip_id), "CHIP_ID", "vcek")}
        b.refuse(name, defect, ["VRF-051"], b.base(w), change, flags=[flag])
    other = world("Genoa", 3, hwid=b"\xc2" + w.hwid[1:])
    b.refuse(
        "leaf-of-another-chip",
        "Leaf and signature are another chip's",
        ["VRF-051"],
        b.base(w),
        {
            "certs.vcek": (other.certs["vcek"], "key, hwID", "ask"),
            "report": (other.sign(w.report), "SIGNATURE", None),
        },
        flags=["bind-hwid-never-compared"],
    )
    b.refuse(
        "mask-chip-key-other-chip",
        "CHIP_ID is another chip's, which MASK_CHIP_KEY does not excuse",
        ["VRF-051"],
        b.base(w),
        {"report": (w.puts({"KEY_INFO": 2, "CHIP_ID": other.hwid}), "KEY_INFO, CHIP_ID", "vcek")},
        flags=["2-25"],
    )


def _turin_chip(b: Book) -> None:
    w = world("Turin", 5)
    base = b.base(w)
    inside, behind = "A byte of CHIP_ID is not the hwID's", "A byte of CHIP_ID behind a Turin's hwID is not 0"
    for name, defect, at, value in (
        ("first", inside, 0, w.hwid[0] ^ 1),
        ("byte-7", inside, 7, w.hwid[7] ^ 1),
        ("byte-8", behind, 8, 1),
        ("byte-63", behind, 63, 0x80),
    ):
        chip = bytearray(w.hwid.ljust(64, b"\0"))
        chip[at] = value
        b.refuse(
            f"turin-{name}",
            defect,
            ["VRF-052", *(["VRF-051"] if defect == inside else [])],
            base,
            {"report": (w.put("CHIP_ID", bytes(chip)), "CHIP_ID", "vcek")},
            title=f"Byte {at} of a Turin's CHIP_ID is {'not the hwID' if at < 8 else 'not 0'}",
            boundary=f"byte {at}",
            flags=["bind-hwid-8-bytes-turin"],
        )
    for name, defect, chip_id in (
        (
            "turin-at-the-end",
            "The hwID of a Turin fills the last 8 bytes of CHIP_ID",
            w.hwid.rjust(64, b"\0"),
        ),
        ("turin-repeated", "CHIP_ID repeats the hwID of a Turin 8 times", w.hwid * 8),
    ):
        change = {"report": (w.put("CHIP_ID", chip_id), "CHIP_ID", "vcek")}
        b.refuse(name, defect, ["VRF-052", "VRF-051"], base, change, flags=["bind-hwid-8-bytes-turin"])


def _free(b: Book) -> None:
    """What is not compared, or is for the policy to say."""
    for line, version in (("Milan", 2), ("Genoa", 3), ("Turin", 5)):
        w = world(line, version)
        question(
            b,
            f"masked-{line.lower()}",
            "CHIP_ID is zero under a VCEK",
            ["VRF-057"],
            b.base(w),
            {"report": (w.put("CHIP_ID", bytes(64)), "CHIP_ID", "vcek")},
            title=f"A zero CHIP_ID under a VCEK of {line}",
            accept={"allow_masked_chip_id": True},
            refuse={"allow_masked_chip_id": False},
            flags=["bind-chip-id-masked"],
        )
    w = world("Genoa", 3)
    unmasked = b.vary(
        "unmasked",
        "A policy that allows no masked CHIP_ID, and a CHIP_ID that is there",
        ["VRF-057"],
        b.base(w),
        {"policy.allow_masked_chip_id": (False, "", None)},
    )
    b.refuse(
        "masked-refused",
        "A zero CHIP_ID under a policy that allows none",
        ["VRF-057"],
        unmasked,
        {"report": (w.put("CHIP_ID", bytes(64)), "CHIP_ID", "vcek")},
        flags=["bind-chip-id-masked"],
    )
    vlek = world("Milan", 3, "vlek")
    for name, text, chip_id in (
        ("zero", "zero, as MASK_CHIP_ID makes it", bytes(64)),
        ("other", "any chip's", b"\x5a" * 64),
        ("short", "8 bytes and zeros", b"\x5a" * 8 + bytes(56)),
    ):
        b.vary(
            f"vlek-chip-{name}",
            f"CHIP_ID under a VLEK is {text}: it is not compared",
            ["VRF-054"],
            b.base(vlek),
            {"report": (vlek.put("CHIP_ID", chip_id), "CHIP_ID", "vlek")},
        )
    b.vary(
        "vlek-chip-strict",
        "A zero CHIP_ID under a VLEK where the policy allows no masked one: that is about VCEKs",
        ["VRF-054"],
        b.base(vlek),
        {
            "report": (vlek.put("CHIP_ID", bytes(64)), "CHIP_ID", "vlek"),
            "policy.allow_masked_chip_id": (False, "", None),
        },
    )
    for head in ("0201", "02ea", "0440", "043e", "3040", "1640", "0400"):
        looks = world("Milan", 3, hwid=bytes.fromhex(head) + w.hwid[2:])
        b.accept(
            f"hwid-{head}",
            f"A hwID that begins with {head.upper()} is raw bytes, not DER",
            ["VRF-056"],
            looks,
            looks.input(),
            flags=["bind-hwid-der-lookalike"],
        )
    for head, text, chip_id in (
        ("0201", "the byte that would be an INTEGER's, and 63 others", w.hwid[2:3] + b"\x5a" * 63),
        ("0440", "what would be an OCTET STRING's content, and zeros", w.hwid[2:] + bytes(2)),
    ):
        looks = b.worlds[f"hwid-{head}"]
        b.refuse(
            f"hwid-{head}-as-der",
            f"CHIP_ID is, of a hwID that begins with {head.upper()}, {text}",
            ["VRF-056", "VRF-051"],
            f"hwid-{head}",
            {"report": (looks.put("CHIP_ID", chip_id), "CHIP_ID", "vcek")},
            flags=["bind-hwid-der-lookalike", "bind-hwid-prefix-match"],
        )
    looks = world("Turin", 5, hwid=bytes.fromhex("0406") + bytes(range(1, 7)))
    b.accept(
        "hwid-0406-turin",
        "A Turin's hwID that is a whole OCTET STRING by its looks is raw bytes",
        ["VRF-056"],
        looks,
        looks.input(),
        flags=["bind-hwid-der-lookalike"],
    )


WRONG, UNKNOWN = "chain-wrong-product-ask", "chain-unknown-product-nil"
OTHER = "The processor is of another line than the chain"
NONE = "The processor is of no known line"
# Name, line of the chain, kind of leaf, report version, family, model, defect, title, flag.
PROCESSORS = (
    ("milan", "Genoa", "vcek", 5, 0x19, 0x01, OTHER, "A Milan under Genoa's chain", WRONG),
    ("turin", "Genoa", "vcek", 5, 0x1A, 0x11, OTHER, "A Turin under Genoa's chain", WRONG),
    ("genoa-under-milan", "Milan", "vcek", 3, 0x19, 0x11, OTHER, "A Genoa under Milan's chain", WRONG),
    ("vlek", "Genoa", "vlek", 5, 0x19, 0x01, OTHER, "A Milan under Genoa's VLEK", WRONG),
)
# Name, line of the chain, family, model, defect, title, flag.
UNKNOWN_PROCESSORS = (
    ("gap", "Genoa", 0x19, 0x20, NONE, "A model behind Genoa's first range", UNKNOWN),
    ("before-zen4c", "Genoa", 0x19, 0x9F, NONE, "A model before Genoa's second range", UNKNOWN),
    ("behind-zen4c", "Genoa", 0x19, 0xB0, NONE, "A model behind Genoa's second range", UNKNOWN),
    ("family-1b", "Genoa", 0x1B, 0x11, NONE, "A family that is not known", UNKNOWN),
    ("behind-turin", "Turin", 0x1A, 0x12, NONE, "A model behind Turin's", UNKNOWN),
    ("zero", "Genoa", 0, 0, "Family and model are 0 in version 5", "", "parse-v3-fms-zero"),
    ("venice", "Turin", 0x1A, 0x50, "The processor is a Venice", "", "fwd-new-product-venice"),
)


def _processor(w: World, family: int, model: int) -> Change:
    report = w.puts({"CPUID_FAM_ID": family, "CPUID_MOD_ID": model})
    return report, "CPUID_FAM_ID, CPUID_MOD_ID", w.kind


def _product(b: Book) -> None:
    for name, line, kind, version, family, model, defect, title, flag in PROCESSORS:
        w = world(line, version, kind)
        b.refuse(
            f"product-{name}",
            defect,
            ["VRF-061"],
            b.base(w),
            {"report": _processor(w, family, model)},
            title=title,
            boundary=f"family {family:#x}, model {model:#x}, a {kind.upper()}",
            stage="chain",
            layer="chain",
            flags=[flag],
        )
    for name, line, family, model, defect, title, flag in UNKNOWN_PROCESSORS:
        w = world(line, 5)
        question(
            b,
            f"product-{name}",
            defect,
            ["VRF-122", "VRF-061", "SNP-RPT-076"],
            b.base(w),
            {"report": _processor(w, family, model)},
            title=title or f"{defect}, the chain is {line}'s",
            accept={"allow_unknown_product": True},
            refuse={"allow_unknown_product": False},
            stage="chain",
            layer="chain",
            flags=[flag],
        )
    w = world("Turin", 5)
    allowed = b.vary(
        "product-unknown-allowed",
        "A processor that nobody knows, under Turin's chain, whose line it takes",
        ["VRF-122"],
        b.base(w),
        {"report": _processor(w, 0x1B, 0x01), "policy.allow_unknown_product": (True, "", None)},
        layer="chain",
    )
    b.refuse(
        "product-unknown-allowed-milan",
        "The processor is of another line than the chain, where unknown ones are allowed",
        ["VRF-122", "VRF-061"],
        allowed,
        {"report": _processor(w, 0x19, 0x01)},
        stage="chain",
        layer="chain",
        flags=[WRONG],
    )
    _same_line(b)


def _same_line(b: Book) -> None:
    w = world("Genoa", 5)
    b.vary(
        "stepping",
        "The stepping says nothing about the product line",
        ["VRF-061"],
        b.base(w),
        {"report": (w.put("CPUID_STEP", 0x0F), "CPUID_STEP", "vcek")},
        layer="chain",
    )
    b.vary(
        "zen4c",
        "Bergamo and Siena stand under Genoa's chain",
        ["VRF-061"],
        b.base(w),
        {"report": (w.put("CPUID_MOD_ID", 0xA5), "CPUID_MOD_ID", "vcek")},
        layer="chain",
        flags=["parse-model-ranges"],
    )
    v2 = world("Genoa", 2)
    b.vary(
        "v2-short-chip-vlek",
        "Version 2 under Genoa's VLEK with a CHIP_ID like a Turin's: the report does not state its line",
        ["VRF-061"],
        b.base(world("Genoa", 2, "vlek")),
        {"report": (world("Genoa", 2, "vlek").put("CHIP_ID", v2.hwid[:8] + bytes(56)), "CHIP_ID", "vlek")},
        layer="chain",
        flags=["parse-v2-product-guess"],
    )


def build() -> Family:
    f = Family("binding", "Report and leaf", TEXT)
    b = Book(f, stage="binding")
    for line, version in (("Milan", 2), ("Milan", 3), ("Genoa", 3), ("Turin", 3), ("Turin", 5)):
        chip = "VRF-052" if line == "Turin" else "VRF-051"
        shows(b, world(line, version), chip, *SHOWN)
        if line == "Turin":
            b.family.cases[-1].flags = ("bind-hwid-8-bytes-turin", "ext-struct-version")
    _tcb(b)
    _other_tcbs(b)
    _chip(b)
    _turin_chip(b)
    _free(b)
    _product(b)
    return _verify_notes.add(f)
