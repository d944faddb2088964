"""CBMC out of a cached Debian 13: the program, the compiler of its own format, their libraries.

mmdebstrap unpacks the packages into a folder that is thrown away (no package is installed, no source list of
this system is edited); the few files that are needed are kept. They run on any system by that release's own
loader, without root and without a changed root; the preprocessor is this system's gcc. Debian builds CBMC
with MiniSat inside.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from guest import cache, kernel

SUITE = "trixie"
PACKAGES = ("base-files", "cbmc")
PROGRAMS = ("cbmc", "goto-cc")
LOADER = "loader"

# What it is run by and what it is fetched with, and the packages that they are in.
TOOLS = (("gcc", "build-essential"),)
FETCH_TOOLS = (("mmdebstrap", "mmdebstrap"), ("unshare", "util-linux"))

# How gather() lays its folder out: another number with another layout.
LAYOUT = "1"

MissingError = kernel.MissingError


@dataclass(frozen=True)
class Cbmc:
    """The programs that cbmc() left in their folder."""

    folder: Path

    def command(self, program: str, *arguments: str) -> list[str]:
        """PROGRAM with ARGUMENTS, by its own loader."""
        libraries = self.folder / "lib"
        return [
            *(str(libraries / LOADER), "--library-path", str(libraries)),
            *(str(self.folder / "bin" / program), *arguments),
        ]

    def run(
        self, program: str, *arguments: str, cwd: Path, seconds: float | None = None
    ) -> subprocess.CompletedProcess[str]:
        """What PROGRAM says and how it ends; subprocess.TimeoutExpired after SECONDS."""
        command = self.command(program, *arguments)
        return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=seconds, check=False)

    @property
    def version(self) -> str:
        """ "6.6.0"."""
        return self.run("cbmc", "--version", cwd=self.folder).stdout.split(" ")[0].strip()


def gather(root: Path, out: Path) -> None:
    """From ROOT to OUT: the programs, the loader and the libraries that it finds for them."""
    loader = next(iter(sorted(root.glob("usr/lib*/**/ld-linux-*.so.*"))), None)
    if loader is None:
        raise MissingError(f"Debian {SUITE} has no loader that is known here")
    (out / "bin").mkdir()
    (out / "lib").mkdir()
    shutil.copy(loader, out / "lib" / LOADER)
    search = ":".join(str(folder) for folder in (loader.parent, root / "usr/lib"))
    for name in PROGRAMS:
        program = root / "usr/bin" / name
        listed = subprocess.run(
            [str(loader), "--library-path", search, "--list", str(program)],
            capture_output=True,
            text=True,
            check=False,
        )
        libraries = re.findall(rf"=> ({re.escape(str(root))}\S+)", listed.stdout)
        if listed.returncode != 0 or not libraries:
            raise MissingError(f"{name} of Debian {SUITE} does not start: {listed.stdout}{listed.stderr}")
        shutil.copy(program, out / "bin")
        for library in libraries:
            shutil.copy(library, out / "lib")


def cache_name() -> str:
    """The folder's name in the cache, by what is in it."""
    return f"cbmc-{cache.key(SUITE, *PACKAGES, *PROGRAMS, LOADER, LAYOUT)}"


def cbmc(say: Callable[[str], None]) -> Cbmc:
    """CBMC from the cache or fetched now; MissingError says why it cannot be had."""
    found = cached()
    for program, package in (*TOOLS, *(() if found else FETCH_TOOLS)):
        kernel.need(program, package)
    if found is not None:
        return found

    def make(work: Path) -> None:
        say(f"prove: fetching CBMC from Debian {SUITE}")
        with tempfile.TemporaryDirectory(dir=work.parent) as folder:
            try:
                kernel.fetch(SUITE, PACKAGES, Path(folder))
                gather(Path(folder), work)
                version = Cbmc(work).version
            except (OSError, subprocess.SubprocessError) as error:
                raise MissingError(f"CBMC cannot be made ready: {error}") from error
        if not version:
            raise MissingError("CBMC does not run here")

    return Cbmc(cache.kept(cache_name(), make))


def cached() -> Cbmc | None:
    """CBMC if the cache has it."""
    folder = cache.folder() / cache_name()
    return Cbmc(folder) if folder.is_dir() else None
