"""`make prove`: the search holds on the code as it is, finds a seeded fault, and tells the way in words."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from prove import __main__ as command
from prove import faults
from prove.faults import Fault, Verdict, Workshop

from sevkit import tools

pytestmark = pytest.mark.skipif(
    tools.bin_dir().parent.name == "san", reason="faults are built without sanitizers anyway"
)

BUILD = tools.bin_dir().parent.resolve()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """The code of rmp/, ready to be broken."""
    return Workshop(BUILD, tmp_path_factory.mktemp("faults"))


def test_the_small_worlds_hold() -> None:
    done = subprocess.run([tools.program("rmp-search"), "--cut"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("the same set\n") == 2  # the search without the memo agrees
    assert len(re.findall(r"^  search: \d{5,} states, \d\d layers", done.stdout, re.MULTILINE)) == 2


def test_a_fault_is_found_and_told_in_words(shop: Workshop) -> None:
    fault = next(
        fault
        for fault in faults.FAULTS
        if "another address" in fault.words and fault.requirement == "SNP-RMP-017"
    )
    verdict = shop.judge(fault)
    assert verdict is not None
    assert (verdict.rule, verdict.depth) == ("same address", 3)
    steps = re.findall(r"^ +(\d+)\. (\S+)", verdict.trace, re.MULTILINE)
    assert steps == [("1", "host:"), ("2", "guest"), ("3", "host:")]
    assert "PVALIDATE address 0 (4K) through a 4K mapping to page" in verdict.trace
    assert "4K guest-valid of guest" in verdict.trace
    assert "the same operations on a new table lead there too" in verdict.trace


def test_every_fault_names_a_line(shop: Workshop) -> None:
    assert len(faults.FAULTS) >= 10
    assert len({fault.line for fault in faults.FAULTS}) == len(faults.FAULTS)
    for fault in faults.FAULTS:
        faults.seeded(fault, shop.mutants)
    with pytest.raises(faults.BrokenListError, match="SNP-RMP-999"):
        faults.seeded(Fault("SNP-RMP-999", "drop", "nothing"), shop.mutants)


def test_a_fault_that_is_not_found_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Blind:
        """A search that finds the first fault only."""

        def __init__(self, *_: Path) -> None:
            pass

        def judge(self, fault: Fault) -> Verdict | None:
            return Verdict(fault, "belief", 4, "", 0.1) if fault is faults.FAULTS[0] else None

    monkeypatch.setattr(faults, "Workshop", Blind)
    assert faults.run(BUILD, cut=False) == (1, len(faults.FAULTS) - 1)
    assert f"MISSED  {faults.FAULTS[1].line}\n" in capsys.readouterr().out


@pytest.mark.parametrize("failed", [0, 1])
def test_the_closing_line(
    failed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main([str(tmp_path)]) == 2  # nothing is built there
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/rmp-search").touch()
    parts = (("one", lambda *_: (2, 0, 1)), ("two", lambda *_: (3, failed, 0)))
    monkeypatch.setattr(command, "PARTS", parts)
    assert command.main([str(tmp_path), "--cut"]) == failed
    assert capsys.readouterr().out.splitlines()[-1] == f"5 passed, {failed} failed, 1 skipped"
