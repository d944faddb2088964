"""sevkit-bench: its rows are the contract of build/bench.json, and its options are checked."""

from __future__ import annotations

import contextlib
import importlib
import json
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from guest import image, vm

from sevkit import tools

BENCH = tools.bin_dir() / "sevkit-bench"
CLIENTS = 8
QUICK = ("--rounds", "7", "--round-ms", "2", "--clients", str(CLIENTS))
KEYS = {"name", "ours", "limit", "ratio", "spread", "unit", "note"}
UNITS = {
    "report": "us",
    "key_request": "operations/s",
    "aead": "bytes/s",
    "verify": "operations/s",
    "machine_start": "ms",
    "pspd_clients": "reports/s",
    "rmp_check": "operations/s",
    "rmp_update": "operations/s",
    "rmp_pvalidate": "operations/s",
    "rmp_adjust": "operations/s",
    "rmp_start": "ms",
    "rmp_memory": "MiB",
    "rmp_full": "MiB",
    "rmp_scale": "times",
}

pytestmark = pytest.mark.skipif(
    not all(os.access(tools.bin_dir() / name, os.X_OK) for name in ("sevkit-bench", "pspd")),
    reason=f"sevkit-bench and pspd are not in {tools.bin_dir()}; `make bench` builds them",
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


def test_ratio_of_a_start_is_the_time_allowed_over_ours(result: tuple[str, dict[str, Any]]) -> None:
    row = result[1]["machine_start"]
    assert row["limit"] == 20
    assert row["ratio"] == pytest.approx(row["limit"] / row["ours"], rel=0.5)


def test_what_is_allowed_stands_where_no_primitive_is(result: tuple[str, dict[str, Any]]) -> None:
    rows = result[1]
    assert {name: rows[name]["limit"] for name in ("rmp_start", "rmp_memory", "rmp_full")} == {
        "rmp_start": 10,
        "rmp_memory": 32,
        "rmp_full": 64,
    }
    assert rows["rmp_full"]["ours"] > 8 > rows["rmp_memory"]["ours"]  # 16 bytes for each 2 MiB of 1 TiB
    assert rows["rmp_full"]["ratio"] == pytest.approx(64 / rows["rmp_full"]["ours"], rel=0.1)


# Rows over operations whose times are known: probes/bench_clock.c. (ours, limit, ratio, met)
CLOCKED = {
    "report": (120, 100, 1.2, False),  # the ratio of this row is one of time
    "key_request": (2e5, 2.5e5, 0.8, True),
    "aead": (2e9, 4e9, 0.5, False),
    "verify": (1e4, 1e6 / 95, 0.95, True),
    "machine_start": (40, 20, 0.5, False),
    "pspd_clients": (8000, 1e6 / 120, 0.96, True),
    "rmp_check": (125e6, 500e6, 0.25, True),  # of single accesses, not of calls that make thousands
    "rmp_update": (25e6, 100e6, 0.25, True),
    "rmp_pvalidate": (15.625e6, 100e6, 0.15625, False),
    "rmp_adjust": (31.25e6, 100e6, 0.3125, True),
    "rmp_start": (5, 10, 2, True),
    "rmp_memory": (16, 32, 2, True),
    "rmp_full": (128, 64, 0.5, False),
    "rmp_scale": (1.5625, 2, 0.78125, False),
}


@pytest.fixture(scope="module")
def clocked(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], dict[str, Any]]:
    """The rows of a number of clients, by a clock that only the operations move."""
    if shutil.which("cc") is None:
        pytest.skip("the rows need a compiler here: cc is missing")
    folder = tmp_path_factory.mktemp("bench-clock")
    tree = tools.tree()
    sources = [tree / "harness/bench/rows.c", tree / "harness/bench/measure.c"]
    sources.append(Path(__file__).with_name("probes") / "bench_clock.c")
    includes = [f"-I{tree / 'harness/bench'}", f"-I{tree / 'emulator/include'}"]
    flags = ["-std=gnu17", "-O1", "-Wall", "-Werror", "-Wl,--wrap=clock_gettime", *includes]
    program = folder / "bench_clock"
    subprocess.run(["cc", *flags, "-o", str(program), *map(str, sources), "-ljansson"], check=True)

    def rows(clients: int) -> dict[str, Any]:
        path = folder / f"{clients}.json"
        subprocess.run([str(program), str(clients), str(path)], check=True, stdout=subprocess.DEVNULL)
        return {row["name"]: row for row in json.loads(path.read_text())}

    return rows


def test_numbers_of_operations_whose_time_is_known(clocked: Callable[[int], dict[str, Any]]) -> None:
    rows = clocked(1000)
    assert rows.keys() == CLOCKED.keys() == UNITS.keys()
    for name, (ours, limit, ratio, met) in CLOCKED.items():
        row = rows[name]
        assert (row["ours"], row["limit"], row["ratio"]) == pytest.approx((ours, limit, ratio)), name
        assert (": met" in row["note"]) == met, name


def test_spread_is_of_the_ratios(clocked: Callable[[int], dict[str, Any]]) -> None:
    """Only the scaling has rounds that differ: one of 0.625, one of 0.977."""
    spreads = {name: row["spread"] for name, row in clocked(1000).items()}
    assert spreads.pop("rmp_scale") == pytest.approx(0.45)
    assert all(spread == pytest.approx(0, abs=1e-6) for spread in spreads.values())


def test_too_few_clients_miss_the_target_whatever_the_ratio(
    clocked: Callable[[int], dict[str, Any]],
) -> None:
    row = clocked(999)["pspd_clients"]
    assert row["ratio"] == pytest.approx(0.96)
    assert row["note"].startswith("999 clients at once: ")
    assert "of at least 1000 clients: missed" in row["note"]


def test_only_the_rows_asked_for_run(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    assert bench(*QUICK, "--row", "aead", "--out", str(path)).returncode == 0
    assert [row["name"] for row in json.loads(path.read_text())["rows"]] == ["aead"]


def test_a_few_clients_do_not_meet_the_target(result: tuple[str, dict[str, Any]]) -> None:
    note = result[1]["pspd_clients"]["note"]
    assert note.startswith(f"{CLIENTS} clients at once: ")
    assert "of at least 1000 clients: missed" in note


def test_without_pspd_its_row_fails_and_leaves_nothing(tmp_path: Path) -> None:
    copy = tmp_path / "sevkit-bench"
    shutil.copy2(BENCH, copy)
    before = set(Path("/tmp").glob("sevkit-bench-*"))
    command = [str(copy), *QUICK, "--row", "pspd_clients"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"{tmp_path / 'pspd'}: No such file or directory" in done.stderr
    assert set(Path("/tmp").glob("sevkit-bench-*")) == before


# A pspd for one client, that makes its answers up: right ones, but for the byte at $WRONG.
LIAR = f"""#!{sys.executable}
import os, socket, struct, sys
path = sys.argv[sys.argv.index("--listen") + 1]
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen()
print("pspd: ready", flush=True)
client, _ = listener.accept()
os.unlink(path)
stream = client.makefile("rb")
while head := stream.read(12):
    size, kind, number = struct.unpack("<IB3xI", head)
    asked = stream.read(size - 8)
    body = bytearray(20)
    if kind == 3:
        body = bytearray(8 + 32 + 4000)
        body[72 + 0x50 : 72 + 0x50 + 64] = asked[96 : 96 + 64]
    answer = bytearray(struct.pack("<IB3xI", 8 + len(body), kind | 0x80, number) + body)
    if kind == 3 and "WRONG" in os.environ:
        answer[int(os.environ["WRONG"])] ^= 0xEE
    client.sendall(answer)
"""
ANSWER_RESULT, ANSWER_EXITINFO2, ANSWER_STATUS = 12, 12 + 8 + 24, 12 + 8 + 32
ANSWER_REPORT_DATA = ANSWER_STATUS + 32 + 0x50


def under_a_liar(folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    copy = folder / "sevkit-bench"
    shutil.copy2(BENCH, copy)
    (folder / "pspd").write_text(LIAR)
    (folder / "pspd").chmod(0o755)
    command = [str(copy), *QUICK[:-1], "1", "--row", "pspd_clients"]
    env = {**os.environ, **env}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env, timeout=60)


def test_right_answers_are_taken_from_anybody(tmp_path: Path) -> None:
    """So that what is wrong below is the one byte."""
    done = under_a_liar(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("offset", "said"),
    [
        (4, "answer of type"),
        (8, "answer to"),
        (ANSWER_RESULT, "result"),
        (ANSWER_EXITINFO2, "exitinfo2"),
        (ANSWER_STATUS, "STATUS"),
        (ANSWER_REPORT_DATA, "the report of another"),
    ],
)
def test_a_wrong_answer_of_pspd_fails_its_row(tmp_path: Path, offset: int, said: str) -> None:
    done = under_a_liar(tmp_path, WRONG=str(offset))
    assert done.returncode == 1
    assert said in done.stderr


@pytest.mark.parametrize(
    "options",
    [
        ("--clients", "0"),
        ("--clients", "4097"),
        ("--row", "speed"),
        ("--rounds", "6"),
        ("--rounds", "102"),
        ("--round-ms", "0"),
        ("--round-ms", "x"),
    ],
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


PROGRAMS = tools.tree() / "harness" / "bench" / "programs.py"


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module of the rows of whole programs."""
    monkeypatch.syspath_prepend(str(PROGRAMS.parent))
    return importlib.import_module("programs")


def test_rows_of_programs(programs: Any) -> None:
    """The target is a time; the median counts, and a wide spread is said."""
    times = iter([99.0, 3.0, 1.0, 2.0, 2.0, 2.0, 2.0, 2.0])
    row = programs.Row("r", "ms", 2.0, "what", lambda: next(times))
    got = programs.outcome(row, 7)
    assert set(got) == KEYS
    assert (got["ours"], got["limit"], got["ratio"], got["spread"]) == (2.0, 2.0, 1.0, 1.0)
    assert got["note"] == "what; limit: the time allowed; target ours <= 2: met; noisy"
    slow = programs.outcome(programs.Row("r", "ms", 2.0, "what", lambda: 2.5), 7)
    assert slow["note"].endswith("target ours <= 2: missed")


# ---- the genuine driver in a guest ----

KERNELS = {"6.12", "6.1"}


@pytest.fixture
def cached(programs: Any, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The kernels that the cache has: as a test says."""
    there = set(KERNELS)

    def kernel(series: str, say: Callable[[str], None]) -> None:
        if series not in there:
            say("fetching")
            pytest.fail("a kernel was fetched")

    monkeypatch.setattr(programs, "kernel", kernel)
    return there


class Guest:
    """Stands for a guest that prints LINES."""

    def __init__(self, lines: list[str]) -> None:
        self.image = image.Image(Path(), Path(), "6.12.0-none")
        self._lines = lines

    def output(self) -> Iterator[str]:
        yield from self._lines


Booted = tuple[list[tuple[Any, list[str]]], list[str]]


@pytest.fixture
def booted(programs: Any, monkeypatch: pytest.MonkeyPatch) -> Booted:
    """The guests that were asked for, with their commands; and what they print."""
    asked: list[tuple[Any, list[str]]] = []
    lines: list[str] = []

    @contextlib.contextmanager
    def with_command(setup: Any, words: list[str]) -> Iterator[Guest]:
        asked.append((setup, words))
        yield Guest(lines)

    monkeypatch.setattr(programs.session, "with_command", with_command)
    return asked, lines


@pytest.mark.parametrize(("there", "series"), [({"6.1", "6.12"}, "6.12"), ({"6.1"}, "6.1")])
def test_a_guest_is_timed_by_its_own_clock(
    programs: Any,
    cached: set[str],
    booted: Booted,
    there: set[str],
    series: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One boot of the newest kernel that is there, without virtual time; what it takes is not judged."""
    cached &= there
    booted[1].extend(["90000", *["22000"] * 7])
    rows: list[dict[str, Any]] = []
    with programs.guest_row(Path("/b"), 7, 2.0, 5.0) as row:
        assert programs.add(rows, row, 7) == 20.0
    ((setup, words),) = booted[0]
    assert setup.series == series and setup.virtual_time is False
    assert setup.files == ((Path("/b/bench/probe"), "/guest/probe"),)
    assert "seq 8" in words[2] and f"probe ioctl {programs.GUEST_CALLS}" in words[2]
    (got,) = rows
    assert set(got) == KEYS
    assert (got["ours"], got["limit"], got["ratio"], got["unit"]) == (20.0, 5.0, 0.25, "us")
    assert "6.12.0-none" in got["note"]
    assert got["note"].endswith("; limit: psp_run_ioctl of this run; target none: stated")
    printed = capsys.readouterr().out
    assert printed.startswith("guest_ioctl ") and printed.rstrip().endswith("stated")
    assert " met" not in printed


@pytest.mark.parametrize("lines", [["22000", "SNP_GET_DERIVED_KEY: Input/output error"], ["22000"]])
def test_a_probe_that_fails_in_the_guest(
    programs: Any, cached: set[str], booted: Booted, lines: list[str]
) -> None:
    """What it said is the message."""
    assert cached == KERNELS
    booted[1].extend(lines)
    said = (lines[1:] or ["nothing"])[0]
    with (
        pytest.raises(vm.GuestError, match=f"the probe said {said}; must be a number"),
        programs.guest_row(Path("/b"), 7, 2.0, 5.0) as row,
    ):
        programs.outcome(row, 7)


def test_without_a_kernel_the_row_is_left_out(programs: Any, cached: set[str], booted: Booted) -> None:
    """Nothing is fetched for it."""
    cached.clear()
    with (
        pytest.raises(programs.LeftOutError, match="not in the cache; `make guest` fetches them"),
        programs.guest_row(Path("/b"), 7, 2.0, 5.0),
    ):
        pass
    assert booted[0] == []


FAKE_PROBE = "#!/bin/sh\nwhile [ $# -gt 1 ]; do shift; done\necho 3000\n"


def test_without_qemu_the_other_rows_are_there(tmp_path: Path) -> None:
    """A line says why one is missing; the file has the rest."""
    for name in ("bin/psp-run", "bench/probe"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(FAKE_PROBE)
        (tmp_path / name).chmod(0o755)
    before = {"rows": [{"name": "key_request", "ours": 1e6}]}
    (tmp_path / "bench.json").write_text(json.dumps(before))
    env = {**os.environ, "PYTHONPATH": str(tools.tree() / "harness"), "PATH": str(tmp_path)}
    env["SEVKIT_CACHE"] = str(tmp_path / "cache")
    command = [sys.executable, str(PROGRAMS), str(tmp_path), "--rounds", "7"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, done.stderr
    last = done.stdout.splitlines()[-1]
    assert last.startswith("guest_ioctl    left out: ") and " is missing: apt-get install" in last
    names = [row["name"] for row in json.loads((tmp_path / "bench.json").read_text())["rows"]]
    assert names == ["key_request", "psp_run_start", "psp_run_ioctl", "psp_run_path"]
