/* The unit tests of crypto/. */
#include "crypto/tests/suites.h"
#include "unit/unit.h"

int main(int argc, char **argv) {
    static const struct unit_suite *const suites[] = {
        &crypto_aead_suite,  &crypto_digest_suite, &crypto_kdf_suite,
        &crypto_ecdsa_suite, &crypto_der_suite,    &crypto_rsa_suite,
        &crypto_pem_suite,   &crypto_x509_suite,   &crypto_values_suite,
        &crypto_crl_suite,   &crypto_mutate_suite, &crypto_web_suite,
        &crypto_real_suite,  &crypto_page_suite,   NULL,
    };
    return unit_main(argc, argv, "crypto", suites);
}
