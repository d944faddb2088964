/* sevkit-bench: our code beside the limit, row by row (design, section 10; docs/benchmarks.md).
 * A row that misses its target is said so and fails nothing. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "frontends/cli.h"
#include "limit.h"
#include "measure.h"
#include "ours.h"

#define NOISY_SPREAD 0.15
#define DEFAULT_ROUNDS 11
#define DEFAULT_ROUND_MS 100
#define MACHINE_START_LIMIT 0.020 /* seconds; there is no primitive to compare with */

struct bench_world {
    struct bench_ours *ours;
    struct bench_limit *limit;
};

/* What the numbers of a row are. */
enum measure { MICROSECONDS, MILLISECONDS, OPERATIONS, BYTES };

/* What the target is about. */
enum target { RATIO_AT_MOST, RATIO_AT_LEAST, OURS_AT_LEAST, OURS_AT_MOST };

struct row {
    const char *name;
    enum measure measure;
    bool time_ratio; /* time of ours / time of the limit, else throughput of ours / of the limit */
    enum target target;
    double target_value;
    bench_work *ours, *limit;
    const char *note;
};

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
static const struct row rows[] = {
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
};

#define ROW_COUNT (sizeof rows / sizeof rows[0])

/* ---- one row ---- */

struct outcome {
    double ours, limit, ratio, spread;
    bool met;
    char note[320];
};

static double in_unit(enum measure measure, double seconds) {
    switch (measure) {
    case MICROSECONDS: return seconds * 1e6;
    case MILLISECONDS: return seconds * 1e3;
    case OPERATIONS: return 1 / seconds;
    case BYTES: return BENCH_AEAD_SIZE / seconds;
    }
    return 0;
}

static const char *unit_name(enum measure measure) {
    switch (measure) {
    case MICROSECONDS: return "us";
    case MILLISECONDS: return "ms";
    case OPERATIONS: return "operations/s";
    case BYTES: return "bytes/s";
    }
    return "";
}

static bool target_met(const struct row *row, const struct outcome *o) {
    switch (row->target) {
    case RATIO_AT_MOST: return o->ratio <= row->target_value;
    case RATIO_AT_LEAST: return o->ratio >= row->target_value;
    case OURS_AT_LEAST: return o->ours >= row->target_value;
    case OURS_AT_MOST: return o->ours <= row->target_value;
    }
    return false;
}

static void target_text(const struct row *row, char *out, size_t size) {
    const bool most = row->target == RATIO_AT_MOST || row->target == OURS_AT_MOST;
    const bool ratio = row->target == RATIO_AT_MOST || row->target == RATIO_AT_LEAST;
    snprintf(out, size, "%s %s %.6g", ratio ? "ratio" : "ours",
             most ? "<=" : ">=", row->target_value);
}

static bool run_row(const struct row *row, struct bench_world *world, size_t rounds,
                    double round_seconds, struct outcome *out) {
    const struct bench_plan plan = {world, row->ours, row->limit, rounds, round_seconds};
    struct bench_rounds got;
    double ratios[BENCH_ROUNDS_MAX];
    char target[64];
    if (!bench_measure(&plan, &got)) return false;
    for (size_t i = 0; i < got.count; i++) {
        if (row->limit == NULL) got.limit[i] = MACHINE_START_LIMIT;
        ratios[i] = row->time_ratio ? got.ours[i] / got.limit[i] : got.limit[i] / got.ours[i];
    }
    out->ours = in_unit(row->measure, bench_median(got.ours, got.count));
    out->limit = in_unit(row->measure, bench_median(got.limit, got.count));
    out->ratio = bench_median(ratios, got.count);
    out->spread = bench_spread(ratios, got.count);
    out->met = target_met(row, out);
    target_text(row, target, sizeof target);
    snprintf(out->note, sizeof out->note, "%s; target %s: %s%s", row->note, target,
             out->met ? "met" : "missed", out->spread > NOISY_SPREAD ? "; noisy" : "");
    return true;
}

/* ---- output ---- */

static void print_row(const struct row *row, const struct outcome *o) {
    char target[64];
    target_text(row, target, sizeof target);
    printf("%-14s %12.6g %12.6g %8.3f %7.1f%%  %-13s %-16s %s%s\n", row->name, o->ours, o->limit,
           o->ratio, o->spread * 100, unit_name(row->measure), target, o->met ? "met" : "missed",
           o->spread > NOISY_SPREAD ? ", noisy" : "");
    fflush(stdout);
}

/* False when memory is short. */
static bool add_row(json_t *list, const struct row *row, const struct outcome *o) {
    json_t *json = json_pack("{s:s, s:f, s:f, s:f, s:f, s:s, s:s}", "name", row->name, "ours",
                             o->ours, "limit", o->limit, "ratio", o->ratio, "spread", o->spread,
                             "unit", unit_name(row->measure), "note", o->note);
    return json != NULL && json_array_append_new(list, json) == 0;
}

static bool write_json(const char *path, json_t *list) {
    json_t *json = json_pack("{s:O}", "rows", list);
    char *text = json == NULL ? NULL : json_dumps(json, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    json_decref(json);
    if (text == NULL) {
        cli_bad_file(path, "not enough memory");
        return false;
    }
    const bool done = cli_file_write(path, text, strlen(text));
    free(text);
    return done;
}

/* ---- the command ---- */

struct options {
    const char *out;
    struct cli_list names;
    size_t rounds;
    double round_seconds;
};

static const struct row *find_row(const char *name) {
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (strcmp(rows[i].name, name) == 0) return &rows[i];
    }
    return NULL;
}

static bool wanted(const struct options *o, const char *name) {
    for (size_t i = 0; i < o->names.count; i++) {
        if (strcmp(o->names.items[i], name) == 0) return true;
    }
    return o->names.count == 0;
}

static bool run_rows(const struct options *o, struct bench_world *world, json_t *list) {
    printf("%-14s %12s %12s %8s %8s  %-13s %-16s\n", "row", "ours", "limit", "ratio", "spread",
           "unit", "target");
    for (size_t i = 0; i < ROW_COUNT; i++) {
        struct outcome outcome;
        if (!wanted(o, rows[i].name)) continue;
        if (!run_row(&rows[i], world, o->rounds, o->round_seconds, &outcome)) return false;
        print_row(&rows[i], &outcome);
        if (!add_row(list, &rows[i], &outcome)) return false;
    }
    return true;
}

static int run(const struct options *o) {
    struct bench_world world = {NULL, bench_limit_new()};
    json_t *list = json_array();
    int code = CLI_FAILED;
    if (world.limit == NULL || list == NULL) {
        fputs("sevkit-bench: OpenSSL or memory refused the limits\n", stderr);
    } else if (report_result(bench_ours_new(&world.ours)) && run_rows(o, &world, list)) {
        code = o->out == NULL || write_json(o->out, list) ? CLI_OK : CLI_USAGE;
    }
    json_decref(list);
    bench_ours_free(world.ours);
    bench_limit_free(world.limit);
    return code;
}

static int check(const struct options *o, const char *rounds, const char *ms,
                 struct options *checked) {
    uint64_t count = DEFAULT_ROUNDS, time = DEFAULT_ROUND_MS;
    *checked = *o;
    if (rounds != NULL &&
        (!cli_number_parse(rounds, BENCH_ROUNDS_MAX, &count) || count < BENCH_ROUNDS_MIN))
        return cli_bad_option("--rounds", rounds, "must be 7 to 101");
    if (ms != NULL && (!cli_number_parse(ms, 10000, &time) || time == 0))
        return cli_bad_option("--round-ms", ms, "must be 1 to 10000");
    for (size_t i = 0; i < o->names.count; i++) {
        if (find_row(o->names.items[i]) == NULL)
            return cli_bad_option("--row", o->names.items[i], "must be a row's name");
    }
    checked->rounds = (size_t)count;
    checked->round_seconds = (double)time * 1e-3;
    return CLI_OK;
}

int main(int argc, char **argv) {
    struct options o = {0}, checked;
    const char *rounds = NULL, *ms = NULL;
    const struct cli_option options[] = {
        {.name = "--out", .argument = "FILE", .value = &o.out, .help = "write the rows as JSON"},
        {.name = "--row",
         .argument = "NAME",
         .list = &o.names,
         .help = "only this row; may be given again"},
        {.name = "--rounds", .argument = "N", .value = &rounds, .help = "7 to 101; default 11"},
        {.name = "--round-ms",
         .argument = "N",
         .value = &ms,
         .help = "CPU time of each side in a round; default 100"},
        {.name = NULL},
    };
    const struct cli_command command = {
        .name = "sevkit-bench",
        .usage = "[options]",
        .summary = "Measures our code beside OpenSSL's own primitives (docs/benchmarks.md).\n"
                   "Exit code: 0 measured, also where a target is missed; 1 an operation failed;\n"
                   "2 bad options or files.",
        .options = options,
    };
    struct cli_list operands = {0};
    int code = CLI_OK;
    if (!cli_parse(&command, argc - 1, argv + 1, &operands, &code)) return code;
    code = check(&o, rounds, ms, &checked);
    return code == CLI_OK ? run(&checked) : code;
}
