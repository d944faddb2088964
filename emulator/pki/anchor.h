/* The keys that snp-verify trusts by itself (design, section 4). */
#ifndef PKI_ANCHOR_H
#define PKI_ANCHOR_H

#include "crypto/span.h"
#include "sevkit/verify.h"

/* Whose ARK has this SubjectPublicKeyInfo: PKI_ANCHOR_AMD, PKI_ANCHOR_TEST, or PKI_ANCHOR_NONE. */
SEVKIT_MUST struct sevkit_result pki_anchor_find(struct crypto_span spki, enum pki_anchor *anchor);

#endif
