"""What the four kinds of inputs have in common."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Protocol


@dataclass(frozen=True)
class Input:
    """LABEL: what was done to make it."""

    label: str
    data: bytes


@dataclass(frozen=True)
class Expected:
    """The reference's LINE. REASON: why it refuses, for people; "" if it accepts. OTHER: a line as good."""

    line: str
    reason: str = ""
    other: str | None = None


class Kind(Protocol):
    """NUMBER is the frame's."""

    name: str
    number: int

    def make(self, rng: Random) -> Input:
        """The next input."""

    def expect(self, data: bytes) -> Expected:
        """What the reference makes of it."""
