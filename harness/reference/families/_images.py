"""Small OVMF and SVSM images: nothing in them runs, only what a host reads is right."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from reference import ovmf

METADATA_BACK = 0x400  # where the metadata begins, from the image's end


def filler(label: str, size: int) -> bytes:
    """SIZE bytes that differ everywhere: SHA-384 of the label and a counter."""
    blocks = (hashlib.sha384(f"{label} {i}".encode()).digest() for i in range(size // 48 + 1))
    return b"".join(blocks)[:size]


@dataclass
class Made:
    """An image and where its parts lie."""

    data: bytes
    metadata: int  # offset of the header; sections follow after 16 bytes
    footer_size: int  # offset of the footer's u16
    entries: dict[bytes, int] = field(default_factory=dict)  # GUID -> offset of the entry's data
    sizes: dict[bytes, int] = field(default_factory=dict)  # GUID -> offset of the entry's u16

    def put(self, at: int, new: bytes) -> bytes:
        """The image with NEW at AT."""
        return self.data[:at] + new + self.data[at + len(new) :]

    def put32(self, at: int, value: int) -> bytes:
        return self.put(at, struct.pack("<I", value))

    def section(self, index: int) -> int:
        return self.metadata + 16 + 12 * index


def make(
    label: str, pages: int, entries: Sequence[tuple[bytes, bytes]], sections: Sequence[ovmf.Section]
) -> Made:
    """An image of PAGES pages. ENTRIES: GUID and data in table order; the metadata's entry is added."""
    size = pages * 0x1000
    data = bytearray(filler(label, size))
    meta = size - METADATA_BACK
    body = b"".join(struct.pack("<III", s.gpa, s.size, s.type) for s in sections)
    data[meta : meta + 16] = struct.pack("<4sIII", b"ASEV", 16 + len(body), 1, len(sections))
    data[meta + 16 : meta + 16 + len(body)] = body
    rows = [*entries, (ovmf.METADATA_GUID, struct.pack("<I", METADATA_BACK))]
    total = sum(len(d) + ovmf.HEAD for _, d in rows) + ovmf.HEAD
    at = size - ovmf.TABLE_END - total
    made = Made(b"", meta, size - ovmf.TABLE_END - ovmf.HEAD)
    for guid, value in [*rows, (ovmf.FOOTER_GUID, b"")]:
        length = total if guid == ovmf.FOOTER_GUID else len(value) + ovmf.HEAD
        made.entries[guid], made.sizes[guid] = at, at + len(value)
        row = value + struct.pack("<H", length) + guid
        data[at : at + len(row)] = row
        at += len(row)
    made.data = bytes(data)
    return made


AP_EIP = 0x0080B004
HASH_TABLE_GPA = 0x0080F0C0

RESET = (ovmf.RESET_GUID, struct.pack("<I", AP_EIP))
HASHES = (ovmf.HASH_TABLE_GUID, struct.pack("<II", HASH_TABLE_GPA, 0x400))

SECTIONS = (
    ovmf.Section(0x800000, 0x3000, ovmf.SNP_SEC_MEM),
    ovmf.Section(0x80D000, 0x1000, ovmf.SNP_SECRETS),
    ovmf.Section(0x80E000, 0x1000, ovmf.CPUID),
    ovmf.Section(0x80F000, 0x1000, ovmf.SNP_KERNEL_HASHES),
    ovmf.Section(0x80A000, 0x2000, ovmf.SNP_SEC_MEM),  # not sorted by address
    ovmf.Section(0x80C000, 0x1000, ovmf.SVSM_CAA),
)


def ovmf_image() -> Made:
    """8 KiB with every entry and every type of section."""
    return make("ovmf", 2, [HASHES, RESET], SECTIONS)


def without(*kept: tuple[bytes, bytes], sections: Sequence[ovmf.Section] = SECTIONS) -> bytes:
    """The same image with only the entries KEPT."""
    return make("ovmf", 2, kept, sections).data


def svsm_image() -> Made:
    """4 KiB: an SVSM that is entered at 0x240."""
    sections = (
        ovmf.Section(0x8000, 0x2000, ovmf.SNP_SEC_MEM),
        ovmf.Section(0xB000, 0x1000, ovmf.CPUID),
        ovmf.Section(0xA000, 0x1000, ovmf.SNP_SECRETS),
    )
    return make("svsm", 1, [(ovmf.SVSM_GUID, struct.pack("<I", 0x240))], sections)
