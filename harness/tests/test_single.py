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
from reference.message import seal
from reference.single import CHECKS, check


@cache
def _family(file: str) -> dict[str, Case]:
    return {case.id: case for case in read(CASES / f"{file}.json").cases}


def _flip(at: int) -> Callable[[bytes], bytes]:
    return lambda data: data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def _row(index: int, **more: Any) -> Callable[[list[dict[str, Any]]], list[dict[str, Any]]]:
    return lambda rows: [{**row, **more} if i == index else row for i, row in enumerate(rows)]


def _without_last(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return rows[:-1]


def _unnamed(_: object) -> bytes:
    """A request with a wrong ALGO whose VMPL is another, too."""
    return seal(VMPCK[0], header(report_req(), algo=2), report_req(vmpl=1))


def _unsealed(_: object) -> bytes:
    return seal(VMPCK[1], header(report_req(), algo=2), report_req())


def _sealed(_: object) -> bytes:
    """Said to have another AAD, and has none."""
    return seal(VMPCK[0], header(report_req()), report_req())


SECOND: dict[str, tuple[str, str, str, Callable[[Any], object], str]] = {
    "a table's other field": (
        "certtable",
        "length-one-more",
        "table",
        _flip(0),
        "differs from the twin at 0x0 too",
    ),
    "a cut table": ("certtable", "cut", "table", _flip(0), "not the beginning of the twin's"),
    "an ID block's other field": (
        "idblock",
        "unsigned-svn",
        "id_block",
        _flip(0),
        "differs from the twin's at 0x0",
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
        "payload differs from the twin's at 0x40 too",
    ),
    "a message's header": ("message", "order-algo-seqno", "page", _flip(0x31), "header differs"),
    "another key's message": ("message", "algo-2", "page", _unsealed, "does not open under its signer's key"),
    "a message that opens": ("message", "aad-short", "page", _sealed, "the message opens"),
    "a response's other byte": (
        "message-response",
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
    "an entry's member": ("rmp", "psmash-4k", "entries", _row(0, asid=9), ".asid too"),
}


@pytest.mark.parametrize("name", SECOND)
def test_second_defect_is_found(name: str) -> None:
    file, case_id, member, change, text = SECOND[name]
    family = _family(file)
    case = family[f"{'response' if file == 'message-response' else file}.{case_id}"]
    twin = family[str(case.twin)]
    assert check(case, twin) == []
    second = replace(case, input={**case.input, member: change(case.input[member])})
    assert any(text in found for found in check(second, twin)), check(second, twin)


def test_named_member_without_change_is_found() -> None:
    case = _family("key")["key.sel-3"]
    twin = _family("key")[str(case.twin)]
    undone = replace(case, input={**case.input, "requests": twin.input["requests"]})
    assert check(undone, twin) == ["requests: 0.select is as in the twin"]


def test_every_kind_is_shown() -> None:
    ops = {_family(row[0])[next(iter(_family(row[0])))].op for row in SECOND.values()}
    assert {"tsm", "verify"} == set(CHECKS) - ops  # tsm: the same rows; verify: test_vectors.py
