"""A client of pspd: frames, ioctls and guest messages as docs/socket.md describes them. For tests."""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("SEVKIT_BIN", str(ROOT / "build" / "bin")))
PSPD = BIN / "pspd"

HELLO, GUEST_REQUEST, IOCTL, HOST_COMMAND, KDS, SECRETS, COUNTERS, RMP = range(1, 9)
ANSWER, ERROR = 0x80, 0xFF
SENT, RETURNED, READ_ONLY = 1, 2, 4
PAYLOAD_MAX = 0x18000
PAGE = 4096

SNP_GET_REPORT, SNP_GET_DERIVED_KEY, SNP_GET_EXT_REPORT = 0xC0205300, 0xC0205301, 0xC0205302
ARG, REQ, RESP = 0x10000, 0x20000, 0x30000  # where a test's program has its buffers
VMPCK0 = 0x20  # in the secrets page
SEQNO0 = 0xA0

# Frame RMP: operations, fields of the body with their offsets and formats, flags.
UPDATE, PSMASH, READ, PVALIDATE, ADJUST, QUERY, CHECK = range(1, 8)
STRUCTURE, VMRUN, VMEXIT, LOOKUP, MOVE, MOVE_PAGE, UNSMASH = range(8, 15)
RMP_SIZE = 96
RMP_FIELDS = {
    "operation": (0, "B"), "kind": (1, "B"), "actor": (2, "B"), "map": (3, "B"), "page_size": (4, "B"),
    "cpl": (5, "B"), "vmpl": (6, "B"), "target": (7, "B"), "mask": (8, "B"), "reserved": (9, "B"),
    "asid": (10, "<H"), "flags": (12, "<I"), "spa": (16, "<Q"), "gpa": (24, "<Q"), "gva": (32, "<Q"),
    "destination": (40, "<Q"), "owner": (48, "<Q"), "avic": (56, "<Q"), "vmsa": (64, "<Q"),
    "perms": (72, "<I"), "reserved_4": (76, "<I"), "state": (80, "<Q"), "state_high": (88, "<Q"),
}  # fmt: skip
LONG_MODE, SNP, PRESENT, C_BIT, VALIDATED, IS_VMSA, VMPL_SSS, SNP_GUEST, NO_HSAVE = (
    1 << bit for bit in range(9)
)

REFUSED_ONCE = {
    "name": "refused",
    "title": "the firmware refuses once",
    "faults": [{"kind": "fw_status", "first": 1, "count": 1, "value": 22}],
}


class Dropped(Exception):  # noqa: N818
    """pspd has closed the connection."""


@dataclass
class Refused(Exception):  # noqa: N818
    """An ERROR frame."""

    code: int
    text: str


@dataclass
class Region:
    """A piece of the calling program's memory."""

    address: int
    size: int
    flags: int
    data: bytes = b""


@dataclass
class Answered:
    """What an ioctl has left."""

    result: int
    arg: bytes
    response: bytes

    @property
    def exitinfo2(self) -> int:
        """Firmware status and VMM error."""
        return int.from_bytes(self.arg[24:32], "little")


@dataclass(frozen=True)
class RmpAnswer:
    """The answer to a frame RMP."""

    operation: int
    fault: int
    eax: int
    cf: int
    rule: int
    moved: int
    entry: int
    error: int
    result: bytes
    name: str
    gpa: int
    asid: int
    subpages: int
    bits: int
    state: int
    perms: bytes

    @staticmethod
    def read(body: bytes) -> RmpAnswer:
        """From an answer's payload."""
        assert len(body) == 72
        operation, fault, eax, cf, rule, moved, entry, error = struct.unpack_from("<BBBBHBBQ", body)
        gpa, asid, subpages, bits, state, zero, perms, last = struct.unpack_from("<QHHBBH4sI", body, 48)
        assert (zero, last) == (0, 0)
        return RmpAnswer(
            operation, fault, eax, cf, rule, moved, entry, error, body[16:32],
            body[32:48].rstrip(b"\0").decode(), gpa, asid, subpages, bits, state, perms,
        )  # fmt: skip

    @property
    def ok(self) -> bool:
        """Neither a fault nor a code nor a move refused."""
        return (self.fault, self.eax, self.moved) == (0, 0, 0)


def rmp_body(operation: int, **members: int) -> bytes:
    """The payload of a frame RMP; what is not given is 0."""
    body = bytearray(RMP_SIZE)
    for name, value in {"operation": operation, **members}.items():
        offset, form = RMP_FIELDS[name]
        struct.pack_into(form, body, offset, value)
    return bytes(body)


class Client:
    """A connection to the data socket."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(str(path))
        self.next_id = 1
        self.hello_flags = 0

    def close(self) -> None:
        """Ends the connection."""
        self.socket.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, frame_type: int, payload: bytes = b"") -> int:
        """One frame; its request id."""
        number = self.next_id
        self.next_id += 1
        header = struct.pack("<IBBHI", 8 + len(payload), frame_type, 0, 0, number)
        try:
            self.socket.sendall(header + payload)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise Dropped from error
        return number

    def take(self, size: int) -> bytes:
        """Exactly SIZE bytes."""
        got = bytearray()
        while len(got) < size:
            try:
                piece = self.socket.recv(size - len(got))
            except ConnectionResetError as error:
                raise Dropped from error
            if not piece:
                raise Dropped
            got += piece
        return bytes(got)

    def receive(self) -> tuple[int, int, bytes]:
        """Type, request id and payload of the next frame."""
        length, frame_type, r1, r2, number = struct.unpack("<IBBHI", self.take(12))
        assert (r1, r2) == (0, 0)
        return frame_type, number, self.take(length - 8)

    def call(self, frame_type: int, payload: bytes = b"") -> bytes:
        """The answer's payload."""
        number = self.send(frame_type, payload)
        got, answered, body = self.receive()
        assert answered == number
        if got == ERROR:
            raise Refused(int.from_bytes(body[:4], "little"), body[4:].decode())
        assert got == frame_type | ANSWER
        return body

    def hello(
        self, machine: str = "", guest: str = "", vmpl: int = 0, versions: tuple[int, int] = (1, 1)
    ) -> Client:
        """Joins; self, for a chain."""
        names = machine.encode(), guest.encode()
        head = struct.pack("<HHIBBH", *versions, vmpl, len(names[0]), len(names[1]), 0)
        body = self.call(HELLO, head + names[0] + names[1])
        version, self.hello_flags, got_vmpl = struct.unpack_from("<HHI", body)
        assert (version, got_vmpl) == (1, vmpl)
        return self

    def ioctl(self, cmd: int, arg: int, regions: list[Region]) -> tuple[int, list[bytes]]:
        """Result, and the bytes of the regions that come back."""
        table = b"".join(struct.pack("<QII", r.address, r.size, r.flags) for r in regions)
        data = b"".join(r.data for r in regions if r.flags & SENT)
        body = self.call(IOCTL, struct.pack("<IQI", cmd, arg, len(regions)) + table + data)
        at, back = 8, []
        for r in regions:
            if r.flags & RETURNED:
                back.append(body[at : at + r.size])
                at += r.size
        assert at == len(body)
        return int.from_bytes(body[:8], "little", signed=True), back

    def simple_ioctl(self, cmd: int, request: bytes, response_size: int) -> Answered:
        """An ioctl of a program whose buffers are as they should be."""
        arg = struct.pack("<B7xQQQ", 1, REQ, RESP, 0)
        result, back = self.ioctl(
            cmd,
            ARG,
            [
                Region(ARG, len(arg), SENT | RETURNED, arg),
                Region(REQ, len(request), SENT, request),
                Region(RESP, response_size, RETURNED),
            ],
        )
        return Answered(result, back[0], back[1])

    def report(self, nonce: bytes = bytes(64)) -> bytes:
        """An attestation report."""
        got = self.simple_ioctl(SNP_GET_REPORT, nonce + bytes(32), 4000)
        assert (got.result, got.exitinfo2) == (0, 0)
        return got.response[32 : 32 + 1184]

    def key(self) -> bytes:
        """A derived key, mixed with nothing but the platform's root."""
        got = self.simple_ioctl(SNP_GET_DERIVED_KEY, bytes(32), 64)
        assert (got.result, got.exitinfo2) == (0, 0)
        return got.response[32:]

    def secrets(self) -> bytes:
        """The guest's secrets page."""
        return self.call(SECRETS)

    def counters(self) -> tuple[int, ...]:
        """MsgCount0 to 3, requests, requests that reached the firmware."""
        return struct.unpack("<6Q", self.call(COUNTERS))

    def rmp(self, operation: int, **members: int) -> RmpAnswer:
        """An operation on the machine's RMP."""
        return RmpAnswer.read(self.call(RMP, rmp_body(operation, **members)))

    def rmpupdate(
        self, spa: int, gpa: int = 0, asid: int = 0, *, assigned: bool = True, large: bool = False,
        immutable: bool = False,
    ) -> RmpAnswer:  # fmt: skip
        """RMPUPDATE by a host that may."""
        high = int(assigned) | int(large) << 8 | int(immutable) << 16 | asid << 32
        return self.rmp(UPDATE, flags=LONG_MODE | SNP, spa=spa, state=gpa, state_high=high)

    def state(self, spa: int, kind: int = 0) -> str:
        """The name of a page's state."""
        return self.rmp(LOOKUP, spa=spa, kind=kind).name

    def guest_request(self, page: bytes, npages: int | None = None) -> tuple[tuple[int, ...], bytes, bytes]:
        """(fw_status, vmm_error, es_result, npages), response page, certificate pages."""
        extended = npages is not None
        head = struct.pack("<II", int(extended), npages or 0)
        body = self.call(GUEST_REQUEST, head + page)
        return struct.unpack_from("<4I", body), body[16 : 16 + PAGE], body[16 + PAGE :]

    def kds(self, target: str, method: str = "GET") -> tuple[int, str, bytes]:
        """Status, content type, body."""
        head = struct.pack("<HH", len(method), len(target))
        body = self.call(KDS, head + method.encode() + target.encode())
        status, _, _, size, type_size, _ = struct.unpack_from("<IIQIHH", body)
        content = body[24 + type_size :]
        assert len(content) == size
        return status, body[24 : 24 + type_size].decode(), content


def seal(key: bytes, seqno: int, message_type: int, payload: bytes, vmpck: int = 0) -> bytes:
    """A guest message in its page."""
    aad = struct.pack("<BBHBBHIB35x", 1, 1, 0x60, message_type, 1, len(payload), 0, vmpck)
    assert len(aad) == 48
    sealed = AESGCM(key).encrypt(struct.pack("<Q4x", seqno), payload, aad)
    page = sealed[-16:] + bytes(16) + struct.pack("<Q8x", seqno) + aad + sealed[:-16]
    return page.ljust(PAGE, b"\0")


def unseal(key: bytes, page: bytes) -> tuple[int, int, bytes]:
    """Sequence number, type and payload of a response."""
    seqno = int.from_bytes(page[0x20:0x28], "little")
    size = int.from_bytes(page[0x36:0x38], "little")
    body = AESGCM(key).decrypt(
        struct.pack("<Q4x", seqno), page[0x60 : 0x60 + size] + page[:16], page[0x30:0x60]
    )
    return seqno, page[0x34], body


def header(length: int, kind: int, r1: int = 0, r2: int = 0) -> bytes:
    """A frame's first 12 bytes."""
    return struct.pack("<IBBHI", length, kind, r1, r2, 1)


def is_dropped(client: Client) -> bool:
    """Whether pspd ends the connection without another byte."""
    try:
        return client.socket.recv(1) == b""
    except ConnectionResetError:
        return True


class Control:
    """A connection to the control socket."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(f"{path}.control")
        self.file = self.socket.makefile("rwb")

    def line(self, text: bytes) -> bytes:
        """What a line is answered with; b"" when the connection ends."""
        try:
            self.file.write(text + b"\n")
            self.file.flush()
            return self.file.readline()
        except (BrokenPipeError, ConnectionResetError):
            return b""

    def ask(self, **members: Any) -> dict[str, Any]:
        """An operation's answer."""
        answer: dict[str, Any] = json.loads(self.line(json.dumps(members).encode()))
        return answer

    def do(self, **members: Any) -> dict[str, Any]:
        """The same, which must succeed."""
        answer = self.ask(**members)
        assert answer["ok"], answer
        return answer


class Daemon:
    """A running pspd. Its end is seen to by stop or kill, and by end_all where a test fails before."""

    started: ClassVar[list[subprocess.Popen[str]]] = []

    def __init__(self, folder: Path, *options: str, command: Sequence[str] = (str(PSPD),)) -> None:
        self.path = folder / "s"
        self.command = [*command, "--listen", str(self.path), *options]
        self.start()

    def start(self) -> None:
        """Starts it and waits until it serves."""
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        Daemon.started.append(self.process)
        assert self.process.stdout is not None
        self.told = []
        while (line := self.process.stdout.readline()) != "pspd: ready\n":
            assert line, "pspd has ended before it was ready"
            self.told.append(line.rstrip("\n"))

    @staticmethod
    def end_all() -> None:
        """Leaves no process behind."""
        for process in Daemon.started:
            if process.poll() is None:
                process.kill()
                process.wait(60)
        Daemon.started.clear()

    def client(self, machine: str = "", guest: str = "", vmpl: int = 0) -> Client:
        """A client after its HELLO."""
        return Client(self.path).hello(machine, guest, vmpl)

    def control(self) -> Control:
        """A control connection."""
        return Control(self.path)

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.end()

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        self.process.terminate()
        return self.end()

    def end(self) -> int:
        """Waits for its end."""
        code = self.process.wait(60)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code
