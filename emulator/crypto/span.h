/* A view of bytes that somebody else owns. */
#ifndef CRYPTO_SPAN_H
#define CRYPTO_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct crypto_span {
    const uint8_t *bytes; /* may be NULL when SIZE is 0 */
    size_t size;
};

/* True if both hold the same bytes. Public data only: not constant time. */
static inline bool crypto_span_equal(struct crypto_span a, struct crypto_span b) {
    return a.size == b.size && (a.size == 0 || memcmp(a.bytes, b.bytes, a.size) == 0);
}

#endif
