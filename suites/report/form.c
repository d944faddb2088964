/* REPORT_REQ and REPORT_RSP: layout, VMPL, what a refusal leaves. Message notes, section 7. */
#include <string.h>

#include "report/report.h"

static void rsp_layout_of(struct suite_ctx *ctx, const struct sevkit_profile *profile, void *data) {
    (void)data;
    struct report_answer answer;
    const struct report_request request = report_request(ctx, profile->vmpl);
    SUITE_STEP(report_ask(ctx, 0, &request, &answer));
    SUITE_STATUS(ctx, "REPORT_RSP.STATUS", ABI_SUCCESS, answer.status, "STATUS is at 0x00");
    SUITE_EQUAL(ctx, "REPORT_RSP.REPORT_SIZE", 0x4A0, answer.size, "REPORT_SIZE is at 0x04");
    SUITE_ZERO(ctx, "REPORT_RSP 0x08", answer.reserved, sizeof answer.reserved, "24 zero bytes");
    SUITE_EQUAL(ctx, "report VERSION", profile->report_version, abi_get_le32(answer.report),
                "the report begins at 0x20");
}

static void rsp_layout(struct suite_ctx *ctx) {
    suite_each_profile(ctx, rsp_layout_of, NULL);
}

/* Every byte of REPORT_DATA goes through, and VMPL and KEY_SEL are where the notes say. */
static void req_layout(struct suite_ctx *ctx) {
    struct sevkit_profile profile = *suite_run_profile(ctx);
    struct report_request request = {.vmpl = 3, .key_sel = ABI_KEY_SEL_VCEK};
    uint8_t report[REPORT_SIZE];
    profile.vlek_loaded = true;
    strcpy(profile.csp_id, "CN=suite");
    SUITE_STEP(suite_reset_as(ctx, &profile, PSP_GUEST_RUNNING));
    for (size_t i = 0; i < sizeof request.data; i++) request.data[i] = (uint8_t)(0x80 + i);
    SUITE_STEP(report_granted(ctx, 0, &request, report));
    SUITE_BYTES(ctx, "REPORT_DATA", request.data, report + 0x50, sizeof request.data,
                "the request's bytes 0x00 to 0x3F");
    SUITE_EQUAL(ctx, "VMPL", 3, abi_get_le32(report + 0x30), "the request's dword 0x40");
    SUITE_EQUAL(ctx, "SIGNING_KEY", 0, report_signing_key(report),
                "KEY_SEL 1 in bits 1:0 of the dword 0x44: the VCEK, although a VLEK is loaded");
}

static void vmpl_pairs(struct suite_ctx *ctx, unsigned vmpck, void *data) {
    (void)data;
    for (uint32_t vmpl = vmpck; vmpl < 4; vmpl++) {
        const struct report_request request = report_request(ctx, vmpl);
        uint8_t report[REPORT_SIZE];
        suite_instance(ctx, "VMPCK %u, VMPL %u", vmpck, (unsigned)vmpl);
        SUITE_STEP(report_granted(ctx, vmpck, &request, report));
        SUITE_EQUAL(ctx, "VMPL", vmpl, abi_get_le32(report + 0x30),
                    "the VMPL that was asked for, not the sender's");
    }
}

static void vmpl_requested(struct suite_ctx *ctx) {
    SUITE_STEP(suite_reset(ctx));
    suite_each_vmpck(ctx, vmpl_pairs, NULL);
}

static void same_twice(struct suite_ctx *ctx) {
    SUITE_STEP(suite_reset(ctx));
    const struct report_request request = report_request(ctx, 2);
    uint8_t first[REPORT_SIZE], second[REPORT_SIZE];
    SUITE_STEP(report_granted(ctx, 0, &request, first));
    SUITE_STEP(report_granted(ctx, 2, &request, second));
    SUITE_BYTES(ctx, "report", first, second, sizeof first,
                "the same request gives the same report, whatever VMPCK carries it");
}

static void size_on_failure(struct suite_ctx *ctx) {
    struct sevkit_profile profile = *suite_run_profile(ctx);
    for (unsigned on = 0; on < 2; on++) {
        suite_instance(ctx, "report_size_on_failure %u", on);
        profile.report_size_on_failure = on != 0;
        SUITE_STEP(suite_reset_as(ctx, &profile, PSP_GUEST_RUNNING));
        struct report_request request = report_request(ctx, 0);
        struct report_answer answer;
        request.key_sel = 4;
        SUITE_STEP(report_ask(ctx, 0, &request, &answer));
        SUITE_EQUAL(ctx, "REPORT_RSP.REPORT_SIZE", on ? 0x4A0 : 0, answer.size,
                    "as the switch says when STATUS is not 0");
    }
}

static void goes_on(struct suite_ctx *ctx, const struct report_request *bad,
                    enum abi_status status) {
    uint8_t report[REPORT_SIZE];
    SUITE_STEP(report_refused(ctx, 1, bad, status, "the request breaks one rule"));
    const struct report_request good = report_request(ctx, 1);
    SUITE_STEP(report_granted(ctx, 1, &good, report));
    SUITE_BYTES(ctx, "REPORT_DATA", good.data, report + 0x50, sizeof good.data,
                "nothing of a refused request is kept");
}

/* A refused request uses up its sequence number and leaves nothing else behind. */
static void footprint(struct suite_ctx *ctx) {
    SUITE_STEP(suite_reset(ctx));
    struct report_request bad = report_request(ctx, 1);
    bad.reserved[0] = 1;
    goes_on(ctx, &bad, ABI_INVALID_PARAM);
    bad = report_request(ctx, 1);
    bad.key_sel = 3;
    if (!suite_stopped(ctx)) goes_on(ctx, &bad, ABI_INVALID_KEY);
}

static const struct suite_test tests[] = {
    {.id = "report.form.rsp-layout",
     .title = "REPORT_RSP is 0x4C0 bytes: STATUS, REPORT_SIZE, zeros, the report; every profile",
     .requirements = SUITE_REQ("SNP-REPREQ-011", "SNP-REPREQ-012", "SNP-RPT-037", "SNP-REPREQ-002",
                               "SNP-REPREQ-003"),
     .kind = SUITE_POSITIVE,
     .needs = SUITE_NEEDS_GUEST,
     .run = rsp_layout},
    {.id = "report.form.req-layout",
     .title = "REPORT_DATA, VMPL and KEY_SEL are read at their offsets of a 0x60-byte request",
     .requirements = SUITE_REQ("SNP-REPREQ-001", "SNP-RPT-016"),
     .kind = SUITE_POSITIVE,
     .needs = REPORT_NEEDS,
     .run = req_layout},
    {.id = "report.form.vmpl",
     .title = "each VMPCK may ask for its own VMPL and every one above it, up to 3",
     .requirements = SUITE_REQ("SNP-REPREQ-008", "SNP-REPREQ-009", "SNP-RPT-006"),
     .kind = SUITE_POSITIVE,
     .needs = SUITE_NEEDS_GUEST,
     .run = vmpl_requested},
    {.id = "report.form.same-twice",
     .title = "one request sent twice gives one report, signature included",
     .requirements = SUITE_REQ("SNP-RPT-021", "SNP-RPT-006", "SNP-RPT-038"),
     .kind = SUITE_POSITIVE,
     .needs = SUITE_NEEDS_GUEST,
     .run = same_twice},
    {.id = "report.form.size-on-failure",
     .title = "REPORT_SIZE of a refusal follows the switch report_size_on_failure",
     .requirements = SUITE_REQ("SNP-REPREQ-013"),
     .kind = SUITE_POSITIVE,
     .needs = REPORT_NEEDS,
     .run = size_on_failure},
    {.id = "report.form.footprint",
     .title = "a refusal has a zero report, moves MsgCount by 2 and touches nothing else",
     .requirements = SUITE_REQ("SNP-REPREQ-014", "SNP-REPREQ-003", "SNP-REPREQ-004"),
     .kind = SUITE_NEGATIVE,
     .twin = "report.form.rsp-layout",
     .needs = SUITE_NEEDS_GUEST,
     .run = footprint},
};

const struct suite_area report_form = REPORT_PART(tests);
