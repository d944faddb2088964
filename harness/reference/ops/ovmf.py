"""Op "ovmf": the launch digest of a whole guest. families/measurement.py says what the members mean."""

from __future__ import annotations

from typing import Any

from reference import ovmf
from reference.bundle import Case, Seen
from reference.measure import Guest, measure


def guest_of(given: dict[str, Any]) -> Guest:
    options = given.get("policy", {})
    return Guest(
        image=given["ovmf"],
        vcpus=given["vcpus"],
        vcpu_type=given["vcpu_type"],
        host=given["vmm"],
        features=int(given["guest_features"], 16),
        kernel=given.get("kernel"),
        initrd=given.get("initrd"),
        append=given.get("append"),
        svsm=given.get("svsm"),
        vars_size=given.get("vars_size", 0),
        ec2_rdx=int(options.get("ec2_rdx", "0x600"), 16),
        svsm_fcw=int(options.get("svsm_fcw", "0x0"), 16),
    )


def run(case: Case) -> Seen:
    given = case.input
    try:
        measured = measure(guest_of(given)).hex()
    except ovmf.BadImageError as bad:
        return Seen("invalid", reason=bad.reason, where=str(bad))
    if given.get("claimed", measured) != measured:
        return Seen("invalid", reason="measurement", output={"measurement": measured})
    return Seen("valid", output={"measurement": measured})
