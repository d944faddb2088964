/* HMAC-SHA-384 over several pieces. Internal to crypto/.
 *
 * Built on the digest by RFC 2104, as OpenSSL's own HMAC takes a third more time on the short messages
 * of the KDF, which decides how many key requests a second a machine answers. */
#ifndef CRYPTO_HMAC_H
#define CRYPTO_HMAC_H

#include "crypto/span.h"
#include "sevkit/crypto.h"

/* MAC may be the memory of KEY or of a part. */
SEVKIT_MUST struct sevkit_result crypto_hmac_sha384(const uint8_t *key, size_t key_size,
                                                    const struct crypto_span *parts, size_t count,
                                                    uint8_t mac[CRYPTO_SHA384_SIZE]);

#endif
