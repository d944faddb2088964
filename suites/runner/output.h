/* What a run says: lines for people or TAP on stdout, JSON lines for programs. Each line is flushed.
 * Design sections 4 and 5. */
#ifndef SUITE_OUTPUT_H
#define SUITE_OUTPUT_H

#include <stdio.h>

#include "runner/machine.h"
#include "runner/options.h"
#include "runner/registry.h"

#define SUITE_LAST_WORDS_MAX 4096

struct suite_output {
    FILE *text; /* NULL when JSON goes to stdout */
    bool tap;
    FILE *json; /* NULL without --json */
    size_t tests;
    size_t done;
    unsigned counts[SUITE_VERDICT_COUNT];
    /* What to write when the running test does not come back. */
    char last_text[SUITE_LAST_WORDS_MAX];
    char last_json[SUITE_LAST_WORDS_MAX];
};

/* Opens the outputs. False, with a message on stderr, if --json's file cannot be written. */
SEVKIT_MUST bool suite_output_open(struct suite_output *out, const struct suite_options *options);

/* Flushes and closes. False if something could not be written. */
SEVKIT_MUST bool suite_output_close(struct suite_output *out);

/* One test of --list. */
void suite_output_list(struct suite_output *out, const struct suite_entry *entry);

/* MACHINE: a real one; NULL otherwise. */
void suite_output_run(struct suite_output *out, const struct suite_options *options,
                      const struct target *target, const struct suite_machine *machine,
                      size_t tests);

/* Also prepares last_text and last_json: the lines of a TIMEOUT after SECONDS. */
void suite_output_start(struct suite_output *out, const struct suite_entry *entry,
                        unsigned seconds);
void suite_output_result(struct suite_output *out, const struct suite_entry *entry,
                         enum suite_verdict verdict, const char *reason, double milliseconds);
void suite_output_end(struct suite_output *out);

#endif
