/* What VMRUN and #VMEXIT share: any structures, and what of the table may change. */
#ifndef SEVKIT_PROVE_VMRUN_H
#define SEVKIT_PROVE_VMRUN_H

#include "prove.h"

#define PROVE_USERS 63 /* of one page, that are told apart */

static inline struct rmp_vmrun prove_run(void) {
    return (struct rmp_vmrun){
        .snp_enabled = nondet_bool(),
        .snp_guest = nondet_bool(),
        .no_hsave = nondet_bool(),
        .vmcb = nondet_uint64_t(),
        .avic = nondet_uint64_t(),
        .vmsa = nondet_uint64_t(),
        .vmsa_gpa = nondet_uint64_t(),
        .asid = nondet_uint16_t(),
    };
}

/* How many of the structures lie in PAGE. */
static inline unsigned prove_named(const struct rmp_vmrun *run, unsigned page) {
    return (prove_page_of(run->vmcb) == page) + (prove_page_of(run->avic) == page) +
           (prove_page_of(run->vmsa) == page);
}

/* Every entry is as before but that each page has STEP users more for each time that RUN names it. */
static inline void prove_in_use(const struct prove_view *before, const struct prove_view *after,
                                const struct rmp_vmrun *run, int step) {
    for (unsigned i = 0; i < PROVE_PAGES; i++) {
        struct rmp_entry expected = before->entry[i];
        const int users = (int)before->users[i] + step * (int)prove_named(run, i);
        expected.in_use = (uint8_t)users;
        __CPROVER_assert((int)after->users[i] == users, "one user for each structure");
        __CPROVER_assert(prove_same(&after->entry[i], &expected),
                         "pages named are in use; nothing else");
    }
    __CPROVER_assert(before->asid_pages == after->asid_pages, "no page changes its ASID");
}

#endif
