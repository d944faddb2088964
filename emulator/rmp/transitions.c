/* What the instructions make of a page's state: the registry from which the docs' table is made, beside the rows of
 * firmware's moves (move.c). RMP notes, section 2.1. The suite walks all states and requests and finds these rows and
 * no others. */
#include "sevkit/rmp.h"

#define GIVES(from) /* what RMPUPDATE can make of a page that is not Immutable */                  \
    {"RMPUPDATE", from, RMP_HYPERVISOR}, {"RMPUPDATE", from, RMP_FIRMWARE},                        \
        {"RMPUPDATE", from, RMP_RECLAIM}, {"RMPUPDATE", from, RMP_GUEST_INVALID},                  \
        {"RMPUPDATE", from, RMP_PRE_GUEST}, {                                                      \
        "RMPUPDATE", from, RMP_INVALID                                                             \
    }

static const struct rmp_instruction_row rows[] = {
    GIVES(RMP_HYPERVISOR),
    GIVES(RMP_RECLAIM),
    GIVES(RMP_GUEST_INVALID),
    GIVES(RMP_GUEST_VALID),
    /* Same ASID, GPA and size: Validated is kept. */
    {"RMPUPDATE", RMP_GUEST_VALID, RMP_GUEST_VALID},
    {"RMPUPDATE", RMP_GUEST_VALID, RMP_PRE_SWAP},
    {"PVALIDATE", RMP_GUEST_INVALID, RMP_GUEST_VALID},
    {"PVALIDATE", RMP_GUEST_VALID, RMP_GUEST_INVALID},
    {"PSMASH", RMP_GUEST_INVALID, RMP_GUEST_INVALID},
    {"PSMASH", RMP_GUEST_VALID, RMP_GUEST_VALID},
};

const struct rmp_instruction_row *rmp_instruction_row_at(size_t index) {
    return index < sizeof rows / sizeof rows[0] ? &rows[index] : NULL;
}
