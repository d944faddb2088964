/* The signature and what it covers. Report notes, section 2. */
#include <string.h>

#include "report/report.h"

static void verifies(struct suite_ctx *ctx) {
    uint8_t report[REPORT_SIZE], xy[REPORT_XY_SIZE];
    struct sevkit_result result;
    SUITE_STEP(report_plain(ctx, report));
    SUITE_STEP(report_public(ctx, xy));
    SUITE_STEP(report_verify(ctx, xy, report, &result));
    SUITE_SUCCEEDS(ctx, "SIGNATURE", result, "over bytes 0x000 to 0x29F by the leaf's key");
}

static void verifies_of(struct suite_ctx *ctx, const struct sevkit_profile *profile, void *data) {
    (void)data;
    verifies(ctx);
    if (suite_stopped(ctx) || (target_capabilities(suite_target(ctx)) & TARGET_PROFILE) == 0)
        return;
    struct sevkit_profile distinct = *profile;
    report_distinct(ctx, &distinct);
    suite_instance(ctx, "%s, every field distinct", profile->name);
    SUITE_STEP(suite_reset_as(ctx, &distinct, PSP_GUEST_RUNNING));
    verifies(ctx);
}

static void verifies_each(struct suite_ctx *ctx) {
    suite_each_profile(ctx, verifies_of, NULL);
}

/* One bit in each signed byte: a byte outside the signature would not be missed. */
static void covers(struct suite_ctx *ctx) {
    uint8_t report[REPORT_SIZE], xy[REPORT_XY_SIZE];
    struct sevkit_result result;
    SUITE_STEP(suite_reset(ctx));
    SUITE_STEP(report_plain(ctx, report));
    SUITE_STEP(report_public(ctx, xy));
    for (unsigned i = 0; i < 0x2A0; i += 7) {
        suite_instance(ctx, "byte 0x%x", i);
        report[i] ^= 1;
        SUITE_STEP(report_verify(ctx, xy, report, &result));
        SUITE_CHECK(ctx, "SIGNATURE", !sevkit_ok(result), "does not verify over other bytes");
        report[i] ^= 1;
    }
}

static void deterministic(struct suite_ctx *ctx) {
    struct report_request request = report_request(ctx, 0);
    uint8_t first[REPORT_SIZE], again[REPORT_SIZE], other[REPORT_SIZE];
    SUITE_STEP(suite_reset(ctx));
    SUITE_STEP(report_granted(ctx, 0, &request, first));
    SUITE_STEP(suite_reset(ctx));
    SUITE_STEP(report_granted(ctx, 0, &request, again));
    SUITE_BYTES(ctx, "report", first, again, sizeof first,
                "the same machine and nonce give the same bytes, signature included");
    request.data[63] ^= 1;
    SUITE_STEP(report_granted(ctx, 0, &request, other));
    SUITE_CHECK(ctx, "SIGNATURE", memcmp(first + 0x2A0, other + 0x2A0, 48) != 0,
                "another report has another R: the nonce depends on what is signed");
}

static void masked_of(struct suite_ctx *ctx, const struct sevkit_profile *builtin, void *data) {
    (void)data;
    struct sevkit_profile profile = *builtin;
    uint8_t report[REPORT_SIZE];
    profile.vlek_loaded = false;
    profile.mask_chip_key = true;
    SUITE_STEP(report_of(ctx, &profile, report));
    SUITE_ZERO(ctx, "SIGNATURE", report + 0x2A0, 512, "zero when no key signs");
    SUITE_EQUAL(ctx, "SIGNATURE_ALGO", 1, abi_get_le32(report + 0x034),
                "1, also when no key signs");
    SUITE_EQUAL(ctx, "MASK_CHIP_KEY", 1, report[0x048] >> 1 & 1, "the platform's setting");
}

static void masked(struct suite_ctx *ctx) {
    suite_each_profile(ctx, masked_of, NULL);
}

static const struct suite_test tests[] = {
    {.id = "report.signature.verifies",
     .title = "the signature verifies under the leaf certificate, in every profile",
     .requirements = SUITE_REQ("SNP-RPT-038", "SNP-RPT-039", "SNP-RPT-023"),
     .kind = SUITE_POSITIVE,
     .needs = SUITE_NEEDS_GUEST | TARGET_CERTS,
     .run = verifies_each},
    {.id = "report.signature.covers",
     .title = "the signature does not verify once a byte of 0x000 to 0x29F is another",
     .requirements = SUITE_REQ("SNP-RPT-038"),
     .kind = SUITE_POSITIVE,
     .needs = SUITE_NEEDS_GUEST | TARGET_CERTS,
     .run = covers},
    {.id = "report.signature.deterministic",
     .title = "one machine gives the same signature for the same report, another R for another",
     .requirements = SUITE_REQ("SNP-RPT-038"),
     .kind = SUITE_POSITIVE,
     .needs = REPORT_NEEDS,
     .run = deterministic},
    {.id = "report.signature.masked",
     .title = "with the chip key masked the signature is zero and SIGNATURE_ALGO is still 1",
     .requirements = SUITE_REQ("SNP-RPT-041", "SNP-RPT-007", "SNP-RPT-012"),
     .kind = SUITE_POSITIVE,
     .needs = REPORT_NEEDS,
     .run = masked},
};

const struct suite_area report_signature = REPORT_PART(tests);
