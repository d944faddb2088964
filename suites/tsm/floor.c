/* privlevel_floor: the VMPCK in use, and the levels from there on. Linux notes, section 5, attributes and errno
 * table. */
#include "tsm/tsm.h"

#define LEVEL_MAX 3

/* Guests and the VMPCK that their driver speaks with: the VMPL's unless vmpck_id says another. */
struct floor_case {
    struct target_guest guest;
    char floor;
};

static const struct floor_case cases[] = {
    {{.vmpl = 0, .vmpck_id = DRV_VMPCK_DEFAULT}, '0'},
    {{.vmpl = 1, .vmpck_id = DRV_VMPCK_DEFAULT}, '1'},
    {{.vmpl = 2, .vmpck_id = DRV_VMPCK_DEFAULT}, '2'},
    {{.vmpl = 3, .vmpck_id = DRV_VMPCK_DEFAULT}, '3'},
    {{.vmpl = 0, .vmpck_id = 2}, '2'},
    {{.vmpl = 2, .vmpck_id = 0}, '0'},
};

static bool put_level(struct suite_ctx *ctx, char level, long wanted, const char *rule) {
    const char text[] = {level, '\0'};
    return suite_result(ctx, text, wanted, tsm_put(ctx, "privlevel", text), rule);
}

static bool shows(struct suite_ctx *ctx, char floor) {
    const char text[] = {floor, '\n', '\0'};
    return tsm_text_is(ctx, "privlevel_floor", text, "the VMPCK in use and a newline");
}

/* All levels from FLOOR on are taken. */
static bool takes_from(struct suite_ctx *ctx, char floor) {
    unsigned long wanted = 0;
    for (char level = floor; level <= '0' + LEVEL_MAX; level++)
        if (!put_level(ctx, level, 0, "from the floor on") ||
            !tsm_generation_is(ctx, ++wanted, "each write that is taken counts"))
            return false;
    return true;
}

static void floor_zero(struct suite_ctx *ctx, const void *row) {
    (void)row;
    SUITE_STEP(shows(ctx, '0'));
    SUITE_STEP(takes_from(ctx, '0'));
    SUITE_STEP(shows(ctx, '0'));
}

static void run_floor_zero(struct suite_ctx *ctx) {
    tsm_each(ctx, NULL, floor_zero);
}

/* Names the instance by the case. */
static char floor_of(struct suite_ctx *ctx, const struct floor_case *row) {
    suite_instance(ctx, "VMPL %u, vmpck_id %d", row->guest.vmpl, row->guest.vmpck_id);
    return row->floor;
}

static void floor_taken(struct suite_ctx *ctx, const void *row) {
    const char floor = floor_of(ctx, row);
    SUITE_STEP(shows(ctx, floor));
    SUITE_STEP(takes_from(ctx, floor));
    SUITE_STEP(tsm_inblob(ctx, 23));
    for (char level = floor; level <= '0' + LEVEL_MAX; level++) {
        SUITE_STEP(put_level(ctx, level, 0, "from the floor on"));
        SUITE_STEP(tsm_report(ctx, 23));
        SUITE_EQUAL(ctx, "VMPL", (uint64_t)(level - '0'),
                    abi_get_le32(target_user(AT_READ + REPORT_VMPL)), "the report's is privlevel");
    }
}

static void below_floor(struct suite_ctx *ctx, const void *row) {
    const char floor = floor_of(ctx, row);
    SUITE_STEP(tsm_inblob(ctx, 24));
    SUITE_STEP(put_level(ctx, '3', 0, "from the floor on"));
    for (char level = '0'; level < floor; level++)
        SUITE_STEP(put_level(ctx, level, -EINVAL, "below the floor"));
    SUITE_STEP(tsm_untouched(ctx, 2, 24));
}

static void each_case(struct suite_ctx *ctx, void (*body)(struct suite_ctx *ctx, const void *row)) {
    for (size_t i = 0; i < sizeof cases / sizeof cases[0] && !suite_stopped(ctx); i++)
        tsm_each_with(ctx, &cases[i].guest, body, &cases[i]);
}

static void run_floor_taken(struct suite_ctx *ctx) {
    each_case(ctx, floor_taken);
}
static void run_below_floor(struct suite_ctx *ctx) {
    each_case(ctx, below_floor);
}

/* ---- whatever machine it is: what it says of itself holds ---- */

static bool own_floor(struct suite_ctx *ctx, char *floor) {
    if (!suite_result(ctx, "mkdir", 0, tsm_make(ctx), "an entry is made") ||
        !suite_result(ctx, "privlevel_floor", 2, tsm_get(ctx, "privlevel_floor"),
                      "a digit and a newline"))
        return false;
    *floor = (char)*target_user(AT_READ);
    return suite_check(ctx, "privlevel_floor", *floor >= '0' && *floor <= '0' + LEVEL_MAX,
                       "a VMPCK's number") &&
           shows(ctx, *floor);
}

static void own_taken(struct suite_ctx *ctx, const void *row) {
    char floor;
    (void)row;
    SUITE_STEP(own_floor(ctx, &floor));
    SUITE_STEP(takes_from(ctx, floor));
    SUITE_STEP(tsm_inblob(ctx, 25));
    SUITE_STEP(tsm_report(ctx, 25));
}

static void own_refused(struct suite_ctx *ctx, const void *row) {
    char floor;
    (void)row;
    SUITE_STEP(own_floor(ctx, &floor));
    SUITE_STEP(tsm_inblob(ctx, 26));
    SUITE_STEP(put_level(ctx, floor, 0, "the floor itself"));
    if (floor > '0') SUITE_STEP(put_level(ctx, (char)(floor - 1), -EINVAL, "below the floor"));
    SUITE_STEP(put_level(ctx, '4', -EINVAL, "above 3"));
    SUITE_STEP(tsm_untouched(ctx, 2, 26));
}

static void run_own_taken(struct suite_ctx *ctx) {
    tsm_each_bare(ctx, NULL, own_taken);
}
static void run_own_refused(struct suite_ctx *ctx) {
    tsm_each_bare(ctx, NULL, own_refused);
}

static const struct suite_test tests[] = {
    TSM_POSITIVE("tsm.privlevel.floor-zero", "the floor of VMPCK0", TSM_OURS, run_floor_zero, NULL,
                 "LNX-TSM-013", "LNX-TSM-024"),
    TSM_POSITIVE("tsm.privlevel.floor", "the floor of each VMPCK, and levels from there on",
                 TARGET_MODULE, run_floor_taken, NULL, "LNX-TSM-013", "LNX-TSM-024"),
    TSM_NEGATIVE("tsm.privlevel.below-floor", "levels below the floor", "tsm.privlevel.floor",
                 TARGET_MODULE, run_below_floor, NULL, "LNX-TSM-024"),
    TSM_POSITIVE("tsm.privlevel.own-floor", "levels from the machine's own floor on", 0,
                 run_own_taken, NULL, "LNX-TSM-013", "LNX-TSM-024"),
    TSM_NEGATIVE("tsm.privlevel.beyond-own", "levels outside of the machine's own floor and 3",
                 "tsm.privlevel.own-floor", 0, run_own_refused, NULL, "LNX-TSM-024"),
};

const struct suite_area tsm_floor_tests = {.tests = tests, .count = sizeof tests / sizeof tests[0]};
