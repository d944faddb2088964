/* The test root keys of one product line, and signing with them (certificate notes, section
 * 1.1). The keys are published in vectors/keys/ and travel inside the binary. */
#ifndef PKI_KEYS_H
#define PKI_KEYS_H

#include "crypto/rsa.h"
#include "pki/der.h"
#include "sevkit/pki.h"

struct pki_roots {
    enum abi_product product;
    struct crypto_rsa_key *ark;
    struct crypto_rsa_key *ask;
    struct crypto_rsa_key *asvk;
};

/* The two AlgorithmIdentifiers of RSASSA-PSS that AMD has used: form A states the default trailer
 * (not DER), form B leaves it out. */
enum pki_pss_form { PKI_PSS_FORM_A, PKI_PSS_FORM_B };

struct crypto_span pki_pss_algorithm(enum pki_pss_form form);

/* The certificate or CRL around TBS: TBS, the algorithm, KEY's signature over TBS. WHAT names
 * the object in a failure. */
SEVKIT_MUST struct sevkit_result pki_sign(const struct crypto_rsa_key *key, enum pki_pss_form form,
                                          const uint8_t *tbs, size_t tbs_size, const char *what,
                                          struct pki_der *out);

#endif
