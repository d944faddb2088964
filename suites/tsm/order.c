/* Pairs of faults: the earlier check answers, and what comes later has not happened. Linux notes, section 5,
 * errno table; section 8, further facts. A pair that both answer with the same errno is told apart by the
 * request that the earlier one keeps from the host. */
#include <string.h>

#include "tsm/tsm.h"

/* A host that fails the first request, and with it takes the VMPCK. */
#define FIRST_FAILS TSM_FAULT(1, "\"kind\": \"vmm_error\", \"value\": 4294967295")

/* The request has not gone out until a whole inblob is there: then it fails, and the VMPCK is lost. */
static bool request_fails(struct suite_ctx *ctx, uint8_t seed) {
    return tsm_inblob(ctx, seed) && tsm_no_report(ctx, -EIO, "the host fails the first request") &&
           tsm_no_report(ctx, -ENOTTY, "the VMPCK is lost");
}

static void length_request(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_RESULT(ctx, "write", 63, tsm_inblob_of(ctx, 70, 63), "a short value is taken");
    SUITE_STEP(tsm_no_report(ctx, -EINVAL, "the length before the request"));
    SUITE_STEP(request_fails(ctx, 70));
    SUITE_RESULT(ctx, "write", 63, tsm_inblob_of(ctx, 70, 63), "a short value is taken");
    SUITE_STEP(tsm_no_report(ctx, -EINVAL, "the length before the lost VMPCK"));
}

static void unwritten_request(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_STEP(tsm_no_report(ctx, -EINVAL, "the missing inblob before the request"));
    tsm_select(1);
    SUITE_RESULT(ctx, "mkdir", 0, tsm_make(ctx), "another entry");
    SUITE_STEP(request_fails(ctx, 71));
    tsm_select(0);
    SUITE_STEP(tsm_no_report(ctx, -EINVAL, "the missing inblob before the lost VMPCK"));
}

static void service_request(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_STEP(tsm_inblob(ctx, 72));
    SUITE_RESULT(ctx, "service_provider", 0, tsm_put(ctx, "service_provider", "other"), "taken");
    SUITE_STEP(tsm_no_report(ctx, -EINVAL, "the service before the request"));
    tsm_select(1);
    SUITE_RESULT(ctx, "mkdir", 0, tsm_make(ctx), "another entry");
    SUITE_STEP(request_fails(ctx, 72));
    tsm_select(0);
    SUITE_STEP(tsm_no_report(ctx, -EINVAL, "the service before the lost VMPCK"));
}

static void on_failing_host(struct suite_ctx *ctx, unsigned vmpl,
                            void (*body)(struct suite_ctx *ctx, const void *row)) {
    const struct target_guest guest = {
        .vmpl = vmpl, .vmpck_id = DRV_VMPCK_DEFAULT, .scenario = FIRST_FAILS};
    tsm_each(ctx, &guest, body);
}

static void run_length_request(struct suite_ctx *ctx) {
    on_failing_host(ctx, 0, length_request);
}
static void run_unwritten_request(struct suite_ctx *ctx) {
    on_failing_host(ctx, 0, unwritten_request);
}
static void run_service_request(struct suite_ctx *ctx) {
    on_failing_host(ctx, 1, service_request);
}

/* The host's failure comes before the response, whose status would be INVALID_PARAM at privlevel 0. */
static void request_status(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_STEP(request_fails(ctx, 73));
}

static void run_request_status(struct suite_ctx *ctx) {
    on_failing_host(ctx, 1, request_status);
}

/* ---- an entry that is gone, before all else ---- */

static void removed_number(struct suite_ctx *ctx, const void *row) {
    static const char *const texts[] = {"x", "4294967296", "4"};
    (void)row;
    const long fd = tsm_open(ctx, "privlevel", O_WRONLY);
    SUITE_CHECK(ctx, "privlevel", fd >= 0, "it opens");
    SUITE_RESULT(ctx, "rmdir", 0, tsm_remove(ctx), "open files do not hold it");
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        memcpy(target_user(AT_DATA), texts[i], strlen(texts[i]));
        SUITE_RESULT(ctx, texts[i], -ENOENT, tsm_write_fd(ctx, fd, strlen(texts[i])),
                     "the entry before the number");
    }
    SUITE_STEP(tsm_close(ctx, fd));
}

static void removed_length(struct suite_ctx *ctx, const void *row) {
    (void)row;
    const long fd = tsm_open(ctx, "outblob", O_RDONLY);
    SUITE_CHECK(ctx, "outblob", fd >= 0, "it opens");
    SUITE_RESULT(ctx, "rmdir", 0, tsm_remove(ctx), "open files do not hold it");
    SUITE_RESULT(ctx, "read of outblob", -ENOENT, tsm_read_fd(ctx, fd, AT_READ, READ_MAX),
                 "the entry before its inblob");
    SUITE_STEP(tsm_close(ctx, fd));
}

static void run_removed_number(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, removed_number);
}
static void run_removed_length(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, removed_length);
}

#define NEEDS (TARGET_SCENARIO | TARGET_WIPE)

static const struct suite_test tests[] = {
    TSM_NEGATIVE("tsm.order.length", "a short inblob before the request", "tsm.blob.report", NEEDS,
                 run_length_request, NULL, "LNX-TSM-050", "LNX-TSM-056"),
    TSM_NEGATIVE("tsm.order.unwritten", "no inblob before the request", "tsm.blob.report", NEEDS,
                 run_unwritten_request, NULL, "LNX-TSM-040", "LNX-TSM-056"),
    TSM_NEGATIVE("tsm.order.service", "another service_provider before the request",
                 "tsm.service.provider", NEEDS | TARGET_MODULE, run_service_request, NULL,
                 "LNX-TSM-051", "LNX-TSM-056"),
    TSM_NEGATIVE("tsm.order.status", "the host's failure before the response's status",
                 "tsm.failure.level-given", NEEDS | TARGET_MODULE, run_request_status, NULL,
                 "LNX-TSM-052", "LNX-TSM-056"),
    TSM_NEGATIVE("tsm.order.removed-number", "a removed entry before what is written to it",
                 "tsm.privlevel.taken", 0, run_removed_number, NULL, "LNX-TSM-004", "LNX-TSM-021",
                 "LNX-TSM-022", "LNX-TSM-024"),
    TSM_NEGATIVE("tsm.order.removed-length", "a removed entry before its missing inblob",
                 "tsm.folder.open", 0, run_removed_length, NULL, "LNX-TSM-004", "LNX-TSM-040"),
};

const struct suite_area tsm_order_tests = {.tests = tests, .count = sizeof tests / sizeof tests[0]};
