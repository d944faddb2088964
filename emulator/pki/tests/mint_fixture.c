/* See mint_fixture.h. */
#include "mint_fixture.h"

#define DAY 86400

const enum abi_product mint_products[3] = {ABI_PRODUCT_MILAN, ABI_PRODUCT_GENOA, ABI_PRODUCT_TURIN};

static uint64_t tcb(enum abi_product product) {
    const struct abi_tcb_parts parts = {
        .fmc = 1, .boot_loader = 3, .tee = 2, .snp = 22, .microcode = 0x50};
    return abi_tcb_pack(product, &parts);
}

struct pki_leaf mint_vcek(enum abi_product product) {
    static const uint8_t hwid[64] = {
        0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B, 0x0C,
        0x0D, 0x0E, 0x0F, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19,
        0x1A, 0x1B, 0x1C, 0x1D, 0x1E, 0x1F, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26,
        0x27, 0x28, 0x29, 0x2A, 0x2B, 0x2C, 0x2D, 0x2E, 0x2F, 0x30, 0x31, 0x32, 0x33,
        0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3A, 0x3B, 0x3C, 0x3D, 0x3E, 0x3F};
    return (struct pki_leaf){.product = product,
                             .tcb = tcb(product),
                             .hwid = hwid,
                             .hwid_size = abi_hwid_size(product),
                             .not_before = SEVKIT_EPOCH_EMBEDDED};
}

struct pki_leaf mint_vlek(enum abi_product product) {
    return (struct pki_leaf){.product = product,
                             .tcb = tcb(product),
                             .csp_id = "CN=cc-eu-west-1.amazonaws.com",
                             .not_before = SEVKIT_EPOCH_EMBEDDED};
}

static SEVKIT_MUST struct sevkit_result
mint_under(const struct pki_roots *roots, const struct pki_leaf *leaf, struct pki_der *out) {
    struct crypto_ec_key *key;
    SEVKIT_TRY(pki_leaf_key(leaf, &key));
    const struct sevkit_result r = pki_mint_leaf(roots, leaf, key, out);
    crypto_ec_key_free(key);
    return r;
}

struct sevkit_result mint_one(const struct pki_leaf *leaf, struct pki_der *out) {
    struct pki_roots *roots;
    SEVKIT_TRY(pki_roots_new(leaf->product, &roots));
    const struct sevkit_result r = mint_under(roots, leaf, out);
    pki_roots_free(roots);
    return r;
}

static SEVKIT_MUST struct sevkit_result
mint_all(const struct pki_roots *roots, enum abi_product product, struct mint_chain *chain) {
    const struct pki_leaf vcek = mint_vcek(product), vlek = mint_vlek(product);
    SEVKIT_TRY(pki_mint_ark(roots, &chain->ark));
    SEVKIT_TRY(pki_mint_ask(roots, &chain->ask));
    SEVKIT_TRY(pki_mint_asvk(roots, &chain->asvk));
    SEVKIT_TRY(mint_under(roots, &vcek, &chain->vcek));
    SEVKIT_TRY(mint_under(roots, &vlek, &chain->vlek));
    return pki_mint_crl(roots, SEVKIT_EPOCH_EMBEDDED - DAY, SEVKIT_EPOCH_EMBEDDED + 30 * DAY, NULL,
                        0, &chain->crl);
}

struct sevkit_result mint_chain(enum abi_product product, struct mint_chain *chain) {
    struct pki_roots *roots;
    SEVKIT_TRY(pki_roots_new(product, &roots));
    const struct sevkit_result r = mint_all(roots, product, chain);
    pki_roots_free(roots);
    return r;
}
