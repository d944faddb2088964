"""Family forwardcompat: genuine evidence that verifiers were seen to refuse, and what is to come."""

from __future__ import annotations

from reference.bundle import Family
from reference.families import _forward_certs, _forward_reports
from reference.families._book import Book
from reference.families._notes import explain

TEXT = """
Evidence that has to be accepted: every line, version and kind of leaf; certificates that differ from today's
in what no rule is about; firmware that is older or newer than most. Where a verifier may be strict the case
is a policy case: both sides are run. Op `verify`.
"""


def build() -> Family:
    family = Family("forwardcompat", "Old, new and future evidence", TEXT)
    book = Book(family, stage="policy", layer="forward-compat")
    for part in (_forward_certs, _forward_reports):
        part.add(book)
    explain(family)
    return family
