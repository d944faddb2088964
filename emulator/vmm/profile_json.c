/* See profile_json.h. */
#include "vmm/profile_json.h"

#include <stdio.h>
#include <string.h>

struct vmm_json vmm_json_member(const struct vmm_json *object, const char *name) {
    struct vmm_json member = *object;
    const size_t used = strlen(member.path);
    member.value = json_object_get(object->value, name);
    /* Cut at the end, as sevkit_fail does. */
    snprintf(member.path + used, sizeof member.path - used, "%s%s", used ? "." : "", name);
    return member;
}

struct vmm_json vmm_json_element(const struct vmm_json *array, size_t index) {
    struct vmm_json element = *array;
    const size_t used = strlen(element.path);
    element.value = json_array_get(array->value, index);
    snprintf(element.path + used, sizeof element.path - used, "[%zu]", index);
    return element;
}

struct sevkit_result vmm_json_fail(const struct vmm_json *value, enum sevkit_code code,
                                   uint64_t number, const char *rule) {
    /* The document itself, and a member whose name is empty, have no path. */
    const char *field = value->path[0] != 0 ? value->path : "json";
    return sevkit_fail(code, field, SEVKIT_NO_OFFSET, number, rule);
}

static bool is_listed(const char *name, const char *const *list) {
    for (; list != NULL && *list != NULL; list++) {
        if (strcmp(name, *list) == 0) return true;
    }
    return false;
}

struct sevkit_result vmm_json_members(const struct vmm_json *value, const char *const *required,
                                      const char *const *optional) {
    if (!json_is_object(value->value)) {
        return vmm_json_fail(value, SEVKIT_BAD_ENCODING, 0, "must be an object");
    }
    for (const char *const *name = required; *name != NULL; name++) {
        const struct vmm_json member = vmm_json_member(value, *name);
        if (member.value != NULL) continue;
        return vmm_json_fail(&member, SEVKIT_NOT_FOUND, 0, "must be present");
    }
    const char *name;
    json_t *ignored;
    json_object_foreach(value->value, name, ignored) {
        if (is_listed(name, required) || is_listed(name, optional)) continue;
        const struct vmm_json member = vmm_json_member(value, name);
        return vmm_json_fail(&member, SEVKIT_BAD_VALUE, 0, "no such member is defined here");
    }
    return sevkit_success();
}

struct sevkit_result vmm_json_array(const struct vmm_json *value, size_t max, size_t *count) {
    if (!json_is_array(value->value)) {
        return vmm_json_fail(value, SEVKIT_BAD_ENCODING, 0, "must be an array");
    }
    *count = json_array_size(value->value);
    if (*count > max) {
        return vmm_json_fail(value, SEVKIT_LIMIT, *count, "has more elements than allowed");
    }
    return sevkit_success();
}

struct sevkit_result vmm_json_bool(const struct vmm_json *value, bool *out) {
    if (!json_is_boolean(value->value)) {
        return vmm_json_fail(value, SEVKIT_BAD_ENCODING, 0, "must be true or false");
    }
    *out = json_is_true(value->value);
    return sevkit_success();
}

struct sevkit_result vmm_json_integer(const struct vmm_json *value, uint64_t min, uint64_t max,
                                      uint64_t *out) {
    if (!json_is_integer(value->value)) {
        return vmm_json_fail(value, SEVKIT_BAD_ENCODING, 0, "must be an integer");
    }
    const json_int_t number = json_integer_value(value->value);
    *out = (uint64_t)number;
    if (number < 0 || *out < min || *out > max) {
        return vmm_json_fail(value, SEVKIT_BAD_VALUE, *out, "is out of range");
    }
    return sevkit_success();
}

/* The value of a lower-case hex digit, or 16. */
static unsigned hex_digit(char c) {
    if (c >= '0' && c <= '9') return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f') return (unsigned)(c - 'a') + 10;
    return 16;
}

struct sevkit_result vmm_json_hex(const struct vmm_json *value, uint64_t max, uint64_t *out) {
    static const char rule[] = "must be a string 0x and 1 to 16 lower-case hex digits";
    const char *text = json_string_value(value->value);
    if (text == NULL || strncmp(text, "0x", 2) != 0) {
        return vmm_json_fail(value, SEVKIT_BAD_ENCODING, 0, rule);
    }
    const size_t digits = strlen(text + 2);
    if (digits == 0 || digits > 16) return vmm_json_fail(value, SEVKIT_BAD_ENCODING, digits, rule);
    *out = 0;
    for (const char *p = text + 2; *p != 0; p++) {
        if (hex_digit(*p) == 16) return vmm_json_fail(value, SEVKIT_BAD_ENCODING, 0, rule);
        *out = *out << 4 | hex_digit(*p);
    }
    if (*out > max) return vmm_json_fail(value, SEVKIT_BAD_VALUE, *out, "is out of range");
    return sevkit_success();
}

struct sevkit_result vmm_json_bytes(const struct vmm_json *value, uint8_t *out, size_t size) {
    const char *text = json_string_value(value->value);
    if (text == NULL) {
        return vmm_json_fail(value, SEVKIT_BAD_ENCODING, 0, "must be a string of hex digits");
    }
    if (strlen(text) != 2 * size) {
        return vmm_json_fail(value, SEVKIT_BAD_LENGTH, strlen(text),
                             "has the wrong number of hex digits");
    }
    for (size_t i = 0; i < size; i++) {
        const unsigned high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        if (high == 16 || low == 16) {
            return vmm_json_fail(value, SEVKIT_BAD_ENCODING, i, "must be lower-case hex digits");
        }
        out[i] = (uint8_t)(high << 4 | low);
    }
    return sevkit_success();
}

struct sevkit_result vmm_json_text(const struct vmm_json *value, char *out, size_t capacity) {
    const char *text = json_string_value(value->value);
    if (text == NULL) return vmm_json_fail(value, SEVKIT_BAD_ENCODING, 0, "must be a string");
    const size_t length = strlen(text);
    if (length == 0 || length >= capacity) {
        return vmm_json_fail(value, SEVKIT_BAD_LENGTH, length, "is empty or too long");
    }
    for (const char *p = text; *p != 0; p++) {
        if (*p >= 0x20 && *p <= 0x7E) continue;
        return vmm_json_fail(value, SEVKIT_BAD_ENCODING, (unsigned char)*p,
                             "must be printable ASCII");
    }
    memcpy(out, text, length + 1);
    return sevkit_success();
}
