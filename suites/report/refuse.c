/* The refusals of REPORT_REQ but those of the key selection (select.c). Message notes, section 7. */
#include "report/report.h"

static void select_reserved(struct suite_ctx *ctx) {
    SUITE_STEP(suite_reset(ctx));
    for (unsigned bit = 2; bit < 32; bit++) {
        struct report_request request = report_request(ctx, 0);
        suite_instance(ctx, "bit %u", bit);
        request.key_sel = UINT32_C(1) << bit;
        SUITE_STEP(report_refused(ctx, 0, &request, ABI_INVALID_PARAM, "bits 31:2 are zero"));
    }
}

static void bytes_reserved(struct suite_ctx *ctx) {
    SUITE_STEP(suite_reset(ctx));
    for (unsigned i = 0; i < 24 * 8; i++) {
        struct report_request request = report_request(ctx, 0);
        suite_instance(ctx, "byte 0x%x, bit %u", 0x48 + i / 8, i % 8);
        request.reserved[i / 8] = (uint8_t)(1u << i % 8);
        SUITE_STEP(
            report_refused(ctx, 0, &request, ABI_INVALID_PARAM, "bytes 0x48 to 0x5F are zero"));
    }
}

static void vmpl_low_of(struct suite_ctx *ctx, unsigned vmpck, void *data) {
    (void)data;
    for (uint32_t vmpl = 0; vmpl < vmpck; vmpl++) {
        const struct report_request request = report_request(ctx, vmpl);
        suite_instance(ctx, "VMPCK %u, VMPL %u", vmpck, (unsigned)vmpl);
        SUITE_STEP(
            report_refused(ctx, vmpck, &request, ABI_INVALID_PARAM, "VMPL is at least MSG_VMPCK"));
    }
}

static void vmpl_low(struct suite_ctx *ctx) {
    SUITE_STEP(suite_reset(ctx));
    suite_each_vmpck(ctx, vmpl_low_of, NULL);
}

static const uint32_t high_vmpls[] = {4, 5, 0xFF, 0x100, 0x10000, 0x80000000, 0xFFFFFFFF};

#define HIGH_VMPLS (sizeof high_vmpls / sizeof high_vmpls[0])

static void vmpl_high_of(struct suite_ctx *ctx, unsigned vmpck, void *data) {
    (void)data;
    const bool refused = suite_profile(ctx)->vmpl_max_3;
    for (size_t i = 0; i < HIGH_VMPLS; i++) {
        const struct report_request request = report_request(ctx, high_vmpls[i]);
        uint8_t report[REPORT_SIZE];
        suite_instance(ctx, "VMPCK %u, VMPL 0x%x", vmpck, (unsigned)high_vmpls[i]);
        if (refused) {
            SUITE_STEP(
                report_refused(ctx, vmpck, &request, ABI_INVALID_PARAM, "VMPL is at most 3"));
            continue;
        }
        SUITE_STEP(report_granted(ctx, vmpck, &request, report));
        SUITE_EQUAL(ctx, "VMPL", high_vmpls[i], abi_get_le32(report + 0x30),
                    "what was asked for, untested");
    }
}

/* ROW: the switch vmpl_max_3. */
static void vmpl_high(struct suite_ctx *ctx) {
    struct sevkit_profile profile = *suite_run_profile(ctx);
    profile.vmpl_max_3 = *(const bool *)suite_row(ctx);
    SUITE_STEP(suite_reset_as(ctx, &profile, PSP_GUEST_RUNNING));
    suite_each_vmpck(ctx, vmpl_high_of, NULL);
}

static const struct suite_test tests[] = {
    {.id = "report.refuse.select-reserved",
     .title = "each of the bits 31:2 of the dword 0x44 is refused",
     .requirements = SUITE_REQ("SNP-REPREQ-002", "SNP-REPREQ-014"),
     .kind = SUITE_NEGATIVE,
     .twin = "report.form.rsp-layout",
     .needs = SUITE_NEEDS_GUEST,
     .run = select_reserved},
    {.id = "report.refuse.bytes-reserved",
     .title = "each bit of the bytes 0x48 to 0x5F is refused",
     .requirements = SUITE_REQ("SNP-REPREQ-003", "SNP-REPREQ-014"),
     .kind = SUITE_NEGATIVE,
     .twin = "report.form.rsp-layout",
     .needs = SUITE_NEEDS_GUEST,
     .run = bytes_reserved},
    {.id = "report.refuse.vmpl-below-vmpck",
     .title = "a VMPL below the VMPCK of the message is refused, for every pair",
     .requirements = SUITE_REQ("SNP-REPREQ-008", "SNP-REPREQ-014", "SNP-MSG-081"),
     .kind = SUITE_NEGATIVE,
     .twin = "report.form.vmpl",
     .needs = SUITE_NEEDS_GUEST,
     .run = vmpl_low},
    {.id = "report.refuse.vmpl-above-3",
     .title = "a VMPL above 3, also 0xFFFFFFFF, is refused where vmpl_max_3 is on",
     .requirements = SUITE_REQ("SNP-REPREQ-009", "SNP-REPREQ-014"),
     .kind = SUITE_NEGATIVE,
     .twin = "report.form.vmpl",
     .needs = REPORT_NEEDS,
     .run = vmpl_high,
     .row = &(const bool){true}},
    {.id = "report.refuse.vmpl-above-3-untested",
     .title = "a VMPL above 3 is reported as it is where vmpl_max_3 is off",
     .requirements = SUITE_REQ("SNP-REPREQ-009", "SNP-RPT-006"),
     .kind = SUITE_POSITIVE,
     .needs = REPORT_NEEDS,
     .run = vmpl_high,
     .row = &(const bool){false}},
};

const struct suite_area report_refuse = REPORT_PART(tests);
