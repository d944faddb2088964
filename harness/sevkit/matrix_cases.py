"""Vectors as questions for adapters: reads vectors/cases/*.json and makes the requests of the adapter
protocol (docs/adapters.md). The reference implementation has a reader of its own; the two share nothing."""

from __future__ import annotations

import base64
import fnmatch
import json
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

# A case's op -> the request's op, its kind, and the member whose bytes are the request's `data`. Cases of
# other ops (firmware, messages) are no verifier's.
OPS: dict[str, tuple[str, str, str]] = {
    "verify": ("verify", "", ""),
    "parse": ("parse", "report", "report"),
    "certtable": ("parse", "certtable", "table"),
    "kds_url": ("kds_url", "", ""),
}
# Members of an input that every adapter understands, or may ignore, by the request's op. Any other member is
# an option. What is parsed is one member, and comes as `data`.
MEMBERS = {
    "verify": {"op", "report", "certs", "table", "crl", "roots", "product", "at", "policy"},
    "kds_url": {"op", "report", "product"},
}
# The time at which cases verify that are not about time; every certificate and list is current then.
USUAL_AT = "2026-01-01T00:00:00Z"
# Validities that end sooner than a run of these vectors may come: a VLEK's is a year, a list's less.
VLEK_GUID = UUID("a8074bc2-a25a-483e-aae6-39c045a0b8a1").bytes
TIME_FIELDS = ("notbefore", "notafter", "validity", "thisupdate", "nextupdate")
# Rules about what is trusted (vectors/requirements/verifier.json): a verifier without anchors keeps none.
ANCHOR_RULES = {"VRF-022", "VRF-023", "VRF-024"}


class VectorError(Exception):
    """A vector file that cannot be read; the message names the file and the member."""


@dataclass(frozen=True)
class Case:
    """One case, its bytes in place of references."""

    id: str
    layer: str
    title: str
    requirement: tuple[str, ...]
    input: dict[str, Any]
    expect: dict[str, Any]
    twin: str | None
    changes: tuple[tuple[str, str], ...]  # member of input, field inside it
    product: str | None

    @property
    def expected(self) -> str:
        """valid, invalid or policy."""
        return str(self.expect["result"])

    @property
    def op(self) -> str:
        """The request's op."""
        return OPS[str(self.input["op"])][0]

    @property
    def timed(self) -> bool:
        """Whether a verifier that goes by the clock may come to another verdict on another day."""
        if "crl" in self.input or self.input.get("at", USUAL_AT) != USUAL_AT:
            return True
        if "vlek" in self.input.get("certs", {}) or VLEK_GUID in self.input.get("table", b""):
            return True
        return any(m == "at" or any(t in f.lower() for t in TIME_FIELDS) for m, f in self.changes)

    @property
    def anchored(self) -> bool:
        """Whether the case is about what is trusted."""
        return any(m == "roots" for m, _ in self.changes) or not ANCHOR_RULES.isdisjoint(self.requirement)

    def sides(self) -> dict[str, str]:
        """What is asked of the case, and what the answer should be: accept, reject, or anything ("")."""
        if self.expected == "policy":
            return {"accept": "accept", "refuse": "reject", "base": ""}
        return {"": "accept" if self.expected == "valid" else "reject"}

    def options(self, side: str) -> list[str]:
        """What an adapter must have an option for, to be asked about SIDE."""
        more = sorted(set(self.input) - MEMBERS.get(self.op, set(self.input)))
        given = [
            *self.input.get("certs", {}).values(),
            self.input.get("table", b""),
            self.input.get("crl", b""),
        ]
        pem = any(b"-----BEGIN " in data for data in given)
        return [*(["at"] if self.timed else []), *(["pem"] if pem else []), *more, *self.policy(side)]

    def policy(self, side: str) -> dict[str, Any]:
        """The policy of SIDE: what the case says, with that side's options over it."""
        more = self.expect["policy"].get(side, {}) if side else {}
        return {**self.input.get("policy", {}), **more}


@dataclass
class Bundle:
    """All cases that are for verifiers, and those of them that were asked for."""

    cases: dict[str, Case]
    selected: list[str]


def load(folder: Path, pattern: str | None, shard: tuple[int, int] | None) -> Bundle:
    """The cases of FOLDER. PATTERN is a glob of files if it has a slash or ends in .json, else one of ids."""
    files = sorted(folder.glob("*.json"))
    if pattern is not None and ("/" in pattern or pattern.endswith(".json")):
        files = sorted(_files(folder, pattern))
        pattern = None
    cases = {case.id: case for path in files for case in _read(path)}
    chosen = [id_ for id_ in cases if pattern is None or fnmatch.fnmatchcase(id_, pattern)]
    if shard is not None:
        first, count = shard
        chosen = chosen[first - 1 :: count]
    return Bundle(cases, chosen)


def _files(folder: Path, pattern: str) -> Iterable[Path]:
    if "/" not in pattern:
        return folder.glob(pattern)
    start = Path(pattern)
    return Path(start.anchor or ".").glob(pattern.removeprefix(start.anchor))


def _read(path: Path) -> list[Case]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        blobs = {name: base64.b64decode(text, validate=True) for name, text in data["blobs"].items()}
        rows = [row for row in data["cases"] if row["input"].get("op") in OPS]
        return [_case(row, blobs) for row in rows]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise VectorError(f"{path}: {error!r}") from error


def _case(row: Mapping[str, Any], blobs: Mapping[str, bytes]) -> Case:
    return Case(
        id=row["id"],
        layer=row["layer"],
        title=row["title"],
        requirement=tuple(row["requirement"]),
        input=_resolve(row["input"], blobs),
        expect=_resolve(row["expect"], blobs),
        twin=row.get("twin"),
        product=row.get("product"),
        changes=tuple((c["member"], c["field"]) for c in row.get("changes", ())),
    )


def _resolve(value: Any, blobs: Mapping[str, bytes]) -> Any:
    """VALUE with bytes in place of references to blobs, patches and base64."""
    if isinstance(value, list):
        return [_resolve(v, blobs) for v in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"base64"}:
        return base64.b64decode(value["base64"], validate=True)
    if set(value) in ({"blob"}, {"blob", "patch"}):
        return _patched(blobs[value["blob"]], value.get("patch", ()))
    return {k: _resolve(v, blobs) for k, v in value.items()}


def _patched(base: bytes, patch: Iterable[tuple[int, int, str]]) -> bytes:
    """BASE with PATCH: at, count, new bytes; offsets are those of BASE, ascending."""
    parts, done = [], 0
    for at, count, new in patch:
        if not done <= at <= at + count <= len(base):
            raise ValueError(f"patch at {at} of {count} bytes does not fit")
        parts += [base[done:at], bytes.fromhex(new)]
        done = at + count
    return b"".join([*parts, base[done:]])


# ---- requests ----


def request(case: Case, side: str) -> dict[str, Any]:
    """What is asked about SIDE of CASE; the caller gives it its id."""
    op, kind, data = OPS[str(case.input["op"])]
    out: dict[str, Any] = {"op": op}
    if kind:
        out |= {"kind": kind, "data": _encoded(case.input[data])}
    else:
        out |= {name: _encoded(value) for name, value in case.input.items() if name != "op"}
    if "roots" in case.input:
        out["roots"] = [_pem(der) for der in case.input["roots"]]
    if case.product is not None:
        out.setdefault("product", case.product)
    if policy := case.policy(side):
        out["policy"] = _encoded(policy)
    return out


def _encoded(value: Any) -> Any:
    """VALUE with base64 in place of bytes."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {k: _encoded(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_encoded(v) for v in value]
    return value


def _pem(der: bytes) -> str:
    body = "\n".join(textwrap.wrap(base64.b64encode(der).decode(), 64))
    return f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"
