"""Family key: KEY_REQ's rules, and what a guest key depends on."""

from __future__ import annotations

from typing import Any

from reference.bundle import Family
from reference.families import _key_bounds, _key_derivation
from reference.families._key import (
    COMMITTED,
    FIELDS_V1,
    FIELDS_V2,
    MASKED,
    MILAN_V2,
    MIT_FIELD,
    RESERVED_SEL,
    SVN_FIELD,
    TCB_FIELD,
    V2,
    V2_POLICY,
    VCEK,
    VCEK_DIS,
    VLEK,
    VMRK,
    WITH_V2,
    WITH_VLEK,
    Cases,
    Change,
    Request,
    tcb,
)
from reference.families._machine import MACHINE

TEXT = f"""
Requests for a key. Op `key`: each of `requests` goes to a fresh machine of the built-in `profile`, all
with the same randomness. A request's members: `vmpck`, `version` (MSG_VERSION), `size` (MSG_SIZE),
`select` (bit 0 ROOT_KEY_SELECT, bits 2:1 KEY_SEL), `reserved` (the dword 0x04), `fields`
(GUEST_FIELD_SELECT), `vmpl`, `guest_svn`, `tcb`, `launch_mit_vector`; what is absent is 0, `version` 1
and `size` 0x20. `launch` 2 asks for the second guest that the machine launches. `profile` is a file of the
folder emulator/profiles/ (docs/profiles.md), which says what chip, platform, guest and firmware are like;
`guest`, `platform` (of the case, then of the request) and `policy` change it:
{MACHINE}

One request: `expect.status` is the status that refuses it, inside the response when `output.mailbox` is
SUCCESS; `output.key` is `set` or `zero`, `output.version` and `output.size` are MSG_VERSION and MSG_SIZE
of the response. Two requests: both are granted, and `output.keys` says whether their keys are `equal` or
`different`.

AMD does not publish the derivation. `output.derived_key`, which a key from VCEK or VLEK has, is that of our
test KDF (docs/test-keys.md, "Guest keys"): an implementation with another derivation leaves this member out.
The rules of version 2 and of the launch mitigation vector are partly unconfirmed; a case that depends on a
switch states it in `policy`.
"""


REFUSED = {"mailbox": "INVALID_PARAM"}
# What a request passes that asks for the VCEK and mixes nothing in.
PLAIN_RULES = tuple(f"SNP-KEY-{number:03}" for number in (5, 6, 7, 8, 11, 13, 22))


def _form(c: Cases) -> None:
    """Check 1, and the sizes and versions of 9.1."""
    c.good("plain", "Version 1, VCEK, nothing mixed in", "SNP-KEY-001", {}, also=PLAIN_RULES)
    c.good("plain-known", "The same on firmware 1.55.25", "SNP-KEY-022", {}, profile="genoa-1.55.25-v2-vcek")
    c.good("vmrk", "VMRK, nothing mixed in", "SNP-KEY-012", {"select": VMRK})
    everything: Request = {"fields": FIELDS_V1, "guest_svn": 7, "tcb": tcb("Genoa", **COMMITTED)}
    c.good("all", "Version 1 with all six fields at their bounds", "SNP-KEY-015", everything)
    select, dword = "a reserved bit of the select dword is set", "the dword 0x04 is not zero"
    for name, value, defect, requirement, boundary in (
        ("select-3", {"select": 8}, select, 5, None),
        ("select-16", {"select": 1 << 16}, select, 5, "a bit of the upper half"),
        ("select-31", {"select": 1 << 31}, select, 5, "the last bit"),
        ("reserved-0", {"reserved": 1}, dword, 6, None),
        ("reserved-31", {"reserved": 1 << 31}, dword, 6, "the last bit"),
    ):
        title = f"{defect}: bit {name.split('-')[1]}"
        c.bad(
            name,
            defect,
            f"SNP-KEY-{requirement:03}",
            value,
            f"0.{next(iter(value))}",
            title=title,
            boundary=boundary,
        )
    with_root = {"select": VMRK | 8}
    c.bad(
        "select-3-vmrk",
        select,
        "SNP-KEY-005",
        with_root,
        "0.select",
        title=f"{select} beside ROOT_KEY_SELECT 1",
        boundary="beside ROOT_KEY_SELECT 1",
        twin="vmrk",
    )
    c.good("v2", "Version 2 of 0x28 bytes", "SNP-KEY-002", V2, also=("SNP-KEY-024",), **WITH_V2)
    c.good("v2-padded", "Version 2 of 0x30 bytes", "SNP-KEY-003", {"version": 2, "size": 0x30}, **WITH_V2)
    everything = {**V2, "fields": FIELDS_V2, "guest_svn": 7, "launch_mit_vector": "0xb"}
    c.good("v2-all", "Version 2 with all seven fields", "SNP-KEY-015", everything, **WITH_V2)
    c.bad(
        "v2-unknown",
        "MSG_VERSION is 2 where firmware knows 1",
        "SNP-KEY-002",
        {"version": 2},
        "0.version",
        output=REFUSED,
        twin="plain-known",
        profile="genoa-1.55.25-v2-vcek",
    )
    none = "MSG_SIZE of version 2 is none that key_req_v2_sizes may list"
    for size, twin, boundary in ((0x38, "v2-padded", None), (0x18, "v2", "less than version 1 has")):
        c.bad(
            f"v2-size-{size:x}",
            none,
            "SNP-KEY-003",
            {"version": 2, "size": size},
            "0.size",
            title=f"{none}: {size:#x}",
            boundary=boundary,
            twin=twin,
            output=REFUSED,
            **WITH_V2,
        )
    for size, other in ((0x28, 0x30), (0x30, 0x28), (0x20, 0x28)):
        c.open(
            f"v2-size-{size:x}",
            f"Version 2 of {size:#x} bytes",
            "SNP-KEY-003",
            {"version": 2, "size": size},
            accept={"key_req_v2_sizes": [size]},
            refuse={"key_req_v2_sizes": [other]},
            profile=MILAN_V2,
            policy={"key_rsp_v2_version": 2},
        )
    c.good(
        "v2-answer-1",
        "Version 2, answered with MSG_VERSION 1 as the switch says",
        "SNP-KEY-024",
        V2,
        output={"mailbox": "SUCCESS", "key": "set", "version": 1, "size": 0x40},
        profile=MILAN_V2,
        policy={**V2_POLICY, "key_rsp_v2_version": 1},
    )


def _roots(c: Cases) -> None:
    """Checks 2 and 3."""
    vcek, vlek, reserved = {"select": VCEK}, {"select": VLEK}, {"select": RESERVED_SEL}
    key: dict[str, Any] = {"status": "INVALID_KEY"}
    c.good("vcek", "KEY_SEL 1 where the VCEK may be used", "SNP-KEY-010", vcek)
    c.good("vcek-beside", "KEY_SEL 1 with a VLEK loaded", "SNP-KEY-010", vcek, platform=WITH_VLEK)
    c.good("vlek", "KEY_SEL 2 with a VLEK loaded", "SNP-KEY-009", vlek, platform=WITH_VLEK)
    c.good(
        "vlek-dis", "KEY_SEL 2 with a VLEK, VCEK_DIS", "SNP-KEY-009", vlek, platform=WITH_VLEK, guest=VCEK_DIS
    )
    c.good(
        "default-dis",
        "KEY_SEL 0 with a VLEK, VCEK_DIS",
        "SNP-KEY-011",
        {},
        platform=WITH_VLEK,
        guest=VCEK_DIS,
    )
    for name, sel in (("vcek", VCEK), ("vlek", VLEK), ("3", RESERVED_SEL)):
        title = f"VMRK: KEY_SEL {sel >> 1} is not looked at"
        c.good(f"vmrk-sel-{name}", title, "SNP-KEY-012", {"select": VMRK | sel})
    c.good("vmrk-masked", "VMRK while MASK_CHIP_KEY is set", "SNP-KEY-012", {"select": VMRK}, platform=MASKED)
    c.good("vmrk-dis", "VMRK of a guest with VCEK_DIS", "SNP-KEY-012", {"select": VMRK}, guest=VCEK_DIS)
    masked: list[Change] = [("platform.mask_chip_key", "MASK_CHIP_KEY", None)]
    c.bad("masked", "MASK_CHIP_KEY is set", "SNP-KEY-007", {}, "", changes=masked, platform=MASKED, **key)
    c.bad(
        "masked-vcek",
        "MASK_CHIP_KEY is set, KEY_SEL is 1",
        "SNP-KEY-007",
        vcek,
        "",
        twin="vcek",
        changes=masked,
        platform=MASKED,
        **key,
    )
    c.bad(
        "masked-vlek",
        "MASK_CHIP_KEY is set, a VLEK is loaded and asked for",
        "SNP-KEY-007",
        vlek,
        "",
        twin="vlek",
        changes=masked,
        platform={**WITH_VLEK, **MASKED},
        **key,
    )
    c.bad("sel-3", "KEY_SEL is 3", "SNP-KEY-008", reserved, "0.select", **key)
    c.bad(
        "sel-3-vlek",
        "KEY_SEL is 3, a VLEK is loaded",
        "SNP-KEY-008",
        reserved,
        "0.select",
        twin="vlek",
        platform=WITH_VLEK,
        **key,
    )
    c.bad("vlek-absent", "KEY_SEL is 2 and no VLEK is loaded", "SNP-KEY-009", vlek, "0.select", **key)
    dis: list[Change] = [("guest.vcek_dis", "VCEK_DIS", None)]
    c.bad(
        "vcek-dis",
        "KEY_SEL is 1 and the guest has VCEK_DIS",
        "SNP-KEY-010",
        vcek,
        "",
        twin="vcek",
        changes=dis,
        guest=VCEK_DIS,
        **key,
    )
    c.bad(
        "vcek-dis-beside",
        "KEY_SEL is 1, VCEK_DIS, and a VLEK does not stand in",
        "SNP-KEY-010",
        vcek,
        "0.select",
        twin="default-dis",
        platform=WITH_VLEK,
        guest=VCEK_DIS,
        **key,
    )
    c.bad(
        "default-none",
        "KEY_SEL is 0, VCEK_DIS and no VLEK",
        "SNP-KEY-011",
        {},
        "",
        changes=dis,
        guest=VCEK_DIS,
        **key,
    )


def _vmpl_and_fields(c: Cases) -> None:
    """Checks 4 and 5."""
    low = "VMPL is below MSG_VMPCK"
    for vmpck in (1, 2, 3):
        request = {"vmpck": vmpck, "vmpl": vmpck}
        c.good(f"vmpl-{vmpck}", f"VMPL {vmpck} under VMPCK{vmpck}", "SNP-KEY-013", request)
        lower = {"vmpck": vmpck, "vmpl": vmpck - 1}
        c.bad(
            f"vmpl-below-{vmpck}",
            low,
            "SNP-KEY-013",
            lower,
            "0.vmpl",
            twin=f"vmpl-{vmpck}",
            title=f"VMPL {vmpck - 1} is asked for under VMPCK{vmpck}",
            boundary=None if vmpck == 1 else f"under VMPCK{vmpck}: the numbers are compared",
        )
    c.good("vmpl-above", "VMPL 3 under VMPCK0", "SNP-KEY-013", {"vmpl": 3})
    c.bad(
        "vmpl-below-vmrk",
        low,
        "SNP-KEY-013",
        {"select": VMRK, "vmpck": 1},
        "0.vmpck",
        twin="vmrk",
        title="VMRK: VMPL 0 is asked for under VMPCK1",
        boundary="VMRK as root",
    )
    for name, vmpl in (("4", 4), ("256", 256), ("host", 0xFFFFFFFF)):
        c.open(
            f"vmpl-{name}",
            f"VMPL {vmpl:#x}",
            "SNP-KEY-014",
            {"vmpl": vmpl},
            accept={"vmpl_max_3": False},
            refuse={"vmpl_max_3": True},
        )
    unknown, mitigation = "an unknown bit of GUEST_FIELD_SELECT is set", "bit 6 is set in a version 1 request"
    for bit, defect, boundary in (
        (6, mitigation, None),
        (7, unknown, None),
        (31, unknown, "the last bit of the lower half"),
        (32, unknown, "the first bit of the upper half"),
        (63, unknown, "the last bit"),
    ):
        c.bad(
            f"fields-{bit}",
            defect,
            "SNP-KEY-015",
            {"fields": hex(1 << bit)},
            "0.fields",
            title=f"bit {bit} of GUEST_FIELD_SELECT in a version 1 request",
            boundary=boundary,
        )
    for bit in (7, 63):
        wide: Request = {**V2, "fields": hex(1 << bit)}
        c.bad(
            f"v2-fields-{bit}",
            unknown,
            "SNP-KEY-015",
            wide,
            "0.fields",
            twin="v2",
            title=f"bit {bit} of GUEST_FIELD_SELECT in a version 2 request",
            boundary=f"version 2, bit {bit}",
            **WITH_V2,
        )
    c.bad(
        "v1-mit-field",
        mitigation,
        "SNP-KEY-015",
        {"fields": MIT_FIELD},
        "0.fields",
        twin="v1-beside-v2",
        title="bit 6 in a version 1 request, where version 2 has it",
        boundary="where version 2 has it",
        profile=MILAN_V2,
    )
    c.good("v1-beside-v2", "Version 1 where version 2 is known", "SNP-KEY-004", {}, profile=MILAN_V2)
    c.bad(
        "v1-size-28",
        "MSG_SIZE of version 1 is version 2's 0x28, no multiple of 16",
        "SNP-MSG-041",
        {"size": 0x28},
        "0.size",
        output=REFUSED,
    )


def _order(c: Cases) -> None:
    """Of two faults the earlier check is told."""

    def pair(
        name: str, defect: str, request: Request, status: str, twin: str = "plain", **given: Any
    ) -> None:
        changes: list[Change] = [("requests", ", ".join(c.otherwise(request, twin)), None)]
        if "platform" in given:
            changes.append(("platform.mask_chip_key", "MASK_CHIP_KEY", None))
        c.bad(
            f"order-{name}",
            defect,
            "SNP-KEY-021",
            request,
            "",
            status=status,
            twin=twin,
            changes=changes,
            layer="order",
            **given,
        )

    key, parameter = "INVALID_KEY", "INVALID_PARAM"
    low = {"select": RESERVED_SEL, "vmpck": 2, "vmpl": 1}
    pair(
        "reserved-masked",
        "a reserved bit is set and MASK_CHIP_KEY too",
        {"select": 8},
        parameter,
        platform=MASKED,
    )
    pair("reserved-sel", "a reserved bit is set and KEY_SEL is 3", {"select": 8 | RESERVED_SEL}, parameter)
    pair(
        "dword-sel",
        "the dword 0x04 is not zero and KEY_SEL is 3",
        {"reserved": 1, "select": RESERVED_SEL},
        parameter,
    )
    pair("sel-vmpl", "KEY_SEL is 3 and VMPL is below MSG_VMPCK", low, key)
    fields = {"select": RESERVED_SEL, "fields": hex(1 << 63)}
    pair("sel-fields", "KEY_SEL is 3 and GUEST_FIELD_SELECT has bit 63", fields, key)
    high = {"select": RESERVED_SEL, "fields": TCB_FIELD, "tcb": hex(0xFF)}
    pair("sel-tcb", "KEY_SEL is 3 and TCB_VERSION is above the committed one", high, key, twin="tcb")
    svn = {"select": RESERVED_SEL, "fields": SVN_FIELD, "guest_svn": 8}
    pair("sel-svn", "KEY_SEL is 3 and GUEST_SVN is too high", svn, key, twin="svn")
    low_masked = {"vmpck": 2, "vmpl": 1}
    pair("masked-vmpl", "MASK_CHIP_KEY is set and VMPL is below MSG_VMPCK", low_masked, key, platform=MASKED)
    other: dict[str, Any] = {
        "profile": MILAN_V2,
        "policy": {**V2_POLICY, "launch_mit_status": "POLICY_FAILURE"},
    }
    mit = {**V2, "fields": MIT_FIELD | SVN_FIELD, "guest_svn": 8, "launch_mit_vector": "0x4"}
    pair(
        "svn-mit",
        "GUEST_SVN is too high and LAUNCH_MIT_VECTOR has a clear bit",
        mit,
        parameter,
        twin="mit-other",
        **other,
    )
    mit = {**V2, "vmpck": 1, "fields": MIT_FIELD, "launch_mit_vector": "0x4"}
    pair(
        "vmpl-mit",
        "VMPL is below MSG_VMPCK and LAUNCH_MIT_VECTOR has a clear bit",
        mit,
        parameter,
        twin="mit-other",
        **other,
    )


def build() -> Family:
    """The family."""
    family = Family("key", "Guest keys: KEY_REQ", TEXT)
    family.note(
        "key-tcb-component",
        bug_class="TCB_VERSION compared as one number",
        effect="a key for a TCB that the platform has not committed to, or no key for one that it has",
        origin="virtee/snpguest#76",
    )
    family.note(
        "key-vmrk-relaunch",
        bug_class="VMRK taken for a lasting root",
        effect="data sealed under a VMRK key is lost at the next launch",
        origin="AMDESE/AMDSEV#241",
    )
    family.note(
        "key-input-missing",
        bug_class="an input left out of the derivation",
        effect="guests that must not share a key have the same one",
    )
    family.note(
        "key-input-extra",
        bug_class="an input mixed in that was not selected",
        effect="a guest does not get its key back",
    )
    c = Cases(family)
    _form(c)
    _roots(c)
    _vmpl_and_fields(c)
    _key_bounds.add(c)
    _order(c)
    _key_derivation.add(c)
    return family
