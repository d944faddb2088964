"""Family message: requests whose payload is judged, the verdict being in the response."""

from __future__ import annotations

from typing import Any

from reference.families._message import (
    GENOA_KNOWN,
    MILAN_V2,
    REPORT_DATA,
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
    granted(
        "report-mask-chip-key",
        "REPORT_REQ while MASK_CHIP_KEY is set: an unsigned report, not a refusal",
        "SNP-REPREQ-007",
        page(),
        0,
        platform={"mask_chip_key": True},
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


def _report_refused(c: Cases) -> None:
    rows: tuple[tuple[str, int, str, str, bytes, str], ...] = (
        (
            "reserved-44",
            2,
            "KEY_SEL dword",
            "bit 2 of the dword 0x44 is set",
            report_req(select=4),
            "INVALID_PARAM",
        ),
        (
            "reserved-47",
            2,
            "KEY_SEL dword",
            "bit 31 of the dword 0x44 is set",
            report_req(select=1 << 31),
            "INVALID_PARAM",
        ),
        (
            "reserved-48",
            3,
            "reserved 0x48",
            "byte 0x48 is not zero",
            report_req(reserved=b"\x01" + bytes(23)),
            "INVALID_PARAM",
        ),
        (
            "reserved-5f",
            3,
            "reserved 0x5F",
            "byte 0x5F, the last one, is not zero",
            report_req(reserved=bytes(23) + b"\x80"),
            "INVALID_PARAM",
        ),
        ("sel-3", 4, "KEY_SEL", "KEY_SEL is 3", report_req(select=3), "INVALID_KEY"),
        ("sel-vlek", 5, "KEY_SEL", "KEY_SEL is 2 and no VLEK is loaded", report_req(select=2), "INVALID_KEY"),
    )
    for name, requirement, field, defect, payload, status in rows:
        c.payload(
            f"report-{name}",
            f"SNP-REPREQ-{requirement:03}",
            f"REPORT_REQ: {defect}",
            page(payload),
            status,
            twin="report",
            field=field,
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
    for name, vmpck, vmpl, defect in (
        ("vmpl-below", 1, 0, "VMPL 0 is asked for under VMPCK1"),
        ("vmpl-below-3", 3, 2, "VMPL 2 is asked for under VMPCK3"),
    ):
        c.payload(
            f"report-{name}",
            "SNP-REPREQ-008",
            f"REPORT_REQ: {defect}",
            page(report_req(vmpl=vmpl), vmpck=vmpck),
            "INVALID_PARAM",
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


def _report_order_and_size(c: Cases) -> None:
    """Two faults of one REPORT_REQ, and REPORT_SIZE of a refusal."""
    for name, defect, payload, status in (
        (
            "reserved-sel",
            "REPORT_REQ: reserved bytes and KEY_SEL are wrong: the first is told",
            report_req(select=3, reserved=b"\x01" + bytes(23)),
            "INVALID_PARAM",
        ),
        (
            "sel-vmpl",
            "REPORT_REQ: KEY_SEL and VMPL are wrong: the first is told",
            report_req(select=3),
            "INVALID_KEY",
        ),
    ):
        c.payload(
            f"report-order-{name}",
            "SNP-REPREQ-010",
            defect,
            page(payload, vmpck=2),
            status,
            twin="report-vmpck2",
            field="KEY_SEL and another",
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
        **known,
    )


def _key(c: Cases) -> None:
    """KEY_REQ as bytes; its rules and what a key depends on have a family of their own."""
    c.good("key", "KEY_REQ version 1 without fields", "SNP-KEY-001", "payload", page(key_req(), type=KEY))
    vmpl = page(key_req(vmpl=3, select=1), type=KEY, vmpck=3)
    c.good("key-vmpck3", "KEY_REQ of VMRK under VMPCK3 for VMPL 3", "SNP-KEY-013", "payload", vmpl)
    rows: tuple[tuple[str, int, str, str, bytes, str], ...] = (
        ("select-3", 5, "select", "bit 3 of the select dword is set", key_req(select=8), "INVALID_PARAM"),
        (
            "select-31",
            5,
            "select",
            "bit 31 of the select dword is set",
            key_req(select=1 << 31),
            "INVALID_PARAM",
        ),
        ("reserved-04", 6, "reserved 0x04", "byte 0x04 is not zero", key_req(reserved=1), "INVALID_PARAM"),
        (
            "reserved-07",
            6,
            "reserved 0x07",
            "byte 0x07 is not zero",
            key_req(reserved=1 << 31),
            "INVALID_PARAM",
        ),
        ("sel-3", 8, "KEY_SEL", "KEY_SEL is 3", key_req(select=6), "INVALID_KEY"),
        ("sel-vlek", 9, "KEY_SEL", "KEY_SEL is 2 and no VLEK is loaded", key_req(select=4), "INVALID_KEY"),
        (
            "fields-6",
            15,
            "GUEST_FIELD_SELECT",
            "bit 6 in a version 1 request",
            key_req(fields=1 << 6),
            "INVALID_PARAM",
        ),
        ("fields-63", 15, "GUEST_FIELD_SELECT", "bit 63 is set", key_req(fields=1 << 63), "INVALID_PARAM"),
    )
    for name, requirement, field, defect, payload, status in rows:
        c.payload(
            f"key-{name}",
            f"SNP-KEY-{requirement:03}",
            f"KEY_REQ: {defect}",
            page(payload, type=KEY),
            status,
            twin="key",
            field=field,
        )
    c.payload(
        "key-vmpl-below",
        "SNP-KEY-013",
        "KEY_REQ: VMPL 2 is asked for under VMPCK3",
        page(key_req(vmpl=2, select=1), type=KEY, vmpck=3),
        "INVALID_PARAM",
        twin="key-vmpck3",
        field="VMPL",
    )
    version_2 = page(key_req() + bytes(8), type=KEY, version=2)
    c.good("key-v2", "KEY_REQ version 2 of 0x28 bytes", "SNP-KEY-002", "payload", version_2, profile=MILAN_V2)
    c.mailbox(
        "key-v2-unknown",
        "KEY_REQ version 2 where version 1 is the highest",
        "SNP-KEY-002",
        "header",
        page(key_req(), type=KEY, version=2),
        "INVALID_PARAM",
        defect="KEY_REQ has MSG_VERSION 2, the firmware knows 1",
        changes=[("page", "MSG_VERSION", "vmpck0")],
        twin="key",
    )


def _tsc(c: Cases) -> None:
    data = page(TSC, type=TSC_INFO)

    def scale(name: str, title: str, requirement: str, content: dict[str, Any], **given: Any) -> None:
        c.good(name, title, requirement, "payload", data, expect=answered(data, content=content), **given)

    genoa = {"scale": "0x180c500836", "offset": "0x0", "factor": 200}
    scale("tsc", "TSC_INFO_REQ: 2400000 kHz over 99800 kHz, rounded up", "SNP-TSC-003", genoa)
    wide = {"scale": "0x2c00000000", "offset": "0x0", "factor": 200}
    scale(
        "tsc-mask",
        "TSC_INFO_REQ: 300 times the reference clock, the integer part cut to 8 bits",
        "SNP-TSC-003",
        wide,
        guest={"tsc_desired_khz": 99800 * 300},
    )
    milan = {"scale": "0x1800000000", "offset": "0x0", "factor": 0}
    scale(
        "tsc-exact",
        "TSC_INFO_REQ: 24 times the reference clock exactly, nothing to round",
        "SNP-TSC-006",
        milan,
        profile="milan-1.55.29-v3-vcek",
    )
    offset = {"scale": "0x180c500836", "offset": "0xfedcba9876543210", "factor": 200}
    scale(
        "tsc-offset",
        "TSC_INFO_REQ: the context's offset",
        "SNP-TSC-004",
        offset,
        guest={"tsc_offset": offset["offset"]},
    )
    for name, at, value, defect in (
        ("first", 0, 1, "byte 0 is not zero"),
        ("middle", 0x18, 0x80, "byte 0x18, where the answer has TSC_FACTOR, is not zero"),
        ("last", 0x7F, 0x80, "byte 0x7F, the last one, is not zero"),
    ):
        c.payload(
            f"tsc-{name}",
            "SNP-TSC-001",
            f"TSC_INFO_REQ: {defect}",
            page(patched(TSC, {at: le(value, 1)}), type=TSC_INFO),
            "INVALID_PARAM",
            twin="tsc",
            field="reserved",
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
        policy={"report_size_on_failure": False},
    )
    _report_valid(c)
    _report_refused(c)
    _report_order_and_size(c)
    _short(c)
    _key(c)
    _tsc(c)
