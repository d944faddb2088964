/* A minted chain to look at, and leaves to mint it from. */
#ifndef PKI_TESTS_MINT_FIXTURE_H
#define PKI_TESTS_MINT_FIXTURE_H

#include "sevkit/pki.h"

extern const enum abi_product mint_products[3];

/* A valid VCEK or VLEK of PRODUCT at SEVKIT_EPOCH_EMBEDDED: TCB with microcode 0x50, hwid bytes
 * 00, 01, ..., CSP id "CN=cc-eu-west-1.amazonaws.com". */
struct pki_leaf mint_vcek(enum abi_product product);
struct pki_leaf mint_vlek(enum abi_product product);

/* Mints LEAF with its own key under fresh roots. */
SEVKIT_MUST struct sevkit_result mint_one(const struct pki_leaf *leaf, struct pki_der *out);

struct mint_chain {
    struct pki_der ark, ask, asvk, vcek, vlek, crl;
};

/* All certificates of one line; the CRL is valid from one day before SEVKIT_EPOCH_EMBEDDED to 30
 * days after it and revokes nothing. */
SEVKIT_MUST struct sevkit_result mint_chain(enum abi_product product, struct mint_chain *chain);

#endif
