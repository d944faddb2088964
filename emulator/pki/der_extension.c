/* See der_extension.h; encodings: certificate notes, section 1.2. */
#include "pki/der_extension.h"

#include "crypto/digest.h"

#define KEY_IDENTIFIER 0x80 /* [0] of AuthorityKeyIdentifier */

void pki_extension_write(struct pki_der_writer *w, enum pki_extension_arc arc, bool critical,
                         const uint8_t *value, size_t size) {
    const uint8_t oid[] = {0x55, 0x1D, (uint8_t)arc};
    const uint8_t yes = 0xFF;
    const size_t extension = pki_der_open(w, PKI_DER_SEQUENCE);
    pki_der_value(w, PKI_DER_OID, oid, sizeof oid);
    if (critical) pki_der_value(w, PKI_DER_BOOLEAN, &yes, 1);
    pki_der_value(w, PKI_DER_OCTET_STRING, value, size);
    pki_der_close(w, extension);
}

static SEVKIT_MUST struct sevkit_result key_id(const struct crypto_rsa_key *key,
                                               uint8_t id[CRYPTO_SHA1_SIZE]) {
    const struct crypto_span pkcs1 = crypto_rsa_key_pkcs1(key);
    return crypto_sha1(pkcs1.bytes, pkcs1.size, id);
}

struct sevkit_result pki_extension_write_subject_key_id(struct pki_der_writer *w,
                                                        const struct crypto_rsa_key *key) {
    uint8_t value[2 + CRYPTO_SHA1_SIZE] = {PKI_DER_OCTET_STRING, CRYPTO_SHA1_SIZE};
    SEVKIT_TRY(key_id(key, value + 2)); /* @req SNP-CERT-014 */
    pki_extension_write(w, PKI_EXT_SUBJECT_KEY_ID, false, value, sizeof value);
    return sevkit_success();
}

struct sevkit_result pki_extension_write_authority_key_id(struct pki_der_writer *w,
                                                          const struct crypto_rsa_key *issuer) {
    uint8_t value[4 + CRYPTO_SHA1_SIZE] = {PKI_DER_SEQUENCE, 2 + CRYPTO_SHA1_SIZE, KEY_IDENTIFIER,
                                           CRYPTO_SHA1_SIZE};
    SEVKIT_TRY(key_id(issuer, value + 4)); /* @req SNP-CERT-014 */
    pki_extension_write(w, PKI_EXT_AUTHORITY_KEY_ID, false, value, sizeof value);
    return sevkit_success();
}
