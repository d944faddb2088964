/* Entries: mkdir, rmdir, what they show. Linux notes, section 5. */
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
    SUITE_STEP(tsm_generation_is(ctx, 1, "the first entry is as it was"));
    SUITE_STEP(tsm_report(ctx, 2));
}

static void run_twice(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, twice);
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

/* A write to an entry that is gone. */
static void write_after(struct suite_ctx *ctx, const void *row) {
    (void)row;
    const long privlevel = tsm_open(ctx, "privlevel", O_WRONLY);
    SUITE_CHECK(ctx, "privlevel", privlevel >= 0, "it opens");
    SUITE_RESULT(ctx, "rmdir", 0, tsm_remove(ctx), "open files do not hold it");
    *target_user(AT_DATA) = '1';
    SUITE_RESULT(ctx, "write", -ENOENT, tsm_write_fd(ctx, privlevel, 1), "its entry is gone");
    SUITE_STEP(tsm_close(ctx, privlevel));
    SUITE_RESULT(ctx, "mkdir", 0, tsm_make(ctx), "the name is free");
}

static void run_write_after(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, write_after);
}

static const struct suite_test tests[] = {
    TSM_POSITIVE("tsm.folder.made", "an entry is made, used, removed and made again", 0, run_made,
                 NULL, "LNX-TSM-002", "LNX-TSM-003", "LNX-TSM-011", "LNX-TSM-012"),
    TSM_NEGATIVE("tsm.folder.twice", "the name of an entry that is there", "tsm.folder.made", 0,
                 run_twice, NULL, "LNX-TSM-003"),
    TSM_NEGATIVE("tsm.folder.no-provider", "mkdir where no provider has registered",
                 "tsm.folder.made", TARGET_SCENARIO, run_no_provider, NULL, "LNX-TSM-002"),
    TSM_POSITIVE("tsm.folder.open", "attributes that are open while the entry is there", 0,
                 run_kept, NULL, "LNX-TSM-004"),
    TSM_NEGATIVE("tsm.folder.removed", "attributes that are open when the entry is removed",
                 "tsm.folder.open", 0, run_removed, NULL, "LNX-TSM-004"),
    TSM_NEGATIVE("tsm.folder.removed-write", "a write to an attribute of a removed entry",
                 "tsm.privlevel.taken", 0, run_write_after, NULL, "LNX-TSM-004"),
};

const struct suite_area tsm_folder_tests = {.tests = tests,
                                            .count = sizeof tests / sizeof tests[0]};
