"""results.json, junit.xml and report.html of a made-up run."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import jsonschema
import pytest

from sevkit import html, junit, results, tools


def make_run(verdicts: list[str]) -> results.Run:
    run = results.Run("embedded", "genoa", "1.58", "0", "6.12", "0" * 64, "2026-01-01T00:00:00+00:00")
    for i, verdict in enumerate(verdicts):
        reason = f"because {i} <&\x01>" if verdict != "PASS" else ""
        run.tests.append(
            results.TestResult(
                f"key.t{i}", "key", f"title {i}", "positive", ["SNP-KEY-001"], verdict, reason, 1.5
            )
        )
    return run


@pytest.mark.parametrize(
    ("verdicts", "line", "code"),
    [
        (["PASS", "WARN", "KFAIL", "XFAIL"], "4 passed, 0 failed, 0 skipped", 0),
        (["PASS", "FAIL"], "1 passed, 1 failed, 0 skipped", 1),
        (["PASS", "XPASS"], "1 passed, 1 failed, 0 skipped", 1),
        (["PASS", "ERROR", "TIMEOUT"], "1 passed, 2 failed, 0 skipped", 1),
        (["SKIP", "NOTTEST"], "0 passed, 0 failed, 2 skipped", 77),
        (["SKIP", "PASS"], "1 passed, 0 failed, 1 skipped", 0),
    ],
)
def test_closing_line_and_exit_code(verdicts: list[str], line: str, code: int) -> None:
    run = make_run(verdicts)
    assert run.closing_line() == line
    assert run.exit_code() == code


def test_an_unknown_verdict_is_refused() -> None:
    with pytest.raises(ValueError, match="PASSED"):
        make_run(["PASSED"])


def test_results_json_follows_its_schema(tmp_path: Path) -> None:
    schema = json.loads((tools.tree() / "harness/sevkit/schema/results.schema.json").read_text())
    path = tmp_path / "results.json"
    results.write_json(make_run(list(results.VERDICTS)), path)
    content = json.loads(path.read_text())
    jsonschema.Draft202012Validator(schema).validate(content)
    content["tests"][0]["verdict"] = "OK"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate(content)


def test_junit_counts_and_survives_control_characters(tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    junit.write_junit(make_run(["PASS", "FAIL", "ERROR", "SKIP"]), path)
    (suite,) = ET.parse(path).getroot()
    assert {k: suite.get(k) for k in ("tests", "failures", "errors", "skipped")} == {
        "tests": "4",
        "failures": "1",
        "errors": "1",
        "skipped": "1",
    }


def test_html_escapes_and_needs_no_network(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    html.write_html(make_run(["PASS", "FAIL"]), path)
    page = path.read_text()
    assert "because 1 &lt;&amp;" in page
    assert "http://" not in page and "https://" not in page and "src=" not in page


def test_hash_tree_sees_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    first = results.hash_tree(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    second = results.hash_tree(tmp_path)
    (tmp_path / "b").write_text("y")
    assert len({first, second, results.hash_tree(tmp_path)}) == 3
