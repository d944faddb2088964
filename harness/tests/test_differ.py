"""The differential fuzz: a short run holds, and a rule that is broken on either side is found."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random

import pytest
from differ import run, seeds, tree
from reference import cert, certtable, der_read, key, report
from reference.certtable import Entry
from reference.der_read import Reader

from sevkit import tools

PROGRAM = tools.bin_dir() / "vector-differ"
INPUTS = 5000
FEW = 800  # of one kind: enough to meet the rules below

needs_program = pytest.mark.skipif(
    not os.access(PROGRAM, os.X_OK), reason=f"vector-differ is not in {tools.bin_dir()}; `make all` builds it"
)


def few(name: str, program: Path = PROGRAM) -> run.Outcome:
    return run.chunk(run.Program(program), [name], 1, 0, FEW)


@cache
def known(name: str) -> int:
    """Disagreements of the same inputs while nothing is broken."""
    return len(few(name).disagreements)


@pytest.fixture(scope="module")
def short() -> run.Outcome:
    return run.chunk(run.Program(PROGRAM), run.KINDS, 1, 0, INPUTS)


@needs_program
def test_both_sides_agree(short: run.Outcome) -> None:
    assert [(d.kind, d.label, d.c[:200], d.python[:200]) for d in short.disagreements] == []
    assert (short.inputs, short.left_out) == (INPUTS, 0)


@needs_program
def test_inputs_are_accepted_and_refused(short: run.Outcome) -> None:
    """A run that only met refusals, or few of them, would show nothing."""
    for name in run.KINDS:
        accepted = sum(count for (own, _), count in short.accepted.items() if own == name)
        refused = sum(count for (own, _), count in short.refused.items() if own == name)
        assert 0.25 < accepted / (accepted + refused) < 0.75, name
        assert len([own for own, _ in short.reasons if own == name]) >= 5, name


@needs_program
def test_a_seed_and_a_number_decide_a_chunk() -> None:
    def made(seed: int, number: int) -> list[bytes]:
        kinds = run._kinds(run.Program(PROGRAM), run.KINDS)
        return [one.data for _, one, _ in run._ask(kinds, Random(f"{seed}/{number}"), 400)]

    assert made(1, 0) == made(1, 0)
    assert made(1, 0) != made(1, 1)
    assert made(1, 0) != made(2, 0)


# ---- a rule broken in the reference ----


def no_tail_of_r(patch: pytest.MonkeyPatch) -> None:
    kept = tuple(one for one in report.UNSIGNED if one[0] != 0x2D0)
    patch.setattr(report, "UNSIGNED", kept)


def offset_in_the_terminator(patch: pytest.MonkeyPatch) -> None:
    def parse(table: bytes) -> list[Entry]:
        entries = certtable.read_header(table)
        for entry in entries:
            if entry.offset < len(entries) * certtable.ENTRY_SIZE:
                raise certtable.TableError("offset", "")
            if entry.offset + entry.length > len(table):
                raise certtable.TableError("length", "")
        return entries

    patch.setattr(certtable, "parse", parse)


def any_number_in_an_extension(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cert, "_number", lambda value, _: der_read.integer(der_read.only(value, der_read.INTEGER)))


def any_field_of_a_key(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(key, "KNOWN_FIELDS", dict.fromkeys((1, 2), 2**64 - 1))


@needs_program
@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("report", no_tail_of_r),
        ("certtable", offset_in_the_terminator),
        ("extension", any_number_in_an_extension),
        ("message", any_field_of_a_key),
    ],
)
def test_a_rule_broken_in_the_reference_is_found(
    name: str, damage: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = known(name)
    damage(monkeypatch)
    assert len(few(name).disagreements) > before


@needs_program
def test_a_reference_that_raises_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certtable, "parse", lambda table: table[0])
    found = few("certtable").disagreements
    assert any(one.python.startswith("raised IndexError") for one in found)


# ---- a rule broken in the program ----

WRAPPER = """#!{python}
import subprocess, sys
done = subprocess.run([{program!r}, *sys.argv[1:]], stdin=sys.stdin, capture_output=True)
lines = done.stdout.decode().splitlines()
{change}
print("\\n".join(lines))
"""


def wrapped(folder: Path, change: str) -> Path:
    """The program, with its LINES changed."""
    path = folder / "wrapped"
    path.write_text(WRAPPER.format(python=sys.executable, program=str(PROGRAM), change=change), "utf-8")
    path.chmod(0o755)
    return path


CHANGES = {
    "report": 'lines = ["version" if line.startswith("future") else line for line in lines]',
    "certtable": 'lines = [line.replace("refused duplicate", "valid 0") for line in lines]',
    "extension": 'lines = [line.replace(" no leaf", " leaf") for line in lines]',
    "message": 'lines = [line.replace("AEAD_OFLOW", "INVALID_PARAM") for line in lines]',
}


@needs_program
@pytest.mark.parametrize("name", run.KINDS)
def test_a_rule_broken_in_the_program_is_found(name: str, tmp_path: Path) -> None:
    assert len(few(name, wrapped(tmp_path, CHANGES[name])).disagreements) > known(name)


@needs_program
def test_a_program_that_ends_early_names_its_last_input(tmp_path: Path) -> None:
    cut = "if len(lines) > 500: lines = lines[:500]; sys.stderr.write('killed'); code = 3"
    path = wrapped(tmp_path, f"code = 0\n{cut}")
    path.write_text(path.read_text("utf-8") + "sys.exit(code)\n", "utf-8")
    out = few("certtable", path)
    assert out.disagreements[-1].c == "ended with 3 killed"
    assert out.inputs + out.left_out == FEW
    assert out.left_out > 0


@needs_program
def test_messages_after_lost_counters_are_left_out(tmp_path: Path) -> None:
    """The first answer's counter is told wrongly: what comes after cannot be predicted."""
    change = (
        'at = next(i for i, line in enumerate(lines) if line.startswith("SUCCESS"))\n'
        'words = lines[at].split(" ")\n'
        'words[1] = str(int(words[1]) + 2)\nlines[at] = " ".join(words)'
    )
    path = wrapped(tmp_path, f"if len(lines) > 10:\n    {change.replace(chr(10), chr(10) + '    ')}")
    out = few("message", path)
    assert out.left_out > 0
    assert out.inputs + out.left_out == FEW


@needs_program
def test_lines_of_the_two_sides_name_an_input_in_the_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from differ import __main__ as program

    path, out = wrapped(tmp_path, CHANGES["certtable"]), tmp_path / "out"
    words = ["differ", "--program", path, "--inputs", FEW, "--kind", "certtable", "--jobs", 1, "--out", out]
    monkeypatch.setattr(sys, "argv", [str(word) for word in words])
    assert program.main() == 1
    printed = capsys.readouterr().out
    assert "stopped after 20 disagreements" in printed
    assert printed.splitlines()[-1].endswith(" 20 disagreements")
    assert len(list(out.glob("*.bin"))) == 20
    text = (out / "001-certtable.txt").read_text("utf-8")
    assert "C:      valid 0\nPython: refused duplicate" in text


def test_a_program_that_is_not_there_is_an_error() -> None:
    with pytest.raises(run.ProgramError, match="no-such-program"):
        _ = run.Program(Path("/no-such-program")).banner


# ---- DER as a tree ----


def test_a_tree_puts_lengths_right_around_a_change() -> None:
    """A change of a value's content leaves a certificate whose outer values still fit."""
    root = tree.parse(seeds.certificates()[0])
    assert root is not None
    rng = Random(1)
    for _ in range(300):
        label, data = tree.changed(rng, root)
        if label == "twice":
            Reader(data).take(root.tag)
            assert len(data) > len(root.whole)
