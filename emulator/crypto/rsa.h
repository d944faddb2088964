/* RSA-4096 private keys and RSASSA-PSS as AMD's ARK, ASK and ASVK use it: SHA-384, MGF1 with SHA-384,
 * 48 bytes of salt, trailer BC (certificate notes, section 1.1). The salt is derived from the signed
 * bytes, so that equal input gives an equal certificate. For pki/. */
#ifndef CRYPTO_RSA_H
#define CRYPTO_RSA_H

#include "crypto/span.h"
#include "sevkit/crypto.h"

#define CRYPTO_RSA_SIZE 512 /* bytes of a modulus and of a signature */

struct crypto_rsa_key; /* a private key, wiped when freed */

/* Reads an unencrypted PKCS#8 private key ("BEGIN PRIVATE KEY") of 4096 bits. */
SEVKIT_MUST struct sevkit_result crypto_rsa_key_from_pem(const char *pem, size_t size,
                                                         struct crypto_rsa_key **key);
void crypto_rsa_key_free(struct crypto_rsa_key *key);

/* The public key in DER, alive as long as KEY: a PKCS#1 RSAPublicKey, whose SHA-1 is AMD's key
 * identifier, and a whole SubjectPublicKeyInfo with rsaEncryption and NULL. */
struct crypto_span crypto_rsa_key_pkcs1(const struct crypto_rsa_key *key);
struct crypto_span crypto_rsa_key_spki(const struct crypto_rsa_key *key);

/* Signs SIZE bytes. The salt is the first 48 bytes of SHA-384("sevkit-salt" || bytes). */
SEVKIT_MUST struct sevkit_result crypto_rsa_pss_sign(const struct crypto_rsa_key *key,
                                                     const void *bytes, size_t size,
                                                     uint8_t signature[CRYPTO_RSA_SIZE]);

#endif
