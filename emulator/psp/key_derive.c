/* Guest key derivation: what is mixed is the notes' (guest messages, section 9.3), how is ours,
 * for AMD does not publish it (section 9.4, docs/test-keys.md). Fields that are not selected
 * enter as zero.
 * @gap AMB-216: what a key with the VLEK as root depends on. */
#include <string.h>

#include "psp/message.h"

#define LABEL "sevkit-test-guest-key"

/* The KDF's context, little-endian numbers at fixed places. */
enum {
    AT_GUEST_FIELD_SELECT = 0,
    AT_VMPL = 8,
    AT_HOST_DATA = 12,
    AT_IDENTITY = 44,
    AT_POLICY = 92,
    AT_IMAGE_ID = 100,
    AT_FAMILY_ID = 116,
    AT_MEASUREMENT = 132,
    AT_GUEST_SVN = 180,
    AT_TCB_VERSION = 184,
    AT_LAUNCH_MIT_VECTOR = 192,
    CONTEXT_SIZE = 200,
};

_Static_assert(AT_IDENTITY + 48 == AT_POLICY, "the identity is a SHA-384 digest");
_Static_assert(AT_MEASUREMENT + 48 == AT_GUEST_SVN, "the measurement is a SHA-384 digest");

struct sevkit_result psp_key_derive(const struct psp_gctx *gctx, const struct abi_key_req *req,
                                    const uint8_t root[PSP_SECRET_SIZE],
                                    uint8_t key[ABI_KEY_SIZE]) {
    const struct sevkit_id_block *block = &gctx->id_block;
    const uint64_t select = req->guest_field_select;
    /* Without an ID block both digests are zero. */
    const uint8_t *identity =
        block->author_key_en ? block->author_key_digest : block->id_key_digest;
    uint8_t context[CONTEXT_SIZE] = {0};
    abi_put_le64(context + AT_GUEST_FIELD_SELECT, select);                   /* @req SNP-KEY-026 */
    abi_put_le32(context + AT_VMPL, req->vmpl);                              /* @req SNP-KEY-027 */
    memcpy(context + AT_HOST_DATA, gctx->host_data, sizeof gctx->host_data); /* @req SNP-KEY-028 */
    memcpy(context + AT_IDENTITY, identity, sizeof block->id_key_digest);    /* @req SNP-KEY-029 */
    if (select & ABI_FIELD_GUEST_POLICY) {                                   /* @req SNP-KEY-030 */
        abi_put_le64(context + AT_POLICY, gctx->policy);
    }
    if (select & ABI_FIELD_IMAGE_ID) { /* @req SNP-KEY-031 */
        memcpy(context + AT_IMAGE_ID, block->image_id, sizeof block->image_id);
    }
    if (select & ABI_FIELD_FAMILY_ID) { /* @req SNP-KEY-032 */
        memcpy(context + AT_FAMILY_ID, block->family_id, sizeof block->family_id);
    }
    if (select & ABI_FIELD_MEASUREMENT) { /* @req SNP-KEY-033 */
        memcpy(context + AT_MEASUREMENT, gctx->measurement, sizeof gctx->measurement);
    }
    if (select & ABI_FIELD_GUEST_SVN) { /* @req SNP-KEY-034 */
        abi_put_le32(context + AT_GUEST_SVN, req->guest_svn);
    }
    if (select & ABI_FIELD_TCB_VERSION) { /* @req SNP-KEY-035 */
        abi_put_le64(context + AT_TCB_VERSION, req->tcb_version);
    }
    if (select & ABI_FIELD_LAUNCH_MIT_VECTOR) { /* @req SNP-KEY-036 */
        abi_put_le64(context + AT_LAUNCH_MIT_VECTOR, req->launch_mit_vector);
    }
    return crypto_kdf(root, PSP_SECRET_SIZE, LABEL, context, sizeof context, key, ABI_KEY_SIZE);
}
