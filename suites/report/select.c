/* KEY_SEL x VLEK loaded x MASK_CHIP_KEY x VCEK_DIS: which key signs, or why none may. All 32 cells are in the
 * rows below, each in one of them. Report notes, section 3; message notes, section 7. */
#include <string.h>

#include "report/report.h"

#define ANY 2

struct cells {
    uint32_t key_sel;
    unsigned vlek, mask, dis; /* 0, 1 or ANY */
    unsigned signer;          /* SIGNING_KEY; INVALID_KEY for a refusal */
};

#define INVALID_KEY 8

static bool covers(unsigned wanted, unsigned value) {
    return wanted == ANY || wanted == value;
}

/* The public key of the chip's VCEK or of the VLEK, from a machine that signs with it. */
static bool public_key(struct suite_ctx *ctx, const struct sevkit_profile *profile, bool vlek,
                       uint8_t xy[REPORT_XY_SIZE]) {
    struct sevkit_profile signing = *profile;
    signing.vlek_loaded = vlek;
    signing.mask_chip_key = false;
    return suite_reset_as(ctx, &signing, PSP_GUEST_RUNNING) && report_public(ctx, xy);
}

static bool signed_by(struct suite_ctx *ctx, const uint8_t xy[REPORT_XY_SIZE],
                      const uint8_t *report) {
    struct sevkit_result result;
    return report_verify(ctx, xy, report, &result) &&
           suite_succeeds(ctx, "SIGNATURE", result, "by the key that SIGNING_KEY names");
}

static bool unsigned_report(struct suite_ctx *ctx, const uint8_t *report) {
    return suite_zero(ctx, "SIGNATURE", report + 0x2A0, 512, "zero when no key signs") &&
           suite_equal(ctx, "SIGNATURE_ALGO", 1, abi_get_le32(report + 0x034),
                       "1, also when no key signs");
}

static void cell(struct suite_ctx *ctx, const struct sevkit_profile *profile,
                 const struct cells *cells, uint8_t xy[2][REPORT_XY_SIZE]) {
    struct report_request request = report_request(ctx, 1);
    uint8_t report[REPORT_SIZE];
    request.key_sel = cells->key_sel;
    SUITE_STEP(suite_reset_as(ctx, profile, PSP_GUEST_RUNNING));
    if (cells->signer == INVALID_KEY) {
        SUITE_STEP(report_refused(ctx, 0, &request, ABI_INVALID_KEY, "no such key for this guest"));
        return;
    }
    SUITE_STEP(report_granted(ctx, 0, &request, report));
    SUITE_EQUAL(ctx, "SIGNING_KEY", cells->signer, report_signing_key(report),
                "0 VCEK, 1 VLEK, 7 none");
    if (cells->signer == ABI_SIGNING_KEY_NONE)
        SUITE_STEP(unsigned_report(ctx, report));
    else
        SUITE_STEP(signed_by(ctx, xy[cells->signer], report));
}

static void select_on(struct suite_ctx *ctx, const char *name) {
    const struct cells *cells = suite_row(ctx);
    struct sevkit_profile profile;
    uint8_t xy[2][REPORT_XY_SIZE];
    suite_instance(ctx, "%s", name);
    SUITE_STEP(report_builtin(ctx, name, &profile));
    strcpy(profile.csp_id, "CN=suite");
    profile.signing_key_none = true;
    SUITE_STEP(public_key(ctx, &profile, false, xy[0]));
    SUITE_STEP(public_key(ctx, &profile, true, xy[1]));
    for (unsigned i = 0; i < 8 && !suite_stopped(ctx); i++) {
        const unsigned vlek = i & 1, mask = i >> 1 & 1, dis = i >> 2;
        if (!covers(cells->vlek, vlek) || !covers(cells->mask, mask) || !covers(cells->dis, dis))
            continue;
        suite_instance(ctx, "%s, VLEK %u, MASK_CHIP_KEY %u, VCEK_DIS %u", name, vlek, mask, dis);
        profile.vlek_loaded = vlek != 0;
        profile.mask_chip_key = mask != 0;
        profile.vcek_dis = dis != 0;
        cell(ctx, &profile, cells, xy);
    }
}

static void select_test(struct suite_ctx *ctx) {
    static const char *const names[] = {"milan-1.55.29-v3-vcek", SEVKIT_PROFILE_DEFAULT,
                                        "turin-1.55.65-v5-vcek"};
    for (size_t i = 0; i < sizeof names / sizeof names[0] && !suite_stopped(ctx); i++)
        select_on(ctx, names[i]);
}

/* Early firmware names the VCEK although nothing signs. */
static void early_of(struct suite_ctx *ctx, const struct sevkit_profile *builtin, void *data) {
    const bool none = *(const bool *)data;
    struct sevkit_profile profile = *builtin;
    for (uint32_t key_sel = 0; key_sel < 2; key_sel++) {
        struct report_request request = report_request(ctx, 0);
        uint8_t report[REPORT_SIZE];
        request.key_sel = key_sel;
        profile.vlek_loaded = false;
        profile.mask_chip_key = true;
        profile.signing_key_none = none;
        SUITE_STEP(suite_reset_as(ctx, &profile, PSP_GUEST_RUNNING));
        SUITE_STEP(report_granted(ctx, 0, &request, report));
        SUITE_EQUAL(ctx, "SIGNING_KEY", none ? 7 : 0, report_signing_key(report),
                    "as the switch signing_key_none says");
        SUITE_STEP(unsigned_report(ctx, report));
    }
}

static void early(struct suite_ctx *ctx) {
    bool none = *(const bool *)suite_row(ctx);
    suite_each_profile(ctx, early_of, &none);
}

#define CELLS(ID, TITLE, KEY_SEL, VLEK, MASK, DIS, SIGNER, KIND, TWIN, ...)                        \
    {                                                                                              \
        .id = "report.select." ID, .title = TITLE, .requirements = SUITE_REQ(__VA_ARGS__),         \
        .kind = KIND, .twin = TWIN, .needs = REPORT_NEEDS | TARGET_CERTS, .run = select_test,      \
        .row = &(const struct cells) {                                                             \
            KEY_SEL, VLEK, MASK, DIS, SIGNER                                                       \
        }                                                                                          \
    }
#define SIGNS(ID, TITLE, KEY_SEL, VLEK, MASK, DIS, SIGNER, ...)                                    \
    CELLS(ID, TITLE, KEY_SEL, VLEK, MASK, DIS, SIGNER, SUITE_POSITIVE, NULL, __VA_ARGS__)
#define REFUSED(ID, TITLE, KEY_SEL, VLEK, MASK, DIS, TWIN, ...)                                    \
    CELLS(ID, TITLE, KEY_SEL, VLEK, MASK, DIS, INVALID_KEY, SUITE_NEGATIVE, TWIN, __VA_ARGS__)

static const struct suite_test tests[] = {
    SIGNS("default-vlek", "KEY_SEL 0 with a VLEK: the VLEK, whatever is masked or disabled", 0, 1,
          ANY, ANY, 1, "SNP-RPT-042", "SNP-RPT-013", "SNP-REPREQ-007"),
    SIGNS("default-vcek", "KEY_SEL 0 without a VLEK: the VCEK", 0, 0, 0, 0, 0, "SNP-RPT-043",
          "SNP-RPT-013", "SNP-REPREQ-004", "SNP-REPREQ-007"),
    SIGNS("default-masked", "KEY_SEL 0 without a VLEK and with the chip key masked: none", 0, 0, 1,
          0, 7, "SNP-RPT-044", "SNP-RPT-041", "SNP-RPT-013", "SNP-RPT-007"),
    SIGNS("vcek", "KEY_SEL 1: the VCEK, also with a VLEK loaded", 1, ANY, 0, 0, 0, "SNP-RPT-045",
          "SNP-RPT-013", "SNP-REPREQ-006"),
    SIGNS("vcek-masked", "KEY_SEL 1 with the chip key masked: none", 1, ANY, 1, 0, 7, "SNP-RPT-046",
          "SNP-RPT-041", "SNP-RPT-013"),
    SIGNS("vlek", "KEY_SEL 2 with a VLEK: the VLEK, whatever is masked or disabled", 2, 1, ANY, ANY,
          1, "SNP-RPT-047", "SNP-RPT-013", "SNP-REPREQ-005"),
    REFUSED("reserved", "KEY_SEL 3 is refused in every case", 3, ANY, ANY, ANY,
            "report.select.default-vcek", "SNP-REPREQ-004"),
    REFUSED("vlek-absent", "KEY_SEL 2 without a VLEK is refused", 2, 0, ANY, ANY,
            "report.select.vlek", "SNP-REPREQ-005"),
    REFUSED("vcek-disabled", "KEY_SEL 1 with VCEK_DIS is refused", 1, ANY, ANY, 1,
            "report.select.vcek", "SNP-REPREQ-006"),
    REFUSED("default-disabled", "KEY_SEL 0 with VCEK_DIS and without a VLEK is refused", 0, 0, ANY,
            1, "report.select.default-vcek", "SNP-REPREQ-007"),
    {.id = "report.select.none-is-7",
     .title = "SIGNING_KEY is 7 when the chip key is masked, where signing_key_none says so",
     .requirements = SUITE_REQ("SNP-RPT-048", "SNP-RPT-041"),
     .kind = SUITE_POSITIVE,
     .needs = REPORT_NEEDS,
     .run = early,
     .row = &(const bool){true}},
    {.id = "report.select.none-is-0",
     .title = "SIGNING_KEY is not 7 when the chip key is masked on early firmware",
     .requirements = SUITE_REQ("SNP-RPT-048"),
     .kind = SUITE_NEGATIVE,
     .twin = "report.select.none-is-7",
     .needs = REPORT_NEEDS,
     .run = early,
     .row = &(const bool){false}},
};

const struct suite_area report_select = REPORT_PART(tests);
