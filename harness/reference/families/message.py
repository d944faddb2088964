"""Family message: SNP_GUEST_REQUEST, from the guest's page to the firmware's answer."""

from __future__ import annotations

from typing import Any

from reference.bundle import Family
from reference.families import (
    _message_aead,
    _message_cpuid,
    _message_order,
    _message_payload,
    _message_sequence,
)
from reference.families._machine import MACHINE
from reference.families._message import (
    GENOA_KNOWN,
    MILAN_V2,
    V2_POLICY,
    VMPCK,
    Cases,
    answered,
    key_req,
    moved,
    page,
    report_req,
)
from reference.message import KEY, PAGE, TSC_INFO

TEXT = f"""
Requests of a guest to the firmware. Op `request`: a machine, whose guest has the four keys `vmpck`, gets the
request page `page`. `profile` names the machine: a file of the folder emulator/profiles/ (docs/profiles.md),
which says what chip, platform, guest and firmware are like. Further members where a case needs them: the
three objects of changes below; `msg_count` is MsgCount0 to 3 at launch; `before` are pages that are sent
first, whatever becomes of them; `request_at` and `response_at` are offsets in the two pages.

{MACHINE}
`expect.status` is the status that refuses a request: the mailbox's, or with mailbox SUCCESS the one
inside the response. `output.mailbox` tells the two apart. `output.msg_count` is MsgCount0 to 3
afterwards; `output.before` has the mailbox statuses of the pages before. `output.response` is `untouched`
where no response is written, else what the opened response says: its header, `status`, `body` (`zero` or
`filled`: what follows STATUS, without REPORT_SIZE), REPORT_SIZE, VMPL, REPORT_DATA, SIGNING_KEY and
`signature` (`zero` or `set`) of a report, the three numbers of TSC_INFO_RSP, COUNT and the `entries` of a
CPUID_RSP, 0x30 bytes each; what is absent the notes leave open. Every response must open with the request's
VMPCK and have reserved bytes of zero. A `signer` "vmpck0" is the key that sealed the changed message;
without signer the message was changed after sealing.

The report's other bytes are not looked at here.
"""


def _header(c: Cases) -> None:
    """Steps 9 to 11, one authentic fault each. Of a class the later cases say what they add."""
    rows: tuple[tuple[str, int, str, str, bytes, str, str | None], ...] = (
        ("algo-0", 39, "ALGO", "ALGO is not 1", page(algo=0), "ALGO is 0", None),
        ("algo-2", 39, "ALGO", "ALGO is not 1", page(algo=2), "ALGO is 2", "the next number"),
        ("algo-255", 39, "ALGO", "ALGO is not 1", page(algo=255), "ALGO is 255", "the highest number"),
        (
            "hdr-version-0",
            37,
            "HDR_VERSION",
            "HDR_VERSION is not 1",
            page(hdr_version=0),
            "HDR_VERSION is 0",
            None,
        ),
        (
            "hdr-version-2",
            37,
            "HDR_VERSION",
            "HDR_VERSION is not 1",
            page(hdr_version=2),
            "HDR_VERSION is 2",
            "above, not below",
        ),
        ("hdr-size-zero", 38, "HDR_SIZE", "HDR_SIZE is not 0x60", page(hdr_size=0), "HDR_SIZE is 0", None),
        (
            "hdr-size-small",
            38,
            "HDR_SIZE",
            "HDR_SIZE is not 0x60",
            page(hdr_size=0x50),
            "HDR_SIZE is 0x50",
            "16 bytes less",
        ),
        (
            "hdr-size-large",
            38,
            "HDR_SIZE",
            "HDR_SIZE is not 0x60",
            page(hdr_size=0x70),
            "HDR_SIZE is 0x70",
            "16 bytes more",
        ),
        (
            "hdr-size-swapped",
            38,
            "HDR_SIZE",
            "HDR_SIZE is in big-endian order",
            page(hdr_size=0x6000),
            "HDR_SIZE is 0x6000: 0x60 in big-endian order",
            None,
        ),
        ("size-zero", 40, "MSG_SIZE", "MSG_SIZE is 0", page(b""), "MSG_SIZE is 0", None),
        *(
            (
                f"size-unaligned-{name}",
                41,
                "MSG_SIZE",
                "MSG_SIZE is no multiple of 16",
                page(report_req().ljust(size, b"\0")[:size]),
                f"MSG_SIZE is {size:#x}",
                boundary,
            )
            for name, size, boundary in (
                ("8", 0x68, None),
                ("1", 0x61, "one byte too many"),
                ("15", 0x5F, "one byte too few"),
            )
        ),
        (
            "size-over",
            42,
            "MSG_SIZE",
            "MSG_SIZE is 16 bytes more than the page holds",
            page(report_req().ljust(0xFB0, b"\0")),
            "MSG_SIZE is 0xFB0, 16 bytes more than the page holds",
            None,
        ),
        (
            "size-huge",
            42,
            "MSG_SIZE",
            "MSG_SIZE wraps a 16-bit sum with the header's size",
            page(report_req().ljust(0xFFF0, b"\0")),
            "MSG_SIZE is 0xFFF0, which a 16-bit sum with the header's size wraps",
            None,
        ),
        *(
            (
                f"vmpck-{value}",
                43,
                "MSG_VMPCK",
                "MSG_VMPCK is above 3",
                page(vmpck=value, key=VMPCK[0]),
                f"MSG_VMPCK is {value}",
                boundary,
            )
            for value, boundary in (
                (4, None),
                (128, "negative as a signed byte"),
                (255, "the highest number"),
            )
        ),
    )
    for name, requirement, field, defect, data, title, boundary in rows:
        c.resealed(name, f"SNP-MSG-{requirement:03}", field, defect, data, title=title, boundary=boundary)


def _version_and_type(c: Cases) -> None:
    """Steps 14 and 15."""
    above = "MSG_VERSION is above the highest one of its type"

    def version(name: str, defect: str, data: bytes, title: str, **more: Any) -> None:
        c.resealed(name, "SNP-MSG-046", "MSG_VERSION", defect, data, title=title, **more)

    version("version-0", "MSG_VERSION is 0", page(version=0), "MSG_VERSION of REPORT_REQ is 0")
    version("version-2", above, page(version=2), "MSG_VERSION of REPORT_REQ is 2")
    version(
        "version-255",
        above,
        page(version=255),
        "MSG_VERSION of REPORT_REQ is 255",
        boundary="the highest number",
    )
    data = page(bytes(0x80), type=TSC_INFO, version=2)
    version(
        "version-tsc", above, data, "MSG_VERSION of TSC_INFO_REQ is 2", boundary="TSC_INFO_REQ", twin="tsc"
    )
    version(
        "version-key-3",
        above,
        page(key_req() + bytes(16), type=KEY, version=3),
        "MSG_VERSION of KEY_REQ is 3, the firmware knows 2",
        boundary="KEY_REQ where 2 is the highest",
        twin="key-v2-padded",
        profile=MILAN_V2,
        policy=V2_POLICY,
    )
    c.resealed(
        "version-report-5",
        "SNP-MSG-026",
        "MSG_VERSION",
        "MSG_VERSION is the version of the firmware's reports",
        page(version=5),
        title="MSG_VERSION of REPORT_REQ is 5, as the report's version",
        twin="report-v5",
        profile="turin-1.55.65-v5-vcek",
    )
    response, unknown = "MSG_TYPE is a response's", "MSG_TYPE is no message's"
    for name, value, defect, text, boundary in (
        ("invalid", 0x00, "MSG_TYPE is 0", "0, INVALID", None),
        ("cpuid-rsp", 0x02, response, "CPUID_RSP", None),
        ("key-rsp", 0x04, response, "KEY_RSP", "KEY_RSP"),
        ("report-rsp", 0x06, response, "REPORT_RSP", "the response of the twin's own request"),
        ("tsc-rsp", 0x12, response, "TSC_INFO_RSP, the last number known", "the last number known"),
        ("unknown", 0x13, unknown, "0x13, the first number without a message", None),
        ("high-bit", 0x85, unknown, "0x85: REPORT_REQ with the high bit", "right in its lower bits"),
        ("last", 0xFF, unknown, "0xFF", "the highest number"),
    ):
        c.resealed(
            f"type-{name}",
            "SNP-MSG-047",
            "MSG_TYPE",
            defect,
            page(type=value),
            title=f"MSG_TYPE is {text}",
            boundary=boundary,
        )


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
        profile=GENOA_KNOWN,  # AMB-17: a size other than the type's
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
            defect="the guest is not RUNNING",
            boundary="before its launch" if state == "INIT" else "a launch under way",
            changes=[("guest.state", "STATE", None)],
            guest={"state": state},
        )


# What an answered request shows besides its layout: checks that it passes, the answer's header and sizes.
REQUEST_RULES = (
    *(f"SNP-MSG-{n:03}" for n in (3, 6, 7, 13, 14, 15, 18, 24, *range(35, 42), 43, 44, 46, 47)),
    *(f"SNP-REPREQ-{n:03}" for n in (1, 2, 3, 4, 11, 12)),
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
        also=(*REQUEST_RULES, "SNP-RPT-043"),
        expect=answered(page(), content={"signing_key": 0}),
    )
    _message_payload.add(c)
    _message_cpuid.add(c)
    _header(c)
    _version_and_type(c)
    _message_aead.add(c)
    _message_sequence.add(c)
    _pages(c)
    _guests(c)
    _message_order.add(c)
    return family
