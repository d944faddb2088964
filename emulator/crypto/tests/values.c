/* Values of well-known extensions, those of AMD's certificates among them. */
#include "crypto/tests/suites.h"
#include "crypto/x509.h"

static uint8_t bytes[64];

static struct crypto_span value(const char *hex) {
    return (struct crypto_span){bytes, unit_hex(hex, bytes, sizeof bytes)};
}

static void test_basic_constraints(void) {
    static const struct {
        const char *hex, *field; /* NULL: good */
        bool ca;
        int64_t path_length;
    } rows[] = {
        {"30030101ff", NULL, true, -1},      /* ARK */
        {"30060101ff020100", NULL, true, 0}, /* ASK, ASVK */
        {"30060101ff02017f", NULL, true, 127},
        {"3000", NULL, false, -1},
        {"3003020105", NULL, false, 5},
        {"", "basicConstraints", false, 0},
        {"0500", "basicConstraints", false, 0},
        {"30030101ff00", "basicConstraints", false, 0},
        {"30030101", "basicConstraints", false, 0},
        {"3003010101", "basicConstraints.cA", false, 0},
        {"3003010100", "basicConstraints.cA", false, 0},
        {"30020100", "basicConstraints.cA", false, 0},
        {"30030100ff", "basicConstraints.cA", false, 0},
        {"30040102ffff", "basicConstraints.cA", false, 0},
        {"30060101ff020180", "basicConstraints.pathLenConstraint", false, 0},
        {"30070101ff02020100", "basicConstraints.pathLenConstraint", false, 0},
        {"30080101ff0201000500", "basicConstraints", false, 0},
        {"30060201000101ff", "basicConstraints", false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct crypto_basic_constraints out = {false, 99};
        const struct sevkit_result r = crypto_basic_constraints_decode(value(rows[i].hex), &out);
        if (rows[i].field != NULL) {
            CU_ASSERT_FALSE(sevkit_ok(r));
            CU_ASSERT_STRING_EQUAL(r.field, rows[i].field);
            continue;
        }
        UNIT_OK(r);
        CU_ASSERT_EQUAL(out.ca, rows[i].ca);
        CU_ASSERT_EQUAL(out.path_length, rows[i].path_length);
    }
}

static void test_key_usage(void) {
    static const struct {
        const char *hex;
        bool good;
        uint32_t bits;
    } rows[] = {
        {"03020106", true, CRYPTO_USAGE_CERT_SIGN | CRYPTO_USAGE_CRL_SIGN}, /* ARK */
        {"03020104", true, CRYPTO_USAGE_CERT_SIGN}, /* ASK: one unused bit where two would do */
        {"03020204", true, CRYPTO_USAGE_CERT_SIGN},
        {"03020780", true, CRYPTO_USAGE_DIGITAL_SIGNATURE},
        {"0303070080", true, 1u << 8},
        {"", false, 0},
        {"04020106", false, 0},
        {"0302010600", false, 0},
        {"030100", false, 0},
        {"0300", false, 0},
        {"03020105", false, 0}, /* an unused bit is set */
        {"03020800", false, 0},
        {"030400000000", false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t bits = 0;
        const struct sevkit_result r = crypto_key_usage_decode(value(rows[i].hex), &bits);
        if (rows[i].good) {
            UNIT_OK(r);
            CU_ASSERT_EQUAL(bits, rows[i].bits);
        } else {
            UNIT_FAILS(r, SEVKIT_BAD_ENCODING, "keyUsage");
        }
    }
}

static void test_key_ids(void) {
    struct crypto_span id = {NULL, 0};
    UNIT_OK(crypto_subject_key_id_decode(value("0403010203"), &id));
    CU_ASSERT_EQUAL(id.size, 3);
    UNIT_BYTES(id.bytes, "\x01\x02\x03", 3);
    UNIT_FAILS(crypto_subject_key_id_decode(value("040301020300"), &id), SEVKIT_BAD_ENCODING,
               "subjectKeyIdentifier");
    UNIT_FAILS(crypto_subject_key_id_decode(value("0303010203"), &id), SEVKIT_BAD_ENCODING,
               "subjectKeyIdentifier");
    UNIT_OK(crypto_authority_key_id_decode(value("30048002aabb"), &id));
    CU_ASSERT_EQUAL(id.size, 2);
    UNIT_BYTES(id.bytes, "\xAA\xBB", 2);
    static const char *const bad[] = {"",
                                      "3000",
                                      "30048002aabb00",
                                      "8002aabb",
                                      "30048202aabb",
                                      "30078002aabb820101",
                                      "3003800101 00",
                                      "30048003aabb"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        UNIT_FAILS(crypto_authority_key_id_decode(value(bad[i]), &id), SEVKIT_BAD_ENCODING,
                   "authorityKeyIdentifier");
}

static const struct unit_test tests[] = {
    {"basic-constraints", test_basic_constraints},
    {"key-usage", test_key_usage},
    {"key-ids", test_key_ids},
    {NULL, NULL},
};

const struct unit_suite crypto_values_suite = {"values", tests};
