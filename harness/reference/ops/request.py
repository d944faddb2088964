"""Op "request": one request page to SNP_GUEST_REQUEST, the response opened with the guest's own key.

Input: profile, vmpck (four keys in hex), page; and where a case needs them guest, platform, policy
(machine.py), msg_count (MsgCount0..3 at launch), before (pages that are sent first, whatever becomes of
them), request_at and response_at (offsets in the two pages). families/message.py says what the output
means.
"""

from __future__ import annotations

from typing import Any

from reference import cpuid, machine
from reference.bundle import Case, Seen
from reference.firmware import SIGNATURE, Firmware
from reference.message import CPUID, HEADER, REPORT, STATUS_NAME, TSC_INFO, Header, number, opened


def _content(header: Header, payload: bytes) -> dict[str, Any]:
    """What the payload says beyond its status."""
    if header.type == REPORT + 1:
        report = payload[0x20:]
        return {
            "report_size": number(payload, 0x04, 4),
            "vmpl": number(report, 0x30, 4),
            "report_data": report[0x50:0x90].hex(),
            "signing_key": number(report, 0x48, 4) >> 2 & 7,
            "signature": "set" if any(report[SIGNATURE:]) else "zero",
        }
    if header.type == CPUID + 1:
        entries = range(cpuid.HEAD, len(payload), cpuid.ENTRY)
        whole = [payload[at : at + cpuid.ENTRY].hex() for at in entries]
        return {"count": number(payload, 0x04, 4), "entries": whole}
    if header.type == TSC_INFO + 1:
        return {
            "scale": hex(number(payload, 0x08, 8)),
            "offset": hex(number(payload, 0x10, 8)),
            "factor": number(payload, 0x18, 4),
        }
    return {}


def _body(header: Header, payload: bytes) -> str:
    """Whether anything follows STATUS (and REPORT_SIZE, which says of itself)."""
    return "filled" if any(payload[8 if header.type == REPORT + 1 else 4 :]) else "zero"


def opened_response(firmware: Firmware, request: Header, response: bytes) -> tuple[Header, bytes]:
    """The response's header and payload; ValueError where its form is wrong (section 3)."""
    header = Header.decode(response)
    payload = opened(firmware.vmpck[request.vmpck], response)
    if payload is None:
        raise ValueError("the response does not open")
    expected = (request.seqno + 1, request.type + 1, request.vmpck, 1, 1, HEADER)
    if expected != (
        header.seqno,
        header.type,
        header.vmpck,
        header.algo,
        header.hdr_version,
        header.hdr_size,
    ):
        raise ValueError("the response's header does not answer the request's")
    if any(header.reserved()):
        raise ValueError("the response's header has reserved bytes that are not zero")
    return header, payload


def run(case: Case) -> Seen:
    """Sends the case's pages to a fresh machine."""
    given = case.input
    keys = [bytes.fromhex(text) for text in given["vmpck"]]
    firmware = Firmware(machine.of_input(given), keys)
    before = [firmware.request(page).status for page in given.get("before", ())]
    at = given.get("request_at", 0)
    answer = firmware.request(given["page"], at, given.get("response_at", 0))
    output: dict[str, Any] = {"mailbox": answer.status, "before": before}
    output["msg_count"] = [hex(count) for count in firmware.msg_count]
    if answer.response is None:
        output["response"] = "untouched"
        return Seen("invalid", status=answer.status, output=output, where="mailbox")
    request = Header.decode(given["page"][at:])
    header, payload = opened_response(firmware, request, answer.response)
    status = STATUS_NAME[number(payload, 0, 4)]
    output["response"] = {
        "status": status,
        "type": header.type,
        "version": header.version,
        "seqno": hex(header.seqno),
        "vmpck": header.vmpck,
        "size": header.size,
        "body": _body(header, payload),
        **_content(header, payload),
    }
    return Seen("valid" if status == "SUCCESS" else "invalid", status=status, output=output, where="payload")
