"""Op response: whether a guest takes a response page: Linux's driver, or with policy.header "strict" a client
that compares the fixed header fields too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reference.bundle import Case, Seen
from reference.device import GET_DERIVED_KEY, GET_REPORT, refusal
from reference.device_script import (
    AT_ARG,
    AT_REQUEST,
    AT_RESPONSE,
    FILL,
    Guest,
    buffer_of,
    digest,
    integer,
    memory,
    on_each_kernel,
)
from reference.message import KEY, Header, le

REQUEST_SIZE = {3: 0x20, 5: 0x60}


def _strict(request: Header, page: bytes) -> str | None:
    """The fixed fields that COCONUT-SVSM compares. Guest message notes, section 3, last line. SVSM's own
    MSG_VMPCK is 0, and it compares with that; here it is the request's."""
    header = Header.decode(page)
    wanted = (1, 1, 0x60, request.vmpck)
    given = (header.algo, header.hdr_version, header.hdr_size, header.vmpck)
    return None if given == wanted else "header"


def _run(given: Mapping[str, Any], kernel: str) -> Seen:
    asked, key = given["request"], bytes.fromhex(given["vmpck"])
    seqno, size = integer(asked["seqno"]), buffer_of(asked["type"])
    request = Header(seqno, asked["type"], REQUEST_SIZE[asked["type"]], asked["version"], asked["vmpck"])
    page = given["page"]
    if given.get("policy", {}).get("header") == "strict":
        reason = _strict(request, page)
        if reason is not None:
            return Seen("invalid", reason=reason)
    index = str(asked["vmpck"])
    guest = Guest(
        {"vmpcks": {index: given["vmpck"]}, "counters": {index: seqno - 1}, "vmpck_id": asked["vmpck"]},
        kernel,
    )
    guest.begin([{"response": page}])
    user = memory()
    user.write(AT_ARG, le(asked["version"], 8) + le(AT_REQUEST, 8) + le(AT_RESPONSE, 8) + bytes(8))
    command = GET_DERIVED_KEY if asked["type"] == KEY else GET_REPORT
    result = guest.driver.ioctl(user, command, AT_ARG)
    buffer = user.read(AT_RESPONSE, size)
    output = guest.end() | {
        "counter": guest.driver.counter,
        "wiped": guest.driver.wiped,
        "buffer": None if buffer == bytes([FILL]) * size else digest(buffer),
    }
    if result != 0:
        output["field"] = refusal(request, page, size, key)
        return Seen("invalid", reason=str(result), output=output)
    return Seen("valid", output=output)


def run(case: Case) -> Seen:
    """CASE on each of its kernels."""
    seen = on_each_kernel(case.input, _run)
    assert isinstance(seen, Seen)
    return seen
