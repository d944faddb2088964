/* PEM text of one block. OpenSSL decodes it; what it would skip is refused before and after. */
#include "crypto/pem.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <stdio.h>

#include "crypto/algorithms.h"
#include "crypto/span.h"

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
    return starts_with(skip_space((struct crypto_span){bytes, size}), "-----");
}

/* TEXT's first line opens a block of LABEL. OpenSSL would skip any other line. */
static bool starts_block(struct crypto_span text, const char *label) {
    char line[64];
    const int size = snprintf(line, sizeof line, "-----BEGIN %s-----", label);
    if (!starts_with(text, line)) return false;
    const struct crypto_span after = skip(text, (size_t)size);
    return starts_with(after, "\n") || starts_with(after, "\r\n");
}

/* A NUL or another control byte would end or split a line for OpenSSL only. */
static bool is_plain_text(struct crypto_span text) {
    for (size_t i = 0; i < text.size; i++) {
        const uint8_t c = text.bytes[i];
        if (!is_space(c) && (c < 0x21 || c > 0x7E)) return false;
    }
    return true;
}

static struct sevkit_result block_read(BIO *bio, const char *label, struct crypto_pem *pem) {
    char *name = NULL, *header = NULL, *rest = NULL;
    long size = 0;
    pem->der = NULL;
    if (PEM_read_bio(bio, &name, &header, &pem->der, &size) != 1)
        return crypto_refused(SEVKIT_BAD_ENCODING, label, "a whole PEM block");
    pem->size = (size_t)size;
    const bool plain = header[0] == 0;
    OPENSSL_free(name);
    OPENSSL_free(header);
    const long rest_size = BIO_get_mem_data(bio, &rest);
    const struct crypto_span after = {(const uint8_t *)rest, (size_t)rest_size};
    if (plain && skip_space(after).size == 0) return sevkit_success();
    crypto_pem_free(pem);
    return crypto_refused(SEVKIT_BAD_ENCODING, label,
                          "one PEM block without headers, and white space after it");
}

struct sevkit_result crypto_pem_decode(const uint8_t *bytes, size_t size, const char *label,
                                       struct crypto_pem *pem) {
    if (size > PEM_SIZE_MAX)
        return sevkit_fail(SEVKIT_BAD_LENGTH, label, SEVKIT_NO_OFFSET, size,
                           "at most 128 KiB of PEM text");
    const struct crypto_span text = skip_space((struct crypto_span){bytes, size});
    if (!starts_block(text, label))
        return crypto_refused(SEVKIT_BAD_ENCODING, label, "PEM text that starts with this block");
    if (!is_plain_text(text))
        return crypto_refused(SEVKIT_BAD_ENCODING, label, "PEM text of printable characters");
    BIO *bio = BIO_new_mem_buf(text.bytes, (int)text.size);
    if (bio == NULL) return crypto_failed(label);
    const struct sevkit_result result = block_read(bio, label, pem);
    BIO_free(bio);
    return result;
}

void crypto_pem_free(struct crypto_pem *pem) {
    OPENSSL_clear_free(pem->der, pem->size);
    *pem = (struct crypto_pem){NULL, 0};
}
