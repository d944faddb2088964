/* The four TCBs and the certificate that the reported one chooses. Report notes, section 6. */
#include "report/report.h"

static void order_of(struct suite_ctx *ctx, const struct sevkit_profile *profile, void *data) {
    (void)data;
    (void)profile;
    uint8_t report[REPORT_SIZE];
    SUITE_STEP(report_plain(ctx, report));
    for (size_t i = 0; i < 8; i++) {
        const uint8_t current = report[0x038 + i], reported = report[0x180 + i],
                      committed = report[0x1E0 + i];
        SUITE_CHECK(ctx, "REPORTED_TCB", reported <= committed, "at most COMMITTED_TCB, per byte");
        SUITE_CHECK(ctx, "COMMITTED_TCB", committed <= current, "at most CURRENT_TCB, per byte");
    }
}

static void order(struct suite_ctx *ctx) {
    suite_each_profile(ctx, order_of, NULL);
}

/* REPORTED_TCB and CHIP_ID against the extensions of the leaf, which lie in another format. */
static bool leaf_matches(struct suite_ctx *ctx, const struct sevkit_profile *profile,
                         const struct pki_leaf_info *info, const uint8_t *report) {
    const uint8_t *tcb = report + 0x180;
    const bool turin = profile->product == ABI_PRODUCT_TURIN;
    const char *rule = "the component that the leaf certificate names";
    if (!suite_equal(ctx, "leaf has FMC", turin, info->has_fmc, "on Turin only") ||
        !suite_equal(ctx, "REPORTED_TCB FMC", info->tcb.fmc, turin ? tcb[0] : 0, rule) ||
        !suite_equal(ctx, "REPORTED_TCB BOOT_LOADER", info->tcb.boot_loader, tcb[turin ? 1 : 0],
                     rule) ||
        !suite_equal(ctx, "REPORTED_TCB TEE", info->tcb.tee, tcb[turin ? 2 : 1], rule) ||
        !suite_equal(ctx, "REPORTED_TCB SNP", info->tcb.snp, tcb[turin ? 3 : 6], rule) ||
        !suite_equal(ctx, "REPORTED_TCB MICROCODE", info->tcb.microcode, tcb[7], rule) ||
        !suite_zero(ctx, "REPORTED_TCB reserved", tcb + (turin ? 4 : 2), turin ? 3 : 4, "zero"))
        return false;
    if (profile->vlek_loaded)
        return suite_equal(ctx, "leaf HWID size", 0, info->hwid_size, "a VLEK names no chip");
    if (!suite_equal(ctx, "leaf HWID size", turin ? 8 : 64, info->hwid_size,
                     "8 bytes on Turin, 64 elsewhere"))
        return false;
    return profile->mask_chip_id || suite_bytes(ctx, "CHIP_ID", info->hwid, report + 0x1A0,
                                                info->hwid_size, "the HWID of the VCEK");
}

static void leaf(struct suite_ctx *ctx, const struct sevkit_profile *profile) {
    struct pki_cert *cert;
    struct pki_leaf_info info;
    uint8_t report[REPORT_SIZE];
    SUITE_STEP(report_plain(ctx, report));
    SUITE_STEP(report_leaf(ctx, &cert));
    const struct sevkit_result r = pki_cert_leaf_info(cert, &info);
    pki_cert_free(cert);
    SUITE_SUCCEEDS(ctx, "leaf extensions", r, "the certificate profile of AMD's leaves");
    SUITE_STEP(leaf_matches(ctx, profile, &info, report));
}

static void leaf_of(struct suite_ctx *ctx, const struct sevkit_profile *profile, void *data) {
    (void)data;
    leaf(ctx, profile);
    if (suite_stopped(ctx) || (target_capabilities(suite_target(ctx)) & TARGET_PROFILE) == 0)
        return;
    struct sevkit_profile distinct = *profile;
    report_distinct(ctx, &distinct);
    suite_instance(ctx, "%s, every field distinct", profile->name);
    SUITE_STEP(suite_reset_as(ctx, &distinct, PSP_GUEST_RUNNING));
    leaf(ctx, &distinct);
}

static void leaves(struct suite_ctx *ctx) {
    suite_each_profile(ctx, leaf_of, NULL);
}

/* The key that BASE signs with signs the report of CHANGED if and only if SAME. */
static void same_key(struct suite_ctx *ctx, const struct sevkit_profile *base,
                     const struct sevkit_profile *changed, bool same, const char *rule) {
    uint8_t xy[REPORT_XY_SIZE], own[REPORT_XY_SIZE];
    uint8_t report[REPORT_SIZE];
    struct sevkit_result under_base, under_own;
    SUITE_STEP(suite_reset_as(ctx, base, PSP_GUEST_RUNNING));
    SUITE_STEP(report_public(ctx, xy));
    SUITE_STEP(report_of(ctx, changed, report));
    SUITE_STEP(report_public(ctx, own));
    SUITE_STEP(report_verify(ctx, own, report, &under_own));
    SUITE_SUCCEEDS(ctx, "SIGNATURE", under_own, "by the key of the machine's own certificate");
    SUITE_STEP(report_verify(ctx, xy, report, &under_base));
    SUITE_EQUAL(ctx, "signed by the first machine's key", same, sevkit_ok(under_base), rule);
}

static void reported_chooses(struct suite_ctx *ctx) {
    for (unsigned vlek = 0; vlek < 2; vlek++) {
        for (unsigned part = 0; part < 4; part++) {
            static const unsigned at[] = {0, 1, 6, 7};
            struct sevkit_profile base, changed;
            suite_instance(ctx, "%s, byte %u of the TCB", vlek ? "VLEK" : "VCEK", at[part]);
            SUITE_STEP(report_builtin(ctx, vlek ? "milan-1.55.29-v3-vlek" : SEVKIT_PROFILE_DEFAULT,
                                      &base));
            base.current_tcb = base.committed_tcb = report_tcb_of(base.product, 0x40);
            base.reported_tcb = report_tcb_of(base.product, 0x20);
            changed = base;
            changed.reported_tcb += UINT64_C(1) << 8 * at[part];
            same_key(ctx, &base, &changed, false, "another REPORTED_TCB: another key");
            if (suite_stopped(ctx)) return;
        }
    }
}

static void others_do_not(struct suite_ctx *ctx) {
    struct sevkit_profile base = *suite_run_profile(ctx), changed;
    base.current_tcb = base.committed_tcb = base.launch_tcb = base.reported_tcb =
        report_tcb_of(base.product, 0x20);
    changed = base;
    changed.current_tcb = report_tcb_of(base.product, 0x42);
    changed.committed_tcb = report_tcb_of(base.product, 0x41);
    changed.launch_tcb = report_tcb_of(base.product, 0x22);
    same_key(ctx, &base, &changed, true, "the reported TCB alone chooses the key");
}

static void chip_chooses(struct suite_ctx *ctx) {
    static const char *const names[] = {SEVKIT_PROFILE_DEFAULT, "turin-1.55.65-v5-vcek",
                                        "milan-1.55.29-v3-vlek"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct sevkit_profile base, changed;
        suite_instance(ctx, "%s", names[i]);
        SUITE_STEP(report_builtin(ctx, names[i], &base));
        changed = base;
        changed.chip_id[7] ^= 1;
        same_key(ctx, &base, &changed, base.vlek_loaded,
                 "a VCEK is the chip's own, a VLEK the cloud provider's");
        if (suite_stopped(ctx)) return;
    }
}

static void csp_chooses(struct suite_ctx *ctx) {
    struct sevkit_profile base, changed;
    SUITE_STEP(report_builtin(ctx, "milan-1.55.29-v3-vlek", &base));
    changed = base;
    changed.csp_id[3] ^= 1;
    same_key(ctx, &base, &changed, false, "a VLEK is the cloud provider's");
}

#define CERT_NEEDS (REPORT_NEEDS | TARGET_CERTS)

static const struct suite_test tests[] = {
    {.id = "report.tcb.order",
     .title = "REPORTED_TCB <= COMMITTED_TCB <= CURRENT_TCB in every profile's report",
     .requirements = SUITE_REQ("SNP-RPT-065"),
     .kind = SUITE_POSITIVE,
     .needs = SUITE_NEEDS_GUEST,
     .run = order},
    {.id = "report.tcb.leaf",
     .title = "REPORTED_TCB and CHIP_ID are those of the leaf certificate, in every profile",
     .requirements = SUITE_REQ("SNP-RPT-023", "SNP-RPT-063", "SNP-RPT-064", "SNP-RPT-069"),
     .kind = SUITE_POSITIVE,
     .needs = SUITE_NEEDS_GUEST | TARGET_CERTS,
     .run = leaves},
    {.id = "report.tcb.reported-chooses-key",
     .title = "another REPORTED_TCB makes another VCEK or VLEK sign, component by component",
     .requirements = SUITE_REQ("SNP-RPT-023"),
     .kind = SUITE_POSITIVE,
     .needs = CERT_NEEDS,
     .run = reported_chooses},
    {.id = "report.tcb.others-do-not",
     .title = "CURRENT_TCB, COMMITTED_TCB and LAUNCH_TCB leave the signing key alone",
     .requirements = SUITE_REQ("SNP-RPT-023"),
     .kind = SUITE_POSITIVE,
     .needs = CERT_NEEDS,
     .run = others_do_not},
    {.id = "report.tcb.chip-chooses-vcek",
     .title = "another chip has another VCEK and the same VLEK",
     .requirements = SUITE_REQ("SNP-RPT-038", "SNP-RPT-026"),
     .kind = SUITE_POSITIVE,
     .needs = CERT_NEEDS,
     .run = chip_chooses},
    {.id = "report.tcb.csp-chooses-vlek",
     .title = "another cloud provider has another VLEK",
     .requirements = SUITE_REQ("SNP-RPT-038"),
     .kind = SUITE_POSITIVE,
     .needs = CERT_NEEDS,
     .run = csp_chooses},
};

const struct suite_area report_tcb = REPORT_PART(tests);
