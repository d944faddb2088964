/* Reading: positions, chunks, descriptors from before a change. Linux notes, section 5, read model. */
#include <string.h>

#include "tsm/tsm.h"

/* outblob in pieces of SIZE bytes, each as long as there is something left; WHOLE is what they join to. */
static void in_pieces(struct suite_ctx *ctx, size_t size, const uint8_t whole[REPORT_SIZE]) {
    size_t at = 0;
    long got;
    const long fd = tsm_open(ctx, "outblob", O_RDONLY);
    SUITE_CHECK(ctx, "outblob", fd >= 0, "it opens");
    memset(target_user(AT_READ), 0, REPORT_SIZE);
    while ((got = tsm_read_fd(ctx, fd, AT_READ + at, size)) > 0) {
        const size_t left = REPORT_SIZE - at;
        SUITE_EQUAL(ctx, "read", left < size ? left : size, (uint64_t)got, "as much as there is");
        at += (size_t)got;
    }
    SUITE_RESULT(ctx, "read at the end", 0, got, "nothing is left");
    SUITE_RESULT(ctx, "read at the end", 0, tsm_read_fd(ctx, fd, AT_DATA, 1), "and stays so");
    SUITE_STEP(tsm_close(ctx, fd));
    SUITE_BYTES(ctx, "outblob", whole, target_user(AT_READ), REPORT_SIZE, "the pieces join");
}

/* ROW: sizes, ends with 0. */
static void chunks(struct suite_ctx *ctx, const void *row) {
    uint8_t whole[REPORT_SIZE];
    SUITE_STEP(tsm_inblob(ctx, 40));
    SUITE_STEP(tsm_report(ctx, 40));
    memcpy(whole, target_user(AT_READ), sizeof whole);
    for (const size_t *size = row; *size != 0 && !suite_stopped(ctx); size++)
        in_pieces(ctx, *size, whole);
}

static void run_chunks(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, chunks);
}

/* A read a second and less on a real machine: few there. */
static const size_t pieces[] = {97, REPORT_SIZE / 2, REPORT_SIZE - 1, REPORT_SIZE, 4096, 0};
static const size_t small_pieces[] = {1, 31, 200, 0};

/* Each open file has its own position. */
static void two_at_once(struct suite_ctx *ctx, const void *row) {
    uint8_t whole[REPORT_SIZE];
    (void)row;
    SUITE_STEP(tsm_inblob(ctx, 43));
    SUITE_STEP(tsm_report(ctx, 43));
    memcpy(whole, target_user(AT_READ), sizeof whole);
    const long first = tsm_open(ctx, "outblob", O_RDONLY);
    const long second = tsm_open(ctx, "outblob", O_RDONLY);
    SUITE_CHECK(ctx, "outblob", first >= 0 && second >= 0, "it opens twice");
    SUITE_RESULT(ctx, "first", 1000, tsm_read_fd(ctx, first, AT_READ, 1000), "a part");
    SUITE_RESULT(ctx, "second", REPORT_SIZE, tsm_read_fd(ctx, second, AT_READ, READ_MAX),
                 "it begins at the beginning");
    SUITE_BYTES(ctx, "second", whole, target_user(AT_READ), sizeof whole, "the same value");
    SUITE_RESULT(ctx, "first", REPORT_SIZE - 1000, tsm_read_fd(ctx, first, AT_READ, READ_MAX),
                 "it goes on");
    SUITE_BYTES(ctx, "first", whole + 1000, target_user(AT_READ), sizeof whole - 1000,
                "the same value");
    SUITE_STEP(tsm_close(ctx, first));
    SUITE_STEP(tsm_close(ctx, second));
}

static void run_two_at_once(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, two_at_once);
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

/* Text is kept too: "10" goes on as it began, though it is 11 by then. */
static void old_text(struct suite_ctx *ctx, const void *row) {
    (void)row;
    for (unsigned i = 0; i < 10; i++) SUITE_STEP(tsm_level(ctx, "0"));
    const long fd = tsm_open(ctx, "generation", O_RDONLY);
    SUITE_CHECK(ctx, "generation", fd >= 0, "it opens");
    SUITE_RESULT(ctx, "read", 1, tsm_read_fd(ctx, fd, AT_READ, 1), "a part");
    SUITE_STEP(tsm_level(ctx, "0"));
    SUITE_RESULT(ctx, "read", 2, tsm_read_fd(ctx, fd, AT_READ + 1, 100), "the rest");
    SUITE_STEP(tsm_close(ctx, fd));
    SUITE_BYTES(ctx, "generation", "10\n", target_user(AT_READ), 3, "the value of the first read");
    SUITE_STEP(tsm_generation_is(ctx, 11, "a new descriptor has the new value"));
}

static void run_old_text(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, old_text);
}

/* The first read fetches the value, not the open. */
static void unread_descriptor(struct suite_ctx *ctx, const void *row) {
    uint8_t wanted[INBLOB_SIZE];
    (void)row;
    SUITE_STEP(tsm_inblob(ctx, 44));
    SUITE_STEP(tsm_report(ctx, 44));
    const long blob = tsm_open(ctx, "outblob", O_RDONLY);
    const long text = tsm_open(ctx, "generation", O_RDONLY);
    SUITE_CHECK(ctx, "open", blob >= 0 && text >= 0, "they open");
    SUITE_STEP(tsm_inblob(ctx, 45));
    SUITE_RESULT(ctx, "generation", 2, tsm_read_fd(ctx, text, AT_READ, 100), "2 and a newline");
    SUITE_BYTES(ctx, "generation", "2\n", target_user(AT_READ), 2, "the value at the first read");
    SUITE_RESULT(ctx, "outblob", REPORT_SIZE, tsm_read_fd(ctx, blob, AT_READ, READ_MAX), "all");
    tsm_fill(wanted, 45, sizeof wanted);
    SUITE_BYTES(ctx, "REPORT_DATA", wanted, target_user(AT_READ + REPORT_DATA), sizeof wanted,
                "inblob's bytes at the first read");
    SUITE_STEP(tsm_close(ctx, text));
    SUITE_STEP(tsm_close(ctx, blob));
}

static void run_unread_descriptor(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, unread_descriptor);
}

static const struct suite_test tests[] = {
    TSM_POSITIVE("tsm.read.chunks", "a blob in pieces of several sizes", 0, run_chunks, pieces,
                 "LNX-TSM-042", "LNX-TSM-043"),
    TSM_POSITIVE("tsm.read.small-chunks", "a blob in many pieces", TSM_OURS, run_chunks,
                 small_pieces, "LNX-TSM-042", "LNX-TSM-043"),
    TSM_POSITIVE("tsm.read.two-at-once", "a blob by two open files", 0, run_two_at_once, NULL,
                 "LNX-TSM-042", "LNX-TSM-044"),
    TSM_POSITIVE("tsm.read.text", "a text attribute in pieces", 0, run_text_chunks, NULL,
                 "LNX-TSM-011", "LNX-TSM-042", "LNX-TSM-043"),
    TSM_POSITIVE("tsm.read.old-descriptor", "a descriptor that was read before a change", 0,
                 run_old_descriptor, NULL, "LNX-TSM-042", "LNX-TSM-045"),
    TSM_POSITIVE("tsm.read.old-text", "the same of a text attribute", 0, run_old_text, NULL,
                 "LNX-TSM-012", "LNX-TSM-042"),
    TSM_POSITIVE("tsm.read.unread-descriptor", "descriptors that were open before a change", 0,
                 run_unread_descriptor, NULL, "LNX-TSM-042", "LNX-TSM-045"),
};

const struct suite_area tsm_read_tests = {.tests = tests, .count = sizeof tests / sizeof tests[0]};
