/* A P-384 private key from its scalar, for known answers and for keys that come from outside. */
#ifndef CRYPTO_ECDSA_H
#define CRYPTO_ECDSA_H

#include "sevkit/crypto.h"

/* SCALAR is big-endian, 1 to n - 1; SEVKIT_BAD_VALUE otherwise. */
SEVKIT_MUST struct sevkit_result crypto_ec_key_from_scalar(const uint8_t scalar[CRYPTO_P384_SIZE],
                                                           struct crypto_ec_key **key);

#endif
