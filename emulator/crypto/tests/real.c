/* Real certificates of AMD, where they are at hand: each is read, and every chain that index.json
 * marks verified does verify. SEVKIT_REAL names their folder. */
#include <ftw.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/digest.h"
#include "crypto/tests/samples.h"
#include "crypto/tests/suites.h"
#include "crypto/x509.h"

static const char *real_folder(void) {
    const char *folder = getenv("SEVKIT_REAL");
    return folder != NULL ? folder : "../shared/real";
}

static json_t *real_index(void) {
    char path[512];
    json_error_t error;
    snprintf(path, sizeof path, "%s/index.json", real_folder());
    return json_load_file(path, 0, &error);
}

static size_t files_read;

static struct crypto_x509 *cert_read(const char *path) {
    size_t size;
    struct crypto_x509 *cert = NULL;
    uint8_t *bytes = sample_file(path, &size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
    if (!unit_ok(crypto_x509_from_der(bytes, size, &cert))) CU_FAIL(path);
    free(bytes);
    return cert;
}

/* AMD's profile, as far as each certificate shows it (certificate notes, sections 1.1 to 1.3). */
static void check_profile(const struct crypto_x509 *cert) {
    CU_ASSERT_EQUAL(cert->version, 3);
    CU_ASSERT_EQUAL(cert->signature.size, 512);
    CU_ASSERT_TRUE(crypto_span_equal(cert->tbs_algorithm, cert->algorithm));
    CU_ASSERT_TRUE(cert->algorithm.size == 72 || cert->algorithm.size == 67);
    CU_ASSERT_EQUAL(cert->subject.count, 6);
    CU_ASSERT_EQUAL(cert->issuer.count, 6);
    CU_ASSERT_FALSE(cert->unique_ids);
    CU_ASSERT(cert->not_before < cert->not_after);
    if (cert->key_kind == CRYPTO_KEY_P384) {
        CU_ASSERT_EQUAL(cert->serial.size, 1);
        CU_ASSERT_EQUAL(cert->extensions.count, 11);
        return;
    }
    /* A CA's key identifier is the SHA-1 of the RSAPublicKey, 24 bytes into the 550 of the SPKI. */
    CU_ASSERT_EQUAL(cert->key_kind, CRYPTO_KEY_RSA);
    CU_ASSERT_EQUAL(cert->key_bits, 4096);
    CU_ASSERT_EQUAL_FATAL(cert->spki.size, 550);
    uint8_t digest[CRYPTO_SHA1_SIZE];
    struct crypto_span id;
    struct crypto_basic_constraints constraints = {false, -1};
    uint32_t usage = 0;
    const struct crypto_extension *ski =
        crypto_extension_find(&cert->extensions, CRYPTO_OID_SUBJECT_KEY_ID);
    const struct crypto_extension *bc =
        crypto_extension_find(&cert->extensions, CRYPTO_OID_BASIC_CONSTRAINTS);
    const struct crypto_extension *ku =
        crypto_extension_find(&cert->extensions, CRYPTO_OID_KEY_USAGE);
    CU_ASSERT_FATAL(ski != NULL && bc != NULL && ku != NULL);
    UNIT_OK(crypto_subject_key_id_decode(ski->value, &id));
    UNIT_OK(crypto_sha1(cert->spki.bytes + 24, cert->spki.size - 24, digest));
    CU_ASSERT_EQUAL_FATAL(id.size, sizeof digest);
    UNIT_BYTES(id.bytes, digest, sizeof digest);
    UNIT_OK(crypto_basic_constraints_decode(bc->value, &constraints));
    CU_ASSERT_TRUE(constraints.ca);
    UNIT_OK(crypto_key_usage_decode(ku->value, &usage));
    CU_ASSERT_TRUE(usage & CRYPTO_USAGE_CERT_SIGN);
}

static int visit(const char *path, const struct stat *status, int type, struct FTW *where) {
    (void)status;
    (void)where;
    const char *end = strrchr(path, '.');
    if (type != FTW_F || end == NULL || strcmp(end, ".der") != 0) return 0;
    struct crypto_x509 *cert = cert_read(path);
    if (cert == NULL) return 0;
    files_read++;
    check_profile(cert);
    crypto_x509_free(cert);
    return 0;
}

static void test_all_parse(void) {
    json_t *index = real_index();
    if (index == NULL) {
        unit_skip("no real samples: SEVKIT_REAL");
        return;
    }
    json_decref(index);
    files_read = 0;
    CU_ASSERT_EQUAL(nftw(real_folder(), visit, 16, FTW_PHYS), 0);
    CU_ASSERT(files_read > 0);
}

/* The certificate that REPORT's KEY names, or NULL. */
static struct crypto_x509 *named_cert(const json_t *report, const char *key) {
    char path[512];
    const char *name = json_string_value(json_object_get(report, key));
    if (name == NULL) return NULL;
    snprintf(path, sizeof path, "%s/%s", real_folder(), name);
    return cert_read(path);
}

static void test_chains(void) {
    json_t *index = real_index();
    if (index == NULL) {
        unit_skip("no real samples: SEVKIT_REAL");
        return;
    }
    size_t chains = 0, i;
    json_t *report;
    json_array_foreach(json_object_get(index, "reports"), i, report) {
        if (!json_is_true(json_object_get(report, "verified"))) continue;
        struct crypto_x509 *leaf = named_cert(report, "leaf");
        struct crypto_x509 *ca = named_cert(report, "ca"), *ark = named_cert(report, "ark");
        CU_ASSERT_FATAL(leaf != NULL && ca != NULL && ark != NULL);
        UNIT_OK(crypto_x509_verify(leaf, ca));
        UNIT_OK(crypto_x509_verify(ca, ark));
        UNIT_OK(crypto_x509_verify(ark, ark));
        UNIT_FAILS(crypto_x509_verify(leaf, ark), SEVKIT_BAD_CRYPTO, "signature");
        CU_ASSERT_TRUE(crypto_span_equal(leaf->issuer.der, ca->subject.der));
        CU_ASSERT_TRUE(crypto_span_equal(ca->issuer.der, ark->subject.der));
        crypto_x509_free(leaf);
        crypto_x509_free(ca);
        crypto_x509_free(ark);
        chains++;
    }
    CU_ASSERT(chains > 0);
    json_decref(index);
}

static const struct unit_test tests[] = {
    {"all-parse", test_all_parse},
    {"chains", test_chains},
    {NULL, NULL},
};

const struct unit_suite crypto_real_suite = {"real", tests};
