"""Family report: the form of a report, before any key counts."""

from __future__ import annotations

import base64

from reference.bundle import Family
from reference.families import _report_parse, _verify_notes
from reference.families._bases import shows
from reference.families._book import Book
from reference.world import FIELDS, World, world

TEXT = """
The form of a report: size, versions, reserved bytes, and what each byte is called.

Op `verify` judges a whole input (family `signature` says what its members are): reports of every product line
and version are accepted, and a report whose form is wrong is refused at stage `parse` or `version` although
its signature is good.

Op `parse` reads `report` by itself. Its `policy` has `future_versions` (true: versions above 5 are read as 5)
and `tolerant` (true: only the size counts, reserved bytes are left to newer firmware). Output: every field by
its name in lower case; 64-bit numbers as `"0x..."`, byte fields as hex digits in the order of the report;
null for a name that the version does not have; a TCB as `raw` with its components where the report itself
says which layout it has; `product`, `author_key_en`, `mask_chip_key` and `signing_key` from their bits.
"""

# What each base is the accepted side of.
SHOWN = tuple(f"VRF-{number:03}" for number in (1, 2, 3, 4, 5, 6, 7, 8, 9, 13))

HEADER = (0).to_bytes(4, "little") + (0x4A0).to_bytes(4, "little") + bytes(24)  # of MSG_REPORT_RSP


def field_of(at: int) -> str:
    """The field that the byte AT is of, and its place in it."""
    name, (start, _) = next(
        (name, place) for name, place in FIELDS.items() if place[0] <= at < place[0] + place[1]
    )
    return f"{name}.byte {at - start}"


def _accepted(b: Book) -> None:
    """The bases: three lines, three versions, two kinds of leaf; version 4; each processor of a line."""
    for line in ("Milan", "Genoa", "Turin"):
        for version in (2, 3, 5):
            for kind in ("vcek", "vlek"):
                flags = {2: ["version-2-refused"], 3: [], 5: ["version-5-refused", "2-20"]}[version]
                shows(b, world(line, version, kind), "VRF-014", *SHOWN)
                b.family.cases[-1].flags = tuple(flags)
    for line in ("Milan", "Turin"):
        w = world(line, 3)
        b.vary(
            f"version-4-{line.lower()}",
            f"{line}, report version 4: read as version 3",
            ["VRF-014"],
            b.base(w),
            {"report": (w.put("VERSION", 4), "VERSION", w.kind)},
            flags=["fwd-v4-layout"],
        )
    filled = world("Milan", 3).puts({"VERSION": 4, "LAUNCH_MIT_VECTOR": 0x0B, "CURRENT_MIT_VECTOR": 0x0B})
    b.vary(
        "version-4-filled",
        "Report version 4 with bytes 0x1F8 to 0x207 set: what they mean is not known, they are not tested",
        ["VRF-014"],
        b.base(world("Milan", 3)),
        {"report": (filled, "VERSION", "vcek")},
        flags=["fwd-v4-layout"],
    )
    for chip, text in (("Bergamo", "Bergamo or Siena"), ("TurinDense", "Turin Dense")):
        shows(b, world(chip, 5), "VRF-061")
        b.family.cases[-1].title = f"{text}, a chip of {world(chip, 5).product}'s line"
        b.family.cases[-1].flags = ("parse-model-ranges",)
    for word, line, model in (
        ("0f", "Milan", 0x0F),
        ("1f", "Genoa", 0x1F),
        ("af", "Genoa", 0xAF),
        ("10", "Turin", 0x10),
    ):
        w = world(line, 5)
        b.vary(
            f"model-{line.lower()}-{word}",
            f"Model {model:#x} is of {line}'s line",
            ["VRF-061"],
            b.base(w),
            {"report": (w.put("CPUID_MOD_ID", model), "CPUID_MOD_ID", w.kind)},
            flags=["parse-model-ranges"],
        )
    short = b"\xc1" + bytes(range(1, 8)) + bytes(56)
    w = world("Milan", 2, hwid=short)
    source = w.input()
    b.accept(
        "milan-v2-short-chip",
        "A Milan chip whose CHIP_ID ends in 56 zeros, report version 2: no proof of Turin",
        ["VRF-014"],
        w,
        source,
        flags=["parse-v2-product-guess"],
    )


def _neighbours(b: Book) -> None:
    """Bytes beside the reserved ranges are full."""
    w = world("Genoa", 5)
    rows: tuple[tuple[str, str, str, dict[str, int | bytes]], ...] = (
        ("bit-17", "VRF-002", "POLICY is bit 17 alone", {"POLICY": 1 << 17, "PLATFORM_INFO": 0}),
        ("4c", "VRF-004", "REPORT_DATA begins with ones behind 0x4F", {"REPORT_DATA": b"\xff" * 64}),
        ("18b", "VRF-006", "The stepping before 0x18B is all ones", {"CPUID_STEP": 0xFF}),
        (
            "1eb",
            "VRF-007",
            "The major versions before 0x1EB and 0x1EF are all ones",
            {"CURRENT_MAJOR": 0xFF, "COMMITTED_MAJOR": 0xFF},
        ),
        (
            "1f8",
            "VRF-008",
            "Both mitigation vectors of version 5 are all ones",
            {"LAUNCH_MIT_VECTOR": b"\xff" * 8, "CURRENT_MIT_VECTOR": b"\xff" * 8},
        ),
    )
    for name, requirement, title, values in rows:
        change = {"report": (w.puts(values), ", ".join(values), "vcek")}
        b.vary(f"beside-{name}", title, [requirement], b.base(w), change)
    vlek = world("Genoa", 5, "vlek")
    change = {"report": (vlek.put("KEY_INFO", 7), "KEY_INFO", "vlek")}
    b.vary("beside-key-info", "Both flags of KEY_INFO beside SIGNING_KEY", ["VRF-003"], b.base(vlek), change)


def _sizes(b: Book) -> None:
    w = world("Genoa", 5)
    of, full = b.base(w), w.report
    rows = (
        ("size-0", "No bytes at all", b"", "parse-short-report"),
        ("size-4", "Nothing but VERSION", full[:4], "parse-short-report"),
        ("size-2a0", "The signed bytes without a signature", full[:0x2A0], "parse-short-report"),
        ("size-330", "Nothing behind S", full[:0x330], "parse-short-report"),
        ("size-49f", "The last byte is missing", full[:-1], "parse-short-report"),
        ("size-4a1", "One zero byte behind the report", full + b"\0", "parse-long-report"),
        ("newline", "A line end behind the report", full + b"\n", "parse-hex-or-base64-input"),
        ("twice", "The report twice", full + full, "parse-long-report"),
        ("page", "The report in a page of 4096 bytes", full.ljust(0x1000, b"\0"), "parse-long-report"),
        (
            "blob",
            "The ioctl's response of 4000 bytes",
            (HEADER + full).ljust(4000, b"\0"),
            "parse-ioctl-header-not-stripped",
        ),
        (
            "response",
            "MSG_REPORT_RSP with its header of 32 bytes",
            HEADER + full,
            "parse-ioctl-header-not-stripped",
        ),
        (
            "response-cut",
            "The first 0x4A0 bytes of MSG_REPORT_RSP",
            (HEADER + full)[:0x4A0],
            "parse-ioctl-header-not-stripped",
        ),
        (
            "hcl",
            "A report inside a paravisor's report of 0xA00 bytes",
            (b"HCLA" + bytes(28) + full).ljust(0xA00, b"\0"),
            "parse-ioctl-header-not-stripped",
        ),
        ("hex", "The report as hex digits", full.hex().encode(), "parse-hex-or-base64-input"),
        ("base64", "The report in base64", base64.b64encode(full), "parse-hex-or-base64-input"),
    )
    for name, defect, data, flag in rows:
        field = "size" if len(data) != len(full) else ", ".join(FIELDS)
        if not full.startswith(data):
            b.family.blob(f"input-{name}", data)  # not to be written as a patch of a report
        change = {"report": (data, field, None)}
        b.refuse(name, defect, ["VRF-001"], of, change, flags=[flag], version=5)


# Name, requirement, version, offset, byte, defect, flag.
RESERVED = (
    ("4c", "VRF-004", 3, 0x04C, 0x01, "The first byte of 0x4C to 0x4F is set", "fwd-reserved-4c"),
    ("4f", "VRF-004", 3, 0x04F, 0x80, "The last byte of 0x4C to 0x4F is set", "fwd-reserved-4c"),
    ("188", "VRF-005", 2, 0x188, 0x19, "Version 2 with a family", "parse-v2-cpuid-bytes-nonzero"),
    ("189", "VRF-005", 2, 0x189, 0x11, "Version 2 with a model", "parse-v2-cpuid-bytes-nonzero"),
    ("18a", "VRF-005", 2, 0x18A, 0x01, "Version 2 with a stepping", "parse-v2-cpuid-bytes-nonzero"),
    (
        "18b",
        "VRF-006",
        3,
        0x18B,
        0x01,
        "The first byte of 0x18B to 0x19F is set",
        "fwd-reserved-bytes-new-firmware",
    ),
    (
        "19f",
        "VRF-006",
        5,
        0x19F,
        0x80,
        "The last byte of 0x18B to 0x19F is set",
        "fwd-reserved-bytes-new-firmware",
    ),
    (
        "18b-v2",
        "VRF-006",
        2,
        0x18B,
        0x01,
        "Version 2 with the byte behind the stepping set",
        "fwd-reserved-bytes-new-firmware",
    ),
    ("1eb", "VRF-007", 3, 0x1EB, 0x01, "Byte 0x1EB is set", "fwd-reserved-4c"),
    ("1ef", "VRF-007", 3, 0x1EF, 0x01, "Byte 0x1EF is set", "fwd-reserved-4c"),
    (
        "1f8-v2",
        "VRF-008",
        2,
        0x1F8,
        0x01,
        "Version 2 with the first byte of LAUNCH_MIT_VECTOR",
        "policy-mitigation-vector-v5",
    ),
    (
        "1f8-v3",
        "VRF-008",
        3,
        0x1F8,
        0x01,
        "Version 3 with the first byte of LAUNCH_MIT_VECTOR",
        "policy-mitigation-vector-v5",
    ),
    (
        "200-v3",
        "VRF-008",
        3,
        0x200,
        0x01,
        "Version 3 with the first byte of CURRENT_MIT_VECTOR",
        "policy-mitigation-vector-v5",
    ),
    (
        "207-v3",
        "VRF-008",
        3,
        0x207,
        0x80,
        "Version 3 with the last byte of CURRENT_MIT_VECTOR",
        "policy-mitigation-vector-v5",
    ),
    (
        "208",
        "VRF-009",
        5,
        0x208,
        0x01,
        "The first byte of 0x208 to 0x29F is set",
        "fwd-reserved-bytes-new-firmware",
    ),
    (
        "29f",
        "VRF-009",
        3,
        0x29F,
        0x80,
        "The last byte of 0x208 to 0x29F is set",
        "fwd-reserved-bytes-new-firmware",
    ),
    ("key-info-5", "VRF-003", 3, 0x048, 0x20, "KEY_INFO bit 5 is set", "fwd-keyinfo-reserved"),
    ("key-info-31", "VRF-003", 3, 0x04B, 0x80, "KEY_INFO bit 31 is set", "fwd-keyinfo-reserved"),
    ("bit-17", "VRF-002", 3, 0x00A, 0x01, "POLICY bit 17 is 0", "policy-bit17-zero"),
)


def _reserved(b: Book) -> None:
    for name, requirement, version, at, byte, defect, flag in RESERVED:
        w = world("Genoa", version)
        report = w.change(at, bytes([byte]))
        change = {"report": (report, field_of(at), w.kind)}
        b.refuse(f"verify-{name}", defect, [requirement], b.base(w), change, flags=[flag])
    w = world("Turin", 5, "vlek")
    change = {"report": (w.change(0x04E, b"\x01"), "RESERVED_4C.byte 2", "vlek")}
    b.refuse(
        "verify-4e-vlek",
        "A byte inside 0x4C to 0x4F is set in a report under a VLEK",
        ["VRF-004"],
        b.base(w),
        change,
        flags=["fwd-reserved-4c"],
    )


def _future(b: Book, w: World) -> str:
    """Version 6, which the policy lets in."""
    return b.vary(
        "future-6",
        "A version above 5 under future_versions is read as 5",
        ["VRF-015"],
        b.base(w),
        {"report": (w.put("VERSION", 6), "VERSION", w.kind), "policy.future_versions": (True, "", None)},
        flags=["version-unknown-6"],
        layer="version",
    )


def _versions(b: Book) -> None:
    w2, w5 = world("Milan", 2), world("Genoa", 5)
    for version in (0, 1):
        b.refuse(
            f"version-{version}",
            f"VERSION is {version}",
            ["VRF-013"],
            b.base(w2),
            {"report": (w2.put("VERSION", version), "VERSION", "vcek")},
            stage="version",
            layer="version",
            flags=["version-0-1"],
        )
    b.refuse(
        "version-1-future",
        "VERSION is 1, and future_versions does not let it in",
        ["VRF-013"],
        b.vary(
            "version-2-future",
            "future_versions changes nothing for version 2",
            ["VRF-014"],
            b.base(w2),
            {"policy.future_versions": (True, "", None)},
        ),
        {"report": (w2.put("VERSION", 1), "VERSION", "vcek")},
        stage="version",
        layer="version",
        flags=["version-0-1"],
    )
    for name, version, text, flag in (
        ("6", 6, "the next one", "version-unknown-6"),
        ("100h", 0x100, "its low byte is 0", "version-unknown-6"),
        ("105h", 0x105, "its low byte is 5", "version-be-or-byte"),
        ("10002h", 0x10002, "its low half is 2", "version-be-or-byte"),
        ("3000000h", 0x03000000, "3 in the other byte order", "version-be-or-byte"),
        ("80000005h", 0x80000005, "its top bit is set", "version-be-or-byte"),
        ("ffffffffh", 0xFFFFFFFF, "all bits are set", "version-unknown-6"),
    ):
        report = w5.put("VERSION", version)
        b.refuse(
            f"version-above-{name}",
            f"VERSION is {version:#x}: {text}",
            ["VRF-015"],
            b.base(w5),
            {"report": (report, "VERSION", "vcek")},
            stage="version",
            layer="version",
            flags=[flag],
        )
    b.decide(
        "version-6-decided",
        "Version 6 is read as 5, or refused, as the policy says",
        ["VRF-015"],
        b.base(w5),
        {"report": (w5.put("VERSION", 6), "VERSION", "vcek")},
        stage="version",
        accept={"future_versions": True},
        refuse={"future_versions": False},
        flags=["version-unknown-6"],
        layer="version",
    )
    future = _future(b, w5)
    reserved = w5.puts({"VERSION": 6, "RESERVED_208": b"\x01" + bytes(151)})
    b.refuse(
        "future-6-reserved",
        "A version above 5 under future_versions, with a byte that version 5 reserves",
        ["VRF-009"],
        future,
        {"report": (reserved, "RESERVED_208", "vcek")},
        flags=["fwd-reserved-bytes-new-firmware"],
    )


def build() -> Family:
    f = Family("report", "Form of a report", TEXT)
    b = Book(f, stage="parse")
    _accepted(b)
    _neighbours(b)
    _sizes(b)
    _reserved(b)
    _versions(b)
    _report_parse.add(f)
    return _verify_notes.add(f)
