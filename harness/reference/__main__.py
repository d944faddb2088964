"""The vectors, made and proved by the reference.

python -m reference generate [FAMILY ...]     writes vectors/cases/*.json
python -m reference anchors                   writes vectors/keys/ark-*.cert.pem
python -m reference docs                      writes docs/vectors/
python -m reference check [FAMILY ...]        runs every case of the files in Python
python -m reference count                     cases and classes
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import click

from reference import docs, families, keys, mint
from reference.bundle import Family, read, render
from reference.check import check, summary

ROOT = Path(__file__).resolve().parents[2]
CASES = ROOT / "vectors" / "cases"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Vectors: made and proved by the reference."""


def requirements() -> set[str]:
    """The ids of vectors/requirements/."""
    rows: set[str] = set()
    for path in sorted((ROOT / "vectors" / "requirements").glob("*.json")):
        rows |= {row["id"] for row in json.loads(path.read_text(encoding="utf-8"))["rows"]}
    return rows


def _chosen(names: tuple[str, ...]) -> list[Family]:
    paths = sorted(CASES.glob("*.json"))
    found = [read(path) for path in paths]
    return [f for f in found if not names or f.name in names]


def _made(name: str) -> tuple[str, int, str]:
    family = families.build(name)
    return family.name, len(family.cases), render(family)


@main.command()
@click.argument("names", nargs=-1)
@click.option("--out", type=click.Path(path_type=Path), default=CASES, help="Folder of the files.")
def generate(names: tuple[str, ...], out: Path) -> None:
    """Writes the files of the families NAMES, or of all."""
    out.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor() as pool:
        for name, cases, text in pool.map(_made, names or families.names()):
            (out / f"{name}.json").write_text(text, encoding="utf-8")
            click.echo(f"{name}: {cases} cases")


@main.command()
def anchors() -> None:
    """Writes the test ARKs' certificates beside their keys."""
    for name, data in mint.anchors().items():
        (keys.KEYS / name).write_bytes(data)


@main.command(name="check")
@click.argument("names", nargs=-1)
def check_command(names: tuple[str, ...]) -> None:
    """Runs the cases of the files in Python; says what differs from the file."""
    known = requirements()
    found: list[str] = []
    chosen = _chosen(names)
    for family in chosen:
        found += check(family, known)
    for line in found:
        click.echo(line)
    click.echo(f"{sum(len(f.cases) for f in chosen)} cases, {len(found)} findings")
    sys.exit(1 if found or not chosen else 0)


@main.command()
def count() -> None:
    """Cases and classes of each file."""
    click.echo(summary(_chosen(())))


@main.command(name="docs")
def docs_command() -> None:
    """Writes docs/vectors/."""
    folder = ROOT / "docs" / "vectors"
    folder.mkdir(exist_ok=True)
    made = docs.pages(_chosen(()))
    for path in folder.glob("*.md"):
        if path.name not in made:
            path.unlink()
    for name, text in made.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
