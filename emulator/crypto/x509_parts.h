/* What certificates and CRLs have in common: a signed SEQUENCE, names, times, extensions. Internal to
 * crypto/. */
#ifndef CRYPTO_X509_PARTS_H
#define CRYPTO_X509_PARTS_H

#include <openssl/x509.h>

#include "crypto/der.h"
#include "crypto/x509.h"

/* SEQUENCE { tbs, algorithm, signature }, the frame of both (RFC 5280, 4.1 and 5.1). */
struct crypto_signed {
    struct crypto_span tbs;         /* with its header */
    struct crypto_span tbs_content; /* without */
    struct crypto_span algorithm;
    struct crypto_span signature;
};

/* The rules that need no knowledge of the content: DER, frame, whole bytes in the signature. */
SEVKIT_MUST struct sevkit_result crypto_signed_read(struct crypto_span der, const char *field,
                                                    struct crypto_signed *out);

/* Verifies the signature over tbs with ISSUER's key. */
SEVKIT_MUST struct sevkit_result crypto_signed_verify(struct crypto_span tbs,
                                                      struct crypto_span signature,
                                                      const struct crypto_x509 *issuer);

/* Lists the attributes of NAME, whose bytes in the input are DER. NAME stays the owner of the values;
 * free with crypto_name_free, also after a failure. */
SEVKIT_MUST struct sevkit_result crypto_name_read(const X509_NAME *name, struct crypto_span der,
                                                  const char *field, struct crypto_name *out);
void crypto_name_free(struct crypto_name *name);

/* Lists STACK, which may be NULL and stays the owner of the values; free with crypto_extensions_free,
 * also after a failure. */
SEVKIT_MUST struct sevkit_result crypto_extensions_read(const STACK_OF(X509_EXTENSION) * stack,
                                                        struct crypto_extensions *out);
void crypto_extensions_free(struct crypto_extensions *extensions);

/* UTCTime YYMMDDhhmmssZ or GeneralizedTime YYYYMMDDhhmmssZ (RFC 5280, 4.1.2.5) as seconds since 1970.
 */
SEVKIT_MUST struct sevkit_result crypto_time_read(const ASN1_TIME *time, const char *field,
                                                  int64_t *seconds);

/* True if SIZE bytes at ENCODED, which i2d made, are DER's. Frees ENCODED. */
bool crypto_reencoded_equal(unsigned char *encoded, int size, struct crypto_span der);

#endif
