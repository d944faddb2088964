"""go-sev-guest's tools: attest, show, check."""

from __future__ import annotations

import re
import secrets
from pathlib import Path

from clients import table
from clients.bench import (
    AT,
    REPORT_SIZE,
    Bench,
    Done,
    Row,
    checked_row,
    line_of,
    refusal,
    report_row,
    verdict_row,
)

PRODUCTS = {"milan": "Milan-B1", "genoa": "Genoa-B1", "turin": "Turin-B1"}
# Fields that `show` prints, and where the report has them.
NUMBERS = {
    "version": slice(0x000, 0x004),
    "guest_svn": slice(0x004, 0x008),
    "policy": slice(0x008, 0x010),
    "current_tcb": slice(0x038, 0x040),
    "platform_info": slice(0x040, 0x048),
    "reported_tcb": slice(0x180, 0x188),
    "committed_tcb": slice(0x1E0, 0x1E8),
    "launch_tcb": slice(0x1F0, 0x1F8),
}
STRINGS = {
    "report_data": slice(0x050, 0x090),
    "measurement": slice(0x090, 0x0C0),
    "report_id": slice(0x140, 0x160),
    "chip_id": slice(0x1A0, 0x1E0),
    "signature": slice(0x2A0, 0x4A0),
}
ESCAPES = {"n": b"\n", "r": b"\r", "t": b"\t", '"': b'"', "'": b"'", "\\": b"\\"}


def attest(bench: Bench, options: list[str], out: Path, nonce: bytes, *more: str) -> Done:
    """A report for NONCE in OUT."""
    form = ["-in", nonce.hex(), "-inform", "hex", "-outform", "bin", "-out", str(out)]
    return bench.under(options, "attest", *form, *more)


def reports(bench: Bench, profile: str) -> list[Row]:
    """attest by configfs-tsm and by ioctl, each with a nonce of its own."""
    rows = []
    ways: list[tuple[str, list[str]]] = [("attest (tsm)", []), ("attest (ioctl)", ["--no-tsm"])]
    for name, options in ways:
        (report,) = bench.fresh("report.bin")
        nonce = secrets.token_bytes(64)
        done = attest(bench, ["--profile", profile, *options], report, nonce)
        rows.append(report_row(bench, name, profile, done, nonce))
    return [*rows, show(bench, profile)]


def unescape(text: str) -> bytes:
    """The bytes of a string of protobuf's text format."""

    def one(found: re.Match[str]) -> bytes:
        code, plain = found[1], found[2]
        if code is None:
            return plain.encode()
        if code[0] == "x":
            return bytes([int(code[1:], 16)])
        return chr(int(code[1:], 16)).encode() if code[0] in "uU" else ESCAPES[code]

    parts = re.finditer(r"""\\(x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|[nrt"'\\])|(.)""", text, re.DOTALL)
    return b"".join(one(part) for part in parts)


def printed(text: str, report: bytes) -> str:
    """In which field TEXT, as show prints it, is not REPORT; "" if in none."""
    fields = dict(re.findall(r"^ *(\w+): +(.*?) *$", text, re.MULTILINE))
    for name, where in NUMBERS.items():  # a zero is not printed
        if int(fields.get(name, "0")) != int.from_bytes(report[where], "little"):
            return f"{name} is not the report's"
    for name, where in STRINGS.items():
        if unescape(fields.get(name, '""')[1:-1]) != report[where]:
            return f"{name} is not the report's"
    return ""


def show(bench: Bench, profile: str) -> Row:
    """show prints what attest got: the report's fields, and the same bytes and certificates again."""
    extended, text, again = bench.fresh("extended.bin", "report.textproto", "again.bin")
    world = ["--profile", profile, "--no-tsm", "--at", AT]
    nonce = secrets.token_bytes(64)
    steps = [attest(bench, world, extended, nonce, "-extended")]
    for form, out in (("textproto", text), ("bin", again)):
        steps.append(bench.run("show", "-in", extended, "-inform", "bin", "-outform", form, "-out", out))
    for done in steps:
        if done.returncode:
            return Row("show", profile, "", *refusal(done))
    report, back = extended.read_bytes()[:REPORT_SIZE], again.read_bytes()
    wrong = printed(text.read_text(encoding="utf-8"), report[:0x50] + nonce + report[0x90:])
    wrong = wrong or ("" if back[:REPORT_SIZE] == report else "the bytes come back as others")
    wrong = wrong or table.difference(table.read(back[REPORT_SIZE:]), bench.certs(profile))
    return checked_row("show", profile, wrong, "the report's fields, bytes and certificates")


def verdicts(bench: Bench, profile: str, scenario: str) -> list[Row]:
    """check without and with its CRL check, with certificates through --kds in SCENARIO ("": none)."""
    (report,) = bench.fresh("report.bin")
    line = line_of(profile)
    world = ["--profile", profile, "--no-tsm", *(["--scenario", scenario] if scenario else [])]
    attest(bench, world, report, secrets.token_bytes(64))
    roots = bench.folder / "roots"
    bundle = bench.folder / "chain.pem"
    bundle.write_text("".join((roots / f"{role}-{line}.pem").read_text() for role in ("ask", "ark")))
    rows = []
    for name, crl in (("check", "false"), ("check with CRL", "true")):
        done = bench.under(
            [*world, "--kds"],
            "check",
            *("-in", report, "-inform", "bin", "-network=true", f"-product_name={PRODUCTS[line]}"),
            *(f"-product_key_path={bundle}", f"-check_crl={crl}", "-guest_policy=0x30000"),
            *("-platform_info=0x27", "-timeout=3s", "-max_retry_delay=1s"),
        )
        rows.append(verdict_row(name, profile, scenario, done))
    return rows
