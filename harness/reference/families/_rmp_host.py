"""RMPUPDATE, PSMASH and RMPREAD: RMP notes, sections 3.1, 3.2, 3.6."""

from __future__ import annotations

from typing import Any

from reference.bundle import Family
from reference.families._rmp import (
    ASID,
    FIRST,
    FULL,
    GPA,
    INPUT,
    INUSE,
    LAST,
    NOWHERE,
    OTHER_ASID,
    OTHER_GPA,
    OVERLAP,
    PAGE,
    PERMISSION,
    PERMS,
    SECOND,
    THIRD,
    UNFIT,
    Alike,
    Cases,
    Given,
    Refusal,
    became,
    cpu,
    do,
    entries,
    own,
    page,
)

GUEST = {"assigned": True, "asid": ASID, "gpa": hex(GPA + PAGE)}
LARGE_GUEST = {"assigned": True, "asid": ASID, "gpa": hex(GPA), "size": "2M"}
FIRMWARE = {"assigned": True, "immutable": True}
NEW_GUEST = {"assigned": True, "asid": ASID, "gpa": hex(GPA + PAGE), "perms": FULL}
NEW_LARGE = {"size": "2M", "assigned": True, "asid": ASID, "gpa": hex(GPA), "perms": FULL}
LATER = {"assigned": True}  # a later page of a 2 MiB page
LARGE_PAGE = page("Guest-Valid", FIRST, size="2M")


def new(**members: Any) -> Given:
    """Members of RMPUPDATE's structure."""
    return do(new=members)


def update_valid(c: Cases) -> None:
    c.valid(
        "assign",
        "A Hypervisor page becomes a guest's",
        17,
        do={"new": GUEST},
        after={0: {"subpages": 1}, 1: NEW_GUEST},
        asids=(1, 0),
    )
    c.valid(
        "release",
        "A guest's page becomes the hypervisor's: the whole entry is cleared",
        15,
        entries=[page("Guest-Valid", vmsa=True)],
        after={0: {}, 1: {}},
        asids=(0, 0),
    )
    c.valid(
        "release-2m",
        "A 2 MiB page becomes the hypervisor's, in 4 KiB pages",
        15,
        entries=[LARGE_PAGE],
        do={"spa": hex(FIRST), "new": {"size": "2M"}},
        after={0: {}, 1: {}, 2: {}, 3: {}},
        changed=512,
        asids=(0, 0),
    )
    c.valid(
        "reclaim",
        "A Reclaim page becomes a guest's",
        17,
        entries=[page("Reclaim")],
        do={"new": GUEST},
        after={1: NEW_GUEST},
        asids=(1, 0),
    )
    c.valid(
        "firmware",
        "A Hypervisor page becomes firmware's",
        17,
        do={"new": FIRMWARE},
        after={0: {"subpages": 1}, 1: {**FIRMWARE, "perms": FULL}},
    )
    c.valid(
        "no-context",
        "A Reclaim page with VMSA and masks becomes firmware's: no host makes a context of it",
        17,
        entries=[page("Reclaim", vmsa=True, perms=PERMS)],
        do={"new": FIRMWARE},
        after={1: {**FIRMWARE, "perms": FULL}},
    )
    valid_page = page("Guest-Valid", vmsa=True)
    kept = {k: v for k, v in valid_page.items() if k != "at"}
    c.valid(
        "keep",
        "The same guest, GPA and size again: Validated, VMSA and masks stay",
        16,
        entries=[valid_page],
        do={"new": GUEST},
    )
    c.valid(
        "pre-swap",
        "Guest-Valid becomes Pre-Swap: Immutable is added, the rest stays",
        16,
        like="keep",
        do={"new": {"immutable": True}},
        after={1: {**kept, "immutable": True}},
    )
    c.valid(
        "other-gpa",
        "Another GPA: Validated, VMSA and masks go",
        17,
        like="keep",
        do={"new": {"gpa": hex(OTHER_GPA)}},
        after={1: {**NEW_GUEST, "gpa": hex(OTHER_GPA)}},
        asids=(1, 0),
    )
    c.valid(
        "other-asid",
        "Another guest: Validated, VMSA and masks go, and both guests' counts change",
        19,
        like="keep",
        do={"new": {"asid": OTHER_ASID}},
        after={1: {**NEW_GUEST, "asid": OTHER_ASID}},
        asids=(0, 1),
    )
    c.valid(
        "pre-guest",
        "A Hypervisor page becomes Pre-Guest",
        17,
        do={"new": {**GUEST, "immutable": True}},
        after={0: {"subpages": 1}, 1: {**NEW_GUEST, "immutable": True}},
        asids=(1, 0),
    )
    c.valid(
        "asid-highest",
        "The highest ASID that an entry holds, 1023",
        17,
        do={"new": {**GUEST, "asid": 1023}},
        after={0: {"subpages": 1}, 1: {**NEW_GUEST, "asid": 1023}},
    )
    large = {"spa": hex(FIRST), "new": LARGE_GUEST}
    c.valid(
        "assign-2m",
        "A region becomes one 2 MiB page: the later entries are Assigned and zero",
        20,
        do=large,
        after={0: NEW_LARGE, 1: LATER, 2: LATER, 3: LATER},
        changed=512,
        asids=(512, 0),
    )
    c.valid(
        "grow",
        "A 4 KiB page becomes a 2 MiB page with the same GPA: Validated goes",
        17,
        entries=[page("Guest-Valid", FIRST)],
        do=large,
        after={0: NEW_LARGE, 1: LATER, 2: LATER, 3: LATER},
        changed=512,
        asids=(512, 0),
    )
    c.valid(
        "2m-again",
        "A 2 MiB page gets another GPA: its later entries are no obstacle",
        10,
        entries=[LARGE_PAGE],
        do={"spa": hex(FIRST), "new": {**LARGE_GUEST, "gpa": hex(OTHER_GPA)}},
        after={0: {**NEW_LARGE, "gpa": hex(OTHER_GPA)}},
        asids=(512, 0),
    )
    c.valid(
        "count-first",
        "The aligned page itself is not counted",
        18,
        entries=[page("Guest-Invalid")],
        do={"spa": hex(FIRST), "new": {**GUEST, "gpa": hex(GPA)}},
        after={0: {**NEW_GUEST, "gpa": hex(GPA), "subpages": 1}},
        asids=(2, 0),
    )
    c.valid(
        "count-down",
        "A released page is no longer counted, its neighbour is",
        18,
        entries=[page("Guest-Invalid"), page("Guest-Invalid", LAST)],
        after={0: {"subpages": 1}, 1: {}},
        asids=(1, 0),
    )


def update_stated(c: Cases) -> None:
    """Open points that no value of a switch accepts: what one value of it makes of them."""
    c.valid(
        "later-of-4k",
        "4 KiB at a later page of a region of 4 KiB pages",
        9,
        entries=[page("Guest-Valid", FIRST)],
        policy={"update_inside_2m": 4},
        do={"new": GUEST},
        after={0: {**became("Guest-Valid", FIRST), "subpages": 1}, 1: NEW_GUEST},
        asids=(2, 0),
    )
    c.valid(
        "release-idle",
        "A VMSA that is not in use is released",
        12,
        entries=[page("Guest-Valid", vmsa=True)],
        policy={"update_in_use_first": False},
        after={0: {}, 1: {}},
        asids=(0, 0),
    )
    used_guest = entries(page("Guest-Valid", vmsa=True, in_use=1))
    used_vmcb = entries(page("Hypervisor", in_use=1))
    c.invalid(
        [
            (
                "update-later",
                "4 KiB at a later page of a 2 MiB page",
                9,
                "later-of-4k",
                OVERLAP,
                entries(LARGE_PAGE),
            ),
            ("update-in-use", "RMPUPDATE of a guest's VMSA in use", 12, "release-idle", INUSE, used_guest),
            ("assign-in-use", "RMPUPDATE of a VMCB in use", 12, "release-idle", INUSE, used_vmcb),
        ]
    )


IMMUTABLE_STATES = ("HV-Fixed", "Firmware", "Context", "Metadata", "Pre-Guest", "Pre-Swap")
OVER = (
    ("second", "the second page is a guest's", page("Guest-Valid")),
    ("last", "the last page is a guest's", page("Guest-Invalid", LAST)),
    ("reclaim", "a page is Reclaim", page("Reclaim", THIRD)),
    ("firmware", "a page is firmware's", page("Firmware", THIRD)),
)
FROZEN_LARGE = entries(page("Pre-Guest", FIRST, size="2M"))
UPDATE_ALIKE: list[Alike] = [
    (
        "RMPUPDATE of an Immutable page",
        [
            *(
                (f"update-{s.lower()}", f"RMPUPDATE of a {s} page", 7, "assign", PERMISSION, entries(page(s)))
                for s in IMMUTABLE_STATES
            ),
            (
                "release-firmware",
                "A Firmware page is released",
                7,
                "release",
                PERMISSION,
                entries(page("Firmware")),
            ),
            (
                "update-2m-immutable",
                "RMPUPDATE of an Immutable 2 MiB page",
                7,
                "2m-again",
                PERMISSION,
                FROZEN_LARGE,
            ),
        ],
    ),
    (
        "RMPUPDATE of 2 MiB while another page of the region is Assigned",
        [
            (
                f"update-over-{name}",
                f"RMPUPDATE of 2 MiB while {what}",
                10,
                "assign-2m",
                OVERLAP,
                entries(row),
            )
            for name, what, row in OVER
        ],
    ),
    (
        "4 KiB at the first page of a 2 MiB page",
        [
            ("update-4k-in-2m", "4 KiB of a 2 MiB page are assigned", 8, "2m-again", OVERLAP, new(size="4K")),
            (
                "release-4k-in-2m",
                "4 KiB of a 2 MiB page are released",
                8,
                "release-2m",
                OVERLAP,
                new(size="4K"),
            ),
        ],
    ),
]
UPDATE_REFUSED: list[Refusal] = [
    ("update-2m-unaligned", "RMPUPDATE of 2 MiB at the second page", 4, "assign-2m", INPUT, do(spa=SECOND)),
    ("unassigned-immutable", "Immutable without Assigned", 5, "release", INPUT, new(immutable=True)),
    ("unassigned-asid", "An ASID without Assigned", 5, "release", INPUT, new(asid=ASID)),
    ("update-nowhere", "RMPUPDATE of a page without an entry", 6, "assign", INPUT, do(spa=NOWHERE)),
    ("update-asid", "RMPUPDATE by a guest", 3, "assign", PERMISSION, cpu(asid=1)),
    ("update-own", "RMPUPDATE of a page of the RMP itself", 175, "assign", PERMISSION, own(SECOND)),
]


def update_policy(c: Cases) -> None:
    c.policy(
        "update-over-hv-fixed",
        "RMPUPDATE of 2 MiB over an HV-Fixed page",
        11,
        "assign-2m",
        PERMISSION,
        "update_over_hv_fixed",
        (0, 2),
        entries(page("HV-Fixed", THIRD)),
        after={0: NEW_LARGE, 1: LATER, 2: LATER, 3: LATER},
        changed=512,
        asids=(512, 0),
    )
    c.policy(
        "firmware-gpa",
        "A GPA without an ASID",
        14,
        "firmware",
        INPUT,
        "update_refuses_gpa",
        (False, True),
        new(gpa=hex(OTHER_GPA)),
        after={0: {"subpages": 1}, 1: {**FIRMWARE, "perms": FULL, "gpa": hex(OTHER_GPA)}},
    )


UNCOUNTED = {"subpages": None}  # what PSMASH makes of the count is inferred only, section 3.2


def psmash(c: Cases) -> None:
    split: dict[str, Any] = {"assigned": True, "validated": True, "asid": ASID, "perms": PERMS}
    copies = {i: {**split, "gpa": hex(GPA + i * PAGE)} for i in (1, 2)}
    last = {**split, "gpa": hex(GPA + 511 * PAGE)}
    c.valid(
        "psmash",
        "A 2 MiB page becomes 512 copies with GPAs of their own",
        30,
        after={0: {**split, "gpa": hex(GPA), **UNCOUNTED}, **copies, 3: last},
        changed=512,
        asids=(512, 0),
    )
    frozen = {k: v for k, v in split.items() if k != "validated"}
    fresh = {i: {**frozen, "gpa": hex(GPA + i * PAGE)} for i in (1, 2)}
    c.valid(
        "psmash-invalid",
        "The pages of a page that is not Validated are not either",
        30,
        entries=[page("Guest-Invalid", FIRST, size="2M")],
        after={
            0: {**frozen, "gpa": hex(GPA), **UNCOUNTED},
            **fresh,
            3: {**frozen, "gpa": hex(GPA + 511 * PAGE)},
        },
        changed=512,
        asids=(512, 0),
    )
    c.invalid(PSMASH_REFUSED)
    c.policy(
        "psmash-reclaim",
        "PSMASH of a 2 MiB page without ASID",
        28,
        "psmash",
        UNFIT,
        "psmash_needs_asid",
        (False, True),
        entries(page("Reclaim", FIRST, size="2M")),
        after={0: {**became("Reclaim", FIRST), **UNCOUNTED}},
    )
    frozen_copies = {i: {**copy, "immutable": True} for i, copy in fresh.items()}
    c.policy(
        "psmash-immutable",
        "PSMASH of an Immutable page",
        29,
        "psmash",
        UNFIT,
        "psmash_needs_mutable",
        (False, True),
        entries(page("Pre-Guest", FIRST, size="2M")),
        after={
            0: {**became("Pre-Guest", FIRST), **UNCOUNTED},
            **frozen_copies,
            3: became("Pre-Guest", LAST),
        },
        changed=512,
        asids=(512, 0),
    )


PSMASH_REFUSED: list[Refusal] = [
    ("psmash-unaligned", "PSMASH at the second page", 23, "psmash", INPUT, do(spa=SECOND)),
    ("psmash-nowhere", "PSMASH of a page without an entry", 24, "psmash", INPUT, do(spa=NOWHERE)),
    ("psmash-asid", "PSMASH by a guest", 25, "psmash", PERMISSION, cpu(asid=1)),
    ("psmash-in-use", "PSMASH of a page in use", 26, "psmash", INUSE, entries({**LARGE_PAGE, "in_use": 1})),
    ("psmash-4k", "PSMASH of a 4 KiB page", 27, "psmash", UNFIT, entries(page("Guest-Valid", FIRST))),
    ("psmash-hypervisor", "PSMASH of a Hypervisor page", 27, "psmash", UNFIT, entries()),
]


def told(
    gpa: int = 0,
    asid: int = 0,
    size: str = "4K",
    *,
    assigned: bool = True,
    immutable: bool = False,
    region: bool | None = None,
) -> dict[str, Any]:
    """REGION: None where no switch is stated."""
    read = {"gpa": hex(gpa), "assigned": assigned, "size": size, "immutable": immutable, "asid": asid}
    return {"read": read if region is None else {**read, "region_assigned": region}}


def read(c: Cases) -> None:
    c.valid(
        "read",
        "RMPREAD of a guest's page: no Validated, VMSA or masks",
        36,
        entries=[page("Guest-Valid", vmsa=True)],
        told=told(GPA + PAGE, ASID),
    )
    c.valid(
        "read-hypervisor",
        "RMPREAD of a Hypervisor page in a region without Assigned pages",
        36,
        told=told(assigned=False),
    )
    c.valid(
        "read-firmware",
        "RMPREAD of a Firmware page",
        36,
        entries=[page("Firmware")],
        told=told(immutable=True),
    )
    c.valid(
        "read-2m",
        "RMPREAD of a 2 MiB page",
        36,
        entries=[LARGE_PAGE],
        do={"spa": hex(FIRST)},
        told=told(GPA, ASID, "2M"),
    )
    c.valid(
        "read-later",
        "RMPREAD of a later page of a 2 MiB page: its own entry, Assigned and zero",
        36,
        entries=[LARGE_PAGE],
        told=told(),
    )
    c.valid(
        "read-region",
        "A Hypervisor page beside an Assigned one: the region status is set",
        37,
        entries=[page("Guest-Valid", LAST)],
        policy={"read_tells_region": True},
        told=told(assigned=False, region=True),
    )
    c.valid(
        "read-region-off",
        "A Hypervisor page beside an Assigned one, on a processor that leaves the region status 0",
        37,
        like="read-region",
        policy={"read_tells_region": False},
        told=told(assigned=False, region=False),
    )
    c.invalid(READ_REFUSED)


READ_REFUSED: list[Refusal] = [
    ("read-nowhere", "RMPREAD of a page without an entry", 34, "read", INPUT, do(spa=NOWHERE)),
    ("read-asid", "RMPREAD by a guest", 35, "read", PERMISSION, cpu(asid=1)),
]


def add(f: Family) -> None:
    update = Cases(f, "rmpupdate", do={"instruction": "RMPUPDATE", "spa": hex(SECOND), "new": {}})
    update_valid(update)
    update_stated(update)
    update.alike(UPDATE_ALIKE)
    update.invalid(UPDATE_REFUSED)
    update_policy(update)
    psmash(Cases(f, "psmash", entries=[LARGE_PAGE], do={"instruction": "PSMASH", "spa": hex(FIRST)}))
    read(Cases(f, "rmpread", do={"instruction": "RMPREAD", "spa": hex(SECOND)}))
