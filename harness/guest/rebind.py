"""Binds imports of a kernel module to the shim's functions.

A module is an ELF object whose undefined symbols the kernel looks up by name when it loads it. Debian builds
with MODVERSIONS: `__versions` holds a CRC for each import, 64 bytes an entry (u64 CRC, name), and must agree
with the CRC of whoever exports the name. Nothing else of the module changes.
"""

import struct
import subprocess
import tempfile
from pathlib import Path

PREFIX = "shim_"
IMPORTS = ("cc_platform_has", "snp_issue_guest_request", "snp_vmpl")

ENTRY = struct.Struct("<Q56s")


def exported(symvers: Path) -> dict[str, int]:
    """Name and CRC of what a module exports, from its Module.symvers."""
    rows = (line.split("\t") for line in symvers.read_text().splitlines())
    return {row[1]: int(row[0], 16) for row in rows}


def rebound_versions(section: bytes, crcs: dict[str, int]) -> tuple[bytes, list[str]]:
    """The `__versions` section with the shim's names and CRCs, and the names that it had."""
    if len(section) % ENTRY.size:
        raise ValueError(f"__versions: {len(section)} bytes are no entries of {ENTRY.size}")
    out, found = bytearray(), []
    for crc, field in ENTRY.iter_unpack(section):
        name = field.split(b"\0")[0].decode()
        if name in IMPORTS:
            found.append(name)
            name = PREFIX + name
            if name not in crcs:
                raise ValueError(f"{name}: must be a name that the shim's Module.symvers has")
            crc, field = crcs[name], name.encode()
        out += ENTRY.pack(crc, field)
    return bytes(out), found


def rebind(module: Path, symvers: Path) -> list[str]:
    """Rewrites MODULE in place; the names that were bound anew."""
    with tempfile.TemporaryDirectory() as folder:
        section = Path(folder) / "versions"
        subprocess.run(["objcopy", "--dump-section", f"__versions={section}", module], check=True)
        data, found = rebound_versions(section.read_bytes(), exported(symvers))
        section.write_bytes(data)
        renames = [a for name in found for a in ("--redefine-sym", f"{name}={PREFIX}{name}")]
        subprocess.run(["objcopy", *renames, "--update-section", f"__versions={section}", module], check=True)
    return found
