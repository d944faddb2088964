/* The list of all tests, checked once at start-up. */
#ifndef SUITE_REGISTRY_H
#define SUITE_REGISTRY_H

#include "runner/suite.h"

struct suite_entry {
    const struct suite_area *area;
    const struct suite_test *test;
};

struct suite_registry {
    size_t count;
    struct suite_entry *entries;      /* in the order of areas.def */
    const struct suite_entry **by_id; /* the same, in the order of their ids */
};

/* Collects the tests. Fails, with the test's id as field, on a table that breaks a rule: id not of the
 * form AREA.TOPIC.CASE, the same id twice, no title, no requirement, a positive test with a twin, a
 * negative one without or whose twin is not a positive test. */
SEVKIT_MUST struct sevkit_result suite_registry_load(struct suite_registry *registry);
void suite_registry_free(struct suite_registry *registry);

/* False for a name that no area has. */
bool suite_registry_has_area(const char *name);

/* NULL for an unknown id. */
const struct suite_entry *suite_registry_find(const struct suite_registry *registry,
                                              const char *id);

#endif
