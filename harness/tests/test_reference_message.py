"""The reference's guest messages: known answers, and that its vectors notice a broken firmware."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from reference import cpuid, firmware, key, machine, message
from reference.bundle import Case
from reference.check import judge
from reference.families import build
from reference.firmware import Firmware
from reference.message import Header, iv, opened, patched, seal

KEYS = [bytes([n]) * 32 for n in range(4)]
GENOA = "genoa-1.55.40-v3-vcek"
REQUEST = Header(seqno=1, type=message.REPORT, size=0x60)


def test_gcm_known_answer() -> None:
    """Test case 16 of the GCM specification (McGrew and Viega), AES-256."""
    secret = bytes.fromhex("feffe9928665731c6d6a8f9467308308" * 2)
    plain = bytes.fromhex(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525"
        "b16aedf5aa0de657ba637b39"
    )
    page = seal(
        secret,
        Header(seqno=1, type=1, size=len(plain)),
        plain,
        nonce=bytes.fromhex("cafebabefacedbaddecaf888"),
        aad=bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2"),
    )
    assert page[:16].hex() == "76fc6ece0f4e1768cddf8853bb2d551b"
    assert page[0x60 : 0x60 + len(plain)].hex() == (
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838"
        "c5f61e6393ba7a0abcc9f662"
    )


def test_header_keeps_every_byte() -> None:
    data = bytes(range(1, 0x61))
    assert Header.decode(data).encode() == data


def test_header_offsets() -> None:
    """Guest message notes, section 2, byte by byte."""
    header = Header(seqno=0x0102030405060708, type=0x09, size=0x0A0B, version=0x0C, vmpck=0x0D)
    assert header.encode().hex() == (
        "00" * 32 + "0807060504030201" + "00" * 8 + "01016000" + "090c0b0a" + "00000000" + "0d" + "00" * 35
    )


def test_iv() -> None:
    assert iv(0x0102030405060708).hex() == "080706050403020100000000"


def test_tag_covers_what_the_notes_say() -> None:
    """A flipped bit anywhere: noticed, but in the tag's unused half and in 0x28 to 0x2F."""
    page = seal(KEYS[0], REQUEST, bytes(0x60))
    free = set(range(0x10, 0x20)) | set(range(0x28, 0x30))
    size_field = {0x36, 0x37}
    for at in range(0xC0):
        if at in size_field:  # other sizes: the message ends elsewhere
            continue
        changed = opened(KEYS[0], patched(page, {at: bytes([page[at] ^ 1])}))
        assert (changed is not None) == (at in free), hex(at)


def test_sequence() -> None:
    """Counters move by 2 with an answer and not otherwise; a used-up key answers nothing."""
    fw = Firmware(machine.of_input({"profile": GENOA}), KEYS)
    first = seal(KEYS[0], REQUEST, bytes(0x60))
    second = seal(KEYS[0], replace(REQUEST, seqno=3), bytes(0x60))
    assert fw.request(second).status == "AEAD_OFLOW" and fw.msg_count == [0, 0, 0, 0]
    answer = fw.request(first)
    assert answer.response is not None and Header.decode(answer.response).seqno == 2
    assert fw.request(first).status == "AEAD_OFLOW" and fw.msg_count == [2, 0, 0, 0]
    assert fw.request(second).status == "SUCCESS" and fw.msg_count == [4, 0, 0, 0]


def test_root_secret_known_answer() -> None:
    """docs/test-keys.md, Genoa VCEK."""
    platform = replace(machine.builtin(GENOA).platform, chip_id=bytes(range(64)))
    secret = key.chip_root(platform, vlek=False, tcb=bytes.fromhex("0302000000001650"))
    assert secret.hex() == "6b649769f94556d5226d0272536274570775a52b855e6990c8832c448a741fe0"


def test_a_wrong_expectation_is_noticed() -> None:
    for case in (build("message").cases[0], build("key").cases[0]):
        assert judge(case) == []
        other = replace(case, expect={"result": "invalid", "status": "INVALID_PARAM"})
        assert judge(other)
        mailbox = replace(case, expect={"result": "valid", "output": {"mailbox": "INVALID_PARAM"}})
        assert judge(mailbox)


def _without(name: str) -> Callable[..., str]:
    """key.refusal that lets everything pass."""
    return lambda *_: name


Entry = Callable[[cpuid.CpuidPolicy, bytes], tuple[bytes, bool]]


# What is broken, in whose name, and a family that must notice.
BROKEN: tuple[tuple[object, str, object, str], ...] = (
    (message, "iv", lambda seqno: seqno.to_bytes(12, "big"), "message"),
    (message, "AAD", slice(0x30, 0x5F), "message"),
    (firmware, "EXHAUSTED", 2**64, "message"),
    (firmware, "EXHAUSTED", 2**32 - 2, "message"),
    (firmware, "VMPCK_COUNT", 256, "message"),
    (firmware, "HEADER", 0x50, "message"),
    (firmware, "OFFERED", (message.REPORT, message.REPORT + 1), "message"),
    (firmware, "REPORT_SIZE", 0x4A1, "message"),
    (key, "no_such_key", lambda *_: False, "message"),
    (key, "no_such_key", lambda *_: False, "key"),
    (key, "refusal", _without("SUCCESS"), "key"),
    (key, "refusal", _without("INVALID_PARAM"), "key"),
    (key, "above", lambda *_: None, "key"),
    (
        key,
        "above",
        lambda _, a, b: "all" if int.from_bytes(a, "little") > int.from_bytes(b, "little") else None,
        "key",
    ),
    (key, "reserved_byte", lambda *_: None, "key"),
    (key, "KNOWN_FIELDS", {1: 0x7F, 2: 0x7F}, "key"),
    (key, "KNOWN_FIELDS", {1: 0x3F, 2: 0xFF}, "key"),
    (key, "POLICY", 0, "key"),
    (key, "IMAGE_ID", 0, "key"),
    (key, "FAMILY_ID", 0, "key"),
    (key, "MEASUREMENT", 0, "key"),
    (key, "GUEST_SVN", 0, "key"),
    (key, "TCB_VERSION", 0, "key"),
    (key, "LAUNCH_MIT_VECTOR", 0, "key"),
    (key, "MEASUREMENT", 0x7F, "key"),
    (cpuid, "le", lambda value, size: value.to_bytes(size, "big"), "message"),
    (Firmware, "_signing_key", lambda *_: firmware.VCEK, "message"),
    (Firmware, "_signing_key", lambda *_: firmware.VLEK, "message"),
    (Firmware, "_signing_key", lambda *_: firmware.NO_KEY, "message"),
    (key, "root_secret", lambda kind, *_: kind.encode().ljust(32), "key"),
    (key, "root_secret", lambda _kind, _product, ident, tcb: (ident + tcb)[:32].ljust(32), "key"),
)


@pytest.mark.parametrize(("where", "name", "instead", "family"), BROKEN)
def test_a_broken_firmware_is_noticed(
    monkeypatch: pytest.MonkeyPatch, where: object, name: str, instead: object, family: str
) -> None:
    cases = build(family).cases
    monkeypatch.setattr(where, name, instead)
    assert any(_noticed(case) for case in cases)


def _noticed(case: Case) -> bool:
    try:
        return bool(judge(case))
    except (ArithmeticError, AssertionError, LookupError, ValueError):  # the model falls over
        return True
