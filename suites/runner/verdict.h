/* What a test came to. A type of its own, never an int, so that no return code is taken for a verdict.
 * Design section 5. */
#ifndef SUITE_VERDICT_H
#define SUITE_VERDICT_H

enum suite_verdict {
    SUITE_PASS,
    SUITE_FAIL,
    SUITE_WARN,    /* a SHOULD failed, or the right verdict for a wrong reason */
    SUITE_SKIP,    /* the target lacks what the test needs */
    SUITE_NOTTEST, /* a requirement that was not tested in this run */
    SUITE_XFAIL,   /* failed, and was expected to */
    SUITE_XPASS,   /* passed, although it was expected to fail */
    SUITE_KFAIL,   /* a known erratum of this firmware */
    SUITE_ERROR,   /* set-up failed: nothing is known about the requirement */
    SUITE_TIMEOUT,
};

#define SUITE_VERDICT_COUNT 10

/* How a verdict counts in the closing line and in the exit code. */
enum suite_outcome { SUITE_PASSED, SUITE_FAILED, SUITE_SKIPPED };

/* "PASS", "FAIL", ... Never NULL. */
const char *suite_verdict_name(enum suite_verdict verdict);

/* PASS, WARN, XFAIL, KFAIL: passed. FAIL, XPASS, ERROR, TIMEOUT: failed. SKIP, NOTTEST: skipped. */
enum suite_outcome suite_verdict_outcome(enum suite_verdict verdict);

#endif
