/* The run: which tests, each under CUnit's accounting and a watchdog. Design section 5.
 *
 * An area is a CU_Suite, a test a CU_Test. CUnit calls functions without arguments, so one function
 * serves all tests and finds the row by the name of the current CU_Test, which is the test's id. */
#include "runner/run.h"

#include <CUnit/CUnit.h>
#include <CUnit/TestRun.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "runner/ctx.h"
#include "runner/machine.h"

#define REQUESTS_PER_TEST 5 /* on a real machine, of tests that are not skipped */

/* CUnit's functions and signal handlers take no argument: the run is where they find it. */
static struct {
    const struct suite_options *options;
    const struct suite_registry *registry;
    struct target *target;
    size_t offered; /* tests that the target has the doors for */
    struct suite_output output;
} run;

static bool in_areas(const struct suite_options *options, const char *area) {
    if (options->area_count == 0) return true;
    for (size_t i = 0; i < options->area_count; i++)
        if (strcmp(options->areas[i], area) == 0) return true;
    return false;
}

/* MATCHED counts the tests that area and filter let through, so that shards share them out. */
static bool chosen(const struct suite_options *options, const struct suite_entry *entry,
                   size_t *matched) {
    if (!in_areas(options, entry->area->name)) return false;
    if (options->filter != NULL && fnmatch(options->filter, entry->test->id, 0) != 0) return false;
    return (*matched)++ % options->shard_count == options->shard_index - 1;
}

/* ---- the watchdog ---- */

static void say(int fd, const char *text) {
    size_t left = strlen(text);
    while (left != 0) {
        const ssize_t written = write(fd, text, left);
        if (written <= 0) return;
        text += written;
        left -= (size_t)written;
    }
}

/* Both streams were flushed before the test began, so what is written here comes after them. */
static void on_timeout(int signal_number) {
    (void)signal_number;
    if (run.output.text != NULL) say(STDOUT_FILENO, run.output.last_text);
    if (run.output.json != NULL) say(fileno(run.output.json), run.output.last_json);
    _exit(SUITE_EXIT_FAILED);
}

/* ---- one test ---- */

static double milliseconds_since(const struct timespec *begin) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - begin->tv_sec) * 1e3 +
           (double)(now.tv_nsec - begin->tv_nsec) / 1e6;
}

static void trampoline(void) {
    const struct suite_entry *entry =
        suite_registry_find(run.registry, CU_get_current_test()->pName);
    if (entry == NULL) abort(); /* CUnit runs only what suite_run added */
    const unsigned patience = target_patience(run.target);
    suite_output_start(&run.output, entry, patience);
    struct timespec begin;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    struct suite_ctx ctx;
    if (suite_setup(&ctx, "test context",
                    suite_ctx_init(&ctx, entry->test, run.target, &run.options->profile,
                                   run.options->seed))) {
        alarm(patience);
        suite_ctx_run(&ctx);
        alarm(0);
    }
    const double milliseconds = milliseconds_since(&begin);
    suite_output_result(&run.output, entry, ctx.verdict, ctx.reason, milliseconds);
    if (suite_verdict_outcome(ctx.verdict) == SUITE_FAILED) {
        CU_FAIL("see the reason in the test's own line");
    }
    suite_ctx_clear(&ctx);
}

/* ---- the run ---- */

/* Adds the chosen tests to CUnit's registry; an area's suite is made with its first test. MATCHED counts
 * those of all shards. */
static bool add_tests(size_t *matched, size_t *count) {
    const struct suite_area *area = NULL;
    CU_pSuite suite = NULL;
    *matched = 0;
    *count = 0;
    for (size_t i = 0; i < run.registry->count; i++) {
        const struct suite_entry *entry = &run.registry->entries[i];
        if (!chosen(run.options, entry, matched)) continue;
        if (suite == NULL || area != entry->area) {
            area = entry->area;
            suite = CU_add_suite(area->name, NULL, NULL);
        }
        if (suite == NULL || CU_add_test(suite, entry->test->id, trampoline) == NULL) return false;
        (*count)++;
        if ((entry->test->needs & ~target_capabilities(run.target)) == 0) run.offered++;
    }
    return true;
}

static int exit_code(const struct suite_output *output) {
    bool passed = false;
    for (unsigned v = 0; v < SUITE_VERDICT_COUNT; v++) {
        if (output->counts[v] == 0) continue;
        switch (suite_verdict_outcome((enum suite_verdict)v)) {
        case SUITE_FAILED: return SUITE_EXIT_FAILED;
        case SUITE_PASSED: passed = true; break;
        case SUITE_SKIPPED: break;
        }
    }
    return passed ? SUITE_EXIT_OK : SUITE_EXIT_SKIPPED;
}

/* What CUnit counted must be what we printed: a test that got lost on the way is no pass. */
static bool cunit_agrees(size_t count) {
    size_t failed = 0;
    for (unsigned v = 0; v < SUITE_VERDICT_COUNT; v++)
        if (suite_verdict_outcome((enum suite_verdict)v) == SUITE_FAILED)
            failed += run.output.counts[v];
    return CU_get_number_of_tests_run() == count && CU_get_number_of_tests_failed() == failed;
}

/* The run's first line; on a real machine also what it will take, and what the machine says of itself. */
static bool announce(size_t count) {
    const struct suite_options *o = run.options;
    struct suite_machine machine;
    if (!target_is_real(run.target)) {
        suite_output_run(&run.output, o, run.target, NULL, count);
        return true;
    }
    fprintf(
        stderr,
        "suite-runner: %zu tests on a real machine, at most %g requests a second: about %.0f s\n",
        count, o->rate, (double)(run.offered * REQUESTS_PER_TEST) / o->rate);
    (void)snprintf(run.output.last_text, sizeof run.output.last_text,
                   "suite-runner: the machine's first report did not come back\n");
    alarm(target_patience(run.target));
    const struct sevkit_result r = suite_machine_ask(run.target, &machine);
    alarm(0);
    if (sevkit_ok(r)) {
        suite_output_run(&run.output, o, run.target, &machine, count);
        return true;
    }
    char why[256];
    sevkit_result_text(&r, why, sizeof why);
    const char *stopped = target_stopped(run.target);
    fprintf(stderr, "suite-runner: --target %s: its first report: %s\n", o->target,
            stopped != NULL ? stopped : why);
    return false;
}

static int run_tests(void) {
    size_t matched;
    size_t count;
    if (CU_initialize_registry() != CUE_SUCCESS || !add_tests(&matched, &count)) {
        fprintf(stderr, "suite-runner: CUnit: %s\n", CU_get_error_msg());
        return SUITE_EXIT_FAILED;
    }
    if (matched == 0) {
        fprintf(stderr, "suite-runner: --area and --filter leave no test\n");
        return SUITE_EXIT_USAGE;
    }
    struct sigaction action = {.sa_handler = on_timeout};
    sigaction(SIGALRM, &action, NULL);
    if (!announce(count)) return SUITE_EXIT_UNAVAILABLE;
    const CU_ErrorCode code =
        count == 0 ? CUE_SUCCESS : CU_run_all_tests(); /* a shard may be empty */
    suite_output_end(&run.output);
    if (code != CUE_SUCCESS || !cunit_agrees(count)) {
        fprintf(stderr, "suite-runner: CUnit lost tests: %s\n", CU_get_error_msg());
        return SUITE_EXIT_FAILED;
    }
    return exit_code(&run.output);
}

static int list_tests(void) {
    size_t matched = 0;
    for (size_t i = 0; i < run.registry->count; i++)
        if (chosen(run.options, &run.registry->entries[i], &matched))
            suite_output_list(&run.output, &run.registry->entries[i]);
    return SUITE_EXIT_OK;
}

static int run_on_target(void) {
    const struct suite_options *o = run.options;
    const struct target_options options = {.profile = &o->profile,
                                           .profile_name = o->profile_name,
                                           .profile_is_path =
                                               suite_profile_is_path(o->profile_name),
                                           .seed = o->seed,
                                           .kernel = o->kernel,
                                           .only_kernel = o->kernel_given,
                                           .rate = o->rate,
                                           .allow_destructive = o->allow_destructive};
    const struct sevkit_result r = target_open(o->target, &options, &run.target);
    if (!sevkit_ok(r)) {
        char why[256];
        sevkit_result_text(&r, why, sizeof why);
        fprintf(stderr, "suite-runner: --target %s: %s\n", run.options->target, why);
        return SUITE_EXIT_UNAVAILABLE;
    }
    const int code = run_tests();
    CU_cleanup_registry();
    target_close(run.target);
    return code;
}

int suite_run(const struct suite_options *options, const struct suite_registry *registry) {
    run.options = options;
    run.registry = registry;
    if (!suite_output_open(&run.output, options)) return SUITE_EXIT_USAGE;
    const int code = options->list ? list_tests() : run_on_target();
    if (suite_output_close(&run.output)) return code;
    fputs("suite-runner: the results could not be written\n", stderr);
    return SUITE_EXIT_FAILED;
}
