/* What is fixed in every report: reserved ranges, SIGNATURE_ALGO, the form of R and S. Report notes, sections
 * 1 to 3. */
#include "report/report.h"

struct range {
    const char *name;
    size_t at;
    size_t size;
};

static void zero_of(struct suite_ctx *ctx, const struct sevkit_profile *profile, void *data) {
    const struct range *range = data;
    uint8_t report[REPORT_SIZE];
    SUITE_STEP(report_plain(ctx, report));
    SUITE_ZERO(ctx, range->name, report + range->at, range->size, "reserved: zero");
    if ((target_capabilities(suite_target(ctx)) & TARGET_PROFILE) == 0) return;
    struct sevkit_profile distinct = *profile;
    report_distinct(ctx, &distinct);
    suite_instance(ctx, "%s, every field distinct", profile->name);
    SUITE_STEP(report_of(ctx, &distinct, report));
    SUITE_ZERO(ctx, range->name, report + range->at, range->size, "reserved: zero");
}

static void zero_test(struct suite_ctx *ctx) {
    struct range range = *(const struct range *)suite_row(ctx);
    suite_each_profile(ctx, zero_of, &range);
}

static void algo_of(struct suite_ctx *ctx, const struct sevkit_profile *profile, void *data) {
    (void)data;
    (void)profile;
    uint8_t report[REPORT_SIZE];
    SUITE_STEP(report_plain(ctx, report));
    SUITE_EQUAL(ctx, "SIGNATURE_ALGO", 1, abi_get_le32(report + 0x34),
                "1: ECDSA P-384 with SHA-384");
}

static void algo(struct suite_ctx *ctx) {
    suite_each_profile(ctx, algo_of, NULL);
}

static void numbers_of(struct suite_ctx *ctx, const struct sevkit_profile *profile, void *data) {
    (void)data;
    (void)profile;
    uint8_t report[REPORT_SIZE];
    SUITE_STEP(report_plain(ctx, report));
    SUITE_CHECK(ctx, "SIGNATURE.R", !abi_all_zero(report + 0x2A0, 48), "not zero when signed");
    SUITE_ZERO(ctx, "SIGNATURE.R upper bytes", report + 0x2D0, 24, "R is below 2^384");
    SUITE_CHECK(ctx, "SIGNATURE.S", !abi_all_zero(report + 0x2E8, 48), "not zero when signed");
    SUITE_ZERO(ctx, "SIGNATURE.S upper bytes", report + 0x318, 24, "S is below 2^384");
}

static void numbers(struct suite_ctx *ctx) {
    suite_each_profile(ctx, numbers_of, NULL);
}

#define ZERO(ID, REQUIREMENT, AT, SIZE)                                                            \
    {                                                                                              \
        .id = "report.reserved." ID, .title = "bytes from " #AT " on are zero, in every profile",  \
        .requirements = SUITE_REQ(REQUIREMENT), .kind = SUITE_POSITIVE,                            \
        .needs = SUITE_NEEDS_GUEST, .run = zero_test, .row = &(const struct range) {               \
            "bytes from " #AT, AT, SIZE                                                            \
        }                                                                                          \
    }

static const struct suite_test tests[] = {
    ZERO("byte-4c", "SNP-RPT-015", 0x04C, 4),
    ZERO("byte-18b", "SNP-RPT-025", 0x18B, 21),
    ZERO("byte-1eb", "SNP-RPT-029", 0x1EB, 1),
    ZERO("byte-1ef", "SNP-RPT-031", 0x1EF, 1),
    ZERO("byte-208", "SNP-RPT-036", 0x208, 152),
    ZERO("byte-330", "SNP-RPT-040", 0x330, 368),
    {.id = "report.reserved.signature-algo",
     .title = "SIGNATURE_ALGO is 1 in every profile",
     .requirements = SUITE_REQ("SNP-RPT-007"),
     .kind = SUITE_POSITIVE,
     .needs = SUITE_NEEDS_GUEST,
     .run = algo},
    {.id = "report.reserved.signature-numbers",
     .title = "R at 0x2A0 and S at 0x2E8 are 48-byte numbers, upper 24 bytes zero",
     .requirements = SUITE_REQ("SNP-RPT-039"),
     .kind = SUITE_POSITIVE,
     .needs = SUITE_NEEDS_GUEST,
     .run = numbers},
};

const struct suite_area report_reserved = REPORT_PART(tests);
