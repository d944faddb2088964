/* See rows.h. */
#include "rows.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "measure.h"

#define NOISY_SPREAD 0.15
#define MACHINE_START_LIMIT 0.020 /* seconds; there is no primitive to compare with */
#define SLICES 10
#define CLIENTS_SLICES 2 /* one lap of all clients is long enough */

/* What the numbers of a row are. */
enum measure { MICROSECONDS, MILLISECONDS, OPERATIONS, BYTES, CLIENT_REPORTS };

/* What the target is about. */
enum target { RATIO_AT_MOST, RATIO_AT_LEAST, OURS_AT_LEAST, OURS_AT_MOST };

struct bench_row {
    const char *name;
    enum measure measure;
    bool time_ratio; /* time of ours / time of the limit, else throughput of ours / of the limit */
    enum target target;
    double target_value;
    bench_work *ours, *limit;
    const char *note;
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

/* The targets are the design's; the ratio of `verify` is one of throughput there, so its 1.10 times the
 * limit's time is at least 1 / 1.10. */
static const struct bench_row rows[] = {
    {"report", MICROSECONDS, true, RATIO_AT_MOST, 1.10, ours_report, limit_sign,
     "REPORT_REQ, whole path in process; limit: SHA-384 of the signed 0x2A0 bytes and "
     "EVP_PKEY_sign, P-384, contexts reused"},
    {"key_request", OPERATIONS, false, OURS_AT_LEAST, 150000, ours_key_request, limit_key_request,
     "KEY_REQ with every field, whole path in process; limit: its four AES-256-GCM operations and "
     "one HMAC-SHA-384, keyed contexts reused"},
    {"aead", BYTES, false, RATIO_AT_LEAST, 0.80, ours_aead, limit_seal,
     "crypto_aead_seal of a 4,000-byte payload with a message's AAD; limit: EVP AES-256-GCM, keyed "
     "context reused"},
    {"verify", OPERATIONS, false, RATIO_AT_LEAST, 1 / 1.10, ours_verify, limit_verify,
     "pki_verify_report, all stages, chain cached; limit: SHA-384 of the signed 0x2A0 bytes and "
     "EVP_PKEY_verify, P-384, contexts reused"},
    {"machine_start", MILLISECONDS, false, OURS_AT_MOST, MACHINE_START_LIMIT * 1e3, ours_machine,
     NULL, "vmm_machine_new, vmm_guest_launch, and freeing both; limit: the time allowed"},
    {"pspd_clients", CLIENT_REPORTS, false, RATIO_AT_LEAST, 0.90, ours_clients, limit_clients,
     "clients at once: SNP_GET_REPORT through pspd, each with a machine of its own, wall clock; "
     "limit: as many REPORT_REQ in process"},
};

#define ROW_COUNT (sizeof rows / sizeof rows[0])

/* ---- one row ---- */

struct outcome {
    double ours, limit, ratio, spread;
    bool met;
    char note[320];
};

static double in_unit(enum measure measure, const struct bench_world *world, double seconds) {
    switch (measure) {
    case MICROSECONDS: return seconds * 1e6;
    case MILLISECONDS: return seconds * 1e3;
    case OPERATIONS: return 1 / seconds;
    case BYTES: return BENCH_AEAD_SIZE / seconds;
    case CLIENT_REPORTS: return (double)world->client_count / seconds;
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

static bool run_row(const struct bench_row *row, struct bench_world *world, struct outcome *out) {
    struct bench_rounds got;
    double ratios[BENCH_ROUNDS_MAX];
    if (!measure(row, world, &got)) return false;
    for (size_t i = 0; i < got.count; i++) {
        if (row->limit == NULL) got.limit[i] = MACHINE_START_LIMIT;
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
