/* SNP_PAGE_MOVE, for any legal table and any two pages. RMP notes, section 2.1; firmware command notes, section 5.17. */
#include "prove.h"

static bool is_pre(enum rmp_state state) {
    return state == RMP_PRE_GUEST || state == RMP_PRE_SWAP;
}

/* Page OWN is the table's own: pages 1 and 2, one of which it is, stay. */
static void check_own(struct rmp *rmp, const struct prove_view *before, unsigned own) {
    const struct rmp_move_args args = {.size = prove_size()};
    rmp->own_start = own * RMP_PAGE_4K;
    rmp->own_end = rmp->own_start + RMP_PAGE_4K;
    const enum rmp_moved result = rmp_move_page(rmp, RMP_PAGE_4K, 2 * RMP_PAGE_4K, &args);
    const struct prove_view after = prove_look(rmp);
    __CPROVER_assert(result == RMP_MOVE_IN_RMP, "the table's own pages stay");
    prove_unchanged(before, &after);
}

/* From page S to page D, either of which may be one that does not exist. */
static void check(struct rmp *rmp, const struct prove_view *before, unsigned s, unsigned d) {
    const struct rmp_move_args args = {
        .size = prove_size(), .asid = nondet_uint16_t(), .owner = nondet_uint64_t()};
    const enum rmp_moved result = rmp_move_page(rmp, s * RMP_PAGE_4K, d * RMP_PAGE_4K, &args);
    const struct prove_view after = prove_look(rmp);
    prove_still_legal();
    __CPROVER_assert(before->asid_pages == after.asid_pages,
                     "the guest has as many pages as before");
    const bool nowhere = s == PROVE_NOWHERE || d == PROVE_NOWHERE;
    __CPROVER_assert((result == RMP_MOVE_NO_ENTRY) == nowhere, "where there are entries");
    __CPROVER_assert(result != RMP_MOVE_IN_RMP, "it lies nowhere");
    if (result != RMP_MOVED) {
        prove_unchanged(before, &after);
        prove_reached(result == RMP_MOVE_BAD_OWNER);
        prove_reached(result == RMP_MOVE_IN_USE);
        return;
    }
    __CPROVER_assume(!nowhere);
    const struct rmp_entry *from = &before->entry[s], *to = &before->entry[d];
    const enum rmp_state state = rmp_entry_state(from),
                         state_after = rmp_entry_state(&after.entry[d]);
    __CPROVER_assert(s != d, "two pages");
    __CPROVER_assert(from->size == args.size && to->size == args.size, "of the size asked for");
    __CPROVER_assert(from->immutable && to->immutable && !from->in_use && !to->in_use,
                     "firmware's to move");
    if (state == RMP_METADATA) {
        __CPROVER_assert(rmp_entry_state(to) == RMP_FIRMWARE, "onto a page of firmware");
        __CPROVER_assert(state_after == RMP_METADATA && after.entry[d].gpa == args.owner,
                         "its context's");
        __CPROVER_assert(rmp_entry_state(&after.entry[s]) == RMP_FIRMWARE, "which stays behind");
    } else {
        __CPROVER_assert(is_pre(state) && rmp_entry_state(to) == RMP_PRE_GUEST,
                         "guest pages that are still");
        __CPROVER_assert(from->asid == args.asid && to->asid == args.asid,
                         "of one guest, the one asked for");
        const bool valid = state == RMP_PRE_SWAP;
        __CPROVER_assert(state_after == (valid ? RMP_GUEST_VALID : RMP_GUEST_INVALID),
                         "dst as src was");
        __CPROVER_assert(rmp_entry_state(&after.entry[s]) == RMP_GUEST_INVALID,
                         "src is given back");
        __CPROVER_assert(after.entry[d].gpa == from->gpa && after.entry[d].vmsa == from->vmsa,
                         "same place");
        for (unsigned i = 0; i < RMP_VMPL_COUNT; i++)
            __CPROVER_assert(after.entry[d].perms[i] == from->perms[i], "with the same masks");
    }
    for (unsigned i = 0; i < PROVE_PAGES; i++)
        if (i != s && i != d)
            __CPROVER_assert(prove_same_but_count(&before->entry[i], &after.entry[i]),
                             "and no others");
    prove_reached(args.size == RMP_2M && state == RMP_PRE_SWAP);
    prove_reached(args.size == RMP_4K && state == RMP_METADATA &&
                  prove_first_of(s) == prove_first_of(d));
    prove_reached(args.size == RMP_4K && state == RMP_PRE_SWAP &&
                  prove_first_of(s) != prove_first_of(d));
}

/* The pages are constants to CBMC in each call, which alone keeps the two locked regions apart for it. */
int main(void) {
    struct rmp *rmp = prove_table();
    const struct prove_view before = prove_look(rmp);
    const unsigned src = nondet_uint8_t(), dst = nondet_uint8_t();
    if (nondet_bool()) {
        check_own(rmp, &before, 1);
        check_own(rmp, &before, 2);
        return 0;
    }
    for (unsigned s = 0; s <= PROVE_NOWHERE; s++) {
        for (unsigned d = 0; d <= PROVE_NOWHERE; d++) {
            if (s != src || d != dst) continue;
            check(rmp, &before, s, d);
            return 0;
        }
    }
    return 0;
}
