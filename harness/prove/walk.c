/* rmp-walk: random instructions, moves, accesses and VMRUNs on a small reverse map table, whose rules are looked at
 * as it goes. Meant for sanitizers: `make walk`.
 *
 * One walker: what it touched is looked at after every step, everything every thousand. More: they share the table;
 * every thousand steps all of them stop, each looks at some regions, then one at the counters. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "frontends/cli.h"
#include "walk.h"

#define DEFAULT_STEPS 200000
#define DEFAULT_PAGES 512
#define BETWEEN_LOOKS 1000
#define TOLD 20 /* steps in words */

struct walk {
    uint64_t steps, seed, pages;
    uint64_t thread_count;
    struct rmp *rmp;
    pthread_barrier_t barrier;
    atomic_bool stop; /* changes while all others stand at a barrier */
    struct walk_thread *threads;
};

struct walk_thread {
    struct walk *walk;
    unsigned index;
    struct walker walker;
    uint64_t steps;
    struct walk_op last[TOLD];
    uint64_t tried[WALK_KINDS], succeeded[WALK_KINDS];
    struct walk_fault fault;
    uint64_t digest;
    struct walk_view regions[WALK_REGIONS]; /* as last seen */
    int64_t count[RMP_ASID_MAX + 1];        /* pages of an ASID by them */
};

/* ---- steps ---- */

/* FNV-1a over the bytes of VALUE. */
static void digest(struct walk_thread *t, uint64_t value) {
    for (unsigned i = 0; i < 8; i++)
        t->digest = (t->digest ^ (value >> (8 * i) & 0xFF)) * UINT64_C(0x100000001B3);
}

static struct walk_op *step(struct walk_thread *t) {
    struct walk_op *op = &t->last[t->steps++ % TOLD];
    walk_choose(&t->walker, t->walk->rmp, op);
    walk_do(&t->walker, t->walk->rmp, op);
    t->tried[op->kind]++;
    if (walk_succeeded(op)) t->succeeded[op->kind]++;
    digest(t, op->spa ^ (uint64_t)op->kind << 56);
    digest(t, op->answer.error ^ (uint64_t)op->answer.rule << 48 ^ (uint64_t)op->answer.cf << 63);
    digest(t, (uint64_t)op->answer.fault << 16 ^ (uint64_t)op->answer.eax << 8 ^ op->moved);
    return op;
}

/* True while nothing is wrong. */
static bool holds(struct walk_thread *t, struct walk_fault fault) {
    t->fault = fault;
    return fault.rule == NULL;
}

/* ---- one walker ---- */

static bool look_at_region(struct walk_thread *t, unsigned region, const struct walk_op *op) {
    const struct rmp *rmp = t->walk->rmp;
    struct walk_view now, *before = &t->regions[region];
    walk_look(rmp, region, &now);
    if (!holds(t, walk_region_fault(rmp, region, &now))) return false;
    if (!holds(t, walk_change_fault(rmp, op, region, before, &now))) return false;
    walk_count(rmp, before, -1, t->count);
    walk_count(rmp, &now, 1, t->count);
    *before = now;
    return true;
}

static bool step_alone(struct walk_thread *t) {
    const struct walk_op *op = step(t);
    const unsigned touched = walk_touched(t->walk->rmp, op);
    for (unsigned i = 0; i < WALK_REGIONS; i++)
        if ((touched >> i & 1) != 0 && !look_at_region(t, i, op)) return false;
    return holds(t, walk_count_fault(t->walk->rmp, t->count, WALK_GUESTS));
}

/* Nothing changed but what was seen to change. */
static bool look_at_all(struct walk_thread *t) {
    const struct rmp *rmp = t->walk->rmp;
    for (unsigned i = 0; i < WALK_REGIONS; i++) {
        struct walk_view now;
        uint64_t spa;
        walk_look(rmp, i, &now);
        if (!holds(t, walk_region_fault(rmp, i, &now))) return false;
        if (!walk_same_view(rmp, i, &t->regions[i], &now, &spa))
            return holds(t, (struct walk_fault){"a step changes only its own regions", spa});
    }
    return holds(t, walk_count_fault(rmp, t->count, RMP_ASID_MAX));
}

static void walk_alone(struct walk_thread *t) {
    for (unsigned i = 0; i < WALK_REGIONS; i++) walk_look(t->walk->rmp, i, &t->regions[i]);
    while (t->steps < t->walk->steps) {
        if (!step_alone(t)) return;
        if (t->steps % BETWEEN_LOOKS == 0 && !look_at_all(t)) return;
    }
    (void)look_at_all(t);
}

/* ---- many ---- */

static uint64_t share(const struct walk *walk, unsigned index) {
    return walk->steps / walk->thread_count + (index < walk->steps % walk->thread_count ? 1 : 0);
}

static bool look_at_page(struct walk_thread *t, uint64_t spa) {
    struct rmp_entry e;
    return !rmp_entry_at(t->walk->rmp, spa, &e) || holds(t, walk_entry_fault(&e, spa));
}

/* What others do meanwhile cannot tear an entry; the first pages are those that most is done to. */
static bool step_among_others(struct walk_thread *t) {
    const struct walk_op *op = step(t);
    for (unsigned i = 0; i < WALK_REGIONS; i++)
        if (!look_at_page(t, i * rmp_large_size(t->walk->rmp))) return false;
    return look_at_page(t, op->spa);
}

/* All stand. */
static void look_at_own_regions(struct walk_thread *t) {
    const struct rmp *rmp = t->walk->rmp;
    for (unsigned i = 0; i <= RMP_ASID_MAX; i++) t->count[i] = 0;
    for (unsigned i = t->index; i < WALK_REGIONS; i += (unsigned)t->walk->thread_count) {
        walk_look(rmp, i, &t->regions[i]);
        walk_count(rmp, &t->regions[i], 1, t->count);
        if (!holds(t, walk_region_fault(rmp, i, &t->regions[i]))) return;
    }
}

/* The first one's: everybody's counts, and whether all go on. */
static void judge(struct walk_thread *first) {
    struct walk *walk = first->walk;
    bool stop = false;
    for (unsigned i = 0; i < walk->thread_count; i++) {
        const struct walk_thread *t = &walk->threads[i];
        stop = stop || t->fault.rule != NULL;
        for (unsigned k = 0; i > 0 && k <= RMP_ASID_MAX; k++) first->count[k] += t->count[k];
    }
    if (!stop) stop = !holds(first, walk_count_fault(walk->rmp, first->count, RMP_ASID_MAX));
    atomic_store(&walk->stop, stop);
}

static void *walk_among_others(void *context) {
    struct walk_thread *t = context;
    struct walk *walk = t->walk;
    const uint64_t own = share(walk, t->index),
                   laps = (share(walk, 0) + BETWEEN_LOOKS - 1) / BETWEEN_LOOKS;
    for (uint64_t lap = 0; lap < laps && !atomic_load(&walk->stop); lap++) {
        for (unsigned i = 0; i < BETWEEN_LOOKS && t->steps < own; i++)
            if (!step_among_others(t)) break;
        pthread_barrier_wait(&walk->barrier);
        if (t->fault.rule == NULL) look_at_own_regions(t);
        pthread_barrier_wait(&walk->barrier);
        if (t->index == 0) judge(t);
        pthread_barrier_wait(&walk->barrier);
    }
    return NULL;
}

/* False when the system refuses a thread; none walks then. */
static bool walk_together(struct walk *walk) {
    pthread_t ids[WALK_REGIONS];
    if (pthread_barrier_init(&walk->barrier, NULL, (unsigned)walk->thread_count) != 0) return false;
    for (unsigned i = 0; i < walk->thread_count; i++)
        if (pthread_create(&ids[i], NULL, walk_among_others, &walk->threads[i]) != 0) return false;
    for (unsigned i = 0; i < walk->thread_count; i++) (void)pthread_join(ids[i], NULL);
    (void)pthread_barrier_destroy(&walk->barrier);
    return true;
}

/* ---- what is told ---- */

static void tell_fault(const struct walk *walk, const struct walk_thread *t) {
    fprintf(stderr, "rmp-walk: violated: %s; at 0x%llx, after step %llu of walker %u; seed %llu\n",
            t->fault.rule, (unsigned long long)t->fault.spa, (unsigned long long)t->steps, t->index,
            (unsigned long long)walk->seed);
}

static void tell_last(const struct walk_thread *t) {
    for (uint64_t i = t->steps > TOLD ? t->steps - TOLD : 0; i < t->steps; i++) {
        fprintf(stderr, "  walker %u, step %llu: ", t->index, (unsigned long long)(i + 1));
        walk_tell(&t->last[i % TOLD], stderr);
        fputc('\n', stderr);
    }
}

static void tell_kinds(const struct walk *walk) {
    for (unsigned kind = 0; kind < WALK_KINDS; kind++) {
        uint64_t tried = 0, succeeded = 0;
        for (unsigned i = 0; i < walk->thread_count; i++) {
            tried += walk->threads[i].tried[kind];
            succeeded += walk->threads[i].succeeded[kind];
        }
        printf("%-17s %10llu tried %10llu succeeded\n", walk_kind_name((enum walk_kind)kind),
               (unsigned long long)tried, (unsigned long long)succeeded);
    }
}

static int tell(const struct walk *walk, double seconds) {
    uint64_t steps = 0;
    unsigned faults = 0;
    for (unsigned i = 0; i < walk->thread_count; i++) {
        steps += walk->threads[i].steps;
        faults += walk->threads[i].fault.rule != NULL ? 1 : 0;
    }
    for (unsigned i = 0; i < walk->thread_count; i++)
        if (walk->threads[i].fault.rule != NULL) tell_fault(walk, &walk->threads[i]);
    for (unsigned i = 0; faults > 0 && i < walk->thread_count; i++) tell_last(&walk->threads[i]);
    tell_kinds(walk);
    if (walk->thread_count == 1)
        printf("digest %016llx\n", (unsigned long long)walk->threads[0].digest);
    printf("seed %llu, %llu walkers, %d large pages of %llu: %.0f steps/s\n",
           (unsigned long long)walk->seed, (unsigned long long)walk->thread_count, WALK_REGIONS,
           (unsigned long long)walk->pages, (double)steps / seconds);
    printf("%llu steps, %u violations\n", (unsigned long long)steps, faults);
    return faults == 0 ? CLI_OK : CLI_FAILED;
}

/* ---- the command ---- */

static double now(void) {
    struct timespec t;
    if (clock_gettime(CLOCK_MONOTONIC, &t) != 0) abort();
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int run(struct walk *walk) {
    struct rmp_config config = rmp_config_default(WALK_REGIONS * walk->pages * RMP_PAGE_4K);
    config.pages_per_large = (unsigned)walk->pages;
    const struct sevkit_result r = rmp_new(&config, &walk->rmp);
    if (!sevkit_ok(r)) return cli_bad_result("--pages-per-large", r);
    for (unsigned i = 0; i < walk->thread_count; i++) {
        struct walk_thread *t = &walk->threads[i];
        t->walk = walk;
        t->index = i;
        t->walker.random.state = walk->seed + i * UINT64_C(0xD1342543DE82EF95);
    }
    const double start = now();
    if (walk->thread_count == 1) {
        walk_alone(&walk->threads[0]);
    } else if (!walk_together(walk)) {
        fputs("rmp-walk: no more threads\n", stderr);
        abort(); /* those that are there wait for the others */
    }
    const int code = tell(walk, now() - start);
    rmp_free(walk->rmp);
    return code;
}

/* As they were given; NULL: not. */
struct given {
    const char *steps, *threads, *seed, *pages;
};

static int check(const struct given *given, struct walk *walk) {
    const uint64_t most = UINT64_C(1000000000000);
    if (given->steps != NULL &&
        (!cli_number_parse(given->steps, most, &walk->steps) || walk->steps == 0))
        return cli_bad_option("--steps", given->steps, "must be 1 to 10^12");
    if (given->threads != NULL &&
        (!cli_number_parse(given->threads, WALK_REGIONS, &walk->thread_count) ||
         walk->thread_count == 0))
        return cli_bad_option("--threads", given->threads, "must be 1 to 8");
    if (given->seed != NULL && !cli_number_parse(given->seed, UINT64_MAX, &walk->seed))
        return cli_bad_option("--seed", given->seed, "must be a number of 64 bits");
    if (given->pages != NULL && (!cli_number_parse(given->pages, WALK_PAGES_MAX, &walk->pages) ||
                                 walk->pages < 2 || (walk->pages & (walk->pages - 1)) != 0))
        return cli_bad_option("--pages-per-large", given->pages,
                              "must be a power of two, 2 to 512");
    return CLI_OK;
}

int main(int argc, char **argv) {
    struct given given = {0};
    const struct cli_option options[] = {
        {.name = "--steps",
         .argument = "N",
         .value = &given.steps,
         .help = "of all threads; default 200000"},
        {.name = "--threads",
         .argument = "N",
         .value = &given.threads,
         .help = "1 to 8; default 1"},
        {.name = "--seed",
         .argument = "N",
         .value = &given.seed,
         .help = "default 1; one thread does the same for the same seed"},
        {.name = "--pages-per-large",
         .argument = "N",
         .value = &given.pages,
         .help = "4 KiB pages of a \"2 MiB\" page, a power of two; default 512"},
        {.name = NULL},
    };
    const struct cli_command command = {
        .name = "rmp-walk",
        .usage = "[options]",
        .summary = "Walks at random through a small reverse map table and looks whether its rules\n"
                   "hold. Exit code: 0 they do; 1 one is violated: the last steps in words; 2 bad\n"
                   "options.",
        .options = options,
    };
    struct walk walk = {
        .steps = DEFAULT_STEPS, .seed = 1, .pages = DEFAULT_PAGES, .thread_count = 1};
    struct cli_list operands = {0};
    int code = CLI_OK;
    if (!cli_parse(&command, argc - 1, argv + 1, &operands, &code)) return code;
    code = check(&given, &walk);
    if (code != CLI_OK) return code;
    walk.threads = calloc(walk.thread_count, sizeof *walk.threads);
    if (walk.threads == NULL) return cli_bad_file("--threads", "not enough memory");
    code = run(&walk);
    free(walk.threads);
    return cli_finish(code);
}
