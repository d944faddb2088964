"""What precedes the RMP when a guest accesses memory: nested mapping, VIRTUAL_TOM. RMP notes, section 4."""

from __future__ import annotations

from reference.bundle import Family
from reference.families._rmp import (
    ASID,
    ENC,
    GPA,
    PAGE,
    SECOND,
    VC,
    Cases,
    do,
    entries,
    in_hex,
    mapped,
    npf,
    page,
)

AT = GPA + PAGE  # what is accessed


def add(f: Family) -> None:
    guest = {"instruction": "guest access", "kind": "write", "map": in_hex({"gpa": AT, "spa": SECOND})}
    c = Cases(f, "access", entries=[page("Guest-Valid")], cpu={"asid": ASID}, do=guest)
    below, above = hex(AT + PAGE), hex(AT)
    c.valid("nested", "A guest writes its page", 192)
    c.valid(
        "vtom-below",
        "Below VIRTUAL_TOM a write is private, with C=0",
        194,
        do={"vtom": below, "map": {"c": False}},
    )
    c.valid(
        "vtom-above", "From VIRTUAL_TOM on a write is shared, with C=1", 194, entries=[], do={"vtom": above}
    )
    c.valid(
        "vtom-fetch",
        "From VIRTUAL_TOM on a fetch is private",
        (194, 118),
        do={"vtom": above, "kind": "fetch-S", "map": {"c": False}},
    )
    c.invalid(
        [
            (
                "nested-absent",
                "A private write without a nested mapping",
                192,
                "nested",
                ("#VMEXIT(NPF)", 0),
                mapped(present=False),
            ),
            (
                "vtom-below-hypervisor",
                "A Hypervisor page below VIRTUAL_TOM",
                (106, 194),
                "vtom-above",
                npf(ENC),
                do(vtom=below),
            ),
            (
                "vtom-above-own",
                "The guest's own page at VIRTUAL_TOM",
                (103, 194),
                "vtom-below",
                npf(),
                do(vtom=above),
            ),
            (
                "vtom-fetch-invalid",
                "A fetch from VIRTUAL_TOM on, from a page that is not Validated",
                (110, 194),
                "vtom-fetch",
                VC,
                entries(page("Guest-Invalid")),
            ),
        ]
    )
