"""snpguest: report, key, certificates, fetch, verify."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from clients import table
from clients.bench import AT, Bench, Done, Row, checked_row, line_of, reason, refusal, report_row, verdict_row

SEED = ["--seed", "1"]  # a VMRK is random, and would be another at each launch
RAW_KEY = Path(__file__).with_name("raw_key.py")
# Keys that must differ: root key and guest fields. All fields with SVN and TCB 0, which no guest exceeds.
KEYS = {"vcek": ("vcek", "0"), "vmrk": ("vmrk", "0"), "vcek, all fields": ("vcek", "0x3f")}
INVALID_PARAM = "0x16"
SVN_FIELD, SVN_TOO_HIGH = "0x10", "0xffffffff"


def report(bench: Bench, world: list[str]) -> tuple[Done, bytes]:
    """A report in report.bin, and the nonce that snpguest made for it."""
    out, request = bench.fresh("report.bin", "request.bin")
    done = bench.under([*world, "--no-tsm"], "snpguest", "report", out, request, "--random")
    return done, request.read_bytes() if request.exists() else b""


def reports(bench: Bench, profile: str) -> list[Row]:
    """What snpguest gets from the device, and from the key distribution service."""
    done, nonce = report(bench, ["--profile", profile])
    row = report_row(bench, "snpguest report", profile, done, nonce)
    return [
        row,
        key(bench, profile),
        key_refused(bench, profile),
        certificates(bench, profile),
        fetch(bench, profile),
    ]


def raw_key(bench: Bench, profile: str, root: str, fields: str) -> str:
    """The key that a bare ioctl gets, as hex."""
    world = [str(bench.psp_run), "--profile", profile, "--no-tsm", *SEED]
    asked = [str(int(root == "vmrk")), fields, "0", "0"]
    command = [*world, "--", sys.executable, str(RAW_KEY), *asked]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def key(bench: Bench, profile: str) -> Row:
    """Derived keys, each the same as a bare ioctl's and unlike the others."""
    name = "snpguest key"
    keys: dict[str, str] = {}
    for what, (root, fields) in KEYS.items():
        (out,) = bench.fresh("key.bin")
        world = ["--profile", profile, "--no-tsm", *SEED]
        done = bench.under(world, "snpguest", "key", out, root, "-g", fields)
        if done.returncode:
            return Row(name, profile, "", *refusal(done))
        keys[what] = out.read_bytes().hex()
        if keys[what] != raw_key(bench, profile, root, fields):
            return Row(name, profile, "", "failed", f"{what}: not the key of a bare ioctl")
    wrong = "" if len(set(keys.values())) == len(KEYS) else "two of the keys are the same"
    return checked_row(name, profile, wrong, "the keys of a bare ioctl")


def key_refused(bench: Bench, profile: str) -> Row:
    """A key for an SVN above the guest's: firmware refuses, so snpguest must, and write nothing."""
    (out,) = bench.fresh("key.bin")
    asked = ("-g", SVN_FIELD, "-s", SVN_TOO_HIGH)
    done = bench.under(["--profile", profile, "--no-tsm"], "snpguest", "key", out, "vcek", *asked)
    name = "snpguest key, SVN too high"
    if out.exists():
        return Row(name, profile, "", "failed", "a key was written")
    row = verdict_row(name, profile, "", done)
    told = INVALID_PARAM in row.reason
    return row if told else Row(name, profile, "", "failed", f"not firmware's refusal: {row.reason}")


def certificates(bench: Bench, profile: str) -> Row:
    """The host's table; snpguest names an ASVK's file by the certificates it has read before it."""
    (out,) = bench.fresh("table")
    world = ["--profile", profile, "--no-tsm", "--at", AT]
    done = bench.under(world, "snpguest", "certificates", "der", out)
    if done.returncode:
        return Row("snpguest certificates", profile, "", *refusal(done))
    found = {path.stem.replace("asvk", "ask"): path.read_bytes() for path in out.iterdir()}
    wrong = table.difference(found, bench.certs(profile))
    return checked_row("snpguest certificates", profile, wrong, "the host's certificates")


def fetch(bench: Bench, profile: str) -> Row:
    """fetch ca, crl and, where a VCEK signs, vcek: the files that `sevkit report` writes for the chip."""
    certs, line = bench.certs(profile), line_of(profile)
    (out,) = bench.fresh("fetched")
    world = ["--profile", profile, "--at", AT]
    kds = [*world, "--no-tsm", "--kds"]
    endorser = "vlek" if (certs / "vlek.der").exists() else "vcek"
    steps = [
        bench.under(kds, "snpguest", "fetch", what, "der", out, line, "-e", endorser)
        for what in ("ca", "crl")
    ]
    if endorser == "vcek":
        report(bench, world)
        asked = (out, bench.folder / "report.bin", "-p", line)
        steps.append(bench.under(kds, "snpguest", "fetch", "vcek", "der", *asked))
    for done in steps:
        if done.returncode:
            return Row("snpguest fetch", profile, "", *refusal(done))
    wanted = {path.name: path.read_bytes() for path in certs.glob("*.der") if path.name != "vlek.der"}
    found = {path.name: path.read_bytes() for path in out.iterdir()}
    bad = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
    wrong = f"not the service's: {', '.join(bad)}" if bad else ""
    return checked_row("snpguest fetch", profile, wrong, "the service's files")


def verdicts(bench: Bench, profile: str, scenario: str) -> list[Row]:
    """verify, with certificates fetched through --kds in SCENARIO ("": none)."""
    world = ["--profile", profile, *(["--scenario", scenario] if scenario else [])]
    report(bench, world)
    (certs,) = bench.fresh("fetched")
    kds = [*world, "--no-tsm", "--kds"]
    out = bench.folder / "report.bin"
    for what, source in (("ca", line_of(profile)), ("vcek", out)):
        done = bench.under(kds, "snpguest", "fetch", what, "pem", certs, source)
        if done.returncode:
            why = reason(done.stderr + "\n" + done.stdout)
            return [Row("snpguest verify attestation", profile, scenario, "not fetched", why)]
    rows = []
    for what, files in (("certs", [certs]), ("attestation", [certs, out])):
        done = bench.run("snpguest", "verify", what, *files)
        rows.append(verdict_row(f"snpguest verify {what}", profile, scenario, done))
    return rows
