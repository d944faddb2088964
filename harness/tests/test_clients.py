"""What `make clients` makes of a client's words and exit codes; no client and no network is needed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from clients import __main__ as clients
from clients import build, flows

MAIN = clients.MAIN[0]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", ""),
        ("one\ntwo\n", "two"),
        ("Error: it did\nStack backtrace:\n  0: main\n  at x.c:1\n", "Error: it did"),
        ("ERROR: no\nmore words\n", "ERROR: no"),
        ("bad\nWARN : 2026\n", "bad"),
        ("psp-run: configfs-tsm is absent: x\nfails\n", "fails"),
        ("x" * 500, "x" * 160),
    ],
)
def test_reason(text: str, wanted: str) -> None:
    assert flows.reason(text) == wanted


@pytest.mark.parametrize(
    ("code", "outcome"), [(0, "accepted"), (1, "refused"), (5, "refused"), (-1, "failed")]
)
def test_verdict_by_exit_code(code: int, outcome: str) -> None:
    done = subprocess.CompletedProcess(["c"], code, "out", "err")
    row = flows.verdict_row("check", MAIN, "", done)
    assert (row.outcome, row.reason) == (outcome, "" if code == 0 else "out")


@pytest.mark.parametrize(
    ("client", "profile", "scenario", "wanted"),
    [
        ("attest (tsm)", "turin-1.55.65-v5-vcek", "", "accepted"),
        ("check", MAIN, "", "accepted"),
        ("check", MAIN, "vcek_tcb", "refused"),
        ("check", MAIN, "revoked-ask", None),
        ("check with CRL", MAIN, "revoked-ask", "refused"),
        ("check", "turin-1.55.65-v5-vcek", "", None),
        ("snpguest verify certs", MAIN, "corrupted-signature", None),
    ],
)
def test_what_must_come(client: str, profile: str, scenario: str, wanted: str | None) -> None:
    row = flows.Row(client, profile, scenario, "accepted", "")
    assert clients.expected(row) == wanted
    assert clients.unexpected([row]) == ([row] if wanted == "refused" else [])


def test_an_absent_path_is_told_and_no_failure() -> None:
    assert clients.unexpected([flows.Row("attest (tsm)", MAIN, "", "absent", "no FUSE")]) == []


def test_product_lines() -> None:
    assert [flows.line_of(p) for p in ("milan-1", "siena-1", "turin-dense-1")] == ["milan", "genoa", "turin"]


def test_manifest_pins_what_it_builds() -> None:
    for client in build.load():
        for command in client.build:
            assert any(client.version in word for word in command), command


def test_a_missing_tool_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(build.MissingToolError, match="go is not here"):
        build.prepare(build.load()[0], tmp_path)
