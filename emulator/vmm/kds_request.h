/* What a request to the key distribution service asks for. Certificate notes, section 3. Private to
 * vmm/. */
#ifndef SEVKIT_VMM_KDS_REQUEST_H
#define SEVKIT_VMM_KDS_REQUEST_H

#include "sevkit/tcb.h"

enum vmm_kds_what { VMM_KDS_CHAIN, VMM_KDS_CRL, VMM_KDS_VCEK, VMM_KDS_VLEK };

struct vmm_kds_request {
    bool vlek; /* the ASVK's branch of the tree */
    enum abi_product product;
    enum vmm_kds_what what;
    uint8_t hwid[64]; /* of VMM_KDS_VCEK */
    uint64_t tcb;     /* of VMM_KDS_VCEK */
};

/* Reads a request's TARGET. Returns the HTTP status: 200 with REQUEST, 400 for a malformed one, 404 for a
 * path that names nothing. */
unsigned vmm_kds_request_read(const char *target, struct vmm_kds_request *request);

#endif
