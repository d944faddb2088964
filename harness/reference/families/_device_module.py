"""Family device, the module: its key, its counter, and the key lost. Linux notes, sections 1 and 4."""

from __future__ import annotations

from reference import message
from reference.bundle import Family
from reference.families._device import (
    ALL,
    KEPT,
    OLDER,
    SINCE_6_3,
    WIPED_FIRST,
    WITH_TSM,
    key_response,
    report_response,
    sealed,
)
from reference.families._device_ioctl import ANSWERED, NOWHERE, REFUSED, UNKNOWN, with_certs
from reference.families._device_steps import Maker, answered, get_ext, get_key, get_report, guest, keys


def _module(make: Maker) -> None:
    """Probe, key and counter. Sections 1 and 4, send path b and c."""
    one = [get_report(answered(vmpck=2))]
    make.valid(
        "vmpck-of-vmpl",
        "without vmpck_id the key is that of the kernel's VMPL",
        ["LNX-GUEST-003"],
        one,
        last=ANSWERED,
        with_guest=guest(WITH_TSM, vmpl=2, vmpcks=keys(2)),
    )
    make.valid(
        "vmpck-before-6-11",
        "without vmpck_id the key is VMPCK0 at every VMPL",
        ["LNX-GUEST-003"],
        [get_report(answered())],
        last=ANSWERED,
        with_guest=guest(["6.6"], vmpl=2),
    )
    make.valid(
        "vmpck-before-6-3",
        "without vmpck_id the key is VMPCK0 at every VMPL, up to 6.2",
        ["LNX-GUEST-003"],
        [get_report(answered())],
        last=ANSWERED,
        with_guest=guest(OLDER, vmpl=2),
    )
    make.valid(
        "vmpck-3",
        "vmpck_id 3, the highest",
        ["LNX-GUEST-004"],
        [get_report(answered(vmpck=3))],
        last=ANSWERED,
        with_guest=guest(vmpck_id=3, vmpcks=keys(3)),
    )
    make.valid(
        "no-call",
        "the module is loaded with a key",
        ["LNX-GUEST-005"],
        [],
        with_guest=guest(ALL, counters={"0": 6}),
    )
    make.invalid(
        "vmpck-empty",
        ["LNX-GUEST-005", "SNP-MSG-082"],
        [],
        "VMPCK0 is 32 zero bytes",
        "EINVAL",
        twin="no-call",
        with_guest=guest(ALL, vmpcks={"0": "00" * 32}, counters={"0": 6}),
    )
    make.invalid(
        "vmpck-4",
        ["LNX-GUEST-004"],
        [],
        "vmpck_id is 4",
        "EINVAL",
        twin="no-call",
        with_guest=guest(ALL, vmpck_id=4, counters={"0": 6}),
    )
    rows = [
        ("", ["6.6", "6.12", "6.16"], ["LNX-GUEST-038"], "0xff", "exitinfo2 is written back"),
        ("-latest", ["latest"], ["LNX-GUEST-038", "LNX-GUEST-012"], KEPT, "exitinfo2 stays as it was"),
    ]
    for which, kernels, requirement, exitinfo2, boundary in rows:
        make.valid(
            f"counter-last{which}",
            "the last number that is sent, 0xFFFFFFFD",
            requirement,
            [get_report(answered(0xFFFFFFFD))],
            last=ANSWERED | {"counter": 0xFFFFFFFE},
            with_guest=guest(kernels, counters={"0": "0xfffffffc"}),
        )
        make.invalid(
            f"counter-overflow{which}",
            requirement,
            [get_report()],
            "the next number is 0xFFFFFFFF",
            "EIO",
            twin=f"counter-last{which}",
            last=REFUSED | {"counter": 0xFFFFFFFE, "exitinfo2": exitinfo2},
            with_guest=guest(kernels, counters={"0": "0xfffffffe"}),
            boundary=boundary,
        )
    make.valid(
        "reload-other-key",
        "the module is loaded again with the key of another VMPL after the first was lost",
        ["LNX-GUEST-005", "LNX-GUEST-050"],
        [
            get_report({"exitinfo2": "0x16"}),
            {"probe": 1},
            get_report(answered(vmpck=1)),
        ],
        last=ANSWERED,
        with_guest=guest(vmpcks=keys(0, 1)),
    )
    for name, kernels, boundary in (
        ("", SINCE_6_3, "the generations from 6.3 on"),
        ("-6-1", ["6.1.0"], "6.1 and 6.2"),
    ):
        with_guest = guest(kernels, vmpcks=keys(0, 1))
        make.valid(
            f"reload-probe{name}",
            f"the module is loaded again with a key that is not lost, {boundary}",
            ["LNX-GUEST-005"],
            [get_report({"exitinfo2": "0x16"}), {"probe": 1}],
            with_guest=with_guest,
        )
        make.invalid(
            f"reload-wiped{name}",
            ["LNX-GUEST-005"],
            [get_report({"exitinfo2": "0x16"}), {"probe": 0}],
            "the module is loaded again with the key that was lost",
            "EINVAL",
            twin=f"reload-probe{name}",
            boundary=boundary,
            with_guest=with_guest,
        )


LOST = get_report({"exitinfo2": "0x16"})
GENERATIONS = (  # kernels, exitinfo2 after ENOTTY, the rule that says so
    ("", WIPED_FIRST, KEPT, "LNX-GUEST-010"),
    ("-6-16", ["6.16"], "0xff", "LNX-GUEST-011"),
    ("-latest", ["latest"], KEPT, "LNX-GUEST-012"),
)


def _wiped(make: Maker) -> None:
    """Each request after the VMPCK was lost, in the generations that differ."""
    key = answered(3, key_response(), kind=4)
    calls = [
        ("report", get_report(), get_report(answered(3))),
        ("key", get_key(), get_key(key)),
        ("ext", get_ext(), get_ext(with_certs(3))),
    ]
    for which, kernels, exitinfo2, rule in GENERATIONS:
        for name, refused, served in calls:
            twin = "two-reports-6-12" if (name, which) == ("report", "") else f"served-{name}{which}"
            make.valid(
                twin,
                f"a {name} request after a report request",
                ["LNX-GUEST-048"],
                [get_report(answered(1)), served],
                last=ANSWERED | {"counter": 4},
                with_guest=guest(kernels),
            )
            make.invalid(
                f"wiped-{name}{which}",
                ["LNX-GUEST-050", rule],
                [LOST, refused],
                "the VMPCK was lost",
                "ENOTTY",
                twin=twin,
                title=f"a {name} request after the VMPCK was lost",
                last=_wiped_output(exitinfo2),
                with_guest=guest(kernels),
                boundary=f"a {name} request of Linux {' and '.join(kernels)}",
            )


def _wiped_output(exitinfo2: str) -> dict[str, object]:
    return {"ret": -1, "exitinfo2": exitinfo2, "plain": 0, "ext": 0, "counter": 2, "wiped": True}


def _order(make: Maker) -> None:
    """What is noticed before the lost VMPCK, and what after it."""
    null = get_report(req_data=0, resp_data=0)
    rows = [
        (
            "wiped-pointers",
            "LNX-GUEST-010",
            null,
            "two-reports-6-12",
            WIPED_FIRST,
            "ENOTTY",
            KEPT,
            "the VMPCK was lost, and there are no pointers",
        ),
        (
            "wiped-unknown",
            "LNX-GUEST-010",
            get_report() | UNKNOWN,
            "two-reports-6-12",
            WIPED_FIRST,
            "ENOTTY",
            KEPT,
            "the VMPCK was lost, and the driver has no such ioctl",
        ),
        (
            "wiped-version-zero",
            "LNX-GUEST-014",
            get_report(msg_version=0),
            "two-reports-6-12",
            WIPED_FIRST,
            "EINVAL",
            KEPT,
            "msg_version is 0 after the VMPCK was lost",
        ),
    ]
    late = [
        ("pointers", "report", null, "EINVAL", "there are no pointers"),
        ("unknown", "report", get_report() | UNKNOWN, "ENOTTY", "the driver has no such ioctl"),
        ("request", "report", get_report(req_data=hex(NOWHERE)), "EFAULT", "the request cannot be read"),
        ("length", "ext", get_ext(certs_len=0x1001), "EINVAL", "certs_len is no multiple of a page"),
    ]
    for which, kernels, *_ in GENERATIONS[1:]:
        for name, call, step, errno, defect in late:
            rows.append(
                (
                    f"wiped-{name}{which}",
                    "LNX-GUEST-011",
                    step,
                    f"served-{call}{which}",
                    kernels,
                    errno,
                    "0xff",
                    f"the VMPCK was lost, and {defect}",
                )
            )
    for name, requirement, step, twin, kernels, errno, exitinfo2, defect in rows:
        make.invalid(
            name,
            [requirement],
            [LOST, step],
            defect,
            errno,
            twin=twin,
            last=_wiped_output(exitinfo2),
            with_guest=guest(kernels),
            boundary=f"Linux {' and '.join(kernels)}",
        )


def _older(make: Maker) -> None:
    """The first two generations notice the lost VMPCK before command and pointers, too. What costs it: up to
    6.0 a response that does not verify, alone."""
    unverified = get_report({"response": message.patched(sealed(report_response()), {0: bytes(16)})})
    losses = [("-6-1", "6.1.0", LOST, {}), ("-5-19", "5.19", unverified, {"counter": 0})]
    calls = [
        ("report", "LNX-GUEST-050 LNX-GUEST-010", get_report(), "ENOTTY", "the VMPCK was lost"),
        (
            "pointers",
            "LNX-GUEST-010",
            get_report(req_data=0, resp_data=0),
            "ENOTTY",
            "the VMPCK was lost, and there are no pointers",
        ),
        (
            "unknown",
            "LNX-GUEST-010",
            get_report() | UNKNOWN,
            "ENOTTY",
            "the VMPCK was lost, and the driver has no such ioctl",
        ),
        (
            "version-zero",
            "LNX-GUEST-014",
            get_report(msg_version=0),
            "EINVAL",
            "msg_version is 0 after the VMPCK was lost",
        ),
    ]
    for which, kernel, loss, counter in losses:
        make.valid(
            f"two-reports{which}",
            f"two reports one after the other in {kernel}",
            ["LNX-GUEST-048"],
            [get_report(answered(1)), get_report(answered(3))],
            last=ANSWERED | {"counter": 4},
            with_guest=guest([kernel]),
        )
        for name, requirement, step, errno, defect in calls:
            make.invalid(
                f"wiped-{name}{which}",
                requirement.split(),
                [loss, step],
                defect,
                errno,
                twin=f"two-reports{which}",
                last=_wiped_output(KEPT) | counter,
                with_guest=guest([kernel]),
                boundary=f"Linux {kernel}",
            )


def add(family: Family) -> None:
    make = Maker(family, "device", "ioctl")
    for part in (_module, _wiped, _order, _older):
        part(make)
