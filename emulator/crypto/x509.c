/* X.509 certificates: RFC 5280, section 4.1; certificate notes, section 1. OpenSSL parses; the places
 * of the parts in the input are found beside it, as it keeps none. */
#include "crypto/x509.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "crypto/algorithms.h"
#include "crypto/pem.h"
#include "crypto/x509_own.h"
#include "crypto/x509_parts.h"

#define FIELD "certificate"

/* id-ecPublicKey with the named curve secp384r1 (certificate notes, section 1.3). */
static const uint8_t p384_algorithm[] = {0x30, 0x10, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D,
                                         0x02, 0x01, 0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22};

#define POINT_UNCOMPRESSED 0x04
#define P384_BITS_SIZE (2 + 2 * CRYPTO_P384_SIZE) /* unused bits 00, form 04, X, Y */

/* The parts of tbsCertificate in their order. OpenSSL has already found the structure sound. */
static bool tbs_find(struct crypto_span rest, struct crypto_x509 *cert) {
    struct crypto_tlv part, serial, algorithm, issuer, validity, subject, spki;
    if (rest.size > 0 && rest.bytes[0] == CRYPTO_DER_CONTEXT_0 && !crypto_der_next(&rest, &part))
        return false;
    if (!crypto_der_take(&rest, CRYPTO_DER_INTEGER, &serial) ||
        !crypto_der_take(&rest, CRYPTO_DER_SEQUENCE, &algorithm) ||
        !crypto_der_take(&rest, CRYPTO_DER_SEQUENCE, &issuer) ||
        !crypto_der_take(&rest, CRYPTO_DER_SEQUENCE, &validity) ||
        !crypto_der_take(&rest, CRYPTO_DER_SEQUENCE, &subject) ||
        !crypto_der_take(&rest, CRYPTO_DER_SEQUENCE, &spki))
        return false;
    cert->serial = serial.content;
    cert->tbs_algorithm = algorithm.whole;
    cert->issuer.der = issuer.whole;
    cert->subject.der = subject.whole;
    cert->spki = spki.whole;
    cert->unique_ids = crypto_der_take(&rest, CRYPTO_DER_CONTEXT_1, &part) ||
                       crypto_der_take(&rest, CRYPTO_DER_CONTEXT_2, &part);
    return true;
}

/* The kind of key, as far as AMD's chain knows kinds. */
static void key_read(struct crypto_x509 *cert, EVP_PKEY *pkey) {
    struct crypto_tlv spki, algorithm, bits;
    ERR_clear_error(); /* an unknown key is no failure, but OpenSSL notes it as one */
    if (pkey == NULL || !crypto_der_only(cert->spki, CRYPTO_DER_SEQUENCE, &spki) ||
        !crypto_der_next(&spki.content, &algorithm) || !crypto_der_next(&spki.content, &bits))
        return;
    const struct crypto_span p384 = {p384_algorithm, sizeof p384_algorithm};
    if (EVP_PKEY_is_a(pkey, "RSA")) {
        cert->key_kind = CRYPTO_KEY_RSA;
        cert->key_bits = (unsigned)EVP_PKEY_get_bits(pkey);
    } else if (crypto_span_equal(algorithm.whole, p384) && bits.content.size == P384_BITS_SIZE &&
               bits.content.bytes[1] == POINT_UNCOMPRESSED) {
        cert->key_kind = CRYPTO_KEY_P384;
        cert->key_bits = CRYPTO_P384_SIZE * 8;
        memcpy(cert->xy, bits.content.bytes + 2, sizeof cert->xy);
    }
}

/* Fills CERT from its own copy of the input. */
static struct sevkit_result cert_read(struct crypto_x509 *cert) {
    struct crypto_signed frame;
    SEVKIT_TRY(crypto_signed_read(cert->der, FIELD, &frame));
    cert->tbs = frame.tbs;
    cert->algorithm = frame.algorithm;
    cert->signature = frame.signature;

    const uint8_t *p = cert->der.bytes;
    X509 *x509 = d2i_X509(NULL, &p, (long)cert->der.size);
    cert->own->x509 = x509;
    if (x509 == NULL || !tbs_find(frame.tbs_content, cert))
        return crypto_refused(SEVKIT_BAD_ENCODING, FIELD, "an X.509 Certificate");

    unsigned char *again = NULL;
    i2d_re_X509_tbs(x509, NULL); /* forgets the input, so that the next line encodes anew */
    const int again_size = i2d_X509(x509, &again);
    if (!crypto_reencoded_equal(again, again_size, cert->der))
        return crypto_refused(SEVKIT_BAD_ENCODING, FIELD, "DER: equal when encoded again");

    const long version = X509_get_version(x509);
    if (version < X509_VERSION_1 || version > X509_VERSION_3)
        return sevkit_fail(SEVKIT_BAD_VALUE, "version", SEVKIT_NO_OFFSET, (uint64_t)version,
                           "0 to 2, for v1 to v3");
    if (version == X509_VERSION_1 && frame.tbs_content.bytes[0] == CRYPTO_DER_CONTEXT_0)
        return crypto_refused(SEVKIT_BAD_ENCODING, "version", "DER: v1, the default, is left out");
    cert->version = (unsigned)version + 1;
    SEVKIT_TRY(crypto_time_read(X509_get0_notBefore(x509), "notBefore", &cert->not_before));
    SEVKIT_TRY(crypto_time_read(X509_get0_notAfter(x509), "notAfter", &cert->not_after));
    SEVKIT_TRY(
        crypto_name_read(X509_get_issuer_name(x509), cert->issuer.der, "issuer", &cert->issuer));
    SEVKIT_TRY(crypto_name_read(X509_get_subject_name(x509), cert->subject.der, "subject",
                                &cert->subject));
    SEVKIT_TRY(crypto_extensions_read(X509_get0_extensions(x509), &cert->extensions));
    key_read(cert, X509_get0_pubkey(x509));
    return sevkit_success();
}

static struct crypto_x509 *cert_new(const uint8_t *bytes, size_t size) {
    struct crypto_x509 *cert = calloc(1, sizeof *cert);
    struct crypto_x509_own *own = calloc(1, sizeof *own);
    uint8_t *der = malloc(size);
    if (cert == NULL || own == NULL || der == NULL) {
        free(cert);
        free(own);
        free(der);
        return NULL;
    }
    memcpy(der, bytes, size);
    own->der = der;
    cert->own = own;
    cert->der = (struct crypto_span){der, size};
    return cert;
}

void crypto_x509_free(struct crypto_x509 *cert) {
    if (cert == NULL) return;
    crypto_name_free(&cert->issuer);
    crypto_name_free(&cert->subject);
    crypto_extensions_free(&cert->extensions);
    X509_free(cert->own->x509);
    free(cert->own->der);
    free(cert->own);
    free(cert);
}

struct sevkit_result crypto_x509_from_der(const uint8_t *bytes, size_t size,
                                          struct crypto_x509 **cert) {
    if (size == 0 || size > CRYPTO_X509_SIZE_MAX)
        return sevkit_fail(SEVKIT_BAD_LENGTH, FIELD, SEVKIT_NO_OFFSET, size, "1 to 65536 bytes");
    struct crypto_x509 *new = cert_new(bytes, size);
    if (new == NULL) return crypto_refused(SEVKIT_NO_MEMORY, FIELD, "memory for a certificate");
    const struct sevkit_result result = cert_read(new);
    if (!sevkit_ok(result)) {
        crypto_x509_free(new);
        return result;
    }
    *cert = new;
    return sevkit_success();
}

struct sevkit_result crypto_x509_from_pem_or_der(const uint8_t *bytes, size_t size,
                                                 struct crypto_x509 **cert) {
    if (!crypto_pem_looks_like(bytes, size)) return crypto_x509_from_der(bytes, size, cert);
    struct crypto_pem pem;
    SEVKIT_TRY(crypto_pem_decode(bytes, size, "CERTIFICATE", &pem));
    const struct sevkit_result result = crypto_x509_from_der(pem.der, pem.size, cert);
    crypto_pem_free(&pem);
    return result;
}

struct sevkit_result crypto_x509_verify(const struct crypto_x509 *cert,
                                        const struct crypto_x509 *issuer) {
    return crypto_signed_verify(cert->tbs, cert->signature, issuer);
}
