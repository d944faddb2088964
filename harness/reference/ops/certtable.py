"""Op certtable: one certificate table is read.

Input: `table`, its bytes. Output of a valid one: `entries` in the table's order, each with `kind`, `guid`,
`offset` and `length`.
"""

from __future__ import annotations

from reference import certtable
from reference.bundle import Case, Seen


def run(case: Case) -> Seen:
    try:
        entries = certtable.parse(case.input["table"])
    except certtable.TableError as error:
        return Seen("invalid", reason=error.reason, where=str(error))
    rows = [{"kind": e.kind, "guid": str(e.guid), "offset": e.offset, "length": e.length} for e in entries]
    return Seen("valid", output={"entries": rows})
