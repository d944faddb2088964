"""CPUID_REQ: a profile's policy, and what becomes of entries that break it. Message notes, section 6."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reference.message import STATUS, le, number

COUNT_MAX = 64
HEAD, ENTRY = 0x10, 0x30
OUTPUTS = ("eax", "ebx", "ecx", "edx")  # from 0x18 of an entry, 4 bytes each

Rule = tuple[str, int]  # "exact", "mask", "max", "unchecked" or "zero", and its value
Leaf = Mapping[str, Rule]  # by output; one that is absent is "zero"


@dataclass(frozen=True)
class CpuidPolicy:
    """The leaves that firmware knows, by EAX_IN and ECX_IN."""

    leaves: Mapping[tuple[int, int], Leaf]

    def allowed(self, eax_in: int, ecx_in: int, output: str, value: int) -> int:
        """VALUE, or what it should have been."""
        rule, bound = self.leaves.get((eax_in, ecx_in), {}).get(output, ("zero", 0))
        values = {
            "exact": bound,
            "mask": value & bound,
            "max": min(value, bound),
            "unchecked": value,
            "zero": 0,
        }
        return values[rule]


def examined(eax_in: int) -> bool:
    """The leaf is one of those that firmware looks at."""
    return eax_in & 0x7FFF0000 == 0


def _entry(policy: CpuidPolicy, entry: bytes) -> tuple[bytes, bool]:
    """ENTRY as the response has it, and whether it was right."""
    eax_in, ecx_in = number(entry, 0x00, 4), number(entry, 0x04, 4)
    if not examined(eax_in):
        return entry, True
    outputs = b"".join(
        le(policy.allowed(eax_in, ecx_in, name, number(entry, 0x18 + 4 * i, 4)), 4)
        for i, name in enumerate(OUTPUTS)
    )
    good = outputs == entry[0x18:0x28] and not any(entry[0x28:])
    return entry[:0x18] + outputs + bytes(8), good


def respond(policy: CpuidPolicy, payload: bytes) -> bytes:
    """CPUID_RSP, of the request's size."""
    count = number(payload, 0x00, 4)
    if count > COUNT_MAX or any(payload[0x04:HEAD]):
        return le(STATUS["INVALID_PARAM"], 4).ljust(len(payload), b"\0")
    data = payload.ljust(HEAD + COUNT_MAX * ENTRY, b"\0")
    entries = [data[HEAD + ENTRY * i : HEAD + ENTRY * (i + 1)] for i in range(count)]
    judged = [_entry(policy, entry) for entry in entries]
    status = "SUCCESS" if all(good for _, good in judged) else "INVALID_PARAM"
    looked_at = sum(examined(number(entry, 0x00, 4)) for entry in entries)
    body = b"".join(entry for entry, _ in judged)
    whole = le(STATUS[status], 4) + le(looked_at, 4) + bytes(8) + body
    return whole.ljust(len(payload), b"\0")[: len(payload)]
