"""The RMP's reference (reference/rmp.py): against the notes' tables, against vectors/rmp/decisions.json,
and word by word against the C model, whose words rmp-dump writes.

SEVKIT_BIN names the build's bin directory; without it build/bin.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import struct
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from reference import rmp, rmp_cases, rmp_pack, rmp_table
from reference import rmp_types as t
from reference.rmp_types import Fault, Kind, Map, Size, State

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("SEVKIT_BIN", str(ROOT / "build" / "bin")))
DUMP = BIN / "rmp-dump"
VECTORS = ROOT / "vectors" / "rmp" / rmp_table.FILE
SCHEMA = ROOT / "vectors" / "schema" / "rmp-decisions.schema.json"
REQUIREMENTS = ROOT / "vectors" / "requirements" / "rmp.json"
NAMES = tuple(rmp_table.TABLES)

pytestmark = pytest.mark.skipif(
    BIN.parent.name == "san",
    reason="nothing of ours in C is new here to a sanitizer: the suite asks the tables, too",
)


@pytest.fixture(scope="module")
def made() -> str:
    return rmp_table.text()


@pytest.fixture(scope="module")
def document(made: str) -> Any:
    return json.loads(made)


# ---- the committed file ----


def test_the_committed_tables_are_the_reference_s(made: str) -> None:
    assert VECTORS.read_text() == made, (
        "PYTHONPATH=harness build/venv/bin/python -m reference.rmp_table write vectors/rmp"
    )


def test_the_file_is_as_its_schema_says(made: str, document: Any) -> None:
    jsonschema.validate(document, json.loads(SCHEMA.read_text()))
    assert len(made) < 300_000
    for table in document["tables"]:
        sizes = {d["name"]: len(d["values"]) for d in table["dimensions"]}
        slices = 1
        for name in table["by"]:
            slices *= sizes[name]
        assert len(table["sha384"]) == slices, table["name"]


def test_each_rule_decides_a_case(document: Any) -> None:
    for rule in rmp_table.ENFORCED:
        assert document["rules"].get(f"SNP-RMP-{rule:03}", 0) >= 1, rule


def test_no_rule_is_forgotten() -> None:
    """Every requirement that refuses an instruction, an access or a structure is in ENFORCED."""
    rows = json.loads(REQUIREMENTS.read_text())["rows"]
    positive = {int(row["id"][-3:]) for row in rows if row.get("kinds") == ["positive"]}
    numbers = {int(row["id"][-3:]) for row in rows}
    # 117 and 119 say how a refusal looks and at which size a check is made; 144 and 145 look at no page.
    refusing = {n for n in numbers - positive if n < 146} - {117, 119, 144, 145}
    assert refusing == set(rmp_table.ENFORCED)


def test_every_switch_turns_a_table() -> None:
    turned = {name for spec in rmp_table.SPECS for name in spec.switches}
    assert turned == set(t.Rules.__dataclass_fields__)
    for spec in rmp_table.SPECS:
        if spec.switches:
            assert rmp_table.words_of(spec) != rmp_table.words_of(replace(spec, switches={})), spec.name


# ---- the tables of the notes, section 7 ----


def page(state: State, size: Size = Size.K4) -> rmp.Table:
    made = rmp_cases.template(state, size, "aligned", "match", "match", "none", "Hypervisor", False)
    assert made is not None
    return rmp_cases.fresh(made, t.Rules())


def access(state: State, actor: str, kind: Kind, size: Size, c: bool = False, near: str = "none") -> t.Answer:
    made = rmp_cases.template(state, size, "aligned", "match", "match", near, "Hypervisor", False)
    if made is None:  # an unassigned page of 2 MiB is 4 KiB ones; its mapping is 2 MiB
        made = rmp_cases.template(state, Size.K4, "aligned", "match", "match", near, "Hypervisor", False)
    assert made is not None
    spa = rmp_cases.region_of(state)
    asked = t.Access(
        rmp_cases.ACTORS[actor], kind, spa, rmp_cases.GPA, Map(size), rmp_cases.ASID, vmpl=0, c=c
    )
    return made.check(asked)


NPF, PF, VC, NO = Fault.NPF, Fault.PF, Fault.VC, Fault.NONE
# Host read, host write, SNP guest C=0 read, write, C=1.
EXPECTED = {
    State.DEFAULT: (NO, NO, NO, NO, NPF),
    State.HYPERVISOR: (NO, NO, NO, NO, NPF),
    State.HV_FIXED: (NO, NO, NO, NO, NPF),
    State.FIRMWARE: (NO, PF, NO, NPF, NPF),
    State.CONTEXT: (NO, PF, NO, NPF, NPF),
    State.METADATA: (NO, PF, NO, NPF, NPF),
    State.RECLAIM: (NO, PF, NO, NPF, NPF),
    State.PRE_GUEST: (NO, PF, NO, NPF, NPF),
    State.PRE_SWAP: (NO, PF, NO, NPF, NPF),
    State.GUEST_INVALID: (NO, PF, NO, NPF, VC),
    State.GUEST_VALID: (NO, PF, NO, NPF, NO),
}


@pytest.mark.parametrize("state", EXPECTED)
@pytest.mark.parametrize("size", Size)
def test_accesses_by_state(state: State, size: Size) -> None:
    found = (
        access(state, "host", Kind.READ, size).fault,
        access(state, "host", Kind.WRITE, size).fault,
        access(state, "snp", Kind.READ, size).fault,
        access(state, "snp", Kind.WRITE, size).fault,
        access(state, "snp", Kind.READ, size, c=True).fault,
    )
    assert found == EXPECTED[state]
    near = access(state, "host", Kind.WRITE, size, near="assigned") if size is Size.K4 else None
    assert near is None or near.fault is EXPECTED[state][1]


@pytest.mark.parametrize("state", (State.HYPERVISOR, State.HV_FIXED))
def test_a_large_write_needs_the_whole_region(state: State) -> None:
    refused = access(state, "host", Kind.WRITE, Size.M2, near="assigned")
    assert (refused.fault, refused.error, refused.rule) == (PF, t.BIT_RMP, 104)


# All-zero, guest, firmware; guest 2M; unassigned with ASID.
UPDATES = {
    State.DEFAULT: (1, 1, 1, 1, 1),
    **dict.fromkeys((State.HYPERVISOR, State.RECLAIM), (0, 0, 0, 0, 1)),
    **dict.fromkeys(
        (
            State.HV_FIXED,
            State.FIRMWARE,
            State.CONTEXT,
            State.METADATA,
            State.PRE_GUEST,
            State.PRE_SWAP,
        ),
        (2, 2, 2, 2, 1),
    ),
    **dict.fromkeys((State.GUEST_INVALID, State.GUEST_VALID), (0, 0, 0, 0, 1)),
}
NAMED = ("all-zero", "same guest", "firmware", "same guest", "unassigned, ASID")
REQUEST_SIZES = ("4K", "4K", "4K", "2M", "4K")


@pytest.mark.parametrize("state", UPDATES)
def test_rmpupdate_by_state(state: State) -> None:
    spa = rmp_cases.region_of(state)
    codes = tuple(
        page(state).update(t.Cpu(), spa, rmp_cases.request(name, size, "aligned")).eax
        for name, size in zip(NAMED, REQUEST_SIZES, strict=True)
    )
    assert codes == UPDATES[state]


@pytest.mark.parametrize("state", (State.GUEST_INVALID, State.GUEST_VALID))
@pytest.mark.parametrize(("at", "expected"), (("aligned", (4, 4, 4, 0, 1)), ("later", (4, 4, 4, 1, 1))))
def test_rmpupdate_of_a_large_page(state: State, at: str, expected: tuple[int, ...]) -> None:
    spa = rmp_cases.SPA + rmp_cases.offset_of(at)
    codes = tuple(
        page(state, Size.M2).update(t.Cpu(), spa, rmp_cases.request(name, size, at)).eax
        for name, size in zip(NAMED, REQUEST_SIZES, strict=True)
    )
    assert codes == expected


def test_a_page_keeps_validated_until_it_changes() -> None:
    for name, expected in (("same guest", State.GUEST_VALID), ("other GPA", State.GUEST_INVALID)):
        table = page(State.GUEST_VALID)
        assert table.update(t.Cpu(), rmp_cases.SPA, rmp_cases.request(name, "4K", "aligned")).ok
        assert t.state_of(table.at(rmp_cases.SPA)) is expected
    table = page(State.GUEST_VALID)
    assert table.update(t.Cpu(), rmp_cases.SPA, rmp_cases.request("same with Immutable", "4K", "aligned")).ok
    assert t.state_of(table.at(rmp_cases.SPA)) is State.PRE_SWAP


@pytest.mark.parametrize("state", list(State)[1:11])
def test_a_state_s_entry_is_of_that_state(state: State) -> None:
    assert t.state_of(rmp_cases.entry(state, Size.K4, "match", "match", 0, vmsa=False)) is state


def test_the_access_table_is_what_single_accesses_say() -> None:
    """The table is put together from parts: 20000 of its cases, asked one by one."""
    words = rmp_table.words_of(rmp_table.ACCESS)
    draw = random.Random(1)
    for case in (draw.randrange(rmp_table.ACCESS.product) for _ in range(20000)):
        v = rmp_table.combination(rmp_table.ACCESS, case)
        state, size = rmp_cases.STATES[v["state"]], rmp_cases.SIZES[v["RMP size"]]
        tables = rmp_cases.access_tables(state, size, v["own"], v["gpa"], t.Rules())
        table = tables[v["neighbours"] == "some"]
        expected = rmp_pack.IMPOSSIBLE
        if table is not None:
            masks = [0x1F ^ int(v["mask"], 0)] * 4
            masks[int(v["VMPL"])] = int(v["mask"], 0)
            for entries in table.regions.values():
                entries[0] = replace(entries[0], perms=(masks[0], masks[1], masks[2], masks[3]))
            asked = t.Access(
                rmp_cases.ACTORS[v["actor"]],
                rmp_cases.KINDS[v["access"]],
                rmp_cases.region_of(state),
                rmp_cases.GPA,
                rmp_cases.MAPS[v["map"]],
                rmp_cases.ASID,
                int(v["VMPL"]),
                v["C"] == "1",
                v["VmplSSS"] == "on",
            )
            expected = rmp_pack.answer(table.check(asked))
        assert struct.unpack_from("<I", words, 4 * case)[0] == expected, v


def test_combinations_are_in_the_loops_order() -> None:
    spec = rmp_table.VMRUN
    for case, values in enumerate(itertools.product(*spec.dims.values())):
        assert tuple(rmp_table.combination(spec, case).values()) == values


# ---- the C model ----


@pytest.mark.skipif(not DUMP.exists(), reason="no rmp-dump in SEVKIT_BIN")
def test_the_programs_have_the_same_tables() -> None:
    listed = subprocess.run([str(DUMP)], capture_output=True, text=True, check=True, timeout=60).stdout
    *rows, total = (line.split() for line in listed.splitlines())
    assert [row[:2] for row in rows] == [[spec.name, str(spec.product)] for spec in rmp_table.SPECS]
    assert total == ["sum", str(sum(int(row[1]) for row in rows)), str(sum(int(row[2]) for row in rows))]


@pytest.mark.skipif(not DUMP.exists(), reason="no rmp-dump in SEVKIT_BIN")
@pytest.mark.parametrize("name", NAMES)
def test_the_c_model_decides_as_the_reference(name: str, tmp_path: Path) -> None:
    out = tmp_path / "words"
    subprocess.run([str(DUMP), name, str(out)], check=True, timeout=60)
    found = rmp_table.difference(rmp_table.TABLES[name], out.read_bytes())
    assert found is None, found


def test_a_difference_is_told_in_words() -> None:
    spec = rmp_table.VMRUN
    words = bytearray(rmp_table.words_of(spec))
    at = 4 * 3 * 9  # a case that nothing refuses: the VMCB becomes a refusal by #GP
    struct.pack_into("<I", words, at, rmp_pack.answer(t.fault(131, Fault.GP)))
    found = rmp_table.difference(spec, bytes(words))
    assert found is not None
    assert "vmrun, case 9: guest SNP, VMCB Hypervisor, AVIC Hypervisor, VMSA good" in found
    assert "answer: C fault #GP; EAX 0; CF 0; rule 131" in found
    assert "reference fault none; EAX 0; CF 0; rule 0" in found
    assert "words, the reference has" in (rmp_table.difference(spec, b"\0" * 4) or "")
