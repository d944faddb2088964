"""`sevkit run`: drives suite-runner, shows progress, writes the result files."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from sevkit import html, junit, results, tools


class Reporter(Protocol):
    """What people see while a run goes on."""

    def begin(self, total: int) -> None: ...
    def start(self, test_id: str) -> None: ...
    def result(self, result: results.TestResult) -> None: ...
    def end(self) -> None: ...


class PlainReporter:
    """A line for each test that did not plainly pass, and one for each hundredth test: for logs."""

    def __init__(self) -> None:
        self._total = 0
        self._done = 0

    def begin(self, total: int) -> None:
        self._total = total
        print(f"running {total} tests", flush=True)

    def start(self, test_id: str) -> None:
        pass

    def result(self, result: results.TestResult) -> None:
        self._done += 1
        if result.verdict != "PASS":
            print(f"{result.verdict} {result.id}: {result.reason}", flush=True)
        if self._done % 100 == 0:
            print(f"{self._done} of {self._total}", flush=True)

    def end(self) -> None:
        pass


class LiveReporter:
    """A progress bar with the running test's id: for terminals."""

    _COLOURS = {"FAIL": "red", "XPASS": "red", "ERROR": "red", "TIMEOUT": "red"}

    def __init__(self) -> None:
        self._console = Console()
        self._progress = Progress(
            TextColumn("{task.fields[test]}", style="dim"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
        )
        self._task = self._progress.add_task("", test="starting", total=None)

    def begin(self, total: int) -> None:
        self._progress.update(self._task, total=total)
        self._progress.start()

    def start(self, test_id: str) -> None:
        self._progress.update(self._task, test=test_id)

    def result(self, result: results.TestResult) -> None:
        if result.verdict not in ("PASS", "SKIP", "NOTTEST"):
            colour = self._COLOURS.get(result.verdict, "yellow")
            self._console.print(f"[{colour}]{result.verdict}[/] {result.id}: ", end="", highlight=False)
            self._console.print(result.reason, markup=False, highlight=False)
        self._progress.advance(self._task)

    def end(self) -> None:
        self._progress.stop()


def _lines(process: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    assert process.stdout is not None
    for text in process.stdout:
        try:
            line = json.loads(text)
        except json.JSONDecodeError:
            tools.fail(1, f"suite-runner wrote a line that is no JSON: {text[:200]!r}")
        if not isinstance(line, dict) or "type" not in line:
            tools.fail(1, f"suite-runner wrote a line without a type: {text[:200]!r}")
        yield line


def collect(command: list[str], kernel: str, reporter: Reporter) -> tuple[results.Run, int]:
    """Runs COMMAND (suite-runner with --json -) to its end; the run and the runner's exit code."""
    started = time.monotonic()
    run: results.Run | None = None
    running: str | None = None
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            for line in _lines(process):
                match line["type"]:
                    case "run":
                        run = results.Run(
                            target=line["target"],
                            profile=line["profile"],
                            spec=line["spec"],
                            version=line["version"],
                            kernel=kernel,
                            vectors_sha256=results.hash_tree(tools.tree() / "vectors"),
                            started=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
                        )
                        reporter.begin(int(line["tests"]))
                    case "start":
                        running = line["id"]
                        reporter.start(line["id"])
                    case "result":
                        if run is None:
                            tools.fail(1, "suite-runner reported a result before it named its run")
                        result = results.read_result(line)
                        run.tests.append(result)
                        running = None
                        reporter.result(result)
        finally:
            reporter.end()
    if run is None:
        # The runner said on stderr what is wrong: bad usage, a target that is not there.
        sys.exit(process.returncode or 1)
    if running is not None:
        reason = f"suite-runner ended inside this test (exit code {process.returncode})"
        run.tests.append(results.TestResult(running, running.split(".")[0], "", "", [], "ERROR", reason, 0))
    run.duration_s = round(time.monotonic() - started, 3)
    return run, process.returncode


def write_files(run: results.Run, out: Path) -> None:
    """results.json, junit.xml and report.html in OUT."""
    out.mkdir(parents=True, exist_ok=True)
    results.write_json(run, out / "results.json")
    junit.write_junit(run, out / "junit.xml")
    html.write_html(run, out / "report.html")


def run_suites(runner_options: list[str], kernel: str, out: Path | None) -> int:
    """`sevkit run` proper. Returns the exit code."""
    command = [str(tools.program("suite-runner")), *runner_options, "--json", "-"]
    reporter: Reporter = LiveReporter() if sys.stdout.isatty() else PlainReporter()
    run, runner_code = collect(command, kernel, reporter)
    if out is not None:
        write_files(run, out)
        print(f"results: {out / 'results.json'} {out / 'junit.xml'} {out / 'report.html'}")
    print(run.closing_line())
    return runner_code if runner_code not in (0, 1, 77) else run.exit_code()
