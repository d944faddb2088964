"""SNP_PAGE_MOVE: firmware command notes, section 5.17."""

from __future__ import annotations

from reference.bundle import Family
from reference.families._rmp import (
    ASID,
    FIRST,
    LARGE,
    OTHER_ASID,
    OTHER_GPA,
    SECOND,
    THIRD,
    Cases,
    Refusal,
    became,
    do,
    entries,
    own,
    page,
)
from reference.families._rmp_move import (
    BAD_OWNER,
    BAD_PARAM,
    BAD_SIZE,
    BAD_STATE,
    NEW_PERMS,
    OTHER_OWNER,
    OWNER_PAGE,
    cases,
)

NEXT = FIRST + LARGE  # another region
SRC, DST = page("Pre-Guest", perms=NEW_PERMS, vmsa=True), page("Pre-Guest", THIRD)
LARGE_SRC = page("Pre-Guest", NEXT, size="2M", gpa=hex(OTHER_GPA), perms=NEW_PERMS)
LARGE_DST = page("Pre-Guest", FIRST, size="2M")
MOVED = {"gpa": SRC["gpa"], "perms": NEW_PERMS}
LEFT = became("Guest-Invalid", gpa=None, perms=None, vmsa=None)  # no source tells what stays


def page_move(c: Cases) -> None:
    c.valid(
        "move",
        "SNP_PAGE_MOVE of a Pre-Guest page: both become Guest-Invalid",
        160,
        entries=[SRC, DST],
        after={1: LEFT, 2: became("Guest-Invalid", **MOVED, vmsa=True)},
    )
    c.valid(
        "move-swapped",
        "SNP_PAGE_MOVE of a Pre-Swap page: the new one is Guest-Valid, the old one Guest-Invalid",
        160,
        entries=[page("Pre-Swap", perms=NEW_PERMS), DST],
        after={1: LEFT, 2: became("Guest-Valid", **MOVED)},
    )
    c.valid(
        "move-metadata",
        "SNP_PAGE_MOVE of a metadata page: owner and state change places",
        160,
        entries=[page("Metadata"), page("Firmware", THIRD)],
        after={1: became("Firmware"), 2: became("Metadata", THIRD)},
    )
    c.valid(
        "move-2m",
        "SNP_PAGE_MOVE of a 2 MiB page",
        160,
        entries=[LARGE_SRC, LARGE_DST],
        do={"spa": hex(NEXT), "dst": hex(FIRST), "size": "2M"},
        changed=2,
        after={0: became("Guest-Invalid", FIRST, size="2M", gpa=hex(OTHER_GPA), perms=NEW_PERMS)},
    )
    c.invalid(TARGETS, "SNP_PAGE_MOVE of a guest's page to a page that is not Pre-Guest")
    c.invalid(REFUSED)


TARGETS: list[Refusal] = [
    (name, f"SNP_PAGE_MOVE to a {state} page", 161, "move", BAD_STATE, entries(SRC, page(state, THIRD)))
    for name, state in (
        ("move-target", "Guest-Invalid"),
        ("move-target-swapped", "Pre-Swap"),
        ("move-to-firmware", "Firmware"),
    )
]
REFUSED: list[Refusal] = [
    (
        "move-source",
        "SNP_PAGE_MOVE of a Guest-Valid page",
        161,
        "move",
        BAD_STATE,
        entries(page("Guest-Valid"), DST),
    ),
    (
        "move-of-other",
        "SNP_PAGE_MOVE of another guest's page",
        161,
        "move",
        BAD_OWNER,
        entries({**SRC, "asid": OTHER_ASID}, DST),
    ),
    (
        "move-to-other",
        "SNP_PAGE_MOVE to another guest's page",
        161,
        "move",
        BAD_OWNER,
        entries(SRC, {**DST, "asid": OTHER_ASID}),
    ),
    ("move-size", "SNP_PAGE_MOVE of 2 MiB, entries of 4 KiB", 161, "move", BAD_SIZE, do(size="2M")),
    (
        "move-size-source",
        "SNP_PAGE_MOVE of 2 MiB from an entry of 4 KiB",
        161,
        "move-2m",
        BAD_SIZE,
        entries({**LARGE_SRC, "size": "4K"}, LARGE_DST),
    ),
    (
        "move-size-target",
        "SNP_PAGE_MOVE of 2 MiB to an entry of 4 KiB",
        161,
        "move-2m",
        BAD_SIZE,
        entries(LARGE_SRC, {**LARGE_DST, "size": "4K"}),
    ),
    (
        "move-size-state",
        "SNP_PAGE_MOVE: size and state are both wrong, the size is answered",
        161,
        "move-2m",
        BAD_SIZE,
        {**entries(LARGE_SRC, page("Guest-Invalid", FIRST, size="2M")), **do(size="4K")},
    ),
    (
        "move-own-source",
        "SNP_PAGE_MOVE of a page of the RMP itself",
        175,
        "move",
        BAD_PARAM,
        own(SECOND),
    ),
    (
        "move-own",
        "SNP_PAGE_MOVE of a metadata page to a page of the RMP itself",
        175,
        "move-metadata",
        BAD_PARAM,
        own(THIRD),
    ),
    (
        "move-other-metadata",
        "SNP_PAGE_MOVE of another guest's metadata page",
        161,
        "move-metadata",
        BAD_OWNER,
        entries(page("Metadata", gpa=OTHER_OWNER), page("Firmware", THIRD)),
    ),
]


def add(f: Family) -> None:
    page_move(cases(f, "SNP_PAGE_MOVE", dst=hex(THIRD), asid=ASID, owner=OWNER_PAGE))
