/* VMRUN, for any legal table and any structures. RMP notes, section 4.2. */
#include "vmrun.h"

int main(void) {
    struct rmp *rmp = prove_table();
    const struct prove_view before = prove_look(rmp);
    const struct rmp_vmrun run = prove_run();
    const bool vmsa = run.snp_guest ? prove_vmsa_of(&before, run.vmsa, run.asid, run.vmsa_gpa)
                                    : prove_hypervisors(&before, run.vmsa);
    const bool structures = (run.snp_enabled || !run.snp_guest) &&
                            prove_hypervisors(&before, run.vmcb) &&
                            prove_hypervisors(&before, run.avic) && vmsa;
    const bool good = !run.no_hsave && structures;
    for (unsigned i = 0; i < PROVE_PAGES; i++) /* more are not told apart */
        __CPROVER_assume(before.users[i] + prove_named(&run, i) <= PROVE_USERS);
    const struct rmp_answer a = rmp_vmrun(rmp, &run);
    const struct prove_view after = prove_look(rmp);
    prove_still_legal();
    prove_answer(a);
    __CPROVER_assert(a.eax == 0 && !a.cf, "no instruction's answer");
    __CPROVER_assert(rmp_ok(a) == good, "VMRUN begins only with good structures");
    __CPROVER_assert(good || a.fault == RMP_GP || a.fault == RMP_VMEXIT_INVALID, "faults");
    __CPROVER_assert(!run.no_hsave || a.fault == RMP_GP, "VM_HSAVE_PA comes first");
    if (!good) {
        prove_unchanged(&before, &after);
        prove_reached(a.fault == RMP_GP && !run.no_hsave);
        prove_reached(run.no_hsave && structures);
        prove_reached(a.fault == RMP_VMEXIT_INVALID && run.snp_enabled);
        prove_reached(a.fault == RMP_VMEXIT_INVALID && run.vmcb == 0 && before.users[0] == 1);
        prove_reached(run.snp_enabled && run.snp_guest && run.vmsa == RMP_NO_PAGE);
        return 0;
    }
    prove_in_use(&before, &after, &run, +1);
    for (unsigned i = 0; i < PROVE_PAGES; i++)
        __CPROVER_assert(prove_named(&run, i) == 0 || prove_speaker(&before, i) == &before.entry[i],
                         "no part of a 2 MiB page is in use by itself");
    prove_reached(run.snp_guest && prove_speaker(&before, 1)->size == RMP_2M && run.vmsa == 0);
    prove_reached(run.vmcb == 0 && before.users[0] == 2);
    prove_reached(!run.snp_guest && run.vmcb == RMP_PAGE_4K && run.avic == RMP_NO_PAGE);
    return 0;
}
