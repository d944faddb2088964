"""A private, built copy of the tree in which one mutant after another is compiled, linked and tested."""

from __future__ import annotations

import json
import math
import os
import resource
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer

from mutants.operators import Mutant

# Mutants are built as the product is, but for warnings that a broken line may have (unused, constant). What
# no build of ours would let pass, a number for a pointer or a write to what is const, is refused here too.
ERRORS = (
    "int-conversion",
    "incompatible-pointer-types",
    "implicit-function-declaration",
    "discarded-qualifiers",
)
WARNINGS = " ".join(f"-Werror={name}" for name in ERRORS)
MAKE = ["make", "-s", "BUILD=build", f"WARN={WARNINGS}", "HARDEN=-fPIC", "OPT=-O2"]
SANITIZED = ["make", "-s", "BUILD=build", f"WARN={WARNINGS}", "SAN=1"]
QUICK_SECONDS = 2.0  # an area that takes less is run for every mutant, the others for survivors
SANITIZED_SECONDS = 120
RUNNER = "bin/suite-runner"
RED = ("FAIL ", "ERROR ", "TIMEOUT ", "XPASS ")
OUTER_MAKE = ("MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "BUILD", "SAN", "V")  # would reach the copies' make
# Folders whose unit tests reach code below them that its own do not: a firmware is saved with its machine.
ABOVE = {"psp": ("vmm",)}
WALL_FACTOR = 20  # a test that neither ends nor computes is ended after so many times its CPU limit


class BrokenTreeError(Exception):
    """The unchanged tree does not build or does not pass."""


@dataclass
class Job:
    """A test program with its arguments, and the CPU seconds after which it counts as hanging."""

    name: str
    command: list[str]
    seconds: int


@dataclass
class Plan:
    """What is run, measured on the unchanged tree."""

    units: dict[str, Job] = field(default_factory=dict)  # by folder
    quick: list[Job] = field(default_factory=list)  # areas, cheapest first
    slow: list[Job] = field(default_factory=list)
    by_requirement: dict[str, list[Job]] = field(default_factory=dict)  # cheapest first


def programs(folders: list[str]) -> list[str]:
    """The folders whose unit test programs judge mutants of FOLDERS, own ones first."""
    above = (other for folder in folders for other in ABOVE.get(folder, ()))
    return list(dict.fromkeys((*folders, *above)))


def copy_tree(root: Path, where: Path) -> None:
    """The files of ROOT that git knows or would add, with their times."""
    command = ["git", "ls-files", "-z", "-co", "--exclude-standard"]
    names = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True)
    for name in filter(None, names.stdout.split("\0")):
        if (root / name).is_file():
            (where / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, where / name)


class Workshop:
    """One copy. Not for two threads at once."""

    def __init__(self, tree: Path, make: list[str], build: str) -> None:
        self.tree = tree
        self.make = make
        self.build = build
        # Results line by line, so that the first failure is seen at once; ASan bears no preloaded library.
        self.prefix = [] if "SAN=1" in make else ["stdbuf", "-oL"]
        inherited = {k: v for k, v in os.environ.items() if k not in OUTER_MAKE}
        self.environment = {**inherited, "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0", "LC_ALL": "C"}
        self.scripts: dict[tuple[str, str], list[str]] = {}
        self.folders: list[str] = []
        self.file = ""  # whose mutants are judged
        self.original = b""  # its object, unchanged

    def prepare(self, folders: list[str]) -> None:
        """Builds what is run from the sources as they are."""
        self.folders = folders
        targets = [f"{self.build}/{RUNNER}", *map(self.unit, programs(folders))]
        done = subprocess.run(
            [*self.make, f"-j{os.cpu_count() or 1}", *targets],
            cwd=self.tree,
            env=self.environment,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise BrokenTreeError(
                f"the unchanged tree does not build:\n{done.stdout[-1000:]}{done.stderr[-3000:]}"
            )

    def unit(self, folder: str) -> str:
        """The unit test program of FOLDER."""
        return f"{self.build}/tests/unit-{folder}"

    def object_of(self, file: str) -> str:
        return f"{self.build}/obj/{file.removesuffix('.c')}.o"

    def turn_to(self, file: str) -> None:
        """Makes the tree ready for mutants of FILE: what the last file's mutants left is built anew."""
        if file == self.file:
            return
        self.prepare(self.folders)
        self.file = file
        self.original = self.compile(file) or b""

    def script(self, file: str, target: str) -> list[str]:
        """The commands by which make brings TARGET up to date after a change of FILE."""
        if (file, target) not in self.scripts:
            done = subprocess.run(
                [*self.make, "-n", "V=1", "-W", file, target],
                cwd=self.tree, env=self.environment, capture_output=True, text=True, check=True,
            )  # fmt: skip
            self.scripts[file, target] = done.stdout.replace("\\\n", " ").splitlines()
        return self.scripts[file, target]

    def shell(self, lines: list[str]) -> bool:
        done = subprocess.run(
            ["sh", "-e", "-c", "\n".join(lines)],
            cwd=self.tree,
            env=self.environment,
            capture_output=True,
            check=False,
        )
        return done.returncode == 0

    def compile(self, file: str) -> bytes | None:
        """The object of FILE as it is now in the tree; None where the compiler refuses it."""
        target = self.object_of(file)
        if not self.shell(self.script(file, target)):
            return None
        return (self.tree / target).read_bytes()

    def link(self, file: str, target: str) -> None:
        """TARGET with the new object of FILE, which is not compiled again."""
        compiling = set(self.script(file, self.object_of(file)))
        if not self.shell([line for line in self.script(file, target) if line not in compiling]):
            raise BrokenTreeError(f"{target} does not link with {file}")

    def passes(self, job: Job) -> bool:
        """False if a test of JOB fails, crashes or hangs. It is ended at its first failure."""
        # The limit is in CPU time, so that a busy machine makes no test look like a hang.
        limited = [
            "sh",
            "-c",
            f'ulimit -c 0; ulimit -t {job.seconds}; exec "$@"',
            "sh",
            *self.prefix,
            *job.command,
        ]
        process = subprocess.Popen(
            limited, cwd=self.tree, env=self.environment, text=True, errors="replace",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        timer = Timer(job.seconds * WALL_FACTOR, process.kill)
        timer.start()
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if line.startswith(RED):
                    process.kill()
                    return False
            return process.wait() == 0
        finally:
            timer.cancel()
            process.stdout.close()
            process.wait()


def _measured(shop: Workshop, name: str, command: list[str]) -> tuple[Job, float]:
    """A job of COMMAND with a limit far above what it takes on the unchanged tree, and what it takes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    if not shop.passes(Job(name, command, 600)):
        raise BrokenTreeError(f"{' '.join(command)} fails on the unchanged tree")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Job(name, command, math.ceil(6 * seconds) + 1), seconds


def plan(shop: Workshop, folders: list[str]) -> Plan:
    """Runs everything once on the unchanged tree of SHOP. Before any other thread starts processes."""
    made = Plan()
    runner = f"{shop.build}/{RUNNER}"
    for folder in programs(folders):
        made.units[folder], _ = _measured(shop, f"unit-{folder}", [shop.unit(folder)])
    listed = subprocess.run(
        [runner, "--list", "--json", "-"], cwd=shop.tree, capture_output=True, text=True, check=True
    )
    tests = [json.loads(line) for line in listed.stdout.splitlines()]
    areas = []
    for area in dict.fromkeys(test["area"] for test in tests):
        written = shop.tree / "results.jsonl"
        areas.append(_measured(shop, area, [runner, "--area", area, "--json", str(written)]))
        lines = [json.loads(line) for line in written.read_text().splitlines()]
        # A test that is skipped judges nothing, and a run of it alone fails.
        results = [line for line in lines if line["type"] == "result" and line["verdict"] == "PASS"]
        times = {line["id"]: line["duration_ms"] for line in results}
        for test in sorted((t for t in tests if t["id"] in times), key=lambda t: float(times[t["id"]])):
            limit = math.ceil(times[test["id"]] / 100) + 2
            job = Job(test["id"], [runner, "--filter", test["id"]], limit)
            for requirement in test["requirements"]:
                made.by_requirement.setdefault(requirement, []).append(job)
    for job, seconds in sorted(areas, key=lambda pair: pair[1]):
        kept = made.quick if seconds < QUICK_SECONDS else made.slow
        kept.append(Job(job.name, [runner, "--area", job.name], job.seconds))
    return made


def _namesakes(unit: Job, mutant: Mutant) -> Job:
    """The tests of the program UNIT that are about MUTANT's file, by their names: most mutants end there."""
    topic = Path(mutant.file).stem.partition("_")[0]
    return Job(unit.name, [*unit.command, "--filter", f"{unit.name.replace('-', '.')}.{topic}"], unit.seconds)


def judge(shop: Workshop, plan: Plan, mutant: Mutant) -> tuple[str, str]:
    """The verdict of the quick tests on MUTANT and what gave it. `survived` is for judge_again."""
    path = shop.tree / mutant.file
    original = path.read_text()
    shop.turn_to(mutant.file)
    try:
        path.write_text(mutant.after)
        made = shop.compile(mutant.file)
        if made is None:
            return "does not compile", "compiler"
        if made == shop.original:
            return "equivalent", "same object code"
        runner = f"{shop.build}/{RUNNER}"
        own = {job.name: job for r in mutant.requirements for job in plan.by_requirement.get(r, ())}
        if own:
            shop.link(mutant.file, runner)
        for job in own.values():
            if not shop.passes(job):
                return "killed", job.name
        for folder in programs([mutant.folder]):
            shop.link(mutant.file, shop.unit(folder))
            for job in (_namesakes(plan.units[folder], mutant), plan.units[folder]):
                if not shop.passes(job):
                    return "killed", job.name
        if not own:
            shop.link(mutant.file, runner)
        for job in plan.quick:
            if not shop.passes(job):
                return "killed", job.name
        return "survived", ""
    finally:
        path.write_text(original)


def judge_again(shop: Workshop, jobs: list[Job], mutant: Mutant) -> str:
    """What kills MUTANT of JOBS in the tree SHOP, a survivor of the quick tests; empty if nothing does."""
    path = shop.tree / mutant.file
    original = path.read_text()
    shop.turn_to(mutant.file)
    try:
        path.write_text(mutant.after)
        if shop.compile(mutant.file) is None:
            return ""
        for target in (*map(shop.unit, programs([mutant.folder])), f"{shop.build}/{RUNNER}"):
            shop.link(mutant.file, target)
        return next((job.name for job in jobs if not shop.passes(job)), "")
    finally:
        path.write_text(original)


def sanitized_jobs(shop: Workshop, plan: Plan, folder: str) -> list[Job]:
    """The unit tests and the quick areas, in the sanitized tree SHOP."""
    runner = f"{shop.build}/{RUNNER}"
    units = (
        Job(f"unit-{name} under sanitizers", [shop.unit(name)], SANITIZED_SECONDS)
        for name in programs([folder])
    )
    areas = (
        Job(f"{job.name} under sanitizers", [runner, *job.command[1:]], SANITIZED_SECONDS)
        for job in plan.quick
    )
    return [*units, *areas]


def check_sanitized(shop: Workshop, plan: Plan, folders: list[str]) -> None:
    """The unchanged tree SHOP must be clean, or every survivor would look killed."""
    for folder in folders:
        for job in sanitized_jobs(shop, plan, folder):
            if not shop.passes(job):
                raise BrokenTreeError(f"{job.name} fails on the unchanged tree")
