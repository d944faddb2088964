/* Guest contexts: what firmware keeps of one guest. Private to psp/. */
#ifndef SEVKIT_PSP_GCTX_H
#define SEVKIT_PSP_GCTX_H

#include "sevkit/psp.h"

#define PSP_SECRET_SIZE 32

struct psp_gctx {
    enum psp_guest_state state;
    uint8_t vmpck[ABI_VMPCK_COUNT][ABI_VMPCK_SIZE];
    uint8_t vmrk[PSP_SECRET_SIZE];
    uint8_t report_id[32];
    uint8_t report_id_ma[32]; /* all 0xFF without a migration agent */
    uint64_t msg_count[ABI_VMPCK_COUNT];
    uint64_t policy;
    uint8_t host_data[32];
    uint8_t measurement[48];
    struct sevkit_id_block id_block; /* what is absent is zero */
    bool vcek_dis;
    uint8_t gosvw[16];
    uint64_t launch_tcb;
    uint64_t launch_mit_vector;
    uint32_t tsc_desired_khz;
    uint64_t tsc_offset;
};

/* A fixed number of places for contexts. The addresses lie apart from the contexts because every
 * request searches them. */
struct psp_gctx_table {
    unsigned capacity;
    uint64_t *paddr; /* PSP_GCTX_FREE where no context is */
    struct psp_gctx *gctx;
};

#define PSP_GCTX_FREE UINT64_MAX

SEVKIT_MUST struct sevkit_result psp_gctx_table_init(struct psp_gctx_table *table,
                                                     unsigned capacity);

/* Wipes and frees all contexts. */
void psp_gctx_table_free(struct psp_gctx_table *table);

/* The context at PADDR, NULL if there is none. */
struct psp_gctx *psp_gctx_find(const struct psp_gctx_table *table, uint64_t paddr);

#endif
