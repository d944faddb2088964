"""Family message: SNP_GUEST_REQUEST, from the guest's page to the firmware's answer."""

from __future__ import annotations

from typing import Any

from reference.bundle import Family
from reference.families import _message_aead, _message_cpuid, _message_payload, _message_sequence
from reference.families._message import (
    MILAN_V2,
    VMPCK,
    Cases,
    answered,
    key_req,
    moved,
    page,
    report_req,
)
from reference.message import KEY, PAGE, TSC_INFO, patched

TEXT = """
Requests of a guest to the firmware. Op `request`: a machine of the built-in `profile`, whose guest has
the four keys `vmpck`, gets the request page `page`. Further members where a case needs them: `guest`,
`platform` and `policy` are changes of the guest's context, of the platform's settings and of the
profile's `messages` (harness/reference/machine.py lists them); `msg_count` is MsgCount0 to 3 at launch;
`before` are pages that are sent first, whatever becomes of them; `request_at` and `response_at` are
offsets in the two pages.

`expect.status` is the status that refuses a request: the mailbox's, or with mailbox SUCCESS the one
inside the response. `output.mailbox` tells the two apart. `output.msg_count` is MsgCount0 to 3
afterwards; `output.before` has the mailbox statuses of the pages before. `output.response` is `untouched`
where no response is written, else what the opened response says: its header, `status`, `body` (`zero` or
`filled`: what follows STATUS, without REPORT_SIZE), REPORT_SIZE, VMPL and REPORT_DATA of a report, the
three numbers of TSC_INFO_RSP, COUNT and the outputs (EAX to EDX) of a CPUID_RSP's entries. Every response
must open with the request's VMPCK and have reserved bytes of zero. A `signer` "vmpck0" is the key that
sealed the changed message; without signer the message was changed after sealing.

The report's other bytes and its signature are not looked at here.
"""


def _header(c: Cases) -> None:
    """Steps 9 to 11, 14 and 15, one authentic fault each."""
    for name, value in (("0", 0), ("2", 2), ("255", 255)):
        c.resealed(f"algo-{name}", "SNP-MSG-039", "ALGO", f"ALGO is {value}", page(algo=value))
    for name, value in (("0", 0), ("2", 2)):
        data = page(hdr_version=value)
        c.resealed(f"hdr-version-{name}", "SNP-MSG-037", "HDR_VERSION", f"HDR_VERSION is {value}", data)
    for name, value, text in (
        ("zero", 0, "0"),
        ("small", 0x50, "0x50"),
        ("large", 0x70, "0x70"),
        ("swapped", 0x6000, "0x6000: 0x60 in big-endian order"),
    ):
        data = page(hdr_size=value)
        c.resealed(f"hdr-size-{name}", "SNP-MSG-038", "HDR_SIZE", f"HDR_SIZE is {text}", data)
    c.resealed("size-zero", "SNP-MSG-040", "MSG_SIZE", "MSG_SIZE is 0", page(b""))
    for name, size, requirement in (("8", 0x68, 41), ("1", 0x61, 41), ("15", 0x5F, 41)):
        data = page(report_req().ljust(size, b"\0")[:size])
        defect = f"MSG_SIZE is {size:#x}, no multiple of 16"
        c.resealed(f"size-unaligned-{name}", f"SNP-MSG-{requirement:03}", "MSG_SIZE", defect, data)
    for name, size, text in (
        ("over", 0xFB0, "0xFB0, 16 bytes more than the page holds"),
        ("huge", 0xFFF0, "0xFFF0, which a 16-bit sum with the header's size wraps"),
    ):
        data = page(report_req().ljust(size, b"\0"))
        c.resealed(f"size-{name}", "SNP-MSG-042", "MSG_SIZE", f"MSG_SIZE is {text}", data)
    for value in (4, 128, 255):
        data = page(vmpck=value, key=VMPCK[0])
        c.resealed(f"vmpck-{value}", "SNP-MSG-043", "MSG_VMPCK", f"MSG_VMPCK is {value}", data)


def _version_and_type(c: Cases) -> None:
    for name, value in (("0", 0), ("2", 2), ("255", 255)):
        data = page(version=value)
        c.resealed(
            f"version-{name}", "SNP-MSG-046", "MSG_VERSION", f"MSG_VERSION of REPORT_REQ is {value}", data
        )
    data = page(bytes(0x80), type=TSC_INFO, version=2)
    c.resealed(
        "version-tsc", "SNP-MSG-046", "MSG_VERSION", "MSG_VERSION of TSC_INFO_REQ is 2", data, twin="tsc"
    )
    data = page(key_req() + bytes(16), type=KEY, version=3)
    c.resealed(
        "version-key-3",
        "SNP-MSG-046",
        "MSG_VERSION",
        "MSG_VERSION of KEY_REQ is 3, the firmware knows 2",
        data,
        twin="key-v2",
        profile=MILAN_V2,
    )
    for name, value, text in (
        ("invalid", 0x00, "0, INVALID"),
        ("cpuid-rsp", 0x02, "CPUID_RSP"),
        ("key-rsp", 0x04, "KEY_RSP"),
        ("report-rsp", 0x06, "REPORT_RSP"),
        ("tsc-rsp", 0x12, "TSC_INFO_RSP, the last number known"),
        ("unknown", 0x13, "0x13, the first number without a message"),
        ("high-bit", 0x85, "0x85: REPORT_REQ with the high bit"),
        ("last", 0xFF, "0xFF"),
    ):
        c.resealed(f"type-{name}", "SNP-MSG-047", "MSG_TYPE", f"MSG_TYPE is {text}", page(type=value))


def _pages(c: Cases) -> None:
    """Steps 8, 10 and 17: where the messages lie in their pages."""
    data = page()
    fits = PAGE - 0xC0
    response_fits = PAGE - 0x60 - 0x4C0

    def placed(at: int, **given: Any) -> dict[str, Any]:
        return {"request_at": at, **given} if at else given

    def good(name: str, title: str, requirement: str, at: int, **given: Any) -> None:
        there = moved(data, at)
        expect = answered(there, at=at)
        c.good(name, title, requirement, "page", there, expect=expect, **placed(at, **given))

    def bad(
        name: str, requirement: str, defect: str, at: int, changes: list[str], twin: str, **given: Any
    ) -> None:
        there = moved(data, at)
        c.mailbox(
            name,
            defect,
            requirement,
            "page",
            there,
            "INVALID_PARAM",
            defect=defect,
            changes=[(member, "place", None) for member in changes],
            twin=twin,
            **placed(at, **given),
        )

    good("place-last", "A request that ends with its page", "SNP-MSG-042", fits)
    bad(
        "place-payload",
        "SNP-MSG-042",
        "the payload crosses the end of its page by 16 bytes",
        fits + 16,
        ["page", "request_at"],
        "place-last",
    )
    bad(
        "place-header",
        "SNP-MSG-036",
        "the header crosses the end of its page by 16 bytes",
        PAGE - 0x50,
        ["page", "request_at"],
        "place-last",
    )
    big = page(bytes(PAGE - 0x60), type=TSC_INFO)
    content = {"scale": "0x180c500836", "offset": "0x0", "factor": 200}
    c.good(
        "size-whole-page",
        "MSG_SIZE 0xFA0, the most that a page holds",
        "SNP-MSG-042",
        "page",
        big,
        expect=answered(big, content=content),
    )
    good("response-last", "A response that ends with its page", "SNP-MSG-048", 0, response_at=response_fits)
    bad(
        "response-over",
        "SNP-MSG-048",
        "the response does not fit into its page by 16 bytes",
        0,
        ["response_at"],
        "response-last",
        response_at=response_fits + 16,
    )


def _guests(c: Cases) -> None:
    """Step 7."""
    for state in ("INIT", "LAUNCH"):
        c.mailbox(
            f"guest-{state.lower()}",
            f"The guest is in state {state}",
            "SNP-MSG-035",
            "guest",
            page(),
            "INVALID_GUEST_STATE",
            defect=f"the guest is in state {state}",
            changes=[("guest.state", "STATE", None)],
            guest={"state": state},
        )


def _order(c: Cases) -> None:
    """Of two faults the earlier one is told."""
    launch = {"guest": {"state": "LAUNCH"}}
    base = page()
    bad_tag = patched(base, {0: bytes([base[0] ^ 1])})
    bad_select = report_req(select=3)

    def forged(**fields: Any) -> bytes:
        data = page(key=VMPCK[0], **fields)
        return patched(data, {0: bytes([data[0] ^ 1])})

    rows: tuple[tuple[str, str, bytes, str, dict[str, Any]], ...] = (
        ("state-algo", "the guest is not RUNNING and ALGO is 2", page(algo=2), "INVALID_GUEST_STATE", launch),
        (
            "state-tag",
            "the guest is not RUNNING and the tag is wrong",
            bad_tag,
            "INVALID_GUEST_STATE",
            launch,
        ),
        (
            "state-seqno",
            "the guest is not RUNNING and MSG_SEQNO is 3",
            page(seqno=3),
            "INVALID_GUEST_STATE",
            launch,
        ),
        ("algo-tag", "ALGO is 2 and the tag is wrong", forged(algo=2), "INVALID_PARAM", {}),
        (
            "hdr-version-tag",
            "HDR_VERSION is 2 and the tag is wrong",
            forged(hdr_version=2),
            "INVALID_PARAM",
            {},
        ),
        ("hdr-size-tag", "HDR_SIZE is 0x61 and the tag is wrong", forged(hdr_size=0x61), "INVALID_PARAM", {}),
        ("size-zero-tag", "MSG_SIZE is 0 and the tag is wrong", forged(size=0), "INVALID_PARAM", {}),
        ("size-over-tag", "MSG_SIZE is 0xFB0 and the tag is wrong", forged(size=0xFB0), "INVALID_PARAM", {}),
        ("vmpck-tag", "MSG_VMPCK is 4 and the tag is wrong", forged(vmpck=4), "INVALID_PARAM", {}),
        ("algo-seqno", "ALGO is 2 and MSG_SEQNO is 3", page(algo=2, seqno=3), "INVALID_PARAM", {}),
        ("tag-seqno", "the tag is wrong and MSG_SEQNO is 3", forged(seqno=3), "BAD_MEASUREMENT", {}),
        ("tag-version", "the tag is wrong and MSG_VERSION is 0", forged(version=0), "BAD_MEASUREMENT", {}),
        ("tag-type", "the tag is wrong and MSG_TYPE is 0", forged(type=0), "BAD_MEASUREMENT", {}),
        ("seqno-version", "MSG_SEQNO is 3 and MSG_VERSION is 0", page(seqno=3, version=0), "AEAD_OFLOW", {}),
        ("seqno-type", "MSG_SEQNO is 3 and MSG_TYPE is 0", page(seqno=3, type=0), "AEAD_OFLOW", {}),
        ("seqno-payload", "MSG_SEQNO is 3 and KEY_SEL is 3", page(bad_select, seqno=3), "AEAD_OFLOW", {}),
        (
            "version-payload",
            "MSG_VERSION is 2 and KEY_SEL is 3",
            page(bad_select, version=2),
            "INVALID_PARAM",
            {},
        ),
    )
    for name, defect, data, status, given in rows:
        changes: list[tuple[str, str, str | None]] = [("page", "two fields", "vmpck0")]
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
        "order-payload-room",
        "KEY_SEL is 3 and the response has no room: no response, so no payload status either",
        "SNP-MSG-048",
        "order",
        page(bad_select),
        "INVALID_PARAM",
        defect="KEY_SEL is 3 and the response does not fit into its page",
        changes=[("page", "KEY_SEL", "vmpck0"), ("response_at", "place", None)],
        twin="response-last",
        response_at=PAGE - 0x60 - 0x4C0 + 16,
    )


def _notes(family: Family) -> None:
    family.note(
        "msg-iv", bug_class="wrong IV", effect="sender and firmware cannot open each other's messages"
    )
    family.note(
        "msg-aad-range",
        bug_class="header not or otherwise authenticated",
        effect="a hypervisor changes a header unseen, or no message opens",
    )
    family.note("msg-key", bug_class="wrong key", effect="MSG_VMPCK does not bind the sender's VMPL")
    family.note(
        "msg-counter",
        bug_class="message counter of the wrong width or scope",
        effect="a long-lived guest is locked out, or an IV is used twice",
    )
    family.note(
        "dev-seqno-reuse",
        bug_class="sequence number used again or skipped",
        effect="AEAD_OFLOW for ever after, or a replay that is answered",
        origin="AMDESE/sev-guest#40",
    )
    family.note(
        "dev-rsp-status-nonzero",
        bug_class="status of the payload not looked at",
        effect="a response without a report is taken for one",
        origin="AMDESE/sev-guest#26",
    )
    family.note(
        "dev-vmpl-request-too-low",
        bug_class="VMPL below the sender's asked for",
        effect="INVALID_PARAM that nobody explains",
        origin="AMDESE/sev-guest#27",
    )


def build() -> Family:
    """The family."""
    family = Family("message", "Guest messages: requests to the firmware", TEXT)
    family.blob("report-req", page())
    family.blob("key-req", page(key_req(), type=KEY))
    family.blob("tsc-req", page(bytes(0x80), type=TSC_INFO))
    _notes(family)
    c = Cases(family)
    c.good(
        "report",
        "REPORT_REQ under VMPCK0 for VMPL 0",
        "SNP-MSG-005",
        "payload",
        page(),
        also=("SNP-MSG-015",),
    )
    _message_payload.add(c)
    _message_cpuid.add(c)
    _header(c)
    _version_and_type(c)
    _message_aead.add(c)
    _message_sequence.add(c)
    _pages(c)
    _guests(c)
    _order(c)
    return family
