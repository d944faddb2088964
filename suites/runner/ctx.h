/* The inside of a running test, for the runner's own files. */
#ifndef SUITE_CTX_H
#define SUITE_CTX_H

#include "runner/suite.h"

struct suite_ctx {
    const struct suite_test *test;
    struct target *target;
    const struct sevkit_profile *run_profile;
    struct crypto_drbg drbg;
    struct crypto_aead *aead;
    uint64_t seqno[ABI_VMPCK_COUNT]; /* the last number used, as the guest counts */
    bool have_secrets;
    struct abi_secrets_page secrets;
    unsigned assertions;
    bool stopped;
    enum suite_verdict verdict;
    char instance[96];
    char reason[512];
};

/* Prepares CTX for TEST on TARGET; PROFILE and SEED are the run's. */
SEVKIT_MUST struct sevkit_result
suite_ctx_init(struct suite_ctx *ctx, const struct suite_test *test, struct target *target,
               const struct sevkit_profile *profile, uint64_t seed);
void suite_ctx_clear(struct suite_ctx *ctx);

/* Runs the test: SKIP without its needs, FAIL without an assertion, else what it recorded. */
void suite_ctx_run(struct suite_ctx *ctx);

#endif
