/* The derivation of docs/test-keys.md: known answers from an implementation in Python that was
 * written from that text, and every input counts. */
#include <string.h>

#include "mint_fixture.h"
#include "unit/unit.h"

static const struct {
    enum abi_product product;
    bool vlek;
    const char *x, *y, *root;
} rows[] = {
    {ABI_PRODUCT_MILAN, false,
     "2967f818b2ca2f6fc6191c2b0e17b20dc4315c5c42b5af160276b6ea56acdafe"
     "387ce318cca99590bffedc4028a371da",
     "a8f3e554aee9f2627c5ad6810fa8d6037ff965bbf2aea722c6d4decb16e56789"
     "33592915233d855a88761e4c4e7dd514",
     "5c954229f029720f73a37aa93a781f6d6808211764f8d38a078ee19a24f03c93"},
    {ABI_PRODUCT_GENOA, false,
     "602f2a7d94cb3792417f2894de481189051930649b7c4c1b7cf51ccadd169b8b"
     "876ae8f427d456e11407da1ef9c5e234",
     "7acacec480c1456722555f1da15f59f64c21b3f03833f90b3a32ff219d7d1cdc"
     "22207de5832b6a6fd1be77f28a347e96",
     "6b649769f94556d5226d0272536274570775a52b855e6990c8832c448a741fe0"},
    {ABI_PRODUCT_TURIN, false,
     "4e521f7d90e43c51eb354affef1e9d0b24c27db0ad8864af00e5d5b275425f66"
     "cbc5b8c01a05a8878d39ae8086bd86a2",
     "b53e09680bb2814a769a6b56055ef5bec3cdde9e9fde1407af5347ec8c11193e"
     "1645296a522f01a80b8993f5d1971db8",
     "dfed125620008768e12f878040b5d8ccccae71e802cbfce2246b91490d603670"},
    {ABI_PRODUCT_MILAN, true,
     "ca75ae97f35be00ae5b2bc9e379e8ecb42f5d16dda6a7e6b46afe26ee69f9a5e"
     "75bf4e2a823dc25e5195ce27dd4cfda2",
     "1efd307ba3b456dea528730dfb34b9f061aedc3fc0cbb23ad7def6e827e459c7"
     "81ca38f0a11d6ea2a7a5ce6dd1b71da0",
     "88a5fde632acd49b35c7f9f69f494512809ac35f79e2090eb8dcb4e22fbc5c2f"},
};

static void known_answers(void) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct pki_leaf leaf =
            rows[i].vlek ? mint_vlek(rows[i].product) : mint_vcek(rows[i].product);
        struct crypto_ec_key *key;
        uint8_t want[96], xy[96], secret[32];
        unit_hex(rows[i].x, want, 48);
        unit_hex(rows[i].y, want + 48, 48);
        UNIT_OK(pki_leaf_key(&leaf, &key));
        crypto_ec_key_public(key, xy);
        crypto_ec_key_free(key);
        UNIT_BYTES(xy, want, sizeof xy);
        unit_hex(rows[i].root, want, 32);
        UNIT_OK(pki_leaf_root_secret(&leaf, secret));
        UNIT_BYTES(secret, want, sizeof secret);
    }
}

#define VARIANTS 8

/* Leaves that differ from the first in one input each. */
static void make_variants(struct pki_leaf leaves[VARIANTS]) {
    static uint8_t other_hwid[64];
    memset(other_hwid, 0x77, sizeof other_hwid);
    for (size_t i = 0; i < 5; i++) leaves[i] = mint_vcek(ABI_PRODUCT_MILAN);
    leaves[1].product = ABI_PRODUCT_GENOA;
    leaves[2].hwid = other_hwid;
    leaves[3].tcb ^= 1;
    leaves[4].tcb ^= UINT64_C(1) << 56;
    for (size_t i = 5; i < VARIANTS; i++) leaves[i] = mint_vlek(ABI_PRODUCT_MILAN);
    leaves[6].csp_id = "CN=cc-eu-west-2.amazonaws.com";
    leaves[7].product = ABI_PRODUCT_GENOA;
}

static void inputs_count(void) {
    struct pki_leaf leaves[VARIANTS];
    uint8_t xy[VARIANTS][96], secret[VARIANTS][32];
    make_variants(leaves);
    for (size_t i = 0; i < VARIANTS; i++) {
        struct crypto_ec_key *key;
        UNIT_OK(pki_leaf_key(&leaves[i], &key));
        crypto_ec_key_public(key, xy[i]);
        crypto_ec_key_free(key);
        UNIT_OK(pki_leaf_root_secret(&leaves[i], secret[i]));
        for (size_t j = 0; j < i; j++) {
            CU_ASSERT_NOT_EQUAL(memcmp(xy[i], xy[j], 96), 0);
            CU_ASSERT_NOT_EQUAL(memcmp(secret[i], secret[j], 32), 0);
        }
    }
}

/* Name and dates of the certificate are no input of the key: the key outlives its certificates. */
static void certificate_does_not_count(void) {
    struct pki_leaf leaf = mint_vcek(ABI_PRODUCT_MILAN);
    uint8_t a[32], b[32];
    UNIT_OK(pki_leaf_root_secret(&leaf, a));
    leaf.product_name = "Milan-B1";
    leaf.not_before += 86400;
    UNIT_OK(pki_leaf_root_secret(&leaf, b));
    UNIT_BYTES(a, b, sizeof a);
}

/* The same refusals as for a certificate (mint-leaf has every one of them). */
static void refusals(void) {
    struct pki_leaf leaf = mint_vcek(ABI_PRODUCT_MILAN);
    struct crypto_ec_key *key;
    uint8_t secret[32];
    leaf.hwid_size = 8;
    UNIT_FAILS(pki_leaf_key(&leaf, &key), SEVKIT_BAD_VALUE, "hwid");
    UNIT_FAILS(pki_leaf_root_secret(&leaf, secret), SEVKIT_BAD_VALUE, "hwid");
    leaf = mint_vcek(ABI_PRODUCT_UNKNOWN);
    UNIT_FAILS(pki_leaf_key(&leaf, &key), SEVKIT_BAD_VALUE, "product");
    UNIT_FAILS(pki_leaf_root_secret(&leaf, secret), SEVKIT_BAD_VALUE, "product");
}

static const struct unit_test tests[] = {
    {"known-answers", known_answers},
    {"inputs-count", inputs_count},
    {"certificate-does-not-count", certificate_does_not_count},
    {"refusals", refusals},
    {NULL, NULL},
};

const struct unit_suite pki_mint_leaf_key_suite = {"mint-leaf-key", tests};
