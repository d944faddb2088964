"""`python -m sevkit`."""

import os
import sys

from sevkit import tools
from sevkit.cli import main


def give_up(error: OSError) -> None:
    """Standard output cannot be written: what is still in its buffer has nowhere to go."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    tools.fail(tools.EXIT_USAGE, f"standard output: {error.strerror}")


try:
    main(prog_name="sevkit")
except SystemExit:
    try:
        sys.stdout.flush()
    except OSError as failure:
        give_up(failure)
    raise
except OSError as failure:
    if failure.filename is not None:
        raise
    give_up(failure)
