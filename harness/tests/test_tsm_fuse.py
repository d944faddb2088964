"""configfs-tsm under psp-run: real system calls on the FUSE file system, as whoever runs this and as nobody.

SEVKIT_BIN names the build's bin directory; without it build/bin. The probes (probes/tsm_*.c) are compiled
here and run under psp-run, one process a case; what a case means is written there.

Without udev /dev/fuse is root's alone. For "nobody" it is covered, in a mount namespace of the test, by a
node with the mode that udev gives it. The machine's own node is not touched.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tsm_here import forbidden

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("SEVKIT_BIN", str(ROOT / "build" / "bin")))
PROBES = Path(__file__).with_name("probes")
REPORT = "/sys/kernel/config/tsm/report"
NOBODY = 65534
DEEP = next((p for p in sorted(Path("/sys/kernel").glob("*/*")) if p.is_dir()), Path("/sys/kernel"))
Done = subprocess.CompletedProcess[str]

pytestmark = pytest.mark.skipif(not (BIN / "psp-run").exists(), reason=f"no psp-run in {BIN}: make all")

CLOSE_CASES = [
    *("plain", "unwritten", "dup", "dup2", "dup2-over", "fork", "exit", "kill", "exec"),
    *("passed", "many", "loop", "crowd"),
]
FILE_CASES = [
    *("modes", "open", "truncate", "write", "append-text", "too-long", "read", "seek"),
    *("bad-memory", "refused-calls", "names", "removed", "list", "sys-kernel"),
]

# $1: the mode of /dev/fuse, $2: a folder to cover, $3: one deep in /sys/kernel that gets a mark, then the
# command.
AS_NOBODY = f"""
mount -t tmpfs none "$2" && mknod -m "$1" "$2/fuse" c 10 229 && chmod "$1" "$2/fuse" &&
mount --bind "$2/fuse" /dev/fuse && mkdir "$2/below" && touch "$2/below/mark" &&
mount --bind "$2/below" "$3" && shift 3 || exit 99
exec setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups "$@"
"""


@dataclass(frozen=True)
class Bench:
    """A folder that everybody may read, with psp-run and the compiled probes."""

    folder: Path

    def run(self, user: str, *command: str, mode: str = "0666", options: tuple[str, ...] = ()) -> Done:
        """COMMAND under psp-run with OPTIONS, as USER; for nobody /dev/fuse has MODE."""
        line = [str(self.folder / "psp-run"), *options, "--", *command]
        if user == "nobody":
            cover = ["unshare", "--mount", "--propagation", "private", "sh", "-c", AS_NOBODY, "sh"]
            line = [*cover, mode, str(self.folder / "cover"), str(DEEP), *line]
        return subprocess.run(line, capture_output=True, text=True, check=False, cwd="/", timeout=120)


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "cover").mkdir()
        shutil.copy2(BIN / "psp-run", folder / "psp-run")
        for source in PROBES.glob("tsm_*.c"):
            flags = ["-std=c17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-O1"]
            out = folder / source.stem
            subprocess.run([os.environ.get("CC", "cc"), *flags, "-o", str(out), str(source)], check=True)
        yield Bench(folder)


@pytest.fixture(params=["self", "nobody"])
def run(request: pytest.FixtureRequest, bench: Bench) -> Callable[..., Done]:
    """Runs a command under psp-run where the tsm is known to be there."""
    user: str = request.param
    if user == "nobody" and (os.geteuid() != 0 or shutil.which("setpriv") is None):
        pytest.skip("needs root, to become nobody")
    there = bench.run(user, "test", "-d", REPORT)
    if why := forbidden(there.stderr):
        pytest.skip(why)
    assert there.returncode == 0, there.stderr

    def runner(*command: str, options: tuple[str, ...] = ()) -> Done:
        return bench.run(user, *command, options=options)

    return runner


def test_every_case_is_run(bench: Bench) -> None:
    """A case that only the probe knows would be no test."""
    for probe, cases in (("tsm_close", CLOSE_CASES), ("tsm_files", FILE_CASES)):
        listed = subprocess.run([str(bench.folder / probe)], capture_output=True, text=True, check=True)
        assert listed.stdout.split() == cases


@pytest.mark.parametrize("case", CLOSE_CASES)
def test_delivery_at_the_last_close(run: Callable[..., Done], bench: Bench, case: str) -> None:
    """@req LNX-TSM-016 LNX-TSM-017 LNX-TSM-030 LNX-TSM-031 LNX-TSM-045"""
    done = run(str(bench.folder / "tsm_close"), case)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("case", FILE_CASES)
def test_files(run: Callable[..., Done], bench: Bench, case: str) -> None:
    """The requirements of all cases together.

    @req LNX-TSM-003 LNX-TSM-004 LNX-TSM-005 LNX-TSM-007 LNX-TSM-008
    @req LNX-TSM-011 LNX-TSM-014 LNX-TSM-042 LNX-TSM-043
    """
    done = run(str(bench.folder / "tsm_files"), case)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


ORDINARY = {
    "cat": "cat nonce > $D/inblob",
    "dd": "dd if=nonce of=$D/inblob bs=16 2> /dev/null",
    "cp": "cp nonce $D/inblob",
    "tee": "tee $D/inblob < nonce > /dev/null",
    "append": "head -c 32 nonce > half && (cat half; tail -c 32 nonce) >> $D/inblob",
}


@pytest.mark.parametrize("writer", ORDINARY)
def test_ordinary_programs(run: Callable[..., Done], writer: str) -> None:
    """A nonce written by usual tools is in the report that usual tools read, after one generation.

    @req LNX-TSM-012 LNX-TSM-017 LNX-TSM-031
    """
    script = f"""
    set -e
    D={REPORT}/ordinary; T=$(mktemp -d); cd "$T"; mkdir $D
    head -c 64 /dev/urandom > nonce
    {ORDINARY[writer]}
    read generation < $D/generation
    test "$generation" = 1
    cat $D/outblob > by-cat; dd if=$D/outblob of=by-dd bs=100 2> /dev/null; cp $D/outblob by-cp
    for way in cat dd cp; do
        test $(wc -c < by-$way) = 1184
        tail -c +81 by-$way | head -c 64 | cmp - nonce
    done
    rmdir $D; cd /; rm -r "$T"
    """
    done = run("sh", "-c", script)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.fixture
def trace() -> Iterator[Path]:
    """A file that any user of a test may write."""
    with tempfile.TemporaryDirectory(prefix="psp-run-trace-") as name:
        Path(name).chmod(0o777)
        yield Path(name) / "trace"


def traced(run: Callable[..., Done], trace: Path, script: str) -> list[dict[str, Any]]:
    """The lines of configfs-tsm that SCRIPT leaves, $D being an item's folder."""
    done = run("sh", "-c", f"D={REPORT}/it; {script}", options=("--trace", str(trace)))
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in trace.read_text().splitlines()]
    assert lines[-1]["event"] == "end"
    return [line for line in lines if line["event"] == "tsm"]


def short(lines: list[dict[str, Any]], *members: str) -> list[tuple[Any, ...]]:
    """The MEMBERS of each line."""
    return [tuple(line.get(member) for member in members) for line in lines]


def test_trace_of_a_report(run: Callable[..., Done], trace: Path) -> None:
    """Each call has a line with what was written and read."""
    script = """
    mkdir $D && printf %064d 7 > $D/inblob && echo 1 > $D/privlevel &&
    dd if=$D/outblob of=/dev/null bs=1000 2> /dev/null && cat $D/auxblob > /dev/null && rmdir $D
    """
    lines = traced(run, trace, script)
    nonce = f"{7:064}".encode().hex()
    assert short(lines, "call", "attribute", "result") == [
        ("mkdir", None, "OK"),
        ("open", "inblob", "OK"),
        ("write", "inblob", "OK"),
        ("close", "inblob", "OK"),
        ("open", "privlevel", "OK"),
        ("write", "privlevel", "OK"),
        ("open", "outblob", "OK"),
        *[("read", "outblob", "OK")] * 3,
        ("open", "auxblob", "OK"),
        *[("read", "auxblob", "OK")] * 2,
        ("rmdir", None, "OK"),
    ]
    assert {line["item"] for line in lines} == {"it"}
    opened = [line for line in lines if line["call"] == "open"]
    assert short(opened, "access") == [("O_WRONLY",), ("O_WRONLY",), ("O_RDONLY",), ("O_RDONLY",)]
    binary, text = [line for line in lines if line["call"] == "write"]
    assert (binary["offset"], binary["size"], binary["bytes"]) == (0, 64, nonce)
    assert (text["offset"], text["size"], text["text"]) == (0, 2, "1\n")
    assert "text" not in binary
    assert "bytes" not in text
    first, second, last, table, _ = [line for line in lines if line["call"] == "read"]
    assert short([first, second, last], "offset", "size") == [(0, 1000), (1000, 184), (1184, 0)]
    assert (first["report"]["report_data"], first["report"]["vmpl"]) == (nonce, 1)
    assert [line for line in (second, last, table) if "report" in line] == []
    assert table["size"] > 0
    assert lines[0]["comm"] == "mkdir"
    assert all(line["pid"] == line["tid"] > 1 for line in lines if line["call"] != "close")
    assert "pid" not in next(line for line in lines if line["call"] == "close")


def test_trace_of_what_is_refused(run: Callable[..., Done], trace: Path) -> None:
    """@req LNX-TSM-014 LNX-TSM-017 LNX-TSM-040"""
    script = """
    mkdir $D && (head -c 65 /dev/zero > $D/inblob; printf '\\377' > $D/privlevel; cat $D/outblob
    rmdir $D; cat < $D/inblob; (mkdir $D; exec 3> $D/inblob; rmdir $D; echo 1 >&3)) 2> /dev/null; true
    """
    lines = [line for line in traced(run, trace, script) if line["call"] != "open"]
    assert short([lines.pop(2)], "call", "attribute") == [("close", "inblob")]  # its result is AMB-142's
    assert short(lines, "call", "attribute", "result") == [
        ("mkdir", None, "OK"),
        ("write", "inblob", "EFBIG"),
        ("write", "privlevel", "EINVAL"),
        ("read", "outblob", "EINVAL"),
        ("rmdir", None, "OK"),
        ("mkdir", None, "OK"),
        ("rmdir", None, "OK"),
        ("write", "inblob", "OK"),
        ("close", "inblob", "ENOENT"),
    ]
    too_long, no_number, read = lines[1:4]
    assert (too_long["size"], too_long["bytes"]) == (65, "00" * 64)
    assert no_number["bytes"] == "ff"
    assert "size" not in read


def test_machine_is_left_as_it_was(run: Callable[..., Done]) -> None:
    def picture() -> tuple[list[str], str, list[str]]:
        leftovers = sorted(p.name for p in Path("/tmp").glob("psp-run-tsm*"))
        entries = sorted(path.name for path in Path("/sys/kernel").iterdir())
        return entries, Path("/proc/self/mountinfo").read_text(), leftovers

    before = picture()
    assert run("mkdir", f"{REPORT}/x").returncode == 0
    assert run("sh", "-c", f"mkdir {REPORT}/x && kill -KILL $$").returncode != 0
    assert picture() == before


def test_mounts_below_sys_kernel(run: Callable[..., Done], request: pytest.FixtureRequest) -> None:
    """What is mounted somewhere in /sys/kernel stays in its place when that folder is rebuilt."""
    if "nobody" not in request.node.callspec.id:
        pytest.skip("only the cover for nobody has such a mount")
    done = run("ls", str(DEEP))
    assert (done.returncode, done.stdout) == (0, "mark\n")


def test_closed_device_is_one_warning(bench: Bench) -> None:
    """Without rights to /dev/fuse the program runs, without the path."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to become nobody")
    done = bench.run("nobody", "sh", "-c", "test ! -e /sys/kernel/config/tsm && echo absent", mode="0600")
    if "cannot change root filesystem propagation" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert (done.returncode, done.stdout) == (0, "absent\n")
    assert len(done.stderr.splitlines()) == 1
    assert "/dev/fuse: Permission denied" in done.stderr
