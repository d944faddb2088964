/* SNP_PAGE_UNSMASH, for any legal table. RMP notes, section 2.1; firmware command notes, section 5.21. */
#include "prove.h"

static bool is_pre(enum rmp_state state) {
    return state == RMP_PRE_GUEST || state == RMP_PRE_SWAP;
}

int main(void) {
    struct rmp *rmp = prove_table();
    prove_place(rmp);
    const struct prove_view before = prove_look(rmp);
    const uint64_t paddr = nondet_uint64_t();
    const enum rmp_moved result = rmp_unsmash(rmp, paddr);
    const struct prove_view after = prove_look(rmp);
    prove_still_legal();
    __CPROVER_assert(before.asid_pages == after.asid_pages,
                     "the guest has as many pages as before");
    const unsigned page = prove_page_of(paddr);
    const bool aligned = paddr % PROVE_LARGE == 0, nowhere = page == PROVE_NOWHERE;
    bool own = false;
    for (unsigned i = 0; i < PROVE_PER_LARGE; i++)
        own = own || prove_is_own(rmp, prove_first_of(page) + i);
    __CPROVER_assert((result == RMP_MOVE_UNALIGNED) == !aligned, "a region, by its address");
    __CPROVER_assert((result == RMP_MOVE_NO_ENTRY) == (aligned && nowhere),
                     "where there is an entry");
    __CPROVER_assert((result == RMP_MOVE_IN_RMP) == (aligned && !nowhere && own),
                     "the table's own pages stay");
    if (result != RMP_MOVED) {
        prove_unchanged(&before, &after);
        prove_reached(result == RMP_MOVE_UNALIGNED);
        prove_reached(result == RMP_MOVE_BAD_STATE);
        prove_reached(result == RMP_MOVE_IN_USE);
        prove_reached(result == RMP_MOVE_IN_RMP && !prove_is_own(rmp, prove_first_of(page)));
        return 0;
    }
    __CPROVER_assume(page != PROVE_NOWHERE);
    __CPROVER_assert(page == prove_first_of(page), "a region by its first page");
    const struct rmp_entry *first = &before.entry[page];
    prove_others_unchanged(&before, &after, page, page + PROVE_PER_LARGE - 1);
    __CPROVER_assert(first->gpa % PROVE_LARGE == 0, "at an aligned guest address");
    for (unsigned i = 0; i < PROVE_PAGES; i++) {
        if (i < page || i >= page + PROVE_PER_LARGE) continue;
        const struct rmp_entry *old = &before.entry[i];
        struct rmp_entry like = *first;
        like.gpa = first->gpa + (i - page) * RMP_PAGE_4K;
        like.subpages = old->subpages;
        __CPROVER_assert(is_pre(rmp_entry_state(old)) && old->size == RMP_4K && !old->in_use,
                         "still pages");
        __CPROVER_assert(prove_same(old, &like), "of one state, side by side");
        const struct rmp_entry rest = {.assigned = true};
        if (i != page)
            __CPROVER_assert(prove_same(&after.entry[i], &rest), "later pages: Assigned, rest 0");
    }
    struct rmp_entry expected = *first;
    expected.size = RMP_2M;
    expected.subpages = 0;
    __CPROVER_assert(prove_same(&after.entry[page], &expected), "one large page of the same state");
    prove_reached(first->validated);
    prove_reached(!first->validated && page != 0);
    return 0;
}
