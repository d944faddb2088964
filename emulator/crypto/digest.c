/* SHA-384, SHA-256 and SHA-1 in one call. */
#include "crypto/digest.h"

#include <openssl/evp.h>

#include "crypto/algorithms.h"

static struct sevkit_result digest_once(const EVP_MD *md, const char *name, const void *bytes,
                                        size_t size, uint8_t *digest) {
    if (md == NULL || EVP_Digest(bytes, size, digest, NULL, md, NULL) != 1)
        return crypto_failed(name);
    return sevkit_success();
}

struct sevkit_result crypto_sha384(const void *bytes, size_t size,
                                   uint8_t digest[CRYPTO_SHA384_SIZE]) {
    return digest_once(crypto_md_sha384(), "SHA-384", bytes, size, digest);
}

struct sevkit_result crypto_sha256(const void *bytes, size_t size,
                                   uint8_t digest[CRYPTO_SHA256_SIZE]) {
    return digest_once(crypto_md_sha256(), "SHA-256", bytes, size, digest);
}

struct sevkit_result crypto_sha1(const void *bytes, size_t size, uint8_t digest[CRYPTO_SHA1_SIZE]) {
    return digest_once(crypto_md_sha1(), "SHA-1", bytes, size, digest);
}
