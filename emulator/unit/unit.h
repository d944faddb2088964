/* The frame of the unit tests of internals: CUnit's assertions, one main for all folders.
 *
 * A test file ends with a `const struct unit_suite` and the folder's tests/main.c lists the suites:
 *
 *     int main(int argc, char **argv) { return unit_main(argc, argv, "abi", suites); }
 *
 * A test that asserts nothing fails. */
#ifndef SEVKIT_UNIT_H
#define SEVKIT_UNIT_H

#include <CUnit/CUnit.h>

#include "sevkit/result.h"

struct unit_test {
    const char *name; /* "report-round-trip"; NULL ends the table */
    void (*run)(void);
};

struct unit_suite {
    const char *name; /* the file's topic */
    const struct unit_test *tests;
};

/* Runs every suite (the table ends with a NULL pointer), prints a line a test and, last, "FOLDER: N
 * passed, N failed, N skipped". --json FILE also writes one JSON object a test and line:
 * {"id","verdict","reason","duration_ms"}. --filter TEXT runs the tests whose id holds TEXT. Returns the
 * exit code: 0, 1 if a test failed, 2 for bad usage. */
int unit_main(int argc, char **argv, const char *folder, const struct unit_suite *const *suites);

/* Ends the running test as skipped; REASON is static. Return from the test after it. */
void unit_skip(const char *reason);

/* Passes if EXPR, a struct sevkit_result, is a success; prints its text otherwise. */
#define UNIT_OK(expr) CU_ASSERT(unit_ok(expr))
/* Passes if EXPR failed with CODE at FIELD (NULL: any field). */
#define UNIT_FAILS(expr, code, field) CU_ASSERT(unit_fails(expr, code, field))
/* Passes if SIZE bytes are equal; prints the first difference otherwise. */
#define UNIT_BYTES(a, b, size) CU_ASSERT(unit_bytes(a, b, size))

bool unit_ok(struct sevkit_result r);
bool unit_fails(struct sevkit_result r, enum sevkit_code code, const char *field);
bool unit_bytes(const void *a, const void *b, size_t size);

/* Reads hex (an even number of digits, spaces allowed) into OUT; returns the byte count. Aborts on bad
 * hex or too much of it: a test's own constant is wrong then. */
size_t unit_hex(const char *hex, uint8_t *out, size_t capacity);

#endif
