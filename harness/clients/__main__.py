"""usage: python -m clients BUILD [--client C ...] [--profile P ...]

Runs other people's clients (clients.toml) under BUILD/bin/psp-run, as an unprivileged user where it can,
prints a table and writes BUILD/clients/results.json. Exit code 0 if each outcome that is expected came, 1 if
not, 3 where a client's own tools are missing or it could not be built. Clients are kept in $SEVKIT_CLIENTS,
by default ~/.cache/sevkit/clients. $CLIENTS, $CLIENT_PROFILES and $CLIENT_GUESTS choose as the options do:
with none of them everything runs, guests included; with one of the first two a guest has to be asked for."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import click
from guest import image, session, vm

from clients import build, configfs_tsm, go_sev_guest, in_guest, snpguest
from clients.bench import Bench, Row, reachable

ROOT = Path(__file__).resolve().parents[2]
PROFILES = sorted(path.stem for path in (ROOT / "emulator" / "profiles").glob("*-*.json"))
MANIFEST = build.load()
MAIN = ("genoa-1.55.40-v3-vcek", "milan-1.55.29-v3-vcek")
SCENARIOS = ("", "corrupted-signature", "vcek_tcb", "kds_old_tcb", "revoked-ask")
JUDGES = ("snpguest verify attestation", "check", "check with CRL")
ANYWHERE = (
    *("attest (tsm)", "attest (ioctl)", "show", "tsm-report"),
    *("snpguest report", "snpguest key", "snpguest certificates"),
)

REPORTS: dict[str, Callable[[Bench, str], list[Row]]] = {
    "go-sev-guest": go_sev_guest.reports,
    "go-configfs-tsm": configfs_tsm.reports,
    "snpguest": snpguest.reports,
}
VERDICTS: dict[str, Callable[[Bench, str, str], list[Row]]] = {
    "go-sev-guest": go_sev_guest.verdicts,
    "snpguest": snpguest.verdicts,
}


def expected(row: Row) -> str | None:
    """The outcome that a row must have; None: whatever the client says is only told."""
    if row.client in ANYWHERE or ", guest " in row.client:
        return "accepted"
    if row.client == "snpguest key, SVN too high":
        return "refused"
    if row.profile not in MAIN:
        return None
    if row.client == "snpguest fetch":
        return "accepted"
    if row.client not in JUDGES:
        return None
    if row.scenario == "revoked-ask":
        return "refused" if row.client == "check with CRL" else None  # the others do not look
    return "refused" if row.scenario else "accepted"


def unexpected(rows: list[Row]) -> list[Row]:
    """The rows that are not as they must be. An absent configfs-tsm is told, not held against the client."""
    return [r for r in rows if r.outcome != "absent" and expected(r) not in (None, r.outcome)]


def print_table(rows: list[Row]) -> None:
    """One line a row."""
    width = max(len(row.client) for row in rows)
    print(f"{'client':<{width}} {'profile':<34} {'scenario':<20} outcome")
    for row in rows:
        why = f": {row.reason}" if row.reason else ""
        print(f"{row.client:<{width}} {row.profile:<34} {row.scenario or '-':<20} {row.outcome}{why}")


def prepare(clients: list[build.Client]) -> dict[str, Path]:
    """Every program of CLIENTS; ends the run where one cannot be had."""
    programs: dict[str, Path] = {}
    try:
        for client in clients:
            programs |= build.prepare(client, build.cache())
    except (build.MissingToolError, build.BuildError) as error:
        print(f"clients: {error}", file=sys.stderr)
        sys.exit(3)
    return programs


def run(bench: Bench, names: list[str], profiles: list[str]) -> list[Row]:
    """Every flow of the clients NAMES."""
    rows: list[Row] = []
    for profile in profiles:
        print(f"{profile} ...", file=sys.stderr, flush=True)
        for name in names:
            rows += REPORTS[name](bench, profile) if name in REPORTS else []
        for scenario in SCENARIOS if profile in MAIN else ("",):
            for name in names:
                rows += VERDICTS[name](bench, profile, scenario) if name in VERDICTS else []
    return rows


def run_guests(bench: Bench, guests: tuple[str, ...]) -> list[Row]:
    """The clients in GUESTS; ends the run where there can be none."""
    try:
        return [row for series in guests for row in in_guest.rows(bench, series, MAIN[0])]
    except (image.MissingError, vm.GuestError) as error:
        print(f"clients: {error}", file=sys.stderr)
        sys.exit(3)


@click.command()
@click.argument("tree", metavar="BUILD", type=click.Path(path_type=Path))
@click.option(
    *("--client", "names"),
    multiple=True,
    envvar="CLIENTS",
    type=click.Choice([client.name for client in MANIFEST]),
)
@click.option(
    *("--profile", "profiles"),
    multiple=True,
    envvar="CLIENT_PROFILES",
    type=click.Choice(PROFILES),
)
@click.option(
    *("--guest", "guests"), multiple=True, envvar="CLIENT_GUESTS", type=click.Choice(session.SERIES)
)
def main(tree: Path, names: tuple[str, ...], profiles: tuple[str, ...], guests: tuple[str, ...]) -> None:
    """Other people's clients under psp-run, and in guests with the genuine driver."""
    if not names and not profiles and not guests:
        guests = session.SERIES
    chosen = [client for client in MANIFEST if not names or client.name in names]
    built = [client for client in chosen if not client.not_built]
    programs = prepare(built)
    rows = [Row(client.name, "-", "", "not built", client.not_built) for client in chosen if client.not_built]
    with tempfile.TemporaryDirectory(prefix="sevkit-clients-") as name:
        bench = Bench(Path(name), tree.resolve() / "bin", reachable(programs, Path(name)))
        bench.mint("roots", "--out", bench.folder / "roots")
        inside = run_guests(bench, guests)  # first: a guest that cannot be had ends the run
        rows += run(bench, [client.name for client in built], list(profiles or PROFILES)) + inside
    print_table(rows)
    out = tree / "clients"
    out.mkdir(parents=True, exist_ok=True)
    versions = {client.name: client.version for client in chosen}
    document = {"clients": versions, "rows": [asdict(row) for row in rows]}
    (out / "results.json").write_text(json.dumps(document, indent=1) + "\n")
    bad = unexpected(rows)
    for row in bad:
        print(f"UNEXPECTED {row.client} on {row.profile} in {row.scenario or 'no scenario'}: {row.outcome}")
    print(f"{len(rows)} outcomes, {len(bad)} unexpected")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
