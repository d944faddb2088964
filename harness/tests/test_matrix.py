"""`sevkit matrix` with adapters that behave, misbehave and refuse everything, and with small vectors."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema
import pytest

from sevkit import tools
from sevkit.matrix_cases import Bundle, load, request

SCHEMA = json.loads((tools.tree() / "harness/sevkit/schema/matrix.schema.json").read_text())
GOOD, BAD, OTHER = b"good report", b"bad report!", b"other report"
ROOT = b"\x30\x03root"
AT = "2026-01-01T00:00:00Z"

# What the fake adapters are made of: a line is read, `say` answers it. ANSWER is each one's own.
ADAPTER = """
import base64, json, os, signal, sys, time
HELLO = {"name": "fake", "version": "1", "language": "python", "ops": ["verify", "parse"],
         "anchors": "configurable",
         "layers": ["parse", "signature", "chain"], "options": ["at", "allow_debug"]}
HELLO.update(json.loads('''%s'''))
def say(**answer):
    print(json.dumps(answer), flush=True)
def right(r):
    bad = base64.b64decode(r.get("report") or r.get("data") or "") != b"good report"
    debug = r.get("policy", {}).get("allow_debug", True)
    if bad or not debug:
        return {"verdict": "reject", "stage": "signature" if bad else "policy"}
    return {"verdict": "accept", "stage": None}
def main():
    for line in sys.stdin:
        r = json.loads(line)
        if r["op"] == "hello":
            say(**HELLO)
        else:
            ANSWER(r)
"""
RIGHT = "def ANSWER(r): say(id=r['id'], **right(r))\n"


def verify(report: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"op": "verify", "report": report, "certs": {}, "at": AT, **more}


def case(name: str, result: str, input_: dict[str, Any], **more: Any) -> dict[str, Any]:
    expect = {"result": result, **more.pop("expect", {})}
    told = {"layer": more.pop("layer", "signature"), "requirement": more.pop("requirement", ["VRF-062"])}
    return {"id": f"t.{name}", "title": name, **told, "input": input_, "expect": expect, **more}


def defect(name: str, **more: Any) -> dict[str, Any]:
    """An invalid case of which t.good is the twin."""
    change = {"member": more.pop("member", "report"), "field": more.pop("field", "SIGNATURE"), "signer": None}
    input_ = more.pop("input", verify({"blob": "good", "patch": [[0, 4, b"bad ".hex()], [11, 0, "21"]]}))
    return case(name, "invalid", input_, twin="t.good", changes=[change], expect=STAGE, **more)


# The first entry of a certificate table.
VLEK_TABLE = {
    "base64": base64.b64encode(UUID("a8074bc2-a25a-483e-aae6-39c045a0b8a1").bytes + bytes(8)).decode()
}
STAGE = {"stage": "signature"}
PEM = {"base64": base64.b64encode(b"-----BEGIN CERTIFICATE-----").decode()}
PEM_LIST = {"base64": base64.b64encode(b"-----BEGIN X509 CRL-----").decode()}
VALID = case("good", "valid", verify({"blob": "good"}))
INVALID = defect("bad")
POLICY = case(
    "debug",
    "policy",
    verify({"blob": "good"}),
    expect={"stage": "policy", "policy": {"accept": {}, "refuse": {"allow_debug": False}}},
)


@dataclass
class Done:
    """What a run left."""

    code: int
    stdout: str
    stderr: str
    out: Path

    @property
    def matrix(self) -> dict[str, Any]:
        matrix: dict[str, Any] = json.loads((self.out / "results.json").read_text())
        jsonschema.validate(matrix, SCHEMA)
        return matrix

    def cells(self, adapter: str = "fake") -> dict[str, dict[str, Any]]:
        return {c["id"].removeprefix("t."): c["verdicts"][adapter] for c in self.matrix["cases"]}

    def classes(self) -> dict[str, str]:
        return {name: cell["class"] for name, cell in self.cells().items()}


Run = Callable[..., Done]
SHORT = 3  # seconds: a hang takes as long, and an adapter starts in less on a loaded machine too


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs `sevkit matrix` with one fake adapter on CASES."""

    def call(
        answer: str,
        cases: list[dict[str, Any]],
        *more: str,
        hello: str = "{}",
        toml: str = "",
        limit: float = 30,
        start: str = '["{python}", "{folder}/adapter.py"]',
    ) -> Done:
        folder = tmp_path / "fake"
        folder.mkdir(exist_ok=True)
        (folder / "adapter.py").write_text(ADAPTER % hello + answer + "main()\n")
        (folder / "adapter.toml").write_text(f'name = "fake"\nstart = {start}\n{toml}')
        (tmp_path / "cases.json").write_text(json.dumps({"blobs": BLOBS, "cases": cases}))
        out = tmp_path / "out"
        wait = f"from sevkit import matrix_adapter; matrix_adapter.TIME_LIMIT_S = {limit}"
        program = f"{wait}; from sevkit.cli import main; main(prog_name='sevkit')"
        command = [sys.executable, "-c", program, "matrix", "--adapter", str(folder)]
        command += ["--vectors", str(tmp_path / "cases.json"), "--out", str(out), "--jobs", "1", *more]
        env = {**os.environ, "PYTHONPATH": str(tools.tree() / "harness")}
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)
        return Done(done.returncode, done.stdout, done.stderr, out)

    return call


BLOBS = {"good": base64.b64encode(GOOD).decode()}


def test_agree(run: Run) -> None:
    done = run(RIGHT, [VALID, INVALID, POLICY])
    assert done.classes() == {"good": "agree", "bad": "agree", "debug": "agree"}, done.stderr
    assert done.cells()["debug"]["sides"] == {"accept": "accept", "refuse": "reject"}
    assert done.stdout.splitlines()[-1] == "3 passed, 0 failed, 0 skipped"
    assert done.code == 0
    assert "<td" in (done.out / "index.html").read_text()
    suite = ET.parse(done.out / "junit.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "0", "0")


def test_accepts_everything(run: Run) -> None:
    done = run("def ANSWER(r): say(id=r['id'], verdict='accept', stage=None)\n", [VALID, INVALID, POLICY])
    assert done.classes() == {"good": "agree", "bad": "wrong-accept", "debug": "wrong-accept"}
    assert done.code == 1
    failures = ET.parse(done.out / "junit.xml").getroot().iter("failure")
    assert [f.get("type") for f in failures] == ["wrong-accept", "wrong-accept"]
    assert "fake     1            2" in done.stdout
    assert "t.bad" not in done.stdout + done.stderr, "which case it is must not come into CI's log"
    assert "t.bad" in (done.out / "index.html").read_text()
    verbose = run(
        "def ANSWER(r): say(id=r['id'], verdict='accept', stage=None)\n", [VALID, INVALID], "--verbose"
    )
    assert "wrong-accept fake t.bad" in verbose.stdout


def test_refuses_everything(run: Run) -> None:
    done = run("def ANSWER(r): say(id=r['id'], verdict='reject', stage=None)\n", [VALID, INVALID, POLICY])
    assert done.classes() == {"good": "wrong-reject", "bad": "not-claimed", "debug": "wrong-reject"}
    assert done.cells()["bad"]["detail"].startswith("twin refused")


def test_twin_outside_the_glob(run: Run) -> None:
    """The twin is asked about though nobody asked for it, and is not in the results."""
    refuses = "def ANSWER(r): say(id=r['id'], verdict='reject', stage=None)\n"
    cells = run(refuses, [VALID, INVALID], "--shard", "2/2").cells()
    assert {name: cell["class"] for name, cell in cells.items()} == {"bad": "not-claimed"}


def test_stage(run: Run) -> None:
    says = "def ANSWER(r): say(**{'id': r['id'], **right(r), 'stage': %s})\n"
    assert run(says % "'chain'", [VALID, INVALID]).classes()["bad"] == "wrong-stage"
    assert run(says % "None", [VALID, INVALID]).classes()["bad"] == "agree"
    narrow = run(says % "'chain'", [VALID, {**INVALID, "layer": "chain"}], hello='{"layers": ["chain"]}')
    assert narrow.classes()["bad"] == "agree", "the stage that is expected is none of its layers"


@pytest.mark.parametrize(
    ("answer", "expected", "detail"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", "crash", "signal 11"),
        ("sys.exit('panic: it went wrong')", "crash", "exit code 1: panic: it went wrong"),
        ("os.close(1); time.sleep(90)", "crash", "closed its stdout"),
        ("time.sleep(90)", "hang", "no answer in 3 s"),
        ("print('what?', flush=True)", "garbled", "not JSON"),
        ("print('[]', flush=True)", "garbled", "not a JSON object"),
        ("say(id='another', verdict='accept', stage=None)", "garbled", "id"),
        ("say(id=r['id'], verdict='yes', stage=None)", "garbled", "verdict"),
        ("say(id=r['id'], verdict='reject', stage=3)", "garbled", "stage"),
        ("print('x' * (1 << 21), flush=True)", "garbled", "more than"),
        ("print('{}\\n{}', flush=True)", "garbled", "more than one line"),
        ("print('[' * 200000, flush=True)", "garbled", "not JSON"),
        ("say(id=r['id'], verdict='reject', stage=None, detail='a half: \\ud800')", "agree", "a half: ?"),
        ("say(id=r['id'], verdict='reject', stage='\\ud800')", "wrong-stage", "expected signature"),
        ("say(id=r['id'], verdict='error', stage=None, detail='mine')", "error", "mine"),
        ("say(id=r['id'], verdict='unsupported', stage=None)", "not-claimed", "unsupported"),
    ],
)
def test_fault_and_restart(run: Run, answer: str, expected: str, detail: str) -> None:
    """The cases after it are answered: by a new process, where the old one is lost."""
    fault = f"def ANSWER(r):\n  if r['id'] == 't.bad': {answer}\n  else: say(id=r['id'], **right(r))\n"
    cases = [VALID, INVALID, {**INVALID, "id": "t.later"}, POLICY]
    done = run(fault, cases, limit=SHORT if expected == "hang" else 30)
    assert done.classes() == {"good": "agree", "bad": expected, "later": "agree", "debug": "agree"}
    assert detail in done.cells()["bad"]["detail"]
    assert (done.out / "index.html").exists(), done.stderr
    assert done.code == (0 if expected in ("not-claimed", "agree") else 1)


DIES_LATE = """
def ANSWER(r):
  say(id=r['id'], **right(r))
  if r['id'] == 't.bad': os.close(1); sys.exit('panic: late')
"""


def test_crash_after_an_answer(run: Run) -> None:
    """It is not the next case's doing, and is not lost."""
    done = run(DIES_LATE, [VALID, INVALID, {**INVALID, "id": "t.later"}])
    assert done.classes() == {"good": "agree", "bad": "agree", "later": "agree"}
    strays = done.matrix["adapters"][0]["strays"]
    assert list(strays) == ["t.later"]
    assert "crash, not again in a new process: ended with exit code 1" in strays["t.later"]
    assert "did not come again" in done.stdout
    assert done.code == 1


def test_hang_is_asked_again(run: Run) -> None:
    once = "import pathlib\nDONE = pathlib.Path(__file__).with_name('done')\n"
    once += "def ANSWER(r):\n  if not DONE.exists(): DONE.touch(); time.sleep(90)\n"
    once += "  say(id=r['id'], **right(r))\n"
    done = run(once, [VALID], limit=SHORT)
    assert done.classes() == {"good": "agree"}
    assert "hang, not again" in done.matrix["adapters"][0]["strays"]["t.good"]


def test_twin_faults(run: Run) -> None:
    fault = "def ANSWER(r): sys.exit(3) if r['id'] == 't.good' else say(id=r['id'], **right(r))\n"
    assert run(fault, [VALID, INVALID]).classes() == {"good": "crash", "bad": "not-claimed"}


def test_adapter_that_does_not_read(run: Run) -> None:
    """A request larger than a pipe takes no longer than the limit."""
    large = verify({"base64": base64.b64encode(bytes(200_000)).decode()})
    deaf = "def main(): sys.stdin.readline(); say(**HELLO); time.sleep(90)\n"
    assert run(deaf, [case("large", "valid", large)], limit=SHORT).classes() == {"large": "hang"}


@pytest.mark.parametrize(
    ("hello", "asked", "why"),
    [
        ({"ops": ["parse"]}, INVALID, "no op verify"),
        ({"layers": ["chain"]}, INVALID, "no layer signature"),
        ({"options": []}, defect("time", member="at"), "no option at"),
        ({"options": []}, defect("time", member="certs.vcek", field="notBefore"), "no option at"),
        (
            {"anchors": "pinned"},
            defect("root", input=verify({"blob": "good"}, roots=[{"blob": "good"}])),
            "pinned",
        ),
        ({"anchors": "none"}, defect("root", member="roots"), "no anchors"),
        ({"anchors": "none"}, defect("forged", requirement=["VRF-024"]), "no anchors"),
        (
            {"options": []},
            defect("crl", input=verify({"blob": "good"}, crl={"blob": "good"})),
            "no option at",
        ),
        (
            {"options": []},
            defect("later", input=verify({"blob": "good"}, at="2026-06-01T00:00:00Z")),
            "no option at",
        ),
        (
            {"options": []},
            defect("vlek", input=verify({"blob": "good"}, certs={"vlek": {"blob": "good"}})),
            "no option at",
        ),
        ({"options": []}, defect("table", input=verify({"blob": "good"}, table=VLEK_TABLE)), "no option at"),
        ({}, defect("floor", input=verify({"blob": "good"}, policy={"tcb_min": {}})), "no option tcb_min"),
        ({}, defect("dir", input=verify({"blob": "good"}, trust_dir=True)), "no option trust_dir"),
        ({}, defect("pem", input=verify({"blob": "good"}, certs={"vcek": PEM})), "no option pem"),
        ({}, defect("list", input=verify({"blob": "good"}, crl=PEM_LIST)), "no option pem"),
    ],
)
def test_not_claimed(run: Run, hello: dict[str, Any], asked: dict[str, Any], why: str) -> None:
    """Never wrong-accept: this adapter would accept anything."""
    accepts = "def ANSWER(r): say(id=r['id'], verdict='accept', stage=None)\n"
    cells = run(accepts, [VALID, asked], hello=json.dumps(hello)).cells()
    cell = cells[asked["id"].removeprefix("t.")]
    assert cell["class"] == "not-claimed"
    assert why in cell["detail"]
    assert cell["verdict"] is None


def test_option_by_its_other_name(run: Run) -> None:
    floor = defect("floor", input=verify({"base64": "eA=="}, policy={"tcb_min": {}}))
    assert run(RIGHT, [VALID, floor], hello='{"options": ["min_tcb"]}').classes()["floor"] == "agree"


@pytest.mark.parametrize(
    ("answer", "expected", "code"),
    [
        (RIGHT, "policy", 0),
        ("def ANSWER(r): say(id=r['id'], verdict='reject', stage=None)\n", "policy", 0),
        ("def ANSWER(r): sys.exit(1)\n", "crash", 1),
    ],
)
def test_policy_without_the_option(run: Run, answer: str, expected: str, code: int) -> None:
    done = run(answer, [POLICY], hello='{"options": ["at"]}')
    assert (done.classes(), done.code) == ({"debug": expected}, code)


@pytest.mark.parametrize(
    ("refuse", "expected"),
    [
        ("sys.exit(1)", "crash"),
        ("time.sleep(90)", "hang"),
        ("say(id=r['id'], verdict='error', stage=None)", "error"),
        ("say(id=r['id'], verdict='unsupported', stage=None)", "wrong-reject"),
        ("say(id=r['id'], verdict='accept', stage=None)", "wrong-accept"),
    ],
)
def test_policy_is_its_worse_side(run: Run, refuse: str, expected: str) -> None:
    """The side that is asked first is wrong as well: it refuses."""
    both = f"def ANSWER(r):\n  if r['id'].endswith('/refuse'): {refuse}\n"
    both += "  else: say(id=r['id'], verdict='reject', stage='policy')\n"
    assert run(both, [POLICY], limit=SHORT if expected == "hang" else 30).classes() == {"debug": expected}


def test_requirement_without_its_layer(run: Run) -> None:
    hello = json.dumps({"layers": ["parse"], "requirements": ["VRF-026"]})
    cases = [
        VALID,
        {**INVALID, "requirement": ["VRF-026", "VRF-028"]},
        defect("names", requirement=["VRF-028"]),
    ]
    done = run(RIGHT, cases, hello=hello)
    assert done.classes() == {"good": "not-claimed", "bad": "agree", "names": "not-claimed"}
    assert done.matrix["adapters"][0]["requirements"] == ["VRF-026"]


KNOWN = """
[[known]]
id = "no-signature"
cases = ["t.ba?"]
class = "wrong-accept"
kind = "library non-goal"
reason = "left to the caller"
link = "https://example.org/issue/1"
"""


def test_known(run: Run) -> None:
    accepts = "def ANSWER(r): say(id=r['id'], verdict='accept', stage=None)\n"
    done = run(accepts, [VALID, INVALID], toml=KNOWN)
    assert done.classes() == {"good": "agree", "bad": "known(no-signature)"}
    assert "https://example.org/issue/1" in done.cells()["bad"]["detail"]
    assert done.code == 0
    turin = KNOWN + 'product = "Turin"\n'
    assert run(accepts, [VALID, INVALID], toml=turin).classes()["bad"] == "wrong-accept"
    done = run(accepts, [VALID, {**INVALID, "product": "Turin"}], toml=turin)
    assert done.classes()["bad"] == "known(no-signature)"
    both = KNOWN.replace('"wrong-accept"', '["crash", "wrong-accept"]')
    assert run(accepts, [VALID, INVALID], toml=both).classes()["bad"] == "known(no-signature)"
    other = KNOWN.replace("wrong-accept", "crash")
    assert run(accepts, [VALID, INVALID], toml=other).classes()["bad"] == "wrong-accept"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('kind = "library non-goal"', 'kind = "our model is wrong"'),
        ('class = "wrong-accept"', 'class = "agree"'),
        ('reason = "left to the caller"', 'reason = ""'),
        ('link = "https://example.org/issue/1"', ""),
    ],
)
def test_known_must_be_in_order(run: Run, old: str, new: str) -> None:
    done = run(RIGHT, [VALID], toml=KNOWN.replace(old, new))
    assert done.code == 2
    assert "adapter.toml" in done.stderr


def test_shards_make_the_whole(run: Run) -> None:
    cases = [VALID, *(defect(f"bad{i}") for i in range(5)), POLICY]
    whole = run(RIGHT, cases).matrix
    shards = [run(RIGHT, cases, "--shard", f"{i}/3").matrix["cases"] for i in (1, 2, 3)]
    merged = {c["id"]: c for shard in shards for c in shard}
    assert sum(map(len, shards)) == len(merged)
    assert [merged[c["id"]] for c in whole["cases"]] == whole["cases"]


def test_output_is_compared(run: Run) -> None:
    """Of what both have, numbers in either form."""
    parsed = case("parse", "valid", {"op": "parse", "report": {"blob": "good"}}, layer="parse")
    url = "/vcek/v1/Genoa/00ff?blSPL=03&teeSPL=00"
    expected = {"version": 5, "policy": "0x30000", "chip_id": "00ff", "more": None, "url": url}
    parsed["expect"]["output"] = expected
    says = "def ANSWER(r): say(id=r['id'], verdict='accept', stage=None, output=%s)\n"
    also = "https://kdsintf.amd.com/vcek/v1/Genoa/00FF?teeSPL=0&blSPL=3"
    same = says % f"{{'version': 5, 'policy': 0x30000, 'chip_id': '00FF', 'ours': 1, 'url': '{also}'}}"
    assert run(same, [parsed]).classes() == {"parse": "agree"}
    assert (
        run(says % f"{{'url': '{url.replace('03', '30')}'}}", [parsed]).classes()["parse"] == "wrong-reject"
    )
    done = run(says % "{'version': 4}", [parsed])
    assert done.cells()["parse"]["class"] == "wrong-reject"
    assert "version" in done.cells()["parse"]["detail"]


@pytest.mark.parametrize("said", ["0xzz", "https://[", "[" * 9000 + "]" * 9000])
def test_output_that_is_no_value(run: Run, said: str) -> None:
    """The run goes on, and the case is another than expected."""
    parsed = case("parse", "valid", {"op": "parse", "report": {"blob": "good"}}, layer="parse")
    parsed["expect"]["output"] = {"version": "0x5"}
    says = f"def ANSWER(r): say(id=r['id'], verdict='accept', stage=None, output={{'version': '{said}'}})\n"
    line = f'{{"id": "t.parse", "verdict": "accept", "output": {{"version": {said}}}}}'
    raw = f"def ANSWER(r): print('{line}', flush=True)\n"
    done = run(raw if said.startswith("[") else says, [parsed])
    assert done.classes()["parse"] in ("wrong-reject", "garbled"), done.stderr
    assert done.code == 1


def test_first_difference_by_name(run: Run) -> None:
    """Not by the order of a set, which is another in every run."""
    names = [f"m{i}" for i in range(20)]
    parsed = case("parse", "valid", {"op": "parse", "report": {"blob": "good"}}, layer="parse")
    parsed["expect"]["output"] = dict.fromkeys(names, 1)
    says = f"def ANSWER(r): say(id=r['id'], verdict='accept', stage=None, output=dict.fromkeys({names}, 2))\n"
    assert run(says, [parsed]).cells()["parse"]["detail"] == "output m0 is 2, not 1"


def test_json_list_and_exit_codes(run: Run) -> None:
    done = run(RIGHT, [VALID], "--json")
    assert json.loads(done.stdout) == done.matrix
    listed = run(RIGHT, [VALID, INVALID], "--list")
    assert listed.stdout.splitlines()[1:] == [
        "t.good\tverify\tsignature\tvalid",
        "t.bad\tverify\tsignature\tinvalid",
    ]
    assert run(RIGHT, []).code == 77
    assert run(RIGHT, [VALID], hello='{"ops": []}').code == 77
    assert run(RIGHT, [VALID], "--shard", "3/2").code == 2
    assert run(RIGHT, [{**VALID, "input": verify({"blob": "absent"})}]).code == 2
    assert run(RIGHT, [VALID], "--adapter", "no-such").code == 2
    twice = run(RIGHT, [VALID], "--adapter", "reference", "--adapter", "reference")
    assert (twice.code, "reference is there twice" in twice.stderr) == (2, True)
    assert run(RIGHT, [VALID], hello='{"anchors": "some"}').code == 3


def test_missing_adapter(run: Run, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "adapter.toml").write_text('name = "other"\nstart = ["{build}/other"]\n')
    done = run(RIGHT, [VALID], "--adapter", str(other))
    assert done.code == 3
    assert "make adapters" in done.stderr


def test_program_by_name(run: Run) -> None:
    """As any shell finds it."""
    assert run(RIGHT, [VALID], start='["python3", "{folder}/adapter.py"]').classes() == {"good": "agree"}


def test_request(tmp_path: Path) -> None:
    """Bytes in base64, roots in PEM, no more of the case than its input."""
    source = verify(
        {"base64": "eA=="}, roots=[{"base64": base64.b64encode(ROOT).decode()}], policy={"vmpl_max": 1}
    )
    cases = [case("one", "valid", source, product="Genoa")]
    (tmp_path / "one.json").write_text(json.dumps({"blobs": {}, "cases": cases}))
    bundle: Bundle = load(tmp_path, None, None)
    assert request(bundle.cases["t.one"], "") == {
        "op": "verify",
        "report": "eA==",
        "certs": {},
        "at": AT,
        "roots": [
            f"-----BEGIN CERTIFICATE-----\n{base64.b64encode(ROOT).decode()}\n-----END CERTIFICATE-----\n"
        ],
        "policy": {"vmpl_max": 1},
        "product": "Genoa",
    }


def test_globs(tmp_path: Path) -> None:
    for name in ("a", "b"):
        rows = [{**VALID, "id": f"{name}.one"}, {**VALID, "id": f"{name}.two"}]
        (tmp_path / f"{name}.json").write_text(json.dumps({"blobs": BLOBS, "cases": rows}))
    assert load(tmp_path, None, None).selected == ["a.one", "a.two", "b.one", "b.two"]
    assert load(tmp_path, "*.one", None).selected == ["a.one", "b.one"]
    assert load(tmp_path, "b.json", None).selected == ["b.one", "b.two"]
    assert load(tmp_path, f"{tmp_path}/a*.json", None).selected == ["a.one", "a.two"]
