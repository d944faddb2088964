"""ID block and ID authentication page: layout, making, the checks of LAUNCH_FINISH (launch notes, 4 to 6).

The keys are ours and published: the private scalar of key NAME is the 56-byte number
KDF(constant, "sevkit-test-id-key", NAME, 56), big-endian, modulo n - 1, plus 1, with the KDF and the
constant of docs/test-keys.md. A signature by them proves nothing.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from reference import keys, p384

BLOCK_SIZE = 0x60
AUTH_SIZE = 0x1000
KEY_SIZE = 0x404
SIGNATURE_SIZE = 0x200
NUMBER = 72  # bytes of a coordinate or of R or S, little-endian
CURVE_P384 = 2
ALGO_P384_SHA384 = 1

# Offsets in the ID authentication page.
ID_KEY_ALGO, AUTH_KEY_ALGO = 0x000, 0x004
ID_BLOCK_SIG, ID_KEY, ID_KEY_SIG, AUTHOR_KEY = 0x040, 0x240, 0x680, 0x880
RESERVED = ((0x008, 0x040), (0x644, 0x680), (0xC84, 0x1000))  # from, to
# Offsets in a public key and in a signature.
QX, QY, KEY_RESERVED = 0x004, 0x04C, 0x094
R, S, SIGNATURE_RESERVED = 0x000, 0x048, 0x090


class RefusedError(Exception):
    """A firmware status of LAUNCH_FINISH."""

    def __init__(self, status: str, text: str) -> None:
        super().__init__(text)
        self.status = status


# ---- layout ----


@dataclass(frozen=True)
class IdBlock:
    ld: bytes
    policy: int
    family_id: bytes = bytes(16)
    image_id: bytes = bytes(16)
    version: int = 1
    guest_svn: int = 0

    def encode(self) -> bytes:
        ids = self.ld + self.family_id + self.image_id
        return ids + struct.pack("<IIQ", self.version, self.guest_svn, self.policy)  # @req SNP-IDB-001

    @classmethod
    def parse(cls, data: bytes) -> IdBlock:
        ld, family, image, version, svn, policy = struct.unpack("<48s16s16sIIQ", data)
        return cls(ld, policy, family, image, version, svn)


@cache
def id_key(name: str) -> keys.EcKey:
    """Our key NAME."""
    seed = keys.kdf(keys.CONSTANT, "sevkit-test-id-key", name.encode(), 56)
    return keys.EcKey(int.from_bytes(seed, "big") % (p384.N - 1) + 1)


def public(x: int, y: int, curve: int = CURVE_P384) -> bytes:
    """A public key, 0x404 bytes (SNP-IDB-003)."""
    numbers = x.to_bytes(NUMBER, "little") + y.to_bytes(NUMBER, "little")
    return (struct.pack("<I", curve) + numbers).ljust(KEY_SIZE, b"\0")


def public_of(key: keys.EcKey) -> bytes:
    return public(*key.point())


def signature(r: int, s: int) -> bytes:
    """A signature, 0x200 bytes (SNP-IDB-004)."""
    return (r.to_bytes(NUMBER, "little") + s.to_bytes(NUMBER, "little")).ljust(SIGNATURE_SIZE, b"\0")


def sign(key: keys.EcKey, message: bytes) -> bytes:
    return signature(*key.sign(message))


@dataclass(frozen=True)
class IdAuth:
    """The page, field by field (SNP-IDB-002); the author's part may be zero."""

    id_block_sig: bytes
    id_key: bytes
    id_key_sig: bytes = bytes(SIGNATURE_SIZE)
    author_key: bytes = bytes(KEY_SIZE)
    id_key_algo: int = ALGO_P384_SHA384
    auth_key_algo: int = ALGO_P384_SHA384

    def encode(self) -> bytes:
        out = struct.pack("<II", self.id_key_algo, self.auth_key_algo).ljust(ID_BLOCK_SIG, b"\0")
        out = (out + self.id_block_sig + self.id_key).ljust(ID_KEY_SIG, b"\0")
        return (out + self.id_key_sig + self.author_key).ljust(AUTH_SIZE, b"\0")

    @classmethod
    def parse(cls, data: bytes) -> IdAuth:
        id_algo, author_algo = struct.unpack_from("<II", data)

        def part(at: int, size: int) -> bytes:
            return data[at : at + size]

        return cls(
            part(ID_BLOCK_SIG, SIGNATURE_SIZE),
            part(ID_KEY, KEY_SIZE),
            part(ID_KEY_SIG, SIGNATURE_SIZE),
            part(AUTHOR_KEY, KEY_SIZE),
            id_algo,
            author_algo,
        )


def make_auth(block: bytes, key: keys.EcKey, author: keys.EcKey | None = None) -> bytes:
    """The page of BLOCK, signed by KEY, which AUTHOR certifies."""
    signed, own = sign(key, block), public_of(key)
    if author is None:
        return IdAuth(signed, own, auth_key_algo=0).encode()
    return IdAuth(signed, own, sign(author, own), public_of(author)).encode()


def digest(key: bytes) -> str:
    """ID_KEY_DIGEST, AUTHOR_KEY_DIGEST: of all 0x404 bytes (SNP-IDB-005)."""
    return hashlib.sha384(key).hexdigest()


# ---- the checks ----


@dataclass(frozen=True)
class Finish:
    """What LAUNCH_FINISH looks at. BLOCK is None without ID_BLOCK_EN."""

    block: bytes | None
    auth: bytes
    auth_key_en: bool
    ld: bytes
    policy: int
    options: Mapping[str, bool] = field(default_factory=dict)

    def on(self, option: str) -> bool:
        return bool(self.options.get(option, False))


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + NUMBER], "little")


def point_of(key: bytes, whose: str, *, cut: bool = False) -> tuple[int, int]:
    """A public key's point, if it is one. CUT: nobody looks at the upper 24 bytes of its numbers."""
    if int.from_bytes(key[:4], "little") != CURVE_P384:
        raise RefusedError("BAD_SIGNATURE", f"{whose}: curve")
    x, y = _number(key, QX), _number(key, QY)
    if cut:
        x, y = x % (1 << 384), y % (1 << 384)
    if not p384.on_curve(x, y):
        raise RefusedError("BAD_SIGNATURE", f"{whose}: no point of P-384")
    return x, y


def signed_by(point: tuple[int, int], message: bytes, signed: bytes) -> bool:
    """Whether a signature's bytes are the key POINT's over MESSAGE."""
    return p384.verify(point, message, _number(signed, R), _number(signed, S))


def _verify(key: bytes, message: bytes, signed: bytes, whose: str, *, cut: bool) -> None:
    if not signed_by(point_of(key, whose, cut=cut), message, signed):
        raise RefusedError("BAD_SIGNATURE", f"{whose}: its signature")


def _reserved_is_zero(auth: bytes, auth_key_en: bool) -> bool:
    """UNCONFIRMED that anything looks: the page's own, then those of what is used of it."""
    used = [(ID_KEY, ID_BLOCK_SIG)] + ([(AUTHOR_KEY, ID_KEY_SIG)] if auth_key_en else [])
    places = list(RESERVED)
    for key, signed in used:
        places += [(key + KEY_RESERVED, key + KEY_SIZE)]
        places += [(signed + SIGNATURE_RESERVED, signed + SIGNATURE_SIZE)]
    return not any(any(auth[start:end]) for start, end in places)


def check(finish: Finish) -> dict[str, object]:
    """The checks in the notes' order (section 6, from 6 on); what reports say afterwards."""
    if finish.block is None:
        if finish.auth_key_en and finish.on("auth_key_needs_block"):
            raise RefusedError("INVALID_PARAM", "AUTH_KEY_EN without ID_BLOCK_EN")  # @req SNP-IDB-017
        return _result(IdBlock(bytes(48), 0), "00" * 48, finish.auth_key_en, "00" * 48, False)
    block, auth = IdBlock.parse(finish.block), IdAuth.parse(finish.auth)
    if block.ld != finish.ld:
        raise RefusedError("BAD_MEASUREMENT", "LD")  # @req SNP-IDB-006
    if block.policy != finish.policy:
        raise RefusedError("POLICY_FAILURE", "POLICY")  # @req SNP-IDB-007
    if finish.on("check_version") and block.version != 1:
        raise RefusedError("INVALID_PARAM", "VERSION")  # @req SNP-IDB-016
    if auth.id_key_algo != ALGO_P384_SHA384:
        raise RefusedError("INVALID_PARAM", "ID_KEY_ALGO")  # @req SNP-IDB-008
    if finish.auth_key_en and auth.auth_key_algo != ALGO_P384_SHA384:
        raise RefusedError("INVALID_PARAM", "AUTH_KEY_ALGO")  # @req SNP-IDB-009
    if finish.on("id_auth_mbz") and not _reserved_is_zero(finish.auth, finish.auth_key_en):
        raise RefusedError("INVALID_PARAM", "reserved bytes")  # @req SNP-IDB-018
    cut = finish.on("coordinates_cut")
    _verify(auth.id_key, finish.block, auth.id_block_sig, "ID key", cut=cut)  # @req SNP-IDB-010 SNP-IDB-011
    if finish.auth_key_en:  # @req SNP-IDB-012 SNP-IDB-013
        _verify(auth.author_key, auth.id_key, auth.id_key_sig, "author key", cut=cut)
    author = digest(auth.author_key) if finish.auth_key_en else "00" * 48
    return _result(block, digest(auth.id_key), finish.auth_key_en, author, True)


def _result(
    block: IdBlock, id_key_digest: str, author_key_en: bool, author_key_digest: str, present: bool
) -> dict[str, object]:
    return {
        "id_block_en": int(present),
        "author_key_en": int(author_key_en),
        "family_id": block.family_id.hex(),
        "image_id": block.image_id.hex(),
        "guest_svn": block.guest_svn,
        "id_key_digest": id_key_digest,
        "author_key_digest": author_key_digest,
    }
