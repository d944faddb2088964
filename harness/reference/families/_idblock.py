"""The idblock family: the block, its page, what is accepted, what is an open question."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from reference import id_block, p384
from reference.bundle import Change, Family
from reference.id_block import AUTHOR_KEY, ID_BLOCK_SIG, ID_KEY, ID_KEY_SIG, IdBlock, S, id_key

LAYER = "id-block"
KEY, AUTHOR, OTHER = id_key("id"), id_key("author"), id_key("other")
LD = hashlib.sha384(b"sevkit id block").digest()
POLICY = 0x30000
SIGNER = "id"
Input = dict[str, Any]


def put(page: bytes, at: int, new: bytes) -> bytes:
    return page[:at] + new + page[at + len(new) :]


def number(value: int) -> bytes:
    return value.to_bytes(id_block.NUMBER, "little")


def flip(page: bytes, at: int) -> bytes:
    return put(page, at, bytes([page[at] ^ 1]))


class Blocks:
    """Adds the cases to F."""

    def __init__(self, f: Family) -> None:
        self.f = f
        self.block = IdBlock(LD, POLICY, bytes(range(16)), bytes(range(0x80, 0x90)), 1, 7)
        self.raw = f.blob("block", self.block.encode())
        self.auth = f.blob("auth", id_block.make_auth(self.raw, KEY, AUTHOR))
        self.alone = f.blob("auth-no-author", id_block.make_auth(self.raw, KEY))
        self.inputs: dict[str, Input] = {}

    def given(self, **more: Any) -> Input:
        base = {"op": "idblock", "id_block": self.raw, "id_auth": self.auth, "auth_key_en": True}
        return {**base, "ld": LD.hex(), "guest_policy": hex(POLICY), **more}

    def good(self, id_: str, title: str, requirement: str | list[str], **more: Any) -> None:
        flags = more.pop("flags", ())
        given = self.inputs[id_] = self.given(**more)
        auth, block = given["id_auth"], given["id_block"]
        parsed = IdBlock.parse(block) if block else IdBlock(bytes(48), 0)
        author = given["auth_key_en"] and block
        output = {
            "id_block_en": int(block is not None),
            "author_key_en": int(given["auth_key_en"]),
            "family_id": parsed.family_id.hex(),
            "image_id": parsed.image_id.hex(),
            "guest_svn": parsed.guest_svn,
            "id_key_digest": hashlib.sha384(auth[0x240:0x644]).hexdigest() if block else "00" * 48,
            "author_key_digest": hashlib.sha384(auth[0x880:0xC84]).hexdigest() if author else "00" * 48,
        }
        requirements = [requirement] if isinstance(requirement, str) else requirement
        self.f.valid(id_, title, requirements, LAYER, given, output, flags=flags)

    def bad(
        self,
        id_: str,
        requirement: str | list[str],
        status: str,
        defect: str,
        new: Mapping[str, Any],
        fields: Sequence[Change],
        twin: str = "author",
        **more: Any,
    ) -> None:
        """The twin with members NEW. TITLE: the defect."""
        requirements = [requirement] if isinstance(requirement, str) else requirement
        self.f.invalid(
            id_,
            more.pop("title", defect),
            requirements,
            LAYER,
            {**self.inputs[twin], **new},
            twin=twin,
            defect=defect,
            changes=fields,
            status=status,
            **more,
        )

    def page(
        self,
        id_: str,
        requirement: str | list[str],
        defect: str,
        auth: bytes,
        field: str,
        signer: str | None = None,
        **more: Any,
    ) -> None:
        """The authentication page alone differs: BAD_SIGNATURE."""
        self.bad(
            id_,
            requirement,
            more.pop("status", "BAD_SIGNATURE"),
            defect,
            {"id_auth": auth},
            [("id_auth", field, signer)],
            **more,
        )

    def good_cases(self) -> None:
        self.good(
            "author",
            "ID block and ID key, certified by an author key",
            [
                "SNP-IDB-001",
                "SNP-IDB-002",
                "SNP-IDB-003",
                "SNP-IDB-004",
                "SNP-IDB-005",
                "SNP-IDB-006",
                "SNP-IDB-007",
                "SNP-IDB-008",
                "SNP-IDB-009",
                "SNP-IDB-010",
                "SNP-IDB-011",
                "SNP-IDB-012",
                "SNP-IDB-013",
                "SNP-IDB-015",
            ],
        )
        self.good(
            "no-author",
            "ID block and ID key alone: AUTHOR_KEY_DIGEST is zero",
            ["SNP-IDB-015", "SNP-IDB-009", "SNP-IDB-012", "SNP-IDB-013"],
            id_auth=self.alone,
            auth_key_en=False,
        )
        self.good(
            "none",
            "Neither: all that reports say of them is zero",
            "SNP-IDB-014",
            id_block=None,
            id_auth=None,
            auth_key_en=False,
        )
        self.good(
            "author-unused",
            "An author key on the page and AUTH_KEY_EN clear: not looked at",
            "SNP-IDB-015",
            auth_key_en=False,
        )
        junk = hashlib.sha384(b"junk").digest()
        self.good(
            "author-junk",
            "Without AUTH_KEY_EN neither author key nor its signature has to be right",
            ["SNP-IDB-012", "SNP-IDB-013"],
            auth_key_en=False,
            id_auth=put(put(self.alone, ID_KEY_SIG, junk), AUTHOR_KEY + 4, junk),
        )
        self.good(
            "author-algo-unused",
            "Without AUTH_KEY_EN AUTH_KEY_ALGO may be anything",
            "SNP-IDB-009",
            auth_key_en=False,
            id_auth=put(self.alone, 4, b"\x09"),
        )
        self.good(
            "same-key",
            "The ID key certifies itself",
            "SNP-IDB-013",
            id_auth=id_block.make_auth(self.raw, KEY, KEY),
        )
        self.good(
            "anonymous",
            "Another ID key: any key's block is accepted, its digest tells",
            "SNP-IDB-005",
            id_auth=id_block.make_auth(self.raw, OTHER, AUTHOR),
            flags=["policy-id-block-anonymous"],
        )
        bits = replace(self.block, policy=0x0000_0000_013B_0137).encode()
        self.good(
            "policy-bits",
            "A policy with many bits",
            "SNP-IDB-007",
            id_block=bits,
            guest_policy="0x13b0137",
            id_auth=id_block.make_auth(bits, KEY, AUTHOR),
        )
        svn = replace(self.block, guest_svn=0xFFFFFFFF).encode()
        self.good(
            "svn-max",
            "GUEST_SVN with all bits set",
            "SNP-IDB-015",
            id_block=svn,
            id_auth=id_block.make_auth(svn, KEY, AUTHOR),
        )
        r, s = KEY.sign(self.raw)
        twin_s = put(self.auth, ID_BLOCK_SIG + S, number(p384.N - s))
        self.good(
            "high-s",
            "The signature's other S, n - S: as good",
            "SNP-IDB-011",
            id_auth=twin_s,
            flags=["sig-high-s"],
        )
        del r

    def open_questions(self) -> None:
        """What only newer firmware might refuse."""
        version = replace(self.block, version=2).encode()
        auth = id_block.make_auth(version, KEY, AUTHOR)
        self.f.policy(
            "version-2",
            "VERSION is 2",
            ["SNP-IDB-016"],
            LAYER,
            self.given(id_block=version, id_auth=auth),
            accept={"check_version": False},
            refuse={"check_version": True},
            status="INVALID_PARAM",
        )
        zero = replace(self.block, version=0).encode()
        auth = id_block.make_auth(zero, KEY, AUTHOR)
        self.f.policy(
            "version-0",
            "VERSION is 0",
            ["SNP-IDB-016"],
            LAYER,
            self.given(id_block=zero, id_auth=auth),
            accept={"check_version": False},
            refuse={"check_version": True},
            status="INVALID_PARAM",
        )
        self.f.policy(
            "author-without-block",
            "AUTH_KEY_EN without an ID block",
            ["SNP-IDB-017"],
            LAYER,
            self.given(id_block=None),
            accept={"auth_key_needs_block": False},
            refuse={"auth_key_needs_block": True},
            status="INVALID_PARAM",
        )
        self.good(
            "author-without-block-answer",
            "AUTH_KEY_EN without an ID block where it is accepted: the digest is zero",
            "SNP-IDB-017",
            id_block=None,
            policy={"auth_key_needs_block": False},
        )
        upper = put(id_block.public_of(KEY), 4 + 71, b"\x80")
        for name, page, title, requirement in (
            (
                "id-key",
                put(put(self.auth, ID_KEY, upper), ID_KEY_SIG, id_block.sign(AUTHOR, upper)),
                "Byte 71 of the ID key's QX is 80h, and the author signed the key as it is",
                "SNP-IDB-010",
            ),
            (
                "author-key",
                put(self.auth, AUTHOR_KEY + 4 + 71, b"\x80"),
                "Byte 71 of the author key's QX is 80h",
                "SNP-IDB-012",
            ),
        ):
            self.f.policy(
                f"{name}-upper-bytes",
                title,
                [requirement],
                LAYER,
                self.given(id_auth=page),
                accept={"coordinates_cut": True},
                refuse={"coordinates_cut": False},
                status="BAD_SIGNATURE",
            )
        own = put(id_block.public_of(KEY), 0x403, b"\x01")
        key = put(put(self.auth, ID_KEY, own), ID_KEY_SIG, id_block.sign(AUTHOR, own))
        for name, page, title in (
            ("page-008", put(self.auth, 0x3F, b"\x01"), "A reserved byte behind the algorithms is set"),
            ("page-644", put(self.auth, 0x644, b"\x01"), "A reserved byte behind the ID key is set"),
            ("page-c84", put(self.auth, 0xFFF, b"\x01"), "The page's last byte is set"),
            ("key", key, "The ID key's last byte is set, and certified"),
            (
                "signature",
                put(self.auth, ID_BLOCK_SIG + 0x90, b"\x01"),
                "A byte behind S of ID_BLOCK_SIG is set",
            ),
            (
                "author-signature",
                put(self.auth, ID_KEY_SIG + 0x1FF, b"\x01"),
                "The last byte of ID_KEY_SIG is set",
            ),
            (
                "author-key",
                put(self.auth, AUTHOR_KEY + 0x94, b"\x01"),
                "A byte behind QY of AUTHOR_KEY is set",
            ),
        ):
            self.f.policy(
                f"mbz-{name}",
                title,
                ["SNP-IDB-018"],
                LAYER,
                self.given(id_auth=page),
                accept={"id_auth_mbz": False},
                refuse={"id_auth_mbz": True},
                status="INVALID_PARAM",
            )
