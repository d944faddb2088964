/* RMPADJUST, for any legal table, any caller, any translation and any mask. RMP notes, section 3.4. */
#include "prove.h"

int main(void) {
    struct rmp *rmp = prove_table();
    const struct rmp_rules *rules = &rmp_config_of(rmp)->rules;
    const struct prove_view before = prove_look(rmp);
    const struct rmp_cpu cpu = prove_cpu();
    const struct rmp_translation at = prove_translation();
    const enum rmp_page_size size = prove_size();
    const struct rmp_adjustment wanted = {nondet_uint8_t(), nondet_uint8_t(), nondet_bool()};
    const struct rmp_answer a = rmp_adjust(rmp, &cpu, nondet_uint64_t(), &at, size, &wanted);
    const struct prove_view after = prove_look(rmp);
    prove_still_legal();
    prove_answer(a);
    const bool exits = a.fault == RMP_NPF || a.fault == RMP_VC;
    __CPROVER_assert(exits || a.fault == RMP_NO_FAULT || a.fault == RMP_UD || a.fault == RMP_GP,
                     "faults");
    __CPROVER_assert(a.eax <= RMP_FAIL_PERMISSION || a.eax == RMP_FAIL_SIZEMISMATCH,
                     "codes 0, 1, 2, 6");
    __CPROVER_assert(a.fault != RMP_VC || a.error == RMP_VC_NOT_VALIDATED, "#VC has one reason");
    __CPROVER_assert(!a.cf, "CF is PVALIDATE's");
    __CPROVER_assert(before.asid_pages == after.asid_pages, "no page changes its ASID");
    if (!rmp_ok(a)) {
        prove_unchanged(&before, &after);
        prove_reached(a.fault == RMP_UD);
        prove_reached(a.fault == RMP_GP);
        prove_reached(a.fault == RMP_NPF && a.error == 0);
        prove_reached(a.fault == RMP_NPF && (a.error & RMP_ERROR_SIZEM) != 0);
        prove_reached(a.fault == RMP_VC);
        prove_reached(a.eax == RMP_FAIL_INPUT);
        prove_reached(a.eax == RMP_FAIL_PERMISSION);
        prove_reached(a.eax == RMP_FAIL_SIZEMISMATCH);
        return 0;
    }
    const unsigned page = prove_examined(&at);
    prove_own_page(&before, &cpu, &at, size);
    __CPROVER_assume(page != PROVE_NOWHERE);
    __CPROVER_assert(wanted.vmpl < RMP_VMPL_COUNT && wanted.vmpl > cpu.vmpl,
                     "only less privileged VMPLs");
    __CPROVER_assume(wanted.vmpl < RMP_VMPL_COUNT);
    struct rmp_entry expected = before.entry[page];
    __CPROVER_assert((wanted.mask & ~expected.perms[cpu.vmpl]) == 0,
                     "nothing that the caller has not");
    __CPROVER_assert(expected.validated, "only Validated pages");
    __CPROVER_assert(!wanted.vmsa || size == RMP_4K || !rules->adjust_refuses_vmsa_2m,
                     "VMSA of 2 MiB");
    __CPROVER_assert(!wanted.vmsa || cpu.vmpl == 0 || !rules->adjust_refuses_vmsa,
                     "VMSA by VMPL 1 to 3");
    expected.perms[wanted.vmpl] = wanted.mask;
    if (cpu.vmpl == 0) expected.vmsa = wanted.vmsa;
    __CPROVER_assert(prove_same(&after.entry[page], &expected),
                     "one mask, and VMSA by VMPL 0 alone");
    __CPROVER_assert(before.users[page] == after.users[page], "who uses the page goes on");
    prove_others_unchanged(&before, &after, page, page);
    prove_reached(size == RMP_2M && wanted.mask == 0xFF);
    prove_reached(size == RMP_4K && page != prove_first_of(page));
    prove_reached(cpu.vmpl == 2 && wanted.vmpl == 3 && wanted.vmsa && !expected.vmsa);
    prove_reached(cpu.vmpl == 0 && wanted.vmsa && !before.entry[page].vmsa);
    return 0;
}
