"""Family device, the host: its answers, and what the driver makes of them. Linux notes, section 4."""

from __future__ import annotations

from reference import message
from reference.bundle import Family
from reference.families._device import (
    BUSY,
    INVALID_LEN,
    KEPT,
    NONCE,
    OTHER_NONCE,
    WIPED_FIRST,
    key_response,
    report_response,
    sealed,
)
from reference.families._device_ioctl import ANSWERED, with_certs
from reference.families._device_steps import Maker, Step, answered, get_ext, get_key, get_report, guest

LOST = {"ret": -1, "counter": 2, "wiped": True, "response": None}
KEPT_KEY = {"ret": -1, "errno": "EIO", "counter": 2, "wiped": False, "response": None}
FITS_NOT = {"exitinfo2": INVALID_LEN, "npages": 3}


def fails(code: int, **more: object) -> Step:
    return {"exitinfo2": hex(code)} | more


def _statuses(make: Maker) -> None:
    firmware, host = "the firmware refuses the message", "the hypervisor answers with an error of its own"
    rows = [
        ("status-param", get_report, "base", 0x16, firmware, "INVALID_PARAM", ()),
        ("status-oflow", get_report, "base", 0x1D, firmware, "AEAD_OFLOW", ("dev-seqno-reuse",)),
        ("status-measurement", get_report, "base", 0x0B, firmware, "BAD_MEASUREMENT", ()),
        ("status-key", get_key, "key", 0x01, firmware, "INVALID_PLATFORM_STATE, to a key request", ()),
        ("vmm-generic", get_ext, "ext", 0xFFFFFFFF_00000000, host, "GENERIC", ()),
        ("vmm-unknown", get_report, "base", 5 << 32, host, "a number that nobody knows", ()),
        ("busy-and-status", get_report, "base", 2 << 32 | 0x16, host, "BUSY, a status beside it", ()),
    ]
    for name, call, twin, code, defect, which, flags in rows:
        make.invalid(
            name,
            ["LNX-GUEST-039"],
            [call(fails(code))],
            defect,
            "EIO",
            title=f"{defect}: {which}",
            boundary=which,
            twin=twin,
            last=LOST | {"errno": "EIO", "exitinfo2": hex(code)},
            flags=flags,
        )
    make.invalid(
        "status-length",
        ["LNX-GUEST-036"],
        [get_ext(fails(4, npages=8))],
        "the firmware, not the hypervisor, answers INVALID_LENGTH",
        "EIO",
        twin="ext",
        last=LOST | {"exitinfo2": "0x4", "certs_len": None},
    )
    make.invalid(
        "length-and-status",
        ["LNX-GUEST-036"],
        [get_ext(fails(1 << 32 | 0x16))],
        "INVALID_LEN with a firmware status beside it",
        "EIO",
        twin="ext",
        last=LOST | {"exitinfo2": "0x100000016", "ext": 1, "plain": 0},
    )
    without = {"certs_address": 0, "certs_len": 0x3000}
    for name, kernel in (("ext-older", "6.1.0"), ("ext-oldest", "5.19")):
        make.valid(
            name,
            "an older kernel offers no pages where certs_address is 0",
            ["LNX-GUEST-030"],
            [get_ext(answered(), **without)],
            last=ANSWERED | {"npages": 0},
            with_guest=guest([kernel]),
        )
    make.invalid(
        "length-and-status-6-1",
        ["LNX-GUEST-036"],
        [get_ext(fails(1 << 32 | 0x16), **without)],
        "INVALID_LEN with a firmware status beside it",
        "EIO",
        title="INVALID_LEN with a firmware status beside it, up to 6.2 not INVALID_LEN at all",
        boundary="6.1.0 compares all 64 bits",
        twin="ext-older",
        last=LOST | {"exitinfo2": "0x100000016", "certs_len": None},
        with_guest=guest(["6.1.0"]),
    )
    make.invalid(
        "length-and-status-5-19",
        ["LNX-GUEST-036"],
        [get_ext(fails(1 << 32 | 0x16), **without)],
        "INVALID_LEN with a firmware status beside it",
        "EIO",
        title="INVALID_LEN with a firmware status beside it, to 5.19 an error that costs nothing",
        boundary="5.19 keeps key and number",
        twin="ext-oldest",
        last={"ret": -1, "exitinfo2": "0x100000016", "certs_len": None, "counter": 0, "wiped": False},
        with_guest=guest(["5.19"]),
    )
    make.invalid(
        "length-plain",
        ["LNX-GUEST-049"],
        [get_report(fails(1 << 32))],
        "INVALID_LEN for a request without certificates",
        "EIO",
        twin="base",
        last=KEPT_KEY | {"exitinfo2": INVALID_LEN},
    )
    make.invalid(
        "es-result",
        ["LNX-GUEST-040", "LNX-GUEST-047"],
        [get_report({"es_result": 2})],
        "the guest's kernel cannot make the hypercall",
        "ES_RESULT",
        twin="base",
        last={"ret": 2, "exitinfo2": "0xffffffffffffffff", "counter": 2, "wiped": True},
        flags=["dev-return-code-vs-fw-err"],
    )


def _lengths(make: Maker) -> None:
    """INVALID_LEN: the host wants more pages."""
    make.valid(
        "probe-then-table",
        "a probe with no pages learns the length, the next call gets the table",
        ["LNX-GUEST-034", "LNX-GUEST-043", "LNX-GUEST-049"],
        [
            get_ext(FITS_NOT, answered(1), certs_len=0, certs_address=0),
            get_ext(with_certs(3), certs_len=0x3000),
        ],
        last=ANSWERED | {"counter": 4},
        flags=["dev-certs-len-probe-einval"],
    )
    make.valid(
        "grows-then-table",
        "a page too few learns the length, the next call gets the table",
        ["LNX-GUEST-042"],
        [get_ext(FITS_NOT, answered(1), certs_len=0x2000), get_ext(with_certs(3), certs_len=0x3000)],
        last=ANSWERED | {"counter": 4},
    )
    make.valid(
        "probe-older",
        "a probe, then the table, up to 6.0: the number is used again",
        ["LNX-GUEST-041"],
        [get_ext(FITS_NOT, certs_len=0x1000), get_ext(with_certs(1), certs_len=0x3000)],
        last=ANSWERED,
        with_guest=guest(["5.19"]),
    )
    make.invalid(
        "ext-no-pages",
        ["LNX-GUEST-034", "LNX-GUEST-030"],
        [get_ext(FITS_NOT, answered(1), certs_len=0, certs_address=0)],
        "the table needs more pages than the program has",
        "EIO",
        title="the program offers no pages, and the host has a table",
        boundary="a probe: certs_address and certs_len are 0",
        twin="ext-no-certs",
        last=KEPT_KEY | {"exitinfo2": INVALID_LEN, "certs_len": 0x3000, "npages": 0, "ext": 1, "plain": 1},
        flags=["dev-certs-len-probe-einval"],
    )
    make.invalid(
        "too-few-pages",
        ["LNX-GUEST-034", "LNX-GUEST-042"],
        [get_ext(FITS_NOT, answered(1))],
        "the table needs more pages than the program has",
        "EIO",
        boundary="the program offers pages",
        twin="ext",
        last=KEPT_KEY | {"exitinfo2": INVALID_LEN, "certs_len": 0x3000, "ext": 1, "plain": 1},
    )
    make.valid(
        "ext-request-read-only",
        "the extended request lies in memory that can only be read",
        ["LNX-GUEST-021"],
        [get_ext(with_certs(), req_data="0x20000000")],
        last=ANSWERED,
    )
    make.invalid(
        "length-not-written",
        ["LNX-GUEST-035"],
        [get_ext(FITS_NOT, answered(1), req_data="0x20000000")],
        "the wanted length cannot be written back",
        "EFAULT",
        twin="ext-request-read-only",
        last={"ret": -1, "exitinfo2": INVALID_LEN, "counter": 2, "wiped": False},
    )
    make.invalid(
        "second-status",
        ["LNX-GUEST-043"],
        [get_ext(FITS_NOT, fails(0x16))],
        "the plain request after INVALID_LEN fails too",
        "EIO",
        twin="ext",
        last=KEPT_KEY | {"exitinfo2": INVALID_LEN, "certs_len": 0x3000},
    )
    make.invalid(
        "second-es-result",
        ["LNX-GUEST-043"],
        [get_ext(FITS_NOT, {"es_result": 1})],
        "the plain hypercall after INVALID_LEN cannot be made",
        "ES_RESULT",
        twin="ext",
        last={"ret": 1, "exitinfo2": INVALID_LEN, "wiped": True, "certs_len": 0x3000},
        flags=["dev-return-code-vs-fw-err"],
    )
    wants = {"exitinfo2": INVALID_LEN, "npages": 5}
    make.invalid(
        "length-beyond-limit",
        ["LNX-GUEST-031"],
        [get_ext(wants, answered(1), certs_len=0, certs_address=0), get_ext(certs_len=0x5000)],
        "the host wants five pages and gets five",
        "EINVAL",
        twin="probe-then-table",
        last={"ret": -1, "exitinfo2": "0xff", "counter": 2, "wiped": False},
        flags=["dev-certs-len-unaligned"],
    )


def _busy(make: Maker) -> None:
    busy = {"exitinfo2": BUSY}
    make.valid(
        "busy-once",
        "a busy host gets the same bytes again",
        ["LNX-GUEST-045"],
        [get_report(busy, answered(1))],
        last=ANSWERED | {"plain": 2, "waits": 1},
        flags=["dev-retry-new-payload"],
    )
    make.valid(
        "busy-key",
        "a host that is busy for a key request",
        ["LNX-GUEST-045"],
        [get_key(busy | {"times": 3}, answered(payload=key_response(), kind=4))],
        last=ANSWERED | {"plain": 4, "waits": 3},
    )
    make.valid(
        "busy-ext",
        "a host that is busy for an extended request",
        ["LNX-GUEST-045"],
        [get_ext(busy, with_certs())],
        last=ANSWERED | {"ext": 2, "waits": 1},
    )
    make.valid(
        "busy-last-call",
        "a host that answers the last call before the limit",
        ["LNX-GUEST-046"],
        [get_report(busy | {"times": 30}, answered(1))],
        last=ANSWERED | {"plain": 31, "waits": 30},
    )
    for_ever = busy | {"times": 31}
    make.invalid(
        "busy-for-ever",
        ["LNX-GUEST-046"],
        [get_report(for_ever)],
        "the host stays busy",
        "ETIMEDOUT",
        title="the host stays busy for more than a minute",
        twin="busy-last-call",
        last=LOST | {"exitinfo2": BUSY, "plain": 31},
        flags=["dev-throttle-lockout"],
    )
    make.invalid(
        "busy-then-status",
        ["LNX-GUEST-045"],
        [get_report(busy, fails(0x16))],
        "a host that was busy refuses the second call",
        "EIO",
        twin="busy-once",
        last=LOST | {"exitinfo2": "0x16", "plain": 2},
    )
    make.invalid(
        "busy-lockout",
        ["LNX-GUEST-050"],
        [get_report(for_ever), get_report()],
        "the VMPCK was lost",
        "ENOTTY",
        title="a request after a minute of BUSY",
        boundary="lost after a minute of BUSY",
        twin="two-reports-6-12",
        last={"exitinfo2": KEPT, "plain": 0, "wiped": True},
        with_guest=guest(WIPED_FIRST),
        flags=["dev-throttle-lockout"],
    )
    for name, kernel in (("base-6-1", "6.1.0"), ("base-5-19", "5.19")):
        make.valid(
            name,
            "SNP_GET_REPORT is answered at once by an older kernel's host",
            ["LNX-GUEST-022"],
            [get_report(answered())],
            last=ANSWERED,
            with_guest=guest([kernel]),
        )
    make.invalid(
        "busy-6-1",
        ["LNX-GUEST-044"],
        [get_report(busy)],
        "the host stays busy",
        "EIO",
        title="6.1.0 does not ask a busy host again",
        boundary="6.1.0",
        twin="base-6-1",
        last=LOST | {"exitinfo2": BUSY, "plain": 1},
        with_guest=guest(["6.1.0"]),
    )
    make.invalid(
        "busy-5-19",
        ["LNX-GUEST-041"],
        [get_report(busy)],
        "the host stays busy",
        "EIO",
        title="5.19 does not ask a busy host again, and keeps key and number",
        boundary="5.19",
        twin="base-5-19",
        last={"ret": -1, "exitinfo2": BUSY, "plain": 1, "counter": 0, "wiped": False},
        with_guest=guest(["5.19"]),
    )
    make.valid(
        "status-5-19",
        "5.19 uses the number of a failed request again",
        ["LNX-GUEST-041"],
        [get_report(fails(0x16)), get_report(answered(1))],
        last=ANSWERED,
        with_guest=guest(["5.19"]),
    )


def _pages(make: Maker) -> None:
    """The firmware is said to have answered; the page does not verify. The driver's state afterwards."""
    good = sealed(report_response())
    bad = LOST | {"errno": "EBADMSG", "exitinfo2": KEPT}
    make.invalid(
        "answer-flipped",
        ["LNX-GUEST-055"],
        [get_report({"response": message.patched(good, {0x200: bytes([good[0x200] ^ 4])})})],
        "the response does not verify",
        "EBADMSG",
        title="a bit of the response was flipped",
        boundary="the generations from 6.3 on",
        twin="base",
        last=bad,
        flags=["dev-return-code-vs-fw-err"],
    )
    make.invalid(
        "answer-replayed",
        ["LNX-GUEST-051", "LNX-GUEST-048"],
        [get_report(answered(1)), get_report(answered(1))],
        "the second request gets the first one's response",
        "EBADMSG",
        twin="two-reports",
        last=bad | {"counter": 4},
        flags=["dev-seqno-reuse", "dev-return-code-vs-fw-err"],
    )
    make.invalid(
        "answer-5-19",
        ["LNX-GUEST-055"],
        [get_report(answered(1)), get_report({"response": message.patched(good, {0x20: b"\x04"})})],
        "the response does not verify",
        "EBADMSG",
        title="the second response does not verify up to 6.0",
        boundary="5.19 keeps the number",
        twin="two-reports-5-19",
        last={"ret": -1, "wiped": True, "counter": 2},
        with_guest=guest(["5.19"]),
    )
    lost = get_report({"response": message.patched(good, {0: bytes(16)})})
    make.invalid(
        "answer-then-next",
        ["LNX-GUEST-050"],
        [lost, get_report()],
        "the VMPCK was lost",
        "ENOTTY",
        title="a request after a response that did not verify",
        boundary="lost with a response that does not verify",
        twin="two-reports-6-12",
        last={"plain": 0, "wiped": True, "counter": 2},
        with_guest=guest(WIPED_FIRST),
    )


def _payloads(make: Maker) -> None:
    """Calls that succeed: what a client must still look at."""
    status, size = "STATUS in the response is not 0", "REPORT_SIZE in the response is not a report's"
    rows = [
        ("status-in-response", report_response(status=0x16), "STATUS", status, "INVALID_PARAM"),
        ("status-invalid-key", report_response(status=0x27), "STATUS", status, "INVALID_KEY"),
        ("report-size-zero", report_response(size=0), "REPORT_SIZE", size, "it is 0"),
        ("report-size-less", report_response(size=0x2A0), "REPORT_SIZE", size, "without the signature"),
        (
            "other-nonce",
            report_response(OTHER_NONCE),
            "REPORT_DATA",
            "the report has other data than the request",
            "another client's",
        ),
    ]
    for name, payload, reason, defect, which in rows:
        make.invalid(
            name,
            ["SNP-MSG-002"],
            [get_report(answered(payload=payload))],
            defect,
            reason,
            title=f"{defect}: {which}",
            boundary=which,
            twin="base",
            last={"ret": 0, "exitinfo2": KEPT, "counter": 2, "wiped": False},
            flags=["dev-rsp-status-nonzero"] if reason == "STATUS" else (),
        )
    make.invalid(
        "key-status",
        ["SNP-MSG-002"],
        [get_key(answered(payload=key_response(0x16), kind=4))],
        status,
        "STATUS",
        title="STATUS in the key response is INVALID_PARAM",
        boundary="a key request",
        twin="key",
        last={"ret": 0, "wiped": False},
        flags=["dev-rsp-status-nonzero"],
    )
    make.invalid(
        "user-data-short",
        ["LNX-GUEST-021"],
        [get_report(answered(), user_data=(NONCE[:32] + bytes(32)).hex())],
        "32 bytes of user data, zero after them, where the report has all 64",
        "REPORT_DATA",
        twin="base",
        last={"ret": 0},
        flags=["dev-user-data-short"],
    )


def add(family: Family) -> None:
    make = Maker(family, "device", "host")
    for part in (_statuses, _lengths, _busy, _pages, _payloads):
        part(make)
