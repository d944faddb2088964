"""Op kds_body: an answer of the key distribution service, as a client has to take it.

Input: `path` of the request, HTTP `status`, `body`, `content_length` (absent: no such header); for lists also
`report` and `certs` (vcek, ask, ark), which they are checked with at the time `at`. `served`: sevkit's own
service answers this path with this body. Output: `kinds`, what the body holds in its order.
"""

from __future__ import annotations

import datetime

from reference import kds
from reference.bundle import Case, Seen


def run(case: Case) -> Seen:
    given = case.input
    ark = given["certs"]["ark"] if "certs" in given else None
    at = int(datetime.datetime.fromisoformat(given["at"]).timestamp()) if "at" in given else 0
    length = given.get("content_length")
    try:
        kinds = kds.read_body(given["path"], given["status"], given["body"], length, ark, at)
    except kds.KdsError as error:
        return Seen("invalid", reason=error.reason, where=str(error))
    return Seen("valid", output={"kinds": kinds})
