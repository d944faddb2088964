/* Certificate revocation lists: RFC 5280, section 5.1; certificate notes, section 3. */
#include <openssl/x509.h>
#include <stdlib.h>

#include "crypto/algorithms.h"
#include "crypto/pem.h"
#include "crypto/x509_own.h"
#include "crypto/x509_parts.h"

#define FIELD "CRL"

/* The parts of tbsCertList in their order. ENTRIES is the content of revokedCertificates, or empty. */
static bool tbs_find(struct crypto_span rest, struct crypto_crl *crl, struct crypto_span *entries) {
    struct crypto_tlv version, algorithm, issuer, time, revoked;
    *entries = (struct crypto_span){NULL, 0};
    (void)crypto_der_take(&rest, CRYPTO_DER_INTEGER, &version); /* optional */
    if (!crypto_der_take(&rest, CRYPTO_DER_SEQUENCE, &algorithm) ||
        !crypto_der_take(&rest, CRYPTO_DER_SEQUENCE, &issuer) || !crypto_der_next(&rest, &time))
        return false;
    crl->tbs_algorithm = algorithm.whole;
    crl->issuer.der = issuer.whole;
    crl->has_next_update = crypto_der_take(&rest, CRYPTO_DER_UTC_TIME, &time) ||
                           crypto_der_take(&rest, CRYPTO_DER_GENERALIZED_TIME, &time);
    if (crypto_der_take(&rest, CRYPTO_DER_SEQUENCE, &revoked)) *entries = revoked.content;
    return true;
}

static bool has_critical(const STACK_OF(X509_EXTENSION) * extensions) {
    for (int i = 0; i < sk_X509_EXTENSION_num(extensions); i++)
        if (X509_EXTENSION_get_critical(sk_X509_EXTENSION_value(extensions, i)) == 1) return true;
    return false;
}

/* Fills CRL's entries: the serials from the input, the rest from OpenSSL's list in the same order. */
static struct sevkit_result entries_read(struct crypto_crl *crl, struct crypto_span input) {
    const STACK_OF(X509_REVOKED) *revoked = X509_CRL_get_REVOKED(crl->own->crl);
    const int count = sk_X509_REVOKED_num(revoked);
    if (count <= 0) return sevkit_success();
    struct crypto_crl_entry *entries = calloc((size_t)count, sizeof *entries);
    if (entries == NULL) return crypto_refused(SEVKIT_NO_MEMORY, FIELD, "memory for entries");
    crl->entries = entries;
    crl->count = (size_t)count;
    for (int i = 0; i < count; i++) {
        const X509_REVOKED *entry = sk_X509_REVOKED_value(revoked, i);
        struct crypto_tlv tlv, serial;
        if (!crypto_der_next(&input, &tlv) ||
            !crypto_der_take(&tlv.content, CRYPTO_DER_INTEGER, &serial))
            return crypto_failed("revokedCertificates");
        entries[i].serial = serial.content;
        entries[i].critical_extension = has_critical(X509_REVOKED_get0_extensions(entry));
        SEVKIT_TRY(crypto_time_read(X509_REVOKED_get0_revocationDate(entry), "revocationDate",
                                    &entries[i].date));
    }
    return sevkit_success();
}

/* Fills CRL from its own copy of the input. */
static struct sevkit_result crl_read(struct crypto_crl *crl) {
    struct crypto_signed frame;
    SEVKIT_TRY(crypto_signed_read(crl->der, FIELD, &frame));
    crl->tbs = frame.tbs;
    crl->algorithm = frame.algorithm;
    crl->signature = frame.signature;

    const uint8_t *p = crl->der.bytes;
    struct crypto_span entries;
    X509_CRL *x509 = d2i_X509_CRL(NULL, &p, (long)crl->der.size);
    crl->own->crl = x509;
    if (x509 == NULL || !tbs_find(frame.tbs_content, crl, &entries))
        return crypto_refused(SEVKIT_BAD_ENCODING, FIELD, "an X.509 CertificateList");

    unsigned char *again = NULL;
    i2d_re_X509_CRL_tbs(x509, NULL); /* forgets the input, so that the next line encodes anew */
    const int again_size = i2d_X509_CRL(x509, &again);
    if (!crypto_reencoded_equal(again, again_size, crl->der))
        return crypto_refused(SEVKIT_BAD_ENCODING, FIELD, "DER: equal when encoded again");

    const long version = X509_CRL_get_version(x509);
    if (version < X509_CRL_VERSION_1 || version > X509_CRL_VERSION_2)
        return sevkit_fail(SEVKIT_BAD_VALUE, "version", SEVKIT_NO_OFFSET, (uint64_t)version,
                           "0 or 1, for v1 or v2");
    crl->version = (unsigned)version + 1;
    SEVKIT_TRY(crypto_time_read(X509_CRL_get0_lastUpdate(x509), "thisUpdate", &crl->this_update));
    if (crl->has_next_update)
        SEVKIT_TRY(
            crypto_time_read(X509_CRL_get0_nextUpdate(x509), "nextUpdate", &crl->next_update));
    SEVKIT_TRY(
        crypto_name_read(X509_CRL_get_issuer(x509), crl->issuer.der, "issuer", &crl->issuer));
    SEVKIT_TRY(entries_read(crl, entries));
    return crypto_extensions_read(X509_CRL_get0_extensions(x509), &crl->extensions);
}

static struct crypto_crl *crl_new(const uint8_t *bytes, size_t size) {
    struct crypto_crl *crl = calloc(1, sizeof *crl);
    struct crypto_crl_own *own = calloc(1, sizeof *own);
    uint8_t *der = malloc(size);
    if (crl == NULL || own == NULL || der == NULL) {
        free(crl);
        free(own);
        free(der);
        return NULL;
    }
    memcpy(der, bytes, size);
    own->der = der;
    crl->own = own;
    crl->der = (struct crypto_span){der, size};
    return crl;
}

void crypto_crl_free(struct crypto_crl *crl) {
    if (crl == NULL) return;
    crypto_name_free(&crl->issuer);
    crypto_extensions_free(&crl->extensions);
    free((void *)crl->entries);
    X509_CRL_free(crl->own->crl);
    free(crl->own->der);
    free(crl->own);
    free(crl);
}

struct sevkit_result crypto_crl_from_der(const uint8_t *bytes, size_t size,
                                         struct crypto_crl **crl) {
    if (size == 0 || size > CRYPTO_X509_SIZE_MAX)
        return sevkit_fail(SEVKIT_BAD_LENGTH, FIELD, SEVKIT_NO_OFFSET, size, "1 to 65536 bytes");
    struct crypto_crl *new = crl_new(bytes, size);
    if (new == NULL) return crypto_refused(SEVKIT_NO_MEMORY, FIELD, "memory for a list");
    const struct sevkit_result result = crl_read(new);
    if (!sevkit_ok(result)) {
        crypto_crl_free(new);
        return result;
    }
    *crl = new;
    return sevkit_success();
}

struct sevkit_result crypto_crl_from_pem_or_der(const uint8_t *bytes, size_t size,
                                                struct crypto_crl **crl) {
    if (!crypto_pem_looks_like(bytes, size)) return crypto_crl_from_der(bytes, size, crl);
    struct crypto_pem pem;
    SEVKIT_TRY(crypto_pem_decode(bytes, size, "X509 CRL", &pem));
    const struct sevkit_result result = crypto_crl_from_der(pem.der, pem.size, crl);
    crypto_pem_free(&pem);
    return result;
}

const struct crypto_crl_entry *crypto_crl_find(const struct crypto_crl *crl,
                                               struct crypto_span serial) {
    for (size_t i = 0; i < crl->count; i++)
        if (crypto_span_equal(crl->entries[i].serial, serial)) return &crl->entries[i];
    return NULL;
}

struct sevkit_result crypto_crl_verify(const struct crypto_crl *crl,
                                       const struct crypto_x509 *issuer) {
    return crypto_signed_verify(crl->tbs, crl->signature, issuer);
}
