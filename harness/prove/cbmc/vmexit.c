/* #VMEXIT after a VMRUN: its pages are in use and, as vmrun.c proves, no part of a 2 MiB page. RMP notes, section
 * 4.2. */
#include "vmrun.h"

int main(void) {
    struct rmp *rmp = prove_table();
    const struct prove_view before = prove_look(rmp);
    const struct rmp_vmrun run = prove_run();
    for (unsigned i = 0; i < PROVE_PAGES; i++) {
        const bool whole = prove_speaker(&before, i) == &before.entry[i];
        const unsigned named = prove_named(&run, i);
        __CPROVER_assume(before.users[i] >= named && (named == 0 || whole));
    }
    rmp_vmexit(rmp, &run);
    const struct prove_view after = prove_look(rmp);
    prove_still_legal();
    prove_in_use(&before, &after, &run, -1);
    prove_reached(run.vmsa == 0 && before.entry[0].size == RMP_2M);
    prove_reached(run.vmcb == RMP_PAGE_4K && run.avic == RMP_NO_PAGE && after.entry[0].in_use);
    return 0;
}
