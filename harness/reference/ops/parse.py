"""Op "parse": the bytes of a report by themselves, without certificates.

Input
  report   the bytes
  policy   future_versions: true reads versions above 5 as 5; allow_unknown_reserved: true leaves reserved
           bytes to newer firmware, but for POLICY bit 17 and the bytes of the signature

Output of a report that is accepted: every field by its name (reference/report.py, decoded).
"""

from __future__ import annotations

from reference import report
from reference.bundle import Case, Seen
from reference.report import ReportError


def run(case: Case) -> Seen:
    options = case.input.get("policy", {})
    try:
        tolerant = bool(options.get("allow_unknown_reserved"))
        found = report.parse(case.input["report"], tolerant=tolerant)
    except ReportError as error:
        return Seen("invalid", stage="parse", where=str(error))
    try:
        report.check_version(found, future=bool(options.get("future_versions")))
    except ReportError as error:
        return Seen("invalid", stage="version", where=str(error))
    return Seen("valid", output=report.decoded(found))
