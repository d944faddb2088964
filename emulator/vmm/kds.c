/* AMD's key distribution service. Certificate notes, section 3.
 *
 * The CA certificates and CRLs of every product line are there; VCEKs are those of the profile's chip, and
 * of its neighbours where the scenario migrates. A client that asks too often is not throttled but by a
 * scenario: what real throttling counts is not known well enough. */
#include "sevkit/kds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/certs.h"
#include "vmm/kds_request.h"

#define OK 200u
#define UNAUTHORIZED 401u
#define NOT_FOUND 404u
#define METHOD_NOT_ALLOWED 405u
#define TOO_MANY_REQUESTS 429u
#define RETRY_AFTER 10 /* seconds: the same arguments once in ten, according to AMD */

struct vmm_kds {
    struct sevkit_profile profile;
    struct sevkit_scenario scenario;
    struct sevkit_env env;
    struct pki_roots *roots[ABI_PRODUCT_TURIN + 1]; /* by product; NULL until asked for */
    uint64_t answered;                              /* GETs so far */
};

struct sevkit_result vmm_kds_new(const struct sevkit_profile *profile,
                                 const struct sevkit_scenario *scenario,
                                 const struct sevkit_env *env, struct vmm_kds **kds) {
    struct vmm_kds *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return sevkit_fail(SEVKIT_NO_MEMORY, "kds", SEVKIT_NO_OFFSET, sizeof *made,
                           "memory for the key distribution service");
    }
    made->profile = *profile;
    made->scenario = *scenario;
    made->env = *env;
    *kds = made;
    return sevkit_success();
}

void vmm_kds_free(struct vmm_kds *kds) {
    if (kds == NULL) return;
    for (size_t i = 0; i < sizeof kds->roots / sizeof kds->roots[0]; i++) {
        pki_roots_free(kds->roots[i]);
    }
    free(kds);
}

/* ---- bodies ---- */

static void answer_status(struct vmm_kds_answer *answer, unsigned status) {
    answer->status = status;
    answer->content_type = "text/plain";
    answer->retry_after = status == TOO_MANY_REQUESTS ? RETRY_AFTER : 0;
    const int size = snprintf((char *)answer->body, sizeof answer->body, "error %u\n", status);
    answer->size = (size_t)size;
}

static void answer_der(struct vmm_kds_answer *answer, const struct pki_der *der) {
    answer->status = OK;
    answer->content_type = "application/octet-stream";
    answer->size = der->size;
    memcpy(answer->body, der->bytes, der->size);
}

_Static_assert(PKI_DER_MAX <= VMM_KDS_BODY_MAX, "a certificate fits in the body");

static SEVKIT_MUST struct sevkit_result append_pem(struct vmm_kds_answer *answer,
                                                   const struct pki_der *der) {
    char *end = (char *)answer->body + answer->size;
    const size_t room = sizeof answer->body - answer->size;
    SEVKIT_TRY(pki_pem(der->bytes, der->size, end, room)); /* @req KDS-014 */
    answer->size += strlen(end);
    return sevkit_success();
}

static SEVKIT_MUST struct sevkit_result answer_chain(const struct pki_roots *roots, bool vlek,
                                                     struct vmm_kds_answer *answer) {
    struct pki_der ca, ark;
    if (vlek) {
        SEVKIT_TRY(pki_mint_asvk(roots, &ca)); /* @req KDS-003 */
    } else {
        SEVKIT_TRY(pki_mint_ask(roots, &ca)); /* @req KDS-002 */
    }
    SEVKIT_TRY(pki_mint_ark(roots, &ark));
    answer->status = OK;
    answer->content_type = "application/x-pem-file";
    SEVKIT_TRY(append_pem(answer, &ca)); /* @req KDS-002, KDS-003 */
    return append_pem(answer, &ark);
}

/* ---- what the service knows ---- */

/* All but the last byte alike: where a migration may lead (vmm_misbehave_next_chip). */
static bool is_neighbour(const struct sevkit_scenario *scenario, const uint8_t *hwid,
                         const uint8_t *chip_id, size_t size) {
    if (memcmp(hwid, chip_id, size - 1) != 0 || hwid[size - 1] == 0) return false;
    for (size_t i = 0; i < scenario->fault_count; i++) {
        if (scenario->faults[i].kind == SEVKIT_FAULT_MIGRATE) return true;
    }
    return false;
}

static bool knows_chip(const struct vmm_kds *kds, const struct vmm_kds_request *request) {
    const struct sevkit_profile *p = &kds->profile;
    const size_t size = abi_hwid_size(p->product);
    if (request->product != p->product) return false; /* @req KDS-016 */
    if (memcmp(request->hwid, p->chip_id, size) == 0) return true;
    return is_neighbour(&kds->scenario, request->hwid, p->chip_id, size); /* @req KDS-016 */
}

/* Up to the current TCB; where the scenario updates it, with any microcode. */
static bool knows_tcb(const struct vmm_kds *kds, uint64_t tcb) {
    const struct sevkit_profile *p = &kds->profile;
    uint64_t max = p->current_tcb;
    for (size_t i = 0; i < kds->scenario.fault_count; i++) {
        if (kds->scenario.faults[i].kind != SEVKIT_FAULT_TCB_UPDATE) continue;
        max |= UINT64_C(0xFF) << 56; /* microcode is the last byte in every layout */
    }
    return abi_tcb_le(tcb, max); /* @req KDS-016 */
}

static SEVKIT_MUST struct sevkit_result answer_vcek(struct vmm_kds *kds,
                                                    const struct pki_roots *roots,
                                                    const struct vmm_kds_request *request,
                                                    struct vmm_kds_answer *answer) {
    const struct pki_leaf leaf = {
        .product = request->product,
        .product_name = kds->profile.product_name,
        .tcb = request->tcb,
        .hwid = request->hwid,
        .hwid_size = abi_hwid_size(request->product),
    };
    struct pki_der der;
    const struct sevkit_result r =
        vmm_mint_leaf(roots, &leaf, kds->scenario.leaf, kds->env.now(kds->env.ctx), &der);
    if (r.code == SEVKIT_NOT_FOUND) { /* an older one than TCB 0 */
        answer_status(answer, NOT_FOUND);
        return sevkit_success();
    }
    SEVKIT_TRY(r);
    answer_der(answer, &der); /* @req KDS-004, KDS-019 */
    return sevkit_success();
}

static SEVKIT_MUST struct sevkit_result answer_request(struct vmm_kds *kds,
                                                       const struct vmm_kds_request *request,
                                                       struct vmm_kds_answer *answer) {
    struct pki_roots **roots = &kds->roots[request->product];
    struct pki_der crl;
    if (request->what == VMM_KDS_VLEK) {     /* no guest has the credentials of a CSP */
        answer_status(answer, UNAUTHORIZED); /* @req KDS-005 */
        return sevkit_success();
    }
    if (request->what == VMM_KDS_VCEK) {
        const bool known = knows_chip(kds, request) && knows_tcb(kds, request->tcb);
        if (!known) { /* @req KDS-016 */
            answer_status(answer, NOT_FOUND);
            return sevkit_success();
        }
    }
    if (*roots == NULL) SEVKIT_TRY(pki_roots_new(request->product, roots));
    switch (request->what) {
    case VMM_KDS_CHAIN: return answer_chain(*roots, request->vlek, answer);
    case VMM_KDS_CRL:
        /* One list for both branches: the ARK signs ASK and ASVK alike. */
        SEVKIT_TRY(vmm_mint_crl(*roots, &kds->scenario, kds->env.now(kds->env.ctx), &crl));
        answer_der(answer, &crl); /* @req KDS-006, KDS-007 */
        return sevkit_success();
    case VMM_KDS_VCEK: return answer_vcek(kds, *roots, request, answer);
    case VMM_KDS_VLEK: break;
    }
    abort();
}

/* ---- answers ---- */

static SEVKIT_MUST struct sevkit_result answer_get(struct vmm_kds *kds, const char *target,
                                                   struct vmm_kds_answer *answer) {
    struct vmm_kds_request request;
    const unsigned status = vmm_kds_request_read(target, &request);
    if (status == OK) return answer_request(kds, &request, answer);
    answer_status(answer, status);
    return sevkit_success();
}

struct sevkit_result vmm_kds_get(struct vmm_kds *kds, const char *method, const char *target,
                                 struct vmm_kds_answer *answer) {
    memset(answer, 0, sizeof *answer);
    if (strcmp(method, "GET") != 0) { /* @req KDS-001 */
        answer_status(answer, METHOD_NOT_ALLOWED);
        answer->sent = answer->size;
        return sevkit_success();
    }
    const struct sevkit_scenario *s = &kds->scenario;
    const bool fault = kds->answered < s->kds_count;
    const enum sevkit_kds_kind kind = fault ? s->kds : SEVKIT_KDS_NORMAL;
    kds->answered++;
    if (kind == SEVKIT_KDS_STATUS) {
        answer_status(answer, (unsigned)s->kds_value);
    } else {
        SEVKIT_TRY(answer_get(kds, target, answer));
    }
    answer->sent = answer->size;
    if (kind == SEVKIT_KDS_SLOW) answer->delay_ms = s->kds_value;
    if (kind == SEVKIT_KDS_TRUNCATED && s->kds_value < answer->size) {
        answer->sent = (size_t)s->kds_value;
    }
    return sevkit_success();
}
