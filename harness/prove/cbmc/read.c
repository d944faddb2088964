/* RMPREAD, for any legal table and any caller. RMP notes, section 3.6. */
#include "prove.h"

int main(void) {
    struct rmp *rmp = prove_table();
    const struct rmp_config *config = rmp_config_of(rmp);
    const struct prove_view before = prove_look(rmp);
    const struct rmp_cpu cpu = prove_cpu();
    const uint64_t spa = nondet_uint64_t(), untouched = nondet_uint64_t();
    struct rmp_state_fields f = {.gpa = untouched};
    const struct rmp_answer a = rmp_read(rmp, &cpu, spa, &f);
    const struct prove_view after = prove_look(rmp);
    prove_still_legal();
    prove_answer(a);
    prove_unchanged(&before, &after);
    __CPROVER_assert(a.fault == RMP_NO_FAULT || a.fault == RMP_UD || a.fault == RMP_GP, "faults");
    __CPROVER_assert(a.eax <= RMP_FAIL_PERMISSION && !a.cf, "codes 0 to 2");
    const unsigned page = prove_page_of(spa);
    const bool may =
        cpu.long_mode && cpu.snp && config->has_rmpread && cpu.cpl == 0 && cpu.asid == 0;
    __CPROVER_assert(rmp_ok(a) == (may && page != PROVE_NOWHERE),
                     "the host's kernel, and it alone");
    if (!rmp_ok(a)) {
        __CPROVER_assert(f.gpa == untouched && !f.assigned && f.asid == 0, "nothing is told");
        prove_reached(a.fault == RMP_UD);
        prove_reached(a.fault == RMP_GP);
        prove_reached(a.eax == RMP_FAIL_INPUT);
        prove_reached(a.eax == RMP_FAIL_PERMISSION);
        return 0;
    }
    __CPROVER_assume(page != PROVE_NOWHERE);
    const struct rmp_entry *e = &before.entry[page], *first = &before.entry[prove_first_of(page)];
    __CPROVER_assert(f.gpa == e->gpa && f.asid == e->asid, "the page's owner");
    __CPROVER_assert(f.assigned == e->assigned && f.immutable == e->immutable, "the page's bits");
    __CPROVER_assert(f.size == e->size, "the page's size");
    const bool region = first->assigned || first->subpages != 0;
    __CPROVER_assert(f.region_assigned == (region && config->rules.read_tells_region),
                     "its region");
    prove_reached(f.size == RMP_2M);
    prove_reached(f.region_assigned && !f.assigned);
    return 0;
}
