"""Which mutants are made: all, those of files that match, or those of lines changed since a revision."""

from __future__ import annotations

import fnmatch
import re
import subprocess
from pathlib import Path

from mutants import operators
from mutants.operators import Mutant

# In these folders every statement is broken, elsewhere the tagged lines. Design section 6.
EVERY_LINE = frozenset(("abi", "psp", "rmp", "driver", "vmm"))
HUNK = re.compile(r"^@@ -\S+ \+(\d+)(?:,(\d+))? @@", re.MULTILINE)


def find(root: Path, folders: list[str], glob: str | None = None) -> list[Mutant]:
    """The mutants of FOLDERS of emulator/, in order. GLOB: matches the file's name or path."""
    found = []
    for folder in folders:
        for path in sorted((root / "emulator" / folder).glob("*.c")):
            name = path.relative_to(root).as_posix()
            if glob and not fnmatch.fnmatch(name, glob) and not fnmatch.fnmatch(path.name, glob):
                continue
            found += operators.of_file(name, path.read_text(), folder not in EVERY_LINE)
    return found


def changed_lines(root: Path, base: str, file: str) -> set[int]:
    """The lines of FILE that differ from revision BASE, or are new since."""
    known = subprocess.run(["git", "ls-files", "--error-unmatch", file], cwd=root, capture_output=True)
    if known.returncode != 0:
        return set(range(1, (root / file).read_text().count("\n") + 2))
    diff = subprocess.run(
        ["git", "diff", "-U0", "--no-color", "--no-ext-diff", base, "--", file],
        cwd=root, capture_output=True, text=True, check=True,
    )  # fmt: skip
    lines: set[int] = set()
    for found in HUNK.finditer(diff.stdout):
        first = int(found[1])
        lines |= set(range(first, first + int(found[2] or "1")))
    return lines


def changed(root: Path, base: str, mutants: list[Mutant]) -> list[Mutant]:
    """Those of MUTANTS whose line differs from BASE."""
    lines = {file: changed_lines(root, base, file) for file in {m.file for m in mutants}}
    return [m for m in mutants if m.line in lines[m.file]]


def thin(mutants: list[Mutant], cap: int) -> list[Mutant]:
    """At most CAP of MUTANTS, spread evenly over them."""
    if len(mutants) <= cap:
        return mutants
    return [mutants[i * len(mutants) // cap] for i in range(cap)]
