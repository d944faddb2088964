/* The digests that certificates need beside SHA-384: SHA-1 for key identifiers (certificate notes,
 * section 1.2) and SHA-256 for pins of a SubjectPublicKeyInfo. */
#ifndef CRYPTO_DIGEST_H
#define CRYPTO_DIGEST_H

#include "sevkit/crypto.h"

#define CRYPTO_SHA1_SIZE 20
#define CRYPTO_SHA256_SIZE 32

SEVKIT_MUST struct sevkit_result crypto_sha1(const void *bytes, size_t size,
                                             uint8_t digest[CRYPTO_SHA1_SIZE]);
SEVKIT_MUST struct sevkit_result crypto_sha256(const void *bytes, size_t size,
                                               uint8_t digest[CRYPTO_SHA256_SIZE]);

#endif
