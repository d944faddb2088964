"""Memory accesses: RMP notes, section 4."""

from __future__ import annotations

from reference.bundle import Family
from reference.families._rmp import (
    ASID,
    ENC,
    FIRST,
    GPA,
    LAST,
    NOWHERE,
    OTHER_ASID,
    OTHER_GPA,
    PAGE,
    PF,
    SECOND,
    SSS,
    THIRD,
    VC,
    VMPL,
    Alike,
    Cases,
    Given,
    Refusal,
    Row,
    do,
    entries,
    npf,
    own,
    page,
)

Good = tuple[str, str, int, list[Row], Given]  # name, title, requirement, entries, what it does otherwise

GUEST_PAGE, LARGE_PAGE = page("Guest-Valid"), page("Guest-Valid", FIRST, size="2M")
SMALL_FIRST = page("Guest-Valid", FIRST)
OTHER_GUEST = entries(page("Guest-Valid", asid=OTHER_ASID))
OTHER_ADDRESS = entries(page("Guest-Valid", gpa=hex(OTHER_GPA)))
NOT_VALID = entries(page("Guest-Invalid"))
MINE = entries(GUEST_PAGE)
LAST_ASSIGNED = entries(page("Guest-Valid", LAST))
ASSIGNED = ("Guest-Valid", "Pre-Guest", "Firmware", "Context", "Metadata", "Reclaim")


def masked(mask: int) -> Given:
    """The guest's page with MASK for VMPL 1, which has it in bits 15:8 of the masks."""
    return entries(page("Guest-Valid", perms=f"1f{mask:02x}0000"))


# ---- the host, and guests without SNP ----

HOST_GOOD: tuple[Good, ...] = (
    ("host-write", "The host writes a Hypervisor page", 101, [], {}),
    ("host-read", "The host reads a guest's page", 101, [GUEST_PAGE], {"kind": "read"}),
    ("host-fetch", "The host executes a guest's page", 101, [GUEST_PAGE], {"kind": "fetch-S"}),
    ("host-walk", "The host's page table in a Hypervisor page", 101, [], {"kind": "walk"}),
    ("host-walk-ad", "The host sets an accessed bit in a Hypervisor page", 101, [], {"kind": "walk-AD"}),
    ("host-write-sss", "The host's shadow stack in a Hypervisor page", 101, [], {"kind": "SSS"}),
    ("host-hv-fixed", "The host writes an HV-Fixed page", 101, [page("HV-Fixed")], {}),
    ("host-nowhere", "The host writes a page without an entry", 101, [], {"spa": hex(NOWHERE)}),
    ("host-2m", "The host writes by a mapping of 2 MiB, no page of it Assigned", 104, [], {"size": "2M"}),
    (
        "host-1g",
        "The host writes by 1 GiB, an Assigned page in another region",
        104,
        [page("Guest-Valid", 0x1000)],
        {"size": "1G"},
    ),
    ("host-beside", "By 4 KiB an Assigned neighbour does not matter", 104, [page("Guest-Valid", THIRD)], {}),
    (
        "host-ad-2m",
        "An accessed bit is set by 2 MiB beside an Assigned page, for which 4 KiB count",
        101,
        [page("Guest-Valid", THIRD)],
        {"kind": "walk-AD", "size": "2M"},
    ),
)

HOST_ALIKE: list[Alike] = [
    (
        "The host writes an Assigned page",
        [
            (
                f"host-{state.lower()}",
                f"The host writes a {state} page",
                101,
                "host-write",
                PF,
                entries(page(state)),
            )
            for state in ASSIGNED
        ],
    ),
    (
        "The host writes by 2 MiB, another page than the first is Assigned",
        [
            ("host-2m-beside", "By 2 MiB, the second page is Assigned", 104, "host-2m", PF, MINE),
            (
                "host-2m-last",
                "By 2 MiB, the last page is Assigned",
                104,
                "host-2m",
                PF,
                entries(page("Reclaim", LAST)),
            ),
        ],
    ),
]
HOST_REFUSED: list[Refusal] = [
    ("host-own", "The host writes a page of the RMP itself", 175, "host-write", PF, own(SECOND)),
    ("host-walk-assigned", "The host's page table in a guest's page", 101, "host-walk", PF, MINE),
    ("host-sss-assigned", "The host's shadow stack in a guest's page", 101, "host-write-sss", PF, MINE),
    (
        "host-in-2m",
        "The host writes a later page of a 2 MiB page",
        101,
        "host-write",
        PF,
        entries(LARGE_PAGE),
    ),
    (
        "host-2m-first",
        "By 2 MiB, the first page alone is Assigned",
        101,
        "host-2m",
        PF,
        entries(page("Firmware", FIRST)),
    ),
    ("host-1g-beside", "By 1 GiB, a page of the region is Assigned", 104, "host-1g", PF, MINE),
    ("host-ad-own", "An accessed bit is set in an Assigned page", 101, "host-ad-2m", PF, MINE),
]

GUEST_GOOD: tuple[Good, ...] = (
    ("guest-write", "A guest without SNP writes a Hypervisor page", 102, [], {}),
    ("guest-read", "A guest without SNP reads another guest's page", 102, [GUEST_PAGE], {"kind": "read"}),
    ("guest-walk", "A page table of a guest without SNP in a Hypervisor page", 102, [], {"kind": "walk"}),
    ("guest-2m", "A guest without SNP writes by 2 MiB, no page of it Assigned", 104, [], {"size": "2M"}),
)

GUEST_ALIKE: list[Alike] = [
    (
        "A guest without SNP writes an Assigned page",
        [
            ("guest-assigned", "A guest without SNP writes another's page", 102, "guest-write", npf(), MINE),
            (
                "guest-firmware",
                "A guest without SNP writes firmware's page",
                102,
                "guest-write",
                npf(),
                entries(page("Firmware")),
            ),
        ],
    ),
]
GUEST_REFUSED: list[Refusal] = [
    ("guest-own", "A guest writes a page of the RMP itself", 175, "guest-write", npf(), own(SECOND)),
    (
        "guest-walk-assigned",
        "A page table of a guest without SNP in another's page",
        102,
        "guest-walk",
        npf(),
        MINE,
    ),
    (
        "guest-2m-beside",
        "A guest without SNP, by 2 MiB beside an Assigned page",
        104,
        "guest-2m",
        npf(),
        LAST_ASSIGNED,
    ),
]

# ---- SNP guests ----

SHARED_GOOD: tuple[Good, ...] = (
    ("shared-write", "An SNP guest writes a Hypervisor page with C=0", 103, [], {}),
    ("shared-read", "An SNP guest reads its own page with C=0", 103, [GUEST_PAGE], {"kind": "read"}),
    ("shared-2m", "An SNP guest writes by 2 MiB with C=0, no page of it Assigned", 104, [], {"size": "2M"}),
)

SHARED_ALIKE: list[Alike] = [
    (
        "An SNP guest writes an Assigned page with C=0",
        [
            ("shared-own", "An SNP guest writes its own page with C=0", 103, "shared-write", npf(), MINE),
            (
                "shared-other",
                "An SNP guest writes another's page with C=0",
                103,
                "shared-write",
                npf(),
                OTHER_GUEST,
            ),
        ],
    ),
]
SHARED_REFUSED: list[Refusal] = [
    (
        "shared-2m-beside",
        "An SNP guest with C=0, by 2 MiB beside an Assigned page",
        104,
        "shared-2m",
        npf(),
        LAST_ASSIGNED,
    ),
]

LARGE_ACCESS = {"spa": hex(FIRST + 3 * PAGE), "gpa": hex(GPA + 3 * PAGE), "size": "2M"}
PRIVATE_GOOD: tuple[Good, ...] = (
    ("private-read", "An SNP guest reads its page", 111, [GUEST_PAGE], {}),
    ("private-write", "An SNP guest writes its page", 112, [GUEST_PAGE], {"kind": "write"}),
    ("private-fetch-user", "An SNP guest executes its page at CPL 3", 114, [GUEST_PAGE], {"kind": "fetch-U"}),
    (
        "private-fetch-supervisor",
        "An SNP guest executes its page at CPL 0",
        115,
        [GUEST_PAGE],
        {"kind": "fetch-S"},
    ),
    (
        "private-fetch-shared",
        "A fetch is private whatever C is",
        118,
        [GUEST_PAGE],
        {"kind": "fetch-S", "c": False},
    ),
    (
        "private-walk-shared",
        "A page walk is private whatever C is",
        118,
        [GUEST_PAGE],
        {"kind": "walk", "c": False},
    ),
    ("private-walk-ad", "An accessed bit is set", 112, [GUEST_PAGE], {"kind": "walk-AD"}),
    ("private-2m", "A page of a 2 MiB page by a mapping of 2 MiB", 109, [LARGE_PAGE], LARGE_ACCESS),
    (
        "private-first",
        "The first page of a 2 MiB page",
        109,
        [LARGE_PAGE],
        {"spa": hex(FIRST), "gpa": hex(GPA), "size": "2M"},
    ),
    (
        "private-1g",
        "A page of a 2 MiB page by a mapping of 1 GiB",
        109,
        [LARGE_PAGE],
        {**LARGE_ACCESS, "size": "1G"},
    ),
    (
        "vmpl1-read",
        "VMPL 1 reads what it may read only",
        111,
        [page("Guest-Valid", perms="1f010000")],
        {"vmpl": 1},
    ),
    (
        "vmpl1-write",
        "VMPL 1 writes what it may read and write",
        112,
        [page("Guest-Valid", perms="1f030000")],
        {"vmpl": 1, "kind": "write"},
    ),
    (
        "vmpl1-walk",
        "VMPL 1 has a page table in what it may read only",
        111,
        [page("Guest-Valid", perms="1f010000")],
        {"vmpl": 1, "kind": "walk"},
    ),
    (
        "vmpl1-walk-ad",
        "VMPL 1 sets an accessed bit in what it may read and write",
        112,
        [page("Guest-Valid", perms="1f030000")],
        {"vmpl": 1, "kind": "walk-AD"},
    ),
    (
        "vmpl1-fetch-user",
        "VMPL 1 executes at CPL 3 with that bit alone",
        114,
        [page("Guest-Valid", perms="1f040000")],
        {"vmpl": 1, "kind": "fetch-U"},
    ),
    (
        "vmpl1-fetch-supervisor",
        "VMPL 1 executes at CPL 0 with that bit alone",
        115,
        [page("Guest-Valid", perms="1f080000")],
        {"vmpl": 1, "kind": "fetch-S"},
    ),
    (
        "vmpl1-read-sss",
        "VMPL 1 reads with VmplSSS on",
        117,
        [page("Guest-Valid", perms="1f110000")],
        {"vmpl": 1, "vmpl_sss": True},
    ),
)

DENIED, MASKED = npf(ENC), npf(ENC, VMPL)
PRIVATE_ALIKE: list[Alike] = [
    (
        "A private access to a page that is in no guest's hands",
        [
            ("private-hypervisor", "A Hypervisor page", 106, "private-read", DENIED, entries()),
            (
                "private-firmware",
                "A page of firmware's",
                106,
                "private-read",
                DENIED,
                entries(page("Firmware")),
            ),
        ],
    ),
    (
        "The entry has another GPA",
        [
            ("private-other-gpa", "The entry has another GPA", 107, "private-read", DENIED, OTHER_ADDRESS),
            (
                "private-write-other-gpa",
                "A write where the entry has another GPA",
                107,
                "private-write",
                DENIED,
                OTHER_ADDRESS,
            ),
        ],
    ),
    (
        "A private access to an Immutable page",
        [
            (
                "private-pre-guest",
                "A Pre-Guest page, which is not Validated either: Immutable is told",
                108,
                "private-read",
                DENIED,
                entries(page("Pre-Guest")),
            ),
            ("private-pre-swap", "A Pre-Swap page", 108, "private-read", DENIED, entries(page("Pre-Swap"))),
        ],
    ),
    (
        "A mapping larger than the entry's page",
        [
            (
                "private-map-2m",
                "A mapping of 2 MiB, an entry of 4 KiB",
                109,
                "private-2m",
                DENIED,
                entries(SMALL_FIRST),
            ),
            (
                "private-map-1g",
                "A mapping of 1 GiB, an entry of 4 KiB",
                109,
                "private-1g",
                DENIED,
                entries(SMALL_FIRST),
            ),
        ],
    ),
    (
        "A private access to a page that is not Validated",
        [
            ("private-invalid", "A read of a page that is not Validated", 110, "private-read", VC, NOT_VALID),
            (
                "private-write-invalid",
                "A write to a page that is not Validated",
                110,
                "private-write",
                VC,
                NOT_VALID,
            ),
            (
                "private-fetch-invalid",
                "A fetch from a page that is not Validated",
                110,
                "private-fetch-supervisor",
                VC,
                NOT_VALID,
            ),
        ],
    ),
    (
        "A read without mask bit 0",
        [
            ("vmpl1-no-read", "A read without mask bit 0", 111, "vmpl1-read", MASKED, masked(0x1E)),
            ("vmpl3-none", "A read by VMPL 3, which has nothing", 111, "vmpl1-read", MASKED, do(vmpl=3)),
        ],
    ),
]
PRIVATE_REFUSED: list[Refusal] = [
    ("private-nowhere", "A page without an entry", 105, "private-read", DENIED, do(spa=NOWHERE)),
    ("private-other", "Another guest's page", 106, "private-read", DENIED, OTHER_GUEST),
    (
        "private-in-2m",
        "A later page of a 2 MiB page by a mapping of 4 KiB",
        106,
        "private-read",
        DENIED,
        entries(LARGE_PAGE),
    ),
    (
        "private-remapped",
        "The guest's page at another of its addresses",
        107,
        "private-read",
        DENIED,
        do(gpa=GPA + 2 * PAGE),
    ),
    ("private-map-4k", "A mapping of 4 KiB, an entry of 2 MiB", 109, "private-first", DENIED, do(size="4K")),
    ("vmpl1-no-walk", "A page walk without mask bit 0", 111, "vmpl1-walk", MASKED, masked(0x1E)),
    ("vmpl1-no-write", "A write without mask bit 1", 112, "vmpl1-write", MASKED, masked(0x1D)),
    (
        "vmpl1-no-walk-ad",
        "An accessed bit is set without mask bit 1",
        112,
        "vmpl1-walk-ad",
        MASKED,
        masked(0x1D),
    ),
    (
        "vmpl1-write-only",
        "A write with mask bit 1 but without bit 0",
        113,
        "vmpl1-write",
        MASKED,
        masked(0x1E),
    ),
    (
        "vmpl1-no-fetch-user",
        "A fetch at CPL 3 without mask bit 2",
        114,
        "vmpl1-fetch-user",
        MASKED,
        masked(0x1B),
    ),
    (
        "vmpl1-no-fetch-supervisor",
        "A fetch at CPL 0 without mask bit 3",
        115,
        "vmpl1-fetch-supervisor",
        MASKED,
        masked(0x17),
    ),
    (
        "vmpl1-sss-bit",
        "A refused read with mask bit 4 and VmplSSS",
        117,
        "vmpl1-read-sss",
        npf(ENC, VMPL, SSS),
        masked(0x10),
    ),
]


def add(f: Family) -> None:
    host = {"instruction": "access", "actor": "host", "kind": "write", "spa": hex(SECOND)}
    guest = {**host, "actor": "guest", "gpa": hex(GPA + PAGE), "asid": ASID}
    shared = {**guest, "actor": "snp", "c": False}
    private = {**shared, "kind": "read", "c": True}
    for base, good, alike, refused in (
        (host, HOST_GOOD, HOST_ALIKE, HOST_REFUSED),
        (guest, GUEST_GOOD, GUEST_ALIKE, GUEST_REFUSED),
        (shared, SHARED_GOOD, SHARED_ALIKE, SHARED_REFUSED),
        (private, PRIVATE_GOOD, PRIVATE_ALIKE, PRIVATE_REFUSED),
    ):
        c = Cases(f, "access", do=base)
        for name, title, req, table, change in good:
            c.valid(name, title, req, entries=table, do=change)
        c.alike(alike)
        c.invalid(refused)
    tables = Cases(f, "access", entries=[LARGE_PAGE], do={**private, **LARGE_ACCESS, "kind": "walk"})
    tables.valid("private-walk-2m", "A guest's page table in a 2 MiB page", 109)
    tables.policy(
        "private-ad-2m",
        "An accessed bit is set by a mapping of 2 MiB",
        119,
        "private-walk-2m",
        DENIED,
        "guest_ad_maps",
        (True, False),
        do(kind="walk-AD"),
    )
