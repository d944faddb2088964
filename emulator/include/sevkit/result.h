/* Our own failures: bad bytes, bad configuration, bad use. Firmware statuses are data (status.h) and
 * never travel in this type.
 *
 * A function that can fail returns a struct sevkit_result by value; the compiler refuses to drop it.
 * A failure names the field, its byte offset, the value found and the rule that it breaks. On failure
 * an output parameter is left unspecified unless its function says more. */
#ifndef SEVKIT_RESULT_H
#define SEVKIT_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEVKIT_MUST __attribute__((warn_unused_result))

/* The offset of a failure that has no place in a byte string. */
#define SEVKIT_NO_OFFSET SIZE_MAX

enum sevkit_code {
    SEVKIT_OK = 0,
    SEVKIT_BAD_LENGTH,   /* too short, too long, or a length field that does not fit */
    SEVKIT_BAD_VALUE,    /* a defined field with a value outside its rule */
    SEVKIT_RESERVED,     /* a reserved field that must be zero is not */
    SEVKIT_BAD_ENCODING, /* not the format at all: JSON, DER, PEM, hex */
    SEVKIT_BAD_CRYPTO,   /* a tag or signature that does not verify */
    SEVKIT_NOT_FOUND,    /* something named is not there */
    SEVKIT_LIMIT,        /* a fixed capacity of the emulator is used up */
    SEVKIT_NO_MEMORY,
    SEVKIT_INTERNAL, /* a primitive failed that cannot fail on valid input */
};

struct sevkit_result {
    enum sevkit_code code;
    const char *rule; /* static text: what would have been right */
    size_t offset;    /* bytes from the start of the input, or SEVKIT_NO_OFFSET */
    uint64_t value;   /* the value found, where it is a number */
    char field[64];   /* the spec's name of the field, "" on success */
};

static inline bool sevkit_ok(struct sevkit_result r) {
    return r.code == SEVKIT_OK;
}

static inline SEVKIT_MUST struct sevkit_result sevkit_success(void) {
    return (struct sevkit_result){.code = SEVKIT_OK, .offset = SEVKIT_NO_OFFSET};
}

/* Builds a failure. FIELD is copied and cut at 63 bytes; RULE must be static. */
SEVKIT_MUST struct sevkit_result sevkit_fail(enum sevkit_code code, const char *field,
                                             size_t offset, uint64_t value, const char *rule);

/* One line for people: "SIGNATURE_ALGO at 0x34: value 0x2; rule: must be 1 (...)". Always ends in a
 * zero byte; cut at SIZE. */
void sevkit_result_text(const struct sevkit_result *r, char *out, size_t size);

/* The code's name in lower case: "bad-length". Never NULL. */
const char *sevkit_code_name(enum sevkit_code code);

/* Returns from the calling function when EXPR fails. */
#define SEVKIT_TRY(expr)                                                                           \
    do {                                                                                           \
        const struct sevkit_result sevkit_try_ = (expr);                                           \
        if (!sevkit_ok(sevkit_try_)) return sevkit_try_;                                           \
    } while (0)

#endif
