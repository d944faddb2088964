"""Adapters: what adapter.toml says, and the process that answers requests (docs/adapters.md)."""

from __future__ import annotations

import fnmatch
import json
import os
import select
import shutil
import subprocess
import sys
import time
import tomllib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sevkit import tools

PROTOCOL = 1
TIME_LIMIT_S = 5.0
ANSWER_LIMIT = 1 << 20  # bytes of one line; what is longer is no answer
VERDICTS = ("accept", "reject", "unsupported", "error")
ANCHORS = ("configurable", "pinned", "none")
KINDS = ("kernel generation", "library non-goal", "UNCONFIRMED fact", "equivalent", "public issue")
DEVIATIONS = ("wrong-accept", "wrong-reject", "wrong-stage", "crash", "hang")


class AdapterError(Exception):
    """An adapter.toml that is not in order, or an adapter that is not there or does not say hello."""


class AdapterFault(Exception):  # noqa: N818 - a class of verdict, not an error of ours
    """The adapter did not answer a request as it must. NAME is the class: crash, hang or garbled."""

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(detail)
        self.name = name


@dataclass(frozen=True)
class Known:
    """A public deviation that is explained."""

    id: str
    cases: list[str]  # globs of case ids
    deviations: list[str]  # classes
    kind: str
    reason: str
    link: str
    product: str | None = None  # only cases of this product line

    def covers(self, case: str, product: str | None, deviation: str) -> bool:
        if deviation not in self.deviations or self.product not in (None, product):
            return False
        return any(fnmatch.fnmatchcase(case, glob) for glob in self.cases)


@dataclass(frozen=True)
class Adapter:
    """One folder with an adapter.toml."""

    name: str
    folder: Path
    start: list[str]
    known: list[Known]

    @property
    def ready(self) -> bool:
        """Whether its program is there."""
        return shutil.which(self.start[0]) is not None

    def explained(self, case: str, product: str | None, deviation: str) -> Known | None:
        return next((k for k in self.known if k.covers(case, product, deviation)), None)


def adapters_folder() -> Path:
    """Where this tree's adapters are."""
    return tools.tree() / "harness" / "adapters"


def find(names: tuple[str, ...]) -> list[Adapter]:
    """The adapters NAMES, each a name in this tree or a folder; all of this tree's without."""
    if names:
        folders = [Path(name) if "/" in name else adapters_folder() / name for name in names]
    else:
        folders = sorted(path.parent for path in adapters_folder().glob("*/adapter.toml"))
    adapters = [read(folder) for folder in folders]
    twice = [name for name, count in Counter(a.name for a in adapters).items() if count > 1]
    if twice:
        raise AdapterError(f"adapter {twice[0]} is there twice")
    return adapters


def read(folder: Path) -> Adapter:
    """FOLDER's adapter.toml."""
    path = folder / "adapter.toml"
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        known = [_known(row) for row in data.get("known", ())]
        name, start = str(data["name"]), [str(word) for word in data["start"]]
    except FileNotFoundError as error:
        raise AdapterError(f"{path} is not there") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AdapterError(f"{path}: {error!r}") from error
    places = {
        "{python}": sys.executable,
        "{folder}": str(folder.resolve()),
        "{build}": str(tools.bin_dir().parent / "adapters" / name),
        "{harness}": str(tools.tree() / "harness"),
    }
    for mark, place in places.items():
        start = [word.replace(mark, place) for word in start]
    return Adapter(name, folder, start, known)


def _known(row: dict[str, Any]) -> Known:
    classes = row["class"] if isinstance(row["class"], list) else [row["class"]]
    told = (row["kind"], row["reason"], row["link"], row.get("product"))
    entry = Known(row["id"], row["cases"], classes, *told)
    if entry.kind not in KINDS or not set(classes) <= set(DEVIATIONS):
        raise ValueError(f"known {entry.id}: kind is one of {KINDS}, class one of {DEVIATIONS}")
    if not isinstance(entry.cases, list) or not all((classes, entry.cases, entry.reason, entry.link)):
        raise ValueError(f"known {entry.id}: cases, reason and link must not be empty")
    return entry


@dataclass(frozen=True)
class Hello:
    """What an adapter says about itself."""

    name: str
    version: str
    language: str
    ops: list[str]
    layers: list[str]
    requirements: list[str]  # claimed though their layer is not
    options: list[str]
    anchors: str


def _hello(answer: dict[str, Any]) -> Hello:
    try:
        hello = Hello(
            name=_text(answer["name"]),
            version=_text(answer["version"]),
            language=_text(answer["language"]),
            ops=_words(answer["ops"]),
            layers=_words(answer["layers"]),
            requirements=_words(answer.get("requirements", [])),
            options=_words(answer["options"]),
            anchors=answer["anchors"],
        )
    except (KeyError, TypeError) as error:
        raise AdapterFault("garbled", f"hello: {error!r}") from error
    if hello.anchors not in ANCHORS:
        raise AdapterFault("garbled", f"hello: anchors is none of {', '.join(ANCHORS)}")
    return hello


def _words(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise TypeError(f"{value!r} is no list of strings")
    return [_text(word) for word in value]


def _text(value: Any) -> str:
    """VALUE as text that a file can hold: JSON may have halves of surrogate pairs, which UTF-8 has not."""
    return str(value).encode("utf-8", "replace").decode()


@dataclass
class Answer:
    """The answer to one request."""

    verdict: str
    stage: str | None
    detail: str
    output: dict[str, Any] = field(default_factory=dict)
    stray: str = ""  # a fault at the first time of asking, which a new process did not repeat


class Worker:
    """One process of an adapter, started when it is first asked and again after a fault."""

    def __init__(self, adapter: Adapter, log: Path) -> None:
        self._adapter = adapter
        self._log = log  # takes its stderr
        self._log.write_bytes(b"")
        self._logged = 0  # bytes in it before the last message
        self._process: subprocess.Popen[bytes] | None = None
        self._rest = b""

    def hello(self) -> Hello:
        """Starts the process if need be. Raises AdapterFault."""
        self.close()
        try:
            with self._log.open("ab") as stderr:
                self._process = subprocess.Popen(
                    self._adapter.start, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr
                )
        except OSError as error:
            raise AdapterFault("crash", f"cannot start: {error}") from error
        assert self._process.stdin is not None
        os.set_blocking(self._process.stdin.fileno(), False)
        return _hello(self._exchange({"op": "hello", "protocol": PROTOCOL}))

    def ask(self, id_: str, request: dict[str, Any]) -> Answer:
        """The answer to REQUEST. Raises AdapterFault, after which the next request starts a new process."""
        if self._process is None:
            self.hello()
        answer = self._exchange({"id": id_, **request})
        try:
            return _answer(id_, answer)
        except AdapterFault:
            self.close()
            raise

    def close(self) -> None:
        """Ends the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
        self._process, self._rest = None, b""

    def _exchange(self, message: dict[str, Any]) -> dict[str, Any]:
        self._logged = self._log.stat().st_size
        try:
            line = self._line(json.dumps(message).encode() + b"\n", time.monotonic() + TIME_LIMIT_S)
            answer = json.loads(line)
        except (ValueError, RecursionError) as error:
            self.close()
            raise AdapterFault("garbled", f"not JSON: {line[:120]!r}") from error
        except AdapterFault:
            self.close()
            raise
        if not isinstance(answer, dict):
            self.close()
            raise AdapterFault("garbled", f"not a JSON object: {line[:120]!r}")
        return answer

    def _line(self, out: bytes, deadline: float) -> bytes:
        """Writes OUT and reads a line. An adapter may read slowly, so neither waits for the other."""
        assert self._process is not None and self._process.stdin and self._process.stdout
        writer, reader = self._process.stdin.fileno(), self._process.stdout.fileno()
        while b"\n" not in self._rest:
            left = deadline - time.monotonic()
            if left <= 0:
                raise AdapterFault("hang", f"no answer in {TIME_LIMIT_S:g} s")
            readable, writable, _ = select.select([reader], [writer] if out else [], [], left)
            if writable:
                try:
                    out = out[os.write(writer, out) :]
                except BlockingIOError:
                    pass
                except BrokenPipeError:
                    out = b""  # it has ended or will not read: what it has said still counts
            if readable:
                data = os.read(reader, 1 << 16)
                if not data:
                    raise AdapterFault("crash", self._how_it_ended())
                self._rest += data
                if len(self._rest) > ANSWER_LIMIT:
                    raise AdapterFault("garbled", f"a line of more than {ANSWER_LIMIT} bytes")
        line, self._rest = self._rest.split(b"\n", 1)
        if self._rest:
            raise AdapterFault("garbled", f"more than one line: {self._rest[:120]!r}")
        return line

    def _how_it_ended(self) -> str:
        assert self._process is not None
        try:
            code = self._process.wait(1)
        except subprocess.TimeoutExpired:
            return "closed its stdout"
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        return f"ended with {how}{self._last_words()}"

    def _last_words(self) -> str:
        """The line of its stderr that tells why: that of a panic, else the last."""
        text = self._log.read_bytes()[self._logged :].decode("utf-8", "replace")
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return "".join(f": {line}" for line in ([x for x in lines if "panic" in x] or lines[-1:])[:1])


def _answer(id_: str, answer: dict[str, Any]) -> Answer:
    verdict, stage = answer.get("verdict"), answer.get("stage")
    output = answer.get("output", {})
    if answer.get("id") != id_:
        raise AdapterFault("garbled", f"the id is {answer.get('id')!r}, not {id_!r}")
    if verdict not in VERDICTS:
        raise AdapterFault("garbled", f"the verdict is {verdict!r}")
    if not (stage is None or isinstance(stage, str)) or not isinstance(output, dict):
        raise AdapterFault("garbled", "stage must be text or null, output an object")
    return Answer(verdict, stage and _text(stage), _text(answer.get("detail") or ""), output)
