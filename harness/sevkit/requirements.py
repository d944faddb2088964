"""The requirement registry (vectors/requirements/) against the code and the tests. Design section 6.

    python -m sevkit.requirements check --build DIR    says what is wrong, exits 1 if anything is
    python -m sevkit.requirements docs --build DIR     writes docs/requirements.md

Code names the rule that a line enforces by a comment with the tag `@` `req` and one or more ids. Tests come
from `DIR/bin/suite-runner --list --json`, each with its ids and its kind. A tag in a unit test
(emulator/*/tests) counts as one positive test; refusals are shown by the suites.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema

ROOT = Path(__file__).resolve().parents[2]
REGISTRY = Path("vectors/requirements")
SCHEMA = Path("vectors/schema/requirements.schema.json")
MATRIX = Path("docs/requirements.md")

KINDS = ("positive", "negative")
ID = re.compile(r"[A-Z][A-Z0-9]*(?:-[A-Z][A-Z0-9]*)*-[0-9]{3}")
TAG = re.compile(r"@req\b(.*)")
SEPARATOR = re.compile(r"[\s,]+")


class InputError(Exception):
    """Something that cannot be read at all: the message names file and place."""


@dataclass(frozen=True)
class Row:
    """One normative rule."""

    id: str
    level: str
    text: str
    confidence: str
    untested: str
    kinds: tuple[str, ...]
    not_observable: tuple[str, ...]

    @property
    def must_be_tested(self) -> bool:
        """A confirmed MUST without a stated reason."""
        return self.level == "MUST" and self.confidence == "confirmed" and not self.untested


@dataclass(frozen=True)
class Group:
    """One file of the registry: the rows of one prefix."""

    name: str
    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Tag:
    """An id that a source file names."""

    path: str
    line: int
    id: str

    @property
    def is_test(self) -> bool:
        """Whether the file is a unit test."""
        return "tests" in Path(self.path).parts


@dataclass(frozen=True)
class Test:
    """A test of the suites."""

    __test__ = False  # not a pytest class

    id: str
    kind: str
    requirements: tuple[str, ...]


def read_json(path: Path) -> Any:
    """The content of a JSON file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{path}: {error}") from error


def read_row(row: dict[str, Any]) -> Row:
    """A row that the schema has accepted."""
    return Row(
        id=row["id"],
        level=row["level"],
        text=row["text"],
        confidence=row["confidence"],
        untested=row.get("untested", ""),
        kinds=tuple(row.get("kinds", KINDS)),
        not_observable=tuple(row.get("not_observable", ())),
    )


def load_registry(root: Path) -> list[Group]:
    """Every file of the registry, in order of their names."""
    schema = read_json(root / SCHEMA)
    validator = jsonschema.Draft202012Validator(schema)
    groups = []
    for path in sorted((root / REGISTRY).glob("*.json")):
        content = read_json(path)
        name = path.relative_to(root).as_posix()
        for error in validator.iter_errors(content):
            raise InputError(f"{name}: {error.json_path}: {error.message}")
        groups.append(Group(name, content["title"], tuple(read_row(r) for r in content["rows"])))
    if not groups:
        raise InputError(f"{REGISTRY}: no file")
    return groups


def parse_tags(path: str, text: str) -> tuple[list[Tag], list[str]]:
    """The tags of one source file, and what is wrong with its tags."""
    tags, problems = [], []
    for number, line in enumerate(text.splitlines(), start=1):
        for found in TAG.finditer(line):
            ids = []
            for word in SEPARATOR.split(found.group(1).strip()):
                if not ID.fullmatch(word):
                    break
                ids.append(word)
            if not ids:
                problems.append(f"{path}:{number}: a tag without an id")
            tags += [Tag(path, number, i) for i in ids]
    return tags, problems


def source_files(root: Path) -> Iterator[Path]:
    """The C sources of the emulator and the Python sources of the reference."""
    emulator = root / "emulator"
    yield from sorted(p for p in emulator.rglob("*") if p.suffix in (".c", ".h"))
    yield from sorted((root / "harness" / "reference").rglob("*.py"))


def scan_sources(root: Path) -> tuple[list[Tag], list[str]]:
    """The tags of all sources, and what is wrong with them."""
    tags: list[Tag] = []
    problems: list[str] = []
    for path in source_files(root):
        name = path.relative_to(root).as_posix()
        found, wrong = parse_tags(name, path.read_text(encoding="utf-8"))
        tags += found
        problems += wrong
    return tags, problems


def parse_tests(lines: Iterable[str]) -> list[Test]:
    """The runner's list, one JSON object a line."""
    tests = []
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
            test = Test(row["id"], row["kind"], tuple(row["requirements"]))
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"suite-runner --list --json, line {number}: {error!r}") from error
        if test.kind not in KINDS:
            raise InputError(f"suite-runner --list --json, line {number}: kind {test.kind!r}")
        tests.append(test)
    return tests


def list_tests(build: Path) -> list[Test]:
    """Asks the runner of BUILD for its tests."""
    runner = build / "bin" / "suite-runner"
    try:
        done = subprocess.run(
            [runner.resolve(), "--list", "--json", "-"], cwd=ROOT, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise InputError(f"{runner}: {error.strerror} (build it first: make all)") from error
    if done.returncode != 0:
        raise InputError(f"{runner} --list --json: exit code {done.returncode}: {done.stderr.strip()}")
    return parse_tests(done.stdout.splitlines())


def check_registry(groups: Sequence[Group]) -> list[str]:
    """The rules of the registry that a schema cannot state."""
    problems = []
    seen: dict[str, str] = {}
    for group in groups:
        prefix = group.rows[0].id[:-4]
        last = ""
        for row in group.rows:
            if row.id[:-4] != prefix:
                problems.append(f"{group.name}: {row.id}: the file's prefix is {prefix}")
            elif row.id <= last:
                problems.append(f"{group.name}: {row.id}: comes after {last}")
            if seen.setdefault(row.id, group.name) != group.name:
                problems.append(f"{group.name}: {row.id}: is in {seen[row.id]} too")
            last = row.id
    return problems


def check_coverage(groups: Sequence[Group], tags: Sequence[Tag], tests: Sequence[Test]) -> list[str]:
    """Registry, code and tests against each other."""
    rows = {row.id: row for group in groups for row in group.rows}
    problems = [f"{t.path}:{t.line}: {t.id} is not in the registry" for t in tags if t.id not in rows]
    kinds: dict[str, set[str]] = defaultdict(set)
    for tag in tags:
        if tag.is_test:
            kinds[tag.id].add("positive")
    for test in tests:
        if not test.requirements:
            problems.append(f"test {test.id}: names no requirement")
        for name in test.requirements:
            if name not in rows:
                problems.append(f"test {test.id}: {name} is not in the registry")
            kinds[name].add(test.kind)
    for row in rows.values():
        if row.untested and kinds[row.id]:
            problems.append(f"{row.id}: is tested, yet gives a reason why not: {row.untested}")
        if not row.must_be_tested:
            continue
        if not kinds[row.id]:
            problems.append(f"{row.id}: has neither a test nor a reason: {row.text}")
            continue
        problems += [f"{row.id}: has no {k} test: {row.text}" for k in row.kinds if k not in kinds[row.id]]
    return problems


def cell(text: str) -> str:
    """TEXT in a cell of a Markdown table."""
    return text.replace("|", "\\|")


def render_matrix(groups: Sequence[Group], tags: Sequence[Tag], tests: Sequence[Test]) -> str:
    """docs/requirements.md."""
    code: dict[str, set[str]] = defaultdict(set)
    covered: dict[str, set[str]] = defaultdict(set)
    for tag in tags:
        (covered if tag.is_test else code)[tag.id].add(f"`{tag.path}`")
    for test in tests:
        for name in test.requirements:
            covered[name].add(f"`{test.id}`")
    rows = [row for group in groups for row in group.rows]
    out = [
        "<!-- Generated by `make docs` (harness/sevkit/requirements.py). Do not edit. -->",
        "# Requirement matrix",
        "",
        "A row for every normative rule of the notes, where the code enforces it and what tests it."
        " The rules, with sources and sections, are in `vectors/requirements/`.",
        "",
        f"{len(rows)} rules: {sum(1 for r in rows if covered[r.id])} tested,"
        f" {sum(1 for r in rows if r.untested)} with a reason why not,"
        f" {sum(1 for r in rows if r.confidence == 'unconfirmed')} unconfirmed (see ambiguities.md).",
    ]
    for group in groups:
        out += ["", f"## {group.title}", ""]
        out += ["| id | rule | level | confidence | code | tests |", "| --- | --- | --- | --- | --- | --- |"]
        for row in group.rows:
            shown = "<br>".join(sorted(covered[row.id])) or (f"none: {row.untested}" if row.untested else "")
            places = "<br>".join(sorted(code[row.id]))
            hidden = f" (not observable: {', '.join(row.not_observable)})" if row.not_observable else ""
            cells = (row.id, row.text + hidden, row.level, row.confidence, places, shown)
            out.append("| " + " | ".join(cell(c) for c in cells) + " |")
    return "\n".join(out) + "\n"


def run(command: str, build: Path, root: Path = ROOT) -> int:
    """One command; returns the exit code."""
    groups = load_registry(root)
    tags, problems = scan_sources(root)
    tests = list_tests(build)
    if command == "docs":
        (root / MATRIX).write_text(render_matrix(groups, tags, tests), encoding="utf-8")
        print(f"wrote {MATRIX}")
        return 0
    problems += check_registry(groups) + check_coverage(groups, tags, tests)
    for problem in problems:
        print(problem)
    rows = sum(len(group.rows) for group in groups)
    print(f"requirements: {rows} rows, {len(tags)} tags, {len(tests)} tests, {len(problems)} problems")
    return 1 if problems else 0


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m sevkit.requirements", description=__doc__.split("\n")[0])
    parser.add_argument("command", choices=("check", "docs"))
    parser.add_argument("--build", type=Path, required=True, help="the build directory")
    options = parser.parse_args(argv)
    try:
        return run(options.command, options.build)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
