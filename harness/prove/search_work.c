/* Whether every operation worked somewhere, in each size: one that never does proves nothing. What the worlds cannot
 * show is named here, with the reason, and printed as an abstraction. */
#include <stdio.h>

#include "search_local.h"

#define KIND_COUNT (PROVE_UNSMASH + 1)
#define WORK_COUNT (2 * (KIND_COUNT + RMP_MOVE_COUNT))

static const struct {
    const char *name;
    bool small, large; /* sizes that there are at all */
} kinds[KIND_COUNT] = {
    [PROVE_UPDATE] = {"RMPUPDATE", true, true},
    [PROVE_PSMASH] = {"PSMASH", false, true},
    [PROVE_PVALIDATE] = {"PVALIDATE", true, true},
    [PROVE_ADJUST] = {"RMPADJUST", true, true},
    [PROVE_READ] = {"RMPREAD", true, true}, /* of a page of that size, as for RMPQUERY */
    [PROVE_QUERY] = {"RMPQUERY", true, true},
    [PROVE_MOVE] = {"", false, false}, /* each move by itself */
    [PROVE_MOVE_PAGE] = {"PAGE_MOVE", true, true},
    [PROVE_UNSMASH] = {"PAGE_UNSMASH", false, true},
};

/* Large requests that no world shows at work. */
static const struct {
    enum prove_kind kind;
    enum rmp_move move;
    const char *text;
} exceptions[] = {
    {PROVE_MOVE_PAGE, 0,
     "large PAGE_MOVE only refused: it takes two large pages, and one region grows large"},
    {PROVE_MOVE, RMP_MOVE_IOMMU_SHUTDOWN,
     "large SHUTDOWN of the IOMMU only refused: its pages are 4K at the start, and none is made"},
    {PROVE_MOVE, RMP_MOVE_GCTX_CREATE, "large GCTX_CREATE only refused: contexts are 4K pages"},
    {PROVE_MOVE, RMP_MOVE_DECOMMISSION, "large DECOMMISSION only refused: contexts are 4K pages"},
    {PROVE_MOVE, RMP_MOVE_MD_INIT, "large PAGE_MD_INIT only refused: it makes 4K pages"},
};
#define EXCEPTIONS (sizeof exceptions / sizeof exceptions[0])

static unsigned work_at(enum prove_kind kind, enum rmp_move move, bool large) {
    const unsigned of = kind == PROVE_MOVE ? KIND_COUNT + (unsigned)move : (unsigned)kind;
    return 2 * of + large;
}

static bool is_large(const struct prove_op *op, struct prove_outcome outcome) {
    switch (op->kind) {
    case PROVE_UPDATE: return op->fields.size == RMP_2M;
    case PROVE_PSMASH:
    case PROVE_UNSMASH: return true;
    case PROVE_READ: return outcome.fields.size == RMP_2M;
    case PROVE_QUERY: return outcome.found.size == RMP_2M;
    case PROVE_PVALIDATE:
    case PROVE_ADJUST:
    case PROVE_MOVE:
    case PROVE_MOVE_PAGE: break;
    }
    return op->size == RMP_2M;
}

void prove_note_work(struct prove_memo *memo, const struct prove_op *op,
                     struct prove_outcome outcome) {
    memo->worked |= UINT64_C(1) << work_at(op->kind, op->move, is_large(op, outcome));
}

static bool is_exception(unsigned work) {
    for (size_t i = 0; i < EXCEPTIONS; i++)
        if (work == work_at(exceptions[i].kind, exceptions[i].move, true)) return true;
    return false;
}

static bool exists(unsigned of, bool large) {
    return of >= KIND_COUNT || (large ? kinds[of].large : kinds[of].small);
}

void prove_say_idle(const struct prove_memo *memo, char *out, size_t size) {
    out[0] = 0;
    for (unsigned work = 0; work < WORK_COUNT; work++) {
        const unsigned of = work / 2;
        const bool large = work % 2 != 0, worked = (memo->worked >> work & 1) != 0;
        if (!exists(of, large) || (large && !memo->world->large)) continue;
        if (worked != is_exception(work)) continue;
        const char *name =
            of < KIND_COUNT ? kinds[of].name : prove_move_name((enum rmp_move)(of - KIND_COUNT));
        snprintf(out, size, "%s, %s, %s", name, large ? "large" : "4K",
                 worked ? "works and is listed as what cannot" : "never works");
    }
}

void prove_print_exceptions(void) {
    for (size_t i = 0; i < EXCEPTIONS; i++) printf("  - %s\n", exceptions[i].text);
}
