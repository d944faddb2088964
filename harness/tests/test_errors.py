"""What the programs say when a file is not what it should be, each beside the case that works."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

BIN = Path(os.environ.get("SEVKIT_BIN") or Path(__file__).resolve().parents[2] / "build" / "bin")
AT = "2026-06-01T00:00:00Z"


def run(program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BIN / program), *map(str, arguments)], capture_output=True, text=True, check=False, timeout=60
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A report with its certificates, which snp-verify accepts."""
    out = tmp_path / "made"
    done = run("sevkit-mint", "report", "--profile", "genoa-1.55.40-v3-vcek", "--at", AT, "--out", out)
    assert done.returncode == 0, done.stderr
    assert verify(out).returncode == 0
    return out


def verify(folder: Path, *more: str | Path) -> subprocess.CompletedProcess[str]:
    return run("snp-verify", folder / "report.bin", "--certs", folder, "--at", AT, *more)


def test_pem_counts_where_there_is_no_der(folder: Path) -> None:
    assert run("sevkit", "roots", "--out", folder / "roots").returncode == 0
    pem = folder / "roots" / "ark-genoa.pem"
    (folder / "ark.der").unlink()
    shutil.copy(pem, folder / "ark.pem")
    assert verify(folder).returncode == 0


def test_a_link_to_nowhere_is_no_reason_to_take_the_pem(folder: Path) -> None:
    assert run("sevkit", "roots", "--out", folder / "roots").returncode == 0
    shutil.copy(folder / "roots" / "ark-genoa.pem", folder / "ark.pem")
    (folder / "ark.der").unlink()
    (folder / "ark.der").symlink_to("nowhere")
    done = verify(folder)
    assert done.returncode == 2
    assert "ark.der: No such file" in done.stderr


def test_a_folder_that_is_a_loop_of_links(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    done = run("snp-verify", folder / "report.bin", "--certs", tmp_path / "a", "--at", AT)
    assert done.returncode == 2
    assert "symbolic links" in done.stderr
    assert "missing" not in done.stderr


def test_pem_with_text_before_it_gets_the_rule_of_pem(folder: Path) -> None:
    assert run("sevkit", "roots", "--out", folder / "roots").returncode == 0
    text = (folder / "roots" / "ark-genoa.pem").read_text()
    good, bad = folder / "good.pem", folder / "bad.pem"
    good.write_text(text)
    bad.write_text("subject=ARK\n" + text)
    assert verify(folder, "--root", good).returncode == 0
    done = verify(folder, "--root", bad)
    assert done.returncode == 2
    assert "one PEM block" in done.stderr


def test_names_out_of_files_do_not_steer_the_terminal(folder: Path) -> None:
    policy = folder / "policy.json"
    policy.write_text('{"allow\\u001b[31m_debug": true}')
    done = verify(folder, "--policy", policy)
    assert done.returncode == 2
    assert "\x1b" not in done.stderr
    assert "allow?[31m_debug" in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("arguments", [["run", "--area", "key"], ["--help"]])
def test_output_that_cannot_be_written(arguments: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [str(BIN / "sevkit"), *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 2
    assert done.stderr == "sevkit: standard output: No space left on device\n"


def test_messages_carry_the_name_that_was_called() -> None:
    done = run("sevkit", "report")
    assert done.returncode == 2
    assert done.stderr.startswith("sevkit: --out: ")


def test_results_name_the_revision_that_the_option_names(tmp_path: Path) -> None:
    done = run("sevkit", "run", "--spec", "1.58", "--area", "key", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "results.json").read_text())["spec"] == "1.58"
