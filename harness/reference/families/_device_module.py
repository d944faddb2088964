"""Family device, the module: its key, its counter, and the key lost. Linux notes, sections 1 and 4."""

from __future__ import annotations

from reference.bundle import Family
from reference.families._device import ALL, WIPED_FIRST, WITH_TSM
from reference.families._device_ioctl import ANSWERED, KEPT, REFUSED
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
        with_guest=guest(["5.19", "6.1.0", "6.6"], vmpl=2),
    )
    make.valid(
        "vmpck-3",
        "vmpck_id 3, the highest",
        ["LNX-GUEST-004"],
        [get_report(answered(vmpck=3))],
        last=ANSWERED,
        with_guest=guest(ALL, vmpck_id=3, vmpcks=keys(3)),
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
        ["LNX-GUEST-005"],
        [],
        "VMPCK0 is 32 zero bytes",
        "EINVAL",
        ("vmpcks", "0", None),
        twin="no-call",
        with_guest=guest(ALL, vmpcks={"0": "00" * 32}, counters={"0": 6}),
    )
    make.invalid(
        "vmpck-4",
        ["LNX-GUEST-004"],
        [],
        "vmpck_id is 4",
        "EINVAL",
        ("vmpck_id", "vmpck_id", None),
        twin="no-call",
        with_guest=guest(ALL, vmpck_id=4, counters={"0": 6}),
    )
    last = {"0": "0xfffffffc"}
    make.valid(
        "counter-last",
        "the last number that is sent, 0xFFFFFFFD",
        ["LNX-GUEST-038"],
        [get_report(answered(0xFFFFFFFD))],
        last=ANSWERED | {"counter": 0xFFFFFFFE},
        with_guest=guest(["6.6", "6.12", "6.16"], counters=last),
    )
    make.invalid(
        "counter-overflow",
        ["LNX-GUEST-038"],
        [get_report()],
        "the next number is 0xFFFFFFFF",
        "EIO",
        ("counters", "0", None),
        twin="counter-last",
        last=REFUSED | {"counter": 0xFFFFFFFE},
        with_guest=guest(["6.6", "6.12", "6.16"], counters={"0": "0xfffffffe"}),
        changes=[("steps", "host", None)],
    )
    make.valid(
        "reload-other-key",
        "the module is loaded again with the key of another VMPL after the first was lost",
        ["LNX-GUEST-005"],
        [
            get_report({"exitinfo2": "0x16"}),
            {"probe": 1},
            get_report(answered(vmpck=1)),
        ],
        last=ANSWERED,
        with_guest=guest(ALL[1:], vmpcks=keys(0, 1)),
    )
    make.invalid(
        "reload-wiped",
        ["LNX-GUEST-005"],
        [get_report({"exitinfo2": "0x16"}), {"probe": 0}],
        "the module is loaded again with the key that was lost",
        "EINVAL",
        "probe",
        twin="reload-other-key",
        with_guest=guest(ALL[1:], vmpcks=keys(0, 1)),
    )


def _wiped(make: Maker) -> None:
    """After the VMPCK was lost, up to 6.12. LNX-GUEST-010."""
    lost = get_report({"exitinfo2": "0x16"})
    make.valid(
        "two-reports-6-12",
        "two reports one after the other up to 6.12",
        ["LNX-GUEST-048"],
        [get_report(answered(1)), get_report(answered(3))],
        last=ANSWERED | {"counter": 4},
        with_guest=guest(WIPED_FIRST),
    )
    wiped = {"ret": -1, "exitinfo2": KEPT, "plain": 0, "ext": 0, "counter": 2, "wiped": True}
    rows = [
        ("wiped-report", "LNX-GUEST-050", "a report request after the VMPCK was lost", get_report()),
        ("wiped-key", "LNX-GUEST-050", "a key request after the VMPCK was lost", get_key()),
        ("wiped-ext", "LNX-GUEST-050", "an extended request after the VMPCK was lost", get_ext()),
        (
            "wiped-unknown",
            "LNX-GUEST-010",
            "an unknown ioctl after the VMPCK was lost",
            get_report() | {"ioctl": "0xc0205303"},
        ),
        (
            "wiped-pointers",
            "LNX-GUEST-010",
            "a request without pointers after the VMPCK was lost",
            get_report(req_data=0, resp_data=0),
        ),
    ]
    for name, requirement, defect, step in rows:
        make.invalid(
            name,
            [requirement],
            [lost, step],
            defect,
            "ENOTTY",
            "host",
            twin="two-reports-6-12",
            last=wiped | {"errno": "ENOTTY"},
            with_guest=guest(WIPED_FIRST),
        )
    make.invalid(
        "wiped-version-zero",
        ["LNX-GUEST-014"],
        [lost, get_report(msg_version=0)],
        "msg_version 0 after the VMPCK was lost",
        "EINVAL",
        "host",
        twin="two-reports-6-12",
        last=wiped,
        with_guest=guest(WIPED_FIRST),
    )


def add(family: Family) -> None:
    make = Maker(family, "device", "ioctl")
    for part in (_module, _wiped):
        part(make)
