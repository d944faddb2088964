/* What every certificate has in common, and keys that follow from chip and TCB. Certificate notes, section 1.1. */
#include "verifier/cert.h"

#include <stdio.h>
#include <string.h>

bool cert_next(struct suite_ctx *ctx, const struct pki_der *der, size_t *at, const char *field,
               struct forge_bytes bytes) {
    const uint8_t *found = memmem(der->bytes + *at, der->size - *at, bytes.bytes, bytes.size);
    if (!suite_check(ctx, field, found != NULL, "these bytes, in this order")) return false;
    *at = (size_t)(found - der->bytes) + bytes.size;
    return true;
}

bool cert_next_text(struct suite_ctx *ctx, const struct pki_der *der, size_t *at, const char *field,
                    const char *text) {
    const struct forge_bytes bytes = {strlen(text), (const uint8_t *)text};
    return cert_next(ctx, der, at, field, bytes);
}

#define PSS_HEAD 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0A
#define SHA_384                                                                                    \
    0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00
#define HASH 0xA0, 0x0F, SHA_384
#define MGF1                                                                                       \
    0xA1, 0x1C, 0x30, 0x1A, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x08,      \
        SHA_384
#define SALT 0xA2, 0x03, 0x02, 0x01, 0x30
#define TRAILER 0xA3, 0x03, 0x02, 0x01, 0x01

bool cert_algorithm(struct suite_ctx *ctx, const struct pki_der *der, bool trailer) {
    static const uint8_t a[] = {0x30, 0x46, PSS_HEAD, 0x30, 0x39, HASH, MGF1, SALT, TRAILER};
    static const uint8_t b[] = {0x30, 0x41, PSS_HEAD, 0x30, 0x34, HASH, MGF1, SALT};
    static const uint8_t signature[] = {0x03, 0x82, 0x02, 0x01, 0x00};
    const struct forge_bytes form = {trailer ? sizeof a : sizeof b, trailer ? a : b};
    const struct forge_bytes bits = {sizeof signature, signature};
    size_t at = 0;
    return suite_equal(ctx, "size of the algorithm", trailer ? 72 : 67, form.size, "form A or B") &&
           cert_next(ctx, der, &at, "inner algorithm", form) &&
           cert_next(ctx, der, &at, "outer algorithm", form) &&
           cert_next(ctx, der, &at, "signature", bits) &&
           suite_equal(ctx, "signature", der->size, at + 512, "512 bytes at the end");
}

bool cert_name(struct suite_ctx *ctx, const struct pki_der *der, size_t *at,
               const char *common_name) {
    static const uint8_t fixed[] = {
        0x31, 0x14, 0x30, 0x12, 0x06, 0x03, 0x55, 0x04, 0x0B, 0x0C, 0x0B, 'E',  'n',  'g',  'i',
        'n',  'e',  'e',  'r',  'i',  'n',  'g',  0x31, 0x0B, 0x30, 0x09, 0x06, 0x03, 0x55, 0x04,
        0x06, 0x13, 0x02, 'U',  'S',  0x31, 0x14, 0x30, 0x12, 0x06, 0x03, 0x55, 0x04, 0x07, 0x0C,
        0x0B, 'S',  'a',  'n',  't',  'a',  ' ',  'C',  'l',  'a',  'r',  'a',  0x31, 0x0B, 0x30,
        0x09, 0x06, 0x03, 0x55, 0x04, 0x08, 0x0C, 0x02, 'C',  'A',  0x31, 0x1F, 0x30, 0x1D, 0x06,
        0x03, 0x55, 0x04, 0x0A, 0x0C, 0x16, 'A',  'd',  'v',  'a',  'n',  'c',  'e',  'd',  ' ',
        'M',  'i',  'c',  'r',  'o',  ' ',  'D',  'e',  'v',  'i',  'c',  'e',  's'};
    const size_t size = strlen(common_name);
    uint8_t name[sizeof fixed + 64];
    const uint8_t head[] = {
        0x31, (uint8_t)(size + 9), 0x30, (uint8_t)(size + 7), 0x06, 0x03, 0x55, 0x04, 0x03,
        0x0C, (uint8_t)size};
    memcpy(name, fixed, sizeof fixed);
    memcpy(name + sizeof fixed, head, sizeof head);
    memcpy(name + sizeof fixed + sizeof head, common_name, size);
    const struct forge_bytes whole = {sizeof fixed + sizeof head + size, name};
    return cert_next(ctx, der, at, common_name, whole);
}

static bool leaf_of(struct suite_ctx *ctx, struct pki_leaf leaf, struct pki_der *der,
                    uint8_t xy[96]) {
    struct pki_roots *roots;
    struct crypto_ec_key *key = NULL;
    if (!suite_setup(ctx, "roots", pki_roots_new(leaf.product, &roots))) return false;
    struct sevkit_result r = pki_leaf_key(&leaf, &key);
    if (sevkit_ok(r)) crypto_ec_key_public(key, xy);
    if (sevkit_ok(r)) r = pki_mint_leaf(roots, &leaf, key, der);
    crypto_ec_key_free(key);
    pki_roots_free(roots);
    return suite_setup(ctx, "leaf", r);
}

/* Another date keeps the key, another TCB, chip or CSP id does not. */
static void keys(struct suite_ctx *ctx) {
    static const uint8_t chip[64] = {1}, other[64] = {2};
    const struct pki_leaf vcek = {.product = ABI_PRODUCT_MILAN,
                                  .tcb = 0x7316000000000004,
                                  .hwid = chip,
                                  .hwid_size = 64,
                                  .not_before = 1767225600};
    const struct pki_leaf vlek = {.product = ABI_PRODUCT_MILAN,
                                  .tcb = 0x7316000000000004,
                                  .csp_id = "CN=a",
                                  .not_before = 1767225600};
    struct pki_leaf changed[6] = {vcek, vcek, vcek, vlek, vlek, vlek};
    struct pki_der first, again;
    uint8_t a[96], b[96];
    changed[0].not_before += VERIFIER_DAY;
    changed[1].tcb += 1;
    changed[2].hwid = other;
    changed[3].not_before += VERIFIER_DAY;
    changed[4].tcb += 1;
    changed[5].csp_id = "CN=b";
    for (size_t i = 0; i < 6; i++) {
        suite_instance(ctx, "change %zu", i);
        SUITE_STEP(leaf_of(ctx, i < 3 ? vcek : vlek, &first, a));
        SUITE_STEP(leaf_of(ctx, changed[i], &again, b));
        SUITE_EQUAL(ctx, "same key", i % 3 == 0, memcmp(a, b, sizeof a) == 0,
                    "chip or CSP, and TCB decide");
        SUITE_CHECK(ctx, "certificate", memmem(first.bytes, first.size, a, sizeof a) != NULL,
                    "it holds the key");
    }
}

/* The sizes of genuine leaves: form A before 2024-08-07, form B from 2024-11-06 on. */
static void sizes(struct suite_ctx *ctx) {
    static const uint8_t chip[64] = {1};
    static const int64_t form_a = 1722902400, form_b = 1730851200; /* 2024-08-06, 2024-11-06 */
    static const struct {
        enum abi_product product;
        const char *csp;
        uint8_t microcode;
        bool b;
        size_t size;
    } rows[] = {
        {ABI_PRODUCT_MILAN, NULL, 115, false, 1360},
        {ABI_PRODUCT_MILAN, NULL, 209, false, 1361},
        {ABI_PRODUCT_MILAN, NULL, 219, true, 1351},
        {ABI_PRODUCT_GENOA, NULL, 84, true, 1347},
        {ABI_PRODUCT_TURIN, NULL, 81, true, 1289},
        {ABI_PRODUCT_MILAN, "CN=cc-us-east-2.amazonaws.com", 115, false, 1328},
        {ABI_PRODUCT_MILAN, "CN=cc-us-east-2.amazonaws.com", 217, true, 1319},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct abi_tcb_parts parts = {1, 3, 1, 8, rows[i].microcode};
        const bool vlek = rows[i].csp != NULL;
        const struct pki_leaf leaf = {
            .product = rows[i].product,
            .tcb = abi_tcb_pack(rows[i].product, &parts),
            .hwid = vlek ? NULL : chip,
            .hwid_size = vlek ? 0 : abi_hwid_size(rows[i].product),
            .csp_id = rows[i].csp,
            .not_before = rows[i].b ? form_b : form_a,
        };
        struct pki_der der;
        uint8_t xy[96];
        suite_instance(ctx, "row %zu", i);
        SUITE_STEP(leaf_of(ctx, leaf, &der, xy));
        SUITE_STEP(cert_algorithm(ctx, &der, !rows[i].b));
        SUITE_EQUAL(ctx, "size", rows[i].size, der.size, "a genuine leaf's");
    }
}

static const struct suite_test tests[] = {
    {.id = "verifier.cert.keys",
     .title = "chip or CSP id, and TCB decide a leaf's key; its date does not",
     .requirements = SUITE_REQ("SNP-CERT-024"),
     .kind = SUITE_POSITIVE,
     .run = keys},
    {.id = "verifier.cert.sizes",
     .title = "leaves of genuine sizes, with the trailer up to 2024-08-06, without from 2024-11-06",
     .requirements = SUITE_REQ("SNP-CERT-002", "SNP-CERT-003", "SNP-CERT-005", "SNP-CERT-025"),
     .kind = SUITE_POSITIVE,
     .run = sizes},
};

const struct suite_area verifier_cert = VERIFIER_PART(tests);
