/* sevkit-bench: our code beside the limit, row by row (design, section 10; docs/benchmarks.md).
 * A row that misses its target is said so and fails nothing. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "frontends/cli.h"
#include "measure.h"
#include "rows.h"

#define DEFAULT_ROUNDS 11
#define DEFAULT_ROUND_MS 100

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
    size_t rounds, clients;
    double round_seconds;
};

static bool is_row(const char *name) {
    for (size_t i = 0; bench_row_at(i) != NULL; i++) {
        if (strcmp(bench_row_name(bench_row_at(i)), name) == 0) return true;
    }
    return false;
}

static bool wanted(const struct options *o, const char *name) {
    for (size_t i = 0; i < o->names.count; i++) {
        if (strcmp(o->names.items[i], name) == 0) return true;
    }
    return o->names.count == 0;
}

static bool run_rows(const struct options *o, struct bench_world *world, json_t *list) {
    bench_rows_head();
    for (size_t i = 0; bench_row_at(i) != NULL; i++) {
        const struct bench_row *row = bench_row_at(i);
        if (wanted(o, bench_row_name(row)) && !bench_row_run(row, world, list)) return false;
    }
    return true;
}

static bool start(struct bench_world *world) {
    const struct sevkit_result r = bench_ours_new(&world->ours);
    if (!sevkit_ok(r)) cli_bad_result("machine", r);
    return sevkit_ok(r);
}

static int run(const struct options *o) {
    struct bench_world world = {.limit = bench_limit_new(),
                                .rmp = bench_rmp_new(),
                                .client_count = o->clients,
                                .rounds = o->rounds,
                                .round_seconds = o->round_seconds};
    json_t *list = json_array();
    int code = CLI_FAILED;
    if (world.limit == NULL || world.rmp == NULL || list == NULL) {
        fputs("sevkit-bench: OpenSSL or memory refused the limits\n", stderr);
    } else if (start(&world) && run_rows(o, &world, list)) {
        code = o->out == NULL || write_json(o->out, list) ? CLI_OK : CLI_USAGE;
    }
    json_decref(list);
    bench_ours_free(world.ours);
    bench_rmp_free(world.rmp);
    bench_limit_free(world.limit);
    return code;
}

/* Numbers as they were given; NULL: not. */
struct numbers {
    const char *rounds, *ms, *clients;
};

static int check(const struct options *o, const struct numbers *given, struct options *checked) {
    uint64_t count = DEFAULT_ROUNDS, time = DEFAULT_ROUND_MS, clients = BENCH_CLIENTS_DEFAULT;
    const char *rounds = given->rounds, *ms = given->ms;
    *checked = *o;
    if (rounds != NULL &&
        (!cli_number_parse(rounds, BENCH_ROUNDS_MAX, &count) || count < BENCH_ROUNDS_MIN))
        return cli_bad_option("--rounds", rounds, "must be 7 to 101");
    if (ms != NULL && (!cli_number_parse(ms, 10000, &time) || time == 0))
        return cli_bad_option("--round-ms", ms, "must be 1 to 10000");
    if (given->clients != NULL &&
        (!cli_number_parse(given->clients, BENCH_CLIENTS_MAX, &clients) || clients == 0))
        return cli_bad_option("--clients", given->clients, "must be 1 to 4096");
    for (size_t i = 0; i < o->names.count; i++) {
        if (!is_row(o->names.items[i]))
            return cli_bad_option("--row", o->names.items[i], "must be a row's name");
    }
    checked->rounds = (size_t)count;
    checked->clients = (size_t)clients;
    checked->round_seconds = (double)time * 1e-3;
    return CLI_OK;
}

int main(int argc, char **argv) {
    struct options o = {0}, checked;
    struct numbers given = {0};
    const struct cli_option options[] = {
        {.name = "--out", .argument = "FILE", .value = &o.out, .help = "write the rows as JSON"},
        {.name = "--row",
         .argument = "NAME",
         .list = &o.names,
         .help = "only this row; may be given again"},
        {.name = "--rounds",
         .argument = "N",
         .value = &given.rounds,
         .help = "7 to 101; default 11"},
        {.name = "--round-ms",
         .argument = "N",
         .value = &given.ms,
         .help = "CPU time of each side in a round; default 100"},
        {.name = "--clients",
         .argument = "N",
         .value = &given.clients,
         .help = "of pspd_clients; default 1024"},
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
    code = check(&o, &given, &checked);
    return code == CLI_OK ? run(&checked) : code;
}
