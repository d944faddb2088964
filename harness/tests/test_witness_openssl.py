"""Plain `openssl` accepts every valid case of families signature and chain: chain, then report signature."""

from __future__ import annotations

import datetime
import subprocess
from pathlib import Path

import pytest
from reference.__main__ import CASES
from reference.bundle import Case, read

SIGNED = 0x2A0

# OpenSSL takes a certificate as expired in the second that is its notAfter; RFC 5280 (4.1.2.5) includes it.
LAST_SECOND = "-last-second"


def _valid() -> list[Case]:
    found = []
    for name in ("signature", "chain"):
        found += [c for c in read(CASES / f"{name}.json").cases if c.result == "valid" and c.op == "verify"]
    return found


def _openssl(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = ["openssl", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _pem(data: bytes, path: Path) -> Path:
    """DATA (DER or PEM) as a PEM file."""
    path.write_bytes(data.strip() if data.lstrip().startswith(b"-----") else data)
    if not data.lstrip().startswith(b"-----"):
        done = _openssl("x509", "-inform", "DER", "-in", path, "-out", path)
        assert done.returncode == 0, done.stderr
    return path


def _der_integer(little: bytes) -> bytes:
    number = int.from_bytes(little, "little")
    data = number.to_bytes(number.bit_length() // 8 + 1, "big")
    return bytes([2, len(data)]) + data


def _der_signature(report: bytes) -> bytes:
    body = _der_integer(report[0x2A0:0x2E8]) + _der_integer(report[0x2E8:0x330])
    return bytes([0x30, len(body)]) + body


def judge(case: Case, folder: Path) -> str:
    """What openssl has against CASE, "" for nothing."""
    certs, report = case.input["certs"], case.input["report"]
    vlek = report[0x48] >> 2 & 7 == 1
    leaf, ca = (certs["vlek"], certs["asvk"]) if vlek else (certs["vcek"], certs["ask"])
    at = datetime.datetime.fromisoformat(case.input["at"])
    if case.id.endswith(LAST_SECOND):
        at -= datetime.timedelta(seconds=1)
    middle, end = _pem(ca, folder / "ca"), _pem(leaf, folder / "leaf")
    root = folder / "root"
    trusted = case.input.get("roots") or [certs["ark"]]
    root.write_bytes(b"".join(_pem(data, folder / "one").read_bytes() for data in trusted))
    done = _openssl(
        "verify", "-attime", int(at.timestamp()), "-CAfile", root, "-no-CApath", "-no-CAstore",
        "-untrusted", middle, end,
    )  # fmt: skip
    if done.returncode != 0:
        return done.stdout + done.stderr
    (folder / "body").write_bytes(report[:SIGNED])
    (folder / "signature").write_bytes(_der_signature(report))
    (folder / "key").write_text(_openssl("x509", "-in", end, "-noout", "-pubkey").stdout)
    done = _openssl(
        "dgst", "-sha384", "-verify", folder / "key", "-signature", folder / "signature", folder / "body"
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.parametrize("case", _valid(), ids=lambda case: case.id)
def test_accepted(case: Case, tmp_path: Path) -> None:
    assert judge(case, tmp_path) == ""


def test_refused(tmp_path: Path) -> None:
    """The witness is one that can refuse."""
    case = _valid()[0]
    data = bytearray(case.input["report"])
    data[0x50] ^= 1
    changed = Case(**{**vars(case), "input": {**case.input, "report": bytes(data)}})
    assert "failure" in judge(changed, tmp_path).lower()
