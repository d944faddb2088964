/* privlevel and its floor: numbers as the kernel reads them, the range, what a refusal leaves. Linux notes,
 * section 5, errno table. */
#include "tsm/tsm.h"

static const char *const taken[] = {"0",   "1",   "2",     "3",  "3\n", "+2",
                                    "0x1", "0X2", "0x3\n", "02", "00",  NULL};
static const char *const no_number[] = {"x",  "-1", " 1", "1 ",  "1x",    "0x",  "0xg",
                                        "08", "\n", "+",  "++1", "1\n\n", "1.0", NULL};
static const char *const too_large[] = {"4294967296", "0x100000000", "040000000000",
                                        "18446744073709551615", NULL};
/* The parser reports what does not fit in 64 bits before it looks at what follows. */
static const char *const overflows[] = {"18446744073709551616", "18446744073709551616x",
                                        "0x10000000000000000\n", NULL};
static const char *const large_junk[] = {"4294967296x", "0x100000000 ", NULL};
static const char *const out_of_range[] = {"4", "5", "0x4\n", "4294967295", NULL};

static void accepts(struct suite_ctx *ctx, const void *row) {
    unsigned long wanted = 0;
    for (const char *const *text = row; *text != NULL; text++) {
        SUITE_RESULT(ctx, *text, 0, tsm_put(ctx, "privlevel", *text), "a number from 0 to 3");
        SUITE_STEP(tsm_generation_is(ctx, ++wanted, "each write that is taken counts"));
    }
}

static void run_accepts(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, accepts);
}

/* ROW: texts, each refused with WANTED; nothing changes. */
static void refuses(struct suite_ctx *ctx, const char *const *texts, long wanted,
                    const char *rule) {
    SUITE_STEP(tsm_inblob(ctx, 20));
    for (; *texts != NULL; texts++) {
        SUITE_RESULT(ctx, *texts, wanted, tsm_put(ctx, "privlevel", *texts), rule);
        SUITE_STEP(tsm_generation_is(ctx, 1, "a refused write does not count"));
    }
    SUITE_STEP(tsm_report(ctx, 20));
}

static void no_numbers(struct suite_ctx *ctx, const void *row) {
    refuses(ctx, row, -EINVAL, "kstrtouint, base 0");
}
static void too_larges(struct suite_ctx *ctx, const void *row) {
    refuses(ctx, row, -ERANGE, "32 bits");
}
static void out_of_ranges(struct suite_ctx *ctx, const void *row) {
    refuses(ctx, row, -EINVAL, "floor to 3");
}

static void run_no_numbers(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, no_numbers);
}
static void run_too_larges(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, too_larges);
}
static void run_out_of_ranges(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, out_of_ranges);
}

/* The report is asked for at the level that was written. */
static void level_counts(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_STEP(tsm_inblob(ctx, 21));
    for (char level = '0'; level <= '3'; level++) {
        const char text[] = {level, '\n', '\0'};
        SUITE_RESULT(ctx, "privlevel", 0, tsm_put(ctx, "privlevel", text), "a number from 0 to 3");
        SUITE_STEP(tsm_report(ctx, 21));
        SUITE_EQUAL(ctx, "VMPL", (uint64_t)(level - '0'), abi_get_le32(target_user(AT_READ + 0x30)),
                    "the report's is privlevel");
    }
}

static void run_level_counts(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, level_counts);
}

/* ---- the floor, at VMPL 0 and at VMPL 2 ---- */

static void floor_zero(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_STEP(tsm_text_is(ctx, "privlevel_floor", "0\n", "the VMPCK in use"));
}

static void run_floor_zero(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, floor_zero);
}

static void floor_two(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_STEP(tsm_text_is(ctx, "privlevel_floor", "2\n", "the VMPCK in use"));
    SUITE_RESULT(ctx, "privlevel", 0, tsm_put(ctx, "privlevel", "2"), "the floor itself");
    SUITE_RESULT(ctx, "privlevel", 0, tsm_put(ctx, "privlevel", "3"), "above the floor");
    SUITE_STEP(tsm_generation_is(ctx, 2, "both count"));
}

static void run_floor_two(struct suite_ctx *ctx) {
    const struct target_guest guest = {.vmpl = 2, .vmpck_id = DRV_VMPCK_DEFAULT};
    tsm_each(ctx, &guest, floor_two);
}

static void below_floor(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_RESULT(ctx, "privlevel", -EINVAL, tsm_put(ctx, "privlevel", "0"), "below the floor");
    SUITE_RESULT(ctx, "privlevel", -EINVAL, tsm_put(ctx, "privlevel", "1"), "below the floor");
    SUITE_STEP(tsm_generation_is(ctx, 0, "a refused write does not count"));
}

static void run_below_floor(struct suite_ctx *ctx) {
    const struct target_guest guest = {.vmpl = 2, .vmpck_id = DRV_VMPCK_DEFAULT};
    tsm_each(ctx, &guest, below_floor);
}

static const struct suite_test tests[] = {
    TSM_POSITIVE("tsm.privlevel.taken", "numbers from 0 to 3 in every notation", 0, run_accepts,
                 taken, "LNX-TSM-004", "LNX-TSM-021", "LNX-TSM-022", "LNX-TSM-024", "LNX-TSM-030"),
    TSM_POSITIVE("tsm.privlevel.counts", "the report is of the level that was written", 0,
                 run_level_counts, NULL, "LNX-TSM-030", "LNX-TSM-045"),
    TSM_NEGATIVE("tsm.privlevel.no-number", "what is no number", "tsm.privlevel.taken", 0,
                 run_no_numbers, no_number, "LNX-TSM-021", "LNX-TSM-030"),
    TSM_NEGATIVE("tsm.privlevel.too-large", "numbers above 32 bits", "tsm.privlevel.taken", 0,
                 run_too_larges, too_large, "LNX-TSM-022"),
    TSM_NEGATIVE("tsm.privlevel.overflow", "numbers above 64 bits, whatever follows",
                 "tsm.privlevel.taken", 0, run_too_larges, overflows, "LNX-TSM-022"),
    TSM_NEGATIVE("tsm.privlevel.large-junk", "numbers above 32 bits, and something after them",
                 "tsm.privlevel.taken", 0, run_no_numbers, large_junk, "LNX-TSM-021",
                 "LNX-TSM-022"),
    TSM_NEGATIVE("tsm.privlevel.out-of-range", "numbers above 3", "tsm.privlevel.taken", 0,
                 run_out_of_ranges, out_of_range, "LNX-TSM-024"),
    TSM_POSITIVE("tsm.privlevel.floor-zero", "the floor of VMPCK0", TARGET_SCENARIO, run_floor_zero,
                 NULL, "LNX-TSM-013"),
    TSM_POSITIVE("tsm.privlevel.floor", "the floor of VMPCK2, and levels from there on",
                 TARGET_MODULE, run_floor_two, NULL, "LNX-TSM-013", "LNX-TSM-024"),
    TSM_NEGATIVE("tsm.privlevel.below-floor", "levels below the floor", "tsm.privlevel.floor",
                 TARGET_MODULE, run_below_floor, NULL, "LNX-TSM-024"),
};

const struct suite_area tsm_privlevel_tests = {.tests = tests,
                                               .count = sizeof tests / sizeof tests[0]};
