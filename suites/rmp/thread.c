/* Checks while another processor changes the entry. RMP notes, section 4. */
#include <pthread.h>

#include "rmp/rmp.h"

#define PAGE UINT64_C(0x1000)
#define STEPS 100000

/* One thread makes the page one guest's, then another's, in turn; the two entries differ in all that a check looks
 * at. A check for the first guest passes, or sees the second's ASID: one of two answers. */
struct race {
    struct rmp *rmp;
    struct rmp_shot shot;
    struct rmp_entry entries[2];
    bool failed; /* the writer's, read after it has ended */
};

static void *write_entries(void *argument) {
    struct race *race = argument;
    for (unsigned i = 0; i < STEPS && !race->failed; i++)
        race->failed = !rmp_put(race->rmp, race->shot.spa, &race->entries[i & 1]);
    return NULL;
}

static void look(struct suite_ctx *ctx, struct race *race) {
    const struct rmp_answer a = rmp_shot_call(race->rmp, &race->shot);
    struct rmp_entry e;
    SUITE_CHECK(ctx, "rule", a.rule == 0 || a.rule == 106, "the entry before or after");
    SUITE_CHECK(ctx, "entry", rmp_entry_at(race->rmp, race->shot.spa, &e), "the page is covered");
    const struct rmp_entry *wanted = &race->entries[e.asid == RMP_ASID ? 0 : 1];
    SUITE_STEP(rmp_entry_equal(ctx, wanted, &e, "never between"));
}

static void race_on(struct suite_ctx *ctx, struct race *race) {
    pthread_t writer;
    SUITE_CHECK(ctx, "thread", pthread_create(&writer, NULL, write_entries, race) == 0,
                "the writer is made");
    for (unsigned i = 0; i < STEPS && !suite_stopped(ctx); i++) look(ctx, race);
    const bool joined = pthread_join(writer, NULL) == 0;
    if (suite_stopped(ctx)) return;
    SUITE_CHECK(ctx, "thread", joined && !race->failed, "the writer wrote all entries");
}

/* A page of 4 KiB whose neighbours the region's lock covers too. */
static void race_case(struct suite_ctx *ctx, unsigned pages) {
    struct race race = {.shot = rmp_shot_guest(RMP_CALL_ACCESS, pages)};
    race.shot.access = (struct rmp_access){.actor = RMP_SNP_GUEST,
                                           .kind = RMP_READ,
                                           .c = true,
                                           .asid = RMP_ASID,
                                           .gpa = RMP_GPA + PAGE};
    race.entries[0] = race.shot.entry;
    race.entries[1] = (struct rmp_entry){.assigned = true,
                                         .immutable = true,
                                         .asid = RMP_OTHER_ASID,
                                         .gpa = UINT64_C(0x7FFFFFFFFF000),
                                         .vmsa = true,
                                         .perms = {0, 0x0F, 0x07, 0x03}};
    SUITE_STEP(rmp_shot_make(ctx, &race.shot, &race.rmp));
    race_on(ctx, &race);
    rmp_free(race.rmp);
}

static void whole(struct suite_ctx *ctx) {
    rmp_each_size(ctx, race_case);
}

static const struct suite_test tests[] = {
    RMP_TEST("access.whole", "a check sees an entry before or after a change, never between",
             ("SNP-RMP-120"), whole, NULL),
};

const struct suite_area rmp_part_thread = RMP_PART(tests);
