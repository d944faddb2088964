"""The adapters of this tree: what they claim and what their adapter.toml explains."""

from __future__ import annotations

import fnmatch
import json
import subprocess
import sys

from sevkit import matrix_adapter, tools
from sevkit.matrix_cases import load


def test_our_adapters_are_in_order() -> None:
    names = [adapter.name for adapter in matrix_adapter.find(())]
    assert names == ["go-sev-guest", "reference", "snp-verify", "virtee-sev"]


def test_every_explanation_has_a_case() -> None:
    """An entry whose cases are gone explains nothing."""
    ids = list(load(tools.tree() / "vectors" / "cases", None, None).cases)
    globs = [(a.name, k.id, glob) for a in matrix_adapter.find(()) for k in a.known for glob in k.cases]
    assert [entry for entry in globs if not fnmatch.filter(ids, entry[2])] == []


def test_reference_adapter() -> None:
    """It starts, and answers a case of its own."""
    out = subprocess.run(
        [sys.executable, tools.tree() / "harness/adapters/reference/adapter.py"],
        input='{"op": "hello"}\n{"op": "parse", "kind": "report", "id": "x", "data": "eA=="}\n',
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    hello, answer = map(json.loads, out.splitlines())
    assert hello["name"] == "reference"
    assert (answer["id"], answer["verdict"], answer["stage"]) == ("x", "reject", "parse")


def test_reference_claims_everything() -> None:
    """A layer or an option that no adapter claims would be looked at by none."""
    out = subprocess.run(
        [sys.executable, tools.tree() / "harness/adapters/reference/adapter.py"],
        input='{"op": "hello"}\n',
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    hello = json.loads(out)
    cases = load(tools.tree() / "vectors" / "cases", None, None).cases.values()
    assert {case.layer for case in cases} - set(hello["layers"]) == set()
    assert {o for c in cases for side in c.sides() for o in c.options(side)} - set(hello["options"]) == set()
