/* PEM text of a certificate (RFC 7468): 64 columns, LF, as the KDS chains are stored
 * (certificate notes, section 3). */
#include <string.h>

#include "sevkit/pki.h"

#define COLUMNS 64

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char begin[] = "-----BEGIN CERTIFICATE-----\n";
static const char end[] = "-----END CERTIFICATE-----\n";

/* Four characters for the 1 to 3 bytes at IN. */
static void encode_group(const uint8_t *in, size_t size, char out[4]) {
    uint32_t bits = (uint32_t)in[0] << 16;
    if (size > 1) bits |= (uint32_t)in[1] << 8;
    if (size > 2) bits |= in[2];
    out[0] = alphabet[bits >> 18];
    out[1] = alphabet[bits >> 12 & 0x3F];
    out[2] = size > 1 ? alphabet[bits >> 6 & 0x3F] : '=';
    out[3] = size > 2 ? alphabet[bits & 0x3F] : '=';
}

/* Bytes of the text, its zero byte included. */
static size_t pem_size(size_t der_size) {
    const size_t characters = (der_size / 3 + (der_size % 3 != 0)) * 4;
    const size_t lines = characters / COLUMNS + (characters % COLUMNS != 0);
    return sizeof begin - 1 + characters + lines + sizeof end;
}

struct sevkit_result pki_pem(const uint8_t *der, size_t der_size, char *out, size_t capacity) {
    if (der_size > SIZE_MAX / 4 || pem_size(der_size) > capacity)
        return sevkit_fail(SEVKIT_LIMIT, "PEM", SEVKIT_NO_OFFSET, capacity,
                           "the text does not fit in this many bytes");

    char *p = out;
    memcpy(p, begin, sizeof begin - 1);
    p += sizeof begin - 1;
    for (size_t done = 0, column = 0; done < der_size; done += 3) {
        encode_group(der + done, der_size - done, p);
        p += 4;
        column += 4;
        if (column == COLUMNS || der_size - done <= 3) {
            *p++ = '\n';
            column = 0;
        }
    }
    memcpy(p, end, sizeof end);
    return sevkit_success();
}
