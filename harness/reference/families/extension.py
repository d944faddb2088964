"""Family extension: the AMD extensions of a leaf."""

from __future__ import annotations

from reference.bundle import Family
from reference.families import _extension_sets, _extension_text, _extension_values
from reference.families._book import Book
from reference.families._notes import explain
from reference.world import world

TEXT = """
The extensions of VCEK and VLEK under AMD's arc: which ones, how often, and how their values are written. Op
`verify`. Refused at stage `chain`. The leaf is signed again by its ASK or ASVK, and the report is as it was
unless a component had to follow: a reader that takes the last byte of a value finds the right one.
"""


def build() -> Family:
    family = Family("extension", "Extensions of a leaf", TEXT)
    book = Book(family, stage="chain", layer="extension")
    # The genuine Turin leaf, with structVersion 1 and an fmcSPL.
    book.base(world("Turin", 5), flags=["ext-struct-version"])
    for part in (_extension_sets, _extension_values, _extension_text):
        part.add(book)
    explain(family)
    return family
