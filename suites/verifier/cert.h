/* Certificates as they were minted: bytes that have to come in a certain order. Certificate notes. */
#ifndef VERIFIER_CERT_H
#define VERIFIER_CERT_H

#include "verifier/forge.h"

/* Asserts that BYTES occur in DER at or behind *AT, and moves *AT behind them. */
SEVKIT_MUST bool cert_next(struct suite_ctx *ctx, const struct pki_der *der, size_t *at,
                           const char *field, struct forge_bytes bytes);

/* As above for the characters of TEXT. */
SEVKIT_MUST bool cert_next_text(struct suite_ctx *ctx, const struct pki_der *der, size_t *at,
                                const char *field, const char *text);

/* Both AlgorithmIdentifiers: 72 bytes with the trailer, or 67 bytes without. */
SEVKIT_MUST bool cert_algorithm(struct suite_ctx *ctx, const struct pki_der *der, bool trailer);

/* A name of AMD's that ends in COMMON_NAME, at or behind *AT. */
SEVKIT_MUST bool cert_name(struct suite_ctx *ctx, const struct pki_der *der, size_t *at,
                           const char *common_name);

#endif
