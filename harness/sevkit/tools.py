"""The C programs behind the command, and where the tree is."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

EXIT_USAGE = 2
EXIT_UNAVAILABLE = 3


def tree() -> Path:
    """The root that holds vectors/ and docs/: two folders above this package."""
    return Path(__file__).resolve().parents[2]


def bin_dir() -> Path:
    """The folder of the C programs: SEVKIT_BIN, else build/bin in the tree."""
    return Path(os.environ.get("SEVKIT_BIN") or tree() / "build" / "bin")


def program(name: str) -> Path:
    """The path of a C program; ends the process with exit code 3 where it was not built."""
    path = bin_dir() / name
    if not os.access(path, os.X_OK):
        fail(EXIT_UNAVAILABLE, f"{path} is not there; build it with `make`")
    return path


def fail(code: int, message: str) -> NoReturn:
    """Ends the process with CODE after MESSAGE on stderr."""
    print(f"sevkit: {message}", file=sys.stderr)
    sys.exit(code)
