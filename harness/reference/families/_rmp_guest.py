"""PVALIDATE and RMPADJUST: RMP notes, sections 3.3 and 3.4."""

from __future__ import annotations

from reference.bundle import Family
from reference.families._rmp import (
    ASID,
    ENC,
    FIRST,
    GP,
    GPA,
    GVA,
    INPUT,
    NOWHERE,
    OTHER_ASID,
    OTHER_GPA,
    PAGE,
    PERMISSION,
    SECOND,
    SIZEM,
    SIZEMISMATCH,
    VC,
    Alike,
    Cases,
    Given,
    Refusal,
    Rule,
    cpu,
    do,
    entries,
    fields,
    in_hex,
    mapped,
    npf,
    page,
)

MAP = in_hex({"gpa": GPA + PAGE, "spa": SECOND})
LARGE_MAP = in_hex({"gpa": GPA, "spa": FIRST}) | {"size": "2M"}
ON_LARGE = {"gva": hex(GVA), "size": "2M", "map": LARGE_MAP}
LARGE_VALID, LARGE_INVALID = (page(s, FIRST, size="2M") for s in ("Guest-Valid", "Guest-Invalid"))
GUEST = {"asid": ASID}


def owned(twin: str, what: str) -> list[Refusal]:
    """The checks of mapping and owner, which both instructions share."""
    state, frozen = ("Guest-Valid", "Pre-Swap") if twin == "adjust" else ("Guest-Invalid", "Pre-Guest")
    other = entries(page(state, asid=OTHER_ASID))
    moved = entries(page(state, gpa=hex(OTHER_GPA)))
    rows: list[tuple[str, str, Rule, tuple[str, int], Given]] = [
        (
            "absent",
            "an address without a nested mapping",
            (45, 192),
            ("#VMEXIT(NPF)", 0),
            mapped(present=False),
        ),
        ("nowhere", "a page without an entry", 46, npf(ENC), mapped(spa=NOWHERE)),
        ("hypervisor", "a Hypervisor page", 47, npf(ENC), entries()),
        ("other-guest", "another guest's page", 47, npf(ENC), other),
        ("other-gpa", "a page whose entry has another GPA", 48, npf(ENC), moved),
        ("immutable", f"a {frozen} page", 49, npf(ENC), entries(page(frozen))),
    ]
    return [
        (f"{twin}-{n}", f"{what} of {text}", req, twin, answer, change)
        for n, text, req, answer, change in rows
    ]


def pvalidate(c: Cases) -> None:
    invalid, valid = page("Guest-Invalid"), page("Guest-Valid")
    c.valid(
        "pvalidate",
        "A Guest-Invalid page becomes valid, CF is 0",
        54,
        after={1: fields(valid)},
        told={"cf": False},
    )
    c.valid(
        "rescind",
        "A Guest-Valid page becomes invalid, and keeps all but Validated",
        54,
        entries=[page("Guest-Valid", vmsa=True)],
        do={"validate": False},
        after={1: fields(invalid, vmsa=True)},
        told={"cf": False},
    )
    c.valid(
        "pvalidate-again",
        "A Guest-Valid page is validated again: CF is 1",
        53,
        entries=[valid],
        told={"cf": True},
    )
    c.valid(
        "rescind-again",
        "A Guest-Invalid page is rescinded: CF is 1",
        53,
        do={"validate": False},
        told={"cf": True},
    )
    first = page("Guest-Invalid", FIRST)
    c.valid(
        "pvalidate-first",
        "The first page of a region of 4 KiB pages",
        54,
        entries=[first],
        do={"gva": hex(GVA), "map": {**LARGE_MAP, "size": "4K"}},
        after={0: fields(first, validated=True)},
        told={"cf": False},
    )
    c.valid(
        "pvalidate-2m",
        "A 2 MiB page through a mapping of 2 MiB",
        54,
        entries=[LARGE_INVALID],
        do=ON_LARGE,
        after={0: fields(LARGE_VALID)},
        told={"cf": False},
    )
    c.valid(
        "pvalidate-1g",
        "A 2 MiB page through a mapping of 1 GiB, which counts as 2 MiB",
        54,
        like="pvalidate-2m",
        do={"map": {"size": "1G"}},
        after={0: fields(LARGE_VALID)},
        told={"cf": False},
    )
    c.invalid(PVALIDATE_REFUSED)


SMALL_FIRST = page("Guest-Invalid", FIRST)
PVALIDATE_REFUSED: list[Refusal] = [
    ("pvalidate-vmpl", "PVALIDATE at VMPL 1", 43, "pvalidate", GP, cpu(vmpl=1)),
    (
        "pvalidate-unaligned",
        "PVALIDATE of 2 MiB at the second page",
        44,
        "pvalidate-2m",
        INPUT,
        do(gva=GVA + PAGE),
    ),
    *owned("pvalidate", "PVALIDATE"),
    ("rescind-pre-swap", "PVALIDATE of a Pre-Swap page", 49, "rescind", npf(ENC), entries(page("Pre-Swap"))),
    (
        "pvalidate-4k-of-2m",
        "PVALIDATE of 4 KiB of a 2 MiB page",
        51,
        "pvalidate-2m",
        npf(ENC, SIZEM),
        do(size="4K"),
    ),
    (
        "pvalidate-4k-map-2m",
        "PVALIDATE of 4 KiB, mapped by 2 MiB",
        51,
        "pvalidate-first",
        npf(ENC, SIZEM),
        mapped(size="2M"),
    ),
    (
        "pvalidate-2m-of-4k",
        "PVALIDATE of 2 MiB, an entry of 4 KiB",
        52,
        "pvalidate-2m",
        SIZEMISMATCH,
        entries(SMALL_FIRST),
    ),
    (
        "pvalidate-2m-map-4k",
        "PVALIDATE of 2 MiB, mapped by 4 KiB",
        52,
        "pvalidate-2m",
        SIZEMISMATCH,
        mapped(size="4K"),
    ),
]


def adjust(c: Cases) -> None:
    valid = page("Guest-Valid")
    c.valid("adjust", "VMPL 0 gives VMPL 1 a mask", 71, after={1: fields(valid, perms="1f030501")})
    c.valid(
        "adjust-revoke",
        "VMPL 0 takes all from VMPL 3",
        71,
        do={"vmpl": 3, "mask": "0x0"},
        after={1: fields(valid, perms="1f0b0500")},
    )
    c.valid(
        "adjust-vmpl1",
        "VMPL 1 gives VMPL 2 what it has itself",
        68,
        cpu={"vmpl": 1},
        do={"vmpl": 2, "mask": "0xb"},
        after={1: fields(valid, perms="1f0b0b01")},
    )
    c.valid(
        "adjust-vmsa",
        "VMPL 0 makes a page a VMSA",
        71,
        do={"mask": "0xb", "vmsa": True},
        after={1: fields(valid, vmsa=True)},
    )
    c.valid(
        "adjust-no-vmsa",
        "VMPL 0 makes a VMSA a page as others",
        71,
        entries=[page("Guest-Valid", vmsa=True)],
        do={"mask": "0xb"},
        after={1: fields(valid)},
    )
    c.valid(
        "adjust-vmpl1-vmsa",
        "VMPL 1 leaves VMSA as it is",
        69,
        like="adjust-vmpl1",
        policy={"adjust_refuses_vmsa": False},
        entries=[page("Guest-Valid", vmsa=True)],
        after={1: fields(valid, perms="1f0b0b01", vmsa=True)},
    )
    c.valid(
        "adjust-2m",
        "A 2 MiB page",
        71,
        entries=[LARGE_VALID],
        do=ON_LARGE,
        after={0: fields(LARGE_VALID, perms="1f030501")},
    )
    c.alike(ADJUST_ALIKE)
    c.invalid(ADJUST_REFUSED)
    c.policy(
        "adjust-vmsa-vmpl1",
        "VMPL 1 asks for VMSA",
        69,
        "adjust-vmpl1",
        PERMISSION,
        "adjust_refuses_vmsa",
        (False, True),
        do(vmsa=True),
        after={1: fields(valid, perms="1f0b0b01")},
    )
    c.policy(
        "adjust-vmsa-2m",
        "VMSA on a 2 MiB page",
        70,
        "adjust-2m",
        INPUT,
        "adjust_refuses_vmsa_2m",
        (False, True),
        do(vmsa=True),
        after={0: fields(LARGE_VALID, perms="1f030501", vmsa=True)},
    )


ADJUST_ALIKE: list[Alike] = [
    (
        "RMPADJUST for a VMPL that is not above the current one",
        [
            ("adjust-own", "RMPADJUST by VMPL 0 for itself", 65, "adjust", PERMISSION, do(vmpl=0)),
            (
                "adjust-own-vmpl1",
                "RMPADJUST by VMPL 1 for itself",
                65,
                "adjust-vmpl1",
                PERMISSION,
                do(vmpl=1),
            ),
            ("adjust-above", "RMPADJUST by VMPL 1 for VMPL 0", 65, "adjust-vmpl1", PERMISSION, do(vmpl=0)),
        ],
    ),
]
ADJUST_REFUSED: list[Refusal] = [
    ("adjust-unaligned", "RMPADJUST of 2 MiB at the second page", 63, "adjust-2m", INPUT, do(gva=GVA + PAGE)),
    *owned("adjust", "RMPADJUST"),
    (
        "adjust-4k-of-2m",
        "RMPADJUST of 4 KiB of a 2 MiB page",
        51,
        "adjust-2m",
        npf(ENC, SIZEM),
        do(size="4K"),
    ),
    (
        "adjust-not-valid",
        "RMPADJUST of a Guest-Invalid page",
        66,
        "adjust",
        VC,
        entries(page("Guest-Invalid")),
    ),
    (
        "adjust-2m-of-4k",
        "RMPADJUST of 2 MiB, an entry of 4 KiB",
        67,
        "adjust-2m",
        SIZEMISMATCH,
        entries(page("Guest-Valid", FIRST)),
    ),
    (
        "adjust-2m-map-4k",
        "RMPADJUST of 2 MiB, mapped by 4 KiB",
        67,
        "adjust-2m",
        SIZEMISMATCH,
        mapped(size="4K"),
    ),
    (
        "adjust-more",
        "RMPADJUST with a mask that VMPL 1 has not itself",
        68,
        "adjust-vmpl1",
        PERMISSION,
        do(mask="0xf"),
    ),
]


def add(f: Family) -> None:
    base = {"gva": hex(GVA + PAGE), "map": MAP}
    do_validate = {"instruction": "PVALIDATE", **base, "validate": True}
    pvalidate(Cases(f, "pvalidate", entries=[page("Guest-Invalid")], cpu=GUEST, do=do_validate))
    do_adjust = {"instruction": "RMPADJUST", **base, "vmpl": 1, "mask": "0x3"}
    adjust(Cases(f, "rmpadjust", entries=[page("Guest-Valid")], cpu=GUEST, do=do_adjust))
