/* What a parsed certificate or CRL keeps for itself. Internal to crypto/. */
#ifndef CRYPTO_X509_OWN_H
#define CRYPTO_X509_OWN_H

#include <openssl/x509.h>

struct crypto_x509_own {
    uint8_t *der;
    X509 *x509;
};

struct crypto_crl_own {
    uint8_t *der;
    X509_CRL *crl;
};

#endif
