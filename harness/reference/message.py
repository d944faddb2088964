"""Guest messages: header, IV, additional authenticated data, sealing and opening.

Guest message notes, sections 2 and 3. Written from the notes, not from the C code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PAGE = 4096
HEADER = 0x60
TAG = 16  # the rest of AUTHTAG's 32 bytes is zero
AAD = slice(0x30, 0x60)
VMPCK_COUNT = 4

CPUID, KEY, REPORT, TSC_INFO = 0x01, 0x03, 0x05, 0x11  # requests; a response has the number after it

# Those that payloads carry; a profile's launch_mit_status may be POLICY_FAILURE.
STATUS = {"SUCCESS": 0x00, "POLICY_FAILURE": 0x07, "INVALID_PARAM": 0x16, "INVALID_KEY": 0x27}
STATUS_NAME = {number: name for name, number in STATUS.items()}


def le(value: int, size: int) -> bytes:
    """VALUE in SIZE little-endian bytes."""
    return value.to_bytes(size, "little")


def number(data: bytes, at: int, size: int) -> int:
    """The little-endian number of SIZE bytes at AT."""
    return int.from_bytes(data[at : at + size], "little")


@dataclass(frozen=True)
class Header:
    """The 0x60 bytes before a payload; every byte is kept."""

    seqno: int
    type: int
    size: int
    version: int = 1
    vmpck: int = 0
    algo: int = 1
    hdr_version: int = 1
    hdr_size: int = HEADER
    authtag: bytes = bytes(32)
    reserved_28: bytes = bytes(8)
    reserved_38: bytes = bytes(4)
    reserved_3d: bytes = bytes(35)

    def encode(self) -> bytes:
        """The header's bytes."""
        return (
            self.authtag
            + le(self.seqno, 8)
            + self.reserved_28
            + bytes([self.algo, self.hdr_version])
            + le(self.hdr_size, 2)
            + bytes([self.type, self.version])
            + le(self.size, 2)
            + self.reserved_38
            + bytes([self.vmpck])
            + self.reserved_3d
        )

    @classmethod
    def decode(cls, data: bytes) -> Header:
        """The header that DATA begins with."""
        return cls(
            seqno=number(data, 0x20, 8),
            type=data[0x34],
            size=number(data, 0x36, 2),
            version=data[0x35],
            vmpck=data[0x3C],
            algo=data[0x30],
            hdr_version=data[0x31],
            hdr_size=number(data, 0x32, 2),
            authtag=data[0x00:0x20],
            reserved_28=data[0x28:0x30],
            reserved_38=data[0x38:0x3C],
            reserved_3d=data[0x3D:0x60],
        )

    def reserved(self) -> bytes:
        """All bytes that must be zero where firmware insists on it."""
        return self.authtag[TAG:] + self.reserved_28 + self.reserved_38 + self.reserved_3d


def iv(seqno: int) -> bytes:
    """MSG_SEQNO as 8 little-endian bytes, then 4 zero bytes."""
    return le(seqno, 8) + bytes(4)


def seal(
    key: bytes, header: Header, payload: bytes, *, nonce: bytes | None = None, aad: bytes | None = None
) -> bytes:
    """The page of a message, cut where it is too long for one. HEADER is taken as it stands; NONCE and AAD
    stand in for the right ones."""
    plain = header.encode()
    sealed = AESGCM(key).encrypt(
        iv(header.seqno) if nonce is None else nonce, payload, plain[AAD] if aad is None else aad
    )
    return (sealed[-TAG:] + bytes(TAG) + plain[0x20:] + sealed[:-TAG]).ljust(PAGE, b"\0")[:PAGE]


def opened(key: bytes, data: bytes) -> bytes | None:
    """The payload of the message at the start of DATA, None when the tag does not verify."""
    header = Header.decode(data)
    sealed = data[HEADER : HEADER + header.size] + header.authtag[:TAG]
    try:
        return AESGCM(key).decrypt(iv(header.seqno), sealed, data[AAD])
    except InvalidTag:
        return None


def patched(page: bytes, changes: Mapping[int, bytes]) -> bytes:
    """PAGE with new bytes at some offsets: what somebody did to a message after it was sealed."""
    out = bytearray(page)
    for at, data in changes.items():
        out[at : at + len(data)] = data
    return bytes(out)
