/* inblob: what a write takes, and when it counts. Linux notes, section 5, errno table. */
#include <string.h>

#include "tsm/tsm.h"

static void one_write(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_STEP(tsm_inblob(ctx, 5));
    SUITE_STEP(tsm_generation_is(ctx, 1, "a delivered value counts once"));
    SUITE_STEP(tsm_report(ctx, 5));
    SUITE_STEP(tsm_inblob(ctx, 6));
    SUITE_STEP(tsm_generation_is(ctx, 2, "and each one"));
    SUITE_STEP(tsm_report(ctx, 6));
}

static void run_one_write(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, one_write);
}

/* The next COUNT bytes of the value that SEED makes. */
static long write_part(struct suite_ctx *ctx, long fd, uint8_t seed, size_t from, size_t count) {
    for (size_t i = 0; i < count; i++) target_user(AT_DATA)[i] = (uint8_t)(seed + (from + i) * 3);
    return tsm_write_fd(ctx, fd, count);
}

static void several_writes(struct suite_ctx *ctx, const void *row) {
    static const size_t parts[] = {1, 31, 30, 2};
    size_t at = 0;
    (void)row;
    const long fd = tsm_open(ctx, "inblob", O_WRONLY);
    SUITE_CHECK(ctx, "inblob", fd >= 0, "it opens");
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        SUITE_RESULT(ctx, "write", (long)parts[i], write_part(ctx, fd, 7, at, parts[i]),
                     "a part is taken");
        at += parts[i];
    }
    SUITE_STEP(tsm_generation_is(ctx, 0, "nothing counts before the close"));
    SUITE_STEP(tsm_close(ctx, fd));
    SUITE_STEP(tsm_generation_is(ctx, 1, "the parts are one value"));
    SUITE_STEP(tsm_report(ctx, 7));
}

static void run_several_writes(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, several_writes);
}

static void last_close(struct suite_ctx *ctx, const void *row) {
    (void)row;
    const long fd = tsm_open(ctx, "inblob", O_WRONLY);
    SUITE_CHECK(ctx, "inblob", fd >= 0, "it opens");
    SUITE_RESULT(ctx, "write", 40, write_part(ctx, fd, 8, 0, 40), "a part is taken");
    const long other = suite_fd_call(ctx, TARGET_SYS_DUP, fd, 0, 0);
    SUITE_CHECK(ctx, "dup", other >= 0, "it duplicates");
    SUITE_STEP(tsm_close(ctx, fd));
    SUITE_STEP(tsm_generation_is(ctx, 0, "another descriptor is left"));
    SUITE_RESULT(ctx, "write", 24, write_part(ctx, other, 8, 40, 24), "it writes on");
    SUITE_STEP(tsm_close(ctx, other));
    SUITE_STEP(tsm_generation_is(ctx, 1, "the last close delivers"));
    SUITE_STEP(tsm_report(ctx, 8));
}

static void run_last_close(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, last_close);
}

/* ---- too long ---- */

/* The blobs say no afterwards, and a whole value mends it. */
static bool delivered_useless(struct suite_ctx *ctx) {
    return tsm_generation_is(ctx, 1, "close delivers what there is") &&
           suite_result(ctx, "read of outblob", -EINVAL, tsm_get(ctx, "outblob"),
                        "it is not 64 bytes") &&
           tsm_inblob(ctx, 9) && tsm_generation_is(ctx, 2, "the next value counts") &&
           tsm_report(ctx, 9);
}

static void too_long(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_RESULT(ctx, "write", -EFBIG, tsm_inblob_of(ctx, 9, INBLOB_SIZE + 1), "64 bytes at most");
    SUITE_STEP(delivered_useless(ctx));
}

static void run_too_long(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, too_long);
}

static void too_far(struct suite_ctx *ctx, const void *row) {
    (void)row;
    const long fd = tsm_open(ctx, "inblob", O_WRONLY);
    SUITE_CHECK(ctx, "inblob", fd >= 0, "it opens");
    SUITE_RESULT(ctx, "write", 60, write_part(ctx, fd, 10, 0, 60), "a part is taken");
    SUITE_RESULT(ctx, "write", -EFBIG, write_part(ctx, fd, 10, 60, 5), "it would end beyond 64");
    SUITE_RESULT(ctx, "write", 4, write_part(ctx, fd, 10, 60, 4), "the position has not moved");
    SUITE_STEP(tsm_close(ctx, fd));
    SUITE_STEP(tsm_generation_is(ctx, 1, "close delivers what was taken"));
    SUITE_STEP(tsm_report(ctx, 10));
}

static void run_too_far(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, too_far);
}

static void nothing(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_RESULT(ctx, "write", -EFAULT, tsm_inblob_of(ctx, 9, 0), "there is nothing to take");
    SUITE_STEP(delivered_useless(ctx));
}

static void run_nothing(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, nothing);
}

/* ---- too short: the write is taken, the report is not made ---- */

static void wrong_length(struct suite_ctx *ctx, const void *row) {
    static const size_t sizes[] = {1, 32, 63};
    (void)row;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        SUITE_RESULT(ctx, "write", (long)sizes[i], tsm_inblob_of(ctx, 11, sizes[i]),
                     "a short value is taken");
        SUITE_RESULT(ctx, "read of outblob", -EINVAL, tsm_get(ctx, "outblob"),
                     "64 bytes are needed");
        SUITE_RESULT(ctx, "read of auxblob", -EINVAL, tsm_get(ctx, "auxblob"),
                     "64 bytes are needed");
    }
    SUITE_STEP(tsm_generation_is(ctx, 3, "each value counts"));
    SUITE_STEP(tsm_inblob(ctx, 11));
    SUITE_STEP(tsm_report(ctx, 11));
}

static void run_wrong_length(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, wrong_length);
}

/* A short value after a good report: the report of before is not served. */
static void shortened(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_STEP(tsm_inblob(ctx, 12));
    SUITE_STEP(tsm_report(ctx, 12));
    SUITE_RESULT(ctx, "write", 10, tsm_inblob_of(ctx, 12, 10), "a short value is taken");
    SUITE_RESULT(ctx, "read of outblob", -EINVAL, tsm_get(ctx, "outblob"), "64 bytes are needed");
}

static void run_shortened(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, shortened);
}

static void unwritten(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_RESULT(ctx, "read of outblob", -EINVAL, tsm_get(ctx, "outblob"), "inblob is not written");
    SUITE_RESULT(ctx, "read of auxblob", -EINVAL, tsm_get(ctx, "auxblob"), "inblob is not written");
    SUITE_STEP(tsm_generation_is(ctx, 0, "reading changes nothing"));
    SUITE_STEP(tsm_inblob(ctx, 13));
    SUITE_STEP(tsm_report(ctx, 13));
}

static void run_unwritten(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, unwritten);
}

static const struct suite_test tests[] = {
    TSM_POSITIVE("tsm.inblob.one-write", "64 bytes in one write", 0, run_one_write, NULL,
                 "LNX-TSM-014", "LNX-TSM-015", "LNX-TSM-030", "LNX-TSM-031", "LNX-TSM-040",
                 "LNX-TSM-050"),
    TSM_POSITIVE("tsm.inblob.several-writes", "64 bytes in four writes", 0, run_several_writes,
                 NULL, "LNX-TSM-014", "LNX-TSM-016", "LNX-TSM-017"),
    TSM_POSITIVE("tsm.inblob.last-close", "two descriptors of one open file", 0, run_last_close,
                 NULL, "LNX-TSM-016", "LNX-TSM-017"),
    TSM_NEGATIVE("tsm.inblob.too-long", "65 bytes in one write", "tsm.inblob.one-write", 0,
                 run_too_long, NULL, "LNX-TSM-014"),
    TSM_NEGATIVE("tsm.inblob.too-far", "a later write that ends beyond byte 64",
                 "tsm.inblob.several-writes", 0, run_too_far, NULL, "LNX-TSM-014"),
    TSM_NEGATIVE("tsm.inblob.nothing", "a write of no bytes", "tsm.inblob.one-write", TARGET_DIRECT,
                 run_nothing, NULL, "LNX-TSM-015"),
    TSM_NEGATIVE("tsm.inblob.wrong-length", "values of less than 64 bytes", "tsm.inblob.one-write",
                 0, run_wrong_length, NULL, "LNX-TSM-050"),
    TSM_NEGATIVE("tsm.inblob.shortened", "a short value after a report", "tsm.inblob.one-write", 0,
                 run_shortened, NULL, "LNX-TSM-045", "LNX-TSM-050"),
    TSM_NEGATIVE("tsm.inblob.unwritten", "the blobs of an entry without a value",
                 "tsm.inblob.one-write", 0, run_unwritten, NULL, "LNX-TSM-040"),
};

const struct suite_area tsm_inblob_tests = {.tests = tests,
                                            .count = sizeof tests / sizeof tests[0]};
