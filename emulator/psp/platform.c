/* What happens to a platform under running guests: another TCB, another machine. Stands in for
 * SNP_CONFIG, SNP_COMMIT and a migration until those are here. Attestation report notes, sections 1
 * and 6. */
#include <string.h>

#include "psp/keys.h"

void psp_set_tcb(struct psp *psp, uint64_t current, uint64_t committed, uint64_t reported) {
    /* Keys are kept with the TCB that they were made for, so that the next use makes new ones. */
    psp->profile.current_tcb = current;
    psp->profile.committed_tcb = committed;
    psp->profile.reported_tcb = reported;
}

void psp_move(struct psp *psp, const uint8_t chip_id[64]) {
    memcpy(psp->profile.chip_id, chip_id, sizeof psp->profile.chip_id);
    psp_keys_free(psp); /* they were the other chip's */
    for (unsigned i = 0; i < psp->guests.capacity; i++) {
        if (psp->guests.paddr[i] == PSP_GCTX_FREE) continue;
        struct psp_gctx *gctx = &psp->guests.gctx[i];
        psp->env.random(psp->env.ctx, gctx->report_id, sizeof gctx->report_id);
    }
}
