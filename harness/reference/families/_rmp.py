"""What the families of the RMP share: pages, bases, and how a case follows from its twin."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from reference.bundle import Family
from reference.ops import rmp as op

PAGE = 0x1000
LARGE = 0x200000
FIRST = op.REGION  # the region under test: its 2 MiB-aligned page
SECOND, THIRD, LAST = FIRST + PAGE, FIRST + 2 * PAGE, FIRST + LARGE - PAGE
NOWHERE = op.MEMORY  # no RMP entry
GPA, OTHER_GPA = 0x40000000, 0x80000000  # of the region's first page
ASID, OTHER_ASID = op.ASIDS
GVA = 0x7F0000000000
PERMS = "1f0b0501"  # a guest page's masks, VMPL 0 first
FULL = "1f000000"  # what RMPUPDATE gives

Row = dict[str, Any]
Given = dict[str, Any]
Answer = tuple[str, int]  # the fault's or code's name, and a fault's error code
Refusal = tuple[str, str, int, str, Answer, Given]  # name, defect, requirement, twin, answer, what differs

RMP, ENC, SIZEM, VMPL, SSS = (1 << bit for bit in (31, 34, 35, 36, 37))
UD, GP, PF, VC = ("#UD", 0), ("#GP(0)", 0), ("#PF", RMP), ("#VC", 0x404)
VMEXIT = ("VMEXIT_INVALID", 0)
INPUT, PERMISSION, INUSE, OVERLAP, SIZEMISMATCH, UNFIT = ((name, 0) for name in op.CODES.values())

UNCONFIRMED = "rmp-unconfirmed"
# Rules that the notes mark so and that no switch turns.
UNCONFIRMED_RULES = frozenset(
    {1, 2, 3, 9, 13, 21, 22, 32, 33, 37, 41, 42, 50, 61, 62, 64, *range(81, 86), 116}
)

_FIRMWARE = {"assigned": True, "immutable": True}
_GUEST = {"assigned": True, "asid": ASID, "perms": PERMS}
STATES: dict[str, Row] = {  # notes, section 2
    "Hypervisor": {},
    "HV-Fixed": {"immutable": True},
    "Firmware": _FIRMWARE,
    "Context": {**_FIRMWARE, "vmsa": True},
    "Metadata": {**_FIRMWARE, "gpa": "0x200000", "mark": "metadata"},
    "Reclaim": {"assigned": True},
    "Pre-Guest": {**_GUEST, "immutable": True},
    "Pre-Swap": {**_GUEST, "immutable": True, "validated": True},
    "Guest-Invalid": _GUEST,
    "Guest-Valid": {**_GUEST, "validated": True},
}


def page(state: str, at: int = SECOND, **more: Any) -> Row:
    """An entry in STATE; a guest's GPA follows its place in the region. MORE: members to change."""
    row: Row = {"at": hex(at), **STATES[state]}
    if row.get("asid"):
        row["gpa"] = hex(GPA + at % LARGE)
    return {**row, **more}


def fields(row: Row, **more: Any) -> Row:
    """ROW without its address, as `after` has it."""
    return {k: v for k, v in {**row, **more}.items() if k != "at"}


def became(state: str, at: int = SECOND, **more: Any) -> Row:
    """A page in STATE, as `after` has it."""
    return fields(page(state, at, **more))


def full(at: int, row: Row) -> Row:
    """ROW with the members that it leaves out."""
    return {
        "at": hex(at),
        "size": "4K",
        "assigned": False,
        "immutable": False,
        "validated": False,
        "vmsa": False,
        "asid": 0,
        "gpa": "0x0",
        "perms": "00000000",
        "mark": "none",
        "subpages": 0,
        "in_use": 0,
        **row,
    }


def unchanged(given: Given) -> dict[str, Any]:
    """The footprint of a call that does nothing."""
    table = op.set_up(given)
    return op.footprint(op.image(table), table)


def merged(base: Mapping[str, Any], more: Mapping[str, Any]) -> Given:
    out = copy.deepcopy(dict(base))
    for key, value in more.items():
        out[key] = merged(out.get(key, {}), value) if isinstance(value, Mapping) else value
    return out


def npf(*bits: int) -> Answer:
    """#VMEXIT(NPF) with bit 31 and BITS in EXITINFO1."""
    return "#VMEXIT(NPF)", RMP | sum(bits)


# ---- what a case has otherwise than its twin ----


def entries(*rows: Row) -> Given:
    return {"entries": list(rows)}


def cpu(**members: Any) -> Given:
    return {"cpu": members}


ADDRESSES = ("spa", "gva", "gpa", "vmcb", "avic", "vmsa")


def in_hex(members: Mapping[str, Any]) -> Given:
    """MEMBERS with addresses as a file has them."""
    return {
        k: hex(v) if k in ADDRESSES and isinstance(v, int) and not isinstance(v, bool) else v
        for k, v in members.items()
    }


def do(**members: Any) -> Given:
    return {"do": in_hex(members)}


def mapped(**members: Any) -> Given:
    """Of the mapping through which a guest's instruction reaches its page."""
    return {"do": {"map": in_hex(members)}}


def _paths(more: Mapping[str, Any], prefix: str = "") -> list[str]:
    found: list[str] = []
    for key, value in more.items():
        found += _paths(value, f"{prefix}{key}.") if isinstance(value, Mapping) else [prefix + key]
    return found


class Cases:
    """Adds cases of one layer: of one instruction, or of accesses."""

    def __init__(self, family: Family, layer: str, **base: Any) -> None:
        """BASE: what the layer's inputs have in common."""
        self.family = family
        self.layer = layer
        self.base: Given = merged({"op": "rmp"}, base)
        self.inputs: dict[str, Given] = {}

    def _input(self, twin: str | None, change: Mapping[str, Any]) -> Given:
        return merged(self.inputs[twin] if twin else self.base, change)

    def valid(
        self,
        name: str,
        title: str,
        req: int,
        *,
        like: str | None = None,
        after: Mapping[int, Row] | None = None,
        changed: int | None = None,
        asids: tuple[int, int] | None = None,
        told: Mapping[str, Any] | None = None,
        **change: Any,
    ) -> None:
        """AFTER: the watched pages whose entries the call changes, without their address; CHANGED: how many
        it changes in the whole table, if more; ASIDS: how many pages the table counts for either guest
        afterwards, if that changes."""
        given = self._input(like, change)
        self.inputs[name] = given
        output = {**(told or {}), **unchanged(given)}
        output["entries"] = [full(op.WATCHED[index], row) for index, row in (after or {}).items()]
        output["changed"] = len(output["entries"]) if changed is None else changed
        if asids is not None:
            output["asid_pages"] = {str(asid): n for asid, n in zip(op.ASIDS, asids, strict=True)}
        req_id = [f"SNP-RMP-{req:03}"]
        flags = [UNCONFIRMED] if req in UNCONFIRMED_RULES else []
        self.family.valid(name, title, req_id, self.layer, given, output, flags=flags)

    def invalid(self, rows: Sequence[Refusal]) -> None:
        """Refused, with nothing changed."""
        for name, defect, req, twin, (status, error), change in rows:
            given = self._input(twin, change)
            output = unchanged(given)
            if status in op.FAULTS.values():
                output["error"] = hex(error)
            self.family.invalid(
                name,
                defect,
                [f"SNP-RMP-{req:03}"],
                self.layer,
                given,
                twin=twin,
                defect=defect,
                changes=[(path, path.rpartition(".")[2], None) for path in _paths(change)],
                status=status,
                output=output,
                flags=[UNCONFIRMED] if req in UNCONFIRMED_RULES else [],
            )

    def policy(
        self,
        name: str,
        title: str,
        req: int,
        twin: str,
        answer: Answer,
        switch: str,
        sides: tuple[Any, Any],
        change: Given,
    ) -> None:
        """By SWITCH: its values that accept and that refuse."""
        self.family.policy(
            name,
            title,
            [f"SNP-RMP-{req:03}"],
            self.layer,
            self._input(twin, change),
            accept={switch: sides[0]},
            refuse={switch: sides[1]},
            status=answer[0],
            flags=[UNCONFIRMED],
            twin=twin,
            defect=title,
            changes=[(path, path.rpartition(".")[2], None) for path in _paths(change)],
        )
