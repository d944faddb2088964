/* Hygiene: wiping. */
#include <openssl/crypto.h>

#include "sevkit/crypto.h"

void crypto_wipe(void *bytes, size_t size) {
    OPENSSL_cleanse(bytes, size);
}
