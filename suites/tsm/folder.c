/* Entries: mkdir, rmdir, what they show. Linux notes, section 5. */
#include <string.h>

#include "tsm/tsm.h"

static void made(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_STEP(tsm_text_is(ctx, "provider", "sev_guest\n", "the provider's name"));
    SUITE_STEP(tsm_text_is(ctx, "generation", "0\n", "0 for a new entry"));
    SUITE_STEP(tsm_inblob(ctx, 1));
    SUITE_STEP(tsm_report(ctx, 1));
    SUITE_RESULT(ctx, "rmdir", 0, tsm_remove(ctx), "an entry is removed");
    SUITE_RESULT(ctx, "open", -ENOENT, tsm_open(ctx, "generation", O_RDONLY), "it is gone");
    SUITE_RESULT(ctx, "mkdir", 0, tsm_make(ctx), "its name is free again");
    SUITE_STEP(tsm_text_is(ctx, "generation", "0\n", "a new entry remembers nothing"));
}

static void run_made(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, made);
}

static void twice(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_STEP(tsm_inblob(ctx, 2));
    SUITE_RESULT(ctx, "mkdir", -EEXIST, tsm_make(ctx), "the name is taken");
    SUITE_STEP(tsm_untouched(ctx, 1, 2));
    SUITE_STEP(tsm_inblob(ctx, 3));
    SUITE_STEP(tsm_report(ctx, 3));
}

static void run_twice(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, twice);
}

/* Two entries know nothing of each other. */
static void two(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_STEP(tsm_inblob(ctx, 4));
    SUITE_STEP(tsm_level(ctx, "2"));
    SUITE_STEP(tsm_report(ctx, 4));
    tsm_select(1);
    SUITE_RESULT(ctx, "mkdir", 0, tsm_make(ctx), "another name is free");
    SUITE_STEP(tsm_generation_is(ctx, 0, "0 for a new entry"));
    SUITE_STEP(tsm_no_report(ctx, -EINVAL, "its own inblob is not written"));
    SUITE_STEP(tsm_inblob(ctx, 5));
    SUITE_STEP(tsm_report(ctx, 5));
    SUITE_EQUAL(ctx, "VMPL", 0, abi_get_le32(target_user(AT_READ + REPORT_VMPL)),
                "the other entry's privlevel is not its");
    tsm_select(0);
    SUITE_STEP(tsm_untouched(ctx, 2, 4));
    SUITE_RESULT(ctx, "rmdir", 0, tsm_remove(ctx), "an entry is removed");
    tsm_select(1);
    SUITE_STEP(tsm_untouched(ctx, 1, 5));
}

static void run_two(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, two);
}

/* What go-configfs-tsm does: each write is one generation, and none passes while the report is read. */
static void client(struct suite_ctx *ctx, const void *row) {
    static const char *const read_in_turn[] = {"auxblob", "outblob", "provider"};
    (void)row;
    SUITE_STEP(tsm_generation_is(ctx, 0, "0 for a new entry"));
    SUITE_STEP(tsm_inblob(ctx, 6));
    SUITE_STEP(tsm_generation_is(ctx, 1, "inblob is one generation"));
    SUITE_STEP(tsm_level(ctx, "1"));
    SUITE_STEP(tsm_generation_is(ctx, 2, "privlevel is another"));
    for (size_t i = 0; i < sizeof read_in_turn / sizeof read_in_turn[0]; i++) {
        SUITE_CHECK(ctx, read_in_turn[i], tsm_get(ctx, read_in_turn[i]) >= 0, "it can be read");
        SUITE_STEP(tsm_generation_is(ctx, 2, "reading changes nothing"));
    }
    SUITE_STEP(tsm_report(ctx, 6));
    SUITE_RESULT(ctx, "rmdir", 0, tsm_remove(ctx), "an entry is removed");
}

static void run_client(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, client);
}

/* configfs: only report/ makes entries. AMB-131. */
static void made_elsewhere(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_STEP(tsm_inblob(ctx, 7));
    SUITE_RESULT(ctx, "mkdir", -EPERM, tsm_make_path(ctx, "../sevkit"), "tsm/ makes nothing");
    SUITE_STEP(tsm_untouched(ctx, 1, 7));
}

static void run_made_elsewhere(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, made_elsewhere);
}

/* Without a VMPCK the driver does not come up and registers nothing. */
static void no_provider(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_RESULT(ctx, "mkdir", -ENXIO, tsm_make(ctx), "no provider has registered");
    SUITE_RESULT(ctx, "open", -ENOENT, tsm_open(ctx, "generation", O_RDONLY), "nothing was made");
}

static void run_no_provider(struct suite_ctx *ctx) {
    const struct target_guest guest = {
        .vmpck_id = DRV_VMPCK_DEFAULT,
        .scenario = SUITE_SCENARIO("{\"kind\": \"wipe_vmpck\", \"value\": 0}")};
    tsm_each_bare(ctx, &guest, no_provider);
}

/* ---- an entry that is removed while its attributes are open ---- */

static const char *const readable[] = {"outblob", "auxblob", "provider", "generation",
                                       "privlevel_floor"};
#define READABLE_COUNT (sizeof readable / sizeof readable[0])

static bool open_all(struct suite_ctx *ctx, long fds[READABLE_COUNT]) {
    for (size_t i = 0; i < READABLE_COUNT; i++) {
        fds[i] = tsm_open(ctx, readable[i], O_RDONLY);
        if (!suite_check(ctx, readable[i], fds[i] >= 0, "it opens")) return false;
    }
    return true;
}

static void removed(struct suite_ctx *ctx, const void *row) {
    long fds[READABLE_COUNT];
    (void)row;
    SUITE_STEP(tsm_inblob(ctx, 3));
    SUITE_STEP(open_all(ctx, fds));
    SUITE_RESULT(ctx, "rmdir", 0, tsm_remove(ctx), "open files do not hold it");
    for (size_t i = 0; i < READABLE_COUNT; i++) {
        SUITE_RESULT(ctx, readable[i], -ENOENT, tsm_read_fd(ctx, fds[i], AT_READ, 64),
                     "its entry is gone");
        SUITE_STEP(tsm_close(ctx, fds[i]));
    }
    SUITE_RESULT(ctx, "mkdir", 0, tsm_make(ctx), "the name is free");
    SUITE_STEP(tsm_text_is(ctx, "generation", "0\n", "the new entry is another one"));
}

static void run_removed(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, removed);
}

static void kept(struct suite_ctx *ctx, const void *row) {
    long fds[READABLE_COUNT];
    (void)row;
    SUITE_STEP(tsm_inblob(ctx, 4));
    SUITE_STEP(open_all(ctx, fds));
    for (size_t i = 0; i < READABLE_COUNT; i++) {
        const long got = tsm_read_fd(ctx, fds[i], AT_READ, 64);
        SUITE_CHECK(ctx, readable[i], got >= 0, "it can be read");
        SUITE_STEP(tsm_close(ctx, fds[i]));
    }
}

static void run_kept(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, kept);
}

/* A write to an entry that is gone; a new one of its name does not get it. */
static void write_after(struct suite_ctx *ctx, const void *row) {
    (void)row;
    const long privlevel = tsm_open(ctx, "privlevel", O_WRONLY);
    SUITE_CHECK(ctx, "privlevel", privlevel >= 0, "it opens");
    SUITE_RESULT(ctx, "rmdir", 0, tsm_remove(ctx), "open files do not hold it");
    *target_user(AT_DATA) = '1';
    SUITE_RESULT(ctx, "write", -ENOENT, tsm_write_fd(ctx, privlevel, 1), "its entry is gone");
    SUITE_RESULT(ctx, "mkdir", 0, tsm_make(ctx), "the name is free");
    SUITE_RESULT(ctx, "write", -ENOENT, tsm_write_fd(ctx, privlevel, 1),
                 "the new entry is another");
    SUITE_STEP(tsm_close(ctx, privlevel));
    SUITE_STEP(tsm_generation_is(ctx, 0, "the new entry was not written to"));
}

static void run_write_after(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, write_after);
}

/* inblob is gathered by the open file, so that its write is taken; it is delivered to nobody. */
static void close_after(struct suite_ctx *ctx, const void *row) {
    (void)row;
    const long fd = tsm_open(ctx, "inblob", O_WRONLY);
    SUITE_CHECK(ctx, "inblob", fd >= 0, "it opens");
    memset(target_user(AT_DATA), 1, INBLOB_SIZE);
    SUITE_RESULT(ctx, "write", INBLOB_SIZE, tsm_write_fd(ctx, fd, INBLOB_SIZE), "64 bytes");
    SUITE_RESULT(ctx, "rmdir", 0, tsm_remove(ctx), "open files do not hold it");
    SUITE_RESULT(ctx, "mkdir", 0, tsm_make(ctx), "the name is free");
    SUITE_STEP(tsm_close(ctx, fd));
    SUITE_STEP(tsm_generation_is(ctx, 0, "the new entry was not written to"));
    SUITE_STEP(tsm_no_report(ctx, -EINVAL, "its inblob is not written"));
}

static void run_close_after(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, close_after);
}

static const struct suite_test tests[] = {
    TSM_POSITIVE("tsm.folder.made", "an entry is made, used, removed and made again", 0, run_made,
                 NULL, "LNX-TSM-002", "LNX-TSM-003", "LNX-TSM-011", "LNX-TSM-012"),
    TSM_NEGATIVE("tsm.folder.twice", "the name of an entry that is there", "tsm.folder.made", 0,
                 run_twice, NULL, "LNX-TSM-003"),
    TSM_POSITIVE("tsm.folder.two", "two entries side by side", 0, run_two, NULL, "LNX-TSM-003",
                 "LNX-TSM-012", "LNX-TSM-030", "LNX-TSM-031"),
    TSM_POSITIVE("tsm.folder.client", "a client's whole life, the generation read after each step",
                 0, run_client, NULL, "LNX-TSM-002", "LNX-TSM-012", "LNX-TSM-030"),
    TSM_NEGATIVE("tsm.folder.elsewhere", "mkdir beside report", "tsm.folder.made", TARGET_FILES,
                 run_made_elsewhere, NULL, "LNX-TSM-020"),
    TSM_NEGATIVE("tsm.folder.no-provider", "mkdir where no provider has registered",
                 "tsm.folder.made", TARGET_SCENARIO, run_no_provider, NULL, "LNX-TSM-002"),
    TSM_POSITIVE("tsm.folder.open", "attributes that are open while the entry is there", 0,
                 run_kept, NULL, "LNX-TSM-004"),
    TSM_NEGATIVE("tsm.folder.removed", "attributes that are open when the entry is removed",
                 "tsm.folder.open", 0, run_removed, NULL, "LNX-TSM-004"),
    TSM_NEGATIVE("tsm.folder.removed-write", "a write to an attribute of a removed entry",
                 "tsm.privlevel.taken", 0, run_write_after, NULL, "LNX-TSM-004"),
    TSM_NEGATIVE("tsm.folder.removed-inblob", "inblob closed after its entry was removed",
                 "tsm.inblob.one-write", 0, run_close_after, NULL, "LNX-TSM-004"),
};

const struct suite_area tsm_folder_tests = {.tests = tests,
                                            .count = sizeof tests / sizeof tests[0]};
