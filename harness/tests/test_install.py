"""`make install`: what it writes, and that the installed library, programs and pages work from there.

SEVKIT_BIN names the build's bin directory; without it build/bin. The C program is the one in
docs/library.md, so that the page cannot promise what does not compile.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("SEVKIT_BIN", str(ROOT / "build" / "bin")))
PREFIX = "/opt/sevkit"
COMMANDS = ("sevkit", "sevkit-mint", "snp-verify", "suite-runner", "psp-run", "pspd")

pytestmark = [
    pytest.mark.skipif(not (BIN / "suite-runner").exists(), reason=f"no programs in {BIN}: make all"),
    pytest.mark.skipif(BIN.parent.name == "san", reason="a sanitizer build is not what is installed"),
]


def run(command: Sequence[str | Path], env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """COMMAND with its output as text."""
    return subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=False, timeout=300, env=env
    )


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DESTDIR with an installation in it."""
    destdir = tmp_path_factory.mktemp("image")
    # The outer make's flags, a jobserver among them, are not this make's.
    env = {
        k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")
    }
    done = run(
        ["make", "-C", ROOT, f"BUILD={BIN.parent}", "install", f"DESTDIR={destdir}", f"PREFIX={PREFIX}"], env
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return destdir


@pytest.fixture
def prefix(image: Path) -> Path:
    """The prefix inside the DESTDIR."""
    return image / PREFIX.lstrip("/")


@pytest.fixture
def with_packages() -> dict[str, str]:
    """An environment whose python3 is the one that runs these tests."""
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


def pkg_config(image: Path, *options: str) -> list[str]:
    """What pkg-config says of the installed sevkit.pc."""
    env = {
        **os.environ,
        "PKG_CONFIG_SYSROOT_DIR": str(image),
        "PKG_CONFIG_PATH": str(image / PREFIX.lstrip("/") / "lib/pkgconfig"),
    }
    done = run(["pkg-config", *options, "sevkit"], env)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def program(folder: Path, page: str = "docs/library.md") -> Path:
    """The C program of PAGE as a file in FOLDER."""
    found = re.search(r"```c\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)
    assert found is not None
    source = folder / "version.c"
    source.write_text(found.group(1))
    return source


def test_nothing_is_written_outside_the_prefix(image: Path, prefix: Path) -> None:
    outside = [p for p in image.rglob("*") if not p.is_relative_to(prefix) and not prefix.is_relative_to(p)]
    assert outside == []


def test_no_installed_text_names_the_build_tree(prefix: Path) -> None:
    names = [p for p in prefix.rglob("*") if p.is_file() and p.parent.name != "lib" and p.suffix != ""]
    texts = [*names, prefix / "bin/sevkit"]
    assert len(texts) > 30
    tree = re.compile(
        rb"(?<![\w/.-])" + re.escape(bytes(ROOT)) + rb"(?![\w.-])"
    )  # not a part of another path
    wrong = [p for p in texts if tree.search(p.read_bytes())]
    assert wrong == []


def test_a_program_links_the_shared_library(image: Path, prefix: Path, tmp_path: Path) -> None:
    binary = tmp_path / "version"
    flags = ["-std=c17", "-Wall", "-Wextra", "-Werror"]
    built = run(["cc", *flags, "-o", binary, program(tmp_path), *pkg_config(image, "--cflags", "--libs")])
    assert built.returncode == 0, built.stderr
    done = run([binary], {**os.environ, "LD_LIBRARY_PATH": str(prefix / "lib")})
    assert (done.returncode, done.stdout) == (0, "report version 3\n"), done.stderr


def test_a_program_links_the_static_library(image: Path, prefix: Path, tmp_path: Path) -> None:
    binary = tmp_path / "version"
    libraries = [w for w in pkg_config(image, "--static", "--libs") if w.startswith("-l") and w != "-lsevkit"]
    assert "-lcrypto" in libraries
    archive = prefix / "lib/libsevkit.a"
    built = run(["cc", "-o", binary, program(tmp_path), *pkg_config(image, "--cflags"), archive, *libraries])
    assert built.returncode == 0, built.stderr
    done = run([binary])
    assert (done.returncode, done.stdout) == (0, "report version 3\n"), done.stderr


def test_the_question_to_the_rmp_gets_the_answer_of_its_page(
    image: Path, prefix: Path, tmp_path: Path
) -> None:
    """docs/rmp.md, with sevkit/rmp.h alone."""
    source = program(tmp_path, "docs/rmp.md")
    assert re.findall(r"#include <sevkit/(.*)>", source.read_text()) == ["rmp.h"]
    binary = tmp_path / "question"
    flags = ["-std=c17", "-Wall", "-Wextra", "-Werror"]
    built = run(["cc", *flags, "-o", binary, source, *pkg_config(image, "--cflags", "--libs")])
    assert built.returncode == 0, built.stderr
    done = run([binary], {**os.environ, "LD_LIBRARY_PATH": str(prefix / "lib")})
    assert done.returncode == 0
    assert f"$ ./question\n{done.stdout}" in (ROOT / "docs/rmp.md").read_text()


def test_the_shared_library_exports_what_the_headers_declare(prefix: Path) -> None:
    declared = "".join(p.read_text() for p in (prefix / "include/sevkit").glob("*.h"))
    done = run(["nm", "-D", "--defined-only", prefix / "lib/libsevkit.so"])
    exported = [line.split()[-1] for line in done.stdout.splitlines()]
    assert {"vmm_machine_new", "pki_verify_report", "sevkit_fail"} <= set(exported)
    assert [name for name in exported if f"{name}(" not in declared] == []


@pytest.mark.parametrize("kind", ["profiles", "scenarios"])
def test_the_files_that_the_programs_carry_are_there(prefix: Path, kind: str) -> None:
    """Each under its name, with its schema."""
    tree = ROOT / "emulator/profiles" / ("" if kind == "profiles" else kind)
    installed = {p.name: p.read_bytes() for p in (prefix / "share/sevkit" / kind).iterdir()}
    assert installed == {p.name: p.read_bytes() for p in tree.glob("*.json")}
    assert f"{kind[:-1]}.schema.json" in installed
    assert len(installed) > 10


def test_an_installed_profile_is_loaded_by_its_path(prefix: Path, tmp_path: Path) -> None:
    profile = prefix / "share/sevkit/profiles/turin-1.55.65-v5-vcek.json"
    done = run([prefix / "bin/sevkit-mint", "report", "--profile", profile, "--out", tmp_path / "out"])
    assert done.returncode == 0, done.stderr


def test_an_installed_scenario_is_loaded_by_its_path(prefix: Path) -> None:
    """psp-run reads it before it finds fault with the seed."""
    scenarios = prefix / "share/sevkit/scenarios"
    for name, fault in (("busy-3.json", "--seed"), ("scenario.schema.json", "scenario.schema.json")):
        options = ["--scenario", str(scenarios / name), "--seed", "no"]
        done = run([prefix / "bin/psp-run", *options, "--", "true"])
        assert done.returncode == 125
        assert done.stderr.startswith(f"psp-run: {fault}") or f"/{fault}: " in done.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_knows_its_version_and_has_a_page(
    prefix: Path, with_packages: dict[str, str], name: str
) -> None:
    done = run([prefix / "bin" / name, "--version"], with_packages)
    assert done.returncode == 0, done.stderr
    assert "0.1.0" in done.stdout
    page = (prefix / f"share/man/man1/{name}.1").read_text()
    assert f".Dt {name.upper()} 1\n" in page
    for section in ("NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "EXAMPLES"):
        assert f".Sh {section}\n" in page


@pytest.mark.parametrize("command", ["suite-runner", "snp-verify", "sevkit-mint report", "sevkit run"])
def test_a_page_names_every_option_of_the_help(
    prefix: Path, with_packages: dict[str, str], command: str
) -> None:
    name, *rest = command.split()
    done = run([prefix / "bin" / name, *rest, "--help"], with_packages)
    assert done.returncode == 0, done.stderr
    page = (prefix / f"share/man/man1/{name}.1").read_text()
    options = set(re.findall(r"^\s+(?:-\w, )?--([a-z][a-z-]*)", done.stdout, re.MULTILINE))
    assert len(options) >= 7
    assert [option for option in sorted(options) if not re.search(rf"Fl -{option}\b", page)] == []


def test_pages_are_in_order(prefix: Path) -> None:
    if shutil.which("mandoc") is None:
        pytest.skip("mandoc is not installed")
    pages = sorted((prefix / "share/man/man1").glob("*.1"))
    done = run(["mandoc", "-Tlint", "-Wwarning", *pages])
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_sevkit_runs_from_its_place(prefix: Path, with_packages: dict[str, str], tmp_path: Path) -> None:
    out = tmp_path / "out"
    command: list[str | Path] = [prefix / "bin/sevkit", "run", "--filter", "key.form.*", "--out", out]
    done = run(command, with_packages)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^[1-9][0-9]* passed, 0 failed, 0 skipped$", done.stdout, re.MULTILINE)
    assert sorted(p.name for p in out.iterdir()) == ["junit.xml", "report.html", "results.json"]


def test_sevkit_says_what_it_misses(prefix: Path, tmp_path: Path) -> None:
    bare = tmp_path / "python3"
    bare.write_text("#!/bin/sh\nexit 1\n")
    bare.chmod(0o755)
    done = run(
        [prefix / "bin/sevkit", "--version"], {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    )
    assert done.returncode == 3
    assert "click, rich and jinja2" in done.stderr


def test_the_guest_has_what_it_is_made_of(prefix: Path, with_packages: dict[str, str]) -> None:
    """`sevkit guest`: its agent, the shim's sources, the guest's scripts."""
    made_of = prefix / "share/sevkit/harness/guest"
    for name in ("shim/sevkit_shim.c", "shim/Kbuild", "shim/COPYING", "pump.c", "init", "boot", "image.py"):
        assert (made_of / name).is_file(), name
    done = run([prefix / "bin/suite-runner-static", "--version"])
    assert done.returncode == 0, done.stderr
    done = run([prefix / "bin/sevkit", "guest", "--accel", "snp"], with_packages)
    assert done.returncode == 3 and "device:" in done.stderr, done.stderr
