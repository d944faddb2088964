/* bench_clock CLIENTS FILE: the rows of sevkit-bench, into FILE, over operations that only move a clock. What each
 * takes is known here, so that the numbers that must come of it are known too. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "rows.h"

#define MICROSECOND 1000u

static uint64_t wall, cpu; /* nanoseconds */

int __wrap_clock_gettime(clockid_t clock, struct timespec *now);

int __wrap_clock_gettime(clockid_t clock, struct timespec *now) {
    const uint64_t ns = clock == CLOCK_THREAD_CPUTIME_ID ? cpu : wall;
    *now = (struct timespec){.tv_sec = (time_t)(ns / 1000000000u),
                             .tv_nsec = (long)(ns % 1000000000u)};
    return 0;
}

/* Work of this thread. */
static bool takes(uint64_t ns) {
    wall += ns;
    cpu += ns;
    return true;
}

static struct sevkit_result does(uint64_t ns) {
    (void)takes(ns);
    return sevkit_success();
}

struct sevkit_result bench_ours_report(struct bench_ours *ours) {
    (void)ours;
    return does(120 * MICROSECOND);
}

struct sevkit_result bench_ours_key_request(struct bench_ours *ours) {
    (void)ours;
    return does(5 * MICROSECOND);
}

struct sevkit_result bench_ours_aead(struct bench_ours *ours) {
    (void)ours;
    return does(2 * MICROSECOND);
}

struct sevkit_result bench_ours_verify(struct bench_ours *ours) {
    (void)ours;
    return does(100 * MICROSECOND);
}

struct sevkit_result bench_ours_machine(struct bench_ours *ours) {
    (void)ours;
    return does(40000 * MICROSECOND);
}

bool bench_limit_sign(struct bench_limit *limit) {
    (void)limit;
    return takes(100 * MICROSECOND);
}

bool bench_limit_key_request(struct bench_limit *limit) {
    (void)limit;
    return takes(4 * MICROSECOND);
}

bool bench_limit_seal(struct bench_limit *limit, size_t size) {
    (void)limit;
    return size == BENCH_AEAD_SIZE && takes(1 * MICROSECOND);
}

bool bench_limit_verify(struct bench_limit *limit) {
    (void)limit;
    return takes(95 * MICROSECOND);
}

struct bench_clients {
    size_t count;
};

struct bench_clients *bench_clients_new(size_t count) {
    static struct bench_clients clients;
    clients.count = count;
    return &clients;
}

void bench_clients_free(struct bench_clients *clients) {
    (void)clients;
}

/* Another process works. */
bool bench_clients_report(struct bench_clients *clients) {
    wall += clients->count * 125 * MICROSECOND;
    return true;
}

bool bench_rmp_check(struct bench_rmp *bench) {
    (void)bench;
    return takes(BENCH_RMP_BATCH * 8);
}

bool bench_rmp_update(struct bench_rmp *bench) {
    (void)bench;
    return takes(BENCH_RMP_BATCH * 40);
}

bool bench_rmp_pvalidate(struct bench_rmp *bench) {
    (void)bench;
    return takes(BENCH_RMP_BATCH * 64);
}

bool bench_rmp_adjust(struct bench_rmp *bench) {
    (void)bench;
    return takes(BENCH_RMP_BATCH * 32);
}

bool bench_rmp_compare(struct bench_rmp *bench) {
    (void)bench;
    return takes(BENCH_RMP_BATCH * 2);
}

bool bench_rmp_exchange(struct bench_rmp *bench) {
    (void)bench;
    return takes(BENCH_RMP_BATCH * 10);
}

/* One round is worse than the others, one better. */
bool bench_rmp_scale(struct bench_rmp *bench, size_t rounds, double round_seconds,
                     struct bench_rounds *got) {
    (void)bench;
    (void)round_seconds;
    got->count = rounds;
    for (size_t i = 0; i < rounds; i++) {
        got->ours[i] = i == 0 ? 0.8 : i == 1 ? 0.512 : 0.64;
        got->limit[i] = 0.5;
    }
    return true;
}

bool bench_rmp_machine(bool fill, struct bench_rmp_machine *got) {
    *got = (struct bench_rmp_machine){.seconds = 0.005, .mebibytes = fill ? 128 : 16};
    return true;
}

void sevkit_result_text(const struct sevkit_result *r, char *out, size_t size) {
    (void)r;
    (void)size;
    *out = 0;
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    alarm(20); /* by a clock that stands still a row would never end */
    struct bench_world world = {
        .client_count = strtoul(argv[1], NULL, 10), .rounds = 7, .round_seconds = 0.1};
    json_t *list = json_array();
    for (size_t i = 0; bench_row_at(i) != NULL; i++) {
        if (!bench_row_run(bench_row_at(i), &world, list)) return 1;
    }
    const int done = json_dump_file(list, argv[2], 0);
    json_decref(list);
    return done == 0 ? 0 : 1;
}
