"""Op rmp_location: where a page's entry lies.

Input: `base` (RMP_BASE), `spa`, and `end` (RMP_END; `firmware`: what firmware asks of both), or, for a
segmented RMP, `shift` (RmpSegSize), `shift_min` and `shift_max` (what the processor has) and `table`, the
segment table's entries that are not zero, by index. Output: `entry`, and `covered` of a table with `end`.
"""

from __future__ import annotations

from reference import rmp_raw
from reference.bundle import Case, Seen
from reference.ops.rmp import number


def run(case: Case) -> Seen:
    given = case.input
    base, spa = number(given["base"]), number(given["spa"])
    try:
        if "end" in given:
            end = number(given["end"])
            rmp_raw.check_flat(base, end, firmware=given.get("firmware", False))
            covered = {"covered": hex(rmp_raw.covered(base, end))}
            return Seen("valid", output={"entry": hex(rmp_raw.flat_entry(base, end, spa)), **covered})
        shift = given["shift"]
        rmp_raw.check_segmented(base, shift, (given["shift_min"], given["shift_max"]))
        table = {int(index): number(row) for index, row in given["table"].items()}
        return Seen("valid", output={"entry": hex(rmp_raw.segmented_entry(shift, table, spa))})
    except rmp_raw.LocationError as error:
        return Seen("invalid", reason=error.reason, where=str(error))
