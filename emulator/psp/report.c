/* The attestation report's fields: which come from the guest's context, which from the platform.
 * Attestation report notes, sections 1, 3, 4, 6 and 7. */
#include <string.h>

#include "psp/message.h"

static uint32_t key_info(const struct psp *psp, const struct psp_gctx *gctx,
                         enum abi_signing_key signing_key) {
    uint32_t info = (uint32_t)signing_key << ABI_KEY_INFO_SIGNING_KEY_SHIFT; /* @req SNP-RPT-013 */
    if (gctx->id_block.author_key_en) info |= ABI_KEY_INFO_AUTHOR_KEY_EN;    /* @req SNP-RPT-011 */
    if (psp->profile.mask_chip_key) info |= ABI_KEY_INFO_MASK_CHIP_KEY;      /* @req SNP-RPT-012 */
    return info;
}

static void fill_guest(struct abi_report *report, const struct psp_gctx *gctx) {
    const struct sevkit_id_block *block = &gctx->id_block;
    report->guest_svn = block->guest_svn;
    report->policy = gctx->policy;
    report->launch_tcb = gctx->launch_tcb;
    memcpy(report->family_id, block->family_id, sizeof report->family_id);
    memcpy(report->image_id, block->image_id, sizeof report->image_id);
    memcpy(report->id_key_digest, block->id_key_digest, sizeof report->id_key_digest);
    memcpy(report->author_key_digest, block->author_key_digest, sizeof report->author_key_digest);
    memcpy(report->measurement, gctx->measurement, sizeof report->measurement);
    memcpy(report->host_data, gctx->host_data, sizeof report->host_data);
    memcpy(report->report_id, gctx->report_id, sizeof report->report_id);
    memcpy(report->report_id_ma, gctx->report_id_ma, sizeof report->report_id_ma);
}

static void fill_platform(struct abi_report *report, const struct sevkit_profile *p) {
    report->current_tcb = p->current_tcb;
    report->committed_tcb = p->committed_tcb;
    report->reported_tcb = p->reported_tcb;
    report->platform_info = p->platform_info;
    report->current = p->current_version;
    report->committed = p->committed_version;
    if (p->mask_chip_id) return; /* @req SNP-RPT-070 */
    memcpy(report->chip_id, p->chip_id, sizeof report->chip_id);
}

struct abi_report psp_report_fill(const struct psp *psp, const struct psp_gctx *gctx,
                                  const struct abi_report_req *req,
                                  enum abi_signing_key signing_key) {
    const struct sevkit_profile *p = &psp->profile;
    struct abi_report report = {
        .version = p->report_version,
        .vmpl = req->vmpl,
        .signature_algo = ABI_SIGNATURE_ALGO_ECDSA_P384_SHA384,
        .key_info = key_info(psp, gctx, signing_key),
    };
    memcpy(report.report_data, req->report_data, sizeof report.report_data);
    fill_guest(&report, gctx);
    fill_platform(&report, p);
    if (p->report_version >= ABI_REPORT_VERSION_FMS) report.fms = p->fms; /* @req SNP-RPT-024 */
    if (p->report_version >= ABI_REPORT_VERSION_MIT) { /* @req SNP-RPT-034, SNP-RPT-035 */
        report.launch_mit_vector = gctx->launch_mit_vector;
        report.current_mit_vector = p->current_mit_vector;
    }
    return report;
}
