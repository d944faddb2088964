/* Judging a CRL for one chain (certificate notes, section 3, "CRL facts"; RFC 5280, section 5). */
#ifndef PKI_CRL_H
#define PKI_CRL_H

#include "pki/cert.h"

/* BYTES are a CRL (DER or PEM) of ARK, current at AT, that lists none of ARK, CA and LEAF. */
SEVKIT_MUST struct sevkit_result pki_crl_check(const uint8_t *bytes, size_t size,
                                               const struct pki_cert *ark,
                                               const struct pki_cert *ca,
                                               const struct pki_cert *leaf, int64_t at);

#endif
