"""That the proof of a single defect sees a second one, in each kind of input that it looks into."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from reference.__main__ import CASES
from reference.bundle import Case, read
from reference.families._message import VMPCK, header, report_req
from reference.families._message_cpuid import LEAF_7, cpuid_req, entry
from reference.message import CPUID, seal
from reference.single import CHECKS, check


@cache
def _family(file: str) -> dict[str, Case]:
    return {case.id: case for case in read(CASES / f"{file}.json").cases}


def _case(file: str, case_id: str) -> Case:
    return next(case for name, case in _family(file).items() if name.partition(".")[2] == case_id)


def _flip(at: int) -> Callable[[bytes], bytes]:
    def flip(data: bytes) -> bytes:
        out = bytearray(data)
        out[at] ^= 1
        return bytes(out)

    return flip


def _row(index: int, **more: Any) -> Callable[[list[dict[str, Any]]], list[dict[str, Any]]]:
    return lambda rows: [{**row, **more} if i == index else row for i, row in enumerate(rows)]


def _without_last(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return rows[:-1]


def _unnamed(_: object) -> bytes:
    """A request with a wrong ALGO whose VMPL is another, too."""
    return seal(VMPCK[0], header(report_req(), algo=2), report_req(vmpl=1))


def _other_entry(_: object) -> bytes:
    one, two = entry(0, (1, 2, 3, 4)), entry(7, (2, *LEAF_7[1:]))
    payload = cpuid_req(one, two)
    return seal(VMPCK[0], header(payload, type=CPUID), payload)


def _twice(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [*rows, rows[0]]


def _unsealed(_: object) -> bytes:
    return seal(VMPCK[1], header(report_req(), algo=2), report_req())


def _sealed(_: object) -> bytes:
    """Said to have another AAD, and has none."""
    return seal(VMPCK[0], header(report_req()), report_req())


def _tail(page: bytes) -> bytes:
    return page[:-1] + b"\1"


def _ended(table: bytes) -> bytes:
    """With other bytes where blobs follow."""
    return table + b"\1"


# What is tried: the file, a case of it, the member that gets a second defect, how, and what is said of it.
SECOND: dict[str, tuple[str, str, str, Callable[[Any], object], str]] = {
    "a table's other field": ("certtable", "length-one-more", "table", _flip(0), "entry 0.guid too"),
    "a table's other blob": ("certtable", "duplicate-ask", "table", _flip(-1), "entry 4.blob too"),
    "a cut table": ("certtable", "cut", "table", _flip(0), "not the beginning of the twin's"),
    "a table without end": ("certtable", "no-terminator", "table", _flip(0), "entry 0.guid too"),
    "bytes behind the blobs": (
        "certtable",
        "offset-beyond",
        "table",
        _ended,
        "differs from the twin in data too",
    ),
    "an ID block's other field": (
        "idblock",
        "unsigned-svn",
        "id_block",
        _flip(0),
        "differs from the twin at 0x0",
    ),
    "an uncertified ID key": ("idblock", "id-key-curve-1", "id_auth", _flip(0x680), "ID_KEY is not signed"),
    "an unsigned ID block": ("idblock", "ld-zero", "id_auth", _flip(0x40), "ID block is not signed"),
    "a message's other byte": (
        "message",
        "aad-type",
        "page",
        _flip(0x35),
        "differs from the twin at 0x35 too",
    ),
    "a message's payload": (
        "message",
        "algo-2",
        "page",
        _unnamed,
        "payload: differs from the twin at 0x40 too",
    ),
    "a message's header": (
        "message",
        "order-algo-seqno",
        "page",
        _flip(0x31),
        "differs from the twin at 0x31 too",
    ),
    "a message's upper tag": ("message", "algo-2", "page", _flip(0x10), "differs from the twin at 0x10 too"),
    "a message's tail": ("message", "algo-2", "page", _tail, "what follows the message"),
    "another key's message": ("message", "algo-2", "page", _unsealed, "does not open under its signer's key"),
    "a message that opens": ("message", "aad-short", "page", _sealed, "the message opens"),
    "the payload of a wrong AAD": ("message", "aad-short", "page", _flip(0x60), "payload: differs"),
    "the payload of a wrong key": ("message", "key-other", "page", _flip(0x60), "does not open"),
    "a size and other bytes": ("message", "size-unaligned-8", "page", _flip(0x60), "does not open"),
    "bytes of a size too large": ("message", "size-over", "page", _flip(0x100), "what the payload has more"),
    "another entry's outputs": ("message", "cpuid-second", "page", _other_entry, "payload: differs"),
    "a message in another place": (
        "message",
        "place-payload",
        "page",
        _flip(-1),
        "is not the twin's message",
    ),
    "a response's other byte": (
        "response",
        "algo",
        "page",
        _flip(0x31),
        "differs from the twin at 0x31",
    ),
    "a request's member": (
        "key",
        "sel-3",
        "requests",
        _row(0, vmpl=1),
        "differs from the twin in 0.vmpl too",
    ),
    "a step's member": ("device", "response-null", "steps", _row(0, msg_version=9), "in 0.msg_version too"),
    "a step less": ("device", "wiped-report", "steps", _without_last, "1 rows, the twin's are 2"),
    "a step beside an added one": ("device", "tsm-gone-floor", "steps", _row(3, name="b"), "in 3.name too"),
    "an entry's member": ("rmp", "psmash-4k", "entries", _row(0, asid=9), ".asid too"),
    "an entry twice": ("rmp", "psmash-4k", "entries", _twice, "two entries of one address"),
    "a report that is parsed": ("report", "reserved-4c", "report", _flip(0x50), "at 0x50 too"),
}


@pytest.mark.parametrize("name", SECOND)
def test_second_defect_is_found(name: str) -> None:
    file, case_id, member, change, text = SECOND[name]
    case = _case(file, case_id)
    twin = _family(file)[str(case.twin)]
    assert check(case, twin) == []
    second = replace(case, input={**case.input, member: change(case.input[member])})
    assert any(text in found for found in check(second, twin)), check(second, twin)


def test_named_member_without_change_is_found() -> None:
    case = _family("key")["key.sel-3"]
    twin = _family("key")[str(case.twin)]
    undone = replace(case, input={**case.input, "requests": twin.input["requests"]})
    assert check(undone, twin) == ["requests: 0.select is as in the twin"]


def test_every_kind_is_shown() -> None:
    ops = {_case(file, case_id).op for file, case_id, *_ in SECOND.values()}
    assert set(CHECKS) - ops == {"kds_url", "verify"}  # test_vectors.py has certificates and reports
