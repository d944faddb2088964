"""What the parts of family message share: requests, and what is expected of their answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from reference.bundle import Family
from reference.message import KEY, PAGE, REPORT, TSC_INFO, Header, le, seal

GENOA = "genoa-1.55.40-v3-vcek"
GENOA_KNOWN = "genoa-1.55.25-v2-vcek"  # the firmware whose behaviour the notes know
MILAN_V2 = "milan-1.58.0-v5-vcek"  # takes a version 2 KEY_REQ
# Sizes and answer of version 2 are not confirmed: a case says which it means.
V2_POLICY: dict[str, Any] = {"key_req_v2_sizes": [0x28, 0x30], "key_rsp_v2_version": 2}

VMPCK = [bytes(range(16 * n, 16 * n + 32)) for n in range(4)]
REPORT_DATA = bytes(range(0x40, 0x80))
COUNTS = (0, 0, 0, 0)
REPORT_RSP, KEY_RSP, TSC_RSP = 0x4C0, 0x40, 0x80


def report_req(vmpl: int = 0, select: int = 0, reserved: bytes = bytes(24)) -> bytes:
    """REPORT_REQ's payload."""
    return REPORT_DATA + le(vmpl, 4) + le(select, 4) + reserved


def key_req(select: int = 0, reserved: int = 0, fields: int = 0, vmpl: int = 0) -> bytes:
    """KEY_REQ's payload, version 1, without SVN and TCB."""
    return le(select, 4) + le(reserved, 4) + le(fields, 8) + le(vmpl, 4) + bytes(12)


def header(payload: bytes, type: int = REPORT, **fields: Any) -> Header:
    """A right header, but for FIELDS."""
    return replace(Header(seqno=1, type=type, size=len(payload)), **fields)


def page(payload: bytes | None = None, *, key: bytes | None = None, **fields: Any) -> bytes:
    """A request page: REPORT_REQ unless told otherwise, sealed with the VMPCK that it names."""
    sent = report_req() if payload is None else payload
    head = header(sent, **fields)
    return seal(VMPCK[head.vmpck] if key is None else key, head, sent)


def moved(data: bytes, at: int) -> bytes:
    """The message of page DATA at offset AT, cut at the page's end."""
    return (bytes(at) + data)[:PAGE]


def request(data: bytes, profile: str = GENOA, **more: Any) -> dict[str, Any]:
    """A case's input."""
    keys = [key.hex() for key in VMPCK]
    return {"op": "request", "profile": profile, "vmpck": keys, "page": data, **more}


def counts(values: Iterable[int]) -> list[str]:
    """MsgCounts as the file has them."""
    return [hex(value) for value in values]


def untouched(status: str, msg_count: Iterable[int] = COUNTS) -> dict[str, Any]:
    """The output of a request that gets no response."""
    return {"mailbox": status, "response": "untouched", "msg_count": counts(msg_count)}


def answered(
    data: bytes,
    status: str = "SUCCESS",
    *,
    msg_count: Iterable[int] = COUNTS,
    at: int = 0,
    content: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The output of the request in page DATA when it is answered; MSG_COUNT before it."""
    head = Header.decode(data[at:])
    grown = list(msg_count)
    grown[head.vmpck] += 2
    good = status == "SUCCESS"
    response: dict[str, Any] = {
        "status": status,
        "type": head.type + 1,
        "version": head.version,
        "seqno": hex(head.seqno + 1),
        "vmpck": head.vmpck,
        "size": {REPORT: REPORT_RSP, TSC_INFO: TSC_RSP}.get(head.type, KEY_RSP),
        "body": "filled" if good else "zero",
    }
    if head.type == REPORT:
        if good:  # after a failure it is a switch, AMB-09
            response["report_size"] = 0x4A0
        response["report_data"] = (REPORT_DATA if good else bytes(64)).hex()
        response["vmpl"] = 0
        response["signature"] = "set" if good else "zero"
    response |= content or {}
    return {"mailbox": "SUCCESS", "response": response, "msg_count": counts(grown)}


class Cases:
    """The family with the shapes of its cases."""

    def __init__(self, family: Family) -> None:
        self.family = family

    def good(
        self,
        name: str,
        title: str,
        requirement: str,
        layer: str,
        data: bytes,
        *,
        also: tuple[str, ...] = (),
        expect: Mapping[str, Any] | None = None,
        flags: tuple[str, ...] = (),
        **given: Any,
    ) -> str:
        """A request that is granted."""
        output = answered(data) if expect is None else expect
        return self.family.valid(
            name, title, (requirement, *also), layer, request(data, **given), output, flags=flags
        )

    def mailbox(
        self,
        name: str,
        title: str,
        requirement: str,
        layer: str,
        data: bytes,
        status: str,
        *,
        defect: str,
        changes: Iterable[tuple[str, str, str | None]],
        twin: str = "report",
        also: tuple[str, ...] = (),
        expect: Mapping[str, Any] | None = None,
        flags: tuple[str, ...] = (),
        boundary: str | None = None,
        **given: Any,
    ) -> str:
        """A request that gets a mailbox status and no response."""
        counted = (int(count, 16) for count in given.get("msg_count", counts(COUNTS)))
        return self.family.invalid(
            name,
            title,
            (requirement, *also, "SNP-MSG-003"),
            layer,
            request(data, **given),
            twin=twin,
            defect=defect,
            changes=changes,
            status=status,
            output=untouched(status, counted) if expect is None else expect,
            flags=flags,
            boundary=boundary,
        )

    def resealed(
        self,
        name: str,
        requirement: str,
        field: str,
        defect: str,
        data: bytes,
        *,
        title: str | None = None,
        **more: Any,
    ) -> str:
        """A header of which FIELD is wrong, authentic: INVALID_PARAM. TITLE: the defect."""
        title = f"{title or defect}, authentic"
        changes = [("page", field, "vmpck0")]
        return self.mailbox(
            name, title, requirement, "header", data, "INVALID_PARAM", defect=defect, changes=changes, **more
        )

    def forged(
        self,
        name: str,
        requirement: str,
        field: str,
        defect: str,
        data: bytes,
        *,
        signer: str | None = None,
        title: str | None = None,
        **more: Any,
    ) -> str:
        """A message whose tag does not verify: BAD_MEASUREMENT. TITLE: the defect."""
        changes = [("page", field, signer)]
        return self.mailbox(
            name,
            title or defect,
            requirement,
            "aead",
            data,
            "BAD_MEASUREMENT",
            defect=defect,
            changes=changes,
            **more,
        )

    def payload(
        self,
        name: str,
        requirement: str,
        defect: str,
        data: bytes,
        status: str,
        *,
        twin: str,
        field: str,
        title: str | None = None,
        content: Mapping[str, Any] | None = None,
        changes: Iterable[tuple[str, str, str | None]] | None = None,
        also: tuple[str, ...] = (),
        flags: tuple[str, ...] = (),
        boundary: str | None = None,
        **given: Any,
    ) -> str:
        """A payload that the firmware refuses in its answer. TITLE: the defect."""
        nothing = {REPORT: ("SNP-REPREQ-014",), KEY: ("SNP-KEY-023",)}  # what a refusal holds
        signer = f"vmpck{Header.decode(data).vmpck}"
        return self.family.invalid(
            name,
            title or defect,
            (requirement, *also, *nothing.get(Header.decode(data).type, ())),
            "payload",
            request(data, **given),
            twin=twin,
            defect=defect,
            changes=[("page", field, signer)] if changes is None else changes,
            status=status,
            output=answered(data, status, content=content),
            flags=flags,
            boundary=boundary,
        )
