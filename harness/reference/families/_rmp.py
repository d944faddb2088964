"""What the families of the RMP share: pages, bases, and how a case follows from its twin."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from reference.bundle import Change, Family
from reference.ops import rmp as op
from reference.single.rows import entries as otherwise

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
Rule = int | tuple[int, ...]  # the first is what the case is about
Refusal = tuple[str, str, Rule, str, Answer, Given]  # name, defect, rules, twin, answer, what differs
Alike = tuple[str, Sequence[Refusal]]  # a defect, and the places where it can be

RMP, ENC, SIZEM, VMPL, SSS = (1 << bit for bit in (31, 34, 35, 36, 37))
UD, GP, PF, VC = ("#UD", 0), ("#GP(0)", 0), ("#PF", RMP), ("#VC", 0x404)
VMEXIT = ("VMEXIT_INVALID", 0)
INPUT, PERMISSION, INUSE, OVERLAP, SIZEMISMATCH, UNFIT = ((name, 0) for name in op.CODES.values())

UNCONFIRMED = "rmp-unconfirmed"
# Rules that the notes call UNCONFIRMED: a case of one states the switch that decides.
UNCONFIRMED_RULES = frozenset(
    {1, 2, 9, *range(11, 15), 21, 22, 28, 29, *range(31, 34), 37, 41, 42, 50, 61, 62, 64, 69, 70}
    | {*range(81, 86), 116, 119, 157}
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
    """ROW with the members that it leaves out, without those that it has as None: no source tells them."""
    whole = {
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
    return {k: v for k, v in whole.items() if v is not None}


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


def own(first: int, after: int = 0) -> Given:
    """The RMP itself lies from page FIRST on, one page long or up to AFTER."""
    return {"own": {"start": hex(first), "end": hex(after or first + PAGE)}}


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

    def _changes(self, twin: str, given: Given, change: Mapping[str, Any]) -> list[Change]:
        """What of CHANGE is otherwise than in TWIN, entry by entry."""
        found: list[Change] = []
        for path in _paths(change):
            field = path.rpartition(".")[2]
            if path == "entries":
                field = ", ".join(otherwise(given[path], self.inputs[twin].get(path, [])))
            found.append((path, field, None))
        return found

    def _rules(self, name: str, rule: Rule, given: Given) -> tuple[list[str], list[str]]:
        """Requirements and flags."""
        numbers = (rule,) if isinstance(rule, int) else rule
        if "policy" not in given and UNCONFIRMED_RULES & set(numbers):
            raise ValueError(f"{name}: {numbers} is not confirmed, and no switch is stated")
        return [f"SNP-RMP-{n:03}" for n in numbers], [UNCONFIRMED] if "policy" in given else []

    def valid(
        self,
        name: str,
        title: str,
        rule: Rule,
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
        requirements, flags = self._rules(name, rule, given)
        self.family.valid(name, title, requirements, self.layer, given, output, flags=flags)

    def alike(self, classes: Sequence[Alike]) -> None:
        """Refused alike, wherever the defect is."""
        for defect, rows in classes:
            self.invalid(rows, defect)

    def invalid(self, rows: Sequence[Refusal], defect: str = "") -> None:
        """Refused, with nothing changed. DEFECT: what all ROWS are places of; else each is one of its own."""
        for name, text, rule, twin, (status, error), change in rows:
            given = self._input(twin, change)
            requirements, flags = self._rules(name, rule, given)
            output = unchanged(given)
            if status in op.FAULTS.values():
                output["error"] = hex(error)
            self.family.invalid(
                name,
                text,
                requirements,
                self.layer,
                given,
                twin=twin,
                defect=defect or text,
                boundary=text if defect else None,
                changes=self._changes(twin, given, change),
                status=status,
                output=output,
                flags=flags,
            )

    def policy(
        self,
        name: str,
        title: str,
        rule: int,
        twin: str,
        answer: Answer,
        switch: str,
        sides: tuple[Any, Any],
        change: Given,
        **seen: Any,
    ) -> None:
        """By SWITCH: its values that accept and that refuse. A case for those who cannot turn it, and one of
        each value with what becomes of the table; SEEN: of the accepting one, as `valid` has it."""
        accepted = f"{name}-accepted"
        where = [f"{title}, where {switch} is {json.dumps(value)}" for value in sides]
        self.valid(accepted, where[0], rule, like=twin, policy={switch: sides[0]}, **change, **seen)
        turned = {"policy": {switch: sides[1]}}
        self.invalid([(f"{name}-refused", where[1], rule, accepted, answer, turned)])
        self.family.policy(
            name,
            title,
            [f"SNP-RMP-{rule:03}"],
            self.layer,
            self._input(twin, change),
            accept={switch: sides[0]},
            refuse={switch: sides[1]},
            status=answer[0],
            flags=[UNCONFIRMED],
            twin=twin,
            defect=title,
            changes=self._changes(twin, self._input(twin, change), change),
        )


def cite_twins(family: Family) -> None:
    """A twin shows what its invalid cases break as it should be: it names their requirements too."""
    shown: dict[str, list[str]] = {}
    for case in family.cases:
        if case.result == "invalid":
            shown.setdefault(str(case.twin), []).extend(case.requirement)
    for index, case in enumerate(family.cases):
        named = (*case.requirement, *shown.get(case.id, ()))
        family.cases[index] = replace(case, requirement=tuple(dict.fromkeys(named)))
