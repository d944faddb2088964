/* A guest's driver, as a case of the families device and response describes it, and its host, which answers hypercalls
 * from a script. The members are told in vectors/cases/device.json. */
#ifndef VECTORS_GUEST_H
#define VECTORS_GUEST_H

#include "sevkit/sev_guest.h"
#include "vectors/vectors.h"

struct vector_host {
    struct suite_ctx *ctx;
    struct vector_case *c;
    const json_t *script; /* of the step; NULL: no answers */
    size_t next;          /* the row that answers */
    uint64_t used;        /* of its times */
    unsigned plain, ext, waits;
    uint64_t npages; /* that the first extended call offered */
    bool differs;    /* the step's requests are not all the same */
    bool failed;     /* a call without an answer, or an answer that cannot be read */
    uint8_t request[ABI_PAGE_SIZE];
    uint64_t now;
};

struct vector_guest {
    struct vector_host host;
    enum drv_kernel kernel;
    unsigned vmpl;
    uint8_t secrets[ABI_PAGE_SIZE];
    struct drv_guest *driver; /* NULL until loaded */
};

/* Runs BODY on a fresh guest for each of the case's kernels, with nothing loaded yet. */
void vector_each_kernel(struct suite_ctx *ctx, struct vector_case *c,
                        void (*body)(struct suite_ctx *ctx, struct vector_case *c,
                                     struct vector_guest *guest));

/* Loads the module with this vmpck_id, in place of the one before. *RC: what its probe gives. */
SEVKIT_MUST bool vector_guest_load(struct suite_ctx *ctx, struct vector_guest *guest, int vmpck_id,
                                   long *rc);
/* The case's own vmpck_id. */
SEVKIT_MUST bool vector_guest_vmpck(struct suite_ctx *ctx, const struct vector_case *c,
                                    int *vmpck_id);

/* A step begins: the host answers from SCRIPT and has seen nothing. Afterwards: that it gave each answer once. */
void vector_host_begin(struct vector_guest *guest, const json_t *script);
SEVKIT_MUST bool vector_host_end(struct suite_ctx *ctx, const struct vector_guest *guest);

/* "EIO" for -EIO. */
const char *vector_errno(long rc);

/* Asserts that member NAME of OBJECT is the SHA-384 of the SIZE bytes at GOT. */
SEVKIT_MUST bool vector_output_digest(struct suite_ctx *ctx, const json_t *object, const char *name,
                                      const void *got, size_t size);

/* Asserts that member `request` of WANTED is the SHA-384 of the request page, which is the same in all hypercalls of
 * the step, and absent when there was none. */
SEVKIT_MUST bool vector_output_request(struct suite_ctx *ctx, const json_t *wanted,
                                       const struct vector_host *host);

/* Asserts the members `counter` and `wiped` of WANTED: the message counter of the VMPCK in use, and whether it is
 * lost. */
SEVKIT_MUST bool vector_output_state(struct suite_ctx *ctx, const json_t *wanted,
                                     const struct vector_guest *guest);

/* Why a careful client does not take RESPONSE, the 4000 bytes of a report or the 64 of a key: a field, or NULL.
 * USER_DATA: of the report's request, NULL for a key. */
const char *vector_distrust(const uint8_t *response, const uint8_t *user_data);

#endif
