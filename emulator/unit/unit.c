/* See unit.h. CUnit registers and runs the tests; this file names them, times them and reports. */
#include "unit/unit.h"

#include <CUnit/TestRun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *skip_reason;
static const struct unit_test *running;

void unit_skip(const char *reason) {
    skip_reason = reason;
}

bool unit_ok(struct sevkit_result r) {
    if (sevkit_ok(r)) return true;
    char text[256];
    sevkit_result_text(&r, text, sizeof text);
    fprintf(stderr, "    unexpected failure: %s\n", text);
    return false;
}

bool unit_fails(struct sevkit_result r, enum sevkit_code code, const char *field) {
    if (r.code == code && (field == NULL || strcmp(r.field, field) == 0)) return true;
    fprintf(stderr, "    wanted %s at %s, got %s at %s\n", sevkit_code_name(code),
            field ? field : "any field", sevkit_code_name(r.code), r.field);
    return false;
}

bool unit_bytes(const void *a, const void *b, size_t size) {
    const uint8_t *x = a, *y = b;
    for (size_t i = 0; i < size; i++) {
        if (x[i] == y[i]) continue;
        fprintf(stderr, "    byte 0x%zx of 0x%zx differs: %02x, %02x\n", i, size, x[i], y[i]);
        return false;
    }
    return true;
}

size_t unit_hex(const char *hex, uint8_t *out, size_t capacity) {
    size_t n = 0;
    for (const char *p = hex; *p != 0;) {
        if (*p == ' ' || *p == '\n') {
            p++;
            continue;
        }
        unsigned byte;
        if (n == capacity || sscanf(p, "%2x", &byte) != 1 || p[1] == 0) abort();
        out[n++] = (uint8_t)byte;
        p += 2;
    }
    return n;
}

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void run_current(void) {
    running->run();
}

struct totals {
    unsigned passed, failed, skipped;
};

static void report_one(FILE *json, const char *id, double ms, struct totals *totals) {
    const CU_pFailureRecord failure = CU_get_failure_list();
    const unsigned asserts = CU_get_number_of_asserts();
    char reason[512] = "";
    const char *verdict = "PASS";
    if (failure != NULL) {
        verdict = "FAIL";
        snprintf(reason, sizeof reason, "%s:%u: %s", failure->strFileName, failure->uiLineNumber,
                 failure->strCondition);
        totals->failed++;
    } else if (skip_reason != NULL) {
        verdict = "SKIP";
        snprintf(reason, sizeof reason, "%s", skip_reason);
        totals->skipped++;
    } else if (asserts == 0) {
        verdict = "FAIL";
        snprintf(reason, sizeof reason, "the test asserts nothing");
        totals->failed++;
    } else {
        totals->passed++;
    }
    printf("%-4s %s%s%s\n", verdict, id, reason[0] ? ": " : "", reason);
    if (json == NULL) return;
    for (char *p = reason; *p != 0; p++) {
        if (*p == '"' || *p == '\\' || (unsigned char)*p < 0x20) *p = '\'';
    }
    fprintf(json, "{\"id\":\"%s\",\"verdict\":\"%s\",\"reason\":\"%s\",\"duration_ms\":%.3f}\n", id,
            verdict, reason, ms);
}

int unit_main(int argc, char **argv, const char *folder, const struct unit_suite *const *suites) {
    const char *filter = NULL;
    FILE *json = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--filter") == 0 && i + 1 < argc) {
            filter = argv[++i];
        } else if (strcmp(argv[i], "--json") == 0 && i + 1 < argc) {
            json = fopen(argv[++i], "w");
            if (json == NULL) {
                perror(argv[i]);
                return 2;
            }
        } else {
            fprintf(stderr, "usage: %s [--filter TEXT] [--json FILE]\n", argv[0]);
            return 2;
        }
    }
    struct totals totals = {0};
    for (; *suites != NULL; suites++) {
        for (const struct unit_test *t = (*suites)->tests; t->name != NULL; t++) {
            char id[160];
            snprintf(id, sizeof id, "unit.%s.%s.%s", folder, (*suites)->name, t->name);
            if (filter != NULL && strstr(id, filter) == NULL) continue;
            if (CU_initialize_registry() != CUE_SUCCESS) abort();
            const CU_pSuite suite = CU_add_suite(folder, NULL, NULL);
            const CU_pTest test = CU_add_test(suite, id, run_current);
            if (test == NULL) abort();
            skip_reason = NULL;
            running = t;
            const double start = now_ms();
            (void)CU_run_test(suite, test);
            report_one(json, id, now_ms() - start, &totals);
            CU_cleanup_registry();
        }
    }
    if (json != NULL) fclose(json);
    printf("%s: %u passed, %u failed, %u skipped\n", folder, totals.passed, totals.failed,
           totals.skipped);
    return totals.failed != 0;
}
