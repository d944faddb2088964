"""Gets and builds the clients of clients.toml, once a version, outside the tree."""

from __future__ import annotations

import os
import shutil
import subprocess
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

MANIFEST = Path(__file__).with_name("clients.toml")


class MissingToolError(Exception):
    """A client's own build tool is not here."""


class BuildError(Exception):
    """A client could not be got or built."""


@dataclass(frozen=True)
class Client:
    """One entry of the manifest."""

    name: str
    version: str
    tool: str = ""
    build: list[list[str]] = field(default_factory=list)
    programs: list[str] = field(default_factory=list)
    source: str = (
        ""  # the folder beside the manifest with our own main program; its lock file pins the version
    )
    not_built: str = ""  # why there is nothing to build


def load(path: Path = MANIFEST) -> list[Client]:
    """The manifest."""
    return [Client(name, **entry) for name, entry in tomllib.loads(path.read_text()).items()]


def cache() -> Path:
    """Where built clients are kept."""
    given = os.environ.get("SEVKIT_CLIENTS")
    return Path(given) if given else Path.home() / ".cache" / "sevkit" / "clients"


def prepare(client: Client, root: Path) -> dict[str, Path]:
    """The client's programs by name; builds what is not there, and always what has source here."""
    folder = root / f"{client.name}-{client.version}" / "bin"
    programs = {name: folder / name for name in client.programs}
    if not client.source and all(path.exists() for path in programs.values()):
        return programs
    if shutil.which(client.tool) is None:
        raise MissingToolError(f"{client.name}: {client.tool} is not here")
    folder.mkdir(parents=True, exist_ok=True)
    home = {"HOME": str(Path.home())}  # go wants it even where nobody has set it
    environment = {**home, **os.environ, "CGO_ENABLED": "0", "GOBIN": str(folder)}
    for command in client.build:
        more = ["--root", str(folder.parent)] if client.tool == "cargo" else []
        print(f"building {client.name} {client.version}: {' '.join(command)}", flush=True)
        done = subprocess.run(
            [*command, *more],
            cwd=MANIFEST.parent / client.source,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise BuildError(f"{client.name}: {' '.join(command)}: {done.stderr.strip()[-400:]}")
    return programs
