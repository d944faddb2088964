"""Family policy: what a caller demands of a report that is genuine."""

from __future__ import annotations

from reference.bundle import Family
from reference.families import (
    _policy_bits,
    _policy_expected,
    _policy_numbers,
    _policy_tcb,
    _verify_notes,
)
from reference.families._book import Book

TEXT = """
What a policy file (docs/verifier.md) says about a report whose chain and signature are good: bits of POLICY
and PLATFORM_INFO, VMPL, versions, TCB floors and their order, expected values, the CSP, the product line.

Op `verify`: see the family `signature`. A case of result `policy` is accepted under one option and refused
under the other; where public sources leave a question open, that is how it is asked.
"""


def build() -> Family:
    f = Family("policy", "Demands on a genuine report", TEXT)
    b = Book(f, stage="policy")
    _policy_bits.add(b)
    _policy_numbers.add(b)
    _policy_tcb.add(b)
    _policy_expected.add(b)
    return _verify_notes.add(f)
