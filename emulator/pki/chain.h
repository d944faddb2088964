/* A judged chain, as pki_verify_report uses it. */
#ifndef PKI_CHAIN_H
#define PKI_CHAIN_H

#include "sevkit/verify.h"

struct pki_chain {
    enum pki_role leaf_role, ca_role; /* OTHER also where there is none */
    enum pki_anchor anchor;
    struct sevkit_result chain; /* the outcome of stage chain, as far as no report is needed */
    bool has_crl;
    struct sevkit_result revocation; /* the outcome of stage revocation, with a CRL */
    struct pki_leaf_info info;       /* from here on: only when CHAIN is a success */
    struct crypto_ec_public *key;
};

#endif
