"""usage: python -m differ --program FILE [--inputs N] [--seed N] [--kind KIND ...] [--jobs N] [--out DIR]

Gives both sides the same inputs (see the package's text) and stops after 20 disagreements. Each is printed,
and kept in DIR, by default build/differ: the input as NUMBER-KIND.bin, both lines as NUMBER-KIND.txt.
Exit code: 0 none; 1 disagreements; 2 misuse, or the program is not there.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from differ import run, seeds
from differ.run import KINDS, Disagreement, Outcome, Program, ProgramError

CHUNK = 5000  # inputs
MOST = 20  # disagreements
EVERY = 5.0  # seconds between lines of progress
SHOWN = 200  # characters of a line


def _outcomes(args: argparse.Namespace) -> Iterator[Outcome]:
    """Chunk by chunk, in their order."""
    program = Program(args.program)
    program.banner  # noqa: B018 - before the workers start: it is theirs too
    seeds.reports(), seeds.certificates(), seeds.tables(), seeds.messages()
    sizes = [min(CHUNK, args.inputs - at) for at in range(0, args.inputs, CHUNK)]
    work = partial(run.chunk, program, args.kind, args.seed)
    if args.jobs == 1:
        yield from map(work, range(len(sizes)), sizes)
        return
    with ProcessPoolExecutor(args.jobs) as pool:
        try:
            yield from pool.map(work, range(len(sizes)), sizes)
        finally:
            pool.shutdown(cancel_futures=True)


class Progress:
    def __init__(self, inputs: int) -> None:
        self.inputs, self.start = inputs, time.monotonic()
        self.said = self.start

    def say(self, done: int) -> None:
        now = time.monotonic()
        if now - self.said >= EVERY:
            self.said = now
            left = (now - self.start) / done * (self.inputs - done)
            print(f"{done} of {self.inputs} inputs, {left:.0f} s left", file=sys.stderr, flush=True)


def _keep(found: Disagreement, number: int, folder: Path, seed: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    stem = folder / f"{number:03}-{found.kind}"
    text = f"{found.label}, seed {seed}, chunk {found.chunk}\nC:      {found.c}\nPython: {found.python}\n"
    stem.with_suffix(".bin").write_bytes(found.data)
    stem.with_suffix(".txt").write_text(text, encoding="utf-8")
    print(f"DISAGREEMENT {stem}.bin ({found.label}, {len(found.data)} bytes)")
    print(f"  C:      {found.c[:SHOWN]}")
    print(f"  Python: {found.python[:SHOWN]}", flush=True)


def _table(counts: Counter[str]) -> str:
    return "".join(f"\n    {count:8} {name}" for name, count in counts.most_common())


def _of_kind(counts: Counter[tuple[str, str]], kind: str) -> Counter[str]:
    return Counter({name: count for (own, name), count in counts.items() if own == kind})


def _summary(out: Outcome, kinds: list[str]) -> None:
    """Shares, how inputs were made, why they are refused."""
    for kind in kinds:
        accepted, refused = _of_kind(out.accepted, kind), _of_kind(out.refused, kind)
        total = accepted.total() + refused.total()
        share = 100 * accepted.total() / total if total else 0
        print(f"{kind}: {total} inputs, {share:.0f} % accepted, {100 - share:.0f} % refused")
        print(f"  made by (accepted, refused):{_made(accepted, refused)}")
        print(f"  refused for:{_table(_of_kind(out.reasons, kind))}")


def _made(accepted: Counter[str], refused: Counter[str]) -> str:
    names = sorted(accepted | refused)
    return "".join(f"\n    {accepted[name]:8} {refused[name]:8} {name}" for name in names)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="differ", usage=(__doc__ or "").split("\n\n")[0].removeprefix("usage: ")
    )
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", choices=KINDS, nargs="+", default=list(KINDS))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("build/differ"))
    args = parser.parse_args()
    if args.inputs < 1 or args.jobs < 1:
        parser.error("--inputs and --jobs are numbers from 1 on")
    return args


def main() -> int:
    args = _arguments()
    total, progress = Outcome(), Progress(args.inputs)
    try:
        for outcome in _outcomes(args):
            for found in outcome.disagreements[: MOST - len(total.disagreements)]:
                total.disagreements.append(found)
                _keep(found, len(total.disagreements), args.out, args.seed)
            outcome.disagreements = []
            total.add(outcome)
            progress.say(total.inputs + total.left_out)
            if len(total.disagreements) == MOST:
                print(f"stopped after {MOST} disagreements")
                break
    except ProgramError as error:
        print(error, file=sys.stderr)
        return 2
    _summary(total, args.kind)
    print(f"{total.either} inputs with two right lines: certificates with names that are not AMD's")
    if total.left_out:
        print(f"{total.left_out} inputs after a disagreement were left out")
    print(f"{total.inputs} inputs, {len(total.disagreements)} disagreements")
    return 1 if total.disagreements else 0


if __name__ == "__main__":
    sys.exit(main())
