"""Entries of the RMP as memory holds them, and where. RMP notes, sections 1.1 to 1.4.

Written from the notes, not from the C model.
"""

from __future__ import annotations

from collections.abc import Mapping

from reference import rmp_types as t
from reference.rmp_types import Entry, Mark, Request, Size

BOOKKEEPING = 0x4000
ENTRY_SIZE = 16
GIB = 1 << 30
SEGMENTS = 512
MARK_SHIFT = 36  # in the GPA's page number, of immutable pages without ASID: firmware's own habit on Genoa
MARK_MASK = 7 << MARK_SHIFT


class LocationError(ValueError):
    """REASON: "base", "end", "segment-size", "no-entry" or "reserved"."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


# ---- entries ----


def decode(layout: str, raw: bytes) -> Entry:
    """LAYOUT "genoa" or "milan", which has no sub-page count and no lock."""
    low, high = int.from_bytes(raw[:8], "little"), raw[8:12]
    page, asid = low >> 12 & (1 << 39) - 1, low >> 51 & 0x3FF
    immutable, mark = bool(low & 4), Mark.NONE
    if layout == "genoa" and immutable and asid == 0:
        mark, page = Mark(page >> MARK_SHIFT), page & ~MARK_MASK
    return Entry(
        assigned=bool(low & 1),
        size=Size(low >> 1 & 1),
        immutable=immutable,
        gpa=page << 12,
        asid=asid,
        vmsa=bool(low >> 61 & 1),
        validated=bool(low >> 62 & 1),
        perms=(high[0], high[1], high[2], high[3]),
        mark=mark,
        subpages=low >> 3 & 0x1FF if layout == "genoa" else 0,
    )


def encode(layout: str, e: Entry) -> bytes:
    low = e.assigned | e.size << 1 | e.immutable << 2 | e.asid << 51 | e.vmsa << 61 | e.validated << 62
    low |= e.gpa
    if layout == "genoa":
        lock = e.assigned and e.immutable
        low |= e.subpages << 3 | e.mark << 12 + MARK_SHIFT | lock << 63
    return low.to_bytes(8, "little") + bytes(e.perms) + bytes(4)


def decode_structure(raw: bytes) -> Request:
    """What RMPUPDATE reads and RMPREAD writes."""
    return Request(
        gpa=int.from_bytes(raw[:8], "little"),
        assigned=bool(raw[8] & 1),
        size=Size(raw[9] & 1),
        immutable=bool(raw[10] & 1),
        asid=int.from_bytes(raw[12:], "little"),
        region_assigned=bool(raw[9] & 2),
    )


# ---- places ----


def check_flat(base: int, end: int, *, firmware: bool) -> None:
    """END is the last byte. FIRMWARE asks more than the processor."""
    step = 1 << 20 if firmware else 0x2000
    if base % step:
        raise LocationError("base", f"RMP_BASE is no multiple of {step:#x}")
    if (end + 1) % step or end + 1 < base + BOOKKEEPING:
        raise LocationError("end", f"RMP_END + 1 is no multiple of {step:#x} past the bookkeeping")


def covered(base: int, end: int) -> int:
    return (end + 1 - base - BOOKKEEPING) // ENTRY_SIZE * t.PAGE


def flat_entry(base: int, end: int, spa: int) -> int:
    at = base + BOOKKEEPING + (spa >> 12) * ENTRY_SIZE
    if at > end:
        raise LocationError("no-entry", f"the entry would be at {at:#x}")
    return at


def check_segmented(base: int, shift: int, limits: tuple[int, int]) -> None:
    if base % (1 << 20):
        raise LocationError("base", "RMP_BASE is no multiple of 1 MiB")
    if not limits[0] <= shift <= limits[1]:
        raise LocationError("segment-size", f"2^{shift} is not what the processor has")


def segmented_entry(shift: int, table: Mapping[int, int], spa: int) -> int:
    """TABLE: what the segment table holds, by index; 0 where it says nothing."""
    index, inside = spa >> shift, spa & (1 << shift) - 1
    if index >= SEGMENTS:
        raise LocationError("no-entry", f"no segment {index}")
    row = table.get(index, 0)
    if row >> 52:
        raise LocationError("reserved", "bits 63:52 of a segment table entry")
    size = min((row & 0xFFFFF) * GIB, 1 << shift)
    if inside >= size:
        raise LocationError("no-entry", f"{size:#x} bytes of the segment are covered")
    return (row & 0xFFFFFFFF00000) + (inside >> 12) * ENTRY_SIZE
