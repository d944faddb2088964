/* See der.h. Lengths: X.690 section 10.1, the fewest bytes. */
#include "pki/der.h"

#include <stdio.h>
#include <string.h>

#include "pki/der_time.h"

#define LENGTH_MAX 5 /* 1 + 4 bytes: more than any buffer of ours */

/* Writes the length bytes and returns how many. */
static size_t encode_length(size_t length, uint8_t out[LENGTH_MAX]) {
    if (length < 0x80) {
        out[0] = (uint8_t)length;
        return 1;
    }
    size_t count = 0;
    for (size_t rest = length; rest != 0; rest >>= 8) count++;
    out[0] = (uint8_t)(0x80 | count);
    for (size_t i = 0; i < count; i++) out[1 + i] = (uint8_t)(length >> 8 * (count - 1 - i));
    return 1 + count;
}

void pki_der_start(struct pki_der_writer *w, uint8_t *bytes, size_t capacity) {
    *w = (struct pki_der_writer){.bytes = bytes, .capacity = capacity};
}

void pki_der_raw(struct pki_der_writer *w, const void *bytes, size_t size) {
    if (w->overflow || size > w->capacity - w->size) {
        w->overflow = true;
        return;
    }
    if (size != 0) memcpy(w->bytes + w->size, bytes, size);
    w->size += size;
}

static void put_byte(struct pki_der_writer *w, unsigned byte) {
    const uint8_t b = (uint8_t)byte;
    pki_der_raw(w, &b, 1);
}

void pki_der_value(struct pki_der_writer *w, unsigned tag, const void *content, size_t size) {
    const size_t mark = pki_der_open(w, tag);
    pki_der_raw(w, content, size);
    pki_der_close(w, mark);
}

void pki_der_text(struct pki_der_writer *w, unsigned tag, const char *text) {
    pki_der_value(w, tag, text, strlen(text));
}

size_t pki_der_open(struct pki_der_writer *w, unsigned tag) {
    put_byte(w, tag);
    return w->size;
}

void pki_der_close(struct pki_der_writer *w, size_t mark) {
    if (w->overflow) return;
    uint8_t length[LENGTH_MAX];
    const size_t content = w->size - mark;
    const size_t count = encode_length(content, length);
    pki_der_raw(w, length, count); /* makes the room, then moves into place */
    if (w->overflow) return;
    memmove(w->bytes + mark + count, w->bytes + mark, content);
    memcpy(w->bytes + mark, length, count);
}

void pki_der_number(struct pki_der_writer *w, uint64_t number) {
    uint8_t content[9] = {0};
    for (size_t i = 0; i < 8; i++) content[1 + i] = (uint8_t)(number >> 8 * (7 - i));
    size_t skip = 0;
    while (skip < 8 && content[skip] == 0 && content[skip + 1] < 0x80) skip++;
    pki_der_value(w, PKI_DER_INTEGER, content + skip, sizeof content - skip);
}

void pki_der_bits(struct pki_der_writer *w, const void *bytes, size_t size) {
    const size_t mark = pki_der_open(w, PKI_DER_BIT_STRING);
    put_byte(w, 0); /* unused bits */
    pki_der_raw(w, bytes, size);
    pki_der_close(w, mark);
}

bool pki_utc_time_fits(int64_t seconds) {
    const int64_t year = pki_civil_from_seconds(seconds).year;
    return year >= 1950 && year <= 2049;
}

void pki_der_utc_time(struct pki_der_writer *w, int64_t seconds) {
    const struct pki_civil c = pki_civil_from_seconds(seconds);
    char text[64];
    snprintf(text, sizeof text, "%02u%02u%02u%02u%02u%02uZ", (unsigned)(c.year % 100), c.month,
             c.day, c.hour, c.minute, c.second);
    pki_der_text(w, PKI_DER_UTC_TIME, text);
}

struct sevkit_result pki_der_finish(const struct pki_der_writer *w, const char *what,
                                    size_t *size) {
    if (w->overflow)
        return sevkit_fail(SEVKIT_LIMIT, what, SEVKIT_NO_OFFSET, w->capacity,
                           "does not fit in its buffer of this many bytes");
    *size = w->size;
    return sevkit_success();
}
