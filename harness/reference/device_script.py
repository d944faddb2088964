"""A guest's driver and its host as a case describes them: what the ops device, tsm and response share."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from reference import message, report
from reference.device import (
    GENERATIONS,
    KEY_BUFFER,
    REPORT_BUFFER,
    Answer,
    Clock,
    Driver,
    Host,
    Memory,
    Region,
    Result,
    ScriptError,
    expand,
    secrets_page,
)

# A program's memory: 64 KiB that it may write, 64 KiB that it may only read, both of the byte FILL, and where
# it has its buffers.
WRITABLE, READ_ONLY, REGION = 0x1000_0000, 0x2000_0000, 0x10000
FILL = 0xA5
AT_ARG, AT_REQUEST, AT_RESPONSE, AT_CERTS = (WRITABLE + at for at in (0x100, 0x200, 0x1000, 0x4000))

RESPONSE_REPORT = 32  # of MSG_REPORT_RSP


def integer(value: Any) -> int:
    """A number, or 0x and hex digits."""
    return int(value, 16) if isinstance(value, str) else int(value)


def digest(data: bytes) -> str:
    return hashlib.sha384(data).hexdigest()


def memory() -> Memory:
    """A fresh one."""
    fill = bytes([FILL]) * REGION
    return Memory([Region(WRITABLE, bytearray(fill)), Region(READ_ONLY, bytearray(fill), writable=False)])


def answers(script: list[Mapping[str, Any]]) -> list[Answer]:
    """The host's answers to the hypercalls of one step."""
    return expand(
        (
            Answer(
                exitinfo2=integer(row.get("exitinfo2", 0)),
                es_result=row.get("es_result", 0),
                npages=row.get("npages"),
                response=row.get("response"),
                certs=row.get("certs", b""),
            ),
            row.get("times", 1),
        )
        for row in script
    )


class Guest:
    """The secrets page and the driver over it."""

    def __init__(self, given: Mapping[str, Any], kernel: str) -> None:
        self.given, self.kernel = given, kernel
        keys = {int(index): bytes.fromhex(key) for index, key in given["vmpcks"].items()}
        counters = {int(index): integer(value) for index, value in given.get("counters", {}).items()}
        self.secrets = secrets_page(keys, counters)
        self.host, self.clock = Host(), Clock()
        self.driver = self.load(given.get("vmpck_id"))

    def load(self, vmpck_id: int | None) -> Driver:
        """The module is loaded, not yet probed."""
        self.driver = Driver(
            GENERATIONS[self.kernel],
            self.secrets,
            self.host,
            self.clock,
            vmpck_id=vmpck_id,
            vmpl=self.given.get("vmpl", 0),
        )
        return self.driver

    def begin(self, script: list[Mapping[str, Any]]) -> None:
        """A step begins: the host has these answers and has seen nothing."""
        self.host.answers, self.host.seen = answers(script), []
        self.clock.sleeps = 0

    def end(self) -> dict[str, Any]:
        """What the host saw. ScriptError when it was called less often than the script says."""
        if self.host.answers:
            raise ScriptError(f"{len(self.host.answers)} answers are left")
        seen = self.host.seen
        out: dict[str, Any] = {
            "plain": sum(not call.extended for call in seen),
            "ext": sum(call.extended for call in seen),
            "waits": self.clock.sleeps,
        }
        if out["ext"]:
            out["npages"] = next(call.npages for call in seen if call.extended)
        if seen:
            same = all(call.request == seen[0].request for call in seen)
            out["request"] = digest(seen[0].request) if same else "differs"
        return out


def result_of(result: Result) -> dict[str, Any]:
    """What the system call gives a program."""
    return {"ret": -1, "errno": result} if isinstance(result, str) else {"ret": result}


def distrust(response: bytes, user_data: bytes | None) -> str | None:
    """Why a careful client does not take the response of a call that succeeded: the field. USER_DATA is the
    report request's, None for a key."""
    if message.number(response, 0, 4) != 0:
        return "STATUS"
    if user_data is None:
        return None
    if message.number(response, 4, 4) != report.SIZE:
        return "REPORT_SIZE"
    at = RESPONSE_REPORT + report.FIELDS["report_data"].offset
    return None if response[at : at + 64] == user_data else "REPORT_DATA"


def buffer_of(message_type: int) -> int:
    return KEY_BUFFER if message_type == message.KEY else REPORT_BUFFER


def on_each_kernel(given: Mapping[str, Any], run: Any) -> Any:
    """What RUN makes of GIVEN on each of its kernels, which is the same."""
    seen = {kernel: run(given, kernel) for kernel in given["kernels"]}
    first = next(iter(seen.values()))
    for kernel, other in seen.items():
        if other != first:
            raise ScriptError(f"{kernel} differs from {next(iter(seen))}")
    return first
