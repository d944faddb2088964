"""usage: python -m clients BUILD [--profile P ...]

Runs other people's clients (clients.toml) under BUILD/bin/psp-run, as an unprivileged user where it can,
prints a table and writes BUILD/clients/results.json. Exit code 0 if each outcome that is expected came, 1 if
not, 3 where a client's own tools are missing. Clients are kept in $SEVKIT_CLIENTS, by default
~/.cache/sevkit/clients."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import click

from clients import build, flows

ROOT = Path(__file__).resolve().parents[2]
MAIN = ("genoa-1.55.40-v3-vcek", "milan-1.55.29-v3-vcek")
SCENARIOS = ("", "corrupted-signature", "vcek_tcb", "kds_old_tcb", "revoked-ask")
JUDGES = ("snpguest verify attestation", "check", "check with CRL")


def expected(row: flows.Row) -> str | None:
    """The outcome that a row must have; None: whatever the client says is only told."""
    if row.client in ("attest (tsm)", "attest (ioctl)", "snpguest report"):
        return "accepted"
    if row.profile not in MAIN or row.client not in JUDGES:
        return None
    if row.scenario == "revoked-ask":
        return "refused" if row.client == "check with CRL" else None  # the others do not look
    return "refused" if row.scenario else "accepted"


def unexpected(rows: list[flows.Row]) -> list[flows.Row]:
    """The rows that are not as they must be. An absent configfs-tsm is told, not held against the client."""
    return [r for r in rows if r.outcome != "absent" and expected(r) not in (None, r.outcome)]


def print_table(rows: list[flows.Row]) -> None:
    """One line a row."""
    print(f"{'client':<28} {'profile':<34} {'scenario':<20} outcome")
    for row in rows:
        why = f": {row.reason}" if row.reason else ""
        print(f"{row.client:<28} {row.profile:<34} {row.scenario or '-':<20} {row.outcome}{why}")


@click.command()
@click.argument("tree", metavar="BUILD", type=click.Path(path_type=Path))
@click.option("--profile", "chosen", multiple=True, help="Only this profile; may be given again.")
def main(tree: Path, chosen: tuple[str, ...]) -> None:
    """Other people's clients under psp-run."""
    programs: dict[str, Path] = {}
    try:
        for client in build.load():
            programs |= build.prepare(client, build.cache())
    except build.MissingToolError as error:
        print(f"clients: {error}", file=sys.stderr)
        sys.exit(3)
    files = (ROOT / "emulator" / "profiles").glob("*-*.json")
    profiles = chosen or sorted(path.stem for path in files)
    rows: list[flows.Row] = []
    with tempfile.TemporaryDirectory(prefix="sevkit-clients-") as name:
        bench = flows.Bench(Path(name), tree.resolve() / "bin", flows.reachable(programs, Path(name)))
        mint = [str(bench.tools / "sevkit-mint"), "roots", "--out", str(bench.folder / "roots")]
        subprocess.run(mint, check=True, capture_output=True)
        for profile in profiles:
            print(f"{profile} ...", file=sys.stderr, flush=True)
            rows += flows.reports(bench, profile)
            for scenario in SCENARIOS if profile in MAIN else ("",):
                rows += flows.verdicts(bench, profile, scenario)
    print_table(rows)
    out = tree / "clients"
    out.mkdir(parents=True, exist_ok=True)
    versions = {client.name: client.version for client in build.load()}
    document = {"clients": versions, "rows": [asdict(row) for row in rows]}
    (out / "results.json").write_text(json.dumps(document, indent=1) + "\n")
    bad = unexpected(rows)
    for row in bad:
        print(f"UNEXPECTED {row.client} on {row.profile} in {row.scenario or 'no scenario'}: {row.outcome}")
    print(f"{len(rows)} outcomes, {len(bad)} unexpected")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
