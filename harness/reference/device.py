"""Linux's sev-guest driver, from our notes (Linux notes, sections 1 to 4): one generation of the kernel, a
program's memory, a host that answers from a script, a clock.

Written from the notes, not from the C model. Checks stand in the order in which the driver makes them.
Results are an errno name, 0, or the positive enum es_result of a hypercall that the kernel could not make.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from reference import message
from reference.message import PAGE, Header

GET_REPORT, GET_DERIVED_KEY, GET_EXT_REPORT = 0xC0205300, 0xC0205301, 0xC0205302
ARG_SIZE, REPORT_REQ_SIZE, KEY_REQ_SIZE, EXT_REQ_SIZE = 32, 96, 32, 112
REPORT_BUFFER, KEY_BUFFER = 4000, 64
CERTS_MAX = 0x4000
CERTS_ADDRESS, CERTS_LEN = slice(96, 104), slice(104, 108)
USER_END = 0x7FFF_FFFF_F000  # of a program's addresses, AMB-106

REJECTED = 0xFF
NO_FW_CALL = 0xFFFF_FFFF_FFFF_FFFF
INVALID_LEN = 1 << 32
BUSY = 2 << 32
ASK_AGAIN_MS, GIVE_UP_MS = 2000, 60000
TICK_MS = 4  # a sleep of jiffies ends late

VMPCK0, VMPCK_SIZE, COUNTER0 = 0x20, 32, 0xA0  # in the secrets page
LAST_SEQNO = 0xFFFFFFFF

Result = int | str


@dataclass(frozen=True)
class Generation:
    """What sets the kernels apart, section 4."""

    name: str
    vmpl_key: bool = True  # the key of the current VMPL without vmpck_id: 6.11
    wiped_first: bool = False  # a lost key is noticed before command and pointers: to 6.12
    clears: bool = False  # exitinfo2 is 0 where the send path ends before the call: 6.17
    asks_again: bool = True  # BUSY: 6.3
    presets: bool = True  # all ones while there is no result: 6.3
    resends: bool = True  # INVALID_LEN of an extended request: 6.1
    halves: bool = True  # INVALID_LEN is looked for in the upper half: 6.3
    keeps: bool = False  # key and counter after a failed call: 5.19


GENERATIONS = {
    g.name: g
    for g in (
        Generation(
            "5.19",
            vmpl_key=False,
            wiped_first=True,
            asks_again=False,
            presets=False,
            resends=False,
            halves=False,
            keeps=True,
        ),
        Generation("6.1.0", vmpl_key=False, wiped_first=True, asks_again=False, presets=False, halves=False),
        Generation("6.6", vmpl_key=False, wiped_first=True),
        Generation("6.12", wiped_first=True),
        Generation("6.16"),
        Generation("latest", clears=True),
    )
}


# ---- what the driver stands on ----


class FaultError(Exception):
    """An access to user memory that is not there, or not writable."""


@dataclass
class Region:
    at: int
    bytes: bytearray
    writable: bool = True


@dataclass
class Memory:
    """A program's memory: what lies in no region faults."""

    regions: list[Region]

    def _find(self, at: int, size: int) -> Region:
        for region in self.regions:
            if region.at <= at and at + size <= region.at + len(region.bytes):
                return region
        raise FaultError

    def read(self, at: int, size: int) -> bytes:
        region = self._find(at, size)
        return bytes(region.bytes[at - region.at : at - region.at + size])

    def write(self, at: int, data: bytes) -> None:
        region = self._find(at, len(data))
        if not region.writable:
            raise FaultError
        region.bytes[at - region.at : at - region.at + len(data)] = data


@dataclass(frozen=True)
class Answer:
    """What the host does with one hypercall."""

    exitinfo2: int = 0
    es_result: int = 0
    npages: int | None = None  # RBX after it
    response: bytes | None = None  # the response page, if it is written
    certs: bytes = b""


@dataclass(frozen=True)
class Hypercall:
    extended: bool
    npages: int
    request: bytes


class ScriptError(Exception):
    """The driver calls where the script has no answer, or calls less often: the case is wrong."""


@dataclass
class Host:
    """Answers in order; what it saw."""

    answers: list[Answer] = field(default_factory=list)
    seen: list[Hypercall] = field(default_factory=list)

    def call(self, call: Hypercall) -> Answer:
        self.seen.append(call)
        if not self.answers:
            raise ScriptError(f"no answer for hypercall {len(self.seen)}")
        return self.answers.pop(0)


@dataclass
class Clock:
    """Virtual; only sleeping takes time."""

    now: int = 0
    sleeps: int = 0

    def sleep(self, milliseconds: int) -> None:
        self.sleeps += 1
        self.now += milliseconds + TICK_MS


class RefusedError(Exception):
    """The request ends here, with this result."""

    def __init__(self, result: Result) -> None:
        super().__init__(result)
        self.result = result


@dataclass
class Ask:
    """One message on its way to the firmware."""

    type: int
    version: int
    payload: bytes
    buffer: int  # bytes of the response that are wanted
    extended: bool = False
    certs: bytearray = field(default_factory=bytearray)  # whole pages
    npages: int = 0  # that the host wants


def _u64(data: bytes) -> int:
    return message.number(data, 0, len(data))


# ---- the driver ----


class Driver:
    """The module with its device. SECRETS is the guest's page, read and written in place."""

    def __init__(
        self,
        generation: Generation,
        secrets: bytearray,
        host: Host,
        clock: Clock,
        *,
        vmpck_id: int | None = None,
        vmpl: int = 0,
    ) -> None:
        self.generation, self.secrets, self.host, self.clock = generation, secrets, host, clock
        self.exitinfo2 = 0
        if vmpck_id is None:
            vmpck_id = vmpl if generation.vmpl_key else 0
        self.vmpck, self.vmpl = vmpck_id, vmpl

    # -- key and counter in the secrets page --

    @property
    def _key_at(self) -> slice:
        at = VMPCK0 + self.vmpck * VMPCK_SIZE
        return slice(at, at + VMPCK_SIZE)

    @property
    def _counter_at(self) -> slice:
        at = COUNTER0 + 4 * self.vmpck
        return slice(at, at + 4)

    @property
    def counter(self) -> int:
        return _u64(bytes(self.secrets[self._counter_at]))

    @property
    def wiped(self) -> bool:
        return not any(self.secrets[self._key_at])

    def _advance(self) -> None:
        self.secrets[self._counter_at] = ((self.counter + 2) & 0xFFFFFFFF).to_bytes(4, "little")

    def _wipe(self) -> None:
        self.secrets[self._key_at] = bytes(VMPCK_SIZE)

    def probe(self) -> Result:
        if not 0 <= self.vmpck <= 3:
            return "EINVAL"
        return "EINVAL" if self.wiped else 0

    # -- ioctl --

    def ioctl(self, memory: Memory, command: int, at: int) -> Result:
        """Section 4: the prefix, the command, the write-back."""
        try:
            arg = memory.read(at, ARG_SIZE)
        except FaultError:
            return "EFAULT"
        self.exitinfo2 = REJECTED
        if arg[0] == 0:
            return "EINVAL"
        if self.generation.wiped_first and self.wiped:
            return "ENOTTY"
        result: Result = 0
        try:
            self._command(memory, command, arg)
        except FaultError:
            result = "EFAULT"
        except RefusedError as refused:
            result = refused.result
        if self.exitinfo2 == 0:
            return result
        try:
            memory.write(at, arg[:24] + self.exitinfo2.to_bytes(8, "little"))
        except FaultError:
            return "EFAULT"
        return result

    def _command(self, memory: Memory, command: int, arg: bytes) -> None:
        version, request_at, response_at = arg[0], _u64(arg[8:16]), _u64(arg[16:24])
        if command not in (GET_REPORT, GET_DERIVED_KEY, GET_EXT_REPORT):
            raise RefusedError("ENOTTY")
        if request_at == 0 or response_at == 0:
            raise RefusedError("EINVAL")
        if command == GET_REPORT:
            request = memory.read(request_at, REPORT_REQ_SIZE)
            response = self._send(Ask(message.REPORT, version, request, REPORT_BUFFER))
        elif command == GET_DERIVED_KEY:
            request = memory.read(request_at, KEY_REQ_SIZE)
            response = self._send(Ask(message.KEY, version, request, KEY_BUFFER))
        else:
            response = self._extended(memory, version, request_at)
        memory.write(response_at, response)

    def _extended(self, memory: Memory, version: int, request_at: int) -> bytes:
        request = memory.read(request_at, EXT_REQ_SIZE)
        address, length = _u64(request[CERTS_ADDRESS]), _u64(request[CERTS_LEN])
        if address == 0 or length == 0:
            length = 0
        elif length > CERTS_MAX or length % PAGE:
            raise RefusedError("EINVAL")
        elif address + length > USER_END:
            raise FaultError
        ask = Ask(message.REPORT, version, request[:REPORT_REQ_SIZE], REPORT_BUFFER, True, bytearray(length))
        try:
            response = self._send(ask)
        except RefusedError:
            if self._says_length():
                told = request[:104] + (ask.npages * PAGE & 0xFFFFFFFF).to_bytes(4, "little") + request[108:]
                memory.write(request_at, told)
            raise
        if length:
            memory.write(address, bytes(ask.certs))
        return response

    def _says_length(self) -> bool:
        told = self.exitinfo2 >> 32 << 32 if self.generation.halves else self.exitinfo2
        return told == INVALID_LEN

    def ext_report(self, request: bytes) -> tuple[bytes, bytes]:
        """What configfs-tsm asks for: response and certificate pages. Raises RefusedError."""
        ask = Ask(message.REPORT, 1, request, REPORT_BUFFER, True, bytearray(CERTS_MAX))
        return self._send(ask), bytes(ask.certs)

    # -- send path --

    def _send(self, ask: Ask) -> bytes:
        """Steps b to k. The response, zero after the message."""
        if self.generation.clears:
            self.exitinfo2 = 0
        if self.wiped:
            raise RefusedError("ENOTTY")
        seqno = self.counter + 1
        if seqno >= LAST_SEQNO:
            raise RefusedError("EIO")
        key = bytes(self.secrets[self._key_at])
        request = Header(seqno, ask.type, len(ask.payload), ask.version, self.vmpck)
        result, page = self._call_out(message.seal(key, request, ask.payload), ask)
        if result != 0:
            if not self.generation.keeps:
                self._advance()
                if not self._excused(result):
                    self._wipe()
            raise RefusedError(result)
        payload = _verify(request, page, ask.buffer, key)
        if payload is None:
            if not self.generation.keeps:
                self._advance()
            self._wipe()
            raise RefusedError("EBADMSG")
        self._advance()
        return payload.ljust(ask.buffer, b"\0")

    def _excused(self, result: Result) -> bool:
        """Step j: the failure that costs no key."""
        if self.generation.halves:
            return result == "EIO" and self.exitinfo2 == INVALID_LEN
        return self._answered_second

    def _call_out(self, request: bytes, ask: Ask) -> tuple[Result, bytes]:
        """Steps e to h."""
        generation = self.generation
        started, extended, resent = self.clock.now, ask.extended, False
        offered = ask.npages = len(ask.certs) // PAGE
        self._answered_second = False
        result: Result
        while True:
            if generation.presets:
                self.exitinfo2 = NO_FW_CALL
            answer = self.host.call(Hypercall(extended, offered if extended else 0, request))
            if answer.es_result:
                result = answer.es_result
                break
            self.exitinfo2 = answer.exitinfo2
            if answer.exitinfo2 == 0:
                result, self._answered_second = 0, resent
                break
            if answer.exitinfo2 == BUSY and generation.asks_again:
                if self.clock.now - started > GIVE_UP_MS:
                    result = "ETIMEDOUT"
                    break
                self.clock.sleep(ASK_AGAIN_MS)
                continue
            if answer.exitinfo2 == INVALID_LEN and extended:
                ask.npages = offered if answer.npages is None else answer.npages
                if generation.resends:
                    extended, resent = False, True
                    continue
            result = "EIO"
            break
        if resent:
            self.exitinfo2 = INVALID_LEN
            result = result or "EIO"
        elif extended and result == 0:
            ask.certs[: len(answer.certs)] = answer.certs[: len(ask.certs)]
        return result, answer.response or bytes(PAGE)


def refusal(request: Header, page: bytes, buffer: int, key: bytes) -> str | None:
    """Step k: the field of the response that Linux does not take, None when it takes it."""
    header = Header.decode(page)
    if header.seqno != request.seqno + 1:
        return "MSG_SEQNO"
    if header.type != request.type + 1:
        return "MSG_TYPE"
    if header.version != request.version:
        return "MSG_VERSION"
    if header.size > buffer:
        return "MSG_SIZE"
    return None if message.opened(key, page) is not None else "AUTHTAG"


def _verify(request: Header, page: bytes, buffer: int, key: bytes) -> bytes | None:
    if refusal(request, page, buffer, key) is not None:
        return None
    return message.opened(key, page)


def secrets_page(vmpcks: dict[int, bytes], counters: dict[int, int]) -> bytearray:
    """A version 3 secrets page with these keys and numbers last used; zero otherwise."""
    page = bytearray(PAGE)
    page[0] = 3
    for index, key in vmpcks.items():
        page[VMPCK0 + VMPCK_SIZE * index : VMPCK0 + VMPCK_SIZE * (index + 1)] = key
    for index, counter in counters.items():
        page[COUNTER0 + 4 * index : COUNTER0 + 4 * index + 4] = counter.to_bytes(4, "little")
    return page


def expand(answers: Iterable[tuple[Answer, int]]) -> list[Answer]:
    """A script with its repetitions written out."""
    return [answer for answer, times in answers for _ in range(times)]
