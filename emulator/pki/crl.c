/* See crl.h. A list that is unsigned, stale, partial or not understood says nothing, so it is
 * refused: whoever asked for revocation gets no answer instead of "not revoked".
 *
 * Every real VCEK and VLEK has serial 0. A list with serial 0 therefore refuses all leaves; AMD
 * does not plan to list leaves at all. */
#include "pki/crl.h"

#include "pki/cert_profile.h"

#define OID_DELTA_CRL_INDICATOR "2.5.29.27"
#define OID_ISSUING_DISTRIBUTION_POINT "2.5.29.28"

/* @gap AMB-220: a list that is a part by an extension that is not critical. */
static struct sevkit_result check_extensions(const struct crypto_crl *crl) {
    for (size_t i = 0; i < crl->extensions.count; i++) {
        const struct crypto_extension *e = &crl->extensions.list[i];
        const bool partial = strcmp(e->oid, OID_DELTA_CRL_INDICATOR) == 0 ||
                             strcmp(e->oid, OID_ISSUING_DISTRIBUTION_POINT) == 0;
        const bool known = strcmp(e->oid, CRYPTO_OID_CRL_NUMBER) == 0 ||
                           strcmp(e->oid, CRYPTO_OID_AUTHORITY_KEY_ID) == 0;
        const bool unknown = e->critical && !known;
        if (partial) return pki_no_at(R_CRL_PARTIAL, "CRL", e->oid, 0);  /* @req VRF-124 */
        if (unknown) return pki_no_at(R_CRL_CRITICAL, "CRL", e->oid, 1); /* @req VRF-049 */
    }
    for (size_t i = 0; i < crl->count; i++) {
        const bool critical = crl->entries[i].critical_extension;
        if (critical) return pki_no(R_CRL_ENTRY_CRITICAL, "CRL", i); /* @req VRF-049 */
    }
    return sevkit_success();
}

static struct sevkit_result check_times(const struct crypto_crl *crl, int64_t at) {
    const uint64_t from = (uint64_t)crl->this_update, to = (uint64_t)crl->next_update;
    const bool endless = !crl->has_next_update;
    if (at < crl->this_update) return pki_no(R_CRL_THIS_UPDATE, "CRL", from); /* @req VRF-045 */
    if (endless) return pki_no(R_CRL_NEXT_UPDATE_MISSING, "CRL", 0);          /* @req VRF-044 */
    if (at > crl->next_update) return pki_no(R_CRL_NEXT_UPDATE, "CRL", to);   /* @req VRF-043 */
    return sevkit_success();
}

/* The value of the failure is the time of the revocation. */
static struct sevkit_result check_listed(const struct crypto_crl *crl, const struct pki_cert *cert,
                                         enum pki_rule rule) {
    const struct crypto_crl_entry *e = crypto_crl_find(crl, cert->x509->serial);
    const char *label = pki_role_name(cert->role);
    if (e != NULL) return pki_no(rule, label, (uint64_t)e->date); /* @req VRF-046 */
    return sevkit_success();
}

static struct sevkit_result check(const struct crypto_crl *crl, const struct pki_cert *ark,
                                  const struct pki_cert *ca, const struct pki_cert *leaf,
                                  int64_t at) {
    const bool named = crypto_span_equal(crl->issuer.der, ark->x509->subject.der);
    SEVKIT_TRY(pki_check_algorithm(crl->tbs_algorithm, crl->algorithm, "CRL"));
    if (!named) return pki_no(R_CRL_ISSUER, "CRL", 0); /* @req VRF-042 */
    const bool verified = sevkit_ok(crypto_crl_verify(crl, ark->x509));
    if (!verified) return pki_no(R_CRL_SIGNATURE, "CRL", 0); /* @req VRF-042 */
    SEVKIT_TRY(check_times(crl, at));
    SEVKIT_TRY(check_extensions(crl));
    SEVKIT_TRY(check_listed(crl, ark, R_CRL_LISTS_ARK)); /* @req VRF-047 */
    SEVKIT_TRY(check_listed(crl, ca, R_CRL_LISTS_CA));   /* @req VRF-046 */
    return check_listed(crl, leaf, R_CRL_LISTS_LEAF);    /* @req VRF-048 */
}

struct sevkit_result pki_crl_check(const uint8_t *bytes, size_t size, const struct pki_cert *ark,
                                   const struct pki_cert *ca, const struct pki_cert *leaf,
                                   int64_t at) {
    struct crypto_crl *crl = NULL;
    SEVKIT_TRY(crypto_crl_from_pem_or_der(bytes, size, &crl));
    const struct sevkit_result r = check(crl, ark, ca, leaf, at);
    crypto_crl_free(crl);
    return r;
}
