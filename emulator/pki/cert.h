/* A parsed certificate inside pki/: crypto's view of it, and what its names claim. */
#ifndef PKI_CERT_H
#define PKI_CERT_H

#include "crypto/x509.h"
#include "sevkit/pki.h"

struct pki_cert {
    struct crypto_x509 *x509;
    enum pki_role role;
    enum abi_product product;
};

#endif
