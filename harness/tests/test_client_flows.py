"""The flows of `make clients` with clients that do wrong: each must be told from one that does right."""

from __future__ import annotations

import struct
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from clients import bench, configfs_tsm, go_sev_guest, snpguest, table

PROFILE = "genoa-1.55.40-v3-vcek"
VCEK_FILES = {"vcek": b"leaf", "ask": b"middle", "ark": b"root"}
VLEK_FILES = {"vlek": b"leaf", "asvk": b"middle", "ark": b"root"}


def made(certs: dict[str, bytes]) -> bytes:
    """A certificate table as a host lays it out: in the order of CERTS, unknown kinds first."""
    kinds = {kind: guid for guid, kind in table.KINDS.items()}
    entries, body = b"", b""
    start = table.ENTRY * (len(certs) + 2)
    for kind, data in {"92f81bc3-5811-4d3d-97ff-d19f88dc67ea": b"list", **certs}.items():
        guid = uuid.UUID(kinds.get(kind, kind)).bytes
        entries += struct.pack("<16sII", guid, start + len(body), len(data))
        body += data
    return entries + bytes(table.ENTRY) + body


def text_of(report: bytes) -> str:
    """REPORT as show prints it."""
    fields = go_sev_guest.NUMBERS.items()
    numbers = [f"{name}:  {int.from_bytes(report[where], 'little')}" for name, where in fields]
    strings = []
    for name, where in go_sev_guest.STRINGS.items():
        strings.append(f'{name}:  "' + "".join(f"\\x{byte:02x}" for byte in report[where]) + '"')
    return "report: {\n" + "\n".join(numbers + strings) + "\n}\n"


class Fake(bench.Bench):
    """A bench whose clients are CLIENT, called with the client's name and its arguments."""

    def __init__(self, folder: Path, client: Callable[..., str | None]) -> None:
        self.folder = folder
        self.client = client
        self.verdict = 0
        self.error = ""
        self.files = VCEK_FILES

    def under(self, options: list[str], client: str | Path, *arguments: str | Path) -> bench.Done:
        del options
        return self.run(str(client), *arguments)

    def run(self, client: str, *arguments: str | Path) -> bench.Done:
        said = self.client(client, *arguments)
        return subprocess.CompletedProcess([client], int(said is None), said or "", self.error)

    def judge(self, report: Path, certs: Path) -> bench.Done:
        del report, certs
        return subprocess.CompletedProcess(["snp-verify"], self.verdict, "rejected\n", "")

    def certs(self, profile: str) -> Path:
        folder = self.folder / "certs" / profile
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in self.files.items():
            (folder / f"{name}.der").write_bytes(data)
        return folder


def outcome(row: bench.Row) -> tuple[str, str]:
    return row.outcome, row.reason


def report_for(nonce: str) -> bytes:
    blob = bytearray(range(256)) * 4 + bytearray(160)
    blob[bench.REPORT_DATA] = bytes.fromhex(nonce)
    return bytes(blob)


def test_table_is_read_as_laid_out() -> None:
    assert table.read(made(VCEK_FILES)) == VCEK_FILES
    assert table.read(b"") == table.read(bytes(table.ENTRY)) == {}


def test_a_vlek_goes_with_its_asvk(tmp_path: Path) -> None:
    fake = Fake(tmp_path, lambda *_: None)
    fake.files = VLEK_FILES
    found = {"vlek": b"leaf", "ask": b"middle", "ark": b"root"}
    assert table.difference(found, fake.certs(PROFILE)) == ""
    assert table.difference(VCEK_FILES, fake.certs(PROFILE)) == "not the host's certificates: vcek, vlek"


@pytest.mark.parametrize(
    ("certs", "wanted"),
    [
        ({**VCEK_FILES, "ask": b"other"}, "ask"),
        ({"vcek": b"leaf", "ark": b"root"}, "ask"),
        ({}, "ark, ask, vcek"),
    ],
)
def test_other_certificates_are_told(certs: dict[str, bytes], wanted: str, tmp_path: Path) -> None:
    """In auxblob, in show's bytes and in snpguest's files."""

    def client(name: str, *words: str | Path) -> str:
        if name == "tsm-report":
            for number, nonce in enumerate(words[1:]):
                (Path(words[0]) / f"report-{number}.bin").write_bytes(report_for(str(nonce)))
                (Path(words[0]) / f"auxblob-{number}.bin").write_bytes(made(certs))
            return "\n".join(configfs_tsm.PRINTED)
        Path(words[2]).mkdir()
        for kind, data in certs.items():
            (Path(words[2]) / f"{kind}.der").write_bytes(data)
        return ""

    fake, told = Fake(tmp_path, client), f"not the host's certificates: {wanted}"
    assert outcome(snpguest.certificates(fake, PROFILE)) == ("failed", told)
    assert outcome(configfs_tsm.reports(fake, PROFILE)[0]) == ("failed", told)


@pytest.mark.parametrize(
    ("printed", "nonce", "verdict", "wanted"),
    [
        (
            configfs_tsm.PRINTED,
            None,
            0,
            ("accepted", "fresh, accepted by snp-verify, auxblob is the host's table"),
        ),
        (["0 sev_guest -", "1 sev_guest 1", "2 sev_guest 1"], None, 0, ("failed", "it printed")),
        (configfs_tsm.PRINTED, "00" * 64, 0, ("failed", "REPORT_DATA is not the nonce")),
        (configfs_tsm.PRINTED, None, 1, ("failed", "snp-verify: rejected")),
    ],
)
def test_tsm_report(
    printed: list[str], nonce: str | None, verdict: int, wanted: tuple[str, str], tmp_path: Path
) -> None:
    def client(_name: str, out: Path, *nonces: str) -> str:
        for number, asked in enumerate(nonces):
            (out / f"report-{number}.bin").write_bytes(report_for(nonce or asked))
            (out / f"auxblob-{number}.bin").write_bytes(made(VCEK_FILES))
        return "\n".join(printed)

    fake = Fake(tmp_path, client)
    fake.verdict = verdict
    (row,) = configfs_tsm.reports(fake, PROFILE)
    assert row.outcome == wanted[0]
    assert row.reason.startswith(wanted[1])


Shown = tuple[str, bytes]


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (lambda text, back: (text, back), ""),
        (lambda text, back: (text.replace("policy:  ", "policy:  1"), back), "policy is not the report's"),
        (lambda text, back: (text.replace('_id:  "', '_id:  "x'), back), "report_id is not the report's"),
        (lambda text, back: (text, back[:9] + b"?" + back[10:]), "the bytes come back as others"),
        (lambda text, back: (text, back[:-1]), "not the host's certificates: ark"),
    ],
)
def test_show(change: Callable[[str, bytes], Shown], wanted: str, tmp_path: Path) -> None:
    def client(name: str, *words: str | Path) -> str:
        flags = dict(zip(map(str, words[::2]), words[1::2], strict=False))
        out = Path(flags["-out"])
        if name == "attest":
            out.write_bytes(report_for(str(flags["-in"])) + made(VCEK_FILES))
            return ""
        blob = Path(flags["-in"]).read_bytes()
        text, back = change(text_of(blob), blob)
        out.write_bytes(back if flags["-outform"] == "bin" else text.encode())
        return ""

    row = go_sev_guest.show(Fake(tmp_path, client), PROFILE)
    right = ("accepted", "the report's fields, bytes and certificates")
    assert outcome(row) == (("failed", wanted) if wanted else right)


def test_show_must_print_the_nonce(tmp_path: Path) -> None:
    def client(name: str, *words: str | Path) -> str:
        flags = dict(zip(map(str, words[::2]), words[1::2], strict=False))
        report = report_for("ab" * 64)
        blob = text_of(report).encode() if flags["-outform"] == "textproto" else report + made(VCEK_FILES)
        Path(flags["-out"]).write_bytes(blob)
        return name

    row = go_sev_guest.show(Fake(tmp_path, client), PROFILE)
    assert outcome(row) == ("failed", "report_data is not the report's")


def test_strings_of_the_text_format() -> None:
    assert go_sev_guest.unescape(r"a\x00\n\"\\\u009fä" + "\u2028") == b'a\0\n"\\' + "\u009fä\u2028".encode()


@pytest.mark.parametrize(
    ("keys", "wanted"),
    [
        ({}, ("accepted", "the keys of a bare ioctl")),
        ({"vmrk0": b"x"}, ("failed", "vmrk: not the key of a bare ioctl")),
    ],
)
def test_key(
    keys: dict[str, bytes], wanted: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def client(_name: str, _key: str, out: Path, root: str, _g: str, fields: str) -> str:
        out.write_bytes(keys.get(root + fields, (root + fields).encode()))
        return ""

    monkeypatch.setattr(
        snpguest, "raw_key", lambda _bench, _profile, root, fields: (root + fields).encode().hex()
    )
    assert outcome(snpguest.key(Fake(tmp_path, client), PROFILE)) == wanted


def test_keys_must_differ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snpguest, "raw_key", lambda *_: "41")
    fake = Fake(tmp_path, lambda _name, _key, out, *_: str(out.write_bytes(b"A")))
    assert outcome(snpguest.key(fake, PROFILE)) == ("failed", "two of the keys are the same")


def test_a_refused_key_is_not_written(tmp_path: Path) -> None:
    refusing = Fake(tmp_path, lambda *_: None)
    refusing.error = "ERROR: no\nbecause: Status Code: 0x16\nError: no"
    assert outcome(snpguest.key_refused(refusing, PROFILE)) == ("refused", "because: Status Code: 0x16")
    refusing.error = "Error: no such option"
    told = "not firmware's refusal: Error: no such option"
    assert outcome(snpguest.key_refused(refusing, PROFILE)) == ("failed", told)
    writing = Fake(tmp_path, lambda _name, _key, out, *_: out.write_bytes(b"A") and None)
    assert outcome(snpguest.key_refused(writing, PROFILE)) == ("failed", "a key was written")


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({}, ("accepted", "the service's files")),
        ({"crl": b"older"}, ("failed", "not the service's: crl.der")),
        ({"vcek": b"another chip's"}, ("failed", "not the service's: vcek.der")),
    ],
)
def test_fetch(change: dict[str, bytes], wanted: tuple[str, str], tmp_path: Path) -> None:
    files = {**VCEK_FILES, "crl": b"list"}

    def client(_name: str, *words: str | Path) -> str:
        if words[0] == "fetch":
            out = Path(words[3])
            out.mkdir(exist_ok=True)
            for kind in {"ca": ("ask", "ark"), "vcek": ("vcek",), "crl": ("crl",)}[str(words[1])]:
                (out / f"{kind}.der").write_bytes({**files, **change}[kind])
        return ""

    fake = Fake(tmp_path, client)
    fake.files = files
    assert outcome(snpguest.fetch(fake, PROFILE)) == wanted
