"""Cases of the family message with two faults: the earlier one is told."""

from __future__ import annotations

from typing import Any

from reference.bundle import Change
from reference.families._message import VMPCK, Cases, counts, moved, page, report_req
from reference.families._message_sequence import LAST
from reference.message import PAGE, patched

# What the names of the cases with two faults stand for.
FIELDS = {
    "algo": "ALGO",
    "hdr-version": "HDR_VERSION",
    "hdr-size": "HDR_SIZE",
    "size-zero": "MSG_SIZE",
    "size-unaligned": "MSG_SIZE",
    "size-over": "MSG_SIZE",
    "vmpck": "MSG_VMPCK",
    "tag": "AUTHTAG",
    "seqno": "MSG_SEQNO",
    "version": "MSG_VERSION",
    "type": "MSG_TYPE",
    "payload": "KEY_SEL",
}


LAUNCH: dict[str, Any] = {"guest": {"state": "LAUNCH"}}
BAD_SELECT = report_req(select=3)


def _forged(**fields: Any) -> bytes:
    """A page with FIELDS, and a bit of its tag turned."""
    data = page(key=VMPCK[0], **fields)
    return patched(data, {0: bytes([data[0] ^ 1])})


def _order(c: Cases) -> None:
    """Of two faults the earlier one is told."""
    rows: tuple[tuple[str, str, bytes, str, dict[str, Any]], ...] = (
        ("state-algo", "the guest is not RUNNING and ALGO is 2", page(algo=2), "INVALID_GUEST_STATE", LAUNCH),
        (
            "state-tag",
            "the guest is not RUNNING and the tag is wrong",
            _forged(),
            "INVALID_GUEST_STATE",
            LAUNCH,
        ),
        (
            "state-seqno",
            "the guest is not RUNNING and MSG_SEQNO is 3",
            page(seqno=3),
            "INVALID_GUEST_STATE",
            LAUNCH,
        ),
        ("algo-tag", "ALGO is 2 and the tag is wrong", _forged(algo=2), "INVALID_PARAM", {}),
        (
            "hdr-version-tag",
            "HDR_VERSION is 2 and the tag is wrong",
            _forged(hdr_version=2),
            "INVALID_PARAM",
            {},
        ),
        (
            "hdr-size-tag",
            "HDR_SIZE is 0x61 and the tag is wrong",
            _forged(hdr_size=0x61),
            "INVALID_PARAM",
            {},
        ),
        ("size-zero-tag", "MSG_SIZE is 0 and the tag is wrong", _forged(payload=b""), "INVALID_PARAM", {}),
        (
            "size-unaligned-tag",
            "MSG_SIZE is 0x68 and the tag is wrong",
            _forged(payload=report_req().ljust(0x68, b"\0")),
            "INVALID_PARAM",
            {},
        ),
        (
            "size-over-tag",
            "MSG_SIZE is 0xFB0 and the tag is wrong",
            _forged(payload=report_req().ljust(0xFB0, b"\0")),
            "INVALID_PARAM",
            {},
        ),
        ("vmpck-tag", "MSG_VMPCK is 4 and the tag is wrong", _forged(vmpck=4), "INVALID_PARAM", {}),
        ("algo-seqno", "ALGO is 2 and MSG_SEQNO is 3", page(algo=2, seqno=3), "INVALID_PARAM", {}),
        ("tag-seqno", "the tag is wrong and MSG_SEQNO is 3", _forged(seqno=3), "BAD_MEASUREMENT", {}),
        ("tag-version", "the tag is wrong and MSG_VERSION is 0", _forged(version=0), "BAD_MEASUREMENT", {}),
        ("tag-type", "the tag is wrong and MSG_TYPE is 0", _forged(type=0), "BAD_MEASUREMENT", {}),
        ("seqno-version", "MSG_SEQNO is 3 and MSG_VERSION is 0", page(seqno=3, version=0), "AEAD_OFLOW", {}),
        ("seqno-type", "MSG_SEQNO is 3 and MSG_TYPE is 0", page(seqno=3, type=0), "AEAD_OFLOW", {}),
        ("seqno-payload", "MSG_SEQNO is 3 and KEY_SEL is 3", page(BAD_SELECT, seqno=3), "AEAD_OFLOW", {}),
        (
            "version-payload",
            "MSG_VERSION is 2 and KEY_SEL is 3",
            page(BAD_SELECT, version=2),
            "INVALID_PARAM",
            {},
        ),
    )
    for name, defect, data, status, given in rows:
        first, _, second = name.rpartition("-")
        fields = ", ".join(FIELDS[part] for part in (first, second) if part != "state")
        changes: list[Change] = [("page", fields, None if name == "state-tag" else "vmpck0")]
        if given:
            changes.append(("guest.state", "STATE", None))
        c.mailbox(
            f"order-{name}",
            f"{defect[0].upper()}{defect[1:]}",
            "SNP-MSG-049",
            "order",
            data,
            status,
            defect=defect,
            changes=changes,
            **given,
        )
    c.mailbox(
        "order-tag-exhausted",
        "The tag is wrong and MsgCount is 2^64 - 2",
        "SNP-MSG-049",
        "order",
        _forged(seqno=LAST + 1),
        "BAD_MEASUREMENT",
        defect="the tag is wrong, MsgCount is 2^64 - 2 and MSG_SEQNO is 2^64 - 1",
        changes=[("page", "AUTHTAG, MSG_SEQNO", "vmpck0"), ("msg_count", "MsgCount0", None)],
        twin="end-last",
        msg_count=counts((LAST, 0, 0, 0)),
    )


def _order_places(c: Cases) -> None:
    """One of two faults is where a message lies."""
    c.mailbox(
        "order-state-header",
        "The guest is not RUNNING and the header crosses the end of its page",
        "SNP-MSG-049",
        "order",
        moved(page(), PAGE - 0x50),
        "INVALID_GUEST_STATE",
        defect="the guest is not RUNNING and the header crosses the end of its page by 16 bytes",
        changes=[("page", "place", None), ("request_at", "place", None), ("guest.state", "STATE", None)],
        twin="place-last",
        request_at=PAGE - 0x50,
        **LAUNCH,
    )

    def room(
        name: str, requirement: str, fault: str, data: bytes, status: str, change: Change, why: str = ""
    ) -> None:
        c.mailbox(
            f"order-{name}-room",
            f"{fault[0].upper()}{fault[1:]} and the response has no room{why}",
            requirement,
            "order",
            data,
            status,
            also=() if requirement == "SNP-MSG-048" else ("SNP-MSG-048",),
            defect=f"{fault} and the response does not fit into its page",
            changes=[change, ("response_at", "place", None)],
            twin="response-last",
            response_at=PAGE - 0x60 - 0x4C0 + 16,
        )

    tag: Change = ("page", "AUTHTAG", None)
    room("tag", "SNP-MSG-049", "the tag is wrong", _forged(), "BAD_MEASUREMENT", tag)
    seqno: Change = ("page", "MSG_SEQNO", "vmpck0")
    room("seqno", "SNP-MSG-049", "MSG_SEQNO is 3", page(seqno=3), "AEAD_OFLOW", seqno)
    select: Change = ("page", "KEY_SEL", "vmpck0")
    why = ": no response, so no payload status either"
    room("payload", "SNP-MSG-048", "KEY_SEL is 3", page(BAD_SELECT), "INVALID_PARAM", select, why)


def add(c: Cases) -> None:
    _order(c)
    _order_places(c)
