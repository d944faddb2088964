"""Family device, configfs-tsm: attributes and entries one by one. Linux notes, section 5."""

from __future__ import annotations

from reference.bundle import Family
from reference.families._device import NONCE, WITH_TSM, report_response
from reference.families._device_steps import answered, guest, keys
from reference.families._device_tsm import (
    CLOSE,
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


def _texts(make: TsmMaker) -> None:
    rows = [
        ("tsm-provider", "provider", "sev_guest\n", "LNX-TSM-011", "provider is sev_guest"),
        ("tsm-generation-new", "generation", "0\n", "LNX-TSM-012", "generation of a new entry is 0"),
        ("tsm-floor", "privlevel_floor", "0\n", "LNX-TSM-013", "privlevel_floor is the VMPCK's number"),
    ]
    for name, attribute, text, requirement, title in rows:
        make.valid(name, title, [requirement], [mkdir(), get(attribute, text=text)], last={"text": text})
    make.valid(
        "tsm-floor-vmpl",
        "privlevel_floor is 2 at VMPL 2",
        ["LNX-TSM-013"],
        [mkdir(), get("privlevel_floor", text="2\n")],
        last={"text": "2\n"},
        with_guest=guest(WITH_TSM, vmpl=2, vmpcks=keys(2)),
    )
    make.valid(
        "tsm-generation",
        "each accepted write counts, a refused one does not",
        ["LNX-TSM-030"],
        [
            mkdir(),
            inblob(),
            put("privlevel", "1\n"),
            put("privlevel", "4\n"),
            inblob(),
            get("generation", text="3\n"),
        ],
        last={"text": "3\n"},
    )
    for name, text in (("newline", "3\n"), ("hex", "0x3"), ("octal", "03"), ("plus", "+3")):
        make.valid(
            f"tsm-privlevel-{name}",
            f"privlevel is written as {text!r}",
            ["LNX-TSM-024"],
            [mkdir(), put("privlevel", text), get("generation", text="1\n")],
            last={"text": "1\n"},
        )
    make.valid(
        "tsm-privlevel-floor",
        "privlevel at the floor",
        ["LNX-TSM-024"],
        [
            mkdir(),
            inblob(),
            put("privlevel", "2"),
            outblob(answered(payload=report_response(vmpl=2), vmpck=2)),
        ],
        last=REPORT,
        with_guest=guest(WITH_TSM, vmpl=2, vmpcks=keys(2)),
    )
    make.valid(
        "tsm-too-low-then-floor",
        "the default privlevel 0 is refused at VMPL 1, privlevel 1 is answered",
        ["LNX-TSM-052"],
        [
            mkdir(),
            inblob(),
            outblob(answered(1, report_response(status=0x16), vmpck=1)),
            put("privlevel", "1"),
            outblob(answered(3, report_response(vmpl=1), vmpck=1)),
        ],
        last=REPORT,
        with_guest=guest(WITH_TSM, vmpl=1, vmpcks=keys(1)),
        flags=["dev-vmpl-request-too-low"],
    )
    refused = [
        ("4", "4", "LNX-TSM-024", "EINVAL", "privlevel 4"),
        ("33-bits", "4294967296", "LNX-TSM-022", "ERANGE", "privlevel does not fit 32 bits"),
        ("65-bits", "18446744073709551616x", "LNX-TSM-022", "ERANGE", "privlevel of 65 bits, then a letter"),
        ("word", "high", "LNX-TSM-021", "EINVAL", "privlevel is a word"),
        ("negative", "-1", "LNX-TSM-021", "EINVAL", "privlevel is negative"),
        ("space", "1 ", "LNX-TSM-021", "EINVAL", "a space follows the privlevel"),
        ("octal-8", "08", "LNX-TSM-021", "EINVAL", "privlevel is octal with the digit 8"),
        ("line", "\n", "LNX-TSM-021", "EINVAL", "privlevel is a newline"),
        ("nothing", "", "LNX-TSM-015", "EFAULT", "a write of 0 bytes to privlevel"),
    ]
    make.valid("tsm-privlevel", "privlevel 3, the highest", ["LNX-TSM-024"], [mkdir(), put("privlevel", "3")])
    for name, text, requirement, errno, defect in refused:
        make.fails(
            f"tsm-privlevel-{name}",
            requirement,
            [mkdir(), put("privlevel", text)],
            defect,
            errno,
            twin="tsm-privlevel",
            change="text",
        )
    make.fails(
        "tsm-privlevel-below-floor",
        "LNX-TSM-024",
        [mkdir(), inblob(), put("privlevel", "1")],
        "privlevel below the floor",
        "EINVAL",
        twin="tsm-privlevel-floor",
        change="text",
        with_guest=guest(WITH_TSM, vmpl=2, vmpcks=keys(2)),
        flags=["dev-vmpl-request-too-low"],
    )


def _inblobs(make: TsmMaker) -> None:
    make.valid(
        "tsm-inblob-in-parts",
        "inblob in two writes",
        ["LNX-TSM-016"],
        [
            mkdir(),
            opened("inblob", "w"),
            write(NONCE[:32]),
            write(NONCE[32:]),
            CLOSE,
            get("generation", text="1\n"),
            outblob(answered()),
        ],
        last=REPORT,
    )
    make.valid(
        "tsm-inblob-backwards",
        "the second half of inblob is written first",
        ["LNX-TSM-016"],
        [
            mkdir(),
            opened("inblob", "w"),
            write(NONCE[32:], at=32),
            write(NONCE[:32], at=0),
            CLOSE,
            outblob(answered()),
        ],
        last=REPORT,
    )
    make.valid(
        "tsm-inblob-written",
        "the last byte of inblob is written",
        ["LNX-TSM-014"],
        [mkdir(), opened("inblob", "w"), write(b"x", at=63)],
        last={"count": 1},
    )
    make.fails(
        "tsm-inblob-beyond",
        "LNX-TSM-014",
        [mkdir(), opened("inblob", "w"), write(b"x", at=65)],
        "a write that begins beyond byte 64",
        "EFBIG",
        twin="tsm-inblob-written",
        change="at",
    )
    make.valid(
        "tsm-inblob-not-closed",
        "inblob counts when it is closed, not before",
        ["LNX-TSM-017"],
        [mkdir(), opened("inblob", "w"), write(NONCE), get("generation", text="0\n")],
        last={"text": "0\n"},
    )
    make.valid(
        "tsm-inblob-refused-rest",
        "a write beyond byte 64 is refused, the 64 before it count",
        ["LNX-TSM-014"],
        [mkdir(), opened("inblob", "w"), write(NONCE), write(b"x"), CLOSE, outblob(answered())],
        last=REPORT,
    )
    make.fails(
        "tsm-inblob-never",
        "LNX-TSM-040",
        [mkdir(), outblob()],
        "inblob was never written",
        "EINVAL",
        change="call",
    )
    for size in (32, 63):
        make.fails(
            f"tsm-inblob-{size}",
            "LNX-TSM-050",
            [mkdir(), inblob(NONCE[:size]), outblob()],
            f"inblob has {size} bytes",
            "EINVAL",
            change="data",
            flags=["dev-user-data-short"],
        )
    make.fails(
        "tsm-inblob-65",
        "LNX-TSM-014",
        [mkdir(), inblob(NONCE + b"x")],
        "inblob is written with 65 bytes",
        "EFBIG",
        change="data",
        flags=["dev-user-data-short"],
    )
    make.fails(
        "tsm-inblob-65-read",
        "LNX-TSM-040",
        [mkdir(), inblob(NONCE + b"x"), get("generation", text="1\n"), outblob()],
        "outblob after an inblob of 65 bytes, which counts as an empty one",
        "EINVAL",
        change="data",
    )
    make.fails(
        "tsm-inblob-0",
        "LNX-TSM-015",
        [mkdir(), inblob(b"")],
        "a write of 0 bytes to inblob",
        "EFAULT",
        change="data",
    )


def _access(make: TsmMaker) -> None:
    make.valid(
        "tsm-open-outblob",
        "outblob is opened to be read",
        ["LNX-TSM-008"],
        [mkdir(), opened("outblob", "r")],
    )
    make.valid(
        "tsm-open-inblob", "inblob is opened for writing", ["LNX-TSM-007"], [mkdir(), opened("inblob", "w")]
    )
    rows = [
        ("inblob", "r", "LNX-TSM-007", "EACCES", "inblob is opened for reading", "inblob"),
        ("privlevel", "r", "LNX-TSM-007", "EACCES", "privlevel is opened for reading", "inblob"),
        ("outblob", "w", "LNX-TSM-008", "EACCES", "outblob is opened for writing", "outblob"),
        ("generation", "w", "LNX-TSM-008", "EACCES", "generation is opened for writing", "outblob"),
        ("inblob", "rw", "LNX-TSM-008", "EACCES", "inblob is opened for both", "inblob"),
        ("manifestblob", "r", "LNX-TSM-005", "ENOENT", "manifestblob without an SVSM", "outblob"),
        ("service_guid", "w", "LNX-TSM-005", "ENOENT", "service_guid without an SVSM", "inblob"),
        ("quote", "r", "LNX-TSM-005", "ENOENT", "an attribute that there is not", "outblob"),
    ]
    for attribute, mode, requirement, errno, defect, twin in rows:
        make.fails(
            f"tsm-open-{attribute.replace('_', '-')}-{mode}",
            requirement,
            [mkdir(), opened(attribute, mode)],
            defect,
            errno,
            twin=f"tsm-open-{twin}",
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
        change="name",
    )
    without = guest(WITH_TSM) | {"provider": False}
    make.fails(
        "tsm-mkdir-no-provider",
        "LNX-TSM-002",
        [mkdir()],
        "an entry without a provider",
        "ENXIO",
        twin="tsm-mkdir",
        change=("provider", "provider", None),
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
        change=("provider", "provider", None),
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
        change="call",
    )
    rows = [
        ("provider", get("provider"), "LNX-TSM-006", "provider is read when the module has gone"),
        ("floor", get("privlevel_floor"), "LNX-TSM-006", "privlevel_floor is read when the module has gone"),
        ("outblob", outblob(), "LNX-TSM-041", "a report is asked for when the module has gone"),
        ("privlevel", put("privlevel", "1"), "LNX-TSM-023", "privlevel is written when the module has gone"),
    ]
    for name, step, requirement, defect in rows:
        make.fails(
            f"tsm-gone-{name}",
            requirement,
            [mkdir(), inblob(), gone, step],
            defect,
            "ENXIO",
            twin="tsm-served-without-provider",
            change="call",
        )
    make.fails(
        "tsm-gone-never",
        "LNX-TSM-040",
        [mkdir(), gone, outblob()],
        "inblob was never written, which is noticed before the missing module",
        "EINVAL",
        twin="tsm-served-without-provider",
        change="call",
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
    removed = [
        ("blob", [inblob(), opened("outblob", "r"), remove, read(16)], "a blob is read", "tsm-in-parts"),
        (
            "between",
            [inblob(), opened("outblob", "r"), first_pass, remove, read(16)],
            "the second pass of a blob is made",
            "tsm-between-passes",
        ),
        ("text", [opened("provider", "r"), remove, read(16)], "a text is read", "tsm-in-parts"),
        ("written", [opened("privlevel", "w"), remove, written], "a text is written", "tsm-kept-open"),
    ]
    for name, steps, what, twin in removed:
        make.fails(
            f"tsm-removed-{name}",
            "LNX-TSM-004",
            [mkdir(), *steps],
            f"{what} when its entry is removed",
            "ENOENT",
            twin=twin,
            change="call",
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
    providers = [
        ("other", "tdx\n", "LNX-TSM-051", "service_provider is not svsm"),
        ("empty", "\n", "LNX-TSM-051", "service_provider is empty"),
        ("two-newlines", "svsm\n\n", "LNX-TSM-051", "service_provider ends in two newlines"),
        ("svsm", "svsm\n", "LNX-TSM-058", "the SVSM does not attest"),
    ]
    for name, text, requirement, defect in providers:
        make.fails(
            f"tsm-service-{name}",
            requirement,
            [*first, put("service_provider", text), outblob()],
            defect,
            "EINVAL",
            twin="tsm-service",
            change="attribute",
            with_guest=here,
        )
    make.fails(
        "tsm-guid-short",
        "LNX-TSM-027",
        [*first, put("service_guid", guid[:-1])],
        "service_guid lacks a digit",
        "EINVAL",
        twin="tsm-service",
        change="text",
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
    make.fails(
        "tsm-manifest-version",
        "LNX-TSM-021",
        [*first, put("service_guid", guid), put("service_manifest_version", "one")],
        "service_manifest_version is a word",
        "EINVAL",
        twin="tsm-service",
        change="text",
        with_guest=here,
    )


def add(family: Family) -> None:
    make = TsmMaker(family)
    for part in (_texts, _inblobs, _access, _entries, _services):
        part(make)
