"""Request pages to a running guest's firmware. Guest message notes, sections 2 to 9."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from reference import cpuid, machine
from reference.firmware import Firmware
from reference.key import KeyRequest
from reference.message import (
    CPUID,
    HEADER,
    KEY,
    PAGE,
    REPORT,
    STATUS_NAME,
    TAG,
    TSC_INFO,
    VMPCK_COUNT,
    Header,
    le,
    number,
    opened,
    patched,
    seal,
)

from differ import mutate, seeds
from differ.kind import Expected, Input

OTHER_TYPES = (0x00, 0x02, 0x04, 0x06, 0x07, 0x09, 0x0B, 0x0D, 0x0F, 0x10, 0x12, 0x13, 0x80, 0x83, 0xFF)
LAST = 2**64 - 2


@dataclass(frozen=True)
class Setting:
    """A machine: a built-in profile and changes to guest and platform, by reference/machine.py's names."""

    profile: str
    counts: tuple[int, ...] = (0, 0, 0, 0)
    vcek_dis: bool = False
    mask_chip_key: bool = False

    def argument(self) -> str:
        """As differ.c takes it."""
        words = [self.profile, f"counts={':'.join(str(count) for count in self.counts)}"]
        words += [name for name in ("vcek_dis", "mask_chip_key") if getattr(self, name)]
        return ",".join(words)

    def machine(self) -> machine.Machine:
        given: Mapping[str, Any] = {
            "profile": self.profile,
            "guest": {"vcek_dis": self.vcek_dis},
            "platform": {"mask_chip_key": self.mask_chip_key},
            "msg_count": self.counts,
        }
        return machine.of_input(given)


# Different in what the checks look at: VMPL above 3, reserved bytes, versions and sizes of KEY_REQ, keys, TCB
# layouts, what a refused REPORT_REQ says; and counters that are about to end or to carry.
SETTINGS = (
    Setting("genoa-1.55.25-v2-vcek"),
    Setting("genoa-1.55.40-v3-vcek", (0xFE, 0xFFFE, 0xFFFFFFFE, 2**63 - 2), vcek_dis=True),
    Setting("milan-1.55.29-v3-vlek", (LAST - 2, LAST - 40, LAST, 0)),
    Setting("milan-1.58.0-v5-vcek"),
    Setting("milan-1.58.1-v5-vlek-masked"),
    Setting("turin-1.55.65-v5-vcek"),
    Setting("turin-1.55.65-v5-vcek", mask_chip_key=True),
)


# ---- payloads ----


def _key_values(rng: Random, firmware: Firmware, vmpck: int) -> dict[str, Any]:
    guest, platform = firmware.machine.guest, firmware.machine.platform
    return {
        "select": rng.choice((0, 1, 1, 1, 1, 2, 4, 7)),
        "reserved": 0,
        "fields": rng.choice((0, 0x3F, rng.randrange(0x40))),
        "vmpl": rng.randrange(vmpck, 4),
        "guest_svn": rng.randrange((guest.id_block.guest_svn if guest.id_block else 0) + 1),
        "tcb": bytes(rng.randrange(byte + 1) for byte in platform.committed_tcb),
        "launch_mit_vector": guest.launch_mit_vector & rng.getrandbits(64),
    }


def _key(rng: Random, firmware: Firmware, vmpck: int, version: int) -> bytes:
    """A KEY_REQ that has an answer, mostly; or one of its fields any number."""
    values = _key_values(rng, firmware, vmpck)
    if version > 1:
        values["fields"] |= rng.choice((0, 0x40))
    if rng.random() < 0.25:
        name = rng.choice(sorted(values))
        size = {"fields": 8, "launch_mit_vector": 8, "tcb": 8}.get(name, 4)
        values[name] = mutate.number(rng, size)
    if isinstance(values["tcb"], int):
        values["tcb"] = le(values["tcb"], 8)
        values["fields"] |= rng.choice((0, 0x20))
    if version == 1:
        return KeyRequest(**values).encode(rng.choice((0x10, 0x20, 0x20, 0x20, 0x30, 0x40)))
    return KeyRequest(**values).encode(rng.choice((0x20, 0x28, 0x28, 0x30, 0x30, 0x40)))


def _report(rng: Random, vmpck: int) -> bytes:
    """A REPORT_REQ that has an answer, or one with a fault."""
    data = bytearray(rng.randbytes(0x40) + le(rng.randrange(vmpck, 4), 4) + bytes(0x1C))
    how = rng.randrange(12)
    if how in (1, 2):
        data[0x40:0x44] = le(mutate.number(rng, 4), 4)
    elif how in (3, 4):
        data[0x44:0x48] = le(rng.choice((1, 2, 3, 4, mutate.number(rng, 4))), 4)
    elif how in (5, 6):
        data[rng.choice((0x48, 0x5F, rng.randrange(0x48, 0x60)))] = 1 << rng.randrange(8)
    size = rng.choice((0x60, 0x60, 0x60, 0x10, 0x50, 0x70, 0x100, 0xFA0))
    return bytes(data).ljust(size, b"\0")[:size]


def _tsc_info(rng: Random) -> bytes:
    size = rng.choice((0x80, 0x80, 0x10, 0x90, 0xFA0))
    data = bytes(size)
    if rng.random() < 0.25:
        at = rng.choice((0, size - 1, 0x7F, 0x80, rng.randrange(size)))
        data = patched(data, {min(at, size - 1): bytes([1 << rng.randrange(8)])})
    return data


def _cpuid(rng: Random, firmware: Firmware) -> bytes:
    """Leaves that the firmware knows, with what it lets pass, mostly."""
    policy = firmware.machine.platform.cpuid
    count = rng.choice((0, 1, 2, 3, 8, cpuid.COUNT_MAX))
    data = bytearray(le(count, 4) + bytes(cpuid.HEAD - 4))
    for _ in range(count):
        leaf = (
            rng.choice(sorted(policy.leaves))
            if rng.random() < 0.9
            else (mutate.number(rng, 4), rng.randrange(2))
        )
        values = [policy.allowed(*leaf, name, rng.getrandbits(32)) for name in cpuid.OUTPUTS]
        data += (
            le(leaf[0], 4)
            + le(leaf[1], 4)
            + rng.randbytes(16)
            + b"".join(le(v, 4) for v in values)
            + bytes(8)
        )
    if rng.random() < 0.25:
        at = rng.choice((0, 4, cpuid.HEAD - 1, rng.randrange(len(data))))
        data[at] ^= 1 << rng.randrange(8)
    size = len(data) + rng.choice((0, 0, 16, -16))
    return bytes(data).ljust(max(size, 16), b"\0")[: max(size, 16)]


def _request(rng: Random, firmware: Firmware) -> tuple[Header, bytes]:
    """One that the header's checks let pass, mostly."""
    vmpck = rng.randrange(VMPCK_COUNT)
    kind = rng.choice((KEY, KEY, KEY, KEY, REPORT, TSC_INFO, TSC_INFO, CPUID))
    version = 1
    if kind == KEY and rng.random() < (0.5 if firmware.machine.switches.key_req_max_version > 1 else 0.05):
        version = 2
    makers: dict[int, Callable[[], bytes]] = {
        KEY: lambda: _key(rng, firmware, vmpck, version),
        REPORT: lambda: _report(rng, vmpck),
        TSC_INFO: lambda: _tsc_info(rng),
        CPUID: lambda: _cpuid(rng, firmware),
    }
    payload = makers[kind]()
    return Header(_next(firmware, vmpck), kind, len(payload), version, vmpck), payload


def _next(firmware: Firmware, vmpck: int) -> int:
    """The right MSG_SEQNO; after the last count any."""
    return (firmware.msg_count[vmpck] + 1) % 2**64


# ---- faults of a header that is sealed all the same ----

Break = Callable[[Random, Header, bytes], tuple[Header, bytes]]


def _seqno(rng: Random, header: Header, payload: bytes) -> tuple[Header, bytes]:
    steps = rng.choice((-2, -1, 1, 2, 256, 1 << 32, 1 << 63))
    seqno = rng.choice(((header.seqno + steps) % 2**64, 0, 1, mutate.number(rng, 8)))
    return replace(header, seqno=seqno), payload


def _algo(rng: Random, header: Header, payload: bytes) -> tuple[Header, bytes]:
    return replace(header, algo=rng.choice((0, 2, 3, 0x81, 0xFF))), payload


def _hdr_version(rng: Random, header: Header, payload: bytes) -> tuple[Header, bytes]:
    return replace(header, hdr_version=rng.choice((0, 2, 3, 0x81, 0xFF))), payload


def _hdr_size(rng: Random, header: Header, payload: bytes) -> tuple[Header, bytes]:
    return replace(header, hdr_size=rng.choice((0, 0x50, 0x5F, 0x61, 0x70, 0x160, 0x6000, 0xFFFF))), payload


def _odd_size(rng: Random, header: Header, payload: bytes) -> tuple[Header, bytes]:
    """The payload as long as MSG_SIZE says, but no size of a payload."""
    size = rng.choice((0, 1, 8, 15, 17, 0x1F, 0x28, 0x48, 0x5F, 0x61, 0xF98, rng.randrange(0xFA0)))
    return replace(header, size=size), payload.ljust(size, b"\0")[:size]


def _false_size(rng: Random, header: Header, payload: bytes) -> tuple[Header, bytes]:
    """MSG_SIZE is not the payload's."""
    return replace(
        header, size=rng.choice((0, 0x10, 0x50, 0xFA0, 0xFA1, 0xFB0, 0x1000, 0xFFF0, 0xFFFF))
    ), payload


def _version(rng: Random, header: Header, payload: bytes) -> tuple[Header, bytes]:
    return replace(header, version=rng.choice((0, 2, 3, 0x80, 0x81, 0xFF))), payload


def _other_type(rng: Random, header: Header, payload: bytes) -> tuple[Header, bytes]:
    """No request, or one that no firmware here offers."""
    return replace(header, type=rng.choice(OTHER_TYPES)), payload


def _vmpck(rng: Random, header: Header, payload: bytes) -> tuple[Header, bytes]:
    """Another key's number; sealed with that key if there is one."""
    return replace(header, vmpck=rng.choice((0, 1, 2, 3, 4, 5, 0x80, 0xFF))), payload


def _reserved(rng: Random, header: Header, payload: bytes) -> tuple[Header, bytes]:
    """Refused by some firmware, of no meaning to other."""
    name, size = rng.choice((("reserved_28", 8), ("reserved_38", 4), ("reserved_3d", 35)))
    changes: dict[str, Any] = {name: patched(bytes(size), {rng.randrange(size): b"\x01"})}
    return replace(header, **changes), payload


BROKEN: tuple[Break, ...] = (
    _seqno, _seqno, _algo, _hdr_version, _hdr_size, _odd_size, _false_size, _version, _other_type, _vmpck,
    _reserved,
)  # fmt: skip


# ---- pages ----


def _sealed(firmware: Firmware, header: Header, payload: bytes) -> bytes:
    return seal(firmware.vmpck[header.vmpck % VMPCK_COUNT], header, payload)


def _after_sealing(rng: Random, page: bytes) -> tuple[str, bytes]:
    """Somebody between guest and firmware changed it."""
    size = number(page, 0x36, 2)
    places = {
        "tag": (0x00, 0x10),
        "tag-tail": (0x10, 0x20),
        "open-header": (0x20, 0x30),
        "header": (0x30, 0x60),
        "payload": (HEADER, min(HEADER + size, PAGE)),
        "behind": (min(HEADER + size, PAGE - 1), PAGE),
    }
    name = rng.choice(sorted(places))
    at = rng.randrange(*places[name])
    return f"changed-{name}", patched(page, {at: bytes([page[at] ^ 1 << rng.randrange(8)])})


def _from_vectors(rng: Random, firmware: Firmware) -> tuple[str, bytes]:
    """A vector's page as it stands; or, where its key opens it, sealed again as the next message."""
    page, keys = rng.choice(seeds.messages())
    header = Header.decode(page)
    fits = header.size <= PAGE - HEADER and header.vmpck < VMPCK_COUNT
    payload = opened(keys[header.vmpck], page) if fits else None
    if payload is None:
        return "vector-page", page
    return "vector", _sealed(firmware, replace(header, seqno=_next(firmware, header.vmpck)), payload)


def _page(rng: Random, firmware: Firmware, old: bytes) -> tuple[str, bytes]:
    """OLD: a page that this guest sent before."""
    how = rng.random()
    header, payload = _request(rng, firmware)
    if how < 0.72:
        return f"request-{header.type}", _sealed(firmware, header, payload)
    if how < 0.85:
        change = rng.choice(BROKEN)
        return change.__name__[1:], _sealed(firmware, *change(rng, header, payload))
    page = _sealed(firmware, header, payload)
    if how < 0.9:
        return _after_sealing(rng, page)
    if how < 0.91:
        return "wrong-key", seal(firmware.vmpck[(header.vmpck + 1) % VMPCK_COUNT], header, payload)
    if how < 0.92:
        return "replay", old
    if how < 0.96 and seeds.messages():
        return _from_vectors(rng, firmware)
    if how < 0.98:
        return "splice", mutate.splice(rng, page, old)
    label, noisy = mutate.blind(rng, page)
    return label, noisy.ljust(PAGE, b"\0")[:PAGE]


# ---- the prediction ----


def _response(firmware: Firmware, vmpck: int, response: bytes) -> list[str]:
    header = Header.decode(response)
    payload = opened(firmware.vmpck[vmpck], response)
    assert payload is not None
    words = [response[TAG:HEADER].hex(), STATUS_NAME[number(payload, 0, 4)]]
    if header.type == REPORT + 1:
        report = payload[0x20:]
        words.append(
            f"size={number(payload, 4, 4)} vmpl={number(report, 0x30, 4)} data={report[0x50:0x90].hex()}"
        )
        words.append(f"body={_filled(payload[8:])}")
    elif header.type == KEY + 1:
        words.append(f"reserved={_filled(payload[4:0x20])} key={_filled(payload[0x20:])}")
    else:
        words.append(payload[4:].hex())
    return words


def _filled(data: bytes) -> str:
    return "filled" if any(data) else "zero"


def counts_of(line: str) -> list[str]:
    """The part of a line that says what comes after it."""
    return line.split()[1 : 1 + VMPCK_COUNT]


class Messages:
    """BANNER: the program's lines about its machines, in the order of SETTINGS."""

    name, number = "message", 3

    def __init__(self, banner: Iterable[str]) -> None:
        self.firmwares = []
        for setting, line in zip(SETTINGS, banner, strict=True):
            _, profile, *rest = line.split()
            keys = [bytes.fromhex(word) for word in rest[:VMPCK_COUNT]]
            counts = tuple(int(word) for word in rest[VMPCK_COUNT:])
            if (profile, counts) != (setting.profile, setting.counts):
                raise ValueError(f"a machine of another kind than {setting}: {line}")
            self.firmwares.append(Firmware(setting.machine(), keys))
        self.old = [bytes(PAGE)] * len(self.firmwares)

    def make(self, rng: Random) -> Input:
        at = rng.randrange(len(self.firmwares))
        label, page = _page(rng, self.firmwares[at], self.old[at])
        if rng.random() < 0.2:
            self.old[at] = page
        return Input(label, bytes([at]) + page)

    def expect(self, data: bytes) -> Expected:
        firmware, page = self.firmwares[data[0]], data[1:]
        answer = firmware.request(page)
        words = [answer.status, *(str(count) for count in firmware.msg_count)]
        if answer.response is None:
            return Expected(" ".join(words), answer.status)
        words += _response(firmware, page[0x3C], answer.response)
        status = words[6]
        return Expected(" ".join(words), "" if status == "SUCCESS" else f"payload {status}")
