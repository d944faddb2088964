/* See measure.h. The clock is the thread's CPU time: the rows are about one core, and other
 * processes of the machine must not enter them. Inside a round both sides take turns in short slices,
 * so that a change of the processor's frequency meets both alike. */
#include "measure.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SLICES 10 /* of each side in a round */

double bench_clock(void) {
    struct timespec t;
    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) != 0) {
        perror("clock_gettime");
        abort();
    }
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* CPU seconds of COUNT operations; negative when one failed. */
static double run(bench_work *work, void *ctx, uint64_t count) {
    const double start = bench_clock();
    for (uint64_t i = 0; i < count; i++) {
        if (!work(ctx)) return -1;
    }
    return bench_clock() - start;
}

/* How many operations fill SECONDS; 0 when one failed. */
static uint64_t operations_in(bench_work *work, void *ctx, double seconds) {
    uint64_t count = 1;
    for (;;) {
        const double took = run(work, ctx, count);
        if (took < 0) return 0;
        if (took >= seconds) return count;
        count *= 2;
    }
}

struct side {
    bench_work *work;
    uint64_t count; /* operations a slice */
    double seconds; /* of this round so far */
};

static bool slice(struct side *side, void *ctx) {
    if (side->work == NULL) return true;
    const double took = run(side->work, ctx, side->count);
    side->seconds += took;
    return took >= 0;
}

/* One round. Every other slice lets the limit begin. */
static bool run_round(struct side sides[2], void *ctx) {
    sides[0].seconds = sides[1].seconds = 0;
    for (size_t i = 0; i < SLICES; i++) {
        if (!slice(&sides[i % 2], ctx) || !slice(&sides[1 - i % 2], ctx)) return false;
    }
    return true;
}

static double seconds_an_operation(const struct side *side) {
    return side->work == NULL ? 0 : side->seconds / (double)(side->count * SLICES);
}

bool bench_measure(const struct bench_plan *plan, struct bench_rounds *rounds) {
    struct side sides[2] = {{.work = plan->ours}, {.work = plan->limit}};
    for (size_t i = 0; i < 2; i++) {
        if (sides[i].work == NULL) continue;
        sides[i].count = operations_in(sides[i].work, plan->ctx, plan->round_seconds / SLICES);
        if (sides[i].count == 0) return false;
    }
    if (!run_round(sides, plan->ctx)) return false;
    rounds->count = plan->rounds;
    for (size_t i = 0; i < plan->rounds; i++) {
        if (!run_round(sides, plan->ctx)) return false;
        rounds->ours[i] = seconds_an_operation(&sides[0]);
        rounds->limit[i] = seconds_an_operation(&sides[1]);
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
