/* VCEK and VLEK of a PSP: which one a request gets, and making them once. Guest message notes,
 * sections 7 and 9; attestation report notes, section 3. */
#include "psp/keys.h"

#include <string.h>

struct pki_leaf psp_leaf(const struct psp *psp, enum abi_signing_key kind, uint64_t tcb) {
    const struct sevkit_profile *p = &psp->profile;
    struct pki_leaf leaf = {.product = p->product, .tcb = tcb};
    if (kind == ABI_SIGNING_KEY_VLEK) {
        leaf.csp_id = p->csp_id;
    } else {
        leaf.product_name = p->product_name;
        leaf.hwid = p->chip_id;
        leaf.hwid_size = abi_hwid_size(p->product);
    }
    return leaf;
}

struct sevkit_result psp_signing_key(struct psp *psp, enum abi_signing_key kind,
                                     const struct crypto_ec_key **key) {
    struct psp_leaf_cache *cache = &psp->leaf[kind];
    const uint64_t tcb = psp->profile.reported_tcb;
    if (cache->key == NULL || cache->key_tcb != tcb) {
        const struct pki_leaf leaf = psp_leaf(psp, kind, tcb);
        struct crypto_ec_key *made = NULL;
        SEVKIT_TRY(pki_leaf_key(&leaf, &made));
        crypto_ec_key_free(cache->key);
        cache->key = made;
        cache->key_tcb = tcb;
    }
    *key = cache->key;
    return sevkit_success();
}

struct sevkit_result psp_root_secret(struct psp *psp, enum abi_signing_key kind, uint64_t tcb,
                                     uint8_t secret[PSP_SECRET_SIZE]) {
    struct psp_leaf_cache *cache = &psp->leaf[kind];
    if (!cache->has_secret || cache->secret_tcb != tcb) {
        const struct pki_leaf leaf = psp_leaf(psp, kind, tcb);
        cache->has_secret = false;
        SEVKIT_TRY(pki_leaf_root_secret(&leaf, cache->secret));
        cache->has_secret = true;
        cache->secret_tcb = tcb;
    }
    memcpy(secret, cache->secret, PSP_SECRET_SIZE);
    return sevkit_success();
}

bool psp_key_sel_allowed(const struct psp *psp, const struct psp_gctx *gctx, uint32_t key_sel) {
    const bool vlek = psp->profile.vlek_loaded, no_vcek = gctx->vcek_dis;
    const bool by_default = key_sel == ABI_KEY_SEL_DEFAULT;
    if (key_sel == ABI_KEY_SEL_RESERVED) return false;        /* @req SNP-REPREQ-004, SNP-KEY-008 */
    if (key_sel == ABI_KEY_SEL_VLEK && !vlek) return false;   /* @req SNP-REPREQ-005, SNP-KEY-009 */
    if (key_sel == ABI_KEY_SEL_VCEK && no_vcek) return false; /* @req SNP-REPREQ-006, SNP-KEY-010 */
    if (by_default && no_vcek && !vlek) return false;         /* @req SNP-REPREQ-007, SNP-KEY-011 */
    return true;
}

enum abi_signing_key psp_key_sel_kind(const struct psp *psp, uint32_t key_sel) {
    if (key_sel == ABI_KEY_SEL_VCEK) return ABI_SIGNING_KEY_VCEK; /* @req SNP-RPT-045 */
    /* KEY_SEL 2 is allowed only with a VLEK loaded, so it is the default then. */
    const bool vlek = psp->profile.vlek_loaded; /* @req SNP-RPT-042, SNP-RPT-043, SNP-RPT-047 */
    return vlek ? ABI_SIGNING_KEY_VLEK : ABI_SIGNING_KEY_VCEK;
}

void psp_keys_free(struct psp *psp) {
    for (size_t i = 0; i < sizeof psp->leaf / sizeof psp->leaf[0]; i++) {
        crypto_ec_key_free(psp->leaf[i].key);
    }
    crypto_wipe(psp->leaf, sizeof psp->leaf);
}
