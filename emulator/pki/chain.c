/* Judging a chain and a CRL once for many reports. Certificate notes, sections 1 and 2; design,
 * section 4 (anchor).
 *
 * With a root given, the root is the ARK: an ARK of the prover is judged, but nothing is verified
 * with it, so that its dates and extensions cannot replace the root's. */
#include "pki/chain.h"

#include <stdlib.h>

#include "pki/anchor.h"
#include "pki/cert_profile.h"
#include "pki/crl.h"

static struct sevkit_result judge_ark(const struct pki_cert *ark, int64_t at, const char *label) {
    SEVKIT_TRY(pki_check_common(ark, label));
    SEVKIT_TRY(pki_check_ca(ark, PKI_ROLE_ARK, label));
    SEVKIT_TRY(pki_check_issued(ark, ark, R_ARK_SIGNATURE, label)); /* @req VRF-022 */
    return pki_check_validity(ark, at, R_CA_VALIDITY, label);       /* @req VRF-034 */
}

static struct sevkit_result judge_anchor(const struct pki_chain_input *in,
                                         enum pki_anchor *anchor) {
    if (in->root != NULL) {
        const struct crypto_x509 *root = in->root->x509;
        const struct crypto_x509 *ark = in->ark != NULL ? in->ark->x509 : root;
        const bool same = crypto_span_equal(ark->subject.der, root->subject.der) &&
                          crypto_span_equal(ark->spki, root->spki);
        if (!same) return pki_no(R_ARK_ROOT, "ARK", 0); /* @req VRF-024 */
        *anchor = PKI_ANCHOR_GIVEN;
        return sevkit_success();
    }
    if (in->trust_dir) {
        *anchor = PKI_ANCHOR_DIR;
        return sevkit_success();
    }
    SEVKIT_TRY(pki_anchor_find(in->ark->x509->spki, anchor));
    if (*anchor == PKI_ANCHOR_NONE) return pki_no(R_ARK_ANCHOR, "ARK", 0); /* @req VRF-023 */
    return sevkit_success();
}

static struct sevkit_result judge_ca(const struct pki_chain_input *in, const struct pki_cert *ark,
                                     enum pki_role role) {
    const char *label = pki_role_name(role);
    SEVKIT_TRY(pki_check_common(in->ca, label));
    SEVKIT_TRY(pki_check_ca(in->ca, role, label));
    if (in->ca->product != ark->product) return pki_no(R_CA_PRODUCT, label, 0); /* @req VRF-030 */
    SEVKIT_TRY(pki_check_issued(in->ca, ark, R_CA_SIGNATURE, label));           /* @req VRF-026 */
    return pki_check_validity(in->ca, in->at, R_CA_VALIDITY, label);            /* @req VRF-034 */
}

static struct sevkit_result judge_leaf(const struct pki_chain_input *in, const char *label,
                                       struct pki_chain *chain) {
    SEVKIT_TRY(pki_check_common(in->leaf, label));
    SEVKIT_TRY(pki_check_leaf(in->leaf, label));
    const enum pki_rule dates = R_LEAF_VALIDITY;
    SEVKIT_TRY(pki_check_issued(in->leaf, in->ca, R_LEAF_SIGNATURE, label)); /* @req VRF-027 */
    SEVKIT_TRY(pki_check_validity(in->leaf, in->at, dates, label));          /* @req VRF-033 */
    SEVKIT_TRY(pki_cert_leaf_info(in->leaf, &chain->info));
    return crypto_ec_public_new(in->leaf->x509->xy, &chain->key);
}

static struct sevkit_result judge(const struct pki_chain_input *in, struct pki_chain *chain) {
    const struct pki_cert *ark = in->root != NULL ? in->root : in->ark;
    if (in->unreadable != NULL) return *in->unreadable;
    if (ark == NULL) return pki_no(R_CERT_MISSING, "ARK", 0);
    if (in->ca == NULL) return pki_no(R_CERT_MISSING, "ASK or ASVK", 0);
    if (in->leaf == NULL) return pki_no(R_CERT_MISSING, "VCEK or VLEK", 0);
    const bool vlek = in->leaf->role == PKI_ROLE_VLEK;
    if (in->root != NULL) SEVKIT_TRY(judge_ark(in->root, in->at, "root"));
    if (in->ark != NULL) SEVKIT_TRY(judge_ark(in->ark, in->at, "ARK"));
    SEVKIT_TRY(judge_anchor(in, &chain->anchor));
    SEVKIT_TRY(judge_ca(in, ark, vlek ? PKI_ROLE_ASVK : PKI_ROLE_ASK));
    return judge_leaf(in, vlek ? "VLEK" : "VCEK", chain);
}

struct sevkit_result pki_chain_new(const struct pki_chain_input *in, struct pki_chain **out) {
    struct pki_chain *chain = calloc(1, sizeof *chain);
    if (chain == NULL) {
        return sevkit_fail(SEVKIT_NO_MEMORY, "chain", SEVKIT_NO_OFFSET, sizeof *chain, "memory");
    }
    chain->leaf_role = in->leaf != NULL ? in->leaf->role : PKI_ROLE_OTHER;
    chain->ca_role = in->ca != NULL ? in->ca->role : PKI_ROLE_OTHER;
    chain->has_crl = in->crl != NULL;
    chain->chain = judge(in, chain);
    chain->revocation = sevkit_success();
    if (sevkit_ok(chain->chain) && chain->has_crl) {
        const struct pki_cert *ark = in->root != NULL ? in->root : in->ark;
        chain->revocation = pki_crl_check(in->crl, in->crl_size, ark, in->ca, in->leaf, in->at);
    }
    *out = chain;
    return sevkit_success();
}

void pki_chain_free(struct pki_chain *chain) {
    if (chain == NULL) return;
    crypto_ec_public_free(chain->key);
    free(chain);
}
