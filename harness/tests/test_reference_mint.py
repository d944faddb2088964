"""The reference's certificates, lists and reports are, byte for byte, those that sevkit mints.

SEVKIT_BIN names the build's bin directory; without it build/bin.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from reference import keys, mint
from reference import world as worlds
from reference.mint import Tcb
from reference.world import FIELDS, SIGNED, World

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("SEVKIT_BIN", str(ROOT / "build" / "bin")))
PROFILES = ROOT / "emulator" / "profiles"
AT = "2026-01-01T00:00:00Z"
DATES = ("2024-02-29T00:00:00Z", "2024-11-05T23:59:59Z", "2024-11-06T00:00:00Z")
NAMES = ("milan-1.52.4-v2-vcek", "milan-1.55.29-v3-vlek", "genoa-1.55.49-v5-vcek", "turin-1.55.65-v5-vcek")


def run(program: str, *arguments: str | Path) -> str:
    done = subprocess.run([BIN / program, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("roots")
    run("sevkit-mint", "roots", "--out", out)
    return out


@pytest.mark.parametrize("product", mint.PRODUCTS)
@pytest.mark.parametrize("role", ["ark", "ask", "asvk"])
def test_roots(roots: Path, role: str, product: str) -> None:
    made = getattr(mint, role)(product).der()
    assert made == (roots / f"{role}-{product.lower()}.der").read_bytes()
    assert mint.pem(made) == (roots / f"{role}-{product.lower()}.pem").read_bytes()


def words(product: str, tcb: Tcb) -> str:
    text = f"bl={tcb.bl},tee={tcb.tee},snp={tcb.snp},ucode={tcb.ucode}"
    return text + (f",fmc={tcb.fmc}" if product == "Turin" else "")


@pytest.mark.parametrize(
    "not_before", ["2024-02-29T00:00:00Z", "2024-11-05T23:59:59Z", "2024-11-06T00:00:00Z"]
)
@pytest.mark.parametrize("product", mint.PRODUCTS)
def test_leaves(tmp_path: Path, product: str, not_before: str) -> None:
    tcb = Tcb(3, 1, 22, 200, fmc=2)
    hwid = worlds.hwid_of("test", product)
    common = ("--product", product, "--tcb", words(product, tcb), "--not-before", not_before)
    run("sevkit-mint", "cert", "vcek", *common, "--hwid", hwid.hex(), "--out", tmp_path / "vcek")
    run("sevkit-mint", "cert", "vlek", *common, "--csp-id", worlds.CSP, "--out", tmp_path / "vlek")
    made = mint.vcek(product, tcb, hwid, not_before=not_before).der()
    assert made == (tmp_path / "vcek").read_bytes()
    made = mint.vlek(product, tcb, worlds.CSP, not_before=not_before).der()
    assert made == (tmp_path / "vlek").read_bytes()


@pytest.mark.parametrize("revoked", [(), ("ask",), ("ask", "asvk")])
@pytest.mark.parametrize("product", mint.PRODUCTS)
def test_lists(tmp_path: Path, product: str, revoked: tuple[str, ...]) -> None:
    named = [word for ca in revoked for word in ("--revoke", ca)]
    dates = ("--this-update", worlds.THIS_UPDATE, "--next-update", worlds.NEXT_UPDATE)
    run("sevkit-mint", "cert", "crl", "--product", product, *dates, *named, "--out", tmp_path / "crl")
    serials = [bytes.fromhex(mint.SERIALS[ca][product]) for ca in revoked]
    made = mint.crl(product, worlds.THIS_UPDATE, worlds.NEXT_UPDATE).revoking(*serials).der()
    assert made == (tmp_path / "crl").read_bytes()


@pytest.mark.parametrize(
    "name",
    ["milan-1.52.4-v2-vcek", "milan-1.55.29-v3-vlek", "genoa-1.55.49-v5-vcek", "turin-1.55.65-v5-vcek"],
)
def test_reports(tmp_path: Path, name: str) -> None:
    """The signature over a report of the emulator is the reference's; leaf and list come out alike."""
    run("sevkit-mint", "report", "--profile", name, "--seed", "7", "--at", AT, "--out", tmp_path)
    profile = json.loads((PROFILES / f"{name}.json").read_text())
    product = "Turin" if name.startswith("turin") else profile["chip"]["name"]
    reported = profile["tcb"]["reported"]
    tcb = Tcb(
        reported["boot_loader"],
        reported["tee"],
        reported["snp"],
        reported["microcode"],
        fmc=reported.get("fmc", 0),
    )
    report = (tmp_path / "report.bin").read_bytes()
    kind = "vlek" if profile["signing"]["vlek_loaded"] else "vcek"
    hwid = bytes.fromhex(profile["chip"]["chip_id"])
    ident = profile["signing"]["csp_id"].encode() if kind == "vlek" else hwid
    if kind == "vcek":
        leaf = mint.vcek(
            product, tcb, hwid, not_before=worlds.NOT_BEFORE, product_name=profile["chip"]["product_name"]
        )
    else:
        leaf = mint.vlek(product, tcb, ident.decode(), not_before=worlds.NOT_BEFORE)
    assert leaf.der() == (tmp_path / f"{kind}.der").read_bytes()
    assert (
        mint.crl(product, worlds.THIS_UPDATE, worlds.NEXT_UPDATE).der() == (tmp_path / "crl.der").read_bytes()
    )
    key = keys.leaf(kind, product, ident, tcb.version(product))
    assert report[SIGNED:] == keys.report_signature(*key.sign(report[:SIGNED]))
    offset, size = FIELDS["REPORTED_TCB"]
    assert report[offset : offset + size] == tcb.version(product)


@pytest.mark.parametrize("world", worlds.worlds(), ids=lambda w: f"{w.name}-{w.version}-{w.kind}")
def test_worlds_are_accepted(tmp_path: Path, world: World) -> None:
    for name, value in (world.certs | {"report": world.report, "crl": world.crl}).items():
        (tmp_path / (name + ".der" if name in world.certs else name)).write_bytes(value)
    run(
        "snp-verify",
        tmp_path / "report",
        *("--certs", tmp_path, "--crl", tmp_path / "crl", "--root", tmp_path / "ark.der", "--at", world.at),
    )


def test_fields_fill_the_report() -> None:
    at = 0
    for offset, size in FIELDS.values():
        assert offset == at
        at += size
    assert at == worlds.REPORT_SIZE
