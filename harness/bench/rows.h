/* The rows of sevkit-bench: what each measures, beside which limit, and its target (design, section 10). */
#ifndef BENCH_ROWS_H
#define BENCH_ROWS_H

#include "clients.h"
#include "limit.h"
#include "ours.h"
#include "rmp.h"

/* Clients at once that `pspd_clients` must have for its target to be met. */
#define BENCH_CLIENTS_MIN 1000
#define BENCH_CLIENTS_DEFAULT 1024

struct bench_world {
    struct bench_ours *ours;
    struct bench_limit *limit;
    struct bench_rmp *rmp;
    struct bench_clients *clients; /* while their row is measured */
    size_t client_count;
    size_t rounds;
    double round_seconds;
};

struct bench_row;
struct json_t;

/* The INDEXth row, NULL after the last. */
const struct bench_row *bench_row_at(size_t index);
const char *bench_row_name(const struct bench_row *row);

void bench_rows_head(void);
/* Measures ROW, prints its line and adds it to LIST. False after a message. */
bool bench_row_run(const struct bench_row *row, struct bench_world *world, struct json_t *list);

#endif
