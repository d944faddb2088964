"""The base worlds of the vectors: a report, its certificates, its list and its anchor, all accepted.

    w = world("Genoa", 3, "vcek")          # product line or chip, report version, kind of leaf; cached
    w.report, w.certs, w.crl, w.roots      # bytes; certs has "vcek" "ask" "ark" or "vlek" "asvk" "ark"
    w.key, w.tcb, w.ident                  # the leaf's key, its TCB, its hardware or CSP id
    w.input()                              # a `verify` input that is accepted
    w.input(report=r, vcek=None, crl=w.crl, policy={...})   # the same with changes; None takes a member out;
                                           # "vcek", "vlek", "ask", "asvk", "ark" change what is in certs
    w.put("POLICY", 0x30000)               # the report with a field set (number or bytes), signed again
    w.put("POLICY", 0, sign=False)         # the same under the old signature
    w.puts({"POLICY": 0, "VMPL": 4})       # several fields, one signature
    w.change(0x1A0, b"\x01")               # bytes at an offset, signed again (sign=False: not)
    w.sign(report)                         # signs bytes 0 to 0x29F anew with the leaf's key
    w.leaf(), w.ca(), w.ark()              # mint.Certificate to change: replace(w.leaf(), serial=...).der()
    w.leaf(serial=b"\x01"), w.ca(...)      # or with fields given; same keys; .der() gives bytes

Values follow emulator/profiles/: TCBs, firmware versions, PLATFORM_INFO, processor. Every byte field
has its own run of bytes, so that a field that is read at a wrong place shows. Time is AT, 2026-01-01.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

from reference import keys, mint
from reference.keys import EcKey
from reference.mint import Certificate, Crl, Tcb

AT = "2026-01-01T00:00:00Z"
NOT_BEFORE = "2025-12-31T00:00:00Z"  # of leaves
THIS_UPDATE, NEXT_UPDATE = "2025-12-31T00:00:00Z", "2026-01-31T00:00:00Z"
CSP = "CN=sevkit-csp-1.example"
REPORT_SIZE, SIGNED = 0x4A0, 0x2A0

# Report notes, section 1: name, offset, size.
FIELDS: dict[str, tuple[int, int]] = {
    "VERSION": (0x000, 4),
    "GUEST_SVN": (0x004, 4),
    "POLICY": (0x008, 8),
    "FAMILY_ID": (0x010, 16),
    "IMAGE_ID": (0x020, 16),
    "VMPL": (0x030, 4),
    "SIGNATURE_ALGO": (0x034, 4),
    "CURRENT_TCB": (0x038, 8),
    "PLATFORM_INFO": (0x040, 8),
    "KEY_INFO": (0x048, 4),
    "RESERVED_4C": (0x04C, 4),
    "REPORT_DATA": (0x050, 64),
    "MEASUREMENT": (0x090, 48),
    "HOST_DATA": (0x0C0, 32),
    "ID_KEY_DIGEST": (0x0E0, 48),
    "AUTHOR_KEY_DIGEST": (0x110, 48),
    "REPORT_ID": (0x140, 32),
    "REPORT_ID_MA": (0x160, 32),
    "REPORTED_TCB": (0x180, 8),
    "CPUID_FAM_ID": (0x188, 1),
    "CPUID_MOD_ID": (0x189, 1),
    "CPUID_STEP": (0x18A, 1),
    "RESERVED_18B": (0x18B, 21),
    "CHIP_ID": (0x1A0, 64),
    "COMMITTED_TCB": (0x1E0, 8),
    "CURRENT_BUILD": (0x1E8, 1),
    "CURRENT_MINOR": (0x1E9, 1),
    "CURRENT_MAJOR": (0x1EA, 1),
    "RESERVED_1EB": (0x1EB, 1),
    "COMMITTED_BUILD": (0x1EC, 1),
    "COMMITTED_MINOR": (0x1ED, 1),
    "COMMITTED_MAJOR": (0x1EE, 1),
    "RESERVED_1EF": (0x1EF, 1),
    "LAUNCH_TCB": (0x1F0, 8),
    "LAUNCH_MIT_VECTOR": (0x1F8, 8),
    "CURRENT_MIT_VECTOR": (0x200, 8),
    "RESERVED_208": (0x208, 152),
    "SIGNATURE": (0x2A0, 512),
}


@dataclass(frozen=True)
class Chip:
    """A processor: certificate line, CPUID family, model, stepping."""

    product: str
    family: int
    model: int
    stepping: int


CHIPS = {
    "Milan": Chip("Milan", 0x19, 0x01, 1),
    "Genoa": Chip("Genoa", 0x19, 0x11, 1),
    "Bergamo": Chip("Genoa", 0x19, 0xA0, 2),
    "Siena": Chip("Genoa", 0x19, 0xA0, 2),
    "Turin": Chip("Turin", 0x1A, 0x02, 1),
    "TurinDense": Chip("Turin", 0x1A, 0x11, 0),
}


@dataclass(frozen=True)
class Firmware:
    """What a firmware puts into its reports: major, minor, build; TCB; PLATFORM_INFO; mitigation vector."""

    number: tuple[int, int, int]
    tcb: Tcb
    platform_info: int
    mitigations: int = 0


# By line and report version. No Turin firmware with version 2 is known: its row is ours.
FIRMWARE: dict[tuple[str, int], Firmware] = {
    ("Milan", 2): Firmware((1, 52, 4), Tcb(3, 0, 8, 115), 0x01),
    ("Milan", 3): Firmware((1, 55, 29), Tcb(4, 0, 24, 219), 0x25),
    ("Milan", 5): Firmware((1, 58, 0), Tcb(4, 0, 28, 222), 0x25, 0x0B),
    ("Genoa", 2): Firmware((1, 55, 25), Tcb(9, 0, 14, 72), 0x03),
    ("Genoa", 3): Firmware((1, 55, 40), Tcb(10, 0, 23, 84), 0x27),
    ("Genoa", 5): Firmware((1, 55, 49), Tcb(10, 0, 27, 88), 0x25, 0x0B),
    ("Turin", 2): Firmware((1, 55, 40), Tcb(1, 1, 1, 60, fmc=1), 0x65),
    ("Turin", 3): Firmware((1, 55, 48), Tcb(1, 0, 2, 62, fmc=1), 0x65),
    ("Turin", 5): Firmware((1, 55, 65), Tcb(1, 1, 4, 81, fmc=1), 0x65, 0x3F),
}


def hwid_of(chip: str, product: str) -> bytes:
    """A hardware id of our own: 8 bytes on Turin, else 64. It looks like no DER."""
    digest = hashlib.sha512(f"sevkit vectors {chip}".encode()).digest()
    return b"\xc1" + digest[1:8] if product == "Turin" else b"\xc1" + digest[1:]


def steps(first: int, size: int) -> bytes:
    """FIRST, FIRST + 1, ..."""
    return bytes((first + i) & 0xFF for i in range(size))


@dataclass(frozen=True)
class World:
    """See the module's text."""

    name: str  # of the chip
    product: str
    version: int
    kind: str  # vcek or vlek
    chip: Chip
    firmware: Firmware
    ident: bytes  # hardware id, or CSP id
    hwid: bytes

    @property
    def tcb(self) -> Tcb:
        return self.firmware.tcb

    @property
    def tcb_version(self) -> bytes:
        return self.tcb.version(self.product)

    @property
    def ca_kind(self) -> str:
        return "ask" if self.kind == "vcek" else "asvk"

    @property
    def at(self) -> str:
        return AT

    @cached_property
    def key(self) -> EcKey:
        return keys.leaf(self.kind, self.product, self.ident, self.tcb_version)

    def leaf(self, **overrides: Any) -> Certificate:
        if self.kind == "vcek":
            made = mint.vcek(self.product, self.tcb, self.hwid, not_before=NOT_BEFORE)
        else:
            made = mint.vlek(self.product, self.tcb, CSP, not_before=NOT_BEFORE)
        return replace(made, **overrides)

    def ca(self, **overrides: Any) -> Certificate:
        """The ASK or ASVK."""
        made = mint.ask(self.product) if self.kind == "vcek" else mint.asvk(self.product)
        return replace(made, **overrides)

    def ark(self, **overrides: Any) -> Certificate:
        return replace(mint.ark(self.product), **overrides)

    @cached_property
    def certs(self) -> dict[str, bytes]:
        return {self.kind: self.leaf().der(), self.ca_kind: self.ca().der(), "ark": self.ark().der()}

    @property
    def roots(self) -> list[bytes]:
        return [self.certs["ark"]]

    def revocation(self, **overrides: Any) -> Crl:
        """The ARK's list, empty."""
        return replace(mint.crl(self.product, THIS_UPDATE, NEXT_UPDATE), **overrides)

    @cached_property
    def crl(self) -> bytes:
        return self.revocation().der()

    def sign(self, report: bytes) -> bytes:
        return report[:SIGNED] + keys.report_signature(*self.key.sign(report[:SIGNED]))

    @cached_property
    def report(self) -> bytes:
        return self.sign(_body(self))

    def change(self, offset: int, new: bytes, *, sign: bool = True) -> bytes:
        report = self.report[:offset] + new + self.report[offset + len(new) :]
        return self.sign(report) if sign else report

    def puts(self, values: Mapping[str, int | bytes], *, sign: bool = True) -> bytes:
        report = self.report
        for field, value in values.items():
            offset, size = FIELDS[field]
            new = value if isinstance(value, bytes) else value.to_bytes(size, "little")
            assert len(new) == size, f"{field} has {size} bytes"
            report = report[:offset] + new + report[offset + size :]
        return self.sign(report) if sign else report

    def put(self, field: str, value: int | bytes, *, sign: bool = True) -> bytes:
        return self.puts({field: value}, sign=sign)

    def input(self, **changes: Any) -> dict[str, Any]:
        certs: dict[str, Any] = dict(self.certs)
        made: dict[str, Any] = {"op": "verify", "report": self.report, "certs": certs}
        made |= {"roots": self.roots, "at": AT}
        for member, value in changes.items():
            place = certs if member in ("vcek", "vlek", "ask", "asvk", "ark") else made
            if value is None:
                place.pop(member, None)
            else:
                place[member] = value
        return made


def _body(w: World) -> bytes:
    major, minor, build = w.firmware.number
    values: dict[str, int | bytes] = {
        "VERSION": w.version,
        "GUEST_SVN": 7,
        "POLICY": 0x30000,
        "FAMILY_ID": steps(0x10, 16),
        "IMAGE_ID": steps(0x20, 16),
        "SIGNATURE_ALGO": 1,
        "PLATFORM_INFO": w.firmware.platform_info,
        "KEY_INFO": 4 if w.kind == "vlek" else 0,
        "REPORT_DATA": steps(0x30, 64),
        "MEASUREMENT": steps(0xA0, 48),
        "HOST_DATA": steps(0x70, 32),
        "ID_KEY_DIGEST": steps(0xD0, 48),
        "REPORT_ID": steps(0x90, 32),
        "REPORT_ID_MA": b"\xff" * 32,
        "CHIP_ID": w.hwid.ljust(64, b"\0"),
    }
    for which in ("CURRENT", "REPORTED", "COMMITTED", "LAUNCH"):
        values[f"{which}_TCB"] = w.tcb_version
    for which in ("CURRENT", "COMMITTED"):
        values |= {f"{which}_MAJOR": major, f"{which}_MINOR": minor, f"{which}_BUILD": build}
    if w.version >= 3:
        values |= {"CPUID_FAM_ID": w.chip.family, "CPUID_MOD_ID": w.chip.model, "CPUID_STEP": w.chip.stepping}
    if w.version >= 5:
        values |= {f"{which}_MIT_VECTOR": w.firmware.mitigations for which in ("LAUNCH", "CURRENT")}
    report = bytearray(REPORT_SIZE)
    for field, value in values.items():
        offset, size = FIELDS[field]
        report[offset : offset + size] = value if isinstance(value, bytes) else value.to_bytes(size, "little")
    return bytes(report)


@cache
def world(
    chip: str, version: int, kind: str = "vcek", *, hwid: bytes | None = None, tcb: Tcb | None = None
) -> World:
    """CHIP: a name of CHIPS; VERSION 2, 3 or 5; KIND vcek or vlek. HWID and TCB: others than the usual ones,
    with a key, leaf and report that follow from them."""
    processor = CHIPS[chip]
    product = processor.product
    firmware = FIRMWARE[product, version]
    hwid = hwid_of(chip, product) if hwid is None else hwid
    return World(
        name=chip,
        product=product,
        version=version,
        kind=kind,
        chip=processor,
        firmware=replace(firmware, tcb=tcb or firmware.tcb),
        ident=hwid if kind == "vcek" else CSP.encode(),
        hwid=hwid,
    )


def worlds() -> list[World]:
    """The usual ones: three lines, three versions, two kinds."""
    return [
        world(product, version, kind)
        for product in mint.PRODUCTS
        for version in (2, 3, 5)
        for kind in ("vcek", "vlek")
    ]
