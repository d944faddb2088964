"""House rules of the C tree: who may include whom, and whose name a function carries.

usage: python harness/lint/house.py [LIBRARY_FOLDER]

Includes are read from the sources. Names are read from the static libraries in LIBRARY_FOLDER (build/lib)
by nm, so that what is checked is what a linker sees.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# The include table: folder -> folders whose headers it may include besides its own and include/sevkit.
ALLOWED: dict[str, set[str]] = {
    "abi": set(),
    "crypto": {"abi"},
    "rmp": {"abi"},
    "memory": {"abi", "crypto", "rmp"},
    "pki": {"abi", "crypto"},
    "psp": {"abi", "crypto", "rmp", "memory", "pki"},
    "vmm": {"psp", "memory", "rmp", "abi"},
    "driver": {"abi", "crypto"},
    "frontends": {"driver", "vmm", "pki"},
    "unit": set(),
}

# include/sevkit header -> the folder that owns it.
OWNER: dict[str, str] = {
    "bytes.h": "abi", "certtable.h": "abi", "cpuid.h": "abi", "message.h": "abi", "report.h": "abi",
    "result.h": "abi", "secrets.h": "abi", "status.h": "abi", "tcb.h": "abi", "env.h": "abi", "door.h": "abi",
    "profile.h": "abi",  # plain data; its loader is vmm's
    "rmp_entry.h": "abi", "rmp_rules.h": "abi", "launch.h": "abi", "psp_launch.h": "psp", "measure.h": "vmm",
    "crypto.h": "crypto", "web.h": "crypto", "rmp.h": "rmp", "rmp_location.h": "rmp", "memory.h": "memory",
    "pki.h": "pki", "verify.h": "pki", "psp.h": "psp", "machine.h": "vmm", "driver.h": "driver",
    "sev_guest.h": "driver", "tsm.h": "driver", "scenario.h": "vmm", "kds.h": "vmm",
}  # fmt: skip

# What a public header may rest on, where that is more than its folder may.
VMM_CERTS = {"pki", "crypto"}  # machine.h hands out certificates and takes an environment

PREFIX: dict[str, tuple[str, ...]] = {
    "abi": ("abi_", "sevkit_"), "crypto": ("crypto_",), "rmp": ("rmp_",), "memory": ("mem_",),
    "pki": ("pki_",), "psp": ("psp_",), "vmm": ("vmm_",), "driver": ("drv_",),
}  # fmt: skip

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def check_includes(problems: list[str]) -> None:
    """Every include of our own headers obeys the table; OpenSSL is crypto's alone."""
    for path in sorted((ROOT / "emulator").rglob("*.[ch]")):
        where = path.relative_to(ROOT)
        folder = where.parts[1]
        if folder == "include":
            folder = OWNER.get(path.name, "")
            if not folder:
                problems.append(f"{where}: header is not in harness/lint/house.py's table of owners")
                continue
        is_test = "tests" in where.parts
        allowed = ALLOWED[folder] | {folder} | (VMM_CERTS if folder == "vmm" else set())
        for quote, name in INCLUDE.findall(path.read_text()):
            if name.startswith("openssl/"):
                if folder != "crypto" and not is_test:
                    problems.append(f"{where}: includes {name}; only crypto/ includes OpenSSL")
            elif quote == '"' and name.startswith("sevkit/"):
                owner = OWNER.get(name.removeprefix("sevkit/"), "?")
                if folder not in ("frontends", "unit") and not is_test and owner not in allowed:
                    problems.append(f"{where}: includes {name} of {owner}/, which {folder}/ may not use")
            elif quote == '"':
                owner = name.split("/")[0]
                if is_test and (owner == "unit" or (path.parent / name).is_file()):
                    continue
                if owner not in allowed and not (is_test and owner in ALLOWED):
                    problems.append(f"{where}: includes {name}, which {folder}/ may not use")
    for path in sorted((ROOT / "suites").rglob("*.[ch]")):
        where = path.relative_to(ROOT)
        own = {where.parts[1], "runner", "targets"}
        for quote, name in INCLUDE.findall(path.read_text()):
            if name.startswith("openssl/"):
                problems.append(f"{where}: includes {name}; suites use include/sevkit only")
            elif quote == '"' and not name.startswith("sevkit/") and name.split("/")[0] not in own:
                problems.append(f"{where}: includes {name}; suites use include/sevkit and own folders")


def check_prefixes(libraries: Path, problems: list[str]) -> None:
    """Every symbol that a folder's library defines starts with the folder's prefix."""
    for folder, prefixes in PREFIX.items():
        library = libraries / f"lib{folder}.a"
        if not library.is_file():
            problems.append(f"{library}: not built")
            continue
        output = subprocess.run(
            ["nm", "-g", "--defined-only", str(library)], check=True, capture_output=True, text=True
        ).stdout
        for line in output.splitlines():
            parts = line.split()
            if len(parts) == 3 and not parts[2].startswith(prefixes) and not parts[2].startswith("__"):
                problems.append(f"emulator/{folder}: {parts[2]} should start with {prefixes[0]}")


def main() -> int:
    """Prints each problem; 1 if there is one."""
    problems: list[str] = []
    check_includes(problems)
    if len(sys.argv) > 1:
        check_prefixes(Path(sys.argv[1]), problems)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
