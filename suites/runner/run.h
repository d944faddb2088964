/* Runs the chosen tests through CUnit. */
#ifndef SUITE_RUN_H
#define SUITE_RUN_H

#include "runner/output.h"

/* Runs or lists what OPTIONS choose of REGISTRY; returns the exit code. */
int suite_run(const struct suite_options *options, const struct suite_registry *registry);

#endif
