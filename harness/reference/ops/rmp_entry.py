"""Op rmp_entry: 16 bytes that are an entry of the RMP, or the structure of RMPUPDATE and RMPREAD.

Input: `layout` ("genoa", "milan" or "structure"), `raw` in hex; `exact`: the fields make these very bytes
again. Output: the members of `entry` as family rmp has them, and `state`; of a structure `fields`.
"""

from __future__ import annotations

from typing import Any

from reference import rmp_raw
from reference import rmp_types as t
from reference.bundle import Case, Seen


def run(case: Case) -> Seen:
    layout, raw = case.input["layout"], bytes.fromhex(case.input["raw"])
    if layout == "structure":
        return Seen("valid", output={"fields": structure(rmp_raw.decode_structure(raw))})
    entry = rmp_raw.decode(layout, raw)
    if case.input.get("exact", False) and rmp_raw.encode(layout, entry) != raw:
        return Seen("invalid", reason="encoding", where=rmp_raw.encode(layout, entry).hex())
    return Seen("valid", output={"entry": members(entry), "state": t.state_of(entry).value.lower()})


def members(e: t.Entry) -> dict[str, Any]:
    return {
        "size": "2M" if e.size is t.Size.M2 else "4K",
        "assigned": e.assigned,
        "immutable": e.immutable,
        "validated": e.validated,
        "vmsa": e.vmsa,
        "asid": e.asid,
        "gpa": hex(e.gpa),
        "perms": bytes(e.perms).hex(),
        "mark": e.mark.name.lower(),
        "subpages": e.subpages,
    }


def structure(e: t.Request) -> dict[str, Any]:
    return {
        "gpa": hex(e.gpa),
        "assigned": e.assigned,
        "size": "2M" if e.size is t.Size.M2 else "4K",
        "region_assigned": e.region_assigned,
        "immutable": e.immutable,
        "asid": e.asid,
    }
