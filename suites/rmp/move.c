/* Firmware's moves: each row of the notes' table, and what it writes. RMP notes, section 2.1; firmware command notes,
 * sections 5.5 to 5.21. */
#include "rmp/rmp.h"

#include <string.h>

#define COUNT(A) (sizeof(A) / sizeof(A)[0])

/* A guest's entry with masks, VMSA and GPA of its own, and what moves put in their place. */
#define GUEST .assigned = true, .asid = 1, .gpa = 0x40000000, .vmsa = true
#define MASKS .perms = {0x0F, 0x07, 0x05, 0x01}

static const struct rmp_move_args args = {.asid = 1,
                                          .owner = 0x7000,
                                          .gpa = 0x55000,
                                          .perms = {0x1F, 0x03, 0x01, 0x09},
                                          .vmsa = false,
                                          .validated = true};
static const struct rmp_move_args swap_in = {.asid = 1,
                                             .gpa = 0x7FFFFFFFFF000,
                                             .perms = {0x1F, 0x03, 0x01, 0x09},
                                             .vmsa = true,
                                             .validated = false};
static const struct rmp_move_args launch_vmsa = {
    .asid = 1, .perms = {0, 0x1F, 0x03, 0x09}, .vmsa = true};

/* A guest's page that is no VMSA. */
#define PLAIN .assigned = true, .asid = 1, .gpa = 0x40000000

#define FIRMWARE .assigned = true, .immutable = true
#define METADATA(OWNER) FIRMWARE, .mark = RMP_MARK_METADATA, .gpa = (OWNER)

struct row {
    enum rmp_move move;
    struct rmp_entry before, after;
    enum rmp_state from, to;
    const struct rmp_move_args *args;
};

static const struct row rows[] = {
    {RMP_MOVE_GCTX_CREATE, {FIRMWARE}, {FIRMWARE, .vmsa = true}, RMP_FIRMWARE, RMP_CONTEXT, &args},
    {RMP_MOVE_DECOMMISSION, {FIRMWARE, .vmsa = true}, {FIRMWARE}, RMP_CONTEXT, RMP_FIRMWARE, &args},
    {RMP_MOVE_LAUNCH_UPDATE,
     {GUEST, MASKS, .immutable = true},
     {GUEST, .validated = true, .perms = {0x0F, 0x03, 0x01, 0x09}},
     RMP_PRE_GUEST,
     RMP_GUEST_VALID,
     &args},
    {RMP_MOVE_LAUNCH_UPDATE,
     {PLAIN, MASKS, .immutable = true},
     {PLAIN, .validated = true, .perms = {0x0F, 0x03, 0x01, 0x09}},
     RMP_PRE_GUEST,
     RMP_GUEST_VALID,
     &args},
    {RMP_MOVE_LAUNCH_UPDATE,
     {PLAIN, .immutable = true, .perms = {0x1F}},
     {GUEST, .validated = true, .perms = {0x1F, 0x1F, 0x03, 0x09}},
     RMP_PRE_GUEST,
     RMP_GUEST_VALID,
     &launch_vmsa},
    {RMP_MOVE_RECLAIM, {FIRMWARE}, {.assigned = true}, RMP_FIRMWARE, RMP_RECLAIM, &args},
    {RMP_MOVE_RECLAIM, {METADATA(0x7000)}, {.assigned = true}, RMP_METADATA, RMP_RECLAIM, &args},
    {RMP_MOVE_RECLAIM,
     {GUEST, MASKS, .immutable = true},
     {GUEST, MASKS},
     RMP_PRE_GUEST,
     RMP_GUEST_INVALID,
     &args},
    {RMP_MOVE_RECLAIM,
     {GUEST, MASKS, .immutable = true, .validated = true},
     {GUEST, MASKS, .validated = true},
     RMP_PRE_SWAP,
     RMP_GUEST_VALID,
     &args},
    {RMP_MOVE_SWAP_OUT,
     {GUEST, MASKS, .immutable = true},
     {GUEST, MASKS, .immutable = true},
     RMP_PRE_GUEST,
     RMP_PRE_GUEST,
     &args},
    {RMP_MOVE_SWAP_OUT,
     {GUEST, MASKS, .immutable = true, .validated = true},
     {GUEST, MASKS, .immutable = true},
     RMP_PRE_SWAP,
     RMP_PRE_GUEST,
     &args},
    {RMP_MOVE_SWAP_OUT_METADATA, {METADATA(0x7000)}, {FIRMWARE}, RMP_METADATA, RMP_FIRMWARE, &args},
    {RMP_MOVE_SWAP_IN,
     {GUEST, MASKS, .immutable = true},
     {.assigned = true,
      .asid = 1,
      .immutable = true,
      .validated = true,
      .gpa = 0x55000,
      .perms = {0x1F, 0x03, 0x01, 0x09}},
     RMP_PRE_GUEST,
     RMP_PRE_SWAP,
     &args},
    {RMP_MOVE_SWAP_IN,
     {.assigned = true, .asid = 1, .immutable = true, .gpa = 0x40000000, .perms = {0x1F}},
     {.assigned = true,
      .asid = 1,
      .immutable = true,
      .vmsa = true,
      .gpa = 0x7FFFFFFFFF000,
      .perms = {0x1F, 0x03, 0x01, 0x09}},
     RMP_PRE_GUEST,
     RMP_PRE_GUEST,
     &swap_in},
    {RMP_MOVE_SWAP_IN_METADATA, {FIRMWARE}, {METADATA(0x7000)}, RMP_FIRMWARE, RMP_METADATA, &args},
    {RMP_MOVE_MD_INIT, {FIRMWARE}, {METADATA(0x7000)}, RMP_FIRMWARE, RMP_METADATA, &args},
    {RMP_MOVE_SET_STATE, {FIRMWARE}, {.immutable = true}, RMP_FIRMWARE, RMP_HV_FIXED, &args},
    {RMP_MOVE_COMMAND_DONE, {FIRMWARE}, {.assigned = true}, RMP_FIRMWARE, RMP_RECLAIM, &args},
    {RMP_MOVE_IOMMU_SHUTDOWN,
     {FIRMWARE, .mark = RMP_MARK_IOMMU},
     {.assigned = true},
     RMP_FIRMWARE_IOMMU,
     RMP_RECLAIM,
     &args},
};

static struct rmp_shot move_shot(const struct row *r, unsigned pages) {
    struct rmp_shot shot = rmp_shot_host(RMP_CALL_MOVE, pages);
    shot.move = r->move;
    shot.args = *r->args;
    shot.entry = r->before;
    return shot;
}

/* As a page of 4 KiB: the second and the first of its region, neighbours of other states beside it. */
static void small_row(struct suite_ctx *ctx, const struct row *r, unsigned pages, bool first) {
    struct rmp_shot shot = move_shot(r, pages);
    const struct rmp_good good = {.after = r->after};
    if (first) shot.spa = shot.entry_at = rmp_shot_page(&shot);
    shot.other_at = shot.spa + PAGE;
    shot.other = rmp_state_entry(RMP_PRE_GUEST, 0x9000);
    SUITE_EQUAL(ctx, "state before", r->from, rmp_entry_state(&r->before), "the row's");
    SUITE_EQUAL(ctx, "state after", r->to, rmp_entry_state(&r->after), "the row's");
    SUITE_STEP(rmp_shot_good(ctx, &shot, &good));
}

static void small_rows(struct suite_ctx *ctx, unsigned pages) {
    for (size_t i = 0; i < 2 * COUNT(rows) && !suite_stopped(ctx); i++) {
        suite_instance(ctx, "row %u, %u pages, %s page", (unsigned)(i / 2), pages,
                       i % 2 == 0 ? "second" : "first");
        small_row(ctx, &rows[i / 2], pages, i % 2 != 0);
    }
}

static void small(struct suite_ctx *ctx) {
    rmp_each_size(ctx, small_rows);
}

/* Contexts, metadata that is made by itself and VMSAs are pages of 4 KiB alone. */
static bool is_small(const struct row *r) {
    const bool loads = r->move == RMP_MOVE_LAUNCH_UPDATE || r->move == RMP_MOVE_SWAP_IN;
    return r->move == RMP_MOVE_GCTX_CREATE || r->move == RMP_MOVE_DECOMMISSION ||
           r->move == RMP_MOVE_MD_INIT || (loads && r->args->vmsa);
}

/* As a page of 2 MiB, which stays one unless the hypervisor gets it. */
static struct rmp_shot large_shot(const struct row *r, unsigned pages) {
    struct rmp_shot shot = move_shot(r, pages);
    shot.spa = shot.entry_at = rmp_shot_page(&shot);
    shot.args.size = shot.entry.size = RMP_2M;
    return shot;
}

static void large_row(struct suite_ctx *ctx, const struct row *r, unsigned pages) {
    struct rmp_shot shot = large_shot(r, pages);
    struct rmp_good good = {.after = r->after};
    if (r->to == RMP_HV_FIXED)
        good.later = RMP_LATER_ALIKE;
    else
        good.after.size = RMP_2M;
    SUITE_STEP(rmp_shot_good(ctx, &shot, &good));
}

static void large_rows(struct suite_ctx *ctx, unsigned pages) {
    for (size_t i = 0; i < COUNT(rows) && !suite_stopped(ctx); i++) {
        if (is_small(&rows[i])) continue;
        suite_instance(ctx, "row %u, %u pages", (unsigned)i, pages);
        large_row(ctx, &rows[i], pages);
    }
}

static void large(struct suite_ctx *ctx) {
    rmp_each_size(ctx, large_rows);
}

static void small_only_rows(struct suite_ctx *ctx, unsigned pages) {
    static const struct rmp_answer bad_size = {.eax = RMP_MOVE_BAD_SIZE};
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (!is_small(&rows[i])) continue;
        const struct rmp_shot shot = large_shot(&rows[i], pages);
        suite_instance(ctx, "row %u, %u pages", (unsigned)i, pages);
        SUITE_STEP(rmp_shot_refused(ctx, &shot, bad_size));
    }
}

static void small_only(struct suite_ctx *ctx) {
    rmp_each_size(ctx, small_only_rows);
}

/* ---- the registry of transitions ---- */

static bool has_row(const struct rmp_transition *t) {
    for (size_t i = 0; i < COUNT(rows); i++)
        if (rows[i].move == t->move && rows[i].from == t->from && rows[i].to == t->to) return true;
    return false;
}

static bool is_listed(const struct row *r) {
    const struct rmp_transition *t;
    for (size_t i = 0; (t = rmp_transition_at(i)) != NULL; i++)
        if (t->move == r->move && t->from == r->from && t->to == r->to) return true;
    return false;
}

static const char *const commands[] = {
    [RMP_MOVE_GCTX_CREATE] = "SNP_GCTX_CREATE",
    [RMP_MOVE_DECOMMISSION] = "SNP_DECOMMISSION",
    [RMP_MOVE_LAUNCH_UPDATE] = "SNP_LAUNCH_UPDATE",
    [RMP_MOVE_RECLAIM] = "SNP_PAGE_RECLAIM",
    [RMP_MOVE_SWAP_OUT] = "SNP_PAGE_SWAP_OUT",
    [RMP_MOVE_SWAP_OUT_METADATA] = "SNP_PAGE_SWAP_OUT",
    [RMP_MOVE_SWAP_IN] = "SNP_PAGE_SWAP_IN",
    [RMP_MOVE_SWAP_IN_METADATA] = "SNP_PAGE_SWAP_IN",
    [RMP_MOVE_MD_INIT] = "SNP_PAGE_MD_INIT",
    [RMP_MOVE_SET_STATE] = "SNP_PAGE_SET_STATE",
    [RMP_MOVE_COMMAND_DONE] = "end of a legacy command",
    [RMP_MOVE_IOMMU_SHUTDOWN] = "SNP_SHUTDOWN_EX",
};

static void listed(struct suite_ctx *ctx) {
    const struct rmp_transition *t;
    for (size_t i = 0; (t = rmp_transition_at(i)) != NULL; i++) {
        suite_instance(ctx, "transition %u", (unsigned)i);
        SUITE_CHECK(ctx, "transition", has_row(t), "is one of the notes'");
        SUITE_CHECK(ctx, "command", strcmp(t->by, commands[t->move]) == 0, "the move's own");
    }
    for (size_t i = 0; i < COUNT(rows); i++) {
        suite_instance(ctx, "row %u", (unsigned)i);
        SUITE_CHECK(ctx, "row of the notes", is_listed(&rows[i]), "is a transition");
    }
}

/* ---- states that no row names ---- */

static bool starts(enum rmp_move move, enum rmp_state state) {
    for (size_t i = 0; i < COUNT(rows); i++)
        if (rows[i].move == move && rows[i].from == state) return true;
    return false;
}

static bool is_mutable(enum rmp_state state) {
    return state == RMP_HYPERVISOR || state == RMP_RECLAIM || state == RMP_GUEST_INVALID ||
           state == RMP_GUEST_VALID;
}

static struct rmp_shot state_shot(unsigned move, unsigned state, enum rmp_page_size size) {
    struct rmp_shot shot = rmp_shot_host(RMP_CALL_MOVE, 8);
    shot.move = (enum rmp_move)move;
    shot.args = args;
    shot.spa = shot.entry_at = rmp_shot_page(&shot);
    shot.entry = rmp_state_entry((enum rmp_state)state, RMP_GPA);
    shot.entry.size = shot.args.size = size;
    return shot;
}

static void stray(struct suite_ctx *ctx, unsigned move, unsigned state) {
    static const struct rmp_answer bad_state = {.eax = RMP_MOVE_BAD_STATE};
    if (starts((enum rmp_move)move, (enum rmp_state)state)) return;
    if (move == RMP_MOVE_RECLAIM && is_mutable((enum rmp_state)state)) return;
    for (unsigned size = RMP_4K; size <= RMP_2M; size++) {
        const struct rmp_shot shot = state_shot(move, state, (enum rmp_page_size)size);
        suite_instance(ctx, "move %u of %s, size %u", move, rmp_state_name((enum rmp_state)state),
                       size);
        SUITE_STEP(rmp_shot_refused(ctx, &shot, bad_state));
    }
}

static void strays(struct suite_ctx *ctx) {
    for (unsigned move = 0; move < RMP_MOVE_COUNT; move++)
        for (unsigned state = 0; state < RMP_STATE_COUNT && !suite_stopped(ctx); state++)
            stray(ctx, move, state);
}

/* SNP_PAGE_RECLAIM where there is nothing to do. */
static void reclaim_mutable(struct suite_ctx *ctx) {
    for (unsigned state = 0; state < RMP_STATE_COUNT; state++) {
        if (!is_mutable((enum rmp_state)state)) continue;
        for (unsigned size = RMP_4K; size <= RMP_2M; size++) {
            struct rmp_shot shot = state_shot(RMP_MOVE_RECLAIM, state, (enum rmp_page_size)size);
            suite_instance(ctx, "%s, size %u", rmp_state_name((enum rmp_state)state), size);
            SUITE_STEP(rmp_shot_granted(ctx, &shot));
        }
    }
}

static const struct suite_test tests[] = {
    RMP_TEST("move.rows", "each move of a 4 KiB page makes its state and writes nothing else",
             ("SNP-RMP-019", "SNP-RMP-018", "SNP-RMP-152", "SNP-RMP-153", "SNP-RMP-155",
              "SNP-RMP-156", "SNP-RMP-157", "SNP-RMP-159"),
             small, NULL),
    RMP_TEST("move.rows-large", "each move of a 2 MiB page makes its state",
             ("SNP-RMP-153", "SNP-RMP-154", "SNP-RMP-159"), large, NULL),
    RMP_NEGATIVE("move.small-only", "contexts, SNP_PAGE_MD_INIT's page and VMSAs are of 4 KiB",
                 "move.rows", ("SNP-RMP-153"), small_only, NULL),
    RMP_TEST("move.listed", "the transitions are those of the notes", ("SNP-RMP-159"), listed,
             NULL),
    RMP_NEGATIVE("move.states", "no move starts in a state that its rows do not name",
                 "move.rows-large", ("SNP-RMP-155"), strays, NULL),
    RMP_TEST("move.reclaim-mutable",
             "SNP_PAGE_RECLAIM of a page that is not Immutable succeeds without a change",
             ("SNP-RMP-158"), reclaim_mutable, NULL),
};

const struct suite_area rmp_part_move = RMP_PART(tests);
