"""Vector files: families of cases as Python makes them, and as JSON keeps them.

A family is one file, vectors/cases/NAME.json (vectors/schema/cases.schema.json). A generator
(families/FAMILY.py) gives cases whose inputs hold plain bytes; the file keeps each byte string as a named
blob, a patch against one, or base64, whichever is shortest. Nothing here depends on time or chance.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SINCE = "0.1.0"
RESULTS = ("valid", "invalid", "policy")

Patch = list[tuple[int, int, bytes]]  # at, count, new bytes; ascending, offsets of the old bytes
Change = tuple[str, str, str | None]  # member of input, field inside it, key that signed anew


@dataclass
class Case:
    """One case. INPUT holds bytes wherever the file holds a reference."""

    family: str
    id: str
    title: str
    requirement: tuple[str, ...]
    layer: str
    input: dict[str, Any]
    expect: dict[str, Any]
    flags: tuple[str, ...] = ()
    twin: str | None = None
    defect: str | None = None
    changes: tuple[Change, ...] = ()
    product: str | None = None
    version: int | None = None
    boundary: str | None = None
    since: str = SINCE

    @property
    def result(self) -> str:
        return str(self.expect["result"])

    @property
    def op(self) -> str:
        return str(self.input["op"])


@dataclass
class Seen:
    """What an implementation made of a case's input."""

    result: str  # valid or invalid
    stage: str | None = None
    status: str | None = None
    reason: str | None = None
    output: dict[str, Any] = field(default_factory=dict)
    where: str = ""  # for people


def _kinds(stage: str | None, status: str | None, reason: str | None) -> dict[str, Any]:
    given = {"stage": stage, "status": status, "reason": reason}
    return {kind: value for kind, value in given.items() if value is not None}


@dataclass
class Family:
    """The cases of one file, in their order."""

    name: str
    title: str
    text: str  # what the family is about and what its ops' inputs mean: Markdown
    blobs: dict[str, bytes] = field(default_factory=dict)
    notes: dict[str, dict[str, str]] = field(default_factory=dict)
    cases: list[Case] = field(default_factory=list)

    def blob(self, name: str, data: bytes) -> bytes:
        """Gives DATA a name in the file; returns DATA."""
        if self.blobs.setdefault(name, data) != data:
            raise ValueError(f"{self.name}: blob {name} stands for two values")
        return data

    def note(self, flag: str, *, bug_class: str, effect: str, origin: str = "class") -> None:
        """What FLAG means: the class of bug, what it leads to, where it was met."""
        self.notes[flag] = {"class": bug_class, "effect": effect, "origin": origin}

    def case(
        self,
        id: str,  # noqa: A002
        title: str,
        *,
        requirement: Iterable[str],
        layer: str,
        input: Mapping[str, Any],  # noqa: A002
        expect: Mapping[str, Any],
        flags: Iterable[str] = (),
        twin: str | None = None,
        defect: str | None = None,
        changes: Iterable[Change] = (),
        product: str | None = None,
        version: int | None = None,
        boundary: str | None = None,
        since: str = SINCE,
    ) -> str:
        """Adds a case; ID and TWIN without the family's prefix. A change without a field is one of its whole
        member. Returns ID."""
        self.cases.append(
            Case(
                family=self.name,
                id=f"{self.name}.{id}",
                title=title,
                requirement=tuple(requirement),
                layer=layer,
                input=dict(input),
                expect=dict(expect),
                flags=tuple(flags),
                twin=f"{self.name}.{twin}" if twin else None,
                defect=defect,
                changes=tuple((member, field or member, signer) for member, field, signer in changes),
                product=product,
                version=version,
                boundary=boundary,
                since=since,
            )
        )
        return id

    def valid(
        self,
        id: str,  # noqa: A002
        title: str,
        requirement: Iterable[str],
        layer: str,
        input: Mapping[str, Any],  # noqa: A002
        output: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> str:
        """A case that must be accepted."""
        expect: dict[str, Any] = {"result": "valid"}
        if output is not None:
            expect["output"] = dict(output)
        return self.case(id, title, requirement=requirement, layer=layer, input=input, expect=expect, **more)

    def invalid(
        self,
        id: str,  # noqa: A002
        title: str,
        requirement: Iterable[str],
        layer: str,
        input: Mapping[str, Any],  # noqa: A002
        *,
        twin: str,
        defect: str,
        changes: Iterable[Change],
        stage: str | None = None,
        status: str | None = None,
        reason: str | None = None,
        output: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> str:
        """A case that must be refused, for one reason."""
        expect = {"result": "invalid"} | _kinds(stage, status, reason)
        if output is not None:
            expect["output"] = dict(output)
        return self.case(
            id,
            title,
            requirement=requirement,
            layer=layer,
            input=input,
            expect=expect,
            twin=twin,
            defect=defect,
            changes=changes,
            **more,
        )

    def policy(
        self,
        id: str,  # noqa: A002
        title: str,
        requirement: Iterable[str],
        layer: str,
        input: Mapping[str, Any],  # noqa: A002
        *,
        accept: Mapping[str, Any],
        refuse: Mapping[str, Any],
        stage: str | None = None,
        status: str | None = None,
        reason: str | None = None,
        **more: Any,
    ) -> str:
        """A case that the named options decide: both sides are run."""
        sides = {"accept": dict(accept), "refuse": dict(refuse)}
        expect = {"result": "policy", "policy": sides} | _kinds(stage, status, reason)
        return self.case(id, title, requirement=requirement, layer=layer, input=input, expect=expect, **more)


# ---- patches ----

GAP = 6  # equal bytes between two differences that are not worth a new entry
WINDOW = 12  # equal bytes that bring two shifted strings together again
REACH = 96


def _differences(base: bytes, new: bytes) -> Patch:
    """Byte by byte: for strings of one length."""
    patch: Patch = []
    at = 0
    while at < len(base):
        if base[at] == new[at]:
            at += 1
            continue
        end = at + 1
        while end < len(base) and base[end : end + GAP] != new[end : end + GAP]:
            end += 1
        while base[end - 1] == new[end - 1]:
            end -= 1
        patch.append((at, end - at, new[at:end]))
        at = end
    return patch


def _meet(base: bytes, new: bytes) -> tuple[int, int]:
    """How much of BASE goes and how much of NEW comes until both go on alike."""
    ahead: dict[bytes, int] = {}
    for come in range(min(REACH, len(new) - WINDOW + 1)):
        ahead.setdefault(new[come : come + WINDOW], come)
    found = [
        (gone + ahead[window], gone)
        for gone in range(min(REACH, len(base) - WINDOW + 1))
        if (window := base[gone : gone + WINDOW]) in ahead
    ]
    if not found:
        return len(base), len(new)
    distance, gone = min(found)
    return gone, distance - gone


def _shifted(base: bytes, new: bytes) -> Patch:
    """For strings of two lengths: greedy, good enough for one field that grew or shrank."""
    patch: Patch = []
    i = j = 0
    while i < len(base) or j < len(new):
        if i < len(base) and j < len(new) and base[i] == new[j]:
            i, j = i + 1, j + 1
            continue
        gone, come = _meet(base[i:], new[j:])
        patch.append((i, gone, new[j : j + come]))
        i, j = i + gone, j + come
    return patch


def diff(base: bytes, new: bytes) -> Patch:
    """The patch that makes NEW of BASE."""
    return _differences(base, new) if len(base) == len(new) else _shifted(base, new)


def apply(base: bytes, patch: Iterable[tuple[int, int, bytes]]) -> bytes:
    """BASE with PATCH; ValueError on one that does not fit."""
    out, done = b"", 0
    for at, count, data in patch:
        if at < done or at + count > len(base):
            raise ValueError(f"patch at {at} of {count} bytes does not fit {len(base)} bytes after {done}")
        out += base[done:at] + data
        done = at + count
    return out + base[done:]


# ---- writing ----


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))


class _Store:
    """How a file keeps byte strings: by name, as a patch, or whole."""

    def __init__(self, blobs: Mapping[str, bytes]) -> None:
        self.blobs = blobs
        self.names = {data: name for name, data in blobs.items()}
        self.kept: dict[bytes, dict[str, Any]] = {}

    def _patch_of(self, data: bytes, names: Iterable[str]) -> dict[str, Any] | None:
        best: dict[str, Any] | None = None
        for name in names:
            base = self.blobs[name]
            if not data or not base or not 0.4 < len(data) / len(base) < 2.5:
                continue
            patch = diff(base, data)
            if apply(base, patch) != data:
                raise AssertionError(f"diff against {name}")
            found = {"blob": name, "patch": [[at, count, new.hex()] for at, count, new in patch]}
            if best is None or len(_text(found)) < len(_text(best)):
                best = found
        return best

    def keep(self, data: bytes) -> dict[str, Any]:
        """The reference for DATA in a case."""
        if data in self.names:
            return {"blob": self.names[data]}
        if data not in self.kept:
            whole: dict[str, Any] = {"base64": base64.b64encode(data).decode()}
            patch = self._patch_of(data, self.blobs)
            self.kept[data] = patch if patch and len(_text(patch)) < len(_text(whole)) else whole
        return self.kept[data]

    def value(self, value: Any) -> Any:
        """VALUE with references for its bytes."""
        if isinstance(value, bytes):
            return self.keep(value)
        if isinstance(value, Mapping):
            return {str(k): self.value(v) for k, v in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(v) for v in value]
        return value


def _case_json(case: Case, store: _Store) -> dict[str, Any]:
    out: dict[str, Any] = {"id": case.id, "title": case.title, "requirement": list(case.requirement)}
    out["layer"] = case.layer
    out["flags"] = list(case.flags)
    if case.product is not None:
        out["product"] = case.product
    if case.version is not None:
        out["version"] = case.version
    out["input"] = store.value(case.input)
    out["expect"] = store.value(case.expect)
    if case.twin is not None:
        out["twin"] = case.twin
    if case.defect is not None:
        out["defect"] = case.defect
    if case.changes:
        out["changes"] = [{"member": m, "field": f, "signer": s} for m, f, s in case.changes]
    if case.boundary is not None:
        out["boundary"] = case.boundary
    out["since"] = case.since
    return out


def render(family: Family) -> str:
    """The file's text: a line a blob, a line a member of a case."""
    store = _Store(family.blobs)
    lines = ["{", '"$schema": "../schema/cases.schema.json",', f'"family": {_text(family.name)},']
    lines.append(f'"title": {_text(family.title)},')
    lines.append(f'"text": {_text(family.text.strip())},')
    used = {flag for case in family.cases for flag in case.flags}
    notes = {flag: note for flag, note in sorted(family.notes.items()) if flag in used}
    lines.append('"notes": {')
    lines.append(",\n".join(f"  {_text(flag)}: {_text(note)}" for flag, note in notes.items()) + "},")
    lines.append('"blobs": {')
    blobs = [
        f"  {_text(name)}: {_text(base64.b64encode(data).decode())}" for name, data in family.blobs.items()
    ]
    lines.append(",\n".join(blobs) + "},")
    lines.append('"cases": [')
    texts = []
    for case in family.cases:
        members = [f"  {_text(k)}: {_text(v)}" for k, v in _case_json(case, store).items()]
        texts.append(" {\n" + ",\n".join(members) + "\n }")
    unused = [name for name in family.blobs if not any(f'"blob": "{name}"' in text for text in texts)]
    if unused:
        raise ValueError(f"{family.name}: no case has the blobs {unused}")
    lines.append(",\n".join(texts))
    lines.append("]}")
    return "\n".join(lines) + "\n"


# ---- reading ----


def _bytes_of(value: Mapping[str, Any], blobs: Mapping[str, bytes]) -> bytes:
    if "base64" in value:
        return base64.b64decode(value["base64"], validate=True)
    if value["blob"] not in blobs:
        raise ValueError(f"there is no blob {value['blob']}")
    patch = [(int(at), int(count), bytes.fromhex(new)) for at, count, new in value.get("patch", ())]
    return apply(blobs[value["blob"]], patch)


def _resolve(value: Any, blobs: Mapping[str, bytes]) -> Any:
    if isinstance(value, dict):
        if set(value) in ({"blob"}, {"blob", "patch"}, {"base64"}):
            return _bytes_of(value, blobs)
        return {k: _resolve(v, blobs) for k, v in value.items()}
    if isinstance(value, list):
        return [_resolve(v, blobs) for v in value]
    return value


def _case(family: str, row: Mapping[str, Any], blobs: Mapping[str, bytes]) -> Case:
    return Case(
        family=family,
        id=row["id"],
        title=row["title"],
        requirement=tuple(row["requirement"]),
        layer=row["layer"],
        input=_resolve(row["input"], blobs),
        expect=_resolve(row["expect"], blobs),
        flags=tuple(row["flags"]),
        twin=row.get("twin"),
        defect=row.get("defect"),
        changes=tuple((c["member"], c["field"], c["signer"]) for c in row.get("changes", ())),
        product=row.get("product"),
        version=row.get("version"),
        boundary=row.get("boundary"),
        since=row["since"],
    )


def read(path: Path) -> Family:
    """A file's family, bytes in place of references; ValueError on a reference that leads nowhere."""
    data = json.loads(path.read_text(encoding="utf-8"))
    blobs = {name: base64.b64decode(text, validate=True) for name, text in data["blobs"].items()}
    family = Family(data["family"], data["title"], data["text"], blobs=blobs, notes=data["notes"])
    for row in data["cases"]:
        try:
            family.cases.append(_case(family.name, row, blobs))
        except ValueError as error:
            raise ValueError(f"{row['id']}: {error}") from error
    return family
