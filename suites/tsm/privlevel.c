/* privlevel: numbers as the kernel reads them, the range, what a refusal leaves. Linux notes, section 5, errno
 * table. The floor is floor.c's. */
#include "tsm/tsm.h"

struct number {
    const char *text;
    unsigned value;
};

static const struct number taken[] = {{"0", 0},  {"1", 1},    {"2", 2},   {"3", 3},     {"3\n", 3},
                                      {"+2", 2}, {"0x1", 1},  {"0X2", 2}, {"0x3\n", 3}, {"02", 2},
                                      {"00", 0}, {"+0x3", 3}, {NULL, 0}};
static const char *const no_number[] = {"x",   "-1",  "-0",    " 1",    "1 ",    "\n1", "1x",
                                        "0x",  "0xg", "08",    "\n",    "+",     "++1", "+-1",
                                        "1.0", "1,",  "1\n\n", "three", "1\r\n", NULL};
static const char *const too_large[] = {"4294967296",   "4294967299\n",         "0x100000000",
                                        "040000000000", "18446744073709551615", NULL};
/* The parser reports what does not fit in 64 bits before it looks at what follows. */
static const char *const overflows[] = {"18446744073709551616", "18446744073709551616x",
                                        "0x10000000000000000\n", NULL};
static const char *const large_junk[] = {"4294967296x", "0x100000000 ", NULL};
static const char *const out_of_range[] = {"4",          "5\n",        "0x4\n", "07",
                                           "2147483648", "4294967295", NULL};

static bool level_is(struct suite_ctx *ctx, unsigned wanted) {
    return suite_equal(ctx, "VMPL", wanted, abi_get_le32(target_user(AT_READ + REPORT_VMPL)),
                       "the report's is privlevel");
}

static void accepts(struct suite_ctx *ctx, const void *row) {
    unsigned long wanted = 0;
    for (const struct number *number = row; number->text != NULL; number++) {
        SUITE_RESULT(ctx, number->text, 0, tsm_put(ctx, "privlevel", number->text),
                     "a number from 0 to 3");
        SUITE_STEP(tsm_generation_is(ctx, ++wanted, "each write that is taken counts"));
    }
}

static void run_accepts(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, accepts);
}

/* The report is asked for at the level that was written, 0 before. */
static void level_counts(struct suite_ctx *ctx, const void *row) {
    SUITE_STEP(tsm_inblob(ctx, 21));
    SUITE_STEP(tsm_report(ctx, 21));
    SUITE_STEP(level_is(ctx, 0));
    for (const struct number *number = row; number->text != NULL; number++) {
        SUITE_STEP(tsm_level(ctx, number->text));
        SUITE_STEP(tsm_report(ctx, 21));
        SUITE_STEP(level_is(ctx, number->value));
    }
}

static void run_level_counts(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, level_counts);
}

/* ROW: texts, each refused with WANTED. Generation, report and level stay. */
static void refuses(struct suite_ctx *ctx, const char *const *texts, long wanted,
                    const char *rule) {
    SUITE_STEP(tsm_inblob(ctx, 20));
    SUITE_STEP(tsm_level(ctx, "2"));
    SUITE_STEP(tsm_report(ctx, 20));
    for (; *texts != NULL; texts++) {
        SUITE_RESULT(ctx, *texts, wanted, tsm_put(ctx, "privlevel", *texts), rule);
        SUITE_STEP(tsm_generation_is(ctx, 2, "a refused write does not count"));
    }
    SUITE_STEP(tsm_untouched(ctx, 2, 20));
    SUITE_STEP(tsm_inblob(ctx, 22));
    SUITE_STEP(tsm_report(ctx, 22));
    SUITE_STEP(level_is(ctx, 2));
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
static void nothing(struct suite_ctx *ctx, const void *row) {
    refuses(ctx, row, -EFAULT, "there is nothing to take");
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
static void run_nothing(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, nothing);
}

static const char *const empty[] = {"", NULL};

static const struct suite_test tests[] = {
    TSM_POSITIVE("tsm.privlevel.taken", "numbers from 0 to 3 in every notation", 0, run_accepts,
                 taken, "LNX-TSM-004", "LNX-TSM-015", "LNX-TSM-021", "LNX-TSM-022", "LNX-TSM-024",
                 "LNX-TSM-030"),
    TSM_POSITIVE("tsm.privlevel.counts", "the report is of the level that was written", 0,
                 run_level_counts, taken, "LNX-TSM-030", "LNX-TSM-045"),
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
                 run_out_of_ranges, out_of_range, "LNX-TSM-024", "LNX-TSM-030"),
    TSM_NEGATIVE("tsm.privlevel.nothing", "a write of no bytes", "tsm.privlevel.taken",
                 TARGET_DIRECT, run_nothing, empty, "LNX-TSM-015"),
};

const struct suite_area tsm_privlevel_tests = {.tests = tests,
                                               .count = sizeof tests / sizeof tests[0]};
