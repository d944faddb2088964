"""What the RMP's reference model speaks of: entries, states, requests, accesses, answers.

RMP notes, sections 1 to 4. Written from the notes, not from the C model.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, IntEnum

PAGE = 0x1000
LARGE = 0x200000
PAGES = 512  # of a 2 MiB page
GPA_MASK = 0x0007_FFFF_FFFF_F000  # what an entry keeps, section 1.1
ASID_MAX = 1023
VMPLS = 4

READ, WRITE, EXECUTE_USER, EXECUTE_SUPERVISOR, SHADOW_STACK = 1, 2, 4, 8, 16
ALL = 0x1F

BIT_RMP, BIT_ENC, BIT_SIZEM, BIT_VMPL, BIT_SSS = (1 << bit for bit in (31, 34, 35, 36, 37))
NOT_VALIDATED = 0x404


class Size(IntEnum):
    """Page_Size of an entry or a request."""

    K4 = 0
    M2 = 1


class Map(IntEnum):
    """Page size of a nested (for the host: of its own) mapping."""

    K4 = 0
    M2 = 1
    G1 = 2


class Mark(IntEnum):
    """Firmware's tag of its own pages, section 1.1."""

    NONE = 0
    METADATA = 1
    IOMMU = 2


class Actor(Enum):
    HOST = "host"
    GUEST = "guest"
    SNP_GUEST = "snp"


class Kind(Enum):
    READ = "read"
    WRITE = "write"
    FETCH_USER = "fetch-U"
    FETCH_SUPERVISOR = "fetch-S"
    WALK = "walk"
    WALK_AD = "walk-AD"
    SHADOW_STACK = "SSS"


class Structure(IntEnum):
    """Section 4.2."""

    VMCB = 0
    AVIC_BACKING_PAGE = 1
    ES_VMSA = 2
    SNP_VMSA = 3
    HSAVE = 4
    VMSAVE = 5
    VMSAVE_GUEST = 6
    VMSAVE_ES = 7


class Fault(IntEnum):
    NONE = 0
    UD = 1
    GP = 2
    PF = 3
    NPF = 4
    VC = 5
    VMEXIT_INVALID = 6
    VMEXIT_VMSAVE = 7


SUCCESS, FAIL_INPUT, FAIL_PERMISSION, FAIL_INUSE, FAIL_OVERLAP = 0, 1, 2, 3, 4
FAIL_SIZEMISMATCH, FAIL_UNFIT = 6, 7


@dataclass(frozen=True)
class Rules:
    """What no source settles; docs/ambiguities.md."""

    update_in_use_first: bool = False
    update_inside_2m: int = 4
    update_over_hv_fixed: int = 2
    update_refuses_gpa: bool = False
    psmash_needs_asid: bool = True
    psmash_needs_mutable: bool = True
    adjust_refuses_vmsa: bool = False
    adjust_refuses_vmsa_2m: bool = False
    read_tells_region: bool = True
    guest_ad_maps: bool = False


@dataclass(frozen=True)
class Entry:
    """Section 1."""

    assigned: bool = False
    size: Size = Size.K4
    immutable: bool = False
    gpa: int = 0
    asid: int = 0
    vmsa: bool = False
    validated: bool = False
    perms: tuple[int, int, int, int] = (0, 0, 0, 0)
    mark: Mark = Mark.NONE
    subpages: int = 0  # of the aligned page's entry


HYPERVISOR = Entry()
PART_OF_2M = Entry(assigned=True)
ONLY_VMPL0 = (ALL, 0, 0, 0)


@dataclass(frozen=True)
class Request:
    """The structure of RMPUPDATE and RMPREAD, section 1.2."""

    gpa: int = 0
    assigned: bool = False
    size: Size = Size.K4
    immutable: bool = False
    asid: int = 0
    region_assigned: bool = False


@dataclass(frozen=True)
class Cpu:
    """Who executes."""

    long_mode: bool = True
    snp: bool = True
    cpl: int = 0
    vmpl: int = 0
    asid: int = 0
    has_rmpread: bool = True
    has_rmpquery: bool = True


@dataclass(frozen=True)
class Translation:
    """What the page walk made of a guest's address."""

    gpa: int
    spa: int
    map: Map = Map.K4
    c: bool = True
    present: bool = True


@dataclass(frozen=True)
class Access:
    """A memory access, after all page table checks."""

    actor: Actor
    kind: Kind
    spa: int
    gpa: int
    map: Map = Map.K4
    asid: int = 0
    vmpl: int = 0
    c: bool = True
    vmpl_sss: bool = False


@dataclass(frozen=True)
class Answer:
    """RULE: the number of the requirement that refused, 0 when nothing did."""

    rule: int = 0
    fault: Fault = Fault.NONE
    error: int = 0
    eax: int = SUCCESS
    cf: bool = False

    @property
    def ok(self) -> bool:
        return self.fault is Fault.NONE and self.eax == SUCCESS


OK = Answer()


def refuse(rule: int, eax: int) -> Answer:
    return Answer(rule, eax=eax)


def fault(rule: int, kind: Fault, error: int = 0) -> Answer:
    return Answer(rule, kind, error)


def npf(rule: int, bits: int = 0) -> Answer:
    return Answer(rule, Fault.NPF, BIT_RMP | bits)


class State(Enum):
    """Page states, section 2. Default is no entry."""

    DEFAULT = "Default"
    HYPERVISOR = "Hypervisor"
    HV_FIXED = "HV-Fixed"
    FIRMWARE = "Firmware"
    CONTEXT = "Context"
    METADATA = "Metadata"
    RECLAIM = "Reclaim"
    PRE_GUEST = "Pre-Guest"
    PRE_SWAP = "Pre-Swap"
    GUEST_INVALID = "Guest-Invalid"
    GUEST_VALID = "Guest-Valid"
    FIRMWARE_IOMMU = "Firmware-IOMMU"
    INVALID = "invalid"


GUEST_STATES = (State.PRE_GUEST, State.PRE_SWAP, State.GUEST_INVALID, State.GUEST_VALID)


def entry_of(
    state: State, size: Size, asid: int, gpa: int, perms: tuple[int, int, int, int], vmsa: bool, owner: int
) -> Entry:
    """The encoding of a state; ASID, GPA, PERMS and VMSA are of guest states, OWNER of Metadata."""
    e = Entry(size=size)
    if state is State.HV_FIXED:
        return replace(e, immutable=True)
    if state is State.FIRMWARE:
        return replace(e, assigned=True, immutable=True)
    if state is State.CONTEXT:
        return replace(e, assigned=True, immutable=True, vmsa=True)
    if state is State.METADATA:
        return replace(e, assigned=True, immutable=True, gpa=owner, mark=Mark.METADATA)
    if state is State.RECLAIM:
        return replace(e, assigned=True)
    if state in GUEST_STATES:
        e = replace(e, assigned=True, asid=asid, gpa=gpa, perms=perms, vmsa=vmsa)
        immutable = state in (State.PRE_GUEST, State.PRE_SWAP)
        return replace(e, immutable=immutable, validated=state in (State.PRE_SWAP, State.GUEST_VALID))
    return e


def state_of(e: Entry) -> State:
    """The first state that matches, in the firmware's order. Section 2."""
    lo = (e.assigned, e.validated, e.immutable)
    free = e.asid == 0
    for state, matches in (
        (State.HYPERVISOR, lo == (False, False, False) and free),
        (State.HV_FIXED, lo == (False, False, True) and free),
        (State.FIRMWARE, lo == (True, False, True) and free and not (e.gpa or e.mark or e.vmsa)),
        (State.RECLAIM, lo == (True, False, False) and free),
        (State.CONTEXT, lo == (True, False, True) and free and e.vmsa and not (e.gpa or e.mark)),
        (State.METADATA, lo == (True, False, True) and free and e.mark is Mark.METADATA),
        (State.PRE_GUEST, lo == (True, False, True) and not free),
        (State.PRE_SWAP, lo == (True, True, True) and not free),
        (State.GUEST_INVALID, lo == (True, False, False) and not free),
        (State.GUEST_VALID, lo == (True, True, False) and not free),
        (State.FIRMWARE_IOMMU, lo == (True, False, True) and free and e.mark is Mark.IOMMU),
    ):
        if matches:
            return state
    return State.INVALID
