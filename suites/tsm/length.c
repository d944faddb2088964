/* The length of inblob when a blob is read: sev_guest needs 64 bytes. Linux notes, section 5, errno table. */
#include "tsm/tsm.h"

static const char *const blobs[] = {"outblob", "auxblob"};

static bool no_blob(struct suite_ctx *ctx, const char *rule) {
    for (size_t i = 0; i < sizeof blobs / sizeof blobs[0]; i++)
        if (!suite_result(ctx, blobs[i], -EINVAL, tsm_get(ctx, blobs[i]), rule)) return false;
    return true;
}

/* A short value is taken and counts; the report is not made, whatever was there before. */
static void wrong_length(struct suite_ctx *ctx, const void *row) {
    static const size_t sizes[] = {1, 2, 32, 48, 63};
    (void)row;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        SUITE_RESULT(ctx, "write", (long)sizes[i], tsm_inblob_of(ctx, 11, sizes[i]),
                     "a short value is taken");
        SUITE_STEP(no_blob(ctx, "64 bytes are needed"));
        SUITE_STEP(tsm_generation_is(ctx, 1 + i, "each value counts, a read never"));
    }
    SUITE_STEP(tsm_inblob(ctx, 11));
    SUITE_STEP(tsm_report(ctx, 11));
}

static void run_wrong_length(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, wrong_length);
}

/* A short value takes the place of a whole one: neither its report nor its bytes are used. */
static void shortened(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_STEP(tsm_inblob(ctx, 12));
    SUITE_STEP(tsm_report(ctx, 12));
    SUITE_RESULT(ctx, "write", 63, tsm_inblob_of(ctx, 12, 63), "a short value is taken");
    SUITE_STEP(no_blob(ctx, "64 bytes are needed"));
    SUITE_STEP(tsm_inblob(ctx, 12));
    SUITE_STEP(tsm_report(ctx, 12));
}

static void run_shortened(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, shortened);
}

static void unwritten(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_STEP(no_blob(ctx, "inblob is not written"));
    SUITE_STEP(tsm_generation_is(ctx, 0, "reading changes nothing"));
    SUITE_STEP(tsm_level(ctx, "1"));
    SUITE_STEP(no_blob(ctx, "another attribute does not stand in for it"));
    SUITE_STEP(tsm_inblob(ctx, 13));
    SUITE_STEP(tsm_report(ctx, 13));
}

static void run_unwritten(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, unwritten);
}

static const struct suite_test tests[] = {
    TSM_NEGATIVE("tsm.inblob.wrong-length", "values of less than 64 bytes", "tsm.inblob.one-write",
                 0, run_wrong_length, NULL, "LNX-TSM-050"),
    TSM_NEGATIVE("tsm.inblob.shortened", "a short value after a report", "tsm.inblob.one-write", 0,
                 run_shortened, NULL, "LNX-TSM-045", "LNX-TSM-050"),
    TSM_NEGATIVE("tsm.inblob.unwritten", "the blobs of an entry without a value",
                 "tsm.inblob.one-write", 0, run_unwritten, NULL, "LNX-TSM-040"),
};

const struct suite_area tsm_length_tests = {.tests = tests,
                                            .count = sizeof tests / sizeof tests[0]};
