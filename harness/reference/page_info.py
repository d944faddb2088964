"""PAGE_INFO, the structure whose SHA-384 is the next launch digest (launch notes, section 2)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import IntEnum

PAGE = 0x1000
LARGE = 0x200000
DIGEST = 48
ZERO_DIGEST = bytes(DIGEST)
SIZE = 0x70  # of PAGE_INFO, and its LENGTH field

# Fields of a VMSA that the host may change after the launch: measured as zero.
VMSA_TSC_SCALE = 0x2F0
VMSA_TSC_OFFSET = 0x2F8


class PageType(IntEnum):
    NORMAL = 1
    VMSA = 2
    ZERO = 3
    UNMEASURED = 4
    SECRETS = 5
    CPUID = 6


SMALL_ONLY = (PageType.VMSA, PageType.SECRETS, PageType.CPUID)


@dataclass(frozen=True)
class PageInfo:
    """The fields in their order; reserved byte 0x64 lies before the permissions."""

    digest_cur: bytes
    contents: bytes
    page_type: int
    imi: bool
    vmpl1: int
    vmpl2: int
    vmpl3: int
    gpa: int

    def encode(self) -> bytes:
        out = self.digest_cur + self.contents
        out += SIZE.to_bytes(2, "little")  # @req SNP-LD-003
        out += bytes([self.page_type, self.imi])  # @req SNP-LD-004 SNP-LD-005
        out += bytes([0, self.vmpl1, self.vmpl2, self.vmpl3])  # @req SNP-LD-006
        out += self.gpa.to_bytes(8, "little")  # @req SNP-LD-007
        return out

    def digest(self) -> bytes:
        return hashlib.sha384(self.encode()).digest()


def contents(page_type: PageType, page: bytes) -> bytes:
    """CONTENTS: what is said of the 4096 bytes of PAGE."""
    if page_type is PageType.NORMAL:  # @req SNP-LD-008
        return hashlib.sha384(page).digest()
    if page_type is PageType.VMSA:  # @req SNP-LD-009
        still = page[:VMSA_TSC_SCALE] + bytes(16) + page[VMSA_TSC_OFFSET + 8 :]
        return hashlib.sha384(still).digest()
    return ZERO_DIGEST  # @req SNP-LD-010 SNP-LD-011 SNP-LD-012 SNP-LD-013
