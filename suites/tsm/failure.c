/* A report that cannot be made: the errno of the ioctl. Linux notes, section 5, errno table; section 4. */
#include "tsm/tsm.h"

/* Hosts that fail the first request; ends with NULL. */
struct failure {
    long wanted;
    const char *scenarios[6];
};

/* The firmware's status of the command, not of the response: no INVALID_PARAM is EINVAL here. */
static const struct failure status = {
    -EIO,
    {TSM_FAULT(1, "\"kind\": \"fw_status\", \"value\": \"INVALID_GUEST\""),
     TSM_FAULT(1, "\"kind\": \"fw_status\", \"value\": \"INVALID_PARAM\""),
     TSM_FAULT(1, "\"kind\": \"fw_status\", \"value\": \"INVALID_KEY\""),
     TSM_FAULT(1, "\"kind\": \"fw_status\", \"value\": \"AEAD_OFLOW\"")}};
static const struct failure vmm = {-EIO,
                                   {TSM_FAULT(1, "\"kind\": \"vmm_error\", \"value\": 4294967295"),
                                    TSM_FAULT(1, "\"kind\": \"vmm_error\", \"value\": 3"),
                                    TSM_FAULT(1, "\"kind\": \"vmm_error\", \"value\": 16")}};
/* A flipped bit of tag, header and payload; a page that ends too early. */
static const struct failure tag = {-EBADMSG,
                                   {TSM_FAULT(1, "\"kind\": \"flip_bit\", \"value\": 0"),
                                    TSM_FAULT(1, "\"kind\": \"flip_bit\", \"value\": 256"),
                                    TSM_FAULT(1, "\"kind\": \"flip_bit\", \"value\": 8000"),
                                    TSM_FAULT(1, "\"kind\": \"truncate\", \"value\": 160")}};
static const struct failure busy = {
    -ETIMEDOUT, {SUITE_SCENARIO("{\"kind\": \"busy\", \"first\": 1, \"count\": \"all\"}")}};

static void fails(struct suite_ctx *ctx, const void *row) {
    const struct failure *failure = row;
    SUITE_STEP(tsm_inblob(ctx, 50));
    SUITE_STEP(tsm_no_report(ctx, failure->wanted, "the errno that the ioctl has"));
    SUITE_STEP(tsm_no_report(ctx, -ENOTTY, "the VMPCK is lost"));
    SUITE_RESULT(ctx, "read of auxblob", -ENOTTY, tsm_get(ctx, "auxblob"), "the VMPCK is lost");
    SUITE_STEP(tsm_generation_is(ctx, 1, "a failed read changes nothing"));
    SUITE_STEP(tsm_inblob(ctx, 50));
    SUITE_STEP(tsm_no_report(ctx, -ENOTTY, "another generation does not bring it back"));
    SUITE_STEP(tsm_text_is(ctx, "provider", "sev_guest\n", "the provider stays"));
}

static void run_fails(struct suite_ctx *ctx) {
    const struct failure *failure = suite_row(ctx);
    struct target_guest guest = {.vmpck_id = DRV_VMPCK_DEFAULT};
    for (size_t i = 0; failure->scenarios[i] != NULL && !suite_stopped(ctx); i++) {
        guest.scenario = failure->scenarios[i];
        tsm_each(ctx, &guest, fails);
    }
}

/* A report that was made is still served when a later one has cost the VMPCK: by its own entry only. */
static void second_fails(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_STEP(tsm_inblob(ctx, 54));
    SUITE_STEP(tsm_report(ctx, 54));
    tsm_select(1);
    SUITE_RESULT(ctx, "mkdir", 0, tsm_make(ctx), "another entry");
    SUITE_STEP(tsm_inblob(ctx, 55));
    SUITE_STEP(tsm_no_report(ctx, -EIO, "the errno that the ioctl has"));
    tsm_select(0);
    SUITE_STEP(tsm_untouched(ctx, 1, 54));
    SUITE_STEP(tsm_inblob(ctx, 54));
    SUITE_STEP(tsm_no_report(ctx, -ENOTTY, "the VMPCK is lost for all entries"));
}

static void run_second_fails(struct suite_ctx *ctx) {
    const struct target_guest guest = {
        .vmpck_id = DRV_VMPCK_DEFAULT,
        .scenario = TSM_FAULT(2, "\"kind\": \"fw_status\", \"value\": \"INVALID_PARAM\"")};
    tsm_each(ctx, &guest, second_fails);
}

/* ---- a hypercall that the guest's kernel cannot make ---- */

#define NOT_MADE(value) "\"kind\": \"es_result\", \"value\": " #value

static const char *const not_made_first[] = {TSM_FAULT(1, NOT_MADE(1)), TSM_FAULT(1, NOT_MADE(2)),
                                             TSM_FAULT(1, NOT_MADE(3)), TSM_FAULT(1, NOT_MADE(4)),
                                             TSM_FAULT(1, NOT_MADE(5)), NULL};
static const char *const not_made_second[] = {TSM_FAULT(2, NOT_MADE(1)), TSM_FAULT(2, NOT_MADE(5)),
                                              NULL};

/* ROW: the blob that is read. An entry without a report has nothing to show, and does not keep that. */
static void not_made(struct suite_ctx *ctx, const void *row) {
    const char *blob = row;
    SUITE_STEP(tsm_inblob(ctx, 56));
    const long fd = tsm_open(ctx, blob, O_RDONLY);
    SUITE_CHECK(ctx, blob, fd >= 0, "it opens");
    SUITE_RESULT(ctx, "read", 0, tsm_read_fd(ctx, fd, AT_READ, READ_MAX),
                 "no errno, and there is no length yet");
    SUITE_RESULT(ctx, "read", -ENOTTY, tsm_read_fd(ctx, fd, AT_READ, READ_MAX),
                 "the same file asks again: the VMPCK is lost");
    SUITE_STEP(tsm_close(ctx, fd));
    SUITE_STEP(tsm_no_report(ctx, -ENOTTY, "the VMPCK is lost"));
    SUITE_STEP(tsm_generation_is(ctx, 1, "a failed read changes nothing"));
}

/* The length of the report before sends the read on to its second pass, which asks again. */
static void not_made_later(struct suite_ctx *ctx, const void *row) {
    const char *blob = row;
    SUITE_STEP(tsm_inblob(ctx, 57));
    SUITE_STEP(tsm_report(ctx, 57));
    SUITE_CHECK(ctx, "auxblob", tsm_get(ctx, "auxblob") > 0, "the host's certificates");
    SUITE_STEP(tsm_inblob(ctx, 58));
    SUITE_RESULT(ctx, "read", -ENOTTY, tsm_get(ctx, blob), "the read asks twice");
    SUITE_STEP(tsm_no_report(ctx, -ENOTTY, "the VMPCK is lost"));
    SUITE_STEP(tsm_generation_is(ctx, 2, "a failed read changes nothing"));
}

static void each_blob(struct suite_ctx *ctx, const char *const *scenario,
                      void (*body)(struct suite_ctx *ctx, const void *row)) {
    struct target_guest guest = {.vmpck_id = DRV_VMPCK_DEFAULT};
    for (; *scenario != NULL && !suite_stopped(ctx); scenario++) {
        guest.scenario = *scenario;
        tsm_each_with(ctx, &guest, body, "outblob");
        tsm_each_with(ctx, &guest, body, "auxblob");
    }
}

static void run_not_made(struct suite_ctx *ctx) {
    each_blob(ctx, not_made_first, not_made);
}
static void run_not_made_later(struct suite_ctx *ctx) {
    each_blob(ctx, not_made_second, not_made_later);
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

/* ---- the response's status ---- */

/* Guests to whose VMPCK the firmware gives no report of privlevel 0. */
static const struct target_guest above_zero[] = {{.vmpl = 1, .vmpck_id = DRV_VMPCK_DEFAULT},
                                                 {.vmpl = 2, .vmpck_id = DRV_VMPCK_DEFAULT},
                                                 {.vmpl = 3, .vmpck_id = DRV_VMPCK_DEFAULT},
                                                 {.vmpl = 0, .vmpck_id = 1}};

/* The lowest level that it gives. */
static const char *lowest(struct suite_ctx *ctx) {
    const long size = tsm_get(ctx, "privlevel_floor");
    static char text[2];
    text[0] = size > 0 ? (char)*target_user(AT_READ) : 'x';
    return text;
}

static void level_given(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_STEP(tsm_inblob(ctx, 53));
    SUITE_STEP(tsm_level(ctx, lowest(ctx)));
    SUITE_STEP(tsm_report(ctx, 53));
}

/* The response's status is INVALID_PARAM. Nothing is lost: each read asks again. */
static void level_of_firmware(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_STEP(tsm_inblob(ctx, 52));
    SUITE_STEP(tsm_no_report(ctx, -EINVAL, "the response's status is INVALID_PARAM"));
    SUITE_RESULT(ctx, "read of auxblob", -EINVAL, tsm_get(ctx, "auxblob"), "for all blobs");
    SUITE_STEP(tsm_generation_is(ctx, 1, "a failed read changes nothing"));
    SUITE_STEP(tsm_level(ctx, lowest(ctx)));
    SUITE_STEP(tsm_report(ctx, 52));
}

static void each_level(struct suite_ctx *ctx,
                       void (*body)(struct suite_ctx *ctx, const void *row)) {
    for (size_t i = 0; i < sizeof above_zero / sizeof above_zero[0] && !suite_stopped(ctx); i++)
        tsm_each(ctx, &above_zero[i], body);
}

static void run_level_given(struct suite_ctx *ctx) {
    each_level(ctx, level_given);
}
static void run_level_of_firmware(struct suite_ctx *ctx) {
    each_level(ctx, level_of_firmware);
}

#define NEEDS (TARGET_SCENARIO | TARGET_WIPE)

static const struct suite_test tests[] = {
    TSM_NEGATIVE("tsm.failure.status", "the firmware refuses the message", "tsm.blob.report", NEEDS,
                 run_fails, &status, "LNX-TSM-056"),
    TSM_NEGATIVE("tsm.failure.vmm-error", "the hypervisor fails the call", "tsm.blob.report", NEEDS,
                 run_fails, &vmm, "LNX-TSM-056"),
    TSM_NEGATIVE("tsm.failure.tag", "the response does not verify", "tsm.blob.report", NEEDS,
                 run_fails, &tag, "LNX-TSM-056"),
    TSM_NEGATIVE("tsm.failure.not-made", "the guest's kernel cannot make the first call",
                 "tsm.blob.report", NEEDS, run_not_made, NULL, "LNX-TSM-060", "LNX-TSM-061"),
    TSM_NEGATIVE("tsm.failure.not-made-later", "the same for a later report", "tsm.blob.report",
                 NEEDS, run_not_made_later, NULL, "LNX-TSM-060"),
    TSM_POSITIVE("tsm.failure.delayed", "the host is busy three times", TARGET_SCENARIO,
                 run_delayed, NULL, "LNX-TSM-056"),
    TSM_NEGATIVE("tsm.failure.busy", "the host stays busy", "tsm.failure.delayed", NEEDS, run_fails,
                 &busy, "LNX-TSM-056"),
    TSM_NEGATIVE("tsm.failure.second", "the second request of two entries fails", "tsm.folder.two",
                 NEEDS, run_second_fails, NULL, "LNX-TSM-044", "LNX-TSM-056"),
    TSM_POSITIVE("tsm.failure.level-given", "a report at the level of the VMPCK", TARGET_MODULE,
                 run_level_given, NULL, "LNX-TSM-052"),
    TSM_NEGATIVE("tsm.failure.level", "a report with privlevel unset where the VMPCK is not 0",
                 "tsm.failure.level-given", TARGET_MODULE, run_level_of_firmware, NULL,
                 "LNX-TSM-052"),
};

const struct suite_area tsm_failure_tests = {.tests = tests,
                                             .count = sizeof tests / sizeof tests[0]};
