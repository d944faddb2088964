"""`make mutants`: breaks each check that carries a requirement tag, once a way, and sees the tests go red.

usage: python harness/mutants/mutants.py BUILD [FOLDER ...]      folders of emulator/, default: abi psp

A mutant is one changed line in a private copy of the tree: the check dropped, inverted, or its bound
moved. The unit tests of its folder run first, then the suites, cheapest area first, until one fails. A mutant
that no test notices is a survivor: it needs a test, or an explanation in explained.json (id, kind, evidence).
Only tagged lines are broken so far; constants and the effect parts are not.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

ROOT = Path(__file__).resolve().parents[2]
EXPLAINED = Path(__file__).with_name("explained.json")
KINDS = ("equivalent mutant", "kernel generation", "library non-goal", "UNCONFIRMED fact")
AREAS = ("message", "key", "report", "verifier")
TEST_SECONDS = 120
TAG = re.compile(r"/\*\s*@req\s+(.*?)\s*\*/")
IF = re.compile(r"^(\s*)if \((.*)\) (return [^;]*;|continue;|break;)\s*$")
TRY = re.compile(r"^(\s*)SEVKIT_TRY\((.*)\);\s*$")
RETURN = re.compile(r"^(\s*)return (.*(?:==|!=|<|>|&&|\|\|).*);\s*$")
BOUND = re.compile(r"(?<![-<>])(<=|>=|==|!=|<|>)(?![<>=])")
MOVED = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
MAKE = ["make", "-s", "WARN=-w", "HARDEN=-fPIC", "OPT=-O1"]


@dataclass(frozen=True)
class Mutant:
    """One changed line."""

    file: str
    line: int  # from 0
    kind: str
    before: str
    after: str

    @property
    def id(self) -> str:
        """Survives edits elsewhere in the file: no line number."""
        return f"{self.file}: {self.kind}: {' '.join(self.before.split())}"

    @property
    def folder(self) -> str:
        return self.file.split("/")[1]


def changes(code: str) -> list[tuple[str, str]]:
    """The (kind, line) pairs that CODE, a tagged line without its comment, is turned into."""
    if found := IF.match(code):
        indent, condition, effect = found.groups()
        made = [
            ("drop", f"{indent}if (0 && ({condition})) {effect}"),
            ("invert", f"{indent}if (!({condition})) {effect}"),
        ]
        if (bound := BOUND.search(condition)) and bound[1] not in ("==", "!="):
            moved = condition[: bound.start()] + MOVED[bound[1]] + condition[bound.end() :]
            made.append(("bound", f"{indent}if ({moved}) {effect}"))
        return made
    if found := TRY.match(code):
        return [("drop", f"{found[1]}if (0) SEVKIT_TRY({found[2]});")]
    if found := RETURN.match(code):
        return [("invert", f"{found[1]}return !({found[2]});")]
    return []


def find(folders: list[str]) -> list[Mutant]:
    """All mutants of the tagged lines of FOLDERS, in order."""
    mutants = []
    for folder in folders:
        for path in sorted((ROOT / "emulator" / folder).glob("*.c")):
            for number, line in enumerate(path.read_text().splitlines()):
                if not TAG.search(line):
                    continue
                code = TAG.sub("", line).rstrip()
                name = path.relative_to(ROOT).as_posix()
                mutants += [Mutant(name, number, kind, code, after) for kind, after in changes(code)]
    return mutants


def passes(command: list[str], tree: Path) -> bool:
    """True if COMMAND succeeds in TREE; a hang is a failure."""
    try:
        done = subprocess.run(
            command, cwd=tree, capture_output=True, check=False, timeout=TEST_SECONDS, env=os.environ
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def judge(mutant: Mutant, tree: Path) -> str:
    """`killed`, `survived` or `does not compile`, of MUTANT in the copy TREE, which is restored."""
    path = tree / mutant.file
    original = path.read_text()
    lines = original.splitlines(keepends=True)
    lines[mutant.line] = mutant.after + "\n"
    path.write_text("".join(lines))
    try:
        if not passes([*MAKE, "build/bin/suite-runner", f"build/tests/unit-{mutant.folder}"], tree):
            return "does not compile"
        if not passes([f"build/tests/unit-{mutant.folder}"], tree):
            return "killed"
        for area in AREAS:
            if not passes(["build/bin/suite-runner", "--area", area], tree):
                return "killed"
        return "survived"
    finally:
        path.write_text(original)


def copy_tree(where: Path) -> None:
    """A copy of the tracked tree, built."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    for name in filter(None, names.stdout.split("\0")):
        if (ROOT / name).is_file():
            (where / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, where / name)
    subprocess.run([*MAKE, "build/bin/suite-runner", "unit-tests"], cwd=where, check=True)


def explanations() -> dict[str, str]:
    """Survivors that are explained: id -> kind."""
    rows = json.loads(EXPLAINED.read_text())["rows"]
    for row in rows:
        if set(row) != {"id", "kind", "evidence"} or row["kind"] not in KINDS or not row["evidence"]:
            raise SystemExit(f"{EXPLAINED}: row {row} needs id, evidence and a kind of {', '.join(KINDS)}")
    return {row["id"]: row["kind"] for row in rows}


def main() -> int:
    """Runs all mutants; 1 if one survives without an explanation or too many are explained."""
    build = Path(sys.argv[1])
    folders = sys.argv[2:] or ["abi", "psp"]
    known = explanations()
    mutants = find(folders)
    os.environ.setdefault("SEVKIT_REAL", str(ROOT.parent / "shared" / "real"))
    workers = os.cpu_count() or 1
    verdicts: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        trees: Queue[Path] = Queue()
        for number in range(workers):
            tree = Path(folder) / str(number)
            tree.mkdir()
            copy_tree(tree)
            trees.put(tree)

        def work(mutant: Mutant) -> None:
            tree = trees.get()
            verdicts[mutant.id] = judge(mutant, tree)
            trees.put(tree)
            if len(verdicts) % 20 == 0:
                print(f"{len(verdicts)} of {len(mutants)}", flush=True)

        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(work, mutants))
    survivors = sorted(i for i, v in verdicts.items() if v == "survived")
    unexplained = [i for i in survivors if i not in known]
    for name in unexplained:
        print(f"SURVIVED {name}")
    bad = bool(unexplained)
    for name in folders:
        mine = [i for i in verdicts if i.startswith(f"emulator/{name}/")]
        explained = [i for i in survivors if i in known and i in mine]
        if mine and len(explained) * 20 > len(mine):
            print(f"{name}: {len(explained)} of {len(mine)} are explained, more than 5 %")
            bad = True
    build.mkdir(parents=True, exist_ok=True)
    (build / "mutants.json").write_text(json.dumps(verdicts, indent=1, sort_keys=True) + "\n")
    killed = sum(v == "killed" for v in verdicts.values())
    broken = sum(v == "does not compile" for v in verdicts.values())
    print(
        f"mutants: {killed} killed, {len(unexplained)} survived, "
        f"{len(survivors) - len(unexplained)} explained, {broken} did not compile"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
