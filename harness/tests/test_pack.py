"""The archive of the vectors: its sums, its size, the same bytes twice, and each loader from it alone."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

HARNESS = Path(__file__).resolve().parents[1]
BUNDLE_MAX = 12 << 20
FILE_MAX = 2 << 20

# How each loader is started in loaders/NAME: what must be installed, commands, the last one's output counts.
LOADERS = {
    "python": ("python3", [["python3", "loader.py", "../../cases"]]),
    "javascript": ("node", [["node", "loader.mjs", "../../cases"]]),
    "go": ("go", [["go", "run", "main.go", "../../cases"]]),
    "rust": ("cargo", [["cargo", "run", "--quiet", "--locked", "--", "../../cases"]]),
    "c": ("cc", [["cc", "loader.c", "-o", "loader", "-ljansson"], ["./loader", "../../cases"]]),
}


def _pack(folder: Path) -> Path:
    command = [sys.executable, "-m", "pack", str(folder)]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": str(HARNESS)}, capture_output=True)
    (archive,) = folder.glob("*.tar.gz")
    return archive


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    with tarfile.open(_pack(folder)) as archive:
        archive.extractall(folder, filter="data")
    (top,) = (path for path in folder.iterdir() if path.is_dir())
    return top


def test_twice_the_same(tmp_path: Path) -> None:
    assert _pack(tmp_path / "a").read_bytes() == _pack(tmp_path / "b").read_bytes()


def test_sums(bundle: Path) -> None:
    listed = {line[66:]: line[:64] for line in (bundle / "SHA256SUMS").read_text().splitlines()}
    files = {p.relative_to(bundle).as_posix(): p for p in bundle.rglob("*") if p.is_file()}
    del files["SHA256SUMS"]
    assert listed == {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}


def test_sizes(bundle: Path) -> None:
    sizes = {p.name: p.stat().st_size for p in (bundle / "cases").iterdir()}
    assert max(sizes.values()) <= FILE_MAX
    assert sum(p.stat().st_size for p in bundle.rglob("*") if p.is_file()) <= BUNDLE_MAX


def test_keys_are_marked(bundle: Path) -> None:
    assert "Never trust them outside tests" in (bundle / "README.md").read_text()
    assert len(list((bundle / "keys").glob("*.pem"))) == 9


def _load(bundle: Path, name: str) -> str:
    needed, commands = LOADERS[name]
    if shutil.which(needed) is None:
        pytest.skip(f"{needed} is not installed")
    text = ""
    for command in commands:
        run = subprocess.run(
            command, cwd=bundle / "loaders" / name, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stderr
        text = run.stdout
    return text.strip()


@pytest.mark.parametrize("name", [name for name in LOADERS if name != "python"])
def test_loaders_agree(bundle: Path, name: str) -> None:
    wanted = _load(bundle, "python")
    assert re.fullmatch(r"[1-9]\d* cases, [1-9]\d* bytes of reports, sum [1-9]\d*", wanted)
    assert _load(bundle, name) == wanted


def test_schema_has_no_unknown_member(bundle: Path) -> None:
    """A file with a member that the schema does not know is refused: the schema can fail."""
    import json

    import jsonschema

    schema = json.loads((bundle / "schema" / "cases.schema.json").read_text())
    for path in sorted((bundle / "cases").glob("*.json")):
        family = json.loads(path.read_text())
        jsonschema.validate(family, schema)
    family["cases"][0]["acceptable"] = True
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(family, schema)
