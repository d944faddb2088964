/* OpenSSL's algorithm handles and the one way to report a primitive that failed. Internal to crypto/.
 *
 * A handle is immutable. Fetching one by name costs more than hashing a short message, so each is
 * fetched once a process. */
#ifndef CRYPTO_ALGORITHMS_H
#define CRYPTO_ALGORITHMS_H

#include <openssl/evp.h>

#include "sevkit/result.h"

/* NULL if this OpenSSL lacks the algorithm. */
const EVP_MD *crypto_md_sha1(void);
const EVP_MD *crypto_md_sha256(void);
const EVP_MD *crypto_md_sha384(void);
const EVP_CIPHER *crypto_cipher_aes_256_gcm(void);
const EVP_CIPHER *crypto_cipher_aes_256_xts(void);

/* SEVKIT_INTERNAL at WHAT; empties OpenSSL's error queue. */
SEVKIT_MUST struct sevkit_result crypto_failed(const char *what);

/* The caller's input is at fault: a failure without place and value; empties OpenSSL's error queue. */
SEVKIT_MUST struct sevkit_result crypto_refused(enum sevkit_code code, const char *field,
                                                const char *rule);

#endif
