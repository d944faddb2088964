/* Firmware's moves: pages outside the RMP, of another size, another guest's, in use; and the order of these checks.
 * RMP notes, section 2.1; firmware command notes, section 5.20. */
#include "rmp/rmp.h"

static struct rmp_shot move_page(unsigned pages, enum rmp_move move, enum rmp_state state) {
    struct rmp_shot shot = rmp_shot_host(RMP_CALL_MOVE, pages);
    shot.move = move;
    shot.entry = rmp_state_entry(state, RMP_GPA + PAGE);
    shot.args = (struct rmp_move_args){.asid = RMP_ASID, .owner = 0x6000, .gpa = RMP_GPA};
    return shot;
}

/* Guests' pages: SNP_LAUNCH_UPDATE, SNP_PAGE_SWAP_OUT, SNP_PAGE_SWAP_IN. */
static struct rmp_shot launch(unsigned pages) {
    return move_page(pages, RMP_MOVE_LAUNCH_UPDATE, RMP_PRE_GUEST);
}

static struct rmp_shot swap_out(unsigned pages) {
    return move_page(pages, RMP_MOVE_SWAP_OUT, RMP_PRE_SWAP);
}

static struct rmp_shot swap_in(unsigned pages) {
    return move_page(pages, RMP_MOVE_SWAP_IN, RMP_PRE_GUEST);
}

/* A context's: rmp_state_entry's metadata page is owned by 0x6000. */
static struct rmp_shot metadata(unsigned pages) {
    return move_page(pages, RMP_MOVE_SWAP_OUT_METADATA, RMP_METADATA);
}

static struct rmp_shot reclaim(unsigned pages) {
    return move_page(pages, RMP_MOVE_RECLAIM, RMP_PRE_SWAP);
}

/* The same of 2 MiB. */
static struct rmp_shot large_reclaim(unsigned pages) {
    struct rmp_shot shot = reclaim(pages);
    shot.spa = shot.entry_at = rmp_shot_page(&shot);
    shot.entry.size = shot.args.size = RMP_2M;
    return shot;
}

static struct rmp_shot large_swap_out(unsigned pages) {
    struct rmp_shot shot = large_reclaim(pages);
    shot.move = RMP_MOVE_SWAP_OUT;
    return shot;
}

/* ---- defects ---- */

static void far_away(struct rmp_shot *shot) {
    shot->spa += UINT64_C(1) << 51;
}

static void args_large(struct rmp_shot *shot) {
    shot->args.size = RMP_2M;
}

static void args_small(struct rmp_shot *shot) {
    shot->args.size = RMP_4K;
}

/* The entry is 2 MiB, the rest of the shot's address that of its first page. */
static void entry_large(struct rmp_shot *shot) {
    shot->spa = shot->entry_at = rmp_shot_page(shot);
    shot->entry.size = RMP_2M;
}

static void other_size(struct rmp_shot *shot) {
    shot->args.size = shot->entry.size == RMP_2M ? RMP_4K : RMP_2M;
}

/* A later page of the 2 MiB page has an entry of 4 KiB. */
static void later_page(struct rmp_shot *shot) {
    shot->spa += PAGE;
}

/* Inside the first page: the entry is of 2 MiB, the address is not. */
static void unaligned(struct rmp_shot *shot) {
    shot->spa += 0x800;
}

static void not_immutable(struct rmp_shot *shot) {
    shot->entry.immutable = false;
}

static void other_context(struct rmp_shot *shot) {
    shot->args.owner = 0x7000;
}

static void other_asid(struct rmp_shot *shot) {
    shot->args.asid = RMP_OTHER_ASID;
}

static void in_use(struct rmp_shot *shot) {
    shot->entry.in_use = 1;
}

#define ANSWER(MOVED)                                                                              \
    { .eax = (MOVED) }

enum {
    NO_ENTRY,
    FAR_AWAY,
    ARGS_LARGE,
    ARGS_SMALL,
    ENTRY_LARGE,
    LATER_PAGE,
    UNALIGNED,
    NOT_IMMUTABLE,
    OTHER_ASID,
    ENTRY_ASID,
    OTHER_CONTEXT,
    IN_USE,
};

static const struct rmp_defect defects[] = {
    [NO_ENTRY] = {"no RMP entry", rmp_not_covered, 0, ANSWER(RMP_MOVE_NO_ENTRY)},
    [FAR_AWAY] = {"no RMP entry, far", far_away, 0, ANSWER(RMP_MOVE_NO_ENTRY)},
    [ARGS_LARGE] = {"2 MiB asked for", args_large, 0, ANSWER(RMP_MOVE_BAD_SIZE)},
    [ARGS_SMALL] = {"4 KiB asked for", args_small, 0, ANSWER(RMP_MOVE_BAD_SIZE)},
    [ENTRY_LARGE] = {"entry of 2 MiB", entry_large, 0, ANSWER(RMP_MOVE_BAD_SIZE)},
    [LATER_PAGE] = {"later page of 2 MiB", later_page, 0, ANSWER(RMP_MOVE_BAD_SIZE)},
    [UNALIGNED] = {"address not aligned", unaligned, 0, ANSWER(RMP_MOVE_UNALIGNED)},
    [NOT_IMMUTABLE] = {"not Immutable", not_immutable, 0, ANSWER(RMP_MOVE_BAD_STATE)},
    [OTHER_ASID] = {"for another ASID", other_asid, 0, ANSWER(RMP_MOVE_BAD_OWNER)},
    [ENTRY_ASID] = {"of another ASID", rmp_other_owner, 0, ANSWER(RMP_MOVE_BAD_OWNER)},
    [OTHER_CONTEXT] = {"for another context", other_context, 0, ANSWER(RMP_MOVE_BAD_OWNER)},
    [IN_USE] = {"in use", in_use, 0, ANSWER(RMP_MOVE_IN_USE)},
};

/* In the order of the checks, for one page of 2 MiB. */
static const struct rmp_defect ordered[] = {
    {"no RMP entry", rmp_not_covered, RMP_CLAIM_COVERED | RMP_CLAIM_ENTRY,
     ANSWER(RMP_MOVE_NO_ENTRY)},
    {"another size", other_size, RMP_CLAIM_SIZE, ANSWER(RMP_MOVE_BAD_SIZE)},
    {"unaligned", unaligned, RMP_CLAIM_ADDRESS | RMP_CLAIM_SIZE, ANSWER(RMP_MOVE_UNALIGNED)},
    {"not Immutable", not_immutable, RMP_CLAIM_IMMUTABLE, ANSWER(RMP_MOVE_BAD_STATE)},
    {"another ASID", rmp_other_owner, RMP_CLAIM_OWNER, ANSWER(RMP_MOVE_BAD_OWNER)},
    {"in use", in_use, RMP_CLAIM_IN_USE, ANSWER(RMP_MOVE_IN_USE)},
};

/* A page that is not Immutable is reclaimed already, whatever else it is: before state and use. */
static void reclaim_in_use(struct rmp_shot *shot) {
    shot->entry.immutable = false;
    shot->entry.in_use = 1;
}

/* ... but not before its size and alignment. */
static void reclaim_other_size(struct rmp_shot *shot) {
    shot->entry.immutable = false;
    shot->args.size = RMP_4K;
}

static void reclaim_unaligned(struct rmp_shot *shot) {
    shot->entry.immutable = false;
    shot->spa += 0x800;
}

static const struct rmp_defect reclaims[] = {
    {"not Immutable, another size", reclaim_other_size, 0, ANSWER(RMP_MOVE_BAD_SIZE)},
    {"not Immutable, unaligned", reclaim_unaligned, 0, ANSWER(RMP_MOVE_UNALIGNED)},
};

/* The shots themselves move; what they write is move.c's. */
struct twin {
    struct rmp_shot (*base)(unsigned pages);
    enum rmp_state to;
};

static void moved(struct suite_ctx *ctx, struct rmp *rmp, struct rmp_shot *shot) {
    const struct twin *t = suite_row(ctx);
    struct rmp_entry e;
    SUITE_STEP(rmp_answer_equal(ctx, (struct rmp_answer){.eax = RMP_MOVED},
                                rmp_shot_call(rmp, shot), "no check fails"));
    SUITE_CHECK(ctx, "entry", rmp_entry_at(rmp, shot->spa, &e), "the page is covered");
    SUITE_EQUAL(ctx, "state", t->to, rmp_entry_state(&e), "as the move's row says");
}

static void twin_case(struct suite_ctx *ctx, unsigned pages) {
    const struct twin *t = suite_row(ctx);
    struct rmp_shot shot = t->base(pages);
    struct rmp *rmp;
    SUITE_STEP(rmp_shot_make(ctx, &shot, &rmp));
    moved(ctx, rmp, &shot);
    rmp_free(rmp);
}

static void twins(struct suite_ctx *ctx) {
    rmp_each_size(ctx, twin_case);
}

#define MOVES(ID, TITLE, REQS, ...)                                                                \
    RMP_TEST("move." ID, TITLE, REQS, twins, (&(const struct twin){__VA_ARGS__}))
#define REFUSED(ID, TITLE, TWIN, REQ, BASE, DEFECT)                                                \
    RMP_REFUSED("move." ID, TITLE, "move." TWIN, (REQ), BASE, &defects[DEFECT])

static const struct suite_test tests[] = {
    MOVES("launch", "SNP_LAUNCH_UPDATE of the guest's page", ("SNP-RMP-152", "SNP-RMP-156"), launch,
          RMP_GUEST_VALID),
    MOVES("swap-out", "SNP_PAGE_SWAP_OUT of the guest's page", ("SNP-RMP-156", "SNP-RMP-157"),
          swap_out, RMP_PRE_GUEST),
    MOVES("swap-in", "SNP_PAGE_SWAP_IN to the guest's page", ("SNP-RMP-156"), swap_in,
          RMP_PRE_GUEST),
    MOVES("metadata", "SNP_PAGE_SWAP_OUT of the context's metadata page", ("SNP-RMP-156"), metadata,
          RMP_FIRMWARE),
    MOVES("reclaim", "SNP_PAGE_RECLAIM of a Pre-Swap page", ("SNP-RMP-153", "SNP-RMP-157"), reclaim,
          RMP_GUEST_VALID),
    MOVES("reclaim-large", "... of 2 MiB", ("SNP-RMP-153", "SNP-RMP-154"), large_reclaim,
          RMP_GUEST_VALID),
    MOVES("swap-out-large", "SNP_PAGE_SWAP_OUT of a 2 MiB page", ("SNP-RMP-153", "SNP-RMP-154"),
          large_swap_out, RMP_PRE_GUEST),

    REFUSED("not-covered", "a page after the table", "launch", "SNP-RMP-152", launch, NO_ENTRY),
    REFUSED("not-covered-far", "a page at 2 PiB", "launch", "SNP-RMP-152", launch, FAR_AWAY),
    REFUSED("not-covered-large", "a 2 MiB page after the table", "reclaim-large", "SNP-RMP-152",
            large_reclaim, NO_ENTRY),
    REFUSED("size-large", "2 MiB of a 4 KiB page", "reclaim", "SNP-RMP-153", reclaim, ARGS_LARGE),
    REFUSED("size-small", "4 KiB of a 2 MiB page", "reclaim-large", "SNP-RMP-153", large_reclaim,
            ARGS_SMALL),
    REFUSED("size-entry", "a 2 MiB page where 4 KiB are asked for", "swap-out", "SNP-RMP-153",
            swap_out, ENTRY_LARGE),
    REFUSED("size-later", "2 MiB at a later page of a 2 MiB page", "reclaim-large", "SNP-RMP-153",
            large_reclaim, LATER_PAGE),
    REFUSED("unaligned", "2 MiB inside a 2 MiB page's first page", "reclaim-large", "SNP-RMP-154",
            large_reclaim, UNALIGNED),
    REFUSED("unaligned-swap", "... of SNP_PAGE_SWAP_OUT", "swap-out-large", "SNP-RMP-154",
            large_swap_out, UNALIGNED),
    REFUSED("not-immutable", "SNP_LAUNCH_UPDATE of a page that is not Immutable", "launch",
            "SNP-RMP-155", launch, NOT_IMMUTABLE),
    REFUSED("launch-asid", "SNP_LAUNCH_UPDATE for another guest", "launch", "SNP-RMP-156", launch,
            OTHER_ASID),
    REFUSED("launch-entry", "SNP_LAUNCH_UPDATE of another guest's page", "launch", "SNP-RMP-156",
            launch, ENTRY_ASID),
    REFUSED("swap-out-asid", "SNP_PAGE_SWAP_OUT for another guest", "swap-out", "SNP-RMP-156",
            swap_out, OTHER_ASID),
    REFUSED("swap-in-asid", "SNP_PAGE_SWAP_IN for another guest", "swap-in", "SNP-RMP-156", swap_in,
            OTHER_ASID),
    REFUSED("metadata-owner", "SNP_PAGE_SWAP_OUT of another context's metadata", "metadata",
            "SNP-RMP-156", metadata, OTHER_CONTEXT),
    REFUSED("launch-in-use", "SNP_LAUNCH_UPDATE of a page in use", "launch", "SNP-RMP-157", launch,
            IN_USE),
    REFUSED("swap-out-in-use", "SNP_PAGE_SWAP_OUT of a page in use", "swap-out", "SNP-RMP-157",
            swap_out, IN_USE),
    REFUSED("reclaim-in-use", "SNP_PAGE_RECLAIM of a page in use", "reclaim", "SNP-RMP-157",
            reclaim, IN_USE),
    RMP_ORDER("move", "moves: of two faults the earlier check answers", "move.swap-out-large",
              ("SNP-RMP-152", "SNP-RMP-153", "SNP-RMP-154", "SNP-RMP-155", "SNP-RMP-156"),
              large_swap_out, ordered),
    RMP_GOOD("move.reclaim-again", "a page that is not Immutable is reclaimed already, even in use",
             ("SNP-RMP-158"), reclaim, reclaim_in_use, .keeps = true),
    RMP_REFUSED("order.reclaim-size", "SNP_PAGE_RECLAIM looks at the size before Immutable",
                "move.reclaim-large", ("SNP-RMP-158", "SNP-RMP-153"), large_reclaim, &reclaims[0]),
    RMP_REFUSED("order.reclaim-unaligned", "... and at the alignment", "move.reclaim-large",
                ("SNP-RMP-158", "SNP-RMP-154"), large_reclaim, &reclaims[1]),
};

const struct suite_area rmp_part_move_refuse = RMP_PART(tests);
