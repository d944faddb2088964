/* Which attributes there are, and how they open. Linux notes, section 5, attributes and errno table. */
#include "tsm/tsm.h"

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

/* All of them are there when the kernel runs under an SVSM. */
static void run_opens_svsm(struct suite_ctx *ctx) {
    const struct target_guest guest = {.vmpl = 1, .vmpck_id = DRV_VMPCK_DEFAULT};
    tsm_each(ctx, &guest, opens);
}

static bool refused(struct suite_ctx *ctx, const struct attribute *a, int flags, long wanted,
                    const char *rule) {
    return suite_result(ctx, a->name, wanted, tsm_open(ctx, a->name, flags), rule);
}

static void unreadable(struct suite_ctx *ctx, const void *row) {
    for (const struct attribute *a = row; a->name != NULL; a++)
        if (a->writable) SUITE_STEP(refused(ctx, a, O_RDONLY, -EACCES, "it is for writing only"));
    SUITE_STEP(tsm_generation_is(ctx, 0, "nothing has changed"));
}

static void run_unreadable(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, unreadable);
}

static void unwritable(struct suite_ctx *ctx, const void *row) {
    for (const struct attribute *a = row; a->name != NULL; a++)
        if (!a->writable) SUITE_STEP(refused(ctx, a, O_WRONLY, -EACCES, "it is for reading only"));
    SUITE_STEP(tsm_generation_is(ctx, 0, "nothing has changed"));
}

static void run_unwritable(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, unwritable);
}

static void both_ways(struct suite_ctx *ctx, const void *row) {
    for (const struct attribute *a = row; a->name != NULL; a++)
        SUITE_STEP(refused(ctx, a, O_RDWR, -EACCES, "no attribute is for both"));
    SUITE_STEP(tsm_generation_is(ctx, 0, "nothing has changed"));
}

static void run_both_ways(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, both_ways);
}

static void absent(struct suite_ctx *ctx, const void *row) {
    for (const struct attribute *a = row; a->name != NULL; a++)
        SUITE_STEP(refused(ctx, a, a->writable ? O_WRONLY : O_RDONLY, -ENOENT,
                           "it is there under an SVSM only"));
}

static void run_absent(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, absent);
}

static const struct suite_test tests[] = {
    TSM_POSITIVE("tsm.access.opens", "each attribute opens in its own direction", 0, run_opens,
                 always, "LNX-TSM-007", "LNX-TSM-008"),
    TSM_POSITIVE("tsm.access.svsm", "service_* and manifestblob open under an SVSM", TARGET_MODULE,
                 run_opens_svsm, of_svsm, "LNX-TSM-005"),
    TSM_NEGATIVE("tsm.access.no-svsm", "service_* and manifestblob without an SVSM",
                 "tsm.access.svsm", TARGET_SCENARIO, run_absent, of_svsm, "LNX-TSM-005"),
    TSM_NEGATIVE("tsm.access.unreadable", "a write-only attribute opened for reading",
                 "tsm.access.opens", 0, run_unreadable, always, "LNX-TSM-007"),
    TSM_NEGATIVE("tsm.access.unwritable", "a read-only attribute opened for writing",
                 "tsm.access.opens", 0, run_unwritable, always, "LNX-TSM-008"),
    TSM_NEGATIVE("tsm.access.both-ways", "an attribute opened for both", "tsm.access.opens", 0,
                 run_both_ways, always, "LNX-TSM-008"),
};

const struct suite_area tsm_access_tests = {.tests = tests,
                                            .count = sizeof tests / sizeof tests[0]};
