/* Areas and the rules that their tables obey. Design section 6. */
#include "runner/registry.h"

#include <stdlib.h>
#include <string.h>

#define SUITE_AREA(name) extern const struct suite_area name##_area;
#include "runner/areas.def"
#undef SUITE_AREA

static const struct suite_area *const areas[] = {
#define SUITE_AREA(name) &name##_area,
#include "runner/areas.def"
#undef SUITE_AREA
};

#define AREA_COUNT (sizeof areas / sizeof areas[0])

static size_t area_size(const struct suite_area *area) {
    size_t count = area->count;
    for (size_t i = 0; area->parts != NULL && area->parts[i] != NULL; i++)
        count += area_size(area->parts[i]);
    return count;
}

/* Tests of a part carry the name of the AREA that it is part of. */
static void collect(struct suite_registry *registry, const struct suite_area *area,
                    const struct suite_area *table) {
    for (size_t i = 0; i < table->count; i++)
        registry->entries[registry->count++] = (struct suite_entry){area, &table->tests[i]};
    for (size_t i = 0; table->parts != NULL && table->parts[i] != NULL; i++)
        collect(registry, area, table->parts[i]);
}

static struct sevkit_result refuse(const char *id, const char *rule) {
    return sevkit_fail(SEVKIT_BAD_VALUE, id, SEVKIT_NO_OFFSET, 0, rule);
}

static bool id_has_form(const char *area, const char *id) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    const size_t size = strlen(area);
    if (strncmp(id, area, size) != 0 || id[size] != '.') return false;
    const char *topic = id + size + 1;
    const size_t topic_size = strspn(topic, letters);
    if (topic_size == 0 || topic[topic_size] != '.') return false;
    const char *rest = topic + topic_size + 1;
    return rest[0] != '\0' && strspn(rest, letters) == strlen(rest);
}

static struct sevkit_result check_twin(const struct suite_registry *registry,
                                       const struct suite_test *test) {
    if (test->kind == SUITE_POSITIVE) {
        if (test->twin != NULL) return refuse(test->id, "a positive test has no twin");
        return sevkit_success();
    }
    if (test->twin == NULL) return refuse(test->id, "a negative test must name its twin");
    const struct suite_entry *twin = suite_registry_find(registry, test->twin);
    if (twin == NULL || twin->test->kind != SUITE_POSITIVE)
        return refuse(test->id, "the twin must be the id of a positive test");
    return sevkit_success();
}

static struct sevkit_result check(const struct suite_registry *registry,
                                  const struct suite_entry *entry) {
    const struct suite_test *test = entry->test;
    if (!id_has_form(entry->area->name, test->id))
        return refuse(test->id, "an id must be AREA.TOPIC.CASE in lower case, digits and '-'");
    if (test->title == NULL || test->title[0] == '\0')
        return refuse(test->id, "a test must have a title");
    if (test->requirements == NULL || test->requirements[0] == NULL)
        return refuse(test->id, "a test must name a requirement");
    if (test->run == NULL) return refuse(test->id, "a test must have a function");
    return check_twin(registry, test);
}

static int order(const void *a, const void *b) {
    const struct suite_entry *const *x = a, *const *y = b;
    return strcmp((*x)->test->id, (*y)->test->id);
}

/* Thousands of tests, each looked up at every start of the program: a search in order. */
static struct sevkit_result index_ids(struct suite_registry *registry) {
    for (size_t i = 0; i < registry->count; i++) {
        const struct suite_entry *entry = &registry->entries[i];
        if (entry->test->id == NULL) return refuse(entry->area->name, "a test must have an id");
        registry->by_id[i] = entry;
    }
    qsort(registry->by_id, registry->count, sizeof registry->by_id[0], order);
    for (size_t i = 1; i < registry->count; i++)
        if (order(&registry->by_id[i - 1], &registry->by_id[i]) == 0)
            return refuse(registry->by_id[i]->test->id, "an id must occur once");
    return sevkit_success();
}

struct sevkit_result suite_registry_load(struct suite_registry *registry) {
    size_t count = 0;
    for (size_t i = 0; i < AREA_COUNT; i++) count += area_size(areas[i]);
    registry->count = 0;
    registry->entries = calloc(count, sizeof *registry->entries);
    registry->by_id = calloc(count, sizeof *registry->by_id);
    if (registry->entries == NULL || registry->by_id == NULL) {
        suite_registry_free(registry);
        return sevkit_fail(SEVKIT_NO_MEMORY, "registry", SEVKIT_NO_OFFSET, count, "out of memory");
    }
    for (size_t i = 0; i < AREA_COUNT; i++) collect(registry, areas[i], areas[i]);
    struct sevkit_result r = index_ids(registry);
    for (size_t i = 0; sevkit_ok(r) && i < registry->count; i++)
        r = check(registry, &registry->entries[i]);
    if (!sevkit_ok(r)) suite_registry_free(registry);
    return r;
}

void suite_registry_free(struct suite_registry *registry) {
    free(registry->entries);
    free(registry->by_id);
    registry->entries = NULL;
    registry->by_id = NULL;
    registry->count = 0;
}

bool suite_registry_has_area(const char *name) {
    for (size_t i = 0; i < AREA_COUNT; i++)
        if (strcmp(areas[i]->name, name) == 0) return true;
    return false;
}

static int compare(const void *id, const void *entry) {
    const struct suite_entry *const *e = entry;
    return strcmp(id, (*e)->test->id);
}

const struct suite_entry *suite_registry_find(const struct suite_registry *registry,
                                              const char *id) {
    const struct suite_entry **found =
        bsearch(id, registry->by_id, registry->count, sizeof registry->by_id[0], compare);
    return found == NULL ? NULL : *found;
}
