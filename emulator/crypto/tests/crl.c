/* Certificate revocation lists that OpenSSL made, and the rules of the input. */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>

#include "crypto/tests/samples.h"
#include "crypto/tests/suites.h"
#include "crypto/x509.h"

static struct crypto_span signed_sample(void) {
    EVP_PKEY *ark = sample_key("ark-genoa");
    X509_CRL *made = sample_crl();
    sample_crl_sign(made, ark);
    EVP_PKEY_free(ark);
    return sample_crl_der(made);
}

static struct crypto_crl *parse(struct crypto_span der) {
    struct crypto_crl *crl = NULL;
    UNIT_OK(crypto_crl_from_der(der.bytes, der.size, &crl));
    CU_ASSERT_PTR_NOT_NULL_FATAL(crl);
    return crl;
}

static void test_parts(void) {
    const struct crypto_span der = signed_sample();
    struct crypto_crl *crl = parse(der);
    CU_ASSERT_EQUAL(crl->version, 2);
    CU_ASSERT_EQUAL(crl->this_update, INT64_C(1767225600));
    CU_ASSERT_TRUE(crl->has_next_update);
    CU_ASSERT_EQUAL(crl->next_update, INT64_C(1769904000));
    CU_ASSERT_EQUAL(crl->issuer.count, 2);
    CU_ASSERT_EQUAL(crl->issuer.der.size, 35);
    CU_ASSERT_EQUAL(crl->tbs_algorithm.size, 67);
    CU_ASSERT_TRUE(crypto_span_equal(crl->tbs_algorithm, crl->algorithm));
    CU_ASSERT_EQUAL(crl->signature.size, 512);
    CU_ASSERT_EQUAL_FATAL(crl->extensions.count, 1);
    CU_ASSERT_STRING_EQUAL(crl->extensions.list[0].oid, CRYPTO_OID_CRL_NUMBER);
    CU_ASSERT_FALSE(crl->extensions.list[0].critical);
    free((void *)der.bytes);
    crypto_crl_free(crl);
    crypto_crl_free(NULL);
}

static void test_entries(void) {
    static const uint8_t ask[] = {2, 0, 2}, other[] = {2, 0, 1}, zero[] = {0},
                         longer[] = {0, 2, 0, 2};
    const struct crypto_span der = signed_sample();
    struct crypto_crl *crl = parse(der);
    CU_ASSERT_EQUAL_FATAL(crl->count, 2);
    const struct crypto_crl_entry *entry = crypto_crl_find(crl, (struct crypto_span){ask, 3});
    CU_ASSERT_PTR_EQUAL_FATAL(entry, &crl->entries[0]);
    CU_ASSERT_EQUAL(entry->date, INT64_C(1767323045));
    CU_ASSERT_FALSE(entry->critical_extension);
    entry = crypto_crl_find(crl, (struct crypto_span){zero, 1});
    CU_ASSERT_PTR_EQUAL_FATAL(entry, &crl->entries[1]);
    CU_ASSERT_TRUE(entry->critical_extension);
    CU_ASSERT_PTR_NULL(crypto_crl_find(crl, (struct crypto_span){other, 3}));
    CU_ASSERT_PTR_NULL(crypto_crl_find(crl, (struct crypto_span){longer, 4}));
    CU_ASSERT_PTR_NULL(crypto_crl_find(crl, (struct crypto_span){ask, 2}));
    free((void *)der.bytes);
    crypto_crl_free(crl);
}

/* A v1 list has neither version, nextUpdate, entries nor extensions. */
static void test_smallest(void) {
    EVP_PKEY *ark = sample_key("ark-genoa");
    X509_CRL *made = X509_CRL_new();
    ASN1_TIME *time = ASN1_TIME_new();
    CU_ASSERT_FATAL(ASN1_TIME_set_string(time, "260101000000Z") == 1);
    CU_ASSERT_FATAL(X509_CRL_set1_lastUpdate(made, time) == 1);
    sample_crl_sign(made, ark);
    const struct crypto_span der = sample_crl_der(made);
    struct crypto_crl *crl = parse(der);
    CU_ASSERT_EQUAL(crl->version, 1);
    CU_ASSERT_EQUAL(crl->this_update, INT64_C(1767225600));
    CU_ASSERT_FALSE(crl->has_next_update);
    CU_ASSERT_EQUAL(crl->next_update, 0);
    CU_ASSERT_EQUAL(crl->count, 0);
    CU_ASSERT_EQUAL(crl->issuer.count, 0);
    CU_ASSERT_EQUAL(crl->extensions.count, 0);
    CU_ASSERT_PTR_NULL(crypto_crl_find(crl, (struct crypto_span){(const uint8_t *)"", 1}));
    ASN1_TIME_free(time);
    free((void *)der.bytes);
    crypto_crl_free(crl);
    EVP_PKEY_free(ark);
}

static void test_signature(void) {
    EVP_PKEY *ark = sample_key("ark-genoa"), *ask = sample_key("ask-genoa");
    const struct crypto_span der = signed_sample();
    const struct crypto_span ark_der = sample_simple("ARK-Genoa", ark, "ark-genoa");
    const struct crypto_span ask_der = sample_simple("SEV-Genoa", ask, "ark-genoa");
    struct crypto_crl *crl = parse(der);
    struct crypto_x509 *root = NULL, *ca = NULL;
    UNIT_OK(crypto_x509_from_der(ark_der.bytes, ark_der.size, &root));
    UNIT_OK(crypto_x509_from_der(ask_der.bytes, ask_der.size, &ca));
    CU_ASSERT_FATAL(root != NULL && ca != NULL);
    UNIT_OK(crypto_crl_verify(crl, root));
    UNIT_FAILS(crypto_crl_verify(crl, ca), SEVKIT_BAD_CRYPTO, "signature");
    crypto_crl_free(crl);
    ((uint8_t *)der.bytes)[der.size - 1] ^= 1;
    crl = parse(der);
    UNIT_FAILS(crypto_crl_verify(crl, root), SEVKIT_BAD_CRYPTO, "signature");
    crypto_crl_free(crl);
    crypto_x509_free(root);
    crypto_x509_free(ca);
    free((void *)der.bytes);
    free((void *)ark_der.bytes);
    free((void *)ask_der.bytes);
    EVP_PKEY_free(ark);
    EVP_PKEY_free(ask);
}

static void check_refused(const uint8_t *bytes, size_t size, enum sevkit_code code,
                          const char *field) {
    struct crypto_crl *crl = NULL;
    UNIT_FAILS(crypto_crl_from_der(bytes, size, &crl), code, field);
    CU_ASSERT_PTR_NULL(crl);
}

static void test_bad_input(void) {
    const struct crypto_span der = signed_sample();
    uint8_t *bytes = calloc(1, CRYPTO_X509_SIZE_MAX + 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
    memcpy(bytes, der.bytes, der.size);
    check_refused(bytes, 0, SEVKIT_BAD_LENGTH, "CRL");
    check_refused(bytes, CRYPTO_X509_SIZE_MAX + 1, SEVKIT_BAD_LENGTH, "CRL");
    check_refused(bytes, der.size + 1, SEVKIT_BAD_ENCODING, "CRL");
    for (size_t size = 1; size < der.size; size++)
        check_refused(bytes, size, SEVKIT_BAD_ENCODING, "CRL");
    CU_ASSERT_EQUAL_FATAL(bytes[9], 1); /* 30 82 .... 30 81 .. 02 01 01 */
    bytes[9] = 2;
    check_refused(bytes, der.size, SEVKIT_BAD_VALUE, "version");
    bytes[9] = 0xFF;
    check_refused(bytes, der.size, SEVKIT_BAD_VALUE, "version");
    bytes[9] = 1;
    for (size_t i = 0; i + 15 < der.size; i++) /* thisUpdate, nextUpdate, entries in turn */
        if (memcmp(bytes + i,
                   "\x17\x0d"
                   "26",
                   4) == 0) {
            bytes[i + 14] = 'Y';
            check_refused(bytes, der.size, SEVKIT_BAD_VALUE, NULL);
            bytes[i + 14] = 'Z';
        }
    struct crypto_crl *crl = NULL;
    UNIT_OK(crypto_crl_from_der(bytes, der.size, &crl));
    crypto_crl_free(crl);
    free(bytes);
    free((void *)der.bytes);
}

/* As for certificates: parameters that are a BIT STRING with an unused bit set. */
static void test_encoded_again(void) {
    const struct crypto_span der = signed_sample();
    struct crypto_crl *crl = parse(der);
    uint8_t *const parameters = (uint8_t *)der.bytes + (crl->algorithm.bytes - crl->der.bytes) + 13;
    crypto_crl_free(crl);
    CU_ASSERT_EQUAL_FATAL(parameters[0], 0x30);
    parameters[0] = 0x03;
    parameters[2] = 0x01;
    crypto_crl_free(parse(der));
    parameters[1 + 0x34] |= 0x01;
    check_refused(der.bytes, der.size, SEVKIT_BAD_ENCODING, "CRL");
    free((void *)der.bytes);
}

static void test_pem(void) {
    const struct crypto_span der = signed_sample();
    BIO *bio = BIO_new(BIO_s_mem());
    struct crypto_crl *crl = NULL;
    char *text;
    CU_ASSERT_FATAL(PEM_write_bio(bio, "X509 CRL", "", der.bytes, (long)der.size) > 0);
    const size_t size = (size_t)BIO_get_mem_data(bio, &text);
    UNIT_OK(crypto_crl_from_pem_or_der((const uint8_t *)text, size, &crl));
    CU_ASSERT_TRUE(crl != NULL && crypto_span_equal(crl->der, der));
    crypto_crl_free(crl);
    crl = NULL;
    UNIT_OK(crypto_crl_from_pem_or_der(der.bytes, der.size, &crl));
    crypto_crl_free(crl);
    crl = NULL;
    struct crypto_x509 *cert = NULL;
    UNIT_FAILS(crypto_x509_from_pem_or_der((const uint8_t *)text, size, &cert), SEVKIT_BAD_ENCODING,
               "CERTIFICATE");
    UNIT_FAILS(crypto_crl_from_pem_or_der((const uint8_t *)text, size - 2, &crl),
               SEVKIT_BAD_ENCODING, "X509 CRL");
    BIO_free(bio);
    free((void *)der.bytes);
}

static const struct unit_test tests[] = {
    {"parts", test_parts},
    {"entries", test_entries},
    {"smallest", test_smallest},
    {"signature", test_signature},
    {"bad-input", test_bad_input},
    {"encoded-again", test_encoded_again},
    {"pem", test_pem},
    {NULL, NULL},
};

const struct unit_suite crypto_crl_suite = {"crl", tests};
