/* Which processor and which firmware a report speaks of. Report notes, sections 8, 9 and 11. */
#include <string.h>

#include "report/report.h"

static void fms_eax_of(struct suite_ctx *ctx, const struct sevkit_profile *profile, void *data) {
    (void)data;
    struct abi_secrets_page secrets;
    uint8_t report[REPORT_SIZE];
    if (profile->report_version < 3) return;
    SUITE_SETUP(ctx, "secrets page", target_secrets(suite_target(ctx), &secrets));
    SUITE_STEP(report_plain(ctx, report));
    const uint32_t family = report[0x188], model = report[0x189], stepping = report[0x18A];
    SUITE_EQUAL(ctx, "secrets page FMS",
                (family - 0xF) << 20 | (model >> 4) << 16 | 0xFu << 8 | (model & 0xF) << 4 |
                    stepping,
                secrets.fms, "CPUID Fn1 EAX of the report's family, model and stepping");
}

static void fms_eax(struct suite_ctx *ctx) {
    suite_each_profile(ctx, fms_eax_of, NULL);
}

struct fms_row {
    struct abi_fms fms;
    enum abi_product product;
};

/* A report with other family and model, decoded: the line that it states. */
static void states(struct suite_ctx *ctx, const struct fms_row *row) {
    struct sevkit_profile profile = *suite_run_profile(ctx);
    struct abi_report report;
    uint8_t bytes[REPORT_SIZE];
    suite_instance(ctx, "family 0x%x, model 0x%x", row->fms.family, row->fms.model);
    profile.report_version = 3;
    profile.fms = row->fms;
    SUITE_STEP(report_of(ctx, &profile, bytes));
    SUITE_SETUP(ctx, "report", abi_report_decode(bytes, sizeof bytes, &report));
    SUITE_EQUAL(ctx, "product line", row->product, abi_report_product(&report),
                "the table of families and models");
}

static void lines(struct suite_ctx *ctx) {
    static const struct fms_row rows[] = {
        {{0x19, 0x00, 0}, ABI_PRODUCT_MILAN}, {{0x19, 0x0F, 0}, ABI_PRODUCT_MILAN},
        {{0x19, 0x10, 0}, ABI_PRODUCT_GENOA}, {{0x19, 0x1F, 0}, ABI_PRODUCT_GENOA},
        {{0x19, 0xA0, 0}, ABI_PRODUCT_GENOA}, {{0x19, 0xAF, 0}, ABI_PRODUCT_GENOA},
        {{0x1A, 0x00, 0}, ABI_PRODUCT_TURIN}, {{0x1A, 0x11, 0}, ABI_PRODUCT_TURIN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0] && !suite_stopped(ctx); i++)
        states(ctx, &rows[i]);
}

static void no_line(struct suite_ctx *ctx) {
    static const struct abi_fms fms[] = {{0x19, 0x20, 0}, {0x19, 0x9F, 0}, {0x19, 0xB0, 0},
                                         {0x1A, 0x12, 0}, {0x18, 0x01, 0}, {0x1B, 0x01, 0}};
    for (size_t i = 0; i < sizeof fms / sizeof fms[0] && !suite_stopped(ctx); i++)
        states(ctx, &(const struct fms_row){fms[i], ABI_PRODUCT_UNKNOWN});
}

static void line_of(struct suite_ctx *ctx, const struct sevkit_profile *profile, void *data) {
    (void)data;
    struct abi_report report;
    uint8_t bytes[REPORT_SIZE];
    SUITE_STEP(report_plain(ctx, bytes));
    SUITE_SETUP(ctx, "report", abi_report_decode(bytes, sizeof bytes, &report));
    SUITE_EQUAL(ctx, "product line",
                profile->report_version < 3 ? ABI_PRODUCT_UNKNOWN : profile->product,
                abi_report_product(&report),
                "the line that the certificates are of; a version 2 report states none");
}

static void every_line(struct suite_ctx *ctx) {
    suite_each_profile(ctx, line_of, NULL);
}

static void pairs(struct suite_ctx *ctx) {
    static const struct {
        const char *chip;
        uint8_t minor, build;
        uint32_t version;
    } seen[] = {
        {"Milan", 49, 3, 2},  {"Milan", 52, 4, 2},  {"Genoa", 55, 25, 2}, {"Milan", 55, 29, 3},
        {"Genoa", 55, 40, 3}, {"Genoa", 55, 43, 5}, {"Turin", 55, 61, 5}, {"Turin", 55, 65, 5},
    };
    for (size_t i = 0; vmm_profile_name(i) != NULL; i++) {
        struct sevkit_profile profile;
        uint8_t report[REPORT_SIZE];
        suite_instance(ctx, "%s", vmm_profile_name(i));
        SUITE_STEP(report_builtin(ctx, vmm_profile_name(i), &profile));
        SUITE_STEP(report_of(ctx, &profile, report));
        for (size_t j = 0; j < sizeof seen / sizeof seen[0]; j++) {
            if (strcmp(profile.chip, seen[j].chip) != 0 || report[0x1EA] != 1 ||
                report[0x1E9] != seen[j].minor || report[0x1E8] != seen[j].build)
                continue;
            SUITE_EQUAL(ctx, "VERSION", seen[j].version, abi_get_le32(report),
                        "the version that this firmware makes on real machines");
        }
    }
}

static void version_of(struct suite_ctx *ctx, const struct sevkit_profile *profile, void *data) {
    (void)data;
    (void)profile;
    uint8_t report[REPORT_SIZE];
    SUITE_STEP(report_plain(ctx, report));
    const uint32_t version = abi_get_le32(report);
    SUITE_CHECK(ctx, "VERSION", version == 2 || version == 3 || version == 5, "2, 3 or 5, never 4");
}

static void versions(struct suite_ctx *ctx) {
    suite_each_profile(ctx, version_of, NULL);
}

static const struct suite_test tests[] = {
    {.id = "report.product.fms-eax",
     .title = "family, model and stepping are those of CPUID Fn1 EAX in the secrets page",
     .requirements = SUITE_REQ("SNP-RPT-075", "SNP-RPT-024", "SNP-SEC-005"),
     .kind = SUITE_POSITIVE,
     .needs = SUITE_NEEDS_GUEST,
     .run = fms_eax},
    {.id = "report.product.line",
     .title = "both ends of every range of models state their product line",
     .requirements = SUITE_REQ("SNP-RPT-076"),
     .kind = SUITE_POSITIVE,
     .needs = REPORT_NEEDS,
     .run = lines},
    {.id = "report.product.line-unknown",
     .title = "a processor outside the table states no product line",
     .requirements = SUITE_REQ("SNP-RPT-076"),
     .kind = SUITE_NEGATIVE,
     .twin = "report.product.line",
     .needs = REPORT_NEEDS,
     .run = no_line},
    {.id = "report.product.line-each",
     .title = "every profile's report states the line of its certificates",
     .requirements = SUITE_REQ("SNP-RPT-076", "SNP-RPT-024"),
     .kind = SUITE_POSITIVE,
     .needs = SUITE_NEEDS_GUEST,
     .run = every_line},
    {.id = "report.product.firmware-pairs",
     .title = "firmware that real machines run makes the report version that they make",
     .requirements = SUITE_REQ("SNP-RPT-072", "SNP-RPT-001"),
     .kind = SUITE_POSITIVE,
     .needs = REPORT_NEEDS,
     .run = pairs},
    {.id = "report.product.versions",
     .title = "every profile's report is of version 2, 3 or 5",
     .requirements = SUITE_REQ("SNP-RPT-001", "SNP-RPT-073"),
     .kind = SUITE_POSITIVE,
     .needs = SUITE_NEEDS_GUEST,
     .run = versions},
};

const struct suite_area report_product = REPORT_PART(tests);
