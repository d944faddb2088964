/* Signing keys and root secrets of VCEK and VLEK: a derivation of our own, written down byte by
 * byte in docs/test-keys.md. AMD does not publish its derivation. */
#include <string.h>

#include "pki/leaf.h"
#include "sevkit/bytes.h"

#define SECRET_SIZE 32

/* Published on purpose: whoever has a chip id has the chip's test secret. */
static const char constant[] = "sevkit test chip secrets, public";
_Static_assert(sizeof constant == SECRET_SIZE + 1, "the KDF's key: 32 ASCII bytes");

/* What differs between a VCEK and a VLEK. */
struct labels {
    const char *secret, *key, *root;
};

static const struct labels vcek = {"sevkit-test-chip", "sevkit-test-vcek-key",
                                   "sevkit-test-vcek-root"};
static const struct labels vlek = {"sevkit-test-csp", "sevkit-test-vlek-key",
                                   "sevkit-test-vlek-root"};

/* The chip's or the CSP's secret, the same for every TCB. */
static SEVKIT_MUST struct sevkit_result derive_secret(const struct pki_leaf *leaf,
                                                      const struct labels *labels,
                                                      uint8_t secret[SECRET_SIZE]) {
    const uint8_t *id = leaf->hwid;
    size_t size = leaf->hwid_size;
    if (pki_leaf_is_vlek(leaf)) {
        id = (const uint8_t *)leaf->csp_id;
        size = strlen(leaf->csp_id);
    }
    return crypto_kdf((const uint8_t *)constant, SECRET_SIZE, labels->secret, id, size, secret,
                      SECRET_SIZE);
}

/* OUT = KDF(secret, LABEL, product line's name || 00 || TCB_VERSION as 8 bytes). */
static SEVKIT_MUST struct sevkit_result derive(const struct pki_leaf *leaf,
                                               const struct labels *labels, const char *label,
                                               uint8_t *out, size_t out_size) {
    uint8_t context[16 + 8];
    const char *name = abi_product_name(leaf->product);
    const size_t name_size = strlen(name) + 1; /* with its zero byte */
    memcpy(context, name, name_size);
    abi_put_le64(context + name_size, leaf->tcb); /* @req SNP-CERT-024 */

    uint8_t secret[SECRET_SIZE];
    struct sevkit_result r = derive_secret(leaf, labels, secret);
    if (sevkit_ok(r))
        r = crypto_kdf(secret, sizeof secret, label, context, name_size + 8, out, out_size);
    crypto_wipe(secret, sizeof secret);
    return r;
}

struct sevkit_result pki_leaf_key(const struct pki_leaf *leaf, struct crypto_ec_key **key) {
    SEVKIT_TRY(pki_leaf_check(leaf));

    const struct labels *labels = pki_leaf_is_vlek(leaf) ? &vlek : &vcek;
    uint8_t seed[CRYPTO_P384_SEED_SIZE];
    struct sevkit_result r = derive(leaf, labels, labels->key, seed, sizeof seed);
    if (sevkit_ok(r)) r = crypto_ec_key_from_seed(seed, key);
    crypto_wipe(seed, sizeof seed);
    return r;
}

struct sevkit_result pki_leaf_root_secret(const struct pki_leaf *leaf, uint8_t secret[32]) {
    SEVKIT_TRY(pki_leaf_check(leaf));

    const struct labels *labels = pki_leaf_is_vlek(leaf) ? &vlek : &vcek;
    return derive(leaf, labels, labels->root, secret, SECRET_SIZE);
}
