"""The requirement tool on a made-up tree, and on the registry itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sevkit import requirements as req


def make_row(name: str = "SNP-KEY-001", **changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": name,
        "document": "56860",
        "revision": "1.55",
        "section": "9",
        "level": "MUST",
        "text": f"rule {name}",
        "confidence": "confirmed",
        "sources": ["genoa-fw"],
        "observable_at": ["key"],
        "effects_on_failure": "nothing",
    }
    return row | changes


def make_group(*rows: dict[str, Any], name: str = "vectors/requirements/key.json") -> req.Group:
    return req.Group(name, "Keys", tuple(req.read_row(r) for r in rows))


BOTH = [
    req.Test("key.good", "positive", ("SNP-KEY-001",)),
    req.Test("key.bad", "negative", ("SNP-KEY-001",)),
]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A root with one rule, one enforcing line, one unit test and a runner that lists two tests."""
    for folder in (
        "vectors/requirements",
        "vectors/schema",
        "emulator/psp/tests",
        "harness/reference",
        "docs",
    ):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / req.SCHEMA).write_text((req.ROOT / req.SCHEMA).read_text())
    write_rows(tmp_path, make_row())
    (tmp_path / "emulator/psp/key.c").write_text("int x;\ncheck(y); /* @req SNP-KEY-001 */\n")
    (tmp_path / "harness/reference/key.py").write_text("check(y)  # @req SNP-KEY-001\n")
    write_runner(tmp_path, BOTH)
    return tmp_path


def write_rows(root: Path, *rows: dict[str, Any]) -> None:
    content = {"schema": 1, "title": "Keys", "rows": list(rows)}
    (root / req.REGISTRY / "key.json").write_text(json.dumps(content))


def write_runner(root: Path, tests: list[req.Test]) -> None:
    lines = [json.dumps({"id": t.id, "kind": t.kind, "requirements": t.requirements}) for t in tests]
    runner = root / "build/bin/suite-runner"
    runner.parent.mkdir(parents=True, exist_ok=True)
    runner.write_text("#!/bin/sh\ncat <<'END'\n" + "\n".join(lines) + "\nEND\n")
    runner.chmod(0o755)


def test_check_passes(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert req.run("check", tree / "build", tree) == 0
    assert capsys.readouterr().out == "requirements: 1 rows, 2 tags, 2 tests, 0 problems\n"


def test_check_reports_unknown_tag(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tree / "emulator/psp/key.c").write_text("\n/* @req SNP-KEY-001 SNP-KEY-404, SNP-KEY-405 */\n")
    assert req.run("check", tree / "build", tree) == 1
    out = capsys.readouterr().out
    assert "emulator/psp/key.c:2: SNP-KEY-404 is not in the registry" in out
    assert "emulator/psp/key.c:2: SNP-KEY-405 is not in the registry" in out
    assert out.endswith("2 problems\n")


def test_check_reports_tag_without_id(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tree / "harness/reference/key.py").write_text("check(y)  # @req snp-key-1\n")
    assert req.run("check", tree / "build", tree) == 1
    assert "harness/reference/key.py:1: a tag without an id" in capsys.readouterr().out


def test_docs_are_deterministic(tree: Path) -> None:
    (tree / "emulator/psp/tests/test_key.c").write_text("/* @req SNP-KEY-001 */\n")
    assert req.run("docs", tree / "build", tree) == 0
    first = (tree / req.MATRIX).read_bytes()
    write_runner(tree, BOTH[::-1])
    assert req.run("docs", tree / "build", tree) == 0
    assert (tree / req.MATRIX).read_bytes() == first
    text = first.decode()
    assert text.startswith("<!-- Generated")
    assert "1 rules: 1 tested, 0 with a reason why not, 0 unconfirmed" in text
    assert (
        "| SNP-KEY-001 | rule SNP-KEY-001 | MUST | confirmed "
        "| `emulator/psp/key.c`<br>`harness/reference/key.py` "
        "| `emulator/psp/tests/test_key.c`<br>`key.bad`<br>`key.good` |\n"
    ) in text


def test_matrix_shows_reason_and_escapes() -> None:
    group = make_group(make_row(text="a | b", untested="needs | x"))
    row = "| SNP-KEY-001 | a \\| b | MUST | confirmed |  | none: needs \\| x |"
    assert row in req.render_matrix([group], [], [])


@pytest.mark.parametrize(
    "change",
    [
        {"level": "MAY"},
        {"id": "KEY1"},
        {"sources": []},
        {"observable_at": ["window"]},
        {"confidence": "sure"},
        {"untested": ""},
        {"kinds": ["positive"]},
        {"kinds": ["positive", "negative"], "kinds_reason": "x"},
        {"extra": 1},
    ],
)
def test_schema_refuses(tree: Path, change: dict[str, Any]) -> None:
    write_rows(tree, make_row() | change)
    with pytest.raises(req.InputError, match=r"key\.json: \$\.rows\[0\]"):
        req.load_registry(tree)


def test_schema_refuses_missing_member(tree: Path) -> None:
    row = make_row()
    del row["effects_on_failure"]
    write_rows(tree, row)
    with pytest.raises(req.InputError, match="effects_on_failure"):
        req.load_registry(tree)


def test_unreadable_input(tree: Path) -> None:
    (tree / req.REGISTRY / "key.json").write_text("{")
    with pytest.raises(req.InputError, match=r"key\.json"):
        req.load_registry(tree)
    (tree / req.REGISTRY / "key.json").unlink()
    with pytest.raises(req.InputError, match="no file"):
        req.load_registry(tree)


def test_registry_rules() -> None:
    one, two = make_row("SNP-KEY-001"), make_row("SNP-KEY-002")
    assert req.check_registry([make_group(one, two)]) == []
    assert "SNP-KEY-001: comes after SNP-KEY-002" in req.check_registry([make_group(two, one)])[0]
    assert "SNP-KEY-001: comes after SNP-KEY-001" in req.check_registry([make_group(one, one)])[0]
    assert "the file's prefix is SNP-KEY" in req.check_registry([make_group(one, make_row("SNP-MSG-002"))])[0]
    again = make_group(one, name="vectors/requirements/z.json")
    assert "is in vectors/requirements/key.json too" in req.check_registry([make_group(one), again])[0]


@pytest.mark.parametrize(
    ("changes", "tests", "problem"),
    [
        ({}, BOTH, ""),
        ({}, [], "has neither a test nor a reason"),
        ({}, BOTH[:1], "has no negative test"),
        ({}, BOTH[1:], "has no positive test"),
        ({"untested": "needs KDS"}, [], ""),
        ({"untested": "needs KDS"}, BOTH, "is tested, yet gives a reason why not: needs KDS"),
        ({"level": "SHOULD"}, [], ""),
        ({"confidence": "unconfirmed"}, [], ""),
        ({"kinds": ["positive"], "kinds_reason": "x"}, BOTH[:1], ""),
        ({"kinds": ["positive"], "kinds_reason": "x"}, BOTH[1:], "has no positive test"),
        ({"kinds": ["negative"], "kinds_reason": "x"}, BOTH[1:], ""),
        ({"kinds": ["negative"], "kinds_reason": "x"}, BOTH[:1], "has no negative test"),
        ({}, [*BOTH, req.Test("key.none", "positive", ())], "test key.none: names no requirement"),
        (
            {},
            [*BOTH, req.Test("key.other", "positive", ("SNP-KEY-009",))],
            "SNP-KEY-009 is not in the registry",
        ),
    ],
)
def test_coverage(changes: dict[str, Any], tests: list[req.Test], problem: str) -> None:
    problems = req.check_coverage([make_group(make_row(**changes))], [], tests)
    assert len(problems) == (1 if problem else 0)
    assert all(problem in p for p in problems)


def test_unit_test_tag_is_a_positive_test() -> None:
    group = make_group(make_row(kinds=["positive"], kinds_reason="x"))
    unit = req.Tag("emulator/psp/tests/test_key.c", 1, "SNP-KEY-001")
    enforcing = req.Tag("emulator/psp/key.c", 1, "SNP-KEY-001")
    assert req.check_coverage([group], [unit], []) == []
    assert len(req.check_coverage([group], [enforcing], [])) == 1
    assert "has no negative test" in req.check_coverage([make_group(make_row())], [unit], [])[0]


@pytest.mark.parametrize("line", ["x", "{}", "[]", '{"id":"a","kind":"odd","requirements":[]}'])
def test_runner_list_refuses(line: str) -> None:
    with pytest.raises(req.InputError, match="line 1"):
        req.parse_tests([line])


def test_runner_missing_or_failing(tree: Path) -> None:
    runner = tree / "build/bin/suite-runner"
    runner.write_text("#!/bin/sh\necho no >&2\nexit 4\n")
    with pytest.raises(req.InputError, match="exit code 4: no"):
        req.list_tests(tree / "build")
    runner.unlink()
    with pytest.raises(req.InputError, match="make all"):
        req.list_tests(tree / "build")


def test_main_names_unreadable_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert req.main(["check", "--build", str(tmp_path)]) == 2
    assert "suite-runner" in capsys.readouterr().err


def test_own_registry_is_well_formed() -> None:
    groups = req.load_registry(req.ROOT)
    assert req.check_registry(groups) == []
    prefixes = {row.id[:-4] for group in groups for row in group.rows}
    assert len(prefixes) == len(groups)
