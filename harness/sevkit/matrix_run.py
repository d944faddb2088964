"""Asks adapters: a few processes each, all questions, progress for people."""

from __future__ import annotations

import queue
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from sevkit.matrix_adapter import Adapter, AdapterError, AdapterFault, Answer, Hello, Worker
from sevkit.matrix_cases import Bundle, request
from sevkit.matrix_classes import Cell, Key, Outcome, classify, questions

PLAIN_EVERY_S = 5.0


@dataclass
class Column:
    """One adapter's part of the matrix."""

    adapter: Adapter
    hello: Hello
    cells: dict[str, Cell] = field(default_factory=dict)
    strays: dict[str, str] = field(default_factory=dict)  # question -> a fault that did not come again
    requests: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Answers a second, with all its processes."""
        return self.requests / self.seconds if self.seconds else 0.0


class Ticker:
    """Says how far an adapter is: a bar on a terminal, a line every few seconds elsewhere."""

    def __init__(self, name: str, total: int) -> None:
        self._name = name
        self._total = total
        self._done = 0
        self._began = self._said = time.monotonic()
        self._bar: Progress | None = None
        if sys.stderr.isatty():
            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
            )
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task(name, total=total)

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        else:
            print(f"{self._name}: {self._total} questions", file=sys.stderr, flush=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def step(self) -> None:
        """One more is answered. Called by one thread at a time."""
        self._done += 1
        if self._bar:
            self._bar.advance(self._task)
            return
        now = time.monotonic()
        if now - self._said >= PLAIN_EVERY_S:
            self._said = now
            left = (now - self._began) / self._done * (self._total - self._done)
            text = f"{self._name}: {self._done} of {self._total}, about {left:.0f} s left"
            print(text, file=sys.stderr, flush=True)


def run(adapter: Adapter, bundle: Bundle, jobs: int, out: Path) -> Column:
    """ADAPTER's column. What its processes say on stderr goes to files in OUT."""
    logs = [out / f"{adapter.name}-{i + 1}.log" for i in range(jobs)]
    workers = [Worker(adapter, log) for log in logs]
    try:
        column = Column(adapter, workers[0].hello())
        keys = questions(column.hello, bundle.cases, bundle.selected)
        began = time.monotonic()
        outcomes = _ask_all(workers, bundle, keys, adapter.name)
        column.seconds = time.monotonic() - began
    except AdapterFault as fault:
        text = f"adapter {adapter.name} says no hello: {fault.name}: {fault} (its stderr: {logs[0]})"
        raise AdapterError(text) from fault
    finally:
        for worker in workers:
            worker.close()
    column.requests = len(keys)
    column.strays = {
        "/".join(filter(None, key)): got.stray
        for key, got in outcomes.items()
        if isinstance(got, Answer) and got.stray
    }
    for id_ in bundle.selected:
        case = bundle.cases[id_]
        column.cells[id_] = classify(adapter, column.hello, bundle.cases, case, outcomes.__getitem__)
    return column


def _ask_all(workers: list[Worker], bundle: Bundle, keys: list[Key], name: str) -> dict[Key, Outcome]:
    """What comes of every question."""
    todo: queue.SimpleQueue[Key] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[Key, Outcome] | BaseException] = queue.SimpleQueue()
    for key in keys:
        todo.put(key)

    def serve(worker: Worker) -> None:
        try:
            while True:
                key = todo.get_nowait()
                done.put((key, _ask(worker, bundle, key)))
        except queue.Empty:
            pass
        except BaseException as error:  # noqa: BLE001 - a bug of ours must not become a wait for ever
            done.put(error)

    for worker in workers:
        threading.Thread(target=serve, args=(worker,), daemon=True).start()
    outcomes: dict[Key, Outcome] = {}
    with Ticker(name, len(keys)) as ticker:
        while len(outcomes) < len(keys):
            got = done.get()
            if isinstance(got, BaseException):
                raise got
            outcomes[got[0]] = got[1]
            ticker.step()
    return outcomes


def _ask(worker: Worker, bundle: Bundle, key: Key) -> Outcome:
    """A process may end after it has answered, and so in the middle of another's question: a crash or a hang
    counts where a new process repeats it."""
    id_, side = key
    name, message = f"{id_}/{side}" if side else id_, request(bundle.cases[id_], side)
    try:
        return worker.ask(name, message)
    except AdapterFault as fault:
        if fault.name not in ("crash", "hang"):
            return fault
        first = fault
    try:
        answer = worker.ask(name, message)
    except AdapterFault as fault:
        return fault
    answer.stray = f"{first.name}, not again in a new process: {first}"
    return answer
