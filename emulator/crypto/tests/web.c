/* Web certificates: OpenSSL's own path validation takes the server's certificate for its host, as a
 * server's, from a day before until 29 days after, and for nothing else. */
#include "sevkit/web.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/tests/suites.h"

#define HOST "kdsintf.amd.com"
#define NOW INT64_C(1767225600)
#define DAY 86400

static struct crypto_web web_new(void) {
    struct crypto_web web;
    UNIT_OK(crypto_web_new(HOST, NOW, &web));
    return web;
}

static X509 *cert_read(const char *pem) {
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(cert);
    CU_ASSERT_TRUE(BIO_eof(bio));
    BIO_free(bio);
    return cert;
}

/* OpenSSL's error for WEB's certificate at AT, strictly, as PURPOSE for HOST; X509_V_OK if none. */
static int validate(const struct crypto_web *web, const char *host, int64_t at, int purpose) {
    X509 *ca = cert_read(web->ca), *cert = cert_read(web->certificate);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    CU_ASSERT_FATAL(X509_STORE_add_cert(store, ca) == 1);
    CU_ASSERT_FATAL(X509_STORE_CTX_init(ctx, store, cert, NULL) == 1);
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_time(param, at);
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT);
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    CU_ASSERT_FATAL(X509_VERIFY_PARAM_set1_host(param, host, 0) == 1);
    CU_ASSERT_FATAL(X509_STORE_CTX_set_purpose(ctx, purpose) == 1);
    const int verified = X509_verify_cert(ctx);
    const int error = X509_STORE_CTX_get_error(ctx);
    CU_ASSERT_EQUAL(verified == 1, error == X509_V_OK);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    X509_free(cert);
    X509_free(ca);
    return error;
}

static void test_valid(void) {
    struct crypto_web web = web_new();
    CU_ASSERT_EQUAL(validate(&web, HOST, NOW, X509_PURPOSE_SSL_SERVER), X509_V_OK);
    CU_ASSERT_EQUAL(validate(&web, "other.amd.com", NOW, X509_PURPOSE_SSL_SERVER),
                    X509_V_ERR_HOSTNAME_MISMATCH);
    CU_ASSERT_EQUAL(validate(&web, HOST, NOW, X509_PURPOSE_SSL_CLIENT), X509_V_ERR_INVALID_PURPOSE);
    const struct {
        int64_t at;
        int error;
    } times[] = {{NOW - DAY - 1, X509_V_ERR_CERT_NOT_YET_VALID},
                 {NOW - DAY, X509_V_OK},
                 {NOW + 29 * DAY - 1, X509_V_OK},
                 {NOW + 29 * DAY + 1, X509_V_ERR_CERT_HAS_EXPIRED}};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        CU_ASSERT_EQUAL(validate(&web, HOST, times[i].at, X509_PURPOSE_SSL_SERVER), times[i].error);
}

/* The server's certificate is no CA, and the CA stands for no second one. */
static void test_ca(void) {
    struct crypto_web web = web_new();
    X509 *ca = cert_read(web.ca), *cert = cert_read(web.certificate);
    CU_ASSERT_EQUAL(X509_check_ca(ca), 1);
    CU_ASSERT_EQUAL(X509_get_pathlen(ca), 0);
    CU_ASSERT_EQUAL(X509_get_key_usage(ca), KU_KEY_CERT_SIGN);
    CU_ASSERT_EQUAL(X509_check_ca(cert), 0);
    CU_ASSERT_EQUAL(X509_get_key_usage(cert), KU_DIGITAL_SIGNATURE);
    CU_ASSERT_EQUAL(X509_get_extended_key_usage(cert), XKU_SSL_SERVER);
    CU_ASSERT_NOT_EQUAL(EVP_PKEY_eq(X509_get0_pubkey(ca), X509_get0_pubkey(cert)), 1);
    X509_free(cert);
    X509_free(ca);
}

static void test_key(void) {
    struct crypto_web web = web_new();
    BIO *bio = BIO_new_mem_buf(web.key, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    BIO_free(bio);
    X509 *cert = cert_read(web.certificate);
    CU_ASSERT_PTR_NOT_NULL_FATAL(key);
    CU_ASSERT_EQUAL(X509_check_private_key(cert, key), 1);
    char group[32];
    CU_ASSERT_EQUAL(EVP_PKEY_get_group_name(key, group, sizeof group, NULL), 1);
    CU_ASSERT_STRING_EQUAL(group, "prime256v1");
    X509_free(cert);
    EVP_PKEY_free(key);
}

/* Clients refuse two certificates of one issuer and serial number. */
static void test_fresh(void) {
    const struct crypto_web a = web_new(), b = web_new();
    CU_ASSERT_STRING_NOT_EQUAL(a.key, b.key);
    X509 *one = cert_read(a.ca), *two = cert_read(b.ca);
    CU_ASSERT_NOT_EQUAL(ASN1_INTEGER_cmp(X509_get0_serialNumber(one), X509_get0_serialNumber(two)),
                        0);
    CU_ASSERT_FALSE(ASN1_STRING_type(X509_get0_serialNumber(one)) & V_ASN1_NEG);
    X509_free(one);
    X509_free(two);
}

static void test_host(void) {
    struct crypto_web web;
    char longest[66];
    memset(longest, 'a', sizeof longest);
    longest[64] = 0;
    UNIT_OK(crypto_web_new(longest, NOW, &web));
    longest[64] = 'a';
    longest[65] = 0;
    const char *const bad[] = {"", longest, "a,DNS:b", "a b", "*.amd.com", "a\n", "email:copy"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        UNIT_FAILS(crypto_web_new(bad[i], NOW, &web), SEVKIT_BAD_VALUE, "host");
}

static void test_wipe(void) {
    struct crypto_web web = web_new();
    const struct crypto_web zero = {0};
    crypto_web_wipe(&web);
    UNIT_BYTES(&web, &zero, sizeof web);
}

static const struct unit_test tests[] = {
    {"valid", test_valid}, {"ca", test_ca},     {"key", test_key}, {"fresh", test_fresh},
    {"host", test_host},   {"wipe", test_wipe}, {NULL, NULL},
};

const struct unit_suite crypto_web_suite = {"web", tests};
