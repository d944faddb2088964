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
    """The fixed fields, as COCONUT-SVSM compares them. Guest message notes, section 3, last line."""
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
    if result != 0:
        return Seen("invalid", reason=str(result), output={"field": refusal(request, page, size, key)})
    return Seen("valid", output={"buffer": digest(user.read(AT_RESPONSE, size))})


def run(case: Case) -> Seen:
    """CASE on each of its kernels."""
    seen = on_each_kernel(case.input, _run)
    assert isinstance(seen, Seen)
    return seen
