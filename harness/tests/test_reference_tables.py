"""The reference's certificate tables and KDS paths, and what the families certtable, kds and rmp claim."""

from __future__ import annotations

from pathlib import Path

import pytest
from reference import bundle, certtable, kds, ops
from reference.bundle import Case
from reference.certtable import GUIDS, Entry
from reference.world import world

CASES = Path(__file__).resolve().parents[2] / "vectors" / "cases"
ARK, VCEK = GUIDS["ARK"], GUIDS["VCEK"]
TABLE = certtable.build([(ARK, b"the ARK"), (VCEK, b"the VCEK")])

# ---- tables ----


def test_table_is_read_as_it_was_built() -> None:
    assert certtable.parse(TABLE) == [Entry(ARK, 72, 7), Entry(VCEK, 79, 8)]
    assert certtable.certificates(TABLE) == {"ark": b"the ARK", "vcek": b"the VCEK"}


def test_guid_stands_in_printed_order() -> None:
    """Certificate notes, section 4: a VCEK's entry begins 63 DA 75 8D."""
    assert TABLE[24:28].hex() == "63da758d"


def test_padding_reaches_a_page() -> None:
    padded = certtable.build([(ARK, b"x")], pad_to=certtable.PAGE)
    assert len(padded) == certtable.PAGE
    assert certtable.certificates(padded) == {"ark": b"x"}


@pytest.mark.parametrize("table", [b"", bytes(24), bytes(4096)])
def test_empty_tables(table: bytes) -> None:
    assert certtable.parse(table) == []


@pytest.mark.parametrize(
    ("at", "new", "reason"),
    [
        (16, b"\x47\0\0\0", "offset"),
        (20, b"\x0f\0\0\0", None),
        (20, b"\x10\0\0\0", "length"),
        (20, b"\xff\xff\xff\xff", "length"),
        (0, VCEK.bytes, "duplicate"),
        (0, bytes(16), "zero-guid"),
        (48, b"\x01", "terminator"),
    ],
)
def test_one_field_decides(at: int, new: bytes, reason: str | None) -> None:
    table = TABLE[:at] + new + TABLE[at + len(new) :]
    if reason is None:
        certtable.parse(table)
        return
    with pytest.raises(certtable.TableError) as error:
        certtable.parse(table)
    assert error.value.reason == reason


# ---- paths ----


@pytest.mark.parametrize("chip", ["Milan", "Genoa", "Bergamo", "Turin"])
def test_path_is_read_as_it_was_written(chip: str) -> None:
    wanted = kds.vcek_of(world(chip, 3).report)
    assert kds.parse_vcek_path(wanted.path()) == wanted


def test_turin_path() -> None:
    w = world("Turin", 5)
    tcb = "fmcSPL=01&blSPL=01&teeSPL=01&snpSPL=04&ucodeSPL=81"
    assert kds.vcek_of(w.report).path() == f"/vcek/v1/Turin/{w.hwid.hex()}?{tcb}"


@pytest.mark.parametrize("number", ["", "-1", "+1", "0x1", "1 ", "256", "\N{SUPERSCRIPT TWO}"])
def test_numbers_are_decimal(number: str) -> None:
    path = f"/vcek/v1/Genoa/{'ab' * 64}?blSPL={number}&teeSPL=0&snpSPL=0&ucodeSPL=0"
    with pytest.raises(kds.KdsError) as error:
        kds.parse_vcek_path(path)
    assert error.value.reason == "malformed"


# ---- families ----


def refusals(name: str) -> list[Case]:
    return [case for case in bundle.read(CASES / f"{name}.json").cases if case.result == "invalid"]


def test_rmp_cases_break_the_rule_that_they_name() -> None:
    """Commands of firmware name no rule; SNP-RMP-117, 119 and 175 are about refusals by other rules."""
    wrong = [
        (case.id, seen.where)
        for case in refusals("rmp")
        if (seen := ops.run(case)).where not in case.requirement
        and case.layer != "move"
        and case.requirement[0] not in ("SNP-RMP-117", "SNP-RMP-119", "SNP-RMP-175")
    ]
    assert not wrong


def test_rmp_refusals_change_nothing() -> None:
    assert all(ops.run(case).output["changed"] == 0 for case in refusals("rmp"))


@pytest.mark.parametrize(
    ("name", "reasons"),
    [
        ("certtable", {"terminator", "offset", "length", "duplicate"}),
        (
            "kds",
            {"vlek", "signer", "product", "masked", "method", "malformed", "unknown", "credentials"}
            | {"other-tcb", "status", "length", "encoding", "count", "order", "kind", "other", "list"},
        ),
    ],
)
def test_every_reason_has_a_case(name: str, reasons: set[str]) -> None:
    assert {case.expect["reason"] for case in refusals(name)} == reasons
