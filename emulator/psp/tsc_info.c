/* MSG_TSC_INFO_REQ. Guest message notes, section 8. */
#include "psp/message.h"

#define SCALE_FRACTION_BITS 32
#define SCALE_MASK UINT64_C(0xFFFFFFFFFF) /* 8 integer bits and the fraction */

/* DESIRED / REFERENCE, rounded up in the last bit. */
static uint64_t scale(uint32_t desired_khz, uint32_t reference_khz) {
    const uint64_t desired = (uint64_t)desired_khz << SCALE_FRACTION_BITS;
    const uint64_t quotient = desired / reference_khz;
    const uint64_t up = desired % reference_khz == 0 ? 0 : 1; /* @req SNP-TSC-003 */
    return (quotient + up) & SCALE_MASK;
}

enum abi_status psp_tsc_info_req(struct psp *psp, struct psp_exchange *x) {
    const struct sevkit_profile *p = &psp->profile;
    const bool zero = abi_all_zero(x->payload, ABI_TSC_INFO_SIZE);
    struct abi_tsc_info_rsp rsp = {.status = ABI_SUCCESS};
    if (!zero) rsp.status = ABI_INVALID_PARAM; /* @req SNP-TSC-001 */
    if (rsp.status == ABI_SUCCESS) {
        rsp.guest_tsc_scale = scale(x->gctx->tsc_desired_khz, p->tsc_reference_khz);
        rsp.guest_tsc_offset = x->gctx->tsc_offset;
        rsp.tsc_factor = p->tsc_factor;
    }
    abi_tsc_info_rsp_encode(&rsp, x->reply);
    x->reply_size = ABI_TSC_INFO_SIZE;
    return ABI_SUCCESS;
}
