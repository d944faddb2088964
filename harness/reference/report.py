"""ATTESTATION_REPORT, 0x4A0 bytes: fields by name and offset, and the rules of its form. Report notes,
sections 1 to 5 and 9.

A report is its bytes. Fields are read out of them; nothing is ever put together again, so that a signature
can only be checked over what came in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reference import tcb

SIZE = 0x4A0
SIGNED = 0x2A0
HOST_VMPL = 0xFFFFFFFF


class ReportError(ValueError):
    """Not a report, by the rule that the text names."""


@dataclass(frozen=True)
class Field:
    offset: int
    size: int
    kind: str = "bytes"  # "number", "bytes" or "tcb"
    since: int = 2  # the first version in which the bytes have this name


FIELDS: dict[str, Field] = {
    "version": Field(0x000, 4, "number"),
    "guest_svn": Field(0x004, 4, "number"),
    "policy": Field(0x008, 8, "number"),
    "family_id": Field(0x010, 16),
    "image_id": Field(0x020, 16),
    "vmpl": Field(0x030, 4, "number"),
    "signature_algo": Field(0x034, 4, "number"),
    "current_tcb": Field(0x038, 8, "tcb"),
    "platform_info": Field(0x040, 8, "number"),
    "key_info": Field(0x048, 4, "number"),
    "report_data": Field(0x050, 64),
    "measurement": Field(0x090, 48),
    "host_data": Field(0x0C0, 32),
    "id_key_digest": Field(0x0E0, 48),
    "author_key_digest": Field(0x110, 48),
    "report_id": Field(0x140, 32),
    "report_id_ma": Field(0x160, 32),
    "reported_tcb": Field(0x180, 8, "tcb"),
    "cpuid_fam_id": Field(0x188, 1, "number", since=3),
    "cpuid_mod_id": Field(0x189, 1, "number", since=3),
    "cpuid_step": Field(0x18A, 1, "number", since=3),
    "chip_id": Field(0x1A0, 64),
    "committed_tcb": Field(0x1E0, 8, "tcb"),
    "current_build": Field(0x1E8, 1, "number"),
    "current_minor": Field(0x1E9, 1, "number"),
    "current_major": Field(0x1EA, 1, "number"),
    "committed_build": Field(0x1EC, 1, "number"),
    "committed_minor": Field(0x1ED, 1, "number"),
    "committed_major": Field(0x1EE, 1, "number"),
    "launch_tcb": Field(0x1F0, 8, "tcb"),
    "launch_mit_vector": Field(0x1F8, 8, "number", since=5),
    "current_mit_vector": Field(0x200, 8, "number", since=5),
    "signature_r": Field(0x2A0, 72),
    "signature_s": Field(0x2E8, 72),
}
TCBS = tuple(name for name, field in FIELDS.items() if field.kind == "tcb")

POLICY_RESERVED_ONE = 1 << 17
KEY_INFO_RESERVED = ~0x1F & 0xFFFFFFFF

# Reserved in every version.
RESERVED = (
    (0x04C, 0x050),
    (0x18B, 0x1A0),
    (0x1EB, 0x1EC),
    (0x1EF, 0x1F0),
    (0x208, 0x2A0),
)
# Of the signature: the upper 24 bytes of R and of S, and what follows S. No firmware will name them.
UNSIGNED = ((0x2D0, 0x2E8), (0x318, 0x330), (0x330, 0x4A0))
# Reserved in the versions named. Whether version 4 already fills the second is not known (notes, section
# 9), so it is not tested there.
RESERVED_BY_VERSION = (
    (0x188, 0x18B, (2,)),
    (0x1F8, 0x208, (2, 3)),
)


@dataclass(frozen=True)
class Report:
    raw: bytes

    def number(self, name: str) -> int:
        return int.from_bytes(self.bytes(name), "little")

    def bytes(self, name: str) -> bytes:
        field = FIELDS[name]
        return self.raw[field.offset : field.offset + field.size]

    @property
    def read_as(self) -> int:
        """The version whose names the bytes have: 4 is read as 3, what is above 5 as 5."""
        version = self.number("version")
        return 3 if version == 4 else min(version, 5)

    def has(self, name: str) -> bool:
        return FIELDS[name].since <= self.read_as

    @property
    def signing_key(self) -> int:
        return self.number("key_info") >> 2 & 7

    @property
    def product(self) -> str | None:
        """The product line that the report itself states."""
        if not self.has("cpuid_fam_id"):
            return None
        return tcb.product_of(self.number("cpuid_fam_id"), self.number("cpuid_mod_id"))

    def firmware(self, which: str) -> tuple[int, int, int]:
        """Major, minor, build of "current" or "committed"."""
        return (
            self.number(f"{which}_major"),
            self.number(f"{which}_minor"),
            self.number(f"{which}_build"),
        )


def parse(data: bytes, *, tolerant: bool = False) -> Report:
    """The stage "parse": size and form. TOLERANT leaves out what a newer firmware may have given a name."""
    if len(data) != SIZE:
        raise ReportError(f"{len(data)} bytes, not 0x4A0")
    report = Report(bytes(data))
    if not report.number("policy") & POLICY_RESERVED_ONE:
        raise ReportError("POLICY bit 17 is 0")
    if report.number("key_info") & KEY_INFO_RESERVED and not tolerant:
        raise ReportError("reserved bits of KEY_INFO")
    version = report.number("version")
    by_version = [(a, b) for a, b, only in RESERVED_BY_VERSION if version in only]
    for start, end in UNSIGNED if tolerant else (*RESERVED, *by_version, *UNSIGNED):
        if any(report.raw[start:end]):
            raise ReportError(f"reserved bytes {start:#x} to {end - 1:#x} are not zero")
    return report


def check_version(report: Report, *, future: bool, least: int = 2) -> None:
    """The stage "version"."""
    version = report.number("version")
    if version < least or (version > 5 and not future):
        raise ReportError(f"version {version}")


def decoded(report: Report) -> dict[str, Any]:
    """Every field by its name in lower case. 64-bit numbers are "0x..." and byte fields hex digits, as they
    lie in the report; a name that the version does not have is None. A TCB always has its eight bytes as
    "raw", its components only where the report says which layout it is and keeps to it."""
    out: dict[str, Any] = {}
    for name, field in FIELDS.items():
        if not report.has(name):
            out[name] = None
        elif field.kind == "tcb":
            out[name] = _decoded_tcb(report.product, report.bytes(name))
        elif field.kind == "bytes":
            out[name] = report.bytes(name).hex()
        else:
            number = report.number(name)
            out[name] = hex(number) if field.size == 8 else number
    key_info = report.number("key_info")
    out["author_key_en"] = bool(key_info & 1)
    out["mask_chip_key"] = bool(key_info & 2)
    out["signing_key"] = report.signing_key
    out["product"] = report.product
    return out


def _decoded_tcb(product: str | None, raw: bytes) -> dict[str, Any]:
    out: dict[str, Any] = {"raw": raw.hex()}
    if product and tcb.reserved_byte(product, raw) is None:
        out |= tcb.unpack(product, raw)
    return out
