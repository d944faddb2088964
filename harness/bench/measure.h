/* How every row is measured: rounds of our code and of the limit, interleaved (design, section 10). */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdbool.h>
#include <stddef.h>

#define BENCH_ROUNDS_MIN 7
#define BENCH_ROUNDS_MAX 101

/* One operation; false when it failed. */
typedef bool bench_work(void *ctx);

struct bench_plan {
    void *ctx;
    bench_work *ours;
    bench_work *limit; /* NULL when there is no primitive to compare with */
    size_t rounds;
    double round_seconds; /* of each of the two, in every round */
    size_t slices;        /* even: of each of the two in a round */
    bool wall_clock;      /* else the CPU time of this thread */
};

/* Seconds an operation, round by round; a warm-up round went before. */
struct bench_rounds {
    size_t count;
    double ours[BENCH_ROUNDS_MAX];
    double limit[BENCH_ROUNDS_MAX]; /* 0 without a limit */
};

/* False when an operation failed. */
bool bench_measure(const struct bench_plan *plan, struct bench_rounds *rounds);

/* The middle of COUNT values, (max - min) / median of them. COUNT is 1 to BENCH_ROUNDS_MAX. */
double bench_median(const double *values, size_t count);
double bench_spread(const double *values, size_t count);

#endif
