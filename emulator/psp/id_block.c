/* The ID block at SNP_LAUNCH_FINISH, checks 6 to 12. Launch notes, section 6.
 * @gap VERSION, AUTH_KEY_EN without an ID block, reserved bytes and the upper bytes of coordinates: struct
 * psp_id_block_rules. */
#include <string.h>

#include "sevkit/bytes.h"
#include "sevkit/crypto.h"
#include "sevkit/psp_launch.h"

#define POINT_SIZE (2 * CRYPTO_P384_SIZE) /* X, then Y */

/* A number of 72 bytes little-endian as 48 bytes big-endian. False when it needs more, unless CUT. */
static bool coordinate(const uint8_t in[72], bool cut, uint8_t out[CRYPTO_P384_SIZE]) {
    for (size_t i = 0; i < CRYPTO_P384_SIZE; i++) out[i] = in[CRYPTO_P384_SIZE - 1 - i];
    return cut || abi_all_zero(in + CRYPTO_P384_SIZE, 72 - CRYPTO_P384_SIZE);
}

/* Whether KEY is a key and signed. A primitive of ours that fails refuses as well. */
static bool signed_by(const struct abi_id_key *key, bool cut, const uint8_t *bytes, size_t size,
                      const struct abi_id_signature *wire) {
    uint8_t xy[POINT_SIZE];
    struct crypto_signature signature;
    struct crypto_ec_public *pub;
    if (key->curve != ABI_ID_CURVE_P384) return false; /* @req SNP-IDB-010 SNP-IDB-012 */
    if (!coordinate(key->qx, cut, xy)) return false;   /* @req SNP-IDB-010 SNP-IDB-012 */
    if (!coordinate(key->qy, cut, xy + CRYPTO_P384_SIZE))
        return false;                                             /* @req SNP-IDB-010 SNP-IDB-012 */
    if (!sevkit_ok(crypto_ec_public_new(xy, &pub))) return false; /* @req SNP-IDB-010 SNP-IDB-012 */
    memcpy(signature.r, wire->r, sizeof signature.r);
    memcpy(signature.s, wire->s, sizeof signature.s);
    const bool good = sevkit_ok(crypto_ec_verify(pub, bytes, size, &signature));
    crypto_ec_public_free(pub);
    return good;
}

static bool key_reserved_zero(const struct abi_id_key *key, const struct abi_id_signature *sig) {
    return abi_all_zero(key->reserved_094, sizeof key->reserved_094) &&
           abi_all_zero(sig->reserved_090, sizeof sig->reserved_090);
}

/* UNCONFIRMED that anything looks at them; the author's part only where it is used. */
static bool reserved_zero(const struct abi_id_auth *auth, bool auth_key_en) {
    return abi_all_zero(auth->reserved_008, sizeof auth->reserved_008) &&
           abi_all_zero(auth->reserved_644, sizeof auth->reserved_644) &&
           abi_all_zero(auth->reserved_c84, sizeof auth->reserved_c84) &&
           key_reserved_zero(&auth->id_key, &auth->id_block_sig) &&
           (!auth_key_en || key_reserved_zero(&auth->author_key, &auth->id_key_sig));
}

/* Check 8: algorithms, and what only later firmware might look at. */
static enum abi_status parameters(const struct psp_id_block_input *in,
                                  const struct abi_id_block *block,
                                  const struct abi_id_auth *auth) {
    const uint32_t algo = ABI_ID_ALGO_ECDSA_P384_SHA384;
    const bool version = in->rules.check_version && block->version != ABI_ID_BLOCK_VERSION_1;
    const bool author = in->auth_key_en && auth->auth_key_algo != algo;
    const bool mbz = in->rules.id_auth_mbz && !reserved_zero(auth, in->auth_key_en);
    if (version) return ABI_INVALID_PARAM;                   /* @req SNP-IDB-016 */
    if (auth->id_key_algo != algo) return ABI_INVALID_PARAM; /* @req SNP-IDB-008 */
    if (author) return ABI_INVALID_PARAM;                    /* @req SNP-IDB-009 */
    if (mbz) return ABI_INVALID_PARAM;                       /* @req SNP-IDB-018 */
    return ABI_SUCCESS;
}

/* Checks 9 to 12. */
static bool signatures(const struct psp_id_block_input *in, const struct abi_id_auth *auth) {
    const uint8_t *id_key = in->auth + ABI_ID_AUTH_ID_KEY;
    const bool cut = in->rules.coordinates_cut;
    if (!signed_by(&auth->id_key, cut, in->block, ABI_ID_BLOCK_SIZE, &auth->id_block_sig))
        return false;                  /* @req SNP-IDB-011 */
    if (!in->auth_key_en) return true; /* @req SNP-IDB-012 SNP-IDB-013 */
    return signed_by(&auth->author_key, cut, id_key, ABI_ID_KEY_SIZE,
                     &auth->id_key_sig); /* @req SNP-IDB-013 */
}

/* The digest of a key, with its reserved bytes. */
static struct sevkit_result key_digest(const uint8_t *key, uint8_t digest[ABI_DIGEST_SIZE]) {
    return crypto_sha384(key, ABI_ID_KEY_SIZE, digest); /* @req SNP-IDB-005 */
}

/* What reports say of BLOCK and its keys. */
static struct sevkit_result fill(const struct psp_id_block_input *in,
                                 const struct abi_id_block *block, struct sevkit_id_block *out) {
    *out = (struct sevkit_id_block){.present = true}; /* @req SNP-IDB-015 */
    memcpy(out->family_id, block->family_id, sizeof out->family_id);
    memcpy(out->image_id, block->image_id, sizeof out->image_id);
    out->guest_svn = block->guest_svn;
    out->author_key_en = in->auth_key_en;
    if (in->auth_key_en)
        SEVKIT_TRY(key_digest(in->auth + ABI_ID_AUTH_AUTHOR_KEY, out->author_key_digest));
    return key_digest(in->auth + ABI_ID_AUTH_ID_KEY, out->id_key_digest);
}

static enum abi_status without_block(const struct psp_id_block_input *in,
                                     struct sevkit_id_block *out) {
    const bool refused = in->auth_key_en && in->rules.auth_key_needs_block;
    if (refused) return ABI_INVALID_PARAM;                             /* @req SNP-IDB-017 */
    *out = (struct sevkit_id_block){.author_key_en = in->auth_key_en}; /* @req SNP-IDB-014 */
    return ABI_SUCCESS;
}

enum abi_status psp_id_block_check(const struct psp_id_block_input *in,
                                   struct sevkit_id_block *out) {
    if (in->block == NULL) return without_block(in, out);
    struct abi_id_block block;
    struct abi_id_auth auth;
    struct sevkit_id_block made;
    abi_id_block_decode(in->block, &block);
    abi_id_auth_decode(in->auth, &auth);
    const bool measured = memcmp(block.ld, in->ld, sizeof block.ld) == 0;
    if (!measured) return ABI_BAD_MEASUREMENT;                 /* @req SNP-IDB-006 */
    if (block.policy != in->policy) return ABI_POLICY_FAILURE; /* @req SNP-IDB-007 */
    const enum abi_status status = parameters(in, &block, &auth);
    if (status != ABI_SUCCESS) return status;
    if (!signatures(in, &auth)) return ABI_BAD_SIGNATURE;
    if (!sevkit_ok(fill(in, &block, &made))) return ABI_HWERROR_PLATFORM;
    *out = made;
    return ABI_SUCCESS;
}
