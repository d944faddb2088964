"""What `make clients` makes of the files that clients leave in a guest: no guest is booted, no client run."""

from __future__ import annotations

import secrets
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from clients import __main__ as clients
from clients import bench, in_guest
from guest import image, vm
from pspd_client import BIN

NOTHING: dict[str, Path] = {}


@pytest.fixture
def judge(tmp_path: Path) -> bench.Bench:
    """A bench of our own programs."""
    folder = tmp_path / "bench"
    folder.mkdir()
    return bench.Bench(folder, BIN.resolve(), NOTHING)


def minted(folder: Path, nonce: bytes) -> Path:
    """A report of NONCE and its certificates."""
    command = [str(BIN / "sevkit-mint"), "report", "--nonce", nonce.hex(), "--out", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def ended(folder: Path, status: str = "0", said: str = "", errors: str = "") -> Path:
    """What the guest's script writes beside a client's files."""
    folder.mkdir(exist_ok=True)
    for name, text in (("status", status), ("said", said), ("errors", errors)):
        (folder / name).write_text(text)
    return folder


def snpguest_files(folder: Path, nonce: bytes) -> Path:
    """As snpguest leaves them."""
    made = minted(folder / "made", nonce)
    (folder / "table").mkdir()
    for name in ("vcek", "ask", "ark"):
        (folder / "table" / f"{name}.der").write_bytes((made / f"{name}.der").read_bytes())
    (folder / "report.bin").write_bytes((made / "report.bin").read_bytes())
    (folder / "request.bin").write_bytes(nonce)
    return ended(folder)


def test_a_good_report(judge: bench.Bench, tmp_path: Path) -> None:
    """Fresh, and signed under the certificates that came with it."""
    folder = snpguest_files(tmp_path, secrets.token_bytes(64))
    wrong, right = in_guest.judged(judge, in_guest.snpguest_report(), folder)
    assert not wrong and right.startswith("fresh, accepted")


@pytest.mark.parametrize(
    ("name", "at", "said"),
    [
        ("request.bin", 63, "REPORT_DATA is not the nonce"),
        ("report.bin", 0x2A0, "snp-verify: REJECTED at signature"),
        ("table/ask.der", 200, "snp-verify: REJECTED at chain"),
    ],
)
def test_one_byte(judge: bench.Bench, tmp_path: Path, name: str, at: int, said: str) -> None:
    """Of the nonce, the signature, a certificate."""
    folder = snpguest_files(tmp_path, secrets.token_bytes(64))
    data = bytearray((folder / name).read_bytes())
    data[at] ^= 1
    (folder / name).write_bytes(data)
    wrong, _ = in_guest.judged(judge, in_guest.snpguest_report(), folder)
    assert wrong.startswith(said), wrong


def test_a_file_that_is_not_there(judge: bench.Bench, tmp_path: Path) -> None:
    """It is named."""
    folder = snpguest_files(tmp_path, secrets.token_bytes(64))
    (folder / "report.bin").unlink()
    wrong, _ = in_guest.judged(judge, in_guest.snpguest_report(), folder)
    assert wrong == f"no file {folder / 'report.bin'}"


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ((b"\1" * 32, b"\1" * 32, b"\2" * 32), ""),
        ((b"\1" * 32, b"\3" * 32, b"\2" * 32), "not one key for one question"),
        ((b"\0" * 32, b"\0" * 32, b"\2" * 32), "not one key for one question"),
        ((b"\1" * 32, b"\1" * 32, b"\1" * 32), "one key for two questions"),
    ],
)
def test_keys(judge: bench.Bench, tmp_path: Path, keys: tuple[bytes, ...], said: str) -> None:
    """The same question has the same answer, another has another."""
    for name, key in zip(("first", "again", "other"), keys, strict=True):
        (tmp_path / name).write_bytes(key)
    assert in_guest.judged(judge, in_guest.snpguest_key(), ended(tmp_path))[0] == said


@pytest.mark.parametrize(
    ("errors", "said"), [("Error: no device\n", "Error: no device"), ("", "it failed without a word")]
)
def test_a_client_that_fails(judge: bench.Bench, tmp_path: Path, errors: str, said: str) -> None:
    """In its own words."""
    folder = ended(tmp_path, "1", errors=errors)
    assert in_guest.judged(judge, in_guest.attest("attest"), folder) == (said, "")


def test_generations_are_the_librarys(judge: bench.Bench, tmp_path: Path) -> None:
    """go-configfs-tsm prints what it read of generation and provider."""
    wrong, _ = in_guest.judged(judge, in_guest.tsm_report(), ended(tmp_path, said="0 sev_guest -\n"))
    assert wrong == "it printed '0 sev_guest -'"


@pytest.mark.parametrize(
    ("series", "names"),
    [
        ("6.1", ["attest (ioctl)", "snpguest report, certificates", "snpguest key"]),
        (
            "6.12",
            [
                *("attest (tsm)", "tsm-report", "attest (ioctl)"),
                *("snpguest report, certificates", "snpguest key"),
            ],
        ),
    ],
)
def test_what_runs_where(series: str, names: list[str]) -> None:
    """configfs-tsm is 6.12's; what was not built is left out."""
    programs = {name: Path("/none") for name in ("attest", "tsm-report", "snpguest")}
    assert [step.name for step in in_guest.steps(series, programs)] == names
    del programs["snpguest"]
    assert [step.name for step in in_guest.steps(series, programs)] == names[:-2]


def test_the_script(tmp_path: Path) -> None:
    """Each client has a folder, its words and its status; one that fails stops no other."""
    lines = ("echo one && false", "echo two >&2", "exit 3", "echo four")
    steps = [in_guest.Step(line, "x", line, lambda *_: "") for line in lines]
    text = in_guest.script(steps).replace("/out/", f"{tmp_path}/")
    subprocess.run(["sh", "-c", text], check=False)
    told = [
        tuple((tmp_path / str(i) / name).read_text() for name in ("said", "errors", "status"))
        for i in (0, 1, 3)
    ]
    assert told == [("one\n", "", "1\n"), ("", "two\n", "0\n"), ("four\n", "", "0\n")]


@pytest.mark.parametrize("outcome", ["accepted", "refused", "failed"])
def test_a_guest_has_to_accept(outcome: str) -> None:
    """Whatever the profile."""
    row = bench.Row("attest (ioctl), guest 6.1", "turin-1.55.65-v5-vcek", "", outcome, "")
    assert clients.unexpected([row]) == ([] if outcome == "accepted" else [row])


def test_a_client_that_hangs(judge: bench.Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is ended, and what comes after it runs."""
    monkeypatch.setattr(in_guest, "SECONDS", 1)
    steps = [in_guest.Step(line, "x", line, lambda *_: "right") for line in ("sleep 100", "true")]
    subprocess.run(["sh", "-c", in_guest.script(steps).replace("/out/", f"{tmp_path}/")], check=False)
    told = [in_guest.judged(judge, step, tmp_path / str(i)) for i, step in enumerate(steps)]
    assert told == [("no answer in 1 s", ""), ("", "right")]


@pytest.mark.parametrize(
    ("words", "env", "booted"),
    [
        ([], {}, ["6.1", "6.12"]),
        ([], {"CLIENT_GUESTS": "6.12"}, ["6.12"]),
        (["--client", "snpguest"], {}, []),
        ([], {"CLIENTS": "snpguest"}, []),
        ([], {"CLIENT_PROFILES": clients.MAIN[1]}, []),
        ([], {"CLIENTS": "snpguest", "CLIENT_GUESTS": "6.1 6.12"}, ["6.1", "6.12"]),
    ],
)
def test_which_guests_are_booted(
    words: list[str], env: dict[str, str], booted: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Both, unless something is chosen; then those that are asked for."""
    seen: list[str] = []
    outside = [bench.Row("show", clients.MAIN[0], "", "accepted", "")]

    def rows(_: bench.Bench, series: str, profile: str) -> list[bench.Row]:
        seen.append(series)
        return [bench.Row(f"attest (ioctl), guest {series}", profile, "", "accepted", "")]

    monkeypatch.setattr(clients, "prepare", lambda _: {})
    monkeypatch.setattr(clients, "run", lambda *_: outside)
    monkeypatch.setattr(in_guest, "rows", rows)
    (tmp_path / "bin").symlink_to(BIN.resolve())
    done = CliRunner().invoke(clients.main, [str(tmp_path), *words], env=env)
    assert (done.exit_code, seen) == (0, booted), done.output
    assert all(f"attest (ioctl), guest {series}" in done.output for series in booted)


def test_no_qemu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is told as missing, before any client runs."""

    def missing() -> str:
        raise image.MissingError("qemu is missing")

    monkeypatch.setattr(clients, "prepare", lambda _: {})
    monkeypatch.setattr(clients, "run", lambda *_: pytest.fail("a client has run"))
    monkeypatch.setattr(vm, "qemu_program", missing)
    (tmp_path / "bin").symlink_to(BIN.resolve())
    done = CliRunner().invoke(clients.main, [str(tmp_path)])
    assert (done.exit_code, done.stderr) == (3, "clients: qemu is missing\n")
