/* Names, times, extensions and signatures of certificates and CRLs: RFC 5280, sections 4.1 and 5.1,
 * and RFC 8017, section 8.1.2, for the signature. */
#include "crypto/x509_parts.h"

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <time.h>

#include "crypto/algorithms.h"
#include "crypto/x509_own.h"

struct sevkit_result crypto_signed_read(struct crypto_span der, const char *field,
                                        struct crypto_signed *out) {
    SEVKIT_TRY(crypto_der_check(der, field));
    struct crypto_tlv outer, tbs, algorithm, signature;
    if (!crypto_der_only(der, CRYPTO_DER_SEQUENCE, &outer) ||
        !crypto_der_take(&outer.content, CRYPTO_DER_SEQUENCE, &tbs) ||
        !crypto_der_take(&outer.content, CRYPTO_DER_SEQUENCE, &algorithm) ||
        !crypto_der_only(outer.content, CRYPTO_DER_BIT_STRING, &signature))
        return crypto_refused(SEVKIT_BAD_ENCODING, field,
                              "SEQUENCE of a signed part, an algorithm and a BIT STRING");
    if (signature.content.size < 1 || signature.content.bytes[0] != 0)
        return crypto_refused(SEVKIT_BAD_ENCODING, "signature", "a BIT STRING of whole bytes");
    out->tbs = tbs.whole;
    out->tbs_content = tbs.content;
    out->algorithm = algorithm.whole;
    out->signature = (struct crypto_span){signature.content.bytes + 1, signature.content.size - 1};
    return sevkit_success();
}

struct sevkit_result crypto_signed_verify(struct crypto_span tbs, struct crypto_span signature,
                                          const struct crypto_x509 *issuer) {
    if (issuer->key_kind != CRYPTO_KEY_RSA)
        return crypto_refused(SEVKIT_BAD_VALUE, "issuer key", "an RSA key");
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pss = NULL; /* CTX's */
    if (ctx == NULL ||
        EVP_DigestVerifyInit_ex(ctx, &pss, "SHA2-384", NULL, NULL,
                                X509_get0_pubkey(issuer->own->x509), NULL) != 1 ||
        EVP_PKEY_CTX_set_rsa_padding(pss, RSA_PKCS1_PSS_PADDING) != 1 ||
        EVP_PKEY_CTX_set_rsa_mgf1_md(pss, crypto_md_sha384()) != 1 ||
        EVP_PKEY_CTX_set_rsa_pss_saltlen(pss, CRYPTO_SHA384_SIZE) != 1) {
        EVP_MD_CTX_free(ctx);
        return crypto_failed("signature");
    }
    const bool good =
        EVP_DigestVerify(ctx, signature.bytes, signature.size, tbs.bytes, tbs.size) == 1;
    EVP_MD_CTX_free(ctx);
    if (!good)
        return crypto_refused(SEVKIT_BAD_CRYPTO, "signature", "made by the issuer for these bytes");
    return sevkit_success();
}

static struct sevkit_result oid_read(const ASN1_OBJECT *object, const char *field,
                                     char oid[CRYPTO_OID_TEXT_SIZE]) {
    const int size = OBJ_obj2txt(oid, CRYPTO_OID_TEXT_SIZE, object, 1);
    if (size <= 0 || size >= CRYPTO_OID_TEXT_SIZE)
        return crypto_refused(SEVKIT_LIMIT, field, "object identifiers of at most 79 characters");
    return sevkit_success();
}

struct sevkit_result crypto_name_read(const X509_NAME *name, struct crypto_span der,
                                      const char *field, struct crypto_name *out) {
    const int count = X509_NAME_entry_count(name);
    out->der = der;
    out->count = 0;
    out->attributes = NULL;
    if (count <= 0) return sevkit_success(); /* an empty name is a name */
    struct crypto_attribute *attributes = calloc((size_t)count, sizeof *attributes);
    if (attributes == NULL) return crypto_refused(SEVKIT_NO_MEMORY, field, "memory for a name");
    out->attributes = attributes;
    for (int i = 0; i < count; i++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
        const ASN1_STRING *value = X509_NAME_ENTRY_get_data(entry);
        struct crypto_attribute *attribute = &attributes[i];
        SEVKIT_TRY(oid_read(X509_NAME_ENTRY_get_object(entry), field, attribute->oid));
        attribute->tag = (uint8_t)ASN1_STRING_type(value);
        attribute->rdn = (size_t)X509_NAME_ENTRY_set(entry);
        attribute->value =
            (struct crypto_span){ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)};
    }
    out->count = (size_t)count;
    return sevkit_success();
}

void crypto_name_free(struct crypto_name *name) {
    free((void *)name->attributes);
}

const struct crypto_attribute *crypto_name_only(const struct crypto_name *name, const char *oid) {
    const struct crypto_attribute *found = NULL;
    for (size_t i = 0; i < name->count; i++) {
        if (strcmp(name->attributes[i].oid, oid) != 0) continue;
        if (found != NULL) return NULL;
        found = &name->attributes[i];
    }
    return found;
}

struct sevkit_result crypto_extensions_read(const STACK_OF(X509_EXTENSION) * stack,
                                            struct crypto_extensions *out) {
    const int count = sk_X509_EXTENSION_num(stack);
    out->count = 0;
    out->list = NULL;
    if (count <= 0) return sevkit_success();
    struct crypto_extension *list = calloc((size_t)count, sizeof *list);
    if (list == NULL)
        return crypto_refused(SEVKIT_NO_MEMORY, "extensions", "memory for extensions");
    out->list = list;
    for (int i = 0; i < count; i++) {
        X509_EXTENSION *extension = sk_X509_EXTENSION_value(stack, i);
        const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(extension);
        SEVKIT_TRY(oid_read(X509_EXTENSION_get_object(extension), "extensions", list[i].oid));
        list[i].critical = X509_EXTENSION_get_critical(extension) == 1;
        list[i].value =
            (struct crypto_span){ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)};
    }
    out->count = (size_t)count;
    return sevkit_success();
}

void crypto_extensions_free(struct crypto_extensions *extensions) {
    free((void *)extensions->list);
}

const struct crypto_extension *crypto_extension_find(const struct crypto_extensions *extensions,
                                                     const char *oid) {
    for (size_t i = 0; i < extensions->count; i++)
        if (strcmp(extensions->list[i].oid, oid) == 0) return &extensions->list[i];
    return NULL;
}

size_t crypto_extension_count(const struct crypto_extensions *extensions, const char *oid) {
    size_t count = 0;
    for (size_t i = 0; i < extensions->count; i++)
        count += strcmp(extensions->list[i].oid, oid) == 0;
    return count;
}

#define YEAR_0 (-1900) /* of struct tm: there was none */

/* Digits and a Z, seconds included, as many as the time's type has. */
static bool time_has_form(const ASN1_TIME *time) {
    const int digits = ASN1_STRING_type(time) == V_ASN1_UTCTIME ? 12 : 14;
    const uint8_t *text = ASN1_STRING_get0_data(time);
    if (ASN1_STRING_length(time) != digits + 1 || text[digits] != 'Z') return false;
    for (int i = 0; i < digits; i++)
        if (text[i] < '0' || text[i] > '9') return false;
    return true;
}

struct sevkit_result crypto_time_read(const ASN1_TIME *time, const char *field, int64_t *seconds) {
    struct tm tm;
    const bool read = time_has_form(time) && ASN1_TIME_to_tm(time, &tm) == 1;
    if (!read || tm.tm_year == YEAR_0)
        return crypto_refused(SEVKIT_BAD_VALUE, field, "YYMMDDhhmmssZ or YYYYMMDDhhmmssZ");
    *seconds = timegm(&tm);
    return sevkit_success();
}

bool crypto_reencoded_equal(unsigned char *encoded, int size, struct crypto_span der) {
    const struct crypto_span again = {encoded, size > 0 ? (size_t)size : 0};
    const bool equal = crypto_span_equal(again, der);
    OPENSSL_free(encoded);
    return equal;
}
