/* Damaged certificates and CRLs: no input may crash a parser, and what still parses must not verify
 * unless the damage lies where no signature reaches. The sanitizer build gives these tests teeth. */
#include <openssl/evp.h>
#include <stdlib.h>

#include "crypto/tests/samples.h"
#include "crypto/tests/suites.h"
#include "crypto/x509.h"

static struct crypto_span cert_sample(void) {
    EVP_PKEY *ark = sample_key("ark-genoa");
    X509 *made = sample_cert("ARK-Genoa", ark);
    sample_extension(made, CRYPTO_OID_BASIC_CONSTRAINTS, true, "30060101ff020100");
    sample_extension(made, CRYPTO_OID_KEY_USAGE, true, "03020106");
    sample_extension(made, CRYPTO_OID_AUTHORITY_KEY_ID, false, "30048002aabb");
    sample_extension(made, CRYPTO_OID_SUBJECT_KEY_ID, false, "0402aabb");
    sample_sign(made, ark, &sample_amd_signing);
    EVP_PKEY_free(ark);
    return sample_cert_der(made);
}

static struct crypto_x509 *root_new(struct crypto_span der) {
    struct crypto_x509 *root = NULL;
    UNIT_OK(crypto_x509_from_der(der.bytes, der.size, &root));
    CU_ASSERT_PTR_NOT_NULL_FATAL(root);
    return root;
}

static size_t touched; /* keeps the reads below */

static void touch(struct crypto_span span) {
    for (size_t i = 0; i < span.size; i++) touched += span.bytes[i];
}

static void touch_name(const struct crypto_name *name) {
    touch(name->der);
    for (size_t i = 0; i < name->count; i++) touch(name->attributes[i].value);
}

static void touch_extensions(const struct crypto_extensions *extensions) {
    for (size_t i = 0; i < extensions->count; i++) {
        const struct crypto_span value = extensions->list[i].value;
        struct crypto_basic_constraints constraints;
        struct crypto_span id;
        uint32_t bits;
        touch(value);
        touched += sevkit_ok(crypto_basic_constraints_decode(value, &constraints));
        touched += sevkit_ok(crypto_key_usage_decode(value, &bits));
        if (sevkit_ok(crypto_subject_key_id_decode(value, &id))) touch(id);
        if (sevkit_ok(crypto_authority_key_id_decode(value, &id))) touch(id);
    }
}

static bool lies_in(size_t place, struct crypto_span der, struct crypto_span part) {
    const size_t start = (size_t)(part.bytes - der.bytes);
    return place >= start && place - start < part.size;
}

/* Reads all of a certificate that is damaged at PLACE. True if it parsed. Only the outer algorithm may
 * be damaged when it verifies: no signature covers that. */
static bool cert_try(const uint8_t *bytes, size_t size, const struct crypto_x509 *root,
                     size_t place) {
    struct crypto_x509 *cert = NULL;
    if (!sevkit_ok(crypto_x509_from_der(bytes, size, &cert))) return false;
    touch_name(&cert->issuer);
    touch_name(&cert->subject);
    touch_extensions(&cert->extensions);
    touch(cert->serial);
    touch(cert->spki);
    if (sevkit_ok(crypto_x509_verify(cert, root)))
        CU_ASSERT_TRUE(lies_in(place, cert->der, cert->algorithm));
    if (cert->key_kind == CRYPTO_KEY_RSA) /* a damaged key as issuer */
        touched += sevkit_ok(crypto_x509_verify(root, cert));
    crypto_x509_free(cert);
    return true;
}

static void test_cert_bits(void) {
    const struct crypto_span der = cert_sample();
    struct crypto_x509 *root = root_new(der);
    uint8_t *const bytes = (uint8_t *)der.bytes;
    size_t parsed = 0;
    /* Past the first of its bytes, the 512 bytes of signature are all alike. */
    for (size_t bit = 0; bit < 8 * (der.size - 510); bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        parsed += cert_try(bytes, der.size, root, bit / 8);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    CU_ASSERT(parsed > 1000); /* flips of a key's or name's bits parse: both ways are walked */
    crypto_x509_free(root);
    free(bytes);
}

/* Every byte of the headers and names set to values that end or lengthen things. */
static void test_cert_bytes(void) {
    static const uint8_t values[] = {0x00, 0x01, 0x02, 0x03, 0x05, 0x06, 0x0C, 0x17, 0x18,
                                     0x1F, 0x24, 0x30, 0x31, 0x7F, 0x80, 0x81, 0x82, 0x83,
                                     0x84, 0x85, 0x88, 0x9F, 0xA0, 0xA1, 0xA3, 0xFE, 0xFF};
    const struct crypto_span der = cert_sample();
    struct crypto_x509 *root = root_new(der);
    uint8_t *const bytes = (uint8_t *)der.bytes;
    size_t parsed = 0;
    for (size_t i = 0; i < der.size; i++) {
        if (lies_in(i, root->der, root->spki) &&
            !lies_in(i, root->der, (struct crypto_span){root->spki.bytes, 40}))
            continue; /* a key's digits are no structure */
        if (i == der.size - 510) break;
        const uint8_t kept = bytes[i];
        for (size_t v = 0; v < sizeof values; v++) {
            bytes[i] = values[v];
            if (values[v] != kept) parsed += cert_try(bytes, der.size, root, i);
        }
        bytes[i] = kept;
    }
    CU_ASSERT(parsed > 100);
    crypto_x509_free(root);
    free(bytes);
}

/* Pieces taken out, doubled and overwritten, with lengths that no longer fit. */
static size_t damage(struct crypto_drbg *drbg, struct crypto_span der, uint8_t *out) {
    uint8_t dice[16];
    crypto_drbg_random(drbg, dice, sizeof dice);
    const size_t at = ((size_t)dice[0] << 8 | dice[1]) % der.size;
    const size_t count = (dice[2] & 31) < der.size - at ? dice[2] & 31 : der.size - at;
    memcpy(out, der.bytes, at);
    size_t size = at;
    if ((dice[3] & 3) == 1) { /* doubled */
        memcpy(out + size, der.bytes + at, count);
        size += count;
    } else if ((dice[3] & 3) == 2) { /* overwritten */
        crypto_drbg_random(drbg, out + size, count);
        size += count;
    }
    const size_t from = (dice[3] & 3) == 1 ? at : at + count;
    memcpy(out + size, der.bytes + from, der.size - from);
    size += der.size - from;
    if (dice[3] & 4) { /* the outer lengths mended, so that the damage is looked at */
        out[2] = (uint8_t)((size - 4) >> 8);
        out[3] = (uint8_t)(size - 4);
    }
    return size;
}

static void test_cert_pieces(void) {
    const struct crypto_span der = cert_sample();
    struct crypto_x509 *root = root_new(der);
    struct crypto_drbg drbg;
    uint8_t *out = malloc(der.size + 64);
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    crypto_drbg_init(&drbg, 509);
    for (size_t i = 0; i < 20000; i++) {
        const size_t size = damage(&drbg, der, out);
        const bool same = size == der.size && memcmp(out, der.bytes, size) == 0;
        struct crypto_x509 *cert = NULL;
        if (same || !sevkit_ok(crypto_x509_from_der(out, size, &cert))) continue;
        touch_extensions(&cert->extensions);
        if (!crypto_span_equal(cert->tbs, root->tbs) ||
            !crypto_span_equal(cert->signature, root->signature))
            UNIT_FAILS(crypto_x509_verify(cert, root), SEVKIT_BAD_CRYPTO, "signature");
        crypto_x509_free(cert);
    }
    free(out);
    crypto_x509_free(root);
    free((void *)der.bytes);
}

static void test_crl_bits(void) {
    EVP_PKEY *ark = sample_key("ark-genoa");
    X509_CRL *made = sample_crl();
    sample_crl_sign(made, ark);
    const struct crypto_span der = sample_crl_der(made), root_der = cert_sample();
    struct crypto_x509 *root = root_new(root_der);
    uint8_t *const bytes = (uint8_t *)der.bytes;
    size_t parsed = 0;
    for (size_t bit = 0; bit < 8 * (der.size - 510); bit++) {
        struct crypto_crl *crl = NULL;
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (sevkit_ok(crypto_crl_from_der(bytes, der.size, &crl))) {
            parsed++;
            touch_name(&crl->issuer);
            touch_extensions(&crl->extensions);
            for (size_t i = 0; i < crl->count; i++) touch(crl->entries[i].serial);
            if (sevkit_ok(crypto_crl_verify(crl, root)))
                CU_ASSERT_TRUE(lies_in(bit / 8, crl->der, crl->algorithm));
            crypto_crl_free(crl);
        }
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    CU_ASSERT(parsed > 100);
    crypto_x509_free(root);
    free(bytes);
    free((void *)root_der.bytes);
    EVP_PKEY_free(ark);
}

static void test_noise(void) {
    struct crypto_drbg drbg;
    uint8_t bytes[256];
    crypto_drbg_init(&drbg, 1);
    for (size_t i = 0; i < 20000; i++) {
        struct crypto_x509 *cert = NULL;
        struct crypto_crl *crl = NULL;
        crypto_drbg_random(&drbg, bytes, sizeof bytes);
        if (i & 1) bytes[0] = 0x30;
        if (i & 2) memcpy(bytes, "\x30\x81\xFD\x30\x81\xC0", 6);
        CU_ASSERT_FALSE(sevkit_ok(crypto_x509_from_pem_or_der(bytes, sizeof bytes, &cert)));
        CU_ASSERT_FALSE(sevkit_ok(crypto_crl_from_pem_or_der(bytes, sizeof bytes, &crl)));
    }
}

/* Nothing but headers inside headers: the walk has a floor. */
static void test_deep_nesting(void) {
    uint8_t *bytes = malloc(CRYPTO_X509_SIZE_MAX);
    struct crypto_x509 *cert = NULL;
    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
    const size_t size = 4 * 16000;
    for (size_t i = 0; i < size; i += 4) {
        const size_t length = size - i - 4;
        bytes[i] = 0x30;
        bytes[i + 1] = 0x82;
        bytes[i + 2] = (uint8_t)(length >> 8);
        bytes[i + 3] = (uint8_t)length;
    }
    UNIT_FAILS(crypto_x509_from_der(bytes, size, &cert), SEVKIT_BAD_ENCODING, "certificate");
    free(bytes);
}

static const struct unit_test tests[] = {
    {"cert-bits", test_cert_bits},
    {"cert-bytes", test_cert_bytes},
    {"cert-pieces", test_cert_pieces},
    {"crl-bits", test_crl_bits},
    {"noise", test_noise},
    {"deep-nesting", test_deep_nesting},
    {NULL, NULL},
};

const struct unit_suite crypto_mutate_suite = {"mutate", tests};
