/* The primitives of the SNP firmware ABI and of sevkit's test keys, over OpenSSL 3. This is the public
 * part; X.509 and RSA helpers for pki/ are in emulator/crypto/.
 *
 * Contexts are created once and reused: no function here allocates memory of ours after creation.
 * An object with scratch memory inside (struct crypto_aead, crypto_page_cipher, crypto_ec_key,
 * crypto_ec_public) serves one thread at a time, also where a function takes it as const.
 * Secrets are wiped when their owner is freed. */
#ifndef SEVKIT_CRYPTO_H
#define SEVKIT_CRYPTO_H

#include "sevkit/env.h"
#include "sevkit/result.h"

/* ---- hygiene ---- */

/* Overwrites SIZE bytes with zeros in a way that the compiler keeps. */
void crypto_wipe(void *bytes, size_t size);

/* ---- AES-256-GCM, 12-byte IV, 16-byte tag ---- */

struct crypto_aead; /* one key, both directions */

#define CRYPTO_AEAD_KEY_SIZE 32
#define CRYPTO_AEAD_IV_SIZE 12
#define CRYPTO_AEAD_TAG_SIZE 16

/* A context without a key. Free with crypto_aead_free (NULL is allowed). */
SEVKIT_MUST struct sevkit_result crypto_aead_new(struct crypto_aead **aead);
void crypto_aead_free(struct crypto_aead *aead);

SEVKIT_MUST struct sevkit_result crypto_aead_set_key(struct crypto_aead *aead,
                                                     const uint8_t key[CRYPTO_AEAD_KEY_SIZE]);

/* Encrypts SIZE bytes from IN to OUT (OUT may be IN). */
SEVKIT_MUST struct sevkit_result crypto_aead_seal(struct crypto_aead *aead,
                                                  const uint8_t iv[CRYPTO_AEAD_IV_SIZE],
                                                  const uint8_t *aad, size_t aad_size,
                                                  const uint8_t *in, size_t size, uint8_t *out,
                                                  uint8_t tag[CRYPTO_AEAD_TAG_SIZE]);

/* Decrypts. SEVKIT_BAD_CRYPTO when the tag does not verify; OUT is wiped then. OUT must not overlap
 * IN. */
SEVKIT_MUST struct sevkit_result
crypto_aead_open(struct crypto_aead *aead, const uint8_t iv[CRYPTO_AEAD_IV_SIZE],
                 const uint8_t *aad, size_t aad_size, const uint8_t *in, size_t size,
                 const uint8_t tag[CRYPTO_AEAD_TAG_SIZE], uint8_t *out);

/* ---- a guest's memory: AES-256-XTS over whole pages of 4 KiB ----
 * The tweak (XTS's data unit number) is the page's system physical address, so a ciphertext is bound
 * to its place, and the same plaintext at the same place gives the same ciphertext, as a memory
 * controller's does. There is no integrity: any bytes open to something. Silicon has an AES-XEX mode of
 * its own: these are not its ciphertexts. */

struct crypto_page_cipher; /* one key, both directions */

#define CRYPTO_PAGE_SIZE 4096
#define CRYPTO_PAGE_KEY_SIZE 64 /* XTS's two keys: of the data, then of the tweak */

/* A context without a key. Free with crypto_page_cipher_free (NULL is allowed). */
SEVKIT_MUST struct sevkit_result crypto_page_cipher_new(struct crypto_page_cipher **cipher);
void crypto_page_cipher_free(struct crypto_page_cipher *cipher);

/* SEVKIT_BAD_VALUE, with field "key", when both halves are equal: XTS forbids it. The old key stays
 * then. */
SEVKIT_MUST struct sevkit_result
crypto_page_cipher_set_key(struct crypto_page_cipher *cipher,
                           const uint8_t key[CRYPTO_PAGE_KEY_SIZE]);

/* Encrypts and decrypts the page at PADDR from IN to OUT (OUT may be IN). */
SEVKIT_MUST struct sevkit_result crypto_page_cipher_seal(struct crypto_page_cipher *cipher,
                                                         uint64_t paddr,
                                                         const uint8_t in[CRYPTO_PAGE_SIZE],
                                                         uint8_t out[CRYPTO_PAGE_SIZE]);
SEVKIT_MUST struct sevkit_result crypto_page_cipher_open(struct crypto_page_cipher *cipher,
                                                         uint64_t paddr,
                                                         const uint8_t in[CRYPTO_PAGE_SIZE],
                                                         uint8_t out[CRYPTO_PAGE_SIZE]);

/* ---- SHA-384 ---- */

#define CRYPTO_SHA384_SIZE 48

SEVKIT_MUST struct sevkit_result crypto_sha384(const void *bytes, size_t size,
                                               uint8_t digest[CRYPTO_SHA384_SIZE]);

/* ---- the test KDF: NIST SP 800-108 in counter mode with HMAC-SHA-384 ----
 * K(i) = HMAC(key, [i]32 || LABEL || 00 || CONTEXT || [L]32), i from 1, numbers big-endian, L the
 * output's length in bits; the output is K(1) || K(2) || ... cut to OUT_SIZE bytes. It is a KDF of our
 * own choice: AMD publishes the inputs of its derivation, not the derivation (docs/test-keys.md). */
SEVKIT_MUST struct sevkit_result crypto_kdf(const uint8_t *key, size_t key_size, const char *label,
                                            const uint8_t *context, size_t context_size,
                                            uint8_t *out, size_t out_size);

/* ---- ECDSA P-384 over SHA-384 ---- */

#define CRYPTO_P384_SIZE 48
#define CRYPTO_P384_SEED_SIZE 56

/* R and S as AMD writes them: 72 bytes each, little-endian, upper 24 zero. */
struct crypto_signature {
    uint8_t r[72];
    uint8_t s[72];
};

struct crypto_ec_key;    /* a private key, wiped when freed */
struct crypto_ec_public; /* a public key */

/* The private scalar is SEED (big-endian, 448 bits) mod (n - 1), plus 1. */
SEVKIT_MUST struct sevkit_result crypto_ec_key_from_seed(const uint8_t seed[CRYPTO_P384_SEED_SIZE],
                                                         struct crypto_ec_key **key);
void crypto_ec_key_free(struct crypto_ec_key *key);

/* The public point as X || Y, big-endian, as certificates hold it after the byte 04. */
void crypto_ec_key_public(const struct crypto_ec_key *key, uint8_t xy[2 * CRYPTO_P384_SIZE]);

/* Signs with the deterministic nonce of RFC 6979 (SHA-384). No low-S normalisation, as AMD's. */
SEVKIT_MUST struct sevkit_result crypto_ec_sign(const struct crypto_ec_key *key, const void *bytes,
                                                size_t size, struct crypto_signature *signature);

SEVKIT_MUST struct sevkit_result crypto_ec_public_new(const uint8_t xy[2 * CRYPTO_P384_SIZE],
                                                      struct crypto_ec_public **pub);
void crypto_ec_public_free(struct crypto_ec_public *pub);

/* SEVKIT_BAD_CRYPTO, with field "SIGNATURE.R" or "SIGNATURE.S" when a number is 0 or not below n or has
 * upper bytes set, else field "SIGNATURE" when it does not verify. */
SEVKIT_MUST struct sevkit_result crypto_ec_verify(struct crypto_ec_public *pub, const void *bytes,
                                                  size_t size,
                                                  const struct crypto_signature *signature);

/* ---- a deterministic source of bytes for tests and embedded machines ----
 * Block i (from 0) = SHA-384("sevkit-drbg" || SEED as 8 little-endian bytes || i as 8 little-endian
 * bytes); the stream is their concatenation. Not a cryptographic random generator. */
struct crypto_drbg {
    uint64_t seed;
    uint64_t next_block;
    size_t used; /* bytes of BLOCK already given out */
    uint8_t block[CRYPTO_SHA384_SIZE];
};

void crypto_drbg_init(struct crypto_drbg *drbg, uint64_t seed);

/* Has the shape of sevkit_env.random; CTX is a struct crypto_drbg. */
void crypto_drbg_random(void *ctx, uint8_t *out, size_t size);

#endif
