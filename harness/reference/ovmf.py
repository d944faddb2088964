"""What an OVMF or SVSM image says of itself, and the kernel hash table (launch notes, 3.1 to 3.3)."""

from __future__ import annotations

import hashlib
import struct
import uuid
from dataclasses import dataclass

PAGE = 0x1000
TABLE_END = 32  # the table ends this far before the image's end
HEAD = 18  # u16 size, GUID

FOOTER_GUID = uuid.UUID("96b582de-1fb2-45f7-baea-a366c55a082d").bytes_le
HASH_TABLE_GUID = uuid.UUID("7255371f-3a3b-4b04-927b-1da6efa8d454").bytes_le
RESET_GUID = uuid.UUID("00f771de-1a7e-4fcb-890e-68c77e2fb44e").bytes_le
METADATA_GUID = uuid.UUID("dc886566-984a-4798-a75e-5585a7bf67cc").bytes_le
SVSM_GUID = uuid.UUID("a789a612-0597-4c4b-a49f-cbb1fe9d1ddd").bytes_le

SNP_SEC_MEM = 1
SNP_SECRETS = 2
CPUID = 3
SVSM_CAA = 4
SNP_KERNEL_HASHES = 0x10
SECTION_TYPES = (SNP_SEC_MEM, SNP_SECRETS, CPUID, SVSM_CAA, SNP_KERNEL_HASHES)

KERNEL_TABLE_GUID = uuid.UUID("9438d606-4f22-4cc9-b479-a793d411fd21").bytes_le
CMDLINE_GUID = uuid.UUID("97d02dd8-bd20-4c94-aa78-e7714d36ab2a").bytes_le
INITRD_GUID = uuid.UUID("44baf731-3a2f-4bd7-9af1-41e29169781d").bytes_le
KERNEL_GUID = uuid.UUID("4de79437-abd2-427f-b835-d5b172d2045b").bytes_le
TABLE_SIZE = 168
TABLE_PADDED = 176


class BadImageError(Exception):
    """An image that cannot be launched. REASON is a short word, the text is for people."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


@dataclass(frozen=True)
class Section:
    gpa: int
    size: int
    type: int


class Image:
    """The footer table and the SEV metadata of an image."""

    def __init__(self, image: bytes) -> None:
        self.entries = _footer_table(image)
        self.sections = _metadata(image, self.entries.get(METADATA_GUID))

    def _number(self, guid: bytes, reason: str) -> int:
        """The u32 that opens an entry's data."""
        data = self.entries.get(guid, b"")
        if len(data) < 4:
            raise BadImageError(reason, "no entry of the footer table, or a short one")
        return int.from_bytes(data[:4], "little")

    def reset_eip(self) -> int:
        return self._number(RESET_GUID, "reset-block")  # @req SNP-LD-047

    def hash_table_gpa(self) -> int:
        return self._number(HASH_TABLE_GUID, "kernel-hashes")  # @req SNP-LD-041

    def svsm_offset(self) -> int:
        return self._number(SVSM_GUID, "svsm-info")  # @req SNP-LD-051


def _footer_table(image: bytes) -> dict[bytes, bytes]:
    """GUID -> data of the entries, which are walked from the end."""
    end = len(image) - TABLE_END
    size, guid = struct.unpack("<H16s", image[end - HEAD : end])
    if guid != FOOTER_GUID:  # @req SNP-LD-031
        raise BadImageError("footer", "no footer GUID 32 bytes before the end")
    if not HEAD <= size <= end:  # @req SNP-LD-031 SNP-LD-055
        raise BadImageError("footer", f"a table of {size} bytes")
    table = image[end - size : end - HEAD]
    found: dict[bytes, bytes] = {}
    while table:  # @req SNP-LD-032
        if len(table) < HEAD:  # @req SNP-LD-055
            raise BadImageError("footer", f"{len(table)} bytes are left before the first entry")
        size, guid = struct.unpack("<H16s", table[-HEAD:])
        if not HEAD <= size <= len(table):  # @req SNP-LD-033
            raise BadImageError("footer", f"an entry of {size} bytes")
        found.setdefault(guid, table[len(table) - size : -HEAD])
        table = table[: len(table) - size]
    return found


def _metadata(image: bytes, entry: bytes | None) -> tuple[Section, ...]:
    """The sections in table order; none without an entry."""
    if entry is None:
        return ()
    if len(entry) < 4:
        raise BadImageError("metadata", "an entry without an offset")
    back = int.from_bytes(entry[:4], "little")
    if not 16 <= back <= len(image):  # @req SNP-LD-034
        raise BadImageError("metadata", f"an offset of {back:#x} from the end")
    raw = image[len(image) - back :]
    magic, size, version, count = struct.unpack("<4sIII", raw[:16])
    if magic != b"ASEV":  # @req SNP-LD-034
        raise BadImageError("metadata", "another signature")
    if version != 1:  # @req SNP-LD-034
        raise BadImageError("metadata", f"version {version}")
    if size > len(raw) or size < 16 + 12 * count:  # @req SNP-LD-034
        raise BadImageError("metadata", f"{size} bytes for {count} sections")
    sections = [Section(*struct.unpack_from("<III", raw, 16 + 12 * i)) for i in range(count)]
    for section in sections:
        if section.type not in SECTION_TYPES:  # @req SNP-LD-035
            raise BadImageError("metadata", f"section type {section.type}")
    return tuple(sections)


def _hash_entry(guid: bytes, data: bytes) -> bytes:
    return guid + struct.pack("<H", 50) + hashlib.sha256(data).digest()


def hash_table(kernel: bytes, initrd: bytes | None, append: str | None) -> bytes:
    """SHA-256 of command line, initrd and kernel (notes, 3.3)."""
    table = KERNEL_TABLE_GUID + struct.pack("<H", TABLE_SIZE)  # @req SNP-LD-040
    table += _hash_entry(CMDLINE_GUID, (append or "").encode() + b"\0")
    table += _hash_entry(INITRD_GUID, initrd or b"")
    table += _hash_entry(KERNEL_GUID, kernel)
    return table.ljust(TABLE_PADDED, b"\0")


def hashes_page(table_gpa: int, kernel: bytes, initrd: bytes | None, append: str | None) -> bytes:
    """The page of the table, otherwise zero."""
    at = table_gpa % PAGE  # @req SNP-LD-041
    if at + TABLE_PADDED > PAGE:
        raise BadImageError("kernel-hashes", f"a table at {at:#x} of its page")
    return bytes(at) + hash_table(kernel, initrd, append).ljust(PAGE - at, b"\0")
