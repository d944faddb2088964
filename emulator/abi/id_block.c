/* The ID block and the ID authentication page. Launch notes, sections 4 and 5. */
#include <string.h>

#include "abi/layout.h"
#include "sevkit/bytes.h"
#include "sevkit/launch.h"

enum {
    BLOCK_LD = 0x00,
    BLOCK_FAMILY_ID = 0x30,
    BLOCK_IMAGE_ID = 0x40,
    BLOCK_VERSION = 0x50,
    BLOCK_GUEST_SVN = 0x54,
    BLOCK_POLICY = 0x58,

    KEY_CURVE = 0x000,
    KEY_QX = 0x004,
    KEY_QY = 0x04C,
    KEY_RESERVED = 0x094,

    SIG_R = 0x000,
    SIG_S = 0x048,
    SIG_RESERVED = 0x090,

    AUTH_ID_KEY_ALGO = 0x000,
    AUTH_AUTH_KEY_ALGO = 0x004,
    AUTH_RESERVED_008 = 0x008,
    AUTH_ID_BLOCK_SIG = 0x040,
    AUTH_RESERVED_644 = 0x644,
    AUTH_ID_KEY_SIG = 0x680,
    AUTH_RESERVED_C84 = 0xC84,
};

#define BLOCK(member, at, end) ABI_FIELD_ENDS(struct abi_id_block, member, at, end)
BLOCK(ld, BLOCK_LD, BLOCK_FAMILY_ID);
BLOCK(family_id, BLOCK_FAMILY_ID, BLOCK_IMAGE_ID);
BLOCK(image_id, BLOCK_IMAGE_ID, BLOCK_VERSION);
BLOCK(version, BLOCK_VERSION, BLOCK_GUEST_SVN);
BLOCK(guest_svn, BLOCK_GUEST_SVN, BLOCK_POLICY);
BLOCK(policy, BLOCK_POLICY, ABI_ID_BLOCK_SIZE);
_Static_assert(ABI_ID_BLOCK_SIZE == 0x60, "notes, section 4: 0x60 bytes");

#define KEY(member, at, end) ABI_FIELD_ENDS(struct abi_id_key, member, at, end)
KEY(curve, KEY_CURVE, KEY_QX);
KEY(qx, KEY_QX, KEY_QY);
KEY(qy, KEY_QY, KEY_RESERVED);
KEY(reserved_094, KEY_RESERVED, ABI_ID_KEY_SIZE);
_Static_assert(ABI_ID_KEY_SIZE == 0x404, "notes, section 5: 0x404 bytes");

#define SIG(member, at, end) ABI_FIELD_ENDS(struct abi_id_signature, member, at, end)
SIG(r, SIG_R, SIG_S);
SIG(s, SIG_S, SIG_RESERVED);
SIG(reserved_090, SIG_RESERVED, ABI_ID_SIGNATURE_SIZE);
_Static_assert(ABI_ID_SIGNATURE_SIZE == 0x200, "notes, section 5: 0x200 bytes");

#define AUTH(member, at, end) ABI_FIELD_ENDS(struct abi_id_auth, member, at, end)
AUTH(id_key_algo, AUTH_ID_KEY_ALGO, AUTH_AUTH_KEY_ALGO);
AUTH(auth_key_algo, AUTH_AUTH_KEY_ALGO, AUTH_RESERVED_008);
AUTH(reserved_008, AUTH_RESERVED_008, AUTH_ID_BLOCK_SIG);
AUTH(id_block_sig, AUTH_ID_BLOCK_SIG, ABI_ID_AUTH_ID_KEY);
AUTH(id_key, ABI_ID_AUTH_ID_KEY, AUTH_RESERVED_644);
AUTH(reserved_644, AUTH_RESERVED_644, AUTH_ID_KEY_SIG);
AUTH(id_key_sig, AUTH_ID_KEY_SIG, ABI_ID_AUTH_AUTHOR_KEY);
AUTH(author_key, ABI_ID_AUTH_AUTHOR_KEY, AUTH_RESERVED_C84);
AUTH(reserved_c84, AUTH_RESERVED_C84, ABI_ID_AUTH_SIZE);
_Static_assert(ABI_ID_AUTH_SIZE == 0x1000, "notes, section 5: 0x1000 bytes");

void abi_id_block_encode(const struct abi_id_block *block, uint8_t out[ABI_ID_BLOCK_SIZE]) {
    memcpy(out + BLOCK_LD, block->ld, sizeof block->ld);
    memcpy(out + BLOCK_FAMILY_ID, block->family_id, sizeof block->family_id);
    memcpy(out + BLOCK_IMAGE_ID, block->image_id, sizeof block->image_id);
    abi_put_le32(out + BLOCK_VERSION, block->version);
    abi_put_le32(out + BLOCK_GUEST_SVN, block->guest_svn);
    abi_put_le64(out + BLOCK_POLICY, block->policy);
}

/* SNP-IDB-001 */
void abi_id_block_decode(const uint8_t in[ABI_ID_BLOCK_SIZE], struct abi_id_block *block) {
    memcpy(block->ld, in + BLOCK_LD, sizeof block->ld);
    memcpy(block->family_id, in + BLOCK_FAMILY_ID, sizeof block->family_id);
    memcpy(block->image_id, in + BLOCK_IMAGE_ID, sizeof block->image_id);
    block->version = abi_get_le32(in + BLOCK_VERSION);
    block->guest_svn = abi_get_le32(in + BLOCK_GUEST_SVN);
    block->policy = abi_get_le64(in + BLOCK_POLICY);
}

static void key_encode(const struct abi_id_key *key, uint8_t *out) {
    abi_put_le32(out + KEY_CURVE, key->curve);
    memcpy(out + KEY_QX, key->qx, sizeof key->qx);
    memcpy(out + KEY_QY, key->qy, sizeof key->qy);
    memcpy(out + KEY_RESERVED, key->reserved_094, sizeof key->reserved_094);
}

/* SNP-IDB-003 */
static void key_decode(const uint8_t *in, struct abi_id_key *key) {
    key->curve = abi_get_le32(in + KEY_CURVE);
    memcpy(key->qx, in + KEY_QX, sizeof key->qx);
    memcpy(key->qy, in + KEY_QY, sizeof key->qy);
    memcpy(key->reserved_094, in + KEY_RESERVED, sizeof key->reserved_094);
}

static void signature_encode(const struct abi_id_signature *signature, uint8_t *out) {
    memcpy(out + SIG_R, signature->r, sizeof signature->r);
    memcpy(out + SIG_S, signature->s, sizeof signature->s);
    memcpy(out + SIG_RESERVED, signature->reserved_090, sizeof signature->reserved_090);
}

/* SNP-IDB-004 */
static void signature_decode(const uint8_t *in, struct abi_id_signature *signature) {
    memcpy(signature->r, in + SIG_R, sizeof signature->r);
    memcpy(signature->s, in + SIG_S, sizeof signature->s);
    memcpy(signature->reserved_090, in + SIG_RESERVED, sizeof signature->reserved_090);
}

void abi_id_auth_encode(const struct abi_id_auth *auth, uint8_t out[ABI_ID_AUTH_SIZE]) {
    abi_put_le32(out + AUTH_ID_KEY_ALGO, auth->id_key_algo);
    abi_put_le32(out + AUTH_AUTH_KEY_ALGO, auth->auth_key_algo);
    memcpy(out + AUTH_RESERVED_008, auth->reserved_008, sizeof auth->reserved_008);
    signature_encode(&auth->id_block_sig, out + AUTH_ID_BLOCK_SIG);
    key_encode(&auth->id_key, out + ABI_ID_AUTH_ID_KEY);
    memcpy(out + AUTH_RESERVED_644, auth->reserved_644, sizeof auth->reserved_644);
    signature_encode(&auth->id_key_sig, out + AUTH_ID_KEY_SIG);
    key_encode(&auth->author_key, out + ABI_ID_AUTH_AUTHOR_KEY);
    memcpy(out + AUTH_RESERVED_C84, auth->reserved_c84, sizeof auth->reserved_c84);
}

/* SNP-IDB-002 */
void abi_id_auth_decode(const uint8_t in[ABI_ID_AUTH_SIZE], struct abi_id_auth *auth) {
    auth->id_key_algo = abi_get_le32(in + AUTH_ID_KEY_ALGO);
    auth->auth_key_algo = abi_get_le32(in + AUTH_AUTH_KEY_ALGO);
    memcpy(auth->reserved_008, in + AUTH_RESERVED_008, sizeof auth->reserved_008);
    signature_decode(in + AUTH_ID_BLOCK_SIG, &auth->id_block_sig);
    key_decode(in + ABI_ID_AUTH_ID_KEY, &auth->id_key);
    memcpy(auth->reserved_644, in + AUTH_RESERVED_644, sizeof auth->reserved_644);
    signature_decode(in + AUTH_ID_KEY_SIG, &auth->id_key_sig);
    key_decode(in + ABI_ID_AUTH_AUTHOR_KEY, &auth->author_key);
    memcpy(auth->reserved_c84, in + AUTH_RESERVED_C84, sizeof auth->reserved_c84);
}
