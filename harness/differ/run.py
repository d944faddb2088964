"""Makes inputs, has both sides judge them, compares. See the package's text."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from random import Random

from reference import cert

from differ.kind import Expected, Input, Kind
from differ.leaves import Leaves
from differ.messages import SETTINGS, Messages, counts_of
from differ.reports import Reports
from differ.tables import Tables

KINDS = (Reports.name, Tables.name, Leaves.name, Messages.name)
TIMEOUT = 300  # seconds for a chunk


class ProgramError(Exception):
    """The program cannot be used at all."""


@dataclass(frozen=True)
class Program:
    """vector-differ, or what stands in for it."""

    path: Path

    def _call(self, data: bytes) -> subprocess.CompletedProcess[bytes]:
        arguments = [str(self.path), *(setting.argument() for setting in SETTINGS)]
        try:
            return subprocess.run(arguments, input=data, capture_output=True, check=False, timeout=TIMEOUT)
        except subprocess.TimeoutExpired as error:
            return subprocess.CompletedProcess(arguments, -1, error.stdout or b"", b"no end")
        except OSError as error:
            raise ProgramError(f"{self.path}: {error.strerror}") from error

    @cached_property
    def banner(self) -> list[str]:
        """The lines about the machines."""
        done = self._call(b"")
        lines = done.stdout.decode().splitlines()
        if done.returncode or len(lines) != len(SETTINGS):
            raise ProgramError(
                f"{self.path}: {done.stderr.decode(errors='replace').strip() or 'no machines'}"
            )
        return lines

    def lines(self, frames: bytes, count: int) -> list[str]:
        """A line for each of the COUNT frames; after that of one that ended the program early, none."""
        done = self._call(frames)
        lines = done.stdout.decode(errors="replace").splitlines()
        if lines[: len(SETTINGS)] != self.banner:
            raise ProgramError(f"{self.path}: other machines than before")
        lines = lines[len(SETTINGS) :]
        if done.returncode or len(lines) != count:
            last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
            lines = [*lines[: count - 1], f"ended with {done.returncode} {' '.join(last)}"]
        return lines


@dataclass(frozen=True)
class Disagreement:
    kind: str
    label: str
    data: bytes
    c: str
    python: str
    chunk: int


@dataclass
class Outcome:
    """INPUTS that were compared. ACCEPTED and REFUSED by (kind, label), REASONS by (kind, reason)."""

    inputs: int = 0
    left_out: int = 0
    either: int = 0  # of INPUTS, those for which two lines are right
    accepted: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    disagreements: list[Disagreement] = field(default_factory=list)

    def add(self, other: Outcome) -> None:
        self.inputs += other.inputs
        self.left_out += other.left_out
        self.either += other.either
        self.accepted += other.accepted
        self.refused += other.refused
        self.reasons += other.reasons
        self.disagreements += other.disagreements

    def count(self, kind: str, label: str, expected: Expected) -> None:
        self.inputs += 1
        (self.refused if expected.reason else self.accepted)[kind, label] += 1
        if expected.reason:
            self.reasons[kind, expected.reason] += 1


def _kinds(program: Program, names: Sequence[str]) -> list[Kind]:
    every: tuple[Kind, ...] = (Reports(), Tables(), Leaves(), Messages(program.banner))
    return [kind for kind in every if kind.name in names]


def _frame(kind: Kind, data: bytes) -> bytes:
    return bytes([kind.number]) + len(data).to_bytes(4, "little") + data


Asked = tuple[Kind, Input, Expected]


def _expected(kind: Kind, data: bytes) -> Expected:
    try:
        return kind.expect(data)
    except Exception as error:  # whatever it is: the reference has no answer, and the input is worth keeping
        return Expected(f"raised {type(error).__name__}: {error}", "raised")


def _ask(kinds: Sequence[Kind], rng: Random, count: int) -> Iterator[Asked]:
    for i in range(count):
        kind = kinds[i % len(kinds)]
        made = kind.make(rng)
        yield kind, made, _expected(kind, made.data)
    cert.parse.cache_clear()  # it would keep every certificate there was


def chunk(program: Program, names: Sequence[str], seed: int, number: int, count: int) -> Outcome:
    """COUNT inputs of the kinds NAMES: the chunk NUMBER of SEED."""
    asked = list(_ask(_kinds(program, names), Random(f"{seed}/{number}"), count))
    lines = program.lines(b"".join(_frame(kind, made.data) for kind, made, _ in asked), count)
    out = Outcome(left_out=count - len(lines))
    lost: set[int] = set()  # machines whose counters are not known any more
    for (kind, made, expected), line in zip(asked, lines, strict=False):
        message = kind.name == Messages.name
        if message and made.data[0] in lost:
            out.left_out += 1
            continue
        out.count(kind.name, made.label, expected)
        if line in (expected.line, expected.other):
            out.either += expected.other is not None
            continue
        out.disagreements.append(Disagreement(kind.name, made.label, made.data, line, expected.line, number))
        if message and counts_of(line) != counts_of(expected.line):
            lost.add(made.data[0])
    return out
