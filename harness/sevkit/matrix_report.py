"""The files of a matrix: results.json (schema/matrix.schema.json), junit.xml, index.html."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import jinja2

from sevkit.junit import printable
from sevkit.matrix_cases import Bundle
from sevkit.matrix_classes import BAD, CLASSES
from sevkit.matrix_run import Column


def to_json(bundle: Bundle, columns: list[Column]) -> dict[str, Any]:
    """The whole matrix."""
    return {
        "adapters": [
            {
                "name": column.adapter.name,
                "version": column.hello.version,
                "language": column.hello.language,
                "layers": column.hello.layers,
                "requirements": column.hello.requirements,
                "ops": column.hello.ops,
                "options": column.hello.options,
                "anchors": column.hello.anchors,
                "strays": column.strays,
                "requests": column.requests,
                "requests_per_second": round(column.rate, 1),
            }
            for column in columns
        ],
        "cases": [
            {
                "id": id_,
                "expected": bundle.cases[id_].expected,
                "layer": bundle.cases[id_].layer,
                "stage": bundle.cases[id_].expect.get("stage"),
                "verdicts": {c.adapter.name: c.cells[id_].to_json() for c in columns},
            }
            for id_ in bundle.selected
        ],
    }


def write(bundle: Bundle, columns: list[Column], out: Path) -> None:
    """All three files in OUT."""
    matrix = to_json(bundle, columns)
    (out / "results.json").write_text(json.dumps(matrix, indent=1) + "\n")
    _junit(bundle, columns, out / "junit.xml")
    _html(bundle, columns, out / "index.html")


def _junit(bundle: Bundle, columns: list[Column], path: Path) -> None:
    """A suite an adapter, a test a case."""
    root = ET.Element("testsuites", name="sevkit matrix")
    for column in columns:
        kinds = [cell.kind for cell in column.cells.values()]
        suite = ET.SubElement(
            root,
            "testsuite",
            name=column.adapter.name,
            tests=str(len(kinds)),
            failures=str(sum(kind in BAD for kind in kinds)),
            skipped=str(kinds.count("not-claimed")),
            time=f"{column.seconds:.3f}",
        )
        for id_ in bundle.selected:
            cell = column.cells[id_]
            name = f"sevkit.matrix.{column.adapter.name}"
            test = ET.SubElement(suite, "testcase", classname=name, name=id_)
            if cell.kind in BAD:
                ET.SubElement(test, "failure", type=cell.name, message=printable(cell.detail))
            elif cell.kind == "not-claimed":
                ET.SubElement(test, "skipped", message=printable(cell.detail))
    ET.indent(root)
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _tone(kind: str) -> str:
    if kind in BAD:
        return "bad"
    return {"agree": "good", "known": "note", "policy": "note"}.get(kind, "none")


def _html(bundle: Bundle, columns: list[Column], path: Path) -> None:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("sevkit"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["tone"] = _tone
    counts = {
        c.adapter.name: [sum(cell.kind == kind for cell in c.cells.values()) for kind in CLASSES]
        for c in columns
    }
    page = environment.get_template("matrix.html.j2").render(
        columns=columns, cases=[bundle.cases[id_] for id_ in bundle.selected], classes=CLASSES, counts=counts
    )
    path.write_text(page)
