/* The guest request door: how guest-side code reaches the hypervisor. Drivers and suites take this table
 * and nothing else, so that no test can go around the message path. GHCB notes: SNP guest request. */
#ifndef SEVKIT_DOOR_H
#define SEVKIT_DOOR_H

#include "sevkit/message.h"

/* The hypervisor's half of EXITINFO2. Linux notes, section 4. */
enum sevkit_vmm_error {
    SEVKIT_VMM_OK = 0,
    SEVKIT_VMM_INVALID_LEN = 1, /* the certificate table does not fit in the guest's pages */
    SEVKIT_VMM_BUSY = 2,        /* try again later */
};
#define SEVKIT_VMM_GENERIC UINT32_MAX /* any other failure of the hypervisor */

/* What the guest gets in EXITINFO2: the firmware's status in bits 31:0, the hypervisor's in 63:32. */
struct sevkit_exit {
    uint32_t fw_status;
    uint32_t vmm_error; /* enum sevkit_vmm_error, SEVKIT_VMM_GENERIC or any other number */
    /* Not 0: the call itself failed inside the guest kernel, by its enum es_result (1 unsupported, 2 VMM
     * error, 3 decode failed, 4 exception, 5 retry); the two above mean nothing. */
    uint32_t es_result;
};

struct sevkit_guest_door {
    void *ctx;
    /* SNP guest request. Both pages are the guest's shared pages; RESPONSE is written only when a
     * response exists. */
    void (*request)(void *ctx, const uint8_t request[ABI_PAGE_SIZE],
                    uint8_t response[ABI_PAGE_SIZE], struct sevkit_exit *exit);
    /* SNP extended guest request. DATA is *NPAGES pages of the guest's (NULL with 0), which receive the
     * hypervisor's certificate table. Where it does not fit: INVALID_LEN, *NPAGES becomes the number
     * needed, the firmware is not called. */
    void (*ext_request)(void *ctx, const uint8_t request[ABI_PAGE_SIZE],
                        uint8_t response[ABI_PAGE_SIZE], uint8_t *data, uint64_t *npages,
                        struct sevkit_exit *exit);
};

#endif
