/* A report that cannot be made: the errno of the ioctl. Linux notes, section 5, errno table; section 4. */
#include "tsm/tsm.h"

#define FAULT(text) SUITE_SCENARIO("{\"first\": 1, \"count\": 1, " text "}")

struct failure {
    const char *scenario;
    long wanted;
    long after; /* what the next read gives: without a VMPCK it is ENOTTY */
};

static const struct failure status = {
    FAULT("\"kind\": \"fw_status\", \"value\": \"INVALID_GUEST\""), -EIO, -ENOTTY};
static const struct failure vmm = {FAULT("\"kind\": \"vmm_error\", \"value\": 4294967295"), -EIO,
                                   -ENOTTY};
static const struct failure tag = {FAULT("\"kind\": \"flip_bit\", \"value\": 0"), -EBADMSG,
                                   -ENOTTY};
static const struct failure busy = {
    SUITE_SCENARIO("{\"kind\": \"busy\", \"first\": 1, \"count\": \"all\"}"), -ETIMEDOUT, -ENOTTY};

static void fails(struct suite_ctx *ctx, const void *row) {
    const struct failure *failure = row;
    SUITE_STEP(tsm_inblob(ctx, 50));
    SUITE_RESULT(ctx, "read of outblob", failure->wanted, tsm_get(ctx, "outblob"),
                 "the errno that the ioctl has");
    SUITE_RESULT(ctx, "read of outblob", failure->after, tsm_get(ctx, "outblob"),
                 "the VMPCK is lost");
    SUITE_RESULT(ctx, "read of auxblob", failure->after, tsm_get(ctx, "auxblob"),
                 "the VMPCK is lost");
    SUITE_STEP(tsm_generation_is(ctx, 1, "a failed read changes nothing"));
}

static void run_fails(struct suite_ctx *ctx) {
    const struct failure *failure = suite_row(ctx);
    const struct target_guest guest = {.vmpck_id = DRV_VMPCK_DEFAULT,
                                       .scenario = failure->scenario};
    tsm_each(ctx, &guest, fails);
}

/* A host that is busy for a while only delays the report. */
static void delayed(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_STEP(tsm_inblob(ctx, 51));
    SUITE_STEP(tsm_report(ctx, 51));
}

static void run_delayed(struct suite_ctx *ctx) {
    const struct target_guest guest = {
        .vmpck_id = DRV_VMPCK_DEFAULT,
        .scenario = SUITE_SCENARIO("{\"kind\": \"busy\", \"first\": 1, \"count\": 3}")};
    tsm_each(ctx, &guest, delayed);
}

/* At VMPL 1 the default privlevel 0 is one that the firmware does not give to VMPCK1. */
static void level_of_firmware(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_STEP(tsm_inblob(ctx, 52));
    SUITE_RESULT(ctx, "read of outblob", -EINVAL, tsm_get(ctx, "outblob"),
                 "the response's status is INVALID_PARAM");
    SUITE_RESULT(ctx, "privlevel", 0, tsm_put(ctx, "privlevel", "1"), "the floor");
    SUITE_STEP(tsm_report(ctx, 52));
}

static void run_level_of_firmware(struct suite_ctx *ctx) {
    const struct target_guest guest = {.vmpl = 1, .vmpck_id = DRV_VMPCK_DEFAULT};
    tsm_each(ctx, &guest, level_of_firmware);
}

static void level_given(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_STEP(tsm_inblob(ctx, 53));
    SUITE_RESULT(ctx, "privlevel", 0, tsm_put(ctx, "privlevel", "1"), "the floor");
    SUITE_STEP(tsm_report(ctx, 53));
}

static void run_level_given(struct suite_ctx *ctx) {
    const struct target_guest guest = {.vmpl = 1, .vmpck_id = DRV_VMPCK_DEFAULT};
    tsm_each(ctx, &guest, level_given);
}

#define NEEDS (TARGET_SCENARIO | TARGET_WIPE)

static const struct suite_test tests[] = {
    TSM_NEGATIVE("tsm.failure.status", "the firmware refuses the message", "tsm.blob.report", NEEDS,
                 run_fails, &status, "LNX-TSM-056"),
    TSM_NEGATIVE("tsm.failure.vmm-error", "the hypervisor fails the call", "tsm.blob.report", NEEDS,
                 run_fails, &vmm, "LNX-TSM-056"),
    TSM_NEGATIVE("tsm.failure.tag", "the response does not verify", "tsm.blob.report", NEEDS,
                 run_fails, &tag, "LNX-TSM-056"),
    TSM_POSITIVE("tsm.failure.delayed", "the host is busy three times", TARGET_SCENARIO,
                 run_delayed, NULL, "LNX-TSM-056"),
    TSM_NEGATIVE("tsm.failure.busy", "the host stays busy", "tsm.failure.delayed", NEEDS, run_fails,
                 &busy, "LNX-TSM-056"),
    TSM_POSITIVE("tsm.failure.level-given", "a report at VMPL 1", TARGET_MODULE, run_level_given,
                 NULL, "LNX-TSM-052"),
    TSM_NEGATIVE("tsm.failure.level", "a report at VMPL 1 with privlevel unset",
                 "tsm.failure.level-given", TARGET_MODULE, run_level_of_firmware, NULL,
                 "LNX-TSM-052"),
};

const struct suite_area tsm_failure_tests = {.tests = tests,
                                             .count = sizeof tests / sizeof tests[0]};
