/* What a leaf's key and its certificate both demand of a struct pki_leaf. */
#ifndef PKI_LEAF_H
#define PKI_LEAF_H

#include "sevkit/pki.h"

#define PKI_CSP_ID_MAX 100

/* True for a VLEK. */
bool pki_leaf_is_vlek(const struct pki_leaf *leaf);

/* Who signs: product, TCB, and the chip's or the CSP's id. Fields of failures: "product", "tcb"
 * (with the offset of the reserved byte), "hwid", "csp_id". */
SEVKIT_MUST struct sevkit_result pki_leaf_check(const struct pki_leaf *leaf);

#endif
