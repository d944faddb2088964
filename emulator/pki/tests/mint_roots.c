/* The CA certificates: AMD's sizes, serials and dates, signatures by the ARK, same bytes every
 * time. */
#include <string.h>

#include "crypto/x509.h"
#include "mint_fixture.h"
#include "unit/unit.h"

/* Certificate notes, section 1.2. */
struct row {
    enum abi_product product;
    const char *role, *subject, *issuer, *serial;
    int64_t not_before, not_after;
    size_t size;
};

static const struct row rows[] = {
    {ABI_PRODUCT_MILAN, "ARK", "ARK-Milan", "ARK-Milan", "010000", 1603387385, 2392305785, 1639},
    {ABI_PRODUCT_MILAN, "ASK", "SEV-Milan", "ARK-Milan", "010001", 1603391060, 2392309460, 1677},
    {ABI_PRODUCT_MILAN, "ASVK", "SEV-VLEK-Milan", "ARK-Milan", "010101", 1668638724, 2457557124,
     1683},
    {ABI_PRODUCT_GENOA, "ARK", "ARK-Genoa", "ARK-Genoa", "020000", 1643211277, 2432129677, 1639},
    {ABI_PRODUCT_GENOA, "ASK", "SEV-Genoa", "ARK-Genoa", "020002", 1667223228, 2456141628, 1677},
    {ABI_PRODUCT_GENOA, "ASVK", "SEV-VLEK-Genoa", "ARK-Genoa", "020101", 1668804514, 2457722914,
     1683},
    {ABI_PRODUCT_TURIN, "ARK", "ARK-Turin", "ARK-Turin", "030000", 1684180992, 2473185792, 1639},
    {ABI_PRODUCT_TURIN, "ASK", "SEV-Turin", "ARK-Turin", "030001", 1684182321, 2473187121, 1677},
    {ABI_PRODUCT_TURIN, "ASVK", "SEV-VLEK-Turin", "ARK-Turin", "030101", 1684184981, 2473189781,
     1683},
};

static const struct pki_der *pick(const struct mint_chain *chain, const char *role) {
    if (strcmp(role, "ARK") == 0) return &chain->ark;
    return strcmp(role, "ASK") == 0 ? &chain->ask : &chain->asvk;
}

static bool common_name_is(const struct crypto_name *name, const char *want) {
    const struct crypto_attribute *cn = crypto_name_only(name, CRYPTO_OID_COMMON_NAME);
    return cn != NULL && cn->value.size == strlen(want) &&
           memcmp(cn->value.bytes, want, cn->value.size) == 0;
}

static void profiles(void) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *row = &rows[i];
        struct mint_chain chain;
        struct crypto_x509 *cert, *ark;
        uint8_t serial[3];
        UNIT_OK(mint_chain(row->product, &chain));
        const struct pki_der *der = pick(&chain, row->role);
        CU_ASSERT_EQUAL(der->size, row->size);
        UNIT_OK(crypto_x509_from_der(der->bytes, der->size, &cert));
        UNIT_OK(crypto_x509_from_der(chain.ark.bytes, chain.ark.size, &ark));
        CU_ASSERT_EQUAL(cert->version, 3);
        CU_ASSERT_EQUAL(cert->serial.size, unit_hex(row->serial, serial, sizeof serial));
        UNIT_BYTES(cert->serial.bytes, serial, sizeof serial);
        CU_ASSERT(common_name_is(&cert->subject, row->subject));
        CU_ASSERT(common_name_is(&cert->issuer, row->issuer));
        CU_ASSERT_EQUAL(cert->not_before, row->not_before);
        CU_ASSERT_EQUAL(cert->not_after, row->not_after);
        CU_ASSERT_EQUAL(cert->key_kind, CRYPTO_KEY_RSA);
        CU_ASSERT_EQUAL(cert->key_bits, 4096);
        UNIT_OK(crypto_x509_verify(cert, ark));
        crypto_x509_free(cert);
        crypto_x509_free(ark);
    }
}

static void serials(void) {
    struct pki_roots *roots;
    uint8_t ask[3], asvk[3];
    UNIT_OK(pki_roots_new(ABI_PRODUCT_GENOA, &roots));
    pki_ca_serials(roots, ask, asvk);
    pki_roots_free(roots);
    UNIT_BYTES(ask, "\x02\x00\x02", 3);
    UNIT_BYTES(asvk, "\x02\x01\x01", 3);
}

static void same_bytes(void) {
    for (size_t i = 0; i < 3; i++) {
        struct mint_chain a, b;
        memset(&a, 0, sizeof a);
        memset(&b, 0, sizeof b);
        UNIT_OK(mint_chain(mint_products[i], &a));
        UNIT_OK(mint_chain(mint_products[i], &b));
        UNIT_BYTES(&a, &b, sizeof a);
    }
}

static void unknown_product(void) {
    struct pki_roots *roots;
    UNIT_FAILS(pki_roots_new(ABI_PRODUCT_UNKNOWN, &roots), SEVKIT_BAD_VALUE, "product");
    CU_ASSERT_PTR_NULL(roots);
    pki_roots_free(roots);
}

static const struct unit_test tests[] = {
    {"profiles", profiles},
    {"serials", serials},
    {"same-bytes", same_bytes},
    {"unknown-product", unknown_product},
    {NULL, NULL},
};

const struct unit_suite pki_mint_roots_suite = {"mint-roots", tests};
