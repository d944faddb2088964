"""Op rmp: a small reverse map table, one call on it, and its entries afterwards.

Input: `own` and `entries` (set up in this order), `cpu`, `do` and `policy`, the switches of what no source
settles; families/rmp.py says what their members are. Absent members are 0, false, or what a usual machine
has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from reference import rmp_moves
from reference import rmp_types as t
from reference.bundle import Case, Seen
from reference.rmp import Table

MEMORY = 4 * t.LARGE
REGION = 2 * t.LARGE
WATCHED = (REGION, REGION + t.PAGE, REGION + 2 * t.PAGE, REGION + t.LARGE - t.PAGE)
ASIDS = (5, 9)

Do = Mapping[str, Any]
Told = dict[str, Any]

SIZES = {"4K": t.Size.K4, "2M": t.Size.M2}
MAPS = {"4K": t.Map.K4, "2M": t.Map.M2, "1G": t.Map.G1}
MARKS = {"none": t.Mark.NONE, "metadata": t.Mark.METADATA, "iommu": t.Mark.IOMMU}
STRUCTURES = {
    "VMCB": t.Structure.VMCB,
    "AVIC backing page": t.Structure.AVIC_BACKING_PAGE,
    "VM_HSAVE_PA": t.Structure.HSAVE,
    "VMSAVE": t.Structure.VMSAVE,
    "virtualised VMSAVE": t.Structure.VMSAVE_GUEST,
    "VMSAVE in an ES or SNP guest": t.Structure.VMSAVE_ES,
}
FAULTS = {
    t.Fault.UD: "#UD",
    t.Fault.GP: "#GP(0)",
    t.Fault.PF: "#PF",
    t.Fault.NPF: "#VMEXIT(NPF)",
    t.Fault.VC: "#VC",
    t.Fault.VMEXIT_INVALID: "VMEXIT_INVALID",
    t.Fault.VMEXIT_VMSAVE: "VMEXIT(VMSAVE)",
}
CODES = {
    t.FAIL_INPUT: "FAIL_INPUT",
    t.FAIL_PERMISSION: "FAIL_PERMISSION",
    t.FAIL_INUSE: "FAIL_INUSE",
    t.FAIL_OVERLAP: "FAIL_OVERLAP",
    t.FAIL_SIZEMISMATCH: "FAIL_SIZEMISMATCH",
    t.FAIL_UNFIT: "FAIL_UNFIT",
}


def number(value: int | str) -> int:
    return value if isinstance(value, int) else int(value, 16)


# ---- the table ----


def masks_of(row: Mapping[str, Any]) -> tuple[int, int, int, int]:
    masks = bytes.fromhex(row.get("perms", "00000000"))
    return masks[0], masks[1], masks[2], masks[3]


def entry_of(row: Mapping[str, Any]) -> t.Entry:
    return t.Entry(
        assigned=row.get("assigned", False),
        size=SIZES[row.get("size", "4K")],
        immutable=row.get("immutable", False),
        gpa=number(row.get("gpa", 0)),
        asid=row.get("asid", 0),
        vmsa=row.get("vmsa", False),
        validated=row.get("validated", False),
        perms=masks_of(row),
        mark=MARKS[row.get("mark", "none")],
    )


def own_pages(given: Mapping[str, Any]) -> range:
    """The pages of the RMP itself."""
    place = given.get("own", {})
    return range(number(place.get("start", 0)), number(place.get("end", 0)), t.PAGE)


def set_up(given: Mapping[str, Any]) -> Table:
    table = Table(MEMORY, t.Rules(**given.get("policy", {})))
    for at in own_pages(given):
        table.write(at, t.Entry(assigned=True, immutable=True))
    for row in given.get("entries", ()):
        at, entry = number(row["at"]), entry_of(row)
        for _ in range(row.get("count", 1)):
            if entry.size is t.Size.M2:
                table.write_2m(at, entry)
            else:
                table.write(at, entry)
            if row.get("in_use", 0):
                table.in_use[at] = row["in_use"]
            at, entry = at + t.PAGE, replace(entry, gpa=entry.gpa + t.PAGE if entry.asid else entry.gpa)
    return table


def row_of(table: Table, at: int) -> dict[str, Any]:
    """A page's entry, all members."""
    entry = table.at(at)
    return {
        "at": hex(at),
        "size": "2M" if entry.size is t.Size.M2 else "4K",
        "assigned": entry.assigned,
        "immutable": entry.immutable,
        "validated": entry.validated,
        "vmsa": entry.vmsa,
        "asid": entry.asid,
        "gpa": hex(entry.gpa),
        "perms": bytes(entry.perms).hex(),
        "mark": entry.mark.name.lower(),
        "subpages": entry.subpages,
        "in_use": table.in_use[at],
    }


Image = dict[int, tuple[t.Entry, int]]  # by address: a page's entry, and its users


def image(table: Table) -> Image:
    """Every entry that was ever written, and pages in use."""
    written = {first + i * t.PAGE for first in table.regions for i in range(t.PAGES)}
    return {at: (table.at(at), table.in_use[at]) for at in written | table.in_use.keys()}


def footprint(before: Image, table: Table) -> dict[str, Any]:
    """What the call did: how many entries changed, those of the watched pages, and the ASIDs' pages."""
    after, free = image(table), (t.HYPERVISOR, 0)
    changed = {at for at in before.keys() | after.keys() if before.get(at, free) != after.get(at, free)}
    return {
        "changed": len(changed),
        "entries": [row_of(table, at) for at in WATCHED if at in changed],
        "asid_pages": {str(asid): table.asid_pages.get(asid, 0) for asid in ASIDS},
    }


# ---- the calls ----


def cpu_of(given: Mapping[str, Any]) -> t.Cpu:
    cpu = given.get("cpu", {})
    return t.Cpu(
        snp=cpu.get("snp", True),
        vmpl=cpu.get("vmpl", 0),
        asid=cpu.get("asid", 0),
    )


def mapping_of(do: Do) -> t.Translation:
    at = do["map"]
    return t.Translation(
        gpa=number(at["gpa"]),
        spa=number(at["spa"]),
        map=MAPS[at.get("size", "4K")],
        c=at.get("c", True),
        present=at.get("present", True),
    )


def size_of(do: Do) -> t.Size:
    return SIZES[do.get("size", "4K")]


def update(table: Table, cpu: t.Cpu, do: Do) -> tuple[t.Answer, Told]:
    new = do["new"]
    request = t.Request(
        gpa=number(new.get("gpa", 0)),
        assigned=new.get("assigned", False),
        size=size_of(new),
        immutable=new.get("immutable", False),
        asid=new.get("asid", 0),
    )
    return table.update(cpu, number(do["spa"]), request), {}


def psmash(table: Table, cpu: t.Cpu, do: Do) -> tuple[t.Answer, Told]:
    return table.psmash(cpu, number(do["spa"])), {}


def read(table: Table, cpu: t.Cpu, do: Do) -> tuple[t.Answer, Told]:
    answer, found = table.read(cpu, number(do["spa"]))
    if found is None:
        return answer, {}
    return answer, {
        "read": {
            "gpa": hex(found.gpa),
            "assigned": found.assigned,
            "size": "2M" if found.size is t.Size.M2 else "4K",
            "region_assigned": found.region_assigned,
            "immutable": found.immutable,
            "asid": found.asid,
        }
    }


def pvalidate(table: Table, cpu: t.Cpu, do: Do) -> tuple[t.Answer, Told]:
    answer = table.pvalidate(cpu, number(do["gva"]), mapping_of(do), size_of(do), do["validate"])
    return answer, {"cf": answer.cf} if answer.ok else {}


def adjust(table: Table, cpu: t.Cpu, do: Do) -> tuple[t.Answer, Told]:
    vmsa = do.get("vmsa", False)
    mask = number(do["mask"])
    return table.adjust(cpu, number(do["gva"]), mapping_of(do), size_of(do), do["vmpl"], mask, vmsa), {}


def access(table: Table, _: t.Cpu, do: Do) -> tuple[t.Answer, Told]:
    asked = t.Access(
        t.Actor(do["actor"]),
        t.Kind(do["kind"]),
        number(do["spa"]),
        number(do.get("gpa", 0)),
        MAPS[do.get("size", "4K")],
        do.get("asid", 0),
        do.get("vmpl", 0),
        do.get("c", False),
        do.get("vmpl_sss", False),
    )
    return table.check(asked), {}


def guest_access(table: Table, cpu: t.Cpu, do: Do) -> tuple[t.Answer, Told]:
    """Nested translation and VIRTUAL_TOM, then the RMP."""
    at = mapping_of(do)
    if not at.present:
        return t.fault(192, t.Fault.NPF), {}
    c = at.gpa < number(do["vtom"]) if "vtom" in do else at.c
    kind = t.Kind(do["kind"])
    asked = t.Access(t.Actor.SNP_GUEST, kind, at.spa, at.gpa, at.map, cpu.asid, cpu.vmpl, c)
    return table.check(asked), {}


def structure(table: Table, _: t.Cpu, do: Do) -> tuple[t.Answer, Told]:
    return table.check_structure(STRUCTURES[do["structure"]], number(do["spa"]), 0, 0), {}


def vmrun(table: Table, cpu: t.Cpu, do: Do) -> tuple[t.Answer, Told]:
    avic, vmsa = (number(do[name]) if name in do else None for name in ("avic", "vmsa"))
    vmcb, gpa = number(do["vmcb"]), number(do.get("gpa", 0))
    asid, no_hsave = do.get("asid", 0), do.get("no_hsave", False)
    answer = table.vmrun(cpu.snp, do["snp_guest"], vmcb, avic, vmsa, asid, gpa, no_hsave=no_hsave)
    if answer.ok and do.get("vmexit", False):
        table.vmexit(vmcb, avic, vmsa)
    return answer, {}


CALLS: dict[str, Callable[[Table, t.Cpu, Do], tuple[t.Answer, Told]]] = {
    "RMPUPDATE": update,
    "PSMASH": psmash,
    "RMPREAD": read,
    "PVALIDATE": pvalidate,
    "RMPADJUST": adjust,
    "access": access,
    "guest access": guest_access,
    "structure": structure,
    "VMRUN": vmrun,
}


def command(table: Table, own: range, do: Do) -> str | None:
    """Firmware's part; the status of a refusal."""
    args = rmp_moves.Args(
        size=size_of(do),
        asid=do.get("asid", 0),
        owner=number(do.get("owner", 0)),
        gpa=number(do.get("gpa", 0)),
        perms=masks_of(do),
        type=do.get("type", "data"),
        validated=do.get("validated", False),
        dst=number(do.get("dst", 0)),
        own=own,
    )
    return rmp_moves.COMMANDS[do["instruction"]](table, number(do["spa"]), args)


def run(case: Case) -> Seen:
    table = set_up(case.input)
    do = case.input["do"]
    before = image(table)
    if do["instruction"] in rmp_moves.COMMANDS:
        status = command(table, own_pages(case.input), do)
        output = footprint(before, table)
        return Seen("invalid" if status else "valid", status=status, output=output)
    answer, told = CALLS[do["instruction"]](table, cpu_of(case.input), do)
    output = {**told, **footprint(before, table)}
    if answer.ok:
        return Seen("valid", output=output)
    if answer.fault is t.Fault.NONE:
        status = CODES[answer.eax]
    else:
        status, output["error"] = FAULTS[answer.fault], hex(answer.error)
    return Seen("invalid", status=status, output=output, where=f"SNP-RMP-{answer.rule:03}")
