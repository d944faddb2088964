"""Op "pages": the launch digests of a list of pages. families/measurement.py says what the members mean."""

from __future__ import annotations

from typing import Any

from reference.bundle import Case, Seen
from reference.measure import Launch, Page, RefusedError
from reference.page_info import PageType


def page_of(row: dict[str, Any]) -> Page:
    """A row of `pages`; a type that the firmware does not know is a number."""
    kind = row["type"]
    return Page(
        page_type=PageType[kind] if isinstance(kind, str) else kind,
        gpa=int(row["gpa"], 16),
        data=row.get("contents") or b"",
        large=row.get("size", "4K") == "2M",
        imi=row.get("imi", False),
        perms=(row.get("vmpl1", 0), row.get("vmpl2", 0), row.get("vmpl3", 0)),
    )


def run(case: Case) -> Seen:
    given = case.input
    launch = Launch(imi_en=given.get("imi_en", False))
    status = None
    try:
        for row in given["pages"]:
            launch.update(page_of(row))
    except RefusedError as refused:
        status = str(refused)
    output = {"measurement": launch.ld.hex(), "imd": launch.imd.hex()}
    if status is not None:
        return Seen("invalid", status=status, output=output)
    for member, value in (("claimed", launch.ld), ("claimed_imd", launch.imd)):
        if given.get(member, value.hex()) != value.hex():
            reason = "measurement" if member == "claimed" else "imd"
            return Seen("invalid", reason=reason, output=output)
    return Seen("valid", output=output)
