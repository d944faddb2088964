/* Reading: positions, chunks, descriptors from before a change. Linux notes, section 5, read model. */
#include <string.h>

#include "tsm/tsm.h"

static void chunks(struct suite_ctx *ctx, const void *row) {
    static const size_t sizes[] = {1, 31, 200, 4096};
    uint8_t whole[REPORT_SIZE];
    (void)row;
    SUITE_STEP(tsm_inblob(ctx, 40));
    SUITE_STEP(tsm_report(ctx, 40));
    memcpy(whole, target_user(AT_READ), sizeof whole);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t at = 0;
        long got;
        const long fd = tsm_open(ctx, "outblob", O_RDONLY);
        SUITE_CHECK(ctx, "outblob", fd >= 0, "it opens");
        memset(target_user(AT_READ), 0, REPORT_SIZE);
        while ((got = tsm_read_fd(ctx, fd, AT_READ + at, sizes[i])) > 0) {
            const size_t left = REPORT_SIZE - at;
            SUITE_EQUAL(ctx, "read", left < sizes[i] ? left : sizes[i], (uint64_t)got,
                        "as much as there is");
            at += (size_t)got;
        }
        SUITE_RESULT(ctx, "read at the end", 0, got, "nothing is left");
        SUITE_RESULT(ctx, "read at the end", 0, tsm_read_fd(ctx, fd, AT_DATA, 1), "and stays so");
        SUITE_STEP(tsm_close(ctx, fd));
        SUITE_BYTES(ctx, "outblob", whole, target_user(AT_READ), sizeof whole, "the pieces join");
    }
}

static void run_chunks(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, chunks);
}

static void text_chunks(struct suite_ctx *ctx, const void *row) {
    (void)row;
    const long fd = tsm_open(ctx, "provider", O_RDONLY);
    SUITE_CHECK(ctx, "provider", fd >= 0, "it opens");
    SUITE_RESULT(ctx, "read", 4, tsm_read_fd(ctx, fd, AT_READ, 4), "a part");
    SUITE_RESULT(ctx, "read", 6, tsm_read_fd(ctx, fd, AT_READ + 4, 100), "the rest");
    SUITE_RESULT(ctx, "read", 0, tsm_read_fd(ctx, fd, AT_DATA, 100), "nothing is left");
    SUITE_STEP(tsm_close(ctx, fd));
    SUITE_BYTES(ctx, "provider", "sev_guest\n", target_user(AT_READ), 10, "the pieces join");
}

static void run_text_chunks(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, text_chunks);
}

/* A descriptor keeps the value that its first read fetched; a new one has the new value. */
static void old_descriptor(struct suite_ctx *ctx, const void *row) {
    uint8_t before[REPORT_SIZE];
    (void)row;
    SUITE_STEP(tsm_inblob(ctx, 41));
    SUITE_STEP(tsm_report(ctx, 41));
    memcpy(before, target_user(AT_READ), sizeof before);
    const long fd = tsm_open(ctx, "outblob", O_RDONLY);
    SUITE_CHECK(ctx, "outblob", fd >= 0, "it opens");
    SUITE_RESULT(ctx, "read", 16, tsm_read_fd(ctx, fd, AT_READ, 16), "a part");
    SUITE_STEP(tsm_inblob(ctx, 42));
    const long rest = REPORT_SIZE - 16;
    SUITE_RESULT(ctx, "read", rest, tsm_read_fd(ctx, fd, AT_READ + 16, 0x2000), "the rest");
    SUITE_STEP(tsm_close(ctx, fd));
    SUITE_BYTES(ctx, "outblob", before, target_user(AT_READ), sizeof before,
                "the value of the first read");
    SUITE_STEP(tsm_report(ctx, 42));
}

static void run_old_descriptor(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, old_descriptor);
}

static const struct suite_test tests[] = {
    TSM_POSITIVE("tsm.read.chunks", "a blob in pieces of several sizes", 0, run_chunks, NULL,
                 "LNX-TSM-042", "LNX-TSM-043"),
    TSM_POSITIVE("tsm.read.text", "a text attribute in pieces", 0, run_text_chunks, NULL,
                 "LNX-TSM-011", "LNX-TSM-042", "LNX-TSM-043"),
    TSM_POSITIVE("tsm.read.old-descriptor", "a descriptor that was read before a change", 0,
                 run_old_descriptor, NULL, "LNX-TSM-042", "LNX-TSM-045"),
};

const struct suite_area tsm_read_tests = {.tests = tests, .count = sizeof tests / sizeof tests[0]};
