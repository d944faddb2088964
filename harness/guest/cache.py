"""Where what was made for the guest is kept: outside the repository, by the hash of what it was made from."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path


def folder() -> Path:
    """$SEVKIT_CACHE, else sevkit in the user's cache."""
    own = os.environ.get("SEVKIT_CACHE")
    if own:
        return Path(own)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "sevkit"


def key(*parts: bytes | str | Path) -> str:
    """A name for what PARTS make: texts and the contents of files."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.read_bytes() if isinstance(part, Path) else part
        data = data.encode() if isinstance(data, str) else data
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()[:16]


def kept(name: str, make: Callable[[Path], None]) -> Path:
    """The folder NAME of the cache, made by MAKE in a folder of its own if it is not there."""
    place = folder() / name
    if place.is_dir():
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="making-", dir=place.parent))
    try:
        make(work)
        try:
            work.rename(place)
        except OSError:
            if not place.is_dir():  # another process may have been faster
                raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return place
