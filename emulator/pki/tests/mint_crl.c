/* The CRL: version, dates, entries, extensions, signer, refusals. */
#include <string.h>

#include "crypto/x509.h"
#include "mint_fixture.h"
#include "unit/unit.h"

#define NOW SEVKIT_EPOCH_EMBEDDED
#define LATER (NOW + 86400)

static const uint8_t serials[2][3] = {{0x01, 0x00, 0x01}, {0x01, 0x01, 0x01}};

static SEVKIT_MUST struct sevkit_result mint(int64_t from, int64_t to, const uint8_t (*list)[3],
                                             size_t count, struct pki_der *out) {
    struct pki_roots *roots;
    SEVKIT_TRY(pki_roots_new(ABI_PRODUCT_MILAN, &roots));
    const struct sevkit_result r = pki_mint_crl(roots, from, to, list, count, out);
    pki_roots_free(roots);
    return r;
}

static void check_extensions(const struct crypto_crl *crl, const struct crypto_x509 *ark) {
    const struct crypto_extension *number =
        crypto_extension_find(&crl->extensions, CRYPTO_OID_CRL_NUMBER);
    const struct crypto_extension *authority =
        crypto_extension_find(&crl->extensions, CRYPTO_OID_AUTHORITY_KEY_ID);
    const struct crypto_extension *subject =
        crypto_extension_find(&ark->extensions, CRYPTO_OID_SUBJECT_KEY_ID);
    struct crypto_span authority_id, subject_id;
    CU_ASSERT_EQUAL(crl->extensions.count, 2);
    CU_ASSERT_PTR_NOT_NULL_FATAL(number);
    CU_ASSERT_PTR_NOT_NULL_FATAL(authority);
    CU_ASSERT_PTR_NOT_NULL_FATAL(subject);
    UNIT_BYTES(number->value.bytes, "\x02\x04\x69\x55\xB9\x00", 6); /* 0x6955B900 is NOW */
    UNIT_OK(crypto_authority_key_id_decode(authority->value, &authority_id));
    UNIT_OK(crypto_subject_key_id_decode(subject->value, &subject_id));
    CU_ASSERT(crypto_span_equal(authority_id, subject_id));
}

static void check(const uint8_t (*list)[3], size_t count) {
    struct mint_chain chain;
    struct pki_der der;
    struct crypto_crl *crl;
    struct crypto_x509 *ark;
    UNIT_OK(mint_chain(ABI_PRODUCT_MILAN, &chain));
    UNIT_OK(mint(NOW, LATER, list, count, &der));
    UNIT_OK(crypto_crl_from_der(der.bytes, der.size, &crl));
    UNIT_OK(crypto_x509_from_der(chain.ark.bytes, chain.ark.size, &ark));
    CU_ASSERT_EQUAL(crl->version, 2);
    CU_ASSERT(crypto_span_equal(crl->issuer.der, ark->subject.der));
    CU_ASSERT_EQUAL(crl->this_update, NOW);
    CU_ASSERT(crl->has_next_update);
    CU_ASSERT_EQUAL(crl->next_update, LATER);
    CU_ASSERT_EQUAL(crl->count, count);
    CU_ASSERT_EQUAL(crl->algorithm.size, 72);
    CU_ASSERT(crypto_span_equal(crl->algorithm, crl->tbs_algorithm));
    for (size_t i = 0; i < count; i++) {
        const struct crypto_span serial = {list[i], 3};
        const struct crypto_crl_entry *entry = crypto_crl_find(crl, serial);
        CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
        CU_ASSERT_EQUAL(entry->date, NOW);
    }
    check_extensions(crl, ark);
    UNIT_OK(crypto_crl_verify(crl, ark));
    crypto_crl_free(crl);
    crypto_x509_free(ark);
}

static void empty(void) {
    check(NULL, 0);
}

static void revoked(void) {
    check(serials, 2);
}

static void refusals(void) {
    static const uint8_t negative[1][3] = {{0x80, 0, 0}}, padded[1][3] = {{0, 1, 1}};
    struct pki_der der;
    UNIT_FAILS(mint(-1, LATER, NULL, 0, &der), SEVKIT_BAD_VALUE, "this_update");
    UNIT_FAILS(mint(2524608000, 2524608000, NULL, 0, &der), SEVKIT_BAD_VALUE, "this_update");
    UNIT_FAILS(mint(NOW, 2524608000, NULL, 0, &der), SEVKIT_BAD_VALUE, "next_update");
    UNIT_FAILS(mint(NOW, NOW - 1, NULL, 0, &der), SEVKIT_BAD_VALUE, "next_update");
    UNIT_OK(mint(NOW, NOW, NULL, 0, &der));
    UNIT_OK(mint(0, 2524607999, NULL, 0, &der));
    UNIT_FAILS(mint(NOW, LATER, negative, 1, &der), SEVKIT_BAD_VALUE, "serials");
    UNIT_FAILS(mint(NOW, LATER, padded, 1, &der), SEVKIT_BAD_VALUE, "serials");
}

/* More serials than PKI_DER_MAX holds are an error, not a cut list. */
static void too_many(void) {
    static uint8_t many[100][3];
    struct pki_der der;
    for (size_t i = 0; i < 100; i++) memcpy(many[i], serials[0], 3);
    UNIT_FAILS(mint(NOW, LATER, many, 100, &der), SEVKIT_LIMIT, "CRL");
    UNIT_OK(mint(NOW, LATER, many, 40, &der));
}

static const struct unit_test tests[] = {
    {"empty", empty},       {"revoked", revoked}, {"refusals", refusals},
    {"too-many", too_many}, {NULL, NULL},
};

const struct unit_suite pki_mint_crl_suite = {"mint-crl", tests};
