/* The test KDF: NIST SP 800-108, counter mode, HMAC-SHA-384 (sevkit/crypto.h states its input). */
#include "crypto/hmac.h"

static void put_be32(uint8_t *p, uint32_t v) {
    for (size_t i = 0; i < 4; i++) p[i] = (uint8_t)(v >> (24 - 8 * i));
}

struct sevkit_result crypto_kdf(const uint8_t *key, size_t key_size, const char *label,
                                const uint8_t *context, size_t context_size, uint8_t *out,
                                size_t out_size) {
    if (out_size > UINT32_MAX / 8)
        return sevkit_fail(SEVKIT_BAD_LENGTH, "output", SEVKIT_NO_OFFSET, out_size,
                           "its bits are counted by 32 bits");
    uint8_t counter[4], bits[4], block[CRYPTO_SHA384_SIZE];
    put_be32(bits, (uint32_t)(out_size * 8));
    const struct crypto_span parts[] = {
        {counter, sizeof counter},
        {(const uint8_t *)label, strlen(label) + 1}, /* its end is the separator 00 */
        {context, context_size},
        {bits, sizeof bits},
    };
    struct sevkit_result r = sevkit_success();
    for (uint32_t i = 1; out_size > 0; i++) {
        const size_t take = out_size < sizeof block ? out_size : sizeof block;
        put_be32(counter, i);
        r = crypto_hmac_sha384(key, key_size, parts, sizeof parts / sizeof parts[0], block);
        if (!sevkit_ok(r)) break;
        memcpy(out, block, take);
        out += take;
        out_size -= take;
    }
    crypto_wipe(block, sizeof block);
    return r;
}
