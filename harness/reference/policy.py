"""The policy file of docs/verifier.md: what it may say, and what a report has to say under it.

Everything about it is our own choice; VRF-069 to VRF-099, VRF-115 to VRF-119 and VRF-125 are the rules.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from reference import tcb
from reference.report import HOST_VMPL, Report

Version = tuple[int, ...]
U64 = (1 << 64) - 1

SMT, MIGRATE_MA, DEBUG, SINGLE_SOCKET = 16, 18, 19, 20
RAPL_DIS, CIPHERTEXT_HIDING = 23, 24
POLICY_UNKNOWN = ~((1 << 26) - 1) & U64
PLATFORM_SMT, PLATFORM_RAPL_DIS, PLATFORM_CIPHERTEXT_HIDING = 0, 3, 4
PLATFORM_UNKNOWN = ~0xFF & U64  # bit 6 is not among them: genuine Turin firmware sets it
MASK_CHIP_KEY = 2  # of KEY_INFO
VCEK = 0  # of SIGNING_KEY


class PolicyFileError(ValueError):
    """A policy that is not in order; the text begins with the member."""


class PolicyError(ValueError):
    """A report that the policy refuses."""


# ---- the file ----


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise PolicyFileError("not true or false")
    return value


def _whole(value: Any, most: int, least: int = 0) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise PolicyFileError(f"not a number from {least} to {most}")
    return value


def _bits(value: Any) -> int:
    if isinstance(value, str):
        if not re.fullmatch(r"0x[0-9a-fA-F]{1,16}", value):
            raise PolicyFileError("not 0x and up to 16 hex digits")
        return int(value, 16)
    return _whole(value, U64)


def _version(parts: int) -> Callable[[Any], Version]:
    def read(value: Any) -> Version:
        form = r"[0-9]{1,3}" + r"\.[0-9]{1,3}" * (parts - 1)
        if not isinstance(value, str) or not re.fullmatch(form, value):
            raise PolicyFileError(f"not {parts} numbers with dots between")
        numbers = tuple(int(part) for part in value.split("."))
        if max(numbers) > 255:
            raise PolicyFileError("a number above 255")
        return numbers

    return read


def _hex(size: int) -> Callable[[Any], bytes]:
    def read(value: Any) -> bytes:
        if not isinstance(value, str) or not re.fullmatch(rf"[0-9a-fA-F]{{{2 * size}}}", value):
            raise PolicyFileError(f"not {2 * size} hex digits")
        return bytes.fromhex(value)

    return read


def _floor(value: Any) -> dict[str, int]:
    if not isinstance(value, Mapping) or set(value) != set(tcb.COMPONENTS):
        raise PolicyFileError("not an object of " + ", ".join(tcb.COMPONENTS))
    return {name: _whole(number, 255) for name, number in value.items()}


def _csp(value: Any) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= 127:
        raise PolicyFileError("not a text of 1 to 127 characters")
    return value


def _product(value: Any) -> str:
    if value not in tcb.PRODUCTS:
        raise PolicyFileError("not " + ", ".join(tcb.PRODUCTS))
    return str(value)


FLAGS = {
    "future_versions": False,
    "allow_long_report": False,
    "allow_unknown_reserved": False,
    "allow_unknown_product": False,
    "allow_debug": True,
    "allow_migration_agent": True,
    "allow_smt": True,
    "require_single_socket": False,
    "allow_unknown_policy": False,
    "allow_unknown_platform": False,
    "allow_host_report": False,
    "allow_provisional": True,
    "allow_masked_chip_id": True,
    "allow_mask_chip_key": False,
    "require_revocation": False,
}
# Fields of the report that the policy may state, in bytes.
EXPECTED = {
    "report_data": 64,
    "chip_id": 64,
    "measurement": 48,
    "id_key_digest": 48,
    "author_key_digest": 48,
    "host_data": 32,
    "report_id": 32,
    "report_id_ma": 32,
    "family_id": 16,
    "image_id": 16,
}
MEMBERS: dict[str, Callable[[Any], Any]] = (
    dict.fromkeys(FLAGS, _flag)
    | {name: _hex(size) for name, size in EXPECTED.items()}
    | {
        "vmpl_max": lambda value: _whole(value, 3),
        "report_version_min": lambda value: _whole(value, 5, 2),
        "guest_svn_min": lambda value: _whole(value, 0xFFFFFFFF),
        "platform_required": _bits,
        "platform_forbidden": _bits,
        "launch_mit_required": _bits,
        "current_mit_required": _bits,
        "abi_min": _version(2),
        "firmware_min": _version(3),
        "tcb_min": _floor,
        "launch_tcb_min": _floor,
        "csp_id": _csp,
        "product": _product,
    }
)


@dataclass(frozen=True)
class Policy:
    """The members that the file states, each in its own type."""

    stated: dict[str, Any]

    def flag(self, name: str) -> bool:
        return bool(self.stated.get(name, FLAGS[name]))

    def get(self, name: str) -> Any:
        return self.stated.get(name)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise PolicyFileError(f"{name}: given twice")
        found[name] = value
    return found


def parse(text: str) -> Policy:
    """A policy file's text."""
    try:
        value = json.loads(text, object_pairs_hook=_once)
    except (json.JSONDecodeError, RecursionError) as error:
        raise PolicyFileError(f"not JSON: {error}") from error
    return read(value)


def read(value: Any) -> Policy:
    """A policy file's object."""
    if not isinstance(value, Mapping):
        raise PolicyFileError("not an object")
    stated = {}
    for name, given in value.items():
        if name not in MEMBERS:
            raise PolicyFileError(f"{name}: unknown member")
        try:
            stated[name] = MEMBERS[name](given)
        except PolicyFileError as error:
            raise PolicyFileError(f"{name}: {error}") from error
    return Policy(stated)


# ---- stage tcb ----


def _below(report: Report, name: str, product: str, floor: dict[str, int] | None) -> None:
    if floor is None:
        return
    found = tcb.parts(product, report.bytes(name))
    for component, least in floor.items():
        if found[component] < least:
            raise PolicyError(f"{name}.{component} is below the floor")


def check_tcb(policy: Policy, report: Report, product: str) -> None:
    """Stage `tcb`: reserved bytes, the order of TCBs and versions, the floors."""
    strict = not policy.flag("allow_unknown_reserved")
    for name in ("current_tcb", "reported_tcb", "committed_tcb", "launch_tcb"):
        if strict and tcb.reserved_byte(product, report.bytes(name)) is not None:
            raise PolicyError(f"{name}: a reserved byte")
    for lower, upper in (("reported_tcb", "committed_tcb"), ("committed_tcb", "current_tcb")):
        if component := tcb.above(product, report.bytes(lower), report.bytes(upper)):
            raise PolicyError(f"{component} of {lower} is above {upper}")
    if report.firmware("committed") > report.firmware("current"):
        raise PolicyError("the committed version is above the current one")
    _below(report, "reported_tcb", product, policy.get("tcb_min"))
    _below(report, "launch_tcb", product, policy.get("launch_tcb_min"))
    least = policy.get("firmware_min")
    if least is not None and report.firmware("current") < least:
        raise PolicyError("the current version is below the floor")


# ---- stage policy ----


def _check_guest_policy(policy: Policy, report: Report) -> None:
    bits = report.number("policy")

    def is_set(bit: int) -> bool:
        return bool(bits >> bit & 1)

    if bits & POLICY_UNKNOWN and not policy.flag("allow_unknown_policy"):
        raise PolicyError("unknown bits of POLICY")
    for bit, name in ((DEBUG, "allow_debug"), (MIGRATE_MA, "allow_migration_agent"), (SMT, "allow_smt")):
        if is_set(bit) and not policy.flag(name):
            raise PolicyError(f"POLICY bit {bit}")
    if policy.flag("require_single_socket") and not is_set(SINGLE_SOCKET):
        raise PolicyError("POLICY without SINGLE_SOCKET")
    least = policy.get("abi_min")
    if least is not None and (bits >> 8 & 0xFF, bits & 0xFF) < least:
        raise PolicyError("ABI version of POLICY")


def _check_platform(policy: Policy, report: Report) -> None:
    bits, guest = report.number("platform_info"), report.number("policy")

    def both(policy_bit: int, platform_bit: int) -> tuple[int, int]:
        return guest >> policy_bit & 1, bits >> platform_bit & 1

    if bits & PLATFORM_UNKNOWN and not policy.flag("allow_unknown_platform"):
        raise PolicyError("unknown bits of PLATFORM_INFO")
    # What no firmware combines.
    if both(SMT, PLATFORM_SMT) == (0, 1):
        raise PolicyError("SMT is on, POLICY forbids it")
    if both(RAPL_DIS, PLATFORM_RAPL_DIS) == (1, 0):
        raise PolicyError("RAPL is on, POLICY forbids it")
    if both(CIPHERTEXT_HIDING, PLATFORM_CIPHERTEXT_HIDING) == (1, 0):
        raise PolicyError("ciphertext hiding is off, POLICY demands it")
    if ~bits & (policy.get("platform_required") or 0):
        raise PolicyError("PLATFORM_INFO lacks a bit")
    if bits & (policy.get("platform_forbidden") or 0):
        raise PolicyError("PLATFORM_INFO has a bit")


def _check_vmpl(policy: Policy, report: Report) -> None:
    vmpl = report.number("vmpl")
    if vmpl == HOST_VMPL:
        if not policy.flag("allow_host_report"):
            raise PolicyError("a report that the host asked for")
        return
    most = policy.get("vmpl_max")
    if vmpl > (3 if most is None else most):
        raise PolicyError(f"VMPL {vmpl}")


def _check_mitigations(policy: Policy, report: Report) -> None:
    for name in ("launch", "current"):
        field = f"{name}_mit_vector"
        found = report.number(field) if report.has(field) else 0
        if ~found & (policy.get(f"{name}_mit_required") or 0):
            raise PolicyError(f"{field} lacks a bit")


def _provisional(report: Report) -> bool:
    return report.bytes("committed_tcb") != report.bytes("current_tcb") or report.firmware(
        "committed"
    ) != report.firmware("current")


def check_policy(policy: Policy, report: Report, product: str, csp_id: str | None) -> None:
    """Stage `policy`. CSP_ID is the VLEK's, None under a VCEK."""
    _check_guest_policy(policy, report)
    _check_platform(policy, report)
    _check_vmpl(policy, report)
    _check_mitigations(policy, report)
    if not policy.flag("allow_provisional") and _provisional(report):
        raise PolicyError("provisional firmware")
    masked = report.signing_key == VCEK and report.number("key_info") & MASK_CHIP_KEY
    if masked and not policy.flag("allow_mask_chip_key"):
        raise PolicyError("MASK_CHIP_KEY under a VCEK")
    svn = policy.get("guest_svn_min")
    if svn is not None and report.number("guest_svn") < svn:
        raise PolicyError("GUEST_SVN")
    for name in EXPECTED:
        wanted = policy.get(name)
        if wanted is not None and report.bytes(name) != wanted:
            raise PolicyError(f"{name} is another one")
    if policy.get("author_key_digest") is not None and not report.number("key_info") & 1:
        raise PolicyError("AUTHOR_KEY_EN is 0")
    if policy.get("csp_id") is not None and policy.get("csp_id") != csp_id:
        raise PolicyError("another CSP, or a VCEK")
    if policy.get("product") is not None and policy.get("product") != product:
        raise PolicyError("another product line")
