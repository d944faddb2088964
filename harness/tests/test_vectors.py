"""The vectors: made anew they are the same bytes, the reference agrees with each, the docs are theirs."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from reference import cert, chain, docs, families, keys, mint, ops, verify
from reference.__main__ import CASES, requirements
from reference.bundle import Case, Family, apply, diff, read
from reference.check import check, check_twin, contradictions, judge

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(CASES.glob("*.json"))


@pytest.fixture(scope="module")
def bundle() -> list[Family]:
    return [read(path) for path in FILES]


def test_made_anew(tmp_path: Path) -> None:
    """In another process with another hash seed and folder."""
    env = {**os.environ, "PYTHONPATH": str(ROOT / "harness"), "PYTHONHASHSEED": "7"}
    command = [sys.executable, "-m", "reference", "generate", "--out", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True, env=env, cwd=tmp_path)
    assert [path.name for path in sorted(tmp_path.glob("*.json"))] == [path.name for path in FILES]
    differ = [path.name for path in FILES if path.read_bytes() != (tmp_path / path.name).read_bytes()]
    assert differ == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_reference_agrees(path: Path) -> None:
    assert check(read(path), requirements()) == []


def test_every_family_has_a_file() -> None:
    assert len(FILES) == len(families.names())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_one_name(path: Path) -> None:
    """A file, its family and its cases: what --vectors and --filter match is what the pages say."""
    family = read(path)
    assert family.name == path.stem
    assert [case.id for case in family.cases if case.id.split(".")[0] != path.stem] == []


def test_no_contradictions(bundle: list[Family]) -> None:
    assert contradictions(bundle) == []


def test_known_mistakes_have_cases(bundle: list[Family]) -> None:
    assert docs.missing_bugs(bundle) == []


def _shown_rules() -> set[str]:
    """The MUSTs that are settled and that a test can show at all."""
    rows = [
        row
        for path in (ROOT / "vectors" / "requirements").glob("*.json")
        for row in json.loads(path.read_text())["rows"]
    ]
    return {
        row["id"]
        for row in rows
        if row["level"] == "MUST" and row["confidence"] == "confirmed" and not row.get("untested")
    }


def test_every_rule_has_a_vector_or_a_reason(bundle: list[Family]) -> None:
    rules = _shown_rules()
    assert docs.unshown(bundle, rules) == []
    fewer = [family for family in bundle if family.name != "signature"]
    assert docs.unshown(fewer, rules)


def test_pages(bundle: list[Family]) -> None:
    made = docs.pages(bundle)
    folder = ROOT / "docs" / "vectors"
    assert {path.name: path.read_text() for path in folder.glob("*.md")} == made


def test_anchors() -> None:
    """The certificates in the folder are the keys', and their keys the ones that are known."""
    made = mint.anchors()
    assert {path.name: path.read_bytes() for path in keys.KEYS.glob("*.cert.pem")} == made
    known = {hashlib.sha256(cert.parse(data).spki).hexdigest() for data in made.values()}
    assert len(known) == 3
    assert known < chain.PINNED


# ---- the proof can fail ----


def _case(bundle: list[Family], name: str) -> Case:
    return next(case for family in bundle for case in family.cases if case.id == name)


def _first(bundle: list[Family], family: str, result: str) -> Case:
    found = next(f for f in bundle if f.name == family)
    return next(case for case in found.cases if case.result == result)


def test_wrong_stage_is_found(bundle: list[Family]) -> None:
    case = _first(bundle, "signature", "invalid")
    assert judge(case) == []
    assert judge(replace(case, expect={**case.expect, "stage": "chain"}))


def test_wrong_result_is_found(bundle: list[Family]) -> None:
    case = _first(bundle, "report", "valid")
    assert judge(replace(case, expect={"result": "invalid", "stage": "parse"}))


def test_second_difference_is_found(bundle: list[Family]) -> None:
    case = _first(bundle, "signature", "invalid")
    twin = _case(bundle, str(case.twin))
    assert check_twin(case, twin) == []
    second = replace(case, input={**case.input, "at": "2026-01-02T00:00:00Z"})
    assert any("differs from its twin in at too" in text for text in check_twin(second, twin))


def test_second_defect_in_a_report_is_found(bundle: list[Family]) -> None:
    case = _first(bundle, "signature", "invalid")
    twin = _case(bundle, str(case.twin))
    data = bytearray(case.input["report"])
    data[0x50] ^= 1
    second = replace(case, input={**case.input, "report": bytes(data)})
    assert any("differs from the twin at 0x50 too" in text for text in check_twin(second, twin))


def _flipped(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


def test_second_defect_in_a_signature_is_found(bundle: list[Family]) -> None:
    case = next(c for f in bundle for c in f.cases if ("certs.vcek", "productName", "ask") in c.changes)
    certs = {**case.input["certs"], "vcek": _flipped(case.input["certs"]["vcek"])}
    second = replace(case, input={**case.input, "certs": certs})
    assert any("vcek is not signed by ask" in t for t in check_twin(second, _case(bundle, str(case.twin))))


def test_second_defect_in_a_list_is_found(bundle: list[Family]) -> None:
    case = next(
        c
        for f in bundle
        for c in f.cases
        if c.id.startswith("revocation.ask-listed") and c.changes[0][0] == "crl" and c.changes[0][2] == "ark"
    )
    second = replace(case, input={**case.input, "crl": _flipped(case.input["crl"])})
    assert any("list is not signed by ark" in t for t in check_twin(second, _case(bundle, str(case.twin))))


def test_id_of_another_family_is_found(bundle: list[Family]) -> None:
    family = next(f for f in bundle if f.name == "signature")
    odd = replace(family.cases[0], id="chain.x")
    found = check(replace(family, cases=[odd]), requirements())
    assert any("chain.x: an id of another family" in text for text in found)


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ({"blob": "nope"}, "there is no blob nope"),
        ({"blob": "NAME", "patch": [[9999, 1, "00"]]}, "does not fit"),
        ({"blob": "NAME", "patch": [[9, 1, "00"], [5, 1, "00"]]}, "does not fit"),
    ],
)
def test_reference_to_nowhere_is_found(tmp_path: Path, reference: dict[str, Any], why: str) -> None:
    data = json.loads((CASES / "signature.json").read_text())
    name = next(iter(data["blobs"]))
    given = {key: name if value == "NAME" else value for key, value in reference.items()}
    data["cases"][0]["input"]["report"] = given
    (tmp_path / "signature.json").write_text(json.dumps(data))
    with pytest.raises(ValueError, match=f"{data['cases'][0]['id']}: .*{why}"):
        read(tmp_path / "signature.json")


def test_contradiction_is_found(bundle: list[Family]) -> None:
    family = next(f for f in bundle if f.name == "signature")
    turned = [replace(case, expect={"result": "valid"}) for case in family.cases if case.result == "invalid"]
    assert contradictions([family, replace(family, cases=turned[:1])])


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A reference that accepts what one rule refuses: CA certificates without their rights."""
    verify._chain.cache_clear()
    monkeypatch.setattr(chain, "_check_ca", lambda *_: None)
    yield
    verify._chain.cache_clear()


def test_broken_rule_is_found(broken: None) -> None:  # noqa: ARG001
    assert check(read(CASES / "chain.json"), requirements())


# ---- patches ----


@pytest.mark.parametrize(
    ("base", "new"),
    [
        (b"", b""),
        (b"abc", b""),
        (b"", b"abc"),
        (bytes(100), bytes(40) + b"\1" + bytes(59)),
        (bytes(range(200)), bytes(range(100)) + b"new" + bytes(range(100, 200))),
        (bytes(range(200)), bytes(range(50)) + bytes(range(60, 200))),
    ],
)
def test_patch(base: bytes, new: bytes) -> None:
    assert apply(base, diff(base, new)) == new


def test_bad_patch() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        apply(b"abc", [(2, 2, b"")])
    with pytest.raises(ValueError, match="does not fit"):
        apply(b"abc", [(1, 1, b""), (0, 1, b"")])


def test_unknown_op() -> None:
    case = Case("x", "x.y", "t", ("VRF-001",), "parse", {"op": "no_such_op"}, {"result": "valid"})
    with pytest.raises(ModuleNotFoundError):
        ops.run(case)
