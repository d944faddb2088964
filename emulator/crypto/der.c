/* Walking DER: ITU-T X.690, sections 8.1 and 10.1. */
#include "crypto/der.h"

#define CONSTRUCTED 0x20
#define SEQUENCE 0x10
#define SET 0x11
#define TAG_NUMBER 0x1F  /* all ones: the number follows in more bytes */
#define LENGTH_LONG 0x80 /* the rest of the byte counts length bytes */
#define DEPTH_MAX 16     /* certificates and CRLs need 8 */

/* Reads the length after the tag. Returns the header's size, 0 if it is not DER. */
static size_t header_read(struct crypto_span in, size_t *length) {
    if (in.size < 2 || (in.bytes[0] & TAG_NUMBER) == TAG_NUMBER) return 0;
    if ((in.bytes[1] & LENGTH_LONG) == 0) {
        *length = in.bytes[1];
        return 2;
    }
    const size_t count = in.bytes[1] & (LENGTH_LONG - 1);
    if (count > sizeof(uint32_t) || count > in.size - 2) return 0;
    size_t value = 0;
    for (size_t i = 0; i < count; i++) value = value << 8 | in.bytes[2 + i];
    if (value < LENGTH_LONG || in.bytes[2] == 0) return 0; /* indefinite, or not the shortest */
    *length = value;
    return 2 + count;
}

bool crypto_der_next(struct crypto_span *rest, struct crypto_tlv *tlv) {
    size_t length;
    const size_t header = header_read(*rest, &length);
    if (header == 0 || length > rest->size - header) return false;
    tlv->tag = rest->bytes[0];
    tlv->whole = (struct crypto_span){rest->bytes, header + length};
    tlv->content = (struct crypto_span){rest->bytes + header, length};
    *rest = (struct crypto_span){rest->bytes + header + length, rest->size - header - length};
    return true;
}

bool crypto_der_take(struct crypto_span *rest, uint8_t tag, struct crypto_tlv *tlv) {
    return rest->size > 0 && rest->bytes[0] == tag && crypto_der_next(rest, tlv);
}

bool crypto_der_only(struct crypto_span bytes, uint8_t tag, struct crypto_tlv *tlv) {
    return crypto_der_take(&bytes, tag, tlv) && bytes.size == 0;
}

/* Checks every element of BYTES. On failure *AT is where the offending header starts. */
static bool elements_check(struct crypto_span bytes, unsigned depth, const uint8_t **at) {
    while (bytes.size > 0) {
        struct crypto_tlv tlv;
        *at = bytes.bytes;
        if (depth > DEPTH_MAX || !crypto_der_next(&bytes, &tlv)) return false;
        /* TRUE is FF; FALSE, the default of every BOOLEAN of a certificate, is left out. */
        if (tlv.tag == CRYPTO_DER_BOOLEAN &&
            (tlv.content.size != 1 || tlv.content.bytes[0] != 0xFF))
            return false;
        if (tlv.tag == SEQUENCE || tlv.tag == SET) return false; /* both are constructed */
        if ((tlv.tag & CONSTRUCTED) != 0 && !elements_check(tlv.content, depth + 1, at))
            return false;
    }
    return true;
}

struct sevkit_result crypto_der_check(struct crypto_span bytes, const char *field) {
    const uint8_t *at = bytes.bytes;
    struct crypto_tlv tlv;
    struct crypto_span rest = bytes;
    if (!crypto_der_next(&rest, &tlv))
        return sevkit_fail(SEVKIT_BAD_ENCODING, field, 0, 0, "one DER element");
    if (rest.size > 0)
        return sevkit_fail(SEVKIT_BAD_ENCODING, field, tlv.whole.size, rest.size,
                           "nothing after the DER element");
    if (!elements_check(bytes, 0, &at))
        return sevkit_fail(SEVKIT_BAD_ENCODING, field, (size_t)(at - bytes.bytes), *at,
                           "DER: constructed SEQUENCEs and SETs, definite minimal lengths that "
                           "fit, BOOLEANs of FF or left out");
    return sevkit_success();
}
