/* The state of one PSP. Private to psp/. */
#ifndef SEVKIT_PSP_STATE_H
#define SEVKIT_PSP_STATE_H

#include "psp/gctx.h"
#include "sevkit/crypto.h"

/* The attestation key and the guest key root of VCEK or VLEK, kept for the TCB that was asked
 * for last. Made at first use: most machines never sign. */
struct psp_leaf_cache {
    struct crypto_ec_key *key; /* NULL: not made yet */
    uint64_t key_tcb;
    bool has_secret;
    uint64_t secret_tcb;
    uint8_t secret[PSP_SECRET_SIZE];
};

struct psp {
    struct sevkit_profile profile;
    struct sevkit_env env;
    struct rmp *rmp;
    struct mem *mem;
    enum psp_platform_state platform_state;
    struct psp_gctx_table guests;
    struct crypto_aead *aead;
    struct psp_leaf_cache leaf[2]; /* by enum abi_signing_key: VCEK, VLEK */
};

#endif
