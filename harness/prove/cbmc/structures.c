/* The checks of the structures that VMRUN and its like are given, for any legal table. RMP notes, section 4.2. */
#include "prove.h"

int main(void) {
    struct rmp *rmp = prove_table();
    const struct prove_view before = prove_look(rmp);
    const uint8_t structure = nondet_uint8_t();
    const uint64_t spa = nondet_uint64_t(), gpa = nondet_uint64_t();
    const uint16_t asid = nondet_uint16_t();
    __CPROVER_assume(structure <= RMP_VMSAVE_ES);
    const struct rmp_answer a =
        rmp_check_structure(rmp, (enum rmp_structure)structure, spa, asid, gpa);
    const struct prove_view after = prove_look(rmp);
    prove_unchanged(&before, &after);
    prove_answer(a);
    __CPROVER_assert(a.eax == 0 && !a.cf, "no instruction's answer");
    const bool exits = structure == RMP_VMSAVE_ES;
    const bool good = structure == RMP_SNP_VMSA ? prove_vmsa_of(&before, spa, asid, gpa)
                                                : !exits && prove_hypervisors(&before, spa);
    __CPROVER_assert(rmp_ok(a) == good, "what the table of section 4.2 lets pass");
    if (good) return 0;
    const bool gp = structure == RMP_VMCB || structure == RMP_HSAVE || structure == RMP_VMSAVE;
    const enum rmp_fault other = structure == RMP_VMSAVE_GUEST ? RMP_NPF : RMP_VMEXIT_INVALID;
    const enum rmp_fault expected = exits ? RMP_VMEXIT_VMSAVE : gp ? RMP_GP : other;
    __CPROVER_assert(a.fault == expected, "the fault of the table of section 4.2");
    prove_reached(a.fault == RMP_GP);
    prove_reached(a.fault == RMP_NPF);
    prove_reached(a.fault == RMP_VMEXIT_VMSAVE && prove_hypervisors(&before, spa));
    prove_reached(a.fault == RMP_VMEXIT_INVALID && structure == RMP_SNP_VMSA);
    return 0;
}
