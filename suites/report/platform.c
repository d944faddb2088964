/* What the platform gives a report: KEY_INFO, PLATFORM_INFO, CHIP_ID. Report notes, sections 3, 4 and 7. */
#include <string.h>

#include "report/report.h"

/* Both chip settings in all combinations, on one profile. */
static void key_info_bits(struct suite_ctx *ctx) {
    for (unsigned i = 0; i < 8; i++) {
        struct sevkit_profile profile = *suite_run_profile(ctx);
        uint8_t report[REPORT_SIZE];
        report_distinct(ctx, &profile);
        profile.vlek_loaded = (i & 1) != 0;
        strcpy(profile.csp_id, profile.vlek_loaded ? "CN=suite" : "");
        profile.mask_chip_key = (i & 2) != 0;
        profile.mask_chip_id = (i & 4) != 0;
        suite_instance(ctx, "VLEK %u, MASK_CHIP_KEY %u, MASK_CHIP_ID %u", i & 1, i >> 1 & 1,
                       i >> 2);
        SUITE_STEP(report_of(ctx, &profile, report));
        const uint32_t info = abi_get_le32(report + 0x048);
        SUITE_EQUAL(ctx, "MASK_CHIP_KEY", i >> 1 & 1, info >> 1 & 1, "the platform's setting");
        SUITE_EQUAL(ctx, "KEY_INFO bits 31:5", 0, info >> 5, "reserved: zero");
    }
}

static void key_info_of(struct suite_ctx *ctx, const struct sevkit_profile *profile, void *data) {
    (void)data;
    uint8_t report[REPORT_SIZE];
    SUITE_STEP(report_plain(ctx, report));
    const unsigned author = profile->id_block.present && profile->id_block.author_key_en;
    const unsigned masked = profile->mask_chip_key;
    const unsigned signer = profile->vlek_loaded ? 1 : masked ? 7 : 0;
    SUITE_EQUAL(ctx, "KEY_INFO", author | masked << 1 | signer << 2, abi_get_le32(report + 0x048),
                "AUTHOR_KEY_EN, MASK_CHIP_KEY, SIGNING_KEY, zeros");
}

static void key_info(struct suite_ctx *ctx) {
    suite_each_profile(ctx, key_info_of, NULL);
}

static void platform_bits(struct suite_ctx *ctx) {
    struct sevkit_profile profile;
    static const char *const names[] = {"SMT_EN",
                                        "TSME_EN",
                                        "ECC_EN",
                                        "RAPL_DIS",
                                        "CIPHERTEXT_HIDING_DRAM_EN",
                                        "ALIAS_CHECK_COMPLETE",
                                        "bit 6",
                                        "TIO_EN"};
    SUITE_STEP(report_builtin(ctx, "genoa-1.55.49-v5-vcek", &profile));
    for (unsigned bit = 0; bit < 8; bit++) {
        uint8_t report[REPORT_SIZE];
        suite_instance(ctx, "%s", names[bit]);
        profile.platform_info = UINT64_C(1) << bit;
        SUITE_STEP(report_of(ctx, &profile, report));
        SUITE_EQUAL(ctx, "PLATFORM_INFO byte 0", 1u << bit, report[0x040], "this bit alone");
        SUITE_ZERO(ctx, "PLATFORM_INFO bits 63:8", report + 0x041, 7, "reserved: zero");
    }
}

static void high_bits_of(struct suite_ctx *ctx, const struct sevkit_profile *profile, void *data) {
    (void)data;
    (void)profile;
    uint8_t report[REPORT_SIZE];
    SUITE_STEP(report_plain(ctx, report));
    SUITE_ZERO(ctx, "PLATFORM_INFO bits 63:8", report + 0x041, 7, "reserved: zero");
}

static void high_bits(struct suite_ctx *ctx) {
    suite_each_profile(ctx, high_bits_of, NULL);
}

/* The profiles of the Genoa line's firmware 1.55.25, at least Genoa's own. */
static void early_genoa(struct suite_ctx *ctx) {
    static const char *const names[] = {"genoa-1.55.25-v2-vcek", "bergamo-1.55.25-v2-vcek",
                                        "siena-1.55.25-v2-vcek"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct sevkit_profile profile;
        uint8_t report[REPORT_SIZE];
        suite_instance(ctx, "%s", names[i]);
        SUITE_STEP(report_builtin(ctx, names[i], &profile));
        SUITE_STEP(report_of(ctx, &profile, report));
        SUITE_EQUAL(ctx, "CURRENT_MAJOR, MINOR, BUILD", 0x013719,
                    (unsigned)(report[0x1EA] << 16 | report[0x1E9] << 8 | report[0x1E8]),
                    "firmware 1.55.25");
        SUITE_EQUAL(ctx, "PLATFORM_INFO bits 63:2", 0, abi_get_le64(report + 0x040) >> 2,
                    "SMT_EN and TSME_EN are all that this firmware sets");
    }
}

/* DATA: whether this run looks at Turin's profiles or at all others. */
static void bit_6_of(struct suite_ctx *ctx, const struct sevkit_profile *profile, void *data) {
    const bool turin = *(const bool *)data;
    uint8_t report[REPORT_SIZE];
    if ((profile->product == ABI_PRODUCT_TURIN) != turin) return;
    SUITE_STEP(report_plain(ctx, report));
    SUITE_EQUAL(ctx, "PLATFORM_INFO bit 6", turin, report[0x040] >> 6 & 1,
                "set on Turin, clear elsewhere");
}

static void bit_6(struct suite_ctx *ctx) {
    bool turin = *(const bool *)suite_row(ctx);
    suite_each_profile(ctx, bit_6_of, &turin);
}

static void masked_id_of(struct suite_ctx *ctx, const struct sevkit_profile *profile, void *data) {
    (void)data;
    struct sevkit_profile masked = *profile;
    uint8_t report[REPORT_SIZE];
    masked.mask_chip_id = true;
    SUITE_STEP(report_of(ctx, &masked, report));
    SUITE_ZERO(ctx, "CHIP_ID", report + 0x1A0, 64, "zero with MASK_CHIP_ID 1");
    masked.mask_chip_id = false;
    SUITE_STEP(report_of(ctx, &masked, report));
    SUITE_BYTES(ctx, "CHIP_ID", profile->chip_id, report + 0x1A0, 64,
                "the chip's id with MASK_CHIP_ID 0");
}

static void masked_id(struct suite_ctx *ctx) {
    suite_each_profile(ctx, masked_id_of, NULL);
}

static void chip_id_size_of(struct suite_ctx *ctx, const struct sevkit_profile *profile,
                            void *data) {
    (void)data;
    struct sevkit_profile shown = *profile;
    uint8_t report[REPORT_SIZE];
    shown.mask_chip_id = false;
    SUITE_STEP(report_of(ctx, &shown, report));
    if (profile->product == ABI_PRODUCT_TURIN) {
        SUITE_CHECK(ctx, "CHIP_ID", !abi_all_zero(report + 0x1A0, 8), "8 bytes on Turin");
        SUITE_ZERO(ctx, "CHIP_ID from byte 8 on", report + 0x1A8, 56, "zero on Turin");
    } else {
        SUITE_CHECK(ctx, "CHIP_ID from byte 8 on", !abi_all_zero(report + 0x1A8, 56),
                    "64 bytes outside Turin: tools tell Turin by 56 zero bytes");
    }
}

static void chip_id_size(struct suite_ctx *ctx) {
    suite_each_profile(ctx, chip_id_size_of, NULL);
}

static const struct suite_test tests[] = {
    {.id = "report.platform.key-info",
     .title = "KEY_INFO is author key, mask and signer and nothing else, in every profile",
     .requirements = SUITE_REQ("SNP-RPT-011", "SNP-RPT-012", "SNP-RPT-013", "SNP-RPT-014"),
     .kind = SUITE_POSITIVE,
     .needs = SUITE_NEEDS_GUEST,
     .run = key_info},
    {.id = "report.platform.key-info-masks",
     .title = "MASK_CHIP_KEY is reported alone in its bit, whatever else is set",
     .requirements = SUITE_REQ("SNP-RPT-012", "SNP-RPT-014"),
     .kind = SUITE_POSITIVE,
     .needs = REPORT_NEEDS,
     .run = key_info_bits},
    {.id = "report.platform.info-bits",
     .title = "each bit of PLATFORM_INFO is reported at its place",
     .requirements = SUITE_REQ("SNP-RPT-009"),
     .kind = SUITE_POSITIVE,
     .needs = REPORT_NEEDS,
     .run = platform_bits},
    {.id = "report.platform.info-reserved",
     .title = "PLATFORM_INFO bits 63:8 are zero, in every profile",
     .requirements = SUITE_REQ("SNP-RPT-009"),
     .kind = SUITE_POSITIVE,
     .needs = SUITE_NEEDS_GUEST,
     .run = high_bits},
    {.id = "report.platform.info-1-55-25",
     .title = "firmware 1.55.25 of Genoa's line sets no PLATFORM_INFO bit but 0 and 1",
     .requirements = SUITE_REQ("SNP-RPT-052"),
     .kind = SUITE_POSITIVE,
     .needs = REPORT_NEEDS,
     .run = early_genoa},
    {.id = "report.platform.bit-6-turin",
     .title = "PLATFORM_INFO bit 6 is set in every Turin profile",
     .requirements = SUITE_REQ("SNP-RPT-010"),
     .kind = SUITE_POSITIVE,
     .needs = REPORT_NEEDS,
     .run = bit_6,
     .row = &(const bool){true}},
    {.id = "report.platform.bit-6-elsewhere",
     .title = "PLATFORM_INFO bit 6 is clear in every other profile",
     .requirements = SUITE_REQ("SNP-RPT-010"),
     .kind = SUITE_NEGATIVE,
     .twin = "report.platform.bit-6-turin",
     .needs = REPORT_NEEDS,
     .run = bit_6,
     .row = &(const bool){false}},
    {.id = "report.platform.chip-id-masked",
     .title = "CHIP_ID is zero with MASK_CHIP_ID and the chip's without, on every profile",
     .requirements = SUITE_REQ("SNP-RPT-070", "SNP-RPT-026"),
     .kind = SUITE_POSITIVE,
     .needs = REPORT_NEEDS,
     .run = masked_id},
    {.id = "report.platform.chip-id-size",
     .title = "CHIP_ID is 8 bytes and 56 zeros on Turin, 64 bytes elsewhere",
     .requirements = SUITE_REQ("SNP-RPT-069", "SNP-RPT-026"),
     .kind = SUITE_POSITIVE,
     .needs = REPORT_NEEDS,
     .run = chip_id_size},
};

const struct suite_area report_platform = REPORT_PART(tests);
