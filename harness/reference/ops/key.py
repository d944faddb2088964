"""Op "key": one KEY_REQ, or two whose keys are compared.

Input: profile, requests, and where a case needs them guest, platform, policy (machine.py). Each request
goes to a fresh machine with the same randomness. Its members: vmpck, version, size (MSG_SIZE), select
(ROOT_KEY_SELECT and KEY_SEL), reserved, fields (GUEST_FIELD_SELECT), vmpl, guest_svn, tcb,
launch_mit_vector; guest and platform of its own; launch (1: the machine's first guest).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reference import machine
from reference.bundle import Case, Seen
from reference.firmware import Firmware
from reference.key import V1_SIZE, KeyRequest
from reference.machine import as_number
from reference.message import KEY, STATUS_NAME, VMPCK_COUNT, Header, le, number, seal
from reference.ops.request import opened_response


def _ask(given: Mapping[str, Any], request: Mapping[str, Any]) -> tuple[str, dict[str, Any], bytes]:
    """The status that decides, what is seen of the answer, and the key."""
    keys = [bytes([0xA0 + n]) * 32 for n in range(VMPCK_COUNT)]
    firmware = Firmware(machine.of_input(given, request), keys, request.get("launch", 1))
    vmpck, version = request.get("vmpck", 0), request.get("version", 1)
    size = request.get("size", V1_SIZE)
    values = {
        name: as_number(request.get(name, 0))
        for name in ("select", "reserved", "fields", "vmpl", "guest_svn", "launch_mit_vector")
    }
    payload = KeyRequest(tcb=le(as_number(request.get("tcb", 0)), 8), **values).encode(size)
    header = Header(firmware.msg_count[vmpck] + 1, KEY, size, version, vmpck)
    answer = firmware.request(seal(keys[vmpck], header, payload))
    if answer.response is None:
        return answer.status, {"mailbox": answer.status}, b""
    response, answered = opened_response(firmware, header, answer.response)
    status, derived = STATUS_NAME[number(answered, 0, 4)], answered[0x20:]
    if any(answered[4:0x20]):
        raise ValueError("KEY_RSP has reserved bytes that are not zero")
    seen = {
        "mailbox": answer.status,
        "key": "set" if any(derived) else "zero",
        "version": response.version,
        "size": response.size,
    }
    return status, seen, derived


def run(case: Case) -> Seen:
    """Asks for the case's keys."""
    asked = [_ask(case.input, request) for request in case.input["requests"]]
    for status, output, _ in asked:
        if status != "SUCCESS":
            return Seen("invalid", status=status, output=output, where=output["mailbox"])
    if len(asked) == 1:
        _, output, derived = asked[0]
        chip = as_number(case.input["requests"][0].get("select", 0)) & 1 == 0
        return Seen("valid", output=output | ({"derived_key": derived.hex()} if chip else {}))
    first, second = (derived for _, _, derived in asked)
    return Seen("valid", output={"keys": "equal" if first == second else "different"})
