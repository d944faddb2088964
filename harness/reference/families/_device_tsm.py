"""Family device, configfs-tsm: one program's calls, and what it may take. Linux notes, sections 5 and 8."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reference import certtable, message
from reference.bundle import Family
from reference.device_script import digest
from reference.families._device import (
    BUSY,
    INVALID_LEN,
    NONCE,
    OTHER_NONCE,
    WITH_TSM,
    pattern,
    report_response,
)
from reference.families._device_steps import Maker, Step, answered, guest
from reference.message import le

CERTS = {"ARK": pattern("ARK", 700), "ASK": pattern("ASK", 601), "VCEK": pattern("VCEK", 513)}
TABLE = certtable.build([(certtable.GUIDS[kind], data) for kind, data in CERTS.items()])

LEAF_SIZE = 0x4000 - 48
FULL_TABLE = certtable.build([(certtable.GUIDS["VCEK"], pattern("VCEK", LEAF_SIZE))])
BEYOND_TABLE = message.patched(FULL_TABLE, {20: le(LEAF_SIZE + 0x1000, 4)})


def mkdir(name: str = "a") -> Step:
    return {"call": "mkdir", "name": name}


def put(attribute: str, text: str, name: str = "a") -> Step:
    return {"call": "put", "name": name, "attribute": attribute, "text": text}


def inblob(data: bytes = NONCE, name: str = "a") -> Step:
    return {"call": "put", "name": name, "attribute": "inblob", "data": data.hex()}


def get(attribute: str, *host: Step, name: str = "a", **more: Any) -> Step:
    return {"call": "get", "name": name, "attribute": attribute} | more | {"host": list(host)}


def outblob(*host: Step, nonce: bytes = NONCE, name: str = "a") -> Step:
    return get("outblob", *host, name=name, nonce=nonce.hex())


def opened(attribute: str, mode: str, *, name: str = "a", label: str = "f") -> Step:
    return {"call": "open", "name": name, "attribute": attribute, "mode": mode, "as": label}


def write(data: bytes, **more: Any) -> Step:
    return {"call": "write", "file": "f", "data": data.hex()} | more


def read(size: int, *host: Step) -> Step:
    return {"call": "read", "file": "f", "size": size, "host": list(host)}


CLOSE = {"call": "close", "file": "f"}
REPORT = {"size": 0x4A0, "calls": 1}


class TsmMaker(Maker):
    """Cases of op tsm."""

    def __init__(self, family: Family) -> None:
        super().__init__(family, "tsm", "configfs")

    def guest(self) -> dict[str, Any]:
        return guest(WITH_TSM)

    def fails(
        self,
        name: str,
        requirement: str,
        steps: Iterable[Step],
        defect: str,
        errno: str,
        *,
        twin: str = "tsm-report",
        last: dict[str, Any] | None = None,
        **more: Any,
    ) -> None:
        """The last call fails with ERRNO. REQUIREMENT: one id, or more between spaces."""
        stated = {"errno": errno} | (last or {})
        self.invalid(name, requirement.split(), steps, defect, errno, twin=twin, last=stated, **more)


def _reports(make: TsmMaker) -> None:
    make.valid(
        "tsm-report",
        "inblob, then outblob: a report of 1184 bytes",
        ["LNX-TSM-031"],
        [mkdir(), inblob(), outblob(answered())],
        last=REPORT,
    )
    make.valid(
        "tsm-one-request",
        "auxblob, then outblob of one generation: one request",
        ["LNX-TSM-044"],
        [mkdir(), inblob(), get("auxblob", answered() | {"certs": TABLE}), outblob()],
        last={"size": 0x4A0, "calls": None},
    )
    make.valid(
        "tsm-auxblob",
        "auxblob is the table to its furthest entry's end",
        ["LNX-TSM-055"],
        [mkdir(), inblob(), get("auxblob", answered() | {"certs": TABLE.ljust(0x4000, b"\xdd")})],
        last={"size": len(TABLE), "calls": 1},
    )
    make.valid(
        "tsm-auxblob-empty",
        "auxblob is empty where the host has no certificates",
        ["LNX-TSM-055"],
        [mkdir(), inblob(), get("auxblob", answered())],
        last={"size": 0, "calls": 1},
        flags=["dev-ext-report-fallback"],
    )
    make.valid(
        "tsm-outblob-twice",
        "outblob is read twice: the second is the first",
        ["LNX-TSM-044"],
        [mkdir(), inblob(), outblob(answered()), outblob()],
        last={"size": 0x4A0, "calls": None},
    )
    make.valid(
        "tsm-new-inblob",
        "another inblob: the firmware is asked again",
        ["LNX-TSM-045"],
        [
            mkdir(),
            inblob(),
            outblob(answered()),
            inblob(OTHER_NONCE),
            outblob(answered(3, report_response(OTHER_NONCE)), nonce=OTHER_NONCE),
        ],
        last=REPORT,
    )
    make.valid(
        "tsm-same-inblob",
        "the same inblob again is a new generation too",
        ["LNX-TSM-045"],
        [mkdir(), inblob(), outblob(answered()), inblob(), outblob(answered(3))],
        last=REPORT,
    )
    make.valid(
        "tsm-two-items",
        "two entries have reports of their own",
        ["LNX-TSM-044"],
        [
            mkdir("a"),
            mkdir("b"),
            inblob(),
            inblob(OTHER_NONCE, "b"),
            outblob(answered(1, report_response(OTHER_NONCE)), nonce=OTHER_NONCE, name="b"),
            outblob(answered(3)),
        ],
        last=REPORT,
    )
    make.valid(
        "tsm-in-parts",
        "outblob in two reads, and 0 bytes at its end",
        ["LNX-TSM-043"],
        [mkdir(), inblob(), opened("outblob", "r"), read(1000, answered()), read(0x1000), read(1)],
        last={"size": 0},
    )
    make.valid(
        "tsm-between-passes",
        "inblob is written between the two passes of a first read: the read gives the second report",
        ["LNX-TSM-047"],
        [
            mkdir(),
            inblob(),
            opened("outblob", "r"),
            {"call": "size", "file": "f", "host": [answered()]},
            inblob(OTHER_NONCE),
            read(0x1000, answered(3, report_response(OTHER_NONCE))),
        ],
        last=REPORT,
    )
    make.valid(
        "tsm-empty-not-kept",
        "an empty auxblob is asked for again by the descriptor that read it",
        ["LNX-TSM-061"],
        [
            mkdir(),
            inblob(),
            opened("auxblob", "r"),
            read(16, answered()),
            inblob(),
            read(0x4000, answered(3) | {"certs": TABLE}),
        ],
        last={"size": len(TABLE), "calls": 1},
    )
    make.valid(
        "tsm-fails-once",
        "after a table of more than four pages the next read asks again",
        ["LNX-TSM-046"],
        [
            mkdir(),
            inblob(),
            outblob({"exitinfo2": INVALID_LEN, "npages": 5}, answered(1)),
            outblob(answered(3)),
        ],
        last=REPORT,
    )
    make.valid(
        "tsm-served-without-provider",
        "a blob that is made is served when the module has gone",
        ["LNX-TSM-041"],
        [mkdir(), inblob(), outblob(answered()), {"call": "unregister"}, outblob()],
        last={"size": 0x4A0},
    )
    make.valid(
        "tsm-longest-size",
        "REPORT_SIZE as large as the message allows",
        ["LNX-TSM-054"],
        [mkdir(), inblob(), get("outblob", answered(payload=report_response(size=0xF80)))],
        last={"size": 0xF80},
    )
    make.valid(
        "tsm-largest-size",
        "REPORT_SIZE that with its header is 4096 bytes, zero after the message",
        ["LNX-TSM-054"],
        [mkdir(), inblob(), get("outblob", answered(payload=report_response(size=0xFE0)))],
        last={"size": 0xFE0},
    )
    make.valid(
        "tsm-auxblob-four-pages",
        "the host's table fills the four pages",
        ["LNX-TSM-057", "LNX-TSM-055"],
        [mkdir(), inblob(), get("auxblob", answered() | {"certs": FULL_TABLE})],
        last={"size": 0x4000, "calls": 1},
    )
    make.valid(
        "tsm-auxblob-beyond",
        "an entry of the host's table ends a page beyond the four: auxblob is the four",
        ["LNX-TSM-055"],
        [mkdir(), inblob(), get("auxblob", answered() | {"certs": BEYOND_TABLE})],
        last={"size": 0x4000, "sha384": digest(BEYOND_TABLE), "calls": 1},
    )


def _failures(make: TsmMaker) -> None:
    flipped = bytearray(answered()["response"])
    flipped[0x61] ^= 1
    lost = [mkdir(), inblob(), outblob({"exitinfo2": "0x16"})]
    too_long = {"exitinfo2": INVALID_LEN, "npages": 5}
    refused_read = outblob({"exitinfo2": "0x16"}, nonce=OTHER_NONCE)
    refused, status = "the request is refused", "STATUS in the response is INVALID_PARAM or INVALID_KEY"
    in_response = ("dev-rsp-status-nonzero",)
    rows: list[tuple[str, Step, str, str, str, str, tuple[str, ...]]] = [
        ("status", {"exitinfo2": "0x16"}, "LNX-TSM-056", "EIO", refused, "by the firmware", ()),
        (
            "generic",
            {"exitinfo2": "0xffffffff00000000"},
            "LNX-TSM-056",
            "EIO",
            refused,
            "by the host, GENERIC",
            (),
        ),
        (
            "busy",
            {"exitinfo2": BUSY, "times": 31},
            "LNX-TSM-056",
            "ETIMEDOUT",
            "the host stays busy",
            "for more than a minute",
            ("dev-throttle-lockout",),
        ),
        (
            "flipped",
            {"response": bytes(flipped)},
            "LNX-TSM-056",
            "EBADMSG",
            "the response does not verify",
            "a bit was flipped",
            (),
        ),
        (
            "param",
            answered(payload=report_response(status=0x16)),
            "LNX-TSM-052",
            "EINVAL",
            status,
            "INVALID_PARAM",
            in_response,
        ),
        (
            "key",
            answered(payload=report_response(status=0x27)),
            "LNX-TSM-052",
            "EINVAL",
            status,
            "INVALID_KEY",
            in_response,
        ),
        (
            "other",
            answered(payload=report_response(status=0x09)),
            "LNX-TSM-053",
            "ENXIO",
            "STATUS in the response is another error",
            "INVALID_ADDRESS",
            (),
        ),
        (
            "size",
            answered(payload=report_response(size=0xFE1)),
            "LNX-TSM-054",
            "ENOMEM",
            "REPORT_SIZE with its header is above 4096",
            "4097 bytes",
            (),
        ),
    ]
    for name, host, requirement, errno, defect, which, flags in rows:
        make.fails(
            f"tsm-fails-{name}",
            requirement,
            [mkdir(), inblob(), outblob(host)],
            defect,
            errno,
            title=f"{defect}: {which}",
            boundary=which,
            flags=flags,
        )
    make.fails(
        "tsm-fails-table",
        "LNX-TSM-057",
        [mkdir(), inblob(), outblob(too_long, answered())],
        "the host's table needs more than four pages",
        "EIO",
        last={"calls": 2},
    )
    make.fails(
        "tsm-fails-twice",
        "LNX-TSM-046",
        [mkdir(), inblob(), outblob(too_long, answered()), outblob(too_long, answered(3))],
        "the read after a failed one asks the host again, which fails again",
        "EIO",
        twin="tsm-fails-once",
        last={"calls": 2},
    )
    make.fails(
        "tsm-new-inblob-fails",
        "LNX-TSM-045",
        [mkdir(), inblob(), outblob(answered()), inblob(OTHER_NONCE), refused_read],
        "the request for the second generation is refused: the first report does not stand in for it",
        "EIO",
        twin="tsm-new-inblob",
        last={"calls": 1},
    )
    make.fails(
        "tsm-empty-not-kept-fails",
        "LNX-TSM-061",
        [
            mkdir(),
            inblob(),
            opened("auxblob", "r"),
            read(16, answered()),
            inblob(),
            read(0x4000, {"exitinfo2": "0x16"}),
        ],
        "the read after an empty auxblob asks the host again, which refuses",
        "EIO",
        twin="tsm-empty-not-kept",
        last={"calls": 1},
    )
    make.fails(
        "tsm-fails-after",
        "LNX-TSM-056",
        [*lost, outblob()],
        "a report is asked for after the VMPCK was lost",
        "ENOTTY",
        twin="tsm-outblob-twice",
    )
    make.invalid(
        "tsm-not-made",
        ["LNX-TSM-060"],
        [mkdir(), inblob(), outblob({"es_result": 2})],
        "the guest's kernel cannot make the hypercall: the read succeeds with 0 bytes",
        "REPORT_DATA",
        twin="tsm-report",
    )
    make.fails(
        "tsm-not-made-later",
        "LNX-TSM-060",
        [mkdir(), inblob(), outblob(answered()), inblob(), outblob({"es_result": 2})],
        "the second report's hypercall cannot be made: the second pass asks again",
        "ENOTTY",
        twin="tsm-same-inblob",
        last={"calls": 1},
    )
    make.invalid(
        "tsm-other-nonce",
        ["LNX-TSM-031"],
        [mkdir(), inblob(OTHER_NONCE), outblob(answered(payload=report_response(OTHER_NONCE)))],
        "another program wrote its inblob: the report is about its nonce",
        "REPORT_DATA",
        twin="tsm-report",
        flags=["dev-configfs-generation"],
    )
    mine = [mkdir(), inblob(), get("generation", text="1\n")]
    make.valid(
        "tsm-same-nonce-again",
        "inblob is written with the same nonce between auxblob and outblob",
        ["LNX-TSM-045"],
        [
            mkdir(),
            inblob(),
            get("auxblob", answered() | {"certs": TABLE}),
            inblob(),
            outblob(answered(3)),
        ],
        last=REPORT,
    )
    make.invalid(
        "tsm-two-generations",
        ["LNX-TSM-044", "LNX-TSM-045"],
        [
            mkdir(),
            inblob(),
            get("auxblob", answered() | {"certs": TABLE}),
            inblob(OTHER_NONCE),
            outblob(answered(3, report_response(OTHER_NONCE))),
        ],
        "another program writes inblob between auxblob and outblob",
        "REPORT_DATA",
        twin="tsm-same-nonce-again",
        flags=["dev-configfs-generation"],
    )
    make.valid(
        "tsm-generation-kept",
        "generation is as the client left it after its report",
        ["LNX-TSM-030"],
        [*mine, outblob(answered()), get("generation", text="1\n")],
        last={"text": "1\n"},
        flags=["dev-configfs-generation"],
    )
    make.invalid(
        "tsm-generation-moved",
        ["LNX-TSM-030"],
        [*mine, inblob(), outblob(answered()), get("generation", text="1\n")],
        "another program wrote inblob between the client's write and read",
        "generation",
        twin="tsm-generation-kept",
        flags=["dev-configfs-generation"],
    )
    stale = [mkdir(), inblob(), opened("outblob", "r"), read(16, answered())]
    make.valid(
        "tsm-descriptor",
        "an open outblob whose inblob no other program writes",
        ["LNX-TSM-042"],
        [*stale, get("generation", text="1\n")],
        last={"text": "1\n"},
    )
    make.invalid(
        "tsm-stale-descriptor",
        ["LNX-TSM-042"],
        [*stale, inblob(OTHER_NONCE), get("generation", text="1\n")],
        "inblob changes under an open outblob",
        "generation",
        twin="tsm-descriptor",
        flags=["dev-configfs-generation"],
    )


def add(family: Family) -> None:
    make = TsmMaker(family)
    for part in (_reports, _failures):
        part(make)
