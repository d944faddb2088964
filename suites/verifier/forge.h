/* Certificates and CRLs with one thing wrong, signed all the same with the published test keys of
 * vectors/keys/, so that nothing but that thing can be what refuses them. docs/test-keys.md. */
#ifndef VERIFIER_FORGE_H
#define VERIFIER_FORGE_H

#include "verifier/verifier.h"

enum forge_key { FORGE_ARK, FORGE_ASK, FORGE_ASVK };

/* Bytes in a test's table. */
struct forge_bytes {
    size_t size;
    const uint8_t *bytes;
};

#define FORGE(...)                                                                                 \
    (struct forge_bytes) {                                                                         \
        sizeof((const uint8_t[]){__VA_ARGS__}), (const uint8_t[]) {                                \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

/* Replaces the NTH (from 0) occurrence of OLD inside DER by NEW and writes the lengths around it anew.
 * ERROR if it is not there. */
SEVKIT_MUST bool forge_replace(struct suite_ctx *ctx, struct pki_der *der, struct forge_bytes old,
                               size_t nth, struct forge_bytes new);

/* Signs what stands first in DER (TBSCertificate or TBSCertList) and replaces its last 512 bytes:
 * RSASSA-PSS, SHA-384, salt of 48 bytes. SKIP where vectors/keys/ is not at hand. */
SEVKIT_MUST bool forge_sign(struct suite_ctx *ctx, enum abi_product product, enum forge_key key,
                            struct pki_der *der);

/* The whole value in DER that begins with the bytes PREFIX. */
SEVKIT_MUST bool forge_whole(struct suite_ctx *ctx, const struct pki_der *der,
                             struct forge_bytes prefix, struct forge_bytes *value);

/* ---- tests that forge one certificate ---- */

enum forge_which { FORGE_THE_LEAF, FORGE_THE_CA, FORGE_THE_ARK, FORGE_THE_CRL };

#define FORGE_EDITS 2

/* One instance. The value that begins with WHOLE (or the bytes OLD) is replaced by NEW; KEEP: NEW goes in
 * front of it. */
struct forge_row {
    const char *name; /* NULL ends a table */
    const char *profile;
    enum forge_which which;
    struct {
        struct forge_bytes old, new;
        size_t nth;
        bool whole, keep;
    } edit[FORGE_EDITS];
    enum pki_stage stage; /* PKI_STAGE_COUNT: accepted */
    const char *requirement;
};

void forge_run(struct suite_ctx *ctx);

#define FORGE_ACCEPT(ID, TITLE, ROWS, ...)                                                         \
    {                                                                                              \
        .id = "verifier." ID, .title = TITLE, .requirements = SUITE_REQ(__VA_ARGS__),              \
        .kind = SUITE_POSITIVE, .needs = VERIFIER_NEEDS, .run = forge_run, .row = ROWS             \
    }

#define FORGE_REFUSE(ID, TWIN, TITLE, ROWS, ...)                                                   \
    {                                                                                              \
        .id = "verifier." ID, .title = TITLE, .requirements = SUITE_REQ(__VA_ARGS__),              \
        .kind = SUITE_NEGATIVE, .twin = "verifier." TWIN, .needs = VERIFIER_NEEDS,                 \
        .run = forge_run, .row = ROWS                                                              \
    }

#endif
