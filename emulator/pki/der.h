/* A small DER writer: definite lengths, a bounded buffer, one call a field. Overflow is
 * remembered and reported once, by pki_der_finish, so that a certificate reads as the list of
 * its fields. */
#ifndef PKI_DER_H
#define PKI_DER_H

#include "sevkit/result.h"

enum pki_der_tag {
    PKI_DER_BOOLEAN = 0x01,
    PKI_DER_INTEGER = 0x02,
    PKI_DER_BIT_STRING = 0x03,
    PKI_DER_OCTET_STRING = 0x04,
    PKI_DER_OID = 0x06,
    PKI_DER_UTF8_STRING = 0x0C,
    PKI_DER_PRINTABLE_STRING = 0x13,
    PKI_DER_IA5_STRING = 0x16,
    PKI_DER_UTC_TIME = 0x17,
    PKI_DER_SEQUENCE = 0x30,
    PKI_DER_SET = 0x31,
    PKI_DER_EXPLICIT_0 = 0xA0,
    PKI_DER_EXPLICIT_3 = 0xA3,
};

struct pki_der_writer {
    uint8_t *bytes;
    size_t capacity;
    size_t size;
    bool overflow;
};

void pki_der_start(struct pki_der_writer *w, uint8_t *bytes, size_t capacity);

/* Bytes as they are: something that is DER already. */
void pki_der_raw(struct pki_der_writer *w, const void *bytes, size_t size);

/* Tag, length, content. */
void pki_der_value(struct pki_der_writer *w, unsigned tag, const void *content, size_t size);
void pki_der_text(struct pki_der_writer *w, unsigned tag, const char *text);

/* A constructed value: what is written between open and close is its content. */
SEVKIT_MUST size_t pki_der_open(struct pki_der_writer *w, unsigned tag);
void pki_der_close(struct pki_der_writer *w, size_t mark);

/* INTEGER in the fewest bytes. */
void pki_der_number(struct pki_der_writer *w, uint64_t number);

/* BIT STRING of whole bytes. */
void pki_der_bits(struct pki_der_writer *w, const void *bytes, size_t size);

/* UTCTime "YYMMDDhhmmssZ". SECONDS must lie in pki_utc_time_fits. */
void pki_der_utc_time(struct pki_der_writer *w, int64_t seconds);

/* True for 1950-01-01T00:00:00Z to 2049-12-31T23:59:59Z, what UTCTime can say (RFC 5280,
 * 4.1.2.5.1). */
bool pki_utc_time_fits(int64_t seconds);

/* The bytes written; SEVKIT_LIMIT at field WHAT when they did not fit. */
SEVKIT_MUST struct sevkit_result pki_der_finish(const struct pki_der_writer *w, const char *what,
                                                size_t *size);

#endif
