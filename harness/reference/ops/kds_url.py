"""Op kds_url: the request for a report's VCEK, or for what its leaf needs besides.

Input: `report`; `what`: `cert_chain` or `crl`, the VCEK if absent; `product`, the product line of a report
that does not say (version 2); `url`, a path to judge; `method`, its method (GET if absent). Output: `url`,
the path that belongs to the report.
"""

from __future__ import annotations

from reference import kds
from reference.bundle import Case, Seen


def _wanted(report: bytes, what: str | None, product: str | None) -> kds.Vcek | kds.Shared:
    return kds.shared_of(report, what, product) if what else kds.vcek_of(report, product)


def run(case: Case) -> Seen:
    given = case.input
    try:
        wanted = _wanted(given["report"], given.get("what"), given.get("product"))
        if "url" in given:
            kds.check_request(wanted, given.get("method", "GET"), given["url"])
    except kds.KdsError as error:
        return Seen("invalid", reason=error.reason, where=str(error))
    return Seen("valid", output={"url": wanted.path()})
