/* struct sevkit_result: making and printing failures. */
#include "sevkit/result.h"

#include <stdio.h>
#include <string.h>

struct sevkit_result sevkit_fail(enum sevkit_code code, const char *field, size_t offset,
                                 uint64_t value, const char *rule) {
    struct sevkit_result r = {.code = code, .rule = rule, .offset = offset, .value = value};
    strncpy(r.field, field, sizeof r.field - 1);
    return r;
}

const char *sevkit_code_name(enum sevkit_code code) {
    switch (code) {
    case SEVKIT_OK: return "ok";
    case SEVKIT_BAD_LENGTH: return "bad-length";
    case SEVKIT_BAD_VALUE: return "bad-value";
    case SEVKIT_RESERVED: return "reserved";
    case SEVKIT_BAD_ENCODING: return "bad-encoding";
    case SEVKIT_BAD_CRYPTO: return "bad-crypto";
    case SEVKIT_NOT_FOUND: return "not-found";
    case SEVKIT_LIMIT: return "limit";
    case SEVKIT_NO_MEMORY: return "no-memory";
    case SEVKIT_INTERNAL: return "internal";
    }
    return "unknown";
}

/* A field may carry a name out of a file: it does not get to steer the terminal. */
static void make_printable(char *text) {
    for (; *text != 0; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7F) *text = '?';
    }
}

void sevkit_result_text(const struct sevkit_result *r, char *out, size_t size) {
    if (sevkit_ok(*r)) {
        snprintf(out, size, "ok");
    } else if (r->offset == SEVKIT_NO_OFFSET) {
        snprintf(out, size, "%s: value 0x%llx; rule: %s", r->field, (unsigned long long)r->value,
                 r->rule);
    } else {
        snprintf(out, size, "%s at 0x%zx: value 0x%llx; rule: %s", r->field, r->offset,
                 (unsigned long long)r->value, r->rule);
    }
    make_printable(out);
}
