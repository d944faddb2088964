"""The built-in scenarios against their schema, and the schema against small faults."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "emulator/profiles/scenarios"
SCHEMA: Any = json.loads((FOLDER / "scenario.schema.json").read_text(encoding="utf-8"))
FILES = sorted(p for p in FOLDER.glob("*.json") if p.name != "scenario.schema.json")
DOCS = (ROOT / "docs/scenarios.md").read_text(encoding="utf-8")


def refuses(scenario: object) -> bool:
    return not jsonschema.Draft202012Validator(SCHEMA).is_valid(scenario)


def test_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert len(FILES) >= 30


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_builtin(path: Path) -> None:
    scenario = json.loads(path.read_text(encoding="utf-8"))
    assert not refuses(scenario)
    assert scenario["name"] == path.stem
    assert f"| `{path.stem}` |" in DOCS
    assert refuses({**scenario, "unknown": 1})


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ({"kind": "busy", "first": 1, "count": 1}, {"value": 1}),
        ({"kind": "busy", "first": 1, "count": "all"}, {"count": "ever"}),
        ({"kind": "fw_status", "first": 1, "count": 1, "value": "AEAD_OFLOW"}, {"value": "SUCCESS"}),
        ({"kind": "fw_status", "first": 1, "count": 1, "value": 1}, {"value": 0}),
        ({"kind": "es_result", "first": 1, "count": 1, "value": 5}, {"value": 6}),
        ({"kind": "truncate", "first": 1, "count": 1, "value": 4095}, {"value": 4096}),
        ({"kind": "flip_bit", "first": 1, "count": 1, "value": 32767}, {"value": 32768}),
        ({"kind": "wipe_vmpck", "value": 3}, {"first": 1}),
        ({"kind": "wipe_vmpck", "value": 3}, {"value": 4}),
    ],
)
def test_fault(good: dict[str, object], bad: dict[str, object]) -> None:
    head = {"name": "a", "title": "b"}
    assert not refuses({**head, "faults": [good]})
    assert refuses({**head, "faults": [{**good, **bad}]})
