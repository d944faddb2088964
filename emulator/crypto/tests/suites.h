/* The suites of crypto's unit tests, one a file. */
#ifndef CRYPTO_TESTS_SUITES_H
#define CRYPTO_TESTS_SUITES_H

#include "unit/unit.h"

extern const struct unit_suite crypto_aead_suite;
extern const struct unit_suite crypto_page_suite;
extern const struct unit_suite crypto_digest_suite;
extern const struct unit_suite crypto_kdf_suite;
extern const struct unit_suite crypto_ecdsa_suite;
extern const struct unit_suite crypto_der_suite;
extern const struct unit_suite crypto_rsa_suite;
extern const struct unit_suite crypto_pem_suite;
extern const struct unit_suite crypto_x509_suite;
extern const struct unit_suite crypto_values_suite;
extern const struct unit_suite crypto_crl_suite;
extern const struct unit_suite crypto_mutate_suite;
extern const struct unit_suite crypto_web_suite;
extern const struct unit_suite crypto_real_suite;

#endif
