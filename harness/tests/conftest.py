"""Fixtures of several files: a running pspd."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pspd_client import Daemon


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short enough for a socket's address. No pspd outlives it."""
    with tempfile.TemporaryDirectory(prefix="pspd-") as name:
        yield Path(name)
        Daemon.end_all()


@pytest.fixture
def daemon(folder: Path) -> Iterator[Daemon]:
    """pspd without state, its clock and randomness fixed."""
    running = Daemon(folder, "--at", "2026-01-01T00:00:00Z")
    yield running
    assert running.stop() == 0
