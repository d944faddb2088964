"""usage: python -m mutants BUILD [FOLDER ...]      folders of emulator/, default: abi psp driver vmm

MUTANTS=all (the default) or changed: only lines that differ from $MUTANTS_BASE (default HEAD~1), at most 120.
MUTANTS_FILES=GLOB: only files whose name or path matches. Writes BUILD/mutants.json. Exit code 1 if a mutant
survived without an explanation, if an explanation explains nothing, or, in a run over all mutants of a
folder, if more than 5 % of them are explained; 2 for bad usage and a tree that does not build or pass.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import Queue
from threading import Lock

from mutants import choice, explained, workshop
from mutants.operators import Mutant
from mutants.workshop import BrokenTreeError, Plan, Workshop

ROOT = Path(__file__).resolve().parents[2]
CHANGED_CAP = 120  # what two cores judge in about three minutes
EXPLAINED_PERCENT = 5
PROGRESS_SECONDS = 20


class UsageError(Exception):
    """What was asked for makes no sense."""


@dataclass
class Row:
    """The verdict on one mutant."""

    id: str
    folder: str
    line: int
    verdict: str  # killed, survived, explained, equivalent, does not compile
    by: str
    seconds: float


class Run:
    """All mutants over all workers."""

    def __init__(self, mutants: list[Mutant], known: dict[str, str]) -> None:
        self.mutants = mutants
        self.known = known
        self.rows: list[Row] = []
        self.lock = Lock()
        self.started = self.printed = time.monotonic()

    def note(self, mutant: Mutant, verdict: str, by: str, seconds: float) -> None:
        """Keeps a verdict and says how far the run is."""
        with self.lock:
            if verdict == "survived" and mutant.id in self.known:
                verdict, by = "explained", self.known[mutant.id]
            self.rows.append(Row(mutant.id, mutant.folder, mutant.line, verdict, by, round(seconds, 2)))
            if verdict == "survived":
                print(f"SURVIVED {mutant.file}:{mutant.line}: {mutant.id}", flush=True)
            now = time.monotonic()
            if now - self.printed > PROGRESS_SECONDS:
                self.printed = now
                left = (now - self.started) / len(self.rows) * (len(self.mutants) - len(self.rows))
                print(f"{len(self.rows)} of {len(self.mutants)}, about {left / 60:.0f} min left", flush=True)

    def judge(self, shops: Queue[Workshop], sanitized: Workshop, plan: Plan) -> None:
        """Judges all mutants, as many at once as there are SHOPS; then the survivors by the slow tests."""
        alone = Lock()  # there is one sanitized tree
        suspects: list[Mutant] = []

        def quick(mutant: Mutant) -> None:
            shop = shops.get()
            started = time.monotonic()
            try:
                verdict, by = workshop.judge(shop, plan, mutant)
            finally:
                shops.put(shop)
            if verdict == "survived":
                suspects.append(mutant)
            else:
                self.note(mutant, verdict, by, time.monotonic() - started)

        def slow(mutant: Mutant) -> None:
            started = time.monotonic()
            with alone:
                jobs = workshop.sanitized_jobs(sanitized, plan, mutant.folder)
                by = workshop.judge_again(sanitized, jobs, mutant)
            if not by:
                shop = shops.get()
                try:
                    by = workshop.judge_again(shop, plan.slow, mutant)
                finally:
                    shops.put(shop)
            self.note(mutant, "killed" if by else "survived", by, time.monotonic() - started)

        workers = shops.qsize()
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(quick, self.mutants))
        print(f"{len(suspects)} passed the quick tests, now the slow ones", flush=True)
        for mutant in suspects:
            print(f"suspect {mutant.file}:{mutant.line}: {mutant.id}", flush=True)
        # One more than shops: the sanitized tree works beside them.
        with ThreadPoolExecutor(workers + 1) as pool:
            list(pool.map(slow, suspects))


def _folders(arguments: list[str]) -> list[str]:
    folders = arguments or ["abi", "psp", "driver", "vmm"]
    for folder in folders:
        if not any((ROOT / "emulator" / folder / "tests").glob("*.c")):
            raise UsageError(f"emulator/{folder} is no folder with unit tests")
    return folders


def _chosen(folders: list[str]) -> tuple[list[Mutant], bool]:
    """The mutants to judge, and whether they are all of FOLDERS."""
    which, glob = os.environ.get("MUTANTS", "all"), os.environ.get("MUTANTS_FILES")
    found = choice.find(ROOT, folders, glob)
    if which == "all":
        return found, not glob
    if which != "changed":
        raise UsageError(f"MUTANTS is all or changed, not {which}")
    base = os.environ.get("MUTANTS_BASE", "HEAD~1")
    try:
        touched = choice.changed(ROOT, base, found)
    except subprocess.CalledProcessError as error:
        raise UsageError(f"git cannot compare with MUTANTS_BASE={base}: {error.stderr.strip()}") from error
    few = choice.thin(touched, CHANGED_CAP)
    print(f"mutants: {len(few)} of the {len(touched)} on lines changed since {base} (cap {CHANGED_CAP})")
    return few, False


def _shops(folder: Path, folders: list[str], workers: int) -> tuple[Queue[Workshop], Workshop, Plan]:
    """The built trees, and what the unchanged tree takes."""
    first = folder / "0"
    workshop.copy_tree(ROOT, first)
    shutil.copytree(first, folder / "san", symlinks=True)
    sanitized = Workshop(folder / "san", workshop.SANITIZED, "build/san")
    sanitized.prepare(folders)
    shop = Workshop(first, workshop.MAKE, "build")
    shop.prepare(folders)
    plan = workshop.plan(shop, folders)
    workshop.check_sanitized(sanitized, plan, folders)
    shops: Queue[Workshop] = Queue()
    shops.put(shop)
    for number in range(1, workers):
        shutil.copytree(first, folder / str(number), symlinks=True)
        other = Workshop(folder / str(number), workshop.MAKE, "build")
        other.prepare(folders)
        shops.put(other)
    return shops, sanitized, plan


def close(run: Run, folders: list[str], complete: bool, out: Path) -> int:
    """Prints the scores and writes OUT; the exit code."""
    bad = False
    scores = {}
    rows = sorted(run.rows, key=lambda row: row.id)
    print()
    for folder in folders:
        count = Counter(row.verdict for row in rows if row.folder == folder)
        live = count["killed"] + count["survived"] + count["explained"]
        if not live:
            continue
        score = 100 * count["killed"] / live
        scores[folder] = {**count, "score": round(score, 2)}
        print(
            f"{folder}: {score:.1f} % killed ({count['killed']} of {live}), {count['explained']} explained, "
            f"{count['equivalent']} same object code, {count['does not compile']} did not compile"
        )
        if complete and count["explained"] * 100 > EXPLAINED_PERCENT * live:
            print(f"{folder}: more than {EXPLAINED_PERCENT} % are explained; mend the tests")
            bad = True
    for row in rows:
        if row.verdict == "survived":
            print(f"SURVIVED {row.id}")
            bad = True
    ran = {row.id for row in rows}
    verdicts = {row.id: row.verdict for row in rows}
    for name in run.known:
        gone = complete and name.split("/")[1] in folders and name not in ran
        if gone or verdicts.get(name, "explained") != "explained":
            print(f"STALE explanation, {'no such mutant' if gone else verdicts[name]}: {name}")
            bad = True
    out.parent.mkdir(parents=True, exist_ok=True)
    document = {"folders": scores, "mutants": [asdict(row) for row in rows]}
    out.write_text(json.dumps(document, indent=1) + "\n")
    total = Counter(row.verdict for row in rows)
    print(
        f"mutants: {total['killed']} killed, {total['survived']} survived, {total['explained']} explained, "
        f"{total['equivalent']} same object code, {total['does not compile']} did not compile"
    )
    return 1 if bad else 0


def main(arguments: list[str]) -> int:
    """Runs the mutants that the environment asks for."""
    if not arguments or arguments[0].startswith("-"):
        print(__doc__)
        return 0 if arguments and arguments[0] == "--help" else 2
    out = Path(arguments[0]).resolve() / "mutants.json"
    os.environ.setdefault("SEVKIT_REAL", str(ROOT.parent / "shared" / "real"))
    try:
        folders = _folders(arguments[1:])
        run = Run([], explained.load())
        run.mutants, complete = _chosen(folders)
        if run.mutants:
            with tempfile.TemporaryDirectory(prefix="sevkit-mutants-") as folder:
                workers = min(os.cpu_count() or 1, len(run.mutants))
                shops, sanitized, plan = _shops(Path(folder), folders, workers)
                print(f"mutants: {len(run.mutants)} over {' '.join(folders)}, {workers} at once", flush=True)
                run.started = time.monotonic()
                run.judge(shops, sanitized, plan)
        return close(run, folders, complete, out)
    except (UsageError, BrokenTreeError, explained.BadExplanationError) as error:
        print(f"mutants: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
