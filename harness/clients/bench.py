"""Where clients run: a folder, the programs, and the user who runs them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

FUSE = Path("/dev/fuse")
NOBODY = 65534
REPORT_SIZE = 0x4A0
REPORT_DATA = slice(0x50, 0x90)
SECONDS = 60
AT = "2026-01-01T00:00:00Z"  # the clock where bytes of certificates are compared
LINES = {"bergamo": "genoa", "siena": "genoa"}  # the certificate product line of others

Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    client: str
    profile: str
    scenario: str
    outcome: str  # accepted, refused, failed, absent, not built
    reason: str


def reason(text: str) -> str:
    """The client's own reason: its deepest cause or its last line that says something, no backtrace."""
    lines = [line.strip() for line in text.splitlines()]
    frames = re.compile(r"^(\d+: |at |Stack backtrace|WARN|psp-run: configfs-tsm is absent)")
    said = [line for line in lines if line and not frames.match(line)]
    errors = [line for line in said if re.search(r"(?i)^error|error |mismatch|did not", line)]
    causes = [line for line in said if line.startswith("because: ")]
    return (causes or errors or said or [""])[-1][:160]


def line_of(profile: str) -> str:
    """The certificate product line of a profile, as clients name it."""
    chip = profile.split("-")[0]
    return LINES.get(chip, chip)


def reachable(programs: dict[str, Path], folder: Path) -> dict[str, Path]:
    """Copies of PROGRAMS that any user may run: the cache lies in somebody's home."""
    copies = {}
    for name, path in programs.items():
        copies[name] = Path(shutil.copy2(path, folder / name))
        copies[name].chmod(0o755)
    return copies


def refusal(done: Done) -> tuple[str, str]:
    """Outcome and reason of a client that did not end well."""
    if "configfs-tsm is absent" in done.stderr:
        return "absent", reason(done.stderr.split("absent: ")[-1])
    return "failed" if done.returncode < 0 else "refused", reason(done.stderr + "\n" + done.stdout)


def verdict_row(name: str, profile: str, scenario: str, done: Done) -> Row:
    """accepted or refused by exit code."""
    return Row(name, profile, scenario, *(refusal(done) if done.returncode else ("accepted", "")))


def checked_row(name: str, profile: str, wrong: str, right: str) -> Row:
    """A client that did what it should, or WRONG with it."""
    return Row(name, profile, "", *(("failed", wrong) if wrong else ("accepted", right)))


class Bench:
    """A folder, the programs, and the user who runs them."""

    def __init__(self, folder: Path, tools: Path, programs: dict[str, Path]) -> None:
        self.folder = folder
        self.tools = tools
        self.programs = programs
        self.psp_run = folder / "psp-run"
        shutil.copy2(tools / "psp-run", self.psp_run)
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
            folder.chmod(0o755)

    def _as_user(self, command: list[str], privileged: bool) -> Done:
        become = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        prefix = become if os.geteuid() == 0 and not privileged else []
        environment = {**os.environ, "HOME": str(self.folder)}
        try:
            return subprocess.run(
                [*prefix, *command],
                capture_output=True,
                text=True,
                check=False,
                timeout=SECONDS,
                cwd=self.folder,
                env=environment,
            )
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(command, -1, "", f"no answer in {SECONDS} s")

    def run(self, client: str, *arguments: str | Path) -> Done:
        """A client alone."""
        return self._as_user([str(self.programs[client]), *map(str, arguments)], False)

    def under(self, options: list[str], client: str | Path, *arguments: str | Path) -> Done:
        """A client, or a program by its path, under psp-run."""
        tsm_closed = not FUSE.exists() or not FUSE.stat().st_mode & 0o006
        privileged = "--no-tsm" not in options and tsm_closed
        program = client if isinstance(client, Path) else self.programs[client]
        command = [str(self.psp_run), *options, "--", str(program), *map(str, arguments)]
        return self._as_user(command, privileged)

    def judge(self, report: Path, certs: Path) -> Done:
        """snp-verify's verdict."""
        verify = self.tools / "snp-verify"
        return subprocess.run(
            [str(verify), str(report), "--certs", str(certs)], capture_output=True, text=True, check=False
        )

    def mint(self, *arguments: str | Path) -> None:
        """sevkit-mint, as ourselves."""
        command = [str(self.tools / "sevkit-mint"), *map(str, arguments)]
        subprocess.run(command, check=True, capture_output=True)

    def certs(self, profile: str) -> Path:
        """The certificates of PROFILE's chip at AT, as `sevkit report` writes them."""
        folder = self.folder / "certs" / profile
        if not folder.exists():
            self.mint("report", "--profile", profile, "--at", AT, "--out", folder)
        return folder

    def fresh(self, *names: str) -> list[Path]:
        """Paths in the folder, of which nothing is there."""
        paths = [self.folder / name for name in names]
        for path in paths:
            if path.is_dir():
                shutil.rmtree(path)
            path.unlink(missing_ok=True)
        return paths


def judged(bench: Bench, report: Path, profile: str, nonce: bytes) -> str:
    """What is wrong with a report that should be fresh; "" if nothing is."""
    if not report.exists():
        return "no report was written"
    if report.read_bytes()[REPORT_DATA] != nonce:
        return "REPORT_DATA is not the nonce"
    verdict = bench.judge(report, bench.certs(profile))
    return "" if verdict.returncode == 0 else f"snp-verify: {reason(verdict.stdout)}"


def report_row(bench: Bench, name: str, profile: str, done: Done, nonce: bytes) -> Row:
    """Judges what a reporting client left in report.bin."""
    if done.returncode != 0 or "configfs-tsm is absent" in done.stderr:
        return Row(name, profile, "", *refusal(done))
    wrong = judged(bench, bench.folder / "report.bin", profile, nonce)
    return checked_row(name, profile, wrong, "fresh, accepted by snp-verify")
