"""report.html in a real browser: a click on a filter hides the other rows."""

from __future__ import annotations

import functools
import http.server
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from sevkit import html, results

CLICK = """
<script>
document.querySelector('button[data-verdict="FAIL"]').click();
</script>
"""


def make_page(path: Path) -> None:
    run = results.Run("embedded", "genoa", "1.58", "0", "6.12", "0" * 64, "2026-01-01T00:00:00+00:00")
    for number in range(30):
        area = "key" if number % 2 else "report"
        verdict = "FAIL" if number % 10 == 0 else "PASS"
        reason = "wanted 0x16, got 0" if verdict == "FAIL" else ""
        run.tests.append(
            results.TestResult(
                f"{area}.topic.case-{number}",
                area,
                f"title {number}",
                "positive",
                [f"SNP-{area.upper()}-00{number % 3}"],
                verdict,
                reason,
                0.25,
            )
        )
    html.write_html(run, path)


def browser() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    pytest.skip("no Chromium here; `make deps-dev` installs one")


def run_browser(arguments: list[str], profile: Path) -> str:
    common = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        f"--user-data-dir={profile}",
    ]
    done = subprocess.run(
        [browser(), *common, *arguments], capture_output=True, text=True, timeout=120, check=True
    )
    return done.stdout


def visible_rows(dom: str) -> list[str]:
    rows = dom.split("<tbody>")[1].split("</tbody>")[0].split("<tr ")[1:]
    return [row for row in rows if not row.split(">", 1)[0].rstrip().endswith('hidden=""')]


@pytest.mark.parametrize(("script", "shown"), [("", 30), (CLICK, 3)], ids=["all", "clicked"])
def test_a_click_filters_by_verdict(tmp_path: Path, script: str, shown: int) -> None:
    browser()
    page = tmp_path / "report.html"
    make_page(page)
    page.write_text(page.read_text().replace("</body>", script + "</body>"))
    dom = run_browser(["--dump-dom", page.as_uri()], tmp_path / "profile")
    rows = visible_rows(dom)
    assert len(rows) == shown
    assert f"{shown} of 30 tests" in dom
    if script:
        assert all('data-verdict="FAIL"' in row for row in rows)


def test_the_page_asks_the_network_for_nothing(tmp_path: Path) -> None:
    browser()
    make_page(tmp_path / "report.html")
    asked: list[str] = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            asked.append(self.path)

    handler = functools.partial(Handler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/report.html"
        dom = run_browser(["--dump-dom", url], tmp_path / "profile")
        server.shutdown()
    assert "30 of 30 tests" in dom
    assert set(asked) <= {"/report.html", "/favicon.ico"}
    assert "/report.html" in asked
