"""`make test`: unit tests of the C folders, the suites, and the harness tests, with one closing line.

usage: python -m sevkit.selftest BUILD      BUILD holds bin/ and tests/unit-*
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from sevkit import results, tools

# Harness tests that start no program of ours written in C: a sanitized build tells nothing new of them.
WITHOUT_PROGRAMS = (
    "test_matrix",
    "test_mutants",
    "test_pack",
    "test_reference_device",
    "test_reference_keys",
    "test_reference_message",
    "test_reference_tables",
    "test_single",
    "test_vectors",
    "test_witness_*",
)


@dataclass
class Group:
    """One program's tests."""

    name: str
    verdicts: list[str]
    seconds: float
    broken: str = ""  # why the program itself failed, if it did
    failed: bool = False


def _run(command: list[str], log: Path, env: dict[str, str]) -> int:
    with log.open("wb") as output:
        return subprocess.run(
            command, stdout=output, stderr=subprocess.STDOUT, env=env, check=False
        ).returncode


def _json_lines(path: Path) -> list[str]:
    if not path.is_file():
        return []
    verdicts = []
    for text in path.read_text(errors="replace").splitlines():
        try:
            line = json.loads(text)
        except ValueError:
            break  # a program that crashed ends in the middle; its exit code is what is reported
        if "verdict" in line:
            verdicts.append(line["verdict"])
    return verdicts


def _junit(path: Path) -> list[str]:
    if not path.is_file():
        return []
    verdicts = []
    for case in ET.parse(path).getroot().iter("testcase"):
        kinds = {child.tag for child in case}
        verdicts.append("FAIL" if kinds & {"failure", "error"} else "SKIP" if "skipped" in kinds else "PASS")
    return verdicts


def _group(name: str, command: list[str], out: Path, read: str, env: dict[str, str]) -> Group:
    log = out / f"{name}.log"
    result_file = out / f"{name}.{read}"
    result_file.unlink(missing_ok=True)
    option = ["--json", str(result_file)] if read == "jsonl" else [f"--junitxml={result_file}"]
    started = time.monotonic()
    code = _run([*command, *option], log, env)
    verdicts = _json_lines(result_file) if read == "jsonl" else _junit(result_file)
    group = Group(name, verdicts, time.monotonic() - started)
    failed = any(v in results.FAILED for v in verdicts)
    if not verdicts:
        group.broken = f"ran no test (exit code {code})"
    elif code not in (0, 77) and not failed:
        group.broken = f"exit code {code} although no test failed"
    group.failed = failed or bool(group.broken)
    return group


def _report(group: Group, out: Path) -> Group:
    """Prints a group's line, and before it, if it failed, all that it said."""
    if group.failed:
        sys.stdout.write((out / f"{group.name}.log").read_text(errors="replace"))
    note = f"; {group.broken}" if group.broken else ""
    line = results.closing_line(group.verdicts)
    print(f"{group.name:16} {line} in {group.seconds:.1f} s{note}", flush=True)
    return group


def _harness_files(folder: Path, with_all: bool) -> list[str]:
    left_out = () if with_all else WITHOUT_PROGRAMS
    found = sorted(folder.glob("test_*.py"))
    return [str(path) for path in found if not any(fnmatch(path.stem, name) for name in left_out)]


def main() -> int:
    """Runs everything; 0 if all passed."""
    build = Path(sys.argv[1]).resolve()
    out = build / "test"
    out.mkdir(parents=True, exist_ok=True)
    root = tools.tree()
    os.chdir(root)
    env = {**os.environ, "SEVKIT_BIN": str(build / "bin")}
    units = sorted((build / "tests").glob("unit-*"))
    pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    files = _harness_files(root / "harness" / "tests", with_all=build.name != "san")
    # The longest first, two at a time: the harness's tests in two halves, every other file in each.
    jobs: list[tuple[str, list[str], str]] = [
        ("harness-1", [*pytest, *files[0::2]], "xml"),
        ("harness-2", [*pytest, *files[1::2]], "xml"),
        *((p.name, [str(p)], "jsonl") for p in units),
        ("suites", [str(build / "bin" / "suite-runner")], "jsonl"),
    ]
    groups: list[Group] = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        running = [pool.submit(_group, name, command, out, read, env) for name, command, read in jobs]
        groups.extend(_report(ended.result(), out) for ended in as_completed(running))
    verdicts = [v for g in groups for v in g.verdicts] + ["ERROR" for g in groups if g.broken]
    print(results.closing_line(verdicts))
    return 1 if any(v in results.FAILED for v in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
