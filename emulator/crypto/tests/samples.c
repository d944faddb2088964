/* See samples.h. */
#include "crypto/tests/samples.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>

#include "unit/unit.h"

const struct sample_signing sample_amd_signing = {"SHA384", 48};

#define NEED(condition) CU_ASSERT_FATAL(condition)

uint8_t *sample_file(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) return NULL;
    uint8_t *bytes = malloc(1 << 20);
    *size = bytes == NULL ? 0 : fread(bytes, 1, 1 << 20, file);
    fclose(file);
    return bytes;
}

char *sample_key_text(const char *name, size_t *size) {
    char path[128];
    snprintf(path, sizeof path, "vectors/keys/%s.key.pem", name);
    char *text = (char *)sample_file(path, size);
    NEED(text != NULL);
    return text;
}

EVP_PKEY *sample_key(const char *name) {
    size_t size;
    char *text = sample_key_text(name, &size);
    BIO *bio = BIO_new_mem_buf(text, (int)size);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    BIO_free(bio);
    free(text);
    NEED(key != NULL);
    return key;
}

static void name_set(X509_NAME *name, const char *common_name) {
    const unsigned char *const country = (const unsigned char *)"US";
    const unsigned char *const text = (const unsigned char *)common_name;
    NEED(X509_NAME_add_entry_by_txt(name, "C", V_ASN1_PRINTABLESTRING, country, -1, -1, 0) == 1);
    NEED(X509_NAME_add_entry_by_txt(name, "CN", V_ASN1_UTF8STRING, text, -1, -1, 0) == 1);
}

X509 *sample_cert(const char *common_name, EVP_PKEY *subject_key) {
    X509 *cert = X509_new();
    NEED(cert != NULL && X509_set_version(cert, X509_VERSION_3) == 1);
    NEED(ASN1_INTEGER_set(X509_get_serialNumber(cert), 0x020001) == 1);
    NEED(ASN1_TIME_set_string(X509_getm_notBefore(cert), "260101000000Z") == 1);
    NEED(ASN1_TIME_set_string(X509_getm_notAfter(cert), "20261231235959Z") == 1);
    name_set(X509_get_issuer_name(cert), "ARK-Genoa");
    name_set(X509_get_subject_name(cert), common_name);
    NEED(X509_set_pubkey(cert, subject_key) == 1);
    return cert;
}

static EVP_MD_CTX *signing_new(EVP_PKEY *key, const struct sample_signing *signing) {
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pss;
    NEED(EVP_DigestSignInit_ex(ctx, &pss, signing->digest, NULL, NULL, key, NULL) == 1);
    NEED(EVP_PKEY_CTX_set_rsa_padding(pss, RSA_PKCS1_PSS_PADDING) == 1);
    NEED(EVP_PKEY_CTX_set_rsa_pss_saltlen(pss, signing->salt_size) == 1);
    return ctx;
}

void sample_sign(X509 *cert, EVP_PKEY *issuer_key, const struct sample_signing *signing) {
    EVP_MD_CTX *ctx = signing_new(issuer_key, signing);
    NEED(X509_sign_ctx(cert, ctx) > 0);
    EVP_MD_CTX_free(ctx);
}

void sample_crl_sign(X509_CRL *crl, EVP_PKEY *issuer_key) {
    EVP_MD_CTX *ctx = signing_new(issuer_key, &sample_amd_signing);
    NEED(X509_CRL_sign_ctx(crl, ctx) > 0);
    EVP_MD_CTX_free(ctx);
}

X509_EXTENSION *sample_extension_new(const char *oid, bool critical, const char *value_hex) {
    uint8_t value[256];
    const int size = (int)unit_hex(value_hex, value, sizeof value);
    ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
    NEED(object != NULL && ASN1_OCTET_STRING_set(octets, value, size) == 1);
    X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, object, critical, octets);
    NEED(extension != NULL);
    ASN1_OBJECT_free(object);
    ASN1_OCTET_STRING_free(octets);
    return extension;
}

void sample_extension(X509 *cert, const char *oid, bool critical, const char *value_hex) {
    X509_EXTENSION *extension = sample_extension_new(oid, critical, value_hex);
    NEED(X509_add_ext(cert, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

static void revoke(X509_CRL *crl, long serial, bool critical_extension) {
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_INTEGER *number = ASN1_INTEGER_new();
    ASN1_TIME *time = ASN1_TIME_new();
    NEED(ASN1_INTEGER_set(number, serial) == 1);
    NEED(ASN1_TIME_set_string(time, "260102030405Z") == 1);
    NEED(X509_REVOKED_set_serialNumber(entry, number) == 1);
    NEED(X509_REVOKED_set_revocationDate(entry, time) == 1);
    if (critical_extension) {
        X509_EXTENSION *extension = sample_extension_new("1.2.3.4", true, "0500");
        NEED(X509_REVOKED_add_ext(entry, extension, -1) == 1);
        X509_EXTENSION_free(extension);
    }
    NEED(X509_CRL_add0_revoked(crl, entry) == 1);
    ASN1_INTEGER_free(number);
    ASN1_TIME_free(time);
}

X509_CRL *sample_crl(void) {
    X509_CRL *crl = X509_CRL_new();
    X509_NAME *name = X509_NAME_new();
    ASN1_TIME *time = ASN1_TIME_new();
    NEED(X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1);
    name_set(name, "ARK-Genoa");
    NEED(X509_CRL_set_issuer_name(crl, name) == 1);
    NEED(ASN1_TIME_set_string(time, "260101000000Z") == 1);
    NEED(X509_CRL_set1_lastUpdate(crl, time) == 1);
    NEED(ASN1_TIME_set_string(time, "260201000000Z") == 1);
    NEED(X509_CRL_set1_nextUpdate(crl, time) == 1);
    revoke(crl, 0x020002, false);
    revoke(crl, 0, true);
    X509_EXTENSION *number = sample_extension_new("2.5.29.20", false, "020101");
    NEED(X509_CRL_add_ext(crl, number, -1) == 1);
    X509_EXTENSION_free(number);
    X509_NAME_free(name);
    ASN1_TIME_free(time);
    return crl;
}

/* Moves OpenSSL's memory into malloc's. */
static struct crypto_span take_der(unsigned char *der, int size) {
    NEED(size > 0);
    uint8_t *bytes = malloc((size_t)size);
    NEED(bytes != NULL);
    memcpy(bytes, der, (size_t)size);
    OPENSSL_free(der);
    return (struct crypto_span){bytes, (size_t)size};
}

struct crypto_span sample_cert_der(X509 *cert) {
    unsigned char *der = NULL;
    const int size = i2d_X509(cert, &der);
    X509_free(cert);
    return take_der(der, size);
}

struct crypto_span sample_crl_der(X509_CRL *crl) {
    unsigned char *der = NULL;
    const int size = i2d_X509_CRL(crl, &der);
    X509_CRL_free(crl);
    return take_der(der, size);
}

struct crypto_span sample_simple(const char *common_name, EVP_PKEY *subject_key,
                                 const char *issuer) {
    EVP_PKEY *issuer_key = sample_key(issuer);
    X509 *cert = sample_cert(common_name, subject_key);
    sample_sign(cert, issuer_key, &sample_amd_signing);
    EVP_PKEY_free(issuer_key);
    return sample_cert_der(cert);
}
