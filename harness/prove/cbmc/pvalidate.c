/* PVALIDATE, for any legal table, any caller and any translation. RMP notes, section 3.3. */
#include "prove.h"

int main(void) {
    struct rmp *rmp = prove_table();
    const struct prove_view before = prove_look(rmp);
    const struct rmp_cpu cpu = prove_cpu();
    const struct rmp_translation at = prove_translation();
    const enum rmp_page_size size = prove_size();
    const bool validate = nondet_bool();
    const struct rmp_answer a = rmp_pvalidate(rmp, &cpu, nondet_uint64_t(), &at, size, validate);
    const struct prove_view after = prove_look(rmp);
    prove_still_legal();
    prove_answer(a);
    const bool fault = a.fault == RMP_UD || a.fault == RMP_GP || a.fault == RMP_NPF;
    __CPROVER_assert(fault || a.fault == RMP_NO_FAULT, "faults");
    __CPROVER_assert(a.eax <= RMP_FAIL_INPUT || a.eax == RMP_FAIL_SIZEMISMATCH, "codes 0, 1, 6");
    __CPROVER_assert(before.asid_pages == after.asid_pages, "no page changes its ASID");
    if (!rmp_ok(a)) {
        __CPROVER_assert(!a.cf, "CF with success only");
        prove_unchanged(&before, &after);
        prove_reached(a.fault == RMP_UD);
        prove_reached(a.fault == RMP_GP);
        prove_reached(a.fault == RMP_NPF && a.error == 0);
        prove_reached(a.fault == RMP_NPF && (a.error & RMP_ERROR_SIZEM) != 0);
        prove_reached(a.eax == RMP_FAIL_INPUT);
        prove_reached(a.eax == RMP_FAIL_SIZEMISMATCH);
        return 0;
    }
    const unsigned page = prove_examined(&at);
    prove_own_page(&before, &cpu, &at, size);
    __CPROVER_assume(page != PROVE_NOWHERE);
    __CPROVER_assert(cpu.vmpl == 0, "only VMPL 0 validates");
    struct rmp_entry expected = before.entry[page];
    __CPROVER_assert(a.cf == (expected.validated == validate), "CF: it was so already");
    expected.validated = validate;
    __CPROVER_assert(prove_same(&after.entry[page], &expected),
                     "Validated changes, nothing else does");
    __CPROVER_assert(before.users[page] == after.users[page], "who uses the page goes on");
    prove_others_unchanged(&before, &after, page, page);
    prove_reached(size == RMP_2M && !a.cf && validate);
    prove_reached(size == RMP_4K && !a.cf && !validate && page != prove_first_of(page));
    prove_reached(a.cf);
    return 0;
}
