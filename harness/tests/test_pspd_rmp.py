"""pspd's frame RMP: each operation, what is refused by its field, broken guests, state."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pspd_client import (
    ADJUST,
    C_BIT,
    CHECK,
    IS_VMSA,
    LONG_MODE,
    LOOKUP,
    MOVE,
    MOVE_PAGE,
    NO_HSAVE,
    PAGE,
    PRESENT,
    PSMASH,
    PSPD,
    PVALIDATE,
    QUERY,
    READ,
    RMP,
    RMP_FIELDS,
    ROOT,
    SNP,
    SNP_GET_DERIVED_KEY,
    SNP_GUEST,
    STRUCTURE,
    UNSMASH,
    UPDATE,
    VALIDATED,
    VMEXIT,
    VMPL_SSS,
    VMRUN,
    Client,
    Daemon,
    Refused,
    RmpAnswer,
    rmp_body,
)

pytestmark = pytest.mark.skipif(not PSPD.exists(), reason=f"no pspd in {PSPD.parent}: make all")

MEMORY = 1 << 30  # of the default profile
LARGE = 2 << 20
NO_PAGE = 2**64 - 1
SPA, GPA, ASID = 40 * LARGE, 0x8000_0000, 5
GCTX, REQUEST, RESPONSE = 0x1000, 0x2000, 0x3000  # of a machine's first guest
UD, GP, PF, NPF, VC, VMEXIT_INVALID, VMEXIT_VMSAVE = range(1, 8)
HOST, OTHER_GUEST, SNP_ACTOR = range(3)
GCTX_CREATE, DECOMMISSION, LAUNCH_UPDATE, RECLAIM = range(4)
SWAP_IN, MD_INIT = 6, 8
HOST_CPU = {"flags": LONG_MODE | SNP}
GUEST_CPU: dict[str, int] = {"flags": LONG_MODE | SNP | PRESENT | C_BIT, "asid": ASID}
B31, B34, B36 = 1 << 31, 1 << 34, 1 << 36
FIELD = 6  # the ERROR code


def pvalidate(client: Client, spa: int = SPA, gpa: int = GPA, **members: int) -> RmpAnswer:
    """PVALIDATE to 1 by the page's guest."""
    flags = GUEST_CPU["flags"] | VALIDATED
    return client.rmp(PVALIDATE, **{"flags": flags, "asid": ASID, "spa": spa, "gpa": gpa, **members})


def access(client: Client, actor: int, kind: int, **members: int) -> tuple[int, int, int]:
    """Fault, error, rule of an access with C=1 to the page."""
    given: dict[str, int] = {"spa": SPA, "gpa": GPA, "asid": ASID, "flags": C_BIT, **members}
    got = client.rmp(CHECK, actor=actor, kind=kind, **given)
    return got.fault, got.error, got.rule


def taken(client: Client) -> None:
    """A validated page of ASID 5."""
    assert client.rmpupdate(SPA, GPA, ASID).ok
    assert pvalidate(client).ok


def field_error(client: Client, body: bytes) -> str:
    """The text of the refusal; the connection goes on."""
    with pytest.raises(Refused) as refused:
        client.call(RMP, body)
    assert refused.value.code == FIELD
    client.counters()
    return refused.value.text


# ---- each operation ----
def test_a_page_from_the_host_to_a_guest_and_back(daemon: Daemon) -> None:
    """Assign, validate, adjust, access, take back: what each step answers, and what the table says.

    @req SOCK-015
    """
    with daemon.client() as client:
        assert client.state(SPA) == "hypervisor"
        assert access(client, HOST, 1) == (0, 0, 0)
        assert client.rmpupdate(SPA, GPA, ASID).ok
        assert client.state(SPA) == "guest-invalid"
        assert access(client, HOST, 0) == (0, 0, 0)
        assert access(client, HOST, 1)[:2] == (PF, B31)
        assert access(client, SNP_ACTOR, 0)[:2] == (VC, 0x404)
        first, second = pvalidate(client), pvalidate(client)
        assert (first.ok, first.cf, second.ok, second.cf) == (True, 0, True, 1)
        assert client.state(SPA) == "guest-valid"
        assert access(client, SNP_ACTOR, 1) == (0, 0, 0)
        assert access(client, SNP_ACTOR, 0, vmpl=1)[:2] == (NPF, B31 | B34 | B36)
        assert client.rmp(ADJUST, **GUEST_CPU, spa=SPA, gpa=GPA, target=1, mask=1).ok
        assert access(client, SNP_ACTOR, 0, vmpl=1) == (0, 0, 0)
        assert access(client, SNP_ACTOR, 1, vmpl=1)[:2] == (NPF, B31 | B34 | B36)
        found = client.rmp(LOOKUP, spa=SPA + 0xFFF)
        assert (found.gpa, found.asid, found.bits, found.perms) == (GPA, ASID, 0b1001, b"\x1f\x01\0\0")
        assert client.rmpupdate(SPA, GPA, ASID, immutable=True).ok
        assert client.state(SPA) == "pre-swap"
        assert client.rmpupdate(SPA, assigned=False).eax == 2
        assert client.rmp(MOVE, kind=RECLAIM, spa=SPA).moved == 0
        assert client.state(SPA) == "guest-valid"
        assert client.rmpupdate(SPA, assigned=False).ok
        assert client.state(SPA) == "hypervisor"


def test_a_large_page_is_smashed_and_made_whole(daemon: Daemon) -> None:
    """@req SOCK-015"""
    with daemon.client() as client:
        assert client.rmpupdate(SPA, GPA, ASID, large=True).ok
        assert client.rmpupdate(SPA + PAGE, GPA, ASID).eax == 4
        assert (client.state(SPA + PAGE), client.state(SPA + PAGE, 1)) == ("reclaim", "guest-invalid")
        assert client.rmp(PSMASH, **HOST_CPU, spa=SPA).ok
        page = client.rmp(LOOKUP, spa=SPA + 5 * PAGE)
        assert (page.name, page.gpa, page.bits) == ("guest-invalid", GPA + 5 * PAGE, 1)
        assert client.rmp(LOOKUP, spa=SPA).subpages == 511
        assert client.rmp(PSMASH, **HOST_CPU, spa=SPA).eax == 7
        for index in range(512):
            assert client.rmpupdate(SPA + index * PAGE, GPA + index * PAGE, ASID, immutable=True).ok
        assert client.rmp(UNSMASH, spa=SPA + PAGE).moved == 3
        assert client.rmp(UNSMASH, spa=SPA).moved == 0
        whole = client.rmp(LOOKUP, spa=SPA)
        assert (whole.name, whole.bits, whole.subpages) == ("pre-guest", 0b10011, 0)


def test_instructions_of_the_wrong_mode_fault(daemon: Daemon) -> None:
    """@req SOCK-015"""
    with daemon.client() as client:
        for operation in (UPDATE, PSMASH):
            assert client.rmp(operation, spa=SPA).fault == UD
            assert client.rmp(operation, spa=SPA, flags=LONG_MODE).fault == UD
            assert client.rmp(operation, spa=SPA, **HOST_CPU, cpl=3).fault == GP
        for operation in (PVALIDATE, ADJUST, QUERY):
            assert client.rmp(operation, spa=SPA).fault == UD
            assert client.rmp(operation, spa=SPA, **GUEST_CPU, cpl=1).fault == GP
        assert client.rmp(UPDATE, spa=SPA, **HOST_CPU, asid=1).eax == 2


def test_query(daemon: Daemon) -> None:
    """@req SOCK-015"""
    with daemon.client() as client:
        taken(client)
        assert client.rmp(ADJUST, **GUEST_CPU, spa=SPA, gpa=GPA, target=2, mask=7).ok
        got = client.rmp(QUERY, **GUEST_CPU, spa=SPA, gpa=GPA, target=2)
        assert got.ok
        assert got.result == b"\x07" + bytes(15)
        assert client.rmp(QUERY, **GUEST_CPU, spa=SPA, gpa=GPA, target=0).eax == 2
        flags = GUEST_CPU["flags"] | IS_VMSA
        assert client.rmp(ADJUST, spa=SPA, gpa=GPA, asid=ASID, flags=flags, target=3, mask=1).ok
        assert client.rmp(QUERY, **GUEST_CPU, spa=SPA, gpa=GPA, target=3).result[:3] == b"\x01\x01\0"


def test_structures_and_vmrun(daemon: Daemon) -> None:
    """What VMRUN takes is in use until VMEXIT.

    @req SOCK-015
    """
    vmcb, vmsa = SPA + LARGE, SPA
    with daemon.client() as client:
        taken(client)
        run = {"spa": vmcb, "avic": NO_PAGE, "vmsa": vmsa, "gpa": GPA, "asid": ASID, "flags": SNP | SNP_GUEST}
        assert client.rmp(VMRUN, **run).fault == VMEXIT_INVALID
        assert client.rmp(STRUCTURE, kind=3, spa=vmsa, gpa=GPA, asid=ASID).fault == VMEXIT_INVALID
        flags = GUEST_CPU["flags"] | IS_VMSA
        assert client.rmp(ADJUST, spa=vmsa, gpa=GPA, asid=ASID, flags=flags, target=1).ok
        assert client.rmp(STRUCTURE, kind=3, spa=vmsa, gpa=GPA, asid=ASID).ok
        assert client.rmp(STRUCTURE, kind=0, spa=vmsa).fault == GP
        assert client.rmp(STRUCTURE, kind=0, spa=vmcb).ok
        assert client.rmp(STRUCTURE, kind=5, spa=vmcb).ok
        refused = client.rmp(STRUCTURE, kind=7, spa=vmcb)
        assert (refused.fault, refused.rule) == (VMEXIT_VMSAVE, 145)
        refused = client.rmp(VMRUN, **{**run, "flags": run["flags"] | NO_HSAVE})
        assert (refused.fault, refused.rule) == (GP, 144)
        assert client.rmp(LOOKUP, spa=vmcb).bits == 0
        assert client.rmp(VMRUN, **run).ok
        assert client.rmp(LOOKUP, spa=vmcb).bits == 1 << 5
        assert client.rmpupdate(vmsa, assigned=False).eax == 3
        assert client.rmp(VMEXIT, **run).ok
        assert client.rmp(LOOKUP, spa=vmcb).bits == 0
        assert client.rmpupdate(vmsa, assigned=False).ok


def test_moves(daemon: Daemon) -> None:
    """Firmware's moves, with what they write, and why one does not happen.

    @req SOCK-015
    """
    with daemon.client() as client:
        assert client.rmpupdate(SPA, GPA, ASID, immutable=True).ok
        moved = client.rmp(MOVE, kind=LAUNCH_UPDATE, spa=SPA, asid=ASID + 1)
        assert (moved.moved, moved.fault, moved.eax) == (5, 0, 0)
        given = {"spa": SPA, "asid": ASID, "perms": 0x04030201, "flags": IS_VMSA}
        assert client.rmp(MOVE, kind=LAUNCH_UPDATE, **given).moved == 0
        page = client.rmp(LOOKUP, spa=SPA)
        assert (page.name, page.perms, page.bits) == ("guest-valid", b"\x1f\2\3\4", 0b1101)
        assert client.rmp(MOVE, kind=RECLAIM, spa=MEMORY).moved == 1
        assert client.rmp(MOVE, kind=RECLAIM, spa=SPA, page_size=1).moved == 2
        assert client.rmp(MOVE, kind=GCTX_CREATE, spa=SPA).moved == 4
        for spa, gpa in ((SPA + PAGE, GPA), (SPA + 2 * PAGE, 0)):
            assert client.rmpupdate(spa, gpa, ASID, immutable=True).ok
        swapped = client.rmp(MOVE, kind=SWAP_IN, spa=SPA + PAGE, asid=ASID, gpa=GPA + PAGE, flags=VALIDATED)
        assert (swapped.moved, client.state(SPA + PAGE)) == (0, "pre-swap")
        both = {"spa": SPA + PAGE, "destination": SPA + 2 * PAGE, "asid": ASID}
        assert client.rmp(MOVE_PAGE, **both).moved == 0
        page = client.rmp(LOOKUP, spa=SPA + 2 * PAGE)
        assert (page.name, page.gpa) == ("guest-valid", GPA + PAGE)


def test_every_argument_reaches_the_table(daemon: Daemon) -> None:
    """Each changes an answer by itself.

    @req SOCK-015
    """
    with daemon.client() as client:
        taken(client)
        assert client.rmpupdate(SPA + LARGE, GPA + LARGE, ASID, large=True).ok
        both = {"spa": SPA + LARGE, "gpa": GPA + LARGE, "map": 1, "page_size": 1}
        for operation in (PVALIDATE, ADJUST):
            got = client.rmp(operation, **GUEST_CPU, **both, gva=PAGE, target=1 if operation == ADJUST else 0)
            assert (got.fault, got.eax) == (0, 1)
        assert pvalidate(client, **both).ok
        assert client.rmp(ADJUST, **GUEST_CPU, **both, target=1, mask=1).ok
        large = {"spa": SPA + LARGE, "gpa": GPA + LARGE, "map": 1}
        assert client.rmp(QUERY, **GUEST_CPU, **large, target=1).result[:3] == b"\x01\0\x01"
        assert pvalidate(client, map=1).error == B31 | B34 | 1 << 35
        absent = pvalidate(client, flags=CPU_FLAGS | C_BIT)
        assert (absent.fault, absent.error) == (NPF, 0)
        assert pvalidate(client, flags=CPU_FLAGS | PRESENT).error == B31
        assert pvalidate(client, vmpl=1).fault == GP
        assert access(client, HOST, 1, spa=SPA + PAGE, map=0) == (0, 0, 0)
        assert access(client, SNP_ACTOR, 0, spa=SPA + LARGE, gpa=GPA + LARGE, map=1) == (0, 0, 0)
        assert access(client, OTHER_GUEST, 1)[:2] == (NPF, B31)
        stack = {"spa": SPA + LARGE, "gpa": GPA + LARGE, "map": 1, "kind": 6, "vmpl": 1}
        assert client.rmp(ADJUST, **GUEST_CPU, **both, target=1, mask=3).ok
        for flags, fault in ((C_BIT, 0), (C_BIT | VMPL_SSS, NPF)):
            assert client.rmp(CHECK, actor=SNP_ACTOR, asid=ASID, flags=flags, **stack).fault == fault
        run = {"spa": SPA + PAGE, "vmsa": NO_PAGE}
        assert client.rmp(VMRUN, **run, avic=SPA).fault == VMEXIT_INVALID
        assert client.rmpupdate(SPA + 2 * PAGE, immutable=True).ok
        assert client.rmpupdate(SPA + 2 * PAGE).rule == 7
        assert client.rmp(MOVE, kind=MD_INIT, spa=SPA + 2 * PAGE, owner=GCTX).moved == 0
        page = client.rmp(LOOKUP, spa=SPA + 2 * PAGE)
        assert (page.name, page.gpa) == ("metadata", GCTX)


def test_what_a_processor_lacks(daemon: Daemon) -> None:
    """RMPREAD is Turin's; its raw format is not known. A profile may say otherwise.

    @req SOCK-015
    """
    control = daemon.control()
    with daemon.client() as genoa:
        assert genoa.rmp(READ, **HOST_CPU, spa=SPA).fault == UD
        assert genoa.rmpupdate(SPA, immutable=True).ok
        found = genoa.rmp(LOOKUP, spa=SPA)
        assert (found.entry, found.result) == (3, struct.pack("<QQ", 1 << 63 | 5, 0x1F))
        outside = genoa.rmp(LOOKUP, spa=MEMORY)
        assert (outside.entry, outside.name, outside.result) == (0, "default", bytes(16))
    control.do(op="profile", profile="turin-1.55.65-v5-vcek")
    with daemon.client() as turin:
        assert turin.rmpupdate(SPA, GPA, ASID).ok
        got = turin.rmp(READ, **HOST_CPU, spa=SPA)
        assert (got.ok, got.result) == (True, struct.pack("<QBBBBI", GPA, 1, 2, 0, 0, ASID))
        assert turin.rmp(READ, **HOST_CPU, spa=MEMORY).eax == 1
        found = turin.rmp(LOOKUP, spa=SPA)
        assert (found.entry, found.result, found.name) == (1, bytes(16), "guest-invalid")
    control.do(op="profile", profile=profile_with(rmpquery=False, raw_format="milan", update_inside_2m=2))
    with daemon.client() as other:
        assert other.rmpupdate(SPA, GPA, ASID, large=True).ok
        assert other.rmpupdate(SPA + PAGE, GPA, ASID).eax == 2
        assert other.rmp(QUERY, **GUEST_CPU, spa=SPA, gpa=GPA, target=1).fault == UD
        assert other.rmp(LOOKUP, spa=SPA).entry == 3


def profile_with(**rmp: Any) -> dict[str, Any]:
    """The default profile with switches of the RMP."""
    text = (ROOT / "emulator/profiles/genoa-1.55.40-v3-vcek.json").read_text()
    profile: dict[str, Any] = json.loads(text)
    profile["rmp"] = rmp
    return profile


def test_a_switch_that_is_none_is_refused(daemon: Daemon) -> None:
    """@req SOCK-015"""
    answer = daemon.control().ask(op="profile", profile=profile_with(update_inside_2m=0))
    assert not answer["ok"]
    assert "rmp.update_inside_2m" in answer["error"]


# ---- what is refused by its field ----
USED = {
    UPDATE: "cpl vmpl asid flags spa state state_high",
    PSMASH: "cpl vmpl asid flags spa",
    READ: "cpl vmpl asid flags spa",
    PVALIDATE: "cpl vmpl asid flags map spa gpa gva page_size",
    ADJUST: "cpl vmpl asid flags map spa gpa gva page_size target mask",
    QUERY: "cpl vmpl asid flags map spa gpa target",
    CHECK: "kind actor map vmpl asid flags spa gpa",
    STRUCTURE: "kind asid spa gpa",
    VMRUN: "asid flags spa gpa avic vmsa",
    VMEXIT: "asid flags spa gpa avic vmsa",
    LOOKUP: "kind spa",
    MOVE: "kind page_size asid flags spa gpa owner perms",
    MOVE_PAGE: "page_size asid spa owner destination",
    UNSMASH: "spa",
}
CPU_FLAGS = LONG_MODE | SNP
FLAGS = {
    UPDATE: CPU_FLAGS,
    PSMASH: CPU_FLAGS,
    READ: CPU_FLAGS,
    PVALIDATE: CPU_FLAGS | PRESENT | C_BIT | VALIDATED,
    ADJUST: CPU_FLAGS | PRESENT | C_BIT | IS_VMSA,
    QUERY: CPU_FLAGS | PRESENT | C_BIT,
    CHECK: C_BIT | VMPL_SSS,
    VMRUN: SNP | SNP_GUEST | NO_HSAVE,
    VMEXIT: SNP | SNP_GUEST | NO_HSAVE,
    MOVE: VALIDATED | IS_VMSA,
}
KINDS = {CHECK: 6, STRUCTURE: 7, LOOKUP: 1, MOVE: 11}
MAXIMA = {"actor": 2, "map": 2, "page_size": 1, "cpl": 3}


@pytest.mark.parametrize("operation", sorted(USED))
def test_every_field_of_every_operation(daemon: Daemon, operation: int) -> None:
    """What is not used must be 0, what is numbered must be one of its numbers, all else is taken.

    @req SOCK-014
    """
    used = USED[operation].split()
    maxima = {**MAXIMA, "kind": KINDS.get(operation, 0)}
    with daemon.client() as client:
        for name, (offset, form) in RMP_FIELDS.items():
            if name == "operation":
                continue
            top = (1 << 8 * struct.calcsize(form)) - 1
            told = "state" if name == "state_high" else name
            if name not in used:
                for value in (1, top):
                    text = field_error(client, rmp_body(operation, **{name: value}))
                    assert told in text
                    assert "must be 0 for this operation" in text
                    assert f"{offset:#x}" in text or str(offset) in text
            elif name == "flags":
                client.rmp(operation, flags=FLAGS[operation])
                for bit in range(32):
                    if not FLAGS[operation] >> bit & 1:
                        assert "flags" in field_error(client, rmp_body(operation, flags=1 << bit))
            elif name in maxima:
                client.rmp(operation, **{name: maxima[name]})
                for value in (maxima[name] + 1, top):
                    assert told in field_error(client, rmp_body(operation, **{name: value}))
            else:
                client.rmp(operation, **{name: top})


@pytest.mark.parametrize("operation", [0, 15, 255])
def test_an_unknown_operation(daemon: Daemon, operation: int) -> None:
    """@req SOCK-014"""
    with daemon.client() as client:
        assert "operation" in field_error(client, rmp_body(operation))


def test_values_out_of_every_range_are_survived(daemon: Daemon) -> None:
    """VMPL 255, ASID 65535, addresses anywhere: what the model says, and a machine that goes on.

    @req SOCK-014
    """
    with daemon.client() as client:
        taken(client)
        assert client.rmp(ADJUST, **GUEST_CPU, spa=SPA, gpa=GPA, target=255).eax == 1
        assert client.rmp(QUERY, **GUEST_CPU, spa=SPA, gpa=GPA, target=255).eax == 1
        assert access(client, SNP_ACTOR, 0, vmpl=255)[:2] == (NPF, B31 | B34 | B36)
        assert access(client, SNP_ACTOR, 0, asid=65535)[:2] == (NPF, B31 | B34)
        for spa in (MEMORY, 2**51, 2**63, 2**64 - 1):
            assert client.rmpupdate(spa, GPA, ASID).eax == 1
            assert client.rmp(MOVE, kind=RECLAIM, spa=spa).moved == 1
            assert client.rmp(VMRUN, spa=spa, avic=spa, vmsa=spa).fault == 0
            assert client.rmp(VMEXIT, spa=spa, avic=spa, vmsa=spa).ok
        assert client.rmpupdate(SPA + PAGE, GPA, 1024).eax == 1
        assert client.rmpupdate(SPA + PAGE, GPA, 2**32 - 1).eax == 1
        assert client.key()


def test_random_bodies(daemon: Daemon) -> None:
    """Ten thousand of them, half with every field in its range, on the machine of a guest: each is answered,
    and a guest of another machine gets exactly its own answers.

    @req SOCK-014 SOCK-015
    """
    draw = random.Random(11)
    addresses = [0, GCTX, REQUEST, RESPONSE, 0x4000, LARGE, SPA, MEMORY - PAGE, MEMORY, 2**64 - 1]
    with daemon.client("other", "g") as good, daemon.client("m", "g") as bad:
        key = good.key()
        answered = refused = 0
        for number in range(10_000):
            operation = draw.randint(1, 14)
            body = draw.randbytes(96)
            if number % 2:
                members = dict.fromkeys(USED[operation].split(), 0)
                for name in members:
                    top = {**MAXIMA, "kind": KINDS.get(operation, 0), "asid": 2}.get(name, 255)
                    members[name] = draw.randint(0, top)
                    if RMP_FIELDS[name][1] == "<Q":
                        members[name] = draw.choice(addresses)
                if "flags" in members:
                    members["flags"] = draw.choice(
                        (FLAGS[operation], draw.randint(0, 511) & FLAGS[operation])
                    )
                if operation == UPDATE:
                    members["state_high"] = draw.choice((0, 1, 1 | 1 << 16, 1 | 1 << 32, 0x101 | 1 << 32))
                body = rmp_body(operation, **members)
            try:
                RmpAnswer.read(bad.call(RMP, body))
                answered += 1
            except Refused as error:
                assert error.code == FIELD
                refused += 1
            if number % 100 == 0:
                assert good.key() == key
                got = bad.simple_ioctl(SNP_GET_DERIVED_KEY, bytes(32), 64)
                assert isinstance(got.result, int)
        assert answered >= 5000
        assert refused >= 4900
        assert good.counters()[4] == 101


# ---- guests whose pages the host breaks ----
def exits(client: Client) -> tuple[int, int]:
    """Firmware status and VMM error of a request that says nothing."""
    status, error, result, _ = client.guest_request(bytes(PAGE))[0]
    assert result == 0
    return status, error


INVALID_PARAM, INVALID_GUEST = 0x16, 0x10
GENERIC = 0xFFFFFFFF


def test_a_broken_guest_is_told_and_nobody_else_notices(daemon: Daemon) -> None:
    """Its response page is given away, its context is decommissioned and reclaimed: errors; after its pages
    are back it is served as before.

    @req SOCK-015
    """
    with (
        daemon.client("other", "g") as other,
        daemon.client("m", "g") as guest,
        daemon.client("m", "h") as host,
    ):
        key = guest.key()
        assert exits(guest) == (INVALID_PARAM, 0)
        assert host.rmpupdate(RESPONSE, GPA, ASID, immutable=True).ok
        assert exits(guest) == (0, GENERIC)
        assert host.rmp(MOVE, kind=RECLAIM, spa=RESPONSE).moved == 0
        assert exits(guest) == (INVALID_PARAM, 0)
        assert host.rmpupdate(REQUEST, GPA, ASID).ok
        assert exits(guest) == (0, GENERIC)
        assert host.rmpupdate(REQUEST, assigned=False).ok
        assert exits(guest) == (INVALID_PARAM, 0)
        assert host.rmp(MOVE, kind=DECOMMISSION, spa=GCTX).moved == 0
        assert exits(guest) == (INVALID_GUEST, 0)
        assert host.rmp(MOVE, kind=RECLAIM, spa=GCTX).moved == 0
        assert exits(guest) == (INVALID_GUEST, 0)
        assert host.rmpupdate(GCTX, assigned=False).ok
        assert exits(guest) == (INVALID_GUEST, 0)
        assert host.key()
        assert host.rmpupdate(GCTX, immutable=True).ok
        assert host.rmp(MOVE, kind=GCTX_CREATE, spa=GCTX).moved == 0
        assert guest.key() == key
        assert other.key()


def test_broken_guests_come_and_go(daemon: Daemon) -> None:
    """Guests of connections end with their pages in any state; the next ones have them again. A reset makes a
    fresh table.

    @req SOCK-015
    """
    with daemon.client("m", "g") as host:
        for kind in (DECOMMISSION, RECLAIM):
            for round_ in range(3):
                with daemon.client("m") as nameless:
                    assert nameless.key()
                    assert host.state(0x4000) == "context"
                    assert host.rmp(MOVE, kind=DECOMMISSION, spa=0x4000).moved == 0
                    if kind == RECLAIM:
                        assert host.rmp(MOVE, kind=RECLAIM, spa=0x4000).moved == 0
                        assert host.rmpupdate(0x4000 + round_ * PAGE, GPA, ASID, immutable=True).ok
                    nameless.socket.shutdown(1)
                    assert nameless.socket.recv(1) == b""
                assert host.state(0x4000) == "hypervisor"
        assert host.key()
        assert host.rmpupdate(SPA, GPA, ASID).ok
        daemon.control().do(op="reset", machine="m")
        assert host.state(SPA) == "hypervisor"
        assert host.key()


# ---- one table, and its file ----
def test_two_clients_see_one_table(daemon: Daemon) -> None:
    """@req SOCK-015"""
    with (
        daemon.client("m", "a") as one,
        daemon.client("m", "b") as two,
        daemon.client("n", "a") as other,
        daemon.client() as alone,
    ):
        taken(one)
        assert (two.state(SPA), other.state(SPA), alone.state(SPA)) == (
            "guest-valid",
            "hypervisor",
            "hypervisor",
        )
        assert two.rmpupdate(SPA, assigned=False).ok
        assert one.state(SPA) == "hypervisor"


@pytest.fixture
def stated(folder: Path) -> Iterator[Daemon]:
    """pspd with a state folder."""
    running = Daemon(folder, "--state", str(folder / "state"))
    yield running
    if running.process.poll() is None:
        assert running.stop() == 0


def test_the_table_survives_kill_9(stated: Daemon, folder: Path) -> None:
    """Every entry that was answered for, pages in use too, a broken guest's; the file stays small.

    @req SOCK-010 SOCK-015
    """
    with stated.client("m", "g") as client:
        key = client.key()
        empty = (folder / "state" / "m.machine").stat().st_size
        taken(client)
        assert client.rmpupdate(SPA + LARGE, GPA, ASID, large=True).ok
        assert client.rmp(PSMASH, **HOST_CPU, spa=SPA + LARGE).ok
        assert client.rmpupdate(SPA + 2 * LARGE, GPA, ASID, large=True).ok
        run = {"spa": 0x9000, "avic": NO_PAGE, "vmsa": NO_PAGE}
        assert client.rmp(VMRUN, **run).ok
        assert client.rmp(MOVE, kind=DECOMMISSION, spa=GCTX).moved == 0
        pages = [*range(0, 0x10000, PAGE), *range(SPA - PAGE, SPA + 3 * LARGE, PAGE), MEMORY - PAGE]
        before = [client.rmp(LOOKUP, spa=spa) for spa in pages]
        assert (folder / "state" / "m.machine").stat().st_size < empty + 512
    stated.kill()
    stated.start()
    with stated.client("m", "g") as client:
        assert [client.rmp(LOOKUP, spa=spa) for spa in pages] == before
        assert exits(client) == (INVALID_GUEST, 0)
        assert client.rmp(VMEXIT, **run).ok
        assert client.rmp(MOVE, kind=GCTX_CREATE, spa=GCTX).moved == 0
        assert client.key() == key


def test_kill_9_at_any_moment(stated: Daemon) -> None:
    """Pages assigned one after the other: what was answered is there, and at most one more.

    @req SOCK-010
    """
    done = 0
    for round_ in range(5):
        client = stated.client("m", "g")
        states = [client.state(SPA + index * PAGE) for index in range(done + 2)]
        assert states[:done] == ["guest-invalid"] * done
        assert states[done + 1] == "hypervisor"
        for _ in range(3 + round_):
            assert client.rmpupdate(SPA + done * PAGE, GPA + done * PAGE, ASID).ok
            done += 1
        client.send(RMP, rmp_body(UPDATE, flags=CPU_FLAGS, spa=SPA + done * PAGE, state_high=1 | ASID << 32))
        stated.kill()
        client.close()
        stated.start()
        with stated.client("m", "g") as again:
            if again.state(SPA + done * PAGE) == "guest-invalid":
                done += 1


def test_looking_saves_nothing(stated: Daemon) -> None:
    """@req SOCK-010"""
    control = stated.control()
    with stated.client("m", "g") as client:
        taken(client)
        saves = control.do(op="statistics")["saves"]
        client.state(SPA)
        client.rmp(READ, **HOST_CPU, spa=SPA)
        client.rmp(QUERY, **GUEST_CPU, spa=SPA, gpa=GPA, target=1)
        access(client, HOST, 1)
        client.rmp(STRUCTURE, spa=SPA)
        assert control.do(op="statistics")["saves"] == saves
        client.rmpupdate(SPA, assigned=False)
        assert control.do(op="statistics")["saves"] == saves + 1


def test_capabilities_list_the_frame(daemon: Daemon) -> None:
    """A client can tell whether this pspd has it; the protocol's version is the same.

    @req SOCK-004
    """
    told = daemon.control().do(op="capabilities")
    assert "rmp" in told["frames"]
    assert told["protocol"] == [1, 1]
