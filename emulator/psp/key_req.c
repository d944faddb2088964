/* MSG_KEY_REQ, versions 1 and 2: the validity checks of guest message notes, section 9.2, in
 * their order, and the choice of the root key (9.3). */
#include <string.h>

#include "psp/keys.h"
#include "psp/message.h"

#define FIELDS_V1                                                                                  \
    (ABI_FIELD_GUEST_POLICY | ABI_FIELD_IMAGE_ID | ABI_FIELD_FAMILY_ID | ABI_FIELD_MEASUREMENT |   \
     ABI_FIELD_GUEST_SVN | ABI_FIELD_TCB_VERSION)
#define FIELDS_V2 (FIELDS_V1 | ABI_FIELD_LAUNCH_MIT_VECTOR)

static uint32_t key_sel_of(const struct abi_key_req *req) {
    return req->key_select >> ABI_KEY_REQ_KEY_SEL_SHIFT & ABI_KEY_SEL_MASK;
}

/* The vector matters when it is mixed in, and by a switch also when it is not (UNCONFIRMED).
 * Version 1 has none: it was decoded as 0, which is allowed. */
static bool mit_vector_allowed(const struct sevkit_profile *p, const struct psp_gctx *gctx,
                               const struct abi_key_req *req) {
    const bool mixed = (req->guest_field_select & ABI_FIELD_LAUNCH_MIT_VECTOR) != 0;
    if (!mixed && !p->launch_mit_always_checked) return true;
    return (req->launch_mit_vector & ~gctx->launch_mit_vector) == 0;
}

static enum abi_status check(const struct psp *psp, const struct psp_exchange *x,
                             const struct abi_key_req *req) {
    const struct sevkit_profile *p = &psp->profile;
    const struct psp_gctx *gctx = x->gctx;
    const uint32_t reserved_bits = req->key_select & ABI_KEY_REQ_SELECT_RESERVED;
    const uint32_t vmpl_max = p->vmpl_max_3 ? 3 : UINT32_MAX;
    const bool chip_root = (req->key_select & ABI_KEY_REQ_ROOT_KEY_SELECT) == 0;
    const bool sel_allowed = psp_key_sel_allowed(psp, gctx, key_sel_of(req));
    const uint64_t fields = x->header.version < 2 ? FIELDS_V1 : FIELDS_V2; /* @req SNP-KEY-015 */
    /* Reserved bytes of the committed TCB are zero, so this also refuses any that are set here. */
    const bool tcb_allowed = abi_tcb_le(req->tcb_version, p->committed_tcb);
    const bool tcb = (req->guest_field_select & ABI_FIELD_TCB_VERSION) != 0;
    const uint32_t svn_max = gctx->id_block.guest_svn; /* 0 without an ID block */
    const bool svn = (req->guest_field_select & ABI_FIELD_GUEST_SVN) != 0;
    if (reserved_bits != 0) return ABI_INVALID_PARAM;          /* @req SNP-KEY-005 */
    if (req->reserved_04 != 0) return ABI_INVALID_PARAM;       /* @req SNP-KEY-006 */
    if (chip_root && p->mask_chip_key) return ABI_INVALID_KEY; /* @req SNP-KEY-007 */
    if (chip_root && !sel_allowed) return ABI_INVALID_KEY;     /* @req SNP-KEY-008 to SNP-KEY-011 */
    if (req->vmpl < x->header.vmpck) return ABI_INVALID_PARAM; /* @req SNP-KEY-013 */
    if (req->vmpl > vmpl_max) return ABI_INVALID_PARAM;        /* @req SNP-KEY-014 */
    if ((req->guest_field_select & ~fields) != 0) return ABI_INVALID_PARAM; /* @req SNP-KEY-015 */
    if (tcb && !tcb_allowed) return ABI_INVALID_PARAM; /* @req SNP-KEY-016, SNP-KEY-017 */
    if (svn && req->guest_svn > svn_max) return ABI_INVALID_PARAM;      /* @req SNP-KEY-018 */
    if (!mit_vector_allowed(p, gctx, req)) return p->launch_mit_status; /* @req SNP-KEY-019 */
    return ABI_SUCCESS;
}

static struct sevkit_result make(struct psp *psp, const struct psp_gctx *gctx,
                                 const struct abi_key_req *req, uint8_t key[ABI_KEY_SIZE]) {
    if (req->key_select & ABI_KEY_REQ_ROOT_KEY_SELECT) {
        return psp_key_derive(gctx, req, gctx->vmrk, key);
    }
    const bool tcb = (req->guest_field_select & ABI_FIELD_TCB_VERSION) != 0;
    uint8_t root[PSP_SECRET_SIZE];
    struct sevkit_result r =
        psp_root_secret(psp, psp_key_sel_kind(psp, key_sel_of(req)),
                        tcb ? req->tcb_version : psp->profile.reported_tcb, root);
    if (sevkit_ok(r)) r = psp_key_derive(gctx, req, root, key);
    crypto_wipe(root, sizeof root);
    return r;
}

enum abi_status psp_key_req(struct psp *psp, struct psp_exchange *x) {
    struct abi_key_req req;
    struct abi_key_rsp rsp = {0};
    abi_key_req_decode(x->header.version, x->payload, &req);
    const enum abi_status status = check(psp, x, &req);
    rsp.status = status;
    const bool made = status != ABI_SUCCESS || sevkit_ok(make(psp, x->gctx, &req, rsp.derived_key));
    abi_key_rsp_encode(&rsp, x->reply); /* private until it is sealed */
    crypto_wipe(&rsp, sizeof rsp);
    if (!made) return ABI_HWERROR_PLATFORM;
    x->reply_size = ABI_KEY_RSP_SIZE;
    if (x->header.version == 2) x->reply_version = (uint8_t)psp->profile.key_rsp_v2_version;
    return ABI_SUCCESS;
}
