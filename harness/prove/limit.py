"""How long a single proof or search may take: PROVE_SECONDS, where a machine is slow, else a default."""

from __future__ import annotations

import os

VARIABLE = "PROVE_SECONDS"


class LimitError(Exception):
    """The variable is no number of seconds."""


def seconds(default: int) -> int:
    """The limit; DEFAULT where the variable is not set."""
    text = os.environ.get(VARIABLE, "")
    if not text:
        return default
    if not text.isdecimal() or int(text) == 0:
        raise LimitError(f'{VARIABLE}: value "{text}"; rule: a number of seconds, 1 or more')
    return int(text)


def passed(limit: int) -> str:
    """For people: a limit says something of the machine, too."""
    return f"no answer within {limit} s on this machine ({VARIABLE} sets the limit)"
