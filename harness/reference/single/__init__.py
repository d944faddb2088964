"""That an invalid case has one defect: its changed members differ from the twin's in the named fields alone.

What is kept in the clear is compared field by field; what is sealed or signed must besides open or verify
under the key that `signer` names, so that nothing but the named change can be what refuses it.
"""

from __future__ import annotations

from collections.abc import Callable

from reference.bundle import Case
from reference.single import id_block, message, rows, table, verify

CHECKS: dict[str, Callable[[Case, Case], list[str]]] = {
    "certtable": table.check,
    "device": rows.check,
    "idblock": id_block.check,
    "key": rows.check,
    "kds_url": verify.check,
    "parse": verify.check,
    "request": message.check,
    "response": message.check,
    "rmp": rows.check,
    "tsm": rows.check,
    "verify": verify.check,
}


def check(case: Case, twin: Case) -> list[str]:
    """What speaks against one defect alone. Members of the ops that are not here are compared as a whole."""
    known = CHECKS.get(case.op)
    return known(case, twin) if known else []
