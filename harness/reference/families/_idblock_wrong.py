"""The idblock family: what is refused."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256

from reference import der, id_block, keys, p384
from reference.families._idblock import (
    AUTHOR,
    KEY,
    LD,
    OTHER,
    POLICY,
    SIGNER,
    Blocks,
    Input,
    flip,
    number,
    put,
)
from reference.id_block import AUTHOR_KEY, ID_BLOCK_SIG, ID_KEY, ID_KEY_SIG, QX, QY


def certified(auth: bytes) -> bytes:
    """The page AUTH with the author's signature of its ID key."""
    return put(auth, ID_KEY_SIG, id_block.sign(AUTHOR, auth[ID_KEY : ID_KEY + id_block.KEY_SIZE]))


class Refusals(Blocks):
    """Adds all cases of the family."""

    def wrong_block(self) -> None:
        other_ld, other_policy = "The guest's LD is not the block's", "The guest's policy is not the block's"
        for name, at, boundary in (("first", 0, None), ("last", 47, "the last byte alone")):
            self.bad(
                f"ld-{name}",
                "SNP-IDB-006",
                "BAD_MEASUREMENT",
                other_ld,
                {"ld": flip(LD, at).hex()},
                [("ld", f"byte {at}", None)],
                title=f"The guest's LD differs in its {name} byte",
                boundary=boundary,
            )
        self.bad(
            "ld-reversed",
            "SNP-IDB-006",
            "BAD_MEASUREMENT",
            "The block's LD is the guest's in reverse",
            {"ld": LD[::-1].hex()},
            [("ld", "all", None)],
        )
        zero = replace(self.block, ld=bytes(48)).encode()
        self.bad(
            "ld-zero",
            "SNP-IDB-006",
            "BAD_MEASUREMENT",
            "The block's LD is zero: no wildcard",
            {"id_block": zero, "id_auth": id_block.make_auth(zero, KEY, AUTHOR)},
            [("id_block", "LD", SIGNER), ("id_auth", "ID_BLOCK_SIG", SIGNER)],
        )
        for name, value, title in (
            ("low", POLICY | 1, "The guest's policy differs in its lowest bit"),
            ("debug", POLICY | 1 << 19, "The guest's policy allows debugging, the block's does not"),
            ("high", POLICY | 1 << 63, "The guest's policy differs in its highest bit"),
            ("subset", POLICY | 1 << 20, "The guest's policy is stricter than the block's"),
        ):
            self.bad(
                f"policy-{name}",
                "SNP-IDB-007",
                "POLICY_FAILURE",
                other_policy,
                {"guest_policy": hex(value)},
                [("guest_policy", "POLICY", None)],
                title=title,
                boundary=title,
            )
        for name, at, title in (
            ("family-id", 0x30, "FAMILY_ID was changed after signing"),
            ("image-id", 0x4F, "IMAGE_ID was changed after signing"),
            ("version", 0x50, "VERSION was changed after signing"),
            ("svn", 0x57, "GUEST_SVN was changed after signing"),
        ):
            self.bad(
                f"unsigned-{name}",
                "SNP-IDB-011",
                "BAD_SIGNATURE",
                "The ID block was changed after signing",
                {"id_block": flip(self.raw, at)},
                [("id_block", name.upper().replace("-", "_"), None)],
                title=title,
                boundary=name.upper().replace("-", "_"),
            )

    def wrong_algorithms(self) -> None:
        bad = {"status": "INVALID_PARAM"}
        for value in (0, 2, 0x101, 0x80000001):
            self.page(
                f"id-algo-{value:x}",
                "SNP-IDB-008",
                "ID_KEY_ALGO is not 1",
                put(self.auth, 0, struct.pack("<I", value)),
                "ID_KEY_ALGO",
                title=f"ID_KEY_ALGO is {value:#x}",
                boundary=f"{value:#x}",
                **bad,
            )
        for value in (0, 2, 0x1000001):
            self.page(
                f"author-algo-{value:x}",
                "SNP-IDB-009",
                "AUTH_KEY_ALGO is not 1",
                put(self.auth, 4, struct.pack("<I", value)),
                "AUTH_KEY_ALGO",
                title=f"AUTH_KEY_ALGO is {value:#x}",
                boundary=f"{value:#x}",
                **bad,
            )

    def _keys(self, at: int, own: bytes, requirement: str, whose: str, name: str) -> None:
        """Public keys that are none. OWN is the right one, AT its place."""
        x, y = int.from_bytes(own[QX:QY], "little"), int.from_bytes(own[QY : QY + 72], "little")
        big = bytes(24) + x.to_bytes(48, "big"), bytes(24) + y.to_bytes(48, "big")
        rows: tuple[tuple[str, bytes, str], ...] = (
            ("curve-0", struct.pack("<I", 0), "curve is 0"),
            ("curve-1", struct.pack("<I", 1), "curve is 1: another one"),
            ("curve-upper", struct.pack("<I", 0x102), "curve is 2 in its lowest byte only"),
            ("off-curve", own[:QY] + number(y ^ 1), "point is not on the curve"),
            ("zero", own[:QX] + bytes(144), "point is zero"),
            ("big-endian", own[:QX] + big[0] + big[1], "coordinates are big-endian"),
            ("swapped", own[:QX] + number(y) + number(x), "coordinates are exchanged"),
        )
        for case, new, defect in rows:
            # An ID key is certified anew, so that it alone is wrong; an author key has nobody above it.
            auth = put(self.auth, at, new)
            field, signer = whose.upper().replace(" ", "_"), None
            if at == ID_KEY:
                auth = certified(auth)
                field, signer = "ID_KEY, ID_KEY_SIG", "author"
            self.page(
                f"{name}-{case}",
                [requirement, "SNP-IDB-003"],
                f"{whose}'s {defect}",
                auth,
                field,
                signer,
            )

    def wrong_keys(self) -> None:
        self._keys(ID_KEY, id_block.public_of(KEY), "SNP-IDB-010", "ID key", "id-key")
        self._keys(AUTHOR_KEY, id_block.public_of(AUTHOR), "SNP-IDB-012", "Author key", "author-key")
        self.page(
            "id-key-absent",
            "SNP-IDB-010",
            "The ID key is all zero",
            certified(put(self.auth, ID_KEY, bytes(id_block.KEY_SIZE))),
            "ID_KEY, ID_KEY_SIG",
            "author",
        )
        self.page(
            "author-absent",
            "SNP-IDB-012",
            "AUTH_KEY_EN, and the page has no author key",
            put(self.alone, 4, b"\x01"),
            "AUTHOR_KEY, ID_KEY_SIG",
        )

    def _signatures(
        self, at: int, key: keys.EcKey, message: bytes, requirement: str, whose: str, name: str
    ) -> None:
        """Signatures that are none. KEY signs MESSAGE rightly at AT."""
        r, s = key.sign(message)

        def both(new_r: int, new_s: int) -> bytes:
            return id_block.signature(new_r, new_s)

        weak = utils.decode_dss_signature(
            key.private().sign(message, ec.ECDSA(SHA256(), deterministic_signing=True))
        )
        big = (bytes(24) + r.to_bytes(48, "big") + bytes(24) + s.to_bytes(48, "big")).ljust(0x200, b"\0")
        as_der = der.sequence(der.integer(r), der.integer(s)).ljust(0x200, b"\0")
        rows: tuple[tuple[str, bytes, str, str | None], ...] = (
            ("r-zero", both(0, s), "R is zero", "sig-r-zero"),
            ("s-zero", both(r, 0), "S is zero", "sig-r-zero"),
            ("both-zero", bytes(0x200), "R and S are zero", "sig-r-zero"),
            ("r-order", both(p384.N, s), "R is the order n", "sig-r-ge-n"),
            ("r-plus-n", both(r + p384.N, s), "R is R + n", "sig-r-ge-n"),
            ("s-plus-n", both(r, s + p384.N), "S is S + n", "sig-r-ge-n"),
            ("r-upper", both(r | 1 << 575, s), "R's upper bytes are not zero", "sig-hi-24-bytes-nonzero"),
            ("s-upper", both(r, s | 1 << 384), "S's upper bytes are not zero", "sig-hi-24-bytes-nonzero"),
            ("r-changed", both(r ^ 1, s), "R differs by a bit", "sig-body-bit-sweep"),
            ("s-changed", both(r, s ^ 1 << 383), "S differs by a bit", "sig-body-bit-sweep"),
            ("swapped", both(s, r), "R and S are exchanged", None),
            ("big-endian", big, "R and S are big-endian", "sig-big-endian"),
            ("der", as_der, "R and S are in DER", "sig-big-endian"),
            ("sha256", both(*weak), "the digest is SHA-256", "sig-digest-sha256"),
            ("other-key", id_block.sign(OTHER, message), "another key made it", None),
        )
        for case, new, defect, flag in rows:
            signer = {"sha256": "id" if key is KEY else "author", "other-key": "other"}.get(case)
            self.page(
                f"{name}-{case}",
                [requirement, "SNP-IDB-004"],
                f"{whose}: {defect}",
                put(self.auth, at, new),
                whose,
                signer,
                flags=[flag] if flag else (),
            )

    def wrong_signatures(self) -> None:
        own = id_block.public_of(KEY)
        self._signatures(ID_BLOCK_SIG, KEY, self.raw, "SNP-IDB-011", "ID_BLOCK_SIG", "block-sig")
        self._signatures(ID_KEY_SIG, AUTHOR, own, "SNP-IDB-013", "ID_KEY_SIG", "key-sig")
        xy = own[QX : QY + 72]
        rows: tuple[tuple[str, str, int, keys.EcKey, bytes, str], ...] = (
            (
                "block-sig-part",
                "SNP-IDB-011",
                ID_BLOCK_SIG,
                KEY,
                self.raw[:0x58],
                "covers the block without POLICY",
            ),
            (
                "block-sig-digest",
                "SNP-IDB-011",
                ID_BLOCK_SIG,
                KEY,
                hashlib.sha384(self.raw).digest(),
                "is over the block's digest: hashed twice",
            ),
            ("block-sig-by-author", "SNP-IDB-011", ID_BLOCK_SIG, AUTHOR, self.raw, "is the author key's"),
            (
                "key-sig-part",
                "SNP-IDB-013",
                ID_KEY_SIG,
                AUTHOR,
                own[:0x94],
                "covers the ID key without reserved bytes",
            ),
            ("key-sig-point", "SNP-IDB-013", ID_KEY_SIG, AUTHOR, xy, "covers the ID key's coordinates alone"),
            (
                "key-sig-digest",
                "SNP-IDB-013",
                ID_KEY_SIG,
                AUTHOR,
                hashlib.sha384(own).digest(),
                "is over the ID key's digest: hashed twice",
            ),
            ("key-sig-block", "SNP-IDB-013", ID_KEY_SIG, AUTHOR, self.raw, "is over the ID block"),
            ("key-sig-by-id", "SNP-IDB-013", ID_KEY_SIG, KEY, own, "is the ID key's own"),
        )
        for name, requirement, at, key, message, defect in rows:
            which = "ID_BLOCK_SIG" if at == ID_BLOCK_SIG else "ID_KEY_SIG"
            signer = "author" if key is AUTHOR else "id"
            self.page(
                name,
                requirement,
                f"{which} {defect}",
                put(self.auth, at, id_block.sign(key, message)),
                which,
                signer,
            )
        self.page(
            "key-reserved-uncertified",
            "SNP-IDB-013",
            "A reserved byte of the ID key was changed after signing",
            put(self.auth, ID_KEY + 0x403, b"\x01"),
            "ID_KEY",
        )
        self.page(
            "id-key-uncertified",
            "SNP-IDB-013",
            "Another ID key signs the block, with the old certificate",
            put(
                put(self.auth, ID_KEY, id_block.public_of(OTHER)),
                ID_BLOCK_SIG,
                id_block.sign(OTHER, self.raw),
            ),
            "ID_KEY, ID_BLOCK_SIG",
            "other",
        )
        self.page(
            "no-author-signature",
            "SNP-IDB-011",
            "Without an author: ID_BLOCK_SIG differs by a bit",
            flip(self.alone, ID_BLOCK_SIG),
            "ID_BLOCK_SIG",
            twin="no-author",
        )

    def wrong_order(self) -> None:
        """Two faults: the earlier check answers."""
        bad: dict[str, tuple[str, Any, str]] = {
            "ld": ("ld", flip(LD, 3).hex(), "LD"),
            "policy": ("guest_policy", hex(POLICY | 1 << 19), "POLICY"),
            "id-algo": ("id_auth", lambda p: put(p, 0, b"\x02"), "ID_KEY_ALGO"),
            "author-algo": ("id_auth", lambda p: put(p, 4, b"\x02"), "AUTH_KEY_ALGO"),
            "curve": ("id_auth", lambda p: certified(put(p, ID_KEY, b"\x01")), "ID_KEY curve, ID_KEY_SIG"),
            "block-sig": ("id_auth", lambda p: flip(p, ID_BLOCK_SIG), "ID_BLOCK_SIG"),
            "author-curve": ("id_auth", lambda p: put(p, AUTHOR_KEY, b"\x01"), "AUTHOR_KEY curve"),
            "key-sig": ("id_auth", lambda p: flip(p, ID_KEY_SIG), "ID_KEY_SIG"),
        }
        rules = {
            "ld": ("SNP-IDB-006", "BAD_MEASUREMENT"),
            "policy": ("SNP-IDB-007", "POLICY_FAILURE"),
            "id-algo": ("SNP-IDB-008", "INVALID_PARAM"),
            "author-algo": ("SNP-IDB-009", "INVALID_PARAM"),
        }
        pairs = (
            ("ld", "policy"),
            ("ld", "id-algo"),
            ("ld", "author-algo"),
            ("ld", "block-sig"),
            ("policy", "id-algo"),
            ("policy", "author-algo"),
            ("policy", "curve"),
            ("policy", "block-sig"),
            ("id-algo", "curve"),
            ("id-algo", "block-sig"),
            ("author-algo", "curve"),
            ("author-algo", "block-sig"),
            ("author-algo", "author-curve"),
            ("author-algo", "key-sig"),
        )
        for first, second in pairs:
            given: Input = {}
            for member, value, _ in (bad[first], bad[second]):
                edit: Callable[[bytes], bytes] | None = value if callable(value) else None
                given[member] = edit(given.get(member, self.auth)) if edit else value
            requirement, status = rules[first]
            one, two = bad[first], bad[second]
            changes = [(one[0], one[2], None), (two[0], two[2], None)]
            if one[0] == two[0]:
                changes = [(one[0], f"{one[2]}, {two[2]}", None)]
            late = two[2].split(", ")[0]
            defect = f"{one[2]} and {late} are both wrong: {one[2]} is answered"
            self.bad(f"order-{first}-{second}", requirement, status, defect, given, changes)

    def all(self) -> None:
        self.good_cases()
        self.open_questions()
        self.wrong_block()
        self.wrong_algorithms()
        self.wrong_keys()
        self.wrong_signatures()
        self.wrong_order()
