/* RMPQUERY, for any legal table, any caller and any translation. RMP notes, section 3.5. */
#include "prove.h"

int main(void) {
    struct rmp *rmp = prove_table();
    const bool has_rmpquery = rmp_config_of(rmp)->has_rmpquery;
    const struct prove_view before = prove_look(rmp);
    const struct rmp_cpu cpu = prove_cpu();
    const struct rmp_translation at = prove_translation();
    const uint8_t vmpl = nondet_uint8_t(), untouched = nondet_uint8_t();
    struct rmp_permissions found = {.mask = untouched};
    const struct rmp_answer a = rmp_query(rmp, &cpu, &at, vmpl, &found);
    const struct prove_view after = prove_look(rmp);
    prove_still_legal();
    prove_answer(a);
    prove_unchanged(&before, &after);
    const bool fault = a.fault == RMP_UD || a.fault == RMP_GP || a.fault == RMP_NPF;
    __CPROVER_assert(fault || a.fault == RMP_NO_FAULT, "faults");
    __CPROVER_assert(a.eax <= RMP_FAIL_PERMISSION && !a.cf, "codes 0 to 2");
    if (!rmp_ok(a)) {
        __CPROVER_assert(found.mask == untouched && !found.vmsa && found.size == RMP_4K,
                         "nothing is told");
        prove_reached(a.fault == RMP_UD);
        prove_reached(a.fault == RMP_GP);
        prove_reached(a.fault == RMP_NPF && a.error == 0);
        prove_reached(a.fault == RMP_NPF && (a.error & RMP_ERROR_ENC) != 0);
        prove_reached(a.eax == RMP_FAIL_INPUT);
        prove_reached(a.eax == RMP_FAIL_PERMISSION);
        return 0;
    }
    const unsigned page = prove_examined(&at);
    prove_own_entry(&before, &cpu, &at);
    __CPROVER_assert(has_rmpquery, "only where the instruction is there");
    __CPROVER_assert(vmpl < RMP_VMPL_COUNT && vmpl > cpu.vmpl, "only less privileged VMPLs");
    __CPROVER_assume(page != PROVE_NOWHERE && vmpl < RMP_VMPL_COUNT);
    const struct rmp_entry *e = &before.entry[page];
    __CPROVER_assert(found.mask == e->perms[vmpl], "the mask of the VMPL asked for");
    __CPROVER_assert(found.vmsa == e->vmsa && found.size == e->size, "VMSA and page size");
    prove_reached(found.size == RMP_2M);
    prove_reached(found.mask == 0xFF && found.vmsa);
    return 0;
}
