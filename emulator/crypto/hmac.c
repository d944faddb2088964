/* HMAC-SHA-384: RFC 2104. */
#include "crypto/hmac.h"

#include <openssl/evp.h>

#include "crypto/algorithms.h"

#define BLOCK_SIZE 128 /* of SHA-384 */

/* H((KEY ^ PAD) || PARTS). KEY fills a block. */
static bool keyed_digest(EVP_MD_CTX *ctx, const uint8_t key[BLOCK_SIZE], uint8_t pad,
                         const struct crypto_span *parts, size_t count, uint8_t *out) {
    uint8_t block[BLOCK_SIZE];
    for (size_t i = 0; i < BLOCK_SIZE; i++) block[i] = key[i] ^ pad;
    bool done = EVP_DigestInit_ex2(ctx, crypto_md_sha384(), NULL) == 1 &&
                EVP_DigestUpdate(ctx, block, sizeof block) == 1;
    for (size_t i = 0; done && i < count; i++)
        done = EVP_DigestUpdate(ctx, parts[i].bytes, parts[i].size) == 1;
    crypto_wipe(block, sizeof block);
    return done && EVP_DigestFinal_ex(ctx, out, NULL) == 1;
}

struct sevkit_result crypto_hmac_sha384(const uint8_t *key, size_t key_size,
                                        const struct crypto_span *parts, size_t count,
                                        uint8_t mac[CRYPTO_SHA384_SIZE]) {
    uint8_t block[BLOCK_SIZE] = {0};
    if (key_size > sizeof block)
        SEVKIT_TRY(crypto_sha384(key, key_size, block));
    else if (key_size > 0)
        memcpy(block, key, key_size);

    uint8_t inner[CRYPTO_SHA384_SIZE];
    const struct crypto_span outer = {inner, sizeof inner};
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const bool done = ctx != NULL && crypto_md_sha384() != NULL &&
                      keyed_digest(ctx, block, 0x36, parts, count, inner) &&
                      keyed_digest(ctx, block, 0x5C, &outer, 1, mac);
    EVP_MD_CTX_free(ctx);
    crypto_wipe(block, sizeof block);
    crypto_wipe(inner, sizeof inner);
    return done ? sevkit_success() : crypto_failed("HMAC-SHA-384");
}
