/* The standard X.509 extensions (arcs below 2.5.29) that CA certificates and CRLs share. */
#ifndef PKI_DER_EXTENSION_H
#define PKI_DER_EXTENSION_H

#include "crypto/rsa.h"
#include "pki/der.h"

enum pki_extension_arc { /* below 2.5.29 */
                         PKI_EXT_SUBJECT_KEY_ID = 14,
                         PKI_EXT_KEY_USAGE = 15,
                         PKI_EXT_BASIC_CONSTRAINTS = 19,
                         PKI_EXT_CRL_NUMBER = 20,
                         PKI_EXT_CRL_DISTRIBUTION = 31,
                         PKI_EXT_AUTHORITY_KEY_ID = 35,
};

/* One extension whose extnValue holds VALUE. A non-critical one has no BOOLEAN, as DER wants it. */
void pki_extension_write(struct pki_der_writer *w, enum pki_extension_arc arc, bool critical,
                         const uint8_t *value, size_t size);

/* Key identifiers are the SHA-1 of KEY's PKCS#1 form; the authority's names nothing else. */
SEVKIT_MUST struct sevkit_result
pki_extension_write_subject_key_id(struct pki_der_writer *w, const struct crypto_rsa_key *key);
SEVKIT_MUST struct sevkit_result
pki_extension_write_authority_key_id(struct pki_der_writer *w, const struct crypto_rsa_key *issuer);

#endif
