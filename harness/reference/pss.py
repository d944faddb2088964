"""RSA signatures by Python numbers: EMSA-PSS and PKCS#1 v1.5 (RFC 8017), with every parameter open.

The salt is that of docs/test-keys.md: the first bytes of SHA-384("sevkit-salt" || signed bytes), the digest
repeated where more than 48 are asked for.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache

from reference import der

RSA_PSS = "1.2.840.113549.1.1.10"
MGF1 = "1.2.840.113549.1.1.8"
RSA_ENCRYPTION = "1.2.840.113549.1.1.1"
HASH_OIDS = {
    "sha1": "1.3.14.3.2.26",
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
}
PKCS1_OIDS = {"sha256": "1.2.840.113549.1.1.11", "sha384": "1.2.840.113549.1.1.12"}


@dataclass(frozen=True)
class RsaKey:
    p: int
    q: int
    e: int = 65537

    @property
    def n(self) -> int:
        return self.p * self.q

    @property
    def size(self) -> int:
        """Bytes of the modulus and of a signature."""
        return (self.n.bit_length() + 7) // 8

    def raw(self, value: int) -> int:
        """value ** d mod n, by the Chinese remainder theorem."""
        p, q = self.p, self.q
        a = pow(value, pow(self.e, -1, p - 1), p)
        b = pow(value, pow(self.e, -1, q - 1), q)
        return b + q * ((a - b) * pow(q, -1, p) % p)

    def public(self) -> bytes:
        """RSAPublicKey of PKCS#1."""
        return der.sequence(der.integer(self.n), der.integer(self.e))

    def spki(self) -> bytes:
        algorithm = der.sequence(der.oid(RSA_ENCRYPTION), der.null())
        return der.sequence(algorithm, der.bits(self.public()))


@dataclass(frozen=True)
class Pss:
    """The parameters of RSASSA-PSS. A trailer is the trailerField of the AlgorithmIdentifier; the byte under
    the signature is BC for 1 and CC for any other."""

    hash: str = "sha384"
    mgf_hash: str = "sha384"
    salt: int = 48
    trailer: int = 1

    def algorithm(self, *, explicit_trailer: bool = False) -> bytes:
        """AlgorithmIdentifier: form A with an explicit trailer, form B without (certificate notes 1.1)."""
        parts = [
            der.explicit(0, hash_identifier(self.hash)),
            der.explicit(1, der.sequence(der.oid(MGF1), hash_identifier(self.mgf_hash))),
            der.explicit(2, der.integer(self.salt)),
        ]
        if explicit_trailer or self.trailer != 1:
            parts.append(der.explicit(3, der.integer(self.trailer)))
        return der.sequence(der.oid(RSA_PSS), der.sequence(*parts))


def hash_identifier(name: str) -> bytes:
    return der.sequence(der.oid(HASH_OIDS[name]), der.null())


AMD = Pss()
FORM_A = AMD.algorithm(explicit_trailer=True)
FORM_B = AMD.algorithm()


def pkcs1_algorithm(name: str = "sha384") -> bytes:
    return der.sequence(der.oid(PKCS1_OIDS[name]), der.null())


def mgf1(seed: bytes, size: int, name: str) -> bytes:
    out = b""
    while len(out) < size:
        counter = (len(out) // hashlib.new(name).digest_size).to_bytes(4, "big")
        out += hashlib.new(name, seed + counter).digest()
    return out[:size]


def salt_of(message: bytes, size: int) -> bytes:
    digest = hashlib.sha384(b"sevkit-salt" + message).digest()
    return (digest * (size // len(digest) + 1))[:size]


def emsa_pss(message: bytes, em_bits: int, how: Pss) -> bytes:
    """RFC 8017, section 9.1.1."""
    salt = salt_of(message, how.salt)
    digest = hashlib.new(how.hash, message).digest()
    h = hashlib.new(how.hash, bytes(8) + digest + salt).digest()
    size = (em_bits + 7) // 8
    db = bytes(size - len(salt) - len(h) - 2) + b"\x01" + salt
    masked = bytearray(a ^ b for a, b in zip(db, mgf1(h, len(db), how.mgf_hash), strict=True))
    masked[0] &= 0xFF >> (8 * size - em_bits)
    return bytes(masked) + h + (b"\xbc" if how.trailer == 1 else b"\xcc")


@cache
def sign(key: RsaKey, message: bytes, how: Pss = AMD) -> bytes:
    """RSASSA-PSS. Cached: one certificate goes into many vectors."""
    encoded = int.from_bytes(emsa_pss(message, key.n.bit_length() - 1, how), "big")
    return key.raw(encoded).to_bytes(key.size, "big")


@cache
def sign_pkcs1(key: RsaKey, message: bytes, name: str = "sha384") -> bytes:
    """RSASSA-PKCS1-v1_5 (RFC 8017, section 9.2)."""
    info = der.sequence(hash_identifier(name), der.octets(hashlib.new(name, message).digest()))
    encoded = b"\x00\x01" + b"\xff" * (key.size - len(info) - 3) + b"\x00" + info
    return key.raw(int.from_bytes(encoded, "big")).to_bytes(key.size, "big")
