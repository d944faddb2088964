"""Family device, the host: its answers, and what the driver makes of them. Linux notes, section 4."""

from __future__ import annotations

from reference import message
from reference.bundle import Family
from reference.families._device import (
    BUSY,
    INVALID_LEN,
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
    rows = [
        ("status-param", get_report, "base", 0x16, "the firmware answers INVALID_PARAM", ()),
        ("status-oflow", get_report, "base", 0x1D, "the firmware answers AEAD_OFLOW", ("dev-seqno-reuse",)),
        ("status-measurement", get_report, "base", 0x0B, "the firmware answers BAD_MEASUREMENT", ()),
        ("status-key", get_key, "key", 0x01, "the firmware answers INVALID_PLATFORM_STATE", ()),
        ("vmm-generic", get_ext, "ext", 0xFFFFFFFF_00000000, "the hypervisor's generic error", ()),
        ("vmm-unknown", get_report, "base", 5 << 32, "an error number of the hypervisor's own", ()),
        ("busy-and-status", get_report, "base", 2 << 32 | 0x16, "BUSY with a firmware status beside it", ()),
    ]
    for name, call, twin, code, defect, flags in rows:
        make.invalid(
            name,
            ["LNX-GUEST-039"],
            [call(fails(code))],
            defect,
            "EIO",
            "host",
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
        "host",
        twin="ext",
        last=LOST | {"exitinfo2": "0x4", "certs_len": None},
    )
    make.invalid(
        "length-and-status",
        ["LNX-GUEST-036"],
        [get_ext(fails(1 << 32 | 0x16))],
        "INVALID_LEN with a firmware status beside it",
        "EIO",
        "host",
        twin="ext",
        last=LOST | {"exitinfo2": "0x100000016", "ext": 1, "plain": 0},
    )
    without = {"certs_address": 0, "certs_len": 0x3000}
    make.valid(
        "ext-older",
        "6.1.0 offers no pages where certs_address is 0",
        ["LNX-GUEST-030"],
        [get_ext(answered(), **without)],
        last=ANSWERED | {"npages": 0},
        with_guest=guest(["6.1.0"]),
    )
    make.invalid(
        "length-and-status-6-1",
        ["LNX-GUEST-036"],
        [get_ext(fails(1 << 32 | 0x16), **without)],
        "INVALID_LEN with a firmware status beside it, up to 6.2 not INVALID_LEN at all",
        "EIO",
        "host",
        twin="ext-older",
        last=LOST | {"exitinfo2": "0x100000016", "certs_len": None},
        with_guest=guest(["6.1.0"]),
    )
    make.invalid(
        "length-and-status-5-19",
        ["LNX-GUEST-036"],
        [get_ext(fails(1 << 32 | 0x16), **without)],
        "INVALID_LEN with a firmware status beside it, to 5.19 an error that costs nothing",
        "EIO",
        "host",
        twin="ext-older",
        last={"ret": -1, "exitinfo2": "0x100000016", "certs_len": None, "counter": 0, "wiped": False},
        with_guest=guest(["5.19"]),
        changes=[("kernels", "5.19", None)],
    )
    make.invalid(
        "second-status-6-1",
        ["LNX-GUEST-049"],
        [get_ext(FITS_NOT, fails(0x16), **without)],
        "the plain request after INVALID_LEN fails too, which costs 6.1 the key",
        "EIO",
        "host",
        twin="ext-older",
        last=LOST | {"exitinfo2": INVALID_LEN, "certs_len": None, "ext": 1, "plain": 1},
        with_guest=guest(["6.1.0"]),
    )
    make.invalid(
        "length-plain",
        ["LNX-GUEST-049"],
        [get_report(fails(1 << 32))],
        "INVALID_LEN for a request without certificates",
        "EIO",
        "host",
        twin="base",
        last=KEPT_KEY | {"exitinfo2": INVALID_LEN},
    )
    make.invalid(
        "es-result",
        ["LNX-GUEST-040"],
        [get_report({"es_result": 2})],
        "the guest's kernel cannot make the hypercall",
        "ES_RESULT",
        "host",
        twin="base",
        last={"ret": 2, "exitinfo2": "0xffffffffffffffff", "counter": 2, "wiped": True},
    )


def _lengths(make: Maker) -> None:
    """INVALID_LEN: the host wants more pages."""
    make.valid(
        "probe-then-table",
        "a probe with no pages learns the length, the next call gets the table",
        ["LNX-GUEST-034"],
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
        "too-few-pages",
        ["LNX-GUEST-034"],
        [get_ext(FITS_NOT, answered(1))],
        "the table needs more pages than the program has",
        "EIO",
        "host",
        twin="ext",
        last=KEPT_KEY | {"exitinfo2": INVALID_LEN, "certs_len": 0x3000, "ext": 1, "plain": 1},
        flags=["dev-return-code-vs-fw-err"],
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
        "host",
        twin="ext-request-read-only",
        last={"ret": -1, "exitinfo2": INVALID_LEN, "counter": 2, "wiped": False},
    )
    make.invalid(
        "second-status",
        ["LNX-GUEST-043"],
        [get_ext(FITS_NOT, fails(0x16))],
        "the plain request after INVALID_LEN fails too",
        "EIO",
        "host",
        twin="ext",
        last=KEPT_KEY | {"exitinfo2": INVALID_LEN, "certs_len": 0x3000},
    )
    make.invalid(
        "second-es-result",
        ["LNX-GUEST-043"],
        [get_ext(FITS_NOT, {"es_result": 1})],
        "the plain hypercall after INVALID_LEN cannot be made",
        "ES_RESULT",
        "host",
        twin="ext",
        last={"ret": 1, "exitinfo2": INVALID_LEN, "wiped": True, "certs_len": 0x3000},
    )
    wants = {"exitinfo2": INVALID_LEN, "npages": 5}
    make.invalid(
        "length-beyond-limit",
        ["LNX-GUEST-031"],
        [get_ext(wants, answered(1), certs_len=0, certs_address=0), get_ext(certs_len=0x5000)],
        "the host wants five pages and gets five",
        "EINVAL",
        "host",
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
        "the host stays busy for more than a minute",
        "ETIMEDOUT",
        "host",
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
        "host",
        twin="busy-once",
        last=LOST | {"exitinfo2": "0x16", "plain": 2},
    )
    make.invalid(
        "busy-lockout",
        ["LNX-GUEST-050"],
        [get_report(for_ever), get_report()],
        "a request after a minute of BUSY",
        "ENOTTY",
        "host",
        twin="two-reports-6-12",
        last={"exitinfo2": "0x1122334455667788", "plain": 0, "wiped": True},
        with_guest=guest(WIPED_FIRST),
        flags=["dev-throttle-lockout"],
    )
    make.invalid(
        "busy-6-1",
        ["LNX-GUEST-044"],
        [get_report(busy)],
        "6.1 does not ask a busy host again",
        "EIO",
        ("kernels", "6.1.0", None),
        twin="busy-once",
        last=LOST | {"exitinfo2": BUSY, "plain": 1},
        with_guest=guest(["6.1.0"]),
        changes=[("steps", "host", None)],
    )
    make.invalid(
        "busy-5-19",
        ["LNX-GUEST-041"],
        [get_report(busy)],
        "5.19 does not ask a busy host again, and keeps key and number",
        "EIO",
        ("kernels", "5.19", None),
        twin="busy-once",
        last={"ret": -1, "exitinfo2": BUSY, "plain": 1, "counter": 0, "wiped": False},
        with_guest=guest(["5.19"]),
        changes=[("steps", "host", None)],
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
    bad = LOST | {"errno": "EBADMSG", "exitinfo2": "0x1122334455667788"}
    rows = [
        ("silent", "LNX-GUEST-051", {}, "the host says that all is well and writes no response"),
        (
            "other-key-type",
            "LNX-GUEST-052",
            answered(payload=key_response(), kind=4),
            "a report request is answered by a key response",
        ),
        ("version", "LNX-GUEST-053", answered(version=2), "the response has another MSG_VERSION"),
        (
            "oversize",
            "LNX-GUEST-054",
            {"response": message.patched(good, {0x36: b"\xa1\x0f"})},
            "the response's MSG_SIZE is above 4000",
        ),
        (
            "flipped",
            "LNX-GUEST-055",
            {"response": message.patched(good, {0x200: bytes([good[0x200] ^ 4])})},
            "a bit of the response was flipped",
        ),
        (
            "truncated",
            "LNX-GUEST-055",
            {"response": good[:0x80].ljust(message.PAGE, b"\0")},
            "the response ends too early",
        ),
    ]
    for name, requirement, host, defect in rows:
        make.invalid(
            f"answer-{name}",
            [requirement],
            [get_report(host)],
            defect,
            "EBADMSG",
            "host",
            twin="base",
            last=bad,
        )
    make.invalid(
        "answer-replayed",
        ["LNX-GUEST-051"],
        [get_report(answered(1)), get_report(answered(1))],
        "the second request gets the first one's response",
        "EBADMSG",
        "host",
        twin="two-reports",
        last=bad | {"counter": 4},
        flags=["dev-seqno-reuse"],
    )
    make.invalid(
        "answer-ahead",
        ["LNX-GUEST-051"],
        [get_report(answered(3))],
        "the response to the next request comes first",
        "EBADMSG",
        "host",
        twin="base",
        last=bad,
        flags=["dev-seqno-reuse"],
    )
    make.invalid(
        "answer-5-19",
        ["LNX-GUEST-055"],
        [get_report(answered(1)), get_report({"response": message.patched(good, {0x20: b"\x04"})})],
        "the second response does not verify up to 6.0",
        "EBADMSG",
        "host",
        twin="two-reports-older",
        last={"ret": -1, "wiped": True, "counter": 2},
        with_guest=guest(["5.19"]),
        changes=[("kernels", "5.19", None)],
    )
    lost = get_report({"response": message.patched(good, {0: bytes(16)})})
    make.invalid(
        "answer-then-next",
        ["LNX-GUEST-050"],
        [lost, get_report()],
        "a request after a response that did not verify",
        "ENOTTY",
        "host",
        twin="two-reports-6-12",
        last={"plain": 0, "wiped": True, "counter": 2},
        with_guest=guest(WIPED_FIRST),
    )


def _payloads(make: Maker) -> None:
    """Calls that succeed: what a client must still look at."""
    rows = [
        (
            "status-in-response",
            report_response(status=0x16),
            "STATUS",
            "STATUS in the response is INVALID_PARAM",
        ),
        (
            "status-invalid-key",
            report_response(status=0x27),
            "STATUS",
            "STATUS in the response is INVALID_KEY",
        ),
        ("report-size-zero", report_response(size=0), "REPORT_SIZE", "REPORT_SIZE in the response is 0"),
        (
            "report-size-less",
            report_response(size=0x2A0),
            "REPORT_SIZE",
            "REPORT_SIZE leaves out the signature",
        ),
        ("other-nonce", report_response(OTHER_NONCE), "REPORT_DATA", "the report has another client's data"),
    ]
    for name, payload, reason, defect in rows:
        make.invalid(
            name,
            ["SNP-MSG-002"],
            [get_report(answered(payload=payload))],
            defect,
            reason,
            "host",
            twin="base",
            last={"ret": 0, "exitinfo2": "0x1122334455667788", "counter": 2, "wiped": False},
            flags=["dev-rsp-status-nonzero"] if reason == "STATUS" else (),
        )
    make.invalid(
        "key-status",
        ["SNP-MSG-002"],
        [get_key(answered(payload=key_response(0x16), kind=4))],
        "STATUS in the key response is INVALID_PARAM",
        "STATUS",
        "host",
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
        "user_data",
        twin="base",
        last={"ret": 0},
        flags=["dev-user-data-short"],
    )


def add(family: Family) -> None:
    make = Maker(family, "device", "host")
    for part in (_statuses, _lengths, _busy, _pages, _payloads):
        part(make)
