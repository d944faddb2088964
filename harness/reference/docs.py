"""docs/vectors/: a page a family, and where the known mistakes of verifiers have their cases. Generated."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from reference import mint, tcb
from reference.bundle import Case, Family
from reference.check import classes

BUGS = Path(__file__).with_name("bugs.json")
WITHOUT = Path(__file__).with_name("without.json")
RULES = Path(__file__).parents[2] / "vectors" / "requirements"
MADE = "<!-- made by `python -m reference docs` -->\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _row(*cells: str) -> str:
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _expected(case: Case) -> str:
    at = next((case.expect[kind] for kind in ("stage", "status", "reason") if kind in case.expect), None)
    if case.result == "policy":
        sides = case.expect["policy"]
        options = ", ".join(f"`{k}`: {json.dumps(v)}" for k, v in sides["accept"].items()) or "by default"
        return f"policy: accepted with {options}; else {at}"
    return case.result if at is None else f"{case.result}: {at}"


def family_page(family: Family) -> str:
    """The page of one family."""
    counted = classes([family])
    out = [MADE, f"# {family.title}\n", family.text.strip() + "\n"]
    out.append(
        f"File `vectors/cases/{family.name}.json`: {len(family.cases)} cases; classes: "
        + ", ".join(f"{len(counted[result])} {result}" for result in ("valid", "invalid", "policy"))
        + ".\n"
    )
    if any(case.flags for case in family.cases):
        out.append("## Flags\n\n| flag | class of bug | effect | origin |\n|---|---|---|---|")
        used = {flag for case in family.cases for flag in case.flags}
        for flag in sorted(used):
            note = family.notes[flag]
            out.append(_row(f"`{flag}`", note["class"], note["effect"], note["origin"]))
        out.append("")
    out.append("## Cases\n\n| case | what | requirement | expected | defect |\n|---|---|---|---|---|")
    for case in family.cases:
        name = case.id.split(".", 1)[1]
        defect = "" if case.defect is None else f"{case.defect} (twin `{(case.twin or '').split('.')[-1]}`)"
        out.append(_row(f"`{name}`", case.title, ", ".join(case.requirement), _expected(case), defect))
    return "\n".join(out) + "\n"


def read_bugs() -> list[dict[str, Any]]:
    """The known mistakes: slug, layer, and flags (default: the slug), whose notes say what it is; or WHAT it
    is and the reason why no case shows it. DECIDED: what settles a verdict that is a matter of policy."""
    rows: list[dict[str, Any]] = json.loads(BUGS.read_text(encoding="utf-8"))
    return rows


def _by_flag(families: list[Family]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for family in families:
        for case in family.cases:
            for flag in case.flags:
                found.setdefault(flag, []).append(case.id)
    return found


def missing_bugs(families: list[Family]) -> list[str]:
    """Known mistakes that have neither a case nor a reason, or both, or no words."""
    by_flag = _by_flag(families)
    wrong = []
    for bug in read_bugs():
        flags = bug.get("flags", [bug["slug"]])
        absent = [flag for flag in flags if flag not in by_flag]
        if "reason" not in bug and absent:
            wrong.append(f"{bug['slug']}: no case has the flag {', '.join(absent)}")
        if "reason" in bug and not absent:
            wrong.append(f"{bug['slug']}: has cases and a reason why there are none")
        if "reason" in bug and "what" not in bug:
            wrong.append(f"{bug['slug']}: nothing says what it is")
    return wrong


def _meaning(families: list[Family], flag: str) -> str:
    """FLAG's class of bug and its effect, by the first family that has it."""
    notes = (f.notes[flag] for f in families if any(flag in case.flags for case in f.cases))
    return next((f"{note['class']}: {note['effect']}" for note in notes), "")


def bugs_page(families: list[Family]) -> str:
    """Which cases show which mistake."""
    by_flag = _by_flag(families)
    out = [MADE, "# Mistakes that verifiers and clients made, and their cases\n"]
    out.append(
        "Each row is a class of mistake that was met in a verifier or a client, or that their design\n"
        "invites: what it is, and what it leads to. The flag's note on the family's page says where it was\n"
        "met in public. A name of two numbers is an entry of a later list, which has no other names.\n"
    )
    out.append("| mistake | what | layer | cases, or why there is none |\n|---|---|---|---|")
    for bug in read_bugs():
        flags = bug.get("flags", [bug["slug"]])
        ids = [case for flag in flags for case in by_flag.get(flag, [])]
        shown = ", ".join(f"`{case}`" for case in ids[:6]) + (
            f" and {len(ids) - 6} more" if len(ids) > 6 else ""
        )
        text = "; ".join(part for part in (shown or bug.get("reason", ""), bug.get("decided", "")) if part)
        what = bug.get("what") or _meaning(families, flags[0])
        out.append(_row(bug["slug"], what, bug["layer"], text))
    return "\n".join(out) + "\n"


def without_vector() -> dict[str, str]:
    """The rules that no vector shows, and why."""
    found: dict[str, str] = {}
    for row in json.loads(WITHOUT.read_text(encoding="utf-8")):
        for text in row["rules"].split(", "):
            first, _, last = text.partition("..")
            prefix, number = first.rsplit("-", 1)
            for n in range(int(number), int(last or number) + 1):
                found[f"{prefix}-{n:03}"] = row["reason"]
    return found


def unshown(families: list[Family], rules: Iterable[str]) -> list[str]:
    """Those of RULES that have neither a vector nor a reason."""
    cited = {rule for family in families for case in family.cases for rule in case.requirement}
    return sorted(set(rules) - cited - without_vector().keys())


def untested(families: list[Family]) -> dict[str, list[str]]:
    """Rules that neither a suite nor a vector shows: the ids by the reason in their row."""
    cited = {rule for family in families for case in family.cases for rule in case.requirement}
    found: dict[str, list[str]] = {}
    for path in sorted(RULES.glob("*.json")):
        for row in json.loads(path.read_text(encoding="utf-8"))["rows"]:
            if "untested" in row and row["id"] not in cited | without_vector().keys():
                found.setdefault(row["untested"], []).append(row["id"])
    return found


def _spans(rules: list[str]) -> str:
    """RULES with neighbours joined, as in without.json."""
    spans: list[list[str]] = []
    for rule in rules:
        prefix, number = rule.rsplit("-", 1)
        if spans and spans[-1][-1] == f"{prefix}-{int(number) - 1:03}":
            spans[-1].append(rule)
        else:
            spans.append([rule])
    return ", ".join(
        span[0] if len(span) == 1 else f"{span[0]}..{span[-1].rsplit('-', 1)[1]}" for span in spans
    )


def index_page(families: list[Family]) -> str:
    """The list of families with their numbers."""
    out = [MADE, "# Vectors: the families\n"]
    out.append(
        "How to use them: [regression-test your verifier in ten minutes](../ten-minutes.md). The mistakes\n"
        "that they show: [verifier bugs](bugs.md). Form of the files: `vectors/schema/cases.schema.json`.\n"
    )
    out.append("| family | cases | valid | invalid | policy |\n|---|---|---|---|---|")
    rows = [([family], f"[{family.name}]({family.name}.md)") for family in families]
    for group, name in [*rows, (families, "all")]:
        counted = classes(group)
        numbers = [len(counted[result]) for result in ("valid", "invalid", "policy")]
        cases = sum(len(family.cases) for family in group)
        out.append(f"| {name} | {cases} | " + " | ".join(map(str, numbers)) + " |")
    out.append(
        "\nCases are counted in the second column, classes (requirement, defect, layer) in the others: the\n"
        "same defect on another product or report version is another case of the same class.\n"
    )
    out.append(
        "## Test anchors\n\nA case of op `verify` without `roots` and `trust_dir` is about anchors that are\n"
        "known by their keys. sevkit knows AMD's ARKs that way, and these, which the cases need:\n"
    )
    out.append("| ARK | SHA-256 of the SubjectPublicKeyInfo | certificate |\n|---|---|---|")
    for line in tcb.PRODUCTS:
        digest = hashlib.sha256(mint.ark(line).spki).hexdigest()
        out.append(_row(f"ARK-{line}", f"`{digest}`", f"`vectors/keys/{mint.anchor_name(line)}`"))
    out.append("")
    out.append("## Rules without a vector\n\n| rules, where no case has them | why |\n|---|---|")
    out += [_row(row["rules"], row["reason"]) for row in json.loads(WITHOUT.read_text(encoding="utf-8"))]
    out.append(
        "\nThese have no test in the suites either, for the reason that their row gives:\n\n"
        "| rules | why |\n|---|---|"
    )
    out += [_row(_spans(rules), reason) for reason, rules in untested(families).items()]
    return "\n".join(out) + "\n"


def pages(families: list[Family]) -> dict[str, str]:
    """File names in docs/vectors/ and their texts."""
    found = {f"{family.name}.md": family_page(family) for family in families}
    return found | {"README.md": index_page(families), "bugs.md": bugs_page(families)}
