/* Two faults at once: the earlier check of a, b, c answers. Message notes, section 7.
 *
 * The statuses are 0x16, 0x27, 0x16, so the pairs (a, b) and (b, c) show the order; of (a, c) only the
 * refusal can be seen. */
#include <string.h>

#include "report/report.h"

struct shot {
    struct sevkit_profile profile;
    struct report_request request;
    unsigned vmpck;
};

static void reserved_bit(struct shot *shot) {
    shot->request.key_sel |= UINT32_C(1) << 2;
}

static void reserved_high_bit(struct shot *shot) {
    shot->request.key_sel |= UINT32_C(1) << 31;
}

static void reserved_first(struct shot *shot) {
    shot->request.reserved[0] = 1;
}

static void reserved_last(struct shot *shot) {
    shot->request.reserved[23] = 0x80;
}

static void select_3(struct shot *shot) {
    shot->request.key_sel |= 3;
}

static void vlek_absent(struct shot *shot) {
    shot->request.key_sel |= 2;
}

static void vcek_disabled(struct shot *shot) {
    shot->request.key_sel |= 1;
    shot->profile.vcek_dis = true;
}

static void default_disabled(struct shot *shot) {
    shot->profile.vcek_dis = true;
}

static void vmpl_low(struct shot *shot) {
    shot->vmpck = 2;
    shot->request.vmpl = 1;
}

static void vmpl_high(struct shot *shot) {
    shot->request.vmpl = 4;
}

struct fault {
    const char *name;
    char step;
    enum abi_status status;
    void (*apply)(struct shot *shot);
};

static const struct fault faults[] = {
    {"bit 2 of 0x44", 'a', ABI_INVALID_PARAM, reserved_bit},
    {"bit 31 of 0x44", 'a', ABI_INVALID_PARAM, reserved_high_bit},
    {"byte 0x48", 'a', ABI_INVALID_PARAM, reserved_first},
    {"byte 0x5F", 'a', ABI_INVALID_PARAM, reserved_last},
    {"KEY_SEL 3", 'b', ABI_INVALID_KEY, select_3},
    {"KEY_SEL 2 without a VLEK", 'b', ABI_INVALID_KEY, vlek_absent},
    {"KEY_SEL 1 with VCEK_DIS", 'b', ABI_INVALID_KEY, vcek_disabled},
    {"KEY_SEL 0 with VCEK_DIS", 'b', ABI_INVALID_KEY, default_disabled},
    {"VMPL below VMPCK", 'c', ABI_INVALID_PARAM, vmpl_low},
    {"VMPL 4", 'c', ABI_INVALID_PARAM, vmpl_high},
};

#define FAULTS (sizeof faults / sizeof faults[0])

static void pair(struct suite_ctx *ctx, const struct fault *first, const struct fault *second) {
    struct shot shot = {.profile = *suite_run_profile(ctx), .request = report_request(ctx, 1)};
    shot.profile.vlek_loaded = false;
    shot.profile.vmpl_max_3 = true;
    first->apply(&shot);
    second->apply(&shot);
    suite_instance(ctx, "%s, %s", first->name, second->name);
    SUITE_STEP(suite_reset_as(ctx, &shot.profile, PSP_GUEST_RUNNING));
    SUITE_STEP(
        report_refused(ctx, shot.vmpck, &shot.request, first->status, "the earlier check answers"));
}

static void pairs(struct suite_ctx *ctx) {
    const char *steps = suite_row(ctx);
    for (size_t i = 0; i < FAULTS; i++)
        for (size_t j = i + 1; j < FAULTS && !suite_stopped(ctx); j++)
            if (faults[i].step == steps[0] && faults[j].step == steps[1])
                pair(ctx, &faults[i], &faults[j]);
}

static void all_three(struct suite_ctx *ctx) {
    struct shot shot = {.profile = *suite_run_profile(ctx), .request = report_request(ctx, 1)};
    SUITE_STEP(suite_reset(ctx));
    reserved_bit(&shot);
    select_3(&shot);
    vmpl_low(&shot);
    SUITE_STEP(report_refused(ctx, shot.vmpck, &shot.request, ABI_INVALID_PARAM,
                              "of three faults the first check answers"));
    shot.request.key_sel = 3;
    SUITE_STEP(report_refused(ctx, shot.vmpck, &shot.request, ABI_INVALID_KEY,
                              "of two faults the first check answers"));
    shot.request.key_sel = 0;
    SUITE_STEP(report_refused(ctx, shot.vmpck, &shot.request, ABI_INVALID_PARAM,
                              "the last check answers for itself"));
}

#define PAIRS(ID, TITLE, STEPS)                                                                    \
    {                                                                                              \
        .id = "report.order." ID, .title = TITLE, .requirements = SUITE_REQ("SNP-REPREQ-010"),     \
        .kind = SUITE_NEGATIVE, .twin = "report.form.rsp-layout", .needs = REPORT_NEEDS,           \
        .run = pairs, .row = STEPS                                                                 \
    }

static const struct suite_test tests[] = {
    PAIRS("reserved-key", "reserved bits are looked at before the key selection", "ab"),
    PAIRS("reserved-vmpl", "reserved bits and a wrong VMPL are refused", "ac"),
    PAIRS("key-vmpl", "the key selection is looked at before the VMPL", "bc"),
    {.id = "report.order.all-three",
     .title = "reserved bits, then key selection, then VMPL, as the faults are taken away",
     .requirements = SUITE_REQ("SNP-REPREQ-010"),
     .kind = SUITE_NEGATIVE,
     .twin = "report.form.rsp-layout",
     .needs = SUITE_NEEDS_GUEST,
     .run = all_three},
};

const struct suite_area report_order = REPORT_PART(tests);
