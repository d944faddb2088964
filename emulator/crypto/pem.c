/* PEM text of one block. OpenSSL decodes it; what OpenSSL would skip over is refused before. */
#include "crypto/pem.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <stdio.h>

#include "crypto/algorithms.h"
#include "crypto/span.h"

#define DER_SEQUENCE 0x30    /* the first byte of a certificate in DER */
#define PEM_SIZE_MAX 0x20000 /* 64 KiB of DER in base64, with room for line ends */

static bool is_space(uint8_t c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct crypto_span skip(struct crypto_span text, size_t size) {
    return (struct crypto_span){text.bytes + size, text.size - size};
}

static struct crypto_span skip_space(struct crypto_span text) {
    while (text.size > 0 && is_space(text.bytes[0])) text = skip(text, 1);
    return text;
}

static bool starts_with(struct crypto_span text, const char *start) {
    const size_t size = strlen(start);
    return text.size >= size && memcmp(text.bytes, start, size) == 0;
}

bool crypto_pem_looks_like(const uint8_t *bytes, size_t size) {
    static const char begin[] = "-----BEGIN ";
    if (starts_with(skip_space((struct crypto_span){bytes, size}), "-----")) return true;
    /* Text before the block: refused, but as PEM. */
    return size > 0 && bytes[0] != DER_SEQUENCE &&
           memmem(bytes, size, begin, sizeof begin - 1) != NULL;
}

/* Takes "-----WORD LABEL-----" off TEXT. */
static bool take_boundary(struct crypto_span *text, const char *word, const char *label) {
    char line[64];
    const int size = snprintf(line, sizeof line, "-----%s %s-----", word, label);
    if (!starts_with(*text, line)) return false;
    *text = skip(*text, (size_t)size);
    return true;
}

static bool is_base64(uint8_t c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/' || c == '=';
}

/* Takes LF or CRLF off TEXT. */
static bool take_line_end(struct crypto_span *text) {
    const size_t size = starts_with(*text, "\r\n") ? 2 : starts_with(*text, "\n") ? 1 : 0;
    *text = skip(*text, size);
    return size != 0;
}

/* Takes a line of base64 with its end off TEXT. */
static bool take_line(struct crypto_span *text) {
    size_t size = 0;
    while (size < text->size && is_base64(text->bytes[size])) size++;
    *text = skip(*text, size);
    return size != 0 && take_line_end(text);
}

/* TEXT is one block of LABEL in lines of base64 alone: no headers, and only white space after it. */
static bool is_one_block(struct crypto_span text, const char *label) {
    if (!take_boundary(&text, "BEGIN", label) || !take_line_end(&text)) return false;
    while (text.size > 0 && is_base64(text.bytes[0]))
        if (!take_line(&text)) return false;
    return take_boundary(&text, "END", label) && skip_space(text).size == 0;
}

struct sevkit_result crypto_pem_decode(const uint8_t *bytes, size_t size, const char *label,
                                       struct crypto_pem *pem) {
    if (size > PEM_SIZE_MAX)
        return sevkit_fail(SEVKIT_BAD_LENGTH, label, SEVKIT_NO_OFFSET, size,
                           "at most 128 KiB of PEM text");
    const struct crypto_span text = skip_space((struct crypto_span){bytes, size});
    if (!is_one_block(text, label))
        return crypto_refused(SEVKIT_BAD_ENCODING, label,
                              "one PEM block without headers, and only white space around it");
    char *name = NULL, *header = NULL;
    uint8_t *der = NULL;
    long der_size = 0;
    BIO *bio = BIO_new_mem_buf(text.bytes, (int)text.size);
    const bool done = bio != NULL && PEM_read_bio(bio, &name, &header, &der, &der_size) == 1;
    BIO_free(bio);
    OPENSSL_free(name);
    OPENSSL_free(header);
    if (!done) return crypto_refused(SEVKIT_BAD_ENCODING, label, "whole lines of base64");
    *pem = (struct crypto_pem){der, (size_t)der_size};
    return sevkit_success();
}

void crypto_pem_free(struct crypto_pem *pem) {
    OPENSSL_clear_free(pem->der, pem->size);
    *pem = (struct crypto_pem){NULL, 0};
}
