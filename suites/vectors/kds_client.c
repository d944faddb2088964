/* Paths as clients write them, and sevkit's service to ask. Certificate notes, section 3. */
#include "vectors/kds_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void kds_vcek_path(enum abi_product product, const uint8_t *hwid, const struct abi_tcb_parts *tcb,
                   char out[KDS_PATH_MAX]) {
    char id[129] = "", fmc[16] = "";
    for (size_t i = 0; i < abi_hwid_size(product); i++) snprintf(id + 2 * i, 3, "%02x", hwid[i]);
    if (product == ABI_PRODUCT_TURIN) snprintf(fmc, sizeof fmc, "fmcSPL=%02u&", tcb->fmc);
    snprintf(out, KDS_PATH_MAX, "/vcek/v1/%s/%s?%sblSPL=%02u&teeSPL=%02u&snpSPL=%02u&ucodeSPL=%02u",
             abi_product_name(product), id, fmc, tcb->boot_loader, tcb->tee, tcb->snp,
             tcb->microcode);
}

bool kds_path_of_cert(const struct pki_cert *cert, char out[KDS_PATH_MAX]) {
    struct pki_leaf_info info;
    if (!sevkit_ok(pki_cert_leaf_info(cert, &info)) || info.hwid_size == 0) return false;
    kds_vcek_path(info.product, info.hwid, &info.tcb, out);
    return true;
}

bool kds_time(struct suite_ctx *ctx, struct vector_case *c, int64_t *at) {
    const char *text;
    struct tm tm = {0};
    if (!vector_text(ctx, c->input, "at", &text)) return false;
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    *at = timegm(&tm);
    return suite_setup(ctx, "at",
                       end != NULL && *end == 0
                           ? sevkit_success()
                           : sevkit_fail(SEVKIT_BAD_ENCODING, "input.at", SEVKIT_NO_OFFSET, 0,
                                         "2026-01-01T00:00:00Z"));
}

static int64_t fixed_time(void *ctx) {
    (void)ctx;
    return SEVKIT_EPOCH_EMBEDDED;
}

static void no_random(void *ctx, uint8_t *out, size_t size) {
    (void)ctx, (void)out, (void)size;
    abort(); /* the service has no use for it */
}

static const char *profile_of(enum abi_product product) {
    if (product == ABI_PRODUCT_MILAN) return "milan-1.55.29-v3-vcek";
    return product == ABI_PRODUCT_TURIN ? "turin-1.55.65-v5-vcek" : SEVKIT_PROFILE_DEFAULT;
}

bool kds_ask(struct suite_ctx *ctx, enum abi_product product, const uint8_t *hwid, uint64_t tcb,
             const char *method, const char *path, struct vmm_kds_answer *answer) {
    const struct sevkit_env env = {.now = fixed_time, .random = no_random};
    const struct sevkit_scenario none = vmm_scenario_none();
    struct sevkit_profile profile;
    struct vmm_kds *kds = NULL;
    if (!suite_setup(ctx, "profile", vmm_profile_builtin(profile_of(product), &profile)))
        return false;
    memset(profile.chip_id, 0, sizeof profile.chip_id);
    memcpy(profile.chip_id, hwid, abi_hwid_size(product));
    profile.current_tcb = tcb;
    if (!suite_setup(ctx, "kds", vmm_kds_new(&profile, &none, &env, &kds))) return false;
    const struct sevkit_result r = vmm_kds_get(kds, method, path, answer);
    vmm_kds_free(kds);
    return suite_succeeds(ctx, "kds", r, "a request is answered");
}
