/* What a client of the key distribution service does: the ops kds_url and kds_body. Certificate notes, section 3. */
#ifndef VECTORS_KDS_CLIENT_H
#define VECTORS_KDS_CLIENT_H

#include "sevkit/kds.h"
#include "vectors/vectors.h"

#define KDS_PATH_MAX 256

/* The path of a VCEK with its query: lower case, two digits at least. HWID: abi_hwid_size(PRODUCT) bytes. */
void kds_vcek_path(enum abi_product product, const uint8_t *hwid, const struct abi_tcb_parts *tcb,
                   char out[KDS_PATH_MAX]);

/* The path of the VCEK that CERT is; false if it says none. */
SEVKIT_MUST bool kds_path_of_cert(const struct pki_cert *cert, char out[KDS_PATH_MAX]);

/* The time that the case says: input.at. */
SEVKIT_MUST bool kds_time(struct suite_ctx *ctx, struct vector_case *c, int64_t *at);

/* What sevkit's service on PRODUCT's chip HWID, whose TCB is TCB, answers on 2026-01-01. */
SEVKIT_MUST bool kds_ask(struct suite_ctx *ctx, enum abi_product product, const uint8_t *hwid,
                         uint64_t tcb, const char *method, const char *path,
                         struct vmm_kds_answer *answer);

#endif
