"""SNP_GUEST_REQUEST as far as it depends on the message and on the guest's context.

Guest message notes, section 5 from step 7 on, and sections 6 to 9. The host's side (steps 1 to 6) is not
here: pages and platform are as they should be. The migration messages are not offered, which is answered as
an unknown type is (docs/ambiguities.md, AMB-73).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reference import cpuid, key
from reference.machine import Machine
from reference.message import (
    CPUID,
    HEADER,
    KEY,
    PAGE,
    REPORT,
    STATUS,
    TSC_INFO,
    VMPCK_COUNT,
    Header,
    le,
    number,
    opened,
    seal,
)

EXHAUSTED = 2**64 - 2
REPORT_SIZE = 0x4A0
SIGNATURE = 0x2A0  # in a report, up to its end
VCEK, VLEK, NO_KEY = 0, 1, 7  # SIGNING_KEY
OFFERED = (CPUID, KEY, REPORT, TSC_INFO)


class RefusedError(Exception):
    """A mailbox status other than SUCCESS."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True)
class Answer:
    """The mailbox's status and, with SUCCESS, the response as it lies in its page."""

    status: str
    response: bytes | None = None


def _require(good: bool, status: str) -> None:
    if not good:
        raise RefusedError(status)


class Firmware:
    """One machine with one guest. LAUNCH: the how manieth of the machine."""

    def __init__(self, machine: Machine, vmpck: Sequence[bytes], launch: int = 1) -> None:
        self.machine = machine
        self.vmpck = vmpck
        self.launch = launch
        self.msg_count = list(machine.guest.msg_count)

    def request(self, page: bytes, at: int = 0, response_at: int = 0) -> Answer:
        """The request at offset AT of PAGE; its response goes to RESPONSE_AT of another page."""
        try:
            header, payload = self._accepted(page, at)
            answer = self._payload(header, payload)
            _require(HEADER + len(answer) <= PAGE - response_at, "INVALID_PARAM")  # step 17
        except RefusedError as refused:
            return Answer(refused.status)
        version = self.machine.switches.key_rsp_v2_version if header.version > 1 else header.version
        response = Header(header.seqno + 1, header.type + 1, len(answer), version, header.vmpck)
        self.msg_count[header.vmpck] += 2
        return Answer("SUCCESS", seal(self.vmpck[header.vmpck], response, answer))

    def _accepted(self, page: bytes, at: int) -> tuple[Header, bytes]:
        """Steps 7 to 15."""
        _require(self.machine.guest.state == "RUNNING", "INVALID_GUEST_STATE")
        _require(at <= PAGE - HEADER, "INVALID_PARAM")
        header = Header.decode(page[at:])
        _require(self._header_is_right(header), "INVALID_PARAM")
        _require(header.size <= PAGE - HEADER - at, "INVALID_PARAM")
        _require(header.vmpck < VMPCK_COUNT, "INVALID_PARAM")
        payload = opened(self.vmpck[header.vmpck], page[at:])
        if payload is None:
            raise RefusedError("BAD_MEASUREMENT")
        count = self.msg_count[header.vmpck]
        _require(count != EXHAUSTED and header.seqno == count + 1, "AEAD_OFLOW")
        highest = self.machine.switches.key_req_max_version if header.type == KEY else 1
        _require(0 < header.version <= highest, "INVALID_PARAM")
        _require(header.type in OFFERED, "INVALID_PARAM")
        return header, payload

    def _header_is_right(self, header: Header) -> bool:
        """Step 9, and the reserved bytes where firmware insists on them."""
        if self.machine.switches.enforce_header_mbz and any(header.reserved()):
            return False
        fixed = header.hdr_version == 1 and header.hdr_size == HEADER and header.algo == 1
        return fixed and header.size != 0 and self._size_is_right(header)

    def _size_is_right(self, header: Header) -> bool:
        """A multiple of 16; a version 2 KEY_REQ has the sizes that its firmware takes (9.1)."""
        if header.type == KEY and header.version == 2 <= self.machine.switches.key_req_max_version:
            return header.size in self.machine.switches.key_req_v2_sizes
        return header.size % 16 == 0

    def _payload(self, header: Header, payload: bytes) -> bytes:
        """Step 16: the response's payload. A short request is read as if zeros followed."""
        handlers: dict[int, Callable[[Header, bytes], bytes]] = {
            CPUID: lambda _, payload: cpuid.respond(self.machine.platform.cpuid, payload),
            KEY: self._key,
            REPORT: self._report,
            TSC_INFO: self._tsc_info,
        }
        return handlers[header.type](header, payload)

    def _key(self, header: Header, payload: bytes) -> bytes:
        request = key.KeyRequest.decode(payload, header.version)
        status = key.refusal(self.machine, header.vmpck, header.version, request)
        derived = key.derive(self.machine, self.launch, request) if status == "SUCCESS" else bytes(32)
        return le(STATUS[status], 4) + bytes(28) + derived

    def _report(self, header: Header, payload: bytes) -> bytes:
        """Section 7. Of the report VMPL, SIGNATURE_ALGO, KEY_INFO's two fields about keys, REPORT_DATA and
        whether it is signed, the signature being a stand-in; reports have a reference of their own."""
        data = payload.ljust(0x60, b"\0")
        status = self._report_refusal(header.vmpck, data)
        size = REPORT_SIZE if status == "SUCCESS" or self.machine.switches.report_size_on_failure else 0
        report = bytes(REPORT_SIZE)
        if status == "SUCCESS":
            signing_key, masked = self._signing_key(data), self.machine.platform.mask_chip_key
            start = bytes(0x30) + data[0x40:0x44] + le(1, 4) + bytes(0x10)
            key_info = le(signing_key << 2 | masked << 1, 4) + bytes(4)
            report = (start + key_info + data[:0x40]).ljust(SIGNATURE, b"\0")
            report += (b"\0" if signing_key == NO_KEY else b"\1") * (REPORT_SIZE - SIGNATURE)
        return le(STATUS[status], 4) + le(size, 4) + bytes(24) + report

    def _signing_key(self, data: bytes) -> int:
        """The table of the report notes, section 3: MASK_CHIP_KEY takes the VCEK away, not a VLEK."""
        platform, select = self.machine.platform, number(data, 0x44, 4)
        if platform.csp_id is not None and select != key.VCEK_SEL:
            return VLEK
        return NO_KEY if platform.mask_chip_key else VCEK

    def _report_refusal(self, vmpck: int, data: bytes) -> str:
        vmpl, select = number(data, 0x40, 4), number(data, 0x44, 4)
        if select >> 2 or any(data[0x48:0x60]):
            return "INVALID_PARAM"
        if key.no_such_key(select, self.machine.platform, self.machine.guest):
            return "INVALID_KEY"
        if vmpl < vmpck or (self.machine.switches.vmpl_max_3 and vmpl > 3):
            return "INVALID_PARAM"
        return "SUCCESS"

    def _tsc_info(self, _: Header, payload: bytes) -> bytes:
        """Section 8. The scale is 8.32 fixed point, rounded up in its last bit."""
        if any(payload[:0x80]):
            return le(STATUS["INVALID_PARAM"], 4).ljust(0x80, b"\0")
        platform, guest = self.machine.platform, self.machine.guest
        scale = -(-(guest.tsc_desired_khz << 32) // platform.tsc_reference_khz) & (2**40 - 1)
        fields = bytes(8) + le(scale, 8) + le(guest.tsc_offset, 8) + le(platform.tsc_factor, 4)
        return fields.ljust(0x80, b"\0")
