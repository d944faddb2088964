"""The second model of the guest's driver and configfs-tsm: facts of the notes, and that its vectors notice a
driver that is wrong in one point."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from reference import device, device_script, families, message, tsm
from reference.bundle import Family
from reference.check import judge
from reference.device import (
    GENERATIONS,
    GET_EXT_REPORT,
    GET_REPORT,
    Answer,
    Clock,
    Driver,
    Host,
    Memory,
    RefusedError,
    Region,
    secrets_page,
)
from reference.message import Header, le
from reference.ops import device as ops_device
from reference.ops import tsm as ops_tsm
from reference.ops.device import IOCTLS

KEY = bytes(range(32))
ARG, REQUEST, RESPONSE, CERTS = 0x1000, 0x2000, 0x3000, 0x8000
BUSY = Answer(exitinfo2=device.BUSY)


def answer(seqno: int = 1, **more: Any) -> Answer:
    header = Header(**({"seqno": seqno + 1, "type": 6, "size": 64} | more))
    return Answer(response=message.seal(KEY, header, bytes(64)))


class Machine:
    """A guest with VMPCK0 and one buffer for everything."""

    def __init__(self, kernel: str, *answers: Answer, counter: int = 0) -> None:
        self.secrets = secrets_page({0: KEY}, {0: counter})
        self.host, self.clock = Host(list(answers)), Clock()
        self.driver = Driver(GENERATIONS[kernel], self.secrets, self.host, self.clock)
        self.memory = Memory([Region(0x1000, bytearray(0x10000))])

    def ioctl(self, command: int = GET_REPORT, version: int = 1, certs_len: int = 0) -> device.Result:
        self.memory.write(ARG, le(version, 8) + le(REQUEST, 8) + le(RESPONSE, 8) + bytes(8))
        self.memory.write(REQUEST + 96, le(CERTS, 8) + le(certs_len, 4))
        return self.driver.ioctl(self.memory, command, ARG)

    @property
    def exitinfo2(self) -> int:
        return message.number(self.memory.read(ARG, 32), 24, 8)


@pytest.mark.parametrize("kernel", GENERATIONS)
def test_numbers_go_up_by_two(kernel: str) -> None:
    machine = Machine(kernel, answer(1), answer(3))
    assert [machine.ioctl(), machine.ioctl(), machine.driver.counter] == [0, 0, 4]
    assert [Header.decode(call.request).seqno for call in machine.host.seen] == [1, 3]


@pytest.mark.parametrize(
    ("kernel", "counter", "wiped"),
    [("5.19", 0, False), ("6.1.0", 2, True), ("6.6", 2, True), ("latest", 2, True)],
)
def test_a_failed_call(kernel: str, counter: int, wiped: bool) -> None:
    machine = Machine(kernel, Answer(exitinfo2=0x16))
    assert (machine.ioctl(), machine.exitinfo2) == ("EIO", 0x16)
    assert (machine.driver.counter, machine.driver.wiped) == (counter, wiped)


@pytest.mark.parametrize(("kernel", "exitinfo2"), [("6.12", 0), ("6.16", 0xFF), ("latest", 0)])
def test_a_lost_key_is_enotty(kernel: str, exitinfo2: int) -> None:
    machine = Machine(kernel, Answer(exitinfo2=0x16))
    assert [machine.ioctl(), machine.ioctl(), machine.exitinfo2] == ["EIO", "ENOTTY", exitinfo2]


def test_busy_ends_after_a_minute() -> None:
    machine = Machine("6.12", *[BUSY] * 31)
    assert (machine.ioctl(), len(machine.host.seen), machine.clock.now) == ("ETIMEDOUT", 31, 30 * 2004)
    assert machine.driver.wiped


def test_busy_sends_the_same_bytes() -> None:
    machine = Machine("6.12", BUSY, BUSY, answer())
    assert machine.ioctl() == 0
    assert len({call.request for call in machine.host.seen}) == 1


def test_invalid_len_burns_the_number_with_a_plain_request() -> None:
    machine = Machine("6.12", Answer(exitinfo2=device.INVALID_LEN, npages=3), answer())
    assert machine.ioctl(GET_EXT_REPORT, certs_len=0x1000) == "EIO"
    assert machine.exitinfo2 == device.INVALID_LEN
    assert [call.extended for call in machine.host.seen] == [True, False]
    assert message.number(machine.memory.read(REQUEST, 112), 104, 4) == 0x3000
    assert (machine.driver.counter, machine.driver.wiped) == (2, False)


@pytest.mark.parametrize(
    ("counter", "result", "sent"), [(0xFFFFFFFC, 0, 1), (0xFFFFFFFD, 0, 1), (0xFFFFFFFE, "EIO", 0)]
)
def test_the_counter_ends(counter: int, result: device.Result, sent: int) -> None:
    machine = Machine("6.12", answer(counter + 1), counter=counter)
    assert (machine.ioctl(), len(machine.host.seen), machine.driver.wiped) == (result, sent, False)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"0", 0),
        (b"3\n", 3),
        (b"0x1F", 31),
        (b"010", 8),
        (b"+7", 7),
        (b"4294967295", 0xFFFFFFFF),
        (b"4294967296", "ERANGE"),
        (b"18446744073709551616z", "ERANGE"),
        (b"4294967296z", "EINVAL"),
        (b"", "EINVAL"),
        (b"0x", "EINVAL"),
        (b"09", "EINVAL"),
        (b"-1", "EINVAL"),
        (b" 1", "EINVAL"),
        (b"1\n\n", "EINVAL"),
    ],
)
def test_numbers_of_attributes(text: bytes, value: int | str) -> None:
    if isinstance(value, int):
        assert tsm.number(text) == value
    else:
        with pytest.raises(RefusedError, match=value):
            tsm.number(text)


@pytest.mark.parametrize(
    ("entries", "end"), [([], 0), ([(48, 10)], 58), ([(99, 1), (80, 5)], 100), ([(0x4000, 1)], 0x4000)]
)
def test_the_end_of_a_table(entries: list[tuple[int, int]], end: int) -> None:
    rows = [b"g" * 16 + le(offset, 4) + le(length, 4) for offset, length in entries]
    assert tsm.table_end(b"".join(rows) + bytes(24)) == end


# ---- the vectors ----


@pytest.fixture(scope="module")
def built() -> dict[str, Family]:
    return {name: families.build(name) for name in ("device", "response")}


def findings(family: Family) -> list[str]:
    found = []
    for case in family.cases:
        try:
            found += [f"{case.id}: {text}" for text in judge(case)]
        except Exception as error:  # a broken driver may fall over its script
            found.append(f"{case.id}: {error}")
    return found


def test_the_reference_agrees_with_its_vectors(built: dict[str, Family]) -> None:
    assert [line for family in built.values() for line in findings(family)] == []


def generation(**changes: Any) -> dict[str, device.Generation]:
    return {name: replace(kernel, **changes) for name, kernel in GENERATIONS.items()}


def blind_to(field: str) -> Callable[..., str | None]:
    """Step k without the comparison of FIELD."""
    right = device.refusal

    def refusal(request: Header, page: bytes, buffer: int, key: bytes) -> str | None:
        found = right(request, page, buffer, key)
        return None if found == field else found

    return refusal


def unauthenticated(key: bytes, page: bytes) -> bytes:
    """Decryption that does not look at the tag."""
    del key
    return page[message.HEADER : message.HEADER + Header.decode(page).size]


class NoInblob(tsm.Provider):
    """Asks for a report about zeros."""

    def report(self, item: tsm.Item) -> dict[str, bytes] | None:
        return super().report(replace(item, inblob=bytes(len(item.inblob))))


class NoPrivlevel(tsm.Provider):
    """Asks for VMPL 0 always."""

    def report(self, item: tsm.Item) -> dict[str, bytes] | None:
        return super().report(replace(item, privlevel=0))


class KeepsKey(Driver):
    """Loses no VMPCK."""

    def _wipe(self) -> None:
        pass


class KeepsNumber(Driver):
    """Uses a number again."""

    def _advance(self) -> None:
        pass


def decimal(text: bytes) -> int:
    """An attribute's number, but in decimal where it begins with 0."""
    return right_number(text.lstrip(b"0") or text if text[:2] != b"0x" else text)


right_number = tsm.number


def known(command: int) -> bool:
    return command in IOCTLS.values()


class CommandFirst(Driver):
    """Looks for the ioctl before it reads the structure."""

    def ioctl(self, memory: Memory, command: int, at: int) -> device.Result:
        if known(command):
            return super().ioctl(memory, command, at)
        try:
            memory.read(at, device.ARG_SIZE)
        except device.FaultError:
            return "ENOTTY"
        return super().ioctl(memory, command, at)


class CommandBeforeVersion(Driver):
    """Looks for the ioctl before msg_version."""

    def ioctl(self, memory: Memory, command: int, at: int) -> device.Result:
        result = super().ioctl(memory, command, at)
        return "ENOTTY" if result == "EINVAL" and not known(command) else result


class VersionLate(Driver):
    """Has exitinfo2 written back where pointers are missing, whatever msg_version is."""

    def ioctl(self, memory: Memory, command: int, at: int) -> device.Result:
        result = super().ioctl(memory, command, at)
        if result == "EINVAL" and not any(memory.read(at, 24)[8:]):
            memory.write(at + 24, le(device.REJECTED, 8))
        return result


class PointersFirst(Driver):
    """Looks at the pointers before the command."""

    def _command(self, memory: Memory, command: int, arg: bytes) -> None:
        if not any(arg[8:24]):
            raise RefusedError("EINVAL")
        super()._command(memory, command, arg)


class RequestFirst(Driver):
    """Reads the request before it looks at resp_data."""

    def _command(self, memory: Memory, command: int, arg: bytes) -> None:
        if known(command) and any(arg[8:16]):
            memory.read(message.number(arg, 8, 8), 32)
        super()._command(memory, command, arg)


class AddressFirst(Driver):
    """Looks at certs_address before certs_len."""

    def _extended(self, memory: Memory, version: int, request_at: int) -> bytes:
        request = memory.read(request_at, device.EXT_REQ_SIZE)
        address, length = message.number(request, 96, 8), message.number(request, 104, 4)
        if address and length and address + length > device.USER_END:
            raise device.FaultError
        return super()._extended(memory, version, request_at)


class ReportFirst(Driver):
    """Copies the report out before the certificates."""

    def _command(self, memory: Memory, command: int, arg: bytes) -> None:
        before = [bytes(region.bytes) for region in memory.regions]
        try:
            super()._command(memory, command, arg)
        except device.FaultError:
            for region, old in zip(memory.regions, before, strict=True):
                region.bytes[:] = old
            raise


class KeyEarly(Driver):
    """Notices the lost VMPCK before it should."""

    def _lost(self) -> None:
        if self.wiped:
            if self.generation.clears:
                self.exitinfo2 = 0
            raise RefusedError("ENOTTY")


class KeyBeforeCommand(KeyEarly):
    def _command(self, memory: Memory, command: int, arg: bytes) -> None:
        if not known(command):
            self._lost()
        super()._command(memory, command, arg)


class KeyBeforeRequest(KeyEarly):
    def _command(self, memory: Memory, command: int, arg: bytes) -> None:
        if command == GET_REPORT and all(message.number(arg, at, 8) for at in (8, 16)):
            self._lost()
        super()._command(memory, command, arg)


class KeyBeforeLength(KeyEarly):
    def _extended(self, memory: Memory, version: int, request_at: int) -> bytes:
        self._lost()
        return super()._extended(memory, version, request_at)


class OldSilence(Driver):
    """Writes nothing back before 6.3 where nothing was sent."""

    def ioctl(self, memory: Memory, command: int, at: int) -> device.Result:
        sent = len(self.host.seen)
        try:
            left = memory.read(at + 24, 8)
        except device.FaultError:
            return "EFAULT"
        result = super().ioctl(memory, command, at)
        if not self.generation.presets and len(self.host.seen) == sent:
            memory.write(at + 24, left)
        return result


class RangeFirst(tsm.Tsm):
    """Looks at privlevel's range before the provider."""

    def _store(self, item: tsm.Item, attribute: str, data: bytes) -> None:
        if attribute == "privlevel" and tsm.number(data) > tsm.PRIVLEVEL_MAX:
            raise RefusedError("EINVAL")
        super()._store(item, attribute, data)


class ProviderFirst(tsm.Tsm):
    """Looks for the provider before it reads privlevel's number."""

    def _store(self, item: tsm.Item, attribute: str, data: bytes) -> None:
        if attribute == "privlevel":
            self._provided()
        super()._store(item, attribute, data)


def whole_entries(table: bytes) -> int:
    """An entry that ends beyond the four pages does not count."""
    end = right_end(table)
    return end if end < tsm.AUX_MAX or message.number(table, 20, 4) < tsm.AUX_MAX else 0


right_end = tsm.table_end


def one_generation(name: str, **changes: Any) -> dict[str, device.Generation]:
    return GENERATIONS | {name: replace(GENERATIONS[name], **changes)}


MUTANTS: list[tuple[str, Any, str, Any]] = [
    ("device", device, "CERTS_MAX", 0x5000),
    ("device", device, "USER_END", device.USER_END + 0x1000),
    ("device", device, "USER_END", device.USER_END - 0x1000),
    ("device", device, "REJECTED", 0xFE),
    ("device", device, "GIVE_UP_MS", 58000),
    ("device", device, "GIVE_UP_MS", 62000),
    ("device", device, "LAST_SEQNO", 0xFFFFFFFD),
    ("device", device, "LAST_SEQNO", 0x100000000),
    ("device", device, "GET_EXT_REPORT", 0xC0205303),
    ("device", device, "REPORT_REQ_SIZE", 95),
    ("device", device, "EXT_REQ_SIZE", 96),
    ("device", device, "NO_FW_CALL", 0xFFFFFFFF),
    ("device", tsm, "INBLOB_MAX", 63),
    ("device", tsm, "PRIVLEVEL_MAX", 4),
    ("device", tsm, "RSP_MAX", 0x1100),
    ("device", tsm, "RSP_MAX", 0xFFF),
    ("device", tsm, "Provider", NoInblob),
    ("device", tsm, "Provider", NoPrivlevel),
    ("device", tsm, "number", decimal),
    ("device", tsm, "INVALID_KEY", 0x26),
    ("device", tsm, "AUX_MAX", 0x400),
    *[
        ("device", device, "GENERATIONS", generation(**{switch: value}))
        for switch in ("vmpl_key", "asks_again", "resends", "halves", "keeps", "clears", "wiped_first")
        for value in (True, False)
    ],
    ("device", device, "GENERATIONS", generation(presets=False)),
    ("device", device, "GENERATIONS", one_generation("5.19", wiped_first=False)),
    ("device", device, "GENERATIONS", one_generation("6.1.0", wiped_first=False)),
    *[
        ("device", device, "Driver", wrong)
        for wrong in (
            CommandFirst,
            CommandBeforeVersion,
            VersionLate,
            PointersFirst,
            RequestFirst,
            AddressFirst,
            ReportFirst,
            KeyBeforeCommand,
            KeyBeforeRequest,
            KeyBeforeLength,
            OldSilence,
        )
    ],
    ("device", tsm, "Tsm", RangeFirst),
    ("device", tsm, "Tsm", ProviderFirst),
    ("device", tsm, "table_end", whole_entries),
    ("response", message, "opened", unauthenticated),
    ("response", device, "Driver", KeepsKey),
    ("response", device, "Driver", KeepsNumber),
    ("response", device, "GENERATIONS", generation(keeps=True)),
    ("response", device, "GENERATIONS", generation(keeps=False)),
    *[
        ("response", device, "refusal", blind_to(field))
        for field in ("MSG_SEQNO", "MSG_TYPE", "MSG_VERSION", "MSG_SIZE")
    ],
]


@pytest.mark.parametrize(("name", "module", "attribute", "value"), MUTANTS)
def test_the_vectors_notice(
    built: dict[str, Family],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    module: Any,
    attribute: str,
    value: Any,
) -> None:
    """One thing of the model is wrong: at least one case says so."""
    for place in (module, device_script, ops_device, ops_tsm):
        if hasattr(place, attribute):
            monkeypatch.setattr(place, attribute, value)
    assert findings(built[name]) != []
