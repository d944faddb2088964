"""`make vectors`: packs the vectors for people who have nothing else of sevkit.

    python -m pack DIR      writes DIR/sevkit-vectors-VERSION.tar.gz

The same tree gives the same bytes: names are sorted, times and owners are zero. What lies in the tree
and belongs to nobody does not count: in a clone only tracked files are packed, elsewhere what fits the list.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Globs below the root. A file stands in the archive where it stands in the tree, so that links hold; but the
# loaders are at hand, and the links of CUT to pages that are not packed are their text alone.
LISTED = (
    "LICENSE",
    "vectors/VERSION",
    "vectors/*.md",
    "vectors/cases/*.json",
    "vectors/keys/*.pem",
    "vectors/requirements/*.json",
    "vectors/rmp/*.json",
    "vectors/schema/*.json",
    "docs/vectors/*.md",
    "docs/adapters.md",
    "docs/ambiguities.md",
    "docs/limits.md",
    "docs/profiles.md",
    "docs/socket.md",
    "docs/ten-minutes.md",
    "docs/test-keys.md",
    "docs/verifier.md",
    "emulator/profiles/*.json",  # cases of messages and keys name them
    "harness/sevkit/schema/matrix.schema.json",  # adapters.md leads there
    "harness/pack/loaders/c/loader.c",
    "harness/pack/loaders/go/main.go",
    "harness/pack/loaders/javascript/loader.mjs",
    "harness/pack/loaders/python/loader.py",
    "harness/pack/loaders/rust/Cargo.lock",
    "harness/pack/loaders/rust/Cargo.toml",
    "harness/pack/loaders/rust/src/main.rs",
)
SUMS = "SHA256SUMS"
CUT = ("docs/ambiguities.md", "docs/limits.md", "docs/socket.md")
LINK = re.compile(r"\[([^]\n]+)\]\(([^)#:\s]+)(?:#[^)\s]*)?\)")


def names(root: Path, pattern: str) -> list[str]:
    """The files of the tree at ROOT that fit PATTERN and belong to it."""
    if (root / ".git").exists():
        command = ["git", "-C", str(root), "ls-files", "-z", "--", f":(glob){pattern}"]
        listed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        found = listed.split("\0")[:-1]
    else:
        found = [path.relative_to(root).as_posix() for path in root.glob(pattern)]
    if not found:
        raise SystemExit(f"pack: {pattern} is missing")
    return found


def content(root: Path, name: str, packed: set[str]) -> bytes:
    """What file NAME is in an archive of PACKED."""
    data = (root / name).read_bytes()
    if name not in CUT:
        return data
    text = LINK.sub(lambda link: link[0] if f"docs/{link[2]}" in packed else link[1], data.decode())
    return text.encode()


def collect(root: Path) -> dict[str, bytes]:
    """Every file of the archive by its name in it."""
    found = [name for pattern in LISTED for name in names(root, pattern)]
    files = {name.removeprefix("harness/pack/"): content(root, name, set(found)) for name in found}
    sums = [f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items())]
    files[SUMS] = "".join(sums).encode()
    return files


def pack(files: dict[str, bytes], top: str) -> bytes:
    """The archive of FILES under the folder TOP."""
    out = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=out, mode="wb", filename="", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for name, data in sorted(files.items()):
            info = tarfile.TarInfo(f"{top}/{name}")
            info.size, info.mode = len(data), 0o644
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def main() -> int:
    """Writes the archive and says where it is, and the hash that pins what is in it."""
    if len(sys.argv) != 2:
        print("usage: python -m pack DIR", file=sys.stderr)
        return 2
    files = collect(ROOT)
    top = f"sevkit-vectors-{files['vectors/VERSION'].decode().strip()}"
    path = Path(sys.argv[1]) / f"{top}.tar.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pack(files, top))
    print(f"{path}: {path.stat().st_size} bytes")
    print(f"{hashlib.sha256(files[SUMS]).hexdigest()}  {SUMS}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
