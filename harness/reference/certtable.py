"""The certificate table of SNP_GET_EXT_REPORT: certificate notes, section 4.

What the notes leave open is decided as emulator/include/sevkit/certtable.h says: overlaps of blobs, gaps and
empty entries are accepted; a GUID that occurs twice and a zero GUID beside other bytes are refused; a table
has at most 16 entries.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

ENTRY_SIZE = 24
ENTRIES_MAX = 16  # our capacity, not the format's
PAGE = 0x1000
LINUX_MAX = 0x4000  # of the guest's buffer

GUIDS = {
    "VCEK": uuid.UUID("63da758d-e664-4564-adc5-f4b93be8accd"),
    "VLEK": uuid.UUID("a8074bc2-a25a-483e-aae6-39c045a0b8a1"),
    "ASK": uuid.UUID("4ab7b379-bbac-4fe4-a02f-05aef327c782"),  # and the ASVK of a VLEK
    "ARK": uuid.UUID("c0b406a4-a803-4952-9743-3fb6014cd0ae"),
    "CRL": uuid.UUID("92f81bc3-5811-4d3d-97ff-d19f88dc67ea"),
}
PLATFORM_INFO = uuid.UUID("ecae0c0f-9502-43b1-afa2-0ae2e0d565b6")  # a vendor's: CPUID 1.EAX
ZERO = uuid.UUID(int=0)
OTHER = "other"
KINDS = {guid: kind for kind, guid in GUIDS.items()}


class TableError(ValueError):
    """REASON: "terminator", "offset", "length", "duplicate", "zero-guid" or "count"."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


@dataclass(frozen=True)
class Entry:
    guid: uuid.UUID
    offset: int
    length: int

    @property
    def kind(self) -> str:
        return KINDS.get(self.guid, OTHER)

    def header(self) -> bytes:
        """24 bytes; the GUID in the order in which it is printed."""
        return self.guid.bytes + self.offset.to_bytes(4, "little") + self.length.to_bytes(4, "little")

    def blob(self, table: bytes) -> bytes:
        return table[self.offset : self.offset + self.length]


def parse(table: bytes) -> list[Entry]:
    """The entries, in the table's order. No bytes at all are an empty table."""
    entries = read_header(table)
    end = (len(entries) + 1) * ENTRY_SIZE
    for i, entry in enumerate(entries):
        if entry.guid == ZERO:
            raise TableError("zero-guid", f"entry {i} has no GUID but an offset or length")
        if any(entry.guid == other.guid for other in entries[:i]):
            raise TableError("duplicate", f"{entry.guid} occurs twice")
        if entry.offset < end:
            raise TableError("offset", f"entry {i} begins at {entry.offset:#x}, the header ends at {end:#x}")
        if entry.offset + entry.length > len(table):
            raise TableError("length", f"entry {i} ends beyond the table's {len(table)} bytes")
    return entries


def read_header(table: bytes) -> list[Entry]:
    """The entries up to the terminator."""
    entries: list[Entry] = []
    for at in range(0, len(table), ENTRY_SIZE):
        raw = table[at : at + ENTRY_SIZE]
        if raw == bytes(ENTRY_SIZE):
            return entries
        if len(raw) < ENTRY_SIZE:
            break
        if len(entries) == ENTRIES_MAX:
            raise TableError("count", f"more than {ENTRIES_MAX} entries")
        offset, length = (int.from_bytes(raw[i : i + 4], "little") for i in (16, 20))
        entries.append(Entry(uuid.UUID(bytes=raw[:16]), offset, length))
    if table:
        raise TableError("terminator", "no all-zero entry")
    return entries


def certificates(table: bytes) -> dict[str, bytes]:
    """The blobs of the known kinds as they stand in the table, DER or PEM: "vcek", "vlek", "ask" (an ASVK
    too), "ark", "crl"."""
    return {entry.kind.lower(): entry.blob(table) for entry in parse(table) if entry.kind != OTHER}


def build(blobs: list[tuple[uuid.UUID, bytes]], pad_to: int = 1) -> bytes:
    """A table as a host writes it: blobs back to back after the terminator, then zeros up to a multiple of
    PAD_TO bytes."""
    offset = (len(blobs) + 1) * ENTRY_SIZE
    header = b""
    for guid, blob in blobs:
        header += Entry(guid, offset, len(blob)).header()
        offset += len(blob)
    table = header + bytes(ENTRY_SIZE) + b"".join(blob for _, blob in blobs)
    return table + bytes(-len(table) % pad_to)
