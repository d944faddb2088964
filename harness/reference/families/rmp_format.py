"""Family rmp-format: the RMP's bytes, and where they are."""

from __future__ import annotations

from typing import Any

from reference.bundle import Family
from reference.families._rmp import cite_twins

TEXT = """
The reverse map table in memory: what the bytes of an entry mean, and where a page's entry lies.

Op `rmp_entry`: `raw`, 16 bytes in hex, of `layout` "genoa" or "milan" (the raw forms are no architecture;
Turin's is not known), or "structure", what RMPUPDATE reads and RMPREAD writes. Output: `entry` and the
page's `state`, or `fields`. `exact`: the members make these very bytes again. VMPL masks of Milan are not
known, so that no case has them.

Op `rmp_location`: `base` (RMP_BASE), `spa`, and either `end` (RMP_END, the last byte; with `firmware` the
stricter rule of SNP_INIT) or `shift` (RmpSegSize), `shift_min`, `shift_max` and `table` (segment table
entries that are not zero, by index). Output: the address of the `entry` and how much memory is `covered`.
Reasons: `base`, `end`, `segment-size` (not allowed), `no-entry` (the page is the hypervisor's for ever),
`reserved` (a reserved bit of a segment table entry).
"""


def raw(low: int, masks: str = "00000000") -> str:
    return low.to_bytes(8, "little").hex() + masks + "00000000"


ASID, VMSA, VALID, LOCK = 5 << 51, 1 << 61, 1 << 62, 1 << 63
GPA = 0x40001000
GUEST = GPA | ASID | 1
ZERO: dict[str, Any] = {
    "size": "4K",
    "assigned": False,
    "immutable": False,
    "validated": False,
    "vmsa": False,
    "asid": 0,
    "gpa": "0x0",
    "perms": "00000000",
    "mark": "none",
    "subpages": 0,
}
FIRMWARE = {"assigned": True, "immutable": True}
MINE = {"assigned": True, "asid": 5, "gpa": hex(GPA), "perms": "1f0b0501"}


def add_entries(f: Family) -> None:
    """Genoa's, one of each state, as the notes' table gives them."""
    for name, title, low, masks, state, members in (
        ("hypervisor", "A Hypervisor page is all zero", 0, "", "hypervisor", {}),
        ("hv-fixed", "An HV-Fixed page is 4", 4, "", "hv-fixed", {"immutable": True}),
        ("firmware", "A Firmware page", 0x8000000000000005, "", "firmware", FIRMWARE),
        ("context", "A guest context", 5 | VMSA | LOCK, "", "context", {**FIRMWARE, "vmsa": True}),
        (
            "metadata",
            "A metadata page: firmware's tag 1 in bits 38:36 of the page number",
            5 | LOCK | 1 << 48 | 0x200000,
            "",
            "metadata",
            {**FIRMWARE, "mark": "metadata", "gpa": "0x200000"},
        ),
        (
            "iommu",
            "A page of the IOMMU's: tag 2, page 1",
            5 | LOCK | 2 << 48 | 0x1000,
            "",
            "firmware-iommu",
            {**FIRMWARE, "mark": "iommu", "gpa": "0x1000"},
        ),
        ("reclaim", "A Reclaim page", 1, "", "reclaim", {"assigned": True}),
        (
            "pre-guest",
            "A Pre-Guest page",
            GUEST | 4 | LOCK,
            "1f0b0501",
            "pre-guest",
            {**MINE, "immutable": True},
        ),
        (
            "pre-swap",
            "A Pre-Swap page",
            GUEST | 4 | LOCK | VALID,
            "1f0b0501",
            "pre-swap",
            {**MINE, "immutable": True, "validated": True},
        ),
        ("guest-invalid", "A Guest-Invalid page", GUEST, "1f0b0501", "guest-invalid", MINE),
        (
            "guest-valid",
            "A Guest-Valid page",
            GUEST | VALID,
            "1f0b0501",
            "guest-valid",
            {**MINE, "validated": True},
        ),
        (
            "vmsa",
            "A VMSA",
            GUEST | VALID | VMSA,
            "1f0b0501",
            "guest-valid",
            {**MINE, "validated": True, "vmsa": True},
        ),
        (
            "2m",
            "A 2 MiB page",
            GUEST - 0x1000 | 2 | VALID,
            "1f000000",
            "guest-valid",
            {**MINE, "gpa": "0x40000000", "perms": "1f000000", "validated": True, "size": "2M"},
        ),
        (
            "subpages",
            "A first page that counts 511 others",
            GUEST | 511 << 3,
            "1f0b0501",
            "guest-invalid",
            {**MINE, "subpages": 511},
        ),
        (
            "widest",
            "The highest ASID and GPA",
            (1 << 51) - 0x1000 | 1023 << 51 | 1,
            "00000000",
            "guest-invalid",
            {"assigned": True, "asid": 1023, "gpa": hex((1 << 51) - 0x1000)},
        ),
    ):
        given = {"op": "rmp_entry", "layout": "genoa", "raw": raw(low, masks or "00000000"), "exact": True}
        f.valid(
            name, title, ["SNP-RMP-171"], "rmp-entry", given, {"entry": {**ZERO, **members}, "state": state}
        )


def add_states(f: Family) -> None:
    """What the first match decides, and what matches nothing."""
    for name, title, low, state in (
        (
            "state-gpa",
            "Firmware's entry with a GPA but without a tag is in no state",
            5 | LOCK | 0x6000,
            "invalid",
        ),
        ("state-validated", "Validated without ASID is in no state", 1 | VALID, "invalid"),
        ("state-unassigned-asid", "An ASID without Assigned is in no state", ASID, "invalid"),
        ("state-hypervisor-gpa", "A Hypervisor page's GPA means nothing", 0x6000, "hypervisor"),
        ("state-reclaim-gpa", "A Reclaim page's GPA means nothing", 1 | 0x6000, "reclaim"),
        ("state-context-gpa", "A context with a GPA is in no state", 5 | LOCK | VMSA | 0x6000, "invalid"),
    ):
        given = {"op": "rmp_entry", "layout": "genoa", "raw": raw(low)}
        f.valid(name, title, ["SNP-RMP-151"], "rmp-entry", given, {"state": state})


def add_others(f: Family) -> None:
    known = {k: v for k, v in {**ZERO, **MINE, "validated": True}.items() if k != "perms"}
    f.valid(
        "milan",
        "A Guest-Valid page on Milan",
        ["SNP-RMP-172"],
        "rmp-entry",
        {"op": "rmp_entry", "layout": "milan", "raw": raw(GUEST | VALID)},
        {"entry": known, "state": "guest-valid"},
    )
    f.valid(
        "milan-reserved",
        "On Milan bits 11:3 and 63 mean nothing",
        ["SNP-RMP-172"],
        "rmp-entry",
        {"op": "rmp_entry", "layout": "milan", "raw": raw(GUEST | VALID | LOCK | 0x1FF << 3)},
        {"entry": known, "state": "guest-valid"},
    )
    fields = {
        "gpa": "0x0",
        "assigned": False,
        "size": "4K",
        "region_assigned": False,
        "immutable": False,
        "asid": 0,
    }
    for name, title, data, members in (
        (
            "structure",
            "A guest's page of 4 KiB",
            "00100040000000000100000005000000",
            {"gpa": hex(GPA), "assigned": True, "asid": 5},
        ),
        (
            "structure-2m",
            "A guest's page of 2 MiB, Immutable",
            "00000040000000000101010005000000",
            {"gpa": "0x40000000", "assigned": True, "size": "2M", "immutable": True, "asid": 5},
        ),
        (
            "structure-asid",
            "ASID is a number of 32 bits",
            "00000000000000000100000004030201",
            {"assigned": True, "asid": 0x01020304},
        ),
        (
            "structure-reserved",
            "Reserved bits and byte 11 mean nothing",
            "0000000000000000fefcfeff00000000",
            {},
        ),
    ):
        f.valid(
            name,
            title,
            ["SNP-RMP-173"],
            "rmp-entry",
            {"op": "rmp_entry", "layout": "structure", "raw": data},
            {"fields": {**fields, **members}},
        )


FLAT = {"op": "rmp_location", "base": "0x100000", "end": "0x1103fff", "spa": "0x0"}
ONE_GIB_EACH = {"op": "rmp_location", "base": "0x100000", "shift": 36, "shift_min": 30, "shift_max": 40}
ENTRY = "0x20000040"  # 64 GiB, their entries from 512 MiB on
SEGMENTED = {**ONE_GIB_EACH, "table": {"0": ENTRY, "2": hex(0x80000000 | 8)}, "spa": "0x1000"}


def add_flat(f: Family) -> None:
    covered = {"covered": "0x100000000"}
    for name, title, change, entry in (
        ("flat", "The first page's entry follows 16 KiB of bookkeeping", {}, 0x104000),
        ("flat-last", "The last page that 4 GiB cover", {"spa": "0xfffff000"}, 0x1103FF0),
        ("flat-inside", "An address inside a page", {"spa": "0x12345"}, 0x104000 + 0x12 * 16),
    ):
        f.valid(
            name, title, ["SNP-RMP-174"], "rmp-location", {**FLAT, **change}, {"entry": hex(entry), **covered}
        )
    firm = {**FLAT, "end": "0x11fffff", "firmware": True}
    f.valid(
        "flat-firmware",
        "1 MiB-aligned, as firmware asks",
        ["SNP-RMP-174"],
        "rmp-location",
        firm,
        {"entry": "0x104000", "covered": hex((0x1100000 - 0x4000) // 16 * 0x1000)},
    )
    for name, defect, twin, change, reason in (
        (
            "flat-beyond",
            "The first page that is not covered",
            "flat-last",
            {"spa": "0x100000000"},
            "no-entry",
        ),
        ("flat-base", "RMP_BASE is 4 KiB-aligned only", "flat", {"base": "0x101000"}, "base"),
        ("flat-end", "RMP_END is the address after the last byte", "flat", {"end": "0x1104000"}, "end"),
        ("flat-end-4k", "RMP_END + 1 is 4 KiB-aligned only", "flat", {"end": "0x1102fff"}, "end"),
        ("flat-short", "No room for the bookkeeping", "flat", {"end": "0x101fff"}, "end"),
        (
            "flat-firmware-base",
            "RMP_BASE is not 1 MiB-aligned, which firmware asks",
            "flat-firmware",
            {"base": "0x180000"},
            "base",
        ),
        (
            "flat-firmware-end",
            "The table is no whole number of MiB, which firmware asks",
            "flat-firmware",
            {"end": "0x1103fff"},
            "end",
        ),
    ):
        refuse(
            f,
            name,
            defect,
            174,
            twin,
            {**(firm if twin == "flat-firmware" else FLAT), **FLAT_SPA.get(twin, {})},
            change,
            reason,
        )


FLAT_SPA = {"flat-last": {"spa": "0xfffff000"}}


def refuse(
    f: Family,
    name: str,
    defect: str,
    req: int,
    twin: str,
    base: dict[str, Any],
    change: dict[str, Any],
    reason: str,
) -> None:
    f.invalid(
        name,
        defect,
        [f"SNP-RMP-{req}"],
        "rmp-location",
        {**base, **change},
        twin=twin,
        defect=defect,
        changes=[(member, member, None) for member in change],
        reason=reason,
    )


def add_segmented(f: Family) -> None:
    """Segments of 64 GiB; segment 0 is covered whole, segment 2 in 8 GiB of it."""
    second = {**SEGMENTED, "spa": hex(2 * (64 << 30) + (8 << 30) - 0x1000)}
    for name, title, req, given, entry in (
        ("segmented", "The second page of the first segment", 176, SEGMENTED, 0x20000010),
        (
            "segmented-third",
            "The last page that a partly covered segment has",
            177,
            second,
            0x80000000 + ((8 << 30) - 0x1000 >> 12) * 16,
        ),
        (
            "segmented-more",
            "A CoveredSize above the segment's size covers it whole",
            177,
            {**SEGMENTED, "table": {"0": hex(0x20000000 | 0x80)}, "spa": hex((64 << 30) - 0x1000)},
            0x20000000 + ((64 << 30) - 0x1000 >> 12) * 16,
        ),
    ):
        f.valid(name, title, [f"SNP-RMP-{req}"], "rmp-location", given, {"entry": hex(entry)})
    for name, defect, req, twin, base, change, reason in (
        (
            "segmented-beyond",
            "The first page that a partly covered segment has not",
            177,
            "segmented-third",
            second,
            {"spa": hex(2 * (64 << 30) + (8 << 30))},
            "no-entry",
        ),
        (
            "segmented-zero",
            "A segment of CoveredSize 0",
            177,
            "segmented",
            SEGMENTED,
            {"spa": hex(64 << 30)},
            "no-entry",
        ),
        (
            "segmented-past",
            "An address past the last segment",
            177,
            "segmented",
            SEGMENTED,
            {"spa": hex(512 * (64 << 30))},
            "no-entry",
        ),
        (
            "segmented-index",
            "The entry of the address's segment stands one place further",
            176,
            "segmented",
            SEGMENTED,
            {"table": {"1": ENTRY}},
            "no-entry",
        ),
        (
            "segmented-reserved",
            "A reserved bit of the segment table's entry",
            178,
            "segmented",
            SEGMENTED,
            {"table": {"0": hex(1 << 52 | 0x20000040)}},
            "reserved",
        ),
        (
            "segmented-base",
            "RMP_BASE is not 1 MiB-aligned",
            179,
            "segmented",
            SEGMENTED,
            {"base": "0x180000"},
            "base",
        ),
        (
            "segmented-small",
            "RmpSegSize is below what the processor has",
            179,
            "segmented",
            SEGMENTED,
            {"shift_min": 37},
            "segment-size",
        ),
        (
            "segmented-large",
            "RmpSegSize is above what the processor has",
            179,
            "segmented",
            SEGMENTED,
            {"shift_max": 35},
            "segment-size",
        ),
    ):
        refuse(f, name, defect, req, twin, base, change, reason)


def build() -> Family:
    f = Family("rmp-format", "The reverse map table in memory", TEXT)
    for add in (add_entries, add_states, add_others, add_flat, add_segmented):
        add(f)
    cite_twins(f)
    return f
