"""One defect in a message page.

A message that SIGNER sealed opens under its key and has the twin's header and payload but for the named
fields; one that was changed afterwards (no signer) has the twin's bytes but for them. AAD, IV and KEY are
what a sender got wrong: header and payload are right, and the receiver cannot open it. AUTHTAG beside a
message that was sealed anew was spoilt afterwards. Of a wrong IV, or a key that is not the guest's, the
payload is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from reference import cpuid, message
from reference.bundle import Case
from reference.message import CPUID, HEADER, KEY, PAGE, REPORT, TAG, TSC_INFO
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
PLACE = "place"  # the field of the same message elsewhere in its page


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


def _decrypted(key: bytes, data: bytes) -> bytes:
    """The payload of the message at the start of DATA, as far as the page has it, whatever the tag."""
    header = message.Header.decode(data)
    counter = message.iv(header.seqno) + (2).to_bytes(4, "big")  # GCM's first block of text
    stream = Cipher(AES(key), CTR(counter)).decryptor()
    return stream.update(data[HEADER : HEADER + header.size])


def _payload(
    mine: bytes, its: bytes, names: list[str], fields: ranges.Fields, *, resized: bool
) -> Iterator[str]:
    """MINE and ITS in the clear. RESIZED: MSG_SIZE is what is wrong; a longer one goes on with zeros."""
    if resized:
        common = min(len(mine), len(its))
        if any(mine[common:]):
            yield "what the payload has more is not zero"
        mine, its = mine[:common], its[:common]
    yield from (f"payload: {text}" for text in ranges.compare(mine, its, names, fields))


def _sealed(mine: bytes, its: bytes, names: list[str], key: bytes | None, twin_key: bytes) -> Iterator[str]:
    """Of a message that was made anew, under KEY."""
    header, other = message.Header.decode(mine), message.Header.decode(its)
    outer = [name for name in names if name in FIELDS]
    inner = [name for name in names if name not in FIELDS and name not in SENDERS]
    tagged = mine if "AUTHTAG" in names else its[:TAG] + mine[TAG:]  # a tag that follows from the rest
    yield from ranges.compare(tagged[:HEADER], its[:HEADER], outer, FIELDS)
    end = HEADER + max(header.size, other.size)
    if mine[end:] != its[end:]:
        yield "what follows the message is not as in the twin"
    if key is None:
        return
    spoilt = {"IV", "AAD", "AUTHTAG"} & set(names)
    if HEADER + header.size <= PAGE and (message.opened(key, mine) is None) != bool(spoilt):
        yield "the message opens" if spoilt else "does not open under its signer's key"
    if "IV" not in names:
        fields = _fields(other.type, other.size)
        clear, its_clear = _decrypted(key, mine), _decrypted(twin_key, its)
        yield from _payload(clear, its_clear, inner, fields, resized="MSG_SIZE" in names)


def _check(case: Case, twin: Case, field: str, signer: str | None) -> Iterator[str]:
    mine, its, names = case.input["page"], twin.input["page"], field.split(", ")
    if field == PLACE:
        at, other = case.input.get("request_at", 0), twin.input.get("request_at", 0)
        size = min(PAGE - at, PAGE - other)
        if any(mine[:at]) or mine[at : at + size] != its[other : other + size]:
            yield "is not the twin's message"
    elif signer is None:
        yield from ranges.compare(mine, its, names, FIELDS)
    else:
        twin_key = _key(twin.input, f"vmpck{message.Header.decode(its).vmpck}")
        assert twin_key is not None, "a twin is sealed by its guest"
        yield from _sealed(mine, its, names, _key(case.input, signer), twin_key)


def check(case: Case, twin: Case) -> list[str]:
    """What differs and is not named, or was not sealed as it says."""
    return [
        f"{field}: {text}"
        for member, field, signer in case.changes
        if member == "page" and field != WHOLE
        for text in _check(case, twin, field, signer)
    ]
