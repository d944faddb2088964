"""VMRUN and other structures: RMP notes, section 4.2."""

from __future__ import annotations

from reference.bundle import Family
from reference.families._rmp import (
    ASID,
    FIRST,
    GP,
    NOWHERE,
    OTHER_ASID,
    OTHER_GPA,
    SECOND,
    THIRD,
    VMEXIT,
    Cases,
    Given,
    Refusal,
    Row,
    cpu,
    do,
    entries,
    npf,
    page,
)

MINE = entries(page("Guest-Valid"))
VMCB, AVIC, VMSA = FIRST, SECOND, THIRD
VMSA_PAGE = page("Guest-Valid", VMSA, vmsa=True)
IN_USE: Row = {"in_use": 1}
VMEXIT_VMSAVE = ("VMEXIT(VMSAVE)", 0)


def used(at: int) -> Row:
    """The VMSA's entry while it is in use."""
    return {k: v for k, v in {**VMSA_PAGE, **IN_USE}.items() if k != "at"} if at == VMSA else IN_USE


def vmrun(c: Cases) -> None:
    after = {0: {**used(VMCB), "subpages": 1}, 1: used(AVIC), 2: used(VMSA)}
    c.valid("vmrun", "VMRUN of an SNP guest: VMCB, AVIC backing page and VMSA are in use", 143, after=after)
    c.valid("vmexit", "After #VMEXIT they are in use no longer", 143, do={"vmexit": True})
    es = {"snp_guest": False}
    c.valid(
        "vmrun-es",
        "VMRUN of a guest without SNP",
        133,
        entries=[],
        do=es,
        after={0: IN_USE, 1: IN_USE, 2: IN_USE},
    )
    c.valid(
        "vmrun-not-valid",
        "A VMSA that is not Validated: that is not looked at",
        138,
        entries=[page("Guest-Invalid", VMSA, vmsa=True)],
        do={"vmexit": True},
    )
    c.valid(
        "vmrun-vmcb-nowhere",
        "A VMCB without an entry is the hypervisor's",
        131,
        do={"vmcb": hex(NOWHERE), "vmexit": True},
    )
    c.invalid(VMCB_ASSIGNED, "A VMCB in an Assigned page")
    c.invalid(VMRUN_REFUSED)


def vmsa(**more: object) -> Given:
    return entries({**VMSA_PAGE, **more})


VMCB_ASSIGNED: list[Refusal] = [
    (
        "vmcb-assigned",
        "A VMCB in the guest's own page",
        131,
        "vmrun",
        GP,
        entries(page("Guest-Valid", VMCB), VMSA_PAGE),
    ),
    (
        "vmcb-firmware",
        "A VMCB in firmware's page",
        131,
        "vmrun",
        GP,
        entries(page("Firmware", VMCB), VMSA_PAGE),
    ),
]
VMRUN_REFUSED: list[Refusal] = [
    (
        "avic-assigned",
        "An AVIC backing page that is a guest's",
        132,
        "vmrun",
        VMEXIT,
        entries(page("Guest-Valid"), VMSA_PAGE),
    ),
    (
        "es-vmsa-assigned",
        "A VMSA of a guest without SNP in another's page",
        133,
        "vmrun-es",
        VMEXIT,
        entries(VMSA_PAGE),
    ),
    ("vmsa-nowhere", "A VMSA without an entry", 134, "vmrun", VMEXIT, do(vmsa=NOWHERE)),
    ("vmsa-hypervisor", "A VMSA in a Hypervisor page", 135, "vmrun", VMEXIT, entries()),
    ("vmsa-other", "A VMSA of another guest", 135, "vmrun", VMEXIT, vmsa(asid=OTHER_ASID)),
    ("vmsa-gpa", "A VMSA whose entry has another GPA", 136, "vmrun", VMEXIT, vmsa(gpa=hex(OTHER_GPA))),
    ("vmsa-immutable", "A VMSA that is Immutable", 137, "vmrun", VMEXIT, vmsa(immutable=True)),
    ("vmsa-bit", "A VMSA whose VMSA bit is 0", 138, "vmrun", VMEXIT, vmsa(vmsa=False)),
    ("vmrun-no-hsave", "VMRUN while VM_HSAVE_PA is 0", 144, "vmrun", GP, do(no_hsave=True)),
    ("vmrun-snp-off", "An SNP guest while SYSCFG.SNPEn is off", 142, "vmrun", VMEXIT, cpu(snp=False)),
]


def structures(c: Cases) -> None:
    rows: list[tuple[str, str, int, tuple[str, int]]] = [
        ("hsave", "VM_HSAVE_PA", 139, GP),
        ("vmsave", "VMSAVE", 140, GP),
        ("vmsave-virtual", "virtualised VMSAVE", 141, npf()),
    ]
    for name, what, req, answer in rows:
        c.valid(name, f"{what} with a Hypervisor page", req, do={"structure": what})
        c.invalid(
            [
                (f"{name}-guest", f"{what} with a guest's page", req, name, answer, MINE),
                (
                    f"{name}-firmware",
                    f"{what} with firmware's page",
                    req,
                    name,
                    answer,
                    entries(page("Firmware")),
                ),
            ],
            f"{what} with an Assigned page",
        )
    inside = do(structure="VMSAVE in an ES or SNP guest")
    c.invalid([("vmsave-es", "VMSAVE in an ES or SNP guest", 145, "vmsave-virtual", VMEXIT_VMSAVE, inside)])


def add(f: Family) -> None:
    run = {"instruction": "VMRUN", "snp_guest": True, "asid": ASID, "gpa": VMSA_PAGE["gpa"]}
    pages = {"vmcb": hex(VMCB), "avic": hex(AVIC), "vmsa": hex(VMSA)}
    vmrun(Cases(f, "vmrun", entries=[VMSA_PAGE], do={**run, **pages}))
    structures(Cases(f, "structure", do={"instruction": "structure", "spa": hex(SECOND)}))
