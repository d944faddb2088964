"""A platform and its guest, as far as guest messages depend on them: a built-in profile and a case's changes.

The files are emulator/profiles/*.json (docs/profiles.md). A case changes members by three objects:

guest     policy, host_data, measurement, id_block (an object of changes, or null), vcek_dis,
          launch_mit_vector, tsc_desired_khz, tsc_offset, state
platform  chip_id, committed_tcb, reported_tcb (TCB_VERSION as a number), mask_chip_key, csp_id
policy    the members of a profile's `messages`
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

from reference.cpuid import OUTPUTS, CpuidPolicy
from reference.message import VMPCK_COUNT, le
from reference.tcb import pack

PROFILES = Path(__file__).resolve().parents[2] / "emulator" / "profiles"
LINES = {"Bergamo": "Genoa", "Siena": "Genoa", "TurinDense": "Turin"}  # chip: line, where they differ


@dataclass(frozen=True)
class IdBlock:
    """What an ID block leaves in the guest's context."""

    family_id: bytes = bytes(16)
    image_id: bytes = bytes(16)
    guest_svn: int = 0
    id_key_digest: bytes = bytes(48)
    author_key_digest: bytes | None = None


@dataclass(frozen=True)
class Guest:
    """A guest context."""

    policy: int
    host_data: bytes
    measurement: bytes
    id_block: IdBlock | None
    vcek_dis: bool
    launch_mit_vector: int
    tsc_desired_khz: int
    tsc_offset: int
    msg_count: tuple[int, ...]
    state: str = "RUNNING"


@dataclass(frozen=True)
class Platform:
    """The chip and its firmware's settings."""

    product: str
    chip_id: bytes
    committed_tcb: bytes
    reported_tcb: bytes
    mask_chip_key: bool
    csp_id: str | None  # a VLEK of this CSP is loaded
    tsc_reference_khz: int
    tsc_factor: int
    cpuid: CpuidPolicy


@dataclass(frozen=True)
class Switches:
    """What the notes leave open, and what differs between firmware."""

    key_req_max_version: int
    key_req_v2_sizes: tuple[int, ...]
    key_rsp_v2_version: int
    launch_mit_always_checked: bool
    launch_mit_status: str
    enforce_header_mbz: bool
    vmpl_max_3: bool
    report_size_on_failure: bool


@dataclass(frozen=True)
class Machine:
    """All of it."""

    platform: Platform
    guest: Guest
    switches: Switches


def as_number(value: Any) -> int:
    """A number of a JSON file, written as such or as text in hex."""
    return int(value, 16) if isinstance(value, str) else int(value)


def _id_block(value: Mapping[str, Any] | None, base: IdBlock | None) -> IdBlock | None:
    if value is None:
        return None
    new: dict[str, Any] = {k: bytes.fromhex(v) if isinstance(v, str) else v for k, v in value.items()}
    return replace(base or IdBlock(), **new)


def _cpuid(rows: Iterable[Mapping[str, Any]]) -> CpuidPolicy:
    leaves = {
        (as_number(row["eax_in"]), as_number(row["ecx_in"])): {
            name: (row[name]["rule"], as_number(row[name].get("value", 0))) for name in OUTPUTS if name in row
        }
        for row in rows
    }
    return CpuidPolicy(leaves)


@cache
def builtin(name: str) -> Machine:
    """The built-in profile NAME."""
    data = json.loads((PROFILES / f"{name}.json").read_text(encoding="utf-8"))
    chip, guest, tcb, tsc = data["chip"], data["guest"], data["tcb"], data["tsc"]
    line = LINES.get(chip["name"], chip["name"])
    mitigations = data["mitigation_vectors"]
    messages = {**data["messages"], "key_req_v2_sizes": tuple(data["messages"]["key_req_v2_sizes"])}
    return Machine(
        Platform(
            product=line,
            chip_id=bytes.fromhex(chip["chip_id"]),
            committed_tcb=pack(line, tcb["committed"]),
            reported_tcb=pack(line, tcb["reported"]),
            mask_chip_key=data["signing"]["mask_chip_key"],
            csp_id=data["signing"]["csp_id"],
            tsc_reference_khz=tsc["reference_khz"],
            tsc_factor=tsc["factor"],
            cpuid=_cpuid(data["cpuid_policy"]),
        ),
        Guest(
            policy=as_number(guest["policy"]),
            host_data=bytes.fromhex(guest["host_data"]),
            measurement=bytes.fromhex(guest["measurement"]),
            id_block=_id_block(guest["id_block"], None),
            vcek_dis=guest["vcek_dis"],
            launch_mit_vector=as_number(mitigations["launch"]) if mitigations else 0,
            tsc_desired_khz=tsc["desired_khz"],
            tsc_offset=as_number(tsc["offset"]),
            msg_count=tuple(as_number(count) for count in guest["msg_count"]),
        ),
        Switches(**{field.name: messages[field.name] for field in fields(Switches)}),
    )


def _guest(base: Guest, changes: Mapping[str, Any]) -> Guest:
    new: dict[str, Any] = {}
    for name, value in changes.items():
        if name == "id_block":
            new[name] = _id_block(value, base.id_block)
        elif name in ("host_data", "measurement"):
            new[name] = bytes.fromhex(value)
        elif name in ("vcek_dis", "state"):
            new[name] = value
        else:
            new[name] = as_number(value)
    return replace(base, **new)


def _platform(base: Platform, changes: Mapping[str, Any]) -> Platform:
    new: dict[str, Any] = {}
    for name, value in changes.items():
        if name == "chip_id":
            new[name] = bytes.fromhex(value)
        elif name.endswith("_tcb"):
            new[name] = le(as_number(value), 8)
        else:
            new[name] = value
    return replace(base, **new)


def of_input(given: Mapping[str, Any], own: Mapping[str, Any] | None = None) -> Machine:
    """The machine that a case's input asks for. OWN: one request's changes on top of the case's."""
    machine = builtin(given["profile"])
    guest, platform = machine.guest, machine.platform
    for changes in (given, own or {}):
        guest = _guest(guest, changes.get("guest", {}))
        platform = _platform(platform, changes.get("platform", {}))
    if "msg_count" in given:
        guest = replace(guest, msg_count=tuple(as_number(count) for count in given["msg_count"]))
    assert len(guest.msg_count) == VMPCK_COUNT
    options = dict(given.get("policy", {}))
    if "key_req_v2_sizes" in options:
        options["key_req_v2_sizes"] = tuple(options["key_req_v2_sizes"])
    return Machine(platform, guest, replace(machine.switches, **options))
