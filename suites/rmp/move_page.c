/* SNP_PAGE_MOVE. Firmware command notes, section 5.17. */
#include "rmp/rmp.h"

#define COUNT(A) (sizeof(A) / sizeof(A)[0])

#define GUEST(GPA_) .assigned = true, .asid = 1, .gpa = (GPA_)
#define MASKS .perms = {0x0F, 0x07, 0x05, 0x01}
#define FIRMWARE .assigned = true, .immutable = true
#define METADATA(OWNER) FIRMWARE, .mark = RMP_MARK_METADATA, .gpa = (OWNER)

/* The rows: source and destination before, destination after, the source's state after. */
static const struct row {
    const char *name;
    struct rmp_entry src, dst, dst_after;
    enum rmp_state src_state;
} rows[] = {
    {"Pre-Guest",
     {GUEST(0x40000000), MASKS, .immutable = true, .vmsa = true},
     {GUEST(0x80000000), .immutable = true, .perms = {0x1F}},
     {GUEST(0x40000000), MASKS, .vmsa = true},
     RMP_GUEST_INVALID},
    {"Pre-Swap",
     {GUEST(0x40000000), MASKS, .immutable = true, .validated = true},
     {GUEST(0x80000000), .immutable = true, .vmsa = true, .perms = {0x1F}},
     {GUEST(0x40000000), MASKS, .validated = true},
     RMP_GUEST_INVALID},
    {"Metadata", {METADATA(0x6000)}, {FIRMWARE}, {METADATA(0x6000)}, RMP_FIRMWARE},
};

/* From the second page of the region under test to a page of the same region, or of region 0. */
static struct rmp_shot shot_of(const struct row *r, unsigned pages) {
    struct rmp_shot shot = rmp_shot_host(RMP_CALL_MOVE_PAGE, pages);
    shot.entry = r->src;
    shot.dst = shot.other_at = shot.spa + 2 * PAGE;
    shot.other = r->dst;
    shot.args = (struct rmp_move_args){.asid = RMP_ASID, .owner = 0x6000};
    return shot;
}

static struct rmp_shot pre_guest(unsigned pages) {
    return shot_of(&rows[0], pages);
}

static struct rmp_shot pre_swap(unsigned pages) {
    return shot_of(&rows[1], pages);
}

static struct rmp_shot metadata(unsigned pages) {
    return shot_of(&rows[2], pages);
}

/* Of 2 MiB, to region 3. */
static void make_large(struct rmp_shot *shot) {
    shot->spa = shot->entry_at = rmp_shot_page(shot);
    shot->dst = shot->other_at = 3 * rmp_shot_page(shot);
    shot->entry.size = shot->other.size = shot->args.size = RMP_2M;
}

static struct rmp_shot large_swap(unsigned pages) {
    struct rmp_shot shot = pre_swap(pages);
    make_large(&shot);
    return shot;
}

/* ---- the rows ---- */

/* The destination as the row says; the source in its new state, still the same owner's. */
static void check_row(struct suite_ctx *ctx, const struct row *r, const struct rmp_shot *shot,
                      const struct rmp_image *before, const struct rmp_image *after) {
    for (unsigned i = 0; i < after->pages; i++) {
        struct rmp_entry wanted = before->entries[i];
        const struct rmp_entry *got = &after->entries[i];
        if (i == shot->spa / PAGE) continue;
        if (i == shot->dst / PAGE) {
            wanted = r->dst_after;
            wanted.size = shot->args.size;
        }
        SUITE_STEP(rmp_entry_equal(ctx, &wanted, got, "GPA, VMSA and masks go to the new page"));
    }
    const struct rmp_entry *src = &after->entries[shot->spa / PAGE];
    SUITE_EQUAL(ctx, "state of the source", r->src_state, rmp_entry_state(src), "the row's");
    SUITE_EQUAL(ctx, "ASID of the source", r->src.asid, src->asid, "stays the guest's");
    SUITE_EQUAL(ctx, "size of the source", shot->args.size, src->size, "stays");
    SUITE_STEP(rmp_image_counted(ctx, after));
}

static void row_on(struct suite_ctx *ctx, const struct row *r, struct rmp_shot *shot) {
    struct rmp *rmp;
    struct rmp_image before, after;
    SUITE_STEP(rmp_shot_make(ctx, shot, &rmp));
    rmp_image_take(rmp, &before);
    const struct rmp_answer got = rmp_shot_call(rmp, shot);
    rmp_image_take(rmp, &after);
    rmp_free(rmp);
    SUITE_EQUAL(ctx, "answer", RMP_MOVED, got.eax, "no check fails");
    check_row(ctx, r, shot, &before, &after);
}

static void small_rows(struct suite_ctx *ctx, unsigned pages) {
    for (size_t i = 0; i < COUNT(rows) && !suite_stopped(ctx); i++) {
        struct rmp_shot shot = shot_of(&rows[i], pages);
        suite_instance(ctx, "%s, %u pages, one region", rows[i].name, pages);
        row_on(ctx, &rows[i], &shot);
        if (suite_stopped(ctx)) return;
        shot = shot_of(&rows[i], pages);
        shot.dst = shot.other_at = 3 * PAGE;
        suite_instance(ctx, "%s, %u pages, to a lower region", rows[i].name, pages);
        row_on(ctx, &rows[i], &shot);
        if (suite_stopped(ctx)) return;
        shot = shot_of(&rows[i], pages);
        shot.dst = shot.other_at = 3 * rmp_shot_page(&shot) + PAGE;
        suite_instance(ctx, "%s, %u pages, to a higher region", rows[i].name, pages);
        row_on(ctx, &rows[i], &shot);
    }
}

static void small(struct suite_ctx *ctx) {
    rmp_each_size(ctx, small_rows);
}

static void large_rows(struct suite_ctx *ctx, unsigned pages) {
    for (size_t i = 0; i < COUNT(rows) && !suite_stopped(ctx); i++) {
        struct rmp_shot shot = shot_of(&rows[i], pages);
        make_large(&shot);
        suite_instance(ctx, "%s, %u pages", rows[i].name, pages);
        row_on(ctx, &rows[i], &shot);
    }
}

static void large(struct suite_ctx *ctx) {
    rmp_each_size(ctx, large_rows);
}

/* ---- every other pair of states ---- */

static bool is_row(unsigned src, unsigned dst) {
    return (src == RMP_PRE_GUEST && dst == RMP_PRE_GUEST) ||
           (src == RMP_PRE_SWAP && dst == RMP_PRE_GUEST) ||
           (src == RMP_METADATA && dst == RMP_FIRMWARE);
}

static void pairs(struct suite_ctx *ctx) {
    static const struct rmp_answer bad_state = {.eax = RMP_MOVE_BAD_STATE};
    for (unsigned src = 0; src < RMP_STATE_COUNT; src++)
        for (unsigned dst = 0; dst < RMP_STATE_COUNT; dst++) {
            if (is_row(src, dst)) continue;
            struct rmp_shot shot = pre_guest(8);
            shot.entry = rmp_state_entry((enum rmp_state)src, 0x40000000);
            shot.other = rmp_state_entry((enum rmp_state)dst, 0x80000000);
            suite_instance(ctx, "%s to %s", rmp_state_name((enum rmp_state)src),
                           rmp_state_name((enum rmp_state)dst));
            SUITE_STEP(rmp_shot_refused(ctx, &shot, bad_state));
        }
}

/* ---- defects ---- */

static void src_outside(struct rmp_shot *shot) {
    shot->spa = rmp_shot_end(shot);
}

static void dst_outside(struct rmp_shot *shot) {
    shot->dst = rmp_shot_end(shot);
}

static void args_large(struct rmp_shot *shot) {
    shot->args.size = RMP_2M;
}

static void args_small(struct rmp_shot *shot) {
    shot->args.size = RMP_4K;
}

/* One of two 2 MiB pages is a 4 KiB page. */
static void src_small(struct rmp_shot *shot) {
    shot->entry.size = RMP_4K;
}

static void dst_small(struct rmp_shot *shot) {
    shot->other.size = RMP_4K;
}

static void src_unaligned(struct rmp_shot *shot) {
    shot->spa += 0x800;
}

static void dst_unaligned(struct rmp_shot *shot) {
    shot->dst += 0x800;
}

static void bad_state(struct rmp_shot *shot) {
    shot->other.immutable = false;
}

static void itself(struct rmp_shot *shot) {
    shot->dst = shot->spa;
    shot->other_at = 0;
}

static void dst_asid(struct rmp_shot *shot) {
    shot->other.asid = RMP_OTHER_ASID;
}

static void args_asid(struct rmp_shot *shot) {
    shot->args.asid = RMP_OTHER_ASID;
}

static void args_owner(struct rmp_shot *shot) {
    shot->args.owner = 0x7000;
}

static void src_in_use(struct rmp_shot *shot) {
    shot->entry.in_use = 1;
}

static void dst_in_use(struct rmp_shot *shot) {
    shot->other.in_use = 1;
}

#define ANSWER(MOVED)                                                                              \
    { .eax = (MOVED) }

enum {
    SRC_OUTSIDE,
    DST_OUTSIDE,
    ARGS_LARGE,
    ARGS_SMALL,
    SRC_SMALL,
    DST_SMALL,
    SRC_UNALIGNED,
    DST_UNALIGNED,
    BAD_STATE,
    ITSELF,
    SRC_ASID,
    DST_ASID,
    ARGS_ASID,
    ARGS_OWNER,
    SRC_IN_USE,
    DST_IN_USE,
};

#define ALL_ENTRIES (RMP_CLAIM_ENTRY | RMP_CLAIM_SIZE | RMP_CLAIM_ADDRESS)

/* In the order of the checks. */
static const struct rmp_defect defects[] = {
    [SRC_OUTSIDE] = {"source outside", src_outside, ALL_ENTRIES, ANSWER(RMP_MOVE_NO_ENTRY)},
    [DST_OUTSIDE] = {"destination outside", dst_outside, ALL_ENTRIES, ANSWER(RMP_MOVE_NO_ENTRY)},
    [ARGS_LARGE] = {"2 MiB asked for", args_large, RMP_CLAIM_SIZE, ANSWER(RMP_MOVE_BAD_SIZE)},
    [ARGS_SMALL] = {"4 KiB asked for", args_small, RMP_CLAIM_SIZE, ANSWER(RMP_MOVE_BAD_SIZE)},
    [SRC_SMALL] = {"source of 4 KiB", src_small, RMP_CLAIM_SIZE, ANSWER(RMP_MOVE_BAD_SIZE)},
    [DST_SMALL] = {"destination of 4 KiB", dst_small, RMP_CLAIM_SIZE, ANSWER(RMP_MOVE_BAD_SIZE)},
    [SRC_UNALIGNED] = {"source unaligned", src_unaligned, RMP_CLAIM_ADDRESS | RMP_CLAIM_SIZE,
                       ANSWER(RMP_MOVE_UNALIGNED)},
    [DST_UNALIGNED] = {"destination unaligned", dst_unaligned, RMP_CLAIM_ADDRESS | RMP_CLAIM_SIZE,
                       ANSWER(RMP_MOVE_UNALIGNED)},
    [BAD_STATE] = {"destination not Immutable", bad_state, RMP_CLAIM_IMMUTABLE,
                   ANSWER(RMP_MOVE_BAD_STATE)},
    [ITSELF] = {"onto itself", itself, ALL_ENTRIES | RMP_CLAIM_IMMUTABLE,
                ANSWER(RMP_MOVE_BAD_STATE)},
    [SRC_ASID] = {"source of another ASID", rmp_other_owner, RMP_CLAIM_OWNER,
                  ANSWER(RMP_MOVE_BAD_OWNER)},
    [DST_ASID] = {"destination of another ASID", dst_asid, RMP_CLAIM_OWNER,
                  ANSWER(RMP_MOVE_BAD_OWNER)},
    [ARGS_ASID] = {"for another ASID", args_asid, RMP_CLAIM_OWNER, ANSWER(RMP_MOVE_BAD_OWNER)},
    [ARGS_OWNER] = {"for another context", args_owner, ALL_ENTRIES, ANSWER(RMP_MOVE_BAD_OWNER)},
    [SRC_IN_USE] = {"source in use", src_in_use, RMP_CLAIM_IN_USE, ANSWER(RMP_MOVE_IN_USE)},
    [DST_IN_USE] = {"destination in use", dst_in_use, RMP_CLAIM_IN_USE, ANSWER(RMP_MOVE_IN_USE)},
};

#define REFUSED(ID, TITLE, TWIN, BASE, DEFECT)                                                     \
    RMP_REFUSED("move.page-" ID, TITLE, "move.page" TWIN, ("SNP-RMP-161"), BASE, &defects[DEFECT])

/* The defects that fit a 4 KiB page, and those that fit a 2 MiB page, for the pairs. */
static const struct rmp_defect small_order[] = {
    {"2 MiB asked for", args_large, RMP_CLAIM_SIZE, ANSWER(RMP_MOVE_BAD_SIZE)},
    {"destination not Immutable", bad_state, RMP_CLAIM_IMMUTABLE, ANSWER(RMP_MOVE_BAD_STATE)},
    {"for another ASID", args_asid, RMP_CLAIM_OWNER, ANSWER(RMP_MOVE_BAD_OWNER)},
    {"destination in use", dst_in_use, RMP_CLAIM_IN_USE, ANSWER(RMP_MOVE_IN_USE)},
};

static const struct rmp_defect large_order[] = {
    {"4 KiB asked for", args_small, RMP_CLAIM_SIZE, ANSWER(RMP_MOVE_BAD_SIZE)},
    {"source unaligned", src_unaligned, RMP_CLAIM_ADDRESS | RMP_CLAIM_SIZE,
     ANSWER(RMP_MOVE_UNALIGNED)},
    {"destination not Immutable", bad_state, RMP_CLAIM_IMMUTABLE, ANSWER(RMP_MOVE_BAD_STATE)},
    {"source of another ASID", rmp_other_owner, RMP_CLAIM_OWNER, ANSWER(RMP_MOVE_BAD_OWNER)},
    {"source in use", src_in_use, RMP_CLAIM_IN_USE, ANSWER(RMP_MOVE_IN_USE)},
};

static const struct suite_test tests[] = {
    RMP_TEST("move.page", "SNP_PAGE_MOVE's rows, in one region and between two",
             ("SNP-RMP-018", "SNP-RMP-019", "SNP-RMP-160", "SNP-RMP-161"), small, NULL),
    RMP_TEST("move.page-large", "SNP_PAGE_MOVE's rows of 2 MiB", ("SNP-RMP-160", "SNP-RMP-161"),
             large, NULL),
    RMP_NEGATIVE("move.page-states", "every pair of states that is no row", "move.page",
                 ("SNP-RMP-161"), pairs, NULL),
    REFUSED("src-outside", "a source without RMP entry", "", pre_guest, SRC_OUTSIDE),
    REFUSED("dst-outside", "a destination without RMP entry", "", pre_guest, DST_OUTSIDE),
    REFUSED("args-large", "2 MiB of 4 KiB pages", "", pre_guest, ARGS_LARGE),
    REFUSED("args-small", "4 KiB of 2 MiB pages", "-large", large_swap, ARGS_SMALL),
    REFUSED("src-small", "a source of 4 KiB", "-large", large_swap, SRC_SMALL),
    REFUSED("dst-small", "a destination of 4 KiB", "-large", large_swap, DST_SMALL),
    REFUSED("src-unaligned", "a source that is not aligned", "-large", large_swap, SRC_UNALIGNED),
    REFUSED("dst-unaligned", "a destination that is not aligned", "-large", large_swap,
            DST_UNALIGNED),
    REFUSED("not-immutable", "a destination that is not Immutable", "", pre_swap, BAD_STATE),
    REFUSED("itself", "a page onto itself", "", pre_guest, ITSELF),
    REFUSED("src-asid", "another guest's source", "", pre_guest, SRC_ASID),
    REFUSED("dst-asid", "another guest's destination", "", pre_guest, DST_ASID),
    REFUSED("args-asid", "for another guest", "", pre_swap, ARGS_ASID),
    REFUSED("metadata-owner", "another context's metadata", "", metadata, ARGS_OWNER),
    REFUSED("src-in-use", "a source in use", "", pre_guest, SRC_IN_USE),
    REFUSED("dst-in-use", "a destination in use", "", pre_guest, DST_IN_USE),
    RMP_ORDER("move-page", "SNP_PAGE_MOVE: of two faults the earlier check answers", "move.page",
              ("SNP-RMP-161"), pre_guest, small_order),
    RMP_ORDER("move-page-large", "... of 2 MiB", "move.page-large", ("SNP-RMP-161"), large_swap,
              large_order),
};

const struct suite_area rmp_part_move_page = RMP_PART(tests);
