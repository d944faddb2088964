"""rmp-walk: a short walk holds, one thread's seed decides all of it, and its options are checked."""

from __future__ import annotations

import os
import re
import subprocess

import pytest

from sevkit import tools

WALK = tools.bin_dir() / "rmp-walk"
STEPS = 4000

pytestmark = pytest.mark.skipif(
    not os.access(WALK, os.X_OK), reason=f"rmp-walk is not in {tools.bin_dir()}; `make all` builds it"
)


def walk(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(WALK), *options], capture_output=True, text=True, check=False)


def short(threads: int, pages: int, seed: int = 1) -> subprocess.CompletedProcess[str]:
    options = {"steps": STEPS, "threads": threads, "pages-per-large": pages, "seed": seed}
    return walk(*(f"--{name}={value}" for name, value in options.items()))


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("pages", [4, 512])
def test_the_rules_hold(threads: int, pages: int) -> None:
    run = short(threads, pages)
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[-1] == f"{STEPS} steps, 0 violations"


def counted(output: str) -> dict[str, tuple[int, int]]:
    """Steps that were tried, and that succeeded, by kind."""
    rows = re.findall(r"^(\S+) +(\d+) tried +(\d+) succeeded$", output, re.MULTILINE)
    return {name: (int(tried), int(succeeded)) for name, tried, succeeded in rows}


def test_most_kinds_of_steps_succeed_and_are_refused() -> None:
    """A walk that only ran into refusals would show nothing."""
    run = walk("--steps=60000", "--pages-per-large=4")
    kinds = counted(run.stdout)
    assert len(kinds) == 16
    assert sum(tried for tried, _ in kinds.values()) == 60000
    assert [name for name, (_, succeeded) in kinds.items() if succeeded == 0] == []
    never_refused = [name for name, (tried, succeeded) in kinds.items() if succeeded == tried]
    assert never_refused == ["#VMEXIT"]


def test_a_seed_decides_the_walk_of_one_thread() -> None:
    def told(seed: int) -> list[str]:
        return [line for line in short(1, 4, seed).stdout.splitlines() if "steps/s" not in line]

    assert told(7) == told(7)
    assert told(7) != told(8)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--steps", "0"),
        ("--steps", "many"),
        ("--threads", "0"),
        ("--threads", "9"),
        ("--seed", "-1"),
        ("--pages-per-large", "3"),
        ("--pages-per-large", "1"),
        ("--pages-per-large", "1024"),
    ],
)
def test_bad_options_are_named(option: str, value: str) -> None:
    run = walk(option, value)
    assert run.returncode == 2
    assert option in run.stderr
    assert value in run.stderr


def test_a_word_too_many_is_a_usage_error() -> None:
    assert walk("fast").returncode == 2
