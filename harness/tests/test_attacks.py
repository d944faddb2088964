"""The scenarios of the suite `attack`. That each is stopped by the check that it names is shown for one here;
all of them take `python -m prove.attacks BUILD`.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from prove import attacks

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("SEVKIT_BIN", str(ROOT / "build" / "bin")))
RUNNER = BIN / "suite-runner"

pytestmark = [
    pytest.mark.skipif(not RUNNER.exists(), reason=f"no programs in {BIN}: make all"),
    pytest.mark.skipif(BIN.parent.name == "san", reason="the copy is built without sanitizers anyway"),
]


def test_every_scenario_names_one_line() -> None:
    """There are enough of them, and each has its line and its twin."""
    found = attacks.scenarios(RUNNER)
    assert len(found) >= 25
    assert len({s.rule for s in found}) >= 25
    for scenario in found:
        attacks.line_of(ROOT, scenario)
        assert scenario.source, scenario.id


def test_the_page_is_up_to_date() -> None:
    """docs/attacks.md is what the suite says."""
    assert (ROOT / attacks.PAGE).read_text() == attacks.page(RUNNER)


def test_a_broken_line_has_no_effect() -> None:
    """A check never refuses, an assignment is gone, the rest stays."""
    text = "a\n    if (x || y) return 7; /* @req R */\n    z = 1;\nb\n"
    assert attacks.broken(text, 1) == "a\n    if (0 && (x || y)) return 7; /* @req R */\n    z = 1;\nb\n"
    assert attacks.broken(text, 2) == "a\n    if (x || y) return 7; /* @req R */\n    (void)0;\nb\n"


def test_a_scenario_that_does_not_need_its_check_is_told() -> None:
    """The verdict must be the harm, and the twin must pass."""
    one = attacks.Scenario("attack.a", "", "R")
    good = attacks.parse("FAIL attack.a (1 ms)\n     attack succeeded: x\nPASS attack.a-fair (1 ms)\n")
    assert attacks.judge(one, good) == ""
    assert attacks.judge(one, {**good, "attack.a": "FAIL attack.a: rule: wanted 1, got 2"}) != ""
    assert attacks.judge(one, {**good, "attack.a": "PASS attack.a"}) != ""
    assert attacks.judge(one, {**good, "attack.a-fair": "FAIL attack.a-fair"}) != ""


def test_an_attack_succeeds_without_its_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One scenario, the whole way."""
    assert attacks.main([str(tmp_path), "--only", "attack.vmpl.grant-more"]) == 0, capsys.readouterr()
    assert "1 passed, 0 failed" in capsys.readouterr().out
    assert attacks.main([str(tmp_path), "--only", "attack.nothing"]) == 2


def test_usage_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    """Bad usage says so there and ends with 2; help that was asked for is output."""
    for arguments in ([], ["--docs"], [str(ROOT), "--only"], [str(ROOT), "--nothing"]):
        assert attacks.main(arguments) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err != ""
    assert attacks.main(["--help"]) == 0
    assert "usage" in capsys.readouterr().out
