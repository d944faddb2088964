/* Values of well-known extensions: RFC 5280, sections 4.2.1.1, 4.2.1.2, 4.2.1.3 and 4.2.1.9, with
 * AMD's key usage (certificate notes, section 1.2). */
#include "crypto/algorithms.h"
#include "crypto/der.h"
#include "crypto/x509.h"

#define AKI_KEY_ID 0x80   /* [0] IMPLICIT OCTET STRING */
#define USAGE_BYTES_MAX 2 /* nine bits are defined */

struct sevkit_result crypto_basic_constraints_decode(struct crypto_span value,
                                                     struct crypto_basic_constraints *out) {
    struct crypto_tlv sequence, ca, path_length;
    if (!crypto_der_only(value, CRYPTO_DER_SEQUENCE, &sequence))
        return crypto_refused(SEVKIT_BAD_ENCODING, "basicConstraints", "a SEQUENCE");
    *out = (struct crypto_basic_constraints){.ca = false, .path_length = -1};
    struct crypto_span rest = sequence.content;
    if (crypto_der_take(&rest, CRYPTO_DER_BOOLEAN, &ca)) {
        if (ca.content.size != 1 || ca.content.bytes[0] != 0xFF)
            return crypto_refused(SEVKIT_BAD_ENCODING, "basicConstraints.cA", "TRUE, or left out");
        out->ca = true;
    }
    if (crypto_der_take(&rest, CRYPTO_DER_INTEGER, &path_length)) {
        if (path_length.content.size != 1 || path_length.content.bytes[0] > 0x7F)
            return crypto_refused(SEVKIT_BAD_VALUE, "basicConstraints.pathLenConstraint",
                                  "0 to 127");
        out->path_length = path_length.content.bytes[0];
    }
    if (rest.size > 0)
        return crypto_refused(SEVKIT_BAD_ENCODING, "basicConstraints",
                              "cA and pathLenConstraint only");
    return sevkit_success();
}

struct sevkit_result crypto_key_usage_decode(struct crypto_span value, uint32_t *bits) {
    struct crypto_tlv tlv;
    if (!crypto_der_only(value, CRYPTO_DER_BIT_STRING, &tlv))
        return crypto_refused(SEVKIT_BAD_ENCODING, "keyUsage", "a BIT STRING");
    const struct crypto_span content = tlv.content;
    if (content.size < 2 || content.size > 1 + USAGE_BYTES_MAX || content.bytes[0] > 7)
        return crypto_refused(SEVKIT_BAD_ENCODING, "keyUsage", "1 to 16 bits");
    const unsigned unused = content.bytes[0];
    if ((content.bytes[content.size - 1] & ((1u << unused) - 1)) != 0)
        return crypto_refused(SEVKIT_BAD_ENCODING, "keyUsage", "unused bits are zero");
    *bits = 0;
    for (size_t i = 0; i < 8 * (content.size - 1); i++)
        if (content.bytes[1 + i / 8] & 0x80u >> i % 8) *bits |= UINT32_C(1) << i;
    return sevkit_success();
}

struct sevkit_result crypto_subject_key_id_decode(struct crypto_span value,
                                                  struct crypto_span *id) {
    struct crypto_tlv tlv;
    if (!crypto_der_only(value, CRYPTO_DER_OCTET_STRING, &tlv))
        return crypto_refused(SEVKIT_BAD_ENCODING, "subjectKeyIdentifier", "an OCTET STRING");
    *id = tlv.content;
    return sevkit_success();
}

struct sevkit_result crypto_authority_key_id_decode(struct crypto_span value,
                                                    struct crypto_span *id) {
    struct crypto_tlv sequence, key_id;
    if (!crypto_der_only(value, CRYPTO_DER_SEQUENCE, &sequence) ||
        !crypto_der_only(sequence.content, AKI_KEY_ID, &key_id))
        return crypto_refused(SEVKIT_BAD_ENCODING, "authorityKeyIdentifier",
                              "a SEQUENCE of only a keyIdentifier");
    *id = key_id.content;
    return sevkit_success();
}
