"""The command lines of sevkit-mint and snp-verify, and an independent look at what they mint.

SEVKIT_BIN names the build's bin directory; without it build/bin. Nothing of sevkit is used to check
signatures, certificates or keys: only the cryptography package, OpenSSL's command and docs/test-keys.md.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import shutil
import struct
import subprocess
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("SEVKIT_BIN", str(ROOT / "build" / "bin")))
PROFILES = sorted(p for p in (ROOT / "emulator/profiles").glob("*.json") if p.name != "profile.schema.json")
DEFAULT = "genoa-1.55.40-v3-vcek"
AT = "2026-03-01T12:00:00Z"
STAGES = ["parse", "version", "signer", "chain", "revocation", "binding", "signature", "tcb", "policy"]
SIGNED = 0x2A0

pytestmark = pytest.mark.skipif(
    not (BIN / "snp-verify").exists() or not (BIN / "sevkit-mint").exists(),
    reason=f"no snp-verify and sevkit-mint in {BIN}: make all",
)

Done = subprocess.CompletedProcess[str]


def run(program: str, *arguments: str | Path, data: bytes | None = None) -> Done:
    """The program of the build with its output as text."""
    done = subprocess.run(
        [str(BIN / program), *map(str, arguments)], input=data, capture_output=True, check=False, timeout=60
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def mint(out: Path, profile: str = DEFAULT, *more: str) -> Path:
    done = run("sevkit-mint", "report", "--profile", profile, "--seed", "7", "--at", AT, "--out", out, *more)
    assert done.returncode == 0, done.stderr
    return out


def verify(folder: Path, *more: str | Path, report: Path | None = None) -> Done:
    return run("snp-verify", report or folder / "report.bin", "--certs", folder, "--at", AT, *more)


def verdict(folder: Path, *more: str | Path, report: Path | None = None) -> dict[str, Any]:
    done = verify(folder, "--json", *more, report=report)
    assert done.returncode in (0, 1), done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (0 if answer["verdict"] == "accept" else 1)
    return answer


def read_cert(path: Path) -> x509.Certificate:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a leaf's serial number is 0, as AMD's
        return x509.load_der_x509_certificate(path.read_bytes())


@dataclass(frozen=True)
class Minted:
    """A minted folder and the profile that it is of."""

    folder: Path
    profile: dict[str, Any]

    @property
    def report(self) -> bytes:
        return (self.folder / "report.bin").read_bytes()

    @property
    def vlek(self) -> bool:
        return bool(self.profile["signing"]["vlek_loaded"])

    @property
    def turin(self) -> bool:
        return str(self.profile["chip"]["name"]).startswith("Turin")

    @property
    def line(self) -> str:
        """The certificate line: Bergamo and Siena are chips of Genoa's."""
        name = str(self.profile["chip"]["name"])
        return {"Bergamo": "Genoa", "Siena": "Genoa", "TurinDense": "Turin"}.get(name, name)

    def cert(self, name: str) -> x509.Certificate:
        return read_cert(self.folder / f"{name}.der")

    @property
    def leaf(self) -> x509.Certificate:
        return self.cert("vlek" if self.vlek else "vcek")

    @property
    def ca(self) -> x509.Certificate:
        return self.cert("asvk" if self.vlek else "ask")


@pytest.fixture(scope="module", params=PROFILES, ids=lambda p: p.stem)
def minted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Minted:
    profile = json.loads(request.param.read_text(encoding="utf-8"))
    return Minted(mint(tmp_path_factory.mktemp("minted"), request.param.stem), profile)


@pytest.fixture(scope="module")
def genoa(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mint(tmp_path_factory.mktemp("genoa"))


# ---- every profile ----


def test_accepted(minted: Minted) -> None:
    answer = verdict(minted.folder, "--crl", minted.folder / "crl.der")
    assert answer["verdict"] == "accept"
    assert answer["anchor"] == "test"
    assert {c["result"] for c in answer["checks"]} == {"pass"}


def test_profile_schema() -> None:
    schema = json.loads((ROOT / "emulator/profiles/profile.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert len(PROFILES) >= 12
    for path in PROFILES:
        profile = json.loads(path.read_text(encoding="utf-8"))
        jsonschema.Draft202012Validator(schema).validate(profile)
        assert profile["name"] == path.stem


def test_profile_schema_refuses(tmp_path: Path) -> None:
    schema = json.loads((ROOT / "emulator/profiles/profile.schema.json").read_text(encoding="utf-8"))
    profile = json.loads(PROFILES[0].read_text(encoding="utf-8"))
    profile["unknown"] = 1
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate(profile)
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(profile), encoding="utf-8")
    done = run("sevkit-mint", "report", "--profile", path, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "unknown" in done.stderr


def test_same_seed_same_bytes(minted: Minted, tmp_path: Path) -> None:
    again = mint(tmp_path / "again", str(minted.profile["name"]))
    names = sorted(p.name for p in minted.folder.iterdir())
    assert names == sorted(p.name for p in again.iterdir())
    for name in names:
        assert (minted.folder / name).read_bytes() == (again / name).read_bytes(), name


def test_report_show(minted: Minted) -> None:
    done = run("sevkit-mint", "report", "show", minted.folder / "report.bin", "--json")
    assert done.returncode == 0
    shown = json.loads(done.stdout)
    written = json.loads((minted.folder / "report.json").read_text(encoding="utf-8"))
    assert written.pop("product") == minted.line
    # A version 2 report does not say what it is of.
    assert shown.pop("product", None) == (minted.line if minted.profile["report_version"] > 2 else None)
    assert shown == written
    assert shown["version"] == minted.profile["report_version"]
    words = run("sevkit-mint", "report", "show", minted.folder / "report.bin")
    assert words.returncode == 0
    assert minted.report[0x90:0xC0].hex() in words.stdout.replace(" ", "").replace("\n", "")


# ---- the independent look ----


def signature_of(report: bytes) -> tuple[int, int]:
    r, s = report[0x2A0:0x2E8], report[0x2E8:0x330]
    assert not any(r[48:]) and not any(s[48:]) and not any(report[0x330:])
    return int.from_bytes(r, "little"), int.from_bytes(s, "little")


def test_report_signature(minted: Minted) -> None:
    key = minted.leaf.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert isinstance(key.curve, ec.SECP384R1)
    der = utils.encode_dss_signature(*signature_of(minted.report))
    key.verify(der, minted.report[:SIGNED], ec.ECDSA(hashes.SHA384()))


def check_pss(cert: x509.Certificate, issuer: x509.Certificate) -> None:
    key = issuer.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    assert (key.key_size, key.public_numbers().e) == (4096, 65537)
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA384()), salt_length=48)
    key.verify(cert.signature, cert.tbs_certificate_bytes, pss, hashes.SHA384())
    assert cert.issuer.public_bytes() == issuer.subject.public_bytes()


def test_chain_signatures(minted: Minted) -> None:
    ark = minted.cert("ark")
    check_pss(minted.leaf, minted.ca)
    check_pss(minted.ca, ark)
    check_pss(ark, ark)


def test_crl(minted: Minted) -> None:
    crl = x509.load_der_x509_crl((minted.folder / "crl.der").read_bytes())
    key = minted.cert("ark").public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA384()), salt_length=48)
    key.verify(crl.signature, crl.tbs_certlist_bytes, pss, hashes.SHA384())
    assert list(crl) == []
    assert crl.next_update_utc is not None


def kdf(key: bytes, label: str, context: bytes, size: int) -> bytes:
    """SP 800-108 in counter mode with HMAC-SHA-384, as docs/test-keys.md has it."""
    out = b""
    for i in range(1, -(-size // 48) + 1):
        text = struct.pack(">I", i) + label.encode() + b"\0" + context + struct.pack(">I", 8 * size)
        out += hmac.new(key, text, hashlib.sha384).digest()
    return out[:size]


ORDER = int(
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973", 16
)


def leaf_scalar(minted: Minted) -> int:
    kind = "vlek" if minted.vlek else "vcek"
    if minted.vlek:
        ident = str(minted.profile["signing"]["csp_id"]).encode()
    else:
        ident = bytes.fromhex(minted.profile["chip"]["chip_id"])[: 8 if minted.turin else 64]
    secret = kdf(
        b"sevkit test chip secrets, public",
        "sevkit-test-csp" if minted.vlek else "sevkit-test-chip",
        ident,
        32,
    )
    context = minted.line.encode() + b"\0" + minted.report[0x180:0x188]
    seed = kdf(secret, f"sevkit-test-{kind}-key", context, 56)
    return int.from_bytes(seed, "big") % (ORDER - 1) + 1


def test_leaf_key_and_nonce(minted: Minted) -> None:
    """The published derivation gives the leaf's key, and RFC 6979 every byte of the signature."""
    key = ec.derive_private_key(leaf_scalar(minted), ec.SECP384R1())
    assert key.public_key() == minted.leaf.public_key()
    algorithm = ec.ECDSA(hashes.SHA384(), deterministic_signing=True)
    r, s = utils.decode_dss_signature(key.sign(minted.report[:SIGNED], algorithm))
    wanted = r.to_bytes(72, "little") + s.to_bytes(72, "little") + bytes(368)
    assert minted.report[SIGNED:] == wanted


def test_pss_salt(minted: Minted) -> None:
    """The salt of a certificate's signature is the SHA-384 of "sevkit-salt" and the signed bytes."""
    key = minted.ca.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    n = key.public_numbers()
    block = pow(int.from_bytes(minted.leaf.signature, "big"), n.e, n.n).to_bytes(512, "big")
    digest, masked = block[463:511], block[:463]
    mask = b"".join(hashlib.sha384(digest + struct.pack(">I", i)).digest() for i in range(10))
    data = bytes(a ^ b for a, b in zip(masked, mask, strict=False))
    assert block[511] == 0xBC
    assert data[-48:] == hashlib.sha384(b"sevkit-salt" + minted.leaf.tbs_certificate_bytes).digest()


def leaf_signature(tmp: Path, minted_like: Minted, algorithm: hashes.HashAlgorithm) -> Path:
    key = ec.derive_private_key(leaf_scalar(minted_like), ec.SECP384R1())
    body = minted_like.report[:SIGNED]
    r, s = utils.decode_dss_signature(key.sign(body, ec.ECDSA(algorithm)))
    path = tmp / "signed.bin"
    path.write_bytes(body + r.to_bytes(72, "little") + s.to_bytes(72, "little") + bytes(368))
    return path


@pytest.mark.parametrize(
    ("algorithm", "stage"),
    [(hashes.SHA384(), None), (hashes.SHA256(), "signature"), (hashes.SHA512(), "signature")],
    ids=["sha384", "sha256", "sha512"],
)
def test_digest(genoa: Path, tmp_path: Path, algorithm: hashes.HashAlgorithm, stage: str | None) -> None:
    profile = json.loads((ROOT / f"emulator/profiles/{DEFAULT}.json").read_text(encoding="utf-8"))
    report = leaf_signature(tmp_path, Minted(genoa, profile), algorithm)
    assert verdict(genoa, report=report)["stage"] == stage


# ---- snp-verify ----


def test_json_shape(genoa: Path, tmp_path: Path) -> None:
    good = verdict(genoa)
    members = ["verdict", "stage", "field", "value", "rule", "requirement", "anchor", "checks"]
    assert set(members) <= set(good)
    assert good["verdict"] == "accept"
    assert [good[m] for m in members[1:6]] == [None] * 5
    assert good["revocation"] == "not-checked"
    assert [c["stage"] for c in good["checks"]] == STAGES
    assert [c["result"] for c in good["checks"]] == ["pass"] * 4 + ["skipped"] + ["pass"] * 4
    report = tmp_path / "report.bin"
    report.write_bytes(flipped((genoa / "report.bin").read_bytes(), 0x90))
    bad = verdict(genoa, report=report)
    assert (bad["verdict"], bad["stage"], bad["field"]) == ("reject", "signature", "SIGNATURE")
    assert bad["requirement"] == "VRF-062"
    assert bad["rule"] and bad["value"].startswith("0x")
    assert [c["result"] for c in bad["checks"][6:]] == ["fail", "skipped", "skipped"]
    assert all(set(c) == {"stage", "result", "reason"} for c in bad["checks"])


def flipped(report: bytes, at: int) -> bytes:
    return report[:at] + bytes([report[at] ^ 1]) + report[at + 1 :]


@pytest.mark.parametrize("at", [*range(0, SIGNED, 61), SIGNED - 1])
def test_flips(genoa: Path, at: int) -> None:
    report = flipped((genoa / "report.bin").read_bytes(), at)
    done = run("snp-verify", "-", "--certs", genoa, "--at", AT, data=report)
    assert done.returncode == 1
    assert "REJECTED" in done.stdout + done.stderr


def test_test_anchor_warns(genoa: Path) -> None:
    assert "test" in verify(genoa).stderr
    assert verify(genoa, "--root", genoa / "ark.der").stderr == ""
    assert verdict(genoa, "--root", genoa / "ark.der")["anchor"] == "given"
    assert verdict(genoa, "--trust-dir")["anchor"] == "dir"


def test_pem(genoa: Path, tmp_path: Path) -> None:
    for name in ("vcek", "ask", "ark"):
        text = read_cert(genoa / f"{name}.der").public_bytes(serialization.Encoding.PEM)
        (tmp_path / f"{name}.pem").write_bytes(text)
    assert verify(tmp_path, report=genoa / "report.bin").returncode == 0


Breakage = Callable[[Path], list[str | Path]]


def args(*more: str | Path) -> Breakage:
    return lambda folder: [folder / "report.bin", "--certs", folder, *more]


def without(name: str) -> Breakage:
    def make(folder: Path) -> list[str | Path]:
        (folder / name).unlink()
        return [folder / "report.bin", "--certs", folder, "--at", AT]

    return make


def policy(text: str) -> Breakage:
    def make(folder: Path) -> list[str | Path]:
        (folder / "policy.json").write_text(text, encoding="utf-8")
        return [folder / "report.bin", "--certs", folder, "--at", AT, "--policy", folder / "policy.json"]

    return make


@pytest.mark.parametrize(
    ("breakage", "named"),
    [
        (without("report.bin"), "report.bin"),
        (without("vcek.der"), "vcek"),
        (without("ask.der"), "ask"),
        (without("ark.der"), "ark"),
        (args("--at", "yesterday"), "yesterday"),
        (args("--at", "2026-13-01T00:00:00Z"), "2026-13-01"),
        (args("--nonsense"), "nonsense"),
        (args("--at", AT, "--root", "missing.der"), "missing.der"),
        (args("--at", AT, "--crl", "missing.der"), "missing.der"),
        (args("--at", AT, "--policy", "missing.json"), "missing.json"),
        (policy('{"measurment": ""}'), "measurment"),
        (policy('{"measurement": ""}'), "measurement"),
        (policy("{"), "policy"),
        (lambda folder: [folder / "report.bin"], "certs"),
        (lambda folder: ["--certs", folder], "REPORT"),
        (lambda folder: [folder, "--certs", folder], ""),
        (lambda folder: [folder / "report.bin", "--certs", folder / "none"], ""),
    ],
)
def test_exit_2(genoa: Path, tmp_path: Path, breakage: Breakage, named: str) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(genoa, folder)
    done = run("snp-verify", *breakage(folder))
    assert done.returncode == 2, done.stdout
    assert named.lower() in done.stderr.lower()


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads any file")
def test_unreadable(genoa: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(genoa, folder)
    (folder / "report.bin").chmod(0)
    assert verify(folder).returncode == 2


@pytest.mark.parametrize(
    ("content", "stage"),
    [(b"", "parse"), (b"text\n", "parse"), (bytes(1184), "parse"), (b"\xff" * 5000, "parse")],
    ids=["empty", "text", "zeros", "long"],
)
def test_no_report(genoa: Path, tmp_path: Path, content: bytes, stage: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    assert verdict(genoa, report=path)["stage"] == stage


def test_hex_and_response_are_named(genoa: Path, tmp_path: Path) -> None:
    report = (genoa / "report.bin").read_bytes()
    path = tmp_path / "file"
    path.write_bytes(report.hex().encode())
    assert "hex" in verdict(genoa, report=path)["rule"]
    path.write_bytes(struct.pack("<II", 0, 1184) + bytes(24) + report)
    assert "MSG_REPORT_RSP" in verdict(genoa, report=path)["rule"]


def test_bad_certificate_and_crl_are_rejected(genoa: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(genoa, folder)
    (folder / "crl.der").write_bytes(b"<html>")
    assert verdict(folder, "--crl", folder / "crl.der")["stage"] == "revocation"
    (folder / "ask.der").write_bytes(b"no certificate")
    assert verdict(folder)["stage"] == "chain"


def test_policy_decides(genoa: Path, tmp_path: Path) -> None:
    report = (genoa / "report.bin").read_bytes()
    path = tmp_path / "policy.json"
    for measurement, stage in ((report[0x90:0xC0], None), (bytes(48), "policy")):
        path.write_text(json.dumps({"measurement": measurement.hex()}), encoding="utf-8")
        assert verdict(genoa, "--policy", path)["stage"] == stage


@pytest.mark.parametrize("program", ["snp-verify", "sevkit-mint"])
def test_help_and_version(program: str) -> None:
    assert run(program, "--help").returncode == 0
    assert re.search(r"\d+\.\d+", run(program, "--version").stdout)
    assert run(program, "--nonsense").returncode == 2


# ---- minting ----


def test_roots(tmp_path: Path) -> None:
    assert run("sevkit-mint", "roots", "--out", tmp_path).returncode == 0
    for line in ("milan", "genoa", "turin"):
        certs = {}
        for name in ("ark", "ask", "asvk"):
            der = (tmp_path / f"{name}-{line}.der").read_bytes()
            pem = (tmp_path / f"{name}-{line}.pem").read_bytes()
            certs[name] = x509.load_der_x509_certificate(der)
            assert x509.load_pem_x509_certificate(pem) == certs[name]
            key = (ROOT / f"vectors/keys/{name}-{line}.key.pem").read_bytes()
            private = serialization.load_pem_private_key(key, None)
            assert isinstance(private, rsa.RSAPrivateKey)
            assert private.public_key() == certs[name].public_key()
        for cert in certs.values():
            check_pss(cert, certs["ark"])
    anchors = x509.load_pem_x509_certificates((tmp_path / "anchors.pem").read_bytes())
    assert len(anchors) == 3


def test_cert_show(minted: Minted) -> None:
    name = "vlek" if minted.vlek else "vcek"
    done = run("sevkit-mint", "cert", "show", minted.folder / f"{name}.der")
    assert done.returncode == 0
    assert f"SEV-{name.upper()}" in done.stdout


def test_cert_table(minted: Minted) -> None:
    table = (minted.folder / "certs.bin").read_bytes()
    leaf = "a8074bc2a25a483eaae639c045a0b8a1" if minted.vlek else "63da758de6644564adc5f4b93be8accd"
    names = {
        leaf: "vlek" if minted.vlek else "vcek",
        "4ab7b379bbac4fe4a02f05aef327c782": "asvk" if minted.vlek else "ask",
        "c0b406a4a803495297433fb6014cd0ae": "ark",
        "92f81bc358114d3d97ffd19f88dc67ea": "crl",
    }
    seen = set()
    for at in range(0, len(table), 24):
        guid, offset, length = struct.unpack("<16sII", table[at : at + 24])
        if not any(guid):
            break
        seen.add(names[guid.hex()])
        blob = table[offset : offset + length]
        assert blob == (minted.folder / f"{names[guid.hex()]}.der").read_bytes()
    assert {names[leaf], "ark"} <= seen


@pytest.mark.parametrize(
    "arguments",
    [
        ["report", "--profile", "none-such", "--out", "x"],
        ["report", "--profile", DEFAULT],
        ["report", "--profile", DEFAULT, "--nonce", "00", "--out", "x"],
        ["report", "--profile", DEFAULT, "--at", "soon", "--out", "x"],
        ["report", "--profile", DEFAULT, "--vmpl", "4", "--out", "x"],
        ["report", "show", "missing"],
        ["roots"],
        ["cert"],
        ["cert", "show", "missing"],
        ["nonsense"],
    ],
)
def test_mint_refuses(arguments: list[str], tmp_path: Path) -> None:
    done = run("sevkit-mint", *[str(tmp_path / a) if a in ("x", "missing") else a for a in arguments])
    assert done.returncode == 2
    assert done.stderr.strip()


@pytest.mark.skipif(not (BIN / "sevkit").exists(), reason="no sevkit in SEVKIT_BIN")
def test_sevkit_command(genoa: Path, tmp_path: Path) -> None:
    """The Python command hands these over to sevkit-mint as they are."""
    more = ["--profile", DEFAULT, "--seed", "7", "--at", AT, "--out"]
    assert run("sevkit", "report", *more, tmp_path / "a").returncode == 0
    assert (tmp_path / "a/report.bin").read_bytes() == (genoa / "report.bin").read_bytes()
    assert run("sevkit", "report", "show", genoa / "report.bin").returncode == 0
    assert run("sevkit", "roots", "--out", tmp_path / "b").returncode == 0
    assert len(list((tmp_path / "b").glob("*.der"))) == 9
    shown = run("sevkit", "cert", "show", genoa / "vcek.der")
    assert shown.returncode == 0
    assert "SEV-VCEK" in shown.stdout
    assert run("sevkit", "cert", "show", tmp_path / "missing").returncode == 2


def test_nonce(tmp_path: Path) -> None:
    nonce = bytes(range(64)).hex()
    folder = mint(tmp_path, DEFAULT, "--nonce", nonce)
    assert (folder / "report.bin").read_bytes()[0x50:0x90].hex() == nonce


# ---- plain openssl ----


def recipe(section: str) -> list[str]:
    """The shell blocks of a section of docs/openssl-check.md."""
    text = (ROOT / "docs/openssl-check.md").read_text(encoding="utf-8")
    part = re.split(r"^## ", text, flags=re.MULTILINE)[int(section)]
    return re.findall(r"^```sh\n(.*?)^```", part, flags=re.MULTILINE | re.DOTALL)


def shell(script: str, folder: Path) -> Done:
    return subprocess.run(
        ["/bin/sh", "-e", "-c", script], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl command")
def test_openssl_recipe(minted: Minted, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(minted.folder, folder)
    seconds = subprocess.run(["date", "-d", AT, "+%s"], capture_output=True, text=True, check=True).stdout
    for number in ("1", "2", "3", "4"):
        for block in recipe(number):
            script = block.replace("openssl verify", f"openssl verify -attime {seconds.strip()}")
            if minted.vlek:
                script = script.replace("vcek", "vlek").replace("ask", "asvk")
            done = shell(script, folder)
            assert done.returncode == 0, done.stderr + script
            if "dgst -sha384 -verify" in script:
                assert "Verified OK" in done.stdout
            if "-untrusted" in script:
                assert ": OK" in done.stdout
            if script.startswith("(od"):
                assert done.stdout == ""


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl command")
def test_openssl_refuses(genoa: Path, tmp_path: Path) -> None:
    """The recipe can fail: a changed report does not verify."""
    folder = tmp_path / "copy"
    shutil.copytree(genoa, folder)
    (folder / "report.bin").write_bytes(flipped((genoa / "report.bin").read_bytes(), 0x90))
    assert all(shell(block, folder).returncode == 0 for block in recipe("1"))
    done = shell(recipe("4")[0], folder)
    assert done.returncode != 0
    assert "Verified OK" not in done.stdout


# ---- genuine reports ----

REAL = Path(os.environ.get("SEVKIT_REAL", str(ROOT / "../shared/real")))


@pytest.mark.skipif(not (REAL / "index.json").exists(), reason="no genuine reports: SEVKIT_REAL")
def test_genuine(tmp_path: Path) -> None:
    index = json.loads((REAL / "index.json").read_text(encoding="utf-8"))
    entries = [e for e in index["reports"] if e["verified"]]
    assert entries
    for number, entry in enumerate(entries):
        folder = tmp_path / str(number)
        folder.mkdir()
        vlek = entry["signer"] == "VLEK"
        for key, name in (
            ("leaf", "vlek" if vlek else "vcek"),
            ("ca", "asvk" if vlek else "ask"),
            ("ark", "ark"),
        ):
            shutil.copy(REAL / entry[key], folder / f"{name}.der")
        inside = read_cert(REAL / entry["leaf"]).not_valid_before_utc.strftime("%Y-%m-%dT%H:%M:%SZ")
        done = run("snp-verify", REAL / entry["report"], "--certs", folder, "--at", inside, "--json")
        answer = json.loads(done.stdout)
        assert (done.returncode, answer["verdict"], answer["anchor"]) == (0, "accept", "amd"), entry["report"]
        shown = run("sevkit-mint", "report", "show", REAL / entry["report"], "--json")
        assert json.loads(shown.stdout)["version"] == entry["version"]


def test_base64_is_no_report(genoa: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.b64"
    path.write_bytes(base64.b64encode((genoa / "report.bin").read_bytes()))
    assert verdict(genoa, report=path)["stage"] == "parse"
