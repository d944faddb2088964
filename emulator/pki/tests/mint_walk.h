/* A strict DER walk for the minting tests, independent of the writer and of the readers under
 * test, and the mask over what a test certificate cannot share with AMD's: key, key ids,
 * signature. */
#ifndef PKI_TESTS_MINT_WALK_H
#define PKI_TESTS_MINT_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mint_tlv {
    unsigned tag;
    size_t start;   /* of the tag */
    size_t content; /* of the content */
    size_t end;     /* behind the content */
};

/* Reads the value at AT, which must end by END. False if it is malformed or its length not
 * minimal. */
bool mint_tlv_at(const uint8_t *der, size_t at, size_t end, struct mint_tlv *tlv);

/* The INDEXth value inside PARENT. */
bool mint_child(const uint8_t *der, const struct mint_tlv *parent, size_t index,
                struct mint_tlv *child);

/* Zeros the key bits, the key identifiers and the signature of a certificate. False if it is not
 * one. */
bool mint_mask(uint8_t *der, size_t size);

#endif
