/* PSMASH, for any legal table and any caller. RMP notes, section 3.2. */
#include "prove.h"

/* Page I of the region that was FIRST. */
static void check_page(const struct rmp_entry *first, const struct rmp_entry *page, unsigned i) {
    struct rmp_entry expected = *first;
    expected.size = RMP_4K;
    expected.subpages = i == 0 ? PROVE_PER_LARGE - 1 : 0;
    expected.gpa = (first->gpa + i * RMP_PAGE_4K) & RMP_GPA_MASK;
    if (first->asid == 0) expected.gpa = page->gpa; /* no guest's address: nothing is said of it */
    __CPROVER_assert(prove_same(page, &expected),
                     "each page is as the large one, at its own address");
}

int main(void) {
    struct rmp *rmp = prove_table();
    const struct rmp_rules *rules = &rmp_config_of(rmp)->rules;
    const struct prove_view before = prove_look(rmp);
    const struct rmp_cpu cpu = prove_cpu();
    const uint64_t spa = nondet_uint64_t();
    const struct rmp_answer a = rmp_psmash(rmp, &cpu, spa);
    const struct prove_view after = prove_look(rmp);
    prove_still_legal();
    prove_answer(a);
    __CPROVER_assert(a.fault == RMP_NO_FAULT || a.fault == RMP_UD || a.fault == RMP_GP, "faults");
    __CPROVER_assert((a.eax <= RMP_FAIL_INUSE || a.eax == RMP_FAIL_UNFIT) && !a.cf,
                     "codes 0 to 3, 7");
    __CPROVER_assert(before.asid_pages == after.asid_pages, "no page changes its ASID");
    if (!rmp_ok(a)) {
        prove_unchanged(&before, &after);
        prove_reached(a.fault == RMP_UD);
        prove_reached(a.fault == RMP_GP);
        prove_reached(a.eax == RMP_FAIL_INPUT);
        prove_reached(a.eax == RMP_FAIL_PERMISSION);
        prove_reached(a.eax == RMP_FAIL_INUSE);
        prove_reached(a.eax == RMP_FAIL_UNFIT);
        return 0;
    }
    const unsigned page = prove_page_of(spa);
    __CPROVER_assert(cpu.long_mode && cpu.snp && cpu.cpl == 0 && cpu.asid == 0,
                     "only the host's kernel");
    __CPROVER_assert(page != PROVE_NOWHERE, "only where there is an entry");
    __CPROVER_assume(page != PROVE_NOWHERE);
    const struct rmp_entry *first = &before.entry[page];
    __CPROVER_assert(page == prove_first_of(page), "only the aligned page");
    __CPROVER_assert(first->assigned && first->size == RMP_2M && !first->in_use,
                     "a large page at rest");
    __CPROVER_assert(!first->immutable || !rules->psmash_needs_mutable, "mutable, by the rule");
    __CPROVER_assert(first->asid != 0 || !rules->psmash_needs_asid, "a guest's, by the rule");
    prove_others_unchanged(&before, &after, page, page + PROVE_PER_LARGE - 1);
    for (unsigned i = 0; i < PROVE_PAGES; i++)
        if (i >= page && i < page + PROVE_PER_LARGE) check_page(first, &after.entry[i], i - page);
    prove_reached(first->asid != 0 && first->validated);
    prove_reached(first->asid == 0);
    prove_reached(page != 0);
    return 0;
}
