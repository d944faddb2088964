"""The `sevkit` command. Exit codes: 0 success, 1 a check failed, 2 bad usage or unreadable input,
3 target unavailable or a needed package missing, 77 everything skipped."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from sevkit import __version__, tools
from sevkit.guest import guest_command, run_qemu
from sevkit.matrix import matrix_command
from sevkit.run import run_suites

KERNELS = ("5.19", "6.1.0", "6.6", "6.12", "6.16", "latest")
SPECS = ("1.58",)
AREAS_HELP = (
    "Only this area (message, report, key, verifier, device, tsm, attack, rmp, vectors); may be given again."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sevkit", message="%(prog)s %(version)s")
def main() -> None:
    """Test and emulation suite for AMD SEV-SNP protocol conformance."""


@main.command()
@click.option("--target", default="embedded", show_default=True, help="Where the suites run.")
@click.option("--area", "areas", multiple=True, help=AREAS_HELP)
@click.option("--filter", "pattern", help="Only tests whose id matches this glob.")
@click.option("--list", "list_tests", is_flag=True, help="Print the tests, run none.")
@click.option("--tap", is_flag=True, help="TAP on stdout instead of progress; no result files.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder for results.json, junit.xml, report.html."
)
@click.option("--profile", help="Profile stem or file [default: genoa-1.55.40-v3-vcek].")
@click.option(
    "--kernel",
    type=click.Choice(KERNELS),
    help="Only this generation of Linux [default: each that a test is about; 6.12 where one must do].",
)
@click.option(
    "--spec",
    type=click.Choice(SPECS),
    default="1.58",
    show_default=True,
    expose_value=False,  # one revision exists: the choice itself is the check
    help="ABI revision of the requirements.",
)
@click.option(
    "--rate",
    type=click.FloatRange(min=0, min_open=True),
    help="Requests a second to a real machine [default: 0.5]; others have no limit.",
)
@click.option(
    "--allow-destructive",
    is_flag=True,
    help="Also tests after which a real machine's VMPCK is lost until it is rebooted.",
)
@click.option("--show-chip-id", is_flag=True, help="A real machine's chip id is in the results.")
@click.option("--shard", help="I/N: only every Nth test, from the Ith.")
@click.option("--seed", type=click.IntRange(min=0), help="Seed of embedded machines.")
def run(
    target: str,
    areas: tuple[str, ...],
    pattern: str | None,
    list_tests: bool,
    tap: bool,
    out: Path | None,
    profile: str | None,
    kernel: str | None,
    rate: float | None,
    allow_destructive: bool,
    show_chip_id: bool,
    shard: str | None,
    seed: int | None,
) -> None:
    """Run the conformance suites on a target."""
    if rate is not None and not target.startswith(("device:", "tsm:", "host:")):
        raise click.UsageError(f"--rate: target {target} is not a real machine")
    options: list[str] = []
    for area in areas:
        options += ["--area", area]
    given = {
        "--filter": pattern,
        "--profile": profile,
        "--kernel": kernel,
        "--rate": None if rate is None else str(rate),
        "--shard": shard,
        "--seed": None if seed is None else str(seed),
    }
    for name, value in given.items():
        if value is not None:
            options += [name, value]
    options += ["--allow-destructive"] if allow_destructive else []
    options += ["--show-chip-id"] if show_chip_id else []
    if target == "qemu" and not list_tests:
        sys.exit(run_qemu(options, kernel, tap, out))
    if list_tests or tap:
        mode = "--list" if list_tests else "--tap"
        _become("suite-runner", ["--target", target, *options, mode], "suite-runner")
    sys.exit(run_suites(target, options, out))


main.add_command(guest_command)
main.add_command(matrix_command)


def _become(name: str, arguments: list[str], called: str) -> None:
    """Replaces this process by a C program: its output, exit code and signals are the command's. In its
    messages it goes by the name CALLED."""
    path = tools.program(name)
    sys.stdout.flush()
    os.execv(path, [called, *arguments])


def _mint_command(name: str, summary: str) -> None:
    @main.command(
        name,
        help=summary,
        context_settings={"ignore_unknown_options": True, "help_option_names": []},
        add_help_option=False,
    )
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    def command(arguments: tuple[str, ...]) -> None:
        _become("sevkit-mint", [name, *arguments], "sevkit")


_mint_command("report", "Mint a report through the emulator, or show one.")
_mint_command("roots", "Write the test root certificates.")
_mint_command("cert", "Mint or show certificates and CRLs.")
