"""Decision tables of the RMP: every combination of their dimensions, decided by the reference.

    python -m reference.rmp_table write vectors/rmp           writes decisions.json
    python -m reference.rmp_table compare TABLE FILE          FILE: the C model's words, by rmp-dump
    python -m reference.rmp_table list                        tables and their products

A table is a nest of loops, outermost first. decisions.json has of each table its dimensions, SHA-384 of each
slice's words (rmp_pack.py; a slice is all cases that share the values of `by`, in the table's order) and how
many cases each rule decides. A table whose name has a colon is the one before the colon, smaller, with
another value of a switch of struct rmp_rules.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click

from reference import rmp_cases as cases
from reference import rmp_pack
from reference.rmp_types import Rules

FILE = "decisions.json"

Decide = Callable[[Rules, cases.Case], bytes | None]
Dims = dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Spec:
    """One table."""

    name: str
    dims: Dims
    by: tuple[str, ...]  # dimensions that a slice shares
    decide: Decide | None  # None: accesses, which are decided by blocks
    words: tuple[str, ...] = ("answer",)
    switches: dict[str, bool | int] = field(default_factory=dict)

    @property
    def rules(self) -> Rules:
        return Rules(**self.switches)  # type: ignore[arg-type]

    @property
    def product(self) -> int:
        product = 1
        for values in self.dims.values():
            product *= len(values)
        return product

    @property
    def slices(self) -> int:
        slices = 1
        for name in self.by:
            slices *= len(self.dims[name])
        return slices


ALL_STATES = tuple(cases.STATES)
SIZES = tuple(cases.SIZES)
MAPS = tuple(cases.MAPS)
BITS = ("0", "1")

ACCESS = Spec(
    "access",
    {
        "state": ALL_STATES,
        "own": cases.MATCH,
        "gpa": cases.MATCH,
        "RMP size": SIZES,
        "map": MAPS,
        "actor": tuple(cases.ACTORS),
        "access": tuple(cases.KINDS),
        "C": BITS,
        "VMPL": cases.VMPLS,
        "mask": cases.MASKS,
        "neighbours": cases.SOME,
        "VmplSSS": cases.SWITCH,
    },
    ("state", "actor", "access"),
    None,
)
LATER = Spec(
    "access-later",
    {
        "state": ALL_STATES,
        "own": cases.MATCH,
        "gpa": cases.GPAS,
        "RMP size": SIZES,
        "first page": ("Hypervisor", "Firmware", "Guest-Valid"),
        "map": MAPS,
        "actor": tuple(cases.ACTORS),
        "access": tuple(cases.KINDS),
        "C": BITS,
        "mask": ("0x00", "0x1f"),
        "ASID": tuple(cases.ASKING),
    },
    ("state", "actor"),
    cases.access_later,
)
UPDATE = Spec(
    "rmpupdate",
    {
        "state": ALL_STATES,
        "RMP size": SIZES,
        "page": cases.PAGES,
        "neighbours": cases.NEIGHBOURS,
        "in use": cases.IN_USE,
        "request": tuple(cases.REQUESTS),
        "request size": SIZES,
        "low bits": cases.LOWS,
        "cpu": cases.HOST_NAMES,
    },
    ("state", "request"),
    cases.update,
    rmp_pack.INSTRUCTION_WORDS,
)
PSMASH = Spec(
    "psmash",
    {
        "state": ALL_STATES,
        "RMP size": SIZES,
        "page": cases.PAGES,
        "neighbours": cases.NEIGHBOURS,
        "in use": cases.IN_USE[:2],
        "low bits": cases.LOWS,
        "cpu": cases.HOST_NAMES,
    },
    ("state",),
    cases.psmash,
    rmp_pack.INSTRUCTION_WORDS,
)
READ = Spec(
    "rmpread",
    {
        "state": ALL_STATES,
        "RMP size": SIZES,
        "page": cases.PAGES,
        "neighbours": cases.NEIGHBOURS,
        "cpu": tuple(cases.HOSTS),
    },
    ("state",),
    cases.read,
    rmp_pack.INSTRUCTION_WORDS,
)
PVALIDATE = Spec(
    "pvalidate",
    {
        "state": ALL_STATES,
        "own": cases.MATCH,
        "gpa": cases.GPAS,
        "RMP size": SIZES,
        "page": cases.PAGES,
        "map": MAPS,
        "C": BITS,
        "present": ("no", "yes"),
        "request size": SIZES,
        "validate": BITS,
        "GVA": tuple(cases.GVAS),
        "cpu": tuple(cases.GUESTS),
    },
    ("state", "cpu"),
    cases.pvalidate,
    rmp_pack.INSTRUCTION_WORDS,
)
ADJUST = Spec(
    "rmpadjust",
    {
        "state": ALL_STATES,
        "where": cases.WHERE,
        "RMP size": SIZES,
        "page": cases.PAGES,
        "map": MAPS,
        "request size": SIZES,
        "GVA": tuple(cases.GVAS),
        "who": cases.ASK_NAMES,
        "mask": ("0x0b", "0x1f", "0xe1"),
        "VMSA": BITS,
    },
    ("state", "who"),
    cases.adjust,
    rmp_pack.INSTRUCTION_WORDS,
)
QUERY = Spec(
    "rmpquery",
    {
        "state": ALL_STATES,
        "where": cases.WHERE,
        "RMP size": SIZES,
        "page": cases.PAGES,
        "map": MAPS,
        "who": tuple(cases.ASKS),
    },
    ("state",),
    cases.query,
    rmp_pack.INSTRUCTION_WORDS,
)
STRUCTURE = Spec(
    "structure",
    {
        "structure": tuple(cases.STRUCTURES),
        "state": ALL_STATES,
        "own": cases.MATCH,
        "gpa": cases.GPAS,
        "VMSA": BITS,
        "RMP size": SIZES,
        "page": cases.PAGES,
        "neighbours": cases.NEIGHBOURS,
        "ASID": tuple(cases.ASKING),
    },
    ("structure",),
    cases.structure,
)
VMRUN = Spec(
    "vmrun",
    {"guest": cases.VM_MODES, "VMCB": cases.VMCBS, "AVIC": cases.AVICS, "VMSA": cases.VMSAS},
    ("guest",),
    cases.vmrun,
    rmp_pack.VMRUN_WORDS,
)


def variant(base: Spec, name: str, dims: Dims, **switches: bool | int) -> Spec:
    """BASE with other values of the switches, over fewer values of some dimensions."""
    by = tuple(dim for dim in base.by if len({**base.dims, **dims}[dim]) > 1)
    return replace(base, name=f"{base.name}:{name}", dims={**base.dims, **dims}, by=by, switches=switches)


GOOD: Dims = {"cpu": ("good",)}
GUEST_PAGES: Dims = {"state": ("Guest-Invalid", "Guest-Valid"), "where": ("good",)}
WALKS: Dims = {"access": ("walk", "walk-AD"), "C": ("1",)}

SPECS = (
    ACCESS,
    variant(ACCESS, "guest-ad-maps", WALKS, guest_ad_maps=True),
    LATER,
    variant(LATER, "guest-ad-maps", WALKS, guest_ad_maps=True),
    UPDATE,
    variant(UPDATE, "in-use-first", GOOD, update_in_use_first=True),
    variant(UPDATE, "inside-2m", GOOD, update_inside_2m=2),
    variant(UPDATE, "over-hv-fixed", GOOD, update_over_hv_fixed=0),
    variant(UPDATE, "refuses-gpa", GOOD, update_refuses_gpa=True),
    PSMASH,
    variant(PSMASH, "any-asid", GOOD, psmash_needs_asid=False),
    variant(PSMASH, "immutable", GOOD, psmash_needs_mutable=False),
    variant(PSMASH, "any", GOOD, psmash_needs_asid=False, psmash_needs_mutable=False),
    READ,
    variant(READ, "no-region", GOOD, read_tells_region=False),
    PVALIDATE,
    ADJUST,
    variant(ADJUST, "refuses-vmsa", GUEST_PAGES, adjust_refuses_vmsa=True),
    variant(ADJUST, "refuses-vmsa-2m", GUEST_PAGES, adjust_refuses_vmsa_2m=True),
    QUERY,
    STRUCTURE,
    VMRUN,
)
TABLES = {spec.name: spec for spec in SPECS}

# Rules that an access, an instruction or a structure check enforces: each must decide a case.
ENFORCED = (
    *range(1, 15), *range(21, 30), *range(32, 36), *range(41, 53), *range(61, 71), *range(81, 85),
    *range(101, 117), *range(131, 143),
)  # fmt: skip


# ---- enumeration ----


@dataclass(frozen=True)
class Run:
    """Cases that follow each other and share a slice."""

    slice: int
    words: bytes
    cases: int


def decide_runs(spec: Spec) -> Iterator[Run]:
    """A run a case."""
    assert spec.decide is not None
    rules = spec.rules
    impossible = b"\xff" * (4 * len(spec.words))
    places = [list(spec.dims).index(name) for name in spec.by]
    sizes = [len(spec.dims[name]) for name in spec.by]
    values = list(spec.dims.values())
    for index, case in zip(
        itertools.product(*map(range, map(len, values))), itertools.product(*values), strict=True
    ):
        at = 0
        for place, size in zip(places, sizes, strict=True):
            at = at * size + index[place]
        yield Run(at, spec.decide(rules, case) or impossible, 1)


def access_runs(spec: Spec) -> Iterator[Run]:
    """A run for what masks, neighbours and VmplSSS make of one access by one VMPL."""
    d = spec.dims
    for state_at, state in enumerate(d["state"]):
        spa = cases.region_of(cases.STATES[state])
        for own, gpa, size in itertools.product(d["own"], d["gpa"], d["RMP size"]):
            none, some = cases.access_tables(cases.STATES[state], cases.SIZES[size], own, gpa, spec.rules)
            for map_, actor, kind in itertools.product(d["map"], d["actor"], d["access"]):
                at = state_at
                at = at * len(d["actor"]) + d["actor"].index(actor)
                at = at * len(d["access"]) + d["access"].index(kind)
                blocks = [
                    cases.block(
                        cases.access(none, spa, actor, kind, map_, c, vmpl),
                        cases.access(some, spa, actor, kind, map_, c, vmpl),
                    )
                    for c in d["C"]
                    for vmpl in range(len(d["VMPL"]))
                ]
                yield from (Run(at, words, len(words) // 4) for words in blocks)


def runs(spec: Spec) -> Iterator[Run]:
    return access_runs(spec) if spec.decide is None else decide_runs(spec)


def words_of(spec: Spec) -> bytes:
    """The whole table."""
    return b"".join(run.words for run in runs(spec))


def rules_in(words: bytes, step: int) -> Counter[int]:
    """Of a run, how many cases each rule decides."""
    answers = (int.from_bytes(words[at : at + 4], "little") for at in range(0, len(words), step))
    return Counter(rmp_pack.rule_of(word) for word in answers)


@dataclass(frozen=True)
class Decided:
    """What decisions.json says of a table."""

    digests: list[str]
    rules: dict[str, int]
    impossible: int


def decide(spec: Spec) -> Decided:
    hashes = [hashlib.sha384() for _ in range(spec.slices)]
    step = 4 * len(spec.words)
    seen: Counter[bytes] = Counter()  # a case's first word, or a whole block of accesses
    for run in runs(spec):
        hashes[run.slice].update(run.words)
        seen[run.words if run.cases > 1 else run.words[:4]] += 1
    rules: Counter[int] = Counter()
    impossible = 0
    for words, times in seen.items():
        each = 4 if len(words) > 4 else step
        for rule, count in rules_in(words, each).items():
            rules[rule] += count * times
        impossible += times * sum(words[at : at + 4] == b"\xff" * 4 for at in range(0, len(words), 4))
    named = {f"SNP-RMP-{rule:03}": rules[rule] for rule in sorted(rules) if rule != 0}
    return Decided([h.hexdigest() for h in hashes], named, impossible)


def document() -> dict[str, Any]:
    tables = []
    total: Counter[str] = Counter()
    for spec in SPECS:
        decided = decide(spec)
        total.update(decided.rules)
        tables.append(
            {
                "name": spec.name,
                "switches": spec.switches,
                "dimensions": [{"name": name, "values": list(values)} for name, values in spec.dims.items()],
                "product": spec.product,
                "impossible": decided.impossible,
                "words": list(spec.words),
                "by": list(spec.by),
                "rules": decided.rules,
                "sha384": decided.digests,
            }
        )
    idle = [rule for rule in ENFORCED if total[f"SNP-RMP-{rule:03}"] == 0]
    if idle:
        raise ValueError(f"rules that decide no case: {idle}")
    rules = {rule: total[rule] for rule in sorted(total)}
    return {"$schema": "../schema/rmp-decisions.schema.json", "rules": rules, "tables": tables}


def text() -> str:
    """The committed file; one digest a line."""
    return json.dumps(document(), indent=1) + "\n"


# ---- comparison ----


def combination(spec: Spec, case: int) -> dict[str, str]:
    """The values of case number CASE."""
    found: dict[str, str] = {}
    for name, values in reversed(spec.dims.items()):
        found[name] = values[case % len(values)]
        case //= len(values)
    return dict(reversed(found.items()))


def difference(spec: Spec, other: bytes) -> str | None:
    """The first case in which OTHER, the C model's words, differs; None where it does not."""
    mine = words_of(spec)
    if mine == other:
        return None
    if len(mine) != len(other):
        return f"{spec.name}: {len(other) // 4} words, the reference has {len(mine) // 4}"
    step = 1 << 16
    block = next(at for at in range(0, len(mine), step) if mine[at : at + step] != other[at : at + step])
    at = next(at for at in range(block, len(mine), 4) if mine[at : at + 4] != other[at : at + 4]) // 4
    case, word = divmod(at, len(spec.words))
    values = ", ".join(f"{name} {value}" for name, value in combination(spec, case).items())
    lines = [f"{spec.name}, case {case}: {values}"]
    start = case * len(spec.words)
    for i, name in enumerate(spec.words[word:], start + word):
        a, b = (int.from_bytes(w[4 * i : 4 * i + 4], "little") for w in (mine, other))
        if a != b:
            lines.append(f"  {name}: C {rmp_pack.describe(name, b)}")
            lines.append(f"  {' ' * len(name)}  reference {rmp_pack.describe(name, a)}")
    return "\n".join(lines)


@click.group()
def main() -> None:
    """Decision tables of the reverse map table."""


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def write(folder: Path) -> None:
    """Write FOLDER/decisions.json."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_text(text())


@main.command()
@click.argument("table", type=click.Choice(sorted(TABLES)))
@click.argument("dump", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def compare(table: str, dump: Path) -> None:
    """Compare the C model's words in DUMP with the reference's."""
    found = difference(TABLES[table], dump.read_bytes())
    if found is not None:
        click.echo(found)
        sys.exit(1)
    click.echo(f"{table}: {TABLES[table].product} cases agree")


@main.command("list")
def list_tables() -> None:
    """Print the tables and their products."""
    for spec in SPECS:
        loops = " x ".join(f"{len(values)} {name}" for name, values in spec.dims.items())
        click.echo(f"{spec.name}: {spec.product} = {loops}")
    click.echo(f"{sum(spec.product for spec in SPECS)} cases")


if __name__ == "__main__":
    main()
