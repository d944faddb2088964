"""Family device, the ioctls: what a program passes, right and wrong. Linux notes, sections 1 to 4."""

from __future__ import annotations

from reference.bundle import Family
from reference.device_script import READ_ONLY, REGION, WRITABLE
from reference.families._device import (
    ALL,
    KEPT,
    NONCE,
    OLDER,
    WITH_TSM,
    key_response,
    pattern,
    report_response,
)
from reference.families._device_steps import Maker, Step, answered, get_ext, get_key, get_report, guest, keys

TABLE = pattern("a certificate table", 0x2345)
END = WRITABLE + REGION
NOWHERE = 0x3000_0000
USER_END = 0x7FFF_FFFF_F000
KERNEL = 0xFFFF_8880_0000_0000  # an address of its own
UNKNOWN = {"ioctl": "0xc0205303"}
REFUSED = {"ret": -1, "exitinfo2": "0xff", "plain": 0, "ext": 0, "counter": 0, "wiped": False}
UNTOUCHED = {"ret": -1, "exitinfo2": KEPT, "plain": 0, "ext": 0, "counter": 0, "wiped": False}
ANSWERED = {"ret": 0, "exitinfo2": KEPT, "counter": 2, "wiped": False}
EVERY = guest(ALL)
SENT_NOT_COPIED = {"ret": -1, "errno": "EFAULT", "exitinfo2": KEPT, "counter": 2, "wiped": False}


def with_certs(seqno: int = 1) -> Step:
    return answered(seqno) | {"certs": TABLE}


def _good(make: Maker) -> None:
    make.valid(
        "base", "SNP_GET_REPORT is answered", ["LNX-GUEST-022"], [get_report(answered())], last=ANSWERED
    )
    make.valid(
        "key",
        "SNP_GET_DERIVED_KEY is answered",
        ["LNX-GUEST-023"],
        [get_key(answered(payload=key_response(), kind=4))],
        last=ANSWERED,
    )
    make.valid(
        "ext",
        "SNP_GET_EXT_REPORT brings report and certificate table",
        ["LNX-GUEST-037"],
        [get_ext(with_certs())],
        last=ANSWERED | {"npages": 4},
    )
    every = [
        ("base-all", "SNP_GET_REPORT", "LNX-GUEST-022", get_report(answered())),
        (
            "key-all",
            "SNP_GET_DERIVED_KEY",
            "LNX-GUEST-023",
            get_key(answered(payload=key_response(), kind=4)),
        ),
        ("ext-all", "SNP_GET_EXT_REPORT", "LNX-GUEST-037", get_ext(with_certs())),
    ]
    for name, command, requirement, step in every:
        make.valid(
            name,
            f"{command} is answered by every generation",
            [requirement],
            [step],
            last=ANSWERED,
            with_guest=EVERY,
        )
    make.valid(
        "ext-exact",
        "certs_len is the table's pages",
        ["LNX-GUEST-037"],
        [get_ext(with_certs(), certs_len=0x3000)],
        last=ANSWERED | {"npages": 3},
    )
    make.valid(
        "ext-no-certs",
        "no certificates are asked for, the host has none",
        ["LNX-GUEST-030"],
        [get_ext(answered(), certs_len=0, certs_address=0)],
        last=ANSWERED | {"npages": 0, "certs": None},
        flags=["dev-ext-report-fallback"],
    )
    make.valid(
        "ext-wild-address",
        "certs_len is 0 beside an address of all ones",
        ["LNX-GUEST-030"],
        [get_ext(answered(), certs_len=0, certs_address="0xffffffffffffffff")],
        last=ANSWERED | {"npages": 0},
    )
    make.valid(
        "ext-wild-length",
        "certs_address is 0 beside a length that is too long and not of pages",
        ["LNX-GUEST-030"],
        [get_ext(answered(), certs_len=0x5001, certs_address=0)],
        last=ANSWERED | {"npages": 0},
    )
    make.valid(
        "two-reports",
        "two reports one after the other, numbers 1 and 3",
        ["LNX-GUEST-048"],
        [get_report(answered(1)), get_report(answered(3))],
        last=ANSWERED | {"counter": 4},
        flags=["dev-seqno-reuse"],
    )
    make.valid(
        "two-reports-older",
        "two reports one after the other in the first two generations",
        ["LNX-GUEST-048"],
        [get_report(answered(1)), get_report(answered(3))],
        last=ANSWERED | {"counter": 4},
        with_guest=guest(OLDER),
    )
    make.valid(
        "msg-version-2",
        "msg_version 2 goes into the message",
        ["LNX-GUEST-016"],
        [get_report(answered(version=2), msg_version=2)],
        last=ANSWERED,
        flags=["dev-msg-version-zero"],
    )
    make.valid(
        "msg-version-padding",
        "the seven bytes after msg_version are not zero",
        ["LNX-GUEST-016"],
        [get_report(answered(), msg_version="0xffffffffffffff01")],
        last=ANSWERED,
    )
    make.valid(
        "reserved-verbatim",
        "reserved bytes of the request go to the firmware as they are",
        ["LNX-GUEST-021"],
        [{"ioctl": "GET_REPORT", "request": (NONCE + b"\xff" * 32).hex(), "host": [answered()]}],
        last=ANSWERED,
    )
    make.valid(
        "vmpl-1",
        "a report for VMPL 1 asked at VMPL 0",
        ["LNX-GUEST-021"],
        [get_report(answered(payload=report_response(vmpl=1)), vmpl=1)],
        last=ANSWERED,
    )
    make.valid(
        "request-read-only",
        "the request lies in memory that can only be read",
        ["LNX-GUEST-021"],
        [get_report(answered(), req_data=hex(READ_ONLY))],
        last=ANSWERED,
    )
    make.valid(
        "request-at-end",
        "the request's last byte is the last of the memory",
        ["LNX-NODE-007"],
        [get_report(answered(), req_data=hex(END - 96))],
        last=ANSWERED,
    )
    make.valid(
        "response-at-end",
        "the response's last byte is the last of the memory",
        ["LNX-NODE-007"],
        [get_report(answered(), resp_data=hex(END - 4000))],
        last=ANSWERED,
    )
    make.valid(
        "arg-read-only",
        "the ioctl's structure is read-only: success does not write to it",
        ["LNX-GUEST-018"],
        [get_report(answered(), arg=hex(READ_ONLY))],
        last=ANSWERED,
    )
    make.valid(
        "vmpl-too-low-then-right",
        "VMPL 0 is refused in the response, then the kernel's own VMPL 1 is asked for",
        ["LNX-GUEST-003"],
        [
            get_report(answered(1, report_response(status=0x16), vmpck=1), vmpl=0),
            get_report(answered(3, report_response(vmpl=1), vmpck=1), vmpl=1),
        ],
        last=ANSWERED | {"counter": 4},
        with_guest=guest(WITH_TSM, vmpl=1, vmpcks=keys(1)),
        flags=["dev-vmpl-request-too-low"],
    )


def _arguments(make: Maker) -> None:
    make.invalid(
        "arg-null",
        ["LNX-GUEST-013"],
        [get_report(arg=0)],
        "the ioctl's structure cannot be read",
        "EFAULT",
        title="the ioctl's argument is NULL",
        twin="base-all",
        with_guest=EVERY,
        last={"ret": -1, "exitinfo2": None, "counter": 0},
    )
    make.invalid(
        "arg-cut",
        ["LNX-GUEST-013"],
        [get_report(arg=hex(END - 31))],
        "the ioctl's structure cannot be read",
        "EFAULT",
        title="the last byte of the ioctl's structure is not mapped",
        boundary="all but its last byte is mapped",
        twin="base-all",
        with_guest=EVERY,
        last={"exitinfo2": None, "counter": 0},
    )
    make.invalid(
        "msg-version-zero",
        ["LNX-GUEST-014"],
        [get_report(msg_version=0)],
        "msg_version is 0",
        "EINVAL",
        twin="base-all",
        with_guest=EVERY,
        last=UNTOUCHED,
        flags=["dev-msg-version-zero"],
    )
    make.invalid(
        "msg-version-256",
        ["LNX-GUEST-014", "LNX-GUEST-016"],
        [get_report(msg_version=0x100)],
        "msg_version is 0",
        "EINVAL",
        title="msg_version is 0x100 to a client that takes it for 32 bits",
        boundary="only the first byte counts",
        twin="base-all",
        with_guest=EVERY,
        last=UNTOUCHED,
    )
    numbers = [
        ("number-3", 0xC0205303, "LNX-GUEST-015", "an ioctl number of the driver's type that it has not", ()),
        ("number-type", 0xC0205400, "LNX-NODE-010", "another type than 'S'", ()),
        ("number-sev", 0xC0105300, "LNX-GUEST-001", "the number of /dev/sev's ioctl, of size 16", ()),
        ("number-read", 0x80205300, "LNX-GUEST-001", "the direction is read only", ()),
        ("number-made-up", 0xC0A01181, "LNX-GUEST-001", "a number made by hand", ("dev-ioctl-numbers",)),
        ("number-bare", 0, "LNX-GUEST-001", "the command's number alone", ("dev-ioctl-numbers",)),
    ]
    for name, number, requirement, title, flags in numbers:
        make.invalid(
            name,
            [requirement, "LNX-GUEST-017"],
            [get_report() | {"ioctl": hex(number)}],
            "the driver has no such ioctl",
            "ENOTTY",
            title=title,
            boundary=title,
            twin="base-all",
            with_guest=EVERY,
            last=REFUSED,
            flags=flags,
        )
    for name, member in (("request-null", "req_data"), ("response-null", "resp_data")):
        make.invalid(
            name,
            ["LNX-GUEST-020"],
            [get_report(**{member: 0})],
            f"{member} is 0",
            "EINVAL",
            twin="base-all",
            with_guest=EVERY,
            last=REFUSED,
        )
    make.invalid(
        "key-request-null",
        ["LNX-GUEST-020"],
        [get_key(req_data=0)],
        "req_data is 0",
        "EINVAL",
        twin="key-all",
        with_guest=EVERY,
        last=REFUSED,
        boundary="SNP_GET_DERIVED_KEY has a test of its own",
    )
    make.invalid(
        "ext-response-null",
        ["LNX-GUEST-020"],
        [get_ext(resp_data=0)],
        "resp_data is 0",
        "EINVAL",
        twin="ext-all",
        with_guest=EVERY,
        last=REFUSED,
        boundary="SNP_GET_EXT_REPORT has a test of its own",
    )
    requests = [
        ("request-unmapped", get_report(req_data=hex(NOWHERE)), "base-all", "the request is not mapped"),
        (
            "request-cut",
            get_report(req_data=hex(END - 95)),
            "base-all",
            "the request's last byte is not mapped",
        ),
        (
            "key-request-cut",
            get_key(req_data=hex(END - 31)),
            "key-all",
            "the key request's last byte is not mapped",
        ),
        (
            "ext-request-cut",
            get_ext(req_data=hex(END - 96)),
            "ext-all",
            "only the 96 bytes of a plain report request are mapped",
        ),
    ]
    for name, step, twin, title in requests:
        make.invalid(
            name,
            ["LNX-GUEST-021"],
            [step],
            "the request cannot be read",
            "EFAULT",
            title=title,
            twin=twin,
            with_guest=EVERY,
            last=REFUSED,
            boundary=title,
        )
    make.invalid(
        "arg-read-only-refused",
        ["LNX-GUEST-019", "LNX-GUEST-018"],
        [get_report(arg=hex(READ_ONLY)) | UNKNOWN],
        "an unknown ioctl whose structure cannot be written back",
        "EFAULT",
        twin="arg-read-only",
        last={"ret": -1, "exitinfo2": KEPT},
    )


def _responses(make: Maker) -> None:
    """The answer is there, and cannot be copied out."""
    places = [
        ("response-unmapped", NOWHERE, "LNX-GUEST-024", "the response buffer is not mapped"),
        ("response-read-only", READ_ONLY, "LNX-NODE-007", "the response buffer can only be read"),
        ("response-cut", END - 3999, "LNX-GUEST-024", "the response buffer's last byte is not mapped"),
        (
            "response-short",
            END - 1216,
            "LNX-GUEST-024",
            "the response buffer holds the message only",
        ),
    ]
    defect = "the response buffer cannot be written"
    for name, at, requirement, title in places:
        make.invalid(
            name,
            [requirement, "LNX-GUEST-022"],
            [get_report(answered(), resp_data=hex(at))],
            defect,
            "EFAULT",
            title=title,
            boundary=title,
            twin="base",
            last=SENT_NOT_COPIED,
        )
    keys = [
        ("key-response-read-only", READ_ONLY, "the key's buffer can only be read"),
        ("key-response-cut", END - 63, "the last byte of the key's buffer is not mapped"),
    ]
    for name, at, title in keys:
        make.invalid(
            name,
            ["LNX-GUEST-024", "LNX-GUEST-023"],
            [get_key(answered(payload=key_response(), kind=4), resp_data=hex(at))],
            defect,
            "EFAULT",
            title=title,
            twin="key",
            last=SENT_NOT_COPIED,
            boundary=title,
        )
    make.valid(
        "key-response-at-end",
        "the last byte of the key's buffer is the last of the memory",
        ["LNX-GUEST-023"],
        [get_key(answered(payload=key_response(), kind=4), resp_data=hex(END - 64))],
        last=ANSWERED,
    )


def _lengths(make: Maker) -> None:
    flag = ("dev-certs-len-unaligned",)
    lengths = [
        ("certs-unaligned", 0x1001, "LNX-GUEST-032", "certs_len is a page and a byte", flag),
        ("certs-below-page", 0x800, "LNX-GUEST-032", "certs_len is half a page", ()),
        ("certs-too-long", 0x5000, "LNX-GUEST-031", "certs_len is five pages", flag),
        ("certs-4001", 0x4001, "LNX-GUEST-031", "certs_len is one above 16 KiB", ()),
        ("certs-huge", 0xFFFFF000, "LNX-GUEST-031", "certs_len is the largest multiple of a page", ()),
    ]
    wrong_length = {
        "LNX-GUEST-031": "certs_len is above 16 KiB",
        "LNX-GUEST-032": "certs_len is no multiple of a page",
    }
    for name, length, requirement, title, flags in lengths:
        make.invalid(
            name,
            [requirement],
            [get_ext(certs_len=length)],
            wrong_length[requirement],
            "EINVAL",
            title=title,
            boundary=title,
            twin="ext-all",
            with_guest=EVERY,
            last=REFUSED,
            flags=flags,
        )
    addresses = [
        ("certs-beyond-user", USER_END - 0x3000, "the pages end a page beyond the program's addresses"),
        ("certs-kernel", KERNEL, "the pages are in the kernel's addresses"),
        ("certs-all-ones", 0xFFFF_FFFF_FFFF_FFFF, "certs_address is all ones beside a length"),
    ]
    for name, address, title in addresses:
        make.invalid(
            name,
            ["LNX-GUEST-033"],
            [get_ext(certs_address=hex(address))],
            "the certificate pages end beyond the program's addresses",
            "EFAULT",
            title=title,
            boundary=title,
            twin="ext-all",
            with_guest=EVERY,
            last=REFUSED,
        )
    unmapped = "the certificate pages are not mapped"
    copies = [
        ("certs-unmapped", NOWHERE, "LNX-GUEST-037", unmapped, "none of them is"),
        ("certs-cut", END - 0x3FFF, "LNX-GUEST-037", unmapped, "only their last byte is not"),
        ("certs-user-end", USER_END - 0x4000, "LNX-GUEST-037", unmapped, "ends at the last user address"),
        (
            "certs-read-only",
            READ_ONLY,
            "LNX-NODE-007",
            "the certificate pages cannot be written",
            "they can be read",
        ),
    ]
    for name, address, requirement, defect, boundary in copies:
        make.invalid(
            name,
            [requirement],
            [get_ext(with_certs(), certs_address=hex(address))],
            defect,
            "EFAULT",
            title=f"{defect}: {boundary}",
            twin="ext",
            last=SENT_NOT_COPIED | {"response": None},
            boundary=boundary,
        )


def add(family: Family) -> None:
    make = Maker(family, "device", "ioctl")
    for part in (_good, _arguments, _responses, _lengths):
        part(make)
