"""go-configfs-tsm, the library under many attestation agents, by the small program in tsm-report/."""

from __future__ import annotations

import secrets

from clients import table
from clients.bench import AT, Bench, Row, checked_row, judged, refusal

# One report by report.Get, then two by one open entry: generation counts the entry's writes.
PRINTED = ["0 sev_guest -", "1 sev_guest 1", "2 sev_guest 2"]


def reports(bench: Bench, profile: str) -> list[Row]:
    """Reports for nonces of their own, each with the host's certificates in auxblob."""
    name = "tsm-report"
    (out,) = bench.fresh("tsm")
    out.mkdir()
    out.chmod(0o777)
    nonces = [secrets.token_bytes(64) for _ in PRINTED]
    done = bench.under(["--profile", profile, "--at", AT], name, out, *(nonce.hex() for nonce in nonces))
    if done.returncode or "configfs-tsm is absent" in done.stderr:
        return [Row(name, profile, "", *refusal(done))]
    wrong = "" if done.stdout.splitlines() == PRINTED else f"it printed {done.stdout.strip()!r}"
    for number, nonce in enumerate(nonces):
        wrong = wrong or judged(bench, out / f"report-{number}.bin", profile, nonce)
        auxblob = table.read((out / f"auxblob-{number}.bin").read_bytes())
        wrong = wrong or table.difference(auxblob, bench.certs(profile))
    return [checked_row(name, profile, wrong, "fresh, accepted by snp-verify, auxblob is the host's table")]
