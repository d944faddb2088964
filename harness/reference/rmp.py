"""The reverse map table, from our notes (RMP notes, sections 1 to 4): instructions and checks.

Written from the notes, not from the C model, which it judges (rmp_table.py). A check is a line `return
refuse...` that names its rule, SNP-RMP-N of vectors/requirements/rmp.json, in the order in which processors
make the checks. What the notes leave open is a switch, `Rules`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

from reference.rmp_types import (
    ASID_MAX,
    BIT_ENC,
    BIT_RMP,
    BIT_SIZEM,
    BIT_SSS,
    BIT_VMPL,
    EXECUTE_SUPERVISOR,
    EXECUTE_USER,
    FAIL_INPUT,
    FAIL_INUSE,
    FAIL_OVERLAP,
    FAIL_PERMISSION,
    FAIL_SIZEMISMATCH,
    FAIL_UNFIT,
    GPA_MASK,
    HYPERVISOR,
    LARGE,
    NOT_VALIDATED,
    OK,
    ONLY_VMPL0,
    PAGE,
    PAGES,
    PART_OF_2M,
    READ,
    SHADOW_STACK,
    VMPLS,
    WRITE,
    Access,
    Actor,
    Answer,
    Cpu,
    Entry,
    Fault,
    Kind,
    Map,
    Request,
    Rules,
    Size,
    Structure,
    Translation,
    fault,
    npf,
    refuse,
)


def first_page(spa: int) -> int:
    return spa - spa % LARGE


@dataclass
class Table:
    """The RMP of memory 0 to SIZE, as the processor's own memory holds it: one entry a 4 KiB page."""

    size: int
    rules: Rules = Rules()
    regions: dict[int, list[Entry]] = field(default_factory=dict)  # by the aligned page's SPA
    in_use: Counter[int] = field(default_factory=Counter)  # by the 4 KiB page's SPA: its users
    asid_pages: dict[int, int] = field(default_factory=dict)

    def covers(self, spa: int) -> bool:
        return spa < self.size

    def at(self, spa: int) -> Entry:
        """The page's own entry."""
        region = self.regions.get(first_page(spa))
        return HYPERVISOR if region is None else region[spa % LARGE // PAGE]

    def large(self, spa: int) -> bool:
        """Whether the page lies in a 2 MiB page."""
        return self.at(first_page(spa)).size is Size.M2

    def page_in_use(self, spa: int, size: Size) -> bool:
        if size is Size.K4:
            return spa - spa % PAGE in self.in_use
        return any(first_page(page) == spa for page in self.in_use)

    def count_asid(self, entry: Entry, sign: int) -> None:
        if entry.asid != 0:
            pages = PAGES if entry.size is Size.M2 else 1
            self.asid_pages[entry.asid] = self.asid_pages.get(entry.asid, 0) + sign * pages

    def write(self, spa: int, entry: Entry) -> None:
        """One 4 KiB entry; keeps the aligned entry's sub-page count and the counters. Section 3.1 step 11."""
        region = self.regions.setdefault(first_page(spa), [HYPERVISOR] * PAGES)
        index = spa % LARGE // PAGE
        old = region[index]
        if index == 0:
            entry = replace(entry, subpages=0 if entry.size is Size.M2 else old.subpages)
        elif old.assigned != entry.assigned:
            region[0] = replace(region[0], subpages=region[0].subpages + (1 if entry.assigned else -1))
        self.count_asid(old, -1)
        region[index] = entry
        self.count_asid(entry, +1)

    def write_2m(self, spa: int, entry: Entry) -> None:
        """The aligned entry, and all others of the region. Section 3.1 step 7."""
        for old in self.regions.get(spa, []):
            self.count_asid(old, -1)
        other = PART_OF_2M if entry.assigned else HYPERVISOR
        self.regions[spa] = [replace(entry, subpages=0), *[other] * (PAGES - 1)]
        self.count_asid(entry, +1)

    def hypervisor_owned(self, spa: int, map_: Map) -> tuple[bool, bool]:
        """Whether the page's entry is the hypervisor's, and whether the rest of what a mapping covers is."""
        if map_ is Map.K4:
            return not (self.covers(spa) and self.at(spa).assigned), True
        first = self.at(first_page(spa))
        if not self.covers(spa):
            return True, True
        return not first.assigned, first.subpages == 0

    # ---- the host's instructions ----

    def update(self, cpu: Cpu, spa: int, new: Request) -> Answer:
        """RMPUPDATE, section 3.1."""
        aligned = spa % LARGE == 0
        first = spa % LARGE < PAGE  # the 4 KiB page is the aligned one
        if not (cpu.long_mode and cpu.snp):
            return fault(1, Fault.UD)
        if cpu.cpl != 0:
            return fault(2, Fault.GP)
        if cpu.asid != 0:
            return refuse(3, FAIL_PERMISSION)
        if new.size is Size.M2 and not aligned:
            return refuse(4, FAIL_INPUT)
        if not new.assigned and (new.immutable or new.asid != 0):
            return refuse(5, FAIL_INPUT)
        if new.asid > ASID_MAX:
            return refuse(13, FAIL_INPUT)
        if self.rules.update_refuses_gpa and new.assigned and new.asid == 0 and new.gpa != 0:
            return refuse(14, FAIL_INPUT)
        if not self.covers(spa):
            return refuse(6, FAIL_INPUT)
        old = self.at(spa)
        in_use = self.page_in_use(spa, new.size)
        if self.rules.update_in_use_first and in_use:
            return refuse(12, FAIL_INUSE)
        if old.immutable:
            return refuse(7, FAIL_PERMISSION)
        if new.size is Size.K4 and first and old.size is Size.M2:
            return refuse(8, FAIL_OVERLAP)
        if new.size is Size.K4 and not first and self.large(spa):
            return refuse(9, self.rules.update_inside_2m)
        if new.size is Size.M2 and old.subpages != 0:
            return refuse(10, FAIL_OVERLAP)
        if new.size is Size.M2 and self.rules.update_over_hv_fixed != 0 and self.other_immutable(spa):
            return refuse(11, self.rules.update_over_hv_fixed)
        if in_use:
            return refuse(12, FAIL_INUSE)
        self.update_entry(spa, old, new)
        return OK

    def other_immutable(self, spa: int) -> bool:
        return any(entry.immutable for entry in self.regions.get(spa, [])[1:])

    def update_entry(self, spa: int, old: Entry, new: Request) -> None:
        """Steps 7 (its effect), 9 and 10."""
        entry = HYPERVISOR
        if new.assigned:
            gpa = new.gpa & GPA_MASK
            same = old.assigned and (old.asid, old.gpa, old.size) == (new.asid, gpa, new.size)
            if not (same and new.asid != 0):
                old = Entry(perms=ONLY_VMPL0)
            entry = Entry(
                assigned=True,
                size=new.size,
                immutable=new.immutable,
                gpa=gpa,
                asid=new.asid,
                vmsa=old.vmsa,
                validated=old.validated,
                perms=old.perms,
            )
        if new.size is Size.M2:
            self.write_2m(spa, entry)
        else:
            self.write(spa, entry)

    def psmash(self, cpu: Cpu, spa: int) -> Answer:
        """PSMASH, section 3.2."""
        if not (cpu.long_mode and cpu.snp):
            return fault(21, Fault.UD)
        if cpu.cpl != 0:
            return fault(22, Fault.GP)
        if spa % LARGE != 0:
            return refuse(23, FAIL_INPUT)
        if not self.covers(spa):
            return refuse(24, FAIL_INPUT)
        if cpu.asid != 0:
            return refuse(25, FAIL_PERMISSION)
        entry = self.at(spa)
        if self.page_in_use(spa, Size.K4):
            return refuse(26, FAIL_INUSE)
        if not (entry.assigned and entry.size is Size.M2):
            return refuse(27, FAIL_UNFIT)
        if self.rules.psmash_needs_asid and entry.asid == 0:
            return refuse(28, FAIL_UNFIT)
        if self.rules.psmash_needs_mutable and entry.immutable:
            return refuse(29, FAIL_UNFIT)
        step = PAGE if entry.asid != 0 else 0  # without ASID the field is no guest address, section 1
        region = [replace(entry, size=Size.K4, gpa=entry.gpa + i * step) for i in range(PAGES)]
        region[0] = replace(region[0], subpages=PAGES - 1)
        self.regions[spa] = region
        return OK

    def read(self, cpu: Cpu, spa: int) -> tuple[Answer, Request | None]:
        """RMPREAD, section 3.6."""
        if not (cpu.long_mode and cpu.snp and cpu.has_rmpread):
            return fault(32, Fault.UD), None
        if cpu.cpl != 0:
            return fault(33, Fault.GP), None
        if not self.covers(spa):
            return refuse(34, FAIL_INPUT), None
        if cpu.asid != 0:
            return refuse(35, FAIL_PERMISSION), None
        e = self.at(spa)
        first = self.at(first_page(spa))
        region = self.rules.read_tells_region and (first.assigned or first.subpages != 0)
        return OK, Request(e.gpa, e.assigned, e.size, e.immutable, e.asid, region)

    # ---- the guest's instructions ----

    def examined(self, at: Translation | Access, map_: Map) -> tuple[Entry, int, int]:
        """The entry that a private access through a mapping meets, its SPA and the GPA it should have."""
        if map_ is Map.K4:
            return self.at(at.spa), at.spa, at.gpa - at.gpa % PAGE
        return self.at(first_page(at.spa)), first_page(at.spa), first_page(at.gpa)

    def owner_faults(self, cpu: Cpu, at: Translation) -> Answer:
        """Steps 4 and 5 of PVALIDATE, which RMPADJUST and RMPQUERY share. Sections 3.3 and 3.4."""
        entry, _, gpa = self.examined(at, at.map)
        if not at.present:
            return fault(45, Fault.NPF)
        if not self.covers(at.spa):
            return npf(46, BIT_ENC if at.c else 0)
        if not at.c:
            return npf(50)
        if entry.asid == 0 or entry.asid != cpu.asid:
            return npf(47, BIT_ENC)
        if entry.gpa != gpa:
            return npf(48, BIT_ENC)
        if entry.immutable:
            return npf(49, BIT_ENC)
        return OK

    def pvalidate(self, cpu: Cpu, gva: int, at: Translation, size: Size, validate: bool) -> Answer:
        """PVALIDATE, section 3.3."""
        if not (cpu.long_mode and cpu.snp):
            return fault(41, Fault.UD)
        if cpu.cpl != 0:
            return fault(42, Fault.GP)
        if cpu.vmpl != 0:
            return fault(43, Fault.GP)
        if size is Size.M2 and gva % LARGE != 0:
            return refuse(44, FAIL_INPUT)
        owner = self.owner_faults(cpu, at)
        if not owner.ok:
            return owner
        entry, spa, _ = self.examined(at, at.map)
        if size is Size.K4 and (entry.size is Size.M2 or at.map is not Map.K4):
            return npf(51, BIT_ENC | BIT_SIZEM)
        if size is Size.M2 and (entry.size is Size.K4 or at.map is Map.K4):
            return refuse(52, FAIL_SIZEMISMATCH)
        self.change(spa, replace(entry, validated=validate))
        return Answer(cf=entry.validated == validate)

    def change(self, spa: int, entry: Entry) -> None:
        """Fields of an entry that move nothing else."""
        self.regions[first_page(spa)][spa % LARGE // PAGE] = entry

    def adjust(
        self, cpu: Cpu, gva: int, at: Translation, size: Size, vmpl: int, mask: int, vmsa: bool
    ) -> Answer:
        """RMPADJUST, section 3.4."""
        if not (cpu.long_mode and cpu.snp):
            return fault(61, Fault.UD)
        if cpu.cpl != 0:
            return fault(62, Fault.GP)
        if size is Size.M2 and gva % LARGE != 0:
            return refuse(63, FAIL_INPUT)
        if vmpl >= VMPLS:
            return refuse(64, FAIL_INPUT)
        if vmpl <= cpu.vmpl:
            return refuse(65, FAIL_PERMISSION)
        owner = self.owner_faults(cpu, at)
        if not owner.ok:
            return owner
        entry, spa, _ = self.examined(at, at.map)
        if size is Size.K4 and (entry.size is Size.M2 or at.map is not Map.K4):
            return npf(51, BIT_ENC | BIT_SIZEM)
        if not entry.validated:
            return fault(66, Fault.VC, NOT_VALIDATED)
        if size is Size.M2 and (entry.size is Size.K4 or at.map is Map.K4):
            return refuse(67, FAIL_SIZEMISMATCH)
        if self.rules.adjust_refuses_vmsa_2m and vmsa and entry.size is Size.M2:
            return refuse(70, FAIL_INPUT)
        if mask & ~entry.perms[cpu.vmpl]:
            return refuse(68, FAIL_PERMISSION)
        if self.rules.adjust_refuses_vmsa and vmsa and cpu.vmpl != 0:
            return refuse(69, FAIL_PERMISSION)
        masks = list(entry.perms)
        masks[vmpl] = mask
        perms = (masks[0], masks[1], masks[2], masks[3])
        self.change(spa, replace(entry, perms=perms, vmsa=vmsa if cpu.vmpl == 0 else entry.vmsa))
        return OK

    def query(self, cpu: Cpu, at: Translation, vmpl: int) -> tuple[Answer, tuple[int, bool, Size] | None]:
        """RMPQUERY, section 3.5: mask, VMSA and page size."""
        if not (cpu.long_mode and cpu.snp and cpu.has_rmpquery):
            return fault(81, Fault.UD), None
        if cpu.cpl != 0:
            return fault(82, Fault.GP), None
        if vmpl >= VMPLS:
            return refuse(83, FAIL_INPUT), None
        if vmpl <= cpu.vmpl:
            return refuse(84, FAIL_PERMISSION), None
        owner = self.owner_faults(cpu, at)
        if not owner.ok:
            return owner, None
        entry, _, _ = self.examined(at, at.map)
        return OK, (entry.perms[vmpl], entry.vmsa, entry.size)

    # ---- memory accesses, section 4 ----

    def check(self, access: Access) -> Answer:
        """All checks of one access, VMPL last."""
        answer, mask = self.check_before_vmpl(access)
        return answer if mask is None else check_vmpl(access.kind, mask, access.vmpl_sss)

    def check_before_vmpl(self, a: Access) -> tuple[Answer, int | None]:
        """The answer, or the mask that the VMPL check has to look at."""
        snp = a.actor is Actor.SNP_GUEST
        fetch = a.kind in (Kind.FETCH_USER, Kind.FETCH_SUPERVISOR)
        walk = a.kind in (Kind.WALK, Kind.WALK_AD)
        as_4k = a.kind is Kind.WALK_AD and not (snp and self.rules.guest_ad_maps)
        map_ = Map.K4 if as_4k else a.map
        if snp and (a.c or fetch or walk):
            return self.check_private(a, map_)
        if a.kind is Kind.READ or fetch:
            return OK, None
        own, others = self.hypervisor_owned(a.spa, map_)
        kind = Fault.PF if a.actor is Actor.HOST else Fault.NPF
        rule = {Actor.HOST: 101, Actor.GUEST: 102, Actor.SNP_GUEST: 103}[a.actor]
        if not own:
            return fault(rule, kind, BIT_RMP), None
        if not others:
            return fault(104, kind, BIT_RMP), None
        return OK, None

    def check_private(self, a: Access, map_: Map) -> tuple[Answer, int | None]:
        entry, _, gpa = self.examined(a, map_)
        if not self.covers(a.spa):
            return npf(105, BIT_ENC), None
        if entry.asid == 0 or entry.asid != a.asid:
            return npf(106, BIT_ENC), None
        if entry.gpa != gpa:
            return npf(107, BIT_ENC), None
        if entry.immutable:
            return npf(108, BIT_ENC), None
        if (map_ is not Map.K4) != (entry.size is Size.M2):
            return npf(109, BIT_ENC), None
        if not entry.validated:
            return fault(110, Fault.VC, NOT_VALIDATED), None
        return OK, entry.perms[a.vmpl]

    # ---- VMRUN and other structures, section 4.2 ----

    def check_structure(self, structure: Structure, spa: int, asid: int, gpa: int) -> Answer:
        """4 KiB size."""
        if structure is Structure.VMSAVE_ES:
            return fault(145, Fault.VMEXIT_VMSAVE)
        if structure is Structure.SNP_VMSA:
            return self.check_snp_vmsa(spa, asid, gpa)
        owned, _ = self.hypervisor_owned(spa, Map.K4)
        return OK if owned else NOT_OWNED[structure]

    def check_snp_vmsa(self, spa: int, asid: int, gpa: int) -> Answer:
        entry = self.at(spa)
        if not self.covers(spa):
            return fault(134, Fault.VMEXIT_INVALID)
        if entry.asid == 0 or entry.asid != asid:
            return fault(135, Fault.VMEXIT_INVALID)
        if entry.gpa != gpa - gpa % PAGE:
            return fault(136, Fault.VMEXIT_INVALID)
        if entry.immutable:
            return fault(137, Fault.VMEXIT_INVALID)
        if not entry.vmsa:
            return fault(138, Fault.VMEXIT_INVALID)
        return OK

    def vmrun(
        self,
        enabled: bool,
        snp: bool,
        vmcb: int,
        avic: int | None,
        vmsa: int | None,
        asid: int,
        gpa: int,
        *,
        no_hsave: bool = False,
    ) -> Answer:
        """After a good VMRUN its structures are in use until as many `vmexit`."""
        if no_hsave:
            return fault(144, Fault.GP)
        if snp and not enabled:
            return fault(142, Fault.VMEXIT_INVALID)
        pages = (
            (Structure.VMCB, vmcb),
            (Structure.AVIC_BACKING_PAGE, avic),
            (Structure.SNP_VMSA if snp else Structure.ES_VMSA, vmsa),
        )
        for structure, spa in pages:
            answer = OK if spa is None else self.check_structure(structure, spa, asid, gpa)
            if spa is None and structure is Structure.SNP_VMSA:
                answer = fault(134, Fault.VMEXIT_INVALID)
            if not answer.ok:
                return answer
        self.in_use += Counter(spa - spa % PAGE for _, spa in pages if spa is not None and self.covers(spa))
        return OK

    def vmexit(self, vmcb: int, avic: int | None, vmsa: int | None) -> None:
        self.in_use -= Counter(spa - spa % PAGE for spa in (vmcb, avic, vmsa) if spa is not None)


NOT_OWNED = {
    Structure.VMCB: fault(131, Fault.GP),
    Structure.AVIC_BACKING_PAGE: fault(132, Fault.VMEXIT_INVALID),
    Structure.ES_VMSA: fault(133, Fault.VMEXIT_INVALID),
    Structure.HSAVE: fault(139, Fault.GP),
    Structure.VMSAVE: fault(140, Fault.GP),
    Structure.VMSAVE_GUEST: npf(141),
}


def check_vmpl(kind: Kind, mask: int, sss: bool) -> Answer:
    """The last check of a private access: the mask of the VMPL that makes it."""
    bits = BIT_ENC | BIT_VMPL | (BIT_SSS if sss and mask & SHADOW_STACK else 0)
    if kind in (Kind.READ, Kind.WALK) and not mask & READ:
        return npf(111, bits)
    if kind in (Kind.WRITE, Kind.WALK_AD, Kind.SHADOW_STACK) and not mask & WRITE:
        return npf(112, bits)
    if kind in (Kind.WRITE, Kind.WALK_AD, Kind.SHADOW_STACK) and not mask & READ:
        return npf(113, bits)
    if kind is Kind.FETCH_USER and not mask & EXECUTE_USER:
        return npf(114, bits)
    if kind is Kind.FETCH_SUPERVISOR and not mask & EXECUTE_SUPERVISOR:
        return npf(115, bits)
    if kind is Kind.SHADOW_STACK and sss and not mask & SHADOW_STACK:
        return npf(116, bits)
    return OK
