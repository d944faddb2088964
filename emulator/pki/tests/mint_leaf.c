/* VCEK and VLEK certificates: sizes, PSS form by date, signer, and every refused argument. */
#include <string.h>

#include "crypto/x509.h"
#include "mint_fixture.h"
#include "unit/unit.h"

#define FORM_A_SIZE 72
#define FORM_B_SIZE 67
#define LAST_FORM_A 1730851199  /* 2024-11-05T23:59:59Z */
#define FIRST_FORM_B 1730851200 /* 2024-11-06T00:00:00Z */

/* TCBs that the samples' sizes belong to: microcode below and from 128 on. */
#define MILAN_LOW UINT64_C(0x7308000000000003)
#define MILAN_HIGH UINT64_C(0xDB18000000000004)
#define GENOA_LOW UINT64_C(0x541700000000000A)
#define TURIN_LOW UINT64_C(0x5100000004010101)

static void sizes(void) {
    static const struct {
        enum abi_product product;
        bool vlek;
        uint64_t tcb;
        int64_t not_before;
        size_t size; /* certificate notes, section 1.3 */
    } rows[] = {
        {ABI_PRODUCT_MILAN, false, MILAN_LOW, LAST_FORM_A, 1360},
        {ABI_PRODUCT_MILAN, false, MILAN_HIGH, LAST_FORM_A, 1361},
        {ABI_PRODUCT_MILAN, false, MILAN_HIGH, FIRST_FORM_B, 1351},
        {ABI_PRODUCT_GENOA, false, GENOA_LOW, FIRST_FORM_B, 1347},
        {ABI_PRODUCT_TURIN, false, TURIN_LOW, FIRST_FORM_B, 1289},
        {ABI_PRODUCT_MILAN, true, MILAN_LOW, LAST_FORM_A, 1328},
        {ABI_PRODUCT_MILAN, true, MILAN_HIGH, FIRST_FORM_B, 1319},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pki_leaf leaf =
            rows[i].vlek ? mint_vlek(rows[i].product) : mint_vcek(rows[i].product);
        struct pki_der der;
        leaf.tcb = rows[i].tcb;
        leaf.not_before = rows[i].not_before;
        UNIT_OK(mint_one(&leaf, &der));
        CU_ASSERT_EQUAL(der.size, rows[i].size);
    }
}

static void pss_form(void) {
    static const struct {
        int64_t not_before;
        size_t size;
    } rows[] = {{LAST_FORM_A, FORM_A_SIZE}, {FIRST_FORM_B, FORM_B_SIZE}};
    for (size_t i = 0; i < 2; i++) {
        struct pki_leaf leaf = mint_vcek(ABI_PRODUCT_GENOA);
        struct pki_der der;
        struct crypto_x509 *cert;
        leaf.not_before = rows[i].not_before;
        UNIT_OK(mint_one(&leaf, &der));
        UNIT_OK(crypto_x509_from_der(der.bytes, der.size, &cert));
        CU_ASSERT_EQUAL(cert->algorithm.size, rows[i].size);
        CU_ASSERT(crypto_span_equal(cert->algorithm, cert->tbs_algorithm));
        crypto_x509_free(cert);
    }
}

static void check_leaf(const struct pki_der *der, const struct pki_der *signer, int64_t not_after) {
    struct crypto_x509 *cert, *issuer;
    UNIT_OK(crypto_x509_from_der(der->bytes, der->size, &cert));
    UNIT_OK(crypto_x509_from_der(signer->bytes, signer->size, &issuer));
    UNIT_OK(crypto_x509_verify(cert, issuer));
    CU_ASSERT(crypto_span_equal(cert->issuer.der, issuer->subject.der));
    CU_ASSERT_EQUAL(cert->version, 3);
    CU_ASSERT_EQUAL(cert->serial.size, 1);
    CU_ASSERT_EQUAL(cert->serial.bytes[0], 0);
    CU_ASSERT_EQUAL(cert->not_before, SEVKIT_EPOCH_EMBEDDED);
    CU_ASSERT_EQUAL(cert->not_after, not_after);
    CU_ASSERT_EQUAL(cert->key_kind, CRYPTO_KEY_P384);
    CU_ASSERT_EQUAL(cert->extensions.count, 11);
    for (size_t i = 0; i < cert->extensions.count; i++) {
        CU_ASSERT_FALSE(cert->extensions.list[i].critical);
        CU_ASSERT(strncmp(cert->extensions.list[i].oid, "1.3.6.1.4.1.3704.1.", 19) == 0);
    }
    crypto_x509_free(cert);
    crypto_x509_free(issuer);
}

static void signers(void) {
    for (size_t i = 0; i < 3; i++) {
        struct mint_chain chain;
        UNIT_OK(mint_chain(mint_products[i], &chain));
        check_leaf(&chain.vcek, &chain.ask, 1988150400);  /* 2033-01-01 */
        check_leaf(&chain.vlek, &chain.asvk, 1798761600); /* 2027-01-01 */
    }
}

/* A leap day's certificate ends on the 28th, in the last second that the year allows too. */
static void validity(void) {
    struct pki_leaf leaf = mint_vcek(ABI_PRODUCT_GENOA);
    struct pki_der der;
    struct crypto_x509 *cert;
    leaf.not_before = 1709208000; /* 2024-02-29T12:00:00Z */
    UNIT_OK(mint_one(&leaf, &der));
    UNIT_OK(crypto_x509_from_der(der.bytes, der.size, &cert));
    CU_ASSERT_EQUAL(cert->not_after, 1930046400); /* 2031-02-28T12:00:00Z */
    crypto_x509_free(cert);
    leaf.not_before = 2303683199; /* 2042-12-31T23:59:59Z */
    UNIT_OK(mint_one(&leaf, &der));
    leaf.not_before = -631152000; /* 1950-01-01T00:00:00Z */
    UNIT_OK(mint_one(&leaf, &der));
}

static void product_names(void) {
    struct pki_leaf leaf = mint_vcek(ABI_PRODUCT_MILAN);
    struct pki_der plain, same, other;
    UNIT_OK(mint_one(&leaf, &plain));
    leaf.product_name = "Milan-B0";
    UNIT_OK(mint_one(&leaf, &same));
    CU_ASSERT_EQUAL(plain.size, same.size);
    UNIT_BYTES(plain.bytes, same.bytes, plain.size);
    leaf.product_name = "Milan-B1";
    UNIT_OK(mint_one(&leaf, &other));
    CU_ASSERT_EQUAL(plain.size, other.size);
    CU_ASSERT_NOT_EQUAL(memcmp(plain.bytes, other.bytes, plain.size), 0);
}

/* ---- refusals: one member wrong ---- */

static const char csp_100[] = "CN=3456789012345678901234567890123456789012345678901"
                              "234567890123456789012345678901234567890123456789";
static const char csp_101[] = "CN=3456789012345678901234567890123456789012345678901"
                              "2345678901234567890123456789012345678901234567890";

static void refuse(struct pki_leaf leaf, enum sevkit_code code, const char *field) {
    struct pki_der der;
    UNIT_FAILS(mint_one(&leaf, &der), code, field);
}

/* As REFUSE, for what only the certificate cares about. */
static void refuse_mint(struct pki_leaf leaf, const char *field) {
    struct crypto_ec_key *key;
    UNIT_OK(pki_leaf_key(&leaf, &key));
    crypto_ec_key_free(key);
    refuse(leaf, SEVKIT_BAD_VALUE, field);
}

static void bad_ids(void) {
    struct pki_leaf leaf = mint_vcek(ABI_PRODUCT_GENOA);
    leaf.hwid_size = 8;
    refuse(leaf, SEVKIT_BAD_VALUE, "hwid");
    leaf.hwid_size = 63;
    refuse(leaf, SEVKIT_BAD_VALUE, "hwid");
    leaf = mint_vcek(ABI_PRODUCT_TURIN);
    leaf.hwid_size = 64;
    refuse(leaf, SEVKIT_BAD_VALUE, "hwid");

    leaf = mint_vlek(ABI_PRODUCT_MILAN);
    leaf.csp_id = "";
    refuse(leaf, SEVKIT_BAD_VALUE, "csp_id");
    CU_ASSERT_EQUAL(strlen(csp_101), 101);
    leaf.csp_id = csp_101;
    refuse(leaf, SEVKIT_BAD_VALUE, "csp_id");
    leaf.csp_id = "CN=caf\xC3\xA9";
    refuse(leaf, SEVKIT_BAD_VALUE, "csp_id");
    leaf.csp_id = "CN=\x7F";
    refuse(leaf, SEVKIT_BAD_VALUE, "csp_id");
    leaf.csp_id = "CN=a\nb";
    refuse(leaf, SEVKIT_BAD_VALUE, "csp_id");
    leaf = mint_vlek(ABI_PRODUCT_MILAN);
    leaf.hwid_size = 64;
    refuse(leaf, SEVKIT_BAD_VALUE, "hwid");
}

static void longest_csp_id(void) {
    struct pki_leaf leaf = mint_vlek(ABI_PRODUCT_MILAN);
    struct pki_der der;
    CU_ASSERT_EQUAL(strlen(csp_100), 100);
    leaf.csp_id = csp_100;
    UNIT_OK(mint_one(&leaf, &der));
}

/* Each reserved byte of both TCB layouts, in the key's derivation and in the certificate alike. */
static void bad_tcb(void) {
    static const struct {
        enum abi_product product;
        unsigned byte;
    } rows[] = {
        {ABI_PRODUCT_MILAN, 2}, {ABI_PRODUCT_MILAN, 3}, {ABI_PRODUCT_GENOA, 4},
        {ABI_PRODUCT_GENOA, 5}, {ABI_PRODUCT_TURIN, 4}, {ABI_PRODUCT_TURIN, 5},
        {ABI_PRODUCT_TURIN, 6},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pki_leaf leaf = mint_vcek(rows[i].product);
        leaf.tcb |= UINT64_C(1) << 8 * rows[i].byte;
        refuse(leaf, SEVKIT_RESERVED, "tcb");
    }
}

/* Components above 127 have no certificate; microcode may have any value. */
static void large_components(void) {
    struct pki_leaf leaf = mint_vcek(ABI_PRODUCT_TURIN);
    struct pki_der der;
    leaf.tcb = UINT64_C(0xFF0000007F7F7F7F);
    UNIT_OK(mint_one(&leaf, &der));
    for (unsigned i = 0; i < 4; i++) {
        leaf.tcb = UINT64_C(0x80) << 8 * i;
        refuse_mint(leaf, "tcb");
    }
    leaf = mint_vcek(ABI_PRODUCT_GENOA);
    leaf.tcb = UINT64_C(0x0080000000000000);
    refuse_mint(leaf, "tcb");
}

static void bad_product(void) {
    struct pki_leaf leaf = mint_vcek(ABI_PRODUCT_GENOA);
    struct crypto_ec_key *key;
    struct pki_roots *roots;
    struct pki_der der;
    UNIT_OK(pki_leaf_key(&leaf, &key));
    UNIT_OK(pki_roots_new(ABI_PRODUCT_MILAN, &roots));
    UNIT_FAILS(pki_mint_leaf(roots, &leaf, key, &der), SEVKIT_BAD_VALUE, "product");
    leaf.product = ABI_PRODUCT_UNKNOWN;
    UNIT_FAILS(pki_mint_leaf(roots, &leaf, key, &der), SEVKIT_BAD_VALUE, "product");
    pki_roots_free(roots);
    crypto_ec_key_free(key);
}

static void bad_certificate_values(void) {
    struct pki_leaf leaf = mint_vcek(ABI_PRODUCT_GENOA);
    leaf.product_name = "";
    refuse_mint(leaf, "product_name");
    leaf.product_name = "12345678901234567890123456789012"; /* 32 */
    refuse_mint(leaf, "product_name");
    leaf.product_name = "Gen\xF6\x61";
    refuse_mint(leaf, "product_name");
    leaf = mint_vcek(ABI_PRODUCT_GENOA);
    leaf.not_before = -631152001; /* 1949 */
    refuse_mint(leaf, "not_before");
    leaf.not_before = 2524608000; /* 2050 */
    refuse_mint(leaf, "not_before");
    leaf.not_before = 2303683200; /* 2043: ends in 2050 */
    refuse_mint(leaf, "not_before");
}

static const struct unit_test tests[] = {
    {"sizes", sizes},
    {"pss-form", pss_form},
    {"signers", signers},
    {"validity", validity},
    {"product-names", product_names},
    {"longest-csp-id", longest_csp_id},
    {"bad-ids", bad_ids},
    {"bad-tcb", bad_tcb},
    {"large-components", large_components},
    {"bad-product", bad_product},
    {"bad-certificate-values", bad_certificate_values},
    {NULL, NULL},
};

const struct unit_suite pki_mint_leaf_suite = {"mint-leaf", tests};
