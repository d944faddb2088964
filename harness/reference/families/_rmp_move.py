"""Commands of firmware on one page: RMP notes, section 2.1, firmware command notes, sections 5.5 to 5.20."""

from __future__ import annotations

from typing import Any

from reference.bundle import Family
from reference.families._rmp import (
    ASID,
    FIRST,
    NOWHERE,
    OTHER_ASID,
    SECOND,
    Alike,
    Answer,
    Cases,
    Refusal,
    Row,
    became,
    do,
    entries,
    own,
    page,
)
from reference.rmp_moves import ADDRESS, GUEST, OWNER, PARAM, SIZE, STATE

OWNER_PAGE, OTHER_OWNER = "0x200000", "0x201000"  # guest contexts
BAD_ADDRESS, BAD_SIZE, BAD_STATE, BAD_OWNER = ((name, 0) for name in (ADDRESS, SIZE, STATE, OWNER))
BAD_PARAM: Answer = (PARAM, 0)
BAD_GUEST: Answer = (GUEST, 0)
NEW_PERMS = "1f070301"
LARGE_FROZEN = page("Pre-Guest", FIRST, size="2M")
ON_LARGE = {"spa": hex(FIRST), "size": "2M"}
OTHER_GUEST = entries(page("Pre-Guest", asid=OTHER_ASID))


def contexts(c: Cases) -> None:
    c.valid("gctx-create", "A Firmware page becomes a guest's context", 159, after={1: became("Context")})
    c.valid(
        "gctx-create-first",
        "The first page of a region becomes a guest's context",
        159,
        entries=[page("Firmware", FIRST)],
        do={"spa": hex(FIRST)},
        after={0: became("Context")},
    )
    c.valid(
        "decommission",
        "A context becomes a Firmware page",
        159,
        entries=[page("Context")],
        do={"instruction": "SNP_DECOMMISSION"},
        after={1: became("Firmware")},
    )
    c.valid(
        "md-init",
        "A Firmware page becomes a metadata page of the guest",
        159,
        do={"instruction": "SNP_PAGE_MD_INIT", "owner": OWNER_PAGE},
        after={1: became("Metadata")},
    )
    c.valid(
        "set-state",
        "A Firmware page becomes HV-Fixed",
        159,
        entries=[page("Firmware", FIRST)],
        do={"instruction": "SNP_PAGE_SET_STATE", "spa": hex(FIRST)},
        after={0: became("HV-Fixed", FIRST)},
    )
    c.valid(
        "set-state-nowhere",
        "SNP_PAGE_SET_STATE skips a page without an entry",
        152,
        do={"instruction": "SNP_PAGE_SET_STATE", "spa": hex(NOWHERE)},
    )
    c.alike(CONTEXTS_ALIKE)
    c.invalid(CONTEXTS_REFUSED)


RECLAIM_PAGE, CONTEXT_PAGE = entries(page("Reclaim")), entries(page("Context"))
CONTEXTS_ALIKE: list[Alike] = [
    (
        "SNP_GCTX_CREATE of a page that is not Firmware",
        [
            (
                "gctx-create-state",
                "SNP_GCTX_CREATE of a Reclaim page",
                155,
                "gctx-create",
                BAD_STATE,
                RECLAIM_PAGE,
            ),
            (
                "gctx-create-twice",
                "A second context in one page",
                155,
                "gctx-create",
                BAD_STATE,
                CONTEXT_PAGE,
            ),
        ],
    ),
    (
        "SNP_PAGE_SET_STATE of a page that is not Firmware",
        [
            (
                "set-state-state",
                "SNP_PAGE_SET_STATE of a Reclaim page",
                155,
                "set-state",
                BAD_STATE,
                entries(page("Reclaim", FIRST)),
            ),
            (
                "set-state-context",
                "SNP_PAGE_SET_STATE of a context",
                155,
                "set-state",
                BAD_STATE,
                entries(page("Context", FIRST)),
            ),
        ],
    ),
]
CONTEXTS_REFUSED: list[Refusal] = [
    (
        "gctx-create-2m",
        "A context in a 2 MiB page",
        153,
        "gctx-create-first",
        BAD_SIZE,
        entries(page("Firmware", FIRST, size="2M")),
    ),
    (
        "gctx-create-2m-state",
        "A context in a 2 MiB Reclaim page: state and size are both wrong, the state is answered",
        155,
        "gctx-create-first",
        BAD_STATE,
        entries(page("Reclaim", FIRST, size="2M")),
    ),
    (
        "gctx-create-nowhere",
        "SNP_GCTX_CREATE of a page without an entry",
        152,
        "gctx-create",
        BAD_STATE,
        do(spa=NOWHERE),
    ),
    (
        "gctx-create-own",
        "SNP_GCTX_CREATE of a page of the RMP itself",
        175,
        "gctx-create",
        BAD_PARAM,
        own(SECOND),
    ),
    (
        "decommission-firmware",
        "SNP_DECOMMISSION of a page that is no context",
        155,
        "decommission",
        BAD_GUEST,
        entries(page("Firmware")),
    ),
    (
        "decommission-nowhere",
        "SNP_DECOMMISSION of a page without an entry",
        152,
        "decommission",
        BAD_GUEST,
        do(spa=NOWHERE),
    ),
    (
        "decommission-own",
        "SNP_DECOMMISSION of a page of the RMP itself",
        175,
        "decommission",
        BAD_PARAM,
        own(SECOND),
    ),
    ("md-init-state", "SNP_PAGE_MD_INIT of a Reclaim page", 155, "md-init", BAD_STATE, RECLAIM_PAGE),
    (
        "md-init-own",
        "SNP_PAGE_MD_INIT of a page of the RMP itself",
        175,
        "md-init",
        BAD_PARAM,
        own(SECOND),
    ),
    (
        "set-state-own",
        "SNP_PAGE_SET_STATE of a page of the RMP itself",
        175,
        "set-state",
        BAD_ADDRESS,
        own(FIRST),
    ),
]


def launch(c: Cases) -> None:
    c.valid(
        "launch",
        "SNP_LAUNCH_UPDATE: a Pre-Guest page becomes Guest-Valid with the masks given; VMPL 0's stays",
        159,
        after={1: became("Guest-Valid", perms=NEW_PERMS)},
    )
    c.valid(
        "launch-vmsa",
        "A VMSA is launched",
        159,
        do={"type": "VMSA"},
        after={1: became("Guest-Valid", perms=NEW_PERMS, vmsa=True)},
    )
    c.valid(
        "launch-2m",
        "A 2 MiB page is launched",
        159,
        entries=[LARGE_FROZEN],
        do=ON_LARGE,
        after={0: became("Guest-Valid", FIRST, size="2M", perms=NEW_PERMS)},
    )
    c.invalid(LAUNCH_STATES, "SNP_LAUNCH_UPDATE of a page that is not Pre-Guest")
    c.invalid(LAUNCH_REFUSED)


LAUNCH_STATES: list[Refusal] = [
    (
        "launch-state",
        "SNP_LAUNCH_UPDATE of a Guest-Invalid page",
        155,
        "launch",
        BAD_STATE,
        entries(page("Guest-Invalid")),
    ),
    (
        "launch-swapped",
        "SNP_LAUNCH_UPDATE of a Pre-Swap page",
        155,
        "launch",
        BAD_STATE,
        entries(page("Pre-Swap")),
    ),
]
LAUNCH_REFUSED: list[Refusal] = [
    (
        "launch-nowhere",
        "SNP_LAUNCH_UPDATE of a page without an entry",
        152,
        "launch",
        BAD_STATE,
        do(spa=NOWHERE),
    ),
    (
        "launch-2m-later",
        "SNP_LAUNCH_UPDATE of 2 MiB at the second page",
        154,
        "launch-2m",
        BAD_STATE,
        do(spa=SECOND),
    ),
    (
        "launch-size",
        "SNP_LAUNCH_UPDATE of 4 KiB of a 2 MiB page",
        153,
        "launch-2m",
        BAD_SIZE,
        do(size="4K"),
    ),
    (
        "launch-size-2m",
        "SNP_LAUNCH_UPDATE of 2 MiB, an entry of 4 KiB",
        153,
        "launch-2m",
        BAD_SIZE,
        entries(page("Pre-Guest", FIRST)),
    ),
    ("launch-vmsa-2m", "A VMSA of 2 MiB", 153, "launch-2m", BAD_SIZE, do(type="VMSA")),
    (
        "launch-owner",
        "SNP_LAUNCH_UPDATE of another guest's page",
        156,
        "launch",
        BAD_OWNER,
        OTHER_GUEST,
    ),
    (
        "launch-own",
        "SNP_LAUNCH_UPDATE of a page of the RMP itself",
        175,
        "launch",
        BAD_PARAM,
        own(SECOND),
    ),
    (
        "launch-state-size",
        "SNP_LAUNCH_UPDATE: state and size are both wrong, the state is answered",
        155,
        "launch-2m",
        BAD_STATE,
        {**entries(page("Guest-Invalid", FIRST, size="2M")), **do(size="4K")},
    ),
    (
        "launch-size-owner",
        "SNP_LAUNCH_UPDATE: size and owner are both wrong, the size is answered",
        153,
        "launch-2m",
        BAD_SIZE,
        {**entries({**LARGE_FROZEN, "asid": OTHER_ASID}), **do(size="4K")},
    ),
]


LEFT = became("Reclaim", gpa=None, mark=None)  # no source says what becomes of a metadata page's owner


def reclaim(c: Cases) -> None:
    for name, before, after in (
        ("firmware", "Firmware", "Reclaim"),
        ("metadata", "Metadata", "Reclaim"),
        ("pre-guest", "Pre-Guest", "Guest-Invalid"),
        ("pre-swap", "Pre-Swap", "Guest-Valid"),
    ):
        c.valid(
            f"reclaim-{name}",
            f"SNP_PAGE_RECLAIM: {before} becomes {after}",
            159,
            entries=[page(before)],
            after={1: became(after) if before != "Metadata" else LEFT},
        )
    for name, state in (("hypervisor", "Hypervisor"), ("guest", "Guest-Valid"), ("reclaim", "Reclaim")):
        c.valid(
            f"reclaim-{name}",
            f"SNP_PAGE_RECLAIM of a {state} page changes nothing",
            158,
            entries=[page(state)],
        )
    c.valid(
        "reclaim-guest-2m",
        "SNP_PAGE_RECLAIM of a 2 MiB Guest-Valid page changes nothing",
        158,
        entries=[page("Guest-Valid", FIRST, size="2M")],
        do=ON_LARGE,
    )
    c.valid(
        "reclaim-2m",
        "SNP_PAGE_RECLAIM of a 2 MiB Pre-Guest page",
        159,
        entries=[LARGE_FROZEN],
        do=ON_LARGE,
        after={0: became("Guest-Invalid", FIRST, size="2M")},
    )
    c.invalid(RECLAIM_STATES, "SNP_PAGE_RECLAIM of an Immutable page that its rows do not name")
    c.invalid(RECLAIM_REFUSED)


RECLAIM_STATES: list[Refusal] = [
    (
        "reclaim-context",
        "SNP_PAGE_RECLAIM of a context",
        155,
        "reclaim-firmware",
        BAD_STATE,
        CONTEXT_PAGE,
    ),
    (
        "reclaim-hv-fixed",
        "SNP_PAGE_RECLAIM of an HV-Fixed page",
        155,
        "reclaim-firmware",
        BAD_STATE,
        entries(page("HV-Fixed")),
    ),
]
RECLAIM_REFUSED: list[Refusal] = [
    (
        "reclaim-2m-later",
        "SNP_PAGE_RECLAIM of 2 MiB at the second page",
        154,
        "reclaim-2m",
        BAD_SIZE,
        do(spa=SECOND),
    ),
    (
        "reclaim-nowhere",
        "SNP_PAGE_RECLAIM of a page without an entry",
        152,
        "reclaim-firmware",
        BAD_ADDRESS,
        do(spa=NOWHERE),
    ),
    (
        "reclaim-size",
        "SNP_PAGE_RECLAIM of 4 KiB of a 2 MiB page",
        153,
        "reclaim-2m",
        BAD_SIZE,
        do(size="4K"),
    ),
    (
        "reclaim-size-2m",
        "SNP_PAGE_RECLAIM of 2 MiB, an entry of 4 KiB",
        153,
        "reclaim-2m",
        BAD_SIZE,
        entries(page("Pre-Guest", FIRST)),
    ),
    (
        "reclaim-guest-size",
        "SNP_PAGE_RECLAIM of 2 MiB, a Guest-Valid entry of 4 KiB that would stay as it is",
        153,
        "reclaim-guest-2m",
        BAD_SIZE,
        entries(page("Guest-Valid", FIRST)),
    ),
]


def cases(f: Family, command: str, *table: Row, spa: int = SECOND, **more: Any) -> Cases:
    """Cases of COMMAND on a TABLE that it accepts."""
    return Cases(f, "move", entries=list(table), do={"instruction": command, "spa": hex(spa), **more})


def add(f: Family) -> None:
    contexts(cases(f, "SNP_GCTX_CREATE", page("Firmware")))
    launch(cases(f, "SNP_LAUNCH_UPDATE", page("Pre-Guest"), asid=ASID, perms=NEW_PERMS))
    reclaim(cases(f, "SNP_PAGE_RECLAIM", page("Firmware")))
