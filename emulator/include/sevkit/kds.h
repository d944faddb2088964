/* AMD's key distribution service as a function from a request to an answer: what it knows of one machine,
 * and how it refuses. Certificate notes, section 5. A front end puts it behind HTTP; there is no I/O here.
 *
 * A kds belongs to one thread at a time. */
#ifndef SEVKIT_KDS_H
#define SEVKIT_KDS_H

#include "sevkit/env.h"
#include "sevkit/pki.h"
#include "sevkit/profile.h"
#include "sevkit/scenario.h"

#define VMM_KDS_HOST "kdsintf.amd.com"
#define VMM_KDS_BODY_MAX 0x4000

struct vmm_kds;

/* The service for PROFILE's chip (or CSP) and product line, in SCENARIO; both are copied. ENV tells the
 * time and outlives it. */
SEVKIT_MUST struct sevkit_result vmm_kds_new(const struct sevkit_profile *profile,
                                             const struct sevkit_scenario *scenario,
                                             const struct sevkit_env *env, struct vmm_kds **kds);
void vmm_kds_free(struct vmm_kds *kds);

struct vmm_kds_answer {
    unsigned status;          /* HTTP: 200, 400, 401, 404, 405, 429, 500 or what a scenario says */
    const char *content_type; /* static text */
    unsigned retry_after;     /* seconds, for 429; 0: no such header */
    uint64_t delay_ms;        /* the scenario's: answer that much later */
    size_t size;              /* of the whole body, the Content-Length */
    size_t sent;              /* bytes of it that are sent: less than SIZE in a truncated answer */
    uint8_t body[VMM_KDS_BODY_MAX];
};

/* Answers METHOD ("GET", "HEAD", ...) on TARGET, the request's path with its query:
 * "/vcek/v1/Genoa/cert_chain". A failure is ours (no memory, a primitive), never the client's. */
SEVKIT_MUST struct sevkit_result vmm_kds_get(struct vmm_kds *kds, const char *method,
                                             const char *target, struct vmm_kds_answer *answer);

#endif
