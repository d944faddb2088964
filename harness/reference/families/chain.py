"""Family chain: ARK, ASK or ASVK, leaf."""

from __future__ import annotations

from reference.bundle import Family
from reference.families import (
    _chain_anchor,
    _chain_bytes,
    _chain_lines,
    _chain_names,
    _chain_profile,
    _chain_signature,
    _chain_time,
)
from reference.families._book import Book
from reference.families._notes import explain

TEXT = """
The chain of certificates under a genuine report: anchors, names, dates, rights, signatures, keys, and bytes
that are no certificate. Op `verify`. Refused at stage `chain`, a leaf or CA of another kind than SIGNING_KEY
says at stage `signer`. Except for the defect each chain is whole: what was changed is signed again by the key
above it where a case says so, so that nothing but the named rule refuses it. An ARK that comes with a chain
beside a given root is not compared with it by everybody: a verifier that leaves it alone is right, one that
uses it is not. So defects of an ARK are in the chain's ARK and in the root, or in the chain's ARK where no
root is given and the ARK counts by its key.
"""


def build() -> Family:
    family = Family("chain", "Certificate chains", TEXT)
    book = Book(family, stage="chain")
    for part in (
        _chain_anchor,
        _chain_lines,
        _chain_signature,
        _chain_names,
        _chain_profile,
        _chain_time,
        _chain_bytes,
    ):
        part.add(book)
    explain(family)
    return family
