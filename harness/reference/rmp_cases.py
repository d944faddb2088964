"""The cases of the RMP's decision tables: their dimensions' values, set-ups and how the reference answers.

Everything here stands once more in suites/rmp/decision_*.c, in C: the same names in the same order.

Addresses: the region under test begins at SPA, or past the table's end for Default; page `aligned` is its
first page, `later` its second. GPAs follow the SPAs page by page. A guest state's masks are PERMS.
"""

from __future__ import annotations

import struct
from collections import Counter
from dataclasses import replace
from functools import cache

from reference import rmp, rmp_pack
from reference import rmp_types as t
from reference.rmp import Table
from reference.rmp_types import Actor, Cpu, Entry, Kind, Map, Request, Rules, Size, State, Translation

MEMORY = 4 * t.LARGE
SPA = 2 * t.LARGE
GPA, OTHER_GPA = 0x40000000, 0x80000000
ASID, OTHER_ASID = 5, 9
OWNER = t.LARGE  # a metadata page's guest context
PERMS = (0x1F, 0x0B, 0x05, 0x01)
GVA = 0x7F0000000000

STATES = {state.value: state for state in list(State)[:11]}
SIZES = {"4K": Size.K4, "2M": Size.M2}
MAPS = {"4K": Map.K4, "2M": Map.M2, "1G": Map.G1}
ACTORS = {actor.value: actor for actor in Actor}
KINDS = {kind.value: kind for kind in Kind}
MATCH = ("match", "mismatch")
GPAS = (*MATCH, "beyond")  # beyond: the page's own address, plus what no entry holds
BEYOND = 1 << 51
ASKING = {"5": ASID, "0": 0}  # the ASID that asks; no guest has 0
PAGES = ("aligned", "later")
LOWS = ("0", "0x800")  # bits 11:0 of an address
UNASSIGNED = (State.HYPERVISOR, State.HV_FIXED)

Case = tuple[str, ...]


# ---- set-ups ----


def entry(state: State, size: Size, own: str, gpa: str, offset: int, vmsa: bool) -> Entry:
    asid = ASID if own == "match" else OTHER_ASID
    page = (OTHER_GPA if gpa == "mismatch" else GPA) + offset
    return t.entry_of(state, size, asid, page, PERMS, vmsa, OWNER)


def other_entry(offset: int) -> Entry:
    """A page of another guest."""
    return entry(State.GUEST_INVALID, Size.K4, "mismatch", "mismatch", offset, vmsa=False)


def neighbour(kind: str, offset: int) -> Entry:
    return Entry(immutable=True) if kind == "HV-Fixed" else other_entry(offset)


def offset_of(page: str) -> int:
    return t.PAGE if page == "later" else 0


def guest_address(gpa: str, offset: int) -> int:
    """The GPA that is asked for."""
    return GPA + offset + (BEYOND if gpa == "beyond" else 0)


def region_of(state: State) -> int:
    return MEMORY if state is State.DEFAULT else SPA


@cache
def template(
    state: State, size: Size, page: str, own: str, gpa: str, near: str, first: str, vmsa: bool
) -> Table | None:
    """A table with one page under test; None when no table can hold it. NEAR: the next 4 KiB page. FIRST:
    what the region's first page is when the page under test is a later one of 4 KiB."""
    table = Table(MEMORY)
    offset = offset_of(page)
    if state is State.DEFAULT:
        return table
    if size is Size.M2 and (near != "none" or state in UNASSIGNED):
        return None
    if size is Size.M2:
        table.write_2m(SPA, entry(state, size, own, gpa, 0, vmsa))
        return table
    if offset != 0:
        table.write(SPA, entry(STATES[first], size, "match", "match", 0, vmsa=False))
    table.write(SPA + offset, entry(state, size, own, gpa, offset, vmsa))
    if near != "none":
        table.write(SPA + offset + t.PAGE, neighbour(near, offset + t.PAGE))
    return table


def fresh(table: Table, rules: Rules, in_use: int | None = None) -> Table:
    return Table(
        MEMORY,
        rules,
        {first: list(pages) for first, pages in table.regions.items()},
        Counter() if in_use is None else Counter((in_use,)),
        dict(table.asid_pages),
    )


def packed(answer: t.Answer, told: tuple[int, int], table: Table, first: int) -> bytes:
    counts = table.asid_pages.get(ASID, 0) | table.asid_pages.get(OTHER_ASID, 0) << 16
    return struct.pack("<IIII", rmp_pack.answer(answer), *told, counts) + rmp_pack.region(table, first)


NOTHING = (0, 0)

# ---- the host's instructions ----

HOSTS = {
    "good": Cpu(),
    "no long mode": Cpu(long_mode=False),
    "SNP off": Cpu(snp=False),
    "CPL 3": Cpu(cpl=3),
    "ASID 1": Cpu(asid=1),
    "absent": Cpu(has_rmpread=False),
}
HOST_NAMES = tuple(HOSTS)[:5]
NEIGHBOURS = ("none", "assigned", "HV-Fixed")
IN_USE = ("no", "this", "next")
REQUESTS = {
    "all-zero": Request(),
    "same guest": Request(GPA, True, asid=ASID),
    "other GPA": Request(OTHER_GPA, True, asid=ASID),
    "other ASID": Request(GPA, True, asid=OTHER_ASID),
    "same with Immutable": Request(GPA, True, immutable=True, asid=ASID),
    "firmware": Request(0, True, immutable=True),
    "firmware with GPA": Request(OTHER_GPA, True, immutable=True),
    "unassigned, Immutable": Request(immutable=True),
    "unassigned, ASID": Request(asid=ASID),
    "ASID 1024": Request(GPA, True, asid=1024),
}


@cache
def request(name: str, size: str, page: str) -> Request:
    plain = REQUESTS[name]
    return replace(plain, size=SIZES[size], gpa=plain.gpa + offset_of(page) if plain.gpa else 0)


def set_up(rules: Rules, state: str, size: str, page: str, near: str, in_use: str) -> Table | None:
    """Host instructions: guest states are the guest's own, with VMSA set; an unassigned first page."""
    made = template(STATES[state], SIZES[size], page, "match", "match", near, "Hypervisor", vmsa=True)
    if made is None or (in_use != "no" and state == "Default"):
        return None
    if size == "2M" and (in_use == "next" or (in_use == "this" and page == "later")):
        return None  # a structure is 4 KiB, and only a 2 MiB page's first page can be one
    at = SPA + offset_of(page) + (t.PAGE if in_use == "next" else 0)
    return fresh(made, rules, None if in_use == "no" else at)


def update(rules: Rules, case: Case) -> bytes | None:
    state, size, page, near, in_use, name, request_size, low, cpu = case
    table = set_up(rules, state, size, page, near, in_use)
    if table is None:
        return None
    first = region_of(STATES[state])
    spa = first + offset_of(page) + int(low, 0)
    answer = table.update(HOSTS[cpu], spa, request(name, request_size, page))
    return packed(answer, NOTHING, table, first)


def psmash(rules: Rules, case: Case) -> bytes | None:
    state, size, page, near, in_use, low, cpu = case
    table = set_up(rules, state, size, page, near, in_use)
    if table is None:
        return None
    first = region_of(STATES[state])
    answer = table.psmash(HOSTS[cpu], first + offset_of(page) + int(low, 0))
    return packed(answer, NOTHING, table, first)


def read(rules: Rules, case: Case) -> bytes | None:
    state, size, page, near, cpu = case
    table = set_up(rules, state, size, page, near, "no")
    if table is None:
        return None
    first = region_of(STATES[state])
    answer, told = table.read(HOSTS[cpu], first + offset_of(page))
    return packed(answer, rmp_pack.told_state(told), table, first)


# ---- the guest's instructions ----

GUEST = Cpu(asid=ASID)
GUESTS = {
    "good": GUEST,
    "no long mode": replace(GUEST, long_mode=False),
    "no SNP": replace(GUEST, snp=False),
    "CPL 3": replace(GUEST, cpl=3),
    "VMPL 1": replace(GUEST, vmpl=1),
    "VMPL 3": replace(GUEST, vmpl=3),
    "ASID 0": replace(GUEST, asid=0),
}
# Who asks, and about which VMPL.
ASKS = {
    "VMPL 0 of 1": (GUEST, 1),
    "VMPL 0 of 3": (GUEST, 3),
    "VMPL 1 of 2": (replace(GUEST, vmpl=1), 2),
    "VMPL 1 of 1": (replace(GUEST, vmpl=1), 1),
    "VMPL 2 of 0": (replace(GUEST, vmpl=2), 0),
    "VMPL 0 of 4": (GUEST, 4),
    "no long mode": (replace(GUEST, long_mode=False), 1),
    "no SNP": (replace(GUEST, snp=False), 1),
    "CPL 3": (replace(GUEST, cpl=3), 1),
    "absent": (replace(GUEST, has_rmpquery=False), 1),
}
ASK_NAMES = tuple(ASKS)[:9]
WHERE = ("good", "ASID", "GPA", "C=0", "absent")  # what is wrong with the mapping or the page's owner
GVAS = {"aligned": 0, "unaligned": t.PAGE, "0x800": 0x800}  # GVA plus this; low bits are of all addresses


def guest_set_up(rules: Rules, state: str, own: str, gpa: str, size: str, page: str) -> Table | None:
    """Guest instructions: a good first page, no VMSA."""
    made = template(STATES[state], SIZES[size], page, own, gpa, "none", "Guest-Valid", vmsa=False)
    return None if made is None else fresh(made, rules)


@cache
def translation(
    state: str, page: str, map_: str, c: bool, present: bool, gva: str, gpa: str = "match"
) -> Translation:
    offset = offset_of(page) + GVAS[gva] % t.PAGE
    spa = region_of(STATES[state]) + offset
    return Translation(guest_address(gpa, offset), spa, MAPS[map_], c, present)


def pvalidate(rules: Rules, case: Case) -> bytes | None:
    state, own, gpa, size, page, map_, c, present, request_size, wanted, gva, cpu = case
    table = guest_set_up(rules, state, own, gpa, size, page)
    if table is None:
        return None
    at = translation(state, page, map_, c == "1", present == "yes", gva, gpa)
    answer = table.pvalidate(GUESTS[cpu], GVA + GVAS[gva], at, SIZES[request_size], wanted == "1")
    return packed(answer, NOTHING, table, region_of(STATES[state]))


def asked(
    rules: Rules, state: str, where: str, size: str, page: str, map_: str, gva: str = "aligned"
) -> tuple[Table, Translation] | None:
    own, gpa = (MATCH[where == "ASID"], MATCH[where == "GPA"])
    table = guest_set_up(rules, state, own, gpa, size, page)
    if table is None:
        return None
    return table, translation(state, page, map_, where != "C=0", where != "absent", gva)


def adjust(rules: Rules, case: Case) -> bytes | None:
    state, where, size, page, map_, request_size, gva, ask, mask, vmsa = case
    made = asked(rules, state, where, size, page, map_, gva)
    if made is None:
        return None
    table, at = made
    cpu, vmpl = ASKS[ask]
    answer = table.adjust(cpu, GVA + GVAS[gva], at, SIZES[request_size], vmpl, int(mask, 0), vmsa == "1")
    return packed(answer, NOTHING, table, region_of(STATES[state]))


def query(rules: Rules, case: Case) -> bytes | None:
    state, where, size, page, map_, ask = case
    made = asked(rules, state, where, size, page, map_)
    if made is None:
        return None
    table, at = made
    answer, told = table.query(ASKS[ask][0], at, ASKS[ask][1])
    return packed(answer, rmp_pack.told_permissions(told), table, region_of(STATES[state]))


# ---- structures ----

STRUCTURES = {
    "VMCB": t.Structure.VMCB,
    "AVIC backing page": t.Structure.AVIC_BACKING_PAGE,
    "ES VMSA": t.Structure.ES_VMSA,
    "SNP VMSA": t.Structure.SNP_VMSA,
    "VM_HSAVE_PA": t.Structure.HSAVE,
    "VMSAVE": t.Structure.VMSAVE,
    "VMSAVE of a guest": t.Structure.VMSAVE_GUEST,
}


def structure(rules: Rules, case: Case) -> bytes | None:
    kind, state, own, gpa, vmsa, size, page, near, asid = case
    made = template(STATES[state], SIZES[size], page, own, gpa, near, "Guest-Valid", vmsa == "1")
    if made is None:
        return None
    offset = offset_of(page)
    spa = region_of(STATES[state]) + offset
    address = guest_address(gpa, offset)
    answer = replace_rules(made, rules).check_structure(STRUCTURES[kind], spa, ASKING[asid], address)
    return struct.pack("<I", rmp_pack.answer(answer))


def replace_rules(table: Table, rules: Rules) -> Table:
    """The same table, not to be written to."""
    return Table(MEMORY, rules, table.regions, table.in_use, table.asid_pages)


VM_MODES = ("SNP", "SNP while off", "ES")
VMCBS = ("Hypervisor", "HV-Fixed", "Guest-Valid", "Default")
AVICS = ("none", "Hypervisor", "Reclaim")
VMSAS = ("none", "good", "without VMSA", "Hypervisor", "other ASID", "other GPA", "Pre-Guest", "Default")
AVIC_SPA, VMSA_SPA = SPA + t.PAGE, SPA + 2 * t.PAGE


def vmsa_entry(kind: str) -> Entry | None:
    state = {"Hypervisor": State.HYPERVISOR, "Pre-Guest": State.PRE_GUEST}.get(kind, State.GUEST_VALID)
    own, gpa = MATCH[kind == "other ASID"], MATCH[kind == "other GPA"]
    made = entry(state, Size.K4, own, gpa, 0, vmsa=kind != "without VMSA")
    return None if kind in ("none", "Default") else made


def vmrun(rules: Rules, case: Case) -> bytes | None:
    mode, vmcb, avic, vmsa = case
    table = Table(MEMORY, rules)
    vmcb_spa = MEMORY if vmcb == "Default" else SPA
    vmsa_spa = None if vmsa == "none" else MEMORY + t.PAGE if vmsa == "Default" else VMSA_SPA
    avic_spa = None if avic == "none" else AVIC_SPA
    if vmcb != "Default":
        table.write(SPA, entry(STATES[vmcb], Size.K4, "match", "match", 0, vmsa=False))
    if avic != "none":
        table.write(AVIC_SPA, entry(STATES[avic], Size.K4, "match", "match", 0, vmsa=False))
    page = vmsa_entry(vmsa)
    if page is not None:
        table.write(VMSA_SPA, page)
    answer = table.vmrun(mode != "SNP while off", mode != "ES", vmcb_spa, avic_spa, vmsa_spa, ASID, GPA)
    after = used(table)
    if answer.ok:
        table.vmexit(vmcb_spa, avic_spa, vmsa_spa)
    return struct.pack("<III", rmp_pack.answer(answer), after, used(table))


def used(table: Table) -> int:
    return sum((spa in table.in_use) << i for i, spa in enumerate((SPA, AVIC_SPA, VMSA_SPA)))


# ---- accesses ----

VMPLS = tuple(str(vmpl) for vmpl in range(t.VMPLS))
MASKS = tuple(f"{mask:#04x}" for mask in range(32))
SOME = ("none", "some")
SWITCH = ("off", "on")
MARKERS = (0, 1, 2, 3)  # masks that tell VMPLs apart


def access_later(rules: Rules, case: Case) -> bytes | None:
    """The page under test is not the region's first; FIRST is."""
    state, own, gpa, size, first, map_, actor, access, c, mask, asid = case
    if size == "2M" and first != "Hypervisor":
        return None
    made = later_template(STATES[state], SIZES[size], own, gpa, first, int(mask, 0))
    if made is None:
        return None
    spa, address = region_of(STATES[state]) + t.PAGE, guest_address(gpa, t.PAGE)
    asked_for = t.Access(
        ACTORS[actor], KINDS[access], spa, address, MAPS[map_], ASKING[asid], vmpl=0, c=c == "1"
    )
    return struct.pack("<I", rmp_pack.answer(replace_rules(made, rules).check(asked_for)))


@cache
def later_template(state: State, size: Size, own: str, gpa: str, first: str, mask: int) -> Table | None:
    """As `template`; every guest page of the region has MASK for VMPL 0."""
    made = template(state, size, "later", own, gpa, "none", first, vmsa=False)
    if made is None:
        return None
    table = fresh(made, made.rules)
    for pages in table.regions.values():
        for i in (0, 1):
            if pages[i].asid != 0:
                pages[i] = replace(pages[i], perms=(mask, 0, 0, 0))
    return table


def access_tables(state: State, size: Size, own: str, gpa: str, rules: Rules) -> list[Table | None]:
    """The page under test, a region's first, without and with an assigned neighbour; masks are MARKERS."""
    tables: list[Table | None] = []
    for some in SOME:
        table = Table(MEMORY, rules)
        if state is not State.DEFAULT:
            page = replace(entry(state, size, own, gpa, 0, vmsa=False), perms=MARKERS)
            if size is Size.M2:
                table.regions[SPA] = [page, *[t.PART_OF_2M if page.assigned else t.HYPERVISOR] * 511]
            else:
                table.write(SPA, page)
            if some == "some":
                table.write(SPA + t.PAGE, other_entry(t.PAGE))
        tables.append(None if some == "some" and size is Size.M2 and state is not State.DEFAULT else table)
    return tables


@cache
def column(kind: Kind | None, word: int) -> tuple[int, ...]:
    """One access at mask 0 to 31, VmplSSS off and on: WORD, or what the VMPL check of KIND says."""
    if kind is None:
        return (word,) * 64
    return tuple(
        rmp_pack.answer(rmp.check_vmpl(kind, mask, sss)) for mask in range(32) for sss in (False, True)
    )


@cache
def block(none: tuple[int, ...], some: tuple[int, ...]) -> bytes:
    """Masks, neighbours, VmplSSS, in the table's order."""
    words: list[int] = []
    for i in range(0, 64, 2):
        words += [*none[i : i + 2], *some[i : i + 2]]
    return struct.pack("<128I", *words)


def access(
    table: Table | None, spa: int, actor: str, kind: str, map_: str, c: str, vmpl: int
) -> tuple[int, ...]:
    """The column of one access. Every VMPL's mask is its own number here, so that the mask that the check
    would look at proves to be the accessing VMPL's; then all 32 masks are put in its place."""
    if table is None:
        return column(None, rmp_pack.IMPOSSIBLE)
    asked_for = t.Access(ACTORS[actor], KINDS[kind], spa, GPA, MAPS[map_], ASID, vmpl, c == "1")
    answer, mask = table.check_before_vmpl(asked_for)
    if mask is None:
        return column(None, rmp_pack.answer(answer))
    if mask != MARKERS[vmpl]:
        raise AssertionError("the mask of another VMPL")
    return column(KINDS[kind], 0)
