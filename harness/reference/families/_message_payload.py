"""Family message: requests whose payload is judged, the verdict being in the response."""

from __future__ import annotations

from typing import Any

from reference.families._message import (
    GENOA_KNOWN,
    MILAN_V2,
    REPORT_DATA,
    V2_POLICY,
    Cases,
    answered,
    key_req,
    page,
    report_req,
    request,
)
from reference.message import KEY, TSC_INFO, le, patched

VCEK_DIS: dict[str, Any] = {"vcek_dis": True}
VLEK: dict[str, Any] = {"csp_id": "CN=sevkit-csp-1.example"}
TSC = bytes(0x80)


def _report_valid(c: Cases) -> None:
    def granted(name: str, title: str, requirement: str, data: bytes, vmpl: int, **given: Any) -> None:
        c.good(
            name, title, requirement, "payload", data, expect=answered(data, content={"vmpl": vmpl}), **given
        )

    for vmpck in (1, 2, 3):
        data = page(report_req(vmpl=vmpck), vmpck=vmpck)
        title = f"REPORT_REQ under VMPCK{vmpck} for VMPL {vmpck}"
        granted(f"report-vmpck{vmpck}", title, "SNP-MSG-081", data, vmpck)
    granted(
        "report-vmpl3", "REPORT_REQ under VMPCK0 for VMPL 3", "SNP-REPREQ-008", page(report_req(vmpl=3)), 3
    )
    data = page(report_req(vmpl=3), vmpck=1)
    granted("report-above", "REPORT_REQ under VMPCK1 for VMPL 3", "SNP-REPREQ-008", data, 3)
    sel_1, sel_2 = page(report_req(select=1)), page(report_req(select=2))
    granted("report-sel-vcek", "KEY_SEL 1 where the VCEK may be used", "SNP-REPREQ-006", sel_1, 0)
    granted("report-vlek", "KEY_SEL 2 with a VLEK loaded", "SNP-REPREQ-005", sel_2, 0, platform=VLEK)
    granted(
        "report-vlek-dis",
        "KEY_SEL 2 with a VLEK loaded, of a guest with VCEK_DIS",
        "SNP-REPREQ-005",
        sel_2,
        0,
        platform=VLEK,
        guest=VCEK_DIS,
    )
    granted(
        "report-default-vlek",
        "KEY_SEL 0 with VCEK_DIS and a VLEK loaded",
        "SNP-REPREQ-007",
        page(),
        0,
        platform=VLEK,
        guest=VCEK_DIS,
    )
    zero = page(bytes(0x60))
    content = {"report_data": bytes(64).hex()}
    c.good(
        "report-zeros",
        "REPORT_REQ of zeros",
        "SNP-REPREQ-001",
        "payload",
        zero,
        expect=answered(zero, content=content),
    )
    for name, profile, version in (
        ("v2", "milan-1.52.4-v2-vcek", 2),
        ("v3", "turin-1.55.48-v3-vcek", 3),
        ("v5", "turin-1.55.65-v5-vcek", 5),
    ):
        title = f"MSG_VERSION 1 where the report's version is {version}"
        granted(f"report-{name}", title, "SNP-MSG-026", page(), 0, profile=profile)


def _report_signed(c: Cases) -> None:
    """The table of the report notes, section 3: which key signs."""
    masked = {"mask_chip_key": True}
    vcek: dict[str, Any] = {"signing_key": 0, "signature": "set"}
    vlek: dict[str, Any] = {"signing_key": 1, "signature": "set"}
    none: dict[str, Any] = {"signing_key": 7, "signature": "zero"}
    for name, title, requirement, select, content, platform, also in (
        (
            "vlek-mask-chip-key",
            "REPORT_REQ with a VLEK loaded while MASK_CHIP_KEY is set: signed",
            42,
            0,
            vlek,
            {**VLEK, **masked},
            (),
        ),
        (
            "mask-chip-key",
            "REPORT_REQ while MASK_CHIP_KEY is set: a report whose signature is zero, not a refusal",
            41,
            0,
            none,
            masked,
            ("SNP-RPT-044",),
        ),
        ("sel-vcek-beside", "KEY_SEL 1 with a VLEK loaded: the VCEK signs", 45, 1, vcek, VLEK, ()),
        (
            "sel-vcek-mask-chip-key",
            "KEY_SEL 1 with a VLEK loaded while MASK_CHIP_KEY is set: no key signs",
            46,
            1,
            none,
            {**VLEK, **masked},
            (),
        ),
        (
            "sel-vlek-mask-chip-key",
            "KEY_SEL 2 with a VLEK loaded while MASK_CHIP_KEY is set: the VLEK signs",
            47,
            2,
            vlek,
            {**VLEK, **masked},
            (),
        ),
    ):
        data = page(report_req(select=select))
        c.good(
            f"report-{name}",
            title,
            f"SNP-RPT-{requirement:03}",
            "payload",
            data,
            also=also,
            expect=answered(data, content=content),
            platform=platform,
        )


def _report_refused(c: Cases) -> None:
    dword, tail = "a reserved bit of the dword 0x44 is set", "a byte behind KEY_SEL is not zero"
    parameter, key = "INVALID_PARAM", "INVALID_KEY"
    rows: tuple[tuple[str, int, str, str, bytes, str, str, str | None], ...] = (
        ("reserved-44", 2, "KEY_SEL", dword, report_req(select=4), parameter, "bit 2", None),
        (
            "reserved-47",
            2,
            "KEY_SEL",
            dword,
            report_req(select=1 << 31),
            parameter,
            "bit 31",
            "the last bit",
        ),
        (
            "reserved-48",
            3,
            "reserved 0x48",
            tail,
            report_req(reserved=b"\x01" + bytes(23)),
            parameter,
            "0x48",
            None,
        ),
        (
            "reserved-5f",
            3,
            "reserved 0x48",
            tail,
            report_req(reserved=bytes(23) + b"\x80"),
            parameter,
            "0x5F",
            "the last byte",
        ),
        ("sel-3", 4, "KEY_SEL", "KEY_SEL is 3", report_req(select=3), key, "", None),
        ("sel-vlek", 5, "KEY_SEL", "KEY_SEL is 2 and no VLEK is loaded", report_req(select=2), key, "", None),
    )
    for name, requirement, field, defect, payload, status, place, boundary in rows:
        c.payload(
            f"report-{name}",
            f"SNP-REPREQ-{requirement:03}",
            f"REPORT_REQ: {defect}",
            page(payload),
            status,
            twin="report",
            field=field,
            title=f"REPORT_REQ: {defect}: {place}" if place else None,
            boundary=boundary,
            flags=("dev-rsp-status-nonzero",),
        )
    c.payload(
        "report-sel-vcek-dis",
        "SNP-REPREQ-006",
        "REPORT_REQ: KEY_SEL is 1 and the guest was launched with VCEK_DIS",
        page(report_req(select=1)),
        "INVALID_KEY",
        twin="report-sel-vcek",
        field="",
        changes=[("guest.vcek_dis", "VCEK_DIS", None)],
        guest=VCEK_DIS,
    )
    c.payload(
        "report-sel-vcek-dis-vlek",
        "SNP-REPREQ-006",
        "REPORT_REQ: KEY_SEL is 1, VCEK_DIS, and a VLEK does not stand in",
        page(report_req(select=1)),
        "INVALID_KEY",
        twin="report-default-vlek",
        field="KEY_SEL",
        platform=VLEK,
        guest=VCEK_DIS,
    )
    c.payload(
        "report-default-dis",
        "SNP-REPREQ-007",
        "REPORT_REQ: KEY_SEL is 0, VCEK_DIS and no VLEK",
        page(),
        "INVALID_KEY",
        twin="report",
        field="",
        changes=[("guest.vcek_dis", "VCEK_DIS", None)],
        guest=VCEK_DIS,
    )
    for name, vmpck, vmpl, boundary in (
        ("vmpl-below", 1, 0, None),
        ("vmpl-below-3", 3, 2, "VMPL 2 under VMPCK3: the numbers are compared"),
    ):
        c.payload(
            f"report-{name}",
            "SNP-REPREQ-008",
            "REPORT_REQ: VMPL is below MSG_VMPCK",
            page(report_req(vmpl=vmpl), vmpck=vmpck),
            "INVALID_PARAM",
            title=f"REPORT_REQ: VMPL {vmpl} is asked for under VMPCK{vmpck}",
            boundary=boundary,
            also=("SNP-MSG-081",),
            twin=f"report-vmpck{vmpck}",
            field="VMPL",
            flags=("dev-vmpl-request-too-low",),
        )
    for name, vmpl, title in (
        ("4", 4, "VMPL 4, one above the highest"),
        ("host", 0xFFFFFFFF, "VMPL 0xFFFFFFFF, the number of a report for the host"),
        ("big-endian", 0x01000000, "VMPL 1 in big-endian order"),
    ):
        c.family.policy(
            f"report-vmpl-{name}",
            f"REPORT_REQ: {title}",
            ("SNP-REPREQ-009",),
            "payload",
            request(page(report_req(vmpl=vmpl))),
            status="INVALID_PARAM",
            accept={"vmpl_max_3": False},
            refuse={"vmpl_max_3": True},
            twin="report",
            defect=f"REPORT_REQ: {title}",
            changes=[("page", "VMPL", "vmpck0")],
        )
    data = page(report_req(vmpl=4))
    c.good(
        "report-vmpl-4-answer",
        "REPORT_REQ for VMPL 4 where the switch lets it pass: the report says 4",
        "SNP-REPREQ-009",
        "payload",
        data,
        expect=answered(data, content={"vmpl": 4}),
        policy={"vmpl_max_3": False},
    )


def _report_order_and_size(c: Cases) -> None:
    """Two faults of one REPORT_REQ, and REPORT_SIZE of a refusal."""
    for name, defect, payload, status, field in (
        (
            "reserved-sel",
            "REPORT_REQ: reserved bytes and KEY_SEL are wrong: the first is told",
            report_req(vmpl=2, select=3, reserved=b"\x01" + bytes(23)),
            "INVALID_PARAM",
            "KEY_SEL, reserved 0x48",
        ),
        (
            "sel-vmpl",
            "REPORT_REQ: KEY_SEL and VMPL are wrong: the first is told",
            report_req(select=3),
            "INVALID_KEY",
            "KEY_SEL, VMPL",
        ),
    ):
        c.payload(
            f"report-order-{name}",
            "SNP-REPREQ-010",
            defect,
            page(payload, vmpck=2),
            status,
            twin="report-vmpck2",
            field=field,
        )
    c.payload(
        "report-failed-size-0",
        "SNP-REPREQ-013",
        "REPORT_REQ: KEY_SEL is 3, REPORT_SIZE stays 0 on failure",
        page(report_req(select=3)),
        "INVALID_KEY",
        twin="report-size-switch",
        field="KEY_SEL",
        content={"report_size": 0},
        policy={"report_size_on_failure": False},
    )
    c.payload(
        "report-failed-size",
        "SNP-REPREQ-013",
        "REPORT_REQ: KEY_SEL is 3, REPORT_SIZE is set on failure, as 1.55.25 does",
        page(report_req(select=3)),
        "INVALID_KEY",
        twin="report-known",
        field="KEY_SEL",
        content={"report_size": 0x4A0},
        profile=GENOA_KNOWN,
    )


def _short(c: Cases) -> None:
    """1.55.25 reads zeros behind a short payload."""
    requirement = "SNP-MSG-050"
    known: dict[str, Any] = {"profile": GENOA_KNOWN}
    data = page(REPORT_DATA)
    c.good("short-report", "REPORT_REQ of REPORT_DATA alone: VMPL 0", requirement, "payload", data, **known)
    data = page(REPORT_DATA[:0x10])
    content = {"report_data": (REPORT_DATA[:0x10] + bytes(0x30)).hex()}
    expect = answered(data, content=content)
    c.good(
        "short-report-10", "REPORT_REQ of 0x10 bytes", requirement, "payload", data, expect=expect, **known
    )
    c.good("short-key", "KEY_REQ of 0x10 bytes", requirement, "payload", page(bytes(16), type=KEY), **known)
    data = page(bytes(16), type=TSC_INFO)
    tsc = {"scale": "0x180c500836", "offset": "0x0", "factor": 200}
    expect = answered(data, content=tsc)
    c.good("short-tsc", "TSC_INFO_REQ of 0x10 bytes", requirement, "payload", data, expect=expect, **known)
    c.payload(
        "short-report-vmpl",
        requirement,
        "REPORT_REQ under VMPCK1 that ends before VMPL, which is therefore 0",
        page(REPORT_DATA, vmpck=1),
        "INVALID_PARAM",
        twin="report-known-vmpck1",
        field="MSG_SIZE",
        content={"report_size": 0x4A0},
        **known,
    )


def _key(c: Cases) -> None:
    """KEY_REQ as bytes; its rules and what a key depends on have a family of their own."""
    rules = tuple(f"SNP-KEY-{number:03}" for number in (5, 6, 15, 22))
    c.good(
        "key",
        "KEY_REQ version 1 without fields",
        "SNP-KEY-001",
        "payload",
        page(key_req(), type=KEY),
        also=rules,
    )
    vmpl = page(key_req(vmpl=3, select=1), type=KEY, vmpck=3)
    c.good("key-vmpck3", "KEY_REQ of VMRK under VMPCK3 for VMPL 3", "SNP-KEY-013", "payload", vmpl)
    rows: tuple[tuple[str, int, str, str, bytes], ...] = (
        (
            "select-big-endian",
            5,
            "select",
            "the select dword is in big-endian order",
            b"\0\0\0\1" + key_req()[4:],
        ),
        (
            "fields-big-endian",
            15,
            "GUEST_FIELD_SELECT",
            "GUEST_FIELD_SELECT is in big-endian order",
            key_req()[:8] + bytes(7) + b"\1" + key_req()[16:],
        ),
        (
            "reserved-07",
            6,
            "reserved 0x04",
            "the dword before GUEST_FIELD_SELECT is not zero: byte 0x07",
            key_req(reserved=1 << 31),
        ),
    )
    for name, requirement, field, defect, payload in rows:
        c.payload(
            f"key-{name}",
            f"SNP-KEY-{requirement:03}",
            f"KEY_REQ: {defect}",
            page(payload, type=KEY),
            "INVALID_PARAM",
            twin="key",
            field=field,
        )
    for name, size in (("key-v2", 0x28), ("key-v2-padded", 0x30)):
        version_2 = page(key_req().ljust(size, b"\0"), type=KEY, version=2)
        c.good(
            name,
            f"KEY_REQ version 2 of {size:#x} bytes",
            "SNP-KEY-002",
            "payload",
            version_2,
            profile=MILAN_V2,
            policy=V2_POLICY,
        )


def _tsc(c: Cases) -> None:
    data = page(TSC, type=TSC_INFO)
    zeros = ("SNP-TSC-001", "SNP-TSC-002", "SNP-TSC-005")

    def scale(name: str, title: str, requirement: str, content: dict[str, Any], **given: Any) -> None:
        c.good(name, title, requirement, "payload", data, expect=answered(data, content=content), **given)

    genoa = {"scale": "0x180c500836", "offset": "0x0", "factor": 200}
    scale("tsc", "TSC_INFO_REQ: 2400000 kHz over 99800 kHz, rounded up", "SNP-TSC-003", genoa, also=zeros)
    wide = {"scale": "0x2c00000000", "offset": "0x0", "factor": 200}
    scale(
        "tsc-mask",
        "TSC_INFO_REQ: 300 times the reference clock, the integer part cut to 8 bits",
        "SNP-TSC-003",
        wide,
        guest={"tsc_desired_khz": 99800 * 300},
    )
    exact = {"scale": "0x1800000000", "offset": "0x0", "factor": 200}
    scale(
        "tsc-exact",
        "TSC_INFO_REQ: 24 times the reference clock exactly, nothing to round",
        "SNP-TSC-003",
        exact,
        guest={"tsc_desired_khz": 99800 * 24},
    )
    offset = {"scale": "0x180c500836", "offset": "0xfedcba9876543210", "factor": 200}
    scale(
        "tsc-offset",
        "TSC_INFO_REQ: the context's offset",
        "SNP-TSC-004",
        offset,
        guest={"tsc_offset": offset["offset"]},
    )
    for name, at, value, boundary in (
        ("first", 0, 1, None),
        ("middle", 0x18, 0x80, "where the answer has TSC_FACTOR"),
        ("last", 0x7F, 0x80, "the last byte"),
    ):
        c.payload(
            f"tsc-{name}",
            "SNP-TSC-001",
            "TSC_INFO_REQ: a byte is not zero",
            page(patched(TSC, {at: le(value, 1)}), type=TSC_INFO),
            "INVALID_PARAM",
            twin="tsc",
            field="reserved",
            title=f"TSC_INFO_REQ: byte {at:#x} is not zero",
            boundary=boundary,
            content={"scale": "0x0", "offset": "0x0", "factor": 0},
        )


def add(c: Cases) -> None:
    """All of it; the twins first."""
    c.good(
        "report-known",
        "REPORT_REQ on firmware 1.55.25",
        "SNP-REPREQ-012",
        "payload",
        page(),
        also=("SNP-REPREQ-013",),
        profile=GENOA_KNOWN,
    )
    data = page(report_req(vmpl=1), vmpck=1)
    expect = answered(data, content={"vmpl": 1})
    c.good(
        "report-known-vmpck1",
        "REPORT_REQ under VMPCK1 on firmware 1.55.25",
        "SNP-MSG-081",
        "payload",
        data,
        expect=expect,
        profile=GENOA_KNOWN,
    )
    c.good(
        "report-size-switch",
        "REPORT_REQ where refusals have REPORT_SIZE 0",
        "SNP-REPREQ-012",
        "payload",
        page(),
        also=("SNP-REPREQ-013",),
        policy={"report_size_on_failure": False},
    )
    _report_valid(c)
    _report_signed(c)
    _report_refused(c)
    _report_order_and_size(c)
    _short(c)
    _key(c)
    _tsc(c)
