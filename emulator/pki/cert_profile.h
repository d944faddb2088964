/* The rules of form of AMD's certificates, each certificate by itself (certificate notes, sections
 * 1.1 to 1.3), and of one certificate under another. LABEL ("ARK", "ASK", "VCEK") begins the field
 * of a failure: "ASK.basicConstraints". */
#ifndef PKI_CERT_PROFILE_H
#define PKI_CERT_PROFILE_H

#include "pki/cert.h"
#include "pki/stage_rules.h"

/* Section 1.1: version, signature algorithm, names. */
SEVKIT_MUST struct sevkit_result pki_check_common(const struct pki_cert *cert, const char *label);

/* The algorithm of a certificate or CRL: inner and outer alike, form A or B. */
SEVKIT_MUST struct sevkit_result pki_check_algorithm(struct crypto_span inner,
                                                     struct crypto_span outer, const char *label);

/* Section 1.2: key, basicConstraints, keyUsage, nothing critical beside them. ROLE: ARK, ASK,
 * ASVK. */
SEVKIT_MUST struct sevkit_result pki_check_ca(const struct pki_cert *cert, enum pki_role role,
                                              const char *label);

/* Section 1.3: a P-384 key and no rights of a CA. The AMD extensions are pki_cert_leaf_info's. */
SEVKIT_MUST struct sevkit_result pki_check_leaf(const struct pki_cert *cert, const char *label);

/* Both ends of the validity are inside it. RULE: whose validity. */
SEVKIT_MUST struct sevkit_result pki_check_validity(const struct pki_cert *cert, int64_t at,
                                                    enum pki_rule rule, const char *label);

/* CERT names ISSUER's subject as its issuer, byte for byte, and ISSUER's key signed it. RULE: which
 * signature. */
SEVKIT_MUST struct sevkit_result pki_check_issued(const struct pki_cert *cert,
                                                  const struct pki_cert *issuer, enum pki_rule rule,
                                                  const char *label);

#endif
