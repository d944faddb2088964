/* PEM text (RFC 7468) that holds exactly one block. Internal to crypto/. */
#ifndef CRYPTO_PEM_H
#define CRYPTO_PEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sevkit/result.h"

struct crypto_pem {
    uint8_t *der; /* what the block holds; wiped and freed by crypto_pem_free */
    size_t size;
};

/* True if BYTES, after white space, start as PEM does: five hyphens. DER never does. */
bool crypto_pem_looks_like(const uint8_t *bytes, size_t size);

/* Reads text of one block LABEL, without PEM headers, with only white space around it. */
SEVKIT_MUST struct sevkit_result crypto_pem_decode(const uint8_t *bytes, size_t size,
                                                   const char *label, struct crypto_pem *pem);
void crypto_pem_free(struct crypto_pem *pem);

#endif
