/* Hygiene: wiping and constant-time comparison. */
#include <openssl/crypto.h>

#include "sevkit/crypto.h"

void crypto_wipe(void *bytes, size_t size) {
    OPENSSL_cleanse(bytes, size);
}

bool crypto_equal(const void *a, const void *b, size_t size) {
    return CRYPTO_memcmp(a, b, size) == 0;
}
