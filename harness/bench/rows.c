/* See rows.h. */
#include "rows.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "measure.h"

#define NOISY_SPREAD 0.15
#define SLICES 10
#define CLIENTS_SLICES 2 /* one lap of all clients is long enough */

/* What the numbers of a row are. */
enum measure { MICROSECONDS, MILLISECONDS, OPERATIONS, BYTES, CLIENT_REPORTS, MEBIBYTES, SCALING };

/* What the target is about. */
enum target { RATIO_AT_MOST, RATIO_AT_LEAST, OURS_AT_LEAST, OURS_AT_MOST };

/* Rows that are measured in their own way. */
typedef bool bench_own_rounds(const struct bench_world *world, struct bench_rounds *got);

struct bench_row {
    const char *name;
    enum measure measure;
    bool time_ratio; /* time of ours / time of the limit, else throughput of ours / of the limit */
    enum target target;
    double target_value;
    bench_work *ours, *limit; /* no LIMIT: the target's value stands in its place */
    const char *note;
    size_t batch; /* operations of one call of OURS or LIMIT */
    bench_own_rounds *own;
};

/* Through pspd: by the wall clock; one operation is a report for every client. */
static bool of_clients(const struct bench_row *row) {
    return row->measure == CLIENT_REPORTS;
}

static bool report_result(struct sevkit_result r) {
    char text[256];
    if (sevkit_ok(r)) return true;
    sevkit_result_text(&r, text, sizeof text);
    fprintf(stderr, "sevkit-bench: %s\n", text);
    return false;
}

static bool ours_report(void *ctx) {
    return report_result(bench_ours_report(((struct bench_world *)ctx)->ours));
}

static bool ours_key_request(void *ctx) {
    return report_result(bench_ours_key_request(((struct bench_world *)ctx)->ours));
}

static bool ours_aead(void *ctx) {
    return report_result(bench_ours_aead(((struct bench_world *)ctx)->ours));
}

static bool ours_verify(void *ctx) {
    return report_result(bench_ours_verify(((struct bench_world *)ctx)->ours));
}

static bool ours_machine(void *ctx) {
    return report_result(bench_ours_machine(((struct bench_world *)ctx)->ours));
}

static bool ours_clients(void *ctx) {
    return bench_clients_report(((struct bench_world *)ctx)->clients);
}

/* As many reports, one after the other. */
static bool limit_clients(void *ctx) {
    struct bench_world *world = ctx;
    for (size_t i = 0; i < world->client_count; i++) {
        if (!ours_report(world)) return false;
    }
    return true;
}

static bool limit_sign(void *ctx) {
    return bench_limit_sign(((struct bench_world *)ctx)->limit);
}

static bool limit_key_request(void *ctx) {
    return bench_limit_key_request(((struct bench_world *)ctx)->limit);
}

static bool limit_seal(void *ctx) {
    return bench_limit_seal(((struct bench_world *)ctx)->limit, BENCH_AEAD_SIZE);
}

static bool limit_verify(void *ctx) {
    return bench_limit_verify(((struct bench_world *)ctx)->limit);
}

/* ---- the reverse map table ---- */

static bool ours_check(void *ctx) {
    return bench_rmp_check(((struct bench_world *)ctx)->rmp);
}

static bool ours_update(void *ctx) {
    return bench_rmp_update(((struct bench_world *)ctx)->rmp);
}

static bool ours_pvalidate(void *ctx) {
    return bench_rmp_pvalidate(((struct bench_world *)ctx)->rmp);
}

static bool ours_adjust(void *ctx) {
    return bench_rmp_adjust(((struct bench_world *)ctx)->rmp);
}

static bool limit_compare(void *ctx) {
    return bench_rmp_compare(((struct bench_world *)ctx)->rmp);
}

static bool limit_exchange(void *ctx) {
    return bench_rmp_exchange(((struct bench_world *)ctx)->rmp);
}

static bool scale_rounds(const struct bench_world *world, struct bench_rounds *got) {
    return bench_rmp_scale(world->rmp, world->rounds, world->round_seconds, got);
}

/* A large machine, ROUNDS times after one that warms up. */
static bool machine_rounds(const struct bench_world *world, bool fill, bool start,
                           struct bench_rounds *got) {
    struct bench_rmp_machine machine;
    if (!bench_rmp_machine(fill, &machine)) return false;
    got->count = world->rounds;
    for (size_t i = 0; i < got->count; i++) {
        if (!bench_rmp_machine(fill, &machine)) return false;
        got->ours[i] = start ? machine.seconds : machine.mebibytes;
    }
    return true;
}

static bool start_rounds(const struct bench_world *world, struct bench_rounds *got) {
    return machine_rounds(world, false, true, got);
}

static bool memory_rounds(const struct bench_world *world, struct bench_rounds *got) {
    return machine_rounds(world, false, false, got);
}

static bool full_rounds(const struct bench_world *world, struct bench_rounds *got) {
    return machine_rounds(world, true, false, got);
}

#define EXCHANGE "limit: an uncontended compare-exchange and a releasing store for each"

/* The targets are the design's; the ratio of `verify` is one of throughput there, so its 1.10 times the
 * limit's time is at least 1 / 1.10. */
static const struct bench_row rows[] = {
    {"report", MICROSECONDS, true, RATIO_AT_MOST, 1.10, ours_report, limit_sign,
     "REPORT_REQ, whole path in process; limit: SHA-384 of the signed 0x2A0 bytes and "
     "EVP_PKEY_sign, P-384, contexts reused",
     .batch = 1},
    {"key_request", OPERATIONS, false, OURS_AT_LEAST, 150000, ours_key_request, limit_key_request,
     "KEY_REQ with every field, whole path in process; limit: its four AES-256-GCM operations and "
     "one HMAC-SHA-384, keyed contexts reused",
     .batch = 1},
    {"aead", BYTES, false, RATIO_AT_LEAST, 0.80, ours_aead, limit_seal,
     "crypto_aead_seal of a 4,000-byte payload with a message's AAD; limit: EVP AES-256-GCM, keyed "
     "context reused",
     .batch = 1},
    {"verify", OPERATIONS, false, RATIO_AT_LEAST, 1 / 1.10, ours_verify, limit_verify,
     "pki_verify_report, all stages, chain cached; limit: SHA-384 of the signed 0x2A0 bytes and "
     "EVP_PKEY_verify, P-384, contexts reused",
     .batch = 1},
    {"machine_start", MILLISECONDS, false, OURS_AT_MOST, 20, ours_machine, NULL,
     "vmm_machine_new, vmm_guest_launch, and freeing both; limit: the time allowed", .batch = 1},
    {"pspd_clients", CLIENT_REPORTS, false, RATIO_AT_LEAST, 0.90, ours_clients, limit_clients,
     "clients at once: SNP_GET_REPORT through pspd, each with a machine of its own, wall clock; "
     "limit: as many REPORT_REQ in process",
     .batch = 1},
    {"rmp_check", OPERATIONS, false, OURS_AT_LEAST, 100e6, ours_check, limit_compare,
     "accesses that pass, of 256 pages: host writes, SNP guest reads, writes and fetches, 4 KiB, "
     "in "
     "turn; limit: a loop that loads and compares the two words of each page",
     .batch = BENCH_RMP_BATCH},
    {"rmp_update", OPERATIONS, false, OURS_AT_LEAST, 20e6, ours_update, limit_exchange,
     "RMPUPDATE, 256 pages of 4 KiB to a guest and back; " EXCHANGE, .batch = BENCH_RMP_BATCH},
    {"rmp_pvalidate", OPERATIONS, false, OURS_AT_LEAST, 20e6, ours_pvalidate, limit_exchange,
     "PVALIDATE, 256 pages of 4 KiB set and cleared; " EXCHANGE, .batch = BENCH_RMP_BATCH},
    {"rmp_adjust", OPERATIONS, false, OURS_AT_LEAST, 20e6, ours_adjust, limit_exchange,
     "RMPADJUST of VMPL 1's mask of 256 pages of 4 KiB; " EXCHANGE, .batch = BENCH_RMP_BATCH},
    {"rmp_start", MILLISECONDS, false, OURS_AT_MOST, 10, NULL, NULL,
     "vmm_machine_new with 1 TiB and vmm_guest_launch, wall clock; limit: the time allowed",
     .batch = 1, .own = start_rounds},
    {"rmp_memory", MEBIBYTES, false, OURS_AT_MOST, 32, NULL, NULL,
     "what that machine adds to the process, page tables included; limit: the memory allowed",
     .batch = 1, .own = memory_rounds},
    {"rmp_full", MEBIBYTES, false, OURS_AT_MOST, 64, NULL, NULL,
     "the same with all of its memory in pages of 2 MiB; limit: the memory allowed", .batch = 1,
     .own = full_rounds},
    {"rmp_scale", SCALING, false, RATIO_AT_LEAST, 0.90, NULL, NULL,
     "accesses by two threads in two regions each over those by one, wall clock; limit: the same "
     "of a "
     "lock-free counter for each thread",
     .batch = 1, .own = scale_rounds},
};

#define ROW_COUNT (sizeof rows / sizeof rows[0])

/* ---- one row ---- */

struct outcome {
    double ours, limit, ratio, spread;
    bool met;
    char note[400];
};

static double in_unit(enum measure measure, const struct bench_world *world, double seconds) {
    switch (measure) {
    case MICROSECONDS: return seconds * 1e6;
    case MILLISECONDS: return seconds * 1e3;
    case OPERATIONS: return 1 / seconds;
    case BYTES: return BENCH_AEAD_SIZE / seconds;
    case CLIENT_REPORTS: return (double)world->client_count / seconds;
    case MEBIBYTES: return seconds; /* which they are not */
    case SCALING: return 1 / seconds;
    }
    return 0;
}

static const char *unit_name(enum measure measure) {
    switch (measure) {
    case MICROSECONDS: return "us";
    case MILLISECONDS: return "ms";
    case OPERATIONS: return "operations/s";
    case BYTES: return "bytes/s";
    case CLIENT_REPORTS: return "reports/s";
    case MEBIBYTES: return "MiB";
    case SCALING: return "times";
    }
    return "";
}

static bool target_met(const struct bench_row *row, const struct bench_world *world,
                       const struct outcome *o) {
    if (of_clients(row) && world->client_count < BENCH_CLIENTS_MIN) return false;
    switch (row->target) {
    case RATIO_AT_MOST: return o->ratio <= row->target_value;
    case RATIO_AT_LEAST: return o->ratio >= row->target_value;
    case OURS_AT_LEAST: return o->ours >= row->target_value;
    case OURS_AT_MOST: return o->ours <= row->target_value;
    }
    return false;
}

static void target_text(const struct bench_row *row, char *out, size_t size) {
    const bool most = row->target == RATIO_AT_MOST || row->target == OURS_AT_MOST;
    const bool ratio = row->target == RATIO_AT_MOST || row->target == RATIO_AT_LEAST;
    snprintf(out, size, "%s %s %.6g", ratio ? "ratio" : "ours",
             most ? "<=" : ">=", row->target_value);
}

static bool measure(const struct bench_row *row, struct bench_world *world,
                    struct bench_rounds *got) {
    const struct bench_plan plan = {.ctx = world,
                                    .ours = row->ours,
                                    .limit = row->limit,
                                    .rounds = world->rounds,
                                    .round_seconds = world->round_seconds,
                                    .slices = of_clients(row) ? CLIENTS_SLICES : SLICES,
                                    .wall_clock = of_clients(row)};
    if (row->own != NULL) return row->own(world, got);
    if (!of_clients(row)) return bench_measure(&plan, got);
    world->clients = bench_clients_new(world->client_count);
    const bool done = world->clients != NULL && bench_measure(&plan, got);
    bench_clients_free(world->clients);
    world->clients = NULL;
    return done;
}

static void put_note(const struct bench_row *row, const struct bench_world *world,
                     struct outcome *o) {
    char target[64], clients[32] = "";
    target_text(row, target, sizeof target);
    if (of_clients(row)) (void)snprintf(clients, sizeof clients, "%zu ", world->client_count);
    (void)snprintf(o->note, sizeof o->note, "%s%s; target %s%s: %s%s", clients, row->note, target,
                   of_clients(row) ? " of at least 1000 clients" : "", o->met ? "met" : "missed",
                   o->spread > NOISY_SPREAD ? "; noisy" : "");
}

/* LIMIT as it was measured, or what the target allows where nothing was. */
static double allowed(const struct bench_row *row, double limit) {
    if (row->target != OURS_AT_MOST) return limit;
    return row->measure == MILLISECONDS ? row->target_value * 1e-3 : row->target_value;
}

static bool run_row(const struct bench_row *row, struct bench_world *world, struct outcome *out) {
    struct bench_rounds got;
    double ratios[BENCH_ROUNDS_MAX];
    if (!measure(row, world, &got)) return false;
    const double batch = (double)row->batch;
    for (size_t i = 0; i < got.count; i++) {
        got.ours[i] /= batch;
        got.limit[i] = allowed(row, got.limit[i] / batch);
        ratios[i] = row->time_ratio ? got.ours[i] / got.limit[i] : got.limit[i] / got.ours[i];
    }
    out->ours = in_unit(row->measure, world, bench_median(got.ours, got.count));
    out->limit = in_unit(row->measure, world, bench_median(got.limit, got.count));
    out->ratio = bench_median(ratios, got.count);
    out->spread = bench_spread(ratios, got.count);
    out->met = target_met(row, world, out);
    put_note(row, world, out);
    return true;
}

/* ---- output ---- */

static void print_row(const struct bench_row *row, const struct outcome *o) {
    char target[64];
    target_text(row, target, sizeof target);
    printf("%-14s %12.6g %12.6g %8.3f %7.1f%%  %-13s %-16s %s%s\n", row->name, o->ours, o->limit,
           o->ratio, o->spread * 100, unit_name(row->measure), target, o->met ? "met" : "missed",
           o->spread > NOISY_SPREAD ? ", noisy" : "");
    fflush(stdout);
}

/* False when memory is short. */
static bool add_row(json_t *list, const struct bench_row *row, const struct outcome *o) {
    json_t *json = json_pack("{s:s, s:f, s:f, s:f, s:f, s:s, s:s}", "name", row->name, "ours",
                             o->ours, "limit", o->limit, "ratio", o->ratio, "spread", o->spread,
                             "unit", unit_name(row->measure), "note", o->note);
    return json != NULL && json_array_append_new(list, json) == 0;
}

/* ---- the interface ---- */

const struct bench_row *bench_row_at(size_t index) {
    return index < ROW_COUNT ? &rows[index] : NULL;
}

const char *bench_row_name(const struct bench_row *row) {
    return row->name;
}

void bench_rows_head(void) {
    printf("%-14s %12s %12s %8s %8s  %-13s %-16s\n", "row", "ours", "limit", "ratio", "spread",
           "unit", "target");
}

bool bench_row_run(const struct bench_row *row, struct bench_world *world, json_t *list) {
    struct outcome outcome;
    if (!run_row(row, world, &outcome)) return false;
    print_row(row, &outcome);
    return add_row(list, row, &outcome);
}
