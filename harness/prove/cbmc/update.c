/* RMPUPDATE, for any legal table, any caller and any new entry. RMP notes, section 3.1. */
#include "prove.h"

static struct rmp_state_fields any_fields(void) {
    return (struct rmp_state_fields){
        .gpa = nondet_uint64_t(),
        .assigned = nondet_bool(),
        .size = prove_size(),
        .region_assigned = nondet_bool(),
        .immutable = nondet_bool(),
        .asid = nondet_uint32_t(),
    };
}

/* Steps 9 and 10: what the entry has become. */
static void check_entry(const struct rmp_entry *old, const struct rmp_entry *new,
                        const struct rmp_state_fields *f) {
    const uint64_t gpa = f->gpa & RMP_GPA_MASK;
    const bool same = old->assigned && f->asid != 0 && old->asid == f->asid && old->gpa == gpa &&
                      old->size == f->size;
    if (!f->assigned) {
        const struct rmp_entry hypervisor = {0};
        __CPROVER_assert(prove_same_but_count(new, &hypervisor), "a released page is all zero");
        return;
    }
    __CPROVER_assert(new->assigned &&new->asid == f->asid &&new->gpa == gpa, "the new owner");
    __CPROVER_assert(new->size == f->size &&new->immutable == f->immutable, "the new size");
    __CPROVER_assert(new->mark == RMP_MARK_NONE, "the host makes no page of firmware's own");
    __CPROVER_assert(same || (!new->validated && !new->vmsa),
                     "another page is not Validated, no VMSA");
    __CPROVER_assert(same || new->perms[0] == RMP_PERM_ALL, "another page is all VMPL 0's");
    for (unsigned i = 0; i < RMP_VMPL_COUNT; i++) {
        __CPROVER_assert(same || i == 0 || new->perms[i] == 0, "another page is no other VMPL's");
        __CPROVER_assert(!same || new->perms[i] == old->perms[i], "the same page keeps its masks");
    }
    __CPROVER_assert(!same || new->validated == old->validated, "the same page stays Validated");
    __CPROVER_assert(!same || new->vmsa == old->vmsa, "the same page stays a VMSA");
    prove_reached(same && new->validated &&new->vmsa &&new->immutable);
    prove_reached(!same && old->validated);
}

int main(void) {
    struct rmp *rmp = prove_table();
    const struct rmp_rules *rules = &rmp_config_of(rmp)->rules;
    const struct prove_view before = prove_look(rmp);
    const struct rmp_cpu cpu = prove_cpu();
    const struct rmp_state_fields fields = any_fields();
    const uint64_t spa = nondet_uint64_t();
    const struct rmp_answer a = rmp_update(rmp, &cpu, spa, &fields);
    const struct prove_view after = prove_look(rmp);
    prove_still_legal();
    prove_answer(a);
    __CPROVER_assert(a.fault == RMP_NO_FAULT || a.fault == RMP_UD || a.fault == RMP_GP, "faults");
    __CPROVER_assert(a.eax <= RMP_FAIL_OVERLAP && !a.cf, "codes 0 to 4");
    if (!rmp_ok(a)) {
        prove_unchanged(&before, &after);
        prove_reached(a.fault == RMP_UD);
        prove_reached(a.fault == RMP_GP);
        prove_reached(a.eax == RMP_FAIL_INPUT);
        prove_reached(a.eax == RMP_FAIL_PERMISSION);
        prove_reached(a.eax == RMP_FAIL_INUSE);
        prove_reached(a.eax == RMP_FAIL_OVERLAP);
        return 0;
    }
    const bool large = fields.size == RMP_2M;
    const unsigned page = prove_page_of(spa);
    __CPROVER_assert(cpu.long_mode && cpu.snp && cpu.cpl == 0 && cpu.asid == 0,
                     "only the host's kernel");
    __CPROVER_assert(page != PROVE_NOWHERE, "only where there is an entry");
    __CPROVER_assume(page != PROVE_NOWHERE);
    __CPROVER_assert(!large || page == prove_first_of(page), "2 MiB only where they are aligned");
    const unsigned last = large ? page + PROVE_PER_LARGE - 1 : page;
    prove_others_unchanged(&before, &after, page, last);
    __CPROVER_assert(!before.entry[page].immutable, "an immutable entry does not change");
    __CPROVER_assert(prove_speaker(&before, page)->size == RMP_4K || large,
                     "no part of a 2 MiB page");
    check_entry(&before.entry[page], &after.entry[page], &fields);
    for (unsigned i = 0; i < PROVE_PAGES; i++) {
        if (i < page || i > last) continue;
        const struct rmp_entry *old = &before.entry[i];
        const bool hv_fixed = old->immutable && !old->assigned;
        const bool may = i != page && hv_fixed && rules->update_over_hv_fixed == RMP_SUCCESS;
        __CPROVER_assert(!old->in_use, "no page in use changes");
        __CPROVER_assert(!old->immutable || may,
                         "no immutable page changes, but for an unsettled one");
        if (i == page) continue;
        const struct rmp_entry rest = {.assigned = fields.assigned};
        __CPROVER_assert(prove_same(&after.entry[i], &rest),
                         "later pages are Assigned, the rest 0");
        __CPROVER_assert(!old->assigned || before.entry[page].size == RMP_2M, "none was another's");
    }
    prove_reached(large && fields.assigned);
    prove_reached(large && !fields.assigned && before.entry[page].size == RMP_2M);
    prove_reached(!large && page != prove_first_of(page) && fields.assigned);
    prove_reached(!large && page == prove_first_of(page) && before.entry[page].subpages != 0);
    return 0;
}
