"""`sevkit guest`: the distribution's genuine driver in a virtual machine, with our PSP behind it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import click
from guest import compare, session, vm
from guest.kernel import MissingError

from sevkit import results, tools

NO_SNP = (
    "--accel snp: in a guest on SNP hardware the driver talks to genuine firmware, nothing is ours there;"
    " carry suite-runner into it and run `suite-runner --target device:/dev/sev-guest`"
)


def ending(work: Callable[[], int]) -> int:
    """WORK's exit code; what keeps a guest from being there is a message and a code."""
    try:
        return work()
    except MissingError as error:
        tools.fail(tools.EXIT_UNAVAILABLE, str(error))
    except vm.GuestTimeoutError as error:
        tools.fail(tools.EXIT_UNAVAILABLE, f"TIMEOUT guest.boot: {error}")
    except vm.GuestError as error:
        tools.fail(error.code, str(error))
    except OSError as error:  # no room, no right to write
        tools.fail(tools.EXIT_UNAVAILABLE, f"guest: {error}")


def pass_in(pair: str) -> tuple[Path, str]:
    """HOST:GUEST, a file that is there and a place in the guest."""
    name, colon, path = pair.rpartition(":")
    parts = PurePosixPath(path).parts
    if not colon or not path.startswith("/") or len(parts) < 2 or ".." in parts:
        raise click.UsageError(f"--file {pair}: must be HOST:GUEST with an absolute path in the guest")
    source = Path(name)
    try:
        source.open("rb").close()
    except OSError as error:
        raise click.UsageError(f"--file {pair}: {name}: {error.strerror}") from error
    return source, path


def check_choice(what: dict[str, object], mode: str, allowed: tuple[str, ...]) -> None:
    """In MODE only the ALLOWED ones of these options mean something."""
    for name, value in what.items():
        if value and name not in allowed:
            raise click.UsageError(f"{name}: not with {mode}")


def run_suites(
    setups: list[session.Setup],
    door: session.Door,
    options: Callable[[session.Setup], list[str]],
    out: Path | None,
) -> int:
    """The suites in one guest after the other; several end with the sum."""
    runs: list[results.Run] = []
    for setup in setups:
        place = out / setup.series if out is not None and len(setups) > 1 else out
        done = session.suites(setup, door, options(setup), place)
        if isinstance(done, int):
            return done
        runs.append(done)
    if len(runs) > 1:
        print(results.closing_line([t.verdict for run in runs for t in run.tests]))
    codes = {run.exit_code() for run in runs}
    return next(code for code in (1, 0, 77) if code in codes)


@click.command("guest")
@click.option(
    *("--kernel", "kernels"),
    multiple=True,
    type=click.Choice(session.SERIES),
    help="Debian 12's 6.1 or Debian 13's 6.12 [default: 6.12]; may be given twice.",
)
@click.option(
    "--accel",
    type=click.Choice(("tcg", "kvm", "snp")),
    default="tcg",
    show_default=True,
    help="How QEMU runs the guest; tcg needs no hardware.",
)
@click.option(
    "--door",
    type=click.Choice(("genuine", "cuse")),
    help="The distribution's own driver, or a `pspd --cuse` inside the guest [default: genuine].",
)
@click.option("--area", "areas", multiple=True, help="Only this area [default: device and tsm].")
@click.option("--filter", "pattern", help="Only tests whose id matches this glob.")
@click.option("--profile", help=f"Profile stem or file [default: {session.DEFAULT_PROFILE}].")
@click.option("--scenario", help="Scenario's name or file: how the world misbehaves; with CMD or --shell.")
@click.option("--seed", type=click.IntRange(min=0), help="Seed of the emulated machine.")
@click.option("--file", "files", multiple=True, metavar="HOST:GUEST", help="Put a file into the guest.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder for the results, and for /out of the guest as DIR/out; with --compare the table's file.",
)
@click.option("--shell", is_flag=True, help="A prompt in the guest.")
@click.option("--compare", "comparing", is_flag=True, help="Every test on every door, as a table.")
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="[-- CMD ...]")
def guest_command(
    kernels: tuple[str, ...],
    accel: str,
    door: session.Door | None,
    areas: tuple[str, ...],
    pattern: str | None,
    profile: str | None,
    scenario: str | None,
    seed: int | None,
    files: tuple[str, ...],
    out: Path | None,
    shell: bool,
    comparing: bool,
    command: tuple[str, ...],
) -> None:
    """Boot Debian's kernel in QEMU, its own sev-guest driver before our PSP; run the suites `device` and
    `tsm`, or CMD, in it."""
    if accel == "snp":
        tools.fail(tools.EXIT_UNAVAILABLE, NO_SNP)
    if sum((shell, comparing, bool(command))) > 1:
        raise click.UsageError("--shell, --compare and a command: only one of them")
    given: dict[str, object] = {
        **{"--door": door, "--area": areas, "--filter": pattern, "--kernel": kernels, "--file": files},
        **{"--profile": profile, "--scenario": scenario, "--seed": seed is not None, "--out": out},
    }
    if comparing:
        check_choice({**given, "--accel kvm": accel == "kvm"}, "--compare", ("--out",))
        sys.exit(ending(lambda: compare.write(out)))
    if shell or command:
        mode = "--shell" if shell else "a command"
        allowed = ("--profile", "--scenario", "--seed", "--file", "--kernel", *(() if shell else ("--out",)))
        check_choice(given, mode, allowed)
        if len(set(kernels)) > 1:
            raise click.UsageError(f"--kernel: one guest with {mode}")
    else:
        check_choice({"--file": files, "--scenario": scenario}, "the suites", ())
    world = vm.World(profile, scenario, seed)
    passed = tuple(pass_in(pair) for pair in files)
    setups = [session.Setup(k, world, accel, passed) for k in dict.fromkeys(kernels or ("6.12",))]
    if shell:
        sys.exit(ending(lambda: session.shell(setups[0])))
    if command:
        sys.exit(ending(lambda: session.command(setups[0], command, out)))

    def options(setup: session.Setup) -> list[str]:
        more = [] if pattern is None else ["--filter", pattern]
        if door == "cuse":  # it could show every generation, each boot a pspd of its own: minutes
            more += ["--kernel", session.GENERATION[setup.series]]
        return session.suite_options(setup, areas, more)

    sys.exit(ending(lambda: run_suites(setups, door or "genuine", options, out)))


def run_qemu(options: list[str], kernel: str | None, tap: bool, out: Path | None) -> int:
    """`sevkit run --target qemu`: the suites in the guest whose kernel is of the generation KERNEL."""
    by_generation = {generation: series for series, generation in session.GENERATION.items()}
    series = by_generation.get(kernel or "6.12")
    if series is None:
        raise click.UsageError(f"--kernel {kernel}: target qemu has {' and '.join(by_generation)}")
    setup = session.Setup(series)
    areas = [] if "--area" in options else session.suite_options(setup, ())
    if tap:
        return ending(lambda: session.tap(setup, "genuine", [*areas, *options]))
    return ending(lambda: run_suites([setup], "genuine", lambda _: [*areas, *options], out))
