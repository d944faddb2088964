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
    SUITE_STEP(tsm_inblob(ctx, 6));
    SUITE_STEP(tsm_generation_is(ctx, 3, "also the same bytes again"));
    SUITE_STEP(tsm_report(ctx, 6));
}

static void run_one_write(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, one_write);
}

static long open_inblob(struct suite_ctx *ctx) {
    const long fd = tsm_open(ctx, "inblob", O_WRONLY);
    return suite_check(ctx, "inblob", fd >= 0, "it opens") ? fd : -1;
}

/* Bytes FROM to FROM + COUNT of the value that SEED makes. */
static long write_part(struct suite_ctx *ctx, long fd, uint8_t seed, size_t from, size_t count) {
    for (size_t i = 0; i < count; i++) target_user(AT_DATA)[i] = (uint8_t)(seed + (from + i) * 3);
    return tsm_write_fd(ctx, fd, count);
}

static bool takes_part(struct suite_ctx *ctx, long fd, uint8_t seed, size_t from, size_t count) {
    return suite_result(ctx, "write", (long)count, write_part(ctx, fd, seed, from, count),
                        "a part is taken");
}

static void several_writes(struct suite_ctx *ctx, const void *row) {
    static const size_t parts[] = {1, 31, 30, 2};
    size_t at = 0;
    (void)row;
    const long fd = open_inblob(ctx);
    if (fd < 0) return;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        SUITE_STEP(takes_part(ctx, fd, 7, at, parts[i]));
        at += parts[i];
    }
    SUITE_STEP(tsm_generation_is(ctx, 0, "nothing counts before the close"));
    SUITE_STEP(tsm_no_report(ctx, -EINVAL, "and nothing is there yet"));
    SUITE_STEP(tsm_close(ctx, fd));
    SUITE_STEP(tsm_generation_is(ctx, 1, "the parts are one value"));
    SUITE_STEP(tsm_report(ctx, 7));
}

static void run_several_writes(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, several_writes);
}

static void last_close(struct suite_ctx *ctx, const void *row) {
    (void)row;
    const long fd = open_inblob(ctx);
    if (fd < 0) return;
    SUITE_STEP(takes_part(ctx, fd, 8, 0, 40));
    const long other = suite_fd_call(ctx, TARGET_SYS_DUP, fd, 0, 0);
    SUITE_CHECK(ctx, "dup", other >= 0, "it duplicates");
    SUITE_STEP(tsm_close(ctx, fd));
    SUITE_STEP(tsm_generation_is(ctx, 0, "another descriptor is left"));
    SUITE_STEP(takes_part(ctx, other, 8, 40, 24));
    SUITE_STEP(tsm_close(ctx, other));
    SUITE_STEP(tsm_generation_is(ctx, 1, "the last close delivers"));
    SUITE_STEP(tsm_report(ctx, 8));
}

static void run_last_close(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, last_close);
}

/* Each open file gathers its own value; the one that is closed last stays. */
static void two_openers(struct suite_ctx *ctx, const void *row) {
    (void)row;
    const long first = open_inblob(ctx);
    const long second = open_inblob(ctx);
    if (first < 0 || second < 0) return;
    SUITE_STEP(takes_part(ctx, first, 9, 0, 50));
    SUITE_STEP(takes_part(ctx, second, 10, 0, INBLOB_SIZE));
    SUITE_STEP(takes_part(ctx, first, 9, 50, 14));
    SUITE_STEP(tsm_close(ctx, second));
    SUITE_STEP(tsm_generation_is(ctx, 1, "the other file is not delivered"));
    SUITE_STEP(tsm_report(ctx, 10));
    SUITE_STEP(tsm_close(ctx, first));
    SUITE_STEP(tsm_generation_is(ctx, 2, "each file is delivered once"));
    SUITE_STEP(tsm_report(ctx, 9));
}

static void run_two_openers(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, two_openers);
}

/* What was not written to is not delivered. */
static void unwritten_close(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_STEP(tsm_inblob(ctx, 11));
    SUITE_STEP(tsm_report(ctx, 11));
    const long fd = open_inblob(ctx);
    if (fd < 0) return;
    SUITE_STEP(tsm_close(ctx, fd));
    SUITE_STEP(tsm_untouched(ctx, 1, 11));
}

static void run_unwritten_close(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, unwritten_close);
}

/* ---- too long: AMB-142 ---- */

/* Close delivers an empty value; the blobs say no, and a whole value mends it. */
static bool delivered_nothing(struct suite_ctx *ctx, unsigned long generation) {
    return tsm_generation_is(ctx, generation + 1, "close delivers what there is") &&
           tsm_no_report(ctx, -EINVAL, "an empty value is as none") && tsm_inblob(ctx, 12) &&
           tsm_generation_is(ctx, generation + 2, "the next value counts") && tsm_report(ctx, 12);
}

static void too_long(struct suite_ctx *ctx, const void *row) {
    static const size_t sizes[] = {INBLOB_SIZE + 1, 2 * INBLOB_SIZE, 4096, 0x8000};
    (void)row;
    SUITE_STEP(tsm_inblob(ctx, 13));
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        SUITE_RESULT(ctx, "write", -EFBIG, tsm_inblob_of(ctx, 13, sizes[i]), "64 bytes at most");
        SUITE_STEP(delivered_nothing(ctx, 1 + 2 * i));
    }
}

static void run_too_long(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, too_long);
}

static void too_far(struct suite_ctx *ctx, const void *row) {
    (void)row;
    const long fd = open_inblob(ctx);
    if (fd < 0) return;
    SUITE_STEP(takes_part(ctx, fd, 14, 0, 60));
    SUITE_RESULT(ctx, "write", -EFBIG, write_part(ctx, fd, 14, 60, 5), "it would end beyond 64");
    SUITE_RESULT(ctx, "write", 4, write_part(ctx, fd, 14, 60, 4), "the position has not moved");
    SUITE_RESULT(ctx, "write", -EFBIG, write_part(ctx, fd, 14, 64, 1), "64 bytes are there");
    SUITE_STEP(tsm_close(ctx, fd));
    SUITE_STEP(tsm_generation_is(ctx, 1, "close delivers what was taken"));
    SUITE_STEP(tsm_report(ctx, 14));
}

static void run_too_far(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, too_far);
}

static void nothing(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_STEP(tsm_inblob(ctx, 15));
    SUITE_RESULT(ctx, "write", -EFAULT, tsm_inblob_of(ctx, 15, 0), "there is nothing to take");
    SUITE_STEP(delivered_nothing(ctx, 1));
}

static void run_nothing(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, nothing);
}

static const struct suite_test tests[] = {
    TSM_POSITIVE("tsm.inblob.one-write", "64 bytes in one write", 0, run_one_write, NULL,
                 "LNX-TSM-014", "LNX-TSM-015", "LNX-TSM-017", "LNX-TSM-030", "LNX-TSM-031",
                 "LNX-TSM-040", "LNX-TSM-045", "LNX-TSM-050"),
    TSM_POSITIVE("tsm.inblob.several-writes", "64 bytes in four writes", 0, run_several_writes,
                 NULL, "LNX-TSM-014", "LNX-TSM-016", "LNX-TSM-017"),
    TSM_POSITIVE("tsm.inblob.last-close", "two descriptors of one open file", 0, run_last_close,
                 NULL, "LNX-TSM-016", "LNX-TSM-017"),
    TSM_POSITIVE("tsm.inblob.two-openers", "two open files", 0, run_two_openers, NULL,
                 "LNX-TSM-016", "LNX-TSM-017", "LNX-TSM-031"),
    TSM_POSITIVE("tsm.inblob.unwritten-close", "opened and closed without a write", 0,
                 run_unwritten_close, NULL, "LNX-TSM-017", "LNX-TSM-030"),
    TSM_NEGATIVE("tsm.inblob.too-long", "more than 64 bytes in one write", "tsm.inblob.one-write",
                 0, run_too_long, NULL, "LNX-TSM-014"),
    TSM_NEGATIVE("tsm.inblob.too-far", "a later write that ends beyond byte 64",
                 "tsm.inblob.several-writes", 0, run_too_far, NULL, "LNX-TSM-014"),
    TSM_NEGATIVE("tsm.inblob.nothing", "a write of no bytes", "tsm.inblob.one-write", TARGET_DIRECT,
                 run_nothing, NULL, "LNX-TSM-015"),
};

const struct suite_area tsm_inblob_tests = {.tests = tests,
                                            .count = sizeof tests / sizeof tests[0]};
