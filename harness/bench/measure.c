/* See measure.h. The clock is the thread's CPU time where a row is about one core: other processes of the
 * machine must not enter it. Where another process does the work, it is the wall clock. Inside a round both sides take turns in short slices,
 * so that a change of the processor's frequency meets both alike. */
#include "measure.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Seconds by CLOCK. */
static double now(clockid_t clock) {
    struct timespec t;
    if (clock_gettime(clock, &t) != 0) {
        perror("clock_gettime");
        abort();
    }
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

struct side {
    bench_work *work; /* NULL: none */
    void *ctx;
    clockid_t clock;
    uint64_t count; /* operations a slice */
    double seconds; /* of this round so far */
};

/* Seconds of COUNT operations; negative when one failed. */
static double run(const struct side *side, uint64_t count) {
    const double start = now(side->clock);
    for (uint64_t i = 0; i < count; i++) {
        if (!side->work(side->ctx)) return -1;
    }
    return now(side->clock) - start;
}

/* How many operations fill SECONDS; 0 when one failed. */
static uint64_t operations_in(const struct side *side, double seconds) {
    uint64_t count = 1;
    for (;;) {
        const double took = run(side, count);
        if (took < 0) return 0;
        if (took >= seconds) return count;
        count *= 2;
    }
}

static bool slice(struct side *side) {
    if (side->work == NULL) return true;
    const double took = run(side, side->count);
    side->seconds += took;
    return took >= 0;
}

/* One round. Every other slice lets the limit begin. */
static bool run_round(struct side sides[2], size_t slices) {
    sides[0].seconds = sides[1].seconds = 0;
    for (size_t i = 0; i < slices; i++) {
        if (!slice(&sides[i % 2]) || !slice(&sides[1 - i % 2])) return false;
    }
    return true;
}

static double seconds_an_operation(const struct side *side, size_t slices) {
    return side->work == NULL ? 0 : side->seconds / (double)(side->count * slices);
}

bool bench_measure(const struct bench_plan *plan, struct bench_rounds *rounds) {
    const clockid_t clock = plan->wall_clock ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID;
    struct side sides[2] = {{.work = plan->ours, .ctx = plan->ctx, .clock = clock},
                            {.work = plan->limit, .ctx = plan->ctx, .clock = clock}};
    for (size_t i = 0; i < 2; i++) {
        if (sides[i].work == NULL) continue;
        sides[i].count = operations_in(&sides[i], plan->round_seconds / (double)plan->slices);
        if (sides[i].count == 0) return false;
    }
    if (!run_round(sides, plan->slices)) return false;
    rounds->count = plan->rounds;
    for (size_t i = 0; i < plan->rounds; i++) {
        if (!run_round(sides, plan->slices)) return false;
        rounds->ours[i] = seconds_an_operation(&sides[0], plan->slices);
        rounds->limit[i] = seconds_an_operation(&sides[1], plan->slices);
    }
    return true;
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void sort(const double *values, size_t count, double sorted[BENCH_ROUNDS_MAX]) {
    memcpy(sorted, values, count * sizeof *values);
    qsort(sorted, count, sizeof *sorted, compare);
}

double bench_median(const double *values, size_t count) {
    double sorted[BENCH_ROUNDS_MAX];
    sort(values, count, sorted);
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

double bench_spread(const double *values, size_t count) {
    double sorted[BENCH_ROUNDS_MAX];
    sort(values, count, sorted);
    return (sorted[count - 1] - sorted[0]) / bench_median(values, count);
}
