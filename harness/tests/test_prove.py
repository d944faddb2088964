"""`make prove`: the search holds on the code as it is, finds a seeded fault, and tells the way in words; how
each part ends; which lines the decision tables are asked about, and how they are broken."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from prove import __main__ as command
from prove import faults, limit, rules
from prove.attacks import AttackError, Line
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
    assert done.stdout.count("only refused: ") == 5  # what no world shows at work is told


@pytest.mark.parametrize("program", ["rmp-search", "rmp-dump", "rmp-rows"])
def test_the_programs_tell_what_they_are(program: str) -> None:
    for option, said in (("--help", f"usage: {program}"), ("--version", f"{program} ")):
        done = subprocess.run([tools.program(program), option], capture_output=True, text=True, check=True)
        assert done.stdout.startswith(said)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("rmp-search --threads 0", '--threads: value "0"'),
        ("rmp-search --threads many", '--threads: value "many"'),
        ("rmp-search quickly", "quickly"),
        ("rmp-dump access", "access"),
        ("rmp-dump nothing out", "nothing"),
        ("rmp-dump vmrun /nowhere/words", "/nowhere/words"),
        ("rmp-rows all", "all"),
    ],
)
def test_misuse_is_named(words: str, named: str, tmp_path: Path) -> None:
    program, *arguments = words.split()
    done = subprocess.run(
        [tools.program(program), *arguments], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert named in done.stderr


def test_all_products_are_printed() -> None:
    done = subprocess.run([tools.program("rmp-dump")], capture_output=True, text=True, check=True)
    *rows, last = [line.split() for line in done.stdout.splitlines()]
    assert ["access", "5677056", "1290240"] in rows
    assert last == ["sum", *(str(sum(int(row[i]) for row in rows)) for i in (1, 2))]


def test_a_fault_is_found_and_told_in_words(shop: Workshop) -> None:
    fault = next(
        fault
        for fault in faults.FAULTS
        if "another address" in fault.words and fault.requirement == "SNP-RMP-017"
    )
    verdict = shop.judge(fault)
    assert (verdict.problem, verdict.rule, verdict.depth) == ("", "same address", 3)
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


def test_a_fault_shows_as_what_it_breaks(shop: Workshop) -> None:
    for requirement, rule in (("106", "one owner"), ("027", "counts"), ("035", "allowed"), ("037", "told")):
        fault = next(f for f in faults.FAULTS if f.requirement == f"SNP-RMP-{requirement}")
        assert shop.judge(fault).rule == rule


def test_a_fault_that_is_not_found_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Blind:
        """A search that finds the first fault only."""

        def __init__(self, *_: Path) -> None:
            pass

        def judge(self, fault: Fault) -> Verdict:
            first = fault is faults.FAULTS[0]
            return Verdict(fault, "belief", 4) if first else Verdict(fault, problem="not found: holds")

    monkeypatch.setattr(faults, "Workshop", Blind)
    assert faults.run(BUILD, cut=False) == (1, len(faults.FAULTS) - 1)
    assert f"FAILED  {faults.FAULTS[1].line}: not found: holds\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("returncode", "output", "problem"),
    [
        (1, "violation: belief: a page (4 steps)\n", ""),
        (0, "  holds, 1 s\n", "not found: holds, 1 s"),
        (1, "  nothing is shown: PSMASH, large, never works\n", "not found: nothing is shown: PSMASH"),
        (2, "rmp-search: no table: size\n", "no search: it ended with 2; rmp-search: no table"),
        (-11, "", "crashed: SIGSEGV"),
    ],
)
def test_ends_of_a_search_are_told_apart(returncode: int, output: str, problem: str) -> None:
    verdict = faults.verdict_of(faults.FAULTS[0], returncode, output, 0.1)
    assert verdict.problem.startswith(problem)
    assert bool(verdict.problem) == bool(problem)


def test_a_search_that_does_not_end_and_one_that_is_not_built(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    slow = tmp_path / "slow"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setenv(limit.VARIABLE, "1")
    monkeypatch.setattr(shop, "program", lambda _fault: slow)
    assert shop.judge(faults.FAULTS[0]).problem.startswith("no answer within 1 s on this machine")

    def refused(_fault: Fault) -> Path:
        raise faults.BuildError("host.c does not compile: error")

    monkeypatch.setattr(shop, "program", refused)
    assert shop.judge(faults.FAULTS[0]).problem == "not built: host.c does not compile: error"


@pytest.mark.parametrize("text", ["0", "-1", "soon"])
def test_a_limit_is_a_number(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(limit.VARIABLE, text)
    with pytest.raises(limit.LimitError, match="PROVE_SECONDS"):
        limit.seconds(5)
    (tmp_path / "bin").mkdir()
    for name in command.PROGRAMS:
        (tmp_path / "bin" / name).touch()
    assert command.main([str(tmp_path)]) == 2
    assert f'value "{text}"' in capsys.readouterr().err


# ---- lines and decision tables ----

CODE = """    if (a) return no(1); /* @req SNP-RMP-001 */
    const bool b = c && d;   /* @req SNP-RMP-002 */
    w = (x & y) |
        z; /* @req SNP-RMP-003 SNP-RMP-004 */
    *out = (struct s){
        .one = f(x),
        .two = g && h, /* @req SNP-RMP-005 */
    }; /* @req SNP-RMP-006 */
    if (!rmp_region_try_lock(r)) return no(7); /* @req SNP-RMP-007 */
"""


@pytest.mark.parametrize(
    ("number", "kept", "there"),
    [
        (0, 8, "    if (0 && (a)) return no(1); /* @req SNP-RMP-001 */\n"),
        (1, 8, "    const bool b = 0 && (c && d);\n"),
        (3, 7, "    (void)0;\n\n"),
        (6, 8, ".one = f(x),\n\n    };"),
        (7, 5, "    (void)0;\n\n\n\n    if (!rmp"),
        (8, 8, "    if (!rmp_region_try_lock(r)) return rmp_refuse(RMP_FAIL_INPUT, 0);\n"),
    ],
)
def test_a_line_is_broken_alone(number: int, kept: int, there: str) -> None:
    after = rules.broken(CODE, number)
    assert there in after
    assert len(after.splitlines()) == len(CODE.splitlines())
    pairs = zip(CODE.splitlines(), after.splitlines(), strict=True)
    assert sum(before == now for before, now in pairs) == kept


def test_lines_of_the_tables_rules(tmp_path: Path) -> None:
    (tmp_path / rules.RMP).mkdir(parents=True)
    for name in rules.FILES:
        (tmp_path / rules.RMP / name).write_text(CODE)
    found = rules.rules(tmp_path, {"SNP-RMP-001", "SNP-RMP-004", "SNP-RMP-007"})
    assert [rule.at.number for rule in found] == [0, 3, 8] * len(rules.FILES)
    assert found[1].requirements == ("SNP-RMP-004",)
    assert [rule.excuse != "" for rule in found[:3]] == [False, False, True]
    assert len(rules.sample(found * 9)) == rules.SAMPLE


def test_the_tables_decide_most_rules() -> None:
    wanted = rules.decided(BUILD / "bin/suite-runner")
    assert len(rules.rules(faults.TREE, wanted)) >= 100
    assert {"SNP-RMP-001", "SNP-RMP-071", "SNP-RMP-143"} <= wanted


class Dump:
    """A copy whose tables answer what each line of its file says."""

    def __init__(self, where: Path, builds: bool) -> None:
        self.where, self.builds = where, builds

    def make(self) -> None:
        if not self.builds:
            raise AttackError("does not build")

    def words(self, table: str) -> str:
        text = (self.where / "host.c").read_text()
        return text if table == "seen" else ""


@pytest.mark.parametrize(
    ("table", "builds", "good", "said"),
    [
        ("seen", True, True, "changes seen"),
        ("blind", True, False, "changes no table"),
        ("seen", False, False, "does not build"),
    ],
)
def test_a_line_that_changes_nothing_fails(
    table: str, builds: bool, good: bool, said: str, tmp_path: Path
) -> None:
    (tmp_path / "host.c").write_text(CODE)
    copy = Dump(tmp_path, builds)
    rule = rules.Rule(Line("host.c", 0), ("SNP-RMP-001",), CODE.splitlines()[0])
    sound = {table: copy.words(table)}
    assert rules.judge(copy, rule, sound) == (good, said)
    held = rules.Rule(Line("host.c", 8), ("SNP-RMP-007",), CODE.splitlines()[8])
    assert rules.judge(copy, held, sound)[0] == (builds and table == "blind")  # the excuse is right or wrong
    assert (tmp_path / "host.c").read_text() == CODE


@pytest.mark.parametrize("failed", [0, 1])
def test_the_closing_line(
    failed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main([str(tmp_path)]) == 2  # nothing is built there
    (tmp_path / "bin").mkdir()
    for name in command.PROGRAMS:
        (tmp_path / "bin" / name).touch()
    parts = (("one", lambda *_: (2, 0, 1)), ("two", lambda *_: (3, failed, 0)))
    monkeypatch.setattr(command, "PARTS", parts)
    assert command.main([str(tmp_path), "--cut"]) == failed
    assert capsys.readouterr().out.splitlines()[-1] == f"5 passed, {failed} failed, 1 skipped"
