"""What each client does on one profile, and what came of it."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

FUSE = Path("/dev/fuse")
NOBODY = 65534
REPORT_DATA = slice(0x50, 0x90)
SECONDS = 60
PRODUCTS = {"milan": "Milan-B1", "genoa": "Genoa-B1", "turin": "Turin-B1"}
LINES = {"bergamo": "genoa", "siena": "genoa"}  # the certificate product line of others

Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    client: str
    profile: str
    scenario: str
    outcome: str  # accepted, refused, failed, absent
    reason: str


def reason(text: str) -> str:
    """The client's own reason: its last line that says something, without frames of a backtrace."""
    lines = [line.strip() for line in text.splitlines()]
    frames = re.compile(r"^(\d+: |at |Stack backtrace|WARN|psp-run: configfs-tsm is absent)")
    said = [line for line in lines if line and not frames.match(line)]
    errors = [line for line in said if re.search(r"(?i)^error|error |mismatch|did not", line)]
    return (errors or said or [""])[-1][:160]


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

    def under(self, options: list[str], client: str, *arguments: str | Path) -> Done:
        """A client under psp-run."""
        tsm_closed = not FUSE.exists() or not FUSE.stat().st_mode & 0o006
        privileged = "--no-tsm" not in options and tsm_closed
        command = [str(self.psp_run), *options, "--", str(self.programs[client]), *map(str, arguments)]
        return self._as_user(command, privileged)

    def judge(self, report: Path, certs: Path) -> Done:
        """snp-verify's verdict."""
        verify = self.tools / "snp-verify"
        return subprocess.run(
            [str(verify), str(report), "--certs", str(certs)], capture_output=True, text=True, check=False
        )


def fresh_report(bench: Bench, name: str, profile: str, done: Done, nonce: bytes) -> Row:
    """Judges what a reporting client left in report.bin."""
    report = bench.folder / "report.bin"

    def row(outcome: str, why: str) -> Row:
        return Row(name, profile, "", outcome, why)

    if "configfs-tsm is absent" in done.stderr:
        return row("absent", reason(done.stderr.split("absent: ")[-1]))
    if done.returncode != 0 or not report.exists():
        return row("refused", reason(done.stderr or done.stdout))
    if report.read_bytes()[REPORT_DATA] != nonce:
        return row("failed", "REPORT_DATA is not the nonce")
    verdict = bench.judge(report, bench.folder / "certs")
    if verdict.returncode != 0:
        return row("failed", f"snp-verify: {reason(verdict.stdout)}")
    return row("accepted", "fresh, accepted by snp-verify")


def reports(bench: Bench, profile: str) -> list[Row]:
    """attest by configfs-tsm and by ioctl, snpguest report; each with a nonce of its own."""
    certs = bench.folder / "certs"
    mint = [str(bench.tools / "sevkit-mint"), "report", "--profile", profile, "--out", str(certs)]
    subprocess.run(mint, check=True, capture_output=True)
    rows = []
    report = bench.folder / "report.bin"
    ways: list[tuple[str, list[str]]] = [("attest (tsm)", []), ("attest (ioctl)", ["--no-tsm"])]
    for name, options in ways:
        report.unlink(missing_ok=True)
        nonce = secrets.token_bytes(64)
        arguments = ["-in", nonce.hex(), "-inform", "hex", "-outform", "bin", "-out", str(report)]
        done = bench.under(["--profile", profile, *options], "attest", *arguments)
        rows.append(fresh_report(bench, name, profile, done, nonce))
    request = bench.folder / "request.bin"
    for path in (report, request):
        path.unlink(missing_ok=True)
    done = bench.under(["--profile", profile, "--no-tsm"], "snpguest", "report", report, request, "--random")
    nonce = request.read_bytes() if request.exists() else b""
    rows.append(fresh_report(bench, "snpguest report", profile, done, nonce))
    return rows


def verdict_row(name: str, profile: str, scenario: str, done: Done) -> Row:
    """accepted or refused by exit code."""
    if done.returncode == 0:
        return Row(name, profile, scenario, "accepted", "")
    outcome = "failed" if done.returncode < 0 else "refused"
    return Row(name, profile, scenario, outcome, reason(done.stderr + "\n" + done.stdout))


def verdicts(bench: Bench, profile: str, scenario: str) -> list[Row]:
    """The verifying clients, with certificates fetched through --kds in SCENARIO ("": none)."""
    report, line = bench.folder / "report.bin", line_of(profile)
    certs = bench.folder / "fetched"
    shutil.rmtree(certs, ignore_errors=True)
    report.unlink(missing_ok=True)
    world = ["--profile", profile, *(["--scenario", scenario] if scenario else [])]
    nonce = secrets.token_bytes(64).hex()
    arguments = ["-in", nonce, "-inform", "hex", "-outform", "bin", "-out", str(report)]
    bench.under([*world, "--no-tsm"], "attest", *arguments)
    kds = [*world, "--no-tsm", "--kds"]
    rows = []
    ca = bench.under(kds, "snpguest", "fetch", "ca", "pem", certs, line)
    leaf = bench.under(kds, "snpguest", "fetch", "vcek", "pem", certs, report)
    if ca.returncode != 0 or leaf.returncode != 0:
        failed = ca if ca.returncode != 0 else leaf
        rows.append(verdict_row("snpguest fetch", profile, scenario, failed))
    else:
        for what, files in (("certs", [certs]), ("attestation", [certs, report])):
            done = bench.run("snpguest", "verify", what, *files)
            rows.append(verdict_row(f"snpguest verify {what}", profile, scenario, done))
    roots = bench.folder / "roots"
    bundle = bench.folder / "chain.pem"
    bundle.write_text("".join((roots / f"{role}-{line}.pem").read_text() for role in ("ask", "ark")))
    for crl in ("false", "true"):
        done = bench.under(
            kds,
            "check",
            *("-in", report, "-inform", "bin", "-network=true", f"-product_name={PRODUCTS[line]}"),
            *(f"-product_key_path={bundle}", f"-check_crl={crl}", "-guest_policy=0x30000"),
            *("-platform_info=0x27", "-timeout=3s", "-max_retry_delay=1s"),
        )
        name = "check with CRL" if crl == "true" else "check"
        rows.append(verdict_row(name, profile, scenario, done))
    return rows
