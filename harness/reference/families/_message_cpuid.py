"""Family message: CPUID_REQ against the policy of the profile."""

from __future__ import annotations

from typing import Any

from reference.families._message import Cases, answered, page
from reference.message import CPUID, le

# The default profile's leaf 0: EAX at most 0x10, the others "AuthenticAMD".
VENDOR = (0x68747541, 0x444D4163, 0x69746E65)
LEAF_0 = (0x10, *VENDOR)
LEAF_7 = (0x1, 0xF1BF97A9, 0x00405FCE, 0x10000010)  # EAX at most 1, the others masks


def entry(eax_in: int, outputs: tuple[int, ...] = (0, 0, 0, 0), ecx_in: int = 0, reserved: int = 0) -> bytes:
    """A CPUID_FUNCTION entry."""
    return le(eax_in, 4) + le(ecx_in, 4) + bytes(16) + b"".join(le(v, 4) for v in outputs) + le(reserved, 8)


def cpuid_req(*entries: bytes, count: int | None = None) -> bytes:
    """CPUID_REQ's payload."""
    return le(len(entries) if count is None else count, 4) + bytes(12) + b"".join(entries)


def outputs(*rows: tuple[int, ...]) -> list[str]:
    """The outputs of a response's entries as the file has them."""
    return [b"".join(le(value, 4) for value in row).hex() for row in rows]


def _expect(
    data: bytes, size: int, count: int, rows: list[str] | None, status: str = "SUCCESS"
) -> dict[str, Any]:
    content: dict[str, Any] = {"size": size, "count": count}
    if rows is not None:
        content["outputs"] = rows
    expect = answered(data, status, content=content)
    del expect["response"]["body"]
    return expect


def _good(
    c: Cases, name: str, title: str, number: int, entries: list[bytes], count: int | None = None
) -> None:
    """Entries that pass as they are; COUNT of them are examined."""
    payload = cpuid_req(*entries)
    data = page(payload, type=CPUID)
    rows = [one[0x18:0x28].hex() for one in entries]
    expect = _expect(data, len(payload), len(entries) if count is None else count, rows)
    c.good(f"cpuid-{name}", title, f"SNP-CPUID-{number:03}", "payload", data, expect=expect)


def _bad(
    c: Cases,
    name: str,
    defect: str,
    number: int,
    payload: bytes,
    count: int,
    rows: list[str] | None,
    twin: str,
    field: str,
) -> None:
    data = page(payload, type=CPUID)
    c.family.invalid(
        f"cpuid-{name}",
        f"CPUID_REQ: {defect}",
        (f"SNP-CPUID-{number:03}",),
        "payload",
        {**c.family.cases[0].input, "page": data},
        twin=f"cpuid-{twin}",
        defect=f"CPUID_REQ: {defect}",
        changes=[("page", field, "vmpck0")],
        status="INVALID_PARAM",
        output=_expect(data, len(payload), count, rows, "INVALID_PARAM"),
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
        _good(c, f"leaf-{name}", title, 5, [entry(leaf, odd)], count=0)
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
    for name, count in (("65", 65), ("huge", 0xFFFFFFFF)):
        payload = cpuid_req(*[entry(0, LEAF_0)] * 64, count=count)
        _bad(c, f"count-{name}", f"COUNT is {count:#x}", 3, payload, 0, None, "most", "COUNT")
    for name, value in (("first", 1), ("last", 1 << 63)):
        payload = cpuid_req(entry(0, LEAF_0, reserved=value))
        defect = f"the {name} bit of an entry's reserved bytes is set"
        _bad(c, f"reserved-{name}", defect, 6, payload, 1, outputs(LEAF_0), "leaf-0", "reserved 0x28")
    rows: tuple[tuple[str, int, str, str, bytes, tuple[int, ...]], ...] = (
        (
            "exact",
            7,
            "a register with an exact value has another",
            "leaf-0",
            entry(0, (0x10, 0, *VENDOR[1:])),
            LEAF_0,
        ),
        ("max", 9, "a register is above its bound", "leaf-0", entry(0, (0x11, *VENDOR)), LEAF_0),
        (
            "mask",
            8,
            "a bit is set that the mask has not",
            "leaf-7",
            entry(7, (1, 1 << 1 | LEAF_7[1], *LEAF_7[2:])),
            LEAF_7,
        ),
        (
            "mask-high",
            8,
            "bit 31 is set that the mask has not",
            "leaf-7",
            entry(7, (*LEAF_7[:2], 1 << 31 | LEAF_7[2], LEAF_7[3])),
            LEAF_7,
        ),
        ("max-1", 9, "a sub-leaf's number is above its bound", "leaf-7", entry(7, (2, *LEAF_7[1:])), LEAF_7),
        (
            "zero",
            11,
            "a register without a rule of a listed leaf is not 0",
            "unchecked",
            entry(0x8000001E, (0xFFFFFFFF, 0xFFFFFFFF, 0x703, 1)),
            (0xFFFFFFFF, 0xFFFFFFFF, 0x703, 0),
        ),
        (
            "unlisted-set",
            11,
            "leaf 0xffff, which is not listed, has an output",
            "unlisted",
            entry(0xFFFF, (0, 0, 0, 1)),
            (0, 0, 0, 0),
        ),
        (
            "extended-set",
            11,
            "leaf 0x8000ffff, which is not listed, has an output",
            "unlisted-extended",
            entry(0x8000FFFF, (1, 0, 0, 0)),
            (0, 0, 0, 0),
        ),
        (
            "subleaf-set",
            11,
            "leaf 0 has its values at sub-leaf 1",
            "subleaf",
            entry(0, LEAF_0, ecx_in=1),
            (0, 0, 0, 0),
        ),
    )
    for name, requirement, defect, twin, one, allowed in rows:
        _bad(c, name, defect, requirement, cpuid_req(one), 1, outputs(allowed), twin, "outputs")
    payload = cpuid_req(entry(0, LEAF_0), entry(7, (2, *LEAF_7[1:])))
    _bad(
        c,
        "second",
        "the second entry breaks a rule, the first does not",
        12,
        payload,
        2,
        outputs(LEAF_0, LEAF_7),
        "two",
        "outputs",
    )
    payload = cpuid_req(entry(0, (0x11, 0, *VENDOR[1:])), entry(7, (2, *LEAF_7[1:])))
    _bad(
        c,
        "all",
        "both entries break rules: all outputs are put right",
        12,
        payload,
        2,
        outputs(LEAF_0, LEAF_7),
        "two",
        "outputs",
    )


def add(c: Cases) -> None:
    """All of it."""
    _valid(c)
    _refused(c)
