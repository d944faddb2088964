/* What VMRUN and #VMEXIT share: any structures, and what of the table may change. */
#ifndef SEVKIT_PROVE_VMRUN_H
#define SEVKIT_PROVE_VMRUN_H

#include "prove.h"

static inline struct rmp_vmrun prove_run(void) {
    return (struct rmp_vmrun){
        .snp_enabled = nondet_bool(),
        .snp_guest = nondet_bool(),
        .vmcb = nondet_uint64_t(),
        .avic = nondet_uint64_t(),
        .vmsa = nondet_uint64_t(),
        .vmsa_gpa = nondet_uint64_t(),
        .asid = nondet_uint16_t(),
    };
}

static inline bool prove_named(const struct rmp_vmrun *run, unsigned page) {
    return prove_page_of(run->vmcb) == page || prove_page_of(run->avic) == page ||
           prove_page_of(run->vmsa) == page;
}

/* Every entry is as before but that the pages that RUN names are in use, or not. */
static inline void prove_in_use(const struct prove_view *before, const struct prove_view *after,
                                const struct rmp_vmrun *run, bool in_use) {
    for (unsigned i = 0; i < PROVE_PAGES; i++) {
        struct rmp_entry expected = before->entry[i];
        if (prove_named(run, i)) expected.in_use = in_use;
        __CPROVER_assert(prove_same(&after->entry[i], &expected),
                         "pages named are in use; nothing else");
    }
    __CPROVER_assert(before->asid_pages == after->asid_pages, "no page changes its ASID");
}

#endif
