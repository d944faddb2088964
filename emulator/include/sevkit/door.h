/* The guest request door: how guest-side code reaches the hypervisor. Drivers and suites take this table
 * and nothing else, so that no test can go around the message path. GHCB notes: SNP guest request. */
#ifndef SEVKIT_DOOR_H
#define SEVKIT_DOOR_H

#include "sevkit/message.h"

/* What the guest gets in EXITINFO2: the firmware's status in bits 31:0, the hypervisor's in 63:32. */
struct sevkit_exit {
    uint32_t fw_status;
    uint32_t vmm_error; /* 0, 1 invalid length of the certificate buffer, 2 busy */
};

struct sevkit_guest_door {
    void *ctx;
    /* One SNP guest request. Both pages are the guest's shared pages; RESPONSE is written only when a
     * response exists. */
    void (*request)(void *ctx, const uint8_t request[ABI_PAGE_SIZE],
                    uint8_t response[ABI_PAGE_SIZE], struct sevkit_exit *exit);
};

#endif
