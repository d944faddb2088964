"""usage: python -m prove.attacks BUILD [--only GLOB] [--docs]

Each scenario of the suite `attack` names the one check that stops it, by its first requirement. This breaks
exactly that line of emulator/rmp in a copy of the tree (BUILD/attacks), and must see the scenario fail
because the attack succeeded, while its twin, the same story without the attacker, still passes. --docs writes
docs/attacks.md instead. Exit code 1: a scenario was not shown so; 2: bad usage, or the tree does not build.
"""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from mutants.workshop import OUTER_MAKE, WARNINGS, copy_tree

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("rmp", "memory")
REGISTRY = Path("vectors/requirements/rmp.json")
PAGE = Path("docs/attacks.md")
FAIR = "-fair"
# Checks that take several lines: what is in the one that stops the scenario.
WHICH_LINE = {
    "attack.remap.entry-gpa": "LOW_GPA",
    "attack.remap.entry-asid": "LOW_ASID",
    "attack.swap.move-other": "is_owner",
    "attack.inuse.vmsa": "if (used) return",
    "attack.inuse.vmcb": "if (used) return",
    "attack.firmware.reclaim-rmp": "if (rmp_is_own(rmp, paddr))",
    "attack.size.join-swapped": "follows",
    "attack.size.join-masks": "is_like",
}
CHECK = re.compile(r"^(\s*)if \((.*)\) return (.*)$")
TITLE = re.compile(r"^(.*) \(([^()]+)\)$")


class AttackError(Exception):
    """The tree, the suite or the arguments are not as they should be."""


@dataclass(frozen=True)
class Scenario:
    """One attack, and the check that stops it."""

    id: str
    title: str
    rule: str
    source: str = ""  # the row of SNP's threat model, and the published class

    @property
    def twin(self) -> str:
        return self.id + FAIR


@dataclass(frozen=True)
class Line:
    """One line of the code that enforces a rule."""

    file: str
    number: int  # from 0


def scenarios(runner: Path) -> list[Scenario]:
    """The scenarios that RUNNER carries, in its order."""
    done = subprocess.run(
        [str(runner), "--area", "attack", "--list", "--json", "-"], capture_output=True, text=True, check=True
    )
    found = []
    for test in map(json.loads, done.stdout.splitlines()):
        if test["kind"] != "negative":
            continue
        parts = TITLE.match(test["title"])
        if parts is None:
            raise AttackError(f"{test['id']}: the title names no source")
        found.append(Scenario(test["id"], parts[1], test["requirements"][0], parts[2]))
    return found


def line_of(root: Path, scenario: Scenario) -> Line:
    """The line that SCENARIO's check is."""
    tag = re.compile(rf"@req\b.*\b{scenario.rule}\b")
    found = []
    for folder in FOLDERS:
        for path in sorted((root / "emulator" / folder).glob("*.c")):
            lines = path.read_text().splitlines()
            found += [
                Line(path.relative_to(root).as_posix(), i) for i, s in enumerate(lines) if tag.search(s)
            ]
    part = WHICH_LINE.get(scenario.id)
    if part is not None:
        found = [at for at in found if part in (root / at.file).read_text().splitlines()[at.number]]
    if len(found) != 1:
        raise AttackError(f"{scenario.id}: {len(found)} lines carry {scenario.rule}, not one")
    return found[0]


def broken(text: str, number: int) -> str:
    """TEXT with line NUMBER without effect: a check never refuses, an assignment is not made."""
    lines = text.splitlines(keepends=True)
    check = CHECK.match(lines[number])
    if check is not None:
        lines[number] = f"{check[1]}if (0 && ({check[2]})) return {check[3]}\n"
    else:
        lines[number] = "    (void)0;\n"
    return "".join(lines)


class Copy:
    """A built copy of the tree, in which one line at a time is broken."""

    def __init__(self, where: Path) -> None:
        shutil.rmtree(where, ignore_errors=True)
        self.where = where
        copy_tree(ROOT, where)
        self.environment = {k: v for k, v in os.environ.items() if k not in OUTER_MAKE}

    @property
    def runner(self) -> Path:
        return self.where / "build/bin/suite-runner"

    def make(self) -> None:
        """Brings the suite's program up to date."""
        flags = ["BUILD=build", f"WARN={WARNINGS}", "HARDEN=-fPIC", "OPT=-O1", f"-j{os.cpu_count() or 1}"]
        done = subprocess.run(
            ["make", "-s", *flags, "build/bin/suite-runner"],
            cwd=self.where, env=self.environment, capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode != 0:
            raise AttackError(f"does not build:\n{done.stdout[-1000:]}{done.stderr[-3000:]}")

    def results(self) -> dict[str, str]:
        """What each test of the area said: its whole line."""
        done = subprocess.run(
            [str(self.runner), "--area", "attack"], capture_output=True, text=True, timeout=120, check=False
        )
        return parse(done.stdout)


def parse(output: str) -> dict[str, str]:
    """The verdict line of each test; the reason stands below it, indented."""
    said: dict[str, str] = {}
    test = ""
    for line in output.splitlines():
        if line.startswith(" ") and test:
            said[test] += line
        elif len(words := line.split()) > 1 and words[0].isupper():
            test = words[1]
            said[test] = line
    return said


def judge(scenario: Scenario, said: dict[str, str]) -> str:
    """Why SCENARIO was not shown to need its check; "" when it was."""
    verdict, twin = said.get(scenario.id, "nothing"), said.get(scenario.twin, "nothing")
    if not verdict.startswith("FAIL ") or "attack succeeded" not in verdict:
        return f"without its check it says: {verdict}"
    if not twin.startswith("PASS "):
        return f"its twin says: {twin}"
    return ""


def run(build: Path, only: str) -> tuple[int, int, int]:
    """Breaks the check of each scenario whose id matches ONLY; passed, failed, skipped."""
    copy = Copy(build.resolve() / "attacks")
    copy.make()
    chosen = [s for s in scenarios(copy.runner) if fnmatch.fnmatch(s.id, only)]
    if not chosen:
        raise AttackError(f"--only {only}: no scenario has such an id")
    sound = copy.results()
    wrong = [s.id for s in chosen if not sound.get(s.id, "").startswith("PASS ")]
    if wrong:
        raise AttackError(f"fails before anything is broken: {', '.join(wrong)}")
    by_line: dict[Line, list[Scenario]] = defaultdict(list)
    for scenario in chosen:
        by_line[line_of(copy.where, scenario)].append(scenario)
    failed = 0
    for at, group in by_line.items():
        path = copy.where / at.file
        text = path.read_text()
        path.write_text(broken(text, at.number))
        copy.make()
        said = copy.results()
        path.write_text(text)
        for scenario in group:
            reason = judge(scenario, said)
            failed += bool(reason)
            said_of = f"{scenario.id} {scenario.rule} {at.file}:{at.number + 1}"
            print(f"FAIL {said_of}: {reason}" if reason else f"PASS {said_of}")
            sys.stdout.flush()
    return len(chosen) - failed, failed, 0


def page(runner: Path) -> str:
    """docs/attacks.md."""
    rows = json.loads((ROOT / REGISTRY).read_text())["rows"]
    text = {row["id"]: row["text"] for row in rows}
    lines = [
        "# Attacks, and the one check that stops each",
        "",
        "Made by `make docs` from `suites/attack/`; do not edit. Each scenario is told twice there: with the",
        "attacker's step or steps, and without, when everything must work. The second column is the row of",
        "SNP's threat model, or the part of SNP, that it attacks, and the published class of attacks where",
        "there is one. Attacks that go past the processor, as aliased DRAM does, meet no check of the RMP",
        "and are not here.",
        "",
        "The check in the last column is broken, one line at a time, by `make prove`, or alone by",
        "",
        "```",
        "make deps all",
        "PYTHONPATH=harness build/venv/bin/python -m prove.attacks build",
        "```",
        "",
        "Then the attack succeeds, and its fair twin still works.",
        "",
        "| scenario | from | the attacker | stopped by |",
        "|---|---|---|---|",
        *(
            f"| {s.id.removeprefix('attack.')} | {s.source} | {s.title} | {s.rule}: {text[s.rule]} |"
            for s in scenarios(runner)
        ),
    ]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """The command."""
    if arguments == ["--help"]:
        print(__doc__)
        return 0
    if not arguments or arguments[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    build, rest, only = Path(arguments[0]).resolve(), arguments[1:], "*"
    try:
        if rest == ["--docs"]:
            (ROOT / PAGE).write_text(page(build / "bin/suite-runner"))
            return 0
        if len(rest) == 2 and rest[0] == "--only":
            only = rest[1]
        elif rest:
            raise AttackError(f"{rest[0]}: not understood")
        passed, failed, skipped = run(build, only)
        print(f"{passed} passed, {failed} failed, {skipped} skipped")
        return 1 if failed else 0
    except (AttackError, OSError, subprocess.CalledProcessError) as error:
        print(f"attacks: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
