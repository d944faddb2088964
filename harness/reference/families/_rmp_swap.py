"""Swapping, and SNP_PAGE_UNSMASH: firmware command notes, sections 5.15, 5.16, 5.21."""

from __future__ import annotations

from reference.bundle import Family
from reference.families._rmp import (
    ASID,
    FIRST,
    GPA,
    LARGE,
    LAST,
    NOWHERE,
    OTHER_ASID,
    OTHER_GPA,
    PAGE,
    SECOND,
    Cases,
    Given,
    Refusal,
    Row,
    became,
    do,
    entries,
    own,
    page,
)
from reference.families._rmp_move import (
    BAD_ADDRESS,
    BAD_OWNER,
    BAD_PARAM,
    BAD_SIZE,
    BAD_STATE,
    LARGE_FROZEN,
    NEW_PERMS,
    ON_LARGE,
    OTHER_GUEST,
    OTHER_OWNER,
    OWNER_PAGE,
    cases,
)

BACK: Row = {"gpa": hex(GPA + 9 * PAGE), "perms": NEW_PERMS}  # what comes back with a page


def swap_out(c: Cases) -> None:
    c.valid(
        "swap-out",
        "SNP_PAGE_SWAP_OUT of a Pre-Swap page: it becomes Pre-Guest",
        159,
        after={1: became("Pre-Guest")},
    )
    c.valid(
        "swap-out-first",
        "SNP_PAGE_SWAP_OUT of a region's first page",
        159,
        entries=[page("Pre-Swap", FIRST)],
        do={"spa": hex(FIRST)},
        after={0: became("Pre-Guest", FIRST)},
    )
    c.valid(
        "swap-out-pre-guest",
        "SNP_PAGE_SWAP_OUT of a Pre-Guest page leaves it so",
        159,
        entries=[page("Pre-Guest")],
    )
    c.valid(
        "swap-out-metadata",
        "SNP_PAGE_SWAP_OUT of a metadata page: it becomes Firmware",
        159,
        entries=[page("Metadata")],
        do={"type": "metadata"},
        after={1: became("Firmware")},
    )
    c.invalid(OUT_STATES, "SNP_PAGE_SWAP_OUT of data that is not Pre-Guest or Pre-Swap")
    c.invalid(OUT_REFUSED)


OUT_STATES: list[Refusal] = [
    (
        "swap-out-state",
        "SNP_PAGE_SWAP_OUT of a Guest-Valid page",
        155,
        "swap-out",
        BAD_STATE,
        entries(page("Guest-Valid")),
    ),
    (
        "swap-out-data",
        "A metadata page is swapped out as data",
        155,
        "swap-out",
        BAD_STATE,
        entries(page("Metadata")),
    ),
]
OUT_REFUSED: list[Refusal] = [
    (
        "swap-out-owner",
        "SNP_PAGE_SWAP_OUT of another guest's page",
        156,
        "swap-out",
        BAD_OWNER,
        entries(page("Pre-Swap", asid=OTHER_ASID)),
    ),
    (
        "swap-out-2m",
        "SNP_PAGE_SWAP_OUT of 2 MiB, an entry of 4 KiB",
        153,
        "swap-out-first",
        BAD_SIZE,
        do(size="2M"),
    ),
    (
        "swap-out-size-state",
        "SNP_PAGE_SWAP_OUT: size and state are both wrong, the size is answered",
        153,
        "swap-out-first",
        BAD_SIZE,
        {**entries(page("Guest-Valid", FIRST)), **do(size="2M")},
    ),
    (
        "swap-out-state-owner",
        "SNP_PAGE_SWAP_OUT: state and owner are both wrong, the state is answered",
        155,
        "swap-out",
        BAD_STATE,
        entries(page("Guest-Valid", asid=OTHER_ASID)),
    ),
    (
        "swap-out-own",
        "SNP_PAGE_SWAP_OUT of a page of the RMP itself",
        175,
        "swap-out",
        BAD_PARAM,
        own(SECOND),
    ),
    (
        "swap-out-guest",
        "A guest's page is swapped out as metadata",
        155,
        "swap-out-metadata",
        BAD_STATE,
        entries(page("Pre-Swap")),
    ),
    (
        "swap-out-other",
        "SNP_PAGE_SWAP_OUT of another guest's metadata page",
        156,
        "swap-out-metadata",
        BAD_OWNER,
        entries(page("Metadata", gpa=OTHER_OWNER)),
    ),
]


def swap_in(c: Cases) -> None:
    c.valid(
        "swap-in",
        "SNP_PAGE_SWAP_IN of a page that was validated: GPA and masks come back, it is Pre-Swap",
        159,
        do={"validated": True},
        after={1: became("Pre-Swap", **BACK)},
    )
    c.valid(
        "swap-in-invalid",
        "SNP_PAGE_SWAP_IN of a page that was not: it stays Pre-Guest",
        159,
        after={1: became("Pre-Guest", **BACK)},
    )
    c.valid(
        "swap-in-vmsa",
        "SNP_PAGE_SWAP_IN of a VMSA",
        159,
        do={"type": "VMSA", "validated": True},
        after={1: became("Pre-Swap", **BACK, vmsa=True)},
    )
    c.valid(
        "swap-in-2m",
        "SNP_PAGE_SWAP_IN of a 2 MiB page",
        159,
        entries=[LARGE_FROZEN],
        do={**ON_LARGE, "gpa": hex(OTHER_GPA), "validated": True},
        after={0: became("Pre-Swap", FIRST, size="2M", gpa=hex(OTHER_GPA), perms=NEW_PERMS)},
    )
    c.valid(
        "swap-in-metadata",
        "SNP_PAGE_SWAP_IN of a metadata page: Firmware becomes Metadata",
        159,
        entries=[page("Firmware")],
        do={"type": "metadata"},
        after={1: became("Metadata")},
    )
    c.invalid(IN_STATES, "SNP_PAGE_SWAP_IN over a page that is not Pre-Guest")
    c.invalid(IN_REFUSED)


IN_STATES: list[Refusal] = [
    (
        "swap-in-state",
        "SNP_PAGE_SWAP_IN over a Pre-Swap page",
        155,
        "swap-in",
        BAD_STATE,
        entries(page("Pre-Swap")),
    ),
    (
        "swap-in-guest",
        "SNP_PAGE_SWAP_IN over a Guest-Valid page",
        155,
        "swap-in",
        BAD_STATE,
        entries(page("Guest-Valid")),
    ),
]
IN_REFUSED: list[Refusal] = [
    (
        "swap-in-owner",
        "SNP_PAGE_SWAP_IN over another guest's page",
        156,
        "swap-in",
        BAD_OWNER,
        OTHER_GUEST,
    ),
    (
        "swap-in-size",
        "SNP_PAGE_SWAP_IN of 4 KiB over a 2 MiB page",
        153,
        "swap-in-2m",
        BAD_SIZE,
        do(size="4K"),
    ),
    (
        "swap-in-size-2m",
        "SNP_PAGE_SWAP_IN of 2 MiB, an entry of 4 KiB",
        153,
        "swap-in-2m",
        BAD_SIZE,
        entries(page("Pre-Guest", FIRST)),
    ),
    (
        "swap-in-vmsa-2m",
        "A VMSA of 2 MiB is swapped in",
        153,
        "swap-in-2m",
        BAD_SIZE,
        do(type="VMSA"),
    ),
    (
        "swap-in-size-state",
        "SNP_PAGE_SWAP_IN: size and state are both wrong, the size is answered",
        153,
        "swap-in-2m",
        BAD_SIZE,
        {**entries(page("Pre-Swap", FIRST, size="2M")), **do(size="4K")},
    ),
    (
        "swap-in-state-owner",
        "SNP_PAGE_SWAP_IN: state and owner are both wrong, the state is answered",
        155,
        "swap-in",
        BAD_STATE,
        entries(page("Guest-Valid", asid=OTHER_ASID)),
    ),
    (
        "swap-in-own",
        "A metadata page is swapped in over a page of the RMP itself",
        175,
        "swap-in-metadata",
        BAD_PARAM,
        own(SECOND),
    ),
    (
        "swap-in-over-reclaim",
        "A metadata page is swapped in over a Reclaim page",
        155,
        "swap-in-metadata",
        BAD_STATE,
        entries(page("Reclaim")),
    ),
]


def unsmash(c: Cases) -> None:
    later = {1: {"assigned": True}, 2: {"assigned": True}, 3: {"assigned": True}}
    full = page("Pre-Guest", FIRST, count=512)
    c.valid(
        "unsmash",
        "SNP_PAGE_UNSMASH: 512 Pre-Guest pages become one of 2 MiB",
        165,
        changed=512,
        after={0: became("Pre-Guest", FIRST, size="2M"), **later},
        asids=(512, 0),
    )
    c.valid(
        "unsmash-swapped",
        "SNP_PAGE_UNSMASH of 512 Pre-Swap pages",
        165,
        entries=[page("Pre-Swap", FIRST, count=512)],
        changed=512,
        after={0: became("Pre-Swap", FIRST, size="2M"), **later},
        asids=(512, 0),
    )
    rows: list[tuple[str, str, int, Given]] = [
        ("state", "one page is Guest-Invalid", 163, entries(full, page("Guest-Invalid", LAST))),
        ("mixed", "one page is Pre-Swap", 163, entries(full, page("Pre-Swap", LAST))),
        ("asid", "one page is another guest's", 163, entries(full, page("Pre-Guest", LAST, asid=OTHER_ASID))),
        ("perms", "one page has other masks", 163, entries(full, page("Pre-Guest", LAST, perms=NEW_PERMS))),
        ("vmsa", "all pages are VMSAs", 163, entries({**full, "vmsa": True})),
        ("firmware", "the pages are firmware's", 163, entries(page("Firmware", FIRST, count=512))),
        ("2m", "it is one page already", 163, entries(LARGE_FROZEN)),
        ("gap", "two pages have one GPA", 164, entries(full, page("Pre-Guest", LAST, gpa=hex(GPA)))),
        ("gpa", "the GPAs do not begin 2 MiB-aligned", 164, entries({**full, "gpa": hex(GPA + PAGE)})),
        ("nowhere", "the region has no entries", 162, do(spa=NOWHERE)),
    ]
    c.invalid(
        [
            (f"unsmash-{n}", f"SNP_PAGE_UNSMASH where {text}", req, "unsmash", BAD_STATE, change)
            for n, text, req, change in rows
        ]
    )
    end = FIRST + LARGE
    others: list[Refusal] = [
        (
            "unsmash-unaligned",
            "SNP_PAGE_UNSMASH at the second page",
            162,
            "unsmash",
            BAD_PARAM,
            do(spa=SECOND),
        ),
        (
            "unsmash-own",
            "SNP_PAGE_UNSMASH of pages of the RMP itself",
            175,
            "unsmash",
            BAD_ADDRESS,
            own(FIRST, end),
        ),
    ]
    c.invalid(others)


def add(f: Family) -> None:
    swap_out(cases(f, "SNP_PAGE_SWAP_OUT", page("Pre-Swap"), asid=ASID, owner=OWNER_PAGE))
    swap_in(cases(f, "SNP_PAGE_SWAP_IN", page("Pre-Guest"), asid=ASID, owner=OWNER_PAGE, **BACK))
    unsmash(cases(f, "SNP_PAGE_UNSMASH", page("Pre-Guest", FIRST, count=512), spa=FIRST))
