"""Family report: the form of a report, before any key counts."""

from __future__ import annotations

import base64

from reference.bundle import Family
from reference.families import _report_parse, _report_reserved, _verify_notes
from reference.families._bases import other_report, question, shows
from reference.families._book import Book
from reference.families._report_reserved import NEW, reserved_byte
from reference.world import FIELDS, World, world

TEXT = """
The form of a report: size, versions, reserved bytes, and what each byte is called. Whether reserved bytes, a
longer buffer or a version above 5 are refused is for a verifier to choose: such cases have the result
`policy`. Version 2 is in order: reports of version 2 that have no defect are `valid`, here and in the other
families, and only `version-2-decided` asks for `report_version_min`. A verifier that begins at version 3
skips every case whose `version` is 2: not claimed.

Op `verify` judges a whole input (family `signature` says what its members are): reports of every product line
and version are accepted, and a report whose form is wrong is refused at stage `parse` or `version` although
its signature is good.

Op `parse` reads `report` by itself. Its `policy` has `future_versions` (true: versions above 5 are read as 5)
and `allow_unknown_reserved` (true: reserved bytes are left to newer firmware, but for POLICY bit 17 and the
bytes of the signature). Output: every field by its name in lower case; 64-bit numbers as `"0x..."`, byte
fields as hex digits in the order of the report; null for a name that the version does not have; a TCB as
`raw`, with its components where the report itself says which layout it has and no reserved byte of the TCB is
set; `product`, `author_key_en`, `mask_chip_key` and `signing_key` from their bits. A case may state some of
these alone: what is absent from `expect.output` is not compared, inside a TCB neither.
"""

# What each base is the accepted side of.
SHOWN = tuple(f"VRF-{number:03}" for number in (1, 2, 3, 4, 5, 6, 7, 8, 9, 13))

HEADER = (0).to_bytes(4, "little") + (0x4A0).to_bytes(4, "little") + bytes(24)  # of MSG_REPORT_RSP


def _flags(line: str, version: int, kind: str) -> tuple[str, ...]:
    """The mistakes that refuse a base."""
    flags = {2: ["version-2-refused"], 3: [], 5: ["version-5-refused", "2-20"]}[version]
    if line == "Turin":
        flags += ["ext-struct-version"] if kind == "vcek" else []
    elif version == 3:
        flags.append("2-15")
    return tuple(flags)


def _accepted(b: Book) -> None:
    """The bases: three lines, three versions, two kinds of leaf; version 4; each processor of a line."""
    for line in ("Milan", "Genoa", "Turin"):
        for version in (2, 3, 5):
            for kind in ("vcek", "vlek"):
                shows(b, world(line, version, kind), "VRF-014", *SHOWN)
                b.family.cases[-1].flags = _flags(line, version, kind)
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


# Name, what is given, flag.
SHORT = (
    ("size-0", "No bytes at all", 0),
    ("size-4", "Nothing but VERSION", 4),
    ("size-2a0", "The signed bytes without a signature", 0x2A0),
    ("size-330", "Nothing behind S", 0x330),
    ("size-49f", "The last byte is missing", 0x49F),
)


def _short(b: Book, of: str) -> None:
    full = b.inputs[of]["report"]
    for name, title, size in SHORT:
        b.refuse(
            name,
            "The report is shorter than 0x4A0 bytes",
            ["VRF-001"],
            of,
            {"report": (full[:size], "size", None)},
            title=title,
            boundary=f"{size:#x} bytes",
            flags=["parse-short-report"],
        )
    allowed = b.vary(
        "long-allowed",
        "A policy that ignores bytes behind the report, and there are none",
        ["VRF-123"],
        of,
        {"policy.allow_long_report": (True, "", None)},
    )
    b.refuse(
        "long-allowed-short",
        "The report is a byte short where bytes behind it are ignored",
        ["VRF-123", "VRF-001"],
        allowed,
        {"report": (full[:-1], "size", None)},
        flags=["parse-short-report"],
    )


def _long(b: Book, of: str) -> None:
    full = b.inputs[of]["report"]
    for name, title, data, flag in (
        ("size-4a1", "One zero byte behind the report", full + b"\0", "parse-long-report"),
        ("newline", "A line end behind the report", full + b"\n", "parse-hex-or-base64-input"),
        ("twice", "The report twice", full + full, "parse-long-report"),
        ("page", "The report in a page of 4096 bytes", full.ljust(0x1000, b"\0"), "parse-long-report"),
    ):
        question(
            b,
            name,
            "Bytes stand behind the report",
            ["VRF-001", "VRF-123"],
            of,
            {"report": (data, "size", None)},
            title=title,
            accept={"allow_long_report": True},
            refuse={"allow_long_report": False},
            boundary=f"{len(data) - len(full)} bytes",
            flags=[flag],
        )


def _wrapped(b: Book, of: str) -> None:
    """A report inside something else, or written in another way."""
    full = b.inputs[of]["report"]
    rows = (
        (
            "blob",
            "The ioctl's response of 4000 bytes",
            "A report begins behind a header",
            (HEADER + full).ljust(4000, b"\0"),
            "parse-ioctl-header-not-stripped",
        ),
        (
            "response",
            "MSG_REPORT_RSP with its header of 32 bytes",
            "A report begins behind a header",
            HEADER + full,
            "parse-ioctl-header-not-stripped",
        ),
        (
            "hcl",
            "A report inside a paravisor's report of 0xA00 bytes",
            "A report begins behind a header",
            (b"HCLA" + bytes(28) + full).ljust(0xA00, b"\0"),
            "parse-ioctl-header-not-stripped",
        ),
        ("hex", "Hex digits", "The report is text", full.hex().encode(), "parse-hex-or-base64-input"),
        ("base64", "Base64", "The report is text", base64.b64encode(full), "parse-hex-or-base64-input"),
    )
    for name, title, defect, data, flag in rows:
        b.family.blob(f"input-{name}", data)  # not to be written as a patch of a report
        b.refuse(
            name,
            defect,
            ["VRF-001"],
            of,
            {"report": (data, "size", None)},
            title=title,
            boundary=title,
            version=5,
            flags=[flag],
        )
    # Bytes 8 to 31 of the header are zero, and POLICY's bit 17 among them.
    cut = b.family.blob("input-response-cut", (HEADER + full)[:0x4A0])
    b.refuse(
        "response-cut",
        "MSG_REPORT_RSP's header of zeros stands where POLICY belongs",
        ["VRF-002"],
        of,
        {"report": (cut, ", ".join(FIELDS), None)},
        title="The first 0x4A0 bytes of MSG_REPORT_RSP",
        version=5,
        flags=["parse-ioctl-header-not-stripped"],
    )


def _sizes(b: Book) -> None:
    of = b.base(world("Genoa", 5))
    _short(b, of)
    _long(b, of)
    _wrapped(b, of)


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


def _low(b: Book) -> None:
    """Versions 0 and 1, and the least version of a policy."""
    w = world("Milan", 2)
    future = b.vary(
        "version-2-future",
        "future_versions changes nothing for version 2",
        ["VRF-014"],
        b.base(w),
        {"policy.future_versions": (True, "", None)},
    )
    for name, version, of in (
        ("version-0", 0, b.base(w)),
        ("version-1", 1, b.base(w)),
        ("version-1-future", 1, future),
    ):
        b.refuse(
            name,
            "VERSION is below 2",
            ["VRF-013"],
            of,
            {"report": (w.put("VERSION", version), "VERSION", "vcek")},
            title=f"VERSION is {version}" + (", and future_versions is true" if of == future else ""),
            boundary="future_versions is true" if of == future else None,
            stage="version",
            layer="version",
            flags=["version-0-1"],
        )
    b.decide(
        "version-2-decided",
        "A version 2 report: refused where the policy demands version 3",
        ["VRF-120"],
        b.base(w),
        {"report": (other_report(w), "REPORT_DATA", "vcek")},
        stage="version",
        layer="version",
        accept={"report_version_min": 2},
        refuse={"report_version_min": 3},
        flags=["version-2-refused"],
    )
    least = b.vary(
        "version-least",
        "A version 3 report where the policy demands version 3",
        ["VRF-120"],
        b.base(world("Milan", 3)),
        {"policy.report_version_min": (3, "", None)},
        layer="version",
    )
    b.refuse(
        "version-below-least",
        "The version is below the policy's",
        ["VRF-120"],
        least,
        {"policy.report_version_min": (4, "", None)},
        title="A version 3 report where the policy demands version 4",
        stage="version",
        layer="version",
    )


# Name, version, title, defect, flag.
UNKNOWN, PARTLY = "VERSION is above 5", "VERSION is above 5, and a part of it is a known version"
ABOVE = (
    ("6", 6, "the next one", UNKNOWN, "version-unknown-6"),
    ("100h", 0x100, "its low byte is 0", UNKNOWN, "version-unknown-6"),
    ("105h", 0x105, "its low byte is 5", PARTLY, "version-be-or-byte"),
    ("10002h", 0x10002, "its low half is 2", PARTLY, "version-be-or-byte"),
    ("3000000h", 0x03000000, "3 in the other byte order", PARTLY, "version-be-or-byte"),
    ("80000005h", 0x80000005, "its top bit is set", PARTLY, "version-be-or-byte"),
    ("ffffffffh", 0xFFFFFFFF, "all bits are set", UNKNOWN, "version-unknown-6"),
)


def _high(b: Book) -> None:
    w = world("Genoa", 5)
    strict = b.vary(
        "version-5-strict",
        "A version 5 report, and a policy that takes no version above it",
        ["VRF-015"],
        b.base(w),
        {"policy.future_versions": (False, "", None)},
        layer="version",
    )
    for name, version, text, defect, flag in ABOVE:
        b.refuse(
            f"version-above-{name}",
            defect,
            ["VRF-015"],
            strict,
            {"report": (w.put("VERSION", version), "VERSION", "vcek")},
            title=f"VERSION is {version:#x}: {text}",
            stage="version",
            layer="version",
            flags=[flag],
        )
    question(
        b,
        "version-6-decided",
        UNKNOWN,
        ["VRF-015"],
        b.base(w),
        {"report": (w.put("VERSION", 6), "VERSION", "vcek")},
        title="Version 6 is read as 5, or refused, as the policy says",
        stage="version",
        accept={"future_versions": True},
        refuse={"future_versions": False},
        flags=["version-unknown-6"],
        layer="version",
    )
    reserved = w.puts({"VERSION": 6, "RESERVED_208": b"\x01" + bytes(151)})
    reserved_byte(
        b,
        "future-6-reserved",
        "VRF-009",
        _future(b, w),
        reserved,
        "RESERVED_208",
        "Version 6 under future_versions with a byte that version 5 reserves",
        NEW,
    )


def build() -> Family:
    f = Family("report", "Form of a report", TEXT)
    b = Book(f, stage="parse")
    _accepted(b)
    _neighbours(b)
    _sizes(b)
    _report_reserved.add(b)
    _low(b)
    _high(b)
    _report_parse.add(f)
    return _verify_notes.add(f)
