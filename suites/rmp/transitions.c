/* The registry of transitions against the machine: every state, every request, and the pairs of states that are seen
 * are the registry's rows, all of them and no others. RMP notes, section 2.1. */
#include <string.h>

#include "runner/suite.h"
#include "sevkit/rmp.h"

extern const struct suite_area transitions_part;

#define PAGE RMP_PAGE_2M
#define ASID 1
#define GPA (8 * RMP_PAGE_2M)

static const struct rmp_cpu host = {.long_mode = true, .snp = true};
static const struct rmp_cpu guest = {.long_mode = true, .snp = true, .asid = ASID};

/* Rows seen, by instruction and states. */
struct seen {
    struct rmp *rmp;
    bool update[RMP_STATE_COUNT][RMP_STATE_COUNT];
    bool pvalidate[RMP_STATE_COUNT][RMP_STATE_COUNT];
    bool psmash[RMP_STATE_COUNT][RMP_STATE_COUNT];
    bool adjust[RMP_STATE_COUNT][RMP_STATE_COUNT];
};

/* The page is in STATE, its own. False: there is none to ask about. */
static bool prepare(struct suite_ctx *ctx, struct rmp *rmp, enum rmp_state state,
                    enum rmp_page_size size) {
    struct rmp_entry e;
    rmp_reset(rmp);
    if (!suite_check(ctx, "RMP", rmp_set(rmp, PAGE, state, size), "the page lies in the table"))
        return false;
    if (!suite_check(ctx, "RMP", rmp_entry_at(rmp, PAGE, &e), "the page has an entry"))
        return false;
    if (e.asid == 0) return true;
    e.gpa = GPA;
    return suite_check(ctx, "RMP", rmp_put(rmp, PAGE, &e), "the page lies in the table");
}

static void note(struct seen *seen, bool table[RMP_STATE_COUNT][RMP_STATE_COUNT],
                 enum rmp_state from, struct rmp_answer answer) {
    struct rmp_entry e;
    if (rmp_ok(answer) && rmp_entry_at(seen->rmp, PAGE, &e))
        table[from][rmp_entry_state(&e)] = true;
}

static bool try_updates(struct suite_ctx *ctx, struct seen *seen, enum rmp_state from,
                        enum rmp_page_size size) {
    for (unsigned i = 0; i < 64; i++) {
        const struct rmp_state_fields f = {
            .assigned = (i & 1) != 0,
            .immutable = (i & 2) != 0,
            .asid = (i & 4) != 0 ? ASID + (i >> 5) : 0,
            .gpa = (i & 8) != 0 ? GPA : 0,
            .size = (i & 16) != 0 ? RMP_2M : RMP_4K,
        };
        if (!prepare(ctx, seen->rmp, from, size)) return false;
        note(seen, seen->update, from, rmp_update(seen->rmp, &host, PAGE, &f));
    }
    return true;
}

static bool try_guest(struct suite_ctx *ctx, struct seen *seen, enum rmp_state from,
                      enum rmp_page_size size) {
    const struct rmp_translation at = {.present = true,
                                       .c = true,
                                       .map = size == RMP_2M ? RMP_MAP_2M : RMP_MAP_4K,
                                       .gpa = GPA,
                                       .spa = PAGE};
    const struct rmp_adjustment wanted = {.vmpl = 1, .mask = RMP_PERM_READ, .vmsa = true};
    for (unsigned validate = 0; validate < 2; validate++) {
        if (!prepare(ctx, seen->rmp, from, size)) return false;
        const struct rmp_answer a = rmp_pvalidate(seen->rmp, &guest, GPA, &at, size, validate != 0);
        if (!a.cf) note(seen, seen->pvalidate, from, a);
    }
    if (!prepare(ctx, seen->rmp, from, size)) return false;
    note(seen, seen->adjust, from, rmp_adjust(seen->rmp, &guest, GPA, &at, size, &wanted));
    if (!prepare(ctx, seen->rmp, from, size)) return false;
    note(seen, seen->psmash, from, rmp_psmash(seen->rmp, &host, PAGE));
    return true;
}

static bool try_all(struct suite_ctx *ctx, struct seen *seen) {
    for (unsigned i = 0; i < RMP_STATE_COUNT; i++) {
        for (unsigned size = RMP_4K; size <= RMP_2M; size++) {
            const enum rmp_state from = (enum rmp_state)i;
            /* The hypervisor's pages are 4 KiB. */
            const bool hypervisor = from == RMP_HYPERVISOR || from == RMP_HV_FIXED;
            if (hypervisor && size == RMP_2M) continue;
            if (!try_updates(ctx, seen, from, (enum rmp_page_size)size)) return false;
            if (!try_guest(ctx, seen, from, (enum rmp_page_size)size)) return false;
        }
    }
    return true;
}

static bool is_row(const char *by, enum rmp_state from, enum rmp_state to) {
    for (size_t i = 0; rmp_instruction_row_at(i) != NULL; i++) {
        const struct rmp_instruction_row *row = rmp_instruction_row_at(i);
        if (strcmp(row->by, by) == 0 && row->from == from && row->to == to) return true;
    }
    return false;
}

static void compare(struct suite_ctx *ctx, const char *by,
                    bool table[RMP_STATE_COUNT][RMP_STATE_COUNT]) {
    for (unsigned from = 0; from < RMP_STATE_COUNT; from++) {
        for (unsigned to = 0; to < RMP_STATE_COUNT; to++) {
            suite_instance(ctx, "%s, %s to %s", by, rmp_state_name((enum rmp_state)from),
                           rmp_state_name((enum rmp_state)to));
            const bool row = is_row(by, (enum rmp_state)from, (enum rmp_state)to);
            SUITE_EQUAL(ctx, "transition", row, table[from][to],
                        "the instructions make the registry's transitions and no others");
        }
    }
}

static void instructions(struct suite_ctx *ctx) {
    static struct seen seen; /* larger than a test's stack needs to be */
    const struct rmp_config config = rmp_config_default(4 * RMP_PAGE_2M);
    memset(&seen, 0, sizeof seen);
    SUITE_SETUP(ctx, "table", rmp_new(&config, &seen.rmp));
    const bool done = try_all(ctx, &seen);
    rmp_free(seen.rmp);
    SUITE_STEP(done);
    compare(ctx, "RMPUPDATE", seen.update);
    SUITE_STEP(!suite_stopped(ctx));
    compare(ctx, "PVALIDATE", seen.pvalidate);
    SUITE_STEP(!suite_stopped(ctx));
    compare(ctx, "PSMASH", seen.psmash);
    SUITE_STEP(!suite_stopped(ctx));
    SUITE_EQUAL(ctx, "RMPADJUST", true, seen.adjust[RMP_GUEST_VALID][RMP_GUEST_VALID],
                "RMPADJUST leaves the state as it is");
}

static const struct suite_test tests[] = {
    {.id = "rmp.transition.instructions",
     .title = "every state and every request: the transitions of the registry and no others",
     .requirements = SUITE_REQ("SNP-RMP-015", "SNP-RMP-016", "SNP-RMP-017", "SNP-RMP-030",
                               "SNP-RMP-054", "SNP-RMP-151"),
     .kind = SUITE_POSITIVE,
     .needs = TARGET_RMP,
     .run = instructions},
};

const struct suite_area transitions_part = {
    .name = "rmp", .tests = tests, .count = sizeof tests / sizeof tests[0]};
