"""sevkit-bench: its rows are the contract of build/bench.json, and its options are checked."""

from __future__ import annotations

import json
import math
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sevkit import tools

BENCH = tools.bin_dir() / "sevkit-bench"
QUICK = ("--rounds", "7", "--round-ms", "2")
KEYS = {"name", "ours", "limit", "ratio", "spread", "unit", "note"}
UNITS = {
    "report": "us",
    "key_request": "operations/s",
    "aead": "bytes/s",
    "verify": "operations/s",
    "machine_start": "ms",
}

pytestmark = pytest.mark.skipif(
    not os.access(BENCH, os.X_OK), reason=f"{BENCH} is not built; `make bench` does"
)


def bench(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(BENCH), *options], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    """What one quick run printed, and wrote by row."""
    path = tmp_path_factory.mktemp("bench") / "bench.json"
    run = bench(*QUICK, "--out", str(path))
    assert run.returncode == 0, run.stderr
    content = json.loads(path.read_text())
    assert set(content) == {"rows"}
    return run.stdout, {row["name"]: row for row in content["rows"]}


def test_every_row_follows_the_contract(result: tuple[str, dict[str, Any]]) -> None:
    rows = result[1]
    assert {name: row["unit"] for name, row in rows.items()} == UNITS
    for row in rows.values():
        assert set(row) == KEYS
        for key in ("ours", "limit", "ratio"):
            assert math.isfinite(row[key])
            assert row[key] > 0
        assert row["spread"] >= 0


def test_noise_and_target_are_said(result: tuple[str, dict[str, Any]]) -> None:
    printed, rows = result
    lines = {line.split()[0]: line for line in printed.splitlines()}
    for name, row in rows.items():
        noisy = row["spread"] > 0.15
        assert row["note"].endswith("noisy") == noisy
        assert lines[name].endswith("noisy") == noisy
        assert ("met" in lines[name]) == (": met" in row["note"])


def test_ratio_of_a_throughput_row_is_ours_over_limit(result: tuple[str, dict[str, Any]]) -> None:
    """A KEY_REQ does more than its primitives, so that the wrong way round would be above 1."""
    row = result[1]["key_request"]
    assert row["ours"] < row["limit"]
    assert row["ratio"] == pytest.approx(row["ours"] / row["limit"], rel=0.5)
    assert row["ratio"] < 1


def test_ratio_of_a_start_is_the_time_allowed_over_ours(result: tuple[str, dict[str, Any]]) -> None:
    row = result[1]["machine_start"]
    assert row["limit"] == 20
    assert row["ratio"] == pytest.approx(row["limit"] / row["ours"], rel=0.5)


def test_only_the_rows_asked_for_run(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    assert bench(*QUICK, "--row", "aead", "--out", str(path)).returncode == 0
    assert [row["name"] for row in json.loads(path.read_text())["rows"]] == ["aead"]


@pytest.mark.parametrize(
    "options",
    [("--row", "speed"), ("--rounds", "6"), ("--rounds", "102"), ("--round-ms", "0"), ("--round-ms", "x")],
)
def test_bad_options_are_named(options: tuple[str, str]) -> None:
    run = bench(*options)
    assert run.returncode == 2
    assert options[0] in run.stderr
    assert options[1] in run.stderr


def test_an_output_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "bench.json"
    run = bench(*QUICK, "--row", "aead", "--out", str(path))
    assert run.returncode == 2
    assert str(path) in run.stderr


def test_rows_of_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The target is a time; the median counts, and a wide spread is said."""
    monkeypatch.syspath_prepend(str(tools.tree() / "harness" / "bench"))
    import programs

    times = iter([99.0, 3.0, 1.0, 2.0, 2.0, 2.0, 2.0, 2.0])
    row = programs.Row("r", "ms", 2.0, "what", lambda: next(times))
    got = programs.outcome(row, 7)
    assert set(got) == KEYS
    assert (got["ours"], got["limit"], got["ratio"], got["spread"]) == (2.0, 2.0, 1.0, 1.0)
    assert got["note"] == "what; limit: the time allowed; target ours <= 2: met; noisy"
    slow = programs.outcome(programs.Row("r", "ms", 2.0, "what", lambda: 2.5), 7)
    assert slow["note"].endswith("target ours <= 2: missed")
