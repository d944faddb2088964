"""The genuine driver gets reports and keys from our PSP: one guest a kernel asks, the host judges what comes
back, with the certificates that came with it and without a CRL. On 6.12 the shell alone reads a report
through configfs-tsm."""

from __future__ import annotations

import functools
import os
import secrets
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from clients import bench, in_guest, table
from guest import session
from pspd_client import BIN

SOURCE = Path(__file__).with_name("probes") / "proof.c"
FLAGS = ("-std=c17", "-D_GNU_SOURCE", "-O1", "-Wall", "-Wextra", "-Werror", "-static")
WITH_TSM = "6.12"  # the series whose kernel has configfs-tsm
NONCES = range(3)
KEYS = {"first": "0x1", "again": "0x1", "other": "0x2"}  # GUEST_FIELD_SELECT: guest policy, image id

# One entry, two nonces. Each file's text or bytes as the kernel gives them.
TSM_SCRIPT = """mkdir /sys/kernel/config/tsm/report/proof
cd /sys/kernel/config/tsm/report/proof
cat provider > /out/provider
cat generation > /out/generation-new
for i in 0 1; do
    cat /in/nonce-$i > inblob
    cat generation > /out/generation-$i
    mkdir /out/tsm-$i
    cat outblob > /out/tsm-$i/report.bin
    cat auxblob > /out/tsm-$i/certs.bin
done
cat generation > /out/generation-read
cd /
rmdir /sys/kernel/config/tsm/report/proof"""


@dataclass(frozen=True)
class Came:
    """What came back of a guest: its files, and the nonces that it was given."""

    files: Path
    nonces: list[bytes]

    def text(self, name: str) -> str:
        """A file's text."""
        return (self.files / name).read_text()

    def key(self, name: str) -> bytes:
        """A derived key."""
        return (self.files / name).read_bytes()

    def report(self, name: str) -> tuple[bytes, dict[str, bytes]]:
        """A report, and the certificates of its table by kind."""
        folder = self.files / name
        return (folder / "report.bin").read_bytes(), table.read((folder / "certs.bin").read_bytes())


def script(series: str, nonces: list[bytes]) -> str:
    """Everything that a guest of SERIES is asked; the first that fails ends it."""
    lines = ["set -e"]
    for i in NONCES:
        lines += [f"mkdir /out/{i}", f"proof report {nonces[i].hex()} /out/{i}"]
    lines += [f"proof key {fields} /out/{name}" for name, fields in KEYS.items()]
    return "\n".join([*lines, *([TSM_SCRIPT] if series == WITH_TSM else [])])


@pytest.fixture(scope="module")
def proof() -> Iterator[Path]:
    """The program, which needs nothing of the machine that runs it."""
    with tempfile.TemporaryDirectory(prefix="sevkit-proof-") as name:
        program = Path(name) / "proof"
        subprocess.run(["gcc", *FLAGS, "-o", str(program), str(SOURCE)], check=True)
        yield program


@pytest.fixture(scope="module", params=session.SERIES)
def came(
    request: pytest.FixtureRequest,
    at_hand: Callable[[str], None],
    proof: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Came:
    """What comes back of a guest of a series, booted once."""
    series: str = request.param
    at_hand(series)
    os.environ["SEVKIT_BIN"] = str(BIN)
    folder = tmp_path_factory.mktemp("proof")
    nonces = [secrets.token_bytes(64) for _ in NONCES]
    files = [(proof, "/guest/proof")]
    for i in NONCES:
        path = folder / f"nonce-{i}"
        path.write_bytes(nonces[i])
        files.append((path, f"/in/nonce-{i}"))
    setup = session.Setup(series, files=tuple(files))
    with session.with_command(setup, ["sh", "-c", script(series, nonces)]) as guest:
        said = list(guest.output())
        assert guest.status() == 0, said
        session.unpack(guest.folder / "out.tar", folder / "out")
    return Came(folder / "out", nonces)


Judge = Callable[[bytes, dict[str, bytes], bytes], None]


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    """in_guest.accepted: a report is of a nonce and snp-verify takes it with certificates, or WrongError."""
    folder = tmp_path / "bench"
    folder.mkdir()
    return functools.partial(in_guest.accepted, bench.Bench(folder, BIN.resolve(), {}))


@pytest.mark.parametrize("number", NONCES)
def test_a_report(came: Came, judge: Judge, number: int) -> None:
    """Of its nonce and no other, accepted with the certificates of its own table."""
    report, certs = came.report(str(number))
    assert certs.keys() == {"vcek", "ask", "ark"}
    for nonce in came.nonces:
        if nonce == came.nonces[number]:
            judge(report, certs, nonce)
        else:
            with pytest.raises(in_guest.WrongError, match="REPORT_DATA is not the nonce"):
                judge(report, certs, nonce)


@pytest.mark.parametrize(("kind", "stage"), [("report", "signature"), ("vcek", "chain"), ("ask", "chain")])
def test_a_bit_is_changed(came: Came, judge: Judge, kind: str, stage: str) -> None:
    """Of the same report or of a certificate: refused."""
    report, certs = came.report("0")
    broken = {"report": report, **certs}
    where = 0x90 if kind == "report" else len(broken[kind]) - 1  # MEASUREMENT; the signature's end
    broken[kind] = broken[kind][:where] + bytes([broken[kind][where] ^ 1]) + broken[kind][where + 1 :]
    with pytest.raises(in_guest.WrongError, match=f"snp-verify: REJECTED at {stage}"):
        judge(broken.pop("report"), broken, came.nonces[0])


def test_derived_keys(came: Came) -> None:
    """The same question has the same answer, another has another."""
    first, again, other = (came.key(name) for name in KEYS)
    assert len(first) == 32 and any(first) and any(other)
    assert first == again != other


@pytest.mark.parametrize("came", [WITH_TSM], indirect=True)
@pytest.mark.parametrize("number", [0, 1])
def test_configfs_tsm(came: Came, judge: Judge, number: int) -> None:
    """outblob is a report of inblob's nonce, auxblob the table with which it is accepted; each write of
    inblob is one generation, reading is none."""
    assert (came.text("provider"), came.text("generation-new")) == ("sev_guest\n", "0\n")
    assert came.text(f"generation-{number}") == f"{number + 1}\n"
    assert came.text("generation-read") == "2\n"
    report, certs = came.report(f"tsm-{number}")
    judge(report, certs, came.nonces[number])
    with pytest.raises(in_guest.WrongError, match="REPORT_DATA is not the nonce"):
        judge(report, certs, came.nonces[1 - number])
