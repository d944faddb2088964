/* Certificates under a scenario, for the host's table and the key distribution service. Private to
 * vmm/. */
#ifndef SEVKIT_VMM_CERTS_H
#define SEVKIT_VMM_CERTS_H

#include "sevkit/pki.h"
#include "sevkit/scenario.h"

/* The certificate for LEAF at NOW, as KIND has it; LEAF's not_before is not looked at. SEVKIT_NOT_FOUND
 * where an older TCB is wanted and LEAF's is 0. */
SEVKIT_MUST struct sevkit_result vmm_mint_leaf(const struct pki_roots *roots,
                                               const struct pki_leaf *leaf,
                                               enum sevkit_leaf_kind kind, int64_t now,
                                               struct pki_der *out);

/* The CRL of SCENARIO at NOW. */
SEVKIT_MUST struct sevkit_result vmm_mint_crl(const struct pki_roots *roots,
                                              const struct sevkit_scenario *scenario, int64_t now,
                                              struct pki_der *out);

#endif
