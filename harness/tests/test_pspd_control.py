"""pspd's control socket; machines saved and restored through it."""

from __future__ import annotations

import base64
import hashlib
import json
import struct

import pytest
from pspd_client import (
    PAGE,
    PSPD,
    ROOT,
    SEQNO0,
    Daemon,
)

pytestmark = pytest.mark.skipif(not PSPD.exists(), reason=f"no pspd in {PSPD.parent}: make all")


def test_control_tells_what_there_is(daemon: Daemon) -> None:
    """@req SOCK-009"""
    control = daemon.control()
    told = control.do(op="capabilities")
    profiles = {p.stem for p in (ROOT / "emulator/profiles").glob("*.json")} - {"profile.schema"}
    assert set(told["profiles"]) == profiles
    assert told["protocol"] == [1, 1]
    assert told["state"] is False
    assert "6.12" in told["kernels"]


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b"1", b'{"op":1} x', b"\xff", b'{"op":"a","op":"b"}'])
def test_control_drops_what_is_no_object(daemon: Daemon, line: bytes) -> None:
    """@req SOCK-009"""
    assert daemon.control().line(line) == b""
    assert daemon.control().do(op="statistics")["controls"] == 1


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({}, "op: "),
        ({"op": 1}, "op: "),
        ({"op": "nothing"}, "op: "),
        ({"op": "reset"}, "machine: must name one"),
        ({"op": "reset", "machine": "none"}, "machine: there is none"),
        ({"op": "reset", "machine": "../x"}, "machine: "),
        ({"op": "save"}, "machine: must name one"),
        ({"op": "save", "machine": "none"}, "machine: there is none"),
        ({"op": "scenario", "machine": "none", "scenario": "none"}, "machine: there is none"),
        ({"op": "scenario", "machine": 1, "scenario": "none"}, "machine: there is none"),
        ({"op": "profile"}, "a name or an object"),
        ({"op": "profile", "profile": "none"}, "profile"),
        ({"op": "profile", "profile": {}}, ""),
        ({"op": "scenario", "scenario": "none-such"}, "scenario"),
        ({"op": "seed"}, "seed: "),
        ({"op": "seed", "seed": -1}, "seed: "),
        ({"op": "seed", "seed": "x"}, "seed: "),
        ({"op": "restore", "state": "AAAA"}, "machine: must be a name"),
        ({"op": "restore", "machine": "../x", "state": "AAAA"}, "machine: must be a name"),
        ({"op": "restore", "machine": "r"}, "state: must be what save gave"),
        ({"op": "restore", "machine": "r", "state": "AAA"}, "state: must be what save gave"),
        ({"op": "restore", "machine": "r", "state": "A==="}, "state: must be what save gave"),
        ({"op": "restore", "machine": "r", "state": "AB=="}, "state: must be what save gave"),
        ({"op": "restore", "machine": "r", "state": "AA=A"}, "state: must be what save gave"),
        ({"op": "restore", "machine": "r", "state": "AA==AAAA"}, "state: must be what save gave"),
        ({"op": "restore", "machine": "r", "state": "AAAA"}, "state: value"),
    ],
)
def test_control_says_why_not(daemon: Daemon, members: dict[str, object], why: str) -> None:
    """@req SOCK-009"""
    control = daemon.control()
    answer = control.ask(**members)
    assert answer["ok"] is False
    assert answer["error"].startswith(why), answer
    assert answer["error"]
    assert control.do(op="statistics")["machines"] == 0


def test_control_chooses_profile_and_seed(daemon: Daemon) -> None:
    """For machines that are made from now on.

    @req SOCK-009
    """
    control = daemon.control()
    with daemon.client("old", "g") as old:
        assert old.report()[0] == 3
        control.do(op="profile", profile="milan-1.52.4-v2-vcek")
        control.do(op="seed", seed="0xffffffffffffffff")
        with daemon.client() as one, daemon.client() as two:
            assert one.report()[0] == 2
            one.report()
            assert one.secrets()[:SEQNO0] == two.secrets()[:SEQNO0], "one seed, one guest"
        assert old.report()[0] == 3
        text = json.loads((ROOT / "emulator/profiles/genoa-1.55.40-v3-vcek.json").read_text())
        text["guest"]["host_data"] = "ab" * 32
        control.do(op="profile", profile=text)
        control.do(op="seed", seed=None)
        with daemon.client() as one, daemon.client() as two:
            assert one.report()[0xC0:0xE0] == b"\xab" * 32
            assert one.secrets() != two.secrets()
        control.do(op="reset", machine="old")
        assert old.counters() == (0, 0, 0, 0, 0, 0)
        assert old.report()[0xC0:0xE0] == b"\xab" * 32


def test_a_saved_machine_comes_back(daemon: Daemon) -> None:
    """Under another name too, and as often as one likes; what happened since is undone.

    @req SOCK-009
    """
    control = daemon.control()
    with daemon.client("m", "g") as client:
        key, page = client.key(), client.secrets()
        state = control.do(op="save", machine="m")["state"]
        client.report()
        refused = control.ask(op="restore", machine="m", state=state)
        assert refused == {"ok": False, "error": "machine: must have no clients"}
    control.do(op="restore", machine="twin", state=state)
    control.do(op="restore", machine="m", state=state)
    for name in ("m", "twin"):
        with daemon.client(name, "g") as client:
            assert client.hello_flags == 0
            assert client.secrets() == page
            assert client.counters() == (2, 0, 0, 0, 1, 1)
            assert client.key() == key
    flipped = state[:200] + ("A" if state[200] != "A" else "B") + state[201:]
    assert control.ask(op="restore", machine="twin", state=flipped)["ok"] is False
    with daemon.client("twin", "g") as client:
        assert client.counters()[0] == 4, "a refused restore changes nothing"


class State:
    """What `save` gives, in pieces: the format at the head of pspd_state.c."""

    def __init__(self, saved: bytes) -> None:
        self.head = saved[:12]
        at = 12
        self.texts = []
        for _ in range(2):
            kind, size = struct.unpack_from("<BI", saved, at)
            self.texts.append((kind, size, saved[at + 5 : at + 5 + size]))
            at += 5 + size
        self.options, self.drbg = saved[at : at + 19], saved[at + 19 : at + 76]
        (count,) = struct.unpack_from("<I", saved, at + 76)
        at += 80
        self.guests = []
        for _ in range(count):
            size = saved[at]
            name, fixed = saved[at + 1 : at + 1 + size], saved[at + 1 + size : at + 10 + size + PAGE]
            self.guests.append((name, *struct.unpack("<QB4096s", fixed)))
            at += 10 + size + PAGE
        (self.size,) = struct.unpack_from("<I", saved, at)
        self.machine = saved[at + 4 : -48]

    def sealed(self) -> str:
        """Put together again, with a digest that is right, in base64."""
        body = self.head
        for kind, size, text in self.texts:
            body += struct.pack("<BI", kind, size) + text
        body += self.options + self.drbg + struct.pack("<I", len(self.guests))
        for name, gctx, probed, page in self.guests:
            body += bytes([len(name)]) + name + struct.pack("<QB", gctx, probed) + page
        body += struct.pack("<I", self.size) + self.machine
        return base64.b64encode(body + hashlib.sha384(body).digest()).decode()


def put(data: bytes, at: int, value: int) -> bytes:
    """DATA with another byte at AT."""
    return data[:at] + bytes([value]) + data[at + 1 :]


def test_a_state_is_read_strictly(daemon: Daemon) -> None:
    """Each field out of its rule, the digest right: refused by its name, and nothing is made.

    @req SOCK-010
    """
    control = daemon.control()
    with daemon.client("m", "a"), daemon.client("m", "b"):
        saved = base64.b64decode(control.do(op="save", machine="m")["state"])
    machines = control.do(op="statistics")["machines"]

    def refusal(**changes: object) -> str:
        state = State(saved)
        for name, value in changes.items():
            setattr(state, name, value)
        answer = control.ask(op="restore", machine="r", state=state.sealed())
        assert answer["ok"] is False
        return str(answer["error"]).split(":")[0].split(" ")[0]

    good = State(saved)
    (profile, scenario), (one, two) = good.texts, good.guests
    assert refusal(head=put(good.head, 0, 0)) == "state"
    assert refusal(head=put(good.head, 8, 2)) == "format"
    assert refusal(texts=[(2, profile[1], profile[2]), scenario]) == "options"
    assert refusal(texts=[(0, 2**31, profile[2]), scenario]) == "options"
    assert refusal(texts=[(0, 65, b"a" * 65), scenario]) == "options"
    assert refusal(texts=[profile, (0, 200, b"a" * 200)]) == "options"
    assert refusal(options=put(good.options, 0, 6)) == "kernel"
    assert refusal(options=put(good.options, 1, 2)) == "randomness", "by then all reads as zero"
    assert refusal(drbg=put(good.drbg, 8, 49)) == "randomness"
    assert refusal(guests=[(b"", *one[1:]), two]) == "guest"
    assert refusal(guests=[(b"a/b", *one[1:]), two]) == "guest"
    assert refusal(guests=[(*one[:2], 16, one[3]), two]) == "probed"
    assert refusal(guests=[one, (one[0], *two[1:])]) == "guest"
    assert refusal(guests=[one, (two[0], one[1], *two[2:])]) == "gctx"
    assert refusal(guests=[one, (two[0], one[1] + 1, *two[2:])]) == "gctx"
    assert refusal(size=good.size - 1) == "machine"
    assert refusal(size=good.size + 1) == "machine"
    assert refusal(machine=put(good.machine, 0, 0)) == "DIGEST"
    assert control.do(op="statistics")["machines"] == machines
    control.do(op="restore", machine="r", state=good.sealed())
    fewer = State(saved)
    fewer.guests = [one]
    control.do(op="restore", machine="s", state=fewer.sealed())
    with daemon.client("s", one[0].decode()) as known, daemon.client("s", two[0].decode()) as fresh:
        assert (known.hello_flags, fresh.hello_flags) == (0, 2)
