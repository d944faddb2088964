"""Family response: pages that a guest gets as the response to its request."""

from __future__ import annotations

from typing import Any

from reference import message
from reference.bundle import Family
from reference.device_script import buffer_of, digest
from reference.families._device import (
    KEYS,
    SINCE_6_3,
    cite_twins,
    key_response,
    pattern,
    report_response,
    request_page,
    sealed,
)
from reference.families._device_notes import add_notes
from reference.message import Header, le

TEXT = """
Response pages, and whether the guest takes them. Op `response`: `request` has the fields of the request
that is waiting (`type` 5 REPORT_REQ or 3 KEY_REQ, `version`, `seqno`, `vmpck`), `vmpck` its key in hex,
`page` the 4096 bytes that came back. `kernels` lists the generations of Linux's sev-guest driver that agree
on the case. `buffer` is the SHA-384 of what the program gets, 4000 bytes of a report response, 64 of a key
response, zero after the message; null where nothing is written. `counter` and `wiped` are the driver's
message counter and whether its VMPCK is lost afterwards, `plain` its hypercalls. The reason of a refusal is
the ioctl's errno; `field` is no part of it: Linux has one errno for all, and `field` is what sevkit's own
end of the channel, which makes the same comparisons in the same order, names as the field that is wrong
(AUTHTAG where the tag does not verify). Cases in which that end compares more than Linux have no `field`.
`policy.header` is "linux", where only MSG_SEQNO, MSG_TYPE, MSG_VERSION, MSG_SIZE and the tag are looked at,
or "strict", where ALGO, HDR_VERSION, HDR_SIZE and MSG_VMPCK are compared as well (reason `header`).
"""

SEQNO = 7
RSP = SEQNO + 1
PAYLOAD = report_response()


# Of a response that does not verify 5.19 keeps the number; what 6.1.0 does is not known (AMB-105).
ADVANCING = SINCE_6_3


def given(
    page: bytes,
    *,
    kind: int = 5,
    version: int = 1,
    seqno: int = SEQNO,
    vmpck: int = 0,
    kernels: list[str] = ADVANCING,
) -> dict[str, Any]:
    """The input: PAGE came back for this request."""
    return {
        "op": "response",
        "kernels": kernels,
        "request": {"type": kind, "version": version, "seqno": hex(seqno), "vmpck": vmpck},
        "vmpck": KEYS[vmpck].hex(),
        "page": page,
    }


def page_of(payload: bytes = PAYLOAD, **more: Any) -> bytes:
    return sealed(payload, **{"seqno": RSP} | more)


def header(**more: Any) -> Header:
    return Header(seqno=RSP, type=6, size=len(PAYLOAD), **more)


def flipped(page: bytes, at: int, bit: int = 0) -> bytes:
    return message.patched(page, {at: bytes([page[at] ^ 1 << bit])})


class Maker:
    """The family while it is made."""

    def __init__(self) -> None:
        self.family = Family("response", "Responses as the guest gets them", TEXT)
        self.base = self.family.blob("report-rsp", page_of())
        self.key = self.family.blob("key-rsp", page_of(key_response(), kind=4))

    def taken(
        self, name: str, title: str, requirement: list[str], asked: dict[str, Any], **more: Any
    ) -> None:
        seqno = int(asked["request"]["seqno"], 16)
        output = {"buffer": self._buffer(asked), "plain": 1, "counter": seqno + 1, "wiped": False}
        self.family.valid(name, title, requirement, "response", asked, output, **more)

    @staticmethod
    def _buffer(asked: dict[str, Any]) -> str:
        """What the generator put into the page, not what the driver makes of it."""
        page, size = asked["page"], buffer_of(asked["request"]["type"])
        payload = message.opened(bytes.fromhex(asked["vmpck"]), page)
        assert payload is not None
        return digest(payload.ljust(size, b"\0"))

    def refused(
        self,
        name: str,
        requirement: list[str],
        page: bytes,
        defect: str,
        field: str,
        changed: str = "",
        *,
        told: bool = True,
        signer: str | None = None,
        twin: str = "base",
        asked: dict[str, Any] | None = None,
        title: str | None = None,
        **more: Any,
    ) -> None:
        """EBADMSG for FIELD; CHANGED is the field that was changed, if it is another; SIGNER sealed anew.
        TOLD: clients that compare more fields than Linux find no other one at fault."""
        asked = {**(asked or given(page)), "page": page}
        output = {"buffer": None, "plain": 1, "wiped": True}
        if asked["kernels"] != ["6.1.0"]:
            output["counter"] = SEQNO - 1 if asked["kernels"] == ["5.19"] else RSP
        self.family.invalid(
            name,
            f"{defect}: {title}" if title else defect,
            requirement,
            "response",
            asked,
            twin=twin,
            defect=defect,
            changes=[("page", changed or field, signer)],
            reason="EBADMSG",
            output=output | ({"field": field} if told else {}),
            **({"boundary": title} if title else {}) | more,
        )


def _taken(make: Maker) -> None:
    make.taken("base", "a REPORT_RSP as firmware seals it", ["SNP-MSG-017"], given(make.base))
    make.taken("key", "a KEY_RSP as firmware seals it", ["SNP-MSG-017"], given(make.key, kind=3))
    old = given(make.base, kernels=["5.19"])
    make.taken("base-5-19", "a REPORT_RSP as firmware seals it, to 5.19", ["SNP-MSG-017"], old)
    newer = given(make.base, kernels=["6.1.0"])
    make.taken("base-6-1", "a REPORT_RSP as firmware seals it, 6.1 and 6.2", ["SNP-MSG-017"], newer)
    for vmpck in (1, 3):
        make.taken(
            f"vmpck{vmpck}",
            f"a response under VMPCK{vmpck}",
            ["SNP-MSG-013"],
            given(page_of(vmpck=vmpck), vmpck=vmpck),
        )
    make.taken("first", "the first response, MSG_SEQNO 2", ["SNP-MSG-016"], given(page_of(seqno=2), seqno=1))
    last = 0xFFFFFFFD
    make.taken(
        "last",
        "the response to the last number that Linux sends",
        ["SNP-MSG-016"],
        given(page_of(seqno=last + 1), seqno=last),
    )
    make.taken(
        "version-2",
        "MSG_VERSION 2 in request and response",
        ["LNX-GUEST-053"],
        given(page_of(version=2), version=2),
    )
    make.taken(
        "reserved-28",
        "bytes 0x28 to 0x2F, which nothing protects, are not zero",
        ["SNP-MSG-012"],
        given(message.patched(make.base, {0x28: b"\xff" * 8})),
    )
    make.taken(
        "authtag-upper",
        "AUTHTAG bytes 0x10 to 0x1F are not zero",
        ["SNP-MSG-012"],
        given(message.patched(make.base, {0x10: b"\xff" * 16})),
    )
    make.taken(
        "reserved-38",
        "bytes 0x38 to 0x3B are not zero under the tag",
        ["SNP-MSG-012"],
        given(page_of(reserved_38=b"\xff" * 4)),
    )
    make.taken(
        "reserved-3d",
        "bytes 0x3D to 0x5F are not zero under the tag",
        ["SNP-MSG-012"],
        given(page_of(reserved_3d=b"\xff" * 35)),
    )
    make.taken(
        "after-payload",
        "the page goes on after the payload",
        ["LNX-GUEST-022"],
        given(make.base[: 0x60 + len(PAYLOAD)].ljust(message.PAGE, b"\xee")),
    )
    make.taken(
        "short",
        "a MSG_SIZE of 32 bytes, the STATUS and no report",
        ["LNX-GUEST-054"],
        given(page_of(PAYLOAD[:32])),
    )
    make.taken(
        "longest",
        "a MSG_SIZE of 4000, the whole page",
        ["LNX-GUEST-054"],
        given(page_of(PAYLOAD.ljust(4000, b"\x77"))),
    )
    make.taken(
        "status",
        "a STATUS that is not 0 is the client's to judge",
        ["SNP-MSG-002"],
        given(page_of(report_response(status=0x16))),
    )


def _policies(make: Maker) -> None:
    fields: list[tuple[str, str, dict[str, Any]]] = [
        ("algo", "ALGO", {"algo": 2}),
        ("hdr-version", "HDR_VERSION", {"hdr_version": 2}),
        ("hdr-size", "HDR_SIZE", {"hdr_size": 0x70}),
    ]
    for name, field, more in fields:
        make.family.policy(
            f"{name}-sealed",
            f"{field} has another value under a good tag",
            ["LNX-GUEST-056"],
            "response",
            given(page_of(**more)),
            accept={"header": "linux"},
            refuse={"header": "strict"},
            reason="header",
            twin="base",
            defect=f"{field} is not the one of this header version",
            changes=[("page", field, "vmpck0")],
        )
    page = message.seal(KEYS[0], header(vmpck=1), PAYLOAD)
    make.family.policy(
        "msg-vmpck-sealed",
        "MSG_VMPCK names another VMPCK than the one that sealed",
        ["LNX-GUEST-056"],
        "response",
        given(page),
        accept={"header": "linux"},
        refuse={"header": "strict"},
        reason="header",
        twin="base",
        defect="MSG_VMPCK is not the request's",
        changes=[("page", "MSG_VMPCK", "vmpck0")],
    )


def _sequence(make: Maker) -> None:
    row, again = ["LNX-GUEST-051", "SNP-MSG-016"], "vmpck0"
    wrong = "MSG_SEQNO is not the request's plus 1"
    rows: list[tuple[str, bytes, str, tuple[str, ...]]] = [
        ("same", page_of(seqno=SEQNO), "it is the request's", ()),
        ("replay", page_of(seqno=RSP - 2), "the response to the request before", ("dev-seqno-reuse",)),
        ("ahead", page_of(seqno=RSP + 2), "the response to a request to come", ("dev-seqno-reuse",)),
        ("zero", page_of(seqno=0), "it is 0", ()),
        ("high", page_of(seqno=RSP + (1 << 32)), "right in its lower 32 bits only", ()),
    ]
    for name, page, title, flags in rows:
        make.refused(f"seqno-{name}", row, page, wrong, "MSG_SEQNO", signer=again, title=title, flags=flags)
    make.refused(
        "seqno-edited",
        row,
        message.patched(make.base, {0x20: le(RSP + 2, 8)}),
        "MSG_SEQNO was changed after sealing",
        "MSG_SEQNO",
    )
    make.refused(
        "silent",
        row,
        bytes(message.PAGE),
        "the page holds no response",
        "MSG_SEQNO",
        "all",
        flags=["dev-return-code-vs-fw-err"],
    )
    make.refused(
        "reflected",
        row,
        request_page(SEQNO),
        "the page is the request itself",
        "MSG_SEQNO",
        "all",
    )


def _form(make: Maker) -> None:
    asked = given(make.key, kind=3)
    key = key_response()
    type_row, version_row, size_row = (
        ["LNX-GUEST-052", "SNP-MSG-017"],
        ["LNX-GUEST-053", "SNP-MSG-018"],
        ["LNX-GUEST-054", "SNP-MSG-024"],
    )
    types = [
        ("type-request", page_of(kind=5), "it is the request's"),
        ("type-key", page_of(kind=4), "that of a KEY_RSP"),
        ("type-zero", page_of(kind=0), "it is 0"),
        ("key-type-report", page_of(key, kind=6), "that of a REPORT_RSP, to a key request"),
    ]
    versions = [
        ("version-zero", page_of(version=0), "it is 0"),
        ("version-newer", page_of(version=2), "one above the request's"),
        ("version-older", page_of(version=1), "1 where the request has 2"),
    ]
    sizes = [
        ("size-4001", sized(make.base, 4001), "4001, a byte more than a report's"),
        ("size-ffff", sized(make.base, 0xFFFF), "beyond the page"),
        ("key-size-65", page_of(key + b"\0", kind=4), "65, a byte more than a key's"),
        (
            "key-size-report",
            page_of(key.ljust(len(PAYLOAD), b"\0"), kind=4),
            "a key response as long as a report's",
        ),
    ]
    for row, defect, field, rows in (
        (type_row, "MSG_TYPE is not the request's plus 1", "MSG_TYPE", types),
        (version_row, "MSG_VERSION is not the request's", "MSG_VERSION", versions),
        (size_row, "MSG_SIZE is above the buffer", "MSG_SIZE", sizes),
    ):
        for name, page, title in rows:
            older: dict[str, Any] = {"twin": "version-2", "asked": given(make.base, version=2)}
            to_key: dict[str, Any] = {"twin": "key", "asked": asked}
            more = older if name == "version-older" else to_key if name.startswith("key-") else {}
            signer = None if name in ("size-4001", "size-ffff") else "vmpck0"
            make.refused(name, row, page, defect, field, signer=signer, title=title, **more)


def sized(page: bytes, size: int) -> bytes:
    """PAGE stating another MSG_SIZE."""
    return message.patched(page, {0x36: le(size, 2)})


def _tag(make: Maker) -> None:
    base, row = make.base, ["LNX-GUEST-055", "SNP-MSG-007"]
    end = 0x60 + len(PAYLOAD) - 1
    tag, text, head = (
        "AUTHTAG is not the tag",
        "the ciphertext was changed after sealing",
        "a header byte under the tag was changed after sealing",
    )
    edits = [
        ("tag-first", flipped(base, 0x00), tag, "AUTHTAG", "a bit of its first byte"),
        ("tag-last", flipped(base, 0x0F), tag, "AUTHTAG", "a bit of its last byte"),
        ("tag-zero", message.patched(base, {0: bytes(16)}), tag, "AUTHTAG", "it is zero"),
        ("status-flipped", flipped(base, 0x60), text, "PAYLOAD", "a bit of its first byte"),
        ("payload-end", flipped(base, end), text, "PAYLOAD", "a bit of its last byte"),
        ("truncated", base[:0x100].ljust(message.PAGE, b"\0"), text, "PAYLOAD", "zero from 0x100 on"),
        ("algo", flipped(base, 0x30), head, "ALGO", "ALGO"),
        ("hdr-version", flipped(base, 0x31), head, "HDR_VERSION", "HDR_VERSION"),
        ("hdr-size", flipped(base, 0x32), head, "HDR_SIZE", "HDR_SIZE"),
        ("msg-vmpck", flipped(base, 0x3C), head, "MSG_VMPCK", "MSG_VMPCK"),
        ("aad-reserved", flipped(base, 0x38), head, "reserved 0x38", "reserved at 0x38"),
        ("aad-end", flipped(base, 0x5F), head, "reserved 0x3D", "the last header byte"),
        ("size-less", sized(base, len(PAYLOAD) - 16), head, "MSG_SIZE", "a smaller MSG_SIZE"),
        ("size-more", sized(base, len(PAYLOAD) + 16), head, "MSG_SIZE", "a larger MSG_SIZE"),
    ]
    for name, page, defect, changed, title in edits:
        told = changed not in ("ALGO", "HDR_VERSION", "HDR_SIZE", "MSG_VMPCK")
        make.refused(name, row, page, defect, "AUTHTAG", changed, told=told, title=title)
    make.refused(
        "tag-12",
        row,
        message.patched(base, {12: bytes(4)}),
        "a tag of 12 bytes, zero after it",
        "AUTHTAG",
    )
    make.refused(
        "tag-upper",
        row,
        message.patched(base, {0: bytes(16) + base[:16]}),
        "the tag is in the upper half of AUTHTAG",
        "AUTHTAG",
    )
    make.refused(
        "clear",
        row,
        base[:0x60] + PAYLOAD + base[0x60 + len(PAYLOAD) :],
        "the payload is in the clear",
        "AUTHTAG",
        "PAYLOAD",
    )


def _sealing(make: Maker) -> None:
    plain = header()
    aad = plain.encode()
    keys = [
        ("key-other", KEYS[1], "VMPCK1", "vmpck1"),
        ("key-stranger", pattern("another guest", 32), "another guest's VMPCK0", "stranger"),
        ("key-zero", bytes(32), "a key of zeros", "zero"),
    ]
    for name, key, title, signer in keys:
        page = message.seal(key, plain, PAYLOAD)
        defect = "sealed with another key than VMPCK0"
        make.refused(
            name, ["LNX-GUEST-055", "SNP-MSG-013"], page, defect, "AUTHTAG", "KEY", signer=signer, title=title
        )
    ivs = [
        ("iv-request", message.iv(SEQNO), "the request's"),
        ("iv-big-endian", bytes(4) + RSP.to_bytes(8, "big"), "MSG_SEQNO big-endian, at its end"),
        ("iv-shifted", bytes(4) + le(RSP, 8), "its zeros before MSG_SEQNO"),
        ("iv-zero", bytes(12), "zero"),
    ]
    for name, nonce, title in ivs:
        page = message.seal(KEYS[0], plain, PAYLOAD, nonce=nonce)
        defect = "sealed with another IV"
        make.refused(
            name,
            ["LNX-GUEST-055", "SNP-MSG-014"],
            page,
            defect,
            "AUTHTAG",
            "IV",
            signer="vmpck0",
            title=title,
        )
    aads = [
        ("aad-none", b"", "none"),
        ("aad-seqno", aad[0x20:0x60], "they begin at MSG_SEQNO"),
        ("aad-short", aad[0x30:0x40], "they end before the reserved bytes at 0x40"),
    ]
    for name, data, title in aads:
        page = message.seal(KEYS[0], plain, PAYLOAD, aad=data)
        defect = "sealed with other additional authenticated data"
        make.refused(
            name,
            ["LNX-GUEST-055", "SNP-MSG-007"],
            page,
            defect,
            "AUTHTAG",
            "AAD",
            signer="vmpck0",
            title=title,
        )


def _older(make: Maker) -> None:
    """The VMPCK is lost as later; 5.19 does not use the number up."""
    base, again = make.base, "vmpck0"
    rows = [
        (
            "seqno",
            "LNX-GUEST-051",
            page_of(seqno=RSP + 2),
            "MSG_SEQNO",
            "MSG_SEQNO is not the request's plus 1",
        ),
        ("type", "LNX-GUEST-052", page_of(kind=4), "MSG_TYPE", "MSG_TYPE is not the request's plus 1"),
        ("version", "LNX-GUEST-053", page_of(version=2), "MSG_VERSION", "MSG_VERSION is not the request's"),
        ("size", "LNX-GUEST-054", sized(base, 4001), "MSG_SIZE", "MSG_SIZE is above the buffer"),
        ("tag", "LNX-GUEST-055", flipped(base, 0), "AUTHTAG", "AUTHTAG is not the tag"),
    ]
    for kernel, title in (("5.19", "5.19, which keeps the number"), ("6.1.0", "6.1 and 6.2")):
        suffix = "-".join(kernel.split(".")[:2])
        for name, requirement, page, field, defect in rows:
            make.refused(
                f"{name}-{suffix}",
                [requirement, "LNX-GUEST-048"] if kernel == "5.19" else [requirement],
                page,
                defect,
                field,
                signer=again if name in ("seqno", "type", "version") else None,
                twin=f"base-{suffix}",
                asked=given(page, kernels=[kernel]),
                title=title,
            )


def build() -> Family:
    make = Maker()
    family = make.family
    add_notes(family)
    _taken(make)
    _policies(make)
    _sequence(make)
    _form(make)
    _tag(make)
    _sealing(make)
    _older(make)
    cite_twins(family)
    return family
