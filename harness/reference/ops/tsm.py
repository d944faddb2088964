"""Op tsm: a program's calls in /sys/kernel/config/tsm/report, with a host that answers from a script."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from reference import report
from reference.bundle import Case, Seen
from reference.device import RefusedError
from reference.device_script import Guest, digest, on_each_kernel
from reference.tsm import ATTRIBUTES, File, Provider, Tsm

CHUNK = 0x10000
Out = dict[str, Any]


class DistrustError(Exception):
    """A careful client does not take what it was given; the text says which field."""


def _data(step: Mapping[str, Any]) -> bytes:
    return step["text"].encode() if "text" in step else bytes.fromhex(step["data"])


def _value(attribute: str, value: bytes) -> Out:
    return (
        {"size": len(value), "sha384": digest(value)}
        if ATTRIBUTES[attribute].binary
        else {"text": value.decode()}
    )


class Program:
    """The calls of one case."""

    def __init__(self, given: Mapping[str, Any], kernel: str) -> None:
        self.guest = Guest(given, kernel)
        self.tsm = Tsm()
        self.files: dict[str, tuple[File, int]] = {}

    def call(self, step: Mapping[str, Any]) -> Out:
        return CALLS[step["call"]](self, step)

    def register(self, _: Mapping[str, Any]) -> Out:
        self.tsm.register(Provider(self.guest.driver))
        return {}

    def unregister(self, _: Mapping[str, Any]) -> Out:
        self.tsm.unregister()
        return {}

    def mkdir(self, step: Mapping[str, Any]) -> Out:
        self.tsm.mkdir(step["name"])
        return {}

    def rmdir(self, step: Mapping[str, Any]) -> Out:
        self.tsm.rmdir(step["name"])
        return {}

    def open(self, step: Mapping[str, Any]) -> Out:
        self.files[step["as"]] = (self.tsm.open(step["name"], step["attribute"], step["mode"]), 0)
        return {}

    def write(self, step: Mapping[str, Any]) -> Out:
        file, position = self.files[step["file"]]
        done = self.tsm.write(file, step.get("at", position), _data(step))
        if "at" not in step:
            self.files[step["file"]] = (file, position + done)
        return {"count": done}

    def read(self, step: Mapping[str, Any]) -> Out:
        file, at = self.files[step["file"]]
        value = self.tsm.read(file, at, step["size"])
        self.files[step["file"]] = (file, at + len(value))
        return _value(file.attribute, value)

    def size(self, step: Mapping[str, Any]) -> Out:
        return {"count": self.tsm.size(self.files[step["file"]][0])}

    def close(self, step: Mapping[str, Any]) -> Out:
        self.tsm.close(self.files.pop(step["file"])[0])
        return {}

    def put(self, step: Mapping[str, Any]) -> Out:
        """open, one write, close."""
        file = self.tsm.open(step["name"], step["attribute"], "w")
        try:
            return {"count": self.tsm.write(file, 0, _data(step))}
        finally:
            self.tsm.close(file)

    def get(self, step: Mapping[str, Any]) -> Out:
        """open, read, close. A client that knows its nonce compares it with the report's REPORT_DATA, one
        that knows which text must be there compares that."""
        value = self.tsm.read(self.tsm.open(step["name"], step["attribute"], "r"), 0, CHUNK)
        out = _value(step["attribute"], value)
        at = report.FIELDS["report_data"].offset
        if "nonce" in step and value[at : at + 64] != bytes.fromhex(step["nonce"]):
            raise DistrustError("REPORT_DATA")
        if "text" in step and value.decode() != step["text"]:
            raise DistrustError(step["attribute"])
        return out


CALLS: dict[str, Callable[[Program, Mapping[str, Any]], Out]] = {
    "register": Program.register,
    "unregister": Program.unregister,
    "mkdir": Program.mkdir,
    "rmdir": Program.rmdir,
    "open": Program.open,
    "write": Program.write,
    "size": Program.size,
    "read": Program.read,
    "close": Program.close,
    "put": Program.put,
    "get": Program.get,
}


def _run(given: Mapping[str, Any], kernel: str) -> tuple[str | None, Out]:
    program = Program(given, kernel)
    if given.get("provider", True):
        program.register({})
    steps, reason = [], None
    for step in given["steps"]:
        program.guest.begin(step.get("host", []))
        try:
            out, reason = program.call(step), None
        except RefusedError as refused:
            reason = str(refused.result)
            out = {"errno": reason}
        except DistrustError as distrust:
            reason = str(distrust)
            out = {}
        seen = program.guest.end()
        calls = seen["plain"] + seen["ext"]
        steps.append(out | ({"calls": calls, "request": seen["request"]} if calls else {}))
    return reason, {"steps": steps, "secrets": digest(bytes(program.guest.secrets))}


def run(case: Case) -> Seen:
    """Accepted when the program's last call gave it what it may take."""
    reason, output = on_each_kernel(case.input, _run)
    return Seen("invalid" if reason else "valid", reason=reason, output=output)
