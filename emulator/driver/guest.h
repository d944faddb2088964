/* Linux's sev-guest driver from inside. Private to driver/. */
#ifndef DRIVER_GUEST_H
#define DRIVER_GUEST_H

#include "driver/kernel.h"
#include "sevkit/crypto.h"

struct drv_guest {
    struct drv_guest_config config;
    const struct drv_behaviour *behaviour;
    struct sevkit_guest_door door;
    struct drv_clock clock;
    uint8_t *secrets; /* the guest's page */
    struct crypto_aead *aead;
    unsigned vmpck;
    bool has_key; /* from a good probe until the key is wiped */
    uint8_t request[ABI_PAGE_SIZE], response[ABI_PAGE_SIZE]; /* the shared pages */
    uint8_t payload[DRV_REPORT_RESP_SIZE]; /* the response in the clear; zero between requests */
    uint8_t certs[DRV_CERTS_MAX];          /* the pages for the host's table */
};

/* One request on its way. */
struct drv_request {
    uint8_t type, version;
    const uint8_t *payload;
    size_t size;
    size_t response_size; /* the largest payload that is taken */
    bool extended;
    uint64_t npages; /* of guest->certs; after INVALID_LEN what the host asks for */
    uint64_t exitinfo2;
    bool resent; /* out: after INVALID_LEN the plain request was answered */
};

/* The VMPCK in use, in the secrets page. */
uint8_t *drv_guest_key(const struct drv_guest *guest);

/* Sends REQUEST and leaves the verified response in guest->payload: 0, -errno, or es_result. After
 * a 0 the caller wipes what it has taken. */
SEVKIT_MUST long drv_guest_send(struct drv_guest *guest, struct drv_request *request);

#endif
