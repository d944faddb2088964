/* Walking DER (ITU-T X.690) as far as crypto/ needs it beside OpenSSL: finding a part's own bytes, and
 * refusing lengths that only BER allows. Internal to crypto/. */
#ifndef CRYPTO_DER_H
#define CRYPTO_DER_H

#include "crypto/span.h"
#include "sevkit/result.h"

#define CRYPTO_DER_BOOLEAN 0x01
#define CRYPTO_DER_INTEGER 0x02
#define CRYPTO_DER_BIT_STRING 0x03
#define CRYPTO_DER_OCTET_STRING 0x04
#define CRYPTO_DER_UTC_TIME 0x17
#define CRYPTO_DER_GENERALIZED_TIME 0x18
#define CRYPTO_DER_SEQUENCE 0x30
#define CRYPTO_DER_CONTEXT_0 0xA0 /* constructed */
#define CRYPTO_DER_CONTEXT_1 0x81 /* primitive */
#define CRYPTO_DER_CONTEXT_2 0x82 /* primitive */

struct crypto_tlv {
    uint8_t tag;
    struct crypto_span whole; /* header and content */
    struct crypto_span content;
};

/* Takes the first element off REST. False, and REST untouched, if there is none or its header is not
 * DER: tag number above 30, indefinite length, length that is not minimal or does not fit. */
bool crypto_der_next(struct crypto_span *rest, struct crypto_tlv *tlv);

/* As crypto_der_next, but only an element with TAG. */
bool crypto_der_take(struct crypto_span *rest, uint8_t tag, struct crypto_tlv *tlv);

/* BYTES is one element with TAG and nothing else. */
bool crypto_der_only(struct crypto_span bytes, uint8_t tag, struct crypto_tlv *tlv);

/* BYTES is one element, and every header inside it is DER, down through constructed encodings. The
 * failure, at FIELD, has the place of the first header that is not. */
SEVKIT_MUST struct sevkit_result crypto_der_check(struct crypto_span bytes, const char *field);

#endif
