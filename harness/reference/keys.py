"""The published test keys (docs/test-keys.md): roots from vectors/keys/, leaf keys by the KDF, signatures.

Further keys, which no anchor knows, are for forgeries: `forged_rsa` and `forged_ec`, each a function of its
label.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, rsa, utils
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from reference import der
from reference.pss import RsaKey

KEYS = Path(__file__).resolve().parents[2] / "vectors" / "keys"
CONSTANT = b"sevkit test chip secrets, public"
EC_PUBLIC_KEY = "1.2.840.10045.2.1"
CURVE_OIDS = {
    "secp384r1": "1.3.132.0.34",
    "secp256r1": "1.2.840.10045.3.1.7",
    "secp521r1": "1.3.132.0.35",
    "brainpoolP384r1": "1.3.36.3.3.2.8.1.1.11",
}
CURVES = {
    "secp384r1": ec.SECP384R1(),
    "secp256r1": ec.SECP256R1(),
    "secp521r1": ec.SECP521R1(),
    "brainpoolP384r1": ec.BrainpoolP384R1(),
}
P384_ORDER = int(
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973", 16
)


@cache
def root(role: str, product: str) -> RsaKey:
    """The key of "ark", "ask" or "asvk" of a product line."""
    pem = (KEYS / f"{role}-{product.lower()}.key.pem").read_bytes()
    key = load_pem_private_key(pem, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    numbers = key.private_numbers()
    return RsaKey(numbers.p, numbers.q, numbers.public_numbers.e)


def kdf(key: bytes, label: str, context: bytes, size: int) -> bytes:
    """SP 800-108 in counter mode with HMAC-SHA-384."""
    out = b""
    tail = label.encode() + b"\0" + context + (8 * size).to_bytes(4, "big")
    while len(out) < size:
        counter = len(out) // 48 + 1
        out += hmac.digest(key, counter.to_bytes(4, "big") + tail, "sha384")
    return out[:size]


@dataclass(frozen=True)
class EcKey:
    """A private key; CURVE is a name of CURVE_OIDS."""

    scalar: int
    curve: str = "secp384r1"

    def private(self) -> ec.EllipticCurvePrivateKey:
        return ec.derive_private_key(self.scalar, CURVES[self.curve])

    def point(self) -> tuple[int, int]:
        numbers = self.private().public_key().public_numbers()
        return numbers.x, numbers.y

    def spki(self) -> bytes:
        size = (self.private().curve.key_size + 7) // 8
        x, y = self.point()
        algorithm = der.sequence(der.oid(EC_PUBLIC_KEY), der.oid(CURVE_OIDS[self.curve]))
        return der.sequence(algorithm, der.bits(b"\x04" + x.to_bytes(size, "big") + y.to_bytes(size, "big")))

    def sign(self, message: bytes) -> tuple[int, int]:
        """ECDSA with SHA-384 and the nonces of RFC 6979, without low-S normalisation."""
        return _signature(self, message)


@cache
def _signature(key: EcKey, message: bytes) -> tuple[int, int]:
    made = key.private().sign(message, ec.ECDSA(SHA384(), deterministic_signing=True))
    return utils.decode_dss_signature(made)


def report_signature(r: int, s: int) -> bytes:
    """SIGNATURE of a report: R and S in 72 bytes little-endian each, 368 zeros (report notes 2)."""
    return r.to_bytes(72, "little") + s.to_bytes(72, "little") + bytes(368)


def der_signature(r: int, s: int) -> bytes:
    """Ecdsa-Sig-Value, for certificates that a leaf key signs."""
    return der.sequence(der.integer(r), der.integer(s))


def _secret(kind: str, ident: bytes) -> bytes:
    label = {"vcek": "sevkit-test-chip", "vlek": "sevkit-test-csp"}[kind]
    return kdf(CONSTANT, label, ident, 32)


def _context(product: str, tcb: bytes) -> bytes:
    return product.encode() + b"\0" + tcb


@cache
def leaf(kind: str, product: str, ident: bytes, tcb: bytes) -> EcKey:
    """The key of a "vcek" or "vlek". IDENT is the hardware id as the certificate has it, or the CSP id; TCB
    is TCB_VERSION, 8 bytes."""
    seed = kdf(_secret(kind, ident), f"sevkit-test-{kind}-key", _context(product, tcb), 56)
    return EcKey(int.from_bytes(seed, "big") % (P384_ORDER - 1) + 1)


def root_secret(kind: str, product: str, ident: bytes, tcb: bytes) -> bytes:
    """What guest keys are derived from."""
    return kdf(_secret(kind, ident), f"sevkit-test-{kind}-root", _context(product, tcb), 32)


def forged_ec(label: str, curve: str = "secp384r1") -> EcKey:
    """A key that stands in no genuine certificate."""
    return EcKey(
        int.from_bytes(hashlib.sha256(f"sevkit forged {label}".encode()).digest()[:31], "big"), curve
    )


# The primes of forged RSA keys: the first ones above a number that follows from the label, by what they lie
# above it. harness/tests/test_reference_keys.py searches them again.
FORGED_PRIMES: dict[str, tuple[int, int]] = {
    "ark": (2772, 12),
    "ask": (74, 434),
    "asvk": (718, 1034),
    "rsa-2048": (972, 2244),
    "rsa-3072": (374, 4),
    "exponent-3": (5982, 1464),
}


def prime_start(label: str, which: str, size: int) -> int:
    """The odd number of SIZE bits, both top bits set, from which the search for a prime starts."""
    stream = kdf(CONSTANT, f"sevkit-forged-{which}", label.encode(), size // 8)
    return int.from_bytes(stream, "big") | 3 << (size - 2) | 1


@cache
def forged_rsa(label: str) -> RsaKey:
    """A key that no anchor knows: "ark", "ask", "asvk" (4096 bits), "rsa-2048", "rsa-3072", "exponent-3"."""
    size = {"rsa-2048": 1024, "rsa-3072": 1536}.get(label, 2048)
    p, q = (prime_start(label, which, size) + FORGED_PRIMES[label][i] for i, which in enumerate("pq"))
    return RsaKey(p, q, 3 if label == "exponent-3" else 65537)
