"""The reference's verifier (reference/verify.py) on genuine reports, beside the C programs.

SEVKIT_REAL names the folder of genuine reports (default ../shared/real), SEVKIT_BIN the build's bin
directory.
"""

from __future__ import annotations

import datetime
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from reference import cert, report
from reference.chain import Given
from reference.policy import Policy
from reference.verify import Verdict, verify

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("SEVKIT_BIN", str(ROOT / "build" / "bin")))
REAL = Path(os.environ.get("SEVKIT_REAL", str(ROOT / "../shared/real")))
INDEX = REAL / "index.json"

ROWS: list[dict[str, Any]] = []
if INDEX.exists():
    ROWS = [row for row in json.loads(INDEX.read_text())["reports"] if row["verified"]]
genuine = pytest.mark.parametrize("row", ROWS, ids=[row["report"] for row in ROWS])

pytestmark = pytest.mark.skipif(not ROWS, reason="no genuine reports: SEVKIT_REAL")


def _bytes(row: dict[str, Any], name: str) -> bytes:
    return (REAL / str(row[name])).read_bytes()


def _given(row: dict[str, Any]) -> Given:
    return Given(_bytes(row, "leaf"), _bytes(row, "ca"), _bytes(row, "ark"))


def _time(row: dict[str, Any]) -> int:
    """Inside the leaf's validity."""
    leaf = cert.parse(_bytes(row, "leaf"))
    return (leaf.not_before + leaf.not_after) // 2


def _judge(row: dict[str, Any], data: bytes, at: int | None = None) -> Verdict:
    return verify(data, _given(row), crl_bytes=None, at=_time(row) if at is None else at, policy=Policy({}))


def test_the_folder_has_every_line_and_kind() -> None:
    kinds = {cert.kind_and_line(cert.parse(_bytes(row, "ca")).subject) for row in ROWS}
    assert kinds >= {("ASK", "Milan"), ("ASK", "Genoa"), ("ASK", "Turin"), ("ASVK", "Milan")}


@genuine
def test_a_genuine_report_is_accepted(row: dict[str, Any]) -> None:
    assert _judge(row, _bytes(row, "report")) == Verdict(None)


@genuine
def test_a_changed_byte_is_refused_at_signature(row: dict[str, Any]) -> None:
    data = bytearray(_bytes(row, "report"))
    for at in (report.FIELDS["measurement"].offset, report.FIELDS["report_data"].offset + 63):
        data[at] ^= 1
        assert _judge(row, bytes(data)).stage == "signature"
        data[at] ^= 1


@genuine
def test_the_validity_of_the_leaf_ends_it(row: dict[str, Any]) -> None:
    leaf, data = cert.parse(_bytes(row, "leaf")), _bytes(row, "report")
    assert _judge(row, data, leaf.not_after) == Verdict(None)
    assert _judge(row, data, leaf.not_after + 1).stage == "chain"
    assert _judge(row, data, leaf.not_before - 1).stage == "chain"


@genuine
def test_both_verifiers_say_the_same(row: dict[str, Any], tmp_path: Path) -> None:
    kind, ca = ("vlek", "asvk") if row["signer"] == "VLEK" else ("vcek", "ask")
    for name, member in ((kind, "leaf"), (ca, "ca"), ("ark", "ark")):
        (tmp_path / f"{name}.der").write_bytes(_bytes(row, member))
    at = datetime.datetime.fromtimestamp(_time(row), datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    data = bytearray(_bytes(row, "report"))
    for change in (0, 1):
        data[report.FIELDS["measurement"].offset] ^= change
        file = tmp_path / "report.bin"
        file.write_bytes(data)
        command = [str(BIN / "snp-verify"), str(file), "--certs", str(tmp_path), "--at", at, "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert json.loads(done.stdout)["stage"] == _judge(row, bytes(data)).stage


# Where `sevkit report show` has a name of its own for a field.
OTHER_NAMES = {
    "policy": ("policy", "raw"),
    "platform_info": ("platform_info", "raw"),
    "signature_r": ("signature", "r"),
    "signature_s": ("signature", "s"),
    "author_key_en": ("key_info", "author_key_en"),
    "mask_chip_key": ("key_info", "mask_chip_key"),
    "cpuid_fam_id": ("cpuid", "family"),
    "cpuid_mod_id": ("cpuid", "model"),
    "cpuid_step": ("cpuid", "stepping"),
}
NOT_SHOWN = {"key_info", "signing_key", "product"}  # otherwise than as such a value


def _shown(document: dict[str, Any], name: str) -> Any:
    which, _, part = name.partition("_")
    if part in ("major", "minor", "build") and which in ("current", "committed"):
        numbers = document[f"{which}_version"].split(".")
        return int(numbers[("major", "minor", "build").index(part)])
    value: Any = document
    for step in OTHER_NAMES.get(name, (name,)):
        value = value.get(step) if value is not None else None
    return int(value, 16) if name.startswith("cpuid") and isinstance(value, str) else value


@genuine
def test_both_read_the_same_fields(row: dict[str, Any]) -> None:
    command = [str(BIN / "sevkit"), "report", "show", "--json", str(REAL / row["report"])]
    shown = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    fields = report.decoded(report.parse(_bytes(row, "report")))
    for name in fields.keys() - NOT_SHOWN:
        ours, theirs = fields[name], _shown(shown, name)
        if isinstance(ours, dict):  # a TCB: of a version 2 report we have its bytes alone
            assert ours == {part: theirs[part] for part in ours}, name
        else:
            assert ours == theirs, name
