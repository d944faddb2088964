/* Verdicts and how they count. Design section 5. */
#include "runner/verdict.h"

#include <stdlib.h>

const char *suite_verdict_name(enum suite_verdict verdict) {
    switch (verdict) {
    case SUITE_PASS: return "PASS";
    case SUITE_FAIL: return "FAIL";
    case SUITE_WARN: return "WARN";
    case SUITE_SKIP: return "SKIP";
    case SUITE_NOTTEST: return "NOTTEST";
    case SUITE_XFAIL: return "XFAIL";
    case SUITE_XPASS: return "XPASS";
    case SUITE_KFAIL: return "KFAIL";
    case SUITE_ERROR: return "ERROR";
    case SUITE_TIMEOUT: return "TIMEOUT";
    }
    abort(); /* not one of the enumerators: a bug of the runner */
}

enum suite_outcome suite_verdict_outcome(enum suite_verdict verdict) {
    switch (verdict) {
    case SUITE_PASS:
    case SUITE_WARN:
    case SUITE_XFAIL:
    case SUITE_KFAIL: return SUITE_PASSED;
    case SUITE_FAIL:
    case SUITE_XPASS:
    case SUITE_ERROR:
    case SUITE_TIMEOUT: return SUITE_FAILED;
    case SUITE_SKIP:
    case SUITE_NOTTEST: return SUITE_SKIPPED;
    }
    abort(); /* not one of the enumerators: a bug of the runner */
}
