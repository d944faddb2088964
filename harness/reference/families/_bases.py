"""Beyond Book: what a base shows, what a policy decides, and worlds whose TCB has no component of 0.

In such a world each component can be lower by one, and none compares by luck.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from reference.families._book import Book, Changes
from reference.mint import Tcb
from reference.world import World, steps, world

PARTS = {"fmc": "FMC", "bl": "boot loader", "tee": "TEE", "snp": "SNP", "ucode": "microcode"}
TCBS = ("CURRENT_TCB", "REPORTED_TCB", "COMMITTED_TCB", "LAUNCH_TCB")


def shows(b: Book, w: World, *requirements: str) -> str:
    """W's base, which is the accepted side of REQUIREMENTS."""
    name = b.base(w)
    case = next(case for case in b.family.cases if case.id == f"{b.family.name}.{name}")
    case.requirement = tuple(dict.fromkeys((*requirements, *case.requirement)))
    return name


def question(
    b: Book, name: str, defect: str, requirement: Iterable[str], of: str, changes: Changes, **more: Any
) -> str:
    """A deviation from OF that the policy accepts or refuses, with twin and defect as in Book.refuse."""
    more = {"title": defect, "stage": b.stage} | more
    b.decide(name, more.pop("title"), requirement, of, changes, **more)
    case = b.family.cases[-1]
    case.twin, case.defect = f"{b.family.name}.{of}", defect
    case.changes = tuple((member, field or member, signer) for member, (_, field, signer) in changes.items())
    return name


def other_report(w: World) -> bytes:
    """W's report with another REPORT_DATA: a policy's question is not asked of the bytes of a base."""
    return w.put("REPORT_DATA", steps(0x60, 64))


def tall(line: str, version: int, kind: str = "vcek") -> World:
    tcb = Tcb(4, 2, 9, 33, fmc=3) if line == "Turin" else Tcb(4, 2, 24, 219)
    return world(line, version, kind, tcb=tcb)


def base(b: Book, w: World) -> str:
    """The case in which nothing is wrong with a tall world, made on first use."""
    name = f"tall-{w.product.lower()}-v{w.version}-{w.kind}"
    if name not in b.inputs:
        b.family.blob(f"report-{name}", w.report)
        b.family.blob(f"{w.kind}-{name}", w.certs[w.kind])
        title = f"{w.product}, report version {w.version}, {w.kind.upper()}, no TCB component of 0"
        b.accept(name, title, ["VRF-058", "VRF-112"], w, w.input())
    return name


def parts(w: World) -> tuple[str, ...]:
    """The components that W's layout has."""
    return tuple(part for part in PARTS if part != "fmc" or w.product == "Turin")


def raw(w: World, **changed: int) -> bytes:
    """W's TCB with other components."""
    return replace(w.tcb, **changed).version(w.product)


def off_by(w: World, part: str, step: int) -> bytes:
    """W's TCB with PART higher by STEP."""
    return raw(w, **{part: getattr(w.tcb, part) + step})


def everywhere(value: bytes) -> dict[str, int | bytes]:
    """One TCB in all four fields, so that their order holds."""
    return dict.fromkeys(TCBS, value)
