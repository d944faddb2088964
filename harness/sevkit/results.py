"""The results of a run: what the suite runner says, line by line, and the files made of it.

The runner (suites/runner) writes one JSON object a line: a `run` line, then `start` and `result` lines,
last an `end` line. `results.json` follows schema/results.schema.json.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

PASSED = ("PASS", "WARN", "KFAIL", "XFAIL")
FAILED = ("FAIL", "XPASS", "ERROR", "TIMEOUT")
SKIPPED = ("SKIP", "NOTTEST")
VERDICTS = PASSED + FAILED + SKIPPED


@dataclass(frozen=True)
class TestResult:
    """One test's verdict."""

    __test__ = False  # not a pytest class

    id: str
    area: str
    title: str
    kind: str
    requirements: list[str]
    verdict: str
    reason: str
    duration_ms: float

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise ValueError(f"verdict of {self.id}: {self.verdict!r} is none of {', '.join(VERDICTS)}")


@dataclass(frozen=True)
class GuestInfo:
    """The virtual machine that a run took place in."""

    release: str  # of its kernel
    accel: str
    qemu: str  # its version


@dataclass
class Run:
    """A run of the suites on one target."""

    target: str
    profile: str
    spec: str
    version: str
    kernel: str
    vectors_sha256: str
    started: str
    duration_s: float = 0.0
    machine: dict[str, Any] | None = None  # what a real one says of itself
    guest: GuestInfo | None = None
    tests: list[TestResult] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """Tests by verdict, every verdict named."""
        seen = Counter(t.verdict for t in self.tests)
        return {v: seen[v] for v in VERDICTS}

    def closing_line(self) -> str:
        """The line every run ends with."""
        return closing_line([t.verdict for t in self.tests])

    def exit_code(self) -> int:
        """0 all passed, 1 a test failed, 77 everything was skipped."""
        verdicts = {t.verdict for t in self.tests}
        if verdicts & set(FAILED):
            return 1
        return 0 if verdicts & set(PASSED) else 77

    def to_json(self) -> dict[str, Any]:
        """The content of results.json."""
        head = {k: v for k, v in asdict(self).items() if k != "tests" and v is not None}
        return {
            "schema": 1,
            **head,
            "counts": self.counts(),
            "tests": [asdict(t) for t in self.tests],
        }


def closing_line(verdicts: list[str]) -> str:
    """`N passed, N failed, N skipped`."""
    passed = sum(v in PASSED for v in verdicts)
    failed = sum(v in FAILED for v in verdicts)
    return f"{passed} passed, {failed} failed, {len(verdicts) - passed - failed} skipped"


def read_result(line: dict[str, Any]) -> TestResult:
    """A `result` line of the runner."""
    return TestResult(
        id=line["id"],
        area=line["area"],
        title=line["title"],
        kind=line["kind"],
        requirements=list(line["requirements"]),
        verdict=line["verdict"],
        reason=str(line["reason"]).encode("utf-8", "replace").decode(),
        duration_ms=float(line["duration_ms"]),
    )


def hash_tree(root: Path) -> str:
    """SHA-256 over the names and contents of all files below ROOT, in order of their paths."""
    digest = hashlib.sha256()
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        name = path.relative_to(root).as_posix().encode()
        content = path.read_bytes()
        digest.update(len(name).to_bytes(4, "big") + name + len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()


def write_json(run: Run, path: Path) -> None:
    """Writes results.json."""
    path.write_text(json.dumps(run.to_json(), indent=1) + "\n")
