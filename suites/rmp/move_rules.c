/* Firmware's moves: which check each command makes first, whose metadata there can be, and the table's own pages. RMP
 * notes, sections 1.3 and 2.1; firmware command notes, sections 5.5 to 5.21. */
#include "rmp/rmp.h"

#define COUNT(A) (sizeof(A) / sizeof(A)[0])
#define ANSWER(MOVED)                                                                              \
    { .eax = (MOVED) }

static struct rmp_shot move_shot(enum rmp_move move, enum rmp_state state, unsigned pages) {
    struct rmp_shot shot = rmp_shot_host(RMP_CALL_MOVE, pages);
    shot.move = move;
    shot.spa = shot.entry_at = rmp_shot_page(&shot);
    shot.entry = rmp_state_entry(state, RMP_GPA);
    shot.args = (struct rmp_move_args){.asid = RMP_ASID, .owner = 0x6000, .gpa = RMP_GPA};
    return shot;
}

/* ---- state or size first ---- */

static const struct {
    enum rmp_move move;
    enum rmp_state from; /* a state of its rows */
    bool state_first;
} commands[RMP_MOVE_COUNT] = {
    {RMP_MOVE_GCTX_CREATE, RMP_FIRMWARE, true},
    {RMP_MOVE_DECOMMISSION, RMP_CONTEXT, true},
    {RMP_MOVE_LAUNCH_UPDATE, RMP_PRE_GUEST, true},
    {RMP_MOVE_RECLAIM, RMP_FIRMWARE, false},
    {RMP_MOVE_SWAP_OUT, RMP_PRE_SWAP, false},
    {RMP_MOVE_SWAP_OUT_METADATA, RMP_METADATA, false},
    {RMP_MOVE_SWAP_IN, RMP_PRE_GUEST, false},
    {RMP_MOVE_SWAP_IN_METADATA, RMP_FIRMWARE, false},
    {RMP_MOVE_MD_INIT, RMP_FIRMWARE, true},
    {RMP_MOVE_SET_STATE, RMP_FIRMWARE, true},
    {RMP_MOVE_COMMAND_DONE, RMP_FIRMWARE, false},
    {RMP_MOVE_IOMMU_SHUTDOWN, RMP_FIRMWARE_IOMMU, false},
};

/* The page is of a state that no row names, and of another size than the one asked for. */
static void state_and_size(struct suite_ctx *ctx, unsigned pages) {
    static const struct rmp_answer bad_state = ANSWER(RMP_MOVE_BAD_STATE);
    static const struct rmp_answer bad_size = ANSWER(RMP_MOVE_BAD_SIZE);
    for (size_t i = 0; i < 2 * COUNT(commands); i++) {
        const bool large = i % 2 != 0, first = commands[i / 2].state_first;
        struct rmp_shot shot = move_shot(commands[i / 2].move, RMP_INVALID, pages);
        shot.entry.size = large ? RMP_2M : RMP_4K;
        shot.args.size = large ? RMP_4K : RMP_2M;
        suite_instance(ctx, "%u pages, move %u, %s", pages, (unsigned)commands[i / 2].move,
                       large ? "2 MiB" : "4 KiB");
        SUITE_STEP(rmp_shot_refused(ctx, &shot, first ? bad_state : bad_size));
    }
}

static void orders(struct suite_ctx *ctx) {
    rmp_each_size(ctx, state_and_size);
}

/* A later page of a 2 MiB page has an entry of 4 KiB, and the size is looked at before the alignment. */
static void size_and_alignment(struct suite_ctx *ctx, unsigned pages) {
    static const struct rmp_answer unaligned = ANSWER(RMP_MOVE_UNALIGNED);
    for (size_t i = 0; i < COUNT(commands); i++) {
        struct rmp_shot shot = move_shot(commands[i].move, commands[i].from, pages);
        shot.entry.size = shot.args.size = RMP_2M;
        shot.spa += 0x800;
        suite_instance(ctx, "%u pages, move %u", pages, (unsigned)commands[i].move);
        SUITE_STEP(rmp_shot_refused(ctx, &shot, unaligned));
    }
}

static void alignments(struct suite_ctx *ctx) {
    rmp_each_size(ctx, size_and_alignment);
}

/* ---- whose metadata ---- */

static const enum rmp_move makers[] = {RMP_MOVE_MD_INIT, RMP_MOVE_SWAP_IN_METADATA};

/* Any page that the RMP covers can be a context's, but page 0. */
static void owners_good(struct suite_ctx *ctx, unsigned pages) {
    for (size_t i = 0; i < 2 * COUNT(makers); i++) {
        struct rmp_shot shot = move_shot(makers[i / 2], RMP_FIRMWARE, pages);
        shot.args.owner = i % 2 == 0 ? PAGE : rmp_shot_end(&shot) - PAGE;
        const struct rmp_good good = {.after = {.assigned = true,
                                                .immutable = true,
                                                .mark = RMP_MARK_METADATA,
                                                .gpa = shot.args.owner}};
        suite_instance(ctx, "%u pages, move %u, owner %u", pages, (unsigned)makers[i / 2],
                       (unsigned)(i % 2));
        SUITE_STEP(rmp_shot_good(ctx, &shot, &good));
    }
}

static void owners(struct suite_ctx *ctx) {
    rmp_each_size(ctx, owners_good);
}

static void owners_bad(struct suite_ctx *ctx, unsigned pages) {
    static const struct rmp_answer bad_owner = ANSWER(RMP_MOVE_BAD_OWNER);
    for (size_t i = 0; i < COUNT(makers); i++) {
        struct rmp_shot shot = move_shot(makers[i], RMP_FIRMWARE, pages);
        const uint64_t list[] = {0,
                                 1,
                                 PAGE + 0x800,
                                 2 * PAGE - 1,
                                 rmp_shot_end(&shot),
                                 PAGE | UINT64_C(1) << 51,
                                 UINT64_MAX - PAGE + 1};
        for (size_t n = 0; n < COUNT(list); n++) {
            shot.args.owner = list[n];
            suite_instance(ctx, "%u pages, move %u, owner 0x%llx", pages, (unsigned)makers[i],
                           (unsigned long long)list[n]);
            SUITE_STEP(rmp_shot_refused(ctx, &shot, bad_owner));
        }
    }
}

static void no_owners(struct suite_ctx *ctx) {
    rmp_each_size(ctx, owners_bad);
}

/* ---- the table's own pages: the last page of region 1 and the first of region 2 ---- */

static uint64_t own_start(uint64_t large) {
    return 2 * large - PAGE;
}

static bool answers(struct suite_ctx *ctx, enum rmp_moved wanted, enum rmp_moved got) {
    return suite_equal(ctx, "answer", wanted, got, "firmware leaves the table's own pages alone");
}

/* Each move at the pages before, inside and behind, all of which are Firmware pages. */
static void own_moves(struct suite_ctx *ctx, struct rmp *rmp, uint64_t large) {
    static const struct rmp_move_args args = {.owner = 0x6000};
    const uint64_t start = own_start(large), end = start + 2 * PAGE;
    for (size_t i = 0; i < COUNT(commands); i++) {
        const bool moves = commands[i].from == RMP_FIRMWARE;
        for (uint64_t page = start - PAGE; page <= end; page += PAGE) {
            const bool own = page >= start && page < end;
            const enum rmp_moved other = moves ? RMP_MOVED : RMP_MOVE_BAD_STATE;
            suite_instance(ctx, "move %u, page %llu", (unsigned)commands[i].move,
                           (unsigned long long)(page / PAGE));
            SUITE_CHECK(ctx, "entry", own || rmp_set(rmp, page, RMP_FIRMWARE, RMP_4K), "covered");
            const enum rmp_moved got =
                rmp_move(rmp, commands[i].move, page + (i % 2 != 0 ? 0xFFF : 0), &args);
            SUITE_STEP(answers(ctx, own ? RMP_MOVE_IN_RMP : other, got));
        }
    }
}

/* A metadata page onto a Firmware page; either can be the table's own. */
static void own_pairs(struct suite_ctx *ctx, struct rmp *rmp, uint64_t large) {
    static const struct rmp_move_args args = {.owner = PAGE};
    const uint64_t own = own_start(large), far = 4 * large;
    const uint64_t src[] = {4 * PAGE, own + PAGE, 4 * PAGE, own, far, own};
    const uint64_t dst[] = {5 * PAGE, 5 * PAGE, own, own + PAGE, own, far};
    static const enum rmp_moved wanted[] = {RMP_MOVED,       RMP_MOVE_IN_RMP,   RMP_MOVE_IN_RMP,
                                            RMP_MOVE_IN_RMP, RMP_MOVE_NO_ENTRY, RMP_MOVE_NO_ENTRY};
    for (size_t i = 0; i < COUNT(wanted); i++) {
        suite_instance(ctx, "SNP_PAGE_MOVE %u", (unsigned)i);
        SUITE_CHECK(ctx, "entry",
                    rmp_set(rmp, 4 * PAGE, RMP_METADATA, RMP_4K) &&
                        rmp_set(rmp, 5 * PAGE, RMP_FIRMWARE, RMP_4K),
                    "the pages lie in the table");
        SUITE_STEP(answers(ctx, wanted[i], rmp_move_page(rmp, src[i], dst[i], &args)));
    }
}

/* A region that has but one page of the table's own, by whatever the others are. */
static void own_regions(struct suite_ctx *ctx, struct rmp *rmp, uint64_t large) {
    for (unsigned region = 0; region < RMP_REGIONS; region++) {
        const bool own = region == 1 || region == 2;
        const uint64_t first = region * large;
        suite_instance(ctx, "SNP_PAGE_UNSMASH of region %u", region);
        for (uint64_t page = first; page < first + large; page += PAGE) {
            struct rmp_entry e = rmp_state_entry(RMP_PRE_GUEST, RMP_GPA + page - first);
            SUITE_CHECK(ctx, "entry", rmp_put(rmp, page, &e), "the page lies in the table");
        }
        SUITE_STEP(answers(ctx, own ? RMP_MOVE_IN_RMP : RMP_MOVED, rmp_unsmash(rmp, first)));
        if (!own) continue;
        SUITE_STEP(answers(ctx, RMP_MOVE_UNALIGNED, rmp_unsmash(rmp, first + PAGE)));
    }
}

/* The table's own pages are Firmware pages, the others the hypervisor's. */
static void own_reset(struct suite_ctx *ctx, struct rmp *rmp, uint64_t large) {
    struct rmp_image image;
    const uint64_t start = own_start(large), end = start + 2 * PAGE;
    SUITE_CHECK(ctx, "entry", rmp_set(rmp, start, RMP_GUEST_VALID, RMP_2M), "covered");
    rmp_reset(rmp);
    rmp_image_take(rmp, &image);
    for (unsigned i = 0; i < image.pages; i++) {
        const bool own = i * PAGE >= start && i * PAGE < end;
        const struct rmp_entry e = rmp_state_entry(own ? RMP_FIRMWARE : RMP_HYPERVISOR, 0);
        suite_instance(ctx, "page %u", i);
        SUITE_STEP(rmp_entry_equal(ctx, &e, &image.entries[i], "Firmware where the table lies"));
    }
    SUITE_STEP(rmp_image_counted(ctx, &image));
}

/* Places that are refused leave the table where it was, and every entry as it was. */
static void own_stray(struct suite_ctx *ctx, struct rmp *rmp, uint64_t large) {
    const uint64_t own = own_start(large);
    const uint64_t list[][2] = {
        {0x800, 0x4000}, {0x1000, 0x4001}, {0x4000, 0x1000}, {0x1000, 4 * large + PAGE}};
    static const struct rmp_move_args args = {.owner = 0x6000};
    struct rmp_image before, after;
    rmp_image_take(rmp, &before);
    for (size_t i = 0; i < COUNT(list); i++) {
        suite_instance(ctx, "place %u", (unsigned)i);
        SUITE_CHECK(ctx, "rmp_place", !rmp_place(rmp, list[i][0], list[i][1]),
                    "whole pages of the table");
    }
    SUITE_STEP(answers(ctx, RMP_MOVE_IN_RMP, rmp_move(rmp, RMP_MOVE_RECLAIM, own, &args)));
    SUITE_STEP(answers(ctx, RMP_MOVE_BAD_STATE, rmp_move(rmp, RMP_MOVE_SWAP_OUT, 3 * PAGE, &args)));
    rmp_image_take(rmp, &after);
    SUITE_STEP(rmp_image_same(ctx, &before, &after));
}

/* ROW of own: what is done to a table that lies at its place. */
struct own_row {
    void (*run)(struct suite_ctx *ctx, struct rmp *rmp, uint64_t large);
};

static void own_case(struct suite_ctx *ctx, unsigned pages) {
    const struct own_row *row = suite_row(ctx);
    const struct rmp_config config = {.size = RMP_REGIONS * pages * PAGE,
                                      .pages_per_large = pages,
                                      .rules = rmp_config_default(RMP_PAGE_2M).rules};
    const uint64_t start = own_start(pages * PAGE);
    struct rmp *rmp;
    SUITE_SETUP(ctx, "rmp_new", rmp_new(&config, &rmp));
    const bool placed = rmp_place(rmp, start, start + 2 * PAGE);
    if (placed) row->run(ctx, rmp, pages * PAGE);
    rmp_free(rmp);
    SUITE_CHECK(ctx, "rmp_place", placed, "whole pages of the table");
}

static void own(struct suite_ctx *ctx) {
    rmp_each_size(ctx, own_case);
}

#define OWN(RUN) (&(const struct own_row){RUN})

static const struct suite_test tests[] = {
    RMP_NEGATIVE("order.move-state",
                 "contexts, LAUNCH_UPDATE, MD_INIT and SET_STATE: the state before the size",
                 "move.rows-large", ("SNP-RMP-153", "SNP-RMP-155"), orders, NULL),
    RMP_NEGATIVE("order.move-alignment", "every move of 2 MiB inside the first page",
                 "move.rows-large", ("SNP-RMP-154"), alignments, NULL),
    RMP_TEST("move.owners", "metadata of any page that a context can have", ("SNP-RMP-156"), owners,
             NULL),
    RMP_NEGATIVE("move.no-owners", "metadata of page 0, inside a page, of a page without RMP entry",
                 "move.owners", ("SNP-RMP-156"), no_owners, NULL),
    RMP_TEST("move.own-reset", "the table's own pages are Firmware pages, after a reset too",
             ("SNP-RMP-175"), own, OWN(own_reset)),
    RMP_NEGATIVE("move.own-pages", "moves refuse the table's own pages, not those beside them",
                 "move.own-reset", ("SNP-RMP-175"), own, OWN(own_moves)),
    RMP_NEGATIVE("move.own-pairs", "... SNP_PAGE_MOVE from or to one", "move.own-reset",
                 ("SNP-RMP-175"), own, OWN(own_pairs)),
    RMP_NEGATIVE("move.own-regions", "... SNP_PAGE_UNSMASH of a region with one", "move.own-reset",
                 ("SNP-RMP-175"), own, OWN(own_regions)),
    RMP_NEGATIVE("move.own-stray", "places that no table can have change nothing", "move.own-reset",
                 ("SNP-RMP-175"), own, OWN(own_stray)),
};

const struct suite_area rmp_part_move_rules = RMP_PART(tests);
