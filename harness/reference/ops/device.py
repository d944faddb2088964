"""Op device: a program's ioctls on /dev/sev-guest, with a host that answers from a script."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from reference.bundle import Case, Seen
from reference.device import (
    ARG_SIZE,
    CERTS_MAX,
    EXT_REQ_SIZE,
    GET_DERIVED_KEY,
    GET_EXT_REPORT,
    GET_REPORT,
    KEY_BUFFER,
    REPORT_BUFFER,
    FaultError,
    Memory,
)
from reference.device_script import (
    AT_ARG,
    AT_CERTS,
    AT_REQUEST,
    AT_RESPONSE,
    FILL,
    Guest,
    digest,
    distrust,
    integer,
    memory,
    on_each_kernel,
    result_of,
)
from reference.message import le

IOCTLS = {
    "GET_REPORT": GET_REPORT,
    "GET_DERIVED_KEY": GET_DERIVED_KEY,
    "GET_EXT_REPORT": GET_EXT_REPORT,
}
LEFT_IN_EXITINFO2 = 0x1122334455667788


def _request(step: Mapping[str, Any]) -> bytes:
    if "request" in step:
        return bytes.fromhex(step["request"])
    user_data = bytes.fromhex(step.get("user_data", "00" * 64))
    certs = le(integer(step.get("certs_address", AT_CERTS)), 8) + le(integer(step.get("certs_len", 0)), 4)
    return (user_data + le(integer(step.get("vmpl", 0)), 4)).ljust(96, b"\0") + certs


def _place(user: Memory, at: int, data: bytes) -> None:
    """The program's own write, before the call: into memory that the call finds read-only, too."""
    for region in user.regions:
        if region.at <= at and at + len(data) <= region.at + len(region.bytes):
            region.bytes[at - region.at : at - region.at + len(data)] = data


def _seen_at(user: Memory, at: int, size: int) -> bytes | None:
    """SIZE bytes at AT; None when nothing was written there."""
    try:
        data = user.read(at, size)
    except FaultError:
        return None
    return None if data == bytes([FILL]) * size else data


def _ioctl(guest: Guest, step: Mapping[str, Any]) -> tuple[dict[str, Any], str | None]:
    """One ioctl: what there is to see of it, and why a client does not take its answer."""
    command = IOCTLS.get(step["ioctl"]) or integer(step["ioctl"])
    user = memory()
    arg_at, request_at, response_at, certs_at = (
        integer(step.get(name, at))
        for name, at in (
            ("arg", AT_ARG),
            ("req_data", AT_REQUEST),
            ("resp_data", AT_RESPONSE),
            ("certs_address", AT_CERTS),
        )
    )
    version, left = integer(step.get("msg_version", 1)), integer(step.get("exitinfo2", LEFT_IN_EXITINFO2))
    request = _request(step).ljust(EXT_REQ_SIZE, b"\0")
    _place(user, request_at, request)
    _place(user, arg_at, le(version, 8) + le(request_at, 8) + le(response_at, 8) + le(left, 8))
    result = guest.driver.ioctl(user, command, arg_at)
    out = (
        result_of(result)
        | guest.end()
        | {"exitinfo2": None, "response": None, "certs": None, "certs_len": None}
    )
    length = int.from_bytes(request[104:108], "little")
    with suppress(FaultError):
        out["exitinfo2"] = hex(int.from_bytes(user.read(arg_at, ARG_SIZE)[24:], "little"))
    with suppress(FaultError):
        now = int.from_bytes(user.read(request_at, EXT_REQ_SIZE)[104:108], "little")
        out["certs_len"] = None if now == length else now
    key = command == GET_DERIVED_KEY
    response = _seen_at(user, response_at, KEY_BUFFER if key else REPORT_BUFFER)
    if response is not None:
        out["response"] = digest(response)
    if (certs := _seen_at(user, certs_at, min(length, CERTS_MAX))) is not None:
        out["certs"] = digest(certs)
    out |= {"counter": guest.driver.counter, "wiped": guest.driver.wiped}
    if result != 0:
        return out, result if isinstance(result, str) else "ES_RESULT"
    return out, distrust(response or b"", None if key else request[:64])


def _probe(guest: Guest, vmpck_id: int | None) -> tuple[dict[str, Any], str | None]:
    result = guest.load(vmpck_id).probe()
    return result_of(result), result if isinstance(result, str) else None


def _run(given: Mapping[str, Any], kernel: str) -> tuple[str | None, dict[str, Any]]:
    guest = Guest(given, kernel)
    first, reason = _probe(guest, given.get("vmpck_id"))
    steps = []
    for step in given["steps"]:
        guest.begin(step.get("host", []))
        if "probe" in step:
            out, reason = _probe(guest, step["probe"])
        else:
            out, reason = _ioctl(guest, step)
        steps.append(out)
    return reason, {"probe": first, "steps": steps, "secrets": digest(bytes(guest.secrets))}


def run(case: Case) -> Seen:
    """Accepted when the client has a report or key at the end that it may take."""
    reason, output = on_each_kernel(case.input, _run)
    return Seen("invalid" if reason else "valid", reason=reason, output=output)
