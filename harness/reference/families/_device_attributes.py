"""Family device, configfs-tsm: attributes one by one. Linux notes, section 5."""

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
    for name, text, vmpl in (("newline", "3\n", 3), ("hex", "0x2", 2), ("octal", "01", 1), ("plus", "+3", 3)):
        make.valid(
            f"tsm-privlevel-{name}",
            f"privlevel is written as {text!r}",
            ["LNX-TSM-024"],
            [
                mkdir(),
                inblob(),
                put("privlevel", text),
                outblob(answered(payload=report_response(vmpl=vmpl))),
            ],
            last=REPORT,
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
    word, wide = "privlevel is no number", "privlevel does not fit 32 bits"
    refused = [
        ("4", "4", "LNX-TSM-024", "EINVAL", "privlevel is above 3", "4"),
        ("octal-10", "010", "LNX-TSM-024", "EINVAL", "privlevel is above 3", "8 in octal"),
        ("33-bits", "4294967296", "LNX-TSM-022", "ERANGE", wide, "33 bits"),
        ("65-bits", "18446744073709551616x", "LNX-TSM-022", "ERANGE", wide, "65 bits, then a letter"),
        ("word", "high", "LNX-TSM-021", "EINVAL", word, "a word"),
        ("negative", "-1", "LNX-TSM-021", "EINVAL", word, "a negative one"),
        ("space", "1 ", "LNX-TSM-021", "EINVAL", word, "a space follows"),
        ("octal-8", "08", "LNX-TSM-021", "EINVAL", word, "octal with the digit 8"),
        ("line", "\n", "LNX-TSM-021", "EINVAL", word, "a newline"),
        ("nothing", "", "LNX-TSM-015", "EFAULT", "a write of 0 bytes", "to privlevel"),
    ]
    make.valid("tsm-privlevel", "privlevel 3, the highest", ["LNX-TSM-024"], [mkdir(), put("privlevel", "3")])
    for name, text, requirement, errno, defect, which in refused:
        make.fails(
            f"tsm-privlevel-{name}",
            requirement,
            [mkdir(), put("privlevel", text)],
            defect,
            errno,
            twin="tsm-privlevel",
            title=f"{defect}: {which}",
            boundary=which,
        )
    make.valid(
        "tsm-privlevel-at-floor",
        "privlevel is written with the floor's value",
        ["LNX-TSM-024"],
        [mkdir(), inblob(), put("privlevel", "2")],
        with_guest=guest(WITH_TSM, vmpl=2, vmpcks=keys(2)),
    )
    make.fails(
        "tsm-privlevel-below-floor",
        "LNX-TSM-024",
        [mkdir(), inblob(), put("privlevel", "1")],
        "privlevel is below the floor",
        "EINVAL",
        twin="tsm-privlevel-at-floor",
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
        "a write to inblob beyond byte 64",
        "EFBIG",
        boundary="it begins beyond it",
        twin="tsm-inblob-written",
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
    )
    written = [mkdir(), inblob()]
    make.valid("tsm-inblob", "inblob of 64 bytes is written", ["LNX-TSM-014"], written, last={"count": 64})
    for size in (32, 63):
        make.fails(
            f"tsm-inblob-{size}",
            "LNX-TSM-050",
            [mkdir(), inblob(NONCE[:size]), outblob()],
            "inblob is shorter than 64 bytes",
            "EINVAL",
            title=f"inblob has {size} bytes",
            boundary=f"{size} bytes",
            flags=["dev-user-data-short"],
        )
    make.fails(
        "tsm-inblob-65",
        "LNX-TSM-014",
        [mkdir(), inblob(NONCE + b"x")],
        "a write to inblob beyond byte 64",
        "EFBIG",
        title="inblob is written with 65 bytes",
        boundary="it ends one byte beyond it",
        twin="tsm-inblob",
        flags=["dev-user-data-short"],
    )
    make.fails(
        "tsm-inblob-65-read",
        "LNX-TSM-040",
        [mkdir(), inblob(NONCE + b"x"), outblob()],
        "inblob has 65 bytes, which counts as an empty one",
        "EINVAL",
    )
    make.valid(
        "tsm-inblob-65-counts",
        "an inblob of 65 bytes is a new generation, though its write is refused",
        ["LNX-TSM-014"],
        [mkdir(), inblob(NONCE + b"x"), get("generation", text="1\n")],
        last={"text": "1\n"},
    )
    make.fails(
        "tsm-inblob-0",
        "LNX-TSM-015",
        [mkdir(), inblob(b"")],
        "a write of 0 bytes",
        "EFAULT",
        title="a write of 0 bytes to inblob",
        boundary="to inblob",
        twin="tsm-inblob",
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
    make.valid(
        "tsm-open-privlevel",
        "privlevel is opened for writing",
        ["LNX-TSM-007"],
        [mkdir(), opened("privlevel", "w")],
    )
    make.valid(
        "tsm-open-generation",
        "generation is opened to be read",
        ["LNX-TSM-008"],
        [mkdir(), opened("generation", "r")],
    )
    reading, writing = (
        "a write-only attribute is opened for reading",
        "a read-only attribute is opened for writing",
    )
    rows = [
        ("inblob", "r", "LNX-TSM-007", reading),
        ("privlevel", "r", "LNX-TSM-007", reading),
        ("outblob", "w", "LNX-TSM-008", writing),
        ("generation", "w", "LNX-TSM-008", writing),
        ("inblob", "rw", "LNX-TSM-008", "an attribute is opened for reading and writing"),
    ]
    for attribute, mode, requirement, defect in rows:
        make.fails(
            f"tsm-open-{attribute}-{mode}",
            requirement,
            [mkdir(), opened(attribute, mode)],
            defect,
            "EACCES",
            twin=f"tsm-open-{attribute}",
            title=f"{defect}: {attribute}",
            boundary=attribute,
        )
    service = guest(WITH_TSM, vmpl=1, vmpcks=keys(0, 1))
    for attribute, mode in (("manifestblob", "r"), ("service_guid", "w")):
        name = f"tsm-open-{attribute.replace('_', '-')}"
        steps = [mkdir(), opened(attribute, mode)]
        make.valid(name, f"{attribute} is opened at VMPL 1", ["LNX-TSM-005"], steps, with_guest=service)
        make.fails(
            f"{name}-{mode}",
            "LNX-TSM-005",
            steps,
            "an attribute that only a guest with an SVSM has",
            "ENOENT",
            twin=name,
            title=f"{attribute} without an SVSM",
            boundary=attribute,
            with_guest=service | {"vmpl": 0},
        )
    make.fails(
        "tsm-open-quote-r",
        "LNX-TSM-005",
        [mkdir(), opened("quote", "r")],
        "an attribute that there is not",
        "ENOENT",
        twin="tsm-open-outblob",
    )


def add(family: Family) -> None:
    make = TsmMaker(family)
    for part in (_texts, _inblobs, _access):
        part(make)
