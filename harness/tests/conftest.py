"""Fixtures of several files: a running pspd, guests that can be booted at once."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from guest import compare, image, kernel
from pspd_client import BIN, Daemon


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


def not_ready(series: str) -> str:
    """Why no guest of SERIES can be booted at once; "" if it can."""
    try:
        if not (why := compare.ready((series,))):
            image.programs(BIN)
    except kernel.MissingError as error:
        return str(error)
    return why


@pytest.fixture(scope="session")
def at_hand() -> Callable[[str], None]:
    """Skips where a guest of a series would have to be fetched first: it is not worth a download here."""

    def check(series: str) -> None:
        if why := not_ready(series):
            pytest.skip(why)

    return check
