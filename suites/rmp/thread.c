/* Checks and look-ups while another processor changes the entry, or makes 2 MiB of 4 KiB. RMP notes, section 4. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "rmp/rmp.h"

#define LOOKS 100000 /* at least */
#define BURST 31     /* tables in a row: an odd number, so that the last one is another each time */
#define LOOKS_MAX 50000000u /* until both answers are seen */

/* One thread makes the table one of two, in turn, and waits now and then until the other has looked. The other looks
 * all the time: each answer is the one of the first table or the one of the second, and both are seen. */
struct race;
typedef bool race_write(const struct race *race, unsigned which);
/* Which of the two tables answers so; -1: none of them. */
typedef int race_look(const struct race *race);

struct race {
    struct rmp *rmp;
    race_write *write;
    race_look *look;
    uint64_t first, spa; /* of the region; of the page that is looked at, not its first */
    struct rmp_access access;
    struct rmp_entry entries[2]; /* of the page, as it is looked up */
    struct rmp_state_fields fields[2];
    uint16_t rules[2];
    atomic_uint looks;
    atomic_bool stop, failed;
};

static void *write_tables(void *argument) {
    struct race *race = argument;
    for (unsigned i = 0; !atomic_load(&race->stop); i++) {
        if (!race->write(race, i & 1)) atomic_store(&race->failed, true);
        if (i % BURST != 0) continue;
        const unsigned looks = atomic_load(&race->looks);
        /* The second look from here on began after the write. */
        while (atomic_load(&race->looks) - looks < 2 && !atomic_load(&race->stop)) sched_yield();
    }
    return NULL;
}

static void look(struct suite_ctx *ctx, struct race *race) {
    bool seen[2] = {false, false};
    for (unsigned i = 0; i < LOOKS_MAX; i++) {
        if (i >= LOOKS && ((seen[0] && seen[1]) || atomic_load(&race->failed))) break;
        const int which = race->look(race);
        SUITE_CHECK(ctx, "answer", which >= 0, "the table before or after, never between");
        seen[which] = true;
        atomic_fetch_add(&race->looks, 1);
    }
    SUITE_CHECK(ctx, "answers", seen[0] && seen[1], "both tables are seen");
}

static void race_on(struct suite_ctx *ctx, struct race *race) {
    pthread_t writer;
    SUITE_CHECK(ctx, "table", race->write(race, 0), "the first table is made");
    SUITE_CHECK(ctx, "thread", pthread_create(&writer, NULL, write_tables, race) == 0,
                "the writer is made");
    look(ctx, race);
    atomic_store(&race->stop, true);
    const bool joined = pthread_join(writer, NULL) == 0;
    if (suite_stopped(ctx)) return;
    SUITE_CHECK(ctx, "thread", joined && !atomic_load(&race->failed), "the writer wrote all");
}

/* ---- what is looked at ---- */

static bool same_entry(const struct rmp_entry *a, const struct rmp_entry *b) {
    bool masks = true;
    for (unsigned i = 0; i < RMP_VMPL_COUNT; i++) masks = masks && a->perms[i] == b->perms[i];
    return masks && a->assigned == b->assigned && a->immutable == b->immutable &&
           a->vmsa == b->vmsa && a->validated == b->validated && a->size == b->size &&
           a->asid == b->asid && a->gpa == b->gpa && a->mark == b->mark && a->in_use == b->in_use;
}

static int look_up(const struct race *race) {
    struct rmp_entry e;
    if (!rmp_lookup(race->rmp, race->spa, &e)) return -1;
    if (same_entry(&e, &race->entries[0])) return 0;
    return same_entry(&e, &race->entries[1]) ? 1 : -1;
}

static bool same_fields(const struct rmp_state_fields *a, const struct rmp_state_fields *b) {
    return a->gpa == b->gpa && a->assigned == b->assigned && a->size == b->size &&
           a->region_assigned == b->region_assigned && a->immutable == b->immutable &&
           a->asid == b->asid;
}

static int look_read(const struct race *race) {
    static const struct rmp_cpu host = {.long_mode = true, .snp = true};
    struct rmp_state_fields f;
    if (!rmp_ok(rmp_read(race->rmp, &host, race->spa, &f))) return -1;
    if (same_fields(&f, &race->fields[0])) return 0;
    return same_fields(&f, &race->fields[1]) ? 1 : -1;
}

static int look_check(const struct race *race) {
    const struct rmp_answer a = rmp_check(race->rmp, &race->access);
    if (a.rule == race->rules[0]) return 0;
    return a.rule == race->rules[1] ? 1 : -1;
}

/* ---- one page of 4 KiB: this guest's or another's ---- */

/* The two entries differ in all that a check looks at. */
static bool write_entry(const struct race *race, unsigned which) {
    return rmp_put(race->rmp, race->spa, &race->entries[which]);
}

static struct rmp_access guest_access(uint64_t spa, uint64_t gpa, enum rmp_map map) {
    return (struct rmp_access){.actor = RMP_SNP_GUEST,
                               .kind = RMP_READ,
                               .c = true,
                               .asid = RMP_ASID,
                               .spa = spa,
                               .gpa = gpa,
                               .map = map};
}

static struct race entry_race(uint64_t large) {
    const uint64_t spa = large + PAGE, beyond = UINT64_C(0x7FFFFFFFFF000);
    struct race race = {.write = write_entry, .first = large, .spa = spa, .rules = {0, 106}};
    race.access = guest_access(spa, RMP_GPA + PAGE, RMP_MAP_4K);
    race.entries[0] = rmp_state_entry(RMP_GUEST_VALID, RMP_GPA + PAGE);
    race.entries[1] = (struct rmp_entry){.assigned = true,
                                         .immutable = true,
                                         .asid = RMP_OTHER_ASID,
                                         .gpa = beyond,
                                         .vmsa = true,
                                         .perms = {0, 0x0F, 0x07, 0x03}};
    race.fields[0] = (struct rmp_state_fields){
        .gpa = RMP_GPA + PAGE, .assigned = true, .asid = RMP_ASID, .region_assigned = true};
    race.fields[1] = (struct rmp_state_fields){.gpa = beyond,
                                               .assigned = true,
                                               .immutable = true,
                                               .asid = RMP_OTHER_ASID,
                                               .region_assigned = true};
    return race;
}

/* ---- a 2 MiB page, or the pages that PSMASH makes of it ---- */

static const struct rmp_cpu host_cpu = {.long_mode = true, .snp = true};

static bool write_split(const struct race *race, unsigned which) {
    struct rmp_entry large = rmp_state_entry(RMP_GUEST_VALID, RMP_GPA);
    large.size = RMP_2M;
    if (which == 0) return rmp_put(race->rmp, race->first, &large);
    return rmp_ok(rmp_psmash(race->rmp, &host_cpu, race->first));
}

static struct race split_race(uint64_t large) {
    const uint64_t spa = large + 3 * PAGE, gpa = RMP_GPA + 3 * PAGE;
    struct race race = {.write = write_split, .first = large, .spa = spa, .rules = {106, 0}};
    race.access = guest_access(spa, gpa, RMP_MAP_4K);
    race.entries[0] = rmp_state_entry(RMP_GUEST_VALID, RMP_GPA);
    race.entries[0].size = RMP_2M;
    race.entries[1] = rmp_state_entry(RMP_GUEST_VALID, gpa);
    race.fields[0] = (struct rmp_state_fields){.assigned = true, .region_assigned = true};
    race.fields[1] = (struct rmp_state_fields){
        .gpa = gpa, .assigned = true, .asid = RMP_ASID, .region_assigned = true};
    return race;
}

/* The same by a mapping of 2 MiB, which fits the 2 MiB page alone. */
static struct race mapped_race(uint64_t large) {
    struct race race = split_race(large);
    race.access.map = RMP_MAP_2M;
    race.rules[0] = 0;
    race.rules[1] = 109;
    return race;
}

/* ---- RMPUPDATE of 2 MiB: the guest's, or all zero ---- */

static bool write_update(const struct race *race, unsigned which) {
    const struct rmp_state_fields fields[] = {
        {.assigned = true, .size = RMP_2M, .asid = RMP_ASID, .gpa = RMP_GPA}, {.size = RMP_2M}};
    return rmp_ok(rmp_update(race->rmp, &host_cpu, race->first, &fields[which]));
}

/* The host's write to a later page. */
static struct race update_race(uint64_t large) {
    const uint64_t spa = large + 3 * PAGE;
    struct race race = {.write = write_update, .first = large, .spa = spa, .rules = {101, 0}};
    race.access = (struct rmp_access){.actor = RMP_HOST, .kind = RMP_WRITE, .spa = spa};
    race.entries[0] = rmp_state_entry(RMP_GUEST_INVALID, RMP_GPA);
    race.entries[0].size = RMP_2M;
    race.fields[0] = (struct rmp_state_fields){.assigned = true, .region_assigned = true};
    return race;
}

/* ---- RMPUPDATE of 4 KiB: the region's only page that is Assigned ---- */

static bool write_small(const struct race *race, unsigned which) {
    const struct rmp_state_fields fields[] = {{.assigned = true, .asid = RMP_ASID, .gpa = RMP_GPA},
                                              {.assigned = false}};
    return rmp_ok(rmp_update(race->rmp, &host_cpu, race->spa, &fields[which]));
}

static struct race small_race(uint64_t large) {
    struct race race = update_race(large);
    race.write = write_small;
    race.entries[0].size = RMP_4K;
    race.fields[0] = (struct rmp_state_fields){
        .gpa = RMP_GPA, .assigned = true, .asid = RMP_ASID, .region_assigned = true};
    return race;
}

/* ---- races: ROW ---- */

struct race_row {
    struct race (*make)(uint64_t large);
    race_look *look;
};

static void race_case(struct suite_ctx *ctx, unsigned pages) {
    for (const struct race_row *row = suite_row(ctx); row->make != NULL; row++) {
        const struct rmp_shot shot = rmp_shot_host(RMP_CALL_READ, pages);
        struct race race = row->make(rmp_shot_page(&shot));
        race.look = row->look;
        SUITE_SETUP(ctx, "rmp_new", rmp_new(&shot.config, &race.rmp));
        race_on(ctx, &race);
        rmp_free(race.rmp);
        if (suite_stopped(ctx)) return;
    }
}

static void races(struct suite_ctx *ctx) {
    rmp_each_size(ctx, race_case);
}

static const struct race_row whole[] = {{entry_race, look_check}, {entry_race, look_up}, {0}};
static const struct race_row whole_region[] = {{split_race, look_check},
                                               {mapped_race, look_check},
                                               {update_race, look_check},
                                               {small_race, look_check},
                                               {0}};
static const struct race_row whole_lookup[] = {
    {split_race, look_up}, {update_race, look_up}, {small_race, look_up}, {0}};
static const struct race_row whole_read[] = {{entry_race, look_read},
                                             {split_race, look_read},
                                             {update_race, look_read},
                                             {small_race, look_read},
                                             {0}};

static const struct suite_test tests[] = {
    RMP_TEST("access.whole", "a check sees an entry before or after a change, never between",
             ("SNP-RMP-120"), races, whole),
    RMP_TEST("access.whole-region", "... a 2 MiB page before or after PSMASH and RMPUPDATE",
             ("SNP-RMP-120"), races, whole_region),
    RMP_TEST("access.whole-lookup", "... a look-up too: entry and region of one moment",
             ("SNP-RMP-120"), races, whole_lookup),
    RMP_TEST("read.whole", "RMPREAD tells of an entry and its region before or after a change",
             ("SNP-RMP-120", "SNP-RMP-036", "SNP-RMP-037"), races, whole_read),
};

const struct suite_area rmp_part_thread = RMP_PART(tests);
