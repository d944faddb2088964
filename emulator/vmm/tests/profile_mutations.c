/* Every member of the default profile deleted, doubled and replaced by every JSON type, and the text cut
 * and spoilt at every byte: always a refusal that names the place, never a crash. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/text_file.h"
#include "sevkit/profile.h"
#include "unit/unit.h"

static const char *default_text(void) {
    const struct sevkit_text_file *file = vmm_profile_files;
    while (file->name != NULL && strcmp(file->name, SEVKIT_PROFILE_DEFAULT) != 0) file++;
    if (file->name == NULL) abort();
    return file->text;
}

static char *dump(const json_t *root) {
    char *text = json_dumps(root, JSON_COMPACT);
    if (text == NULL) abort();
    return text;
}

static struct sevkit_result parse_tree(const json_t *root) {
    struct sevkit_profile p;
    char *text = dump(root);
    const struct sevkit_result r = vmm_profile_parse(text, strlen(text), &p);
    free(text);
    return r;
}

/* Members that may be absent. */
static bool is_optional(const char *path) {
    const char *dot = strrchr(path, '.');
    const bool is_register = strncmp(path, "cpuid_policy[", 13) == 0 && dot != NULL &&
                             (strcmp(dot, ".eax") == 0 || strcmp(dot, ".ebx") == 0 ||
                              strcmp(dot, ".ecx") == 0 || strcmp(dot, ".edx") == 0);
    return strcmp(path, "$schema") == 0 || is_register;
}

static bool starts_with(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static void try_deleted(const json_t *root, json_t *object, const char *name, const char *path) {
    json_t *value = json_incref(json_object_get(object, name));
    json_object_del(object, name);
    if (is_optional(path)) {
        UNIT_OK(parse_tree(root));
    } else {
        UNIT_FAILS(parse_tree(root), SEVKIT_NOT_FOUND, path);
    }
    json_object_set_new(object, name, value);
}

/* Puts a marker in the member's place and writes the member twice over the marker. */
static void try_doubled(const json_t *root, json_t *object, const char *name) {
    static const char marker[] = "\"@@\"";
    json_t *value = json_incref(json_object_get(object, name));
    json_object_set_new(object, name, json_string("@@"));
    char *text = dump(root);
    char *member = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    char *at = strstr(text, marker);
    if (member == NULL || at == NULL) abort();
    const size_t size = strlen(text) + 2 * strlen(member) + strlen(name) + 16;
    char *doubled = malloc(size);
    if (doubled == NULL) abort();
    *at = 0;
    snprintf(doubled, size, "%s%s,\"%s\":%s%s", text, member, name, member, at + sizeof marker - 1);
    struct sevkit_profile p;
    UNIT_FAILS(vmm_profile_parse(doubled, strlen(doubled), &p), SEVKIT_BAD_ENCODING, "json");
    free(doubled);
    free(member);
    free(text);
    json_object_set_new(object, name, value);
}

/* Another type is refused at the member or, for an empty object, at what it lacks. Numbers out of every
 * range are refused too. An array may become empty where its length is free. */
static void try_replaced(const json_t *root, json_t *object, const char *name, const char *path) {
    static const char *const replacements[] = {
        "null", "true", "-1", "4611686018427387904", "1.5", "\"\"", "\"0y\"", "[]", "{}", "[{}]"};
    json_t *value = json_incref(json_object_get(object, name));
    for (size_t i = 0; i < sizeof replacements / sizeof replacements[0]; i++) {
        json_t *other = json_loads(replacements[i], JSON_DECODE_ANY, NULL);
        if (other == NULL) abort();
        const bool same_type = json_typeof(other) == json_typeof(value) && !json_is_number(other);
        const bool is_null_block = json_is_null(other) && strcmp(path, "guest.id_block") == 0;
        const bool is_bool = json_is_boolean(other) && json_is_boolean(value);
        json_object_set_new(object, name, other);
        const struct sevkit_result r = parse_tree(root);
        if (!same_type && !is_null_block && !is_bool) {
            CU_ASSERT(!sevkit_ok(r));
            CU_ASSERT(starts_with(r.field, path));
        } else {
            CU_ASSERT(sevkit_ok(r) || r.field[0] != 0);
        }
    }
    json_object_set_new(object, name, value);
}

static void walk(const json_t *root, json_t *value, const char *path);

static void walk_object(const json_t *root, json_t *object, const char *path) {
    /* The members change while they are tried, so their names are taken first. */
    const char *names[32];
    size_t count = 0;
    const char *name;
    json_t *ignored;
    json_object_foreach(object, name, ignored) {
        names[count++] = strdup(name);
    }
    for (size_t i = 0; i < count; i++) {
        char below[96];
        snprintf(below, sizeof below, "%s%s%s", path, path[0] ? "." : "", names[i]);
        try_deleted(root, object, names[i], below);
        try_doubled(root, object, names[i]);
        try_replaced(root, object, names[i], below);
        walk(root, json_object_get(object, names[i]), below);
        free((char *)names[i]);
    }
}

static void walk(const json_t *root, json_t *value, const char *path) {
    if (json_is_object(value)) walk_object(root, value, path);
    for (size_t i = 0; i < json_array_size(value); i++) {
        char below[96];
        snprintf(below, sizeof below, "%s[%zu]", path, i);
        walk(root, json_array_get(value, i), below);
    }
}

static void test_members(void) {
    json_t *root = json_loads(default_text(), JSON_REJECT_DUPLICATES, NULL);
    if (root == NULL) abort();
    UNIT_OK(parse_tree(root));
    walk(root, root, "");
    UNIT_OK(parse_tree(root));
    json_decref(root);
}

static void test_truncated(void) {
    const char *text = default_text();
    const size_t end = (size_t)(strrchr(text, '}') - text);
    struct sevkit_profile p;
    for (size_t size = 0; size <= end; size++) {
        /* An exact copy, so that a sanitizer sees a read past the end. */
        char *cut = malloc(size + 1);
        if (cut == NULL) abort();
        char *start = cut + 1;
        memcpy(start, text, size);
        UNIT_FAILS(vmm_profile_parse(start, size, &p), SEVKIT_BAD_ENCODING, "json");
        free(cut);
    }
    UNIT_OK(vmm_profile_parse(text, end + 1, &p));
}

static void test_spoilt_bytes(void) {
    static const char spoilers[] = {0, '"', '9', '\xFF'};
    const size_t size = strlen(default_text());
    char *text = strdup(default_text());
    if (text == NULL) abort();
    struct sevkit_profile p;
    for (size_t i = 0; i < size; i++) {
        const char original = text[i];
        for (size_t j = 0; j < sizeof spoilers; j++) {
            text[i] = spoilers[j];
            const struct sevkit_result r = vmm_profile_parse(text, size, &p);
            CU_ASSERT(sevkit_ok(r) || (r.field[0] != 0 && r.rule != NULL));
        }
        text[i] = original;
    }
    UNIT_OK(vmm_profile_parse(text, size, &p));
    free(text);
}

#define LIMIT ((size_t)256 * 1024)

static void test_size_limit(void) {
    char *text = malloc(LIMIT + 1);
    if (text == NULL) abort();
    memset(text, ' ', LIMIT + 1);
    memcpy(text, default_text(), strlen(default_text()));
    struct sevkit_profile p;
    UNIT_OK(vmm_profile_parse(text, LIMIT, &p));
    UNIT_FAILS(vmm_profile_parse(text, LIMIT + 1, &p), SEVKIT_BAD_LENGTH, "json");
    free(text);
}

static void test_deep_nesting(void) {
    char *text = malloc(LIMIT);
    if (text == NULL) abort();
    struct sevkit_profile p;
    memset(text, '[', LIMIT);
    UNIT_FAILS(vmm_profile_parse(text, LIMIT, &p), SEVKIT_BAD_ENCODING, "json");
    for (size_t i = 0; i + 5 <= LIMIT; i += 5) memcpy(text + i, "{\"a\":", 5);
    UNIT_FAILS(vmm_profile_parse(text, LIMIT, &p), SEVKIT_BAD_ENCODING, "json");
    free(text);
}

static const struct unit_test tests[] = {
    {"members", test_members},           {"truncated", test_truncated},
    {"spoilt-bytes", test_spoilt_bytes}, {"size-limit", test_size_limit},
    {"deep-nesting", test_deep_nesting}, {NULL, NULL},
};

const struct unit_suite profile_mutations_suite = {"profile-mutations", tests};
