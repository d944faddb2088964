"""What is done with a guest: the suites, a command, a prompt."""

from __future__ import annotations

import datetime
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Literal

from guest import image, vm
from sevkit import __version__, results, run, tools

SERIES = ("6.1", "6.12")
GENERATION = {"6.1": "6.6", "6.12": "6.12"}  # Debian's 6.1.y has the driver's behaviour of 6.6
AREAS = ("device", "tsm")
SPEC = "1.58"
DEFAULT_PROFILE = "genoa-1.55.40-v3-vcek"

Door = Literal["genuine", "cuse"]
TARGET: dict[Door, str] = {"genuine": "qemu", "cuse": "cuse"}  # suite-runner's name of the door


@dataclass(frozen=True)
class Setup:
    """A guest that is to be booted."""

    series: str
    world: vm.World = vm.World()
    accel: str = "tcg"
    files: tuple[tuple[Path, str], ...] = ()  # on the host, in the guest
    boot_seconds: float = vm.BOOT_SECONDS
    virtual_time: bool = True  # with TCG; False: the host's clock, and waits that last


def say(text: str) -> None:
    """Tells people what goes on. Not on stdout: that is the results' and the command's."""
    print(text, file=sys.stderr, flush=True)


def build(series: str) -> image.Image:
    """The image of SERIES, from the cache or made now. QEMU first: without it no image is of use."""
    vm.qemu_program()
    return image.build(series, bin_dir=tools.bin_dir(), say=say)


def with_files(made: image.Image, files: Sequence[tuple[Path, str]], folder: Path) -> image.Image:
    """MADE with FILES in it, kept in FOLDER: Linux unpacks archives one after the other."""
    if not files:
        return made
    archive = image.Archive()
    for source, path in files:
        image.add_program(archive, source, path)
    initrd = folder / "initrd"
    initrd.write_bytes(made.initrd.read_bytes() + archive.bytes())
    return image.Image(made.kernel, initrd, made.release)


@contextmanager
def boot(setup: Setup, mode: vm.Mode) -> Iterator[vm.Guest]:
    """A guest of SETUP, from its start to its end."""
    vm.check_accel(setup.accel)
    made = build(setup.series)
    with tempfile.TemporaryDirectory(prefix="sevkit-image-") as folder:
        whole = with_files(made, setup.files, Path(folder))
        say(f"guest: Linux {made.release}, {setup.accel}")
        with vm.Guest(
            whole,
            mode,
            bin_dir=tools.bin_dir(),
            world=setup.world,
            accel=setup.accel,
            virtual_time=setup.virtual_time,
            boot_seconds=setup.boot_seconds,
        ) as guest:
            yield guest


# ---- the suites ----


def info(guest: vm.Guest, setup: Setup) -> results.GuestInfo:
    """What the results say of the guest."""
    return results.GuestInfo(guest.image.release, setup.accel, vm.qemu_version())


def run_door(
    guest: vm.Guest, setup: Setup, door: Door, options: list[str], reporter: run.Reporter
) -> results.Run:
    """The suites on one door of a guest whose agent serves."""
    done = run.collect(f"{TARGET[door]}:{guest.folder}", options, reporter)
    done.target = TARGET[door]
    done.guest = info(guest, setup)
    return done


def timed_out(setup: Setup, door: Door, why: str, seconds: float) -> results.Run:
    """The run of a guest that never got ready: one TIMEOUT."""
    test = results.TestResult(
        "guest.boot", "runner", "the guest boots", "", [], "TIMEOUT", why, seconds * 1000
    )
    return results.Run(
        target=TARGET[door],
        profile=setup.world.profile or DEFAULT_PROFILE,
        spec=SPEC,
        version=__version__,
        kernel=GENERATION[setup.series],
        vectors_sha256=results.hash_tree(tools.tree() / "vectors"),
        started=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        duration_s=round(seconds, 3),
        tests=[test],
    )


def suite_options(setup: Setup, areas: Sequence[str], more: Sequence[str] = ()) -> list[str]:
    """Options of suite-runner. Which profile and seed pspd has is the runner's to say, test by test."""
    options = [text for area in areas or AREAS for text in ("--area", area)]
    if setup.world.profile is not None:
        options += ["--profile", setup.world.profile]
    if setup.world.seed is not None:
        options += ["--seed", str(setup.world.seed)]
    return [*options, *more]


def suites(setup: Setup, door: Door, options: list[str], out: Path | None) -> results.Run | int:
    """Boots, runs the suites, writes the files of OUT. The run, or the exit code where there was none."""
    run.make_out(out)
    clock = time.monotonic()
    try:
        with boot(setup, "agent") as guest:
            try:
                guest.wait_for_agent()
                done = run_door(guest, setup, door, options, run.make_reporter())
            except run.RefusedError as refused:
                for line in guest.tail():
                    say(f"console: {line}")
                return refused.code
            finally:
                keep_console(guest, out)
    except vm.GuestTimeoutError as error:
        done = timed_out(setup, door, str(error), time.monotonic() - clock)
    run.finish(done, out)
    return done


def keep_console(guest: vm.Guest, out: Path | None) -> None:
    """OUT/console.log, for what the verdicts do not tell."""
    log = guest.folder / "console.log"
    if out is not None and log.is_file():
        shutil.copyfile(log, out / "console.log")


def tap(setup: Setup, door: Door, options: list[str]) -> int:
    """The suites with suite-runner's own output on stdout."""
    with boot(setup, "agent") as guest:
        guest.wait_for_agent()
        command = [str(tools.program("suite-runner")), "--target", f"{TARGET[door]}:{guest.folder}"]
        return subprocess.run([*command, *options, "--tap"], check=False).returncode


# ---- a command, a prompt ----


@contextmanager
def with_command(setup: Setup, words: Sequence[str]) -> Iterator[vm.Guest]:
    """A guest that runs WORDS: output() is what they print, status() their status."""
    with tempfile.TemporaryDirectory(prefix="sevkit-command-") as folder:
        script = Path(folder) / "command"
        script.write_text(shlex.join(words) + "\n")
        whole = replace(setup, files=(*setup.files, (script, "/guest/command")))
        with boot(whole, "command") as guest:
            yield guest


def command(setup: Setup, words: Sequence[str], out: Path | None) -> int:
    """Runs WORDS in the guest, its output on stdout; files of /out come to OUT/out. The command's status."""
    with with_command(setup, words) as guest:
        for line in guest.output():
            print(line, flush=True)
        status = guest.status()
        if out is not None:
            unpack(guest.folder / "out.tar", out / "out")
            keep_console(guest, out)
    return status


def unpack(archive: Path, place: Path) -> None:
    """The files and folders of ARCHIVE in PLACE, nothing else and nowhere else: a guest is not trusted."""
    place.mkdir(parents=True, exist_ok=True)
    if not archive.is_file() or archive.stat().st_size == 0:
        return
    try:
        unpack_members(archive, place)
    except (tarfile.TarError, OSError) as error:
        raise vm.GuestError(f"what came back of /out is incomplete: {error}") from error


def unpack_members(archive: Path, place: Path) -> None:
    """See unpack."""
    with tarfile.open(archive, "r:") as tar:
        for member in tar:
            path = PurePosixPath(member.name)
            target = place.joinpath(*path.parts)
            plain = member.isdir() or (member.isfile() and not member.issparse())
            if path.is_absolute() or ".." in path.parts or not plain:
                say(f"guest: {member.name!r} was left in /out: only files and folders come back")
                continue
            if member.isdir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            source = tar.extractfile(member)
            assert source is not None
            target.parent.mkdir(parents=True, exist_ok=True)
            with source, target.open("wb") as file:
                shutil.copyfileobj(source, file)
            target.chmod(0o755 if member.mode & 0o100 else 0o644)


def shell(setup: Setup) -> int:
    """A prompt in the guest, until its shell ends."""
    say("guest: ^A x ends QEMU, exit the shell")
    with boot(setup, "shell") as guest:
        return guest.qemu.wait()
