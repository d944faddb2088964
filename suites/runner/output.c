/* Lines for people, TAP 13, JSON lines. Design sections 4 and 5. */
#include "runner/output.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define SPEC "1.58" /* the ABI revision that the expectations come from */

struct tally {
    unsigned passed, failed, skipped;
};

static struct tally tally_of(const unsigned counts[SUITE_VERDICT_COUNT]) {
    struct tally tally = {0};
    for (unsigned v = 0; v < SUITE_VERDICT_COUNT; v++) {
        switch (suite_verdict_outcome((enum suite_verdict)v)) {
        case SUITE_PASSED: tally.passed += counts[v]; break;
        case SUITE_FAILED: tally.failed += counts[v]; break;
        case SUITE_SKIPPED: tally.skipped += counts[v]; break;
        }
    }
    return tally;
}

bool suite_output_open(struct suite_output *out, const struct suite_options *options) {
    memset(out, 0, sizeof *out);
    out->tap = options->tap;
    out->text = stdout;
    if (options->json == NULL) return true;
    if (strcmp(options->json, "-") == 0) {
        out->text = NULL;
        out->json = stdout;
        return true;
    }
    out->json = fopen(options->json, "w");
    if (out->json != NULL) return true;
    fprintf(stderr, "suite-runner: --json %s: %s\n", options->json, strerror(errno));
    return false;
}

bool suite_output_close(struct suite_output *out) {
    bool good = fflush(stdout) == 0 && !ferror(stdout);
    if (out->json != NULL && out->json != stdout) {
        good = !ferror(out->json) && good; /* of a line's flush: closing may find nothing to do */
        good = fclose(out->json) == 0 && good;
    }
    out->json = NULL;
    return good;
}

/* Takes over OBJECT. Text of an object, NULL when memory is short. */
static char *dump(json_t *object) {
    char *text = object == NULL ? NULL : json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(6));
    json_decref(object);
    return text;
}

static void write_json(struct suite_output *out, json_t *object) {
    if (out->json == NULL) {
        json_decref(object);
        return;
    }
    char *text = dump(object);
    if (text == NULL) {
        fputs("suite-runner: out of memory for a JSON line\n", stderr);
        exit(SUITE_EXIT_FAILED);
    }
    fprintf(out->json, "%s\n", text);
    (void)fflush(out->json); /* a lasting error is seen when the file is closed */
    free(text);
}

static const char *kind_name(enum suite_kind kind) {
    switch (kind) {
    case SUITE_POSITIVE: return "positive";
    case SUITE_NEGATIVE: return "negative";
    }
    abort(); /* not one of the enumerators: a bug of the table */
}

static json_t *requirements(const struct suite_test *test) {
    json_t *list = json_array();
    for (size_t i = 0; test->requirements[i] != NULL; i++)
        json_array_append_new(list, json_string(test->requirements[i]));
    return list;
}

void suite_output_list(struct suite_output *out, const struct suite_entry *entry) {
    const struct suite_test *test = entry->test;
    if (out->text != NULL) fprintf(out->text, "%-44s %s\n", test->id, test->title);
    write_json(out,
               json_pack("{s:s, s:s, s:s, s:s, s:s?, s:o}", "id", test->id, "area",
                         entry->area->name, "title", test->title, "kind", kind_name(test->kind),
                         "twin", test->twin, "requirements", requirements(test)));
}

/* The machine's own words of itself; NULL for none. Its chip id identifies it: only on request. */
static json_t *machine_json(const struct suite_machine *machine, bool show_chip_id) {
    if (machine == NULL) return NULL;
    char chip_id[2 * sizeof machine->chip_id + 1] = "masked";
    for (size_t i = 0; show_chip_id && i < sizeof machine->chip_id; i++)
        (void)snprintf(chip_id + 2 * i, 3, "%02x", machine->chip_id[i]);
    char tcb[24];
    (void)snprintf(tcb, sizeof tcb, "0x%016llx", (unsigned long long)machine->reported_tcb);
    return json_pack("{s:i, s:s, s:s, s:s}", "report_version", (int)machine->report_version,
                     "product", machine->product, "reported_tcb", tcb, "chip_id", chip_id);
}

/* The generation whose driver is tested; "all" where each test takes those that it is about. */
static const char *kernel_text(const struct target *target) {
    if ((target_capabilities(target) & (TARGET_DEVICE | TARGET_TSM)) == 0) return "none";
    if ((target_capabilities(target) & TARGET_KERNEL) != 0) return "all";
    return drv_kernel_name(target_kernel(target));
}

void suite_output_run(struct suite_output *out, const struct suite_options *options,
                      const struct target *target, const struct suite_machine *machine,
                      size_t tests) {
    out->tests = tests;
    if (out->text != NULL && out->tap) fprintf(out->text, "TAP version 13\n1..%zu\n", tests);
    write_json(out, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:o*}", "type", "run", "target",
                              options->target, "profile", options->profile.name, "kernel",
                              kernel_text(target), "spec", SPEC, "version", SEVKIT_VERSION, "tests",
                              (json_int_t)tests, "machine",
                              machine_json(machine, options->show_chip_id)));
}

static json_t *result_json(const struct suite_entry *entry, enum suite_verdict verdict,
                           const char *reason, double milliseconds) {
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:s, s:f}", "type", "result", "id",
                     entry->test->id, "area", entry->area->name, "title", entry->test->title,
                     "kind", kind_name(entry->test->kind), "requirements",
                     requirements(entry->test), "verdict", suite_verdict_name(verdict), "reason",
                     reason, "duration_ms", milliseconds);
}

static json_t *end_json(const unsigned counts[SUITE_VERDICT_COUNT]) {
    json_t *list = json_object();
    for (unsigned v = 0; v < SUITE_VERDICT_COUNT; v++)
        json_object_set_new(list, suite_verdict_name((enum suite_verdict)v),
                            json_integer(counts[v]));
    return json_pack("{s:s, s:o}", "type", "end", "counts", list);
}

/* A test's line, or two, for people or in TAP. */
static int result_text(char *line, size_t size, bool tap, size_t number, const char *id,
                       enum suite_verdict verdict, const char *reason, double milliseconds) {
    const char *name = suite_verdict_name(verdict);
    if (!tap) {
        const char *const lead = reason[0] != '\0' ? "\n     " : "";
        return snprintf(line, size, "%-4s %s (%.1f ms)%s%s\n", name, id, milliseconds, lead,
                        reason);
    }
    switch (suite_verdict_outcome(verdict)) {
    case SUITE_PASSED: return snprintf(line, size, "ok %zu - %s\n", number, id);
    case SUITE_FAILED:
        return snprintf(line, size, "not ok %zu - %s\n# %s: %s\n", number, id, name, reason);
    case SUITE_SKIPPED: return snprintf(line, size, "ok %zu - %s # SKIP %s\n", number, id, reason);
    }
    abort(); /* not one of the enumerators: a bug of the runner */
}

static int end_text(char *line, size_t size, bool tap, const unsigned counts[SUITE_VERDICT_COUNT]) {
    const struct tally tally = tally_of(counts);
    return snprintf(line, size, "%s%u passed, %u failed, %u skipped\n", tap ? "# " : "",
                    tally.passed, tally.failed, tally.skipped);
}

/* Everything that a signal handler will have to say, said beforehand: it may only write. */
static void prepare_last_words(struct suite_output *out, const struct suite_entry *entry,
                               unsigned seconds) {
    unsigned counts[SUITE_VERDICT_COUNT];
    memcpy(counts, out->counts, sizeof counts);
    counts[SUITE_TIMEOUT]++;
    char reason[64];
    (void)snprintf(reason, sizeof reason, "no end after %u s; the run stops here", seconds);
    out->last_text[0] = '\0';
    out->last_json[0] = '\0';
    if (out->text != NULL) {
        const int used = result_text(out->last_text, sizeof out->last_text, out->tap, out->done + 1,
                                     entry->test->id, SUITE_TIMEOUT, reason, seconds * 1e3);
        (void)end_text(out->last_text + used, sizeof out->last_text - (size_t)used, out->tap,
                       counts);
    }
    if (out->json == NULL) return;
    char *result = dump(result_json(entry, SUITE_TIMEOUT, reason, seconds * 1e3));
    char *end = dump(end_json(counts));
    if (result != NULL && end != NULL)
        (void)snprintf(out->last_json, sizeof out->last_json, "%s\n%s\n", result, end);
    free(result);
    free(end);
}

void suite_output_start(struct suite_output *out, const struct suite_entry *entry,
                        unsigned seconds) {
    write_json(out, json_pack("{s:s, s:s}", "type", "start", "id", entry->test->id));
    prepare_last_words(out, entry, seconds);
}

void suite_output_result(struct suite_output *out, const struct suite_entry *entry,
                         enum suite_verdict verdict, const char *reason, double milliseconds) {
    out->counts[verdict]++;
    out->done++;
    if (out->text != NULL) {
        char line[1024];
        (void)result_text(line, sizeof line, out->tap, out->done, entry->test->id, verdict, reason,
                          milliseconds);
        fputs(line, out->text);
        (void)fflush(out->text); /* a lasting error is seen when stdout is closed */
    }
    write_json(out, result_json(entry, verdict, reason, milliseconds));
}

void suite_output_end(struct suite_output *out) {
    write_json(out, end_json(out->counts));
    if (out->text == NULL) return;
    char line[128];
    (void)end_text(line, sizeof line, out->tap, out->counts);
    fputs(line, out->text);
}
