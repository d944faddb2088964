/* Which attributes there are, and how they open. Linux notes, section 5, attributes and errno table. */
#include <sys/stat.h>

#include "tsm/tsm.h"

#define AT_STAT (TARGET_USER_BASE + 0xD000)

struct attribute {
    const char *name;
    bool writable; /* and not readable; else the other way round */
};

static const struct attribute always[] = {
    {"inblob", true},      {"outblob", false},  {"auxblob", false},         {"provider", false},
    {"generation", false}, {"privlevel", true}, {"privlevel_floor", false}, {NULL, false}};
static const struct attribute of_svsm[] = {{"manifestblob", false},
                                           {"service_provider", true},
                                           {"service_guid", true},
                                           {"service_manifest_version", true},
                                           {NULL, false}};

/* Guests under an SVSM: their VMPL is not 0, whatever VMPCK they speak with. */
static const struct target_guest under_svsm[] = {
    {.vmpl = 1, .vmpck_id = DRV_VMPCK_DEFAULT},
    {.vmpl = 2, .vmpck_id = DRV_VMPCK_DEFAULT},
    {.vmpl = 3, .vmpck_id = DRV_VMPCK_DEFAULT},
    {.vmpl = 1, .vmpck_id = 0},
};
static const struct target_guest at_vmpl_zero = {.vmpck_id = DRV_VMPCK_DEFAULT};
static const struct target_guest with_vmpck_two = {.vmpck_id = 2};

/* ---- as they are meant ---- */

static void opens(struct suite_ctx *ctx, const void *row) {
    for (const struct attribute *a = row; a->name != NULL; a++) {
        const long fd = tsm_open(ctx, a->name, a->writable ? O_WRONLY : O_RDONLY);
        SUITE_CHECK(ctx, a->name, fd >= 0, "it opens in its own direction");
        SUITE_STEP(tsm_close(ctx, fd));
    }
    SUITE_STEP(tsm_generation_is(ctx, 0, "opening changes nothing"));
}

static void run_opens(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, opens);
}

static void run_opens_svsm(struct suite_ctx *ctx) {
    for (size_t i = 0; i < sizeof under_svsm / sizeof under_svsm[0] && !suite_stopped(ctx); i++)
        tsm_each(ctx, &under_svsm[i], opens);
}

/* A shell redirects with O_TRUNC, and with O_CREAT: the file is there. */
static void opens_as_shell(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_STEP(tsm_inblob(ctx, 1));
    const long fd = tsm_open(ctx, "privlevel", O_WRONLY | O_CREAT | O_TRUNC);
    SUITE_CHECK(ctx, "privlevel", fd >= 0, "it opens for a redirection");
    *target_user(AT_DATA) = '3';
    SUITE_RESULT(ctx, "write", 1, tsm_write_fd(ctx, fd, 1), "a level");
    SUITE_STEP(tsm_close(ctx, fd));
    SUITE_STEP(tsm_generation_is(ctx, 2, "the write counts, O_TRUNC does not"));
    SUITE_STEP(tsm_report(ctx, 1));
}

static void run_opens_as_shell(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, opens_as_shell);
}

static void modes(struct suite_ctx *ctx, const void *row) {
    for (const struct attribute *a = row; a->name != NULL; a++) {
        SUITE_RESULT(ctx, a->name, 0, tsm_stat(ctx, a->name, AT_STAT), "it is there");
        const uint32_t mode = abi_get_le32(target_user(AT_STAT));
        SUITE_CHECK(ctx, a->name, S_ISREG(mode), "a regular file");
        SUITE_EQUAL(ctx, a->name, a->writable ? 0200 : 0444, mode & 07777, "its mode");
    }
}

static void run_modes(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, modes);
}

/* ---- as they are not meant: a report of before is still served ---- */

/* ROW's attributes, of those that can be written if WRITABLE, else of the others. */
static void refuses(struct suite_ctx *ctx, const struct attribute *row, bool writable, int flags,
                    const char *rule) {
    SUITE_STEP(tsm_inblob(ctx, 2));
    SUITE_STEP(tsm_report(ctx, 2));
    for (const struct attribute *a = row; a->name != NULL; a++)
        if (a->writable == writable)
            SUITE_RESULT(ctx, a->name, -EACCES, tsm_open(ctx, a->name, flags), rule);
    SUITE_STEP(tsm_untouched(ctx, 1, 2));
}

static void unreadable(struct suite_ctx *ctx, const void *row) {
    refuses(ctx, row, true, O_RDONLY, "it is for writing only");
}
static void unwritable(struct suite_ctx *ctx, const void *row) {
    refuses(ctx, row, false, O_WRONLY, "it is for reading only");
}
static void unreadable_too(struct suite_ctx *ctx, const void *row) {
    refuses(ctx, row, true, O_RDWR, "it is for writing only");
}
static void unwritable_too(struct suite_ctx *ctx, const void *row) {
    refuses(ctx, row, false, O_RDWR, "it is for reading only");
}

static void run_unreadable(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, unreadable);
}
static void run_unwritable(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, unwritable);
}
static void run_both_ways(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, unreadable_too);
    if (!suite_stopped(ctx)) tsm_each(ctx, NULL, unwritable_too);
}

/* ---- without an SVSM ---- */

static void absent(struct suite_ctx *ctx, const void *row) {
    for (const struct attribute *a = row; a->name != NULL; a++)
        SUITE_RESULT(ctx, a->name, -ENOENT,
                     tsm_open(ctx, a->name, a->writable ? O_WRONLY : O_RDONLY),
                     "it is there under an SVSM only");
    SUITE_STEP(tsm_inblob(ctx, 3));
    SUITE_STEP(tsm_generation_is(ctx, 1, "the others go on"));
}

static void run_absent(struct suite_ctx *ctx) {
    tsm_each(ctx, &at_vmpl_zero, absent);
}

/* The VMPL decides, not the VMPCK. */
static void run_absent_vmpck(struct suite_ctx *ctx) {
    tsm_each(ctx, &with_vmpck_two, absent);
}

/* An attribute that is not there has no mode to refuse by. */
static void absent_both_ways(struct suite_ctx *ctx, const void *row) {
    for (const struct attribute *a = row; a->name != NULL; a++)
        SUITE_RESULT(ctx, a->name, -ENOENT, tsm_open(ctx, a->name, O_RDWR),
                     "its absence before its direction");
}

static void run_absent_both_ways(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, absent_both_ways);
}

static const struct suite_test tests[] = {
    TSM_POSITIVE("tsm.access.opens", "each attribute opens in its own direction", 0, run_opens,
                 always, "LNX-TSM-007", "LNX-TSM-008"),
    TSM_POSITIVE("tsm.access.shell", "opened as a shell's redirection does", 0, run_opens_as_shell,
                 NULL, "LNX-TSM-008", "LNX-TSM-030"),
    TSM_POSITIVE("tsm.access.modes", "the modes of the files", TARGET_FILES, run_modes, always,
                 "LNX-TSM-007", "LNX-TSM-008"),
    TSM_POSITIVE("tsm.access.svsm", "service_* and manifestblob open under an SVSM", TARGET_MODULE,
                 run_opens_svsm, of_svsm, "LNX-TSM-005"),
    TSM_NEGATIVE("tsm.access.no-svsm", "service_* and manifestblob without an SVSM",
                 "tsm.access.svsm", TSM_OURS, run_absent, of_svsm, "LNX-TSM-005"),
    TSM_NEGATIVE("tsm.access.no-svsm-vmpck", "the same at VMPL 0 with VMPCK2", "tsm.access.svsm",
                 TARGET_MODULE, run_absent_vmpck, of_svsm, "LNX-TSM-005"),
    TSM_NEGATIVE("tsm.access.no-svsm-both-ways", "the same opened for both", "tsm.access.svsm",
                 TSM_OURS, run_absent_both_ways, of_svsm, "LNX-TSM-005", "LNX-TSM-008"),
    TSM_NEGATIVE("tsm.access.unreadable", "a write-only attribute opened for reading",
                 "tsm.access.opens", 0, run_unreadable, always, "LNX-TSM-007"),
    TSM_NEGATIVE("tsm.access.unwritable", "a read-only attribute opened for writing",
                 "tsm.access.opens", 0, run_unwritable, always, "LNX-TSM-008"),
    TSM_NEGATIVE("tsm.access.both-ways", "an attribute opened for both", "tsm.access.opens", 0,
                 run_both_ways, always, "LNX-TSM-007", "LNX-TSM-008"),
};

const struct suite_area tsm_access_tests = {.tests = tests,
                                            .count = sizeof tests / sizeof tests[0]};
