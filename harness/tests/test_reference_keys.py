"""The reference's keys and signatures: the known answers of docs/test-keys.md, RFC 8017 by `cryptography`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from reference import der, keys, pss

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "test-keys.md").read_text()
HASHES = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}


def answers() -> list[tuple[str, str, dict[str, str]]]:
    """Product, kind and the rows of each table under "Known answers"."""
    found = []
    for title, body in re.findall(r"### (\w+ \w+)\n(.*?)(?=\n#|\Z)", TEXT, re.S):
        rows = dict(re.findall(r"\| `?([^|`]+?)`? \| `?([^|`]+)`? \|", body))
        product, kind = title.split()
        found.append((product, kind.lower(), rows))
    return found


@pytest.mark.parametrize(("product", "kind", "rows"), answers())
def test_known_answers(product: str, kind: str, rows: dict[str, str]) -> None:
    size = 8 if product == "Turin" else 64
    ident = bytes(range(size)) if kind == "vcek" else rows["id"].encode()
    tcb = bytes.fromhex(rows["tcb"])
    key = keys.leaf(kind, product, ident, tcb)
    assert f"{key.scalar:096x}" == rows["private scalar"]
    assert [f"{part:096x}" for part in key.point()] == [rows["public X"], rows["public Y"]]
    assert keys.root_secret(kind, product, ident, tcb).hex() == rows["root secret"]


def test_there_are_four_answers() -> None:
    assert len(answers()) == 4


def public(key: pss.RsaKey) -> rsa.RSAPublicKey:
    return rsa.RSAPublicNumbers(key.e, key.n).public_key()


@pytest.mark.parametrize(
    "how", [pss.AMD, pss.Pss("sha256", "sha256", 32), pss.Pss("sha384", "sha256", 48), pss.Pss(salt=20)]
)
def test_pss(how: pss.Pss) -> None:
    key = keys.root("ask", "Genoa")
    scheme = padding.PSS(padding.MGF1(HASHES[how.mgf_hash]), how.salt)
    public(key).verify(pss.sign(key, b"text", how), b"text", scheme, HASHES[how.hash])


def test_pkcs1() -> None:
    key = keys.forged_rsa("rsa-2048")
    public(key).verify(pss.sign_pkcs1(key, b"text"), b"text", padding.PKCS1v15(), hashes.SHA384())


def prime(number: int) -> bool:
    """Not for proof: four rounds of Fermat find what a slip would give."""
    return all(pow(base, number - 1, number) == 1 for base in (2, 3, 5, 7))


@pytest.mark.parametrize("label", keys.FORGED_PRIMES)
def test_forged_keys(label: str) -> None:
    key = keys.forged_rsa(label)
    assert prime(key.p) and prime(key.q)
    bits = {"rsa-2048": 2048, "rsa-3072": 3072}.get(label, 4096)
    assert key.n.bit_length() == bits
    assert key.raw(pow(5, key.e, key.n)) == 5


def test_der() -> None:
    assert der.integer(127).hex() == "02017f"
    assert der.integer(128).hex() == "02020080"
    assert der.integer(-1).hex() == "0201ff"
    assert der.oid("1.3.6.1.4.1.3704.1.3.8").hex() == "060a2b060104019c78010308"
    assert der.tlv(4, bytes(200))[:3].hex() == "0481c8"
    assert der.tlv(4, b"a", 2).hex() == "0482000161"
    assert pss.FORM_A.hex() == (
        "304606092a864886f70d01010a3039a00f300d06096086480165030402020500"
        "a11c301a06092a864886f70d010108300d06096086480165030402020500a203020130a303020101"
    )
    assert len(pss.FORM_B) == 67
