/* Names and extensions byte by byte as AMD's, for where no genuine samples are at hand (mint_real.c
 * compares with them). Certificate notes, sections 1 and 2. */
#include <string.h>

#include "crypto/x509.h"
#include "mint_fixture.h"
#include "unit/unit.h"

#define VALUE_MAX 128
#define MASKED 20 /* bytes of a key identifier, which cannot be AMD's */

struct extension {
    const char *oid, *value;
};

#define ARC "1.3.6.1.4.1.3704.1."
#define HWID_8 "0001020304050607"
#define HWID_64                                                                                    \
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"                             \
    "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
#define CSP_ID "161d434e3d63632d65752d776573742d312e616d617a6f6e6177732e636f6d"

/* The fixture's TCB: fmc 1, bl 3, tee 2, snp 22, microcode 80. */
#define SPL_GENOA                                                                                  \
    {ARC "3.1", "020103"}, {ARC "3.2", "020102"}, {ARC "3.4", "020100"}, {ARC "3.5", "020100"},    \
        {ARC "3.6", "020100"}, {ARC "3.7", "020100"}, {ARC "3.3", "020116"}, {                     \
        ARC "3.8", "020150"                                                                        \
    }
#define SPL_TURIN                                                                                  \
    {ARC "3.9", "020101"}, {ARC "3.1", "020103"}, {ARC "3.2", "020102"}, {ARC "3.3", "020116"},    \
        {ARC "3.5", "020100"}, {ARC "3.6", "020100"}, {ARC "3.7", "020100"}, {                     \
        ARC "3.8", "020150"                                                                        \
    }

#define LEAF_EXTENSIONS 11

static const struct {
    enum abi_product product;
    bool vlek;
    struct extension list[LEAF_EXTENSIONS];
} leaves[] = {
    {ABI_PRODUCT_MILAN,
     false,
     {{ARC "1", "020100"}, {ARC "2", "16084d696c616e2d4230"}, SPL_GENOA, {ARC "4", HWID_64}}},
    {ABI_PRODUCT_GENOA,
     false,
     {{ARC "1", "020100"}, {ARC "2", "160547656e6f61"}, SPL_GENOA, {ARC "4", HWID_64}}},
    {ABI_PRODUCT_TURIN,
     false,
     {{ARC "1", "020101"}, {ARC "2", "1605547572696e"}, SPL_TURIN, {ARC "4", HWID_8}}},
    {ABI_PRODUCT_MILAN,
     true,
     {{ARC "1", "020100"}, {ARC "2", "16054d696c616e"}, SPL_GENOA, {ARC "5", CSP_ID}}},
    /* UNCONFIRMED: no such VLEK has been seen (docs/ambiguities.md). */
    {ABI_PRODUCT_GENOA,
     true,
     {{ARC "1", "020100"}, {ARC "2", "160547656e6f61"}, SPL_GENOA, {ARC "5", CSP_ID}}},
    {ABI_PRODUCT_TURIN,
     true,
     {{ARC "1", "020101"}, {ARC "2", "1605547572696e"}, SPL_TURIN, {ARC "5", CSP_ID}}},
};

static void check_value(const struct crypto_extension *got, const struct extension *want) {
    uint8_t value[VALUE_MAX];
    const size_t size = unit_hex(want->value, value, sizeof value);
    CU_ASSERT_STRING_EQUAL(got->oid, want->oid);
    CU_ASSERT_EQUAL_FATAL(got->value.size, size);
    UNIT_BYTES(got->value.bytes, value, size);
}

static void leaf_extensions(void) {
    for (size_t i = 0; i < sizeof leaves / sizeof *leaves; i++) {
        const struct pki_leaf leaf =
            leaves[i].vlek ? mint_vlek(leaves[i].product) : mint_vcek(leaves[i].product);
        struct pki_der der;
        struct crypto_x509 *cert;
        UNIT_OK(mint_one(&leaf, &der));
        UNIT_OK(crypto_x509_from_der(der.bytes, der.size, &cert));
        CU_ASSERT_EQUAL_FATAL(cert->extensions.count, LEAF_EXTENSIONS);
        for (size_t j = 0; j < LEAF_EXTENSIONS; j++)
            check_value(&cert->extensions.list[j], &leaves[i].list[j]);
        crypto_x509_free(cert);
    }
}

/* ---- CA certificates ---- */

#define KEY_USAGE CRYPTO_OID_KEY_USAGE
#define SKI CRYPTO_OID_SUBJECT_KEY_ID
#define AKI CRYPTO_OID_AUTHORITY_KEY_ID
#define CONSTRAINTS CRYPTO_OID_BASIC_CONSTRAINTS
#define CRL CRYPTO_OID_CRL_DISTRIBUTION
#define ID_20 "0000000000000000000000000000000000000000"
/* https://kdsintf.amd.com/vcek/v1/Milan/crl and .../vlek/v1/Milan/crl */
#define URL_HEAD "3031302fa02da02b862968747470733a2f2f6b6473696e74662e616d642e636f6d2f76"
#define URL_TAIL "656b2f76312f4d696c616e2f63726c"
#define CA_EXTENSIONS_MAX 5

static const struct {
    size_t count;
    struct extension list[CA_EXTENSIONS_MAX];
} cas[] = {
    {4,
     {{KEY_USAGE, "03020106"},
      {SKI, "0414" ID_20},
      {CONSTRAINTS, "30030101ff"},
      {CRL, URL_HEAD "63" URL_TAIL}}},
    {5,
     {{SKI, "0414" ID_20},
      {AKI, "30168014" ID_20},
      {CONSTRAINTS, "30060101ff020100"},
      {KEY_USAGE, "03020104"},
      {CRL, URL_HEAD "63" URL_TAIL}}},
    {5,
     {{SKI, "0414" ID_20},
      {AKI, "30168014" ID_20},
      {CONSTRAINTS, "30060101ff020100"},
      {KEY_USAGE, "03020104"},
      {CRL, URL_HEAD "6c" URL_TAIL}}},
};

/* As check_value, with the 20 bytes of a key identifier masked. */
static void check_ca_value(const struct crypto_extension *got, const struct extension *want) {
    const bool id = strcmp(got->oid, SKI) == 0 || strcmp(got->oid, AKI) == 0;
    const bool critical = strcmp(got->oid, KEY_USAGE) == 0 || strcmp(got->oid, CONSTRAINTS) == 0;
    uint8_t masked[VALUE_MAX];
    struct crypto_extension copy = *got;
    CU_ASSERT_EQUAL(got->critical, critical);
    CU_ASSERT_FATAL(got->value.size <= sizeof masked && got->value.size > MASKED * id);
    memcpy(masked, got->value.bytes, got->value.size);
    if (id) memset(masked + got->value.size - MASKED, 0, MASKED);
    copy.value.bytes = masked;
    check_value(&copy, want);
}

static void ca_extensions(void) {
    struct mint_chain chain;
    UNIT_OK(mint_chain(ABI_PRODUCT_MILAN, &chain));
    const struct pki_der *ders[] = {&chain.ark, &chain.ask, &chain.asvk};
    for (size_t i = 0; i < sizeof cas / sizeof *cas; i++) {
        struct crypto_x509 *cert;
        UNIT_OK(crypto_x509_from_der(ders[i]->bytes, ders[i]->size, &cert));
        CU_ASSERT_EQUAL_FATAL(cert->extensions.count, cas[i].count);
        for (size_t j = 0; j < cas[i].count; j++)
            check_ca_value(&cert->extensions.list[j], &cas[i].list[j]);
        crypto_x509_free(cert);
    }
}

static void name(void) {
    static const char want_hex[] = "307b 3114 3012 0603 55040b 0c0b 456e67696e656572696e67"
                                   "310b 3009 0603 550406 1302 5553"
                                   "3114 3012 0603 550407 0c0b 53616e746120436c617261"
                                   "310b 3009 0603 550408 0c02 4341"
                                   "311f 301d 0603 55040a 0c16"
                                   "416476616e636564204d6963726f2044657669636573"
                                   "3112 3010 0603 550403 0c09 41524b2d4d696c616e";
    struct mint_chain chain;
    struct crypto_x509 *cert;
    uint8_t want[VALUE_MAX];
    const size_t size = unit_hex(want_hex, want, sizeof want);
    UNIT_OK(mint_chain(ABI_PRODUCT_MILAN, &chain));
    UNIT_OK(crypto_x509_from_der(chain.ark.bytes, chain.ark.size, &cert));
    CU_ASSERT_EQUAL_FATAL(cert->subject.der.size, size);
    UNIT_BYTES(cert->subject.der.bytes, want, size);
    CU_ASSERT(crypto_span_equal(cert->issuer.der, cert->subject.der));
    crypto_x509_free(cert);
}

static const struct unit_test tests[] = {
    {"leaf-extensions", leaf_extensions},
    {"ca-extensions", ca_extensions},
    {"name", name},
    {NULL, NULL},
};

const struct unit_suite pki_mint_bytes_suite = {"mint-bytes", tests};
