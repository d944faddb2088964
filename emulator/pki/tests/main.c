/* The unit tests of pki/: minting (mint_*.c), then reading and verifying. */
#include "unit/unit.h"

extern const struct unit_suite pki_mint_bytes_suite, pki_mint_crl_suite, pki_mint_der_suite,
    pki_mint_leaf_suite, pki_mint_leaf_key_suite, pki_mint_openssl_suite, pki_mint_pem_suite,
    pki_mint_real_suite, pki_mint_roots_suite;
extern const struct unit_suite pki_cert_suite, pki_leaf_suite, pki_chain_suite, pki_crl_suite,
    pki_verify_suite, pki_policy_suite, pki_real_suite;

static const struct unit_suite *const suites[] = {
    &pki_mint_der_suite,
    &pki_mint_pem_suite,
    &pki_mint_roots_suite,
    &pki_mint_bytes_suite,
    &pki_mint_leaf_suite,
    &pki_mint_leaf_key_suite,
    &pki_mint_crl_suite,
    &pki_mint_openssl_suite,
    &pki_mint_real_suite,
    /* reading and verifying */
    &pki_cert_suite,
    &pki_leaf_suite,
    &pki_chain_suite,
    &pki_crl_suite,
    &pki_verify_suite,
    &pki_policy_suite,
    &pki_real_suite,
    NULL,
};

int main(int argc, char **argv) {
    return unit_main(argc, argv, "pki", suites);
}
