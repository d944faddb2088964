"""What the parts of family key share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from reference import ops
from reference.bundle import Family
from reference.single import rows
from reference.tcb import pack

GENOA = "genoa-1.55.40-v3-vcek"  # ID block with SVN 7, no author key, version 1 only
TURIN = "turin-1.55.65-v5-vcek"
MILAN_V2 = "milan-1.58.0-v5-vcek"  # version 2 in 0x28 and 0x30 bytes, launch vector 0xb, an author key

VMRK, VCEK, VLEK, RESERVED_SEL = 1, 2, 4, 6  # the select dword
FIELDS_V1, FIELDS_V2 = 0x3F, 0x7F
WITH_VLEK: dict[str, Any] = {"csp_id": "CN=sevkit-csp-1.example"}
VCEK_DIS: dict[str, Any] = {"vcek_dis": True}
MASKED: dict[str, Any] = {"mask_chip_key": True}

TCB_FIELD, SVN_FIELD, MIT_FIELD = 1 << 5, 1 << 4, 1 << 6  # of GUEST_FIELD_SELECT
COMMITTED = {"boot_loader": 10, "tee": 0, "snp": 23, "microcode": 84}  # GENOA's
TURIN_COMMITTED = {"fmc": 1, "boot_loader": 1, "tee": 1, "snp": 4, "microcode": 81}

Request = dict[str, Any]
Change = tuple[str, str, str | None]
V2: Request = {"version": 2, "size": 0x28}
# Sizes and answer of version 2 are not confirmed: a case says which it means.
V2_POLICY: dict[str, Any] = {"key_req_v2_sizes": [0x28, 0x30], "key_rsp_v2_version": 2}
WITH_V2: dict[str, Any] = {"profile": MILAN_V2, "policy": V2_POLICY}


def tcb(product: str, **parts: int) -> str:
    """A TCB_VERSION as the file has it."""
    return hex(int.from_bytes(pack(product, parts), "little"))


def asking(requests: list[Request], profile: str = GENOA, **more: Any) -> dict[str, Any]:
    """A case's input."""
    return {"op": "key", "profile": profile, "requests": requests, **more}


def granted(version: int = 1) -> dict[str, Any]:
    """The output of a key that is given."""
    return {"mailbox": "SUCCESS", "key": "set", "version": version, "size": 0x40}


def denied(version: int = 1) -> dict[str, Any]:
    """The output of a refusal in the payload."""
    return {"mailbox": "SUCCESS", "key": "zero", "version": version, "size": 0x40}


class Cases:
    """The family with the shapes of its cases."""

    def __init__(self, family: Family) -> None:
        self.family = family

    def good(
        self,
        name: str,
        title: str,
        requirement: str,
        request: Request,
        *,
        output: Mapping[str, Any] | None = None,
        flags: tuple[str, ...] = (),
        also: tuple[str, ...] = (),
        **given: Any,
    ) -> None:
        """A key that is given."""
        seen = granted(request.get("version", 1)) if output is None else output
        self.family.valid(
            name, title, (requirement, *also), "rule", asking([request], **given), seen, flags=flags
        )
        derived = ops.run(self.family.cases[-1]).output.get("derived_key")
        if derived is not None:  # one that follows from the chip: a VMRK is random
            self.family.cases[-1].expect["output"]["derived_key"] = derived

    def bad(
        self,
        name: str,
        defect: str,
        requirement: str,
        request: Request,
        field: str,
        *,
        twin: str = "plain",
        status: str = "INVALID_PARAM",
        changes: Iterable[Change] | None = None,
        output: Mapping[str, Any] | None = None,
        layer: str = "rule",
        boundary: str | None = None,
        title: str | None = None,
        product: str | None = None,
        flags: tuple[str, ...] = (),
        also: tuple[str, ...] = (),
        **given: Any,
    ) -> None:
        """A key that is refused. Without CHANGES FIELD of the request is wrong. TITLE: the defect."""
        said = title or defect
        zero = () if output is not None else ("SNP-KEY-023",)
        self.family.invalid(
            name,
            said[0].upper() + said[1:],
            (requirement, *also, *zero),
            layer,
            asking([request], **given),
            twin=twin,
            defect=defect,
            changes=[("requests", field, None)] if changes is None else changes,
            status=status,
            output=denied(request.get("version", 1)) if output is None else output,
            boundary=boundary,
            product=product,
            flags=flags,
        )

    def otherwise(self, request: Request, twin: str) -> list[str]:
        """The members of REQUEST that the case TWIN has otherwise, as changes name them."""
        other = next(case for case in self.family.cases if case.id == f"{self.family.name}.{twin}")
        return rows.numbered([request], other.input["requests"])

    def open(
        self,
        name: str,
        title: str,
        requirement: str,
        request: Request,
        *,
        accept: Mapping[str, Any],
        refuse: Mapping[str, Any],
        **given: Any,
    ) -> None:
        """A request that a switch decides."""
        self.family.policy(
            name,
            title,
            (requirement,),
            "rule",
            asking([request], **given),
            accept=accept,
            refuse=refuse,
            status="INVALID_PARAM",
        )

    def keys(
        self,
        name: str,
        title: str,
        requirement: str,
        keys: str,
        first: Request,
        second: Request,
        *,
        flags: tuple[str, ...] = (),
        **given: Any,
    ) -> None:
        """Two keys that are "equal" or "different"."""
        self.family.valid(
            name,
            title,
            (requirement,),
            "derivation",
            asking([first, second], **given),
            {"keys": keys},
            flags=flags,
        )
