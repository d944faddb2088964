/* The deterministic source of bytes for tests and embedded machines (sevkit/crypto.h states it). */
#include <stdlib.h>
#include <string.h>

#include "sevkit/bytes.h"
#include "sevkit/crypto.h"

static const char drbg_prefix[] = "sevkit-drbg";
#define PREFIX_SIZE (sizeof drbg_prefix - 1)

void crypto_drbg_init(struct crypto_drbg *drbg, uint64_t seed) {
    *drbg = (struct crypto_drbg){.seed = seed, .used = CRYPTO_SHA384_SIZE};
}

static void refill(struct crypto_drbg *drbg) {
    uint8_t input[PREFIX_SIZE + 16];
    memcpy(input, drbg_prefix, PREFIX_SIZE);
    abi_put_le64(input + PREFIX_SIZE, drbg->seed);
    abi_put_le64(input + PREFIX_SIZE + 8, drbg->next_block++);
    /* The caller has no way to hear of a failure, and equal bytes twice would be worse than the end. */
    if (!sevkit_ok(crypto_sha384(input, sizeof input, drbg->block))) abort();
    drbg->used = 0;
}

void crypto_drbg_random(void *ctx, uint8_t *out, size_t size) {
    struct crypto_drbg *drbg = ctx;
    while (size > 0) {
        if (drbg->used == sizeof drbg->block) refill(drbg);
        const size_t left = sizeof drbg->block - drbg->used;
        const size_t take = size < left ? size : left;
        memcpy(out, drbg->block + drbg->used, take);
        drbg->used += take;
        out += take;
        size -= take;
    }
}
