"""How answers of the RMP are packed into words, for the tables of rmp_table.py and the C side's decision_*.c.

A case is one or more 32-bit words, little-endian in files. Word 0 is the answer:

    bits 2:0    fault: 0 none, 1 #UD, 2 #GP, 3 #PF, 4 NPF, 5 #VC, 6 VMEXIT_INVALID,
                7 VMEXIT(VMSAVE)
    bits 7:3    error bits 31, 34 (ENC), 35 (SIZEM), 36 (VMPL), 37 (SSS)
    bit  8      the error is 0x404
    bit  9      the error has any other bit
    bits 13:10  EAX
    bit  14     CF
    bits 23:16  the rule that refused: N of SNP-RMP-N, 0 for none

A case that no table can hold has 0xFFFFFFFF in every word. Cases of instructions have 16 words:

    1, 2        what RMPREAD or RMPQUERY told: bit 31 set, RMPREAD: bits 0 Assigned, 1 Page_Size, 2 region
                status, 3 Immutable, 17:8 ASID, then the GPA's page number; RMPQUERY: bits 7:0 mask, 8 VMSA,
                9 page size, then 0. Both 0 when nothing was told
    3           pages that the table counts for the guest's ASID; of the other ASID in bits 31:16
    4 to 15     three words each of pages 0 (aligned), 1, 2 and 511 of the region, as they are afterwards:
                fields (bits 0 Assigned, 1 Page_Size, 2 Immutable, 3 Validated, 4 VMSA, 6:5 firmware's mark,
                7 in use, 17:8 ASID, 27:18 sub-page count, 31 no entry), masks (VMPL 0 in bits 7:0), the
                GPA's page number

Cases of table vmrun have 3 words: the answer; what is in use after it (bits 0 VMCB, 1 AVIC backing page,
2 VMSA); the same after #VMEXIT, which follows a good VMRUN only.
"""

from __future__ import annotations

import struct
from functools import cache

from reference import rmp
from reference import rmp_types as t

IMPOSSIBLE = 0xFFFFFFFF
WATCHED = (0, 1, 2, 511)
NO_ENTRY = 1 << 31
TOLD = 1 << 31
ERROR_BITS = (t.BIT_RMP, t.BIT_ENC, t.BIT_SIZEM, t.BIT_VMPL, t.BIT_SSS)
ERROR_NAMES = ("31", "34 ENC", "35 SIZEM", "36 VMPL", "37 SSS")
FAULT_NAMES = ("none", "#UD", "#GP", "#PF", "NPF", "#VC", "VMEXIT_INVALID", "VMEXIT(VMSAVE)")
PAGE_WORDS = tuple(f"page {i} {what}" for i in WATCHED for what in ("fields", "masks", "GPA page"))
INSTRUCTION_WORDS = ("answer", "told", "told GPA page", "ASID counts", *PAGE_WORDS)
VMRUN_WORDS = ("answer", "in use after VMRUN", "in use after #VMEXIT")


@cache
def answer(a: t.Answer) -> int:
    error = a.error
    word = int(a.fault)
    if error == t.NOT_VALIDATED:
        return word | 1 << 8 | a.eax << 10 | a.cf << 14 | a.rule << 16
    for i, bit in enumerate(ERROR_BITS):
        if error & bit:
            word |= 8 << i
            error &= ~bit
    return word | (error != 0) << 9 | a.eax << 10 | a.cf << 14 | a.rule << 16


def rule_of(word: int) -> int:
    return 0 if word == IMPOSSIBLE else word >> 16 & 0xFF


@cache
def entry(e: t.Entry, in_use: bool) -> bytes:
    flags = e.assigned | e.size << 1 | e.immutable << 2 | e.validated << 3 | e.vmsa << 4
    fields = flags | e.mark << 5 | in_use << 7 | e.asid << 8 | e.subpages << 18
    masks = sum(mask << 8 * vmpl for vmpl, mask in enumerate(e.perms))
    return struct.pack("<III", fields, masks, e.gpa >> 12)


NOWHERE = struct.pack("<III", NO_ENTRY, 0, 0)


def region(table: rmp.Table, first: int) -> bytes:
    """The watched pages of the region that begins at FIRST."""
    if not table.covers(first):
        return NOWHERE * len(WATCHED)
    return b"".join(entry(table.at(first + i * t.PAGE), first + i * t.PAGE in table.in_use) for i in WATCHED)


def told_state(e: t.Request | None) -> tuple[int, int]:
    if e is None:
        return 0, 0
    flags = e.assigned | e.size << 1 | e.region_assigned << 2 | e.immutable << 3
    return TOLD | flags | e.asid << 8, e.gpa >> 12


def told_permissions(found: tuple[int, bool, t.Size] | None) -> tuple[int, int]:
    if found is None:
        return 0, 0
    mask, vmsa, size = found
    return TOLD | mask | vmsa << 8 | size << 9, 0


def describe_answer(word: int) -> str:
    """In words, for messages."""
    if word == IMPOSSIBLE:
        return "impossible"
    number = word & 7
    parts = [f"fault {FAULT_NAMES[number] if number < len(FAULT_NAMES) else number}"]
    bits = [name for i, name in enumerate(ERROR_NAMES) if word & 8 << i]
    bits += ["0x404"] if word & 1 << 8 else []
    bits += ["others"] if word & 1 << 9 else []
    parts += [f"error {', '.join(bits)}"] if bits else []
    parts += [f"EAX {word >> 10 & 15}", f"CF {word >> 14 & 1}", f"rule {rule_of(word)}"]
    return "; ".join(parts)


def describe_fields(word: int) -> str:
    if word == IMPOSSIBLE or word & NO_ENTRY:
        return "impossible" if word == IMPOSSIBLE else "no entry"
    names = ("Assigned", "2M", "Immutable", "Validated", "VMSA", "mark 1", "mark 2", "in use")
    flags = [name for i, name in enumerate(names) if word & 1 << i]
    return f"{' '.join(flags) or 'clear'}; ASID {word >> 8 & 1023}; sub-pages {word >> 18 & 1023}"


def describe(name: str, word: int) -> str:
    if name == "answer":
        return describe_answer(word)
    return describe_fields(word) if name.endswith("fields") else f"{word:#010x}"
