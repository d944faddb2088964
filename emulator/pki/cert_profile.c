/* See cert_profile.h. Certificate notes, section 1.1 (common), 1.2 (CA), 1.3 (leaves). */
#include "pki/cert_profile.h"

#include <stdio.h>

#include "pki/keys.h"

#define X509_V3 3
/* A real certificate has 11 extensions at most; the limit keeps the search for duplicates cheap. */
#define EXTENSIONS_MAX 32

/* ---- section 1.1 ---- */

struct sevkit_result pki_check_algorithm(struct crypto_span inner, struct crypto_span outer,
                                         const char *label) {
    const bool a = crypto_span_equal(inner, pki_pss_algorithm(PKI_PSS_FORM_A));
    const bool b = crypto_span_equal(inner, pki_pss_algorithm(PKI_PSS_FORM_B));
    const bool same = crypto_span_equal(inner, outer);
    if (!same) return pki_no(R_CERT_ALGORITHMS, label, outer.size);   /* @req VRF-032 */
    if (!a && !b) return pki_no(R_CERT_ALGORITHM, label, inner.size); /* @req VRF-031 */
    return sevkit_success();
}

#define TAG_UTF8_STRING 0x0C
#define TAG_PRINTABLE_STRING 0x13

static const struct {
    const char *oid;
    const char *name;
    uint8_t tag;
    const char *value; /* NULL: the common name, judged by role */
} name_parts[] = {
    {"2.5.4.11", "OU", TAG_UTF8_STRING, "Engineering"},
    {"2.5.4.6", "C", TAG_PRINTABLE_STRING, "US"},
    {"2.5.4.7", "L", TAG_UTF8_STRING, "Santa Clara"},
    {"2.5.4.8", "ST", TAG_UTF8_STRING, "CA"},
    {"2.5.4.10", "O", TAG_UTF8_STRING, "Advanced Micro Devices"},
    {CRYPTO_OID_COMMON_NAME, "CN", TAG_UTF8_STRING, NULL},
};

#define NAME_PARTS (sizeof name_parts / sizeof name_parts[0])

static bool value_is(struct crypto_span value, const char *text) {
    return text == NULL ||
           crypto_span_equal(value, (struct crypto_span){(const uint8_t *)text, strlen(text)});
}

static struct sevkit_result check_name(const struct crypto_name *name, const char *label,
                                       const char *which) {
    const size_t n = name->count;
    if (n != NAME_PARTS) return pki_no_at(R_CERT_NAME_COUNT, label, which, n); /* @req VRF-029 */
    for (size_t i = 0; i < NAME_PARTS; i++) {
        const struct crypto_attribute *a = &name->attributes[i];
        const bool right_oid = strcmp(a->oid, name_parts[i].oid) == 0;
        const bool right_tag = a->tag == name_parts[i].tag;
        const bool right_value = value_is(a->value, name_parts[i].value);
        char part[16];
        snprintf(part, sizeof part, "%s.%s", which, name_parts[i].name);
        if (a->rdn != i) return pki_no_at(R_CERT_NAME_RDN, label, part, a->rdn); /* @req VRF-029 */
        if (!right_oid) return pki_no_at(R_CERT_NAME_ORDER, label, part, i);     /* @req VRF-029 */
        if (!right_tag) return pki_no_at(R_CERT_NAME_TAG, label, part, a->tag);  /* @req VRF-029 */
        if (!right_value) return pki_no_at(R_CERT_NAME_VALUE, label, part, i);   /* @req VRF-029 */
    }
    return sevkit_success();
}

static struct sevkit_result check_unique(const struct crypto_extensions *list, const char *label) {
    const size_t count = list->count;
    if (count > EXTENSIONS_MAX) return pki_no(R_CERT_EXTENSIONS, label, count); /* @req VRF-104 */
    for (size_t i = 0; i < count; i++) {
        const char *oid = list->list[i].oid;
        const size_t times = crypto_extension_count(list, oid);
        if (times > 1) return pki_no_at(R_CERT_TWICE, label, oid, times); /* @req VRF-108 */
    }
    return sevkit_success();
}

struct sevkit_result pki_check_common(const struct pki_cert *cert, const char *label) {
    const struct crypto_x509 *x = cert->x509;
    if (x->version != X509_V3) return pki_no(R_CERT_VERSION, label, x->version); /* @req VRF-106 */
    SEVKIT_TRY(pki_check_algorithm(x->tbs_algorithm, x->algorithm, label));
    SEVKIT_TRY(check_name(&x->issuer, label, "issuer"));
    SEVKIT_TRY(check_name(&x->subject, label, "subject"));
    if (x->unique_ids) return pki_no(R_CERT_UNIQUE_ID, label, 1); /* @req VRF-106 */
    return check_unique(&x->extensions, label);
}

/* ---- section 1.2 ---- */

/* SubjectPublicKeyInfo of an RSA-4096 key with rsaEncryption, NULL and e = 65537: these bytes, a
 * modulus of 512 bytes with its top bit set, and the exponent. */
#define RSA_4096_MODULUS 512
static const uint8_t rsa_4096_head[] = {
    0x30, 0x82, 0x02, 0x22, 0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48,
    0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0x00, 0x03, 0x82, 0x02,
    0x0F, 0x00, 0x30, 0x82, 0x02, 0x0A, 0x02, 0x82, 0x02, 0x01, 0x00,
};
static const uint8_t rsa_e_65537[] = {0x02, 0x03, 0x01, 0x00, 0x01};

static bool is_rsa_4096(struct crypto_span spki) {
    const size_t head = sizeof rsa_4096_head;
    if (spki.size != head + RSA_4096_MODULUS + sizeof rsa_e_65537) return false;
    return memcmp(spki.bytes, rsa_4096_head, head) == 0 && (spki.bytes[head] & 0x80) != 0 &&
           memcmp(spki.bytes + head + RSA_4096_MODULUS, rsa_e_65537, sizeof rsa_e_65537) == 0;
}

static struct sevkit_result check_ca_constraints(const struct pki_cert *cert, enum pki_role role,
                                                 const char *label) {
    const struct crypto_extensions *list = &cert->x509->extensions;
    const struct crypto_extension *e = crypto_extension_find(list, CRYPTO_OID_BASIC_CONSTRAINTS);
    const int64_t want = role == PKI_ROLE_ARK ? -1 : 0; /* -1: no path length */
    struct crypto_basic_constraints bc = {.ca = false};
    const bool read = e != NULL && sevkit_ok(crypto_basic_constraints_decode(e->value, &bc));
    if (!read) return pki_no(R_CA_CONSTRAINTS, label, e != NULL);         /* @req VRF-035 */
    if (!e->critical) return pki_no(R_CA_CONSTRAINTS_CRITICAL, label, 0); /* @req VRF-035 */
    const int64_t path = bc.path_length;
    if (!bc.ca) return pki_no(R_CA_FLAG, label, 0);                           /* @req VRF-035 */
    if (path != want) return pki_no(R_CA_PATH_LENGTH, label, (uint64_t)path); /* @req VRF-035 */
    return sevkit_success();
}

static struct sevkit_result check_ca_usage(const struct pki_cert *cert, enum pki_role role,
                                           const char *label) {
    const struct crypto_extensions *list = &cert->x509->extensions;
    const struct crypto_extension *e = crypto_extension_find(list, CRYPTO_OID_KEY_USAGE);
    const uint32_t crl_sign = role == PKI_ROLE_ARK ? CRYPTO_USAGE_CRL_SIGN : 0;
    const uint32_t want = CRYPTO_USAGE_CERT_SIGN | crl_sign;
    uint32_t usage = 0;
    const bool read = e != NULL && sevkit_ok(crypto_key_usage_decode(e->value, &usage));
    if (!read) return pki_no(R_CA_USAGE, label, e != NULL);          /* @req VRF-035 */
    if (!e->critical) return pki_no(R_CA_USAGE_CRITICAL, label, 0);  /* @req VRF-035 */
    if (usage != want) return pki_no(R_CA_USAGE_BITS, label, usage); /* @req VRF-035 */
    return sevkit_success();
}

/* Critical says: refuse the certificate unless you act on this extension (RFC 5280, 4.2). */
static struct sevkit_result check_critical(const struct pki_cert *cert, const char *label) {
    const struct crypto_extensions *list = &cert->x509->extensions;
    for (size_t i = 0; i < list->count; i++) {
        const struct crypto_extension *e = &list->list[i];
        const bool acted_on = strcmp(e->oid, CRYPTO_OID_BASIC_CONSTRAINTS) == 0 ||
                              strcmp(e->oid, CRYPTO_OID_KEY_USAGE) == 0;
        const bool refused = e->critical && !acted_on;
        if (refused) return pki_no_at(R_CERT_CRITICAL, label, e->oid, 1); /* @req VRF-037 */
    }
    return sevkit_success();
}

struct sevkit_result pki_check_ca(const struct pki_cert *cert, enum pki_role role,
                                  const char *label) {
    const struct crypto_x509 *x = cert->x509;
    if (cert->role != role) return pki_no(R_CA_NAME, label, 0);             /* @req VRF-029 */
    if (!is_rsa_4096(x->spki)) return pki_no(R_CA_KEY, label, x->key_bits); /* @req VRF-107 */
    SEVKIT_TRY(check_ca_constraints(cert, role, label));
    SEVKIT_TRY(check_ca_usage(cert, role, label));
    return check_critical(cert, label);
}

/* ---- section 1.3 ---- */

/* SubjectPublicKeyInfo of an uncompressed point of P-384, up to the byte 04; then X and Y.
 * @gap AMB-218: a compressed point. */
static const uint8_t p384_head[] = {0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2A, 0x86,
                                    0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x05, 0x2B,
                                    0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00, 0x04};

static bool is_p384(const struct crypto_x509 *x) {
    return x->key_kind == CRYPTO_KEY_P384 && x->spki.size == sizeof p384_head + sizeof x->xy &&
           memcmp(x->spki.bytes, p384_head, sizeof p384_head) == 0;
}

struct sevkit_result pki_check_leaf(const struct pki_cert *cert, const char *label) {
    const struct crypto_x509 *x = cert->x509;
    const struct crypto_extension *bc =
        crypto_extension_find(&x->extensions, CRYPTO_OID_BASIC_CONSTRAINTS);
    const struct crypto_extension *ku = crypto_extension_find(&x->extensions, CRYPTO_OID_KEY_USAGE);
    struct crypto_basic_constraints constraints = {.ca = false};
    uint32_t usage = 0;
    const bool bc_read =
        bc == NULL || sevkit_ok(crypto_basic_constraints_decode(bc->value, &constraints));
    const bool ku_read = ku == NULL || sevkit_ok(crypto_key_usage_decode(ku->value, &usage));
    const bool signs = usage & (CRYPTO_USAGE_CERT_SIGN | CRYPTO_USAGE_CRL_SIGN);
    if (!is_p384(x)) return pki_no(R_LEAF_KEY, label, x->key_bits);         /* @req VRF-036 */
    if (!bc_read) return pki_no(R_LEAF_CONSTRAINTS, label, bc->value.size); /* @req VRF-035 */
    if (constraints.ca) return pki_no(R_LEAF_CA, label, 1);                 /* @req VRF-035 */
    if (!ku_read) return pki_no(R_LEAF_USAGE, label, ku->value.size);       /* @req VRF-035 */
    if (signs) return pki_no(R_LEAF_USAGE_BITS, label, usage);              /* @req VRF-035 */
    return check_critical(cert, label);
}

/* ---- one certificate under another ---- */

struct sevkit_result pki_check_validity(const struct pki_cert *cert, int64_t at, enum pki_rule rule,
                                        const char *label) {
    const int64_t first = cert->x509->not_before, last = cert->x509->not_after;
    const uint64_t from = (uint64_t)first, to = (uint64_t)last;
    if (at < first) return pki_no_at(rule, label, "notBefore", from); /* @req VRF-033 */
    if (at > last) return pki_no_at(rule, label, "notAfter", to);     /* @req VRF-033 */
    return sevkit_success();
}

struct sevkit_result pki_check_issued(const struct pki_cert *cert, const struct pki_cert *issuer,
                                      enum pki_rule rule, const char *label) {
    const bool named = crypto_span_equal(cert->x509->issuer.der, issuer->x509->subject.der);
    if (!named) return pki_no(R_CERT_ISSUER, label, 0); /* @req VRF-028 */
    const bool verified = sevkit_ok(crypto_x509_verify(cert->x509, issuer->x509));
    if (!verified) return pki_no(rule, label, 0); /* @req VRF-027 */
    return sevkit_success();
}
