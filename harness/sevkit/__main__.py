"""`python -m sevkit`."""

from sevkit.cli import main

main(prog_name="sevkit")
