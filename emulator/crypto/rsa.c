/* RSA-4096 keys and RSASSA-PSS signing: RFC 8017, sections 8.1.1 and 9.1.1, with the derived salt of
 * rsa.h. The encoding is ours, as OpenSSL's own draws a random salt; the private operation is
 * OpenSSL's. */
#include "crypto/rsa.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "crypto/algorithms.h"
#include "crypto/der.h"
#include "crypto/pem.h"

#define SALT_SIZE CRYPTO_SHA384_SIZE
#define MASKED_SIZE (CRYPTO_RSA_SIZE - CRYPTO_SHA384_SIZE - 1) /* of DB and its mask */

static const char salt_prefix[] = "sevkit-salt";

struct crypto_rsa_key {
    EVP_PKEY *pkey;
    uint8_t *spki; /* OpenSSL's memory */
    struct crypto_span spki_der;
    struct crypto_span pkcs1_der; /* the end of spki_der */
};

void crypto_rsa_key_free(struct crypto_rsa_key *key) {
    if (key == NULL) return;
    EVP_PKEY_free(key->pkey); /* wipes the private numbers */
    OPENSSL_free(key->spki);
    free(key);
}

/* NULL unless DER is one PKCS#8 PrivateKeyInfo that OpenSSL can use. */
static EVP_PKEY *pkcs8_read(struct crypto_span der) {
    const uint8_t *p = der.bytes;
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)der.size);
    EVP_PKEY *pkey = NULL;
    if (info != NULL && p == der.bytes + der.size) pkey = EVP_PKCS82PKEY(info);
    PKCS8_PRIV_KEY_INFO_free(info);
    return pkey;
}

/* Finds the RSAPublicKey in a SubjectPublicKeyInfo: SEQUENCE { algorithm, BIT STRING { 00, key } }. */
static bool pkcs1_find(struct crypto_span spki, struct crypto_span *pkcs1) {
    struct crypto_tlv outer, algorithm, bits;
    if (!crypto_der_next(&spki, &outer) || !crypto_der_next(&outer.content, &algorithm) ||
        !crypto_der_next(&outer.content, &bits) || bits.content.size < 1)
        return false;
    *pkcs1 = (struct crypto_span){bits.content.bytes + 1, bits.content.size - 1};
    return true;
}

struct sevkit_result crypto_rsa_key_from_pem(const char *pem, size_t size,
                                             struct crypto_rsa_key **key) {
    struct crypto_pem block;
    SEVKIT_TRY(crypto_pem_decode((const uint8_t *)pem, size, "PRIVATE KEY", &block));
    EVP_PKEY *pkey = pkcs8_read((struct crypto_span){block.der, block.size});
    crypto_pem_free(&block);
    if (pkey == NULL)
        return crypto_refused(SEVKIT_BAD_ENCODING, "private key", "a PKCS#8 PrivateKeyInfo");
    if (!EVP_PKEY_is_a(pkey, "RSA") || EVP_PKEY_get_bits(pkey) != CRYPTO_RSA_SIZE * 8) {
        EVP_PKEY_free(pkey);
        return crypto_refused(SEVKIT_BAD_VALUE, "private key", "RSA of 4096 bits");
    }
    struct crypto_rsa_key *new = calloc(1, sizeof *new);
    if (new == NULL) {
        EVP_PKEY_free(pkey);
        return crypto_refused(SEVKIT_NO_MEMORY, "private key", "memory for a key");
    }
    new->pkey = pkey;
    const int spki_size = i2d_PUBKEY(pkey, &new->spki);
    if (spki_size > 0) new->spki_der = (struct crypto_span){new->spki, (size_t)spki_size};
    if (!pkcs1_find(new->spki_der, &new->pkcs1_der)) {
        crypto_rsa_key_free(new);
        return crypto_failed("public key");
    }
    *key = new;
    return sevkit_success();
}

struct crypto_span crypto_rsa_key_pkcs1(const struct crypto_rsa_key *key) {
    return key->pkcs1_der;
}

struct crypto_span crypto_rsa_key_spki(const struct crypto_rsa_key *key) {
    return key->spki_der;
}

/* DIGEST = SHA-384(A || B || C). */
static bool sha384_of(struct crypto_span a, struct crypto_span b, struct crypto_span c,
                      uint8_t digest[CRYPTO_SHA384_SIZE]) {
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const bool done = ctx != NULL && EVP_DigestInit_ex2(ctx, crypto_md_sha384(), NULL) == 1 &&
                      EVP_DigestUpdate(ctx, a.bytes, a.size) == 1 &&
                      EVP_DigestUpdate(ctx, b.bytes, b.size) == 1 &&
                      EVP_DigestUpdate(ctx, c.bytes, c.size) == 1 &&
                      EVP_DigestFinal_ex(ctx, digest, NULL) == 1;
    EVP_MD_CTX_free(ctx);
    return done;
}

/* XORs MGF1(SEED) over OUT. The mask is shorter than 256 blocks: one byte of the counter moves. */
static bool mgf1_xor(const uint8_t seed[CRYPTO_SHA384_SIZE], uint8_t out[MASKED_SIZE]) {
    uint8_t counter[4] = {0}, mask[CRYPTO_SHA384_SIZE];
    const struct crypto_span none = {NULL, 0};
    for (size_t done = 0; done < MASKED_SIZE; counter[3]++) {
        if (!sha384_of((struct crypto_span){seed, CRYPTO_SHA384_SIZE},
                       (struct crypto_span){counter, sizeof counter}, none, mask))
            return false;
        for (size_t i = 0; i < sizeof mask && done < MASKED_SIZE; i++) out[done++] ^= mask[i];
    }
    return true;
}

/* EMSA-PSS-ENCODE: EM = maskedDB || H || BC, DB = 00.. 01 SALT, H of 8 zero bytes, hash and SALT. */
static bool pss_encode(struct crypto_span message, uint8_t em[CRYPTO_RSA_SIZE]) {
    static const uint8_t zeros[8];
    const struct crypto_span prefix = {(const uint8_t *)salt_prefix, sizeof salt_prefix - 1};
    const struct crypto_span none = {NULL, 0};
    uint8_t hash[CRYPTO_SHA384_SIZE], salt[SALT_SIZE];
    uint8_t *h = em + MASKED_SIZE;

    memset(em, 0, CRYPTO_RSA_SIZE);
    if (!sha384_of(message, none, none, hash) || !sha384_of(prefix, message, none, salt) ||
        !sha384_of((struct crypto_span){zeros, sizeof zeros},
                   (struct crypto_span){hash, sizeof hash}, (struct crypto_span){salt, sizeof salt},
                   h))
        return false;
    em[MASKED_SIZE - SALT_SIZE - 1] = 0x01;
    memcpy(em + MASKED_SIZE - SALT_SIZE, salt, SALT_SIZE);
    if (!mgf1_xor(h, em)) return false;
    em[0] &= 0x7F; /* a modulus of 4096 bits leaves 4095 for EM */
    em[CRYPTO_RSA_SIZE - 1] = 0xBC;
    return true;
}

struct sevkit_result crypto_rsa_pss_sign(const struct crypto_rsa_key *key, const void *bytes,
                                         size_t size, uint8_t signature[CRYPTO_RSA_SIZE]) {
    uint8_t em[CRYPTO_RSA_SIZE];
    if (!pss_encode((struct crypto_span){bytes, size}, em)) return crypto_failed("RSASSA-PSS");
    size_t signature_size = CRYPTO_RSA_SIZE;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
    const bool done = ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 &&
                      EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) == 1 &&
                      EVP_PKEY_sign(ctx, signature, &signature_size, em, sizeof em) == 1;
    EVP_PKEY_CTX_free(ctx);
    return done ? sevkit_success() : crypto_failed("RSASSA-PSS");
}
