/* Certificates: every part of one that OpenSSL made, the rules of the input, signatures. */
#include "crypto/x509.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>

#include "crypto/rsa.h"
#include "crypto/tests/samples.h"
#include "crypto/tests/suites.h"

static struct crypto_x509 *parse(struct crypto_span der) {
    struct crypto_x509 *cert = NULL;
    UNIT_OK(crypto_x509_from_der(der.bytes, der.size, &cert));
    CU_ASSERT_PTR_NOT_NULL_FATAL(cert);
    return cert;
}

static void check_refused(const uint8_t *bytes, size_t size, enum sevkit_code code,
                          const char *field) {
    struct crypto_x509 *cert = NULL;
    UNIT_FAILS(crypto_x509_from_der(bytes, size, &cert), code, field);
    CU_ASSERT_PTR_NULL(cert);
}

static void check_span(struct crypto_span span, const char *hex) {
    uint8_t expected[128];
    const size_t size = unit_hex(hex, expected, sizeof expected);
    CU_ASSERT_EQUAL(span.size, size);
    if (span.size == size) UNIT_BYTES(span.bytes, expected, size);
}

/* PSS, SHA-384, 48 bytes of salt, without the default trailer (certificate notes, 1.1, form B). */
#define FORM_B                                                                                     \
    "304106092A864886F70D01010A3034A00F300D06096086480165030402020500"                             \
    "A11C301A06092A864886F70D010108300D06096086480165030402020500A203020130"

/* C=US, CN=ARK-Genoa */
#define ISSUER_NAME "3021310b30090603550406130255533112301006035504030c0941524b2d47656e6f61"

static X509 *ca_cert(EVP_PKEY *key) {
    X509 *cert = sample_cert("SEV-Genoa", key);
    sample_extension(cert, CRYPTO_OID_SUBJECT_KEY_ID, false, "0403010203");
    sample_extension(cert, CRYPTO_OID_BASIC_CONSTRAINTS, true, "30060101ff020100");
    sample_extension(cert, "1.3.6.1.4.1.3704.1.3.1", false, "020103");
    sample_extension(cert, "1.3.6.1.4.1.3704.1.3.1", false, "");
    return cert;
}

static void test_parts(void) {
    EVP_PKEY *ask = sample_key("ask-genoa"), *ark = sample_key("ark-genoa");
    X509 *made = ca_cert(ask);
    sample_sign(made, ark, &sample_amd_signing);
    const struct crypto_span der = sample_cert_der(made);
    struct crypto_x509 *cert = parse(der);

    CU_ASSERT_TRUE(crypto_span_equal(cert->der, der));
    CU_ASSERT_EQUAL(cert->version, 3);
    check_span(cert->serial, "020001");
    check_span(cert->algorithm, FORM_B);
    check_span(cert->tbs_algorithm, FORM_B);
    check_span(cert->issuer.der, ISSUER_NAME);
    CU_ASSERT_EQUAL(cert->signature.size, 512);
    CU_ASSERT_PTR_EQUAL(cert->tbs.bytes, cert->der.bytes + 4);
    CU_ASSERT_PTR_EQUAL(cert->tbs.bytes + cert->tbs.size, cert->algorithm.bytes);
    CU_ASSERT_EQUAL(cert->not_before, INT64_C(1767225600));
    CU_ASSERT_EQUAL(cert->not_after, INT64_C(1798761599));
    CU_ASSERT_FALSE(cert->unique_ids);
    free((void *)der.bytes);
    crypto_x509_free(cert);
    crypto_x509_free(NULL);
    EVP_PKEY_free(ask);
    EVP_PKEY_free(ark);
}

static void test_names(void) {
    EVP_PKEY *ask = sample_key("ask-genoa");
    X509 *made = sample_cert("SEV-Genoa", ask);
    X509_NAME *subject = X509_get_subject_name(made);
    /* A second attribute of the same relative name, and a second common name. */
    CU_ASSERT_FATAL(X509_NAME_add_entry_by_txt(subject, "O", V_ASN1_UTF8STRING,
                                               (const unsigned char *)"o", 1, -1, -1) == 1);
    CU_ASSERT_FATAL(X509_NAME_add_entry_by_txt(subject, "CN", V_ASN1_T61STRING,
                                               (const unsigned char *)"x", 1, -1, 0) == 1);
    sample_sign(made, ask, &sample_amd_signing);
    const struct crypto_span der = sample_cert_der(made);
    struct crypto_x509 *cert = parse(der);

    static const struct {
        const char *oid, *value;
        uint8_t tag;
        size_t rdn;
    } expected[] = {
        {"2.5.4.6", "US", 0x13, 0},
        {"2.5.4.3", "SEV-Genoa", 0x0C, 1},
        {"2.5.4.10", "o", 0x0C, 1},
        {"2.5.4.3", "x", 0x14, 2},
    };
    CU_ASSERT_EQUAL_FATAL(cert->subject.count, 4);
    for (size_t i = 0; i < 4; i++) {
        /* DER sorts the attributes of one relative name: by length here. */
        const struct crypto_attribute *a = &cert->subject.attributes[i];
        const size_t j = i == 1 ? 2 : i == 2 ? 1 : i;
        CU_ASSERT_STRING_EQUAL(a->oid, expected[j].oid);
        CU_ASSERT_EQUAL(a->tag, expected[j].tag);
        CU_ASSERT_EQUAL(a->rdn, expected[j].rdn);
        CU_ASSERT_EQUAL(a->value.size, strlen(expected[j].value));
        UNIT_BYTES(a->value.bytes, expected[j].value, a->value.size);
    }
    CU_ASSERT_PTR_EQUAL(crypto_name_only(&cert->subject, "2.5.4.6"), &cert->subject.attributes[0]);
    CU_ASSERT_PTR_NULL(crypto_name_only(&cert->subject, CRYPTO_OID_COMMON_NAME));
    CU_ASSERT_PTR_NULL(crypto_name_only(&cert->subject, "2.5.4.7"));
    CU_ASSERT_EQUAL(cert->issuer.count, 2);
    free((void *)der.bytes);
    crypto_x509_free(cert);
    EVP_PKEY_free(ask);
}

static void test_extensions(void) {
    EVP_PKEY *ask = sample_key("ask-genoa");
    X509 *made = ca_cert(ask);
    sample_sign(made, ask, &sample_amd_signing);
    const struct crypto_span der = sample_cert_der(made);
    struct crypto_x509 *cert = parse(der);
    const struct crypto_extensions *all = &cert->extensions;
    CU_ASSERT_EQUAL_FATAL(all->count, 4);
    CU_ASSERT_STRING_EQUAL(all->list[0].oid, "2.5.29.14");
    CU_ASSERT_FALSE(all->list[0].critical);
    check_span(all->list[0].value, "0403010203");
    CU_ASSERT_STRING_EQUAL(all->list[1].oid, "2.5.29.19");
    CU_ASSERT_TRUE(all->list[1].critical);
    CU_ASSERT_STRING_EQUAL(all->list[3].oid, "1.3.6.1.4.1.3704.1.3.1");
    check_span(all->list[3].value, "");
    CU_ASSERT_PTR_EQUAL(crypto_extension_find(all, "1.3.6.1.4.1.3704.1.3.1"), &all->list[2]);
    CU_ASSERT_PTR_NULL(crypto_extension_find(all, "1.3.6.1.4.1.3704.1.3"));
    CU_ASSERT_EQUAL(crypto_extension_count(all, "1.3.6.1.4.1.3704.1.3.1"), 2);
    CU_ASSERT_EQUAL(crypto_extension_count(all, "2.5.29.35"), 0);
    free((void *)der.bytes);
    crypto_x509_free(cert);
    EVP_PKEY_free(ask);
}

static void check_kind(EVP_PKEY *key, enum crypto_key_kind kind, unsigned bits) {
    const struct crypto_span der = sample_simple("key", key, "ark-genoa");
    struct crypto_x509 *cert = parse(der);
    unsigned char *spki = NULL;
    const int size = i2d_PUBKEY(key, &spki);
    CU_ASSERT_EQUAL(cert->key_kind, kind);
    CU_ASSERT_EQUAL(cert->key_bits, bits);
    CU_ASSERT_EQUAL_FATAL(cert->spki.size, (size_t)size);
    UNIT_BYTES(cert->spki.bytes, spki, cert->spki.size);
    if (kind == CRYPTO_KEY_P384) {
        struct crypto_ec_public *pub = NULL;
        UNIT_BYTES(cert->xy, spki + size - 96, 96);
        UNIT_OK(crypto_ec_public_new(cert->xy, &pub));
        crypto_ec_public_free(pub);
    }
    OPENSSL_free(spki);
    free((void *)der.bytes);
    crypto_x509_free(cert);
    EVP_PKEY_free(key);
}

static void test_keys(void) {
    check_kind(sample_key("ask-genoa"), CRYPTO_KEY_RSA, 4096);
    check_kind(EVP_RSA_gen(2048), CRYPTO_KEY_RSA, 2048);
    check_kind(EVP_EC_gen("P-384"), CRYPTO_KEY_P384, 384);
    check_kind(EVP_EC_gen("P-256"), CRYPTO_KEY_OTHER, 0);
    check_kind(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), CRYPTO_KEY_OTHER, 0);
}

/* A curve given by its name only, a point in full only, and on the curve. */
static void test_p384_forms(void) {
    EVP_PKEY *key = EVP_EC_gen("P-384");
    CU_ASSERT_FATAL(EVP_PKEY_set_utf8_string_param(key, "point-format", "compressed") == 1);
    check_kind(key, CRYPTO_KEY_OTHER, 0);
    key = EVP_EC_gen("P-384");
    CU_ASSERT_FATAL(EVP_PKEY_set_utf8_string_param(key, "encoding", "explicit") == 1);
    check_kind(key, CRYPTO_KEY_OTHER, 0);

    key = EVP_EC_gen("P-384");
    const struct crypto_span der = sample_simple("key", key, "ark-genoa");
    struct crypto_x509 *cert = parse(der);
    uint8_t *const point = (uint8_t *)der.bytes + (cert->spki.bytes - cert->der.bytes) + 23;
    crypto_x509_free(cert);
    CU_ASSERT_EQUAL(*point, 0x04);
    *point = 0x06 | (point[96] & 1); /* the hybrid form, which OpenSSL takes */
    cert = parse(der);
    CU_ASSERT_EQUAL(cert->key_kind, CRYPTO_KEY_OTHER);
    crypto_x509_free(cert);
    *point = 0x04;
    point[96] ^= 1; /* off the curve */
    cert = parse(der);
    CU_ASSERT_EQUAL(cert->key_kind, CRYPTO_KEY_OTHER);
    crypto_x509_free(cert);
    free((void *)der.bytes);
    EVP_PKEY_free(key);
}

static void test_sizes(void) {
    EVP_PKEY *ask = sample_key("ask-genoa");
    const struct crypto_span der = sample_simple("SEV-Genoa", ask, "ark-genoa");
    uint8_t *bytes = calloc(1, CRYPTO_X509_SIZE_MAX + 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
    memcpy(bytes, der.bytes, der.size);
    check_refused(bytes, 0, SEVKIT_BAD_LENGTH, "certificate");
    check_refused(bytes, CRYPTO_X509_SIZE_MAX + 1, SEVKIT_BAD_LENGTH, "certificate");
    check_refused(bytes, CRYPTO_X509_SIZE_MAX, SEVKIT_BAD_ENCODING, "certificate");
    check_refused(bytes, der.size + 1, SEVKIT_BAD_ENCODING, "certificate");
    for (size_t size = 1; size < der.size; size++)
        check_refused(bytes, size, SEVKIT_BAD_ENCODING, "certificate");
    free(bytes);
    free((void *)der.bytes);
    EVP_PKEY_free(ask);
}

/* Puts BYTES at AT in place of COUNT bytes, and grows the two outer lengths, both 30 82 xx xx. */
static size_t splice(const struct crypto_span der, size_t at, size_t count, const uint8_t *bytes,
                     size_t size, uint8_t out[4096]) {
    memcpy(out, der.bytes, at);
    memcpy(out + at, bytes, size);
    memcpy(out + at + size, der.bytes + at + count, der.size - at - count);
    for (size_t header = 0; header <= 4; header += 4) {
        const size_t length = (size_t)out[header + 2] << 8 | out[header + 3];
        out[header + 2] = (uint8_t)((length + size - count) >> 8);
        out[header + 3] = (uint8_t)(length + size - count);
    }
    return der.size + size - count;
}

/* What OpenSSL reads, but DER forbids. The sample's tbs starts at 4, its version at 8, its serial at
 * 13: 02 03 02 00 01. */
static void test_not_der(void) {
    static const struct {
        size_t at, count;
        const char *bytes;
    } defects[] = {
        {13, 2, "028103"},                            /* a length in long form without need */
        {13, 2, "02820003"},                          /* and longer still */
        {13, 5, "020400020001"},                      /* a number with an unneeded zero */
        {8, 5, "a080020102"},                         /* an indefinite length that never ends */
        {8, 5, "a08002010200 00"}, {13, 2, "1f8203"}, /* a tag of two bytes */
    };
    EVP_PKEY *ask = sample_key("ask-genoa");
    const struct crypto_span der = sample_simple("SEV-Genoa", ask, "ark-genoa");
    uint8_t bytes[16], out[4096];
    CU_ASSERT_EQUAL_FATAL(der.bytes[13], 0x02);
    const size_t same = splice(der, 13, 5, der.bytes + 13, 5, out);
    struct crypto_x509 *cert = NULL;
    UNIT_OK(crypto_x509_from_der(out, same, &cert));
    crypto_x509_free(cert);
    for (size_t i = 0; i < sizeof defects / sizeof defects[0]; i++) {
        const size_t size = unit_hex(defects[i].bytes, bytes, sizeof bytes);
        const size_t total = splice(der, defects[i].at, defects[i].count, bytes, size, out);
        check_refused(out, total, SEVKIT_BAD_ENCODING, "certificate");
    }
    /* The whole object with an indefinite length. */
    memcpy(out, der.bytes, der.size);
    out[1] = 0x80;
    check_refused(out, der.size, SEVKIT_BAD_ENCODING, "certificate");
    free((void *)der.bytes);
    EVP_PKEY_free(ask);
}

/* Turns the outer algorithm's parameters, 30 34 A0 .. 30, into a BIT STRING whose unused bit is set: a
 * header walk sees no fault, and only encoding anew does. */
static void test_encoded_again(void) {
    EVP_PKEY *ask = sample_key("ask-genoa");
    const struct crypto_span der = sample_simple("SEV-Genoa", ask, "ark-genoa");
    struct crypto_x509 *cert = parse(der);
    uint8_t *const parameters =
        (uint8_t *)der.bytes + (cert->algorithm.bytes - cert->der.bytes) + 13;
    crypto_x509_free(cert);
    CU_ASSERT_EQUAL_FATAL(parameters[0], 0x30);
    parameters[0] = 0x03;
    parameters[2] = 0x01;
    crypto_x509_free(parse(der)); /* the bit is still zero */
    parameters[1 + 0x34] |= 0x01;
    check_refused(der.bytes, der.size, SEVKIT_BAD_ENCODING, "certificate");
    free((void *)der.bytes);
    EVP_PKEY_free(ask);
}

/* The place of HEX in DER. */
static size_t find(struct crypto_span der, const char *hex) {
    uint8_t wanted[32];
    const size_t size = unit_hex(hex, wanted, sizeof wanted);
    for (size_t i = 0; i + size <= der.size; i++)
        if (memcmp(der.bytes + i, wanted, size) == 0) return i;
    CU_FAIL_FATAL("bytes are not there");
    return 0;
}

static void test_critical_flag(void) {
    EVP_PKEY *ask = sample_key("ask-genoa");
    X509 *made = ca_cert(ask);
    sample_sign(made, ask, &sample_amd_signing);
    const struct crypto_span der = sample_cert_der(made);
    uint8_t *const flag = (uint8_t *)der.bytes + find(der, "551d13 0101ff") + 5;
    *flag = 0x01; /* true in BER only */
    check_refused(der.bytes, der.size, SEVKIT_BAD_ENCODING, "certificate");
    *flag = 0x00; /* the default, written down */
    check_refused(der.bytes, der.size, SEVKIT_BAD_ENCODING, "certificate");
    free((void *)der.bytes);
    EVP_PKEY_free(ask);
}

static void test_version(void) {
    EVP_PKEY *ask = sample_key("ask-genoa");
    for (long version = 0; version <= 3; version++) {
        X509 *made = sample_cert("SEV-Genoa", ask);
        CU_ASSERT_FATAL(X509_set_version(made, version) == 1);
        sample_sign(made, ask, &sample_amd_signing);
        const struct crypto_span der = sample_cert_der(made);
        if (version == 3) {
            check_refused(der.bytes, der.size, SEVKIT_BAD_VALUE, "version");
        } else {
            struct crypto_x509 *cert = parse(der);
            CU_ASSERT_EQUAL(cert->version, (unsigned)version + 1);
            crypto_x509_free(cert);
        }
        free((void *)der.bytes);
    }
    /* v1, the default, written down */
    const struct crypto_span der = sample_simple("SEV-Genoa", ask, "ark-genoa");
    ((uint8_t *)der.bytes)[find(der, "a003020102") + 4] = 0;
    check_refused(der.bytes, der.size, SEVKIT_BAD_ENCODING, "version");
    ((uint8_t *)der.bytes)[find(der, "a003020100") + 4] = 0xFF; /* below v1 */
    check_refused(der.bytes, der.size, SEVKIT_BAD_VALUE, "version");
    free((void *)der.bytes);
    EVP_PKEY_free(ask);
}

/* notBefore is 17 0D "260101000000Z", notAfter 18 0F "20261231235959Z" or as DER has it. */
static void test_times(void) {
    static const char *const bad[] = {"260101000000+", "261301000000Z", "260230000000Z",
                                      "2601010000 0Z", "260101240000Z", "-60101000000Z"};
    EVP_PKEY *ask = sample_key("ask-genoa");
    const struct crypto_span der = sample_simple("SEV-Genoa", ask, "ark-genoa");
    uint8_t *const not_before = (uint8_t *)der.bytes + find(der, "170d323630313031");
    struct crypto_x509 *cert = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        memcpy(not_before + 2, bad[i], 13);
        check_refused(der.bytes, der.size, SEVKIT_BAD_VALUE, "notBefore");
    }
    memcpy(not_before + 2, "500101000000Z", 13); /* 50 to 99 are of the last century */
    cert = parse(der);
    CU_ASSERT_EQUAL(cert->not_before, INT64_C(-631152000));
    crypto_x509_free(cert);
    memcpy(not_before + 2, "491231235959Z", 13);
    cert = parse(der);
    CU_ASSERT_EQUAL(cert->not_before, INT64_C(2524607999));
    crypto_x509_free(cert);
    memcpy(not_before + 2, "260101000000Z", 13);
    not_before[13 + 2 + 13 + 1] = 'z'; /* the Z of notAfter */
    check_refused(der.bytes, der.size, SEVKIT_BAD_VALUE, "notAfter");
    free((void *)der.bytes);
    EVP_PKEY_free(ask);
}

/* Forms that ASN.1 knows, but RFC 5280 does not allow. */
static void test_time_forms(void) {
    static const struct {
        int type;
        const char *text;
    } bad[] = {
        {V_ASN1_UTCTIME, "2601010000Z"},
        {V_ASN1_UTCTIME, "260101000000+0100"},
        {V_ASN1_GENERALIZEDTIME, "202601010000Z"},
        {V_ASN1_GENERALIZEDTIME, "00000101000000Z"},
        {V_ASN1_GENERALIZEDTIME, "20260101000000.5Z"},
        {V_ASN1_GENERALIZEDTIME, "20260101000000+0000"},
        {V_ASN1_GENERALIZEDTIME, "2026010100+0000"},
    };
    EVP_PKEY *ask = sample_key("ask-genoa");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        X509 *made = sample_cert("SEV-Genoa", ask);
        ASN1_TIME *time = X509_getm_notBefore(made);
        CU_ASSERT_FATAL(ASN1_STRING_set(time, bad[i].text, -1) == 1);
        time->type = bad[i].type;
        sample_sign(made, ask, &sample_amd_signing);
        const struct crypto_span der = sample_cert_der(made);
        check_refused(der.bytes, der.size, SEVKIT_BAD_VALUE, "notBefore");
        free((void *)der.bytes);
    }
    EVP_PKEY_free(ask);
}

/* The outer frame, before anything inside it is looked at. */
static void test_frame(void) {
    static const struct {
        const char *hex, *field;
    } frames[] = {
        {"0500", "certificate"},
        {"3000", "certificate"},
        {"300630003000 0400", "certificate"},
        {"3008300030000301 00 00", "certificate"},
        {"30073000300003 01 00", "certificate"},
        {"300630003000 0300", "signature"},
        {"30073000300003 01 01", "signature"},
    };
    uint8_t bytes[16];
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        const size_t size = unit_hex(frames[i].hex, bytes, sizeof bytes);
        check_refused(bytes, size, SEVKIT_BAD_ENCODING, frames[i].field);
    }
}

/* 79 characters of an object identifier are kept, 80 are refused. */
static void test_long_oid(void) {
    EVP_PKEY *ask = sample_key("ask-genoa");
    for (int size = 79; size <= 80; size++) {
        char oid[CRYPTO_OID_TEXT_SIZE + 1] = "1.2";
        for (int i = 3; i < size; i++) oid[i] = (size - i) % 2 == 0 ? '.' : '3';
        if (size == 80) oid[3] = '0'; /* an even count leaves one more digit */
        X509 *made = sample_cert("SEV-Genoa", ask);
        sample_extension(made, oid, false, "0500");
        sample_sign(made, ask, &sample_amd_signing);
        const struct crypto_span der = sample_cert_der(made);
        if (size == 80) {
            check_refused(der.bytes, der.size, SEVKIT_LIMIT, "extensions");
        } else {
            struct crypto_x509 *cert = parse(der);
            CU_ASSERT_STRING_EQUAL(cert->extensions.list[0].oid, oid);
            crypto_x509_free(cert);
        }
        free((void *)der.bytes);
    }
    EVP_PKEY_free(ask);
}

static void test_signature(void) {
    EVP_PKEY *ark = sample_key("ark-genoa"), *ask = sample_key("ask-genoa");
    EVP_PKEY *ec = EVP_EC_gen("P-384");
    const struct crypto_span ark_der = sample_simple("ARK-Genoa", ark, "ark-genoa");
    const struct crypto_span ask_der = sample_simple("SEV-Genoa", ask, "ark-genoa");
    const struct crypto_span leaf_der = sample_simple("SEV-VCEK", ec, "ask-genoa");
    struct crypto_x509 *root = parse(ark_der), *ca = parse(ask_der), *leaf = parse(leaf_der);
    UNIT_OK(crypto_x509_verify(root, root));
    UNIT_OK(crypto_x509_verify(ca, root));
    UNIT_OK(crypto_x509_verify(leaf, ca));
    UNIT_FAILS(crypto_x509_verify(leaf, root), SEVKIT_BAD_CRYPTO, "signature");
    UNIT_FAILS(crypto_x509_verify(ca, ca), SEVKIT_BAD_CRYPTO, "signature");
    UNIT_FAILS(crypto_x509_verify(ca, leaf), SEVKIT_BAD_VALUE, "issuer key");
    crypto_x509_free(root);
    crypto_x509_free(ca);
    crypto_x509_free(leaf);
    free((void *)ark_der.bytes);
    free((void *)ask_der.bytes);
    free((void *)leaf_der.bytes);
    EVP_PKEY_free(ark);
    EVP_PKEY_free(ask);
    EVP_PKEY_free(ec);
}

/* A signature that is right by its own parameters, but not by AMD's. */
static void test_other_parameters(void) {
    static const struct sample_signing others[] = {
        {"SHA384", 47}, {"SHA384", 32}, {"SHA384", 0}, {"SHA256", 48}, {"SHA512", 48}};
    EVP_PKEY *ark = sample_key("ark-genoa");
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        X509 *made = sample_cert("ARK-Genoa", ark);
        sample_sign(made, ark, &others[i]);
        const struct crypto_span der = sample_cert_der(made);
        struct crypto_x509 *cert = parse(der);
        UNIT_FAILS(crypto_x509_verify(cert, cert), SEVKIT_BAD_CRYPTO, "signature");
        crypto_x509_free(cert);
        free((void *)der.bytes);
    }
    EVP_PKEY_free(ark);
}

/* Bits that are not whole bytes. */
static void test_signature_bits(void) {
    EVP_PKEY *ark = sample_key("ark-genoa");
    const struct crypto_span der = sample_simple("ARK-Genoa", ark, "ark-genoa");
    uint8_t *const unused = (uint8_t *)der.bytes + der.size - 513;
    CU_ASSERT_EQUAL(*unused, 0);
    *unused = 1;
    check_refused(der.bytes, der.size, SEVKIT_BAD_ENCODING, "signature");
    free((void *)der.bytes);
    EVP_PKEY_free(ark);
}

static void test_pem(void) {
    EVP_PKEY *ark = sample_key("ark-genoa");
    const struct crypto_span der = sample_simple("ARK-Genoa", ark, "ark-genoa");
    BIO *bio = BIO_new(BIO_s_mem());
    struct crypto_x509 *cert = NULL;
    char *text;
    CU_ASSERT_FATAL(PEM_write_bio(bio, "CERTIFICATE", "", der.bytes, (long)der.size) > 0);
    size_t size = (size_t)BIO_get_mem_data(bio, &text);
    UNIT_OK(crypto_x509_from_pem_or_der((const uint8_t *)text, size, &cert));
    CU_ASSERT_TRUE(cert != NULL && crypto_span_equal(cert->der, der));
    crypto_x509_free(cert);
    cert = NULL;
    UNIT_OK(crypto_x509_from_pem_or_der(der.bytes, der.size, &cert));
    CU_ASSERT_TRUE(cert != NULL && crypto_span_equal(cert->der, der));
    crypto_x509_free(cert);
    cert = NULL;
    UNIT_FAILS(crypto_x509_from_pem_or_der(der.bytes, der.size - 1, &cert), SEVKIT_BAD_ENCODING,
               "certificate");
    /* PEM is no DER; a second block is one too many. */
    UNIT_FAILS(crypto_x509_from_der((const uint8_t *)text, size, &cert), SEVKIT_BAD_ENCODING,
               "certificate");
    CU_ASSERT_FATAL(PEM_write_bio(bio, "CERTIFICATE", "", der.bytes, (long)der.size) > 0);
    size = (size_t)BIO_get_mem_data(bio, &text);
    UNIT_FAILS(crypto_x509_from_pem_or_der((const uint8_t *)text, size, &cert), SEVKIT_BAD_ENCODING,
               "CERTIFICATE");
    BIO_free(bio);
    free((void *)der.bytes);
    EVP_PKEY_free(ark);
}

static const struct unit_test tests[] = {
    {"parts", test_parts},
    {"names", test_names},
    {"extensions", test_extensions},
    {"keys", test_keys},
    {"p384-forms", test_p384_forms},
    {"sizes", test_sizes},
    {"not-der", test_not_der},
    {"encoded-again", test_encoded_again},
    {"critical-flag", test_critical_flag},
    {"version", test_version},
    {"times", test_times},
    {"time-forms", test_time_forms},
    {"frame", test_frame},
    {"long-oid", test_long_oid},
    {"signature", test_signature},
    {"other-parameters", test_other_parameters},
    {"signature-bits", test_signature_bits},
    {"pem", test_pem},
    {NULL, NULL},
};

const struct unit_suite crypto_x509_suite = {"x509", tests};
