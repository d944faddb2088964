/* Reading certificates: exactly one, DER or PEM, and what its names claim. Certificate notes,
 * sections 1.2 and 1.3. */
#include <stdlib.h>
#include <string.h>

#include "mint_fixture.h"
#include "sevkit/verify.h"
#include "unit/unit.h"

static void test_roles(void) {
    struct mint_chain c;
    for (size_t i = 0; i < 3; i++) {
        UNIT_OK(mint_chain(mint_products[i], &c));
        const struct {
            const struct pki_der *der;
            enum pki_role role;
            const char *name;
        } rows[] = {{&c.ark, PKI_ROLE_ARK, "ARK"},
                    {&c.ask, PKI_ROLE_ASK, "ASK"},
                    {&c.asvk, PKI_ROLE_ASVK, "ASVK"},
                    {&c.vcek, PKI_ROLE_VCEK, "VCEK"},
                    {&c.vlek, PKI_ROLE_VLEK, "VLEK"}};
        for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
            struct pki_cert *cert;
            size_t size;
            UNIT_OK(pki_cert_parse(rows[k].der->bytes, rows[k].der->size, &cert));
            CU_ASSERT(pki_cert_role(cert) == rows[k].role);
            CU_ASSERT(pki_cert_product(cert) == mint_products[i]);
            CU_ASSERT_STRING_EQUAL(pki_role_name(pki_cert_role(cert)), rows[k].name);
            const uint8_t *der = pki_cert_der(cert, &size);
            CU_ASSERT(size == rows[k].der->size);
            UNIT_BYTES(der, rows[k].der->bytes, size);
            const bool self = sevkit_ok(pki_cert_check_self_signed(cert));
            CU_ASSERT(self == (rows[k].role == PKI_ROLE_ARK));
            pki_cert_free(cert);
        }
    }
}

static void fails(const uint8_t *bytes, size_t size) {
    struct pki_cert *cert = NULL;
    UNIT_FAILS(pki_cert_parse(bytes, size, &cert), SEVKIT_BAD_ENCODING, NULL);
}

/* Every cut of a certificate, in memory of exactly that size, and what may follow one. */
static void test_not_one_certificate(void) {
    struct mint_chain c;
    uint8_t bytes[2 * PKI_DER_MAX];
    char pem[8192];
    UNIT_OK(mint_chain(ABI_PRODUCT_MILAN, &c));
    for (size_t size = 1; size < c.vcek.size; size++) {
        struct pki_cert *cert = NULL;
        uint8_t *exact = malloc(size);
        memcpy(exact, c.vcek.bytes, size);
        CU_ASSERT(!sevkit_ok(pki_cert_parse(exact, size, &cert)));
        free(exact);
    }
    struct pki_cert *none = NULL;
    CU_ASSERT(!sevkit_ok(pki_cert_parse(bytes, 0, &none)));
    memcpy(bytes, c.vcek.bytes, c.vcek.size);
    bytes[c.vcek.size] = 0;
    fails(bytes, c.vcek.size + 1);
    memcpy(bytes + c.vcek.size, c.ask.bytes, c.ask.size);
    fails(bytes, c.vcek.size + c.ask.size);
    UNIT_OK(pki_pem(c.vcek.bytes, c.vcek.size, pem, sizeof pem));
    const size_t one = strlen(pem);
    struct pki_cert *cert;
    UNIT_OK(pki_cert_parse((const uint8_t *)pem, one, &cert));
    CU_ASSERT(pki_cert_role(cert) == PKI_ROLE_VCEK);
    pki_cert_free(cert);
    memcpy(pem + one, pem, one);
    fails((const uint8_t *)pem, 2 * one);
    fails(c.crl.bytes, c.crl.size);
}

/* No byte of a certificate can be changed into a crash; the changed one never passes as the same.
 */
static void test_flips(void) {
    struct mint_chain c;
    size_t parsed = 0;
    UNIT_OK(mint_chain(ABI_PRODUCT_TURIN, &c));
    for (size_t i = 0; i < c.vcek.size; i++) {
        struct pki_leaf_info info;
        struct pki_cert *cert = NULL;
        char text[4096];
        c.vcek.bytes[i] ^= 0xFF;
        if (sevkit_ok(pki_cert_parse(c.vcek.bytes, c.vcek.size, &cert))) {
            parsed++;
            pki_cert_text(cert, text, sizeof text);
            (void)sevkit_ok(pki_cert_leaf_info(cert, &info));
            pki_cert_free(cert);
        }
        c.vcek.bytes[i] ^= 0xFF;
    }
    CU_ASSERT(parsed > CRYPTO_P384_SIZE);
}

static void test_text(void) {
    struct mint_chain c;
    struct pki_cert *cert;
    char text[8192], cut[32];
    UNIT_OK(mint_chain(ABI_PRODUCT_TURIN, &c));
    UNIT_OK(pki_cert_parse(c.vcek.bytes, c.vcek.size, &cert));
    pki_cert_text(cert, text, sizeof text);
    CU_ASSERT(strstr(text, "role: VCEK\n") != NULL);
    CU_ASSERT(strstr(text, "product line: Turin\n") != NULL);
    CU_ASSERT(strstr(text, "not before: 2026-01-01T00:00:00Z\n") != NULL);
    CU_ASSERT(strstr(text, "not after: 2033-01-01T00:00:00Z\n") != NULL);
    CU_ASSERT(strstr(text, "fmcSPL: 1\nblSPL: 3\nteeSPL: 2\nsnpSPL: 22\nucodeSPL: 80\n") != NULL);
    CU_ASSERT(strstr(text, "hwID: 0001020304050607\n") != NULL);
    pki_cert_text(cert, cut, sizeof cut);
    CU_ASSERT(strlen(cut) == sizeof cut - 1);
    UNIT_BYTES(cut, text, sizeof cut - 1);
    pki_cert_free(cert);
}

static const struct unit_test tests[] = {
    {"roles-and-lines", test_roles},
    {"not-one-certificate", test_not_one_certificate},
    {"every-byte-flipped", test_flips},
    {"text", test_text},
    {NULL, NULL},
};

const struct unit_suite pki_cert_suite = {"cert", tests};
