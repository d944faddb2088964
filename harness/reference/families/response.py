"""Family response (message-response.json): pages that a guest gets as the response to its request."""

from __future__ import annotations

from typing import Any

from reference import message
from reference.bundle import Family
from reference.device_script import buffer_of, digest
from reference.families._device import (
    ALL,
    KEYS,
    key_response,
    pattern,
    report_response,
    request_page,
    sealed,
)
from reference.message import Header, le

TEXT = """
Response pages, and whether the guest takes them. Op `response`: `request` has the fields of the request
that is waiting (`type` 5 REPORT_REQ or 3 KEY_REQ, `version`, `seqno`, `vmpck`), `vmpck` its key in hex,
`page` the 4096 bytes that came back. `kernels` lists the generations of Linux's sev-guest driver that agree
on the case. A valid case gives `buffer`, the SHA-384 of what the program gets: 4000 bytes of a report
response, 64 of a key response, zero after the message. The reason of a refusal is the ioctl's errno;
`field` says which field of the response it is about, AUTHTAG where the tag does not verify. `policy.header`
is "linux", where only MSG_SEQNO, MSG_TYPE, MSG_VERSION, MSG_SIZE and the tag are looked at, or "strict",
where ALGO, HDR_VERSION, HDR_SIZE and MSG_VMPCK are compared as well (reason `header`).
"""

SEQNO = 7
RSP = SEQNO + 1
PAYLOAD = report_response()


def given(
    page: bytes, *, kind: int = 5, version: int = 1, seqno: int = SEQNO, vmpck: int = 0
) -> dict[str, Any]:
    """The input: PAGE came back for this request."""
    return {
        "op": "response",
        "kernels": ALL,
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
        self.family = Family("response", "Responses as the guest gets them", TEXT, file="message-response")
        self.base = self.family.blob("report-rsp", page_of())
        self.key = self.family.blob("key-rsp", page_of(key_response(), kind=4))

    def taken(
        self, name: str, title: str, requirement: list[str], asked: dict[str, Any], **more: Any
    ) -> None:
        output = {"buffer": self._buffer(asked)}
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
        **more: Any,
    ) -> None:
        """EBADMSG for FIELD; CHANGED is the field that was changed, if it is another; SIGNER sealed anew.
        TOLD: clients that compare more fields than Linux find no other one at fault."""
        self.family.invalid(
            name,
            defect,
            requirement,
            "response",
            {**(asked or given(page)), "page": page},
            twin=twin,
            defect=defect,
            changes=[("page", changed or field, signer)],
            reason="EBADMSG",
            output={"field": field} if told else None,
            **more,
        )


def _taken(make: Maker) -> None:
    make.taken("base", "a REPORT_RSP as firmware seals it", ["SNP-MSG-017"], given(make.base))
    make.taken("key", "a KEY_RSP as firmware seals it", ["SNP-MSG-017"], given(make.key, kind=3))
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
    make.refused(
        "seqno-same", row, page_of(seqno=SEQNO), "MSG_SEQNO is the request's", "MSG_SEQNO", signer=again
    )
    make.refused(
        "seqno-replay",
        row,
        page_of(seqno=RSP - 2),
        "the response to the request before comes again",
        "MSG_SEQNO",
        signer=again,
        flags=["dev-seqno-reuse"],
    )
    make.refused(
        "seqno-ahead",
        row,
        page_of(seqno=RSP + 2),
        "the response to a request that was not sent yet",
        "MSG_SEQNO",
        signer=again,
        flags=["dev-seqno-reuse"],
    )
    make.refused("seqno-zero", row, page_of(seqno=0), "MSG_SEQNO is 0", "MSG_SEQNO", signer=again)
    make.refused(
        "seqno-high",
        row,
        page_of(seqno=RSP + (1 << 32)),
        "MSG_SEQNO is right in its lower 32 bits only",
        "MSG_SEQNO",
        signer=again,
    )
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
    again = "vmpck0"
    row = ["LNX-GUEST-052", "SNP-MSG-017"]
    make.refused("type-request", row, page_of(kind=5), "MSG_TYPE is the request's", "MSG_TYPE", signer=again)
    make.refused("type-key", row, page_of(kind=4), "MSG_TYPE is that of a KEY_RSP", "MSG_TYPE", signer=again)
    make.refused("type-zero", row, page_of(kind=0), "MSG_TYPE is 0", "MSG_TYPE", signer=again)
    make.refused(
        "key-type-report",
        row,
        page_of(key_response(), kind=6),
        "MSG_TYPE is that of a REPORT_RSP",
        "MSG_TYPE",
        signer=again,
        twin="key",
        asked=given(make.key, kind=3),
    )
    row = ["LNX-GUEST-053", "SNP-MSG-018"]
    make.refused("version-zero", row, page_of(version=0), "MSG_VERSION is 0", "MSG_VERSION", signer=again)
    make.refused(
        "version-newer",
        row,
        page_of(version=2),
        "MSG_VERSION is one above the request's",
        "MSG_VERSION",
        signer=again,
    )
    make.refused(
        "version-older",
        row,
        page_of(version=1),
        "a version 2 request is answered with version 1",
        "MSG_VERSION",
        signer=again,
        twin="version-2",
        asked=given(make.base, version=2),
        flags=["dev-msg-version-zero"],
    )
    row = ["LNX-GUEST-054", "SNP-MSG-024"]
    make.refused("size-4001", row, sized(make.base, 4001), "MSG_SIZE is one above the buffer", "MSG_SIZE")
    make.refused("size-ffff", row, sized(make.base, 0xFFFF), "MSG_SIZE goes beyond the page", "MSG_SIZE")
    make.refused(
        "key-size-65",
        row,
        page_of(key_response() + b"\0", kind=4),
        "a key response of 65 bytes",
        "MSG_SIZE",
        signer=again,
        twin="key",
        asked=given(make.key, kind=3),
    )
    make.refused(
        "key-size-report",
        row,
        page_of(kind=4),
        "a key response as long as a report's",
        "MSG_SIZE",
        signer=again,
        twin="key",
        asked=given(make.key, kind=3),
    )


def sized(page: bytes, size: int) -> bytes:
    """PAGE stating another MSG_SIZE."""
    return message.patched(page, {0x36: le(size, 2)})


def _tag(make: Maker) -> None:
    base, row = make.base, ["LNX-GUEST-055", "SNP-MSG-007"]
    end = 0x60 + len(PAYLOAD) - 1
    edits = [
        ("tag-first", 0x00, "AUTHTAG", "a bit of the tag's first byte is flipped"),
        ("tag-last", 0x0F, "AUTHTAG", "a bit of the tag's last byte is flipped"),
        ("status-flipped", 0x60, "STATUS", "a bit of the ciphertext's first byte is flipped"),
        ("payload-end", end, "payload", "a bit of the ciphertext's last byte is flipped"),
        ("algo", 0x30, "ALGO", "ALGO was changed after sealing"),
        ("hdr-version", 0x31, "HDR_VERSION", "HDR_VERSION was changed after sealing"),
        ("hdr-size", 0x32, "HDR_SIZE", "HDR_SIZE was changed after sealing"),
        ("msg-vmpck", 0x3C, "MSG_VMPCK", "MSG_VMPCK was changed after sealing"),
        ("aad-reserved", 0x38, "reserved", "the reserved bytes at 0x38 were changed after sealing"),
        ("aad-end", 0x5F, "reserved", "the last header byte was changed after sealing"),
    ]
    for name, at, changed, defect in edits:
        told = changed not in ("ALGO", "HDR_VERSION", "HDR_SIZE", "MSG_VMPCK")
        make.refused(name, row, flipped(base, at), defect, "AUTHTAG", changed, told=told)
    make.refused("tag-zero", row, message.patched(base, {0: bytes(16)}), "the tag is zero", "AUTHTAG")
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
        "size-less",
        row,
        sized(base, len(PAYLOAD) - 16),
        "MSG_SIZE was made smaller after sealing",
        "AUTHTAG",
        "MSG_SIZE",
    )
    make.refused(
        "size-more",
        row,
        sized(base, len(PAYLOAD) + 16),
        "MSG_SIZE was made larger after sealing",
        "AUTHTAG",
        "MSG_SIZE",
    )
    make.refused(
        "truncated",
        row,
        base[:0x100].ljust(message.PAGE, b"\0"),
        "the page ends at 0x100, zero after it",
        "AUTHTAG",
        "payload",
    )
    make.refused(
        "clear",
        row,
        base[:0x60] + PAYLOAD + base[0x60 + len(PAYLOAD) :],
        "the payload is in the clear",
        "AUTHTAG",
        "payload",
    )


def _sealing(make: Maker) -> None:
    plain = header()
    aad = plain.encode()
    rows = ["LNX-GUEST-055", "SNP-MSG-013"]
    other = message.seal(KEYS[1], plain, PAYLOAD)
    make.refused(
        "key-other", rows, other, "sealed with VMPCK1 where VMPCK0 was asked", "AUTHTAG", signer="vmpck1"
    )
    stranger = message.seal(pattern("another guest", 32), plain, PAYLOAD)
    make.refused(
        "key-stranger", rows, stranger, "sealed with another guest's VMPCK0", "AUTHTAG", signer="stranger"
    )
    zero = message.seal(bytes(32), plain, PAYLOAD)
    make.refused("key-zero", rows, zero, "sealed with a key of zeros", "AUTHTAG", signer="zero")
    rows = ["LNX-GUEST-055", "SNP-MSG-014"]
    ivs = [
        ("iv-request", message.iv(SEQNO), "the IV is the request's"),
        ("iv-big-endian", bytes(4) + RSP.to_bytes(8, "big"), "the IV is MSG_SEQNO big-endian, at its end"),
        ("iv-shifted", bytes(4) + le(RSP, 8), "the IV has its zeros before MSG_SEQNO"),
        ("iv-zero", bytes(12), "the IV is zero"),
    ]
    for name, nonce, defect in ivs:
        page = message.seal(KEYS[0], plain, PAYLOAD, nonce=nonce)
        make.refused(name, rows, page, defect, "AUTHTAG", "IV", signer="vmpck0")
    rows = ["LNX-GUEST-055", "SNP-MSG-007"]
    aads = [
        ("aad-none", b"", "sealed without additional authenticated data"),
        ("aad-seqno", aad[0x20:0x60], "the authenticated data begin at MSG_SEQNO"),
        ("aad-short", aad[0x30:0x40], "the authenticated data end before the reserved bytes at 0x40"),
    ]
    for name, data, defect in aads:
        page = message.seal(KEYS[0], plain, PAYLOAD, aad=data)
        make.refused(name, rows, page, defect, "AUTHTAG", "AAD", signer="vmpck0")


def build() -> Family:
    make = Maker()
    family = make.family
    family.note(
        "dev-seqno-reuse",
        bug_class="message counters",
        effect="an old response passes for the answer to a new request",
        origin="AMDESE/sev-guest#40",
    )
    family.note(
        "dev-msg-version-zero",
        bug_class="message version",
        effect="version 2 requests cannot be answered by firmware that knows version 1",
    )
    family.note(
        "dev-return-code-vs-fw-err",
        bug_class="two error channels",
        effect="a call that reports success brings no response; the stale buffer is parsed",
        origin="virtee/sev#238",
    )
    _taken(make)
    _policies(make)
    _sequence(make)
    _form(make)
    _tag(make)
    _sealing(make)
    return family
