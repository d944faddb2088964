"""JUnit XML, as CI systems read it: one suite an area, one case a test."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

from sevkit.results import FAILED, SKIPPED, Run


def write_junit(run: Run, path: Path) -> None:
    """Writes RUN as junit.xml."""
    root = ET.Element("testsuites", name=f"sevkit on {run.target}", time=f"{run.duration_s:.3f}")
    for area in sorted({t.area for t in run.tests}):
        tests = [t for t in run.tests if t.area == area]
        suite = ET.SubElement(
            root,
            "testsuite",
            name=area,
            tests=str(len(tests)),
            failures=str(sum(t.verdict in ("FAIL", "XPASS") for t in tests)),
            errors=str(sum(t.verdict in ("ERROR", "TIMEOUT") for t in tests)),
            skipped=str(sum(t.verdict in SKIPPED for t in tests)),
            time=f"{sum(t.duration_ms for t in tests) / 1000:.3f}",
        )
        for test in tests:
            case = ET.SubElement(
                suite,
                "testcase",
                classname=f"sevkit.{area}",
                name=test.id,
                time=f"{test.duration_ms / 1000:.3f}",
            )
            if test.verdict in FAILED:
                tag = "failure" if test.verdict in ("FAIL", "XPASS") else "error"
                ET.SubElement(case, tag, type=test.verdict, message=printable(test.reason))
            elif test.verdict in SKIPPED:
                ET.SubElement(case, "skipped", message=printable(test.reason))
    ET.indent(root)
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def printable(text: str) -> str:
    """XML 1.0 has no control characters but tab and line ends."""
    return "".join(
        c if (c >= " " and c not in "\ufffe\uffff") or c in "\t\n\r" else "\N{REPLACEMENT CHARACTER}"
        for c in text
    )
