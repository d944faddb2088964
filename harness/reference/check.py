"""The proof of a family: every case in Python, every twin, every single defect. Design section 6 and 7.

The reference must say what the file says. An invalid case differs from its valid twin in the members that
`changes` names and in no other; with these members put back it is accepted.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from reference import ops, single
from reference.bundle import RESULTS, Case, Family, Seen

KINDS = ("stage", "status", "reason")
Class = tuple[str, str, str]  # requirement, defect (of a valid case: its title), layer


# ---- the verdict ----


def _mismatch(wanted: Any, got: Any, path: str) -> Iterator[str]:
    """Members of WANTED that GOT has not or has otherwise; GOT may say more."""
    if isinstance(wanted, Mapping) and isinstance(got, Mapping):
        for key, value in wanted.items():
            if key not in got:
                yield f"{path}.{key}: absent, wanted {value!r}"
            else:
                yield from _mismatch(value, got[key], f"{path}.{key}")
    elif isinstance(wanted, list | tuple) and isinstance(got, list | tuple) and len(wanted) == len(got):
        for index, (a, b) in enumerate(zip(wanted, got, strict=True)):
            yield from _mismatch(a, b, f"{path}[{index}]")
    elif wanted != got:
        yield f"{path}: {got!r}, wanted {wanted!r}"


def _against(seen: Seen, result: str, expect: Mapping[str, Any]) -> Iterator[str]:
    if seen.result != result:
        at = seen.stage or seen.status or seen.reason
        yield f"{seen.result} ({at}: {seen.where}), wanted {result}"
        return
    if result == "invalid":
        for kind in KINDS:
            if kind in expect and expect[kind] != getattr(seen, kind):
                yield f"{kind} {getattr(seen, kind)} ({seen.where}), wanted {expect[kind]}"
    yield from _mismatch(expect.get("output", {}), seen.output, "output")


def with_policy(case: Case, options: Mapping[str, Any]) -> Case:
    """CASE under OPTIONS on top of its own policy."""
    given = dict(case.input)
    given["policy"] = {**given.get("policy", {}), **options}
    return replace(case, input=given)


def judge(case: Case) -> list[str]:
    """What the reference says otherwise than the file."""
    expect = case.expect
    if case.result != "policy":
        return list(_against(ops.run(case), case.result, expect))
    sides = expect["policy"]
    accepted = ops.run(with_policy(case, sides["accept"]))
    refused = ops.run(with_policy(case, sides["refuse"]))
    bare = {kind: expect[kind] for kind in KINDS if kind in expect}
    found = [f"accept: {text}" for text in _against(accepted, "valid", {})]
    return found + [f"refuse: {text}" for text in _against(refused, "invalid", bare)]


# ---- twins ----


def _members(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, member in value.items():
        if isinstance(member, Mapping):
            yield from _members(member, f"{prefix}{key}.")
        else:
            yield prefix + key, member


def differing(case: Case, twin: Case) -> set[str]:
    """The members of input in which CASE and TWIN differ, by their paths."""
    mine, its = dict(_members(case.input)), dict(_members(twin.input))
    return {path for path in mine.keys() | its.keys() if mine.get(path) != its.get(path)}


def _covers(named: str, path: str) -> bool:
    return path == named or path.startswith(named + ".")


def undo(case: Case, twin: Case) -> Case:
    """CASE with the members that its changes name as TWIN has them."""
    given = copy.deepcopy(case.input)
    for member, _, _ in case.changes:
        *path, last = member.split(".")
        at: dict[str, Any] = given
        source: Mapping[str, Any] | None = twin.input
        for step in path:
            at = at.setdefault(step, {})
            source = source.get(step) if source is not None else None
        if source is not None and last in source:
            at[last] = copy.deepcopy(source[last])
        else:
            at.pop(last, None)
    return replace(case, input=given, expect={"result": "valid"})


def check_twin(case: Case, twin: Case | None) -> list[str]:
    """That the twin is valid and differs in what `changes` names alone."""
    if twin is None or twin.result != "valid":
        return [f"twin {case.twin} is not a valid case of this file"]
    if not case.defect or not case.changes:
        return ["an invalid case has a defect and its changes"]
    differ = differing(case, twin)
    named = [member for member, _, _ in case.changes]
    found = [
        f"differs from its twin in {path} too"
        for path in sorted(differ)
        if not any(_covers(member, path) for member in named)
    ]
    found += [
        f"changes {member}, which is as in the twin"
        for member in named
        if not any(_covers(member, path) for path in differ)
    ]
    found += single.check(case, twin)
    seen = ops.run(undo(case, twin))
    if seen.result != "valid":
        found.append(
            f"refused with its defect undone: {seen.stage or seen.status or seen.reason}: {seen.where}"
        )
    return found


# ---- families ----


def _form(family: Family, requirements: set[str]) -> Iterator[tuple[str, str]]:
    seen_ids: set[str] = set()
    same: dict[tuple[object, ...], list[Case]] = {}
    for case in family.cases:
        if case.id in seen_ids:
            yield case.id, "this id occurs twice"
        seen_ids.add(case.id)
        if not case.id.startswith(f"{family.name}."):
            yield case.id, f"an id of another family than {family.name}"
        if case.result not in RESULTS:
            yield case.id, f"result {case.result}"
        if not case.requirement:
            yield case.id, "no requirement"
        for requirement in case.requirement:
            if requirement not in requirements:
                yield case.id, f"{requirement} is not in vectors/requirements"
        for flag in case.flags:
            if flag not in family.notes:
                yield case.id, f"flag {flag} has no note"
        if case.result == "invalid":
            same.setdefault((case.requirement[0], case.defect, case.product, case.version), []).append(case)
    for cases in same.values():
        for case in cases[1:]:
            if case.boundary is None:
                yield (
                    case.id,
                    f"{cases[0].id} has its requirement, defect, product and version; say why (boundary)",
                )


def check(family: Family, requirements: set[str]) -> list[str]:
    """All that is wrong with FAMILY, a line each."""
    by_id = {case.id: case for case in family.cases}
    found = list(_form(family, requirements))
    for case in family.cases:
        try:
            found += [(case.id, text) for text in judge(case)]
            if case.result == "invalid" or case.twin is not None:
                found += [(case.id, text) for text in check_twin(case, by_id.get(case.twin or ""))]
        except Exception as error:  # a case that the reference falls over is a finding too
            found.append((case.id, f"{type(error).__name__}: {error}"))
    return [f"{name}: {text}" for name, text in found]


def classes(families: list[Family]) -> dict[str, set[Class]]:
    """The classes by result: (requirement, defect, layer). A title stands for a defect where there is none;
    a case whose input was there before, as a twin of another family, is no class."""
    found: dict[str, set[Class]] = {result: set() for result in RESULTS}
    inputs: set[str] = set()
    for case in (case for family in families for case in family.cases):
        given = repr(case.input)
        if case.result == "invalid" or given not in inputs:
            found[case.result].add((case.requirement[0], case.defect or case.title, case.layer))
        inputs.add(given)
    return found


def contradictions(families: list[Family]) -> list[str]:
    """Cases with the same input and another result."""
    seen: dict[str, Case] = {}
    found = []
    for case in (case for family in families for case in family.cases):
        first = seen.setdefault(repr(case.input), case)
        if first.result != case.result:
            found.append(f"{case.id} is {case.result}, {first.id} with the same input {first.result}")
    return found


def summary(families: list[Family]) -> str:
    """Cases and classes of each family, for people."""
    lines = [f"{'family':<16}{'cases':>7}{'invalid':>9}{'valid':>7}{'policy':>8}   (classes)"]
    for family in [*families]:
        counted = classes([family])
        lines.append(
            f"{family.name:<16}{len(family.cases):>7}{len(counted['invalid']):>9}"
            f"{len(counted['valid']):>7}{len(counted['policy']):>8}"
        )
    total, counted = Counter(c.result for f in families for c in f.cases), classes(families)
    lines.append(
        f"{'all':<16}{total.total():>7}{len(counted['invalid']):>9}{len(counted['valid']):>7}"
        f"{len(counted['policy']):>8}"
    )
    return "\n".join(lines)
