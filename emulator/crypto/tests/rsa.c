/* RSA-4096 keys and RSASSA-PSS: OpenSSL's verification accepts what we sign; the derived salt gives
 * one signature a message. */
#include "crypto/rsa.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "crypto/digest.h"
#include "crypto/tests/samples.h"
#include "crypto/tests/suites.h"

static struct crypto_rsa_key *key_new(const char *name) {
    struct crypto_rsa_key *key = NULL;
    size_t size;
    char *text = sample_key_text(name, &size);
    UNIT_OK(crypto_rsa_key_from_pem(text, size, &key));
    free(text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(key);
    return key;
}

/* OpenSSL's own PSS verification with SHA-384, MGF1 with SHA-384 and SALT_SIZE bytes of salt. */
static bool openssl_accepts(EVP_PKEY *pkey, const char *text, const uint8_t *signature,
                            int salt_size) {
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pss;
    CU_ASSERT_FATAL(EVP_DigestVerifyInit_ex(ctx, &pss, "SHA384", NULL, NULL, pkey, NULL) == 1);
    CU_ASSERT_FATAL(EVP_PKEY_CTX_set_rsa_padding(pss, RSA_PKCS1_PSS_PADDING) == 1);
    CU_ASSERT_FATAL(EVP_PKEY_CTX_set_rsa_pss_saltlen(pss, salt_size) == 1);
    const bool good =
        EVP_DigestVerify(ctx, signature, CRYPTO_RSA_SIZE, (const uint8_t *)text, strlen(text)) == 1;
    EVP_MD_CTX_free(ctx);
    return good;
}

static void test_sign(void) {
    struct crypto_rsa_key *key = key_new("ark-genoa");
    EVP_PKEY *pkey = sample_key("ark-genoa");
    static const char *const texts[] = {"", "abc", "a longer text, so that nothing fits by chance"};
    for (size_t i = 0; i < 3; i++) {
        uint8_t signature[CRYPTO_RSA_SIZE], again[CRYPTO_RSA_SIZE];
        UNIT_OK(crypto_rsa_pss_sign(key, texts[i], strlen(texts[i]), signature));
        CU_ASSERT_TRUE(openssl_accepts(pkey, texts[i], signature, 48));
        CU_ASSERT_FALSE(openssl_accepts(pkey, texts[i], signature, 32));
        CU_ASSERT_FALSE(openssl_accepts(pkey, texts[(i + 1) % 3], signature, 48));
        UNIT_OK(crypto_rsa_pss_sign(key, texts[i], strlen(texts[i]), again));
        UNIT_BYTES(signature, again, sizeof again);
    }
    EVP_PKEY_free(pkey);
    crypto_rsa_key_free(key);
}

/* The salt is SHA-384("sevkit-salt" || text): the decoded message ends in it. */
static void test_salt(void) {
    struct crypto_rsa_key *key = key_new("ark-genoa");
    EVP_PKEY *pkey = sample_key("ark-genoa");
    uint8_t signature[CRYPTO_RSA_SIZE], digest[CRYPTO_SHA256_SIZE], expected[CRYPTO_SHA256_SIZE];
    UNIT_OK(crypto_rsa_pss_sign(key, "abc", 3, signature));
    UNIT_OK(crypto_sha256(signature, sizeof signature, digest));
    /* Calculated by a separate program from the key's numbers. */
    unit_hex("d83dfea11e846305807af21221c0c3e1b3d3eb18eb7394ac91f773ff1642d619", expected,
             sizeof expected);
    UNIT_BYTES(digest, expected, sizeof expected);
    EVP_PKEY_free(pkey);
    crypto_rsa_key_free(key);
}

static void test_public_der(void) {
    struct crypto_rsa_key *key = key_new("ask-milan");
    EVP_PKEY *pkey = sample_key("ask-milan");
    unsigned char *spki = NULL;
    const int size = i2d_PUBKEY(pkey, &spki);
    const struct crypto_span ours = crypto_rsa_key_spki(key);
    const struct crypto_span pkcs1 = crypto_rsa_key_pkcs1(key);
    const uint8_t pkcs1_start[] = {0x30, 0x82, 0x02, 0x0A, 0x02, 0x82, 0x02, 0x01, 0x00};
    const uint8_t pkcs1_end[] = {0x02, 0x03, 0x01, 0x00, 0x01};
    CU_ASSERT_EQUAL_FATAL(ours.size, 550);
    CU_ASSERT_EQUAL_FATAL(size, 550);
    UNIT_BYTES(ours.bytes, spki, ours.size);
    CU_ASSERT_EQUAL_FATAL(pkcs1.size, 526);
    UNIT_BYTES(pkcs1.bytes, pkcs1_start, sizeof pkcs1_start);
    UNIT_BYTES(pkcs1.bytes + 521, pkcs1_end, sizeof pkcs1_end);
    UNIT_BYTES(pkcs1.bytes, spki + 24, pkcs1.size);
    OPENSSL_free(spki);
    EVP_PKEY_free(pkey);
    crypto_rsa_key_free(key);
}

/* PEM of KEY as WRITE writes it. Free with BIO_free. */
static BIO *pem_of(EVP_PKEY *key,
                   int (*write)(BIO *, const EVP_PKEY *, const EVP_CIPHER *, const unsigned char *,
                                int, pem_password_cb *, void *)) {
    BIO *bio = BIO_new(BIO_s_mem());
    CU_ASSERT_FATAL(bio != NULL && write(bio, key, NULL, NULL, 0, NULL, NULL) == 1);
    return bio;
}

static void check_refused(BIO *bio, enum sevkit_code code, const char *field) {
    struct crypto_rsa_key *key = NULL;
    char *text = NULL;
    const long size = BIO_get_mem_data(bio, &text);
    UNIT_FAILS(crypto_rsa_key_from_pem(text, (size_t)size, &key), code, field);
    CU_ASSERT_PTR_NULL(key);
    BIO_free(bio);
}

static void test_other_keys(void) {
    EVP_PKEY *small = EVP_RSA_gen(2048), *ec = EVP_EC_gen("P-384"), *good = sample_key("ark-genoa");
    check_refused(pem_of(small, PEM_write_bio_PrivateKey), SEVKIT_BAD_VALUE, "private key");
    check_refused(pem_of(ec, PEM_write_bio_PrivateKey), SEVKIT_BAD_VALUE, "private key");
    check_refused(pem_of(good, PEM_write_bio_PrivateKey_traditional), SEVKIT_BAD_ENCODING,
                  "PRIVATE KEY");
    EVP_PKEY_free(small);
    EVP_PKEY_free(ec);
    EVP_PKEY_free(good);
}

/* A block of the right label that does not hold a key, or more than one. */
static void test_not_pkcs8(void) {
    static const uint8_t empty_sequence[] = {0x30, 0x00};
    BIO *bio = BIO_new(BIO_s_mem());
    CU_ASSERT_FATAL(PEM_write_bio(bio, "PRIVATE KEY", "", empty_sequence, 2) > 0);
    check_refused(bio, SEVKIT_BAD_ENCODING, "private key");

    EVP_PKEY *good = sample_key("ark-genoa");
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(good);
    uint8_t der[4096] = {0}, *p = der;
    const int size = i2d_PKCS8_PRIV_KEY_INFO(info, &p);
    bio = BIO_new(BIO_s_mem());
    CU_ASSERT_FATAL(PEM_write_bio(bio, "PRIVATE KEY", "", der, size + 1) > 0);
    check_refused(bio, SEVKIT_BAD_ENCODING, "private key");
    PKCS8_PRIV_KEY_INFO_free(info);
    EVP_PKEY_free(good);
    crypto_rsa_key_free(NULL);
}

static const struct unit_test tests[] = {
    {"sign", test_sign},
    {"salt", test_salt},
    {"public-der", test_public_der},
    {"other-keys", test_other_keys},
    {"not-pkcs8", test_not_pkcs8},
    {NULL, NULL},
};

const struct unit_suite crypto_rsa_suite = {"rsa", tests};
