"""Family device, the order of the driver's checks: two things are wrong, and the earlier check answers. With
a lost VMPCK: _device_module. Linux notes, sections 2 and 4."""

from __future__ import annotations

from typing import Any

from reference.bundle import Family
from reference.device_script import digest
from reference.families._device_ioctl import (
    EVERY,
    KERNEL,
    NOWHERE,
    REFUSED,
    SENT_NOT_COPIED,
    TABLE,
    UNKNOWN,
    UNTOUCHED,
    with_certs,
)
from reference.families._device_steps import Maker, Step, get_ext, get_report


def _checks(make: Maker) -> None:
    """Before the request is sent."""
    no_pointers = {"req_data": 0, "resp_data": 0}
    unread = {"ret": -1, "exitinfo2": None, "counter": 0}
    pages = "the certificate pages end beyond the program's addresses"
    rows: list[tuple[str, list[str], Step, str, str, dict[str, Any]]] = [
        (
            "unknown-arg-null",
            ["LNX-GUEST-013", "LNX-GUEST-015"],
            get_report(arg=0) | UNKNOWN,
            "the ioctl's structure cannot be read, and the driver has no such ioctl",
            "EFAULT",
            unread,
        ),
        (
            "unknown-version-zero",
            ["LNX-GUEST-014", "LNX-GUEST-015"],
            get_report(msg_version=0) | UNKNOWN,
            "msg_version is 0, and the driver has no such ioctl",
            "EINVAL",
            UNTOUCHED,
        ),
        (
            "pointers-version-zero",
            ["LNX-GUEST-014", "LNX-GUEST-020"],
            get_report(msg_version=0, **no_pointers),
            "msg_version is 0, and there are no pointers",
            "EINVAL",
            UNTOUCHED,
        ),
        (
            "unknown-pointers",
            ["LNX-GUEST-015", "LNX-GUEST-020"],
            get_report(**no_pointers) | UNKNOWN,
            "the driver has no such ioctl, and there are no pointers",
            "ENOTTY",
            REFUSED,
        ),
        (
            "response-null-request-unmapped",
            ["LNX-GUEST-020", "LNX-GUEST-021"],
            get_report(resp_data=0, req_data=hex(NOWHERE)),
            "resp_data is 0, and the request cannot be read",
            "EINVAL",
            REFUSED,
        ),
        (
            "certs-too-long-kernel",
            ["LNX-GUEST-031", "LNX-GUEST-033"],
            get_ext(certs_len=0x5000, certs_address=hex(KERNEL)),
            f"certs_len is above 16 KiB, and {pages}",
            "EINVAL",
            REFUSED,
        ),
        (
            "certs-unaligned-kernel",
            ["LNX-GUEST-032", "LNX-GUEST-033"],
            get_ext(certs_len=0x1001, certs_address=hex(KERNEL)),
            f"certs_len is no multiple of a page, and {pages}",
            "EINVAL",
            REFUSED,
        ),
    ]
    for name, requirement, step, defect, errno, last in rows:
        make.invalid(
            name,
            requirement,
            [step],
            defect,
            errno,
            twin="ext-all" if name.startswith("certs") else "base-all",
            last=last,
            with_guest=EVERY,
        )


def _copies(make: Maker) -> None:
    """After the response has come."""
    make.invalid(
        "ext-response-unmapped",
        ["LNX-GUEST-037", "LNX-GUEST-024"],
        [get_ext(with_certs(), resp_data=hex(NOWHERE))],
        "the response buffer cannot be written, the certificate pages can",
        "EFAULT",
        title="the certificates are there when the report cannot be written",
        twin="ext",
        last=SENT_NOT_COPIED | {"certs": digest(TABLE.ljust(0x4000, b"\0"))},
    )


def add(family: Family) -> None:
    make = Maker(family, "device", "ioctl")
    for part in (_checks, _copies):
        part(make)
