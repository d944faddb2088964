/* A move of firmware, for any legal table, any move and any arguments. RMP notes, section 2.1. */
#include "prove.h"

/* MOVE has a row from FROM to TO. */
static bool has_row(enum rmp_move move, enum rmp_state from, enum rmp_state to) {
    for (size_t i = 0; rmp_transition_at(i) != NULL; i++) {
        const struct rmp_transition *row = rmp_transition_at(i);
        if (row->move == move && row->from == from && row->to == to) return true;
    }
    return false;
}

/* Contexts, metadata that is made by itself and VMSAs are pages of 4 KiB. */
static bool is_small(enum rmp_move move, const struct rmp_move_args *args) {
    const bool loads = move == RMP_MOVE_LAUNCH_UPDATE || move == RMP_MOVE_SWAP_IN;
    return move == RMP_MOVE_GCTX_CREATE || move == RMP_MOVE_DECOMMISSION ||
           move == RMP_MOVE_MD_INIT || (loads && args->vmsa);
}

static void check_moved(const struct prove_view *before, const struct prove_view *after,
                        unsigned page, enum rmp_move move, const struct rmp_move_args *args) {
    const struct rmp_entry *old = &before->entry[page], *new = &after->entry[page];
    const enum rmp_state from = rmp_entry_state(old), to = rmp_entry_state(new);
    const bool large = old->size == RMP_2M, in_swap = move == RMP_MOVE_SWAP_IN;
    prove_others_unchanged(before, after, page, large ? page + PROVE_PER_LARGE - 1 : page);
    __CPROVER_assert(old->size == args->size, "the size asked for");
    __CPROVER_assert(!large || page == prove_first_of(page), "a large page by its first one");
    __CPROVER_assert(!large || !is_small(move, args), "pages of 4 KiB alone");
    if (move == RMP_MOVE_RECLAIM && !old->immutable) {
        prove_unchanged(before, after);
        return;
    }
    __CPROVER_assert(old->immutable && !old->in_use,
                     "firmware's moves are of immutable pages at rest");
    __CPROVER_assert(has_row(move, from, to), "a row of the registry");
    __CPROVER_assert(new->asid == old->asid, "no page changes its ASID");
    __CPROVER_assert(to != RMP_METADATA || (new->gpa == args->owner && args->owner < PROVE_SIZE),
                     "metadata names a page that a context can be");
    __CPROVER_assert(move != RMP_MOVE_LAUNCH_UPDATE || new->vmsa == (args->vmsa || old->vmsa),
                     "LAUNCH_UPDATE makes VMSAs and unmakes none");
    __CPROVER_assert(new->gpa == old->gpa || old->asid == 0 || in_swap,
                     "SWAP_IN alone gives a new GPA");
    __CPROVER_assert(new->size == old->size || to == RMP_HV_FIXED,
                     "only what is given up is split");
    __CPROVER_assert(!new->in_use, "no move puts a page in use");
    prove_reached(large && to == RMP_GUEST_VALID);
    prove_reached(large && to == RMP_HV_FIXED);
    prove_reached(to == RMP_METADATA);
    prove_reached(from == RMP_METADATA && to == RMP_FIRMWARE);
    prove_reached(to == RMP_CONTEXT);
    prove_reached(in_swap && to == RMP_PRE_SWAP && new->vmsa);
    prove_reached(from == RMP_FIRMWARE_IOMMU);
    for (unsigned i = 0; i < PROVE_PAGES; i++)
        if (large && i > page && i < page + PROVE_PER_LARGE)
            __CPROVER_assert(after->entry[i].asid == 0, "later pages of a large page own nothing");
}

int main(void) {
    struct rmp *rmp = prove_table();
    prove_place(rmp);
    const struct prove_view before = prove_look(rmp);
    struct rmp_move_args args = {.size = prove_size(),
                                 .asid = nondet_uint16_t(),
                                 .owner = nondet_uint64_t(),
                                 .gpa = nondet_uint64_t(),
                                 .vmsa = nondet_bool(),
                                 .validated = nondet_bool()};
    for (unsigned i = 0; i < RMP_VMPL_COUNT; i++) args.perms[i] = nondet_uint8_t();
    const uint8_t move = nondet_uint8_t();
    __CPROVER_assume(move < RMP_MOVE_COUNT);
    const uint64_t paddr = nondet_uint64_t();
    const enum rmp_moved result = rmp_move(rmp, (enum rmp_move)move, paddr, &args);
    const struct prove_view after = prove_look(rmp);
    prove_still_legal();
    __CPROVER_assert(result <= RMP_MOVE_IN_RMP, "results");
    const unsigned page = prove_page_of(paddr);
    __CPROVER_assert((result == RMP_MOVE_NO_ENTRY) == (page == PROVE_NOWHERE),
                     "where there is an entry");
    const bool own = page != PROVE_NOWHERE && prove_is_own(rmp, page);
    __CPROVER_assert((result == RMP_MOVE_IN_RMP) == own, "the table's own pages stay");
    if (result != RMP_MOVED) {
        prove_unchanged(&before, &after);
        prove_reached(result == RMP_MOVE_NO_ENTRY);
        prove_reached(result == RMP_MOVE_BAD_SIZE);
        prove_reached(result == RMP_MOVE_UNALIGNED);
        prove_reached(result == RMP_MOVE_BAD_STATE);
        prove_reached(result == RMP_MOVE_BAD_OWNER);
        prove_reached(result == RMP_MOVE_IN_USE);
        prove_reached(result == RMP_MOVE_IN_RMP);
        return 0;
    }
    __CPROVER_assume(page != PROVE_NOWHERE);
    check_moved(&before, &after, page, (enum rmp_move)move, &args);
    return 0;
}
