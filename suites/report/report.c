/* Area report: REPORT_REQ and every field of the report against its source. Message notes, section 7; report
 * notes, whole. */
#include "report/report.h"

#include <string.h>

#define TURIN_ID_SIZE 8

struct report_request report_request(struct suite_ctx *ctx, uint32_t vmpl) {
    struct report_request request = {.vmpl = vmpl};
    suite_random(ctx, request.data, sizeof request.data);
    return request;
}

static void encode(const struct report_request *request, uint8_t out[0x60]) {
    memcpy(out, request->data, sizeof request->data);
    abi_put_le32(out + 0x40, request->vmpl);
    abi_put_le32(out + 0x44, request->key_sel);
    memcpy(out + 0x48, request->reserved, sizeof request->reserved);
}

static void decode(const uint8_t in[0x4C0], struct report_answer *answer) {
    answer->status = abi_get_le32(in);
    answer->size = abi_get_le32(in + 4);
    memcpy(answer->reserved, in + 8, sizeof answer->reserved);
    memcpy(answer->report, in + 0x20, sizeof answer->report);
}

/* Counts are zero on a target that hides them; then there is nothing to compare. */
static bool counters(struct suite_ctx *ctx, uint64_t count[ABI_VMPCK_COUNT], bool *shown) {
    *shown = (target_capabilities(suite_target(ctx)) & TARGET_COUNTERS) != 0;
    return !*shown || suite_setup(ctx, "counters", target_msg_count(suite_target(ctx), count));
}

bool report_ask(struct suite_ctx *ctx, unsigned vmpck, const struct report_request *request,
                struct report_answer *answer) {
    uint8_t payload[0x60];
    uint8_t rsp[0x4C0];
    size_t size;
    bool shown;
    uint64_t before[ABI_VMPCK_COUNT];
    uint64_t after[ABI_VMPCK_COUNT];
    encode(request, payload);
    if (!counters(ctx, before, &shown) ||
        !suite_call(ctx, vmpck, ABI_MSG_REPORT_REQ, 1, payload, sizeof payload, rsp, sizeof rsp,
                    &size) ||
        !suite_equal(ctx, "REPORT_RSP MSG_SIZE", sizeof rsp, size, "REPORT_RSP is 0x4C0 bytes") ||
        !counters(ctx, after, &shown))
        return false;
    decode(rsp, answer);
    for (unsigned k = 0; shown && k < ABI_VMPCK_COUNT; k++)
        if (!suite_equal(ctx, "MsgCount", before[k] + (k == vmpck ? 2 : 0), after[k],
                         "an answer adds 2 to the MsgCount of its VMPCK, whatever its STATUS"))
            return false;
    return true;
}

bool report_granted(struct suite_ctx *ctx, unsigned vmpck, const struct report_request *request,
                    uint8_t report[REPORT_SIZE]) {
    struct report_answer answer;
    if (!report_ask(ctx, vmpck, request, &answer) ||
        !suite_status(ctx, "REPORT_RSP.STATUS", ABI_SUCCESS, answer.status,
                      "the request breaks no rule") ||
        !suite_equal(ctx, "REPORT_RSP.REPORT_SIZE", REPORT_SIZE, answer.size,
                     "0x4A0 with STATUS 0"))
        return false;
    memcpy(report, answer.report, REPORT_SIZE);
    return true;
}

bool report_refused(struct suite_ctx *ctx, unsigned vmpck, const struct report_request *request,
                    enum abi_status status, const char *rule) {
    struct report_answer answer;
    if (!report_ask(ctx, vmpck, request, &answer)) return false;
    const uint32_t size = suite_profile(ctx)->report_size_on_failure ? REPORT_SIZE : 0;
    return suite_status(ctx, "REPORT_RSP.STATUS", status, answer.status, rule) &&
           suite_equal(ctx, "REPORT_RSP.REPORT_SIZE", size, answer.size,
                       "set on a failure only where the profile says so") &&
           suite_zero(ctx, "REPORT_RSP 0x08", answer.reserved, sizeof answer.reserved,
                      "24 zero bytes") &&
           suite_zero(ctx, "REPORT_RSP.REPORT", answer.report, sizeof answer.report,
                      "zero when a check fails");
}

bool report_plain(struct suite_ctx *ctx, uint8_t report[REPORT_SIZE]) {
    const struct report_request request = report_request(ctx, 0);
    return report_granted(ctx, 0, &request, report);
}

bool report_of(struct suite_ctx *ctx, const struct sevkit_profile *profile,
               uint8_t report[REPORT_SIZE]) {
    return suite_reset_as(ctx, profile, PSP_GUEST_RUNNING) && report_plain(ctx, report);
}

uint64_t report_tcb_of(enum abi_product product, uint8_t low) {
    static const unsigned genoa[] = {0, 1, 6, 7, 7};
    static const unsigned turin[] = {0, 1, 2, 3, 7};
    const unsigned *at = product == ABI_PRODUCT_TURIN ? turin : genoa;
    uint8_t bytes[8] = {0};
    for (unsigned i = 0; i < 5; i++) bytes[at[i]] = (uint8_t)(low + i);
    return abi_get_le64(bytes);
}

void report_distinct(struct suite_ctx *ctx, struct sevkit_profile *profile) {
    struct sevkit_id_block *block = &profile->id_block;
    suite_random(ctx, profile->host_data, sizeof profile->host_data);
    suite_random(ctx, profile->measurement, sizeof profile->measurement);
    suite_random(ctx, profile->report_id_ma, sizeof profile->report_id_ma);
    suite_random(ctx, block->family_id, sizeof block->family_id);
    suite_random(ctx, block->image_id, sizeof block->image_id);
    suite_random(ctx, block->id_key_digest, sizeof block->id_key_digest);
    suite_random(ctx, block->author_key_digest, sizeof block->author_key_digest);
    suite_random(ctx, profile->chip_id,
                 profile->product == ABI_PRODUCT_TURIN ? TURIN_ID_SIZE : sizeof profile->chip_id);
    block->present = true;
    block->author_key_en = true;
    block->guest_svn = 0x51525354;
    profile->has_report_id_ma = true;
    profile->policy ^= UINT64_C(1) << 19;
    profile->platform_info ^= 3;
    profile->fms.stepping = 7;
    profile->current_version = (struct abi_fw_version){2, 59, 0x62};
    profile->committed_version = (struct abi_fw_version){1, 57, 0x61};
    profile->current_tcb = report_tcb_of(profile->product, 0x34);
    profile->launch_tcb = report_tcb_of(profile->product, 0x33);
    profile->committed_tcb = report_tcb_of(profile->product, 0x32);
    profile->reported_tcb = report_tcb_of(profile->product, 0x31);
    profile->current_mit_vector = UINT64_C(0x1112131415161718);
    profile->launch_mit_vector = UINT64_C(0x0102030405060708);
}

bool report_leaf(struct suite_ctx *ctx, struct pki_cert **leaf) {
    struct vmm_certs certs;
    return suite_setup(ctx, "certificates", target_certs(suite_target(ctx), &certs)) &&
           suite_setup(ctx, "leaf certificate",
                       pki_cert_parse(certs.leaf.bytes, certs.leaf.size, leaf));
}

bool report_public_of(struct suite_ctx *ctx, const struct pki_cert *leaf,
                      uint8_t xy[REPORT_XY_SIZE]) {
    /* secp384r1, then BIT STRING of 0x62 bytes: no unused bits, an uncompressed point. */
    static const uint8_t lead[] = {0x06, 0x05, 0x2B, 0x81, 0x04, 0x00,
                                   0x22, 0x03, 0x62, 0x00, 0x04};
    size_t size;
    const uint8_t *der = pki_cert_der(leaf, &size);
    const uint8_t *at = memmem(der, size, lead, sizeof lead);
    if (!suite_check(ctx, "leaf SubjectPublicKeyInfo",
                     at != NULL && (size_t)(der + size - at) >= sizeof lead + REPORT_XY_SIZE,
                     "a P-384 key"))
        return false;
    memcpy(xy, at + sizeof lead, REPORT_XY_SIZE);
    return true;
}

bool report_public(struct suite_ctx *ctx, uint8_t xy[REPORT_XY_SIZE]) {
    struct pki_cert *leaf;
    if (!report_leaf(ctx, &leaf)) return false;
    const bool good = report_public_of(ctx, leaf, xy);
    pki_cert_free(leaf);
    return good;
}

bool report_verify(struct suite_ctx *ctx, const uint8_t xy[REPORT_XY_SIZE],
                   const uint8_t report[REPORT_SIZE], struct sevkit_result *result) {
    struct crypto_ec_public *pub;
    if (!suite_setup(ctx, "public key", crypto_ec_public_new(xy, &pub))) return false;
    struct crypto_signature signature;
    memcpy(signature.r, report + 0x2A0, sizeof signature.r);
    memcpy(signature.s, report + 0x2E8, sizeof signature.s);
    *result = crypto_ec_verify(pub, report, 0x2A0, &signature);
    crypto_ec_public_free(pub);
    return true;
}

unsigned report_signing_key(const uint8_t report[REPORT_SIZE]) {
    return abi_get_le32(report + 0x48) >> 2 & 7;
}

bool report_builtin(struct suite_ctx *ctx, const char *name, struct sevkit_profile *profile) {
    return suite_setup(ctx, name, vmm_profile_builtin(name, profile));
}

static const struct suite_area *const parts[] = {
    &report_form,     &report_field, &report_reserved, &report_guest,  &report_identity,
    &report_platform, &report_tcb,   &report_product,  &report_select, &report_signature,
    &report_refuse,   &report_order, &report_profile,  NULL,
};

const struct suite_area report_area = {.name = "report", .parts = parts};
