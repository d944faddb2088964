"""`sevkit run`: drives suite-runner, shows progress, writes the result files.

A run is split into as many shards as there are processors, each a process of its own; the results come back
in the order of the tests. A runner that ends early, or says something that makes no sense, is an ERROR."""

from __future__ import annotations

import datetime
import json
import os
import queue
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
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


@dataclass
class Shard:
    """One suite-runner process and what it has said."""

    command: list[str]
    announced: int = -1  # tests, by its `run` line
    head: dict[str, Any] = field(default_factory=dict)
    running: str = ""  # the test between its `start` and its `result`
    tests: list[results.TestResult] = field(default_factory=list)
    ended: bool = False
    code: int = 0
    broken: str = ""  # what it said that makes no sense

    def take(self, text: str) -> results.TestResult | None:
        """One line of its output; the result in it, if it is one."""
        line = json.loads(text)
        match line["type"]:
            case "run":
                self.head = line
                self.announced = int(line["tests"])
            case "start":
                self.running = str(line["id"])
            case "result":
                result = results.read_result(line)
                self.tests.append(result)
                self.running = ""
                return result
            case "end":
                self.ended = True
        return None

    def fault(self) -> str:
        """Why this shard cannot be trusted, "" if it can."""
        failed = any(t.verdict in results.FAILED for t in self.tests)
        if self.broken:
            return self.broken
        if self.running:
            return f"suite-runner ended inside {self.running} (exit code {self.code})"
        if not self.ended or len(self.tests) != self.announced:
            return (
                f"suite-runner announced {self.announced} tests and reported {len(self.tests)}"
                f" (exit code {self.code})"
            )
        if self.code not in (0, 1, 77) or (self.code == 1) != failed:
            return f"suite-runner ended with exit code {self.code}, which its verdicts do not explain"
        return ""


Event = tuple[Shard, str]


def _read(shard: Shard, events: queue.Queue[Event | None]) -> None:
    with subprocess.Popen(
        shard.command, stdout=subprocess.PIPE, text=True, encoding="utf-8", errors="replace"
    ) as process:
        assert process.stdout is not None
        for text in process.stdout:
            events.put((shard, text))
        shard.code = process.wait()
    events.put(None)


def drive(commands: list[list[str]], reporter: Reporter) -> list[Shard]:
    """Runs COMMANDS (suite-runner with --json -) side by side to their ends."""
    shards = [Shard(command) for command in commands]
    events: queue.Queue[Event | None] = queue.Queue()
    readers = [threading.Thread(target=_read, args=(shard, events)) for shard in shards]
    for reader in readers:
        reader.start()
    open_shards = len(shards)
    begun = False
    while open_shards:
        event = events.get()
        if event is None:
            open_shards -= 1
            continue
        shard, text = event
        try:
            result = shard.take(text)
        except (ValueError, KeyError, TypeError) as error:
            shard.broken = shard.broken or f"suite-runner wrote {text[:120]!r}: {error!r}"
            continue
        if not begun and all(s.announced >= 0 for s in shards):
            begun = True
            reporter.begin(sum(s.announced for s in shards))
        if shard.running:
            reporter.start(shard.running)
        if result is not None:
            reporter.result(result)
    for reader in readers:
        reader.join()
    reporter.end()
    return shards


def merge(shards: list[Shard], started: datetime.datetime, seconds: float) -> results.Run:
    """One run of all shards: test k of shard i is test k * N + i."""
    heads = [s.head for s in shards if s.head]
    head = heads[0]
    run = results.Run(
        target=str(head["target"]),
        profile=str(head["profile"]),
        spec=str(head["spec"]),
        version=str(head["version"]),
        kernel=str(head["kernel"]),
        machine=head.get("machine"),
        vectors_sha256=results.hash_tree(tools.tree() / "vectors"),
        started=started.isoformat(timespec="seconds"),
        duration_s=round(seconds, 3),
    )
    placed = [(k * len(shards) + i, t) for i, s in enumerate(shards) for k, t in enumerate(s.tests)]
    run.tests = [t for _, t in sorted(placed, key=lambda pair: pair[0])]
    for shard in shards:
        if fault := shard.fault():
            name = shard.running or "runner.incomplete"
            run.tests.append(results.TestResult(name, "runner", "", "", [], "ERROR", fault, 0))
    return run


def write_files(run: results.Run, out: Path) -> None:
    """results.json, junit.xml and report.html in OUT."""
    results.write_json(run, out / "results.json")
    junit.write_junit(run, out / "junit.xml")
    html.write_html(run, out / "report.html")


def _shard_commands(target: str, options: list[str]) -> list[list[str]]:
    command = [str(tools.program("suite-runner")), "--target", target, *options, "--json", "-"]
    count = os.cpu_count() or 1
    ours_alone = target in ("embedded", "psp-run")  # each process has a world of its own
    if "--shard" in options or count == 1 or not ours_alone:
        return [command]
    return [[*command, "--shard", f"{i}/{count}"] for i in range(1, count + 1)]


class RefusedError(Exception):
    """suite-runner ran nothing, and has said on stderr why."""

    def __init__(self, code: int) -> None:
        super().__init__(f"suite-runner ended with exit code {code}")
        self.code = code


def collect(target: str, options: list[str], reporter: Reporter) -> results.Run:
    """Runs the suites on TARGET, without a word but REPORTER's."""
    os.environ.setdefault("SEVKIT_REAL", str(tools.tree().parent / "shared" / "real"))
    started = datetime.datetime.now(datetime.UTC)
    clock = time.monotonic()
    shards = drive(_shard_commands(target, options), reporter)
    refusal = next((s.code for s in shards if s.code in (2, 3) and not s.head), 0)
    if refusal or not any(s.head for s in shards):
        raise RefusedError(refusal or 1)
    return merge(shards, started, time.monotonic() - clock)


def make_out(out: Path | None) -> None:
    """The folder of the results; ends the process where it cannot be written."""
    if out is None:
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "results.json").touch()
    except OSError as error:
        tools.fail(tools.EXIT_USAGE, f"--out {out}: {error.strerror}")


def make_reporter() -> Reporter:
    """For whoever reads stdout."""
    return LiveReporter() if sys.stdout.isatty() else PlainReporter()


def finish(run: results.Run, out: Path | None) -> int:
    """Writes the result files and the closing line. Returns the exit code."""
    for test in run.tests:
        if test.area == "runner":
            print(f"{test.verdict} {test.id}: {test.reason}")
    if out is not None:
        try:
            write_files(run, out)
        except OSError as error:
            tools.fail(tools.EXIT_USAGE, f"--out {out}: {error.strerror}")
        print(f"results: {out / 'results.json'} {out / 'junit.xml'} {out / 'report.html'}")
    print(run.closing_line(), flush=True)
    return run.exit_code()


def run_suites(target: str, options: list[str], out: Path | None) -> int:
    """`sevkit run` proper. Returns the exit code."""
    make_out(out)
    try:
        run = collect(target, options, make_reporter())
    except RefusedError as refused:
        return refused.code
    return finish(run, out)
