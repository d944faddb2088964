"""What `make clients` makes of a client's words and exit codes; no client and no network is needed."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner
from clients import __main__ as clients
from clients import bench, build

MAIN = clients.MAIN[0]
OTHER = "turin-1.55.65-v5-vcek"
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", ""),
        ("one\ntwo\n", "two"),
        ("Error: it did\nStack backtrace:\n  0: main\n  at x.c:1\n", "Error: it did"),
        ("ERROR: no\nbecause: a\nbecause: b\nError: no\n 0: main\n", "because: b"),
        ("ERROR: no\nmore words\n", "ERROR: no"),
        ("bad\nWARN : 2026\n", "bad"),
        ("psp-run: configfs-tsm is absent: x\nfails\n", "fails"),
        ("x" * 500, "x" * 160),
    ],
)
def test_reason(text: str, wanted: str) -> None:
    assert bench.reason(text) == wanted


@pytest.mark.parametrize(
    ("code", "outcome"), [(0, "accepted"), (1, "refused"), (5, "refused"), (-1, "failed")]
)
def test_verdict_by_exit_code(code: int, outcome: str) -> None:
    done = subprocess.CompletedProcess(["c"], code, "out", "err")
    row = bench.verdict_row("check", MAIN, "", done)
    assert (row.outcome, row.reason) == (outcome, "" if code == 0 else "out")


def test_absence_of_configfs_tsm_is_no_refusal() -> None:
    done = subprocess.CompletedProcess(["c"], 1, "", "psp-run: configfs-tsm is absent: no FUSE\nfails\n")
    assert bench.refusal(done) == ("absent", "fails")


@pytest.mark.parametrize(
    ("client", "profile", "scenario", "wanted"),
    [
        ("attest (tsm)", OTHER, "", "accepted"),
        ("show", OTHER, "", "accepted"),
        ("tsm-report", OTHER, "", "accepted"),
        ("snpguest key", OTHER, "", "accepted"),
        ("snpguest key, SVN too high", OTHER, "", "refused"),
        ("snpguest certificates", OTHER, "", "accepted"),
        ("snpguest fetch", MAIN, "", "accepted"),
        ("snpguest fetch", OTHER, "", None),
        ("check", MAIN, "", "accepted"),
        ("check", MAIN, "vcek_tcb", "refused"),
        ("check", MAIN, "revoked-ask", None),
        ("check with CRL", MAIN, "revoked-ask", "refused"),
        ("check", OTHER, "", None),
        ("snpguest verify certs", MAIN, "corrupted-signature", None),
        ("sev-guest", "-", "", None),
    ],
)
def test_what_must_come(client: str, profile: str, scenario: str, wanted: str | None) -> None:
    outcomes = ("accepted", "refused", "failed", "not fetched")
    rows = [bench.Row(client, profile, scenario, outcome, "") for outcome in outcomes]
    assert clients.expected(rows[0]) == wanted
    assert [r.outcome for r in clients.unexpected(rows)] == [o for o in outcomes if wanted not in (None, o)]


def test_an_absent_path_is_told_and_no_failure() -> None:
    assert clients.unexpected([bench.Row("attest (tsm)", MAIN, "", "absent", "no FUSE")]) == []


def test_product_lines() -> None:
    assert [bench.line_of(p) for p in ("milan-1", "siena-1", "turin-dense-1")] == ["milan", "genoa", "turin"]


def test_manifest_pins_what_it_builds() -> None:
    for client in build.load():
        if client.source:
            lock = (build.MANIFEST.parent / client.source / "go.mod").read_text()
            assert re.search(rf"/{client.name} {re.escape(client.version)}$", lock, re.MULTILINE), client
        else:
            assert all(any(client.version in word for word in command) for command in client.build), client


def test_what_is_not_built_says_why() -> None:
    for client in build.load():
        assert bool(client.build) != bool(client.not_built), client
        assert bool(client.programs) == bool(client.build), client


def test_clients_that_run_have_flows() -> None:
    flows = clients.REPORTS.keys() | clients.VERDICTS.keys()
    assert flows == {client.name for client in build.load() if not client.not_built}


def test_a_missing_tool_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(build.MissingToolError, match="go is not here"):
        build.prepare(build.load()[0], tmp_path)


def test_a_client_that_cannot_be_built_ends_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    client = build.Client("thing", "v1", "sh", [["sh", "-c", "echo no such module >&2; exit 1"]], ["thing"])
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
        patch.setenv("SEVKIT_CLIENTS", str(tmp_path))
        clients.prepare([client])
    assert ended.value.code == 3
    assert "clients: thing: sh -c" in capsys.readouterr().err


def test_source_here_is_built_again(tmp_path: Path) -> None:
    """What lies in the cache may be of an older main program."""
    (tmp_path / "thing-v1" / "bin").mkdir(parents=True)
    there = tmp_path / "thing-v1" / "bin" / "thing"
    there.write_text("old")
    client = build.Client("thing", "v1", "sh", [["sh", "-c", 'echo new > "$GOBIN/thing"']], ["thing"])
    assert build.prepare(client, tmp_path) == {"thing": there}
    assert there.read_text() == "old"
    build.prepare(build.Client(**{**vars(client), "source": "tsm-report"}), tmp_path)
    assert there.read_text() == "new\n"


@pytest.mark.parametrize("words", [["--client", "nobody"], ["--profile", "milan"]])
def test_an_unknown_choice_is_refused(words: list[str], tmp_path: Path) -> None:
    assert CliRunner().invoke(clients.main, [str(tmp_path), *words]).exit_code == 2


def test_make_passes_the_choice_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`make clients CLIENTS=...` is the environment's; two names in one value are two."""
    seen: dict[str, list[str]] = {}

    def prepare(chosen: list[build.Client]) -> dict[str, Path]:
        seen["clients"] = [client.name for client in chosen]
        raise SystemExit(0)

    monkeypatch.setattr(clients, "prepare", prepare)
    runner = CliRunner()
    runner.invoke(clients.main, [str(tmp_path)], env={"CLIENTS": "snpguest go-sev-guest"})
    assert seen["clients"] == ["go-sev-guest", "snpguest"]
    runner.invoke(clients.main, [str(tmp_path)])
    assert seen["clients"] == [client.name for client in build.load() if client.build]


def test_ci_runs_what_there_is() -> None:
    """The stage in .ci/run names a client and profiles that exist."""
    (line,) = re.findall(r"^stage clients make clients CLIENTS=(\S+) CLIENT_PROFILES='([^']+)' \\$",
                         (ROOT / ".ci" / "run").read_text(), re.MULTILINE)  # fmt: skip
    assert line[0] in tomllib.loads(build.MANIFEST.read_text())
    assert set(line[1].split()) == set(clients.MAIN)
