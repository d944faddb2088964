/* X.509 certificates and CRLs, read from bytes that nobody vouches for, and the one signature scheme
 * of AMD's chain (certificate notes, sections 1 and 3). For pki/, which decides what a certificate has
 * to hold: this header only says what it holds.
 *
 * A parsed object is a plain read-only structure. It owns a copy of the input; every span points into
 * memory that lives as long as the object. Free it with its own function (NULL is allowed).
 *
 * The input must be DER: one object that takes up all bytes, and that has the very same bytes when it
 * is encoded again. What AMD does beside DER is kept: an explicit PSS trailer and a key usage with
 * unneeded zero bits lie inside values that are not encoded again. Signatures are verified over the
 * original bytes. */
#ifndef CRYPTO_X509_H
#define CRYPTO_X509_H

#include "crypto/span.h"
#include "sevkit/crypto.h"

#define CRYPTO_X509_SIZE_MAX 0x10000 /* larger input is refused unread */
#define CRYPTO_OID_TEXT_SIZE 80

/* One attribute of a Name. */
struct crypto_attribute {
    char oid[CRYPTO_OID_TEXT_SIZE]; /* "2.5.4.3" */
    uint8_t tag;                    /* of the string: 0x0C UTF8String, 0x13 PrintableString */
    size_t rdn;                     /* which relative name it belongs to, from 0 */
    struct crypto_span value;       /* the string's content */
};

struct crypto_name {
    struct crypto_span der; /* the Name as it stands in the input */
    size_t count;
    const struct crypto_attribute *attributes; /* in the order of the input */
};

#define CRYPTO_OID_COMMON_NAME "2.5.4.3"

/* The only attribute with OID; NULL if there is none or more than one. */
const struct crypto_attribute *crypto_name_only(const struct crypto_name *name, const char *oid);

/* One extension; an OID may occur more than once. */
struct crypto_extension {
    char oid[CRYPTO_OID_TEXT_SIZE];
    bool critical;
    struct crypto_span value; /* the content of extnValue */
};

struct crypto_extensions {
    size_t count;
    const struct crypto_extension *list; /* in the order of the input */
};

/* The first extension with OID, or NULL. */
const struct crypto_extension *crypto_extension_find(const struct crypto_extensions *extensions,
                                                     const char *oid);

/* How many extensions have OID. */
size_t crypto_extension_count(const struct crypto_extensions *extensions, const char *oid);

/* ---- certificates ---- */

enum crypto_key_kind {
    CRYPTO_KEY_OTHER = 0,
    CRYPTO_KEY_RSA,  /* rsaEncryption */
    CRYPTO_KEY_P384, /* id-ecPublicKey, named curve secp384r1, a point on it */
};

struct crypto_x509 {
    struct crypto_span der;           /* all of it */
    struct crypto_span tbs;           /* what is signed */
    unsigned version;                 /* 1, 2, 3 */
    struct crypto_span serial;        /* content bytes of the INTEGER */
    struct crypto_span tbs_algorithm; /* AlgorithmIdentifier inside tbs, with its header */
    struct crypto_span algorithm;     /* the outer one */
    struct crypto_span signature;     /* content of the BIT STRING after the count of unused bits */
    struct crypto_name issuer;
    struct crypto_name subject;
    int64_t not_before; /* UTC seconds since 1970, both ends inside the validity */
    int64_t not_after;
    struct crypto_span spki; /* SubjectPublicKeyInfo */
    enum crypto_key_kind key_kind;
    unsigned key_bits;                /* 0 for OTHER */
    uint8_t xy[2 * CRYPTO_P384_SIZE]; /* P384 only, as crypto_ec_public_new takes it */
    bool unique_ids;                  /* an issuer or subject unique id is present */
    struct crypto_extensions extensions;
    struct crypto_x509_own *own; /* crypto's own */
};

/* Reads DER. The failure's field is "certificate", or the part at fault: "signature", "version",
 * "notBefore", "notAfter", "issuer", "subject", "extensions". */
SEVKIT_MUST struct sevkit_result crypto_x509_from_der(const uint8_t *bytes, size_t size,
                                                      struct crypto_x509 **cert);

/* Reads DER, or PEM text of exactly one block "CERTIFICATE" without PEM headers and with nothing but
 * white space around it. */
SEVKIT_MUST struct sevkit_result crypto_x509_from_pem_or_der(const uint8_t *bytes, size_t size,
                                                             struct crypto_x509 **cert);
void crypto_x509_free(struct crypto_x509 *cert);

/* Verifies CERT's signature with ISSUER's key: RSASSA-PSS, SHA-384, MGF1 with SHA-384, salt of 48
 * bytes, whatever CERT's AlgorithmIdentifier says. SEVKIT_BAD_CRYPTO at "signature" when it does not
 * verify, SEVKIT_BAD_VALUE at "issuer key" when that key is not RSA. Names, dates and extensions are
 * not looked at. */
SEVKIT_MUST struct sevkit_result crypto_x509_verify(const struct crypto_x509 *cert,
                                                    const struct crypto_x509 *issuer);

/* ---- well-known extension values ---- */

#define CRYPTO_OID_SUBJECT_KEY_ID "2.5.29.14"
#define CRYPTO_OID_KEY_USAGE "2.5.29.15"
#define CRYPTO_OID_BASIC_CONSTRAINTS "2.5.29.19"
#define CRYPTO_OID_CRL_NUMBER "2.5.29.20"
#define CRYPTO_OID_CRL_DISTRIBUTION "2.5.29.31"
#define CRYPTO_OID_AUTHORITY_KEY_ID "2.5.29.35"

struct crypto_basic_constraints {
    bool ca;
    int64_t path_length; /* -1: none */
};

SEVKIT_MUST struct sevkit_result
crypto_basic_constraints_decode(struct crypto_span value, struct crypto_basic_constraints *out);

/* Bits of a key usage as RFC 5280 numbers them: bit 0 is digitalSignature. */
#define CRYPTO_USAGE_DIGITAL_SIGNATURE (1u << 0)
#define CRYPTO_USAGE_CERT_SIGN (1u << 5)
#define CRYPTO_USAGE_CRL_SIGN (1u << 6)

/* Takes AMD's 03 02 01 04, which names one unused bit where DER would name two. */
SEVKIT_MUST struct sevkit_result crypto_key_usage_decode(struct crypto_span value, uint32_t *bits);

/* The identifier inside a subjectKeyIdentifier. */
SEVKIT_MUST struct sevkit_result crypto_subject_key_id_decode(struct crypto_span value,
                                                              struct crypto_span *id);

/* The keyIdentifier inside an authorityKeyIdentifier, which must be its only field, as AMD has it. */
SEVKIT_MUST struct sevkit_result crypto_authority_key_id_decode(struct crypto_span value,
                                                                struct crypto_span *id);

/* ---- certificate revocation lists ---- */

struct crypto_crl_entry {
    struct crypto_span serial; /* content bytes of the INTEGER */
    int64_t date;
    bool
        critical_extension; /* an entry extension is critical: do not use the list (RFC 5280, 5.3) */
};

struct crypto_crl {
    struct crypto_span der;
    struct crypto_span tbs;
    unsigned version; /* 1 or 2 */
    struct crypto_span tbs_algorithm;
    struct crypto_span algorithm;
    struct crypto_span signature;
    struct crypto_name issuer;
    int64_t this_update;
    bool has_next_update;
    int64_t next_update; /* 0 when absent */
    size_t count;
    const struct crypto_crl_entry *entries;
    struct crypto_extensions extensions;
    struct crypto_crl_own *own; /* crypto's own */
};

/* Reads DER, as crypto_x509_from_der. Fields of failures: "CRL" and its parts. */
SEVKIT_MUST struct sevkit_result crypto_crl_from_der(const uint8_t *bytes, size_t size,
                                                     struct crypto_crl **crl);

/* Reads DER or PEM ("X509 CRL"), as crypto_x509_from_pem_or_der. */
SEVKIT_MUST struct sevkit_result crypto_crl_from_pem_or_der(const uint8_t *bytes, size_t size,
                                                            struct crypto_crl **crl);
void crypto_crl_free(struct crypto_crl *crl);

/* The entry with SERIAL (content bytes of an INTEGER), or NULL. */
const struct crypto_crl_entry *crypto_crl_find(const struct crypto_crl *crl,
                                               struct crypto_span serial);

/* As crypto_x509_verify. */
SEVKIT_MUST struct sevkit_result crypto_crl_verify(const struct crypto_crl *crl,
                                                   const struct crypto_x509 *issuer);

#endif
