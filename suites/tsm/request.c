/* How often the firmware is asked: once a generation, and again after a failure. Counted where the target can
 * count; elsewhere seen by a host that fails one request of a known number. Linux notes, section 5, read model
 * and generation; section 8, further facts. */
#include <string.h>

#include "tsm/tsm.h"

/* A VMM error that costs no VMPCK: INVALID_LEN. */
#define TOO_SMALL "\"kind\": \"vmm_error\", \"value\": 1"

/* The cached report is the same bytes, and a read of another blob does not change that. */
static void same_report(struct suite_ctx *ctx, const void *row) {
    uint8_t first[REPORT_SIZE];
    (void)row;
    SUITE_STEP(tsm_inblob(ctx, 34));
    SUITE_STEP(tsm_report(ctx, 34));
    memcpy(first, target_user(AT_READ), sizeof first);
    SUITE_CHECK(ctx, "auxblob", tsm_get(ctx, "auxblob") >= 0, "a good read");
    SUITE_STEP(tsm_report(ctx, 34));
    SUITE_BYTES(ctx, "outblob", first, target_user(AT_READ), sizeof first, "the same report");
    SUITE_STEP(tsm_inblob(ctx, 35));
    SUITE_STEP(tsm_report(ctx, 35));
}

static void run_same_report(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, same_report);
}

static void one_request(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_STEP(tsm_inblob(ctx, 33));
    SUITE_STEP(tsm_asked(ctx, 0, "a write asks for nothing"));
    SUITE_CHECK(ctx, "auxblob", tsm_get(ctx, "auxblob") >= 0, "a good read");
    SUITE_STEP(tsm_report(ctx, 33));
    SUITE_STEP(tsm_report(ctx, 33));
    SUITE_STEP(tsm_asked(ctx, 1, "one request serves all blobs of a generation"));
    SUITE_STEP(tsm_level(ctx, "1"));
    SUITE_STEP(tsm_level(ctx, "2"));
    SUITE_STEP(tsm_report(ctx, 33));
    SUITE_STEP(tsm_asked(ctx, 2, "a change asks anew, at the next read"));
    SUITE_RESULT(ctx, "privlevel", -EINVAL, tsm_put(ctx, "privlevel", "4"), "out of range");
    SUITE_STEP(tsm_report(ctx, 33));
    SUITE_STEP(tsm_asked(ctx, 2, "a refused write is no change"));
    SUITE_STEP(tsm_level(ctx, "2"));
    SUITE_CHECK(ctx, "auxblob", tsm_get(ctx, "auxblob") >= 0, "a good read");
    SUITE_STEP(tsm_asked(ctx, 3, "the same value again is a change"));
}

static void run_one_request(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, one_request);
}

/* The host fails its second request: what goes well before is one request. */
static void second_fails(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_STEP(tsm_inblob(ctx, 36));
    SUITE_CHECK(ctx, "auxblob", tsm_get(ctx, "auxblob") >= 0, "the first request");
    SUITE_STEP(tsm_report(ctx, 36));
    SUITE_CHECK(ctx, "auxblob", tsm_get(ctx, "auxblob") >= 0, "the first request's");
    SUITE_STEP(tsm_report(ctx, 36));
    SUITE_STEP(tsm_level(ctx, "0"));
    SUITE_STEP(tsm_no_report(ctx, -EIO, "a change asks anew: the second request"));
}

static void run_second_fails(struct suite_ctx *ctx) {
    const struct target_guest guest = {.vmpck_id = DRV_VMPCK_DEFAULT,
                                       .scenario = TSM_FAULT(2, TOO_SMALL)};
    tsm_each(ctx, &guest, second_fails);
}

/* ---- after a failure ---- */

/* The host fails the first request and then no more. One open file sees both. */
static void asks_again(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_STEP(tsm_inblob(ctx, 37));
    const long fd = tsm_open(ctx, "outblob", O_RDONLY);
    SUITE_CHECK(ctx, "outblob", fd >= 0, "it opens");
    SUITE_RESULT(ctx, "read of outblob", -EIO, tsm_read_fd(ctx, fd, AT_READ, READ_MAX),
                 "the host fails the first request");
    SUITE_STEP(tsm_generation_is(ctx, 1, "a failed read changes nothing"));
    SUITE_RESULT(ctx, "read of outblob", REPORT_SIZE, tsm_read_fd(ctx, fd, AT_READ, READ_MAX),
                 "the next read asks again");
    SUITE_STEP(tsm_close(ctx, fd));
    SUITE_STEP(tsm_untouched(ctx, 1, 37));
}

static void run_asks_again(struct suite_ctx *ctx) {
    const struct target_guest guest = {.vmpck_id = DRV_VMPCK_DEFAULT,
                                       .scenario = TSM_FAULT(1, TOO_SMALL)};
    tsm_each(ctx, &guest, asks_again);
}

/* The host fails the second request: the blobs of the first are gone, auxblob's too. */
static void old_blobs(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_STEP(tsm_inblob(ctx, 38));
    SUITE_STEP(tsm_report(ctx, 38));
    SUITE_STEP(tsm_inblob(ctx, 39));
    SUITE_STEP(tsm_no_report(ctx, -EIO, "the host fails the second request"));
    SUITE_RESULT(ctx, "read of auxblob", -EIO, tsm_get(ctx, "auxblob"), "and the next one");
    SUITE_STEP(tsm_report(ctx, 39));
}

/* Requests 2 and 4: each failure sends one request more to use the number up. */
static void run_old_blobs(struct suite_ctx *ctx) {
    const struct target_guest guest = {
        .vmpck_id = DRV_VMPCK_DEFAULT,
        .scenario = SUITE_SCENARIO("{" TOO_SMALL ", \"first\": 2, \"count\": 1},"
                                   "{" TOO_SMALL ", \"first\": 4, \"count\": 1}")};
    tsm_each(ctx, &guest, old_blobs);
}

static void counts_failures(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_STEP(tsm_inblob(ctx, 40));
    SUITE_STEP(tsm_no_report(ctx, -EIO, "the host fails the first request"));
    SUITE_STEP(tsm_asked(ctx, 1, "the number is used up by a plain request"));
    SUITE_STEP(tsm_report(ctx, 40));
    SUITE_STEP(tsm_asked(ctx, 2, "the next read asks again"));
    SUITE_STEP(tsm_report(ctx, 40));
    SUITE_STEP(tsm_asked(ctx, 2, "and then no more"));
}

static void run_counts_failures(struct suite_ctx *ctx) {
    const struct target_guest guest = {.vmpck_id = DRV_VMPCK_DEFAULT,
                                       .scenario = TSM_FAULT(1, TOO_SMALL)};
    tsm_each(ctx, &guest, counts_failures);
}

static const struct suite_test tests[] = {
    TSM_POSITIVE("tsm.blob.report", "the report stays the same until something is written", 0,
                 run_same_report, NULL, "LNX-TSM-044", "LNX-TSM-045", "LNX-TSM-046", "LNX-TSM-056",
                 "LNX-GUEST-057"),
    TSM_POSITIVE("tsm.blob.one-request", "how often the firmware is asked", TARGET_DRIVER,
                 run_one_request, NULL, "LNX-TSM-044", "LNX-TSM-045", "LNX-TSM-046"),
    TSM_NEGATIVE("tsm.blob.second-fails", "a host that fails its second request", "tsm.blob.report",
                 TARGET_SCENARIO, run_second_fails, NULL, "LNX-TSM-044", "LNX-TSM-045",
                 "LNX-TSM-056"),
    TSM_NEGATIVE("tsm.blob.asks-again", "a host that fails its first request", "tsm.blob.report",
                 TARGET_SCENARIO, run_asks_again, NULL, "LNX-TSM-046", "LNX-TSM-056"),
    TSM_NEGATIVE("tsm.blob.old-blobs", "a host that fails a later request twice", "tsm.blob.report",
                 TARGET_SCENARIO, run_old_blobs, NULL, "LNX-TSM-045", "LNX-TSM-046"),
    TSM_NEGATIVE("tsm.blob.counts-failures", "how often the firmware is asked after a failure",
                 "tsm.blob.one-request", TARGET_SCENARIO | TARGET_DRIVER, run_counts_failures, NULL,
                 "LNX-TSM-046"),
};

const struct suite_area tsm_request_tests = {.tests = tests,
                                             .count = sizeof tests / sizeof tests[0]};
