"""`make fuzz`: seeds for every target from minted data, then each target for its time.

Seeds are made at run time by sevkit-mint and from the profiles; libFuzzer adds to them. A finding is
kept in DIR/findings/TARGET/ and fails the run; a slow target is only said to be slow.
"""

from __future__ import annotations

import json
import os
import re
import ssl
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

ROOT = Path(__file__).resolve().parents[2]
PROFILES = ROOT / "emulator" / "profiles"
SLOW = 1000  # executions a second
AT = "2026-01-01T00:00:00Z"  # the clock of embedded machines, which the targets verify at

MAX_LEN = {
    "message": 0x1001,
    "report": 0x4A1 + 2048,
    "certtable": 0x4000,
    "cert": 4096,
    "profile": 16384,
    "policy": 4096,
    "frames": 0x4000,
    "state": 8192,
}

# Selectors: the comment at the head of each target.
MSG_SEALED, MSG_RESPONSE, MSG_MACHINES, MSG_RIGHT = 1, 2, 4, 16 | 32
REPORT_SELECT = (0, 1, 1 | 2, 1 | 4, 1 | 2 | 4, 1 | 4 | 8)
FRAMES_JOINED, FRAMES_NAMED = 1, 2
STATE_DIGEST, STATE_GIVEN = 1, 2
CERT_PLACES, CERT_CRL, CERT_WORLDS = 5, 5, 4

# What the worlds of target_cert.c are made of.
WORLD_PROFILES = (
    "genoa-1.55.40-v3-vcek",
    "milan-1.55.29-v3-vlek",
    "turin-1.55.65-v5-vcek",
    "milan-1.52.4-v2-vcek",
)

TCB = {"fmc": 0, "boot_loader": 1, "tee": 0, "snp": 2, "microcode": 3}
POLICIES: tuple[dict[str, Any], ...] = (
    {},
    {"future_versions": True, "allow_debug": True, "allow_migration_agent": True, "allow_smt": False},
    {"require_single_socket": True, "allow_unknown_policy": True, "allow_unknown_platform": True},
    {"allow_host_report": True, "allow_provisional": False, "allow_masked_chip_id": True},
    {
        "allow_mask_chip_key": True,
        "require_revocation": True,
        "vmpl_max": 2,
        "guest_svn_min": 7,
        "abi_min": "1.55",
    },
    {"platform_required": 1, "platform_forbidden": "0x20", "firmware_min": "1.55.40"},
    {"launch_mit_required": "0x1", "current_mit_required": 3, "tcb_min": TCB, "launch_tcb_min": TCB},
    {"report_data": "d1" * 64, "chip_id": "00" * 64, "measurement": "a0" * 48, "host_data": "60" * 32},
    {"id_key_digest": "d0" * 48, "author_key_digest": "AB" * 48, "report_id": "11" * 32},
    {"report_id_ma": "ff" * 32, "family_id": "10" * 16, "image_id": "20" * 16},
    {"csp_id": "CN=cc-example", "product": "Genoa"},
)


@dataclass
class Outcome:
    """One target's run."""

    name: str
    seconds: float
    rate: int
    executions: int
    findings: list[Path]
    code: int
    log: Path


def message_seeds() -> Iterator[bytes]:
    """Well-formed requests and responses of every type, encrypted or as they come."""
    sizes = {1: 0xC10, 3: 0x20, 5: 0x60, 7: 0x10, 9: 0x320, 0xB: 0x320, 0xD: 0x40, 0xF: 0x320, 0x11: 0x80}
    requests = [(kind, 1, size) for kind, size in sizes.items()] + [(3, 2, 0x28), (3, 2, 0x30)]
    responses = [(2, 1, 0xC10), (4, 1, 0x40), (6, 1, 0x4C0), (0x12, 1, 0x80)]
    for direction, messages in ((0, requests), (MSG_RESPONSE, responses)):
        for kind, version, size in messages:
            header = bytearray(0x60)
            struct.pack_into("<Q", header, 0x20, 2 if direction else 1)
            struct.pack_into("<BBHBBH", header, 0x30, 1, 1, 0x60, kind, version, size)
            message = bytes(header) + bytes(size)
            yield bytes([direction]) + message
            for machine in range(1 if direction else MSG_MACHINES):
                yield bytes([direction | MSG_SEALED | MSG_RIGHT | machine << 2]) + message


def report_seeds(minted: list[Path]) -> Iterator[bytes]:
    """Each profile's report under each selector, and with each policy."""
    for folder in minted:
        report = (folder / "report.bin").read_bytes()
        yield from (bytes([select]) + report for select in REPORT_SELECT)
    report = (minted[0] / "report.bin").read_bytes()
    yield from (b"\x05" + report + json.dumps(policy).encode() for policy in POLICIES)


def certtable_seeds(minted: list[Path]) -> Iterator[bytes]:
    """Each profile's table, and small ones."""
    yield bytes(24)
    for folder in minted:
        table = (folder / "certs.bin").read_bytes()
        yield table
        yield table[:24] + bytes(24) + table[:200]


def cert_seeds(minted: list[Path]) -> Iterator[bytes]:
    """Every certificate and CRL in every place of the chain it belongs to, also as PEM."""
    for folder in minted:
        world = WORLD_PROFILES.index(folder.name) if folder.name in WORLD_PROFILES else 0
        for path in sorted(folder.glob("*.der")):
            der = path.read_bytes()
            places = [CERT_CRL] if path.stem == "crl" else range(CERT_PLACES)
            for place in places:
                yield bytes([world << 3 | place]) + der
            yield bytes([0]) + ssl.DER_cert_to_PEM_cert(der).encode()


def frame(kind: int, payload: bytes = b"", number: int = 7) -> bytes:
    """A frame of pspd's data socket."""
    return struct.pack("<IB3xI", 8 + len(payload), kind, number) + payload


def hello(machine: bytes, guest: bytes, vmpl: int = 0) -> bytes:
    """The first frame of a client."""
    return frame(1, struct.pack("<HHIBBH", 1, 1, vmpl, len(machine), len(guest), 0) + machine + guest)


def ioctl(cmd: int, request: bytes, response: int) -> bytes:
    """An ioctl of a program whose buffers are as they should be."""
    regions = ((0x1000, 32, 3), (0x2000, len(request), 1), (0x3000, response, 2), (0x8000, 0x4000, 2))
    table = b"".join(struct.pack("<QII", *region) for region in regions)
    argument = struct.pack("<B7xQQQ", 1, 0x2000, 0x3000, 0)
    return frame(3, struct.pack("<IQI", cmd, 0x1000, len(regions)) + table + argument + request)


def rmp(operation: int, kind: int = 0, spa: int = 0x4000, flags: int = 0, asid: int = 0) -> bytes:
    """A frame RMP; RMPUPDATE (1) makes a page of ASID 7 of it."""
    state = struct.pack("<QBBBxI", 0x5000, 1, 0, 0, 7) if operation == 1 else bytes(16)
    numbers = struct.pack("<HI8Q", asid, flags, spa, 0x5000 if asid else 0, *[0] * 6)
    return frame(8, bytes([operation, kind, *[0] * 8]) + numbers + state)


def frames_seeds() -> Iterator[bytes]:
    """Every type of frame, and clients that say HELLO in every way."""
    target = b"/vcek/v1/Genoa/cert_chain"
    kinds = [
        ioctl(0xC0205300, bytes(96), 4000),
        ioctl(0xC0205301, bytes(32), 64),
        ioctl(0xC0205302, bytes(96) + struct.pack("<QI4x", 0x8000, 0x4000), 4000),
        frame(2, struct.pack("<II", 0, 0) + bytes(4096)),
        frame(2, struct.pack("<II", 1, 4) + bytes(4096)),
        frame(4, struct.pack("<I", 1)),
        frame(4, struct.pack("<IQ", 0xC1, 0x1000)),
        frame(5, struct.pack("<HH", 3, len(target)) + b"GET" + target),
        frame(6),
        frame(7),
        rmp(1, flags=3) + rmp(4, flags=31, asid=7) + rmp(11) + rmp(6, flags=15, asid=7),
        *(rmp(12, move, spa) for move in range(12) for spa in (0x1000, 0x2000, 0x3000)),
        *(rmp(operation) for operation in range(15)),
    ]
    for select in (FRAMES_JOINED, FRAMES_JOINED | FRAMES_NAMED):
        yield from (bytes([select]) + kind for kind in kinds)
        yield bytes([select]) + b"".join(kinds[1:])
    for names in ((b"", b""), (b"m", b""), (b"m", b"g"), (b"", b"g"), (b".", b"/")):
        yield bytes([0]) + hello(*names) + kinds[1] + frame(7)
    yield bytes([0]) + hello(b"m", b"g", 3) + kinds[0] + frame(1, bytes(12))


def state_seeds() -> Iterator[bytes]:
    """Each genuine state: unchanged, with a wrong digest, cut, and with other bytes all along it."""
    for given in (0, STATE_GIVEN):
        for kind in range(1, 4):
            select = kind << 2 | given
            yield bytes([select])
            yield bytes([select | STATE_DIGEST])
            for offset in range(0, 0x3000, 61):
                for value in (b"\0" * 8, b"\1", b"\xff" * 8):
                    yield bytes([select | STATE_DIGEST]) + struct.pack("<HB", offset, len(value)) + value
            yield from (bytes([select | STATE_DIGEST]) + struct.pack("<HB", at, 0) for at in (0, 12, 100))
    # A page that is named twice: where the pages stand, two neighbours are alike for some of these.
    for at in range(0x200, 0x600):
        yield bytes([2 << 2 | STATE_DIGEST]) + struct.pack("<HBH", at, 255, at + 8)
    yield bytes([STATE_DIGEST]) + b"SEVKITVM" + struct.pack("<I", 1) + bytes(200)


def profile_files() -> list[Path]:
    """The profiles without their schema."""
    return sorted(p for p in PROFILES.glob("*.json") if p.name != "profile.schema.json")


def words(documents: list[Any]) -> set[str]:
    """Every member's name and every short string of JSON documents."""
    found: set[str] = set()
    for document in documents:
        if isinstance(document, dict):
            found |= set(document) | words(list(document.values()))
        elif isinstance(document, list):
            found |= words(document)
        elif isinstance(document, str) and len(document) <= 32:
            found.add(document)
    return found


def write_dictionary(path: Path, documents: list[Any]) -> None:
    """A libFuzzer dictionary of what the JSON documents name."""
    path.write_text("".join(f"{json.dumps(json.dumps(word))}\n" for word in sorted(words(documents))))


def mint(mint_program: Path, folder: Path) -> list[Path]:
    """One report with its certificates for every profile."""
    minted = []
    for profile in profile_files():
        out = folder / profile.stem
        command = [str(mint_program), "report", "--profile", profile.stem, "--seed", "1", "--at", AT]
        subprocess.run([*command, "--out", str(out)], check=True, stdout=subprocess.DEVNULL)
        minted.append(out)
    return minted


def write_seeds(folder: Path, seeds: Iterator[bytes]) -> int:
    """Writes the seeds of one target; how many there are."""
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for count, seed in enumerate(seeds, 1):
        (folder / f"seed-{count:04}").write_bytes(seed)
    return count


def prepare(mint_program: Path, folder: Path) -> None:
    """Corpora and dictionaries of all targets."""
    minted = mint(mint_program, folder / "minted")
    profiles = [p.read_bytes() for p in profile_files()]
    seeds = {
        "message": message_seeds(),
        "report": report_seeds(minted),
        "certtable": certtable_seeds(minted),
        "cert": cert_seeds(minted),
        "profile": iter(profiles),
        "policy": (json.dumps(policy).encode() for policy in POLICIES),
        "frames": frames_seeds(),
        "state": state_seeds(),
    }
    for name, target_seeds in seeds.items():
        write_seeds(folder / "corpus" / name, target_seeds)
    write_dictionary(folder / "profile.dict", [json.loads(p) for p in profiles])
    write_dictionary(folder / "policy.dict", list(POLICIES))


def statistic(log: str, name: str) -> int:
    """A number that libFuzzer prints at its end, 0 where it did not come so far."""
    found = re.search(rf"^stat::{name}:\s+(\d+)", log, re.MULTILINE)
    return int(found[1]) if found else 0


def run_target(folder: Path, name: str, seconds: int) -> Outcome:
    """Fuzzes one target; its output goes to DIR/NAME.log."""
    findings = folder / "findings" / name
    findings.mkdir(parents=True, exist_ok=True)
    before = set(findings.iterdir())
    log = folder / f"{name}.log"
    command = [
        str(folder / "bin" / f"fuzz-{name}"),
        str(folder / "corpus" / name),
        f"-artifact_prefix={findings}/",
        f"-max_total_time={seconds}",
        f"-max_len={MAX_LEN[name]}",
        "-timeout=10",
        "-rss_limit_mb=2048",
        "-print_final_stats=1",
    ]
    dictionary = folder / f"{name}.dict"
    if dictionary.is_file():
        command.append(f"-dict={dictionary}")
    started = time.monotonic()
    with log.open("wb") as output:
        code = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False).returncode
    text = log.read_text(errors="replace")
    return Outcome(
        name=name,
        seconds=time.monotonic() - started,
        rate=statistic(text, "average_exec_per_sec"),
        executions=statistic(text, "number_of_executed_units"),
        findings=sorted(set(findings.iterdir()) - before),
        code=code,
        log=log,
    )


def report(outcome: Outcome, folder: Path) -> None:
    """One line for the table, and how to repeat a finding."""
    failed = outcome.code != 0 or bool(outcome.findings)
    verdict = "FAILED" if failed else "ok"
    slow = f", below {SLOW} exec/s" if not failed and outcome.rate < SLOW else ""
    print(
        f"{outcome.name:10} {outcome.executions:>10} runs {outcome.rate:>7} exec/s "
        f"{outcome.seconds:>6.0f} s  {verdict}{slow}",
        flush=True,
    )
    for finding in outcome.findings:
        print(f"    {folder / 'bin' / f'fuzz-{outcome.name}'} {finding}")
    if failed:
        lines = outcome.log.read_text(errors="replace").splitlines()
        marks = ("ERROR", "SUMMARY", "runtime error", "fuzz:")
        for line in [line for line in lines if any(mark in line for mark in marks)][:8]:
            print(f"    {line}")
        print(f"    whole output: {outcome.log}")


@click.command()
@click.option("--mint", "mint_program", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--dir", "folder", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--seconds", type=click.IntRange(min=1), default=30, show_default=True)
@click.option("--target", "targets", type=click.Choice(sorted(MAX_LEN)), multiple=True)
@click.option("--jobs", type=click.IntRange(min=1), default=os.cpu_count() or 1)
def main(mint_program: Path, folder: Path, seconds: int, targets: tuple[str, ...], jobs: int) -> None:
    """Seeds the targets and runs each for SECONDS; exit code 1 if one has a finding."""
    folder = folder.resolve()
    prepare(mint_program.resolve(), folder)
    failed = False
    with ThreadPoolExecutor(jobs) as pool:
        names = targets or tuple(MAX_LEN)
        for outcome in pool.map(lambda name: run_target(folder, name, seconds), names):
            report(outcome, folder)
            failed = failed or outcome.code != 0 or bool(outcome.findings)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
