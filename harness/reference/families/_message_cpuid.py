"""Family message: CPUID_REQ against the policy of the profile."""

from __future__ import annotations

from typing import Any

from reference.families._message import GENOA_KNOWN, Cases, answered, page
from reference.message import CPUID, le

# The default profile's leaf 0: EAX at most 0x10, the others "AuthenticAMD".
VENDOR = (0x68747541, 0x444D4163, 0x69746E65)
LEAF_0 = (0x10, *VENDOR)
LEAF_7 = (0x1, 0xF1BF97A9, 0x00405FCE, 0x10000010)  # EAX at most 1, the others masks


def entry(
    eax_in: int,
    outputs: tuple[int, ...] = (0, 0, 0, 0),
    ecx_in: int = 0,
    reserved: int = 0,
    state: bytes = bytes(16),
) -> bytes:
    """A CPUID_FUNCTION entry. STATE: XCR0_IN and XSS_IN."""
    return le(eax_in, 4) + le(ecx_in, 4) + state + b"".join(le(v, 4) for v in outputs) + le(reserved, 8)


def cpuid_req(*entries: bytes, count: int | None = None) -> bytes:
    """CPUID_REQ's payload."""
    return le(len(entries) if count is None else count, 4) + bytes(12) + b"".join(entries)


def _expect(
    data: bytes, size: int, count: int, entries: list[bytes] | None, status: str = "SUCCESS"
) -> dict[str, Any]:
    content: dict[str, Any] = {"size": size, "count": count}
    if entries is not None:
        content["entries"] = [one.hex() for one in entries]
    expect = answered(data, status, content=content)
    del expect["response"]["body"]
    return expect


def _good(
    c: Cases, name: str, title: str, number: int, entries: list[bytes], count: int | None = None
) -> None:
    """Entries that pass as they are; COUNT of them are examined, where 1.55.25 counts these alone."""
    known: dict[str, Any] = {} if count is None else {"profile": GENOA_KNOWN}
    payload = cpuid_req(*entries)
    data = page(payload, type=CPUID)
    expect = _expect(data, len(payload), len(entries) if count is None else count, entries)
    c.good(f"cpuid-{name}", title, f"SNP-CPUID-{number:03}", "payload", data, expect=expect, **known)


def _bad(
    c: Cases,
    name: str,
    defect: str,
    number: int,
    payload: bytes,
    count: int,
    entries: list[bytes] | None,
    twin: str,
    field: str,
    *,
    also: tuple[str, ...] = (),
    boundary: str | None = None,
    title: str | None = None,
) -> None:
    """ENTRIES: as the response must have them. TITLE: the defect."""
    data = page(payload, type=CPUID)
    c.family.invalid(
        f"cpuid-{name}",
        f"CPUID_REQ: {title or defect}",
        (f"SNP-CPUID-{number:03}", *also),
        "payload",
        {**c.family.cases[0].input, "page": data},
        twin=f"cpuid-{twin}",
        defect=f"CPUID_REQ: {defect}",
        changes=[("page", field, "vmpck0")],
        status="INVALID_PARAM",
        output=_expect(data, len(payload), count, entries, "INVALID_PARAM"),
        boundary=boundary,
    )


def _valid(c: Cases) -> None:
    _good(c, "none", "CPUID_REQ without entries", 2, [])
    _good(c, "leaf-0", "CPUID_REQ: leaf 0 at its bound, the vendor's name", 7, [entry(0, LEAF_0)])
    _good(c, "leaf-7", "CPUID_REQ: leaf 7 with all allowed bits", 8, [entry(7, LEAF_7)])
    _good(c, "leaf-7-none", "CPUID_REQ: leaf 7 without any bit", 8, [entry(7)])
    _good(c, "max-below", "CPUID_REQ: leaf 0 below its bound", 9, [entry(0, (0xD, *VENDOR))])
    free = entry(0x8000001E, (0xFFFFFFFF, 0xFFFFFFFF, 0x703, 0))
    _good(c, "unchecked", "CPUID_REQ: registers without a rule have any value", 10, [free])
    _good(c, "unlisted", "CPUID_REQ: an unlisted leaf of zeros", 11, [entry(0xFFFF)])
    _good(c, "unlisted-extended", "CPUID_REQ: the last extended leaf, of zeros", 11, [entry(0x8000FFFF)])
    _good(c, "subleaf", "CPUID_REQ: leaf 0, sub-leaf 1, of zeros", 11, [entry(0, ecx_in=1)])
    odd = (1, 2, 3, 4)
    for name, leaf in (
        ("10000", 0x10000),
        ("hypervisor", 0x40000000),
        ("7fffffff", 0x7FFFFFFF),
        ("80010000", 0x80010000),
    ):
        title = f"CPUID_REQ: leaf {leaf:#x} passes unchecked and is not counted"
        _good(c, f"leaf-{name}", title, 5, [entry(leaf, odd, state=bytes(range(16)))], count=0)
    _good(
        c,
        "mixed",
        "CPUID_REQ: COUNT of the answer counts examined leaves",
        13,
        [entry(0, LEAF_0), entry(0x40000000, odd)],
        1,
    )
    _good(
        c,
        "unexamined-reserved",
        "CPUID_REQ: reserved bytes of a leaf that is not examined",
        6,
        [entry(0x40000000, odd, reserved=1)],
        0,
    )
    _good(c, "most", "CPUID_REQ of 64 entries", 3, [entry(0, LEAF_0)] * 64)
    _good(c, "two", "CPUID_REQ: two entries", 7, [entry(0, LEAF_0), entry(7, LEAF_7)])


def _refused(c: Cases) -> None:
    for name, count, boundary in (
        ("65", 65, None),
        ("huge", 0xFFFFFFFF, "its entries would not fit 32 bits"),
    ):
        payload = cpuid_req(*[entry(0, LEAF_0)] * 64, count=count)
        title = f"COUNT is {count:#x}"
        _bad(
            c,
            f"count-{name}",
            "COUNT is above 64",
            3,
            payload,
            0,
            None,
            "most",
            "COUNT",
            title=title,
            boundary=boundary,
        )
    for name, value, boundary in (("first", 1, None), ("last", 1 << 63, "the last bit")):
        _bad(
            c,
            f"reserved-{name}",
            "an entry's reserved bytes are not zero",
            6,
            cpuid_req(entry(0, LEAF_0, reserved=value)),
            1,
            None,  # what the answer has there, no source says: AMB-71
            "leaf-0",
            "entry 0.reserved",
            title=f"the {name} bit of an entry's reserved bytes is set",
            boundary=boundary,
        )
    beyond, above = "a bit is set that the mask has not", "a register is above its bound"
    unlisted = "a leaf that is not listed has an output"
    rows: tuple[tuple[str, int, str, str, bytes, bytes, str | None], ...] = (
        (
            "exact",
            7,
            "a register with an exact value has another",
            "leaf-0",
            entry(0, (0x10, 0, *VENDOR[1:])),
            entry(0, LEAF_0),
            None,
        ),
        ("max", 9, above, "leaf-0", entry(0, (0x11, *VENDOR)), entry(0, LEAF_0), None),
        (
            "mask",
            8,
            beyond,
            "leaf-7",
            entry(7, (1, 1 << 1 | LEAF_7[1], *LEAF_7[2:])),
            entry(7, LEAF_7),
            None,
        ),
        (
            "mask-high",
            8,
            beyond,
            "leaf-7",
            entry(7, (*LEAF_7[:2], 1 << 31 | LEAF_7[2], LEAF_7[3])),
            entry(7, LEAF_7),
            "bit 31 of the next register",
        ),
        ("max-1", 9, above, "leaf-7", entry(7, (2, *LEAF_7[1:])), entry(7, LEAF_7), "a sub-leaf's number"),
        (
            "zero",
            11,
            "a register without a rule of a listed leaf is not 0",
            "unchecked",
            entry(0x8000001E, (0xFFFFFFFF, 0xFFFFFFFF, 0x703, 1)),
            entry(0x8000001E, (0xFFFFFFFF, 0xFFFFFFFF, 0x703, 0)),
            None,
        ),
        ("unlisted-set", 11, unlisted, "unlisted", entry(0xFFFF, (0, 0, 0, 1)), entry(0xFFFF), None),
        (
            "extended-set",
            11,
            unlisted,
            "unlisted-extended",
            entry(0x8000FFFF, (1, 0, 0, 0)),
            entry(0x8000FFFF),
            "the last extended leaf",
        ),
        (
            "subleaf-set",
            11,
            "leaf 0 has its values at sub-leaf 1",
            "subleaf",
            entry(0, LEAF_0, ecx_in=1),
            entry(0, ecx_in=1),
            None,
        ),
    )
    for name, requirement, defect, twin, one, allowed, boundary in rows:
        _bad(
            c,
            name,
            defect,
            requirement,
            cpuid_req(one),
            1,
            [allowed],
            twin,
            "entry 0.outputs",
            also=("SNP-CPUID-005",) if defect == unlisted else (),
            boundary=boundary,
            title=f"{defect}: {boundary}" if boundary else None,
        )
    right = [entry(0, LEAF_0), entry(7, LEAF_7)]
    payload = cpuid_req(right[0], entry(7, (2, *LEAF_7[1:])))
    _bad(
        c,
        "second",
        "the second entry breaks a rule, the first does not",
        12,
        payload,
        2,
        right,
        "two",
        "entry 1.outputs",
    )
    payload = cpuid_req(entry(0, (0x11, 0, *VENDOR[1:])), entry(7, (2, *LEAF_7[1:])))
    _bad(
        c,
        "all",
        "both entries break rules: all outputs are put right",
        12,
        payload,
        2,
        right,
        "two",
        "entry 0.outputs, entry 1.outputs",
    )


def add(c: Cases) -> None:
    """All of it."""
    _valid(c)
    _refused(c)
