"""Family message: MSG_SEQNO and the four MsgCounts."""

from __future__ import annotations

from typing import Any

from reference.families._message import Cases, answered, counts, page, report_req, untouched
from reference.message import KEY, patched

LAST = 2**64 - 2


def _numbers(c: Cases) -> None:
    """One request with a wrong number, authentic."""
    ahead = "MSG_SEQNO skips requests"
    rows: tuple[tuple[str, int, str, str | None], ...] = (
        ("zero", 0, "MSG_SEQNO is 0", None),
        ("even", 2, "MSG_SEQNO is 2, a response's", None),
        ("skipped", 3, ahead, None),
        ("far", 2**63 + 1, ahead, "2^63 + 1, far ahead"),
        ("upper-half", 2**32 + 1, "MSG_SEQNO is right in its lower half only", None),
        ("big-endian", 1 << 56, "MSG_SEQNO is 1 in big-endian order", None),
        ("last", 2**64 - 1, ahead, "2^64 - 1, the last number"),
    )
    for name, value, defect, boundary in rows:
        c.mailbox(
            f"seqno-{name}",
            f"{defect}: {boundary}, authentic" if boundary else f"{defect}, authentic",
            "SNP-MSG-045",
            "sequence",
            page(seqno=value),
            "AEAD_OFLOW",
            defect=defect,
            boundary=boundary,
            changes=[("page", "MSG_SEQNO", "vmpck0")],
            flags=("dev-seqno-reuse",),
        )


def _counted(c: Cases, name: str, title: str, requirement: str, seqno: int, count: int, **more: Any) -> None:
    """A granted request of a guest that has sent some."""
    data = page(seqno=seqno)
    start = (count, 0, 0, 0)
    expect = answered(data, msg_count=start)
    c.good(name, title, requirement, "sequence", data, expect=expect, msg_count=counts(start), **more)


def _late(
    c: Cases, name: str, requirement: str, defect: str, seqno: int, count: int, twin: str, **more: Any
) -> None:
    """A request that is refused because of the counter of a guest that has sent some."""
    changes = [("page", "MSG_SEQNO", "vmpck0")] if twin != "report" else [("msg_count", "MsgCount0", None)]
    c.mailbox(
        name,
        f"{defect}, authentic",
        requirement,
        "sequence",
        page(seqno=seqno),
        "AEAD_OFLOW",
        defect=defect,
        changes=changes,
        twin=twin,
        msg_count=counts((count, 0, 0, 0)),
        **more,
    )


def _borders(c: Cases) -> None:
    """Where counters of 32 and 64 bits end."""
    wide = ("msg-counter",)
    _counted(c, "count-4", "The third request", "SNP-MSG-045", 5, 4)
    _late(c, "count-behind", "SNP-MSG-045", "MSG_SEQNO is that of the request before", 3, 4, "count-4")
    _late(c, "count-equal", "SNP-MSG-045", "MSG_SEQNO is MsgCount itself", 4, 4, "count-4")
    _late(c, "count-plus-2", "SNP-MSG-045", "MSG_SEQNO is MsgCount + 2", 6, 4, "count-4")
    _late(
        c,
        "count-first",
        "SNP-MSG-045",
        "MSG_SEQNO is 1 after two requests",
        1,
        4,
        "report",
        flags=("dev-seqno-reuse",),
    )
    border = 2**32
    _counted(c, "border-below", "MSG_SEQNO 2^32 - 1", "SNP-MSG-015", border - 1, border - 2, flags=wide)
    _counted(c, "border-above", "MSG_SEQNO 2^32 + 1", "SNP-MSG-015", border + 1, border, flags=wide)
    _late(
        c, "border-wrapped", "SNP-MSG-015", "MSG_SEQNO is 1 again after 2^32", 1, border, "report", flags=wide
    )
    border = 2**63
    _counted(
        c,
        "sign",
        "MSG_SEQNO 2^63 + 1, negative as a signed number",
        "SNP-MSG-015",
        border + 1,
        border,
        flags=wide,
    )
    _counted(c, "end-last", "MSG_SEQNO 2^64 - 3, the last one", "SNP-MSG-021", LAST - 1, LAST - 2, flags=wide)
    changes = [("page", "MSG_SEQNO", "vmpck0"), ("msg_count", "MsgCount0", None)]
    end = counts((LAST, 0, 0, 0))
    exhausted = "MsgCount is 2^64 - 2 and MSG_SEQNO is 2^64 - 1"
    c.mailbox(
        "end-exhausted",
        f"{exhausted}: the key is used up",
        "SNP-MSG-021",
        "sequence",
        page(seqno=LAST + 1),
        "AEAD_OFLOW",
        defect=exhausted,
        changes=changes,
        twin="end-last",
        msg_count=end,
        flags=wide,
    )
    _late(
        c, "end-wrapped", "SNP-MSG-021", "MSG_SEQNO is 1 again after 2^64 - 2", 1, LAST, "report", flags=wide
    )
    data = page(report_req(vmpl=1), vmpck=1)
    c.good(
        "end-other-key",
        "VMPCK0 is used up, VMPCK1 is not",
        "SNP-MSG-021",
        "sequence",
        data,
        expect=answered(data, msg_count=(LAST, 0, 0, 0), content={"vmpl": 1}),
        msg_count=end,
    )


def _replays(c: Cases) -> None:
    """Requests after others."""
    first, second, third = page(), page(seqno=3), page(seqno=5)
    reuse = ("dev-seqno-reuse",)
    expect = answered(second, msg_count=(2, 0, 0, 0)) | {"before": ["SUCCESS"]}
    c.good("second", "The second request", "SNP-MSG-019", "sequence", second, expect=expect, before=[first])

    def refused(
        name: str,
        requirement: str,
        defect: str,
        data: bytes,
        before: list[bytes],
        statuses: list[str],
        **more: Any,
    ) -> None:
        count = 2 * statuses.count("SUCCESS")
        c.mailbox(
            name,
            defect[0].upper() + defect[1:],
            requirement,
            "sequence",
            data,
            "AEAD_OFLOW",
            defect=defect,
            expect=untouched("AEAD_OFLOW", (count, 0, 0, 0)) | {"before": statuses},
            before=before,
            flags=reuse,
            **more,
        )

    old = [("before", "the requests before", None)]
    refused(
        "replay",
        "SNP-MSG-045",
        "the same page again after its answer",
        first,
        [first],
        ["SUCCESS"],
        changes=old,
    )
    refused(
        "replay-late",
        "SNP-MSG-049",
        "the first page again after three requests",
        first,
        [first, second, third],
        ["SUCCESS"] * 3,
        changes=old,
    )
    refused(
        "reused-number",
        "SNP-MSG-045",
        "another payload under a number that was answered",
        page(report_req(vmpl=1)),
        [first],
        ["SUCCESS"],
        changes=[("page", "MSG_SEQNO, VMPL", "vmpck0")],
        twin="second",
    )
    bad_tag = patched(first, {0: bytes([first[0] ^ 1])})
    failed: tuple[tuple[str, str, bytes, str], ...] = (
        ("tag", "a forged one", bad_tag, "BAD_MEASUREMENT"),
        ("seqno", "one with a wrong number", third, "AEAD_OFLOW"),
        ("version", "one with MSG_VERSION 0", page(version=0), "INVALID_PARAM"),
        ("type", "one with MSG_TYPE 0", page(type=0), "INVALID_PARAM"),
    )
    for name, text, data, status in failed:
        expect = answered(first) | {"before": [status]}
        title = f"The same number again after {text}"
        c.good(f"retry-{name}", title, "SNP-MSG-020", "sequence", first, expect=expect, before=[data])
    refused(
        "retry-skipped",
        "SNP-MSG-020",
        "the number of a failed request is left out",
        second,
        [bad_tag],
        ["BAD_MEASUREMENT"],
        changes=[("page", "MSG_SEQNO", "vmpck0")],
        twin="retry-tag",
    )
    answered_no = page(report_req(select=3))
    expect = answered(second, msg_count=(2, 0, 0, 0)) | {"before": ["SUCCESS"]}
    title = "The next number after a request whose payload was refused"
    c.good("refused-next", title, "SNP-MSG-019", "sequence", second, expect=expect, before=[answered_no])
    refused(
        "refused-again",
        "SNP-MSG-019",
        "the number of a request whose payload was refused, again",
        first,
        [answered_no],
        ["SUCCESS"],
        changes=[("page", "MSG_SEQNO", "vmpck0")],
        twin="refused-next",
    )


def _four(c: Cases) -> None:
    """The counters are independent of each other and of the message's type."""
    first, other = page(), page(report_req(vmpl=1), vmpck=1)
    expect = answered(other, msg_count=(2, 0, 0, 0), content={"vmpl": 1}) | {"before": ["SUCCESS"]}
    title = "The first request under VMPCK1 after one under VMPCK0"
    c.good(
        "four-own",
        title,
        "SNP-MSG-015",
        "sequence",
        other,
        expect=expect,
        before=[first],
        flags=("msg-counter",),
    )
    c.mailbox(
        "four-shared",
        "VMPCK1 goes on where VMPCK0 stopped",
        "SNP-MSG-015",
        "sequence",
        page(report_req(vmpl=1), vmpck=1, seqno=3),
        "AEAD_OFLOW",
        defect="MSG_SEQNO under VMPCK1 goes on from VMPCK0's",
        changes=[("page", "MSG_SEQNO", "vmpck1")],
        twin="four-own",
        expect=untouched("AEAD_OFLOW", (2, 0, 0, 0)) | {"before": ["SUCCESS"]},
        before=[first],
        flags=("msg-counter",),
    )
    key = page(bytes(0x20), type=KEY, seqno=3)
    expect = answered(key, msg_count=(2, 0, 0, 0)) | {"before": ["SUCCESS"]}
    title = "KEY_REQ after REPORT_REQ: one counter for all types"
    c.good("four-types", title, "SNP-MSG-015", "sequence", key, expect=expect, before=[first])
    c.mailbox(
        "four-types-own",
        "KEY_REQ with a counter of its own",
        "SNP-MSG-015",
        "sequence",
        page(bytes(0x20), type=KEY),
        "AEAD_OFLOW",
        defect="MSG_SEQNO counts the requests of its type only",
        changes=[("page", "MSG_SEQNO", "vmpck0")],
        twin="four-types",
        expect=untouched("AEAD_OFLOW", (2, 0, 0, 0)) | {"before": ["SUCCESS"]},
        before=[first],
        flags=("msg-counter",),
    )


def add(c: Cases) -> None:
    """All of it."""
    _numbers(c)
    _borders(c)
    _replays(c)
    _four(c)
