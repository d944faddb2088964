"""usage: python -m prove.rules BUILD [--cut]

Each line of the RMP's instructions and checks that carries a rule which the decision tables decide is broken,
one line at a time, in a copy of the tree (BUILD/rules): the words of at least one table must then be others
than the unbroken code's, so that a rule without a case is found. --cut: a few lines.
Exit code: 0 every line changes a table; 1 one does not; 2 misuse, or the tree does not build.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mutants.workshop import WARNINGS

from prove import attacks, limit
from prove.attacks import AttackError, Line

RMP = Path("emulator/rmp")
FILES = ("host.c", "guest.c", "check.c", "structure.c")
# Tests that decide a table's cases; what they name is what the tables decide.
TESTS = ("rmp.decision.", "rmp.refused.")
SAMPLE = 6
SECONDS = 60  # of one table; a line that leaves a region locked would hang it
TAGGED = re.compile(r"/\* @req ((?:SNP-RMP-\d{3} ?)+)\*/")
COMMENT = re.compile(r"/\*.*?\*/")
DECLARED = re.compile(r"^(\s*const bool \w+ = )(.*);$")
MEMBER = re.compile(r"^\s*\.\w+ = .*,$")

# Lines that change no table, by a piece of them: why that is right.
ONE_THREAD = "a region that another holds, for which a table has no case; emulator/rmp/tests/lock.c"
WITHOUT_EFFECT = {
    ("host.c", "rmp_region_try_lock("): ONE_THREAD,
    ("host.c", "(!held)"): ONE_THREAD,
    ("host.c", "(changed & LOW_ASSIGNED)"): "an entry that nothing makes but rmp_put; tests/refusals.c",
}
# Checks without which the program does not go on, as a region is not locked or two entries contradict each
# other: broken, they refuse by no rule.
NO_RULE = ("rmp_region_try_lock(", "is_inside_2m(")


@dataclass(frozen=True)
class Rule:
    """A line that carries rules of the tables."""

    at: Line
    requirements: tuple[str, ...]
    text: str

    @property
    def line(self) -> str:
        """For people."""
        return f"{self.at.file}:{self.at.number + 1} {' '.join(self.requirements)}"

    @property
    def excuse(self) -> str:
        """Why it need not change a table; "" if it must."""
        name = Path(self.at.file).name
        return next(
            (why for (f, piece), why in WITHOUT_EFFECT.items() if f == name and piece in self.text), ""
        )


def decided(runner: Path) -> set[str]:
    """The rules that the tables decide, by what RUNNER's tests of the tables name."""
    done = subprocess.run(
        [str(runner), "--area", "rmp", "--list", "--json", "-"], capture_output=True, text=True, check=True
    )
    tests = [json.loads(line) for line in done.stdout.splitlines()]
    return {r for t in tests if t["id"].startswith(TESTS) for r in t["requirements"]}


def rules(tree: Path, wanted: set[str]) -> list[Rule]:
    """The lines of TREE that carry a rule of WANTED."""
    found = []
    for name in FILES:
        for number, text in enumerate((tree / RMP / name).read_text().splitlines()):
            tag = TAGGED.search(text)
            named = tuple(r for r in tag[1].split() if r in wanted) if tag else ()
            if named:
                found.append(Rule(Line((RMP / name).as_posix(), number), named, text))
    return found


def sample(all_rules: list[Rule]) -> list[Rule]:
    """A few, of all files."""
    return all_rules[:: max(len(all_rules) // SAMPLE, 1)][:SAMPLE]


def _code(line: str) -> str:
    return COMMENT.sub("", line).strip()


def first_line(lines: list[str], number: int) -> int:
    """Where the statement that ends in line NUMBER begins."""
    if _code(lines[number]).startswith("}"):
        margin = lines[number].partition("}")[0]
        opening = re.compile(rf"^{margin}\S.*{{$")
        return next(i for i in range(number - 1, -1, -1) if opening.match(COMMENT.sub("", lines[i]).rstrip()))
    while (before := _code(lines[number - 1])) and not before.endswith((";", "{", "}", ":")):
        number -= 1
    return number


def broken(text: str, number: int) -> str:
    """TEXT with the statement of line NUMBER without effect: as an attack's check is broken, false for
    what is declared, and nothing for a member of a value or a statement of several lines."""
    lines = text.splitlines(keepends=True)
    code = COMMENT.sub("", lines[number]).rstrip()
    declared, check = DECLARED.match(code), attacks.CHECK.match(code)
    first = number
    if declared is not None:
        lines[number] = f"{declared[1]}0 && ({declared[2]});\n"
    elif check is not None and any(piece in code for piece in NO_RULE):
        lines[number] = f"{check[1]}if ({check[2]}) return rmp_refuse(RMP_FAIL_INPUT, 0);\n"
    elif MEMBER.match(code):
        lines[number] = "\n"
    elif (first := first_line(lines, number)) < number:
        lines[first : number + 1] = ["    (void)0;\n", *["\n"] * (number - first)]
    else:
        return attacks.broken(text, number)
    return "".join(lines)


class Dumped(Protocol):
    """A copy of the tree whose tables can be dumped."""

    where: Path

    def make(self) -> None: ...

    def words(self, table: str) -> str: ...


class Copy(attacks.Copy):
    """A copy of the tree whose decision tables are dumped."""

    @property
    def dump(self) -> Path:
        return self.where / "build/bin/rmp-dump"

    def make(self) -> None:
        """Brings the tables' program up to date."""
        flags = ["BUILD=build", f"WARN={WARNINGS}", "HARDEN=-fPIC", "OPT=-O1", f"-j{os.cpu_count() or 1}"]
        done = subprocess.run(
            ["make", "-s", *flags, "build/bin/rmp-dump"],
            cwd=self.where, env=self.environment, capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode != 0:
            raise AttackError(f"does not build:\n{done.stdout[-1000:]}{done.stderr[-3000:]}")

    def tables(self) -> list[str]:
        """The tables, the small ones first."""
        done = subprocess.run([str(self.dump)], capture_output=True, text=True, check=True, timeout=SECONDS)
        rows = [line.split() for line in done.stdout.splitlines()]
        return [row[0] for row in sorted(rows, key=lambda row: int(row[1])) if row[0] != "sum"]

    def words(self, table: str) -> str:
        """The digest of TABLE's words."""
        out = self.where / "build/words"
        command = [str(self.dump), table, str(out)]
        allowed = limit.seconds(SECONDS)
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=allowed, check=False)
        except subprocess.TimeoutExpired:
            raise AttackError(f"{table}: {limit.passed(allowed)}") from None
        if done.returncode != 0:
            raise AttackError(f"{table}: rmp-dump ended with {done.returncode}: {done.stderr.strip()}")
        return hashlib.sha256(out.read_bytes()).hexdigest()


def judge(copy: Dumped, rule: Rule, sound: dict[str, str]) -> tuple[bool, str]:
    """Whether RULE is as it should be, and what was seen."""
    path = copy.where / rule.at.file
    text = path.read_text()
    path.write_text(broken(text, rule.at.number))
    try:
        copy.make()
        changed = next((table for table in sound if copy.words(table) != sound[table]), "")
    except AttackError as error:
        return False, str(error)
    finally:
        path.write_text(text)
    if rule.excuse:
        return not changed, f"changes {changed}, against its excuse" if changed else rule.excuse
    return bool(changed), f"changes {changed}" if changed else "changes no table"


def _judged(copy: Copy, chosen: list[Rule]) -> Iterator[bool]:
    sound = {table: copy.words(table) for table in copy.tables()}
    for rule in chosen:
        started = time.monotonic()
        good, said = judge(copy, rule, sound)
        word = "PASS" if good else "FAIL"
        print(f"{word} {rule.line}: {said} ({time.monotonic() - started:.1f} s)", flush=True)
        yield good


def run(build: Path, cut: bool) -> tuple[int, int, int]:
    """Breaks each line, or a few; passed, failed, skipped."""
    copy = Copy(build.resolve() / "rules")
    every = rules(copy.where, decided(build.resolve() / "bin/suite-runner"))
    unused = [piece for piece in WITHOUT_EFFECT if not any(piece[1] in r.text for r in every)]
    if unused or not every:
        raise AttackError(
            f"excuses for lines that are not there: {unused}" if unused else "no line has a rule"
        )
    copy.make()
    verdicts = list(_judged(copy, sample(every) if cut else every))
    return sum(verdicts), len(verdicts) - sum(verdicts), 0


def main(arguments: list[str]) -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="prove.rules", description="each rule's line changes a decision table"
    )
    parser.add_argument("build", type=Path)
    parser.add_argument("--cut", action="store_true", help=f"only {SAMPLE} lines")
    options = parser.parse_args(arguments)
    try:
        passed, failed, skipped = run(options.build, options.cut)
    except (AttackError, limit.LimitError, OSError, subprocess.SubprocessError) as error:
        print(f"rules: {error}", file=sys.stderr)
        return 2
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
