/* A CA made on the spot and a server certificate under it: RFC 5280, section 4, with the server
 * authentication profile of RFC 6125 (the name stands in subjectAltName). */
#include "sevkit/web.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "crypto/algorithms.h"
#include "sevkit/crypto.h"

#define HOST_MAX 64 /* ub-common-name, RFC 5280, appendix A.1 */
#define DAY 86400
#define SERIAL_SIZE 16

/* A certificate that is being made, and who signs it. ISSUER is CERT's own for a CA. */
struct web_maker {
    X509 *cert;
    X509 *issuer;
};

static bool extension_add(const struct web_maker *maker, int nid, const char *value) {
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, maker->issuer, maker->cert, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    const bool done = extension != NULL && X509_add_ext(maker->cert, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return done;
}

/* Positive, of at most 16 bytes, and another one each time. */
static bool serial_set(X509 *cert) {
    uint8_t bytes[SERIAL_SIZE];
    if (RAND_bytes(bytes, sizeof bytes) != 1) return false;
    bytes[0] = (bytes[0] & 0x7F) | 0x40;
    BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    const bool done =
        number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL;
    BN_free(number);
    return done;
}

static bool validity_set(X509 *cert, int64_t now) {
    const time_t from = (time_t)(now - DAY);
    const time_t to = from + (time_t)CRYPTO_WEB_DAYS * DAY;
    return ASN1_TIME_set(X509_getm_notBefore(cert), from) != NULL &&
           ASN1_TIME_set(X509_getm_notAfter(cert), to) != NULL;
}

/* An unsigned certificate of KEY without extensions; NULL when memory is short. */
static X509 *cert_new(const char *common_name, EVP_PKEY *key, int64_t now) {
    X509 *cert = X509_new();
    if (cert == NULL) return NULL;
    X509_NAME *name = X509_get_subject_name(cert);
    if (X509_set_version(cert, X509_VERSION_3) == 1 && serial_set(cert) &&
        validity_set(cert, now) && X509_set_pubkey(cert, key) == 1 &&
        X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const unsigned char *)"sevkit tests",
                                   -1, -1, 0) == 1 &&
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)common_name,
                                   -1, -1, 0) == 1)
        return cert;
    X509_free(cert);
    return NULL;
}

/* NULL when a primitive fails. */
static X509 *ca_make(EVP_PKEY *key, int64_t now) {
    X509 *cert = cert_new("sevkit test web CA", key, now);
    if (cert == NULL) return NULL;
    const struct web_maker maker = {cert, cert};
    if (X509_set_issuer_name(cert, X509_get_subject_name(cert)) == 1 &&
        extension_add(&maker, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
        extension_add(&maker, NID_key_usage, "critical,keyCertSign") &&
        extension_add(&maker, NID_subject_key_identifier, "hash") &&
        X509_sign(cert, key, crypto_md_sha256()) > 0)
        return cert;
    X509_free(cert);
    return NULL;
}

/* NULL when a primitive fails. */
static X509 *server_make(const char *host, EVP_PKEY *key, X509 *ca, EVP_PKEY *ca_key, int64_t now) {
    X509 *cert = cert_new(host, key, now);
    if (cert == NULL) return NULL;
    char names[sizeof "DNS:" + HOST_MAX];
    (void)snprintf(names, sizeof names, "DNS:%s", host);
    const struct web_maker maker = {cert, ca};
    if (X509_set_issuer_name(cert, X509_get_subject_name(ca)) == 1 &&
        extension_add(&maker, NID_basic_constraints, "critical,CA:FALSE") &&
        extension_add(&maker, NID_key_usage, "critical,digitalSignature") &&
        extension_add(&maker, NID_ext_key_usage, "serverAuth") &&
        extension_add(&maker, NID_subject_alt_name, names) &&
        extension_add(&maker, NID_subject_key_identifier, "hash") &&
        extension_add(&maker, NID_authority_key_identifier, "keyid:always") &&
        X509_sign(cert, ca_key, crypto_md_sha256()) > 0)
        return cert;
    X509_free(cert);
    return NULL;
}

/* What BIO holds, into OUT; the BIO's buffer is secure memory, which is wiped when it is freed. */
static bool text_take(BIO *bio, char out[CRYPTO_WEB_PEM_SIZE]) {
    char *text;
    const long size = BIO_get_mem_data(bio, &text);
    if (size <= 0 || size >= CRYPTO_WEB_PEM_SIZE) return false;
    memcpy(out, text, (size_t)size);
    out[size] = 0;
    return true;
}

static bool cert_text(X509 *cert, char out[CRYPTO_WEB_PEM_SIZE]) {
    BIO *bio = BIO_new(BIO_s_mem());
    const bool done = bio != NULL && PEM_write_bio_X509(bio, cert) == 1 && text_take(bio, out);
    BIO_free(bio);
    return done;
}

static bool key_text(EVP_PKEY *key, char out[CRYPTO_WEB_PEM_SIZE]) {
    BIO *bio = BIO_new(BIO_s_secmem());
    const bool done = bio != NULL &&
                      PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1 &&
                      text_take(bio, out);
    BIO_free(bio);
    return done;
}

/* Letters, digits, '-' and '.': nothing that the text of an extension would read as more than a name. */
static bool host_is_plain(const char *host) {
    const size_t size = strnlen(host, HOST_MAX + 1);
    return size > 0 && size <= HOST_MAX &&
           strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") == size;
}

struct sevkit_result crypto_web_new(const char *host, int64_t now, struct crypto_web *web) {
    if (!host_is_plain(host))
        return crypto_refused(SEVKIT_BAD_VALUE, "host", "a DNS name of 1 to 64 bytes");
    EVP_PKEY *ca_key = EVP_EC_gen("P-256");
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *ca = NULL, *cert = NULL;
    bool done = ca_key != NULL && key != NULL;
    if (done) ca = ca_make(ca_key, now);
    if (ca != NULL) cert = server_make(host, key, ca, ca_key, now);
    done = cert != NULL && cert_text(ca, web->ca) && cert_text(cert, web->certificate) &&
           key_text(key, web->key);
    X509_free(cert);
    X509_free(ca);
    EVP_PKEY_free(key);
    EVP_PKEY_free(ca_key);
    if (done) return sevkit_success();
    crypto_web_wipe(web);
    return crypto_failed("web certificate");
}

void crypto_web_wipe(struct crypto_web *web) {
    crypto_wipe(web, sizeof *web);
}
