/* Reading vectors/cases/: members, and the bytes that a reference stands for. vectors/schema/cases.schema.json. */
#include "vectors/file.h"

#include <stdlib.h>
#include <string.h>

#include "sevkit/bytes.h"

/* ---- memory of a case ---- */

struct vector_memory {
    struct vector_memory *next;
    uint8_t bytes[];
};

void *vector_alloc(struct vector_case *c, size_t size) {
    struct vector_memory *m = calloc(1, sizeof *m + size + 1);
    if (m == NULL) abort(); /* a few KiB of test data */
    m->next = c->memory;
    c->memory = m;
    return m->bytes;
}

void vector_case_forget(struct vector_case *c) {
    while (c->memory != NULL) {
        struct vector_memory *next = c->memory->next;
        free(c->memory);
        c->memory = next;
    }
}

/* ---- files ---- */

/* The last file that was parsed: rows come file by file. */
static struct {
    const struct vector_file *file;
    json_t *root;
} cache;

static void drop_cache(void) {
    json_decref(cache.root);
    cache.root = NULL;
}

static struct sevkit_result load(const struct vector_file *file) {
    if (cache.file == file) return sevkit_success();
    json_error_t error;
    if (cache.file == NULL) (void)atexit(drop_cache);
    drop_cache();
    cache.file = NULL;
    cache.root =
        json_loadb(file->text, (size_t)(file->end - file->text), JSON_REJECT_DUPLICATES, &error);
    if (cache.root == NULL)
        return sevkit_fail(SEVKIT_BAD_ENCODING, file->name, (size_t)error.position,
                           (uint64_t)error.line, "must be JSON (value: the line)");
    cache.file = file;
    return sevkit_success();
}

bool vector_case_open(struct suite_ctx *ctx, const struct vector_row *row, struct vector_case *c) {
    *c = (struct vector_case){0};
    if (!suite_setup(ctx, "vectors", load(row->file))) return false;
    const json_t *object = json_array_get(json_object_get(cache.root, "cases"), row->index);
    c->requirement = json_object_get(object, "requirement");
    c->input = json_object_get(object, "input");
    c->expect = json_object_get(object, "expect");
    c->blobs = json_object_get(cache.root, "blobs");
    return vector_text(ctx, object, "id", &c->id);
}

/* ---- members ---- */

static bool refuse(struct suite_ctx *ctx, const char *name, const char *rule) {
    return suite_setup(ctx, "vectors",
                       sevkit_fail(SEVKIT_BAD_VALUE, name, SEVKIT_NO_OFFSET, 0, rule));
}

const json_t *vector_find(const struct vector_case *c, const char *path) {
    const json_t *at = c->input;
    for (const char *p = path; at != NULL && *p != 0;) {
        const size_t size = strcspn(p, ".");
        char name[64] = "";
        if (size < sizeof name) memcpy(name, p, size);
        at = json_object_get(at, name);
        p += size + (p[size] == '.');
    }
    return at;
}

bool vector_text(struct suite_ctx *ctx, const json_t *object, const char *name, const char **out) {
    *out = json_string_value(json_object_get(object, name));
    return *out != NULL || refuse(ctx, name, "must be a string");
}

static bool parse_number(const json_t *value, uint64_t *out) {
    if (json_is_integer(value) && json_integer_value(value) >= 0) {
        *out = (uint64_t)json_integer_value(value);
        return true;
    }
    const char *text = json_string_value(value);
    if (text == NULL || strncmp(text, "0x", 2) != 0) return false;
    const size_t digits = strlen(text + 2);
    if (digits == 0 || digits > 16 || strspn(text + 2, "0123456789abcdefABCDEF") != digits)
        return false;
    *out = strtoull(text + 2, NULL, 16);
    return true;
}

bool vector_number(struct suite_ctx *ctx, const json_t *object, const char *name, uint64_t *out) {
    *out = 0;
    return parse_number(json_object_get(object, name), out) ||
           refuse(ctx, name, "must be a number, or 0x and 1 to 16 hex digits");
}

bool vector_number_or(struct suite_ctx *ctx, const json_t *object, const char *name,
                      uint64_t otherwise, uint64_t *out) {
    *out = otherwise;
    return json_object_get(object, name) == NULL || vector_number(ctx, object, name, out);
}

bool vector_flag_or(struct suite_ctx *ctx, const json_t *object, const char *name, bool otherwise,
                    bool *out) {
    const json_t *value = json_object_get(object, name);
    *out = value == NULL ? otherwise : json_is_true(value);
    return value == NULL || json_is_boolean(value) || refuse(ctx, name, "must be true or false");
}

bool vector_hex(struct suite_ctx *ctx, const json_t *object, const char *name, uint8_t *out,
                size_t size) {
    const char *text = json_string_value(json_object_get(object, name));
    return (text != NULL && strlen(text) == 2 * size && abi_hex_bytes(text, out, size) == size) ||
           refuse(ctx, name, "must be hex of the member's size");
}

/* ---- bytes ---- */

static int base64_digit(char c) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c == 0 ? NULL : strchr(digits, c);
    return at == NULL ? -1 : (int)(at - digits);
}

static bool base64(struct suite_ctx *ctx, struct vector_case *c, const json_t *value,
                   struct vector_bytes *out) {
    const char *text = json_string_value(value);
    const size_t size = text == NULL ? 1 : strlen(text);
    if (size % 4 != 0) return refuse(ctx, "base64", "must be base64");
    uint8_t *bytes = vector_alloc(c, size / 4 * 3);
    size_t count = 0, padding = 0;
    for (size_t i = 0; i < size; i += 4) {
        uint32_t group = 0;
        for (size_t j = 0; j < 4; j++) {
            const int digit = base64_digit(text[i + j]);
            const bool pad =
                text[i + j] == '=' && i + 4 == size && (j == 3 || (j == 2 && text[i + 3] == '='));
            if (digit < 0 && !pad) return refuse(ctx, "base64", "must be base64");
            padding += pad;
            group = group << 6 | (pad ? 0 : (uint32_t)digit);
        }
        for (size_t j = 0; j < 3; j++) bytes[count++] = (uint8_t)(group >> (16 - 8 * j));
    }
    *out = (struct vector_bytes){bytes, count - padding};
    return true;
}

#define PATCH_RULE "[at, count, hex] inside the blob, in order, without overlap"

/* The base with PATCH applied. */
static bool patched(struct suite_ctx *ctx, struct vector_case *c, const json_t *patch,
                    struct vector_bytes base, struct vector_bytes *out) {
    size_t size = base.size, done = 0, at = 0;
    for (size_t i = 0; i < json_array_size(patch); i++)
        size += json_string_length(json_array_get(json_array_get(patch, i), 2)) / 2;
    uint8_t *bytes = vector_alloc(c, size);
    for (size_t i = 0; i < json_array_size(patch); i++) {
        const json_t *entry = json_array_get(patch, i);
        const json_t *numbers[] = {json_array_get(entry, 0), json_array_get(entry, 1)};
        const json_int_t from = json_integer_value(numbers[0]);
        const json_int_t count = json_integer_value(numbers[1]);
        const char *hex = json_string_value(json_array_get(entry, 2));
        const size_t start = (size_t)from, gone = (size_t)count;
        if (!json_is_integer(numbers[0]) || !json_is_integer(numbers[1]) || hex == NULL ||
            from < 0 || count < 0 || start < done || start > base.size || gone > base.size - start)
            return refuse(ctx, "patch", PATCH_RULE);
        memcpy(bytes + at, base.bytes + done, start - done);
        at += start - done;
        if (abi_hex_bytes(hex, bytes + at, strlen(hex) / 2) != strlen(hex) / 2)
            return refuse(ctx, "patch", PATCH_RULE);
        at += strlen(hex) / 2;
        done = start + gone;
    }
    memcpy(bytes + at, base.bytes + done, base.size - done);
    *out = (struct vector_bytes){bytes, at + base.size - done};
    return true;
}

bool vector_bytes_of(struct suite_ctx *ctx, struct vector_case *c, const json_t *value,
                     struct vector_bytes *out) {
    const char *name = json_string_value(json_object_get(value, "blob"));
    const json_t *patch = json_object_get(value, "patch");
    const json_t *whole =
        name == NULL ? json_object_get(value, "base64") : json_object_get(c->blobs, name);
    struct vector_bytes base;
    if (!base64(ctx, c, whole, &base)) return false;
    if (patch != NULL) return patched(ctx, c, patch, base, out);
    *out = base;
    return true;
}

bool vector_bytes(struct suite_ctx *ctx, struct vector_case *c, const char *path,
                  struct vector_bytes *out) {
    return vector_bytes_of(ctx, c, vector_find(c, path), out);
}

/* ---- what was seen ---- */

bool vector_seen(struct suite_ctx *ctx, const struct vector_case *c, bool valid, const char *kind,
                 const char *value) {
    char rule[192];
    if (valid) return suite_check(ctx, "result", c->valid, "must be refused");
    (void)snprintf(rule, sizeof rule, "must be accepted, was refused: %s", value);
    if (!suite_check(ctx, "result", !c->valid, rule)) return false;
    const char *wanted = json_string_value(json_object_get(c->expect, kind));
    (void)snprintf(rule, sizeof rule, "wanted %s, was %s", wanted == NULL ? "nothing" : wanted,
                   value);
    return suite_check(ctx, kind, wanted != NULL && strcmp(wanted, value) == 0, rule);
}

bool vector_rule(struct suite_ctx *ctx, const struct vector_case *c, const char *id) {
    char rule[128];
    (void)snprintf(rule, sizeof rule, "the case's own, was %s", id);
    bool found = false;
    for (size_t i = 0; i < json_array_size(c->requirement); i++)
        found |= strcmp(json_string_value(json_array_get(c->requirement, i)), id) == 0;
    return suite_check(ctx, "requirement", found, rule);
}

bool vector_output_hex(struct suite_ctx *ctx, const json_t *object, const char *name,
                       const void *got, size_t size) {
    if (json_object_get(object, name) == NULL) return true;
    uint8_t *wanted = malloc(size + 1);
    if (wanted == NULL) abort(); /* a few bytes of test data */
    const bool good = vector_hex(ctx, object, name, wanted, size) &&
                      suite_bytes(ctx, name, wanted, got, size, "as the file says");
    free(wanted);
    return good;
}

bool vector_output_number(struct suite_ctx *ctx, const json_t *object, const char *name,
                          uint64_t got) {
    uint64_t wanted;
    if (json_object_get(object, name) == NULL) return true;
    return vector_number(ctx, object, name, &wanted) &&
           suite_equal(ctx, name, wanted, got, "as the file says");
}

bool vector_output_text(struct suite_ctx *ctx, const json_t *object, const char *name,
                        const char *got) {
    const char *wanted;
    char rule[192];
    if (json_object_get(object, name) == NULL) return true;
    if (!vector_text(ctx, object, name, &wanted)) return false;
    (void)snprintf(rule, sizeof rule, "wanted %s, was %s", wanted, got);
    return suite_check(ctx, name, strcmp(wanted, got) == 0, rule);
}
