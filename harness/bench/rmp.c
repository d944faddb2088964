/* See rmp.h. */
#include "rmp.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "sevkit/rmp.h"

#define SPREAD 37 /* pages are taken in steps of this, not in their order */
#define PAGES 256
#define LAPS (BENCH_RMP_BATCH / PAGES)
#define KINDS 4

/* Regions. */
enum { SHARED, OWNED, TAKEN, GUESTS, SECOND_SHARED, SECOND_OWNED, REGION_COUNT };

struct record {
    _Atomic uint64_t low;
    uint64_t high;
};

struct bench_rmp {
    struct rmp *rmp;
    struct rmp_access accesses[PAGES];
    struct rmp_access second[PAGES];  /* the second thread's, in other regions */
    struct rmp_translation at[PAGES]; /* of pages of a guest */
    uint64_t taken[PAGES];            /* of pages that come and go */
    struct record records[PAGES];     /* the limits' */
};

static const struct rmp_cpu host = {.long_mode = true, .snp = true};
static const struct rmp_cpu guest = {.long_mode = true, .snp = true, .asid = 1};

static uint64_t page_of(unsigned region, unsigned i) {
    return region * RMP_PAGE_2M + (1 + i * SPREAD % PAGES) * RMP_PAGE_4K;
}

static struct rmp_access access_of(unsigned shared, unsigned owned, unsigned i) {
    static const enum rmp_kind kinds[KINDS] = {RMP_WRITE, RMP_READ, RMP_WRITE,
                                               RMP_FETCH_SUPERVISOR};
    const unsigned kind = i % KINDS;
    const uint64_t spa = page_of(kind == 0 ? shared : owned, i);
    return (struct rmp_access){
        .gpa = spa,
        .spa = spa,
        .asid = kind == 0 ? 0 : 1,
        .c = kind != 0,
        .actor = kind == 0 ? RMP_HOST : RMP_SNP_GUEST,
        .kind = kinds[kind],
        .map = RMP_MAP_4K,
    };
}

static bool set_up(struct bench_rmp *b) {
    const struct rmp_config config = rmp_config_default(REGION_COUNT * RMP_PAGE_2M);
    if (!sevkit_ok(rmp_new(&config, &b->rmp))) return false;
    bool done = true;
    for (unsigned i = 0; i < PAGES; i++) {
        const uint64_t spa = page_of(GUESTS, i);
        b->accesses[i] = access_of(SHARED, OWNED, i);
        b->second[i] = access_of(SECOND_SHARED, SECOND_OWNED, i);
        b->at[i] = (struct rmp_translation){.present = true, .c = true, .gpa = spa, .spa = spa};
        b->taken[i] = page_of(TAKEN, i);
        b->records[i].low = b->accesses[i].gpa | (uint64_t)b->accesses[i].asid << 51;
        b->records[i].high = RMP_PERM_ALL;
        done = done && rmp_set(b->rmp, page_of(OWNED, i), RMP_GUEST_VALID, RMP_4K) &&
               rmp_set(b->rmp, page_of(SECOND_OWNED, i), RMP_GUEST_VALID, RMP_4K) &&
               rmp_set(b->rmp, spa, RMP_GUEST_VALID, RMP_4K);
    }
    /* Each page of the region has an entry of its own, as in a table that has been in use. */
    const uint64_t last = RMP_PAGE_2M - RMP_PAGE_4K;
    return done && rmp_set(b->rmp, SHARED * RMP_PAGE_2M + last, RMP_RECLAIM, RMP_4K) &&
           rmp_set(b->rmp, SECOND_SHARED * RMP_PAGE_2M + last, RMP_RECLAIM, RMP_4K);
}

struct bench_rmp *bench_rmp_new(void) {
    struct bench_rmp *b = calloc(1, sizeof *b);
    if (b != NULL && set_up(b)) return b;
    fputs("sevkit-bench: no memory for a reverse map table\n", stderr);
    bench_rmp_free(b);
    return NULL;
}

void bench_rmp_free(struct bench_rmp *bench) {
    if (bench == NULL) return;
    rmp_free(bench->rmp);
    free(bench);
}

/* ---- accesses ---- */

static bool check_all(const struct rmp *rmp, const struct rmp_access accesses[PAGES]) {
    unsigned passed = 0;
    for (unsigned lap = 0; lap < LAPS; lap++)
        for (unsigned i = 0; i < PAGES; i++) passed += rmp_ok(rmp_check(rmp, &accesses[i]));
    return passed == BENCH_RMP_BATCH;
}

bool bench_rmp_check(struct bench_rmp *b) {
    return check_all(b->rmp, b->accesses);
}

bool bench_rmp_compare(struct bench_rmp *b) {
    unsigned passed = 0;
    for (unsigned lap = 0; lap < LAPS; lap++) {
        for (unsigned i = 0; i < PAGES; i++) {
            const struct rmp_access *a = &b->accesses[i];
            const struct record *r = &b->records[i];
            const uint64_t low = atomic_load_explicit(&r->low, memory_order_acquire);
            const bool mine = low == (a->gpa | (uint64_t)a->asid << 51);
            passed += mine && (r->high >> (8 * a->vmpl) & RMP_PERM_WRITE) != 0;
        }
    }
    return passed == BENCH_RMP_BATCH;
}

/* ---- instructions ---- */

bool bench_rmp_update(struct bench_rmp *b) {
    unsigned done = 0;
    for (unsigned lap = 0; lap < LAPS; lap++) {
        struct rmp_state_fields fields = {.assigned = lap % 2 == 0, .asid = lap % 2 == 0 ? 1 : 0};
        for (unsigned i = 0; i < PAGES; i++) {
            fields.gpa = fields.assigned ? b->taken[i] : 0;
            done += rmp_ok(rmp_update(b->rmp, &host, b->taken[i], &fields));
        }
    }
    return done == BENCH_RMP_BATCH;
}

bool bench_rmp_pvalidate(struct bench_rmp *b) {
    unsigned done = 0;
    for (unsigned lap = 0; lap < LAPS; lap++) {
        const bool validate = lap % 2 != 0;
        for (unsigned i = 0; i < PAGES; i++) {
            const struct rmp_answer answer =
                rmp_pvalidate(b->rmp, &guest, b->at[i].gpa, &b->at[i], RMP_4K, validate);
            done += rmp_ok(answer) && !answer.cf;
        }
    }
    return done == BENCH_RMP_BATCH;
}

bool bench_rmp_adjust(struct bench_rmp *b) {
    unsigned done = 0;
    for (unsigned lap = 0; lap < LAPS; lap++) {
        const uint8_t mask = lap % 2 == 0 ? RMP_PERM_READ : RMP_PERM_READ | RMP_PERM_WRITE;
        const struct rmp_adjustment wanted = {.vmpl = 1, .mask = mask};
        for (unsigned i = 0; i < PAGES; i++)
            done += rmp_ok(rmp_adjust(b->rmp, &guest, b->at[i].gpa, &b->at[i], RMP_4K, &wanted));
    }
    return done == BENCH_RMP_BATCH;
}

bool bench_rmp_exchange(struct bench_rmp *b) {
    const uint64_t lock = UINT64_C(1) << 63;
    unsigned done = 0;
    for (unsigned lap = 0; lap < LAPS; lap++) {
        for (unsigned i = 0; i < PAGES; i++) {
            struct record *r = &b->records[i];
            uint64_t low = atomic_load_explicit(&r->low, memory_order_relaxed);
            done += atomic_compare_exchange_strong_explicit(
                &r->low, &low, low | lock, memory_order_acquire, memory_order_relaxed);
            atomic_store_explicit(&r->low, low, memory_order_release);
        }
    }
    return done == BENCH_RMP_BATCH;
}

/* ---- two threads ---- */

#define THREADS 2
#define SLICES 5
#define LINE 128 /* bytes: no two threads write into one such line */

struct task {
    _Alignas(LINE) _Atomic uint64_t counter;
    _Alignas(LINE) const struct rmp *rmp; /* NULL: the counter is the work */
    const struct rmp_access *accesses;
    pthread_barrier_t *start;
    uint64_t batches;
    bool failed;
    double began, ended;
};

static double wall_clock(void) {
    struct timespec t;
    if (clock_gettime(CLOCK_MONOTONIC, &t) != 0) abort();
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void count(_Atomic uint64_t *counter) {
    for (unsigned i = 0; i < BENCH_RMP_BATCH; i++)
        atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static void *work(void *context) {
    struct task *t = context;
    pthread_barrier_wait(t->start);
    t->began = wall_clock();
    for (uint64_t i = 0; i < t->batches; i++) {
        if (t->rmp == NULL)
            count(&t->counter);
        else
            t->failed = !check_all(t->rmp, t->accesses) || t->failed;
    }
    t->ended = wall_clock();
    return NULL;
}

/* Seconds of THREAD_COUNT threads that do BATCHES each; negative when one failed. */
static double run_threads(struct task tasks[THREADS], unsigned thread_count, uint64_t batches) {
    pthread_barrier_t start;
    pthread_t ids[THREADS];
    if (pthread_barrier_init(&start, NULL, thread_count) != 0) return -1;
    for (unsigned i = 0; i < thread_count; i++) {
        tasks[i].start = &start;
        tasks[i].batches = batches;
        if (pthread_create(&ids[i], NULL, work, &tasks[i]) != 0) abort(); /* others wait for it */
    }
    for (unsigned i = 0; i < thread_count; i++) (void)pthread_join(ids[i], NULL);
    (void)pthread_barrier_destroy(&start);
    double began = tasks[0].began, ended = tasks[0].ended;
    bool failed = tasks[0].failed;
    for (unsigned i = 1; i < thread_count; i++) {
        began = tasks[i].began < began ? tasks[i].began : began;
        ended = tasks[i].ended > ended ? tasks[i].ended : ended;
        failed = failed || tasks[i].failed;
    }
    return failed ? -1 : ended - began;
}

/* Batches of one thread that fill SECONDS; 0 when one failed. */
static uint64_t batches_in(struct task tasks[THREADS], double seconds) {
    for (uint64_t batches = 1;; batches *= 2) {
        const double took = run_threads(tasks, 1, batches);
        if (took < 0) return 0;
        if (took >= seconds) return batches;
    }
}

struct side {
    struct task tasks[THREADS];
    uint64_t batches;
    double alone, together; /* seconds of this round so far */
};

static bool run_side(struct side *side) {
    const double alone = run_threads(side->tasks, 1, side->batches);
    const double together = run_threads(side->tasks, THREADS, side->batches);
    side->alone += alone;
    side->together += together;
    return alone >= 0 && together >= 0;
}

/* Every other slice lets the limit begin. */
static bool run_round(struct side sides[2]) {
    for (unsigned i = 0; i < 2; i++) sides[i].alone = sides[i].together = 0;
    for (unsigned i = 0; i < SLICES; i++)
        if (!run_side(&sides[i % 2]) || !run_side(&sides[1 - i % 2])) return false;
    return true;
}

bool bench_rmp_scale(struct bench_rmp *b, size_t rounds, double round_seconds,
                     struct bench_rounds *got) {
    struct side sides[2] = {{.batches = 0}};
    for (unsigned i = 0; i < THREADS; i++) {
        sides[0].tasks[i].rmp = b->rmp;
        sides[0].tasks[i].accesses = i == 0 ? b->accesses : b->second;
    }
    for (unsigned i = 0; i < 2; i++) {
        sides[i].batches = batches_in(sides[i].tasks, round_seconds / SLICES);
        if (sides[i].batches == 0) return false;
    }
    if (!run_round(sides)) return false; /* warm-up */
    got->count = rounds;
    for (size_t i = 0; i < rounds; i++) {
        if (!run_round(sides)) return false;
        got->ours[i] = sides[0].together / (sides[0].alone * THREADS);
        got->limit[i] = sides[1].together / (sides[1].alone * THREADS);
    }
    return true;
}
