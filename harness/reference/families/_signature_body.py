"""Cases of the family signature about what is changed after it was signed, with and without a name."""

from __future__ import annotations

from reference.families._bases import question, raw
from reference.families._book import Book
from reference.families._report_reserved import field_of
from reference.world import FIELDS, World, world


def replaced(w: World, at: int, data: bytes) -> bytes:
    """W's report with DATA at AT, under the signature that was there."""
    return w.report[:at] + data + w.report[at + len(data) :]


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
    """Reserved bytes of TCBs, which no stage before tcb reads: an encoding of the components lacks them."""
    for line, places in (("Milan", (2, 3, 4, 5)), ("Turin", (4, 6))):
        w = world(line, 3)
        for place in places:
            b.refuse(
                f"reserved-{line.lower()}-{place}",
                RESERVED_BYTE,
                ["VRF-062"],
                b.base(w),
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
            ["VRF-062"],
            b.base(w),
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


def left_to_newer(b: Book, w: World) -> str:
    """W's base where the policy lets reserved bytes pass, made on first use."""
    name = f"left-to-newer-v{w.version}"
    if name not in b.inputs:
        title = (
            f"{w.product}, version {w.version}: reserved bytes are 0, and others are left to newer firmware"
        )
        b.vary(name, title, ["VRF-121"], b.base(w), {"policy.allow_unknown_reserved": (True, "", None)})
    return name


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
        b.refuse(
            f"unsigned-{field.lower().replace('_', '-')}-{bit}",
            "A bit without a name is another than was signed",
            ["VRF-062"],
            b.base(w),
            {"report": (replaced(w, at, bytes([w.report[at] | 1 << bit % 8])), field, None)},
            title=f"Bit {bit} of {field}, which has no name, was signed as 0 and is not",
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


def add(b: Book) -> None:
    _body(b)
    _reserved(b)
    _nameless(b)
