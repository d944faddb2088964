"""Family revocation: the ARK's list."""

from __future__ import annotations

from reference.bundle import Family
from reference.families import _revocation_entries, _revocation_lists
from reference.families._book import Book
from reference.families._notes import explain

TEXT = """
The certificate revocation list that a verifier is given: whose it is, when it holds, what it names. Op
`verify` with `crl`. Refused at stage `revocation`. The list is signed again by the ARK where a case says so.
"""


def build() -> Family:
    family = Family("revocation", "Revocation lists", TEXT)
    book = Book(family, stage="revocation")
    for part in (_revocation_lists, _revocation_entries):
        part.add(book)
    explain(family)
    return family
