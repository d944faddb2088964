"""Clients in the guest, before Debian's genuine driver: one boot a kernel. A script runs them all and leaves
what they wrote in /out; the host judges it, with the certificates that the clients themselves got."""

from __future__ import annotations

import secrets
import shlex
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from guest import session, vm

from clients import table
from clients.bench import REPORT_DATA, REPORT_SIZE, SECONDS, Bench, Row, checked_row, reason
from clients.configfs_tsm import PRINTED

FILES = {"vcek": "vcek.der", "vlek": "vlek.der", "ask": "ask.der", "ark": "ark.der"}
WITH_TSM = "6.12"
KILLED = "137"  # the status of what `timeout` has ended
# Without configfs-tsm go-sev-guest takes the device.
NO_TSM = "umount /sys/kernel/config && "


class WrongError(Exception):
    """What is wrong with what a client has done."""


@dataclass(frozen=True)
class Step:
    """A client's run: its row's name, the program, the shell's words, what judges the files in its folder."""

    name: str
    program: str
    line: str
    judge: Callable[[Bench, Path], str]  # what is right with it; WrongError: what is not


def accepted(bench: Bench, report: bytes, certs: dict[str, bytes], nonce: bytes) -> None:
    """REPORT is of NONCE, and snp-verify takes it with CERTS."""
    if report[REPORT_DATA] != nonce:
        raise WrongError("REPORT_DATA is not the nonce")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind, data in certs.items():
            (folder / FILES[kind]).write_bytes(data)
        (folder / "report.bin").write_bytes(report)
        verdict = bench.judge(folder / "report.bin", folder)
    if verdict.returncode:
        raise WrongError(f"snp-verify: {reason(verdict.stdout or verdict.stderr)}")


def attest(name: str, before: str = "") -> Step:
    """go-sev-guest's attest, report and certificates in one file."""
    nonce = secrets.token_bytes(64)
    form = f"-in {nonce.hex()} -inform hex -extended -outform bin -out extended.bin"

    def judge(bench: Bench, folder: Path) -> str:
        blob = (folder / "extended.bin").read_bytes()
        accepted(bench, blob[:REPORT_SIZE], table.read(blob[REPORT_SIZE:]), nonce)
        return "fresh, accepted by snp-verify with its certificates"

    return Step(name, "attest", f"{before}attest {form}", judge)


def tsm_report() -> Step:
    """go-configfs-tsm: three reports, each with auxblob."""
    nonces = [secrets.token_bytes(64) for _ in PRINTED]

    def judge(bench: Bench, folder: Path) -> str:
        if (folder / "said").read_text().splitlines() != PRINTED:
            raise WrongError(f"it printed {(folder / 'said').read_text().strip()!r}")
        for number, nonce in enumerate(nonces):
            certs = table.read((folder / f"auxblob-{number}.bin").read_bytes())
            accepted(bench, (folder / f"report-{number}.bin").read_bytes(), certs, nonce)
        return "fresh, accepted by snp-verify with auxblob"

    return Step("tsm-report", "tsm-report", f"tsm-report . {' '.join(n.hex() for n in nonces)}", judge)


def snpguest_report() -> Step:
    """snpguest's report, of a nonce that it makes, and certificates."""

    def judge(bench: Bench, folder: Path) -> str:
        certs = {path.stem: path.read_bytes() for path in (folder / "table").iterdir()}
        report, nonce = (folder / name for name in ("report.bin", "request.bin"))
        accepted(bench, report.read_bytes(), certs, nonce.read_bytes())
        return "fresh, accepted by snp-verify with its certificates"

    line = "snpguest report report.bin request.bin --random && snpguest certificates der table"
    return Step("snpguest report, certificates", "snpguest", line, judge)


def snpguest_key() -> Step:
    """Keys: the same twice, and another for another field."""

    def judge(bench: Bench, folder: Path) -> str:
        del bench
        first, again, other = ((folder / name).read_bytes() for name in ("first", "again", "other"))
        if first != again or not any(first):
            raise WrongError("not one key for one question")
        if first == other:
            raise WrongError("one key for two questions")
        return "the same twice, another for another field"

    key = "snpguest key {} vcek -g {}"
    asked = (("first", "0x1"), ("again", "0x1"), ("other", "0x2"))
    return Step("snpguest key", "snpguest", " && ".join(key.format(*pair) for pair in asked), judge)


def steps(series: str, programs: dict[str, Path]) -> list[Step]:
    """What runs in a guest of SERIES, in order."""
    device = [snpguest_report(), snpguest_key()]
    if series == WITH_TSM:
        chosen = [attest("attest (tsm)"), tsm_report(), attest("attest (ioctl)", NO_TSM), *device]
    else:
        chosen = [attest("attest (ioctl)"), *device]
    return [step for step in chosen if step.program in programs]


def script(chosen: list[Step]) -> str:
    """Each step in a folder of its own in /out, with its words and its status."""
    limit = f"timeout -s KILL {SECONDS}"  # seconds of the guest, whose idle waits pass at once
    return "\n".join(
        f"mkdir /out/{i} && cd /out/{i} && "
        f"{limit} sh -c {shlex.quote(step.line)} > said 2> errors; echo $? > status"
        for i, step in enumerate(chosen)
    )


def judged(bench: Bench, step: Step, folder: Path) -> tuple[str, str]:
    """What is wrong with STEP's files, and what is right."""
    try:
        status = (folder / "status").read_text().strip()
        if status == KILLED:
            return f"no answer in {SECONDS} s", ""
        if status != "0":
            words = (folder / "errors").read_text(errors="replace") + (folder / "said").read_text()
            return reason(words) or "it failed without a word", ""
        return "", step.judge(bench, folder)
    except WrongError as wrong:
        return str(wrong), ""
    except OSError as error:
        return f"no file {error.filename}", ""


def rows(bench: Bench, series: str, profile: str) -> list[Row]:
    """One boot of SERIES: its clients' rows."""
    chosen = steps(series, bench.programs)
    files = tuple((bench.programs[name], f"/guest/{name}") for name in {step.program for step in chosen})
    setup = session.Setup(series, world=vm.World(profile=profile), files=files)
    with tempfile.TemporaryDirectory(prefix="sevkit-clients-") as name:
        place = Path(name)
        with session.with_command(setup, ["sh", "-c", script(chosen)]) as guest:
            for line in guest.output():
                session.say(f"guest {series}: {shlex.quote(line)}")
            guest.status()
            session.unpack(guest.folder / "out.tar", place)
        return [
            checked_row(f"{step.name}, guest {series}", profile, *judged(bench, step, place / str(i)))
            for i, step in enumerate(chosen)
        ]
