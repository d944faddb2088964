/* MSG_REPORT_REQ: the checks of guest message notes, section 7, the choice of the key
 * (attestation report notes, section 3) and the signature (section 2). */
#include <string.h>

#include "psp/keys.h"
#include "psp/message.h"

static enum abi_status check(const struct psp *psp, const struct psp_exchange *x,
                             const struct abi_report_req *req) {
    const uint32_t key_sel = req->key_sel & ABI_KEY_SEL_MASK;
    const bool tail_is_zero = abi_all_zero(req->reserved_48, sizeof req->reserved_48);
    const uint32_t vmpl_max = psp->profile.vmpl_max_3 ? 3 : UINT32_MAX;
    const bool sel_allowed = psp_key_sel_allowed(psp, x->gctx, key_sel);
    if ((req->key_sel & ~ABI_KEY_SEL_MASK) != 0) return ABI_INVALID_PARAM; /* @req SNP-REPREQ-002 */
    if (!tail_is_zero) return ABI_INVALID_PARAM;                           /* @req SNP-REPREQ-003 */
    if (!sel_allowed) return ABI_INVALID_KEY; /* @req SNP-REPREQ-004 to SNP-REPREQ-007 */
    if (req->vmpl < x->header.vmpck) return ABI_INVALID_PARAM; /* @req SNP-REPREQ-008 */
    if (req->vmpl > vmpl_max) return ABI_INVALID_PARAM;        /* @req SNP-REPREQ-009 */
    return ABI_SUCCESS;
}

/* A masked chip key signs nothing, and SIGNING_KEY says so but for early firmware. */
static struct sevkit_result make(struct psp *psp, const struct psp_gctx *gctx,
                                 const struct abi_report_req *req, uint8_t out[ABI_REPORT_SIZE]) {
    const enum abi_signing_key kind = psp_key_sel_kind(psp, req->key_sel);
    const bool masked = kind == ABI_SIGNING_KEY_VCEK && psp->profile.mask_chip_key;
    const bool none = masked && psp->profile.signing_key_none;
    const struct abi_report report =
        psp_report_fill(psp, gctx, req, none ? ABI_SIGNING_KEY_NONE : kind);
    abi_report_encode(&report, out);
    if (masked) return sevkit_success(); /* @req SNP-RPT-041 */

    const struct crypto_ec_key *key;
    struct crypto_signature signature;
    SEVKIT_TRY(psp_signing_key(psp, kind, &key));
    SEVKIT_TRY(crypto_ec_sign(key, out, ABI_REPORT_SIGNED_SIZE, &signature));
    memcpy(out + ABI_REPORT_SIGNATURE_R, signature.r, sizeof signature.r);
    memcpy(out + ABI_REPORT_SIGNATURE_S, signature.s, sizeof signature.s);
    return sevkit_success();
}

enum abi_status psp_report_req(struct psp *psp, struct psp_exchange *x) {
    struct abi_report_req req;
    struct abi_report_rsp rsp = {0};
    abi_report_req_decode(x->payload, &req);
    const enum abi_status status = check(psp, x, &req);
    rsp.status = status;
    if (status == ABI_SUCCESS || psp->profile.report_size_on_failure) {
        rsp.report_size = ABI_REPORT_SIZE;
    }
    if (status == ABI_SUCCESS && !sevkit_ok(make(psp, x->gctx, &req, rsp.report))) {
        return ABI_HWERROR_PLATFORM;
    }
    abi_report_rsp_encode(&rsp, x->reply);
    x->reply_size = ABI_REPORT_RSP_SIZE;
    return ABI_SUCCESS;
}
