"""Op kds_url: the request for a report's VCEK.

Input: `report`; `product`, the product line of a report that does not say (version 2); `url`, a path to
judge; `method`, its method (GET if absent). Output: `url`, the path that belongs to the report.
"""

from __future__ import annotations

from reference import kds
from reference.bundle import Case, Seen


def run(case: Case) -> Seen:
    given = case.input
    try:
        wanted = kds.vcek_of(given["report"], given.get("product"))
        if "url" in given:
            kds.check_request(wanted, given.get("method", "GET"), given["url"])
    except kds.KdsError as error:
        return Seen("invalid", reason=error.reason, where=str(error))
    return Seen("valid", output={"url": wanted.path()})
