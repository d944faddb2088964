"""What the families device and response share: keys, requests, sealed response pages."""

from __future__ import annotations

import hashlib
from typing import Any

from reference import message, report
from reference.bundle import Family
from reference.message import Header, le

SINCE_6_3 = ["6.6", "6.12", "6.16", "latest"]
WIPED_FIRST = ["6.6", "6.12"]  # a lost key is noticed before command and pointers
OLDER = ["5.19", "6.1.0"]
ALL = OLDER + SINCE_6_3
WITH_TSM = ["6.12", "6.16", "latest"]

KEPT = "0x1122334455667788"  # exitinfo2 as a program leaves it before a call
INVALID_LEN, BUSY = "0x100000000", "0x200000000"


def pattern(text: str, size: int) -> bytes:
    """SIZE bytes that TEXT makes."""
    out, block = b"", text.encode()
    while len(out) < size:
        block = hashlib.sha384(block).digest()
        out += block
    return out[:size]


KEYS = [pattern(f"VMPCK{index}", 32) for index in range(4)]
NONCE = pattern("a client's nonce", 64)
OTHER_NONCE = pattern("another client's nonce", 64)


def report_response(
    nonce: bytes = NONCE, *, vmpl: int = 0, status: int = 0, size: int = report.SIZE
) -> bytes:
    """MSG_REPORT_RSP with a report of few fields: nothing here looks at its signature."""
    if status:
        return (le(status, 4) + le(size, 4)).ljust(32 + report.SIZE, b"\0")
    body = bytearray(report.SIZE)
    for name, value in (("version", 3), ("vmpl", vmpl), ("signature_algo", 1)):
        field = report.FIELDS[name]
        body[field.offset : field.offset + field.size] = le(value, field.size)
    at = report.FIELDS["report_data"].offset
    body[at : at + 64] = nonce
    return le(status, 4) + le(size, 4) + bytes(24) + bytes(body)


def key_response(status: int = 0) -> bytes:
    """MSG_KEY_RSP."""
    return le(status, 4) + bytes(28) + (bytes(32) if status else pattern("a derived key", 32))


def sealed(
    payload: bytes, *, seqno: int = 2, kind: int = 6, version: int = 1, vmpck: int = 0, **more: Any
) -> bytes:
    """The response page with that MSG_SEQNO, under the VMPCK whose number it states."""
    header = Header(seqno=seqno, type=kind, size=len(payload), version=version, vmpck=vmpck, **more)
    return message.seal(KEYS[vmpck], header, payload)


def request_page(seqno: int = 1) -> bytes:
    """The request that a driver sends for NONCE."""
    payload = NONCE + bytes(32)
    return message.seal(KEYS[0], Header(seqno=seqno, type=message.REPORT, size=len(payload)), payload)


def cite_twins(family: Family) -> None:
    """A twin shows the other side of the rules of the cases that are built on it."""
    by_id = {case.id: case for case in family.cases}
    for case in family.cases:
        if case.twin is not None:
            twin = by_id[case.twin]
            twin.requirement = tuple(dict.fromkeys((*twin.requirement, *case.requirement)))
