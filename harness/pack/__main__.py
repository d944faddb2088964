"""`make vectors`: packs the vectors for people who have nothing else of sevkit.

    python -m pack DIR      writes DIR/sevkit-vectors-VERSION.tar.gz

The same tree gives the same bytes: names are sorted, times and owners are zero.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SKIPPED = ("target", "__pycache__")  # what building a loader leaves

# Where a part of the tree stands in the archive.
PARTS = (
    ("vectors", "."),
    ("docs/vectors", "docs/vectors"),
    ("docs/ten-minutes.md", "docs/ten-minutes.md"),
    ("docs/verifier.md", "docs/verifier.md"),
    ("docs/test-keys.md", "docs/test-keys.md"),
    ("harness/pack/loaders", "loaders"),
    ("LICENSE", "LICENSE"),
)


def collect() -> dict[str, bytes]:
    """Every file of the archive by its name in it."""
    files: dict[str, bytes] = {}
    for source, place in PARTS:
        at = ROOT / source
        if not at.exists():
            raise SystemExit(f"pack: {source} is missing")
        paths = sorted(at.rglob("*")) if at.is_dir() else [at]
        for path in paths:
            inside = path.relative_to(at) if at.is_dir() else Path()
            if path.is_file() and not set(SKIPPED) & set(inside.parts):
                files[(Path(place) / inside).as_posix()] = path.read_bytes()
    sums = [f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items())]
    files["SHA256SUMS"] = "".join(sums).encode()
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
    """Writes the archive and says where it is."""
    if len(sys.argv) != 2:
        print("usage: python -m pack DIR", file=sys.stderr)
        return 2
    version = (ROOT / "vectors" / "VERSION").read_text().strip()
    top = f"sevkit-vectors-{version}"
    path = Path(sys.argv[1]) / f"{top}.tar.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    data = pack(collect(), top)
    path.write_bytes(data)
    print(f"{path}: {len(data)} bytes, SHA-256 {hashlib.sha256(data).hexdigest()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
