"""Cases of the family report with op parse: what each byte of a report is called."""

from __future__ import annotations

from typing import Any

from reference.bundle import Family
from reference.families._report_reserved import NEW, VECTOR, field_of
from reference.tcb import LAYOUTS
from reference.world import FIELDS, SIGNED, World, steps, world

LAYER = "parse"
LINES = ("Milan", "Genoa", "Turin")
WIDE = {"POLICY", "PLATFORM_INFO", "LAUNCH_MIT_VECTOR", "CURRENT_MIT_VECTOR"}
SINCE = {
    "CPUID_FAM_ID": 3,
    "CPUID_MOD_ID": 3,
    "CPUID_STEP": 3,
    "LAUNCH_MIT_VECTOR": 5,
    "CURRENT_MIT_VECTOR": 5,
}
# Where the fields lie, by the requirements of the report that every layout shows.
PLACES = (3, 4, 5, 6, 7, 8, 9, 16, 17, 18, 19, 20, 22, 23, 26, 27, 28, 30, 32)
TEXTS = {name for name, (_, size) in FIELDS.items() if size >= 16 and name != "SIGNATURE"}


def source(report: bytes, **options: bool) -> dict[str, Any]:
    made: dict[str, Any] = {"op": "parse", "report": report}
    return made | ({"policy": options} if options else {})


def _tcb(raw: bytes, product: str | None) -> dict[str, Any]:
    parts = {name: raw[at] for name, at in LAYOUTS[product].items()} if product else {}
    return {"raw": raw.hex(), **parts}


def names(report: bytes, version: int, product: str | None) -> dict[str, Any]:
    """What the bytes of REPORT are called in VERSION, by the table of the notes."""
    out: dict[str, Any] = {"product": product}
    for name, (at, size) in FIELDS.items():
        raw = report[at : at + size]
        if name.startswith("RESERVED") or name == "SIGNATURE":
            continue
        if version < SINCE.get(name, 2):
            out[name.lower()] = None
        elif name.endswith("_TCB"):
            out[name.lower()] = _tcb(raw, product)
        elif name in TEXTS:
            out[name.lower()] = raw.hex()
        else:
            number = int.from_bytes(raw, "little")
            out[name.lower()] = hex(number) if name in WIDE else number
    out["signature_r"], out["signature_s"] = report[0x2A0:0x2E8].hex(), report[0x2E8:0x330].hex()
    return out


def distinct(w: World) -> bytes:
    """Every byte that has a name is another than its neighbours and than the same byte elsewhere."""
    values: dict[str, int | bytes] = {
        "GUEST_SVN": 0x04030201,
        "POLICY": 0x13F8887,
        "VMPL": 0x02,
        "PLATFORM_INFO": 0xA5,
        "KEY_INFO": 0x03,
        "AUTHOR_KEY_DIGEST": steps(0x01, 48),
        "REPORT_ID_MA": steps(0xE0, 32),
        "CURRENT_BUILD": 0xE1,
        "CURRENT_MINOR": 0xE2,
        "CURRENT_MAJOR": 0xE3,
        "COMMITTED_BUILD": 0xE4,
        "COMMITTED_MINOR": 0xE5,
        "COMMITTED_MAJOR": 0xE6,
    }
    for number, which in enumerate(("CURRENT", "REPORTED", "COMMITTED", "LAUNCH")):
        raw = bytearray(8)
        for place, at in enumerate(LAYOUTS[w.product].values()):
            raw[at] = 0x10 * (number + 1) + place
        values[f"{which}_TCB"] = bytes(raw)
    if w.version >= 3:
        values["CPUID_STEP"] = 0x0E
    if w.version >= 5:
        values |= {"LAUNCH_MIT_VECTOR": 0xF8F7F6F5F4F3F2F1, "CURRENT_MIT_VECTOR": 0x1817161514131211}
    return w.puts(values)


def _places(w: World) -> list[str]:
    turin = w.product == "Turin"
    numbers = [37, 64 if turin else 63, *PLACES, *([69] if turin else [])]
    return [f"SNP-RPT-{number:03}" for number in numbers]


def _layouts(f: Family) -> None:
    for line in LINES:
        for version in (2, 3, 5):
            w = world(line, version)
            product = line if version >= 3 else None
            f.valid(
                f"fields-{line.lower()}-v{version}",
                f"A version {version} report of {line}: every byte by its name",
                _places(w),
                LAYER,
                source(f.blob(f"report-{line.lower()}-v{version}-vcek", w.report)),
                names(w.report, version, product),
                product=line,
                version=version,
                flags=["parse-invented-offsets", "2-26"] if version == 5 else [],
            )
    for line, version in (("Milan", 2), ("Genoa", 3), ("Genoa", 5), ("Turin", 5)):
        w = world(line, version)
        report = distinct(w)
        f.valid(
            f"distinct-{line.lower()}-v{version}",
            f"A version {version} report of {line} in which no two fields are alike",
            _places(w),
            LAYER,
            source(report),
            names(report, version, line if version >= 3 else None),
            product=line,
            version=version,
            flags=["parse-invented-offsets"],
        )


# Name, family, model, product line, what it is.
PROCESSORS = (
    ("milan-first", 0x19, 0x00, "Milan", "the first model of Milan"),
    ("milan-last", 0x19, 0x0F, "Milan", "the last model of Milan"),
    ("genoa-first", 0x19, 0x10, "Genoa", "the first model of Genoa"),
    ("genoa-last", 0x19, 0x1F, "Genoa", "the last model of Genoa's first range"),
    ("zen4c-first", 0x19, 0xA0, "Genoa", "the first model of Genoa's second range, Bergamo's and Siena's"),
    ("zen4c-last", 0x19, 0xAF, "Genoa", "the last model of Genoa's second range"),
    ("turin-first", 0x1A, 0x00, "Turin", "the first model of Turin"),
    ("turin-dense", 0x1A, 0x11, "Turin", "the last model of Turin"),
    ("genoa-beyond", 0x19, 0x20, None, "a model beyond Genoa's first range: no known processor"),
    ("zen4c-before", 0x19, 0x9F, None, "a model before Genoa's second range: no known processor"),
    ("zen4c-beyond", 0x19, 0xB0, None, "a model beyond Genoa's second range: no known processor"),
    ("turin-beyond", 0x1A, 0x12, None, "a model beyond Turin's: no known processor"),
    ("venice", 0x1A, 0x50, None, "a model of Venice, whose layout is not settled: no known processor"),
    ("family-1b", 0x1B, 0x02, None, "a family that is not known"),
    ("family-18", 0x18, 0x01, None, "a family before Milan's"),
    ("zero", 0x00, 0x00, None, "family and model 0 in version 3: no known processor"),
)


def _processors(f: Family) -> None:
    for name, family, model, product, text in PROCESSORS:
        w = world(product or "Genoa", 5)
        report = w.puts({"CPUID_FAM_ID": family, "CPUID_MOD_ID": model})
        expected = names(report, 5, product)
        f.valid(
            f"processor-{name}",
            f"Family {family:#x}, model {model:#x}: {text}",
            ["SNP-RPT-076"],
            LAYER,
            source(report),
            {k: expected[k] for k in ("product", "cpuid_fam_id", "cpuid_mod_id", "reported_tcb")},
            product=w.product,
            version=5,
            flags=["parse-model-ranges"] if product else [],
        )


def _values(f: Family) -> None:
    w = world("Genoa", 5)

    def put(
        name: str, title: str, requirement: str, values: dict[str, int | bytes], shown: list[str]
    ) -> None:
        report = w.puts(values)
        expected = names(report, 5, "Genoa")
        bits = int(expected["key_info"])
        extra = {
            "author_key_en": bool(bits & 1),
            "mask_chip_key": bool(bits & 2),
            "signing_key": bits >> 2 & 7,
        }
        output = {k: (expected | extra)[k] for k in shown}
        f.valid(name, title, [requirement], LAYER, source(report), output, product="Genoa", version=5)

    key = ["key_info", "author_key_en", "mask_chip_key", "signing_key"]
    put("key-info-author", "KEY_INFO bit 0 is AUTHOR_KEY_EN", "SNP-RPT-011", {"KEY_INFO": 1}, key)
    put("key-info-mask", "KEY_INFO bit 1 is MASK_CHIP_KEY", "SNP-RPT-012", {"KEY_INFO": 2}, key)
    put("key-info-vlek", "KEY_INFO bits 4:2 of 1: the VLEK", "SNP-RPT-013", {"KEY_INFO": 4}, key)
    put("key-info-bit-4", "KEY_INFO bit 4 is part of SIGNING_KEY", "SNP-RPT-013", {"KEY_INFO": 0x10}, key)
    unsigned: dict[str, int | bytes] = {"KEY_INFO": 0x1C, "SIGNATURE": bytes(512)}
    report = w.puts(unsigned, sign=False)
    f.valid(
        "unsigned",
        "A report that no key signed: SIGNING_KEY 7 and a signature of zeros is a report by its form",
        ["SNP-RPT-041"],
        LAYER,
        source(report),
        {"signing_key": 7, "signature_algo": 1, "signature_r": "00" * 72, "signature_s": "00" * 72},
        product="Genoa",
        version=5,
    )
    put(
        "host",
        "VMPL FFFFFFFF: a report that the host asked for",
        "SNP-RPT-077",
        {"VMPL": 0xFFFFFFFF},
        ["vmpl"],
    )
    put("svn-high", "GUEST_SVN is unsigned", "SNP-RPT-002", {"GUEST_SVN": 0xFFFFFFFE}, ["guest_svn"])
    high: dict[str, int | bytes] = {"POLICY": 1 << 63 | 0x30000, "PLATFORM_INFO": 1 << 63 | 1}
    put(
        "bits-63",
        "Bit 63 of POLICY and PLATFORM_INFO is read, not refused",
        "SNP-RPT-053",
        high,
        ["policy", "platform_info"],
    )
    put("masked", "A masked CHIP_ID is 64 zeros", "SNP-RPT-070", {"CHIP_ID": bytes(64)}, ["chip_id"])
    report = w.change(0x182, b"\x7f")
    f.valid(
        "tcb-reserved",
        "A TCB with a reserved byte set has its bytes, and no components that would hide it",
        ["SNP-RPT-063"],
        LAYER,
        source(report),
        {"reported_tcb": {"raw": report[0x180:0x188].hex()}},
        product="Genoa",
        version=5,
        flags=["sig-tcb-reserved-malleable"],
    )


def _versions(f: Family) -> None:
    v4 = world("Milan", 3).put("VERSION", 4)
    f.valid(
        "fields-milan-v4",
        "A version 4 report has the names of version 3",
        ["VRF-014"],
        LAYER,
        source(v4),
        names(v4, 3, "Milan"),
        product="Milan",
        version=4,
        flags=["fwd-v4-layout"],
    )
    filled = world("Milan", 3).puts({"VERSION": 4, "LAUNCH_MIT_VECTOR": 0x0B, "CURRENT_MIT_VECTOR": 0x0B})
    f.valid(
        "v4-vector-bytes",
        "Version 4 with bytes 0x1F8 to 0x207 set: what they mean is not known, so they have no name",
        ["VRF-014"],
        LAYER,
        source(filled),
        {"launch_mit_vector": None, "current_mit_vector": None},
        product="Milan",
        version=4,
        flags=["fwd-v4-layout"],
    )
    for name, version, flag in (
        ("6", 6, "version-unknown-6"),
        ("7", 7, "version-unknown-6"),
        ("100h", 0x100, "version-unknown-6"),
        ("105h", 0x105, "version-be-or-byte"),
        ("10002h", 0x10002, "version-be-or-byte"),
        ("ffffffff", 0xFFFFFFFF, "version-unknown-6"),
    ):
        report = world("Genoa", 5).put("VERSION", version)
        f.policy(
            f"version-{name}",
            f"Version {version:#x}: read as 5, or refused",
            ["VRF-015"],
            LAYER,
            source(report),
            stage="version",
            accept={"future_versions": True},
            refuse={"future_versions": False},
            product="Genoa",
            flags=[flag],
        )
    report = world("Genoa", 5).put("VERSION", 6)
    f.valid(
        "future-fields",
        "A version above 5 that is read has the names of version 5 and keeps its number",
        ["VRF-015"],
        LAYER,
        source(report, future_versions=True),
        names(report, 5, "Genoa"),
        product="Genoa",
        version=6,
        flags=["version-unknown-6"],
    )


# Name, requirement, version, offset, byte, what it is.
RESERVED = (
    ("4c", "SNP-RPT-015", 5, 0x04C, 0x01, "The first byte of 0x4C to 0x4F", "fwd-reserved-4c"),
    ("4f", "SNP-RPT-015", 5, 0x04F, 0x80, "The last byte of 0x4C to 0x4F", "fwd-reserved-4c"),
    ("188-v2", "SNP-RPT-024", 2, 0x188, 0x19, "Version 2 with a family", "parse-v2-cpuid-bytes-nonzero"),
    ("18a-v2", "SNP-RPT-024", 2, 0x18A, 0x01, "Version 2 with a stepping", "parse-v2-cpuid-bytes-nonzero"),
    ("18b", "SNP-RPT-025", 5, 0x18B, 0x01, "The first byte of 0x18B to 0x19F", NEW),
    ("19f", "SNP-RPT-025", 5, 0x19F, 0x80, "The last byte of 0x18B to 0x19F", NEW),
    ("1eb", "SNP-RPT-029", 5, 0x1EB, 0x01, "Byte 0x1EB", "fwd-reserved-4c"),
    ("1ef", "SNP-RPT-031", 5, 0x1EF, 0x01, "Byte 0x1EF", "fwd-reserved-4c"),
    ("1f8-v2", "SNP-RPT-034", 2, 0x1F8, 0x01, "Version 2 with LAUNCH_MIT_VECTOR's bytes", VECTOR),
    ("1f8-v3", "SNP-RPT-034", 3, 0x1F8, 0x01, "Version 3 with LAUNCH_MIT_VECTOR's bytes", VECTOR),
    ("207-v3", "SNP-RPT-035", 3, 0x207, 0x80, "Version 3 with CURRENT_MIT_VECTOR's bytes", VECTOR),
    ("208", "SNP-RPT-036", 5, 0x208, 0x01, "The first byte of 0x208 to 0x29F", NEW),
    ("29f", "SNP-RPT-036", 5, 0x29F, 0x80, "The last byte of 0x208 to 0x29F", NEW),
    ("key-info-5", "SNP-RPT-014", 5, 0x048, 0x20, "KEY_INFO bit 5", "fwd-keyinfo-reserved"),
    ("key-info-31", "SNP-RPT-014", 5, 0x04B, 0x80, "KEY_INFO bit 31", "fwd-keyinfo-reserved"),
)
# Name, requirement, offset, byte, what is wrong, which byte, flag.
HI, TAIL = "sig-hi-24-bytes-nonzero", "sig-tail-368-nonzero"
NEVER = (
    ("reserved-r-upper", "SNP-RPT-039", 0x2D0, 0x01, "An upper byte of R or S is set", "R's first", HI),
    ("reserved-s-upper", "SNP-RPT-039", 0x32F, 0x80, "An upper byte of R or S is set", "S's last", HI),
    ("reserved-tail-first", "SNP-RPT-040", 0x330, 0x01, "A byte behind S is set", "the first", TAIL),
    ("reserved-tail-last", "SNP-RPT-040", 0x49F, 0x80, "A byte behind S is set", "the last", TAIL),
    ("policy-bit-17", "SNP-RPT-053", 0x00A, 0x01, "POLICY bit 17 is 0", "", "policy-bit17-zero"),
)


def _reserved(f: Family) -> None:
    for name, requirement, version, at, byte, text, flag in RESERVED:
        w = world("Genoa", version)
        f.policy(
            f"reserved-{name}",
            f"{text}, not zero: refused, or left to newer firmware",
            [requirement],
            LAYER,
            source(w.change(at, bytes([byte]))),
            stage="parse",
            accept={"allow_unknown_reserved": True},
            refuse={"allow_unknown_reserved": False},
            twin=f"fields-genoa-v{version}",
            defect="Reserved bytes are not zero",
            changes=[("report", field_of(at), w.kind)],
            product="Genoa",
            version=version,
            boundary=text,
            flags=[flag],
        )
    w = world("Genoa", 5)
    for name, requirement, at, byte, defect, which, flag in NEVER:
        signed = at < SIGNED
        f.invalid(
            name,
            f"{defect}: {which}" if which else defect,
            [requirement],
            LAYER,
            source(w.change(at, bytes([byte]), sign=signed)),
            twin="fields-genoa-v5",
            defect=defect,
            changes=[("report", field_of(at), w.kind if signed else None)],
            stage="parse",
            product="Genoa",
            version=5,
            boundary=which or None,
            flags=[flag],
        )


def add(f: Family) -> None:
    _layouts(f)
    _processors(f)
    _values(f)
    _versions(f)
    _reserved(f)
