"""One defect in a message page.

A message that SIGNER sealed opens under its key and has the twin's header and payload but for the named
fields; one that was changed afterwards (no signer) has the twin's bytes but for them. IV, AAD and KEY are
what a sender got wrong: the header is right, and the message does not open. Beside a message sealed anew
AUTHTAG says that the tag was spoilt afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reference import cpuid, message
from reference.bundle import Case
from reference.message import CPUID, HEADER, KEY, PAGE, REPORT, TSC_INFO
from reference.single import ranges

FIELDS: ranges.Fields = {
    "AUTHTAG": (0x00, 0x20),
    "MSG_SEQNO": (0x20, 8),
    "reserved 0x28": (0x28, 8),
    "ALGO": (0x30, 1),
    "HDR_VERSION": (0x31, 1),
    "HDR_SIZE": (0x32, 2),
    "MSG_TYPE": (0x34, 1),
    "MSG_VERSION": (0x35, 1),
    "MSG_SIZE": (0x36, 2),
    "reserved 0x38": (0x38, 4),
    "MSG_VMPCK": (0x3C, 1),
    "reserved 0x3D": (0x3D, 35),
    "PAYLOAD": (HEADER, PAGE - HEADER),
}
PAYLOADS: Mapping[int, ranges.Fields] = {
    REPORT: {"VMPL": (0x40, 4), "KEY_SEL": (0x44, 4), "reserved 0x48": (0x48, 0x18)},
    KEY: {"select": (0, 4), "reserved 0x04": (4, 4), "GUEST_FIELD_SELECT": (8, 8), "VMPL": (16, 4)},
    TSC_INFO: {"reserved": (0, 0x80)},
}
ENTRY = {"outputs": (0x18, 16), "reserved": (0x28, 8)}  # of a CPUID_REQ's entry
SENDERS = {"IV", "AAD", "KEY"}
WHOLE = "all"  # the field of another page altogether


def _fields(kind: int, size: int) -> ranges.Fields:
    """The fields of a payload of SIZE bytes."""
    if kind != CPUID:
        return PAYLOADS.get(kind, {})
    entries = range(cpuid.HEAD, size, cpuid.ENTRY)
    return {"COUNT": (0, 4)} | {
        f"entry {index}.{part}": (at + offset, length)
        for index, at in enumerate(entries)
        for part, (offset, length) in ENTRY.items()
    }


def _key(given: Mapping[str, Any], signer: str) -> bytes | None:
    """The VMPCK that SIGNER names, None where it is no key of the guest."""
    keys = given["vmpck"]
    if isinstance(keys, str):  # of a response: that of its request
        return bytes.fromhex(keys) if signer == f"vmpck{given['request']['vmpck']}" else None
    number = signer.removeprefix("vmpck")
    return bytes.fromhex(keys[int(number)]) if number.isdigit() else None


def _edited(mine: bytes, its: bytes, names: list[str]) -> Iterator[str]:
    """Of a message that was changed after sealing."""
    at = ranges.outside(mine, its, ranges.of(names, FIELDS))
    if at is not None:
        yield f"differs from the twin at {at:#x} too"


def _sealed(mine: bytes, its: bytes, names: list[str], key: bytes | None, twin_key: bytes) -> Iterator[str]:
    """Of a message that was made anew, under KEY."""
    at = ranges.outside(mine[:HEADER], its[:HEADER], ranges.of(["AUTHTAG", *names], FIELDS))
    if at is not None:
        yield f"the header differs from the twin's at {at:#x} too"
    header, other = message.Header.decode(mine), message.opened(twin_key, its)
    payload = message.opened(key, mine) if key is not None else None
    if (SENDERS | {"AUTHTAG"}) & set(names):
        if payload is not None and "KEY" not in names:
            yield "the message opens"
        return
    if HEADER + header.size > PAGE:
        return
    if payload is None:
        yield "does not open under its signer's key"
    elif other is not None and "MSG_SIZE" not in names and len(payload) == len(other):
        at = ranges.outside(payload, other, ranges.of(names, _fields(header.type, len(payload))))
        if at is not None:
            yield f"the payload differs from the twin's at {at:#x} too"


def check(case: Case, twin: Case) -> list[str]:
    """What differs and is not named, or was not sealed as it says."""
    found: list[str] = []
    for member, field, signer in case.changes:
        if member != "page" or field == WHOLE or case.input.get("request_at") != twin.input.get("request_at"):
            continue
        mine, its, names = case.input["page"], twin.input["page"], field.split(", ")
        if signer is None:
            texts = _edited(mine, its, names)
        else:
            twin_key = _key(twin.input, f"vmpck{message.Header.decode(its).vmpck}")
            assert twin_key is not None, "a twin is sealed by its guest"
            texts = _sealed(mine, its, names, _key(case.input, signer), twin_key)
        found += [f"{field}: {text}" for text in texts]
    return found
