"""Family device, configfs-tsm: entries, the module that goes, an SVSM. Linux notes, sections 5 and 8."""

from __future__ import annotations

from reference.bundle import Family
from reference.families._device import NONCE, WITH_TSM, report_response
from reference.families._device_steps import answered, guest, keys
from reference.families._device_tsm import (
    REPORT,
    TsmMaker,
    get,
    inblob,
    mkdir,
    opened,
    outblob,
    put,
    read,
    write,
)


def _entries(make: TsmMaker) -> None:
    make.valid(
        "tsm-remade",
        "an entry is removed and made again, new",
        ["LNX-TSM-003"],
        [mkdir(), inblob(), {"call": "rmdir", "name": "a"}, mkdir(), get("generation", text="0\n")],
        last={"text": "0\n"},
    )
    make.valid("tsm-mkdir", "an entry is made", ["LNX-TSM-002"], [mkdir()])
    make.valid("tsm-mkdir-two", "two entries are made", ["LNX-TSM-003"], [mkdir(), mkdir("b")])
    make.fails(
        "tsm-mkdir-twice",
        "LNX-TSM-003",
        [mkdir(), mkdir()],
        "an entry of that name exists",
        "EEXIST",
        twin="tsm-mkdir-two",
    )
    without = guest(WITH_TSM) | {"provider": False}
    make.fails(
        "tsm-mkdir-no-provider",
        "LNX-TSM-002",
        [mkdir()],
        "an entry without a provider",
        "ENXIO",
        twin="tsm-mkdir",
        with_guest=without,
    )
    make.valid(
        "tsm-provider-late",
        "the module is loaded before the first entry",
        ["LNX-TSM-001"],
        [{"call": "register"}],
        with_guest=without,
    )
    make.fails(
        "tsm-provider-second",
        "LNX-TSM-001",
        [{"call": "register"}],
        "a second provider",
        "EBUSY",
        twin="tsm-provider-late",
    )
    gone = {"call": "unregister"}
    make.valid(
        "tsm-provider-again",
        "the module is unloaded and loaded again without entries",
        ["LNX-TSM-009"],
        [mkdir(), gone, {"call": "rmdir", "name": "a"}, {"call": "register"}],
    )
    make.fails(
        "tsm-provider-with-entry",
        "LNX-TSM-009",
        [mkdir(), gone, {"call": "register"}],
        "the module is loaded again while there is an entry",
        "EBUSY",
        twin="tsm-provider-again",
    )
    rows = [
        ("provider", get("provider"), "LNX-TSM-006", "provider is read"),
        ("floor", get("privlevel_floor"), "LNX-TSM-006", "privlevel_floor is read"),
        ("outblob", outblob(), "LNX-TSM-041", "a report is asked for"),
        ("privlevel", put("privlevel", "1"), "LNX-TSM-023", "privlevel is written"),
    ]
    for name, step, requirement, what in rows:
        twin = "tsm-report" if name == "outblob" else f"tsm-here-{name}"
        if name != "outblob":
            title = f"{what} while the module is there"
            make.valid(twin, title, [requirement], [mkdir(), inblob(), step])
        make.fails(
            f"tsm-gone-{name}",
            requirement,
            [mkdir(), inblob(), gone, step],
            "the module has gone",
            "ENXIO",
            twin=twin,
            title=f"{what} when the module has gone",
            boundary=name,
        )
    newest = guest(["latest"])  # AMB-143: of older ones the order of the checks is not known
    make.valid(
        "tsm-here-privlevel-latest",
        "privlevel is written while the newest module is there",
        ["LNX-TSM-023"],
        [mkdir(), inblob(), put("privlevel", "1")],
        with_guest=newest,
    )
    privlevels = [
        ("4", "LNX-TSM-023 LNX-TSM-024", "ENXIO", "the module has gone, and privlevel is above 3"),
        ("word", "LNX-TSM-021 LNX-TSM-023", "EINVAL", "privlevel is no number, and the module has gone"),
    ]
    for text, requirement, errno, defect in privlevels:
        make.fails(
            f"tsm-gone-privlevel-{text}",
            requirement,
            [mkdir(), inblob(), gone, put("privlevel", text)],
            defect,
            errno,
            twin="tsm-here-privlevel-latest",
            with_guest=newest,
        )
    make.fails(
        "tsm-gone-never",
        "LNX-TSM-040",
        [mkdir(), gone, outblob()],
        "inblob was never written",
        "EINVAL",
        twin="tsm-served-without-provider",
        title="inblob was never written, which is noticed before the missing module",
        boundary="the module has gone, too",
    )
    remove = {"call": "rmdir", "name": "a"}
    first_pass = {"call": "size", "file": "f", "host": [answered()]}
    written = {"call": "write", "file": "f", "text": "3"}
    make.valid(
        "tsm-kept-open",
        "privlevel is opened, then written",
        ["LNX-TSM-004"],
        [mkdir(), opened("privlevel", "w"), written],
        last={"count": 1},
    )
    make.valid(
        "tsm-inblob-after-rmdir",
        "inblob takes a write when its entry is removed: close delivers it to nobody",
        ["LNX-TSM-004"],
        [mkdir(), opened("inblob", "w"), remove, write(NONCE)],
        last={"count": 64},
    )
    blob = [inblob(), opened("outblob", "r")]
    removed = [
        ("blob", blob, read(16), read(16, answered()), "a blob is read"),
        ("between", [*blob, first_pass], read(16), read(16), "the second pass of a blob is made"),
        ("text", [opened("provider", "r")], read(16), read(16), "a text is read"),
        ("written", [opened("privlevel", "w")], written, written, "a text is written"),
    ]
    for name, steps, step, served, what in removed:
        if name != "written":
            make.valid(
                f"tsm-kept-{name}",
                f"{what} of an entry that stays",
                ["LNX-TSM-004"],
                [mkdir(), *steps, served],
            )
        make.fails(
            f"tsm-removed-{name}",
            "LNX-TSM-004",
            [mkdir(), *steps, remove, step],
            "the entry is removed",
            "ENOENT",
            twin="tsm-kept-open" if name == "written" else f"tsm-kept-{name}",
            title=f"{what} when its entry is removed",
            boundary=what,
        )


def _services(make: TsmMaker) -> None:
    """At VMPL 1, with an SVSM that does not attest."""
    here = guest(WITH_TSM, vmpl=1, vmpcks=keys(1))
    report = outblob(answered(payload=report_response(vmpl=1), vmpck=1))
    guid = "c476f1eb-0123-45a5-9641-b4e7dde5bfe3"
    first = [mkdir(), inblob(), put("privlevel", "1")]
    make.valid(
        "tsm-service",
        "service_guid and service_manifest_version do not matter without service_provider",
        ["LNX-TSM-028"],
        [*first, put("service_guid", guid), put("service_manifest_version", "1\n"), report],
        last=REPORT,
        with_guest=here,
    )
    make.valid(
        "tsm-service-set",
        "service_provider is written and not yet used",
        ["LNX-TSM-026"],
        [*first, put("service_provider", "svsm\n"), get("generation", text="3\n")],
        last={"text": "3\n"},
        with_guest=here,
    )
    make.valid(
        "tsm-service-unset",
        "no service_provider is set at VMPL 1",
        ["LNX-TSM-051"],
        [*first, report],
        last=REPORT,
        with_guest=here,
    )
    other = "service_provider is not svsm"
    providers = [
        ("other", "tdx\n", "LNX-TSM-051", other, "another one"),
        ("empty", "\n", "LNX-TSM-051 LNX-TSM-026", other, "an empty value"),
        ("two-newlines", "svsm\n\n", "LNX-TSM-051 LNX-TSM-026", other, "svsm and two newlines"),
        ("svsm", "svsm\n", "LNX-TSM-058", "the SVSM does not attest", "service_provider is svsm"),
    ]
    for name, text, requirement, defect, which in providers:
        make.fails(
            f"tsm-service-{name}",
            requirement,
            [*first, put("service_provider", text), outblob()],
            defect,
            "EINVAL",
            twin="tsm-service-unset",
            title=f"{defect}: {which}",
            boundary=which,
            with_guest=here,
        )
    guid_set = [*first, put("service_guid", guid)]
    make.valid(
        "tsm-guid", "service_guid is written", ["LNX-TSM-027"], guid_set, last={"count": 36}, with_guest=here
    )
    make.fails(
        "tsm-guid-short",
        "LNX-TSM-027",
        [*first, put("service_guid", guid[:-1])],
        "service_guid lacks a digit",
        "EINVAL",
        twin="tsm-guid",
        with_guest=here,
    )
    make.valid(
        "tsm-guid-advances",
        "a malformed service_guid is a new generation all the same",
        ["LNX-TSM-027"],
        [*first, put("service_guid", "no guid"), get("generation", text="3\n")],
        last={"text": "3\n"},
        with_guest=here,
    )
    for name, text, title in (
        ("", "1\n", "service_manifest_version is written"),
        ("-largest", "037777777777", "service_manifest_version is 32 bits of ones in octal"),
    ):
        make.valid(
            f"tsm-manifest-number{name}",
            title,
            ["LNX-TSM-022" if name else "LNX-TSM-021"],
            [mkdir(), put("service_manifest_version", text)],
            last={"count": len(text)},
            with_guest=here,
        )
    for name, text, which in (
        ("", "one", "a word"),
        ("-octal-8", "08", "octal with the digit 8"),
    ):
        make.fails(
            f"tsm-manifest-version{name}",
            "LNX-TSM-021",
            [mkdir(), put("service_manifest_version", text)],
            "service_manifest_version is no number",
            "EINVAL",
            twin="tsm-manifest-number",
            title=f"service_manifest_version is no number: {which}",
            boundary=which,
            with_guest=here,
        )
    make.fails(
        "tsm-manifest-version-large",
        "LNX-TSM-022",
        [mkdir(), put("service_manifest_version", "040000000000")],
        "service_manifest_version does not fit 32 bits",
        "ERANGE",
        twin="tsm-manifest-number-largest",
        with_guest=here,
    )


def add(family: Family) -> None:
    make = TsmMaker(family)
    for part in (_entries, _services):
        part(make)
