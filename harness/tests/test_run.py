"""`sevkit run` with runners that misbehave: what they say wrong is an ERROR, never a pass."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sevkit import tools

HEAD = {
    "type": "run",
    "target": "t",
    "profile": "p",
    "spec": "s",
    "kernel": "all",
    "version": "0",
    "tests": 2,
}


def result(test_id: str, verdict: str = "PASS") -> dict[str, object]:
    return {
        "type": "result",
        "id": test_id,
        "area": "a",
        "title": "",
        "kind": "positive",
        "requirements": ["SNP-MSG-001"],
        "verdict": verdict,
        "reason": "",
        "duration_ms": 1,
    }


END = {"type": "end", "counts": {}}
GOOD: list[object] = [HEAD, result("a.b.1"), result("a.b.2"), END]


def run(folder: Path, lines: list[object], code: int, *more: str) -> subprocess.CompletedProcess[str]:
    """`sevkit run` as one shard with a runner that writes LINES and ends with CODE."""
    text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    (folder / "lines").write_text(text)
    runner = folder / "suite-runner"
    runner.write_text(f"#!/bin/sh\ncat {folder}/lines\nexit {code}\n")
    runner.chmod(0o755)
    env = {**os.environ, "SEVKIT_BIN": str(folder), "PYTHONPATH": str(tools.tree() / "harness")}
    command = [sys.executable, "-m", "sevkit", "run", "--shard", "1/1", *more]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("lines", "code", "closing", "expected"),
    [
        (GOOD, 0, "2 passed, 0 failed, 0 skipped", 0),
        (GOOD[:3], 0, "2 passed, 1 failed, 0 skipped", 1),
        ([HEAD, GOOD[1], END], 0, "1 passed, 1 failed, 0 skipped", 1),
        (GOOD, 1, "2 passed, 1 failed, 0 skipped", 1),
        ([HEAD, GOOD[1], result("a.b.2", "FAIL"), END], 0, "1 passed, 2 failed, 0 skipped", 1),
        ([HEAD, GOOD[1], result("a.b.2", "FAIL"), END], 1, "1 passed, 1 failed, 0 skipped", 1),
        ([HEAD, GOOD[1], {"type": "start", "id": "a.b.2"}], 139, "1 passed, 1 failed, 0 skipped", 1),
        ([*GOOD[:2], "no JSON", *GOOD[2:]], 0, "2 passed, 1 failed, 0 skipped", 1),
        ([*GOOD[:2], {"type": "result"}, *GOOD[2:]], 0, "2 passed, 1 failed, 0 skipped", 1),
        (
            [HEAD, result("a.b.1", "SKIP"), result("a.b.2", "SKIP"), END],
            77,
            "0 passed, 0 failed, 2 skipped",
            77,
        ),
    ],
)
def test_closing_line(tmp_path: Path, lines: list[object], code: int, closing: str, expected: int) -> None:
    done = run(tmp_path, lines, code, "--out", str(tmp_path / "out"))
    assert done.stdout.splitlines()[-1] == closing, done.stdout + done.stderr
    assert done.returncode == expected


@pytest.mark.parametrize("code", [2, 3])
def test_a_refusal_passes_through(tmp_path: Path, code: int) -> None:
    assert run(tmp_path, [], code).returncode == code


def test_an_out_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    done = run(tmp_path, GOOD, 0, "--out", str(tmp_path / "out"))
    assert done.returncode == 2
    assert f"--out {tmp_path / 'out'}" in done.stderr
