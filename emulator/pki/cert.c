/* Reading a certificate: role and product line by its common names. Certificate notes, sections
 * 1.2 and 1.3 (common names). Trust is not judged here. */
#include "pki/cert.h"

#include <stdlib.h>

#include "pki/cert_profile.h"
#include "pki/name.h"

const char *pki_role_name(enum pki_role role) {
    switch (role) {
    case PKI_ROLE_ARK: return "ARK";
    case PKI_ROLE_ASK: return "ASK";
    case PKI_ROLE_ASVK: return "ASVK";
    case PKI_ROLE_VCEK: return "VCEK";
    case PKI_ROLE_VLEK: return "VLEK";
    case PKI_ROLE_OTHER: return "other";
    }
    return "other";
}

static bool common_name_is(const struct crypto_name *name, const char *text) {
    const struct crypto_attribute *cn = crypto_name_only(name, CRYPTO_OID_COMMON_NAME);
    if (cn == NULL) return false;
    const struct crypto_span want = {.bytes = (const uint8_t *)text, .size = strlen(text)};
    return crypto_span_equal(cn->value, want);
}

/* Whole names are compared, never parts of them: "SEV-VCEK" is not an ASK because it begins with
 * "SEV". */
static enum pki_role role_of(const struct crypto_name *name, enum abi_product *product) {
    *product = ABI_PRODUCT_UNKNOWN;
    if (common_name_is(name, PKI_NAME_VCEK)) return PKI_ROLE_VCEK;
    if (common_name_is(name, PKI_NAME_VLEK)) return PKI_ROLE_VLEK;
    for (enum abi_product p = ABI_PRODUCT_MILAN; p <= ABI_PRODUCT_TURIN; p++) {
        char ark[PKI_COMMON_NAME_SIZE], ask[PKI_COMMON_NAME_SIZE], asvk[PKI_COMMON_NAME_SIZE];
        pki_name_ark(p, ark);
        pki_name_ask(p, ask);
        pki_name_asvk(p, asvk);
        *product = p;
        if (common_name_is(name, ark)) return PKI_ROLE_ARK;
        if (common_name_is(name, ask)) return PKI_ROLE_ASK;
        if (common_name_is(name, asvk)) return PKI_ROLE_ASVK;
    }
    *product = ABI_PRODUCT_UNKNOWN;
    return PKI_ROLE_OTHER;
}

struct sevkit_result pki_cert_parse(const uint8_t *bytes, size_t size, struct pki_cert **cert) {
    struct crypto_x509 *x509 = NULL;
    SEVKIT_TRY(crypto_x509_from_pem_or_der(bytes, size, &x509));
    struct pki_cert *c = malloc(sizeof *c);
    if (c == NULL) {
        crypto_x509_free(x509);
        return sevkit_fail(SEVKIT_NO_MEMORY, "certificate", SEVKIT_NO_OFFSET, size, "memory");
    }
    c->x509 = x509;
    c->role = role_of(&x509->subject, &c->product);
    if (c->product == ABI_PRODUCT_UNKNOWN) (void)role_of(&x509->issuer, &c->product);
    *cert = c;
    return sevkit_success();
}

void pki_cert_free(struct pki_cert *cert) {
    if (cert == NULL) return;
    crypto_x509_free(cert->x509);
    free(cert);
}

enum pki_role pki_cert_role(const struct pki_cert *cert) {
    return cert->role;
}

enum abi_product pki_cert_product(const struct pki_cert *cert) {
    return cert->product;
}

int64_t pki_cert_not_before(const struct pki_cert *cert) {
    return cert->x509->not_before;
}

int64_t pki_cert_not_after(const struct pki_cert *cert) {
    return cert->x509->not_after;
}

const uint8_t *pki_cert_der(const struct pki_cert *cert, size_t *size) {
    *size = cert->x509->der.size;
    return cert->x509->der.bytes;
}

struct sevkit_result pki_cert_check_self_signed(const struct pki_cert *cert) {
    return pki_check_issued(cert, cert, R_ARK_SIGNATURE, "certificate"); /* @req VRF-022 */
}
