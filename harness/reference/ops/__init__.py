"""What the reference makes of a case's input: one module an op, each with `run(case) -> Seen`."""

from __future__ import annotations

import importlib

from reference.bundle import Case, Seen


def run(case: Case) -> Seen:
    """CASE by the op that its input names."""
    seen = importlib.import_module(f"reference.ops.{case.op}").run(case)
    assert isinstance(seen, Seen)
    return seen
