/* The genuine reports of the folder SEVKIT_REAL (default ../shared/real), which are never part of this tree:
 * its index.json says what each is, how it reads and which certificates verify it. */
#ifndef VERIFIER_REAL_H
#define VERIFIER_REAL_H

#include <jansson.h>

#include "verifier/verifier.h"

/* The reports of the index that are marked verified. */
struct real_set {
    json_t *index;
    size_t count;
    const json_t *entries[64];
};

/* Skips the test when the folder is missing. */
SEVKIT_MUST bool real_open(struct suite_ctx *ctx, struct real_set *set);
void real_close(struct real_set *set);

/* A report of the set with its certificates, at a time inside its leaf's validity. */
SEVKIT_MUST bool real_world(struct suite_ctx *ctx, const json_t *entry,
                            struct verifier_world *world);

/* A member of ENTRY that is a string; "" if it is not there. */
const char *real_text(const json_t *entry, const char *member);

/* Reads a certificate of the folder. */
SEVKIT_MUST bool real_der(struct suite_ctx *ctx, const char *path, struct pki_der *der);

/* Calls BODY for each verified report, with its path as the instance, until one stops the test. */
void real_each(struct suite_ctx *ctx,
               void (*body)(struct suite_ctx *ctx, const json_t *entry, void *data), void *data);

#endif
