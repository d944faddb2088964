"""The host's certificate table, read from the bytes as the ABI lays them out."""

from __future__ import annotations

import struct
import uuid
from pathlib import Path

ENTRY = 24
KINDS = {
    "63da758d-e664-4564-adc5-f4b93be8accd": "vcek",
    "a8074bc2-a25a-483e-aae6-39c045a0b8a1": "vlek",
    "4ab7b379-bbac-4fe4-a02f-05aef327c782": "ask",
    "c0b406a4-a803-4952-9743-3fb6014cd0ae": "ark",
}


def read(blob: bytes) -> dict[str, bytes]:
    """The certificates by kind; what has no known kind is left out."""
    found = {}
    for at in range(0, len(blob) - ENTRY + 1, ENTRY):
        guid, offset, length = struct.unpack_from("<16sII", blob, at)
        if not any(guid):
            break
        kind = KINDS.get(str(uuid.UUID(bytes=guid)))
        if kind:
            found[kind] = blob[offset : offset + length]
    return found


def host(certs: Path) -> dict[str, bytes]:
    """What a host's table holds, from the files that `sevkit report` writes: a VLEK goes with its ASVK."""
    vlek = (certs / "vlek.der").exists()
    files = {"vlek": "vlek", "ask": "asvk", "ark": "ark"} if vlek else {k: k for k in ("vcek", "ask", "ark")}
    return {kind: (certs / f"{name}.der").read_bytes() for kind, name in files.items()}


def difference(found: dict[str, bytes], certs: Path) -> str:
    """In what FOUND is not the host's table; "" if it is."""
    wanted = host(certs)
    bad = sorted(kind for kind in wanted.keys() | found.keys() if wanted.get(kind) != found.get(kind))
    return f"not the host's certificates: {', '.join(bad)}" if bad else ""
