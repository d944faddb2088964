/* Keys, certificates and CRLs for tests, made with OpenSSL and so by other code than ours. Every
 * function ends the running test when it cannot do its work. */
#ifndef CRYPTO_TESTS_SAMPLES_H
#define CRYPTO_TESTS_SAMPLES_H

#include <openssl/x509.h>

#include "crypto/span.h"

/* A file's bytes, free with free(). NULL if it cannot be read. */
uint8_t *sample_file(const char *path, size_t *size);

/* The text of a test root key, "ark-genoa". Free with free(). */
char *sample_key_text(const char *name, size_t *size);
EVP_PKEY *sample_key(const char *name);

/* How a sample is signed. */
struct sample_signing {
    const char *digest; /* "SHA384" */
    int salt_size;
};

extern const struct sample_signing sample_amd_signing;

/* A v3 certificate with serial 02 00 01, issuer "ARK-Genoa" and valid in 2026, without extensions. The
 * caller may change it before sample_sign. */
X509 *sample_cert(const char *common_name, EVP_PKEY *subject_key);
void sample_sign(X509 *cert, EVP_PKEY *issuer_key, const struct sample_signing *signing);

/* Adds an extension with the value VALUE_HEX. */
void sample_extension(X509 *cert, const char *oid, bool critical, const char *value_hex);
X509_EXTENSION *sample_extension_new(const char *oid, bool critical, const char *value_hex);

/* A CRL of "ARK-Genoa", thisUpdate 2026-01-01, nextUpdate 2026-02-01, that lists 02 00 02 and 00. */
X509_CRL *sample_crl(void);
void sample_crl_sign(X509_CRL *crl, EVP_PKEY *issuer_key);

/* The DER, free with free(); the object is freed. */
struct crypto_span sample_cert_der(X509 *cert);
struct crypto_span sample_crl_der(X509_CRL *crl);

/* All at once: a certificate for SUBJECT_KEY, signed by key ISSUER as AMD does. */
struct crypto_span sample_simple(const char *common_name, EVP_PKEY *subject_key,
                                 const char *issuer);

#endif
