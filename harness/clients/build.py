"""Gets and builds the clients of clients.toml, once a version, outside the tree."""

from __future__ import annotations

import os
import shutil
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path

MANIFEST = Path(__file__).with_name("clients.toml")


class MissingToolError(Exception):
    """A client's own build tool is not here."""


@dataclass(frozen=True)
class Client:
    """One entry of the manifest."""

    name: str
    version: str
    tool: str
    build: list[list[str]]
    programs: list[str]


def load(path: Path = MANIFEST) -> list[Client]:
    """The manifest."""
    return [Client(name, **entry) for name, entry in tomllib.loads(path.read_text()).items()]


def cache() -> Path:
    """Where built clients are kept."""
    given = os.environ.get("SEVKIT_CLIENTS")
    return Path(given) if given else Path.home() / ".cache" / "sevkit" / "clients"


def prepare(client: Client, root: Path) -> dict[str, Path]:
    """The client's programs by name; builds what is not there."""
    folder = root / f"{client.name}-{client.version}" / "bin"
    programs = {name: folder / name for name in client.programs}
    if all(path.exists() for path in programs.values()):
        return programs
    if shutil.which(client.tool) is None:
        raise MissingToolError(f"{client.name}: {client.tool} is not here")
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "CGO_ENABLED": "0", "GOBIN": str(folder)}
    for command in client.build:
        more = ["--root", str(folder.parent)] if client.tool == "cargo" else []
        print(f"building {client.name} {client.version}: {' '.join(command)}", flush=True)
        done = subprocess.run([*command, *more], env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()[-400:]}")
    return programs
