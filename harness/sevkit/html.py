"""report.html: one self-contained page, no network, with filters by area, verdict and requirement."""

from __future__ import annotations

from pathlib import Path

import jinja2

from sevkit.results import FAILED, SKIPPED, Run


def _tone(verdict: str) -> str:
    if verdict in FAILED:
        return "bad"
    if verdict in SKIPPED:
        return "none"
    return "good" if verdict == "PASS" else "note"


def write_html(run: Run, path: Path) -> None:
    """Writes RUN as a page."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("sevkit"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["tone"] = _tone
    page = environment.get_template("report.html.j2").render(
        run=run,
        counts=[(v, n) for v, n in run.counts().items() if n],
        areas=sorted({t.area for t in run.tests}),
        requirements=sorted({r for t in run.tests for r in t.requirements}),
        closing=run.closing_line(),
    )
    path.write_text(page)
