"""Cases of the family report about reserved bytes: refused, or left to newer firmware, as the policy says."""

from __future__ import annotations

from reference.families._bases import question
from reference.families._book import Book
from reference.world import FIELDS, world

NEW, VECTOR = "fwd-reserved-bytes-new-firmware", "policy-mitigation-vector-v5"

# Requirement: what is wrong.
NOT_ZERO = {
    "VRF-003": "Bits 31:5 of KEY_INFO are not zero",
    "VRF-004": "Bytes 0x4C to 0x4F are not zero",
    "VRF-005": "Bytes 0x188 to 0x18A of a version 2 report are not zero",
    "VRF-006": "Bytes 0x18B to 0x19F are not zero",
    "VRF-007": "Byte 0x1EB or 0x1EF is not zero",
    "VRF-008": "Bytes 0x1F8 to 0x207 of a version 2 or 3 report are not zero",
    "VRF-009": "Bytes 0x208 to 0x29F are not zero",
}

# Name, requirement, version, offset, byte, what is set, flag.
RESERVED = (
    ("4c", "VRF-004", 3, 0x04C, 0x01, "The first byte of 0x4C to 0x4F", "fwd-reserved-4c"),
    ("4f", "VRF-004", 3, 0x04F, 0x80, "The last byte of 0x4C to 0x4F", "fwd-reserved-4c"),
    ("188", "VRF-005", 2, 0x188, 0x19, "Version 2 with a family", "parse-v2-cpuid-bytes-nonzero"),
    ("189", "VRF-005", 2, 0x189, 0x11, "Version 2 with a model", "parse-v2-cpuid-bytes-nonzero"),
    ("18a", "VRF-005", 2, 0x18A, 0x01, "Version 2 with a stepping", "parse-v2-cpuid-bytes-nonzero"),
    ("18b", "VRF-006", 3, 0x18B, 0x01, "The first byte of 0x18B to 0x19F", NEW),
    ("19f", "VRF-006", 5, 0x19F, 0x80, "The last byte of 0x18B to 0x19F", NEW),
    ("18b-v2", "VRF-006", 2, 0x18B, 0x01, "Version 2 with the byte behind the stepping", NEW),
    ("1eb", "VRF-007", 3, 0x1EB, 0x01, "Byte 0x1EB", "fwd-reserved-4c"),
    ("1ef", "VRF-007", 3, 0x1EF, 0x01, "Byte 0x1EF", "fwd-reserved-4c"),
    ("1f8-v2", "VRF-008", 2, 0x1F8, 0x01, "Version 2 with LAUNCH_MIT_VECTOR's first byte", VECTOR),
    ("1f8-v3", "VRF-008", 3, 0x1F8, 0x01, "Version 3 with LAUNCH_MIT_VECTOR's first byte", VECTOR),
    ("200-v3", "VRF-008", 3, 0x200, 0x01, "Version 3 with CURRENT_MIT_VECTOR's first byte", VECTOR),
    ("207-v3", "VRF-008", 3, 0x207, 0x80, "Version 3 with CURRENT_MIT_VECTOR's last byte", VECTOR),
    ("208", "VRF-009", 5, 0x208, 0x01, "The first byte of 0x208 to 0x29F", NEW),
    ("29f", "VRF-009", 3, 0x29F, 0x80, "The last byte of 0x208 to 0x29F", NEW),
    ("key-info-5", "VRF-003", 3, 0x048, 0x20, "KEY_INFO bit 5", "fwd-keyinfo-reserved"),
    ("key-info-31", "VRF-003", 3, 0x04B, 0x80, "KEY_INFO bit 31", "fwd-keyinfo-reserved"),
)


def field_of(at: int) -> str:
    """The field that the byte AT is of, and its place in it."""
    name, (start, _) = next(
        (name, place) for name, place in FIELDS.items() if place[0] <= at < place[0] + place[1]
    )
    return f"{name}.byte {at - start}"


def reserved_byte(
    b: Book, name: str, requirement: str, of: str, report: bytes, field: str, title: str, flag: str
) -> None:
    question(
        b,
        name,
        NOT_ZERO[requirement],
        [requirement, "VRF-121"],
        of,
        {"report": (report, field, b.worlds[of].kind)},
        title=f"{title}, not zero: refused, or left to newer firmware",
        accept={"allow_unknown_reserved": True},
        refuse={"allow_unknown_reserved": False},
        boundary=title,
        flags=[flag],
    )


def _reserved(b: Book) -> None:
    for name, requirement, version, at, byte, title, flag in RESERVED:
        w = world("Genoa", version)
        report = w.change(at, bytes([byte]))
        reserved_byte(b, f"verify-{name}", requirement, b.base(w), report, field_of(at), title, flag)
    w = world("Turin", 5, "vlek")
    report = w.change(0x04E, b"\x01")
    title = "A byte inside 0x4C to 0x4F of a report under a VLEK"
    field = "RESERVED_4C.byte 2"
    reserved_byte(b, "verify-4e-vlek", "VRF-004", b.base(w), report, field, title, "fwd-reserved-4c")
    w = world("Genoa", 3)
    b.refuse(
        "verify-bit-17",
        "POLICY bit 17 is 0",
        ["VRF-002"],
        b.base(w),
        {"report": (w.put("POLICY", 0x10000), "POLICY", "vcek")},
        flags=["policy-bit17-zero"],
    )


def _unsigned(b: Book) -> None:
    """Set after the report was signed. A verifier that does not keep such bytes sees a good signature."""
    w = world("Genoa", 5)
    for name, requirement, at, byte in (
        ("4c", "VRF-004", 0x04C, 0x01),
        ("18b", "VRF-006", 0x18B, 0x01),
        ("1eb", "VRF-007", 0x1EB, 0x01),
        ("208", "VRF-009", 0x208, 0x01),
        ("key-info-5", "VRF-003", 0x048, 0x20),
    ):
        report = w.change(at, bytes([byte]), sign=False)
        b.refuse(
            f"unsigned-{name}",
            "A reserved byte was signed as 0 and is not",
            [requirement],
            b.base(w),
            {"report": (report, field_of(at), None)},
            title=f"Byte {at:#05x} was signed as 0 and is {byte:#x}",
            boundary=f"byte {at:#05x}",
            flags=["sig-body-bit-sweep"],
        )


def _never_reserved(b: Book) -> None:
    """What is looked at also where reserved bytes are left to newer firmware."""
    w = world("Genoa", 5)
    filled: dict[str, int | bytes] = {
        "KEY_INFO": 0xFFFFFFE0,
        "RESERVED_4C": b"\xff" * 4,
        "RESERVED_18B": b"\xff" * 21,
        "RESERVED_1EB": 0xFF,
        "RESERVED_1EF": 0xFF,
        "RESERVED_208": b"\xff" * 152,
    }
    allowed = b.vary(
        "reserved-all",
        "Every reserved byte and bit of the report is set, and the policy leaves them to newer firmware",
        ["VRF-121"],
        b.base(w),
        {
            "report": (w.puts(filled), ", ".join(filled), "vcek"),
            "policy.allow_unknown_reserved": (True, "", None),
        },
        flags=[NEW],
    )
    report = w.puts(filled)
    for name, defect, requirement, at, byte, flag in (
        ("r-upper", "A byte of R's upper 24 is set", "VRF-010", 0x2D0, 1, "sig-hi-24-bytes-nonzero"),
        ("s-upper", "A byte of S's upper 24 is set", "VRF-010", 0x32F, 0x80, "sig-hi-24-bytes-nonzero"),
        ("tail", "A byte behind S is set", "VRF-011", 0x49F, 0x80, "sig-tail-368-nonzero"),
    ):
        changed = report[:at] + bytes([byte]) + report[at + 1 :]
        b.refuse(
            f"reserved-all-{name}",
            f"{defect}, where reserved bytes are left to newer firmware",
            ["VRF-121", requirement],
            allowed,
            {"report": (changed, "SIGNATURE", None)},
            flags=[flag],
        )
    b.refuse(
        "reserved-all-bit-17",
        "POLICY bit 17 is 0, where reserved bytes are left to newer firmware",
        ["VRF-121", "VRF-002"],
        allowed,
        {"report": (w.puts(filled | {"POLICY": 0x10000}), "POLICY", "vcek")},
        flags=["policy-bit17-zero"],
    )


def add(b: Book) -> None:
    _reserved(b)
    _unsigned(b)
    _never_reserved(b)
