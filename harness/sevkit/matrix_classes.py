"""What an adapter's answers are worth: the class of each case. Design, section 8; docs/adapters.md."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sevkit.matrix_adapter import Adapter, AdapterFault, Answer, Hello
from sevkit.matrix_cases import Case

Key = tuple[str, str]  # case id, side
Outcome = Answer | AdapterFault

BAD = ("wrong-accept", "wrong-reject", "wrong-stage", "crash", "hang", "garbled", "error")
CLASSES = ("agree", *BAD, "known", "policy", "not-claimed")
# What a case with two sides is called by: its worse one.
SEVERITY = (
    "crash",
    "hang",
    "garbled",
    "error",
    "wrong-accept",
    "wrong-reject",
    "wrong-stage",
    "not-claimed",
    "agree",
)
# Names under which hello may list a member of the policy (docs/verifier.md), beside its own.
OTHER_NAMES = {"tcb_min": "min_tcb", "launch_tcb_min": "min_launch_tcb"}


@dataclass
class Cell:
    """One adapter's verdict on one case."""

    name: str  # class; known(ID) for an explained one
    verdict: str | None = None  # None: not asked, or no answer
    stage: str | None = None
    detail: str = ""
    sides: dict[str, str] = field(default_factory=dict)  # of a policy case: what was answered to each

    @property
    def kind(self) -> str:
        """The class without an id."""
        return self.name.split("(")[0]

    def to_json(self) -> dict[str, Any]:
        out: dict[str, Any] = {"verdict": self.verdict, "stage": self.stage, "class": self.name}
        if self.detail:
            out["detail"] = self.detail
        if self.sides:
            out["sides"] = self.sides
        return out


def unclaimed(hello: Hello, case: Case, side: str) -> str:
    """Why an adapter cannot be asked about SIDE of CASE, "" if it can. The layer is not looked at."""
    if case.op not in hello.ops:
        return f"no op {case.op}"
    if hello.anchors == "pinned" and case.input.get("roots"):
        return "its anchors are pinned"
    if hello.anchors == "none" and case.anchored:
        return "it has no anchors"
    lacks = [o for o in case.options(side) if not {o, OTHER_NAMES.get(o, o)} & set(hello.options)]
    return f"no option {lacks[0]}" if lacks else ""


def _not_asked(hello: Hello, case: Case) -> str:
    if case.layer not in hello.layers and case.requirement[0] not in hello.requirements:
        return f"no layer {case.layer}"
    return unclaimed(hello, case, "base" if case.expected == "policy" else "")


def _decides(hello: Hello, case: Case) -> bool:
    """Whether the adapter has the options of a policy case."""
    return not unclaimed(hello, case, "accept") and not unclaimed(hello, case, "refuse")


def _twin(cases: dict[str, Case], case: Case) -> Key | None:
    if case.expected != "invalid" or case.twin not in cases:
        return None
    return case.twin, "accept" if cases[case.twin].expected == "policy" else ""


def questions(hello: Hello, cases: dict[str, Case], selected: list[str]) -> list[Key]:
    """Everything to ask about the cases SELECTED, their twins included, each once."""
    keys: dict[Key, None] = {}
    for case in (cases[id_] for id_ in selected):
        if _not_asked(hello, case):
            continue
        if case.expected == "policy":
            sides = ("accept", "refuse") if _decides(hello, case) else ("base",)
        else:
            sides = ("",)
        keys.update({(case.id, side): None for side in sides})
        twin = _twin(cases, case)
        if twin and not unclaimed(hello, cases[twin[0]], twin[1]):
            keys[twin] = None
    return list(keys)


def classify(adapter: Adapter, hello: Hello, cases: dict[str, Case], case: Case, outcome: Outcomes) -> Cell:
    """The cell of CASE. OUTCOME says what came of a question."""
    if why := _not_asked(hello, case):
        return Cell("not-claimed", detail=why)
    cell = _policy(hello, case, outcome) if case.expected == "policy" else _plain(hello, case, "", outcome)
    twin = _twin(cases, case)
    if twin and cell.name in ("agree", "wrong-stage"):
        why = unclaimed(hello, cases[twin[0]], twin[1]) or _twin_fault(outcome(twin))
        if why:
            cell = Cell("not-claimed", cell.verdict, cell.stage, f"twin {why}")
    known = adapter.explained(case.id, case.product, cell.name)
    if known:
        cell.detail = f"{cell.name}: {known.kind}: {known.reason} ({known.link})"
        cell.name = f"known({known.id})"
    return cell


Outcomes = Callable[[Key], Outcome]


def _twin_fault(outcome: Outcome) -> str:
    if isinstance(outcome, AdapterFault):
        return outcome.name
    return {"accept": "", "reject": f"refused: {outcome.detail}"}.get(outcome.verdict, outcome.verdict)


def _policy(hello: Hello, case: Case, outcome: Outcomes) -> Cell:
    if not _decides(hello, case):
        cell = _plain(hello, case, "base", outcome)
        return cell if cell.kind in ("crash", "hang", "garbled", "error", "not-claimed") else _renamed(cell)
    cells = {side: _plain(hello, case, side, outcome) for side in ("accept", "refuse")}
    worst = min(cells.values(), key=lambda cell: SEVERITY.index(cell.name))
    worst.sides = {side: cell.verdict or cell.name for side, cell in cells.items()}
    return worst


def _renamed(cell: Cell) -> Cell:
    return Cell("policy", cell.verdict, cell.stage, cell.detail)


def _plain(hello: Hello, case: Case, side: str, outcome: Outcomes) -> Cell:
    got = outcome((case.id, side))
    if isinstance(got, AdapterFault):
        return Cell(got.name, detail=str(got))
    want = case.sides()[side]
    name, detail = _judge(hello, case, want, got)
    return Cell(name, got.verdict, got.stage, detail)


def _judge(hello: Hello, case: Case, want: str, got: Answer) -> tuple[str, str]:
    if got.verdict == "unsupported":
        return "not-claimed", f"unsupported: {got.detail}"
    if got.verdict == "error":
        return "error", got.detail
    if want and got.verdict != want:
        return f"wrong-{got.verdict}", got.detail
    stage = case.expect.get("stage")
    if want == "reject" and got.stage and stage in hello.layers and stage != got.stage:
        return "wrong-stage", f"expected {stage}: {got.detail}"
    if want == "accept" and (difference := _difference(case.expect.get("output", {}), got.output)):
        return "wrong-reject", difference
    return "agree", got.detail


def _difference(want: dict[str, Any], got: dict[str, Any]) -> str:
    """Which member of the output is another, "" if none is. Only what both have is compared."""
    for name in sorted(want.keys() & got.keys()):
        if _value(want[name]) != _value(got[name]):
            return f"output {name} is {got[name]!r}, not {want[name]!r}"
    return ""


def _value(value: Any) -> Any:
    """Numbers may be text with 0x; hexadecimal digits have no case; of a URL's host nothing is said, and the
    order of its parameters and zeros in front of their numbers mean nothing. What only looks like a
    number or a URL is text."""
    if not isinstance(value, str):
        return value
    try:
        return _meaning(value)
    except ValueError:
        return value


def _meaning(value: str) -> Any:
    if value.startswith("0x"):
        return int(value, 16)
    if value.startswith(("/", "https://")):
        url = urlsplit(value)
        return url.path.lower(), sorted((name, text.lstrip("0")) for name, text in parse_qsl(url.query))
    return value.lower()
