/* A minted chain and a report that the verifier accepts, to be broken in one place by each test,
 * and the tools to break it: a DER edit that mends lengths, and signing again with the test root
 * keys. */
#ifndef PKI_TESTS_VERIFY_FIXTURE_H
#define PKI_TESTS_VERIFY_FIXTURE_H

#include "pki/keys.h"
#include "sevkit/verify.h"
#include "unit/unit.h"

enum verify_part { VERIFY_ARK, VERIFY_CA, VERIFY_LEAF, VERIFY_CRL };

struct verify_world {
    enum abi_product product;
    bool vlek;
    struct pki_roots *roots;
    struct crypto_ec_key *key; /* the leaf's */
    struct pki_der ark, ca, leaf, crl, root;
    bool with_crl, with_root, trust_dir;
    int64_t at; /* one hour after the leaf's notBefore */
    struct pki_policy policy;
    struct abi_report report; /* what is encoded and signed; see verify_sign */
    uint8_t bytes[ABI_REPORT_SIZE];
};

/* An accepted world. Ends the program when it cannot be made: nothing can be tested then. */
void verify_open(struct verify_world *w, enum abi_product product, bool vlek, unsigned version);
void verify_close(struct verify_world *w);

/* Encodes and signs w->report again. */
void verify_sign(struct verify_world *w);

/* Mints a CRL with these serials, valid from one day before w->at to one day after it. */
void verify_crl(struct verify_world *w, const uint8_t (*serials)[3], size_t count);

/* Replaces the NTH (from 0) place where the hex OLD stands in PART's signed bytes by the hex NEW,
 * mends the lengths around it and signs again with the right test key; the outer algorithm is the
 * inner one. Ends the program when OLD is not there: the test's own constant is wrong then. */
void verify_patch(struct verify_world *w, enum verify_part part, const char *old, size_t nth,
                  const char *new);

/* The same with any key and outer algorithm, after an optional edit (OLD may be NULL). */
void verify_reseal(struct pki_der *der, const char *old, size_t nth, const char *new,
                   const struct crypto_rsa_key *key, const struct crypto_span *algorithm);

/* Judges w->bytes under a fresh chain. */
struct pki_verdict verify_judge(const struct verify_world *w);

/* True if the verdict is accept; prints the refusal otherwise. */
bool verify_accepts(const struct verify_world *w);

/* True if it is a refusal at STAGE and FIELD that names the requirement; prints otherwise. */
bool verify_refuses(const struct verify_world *w, enum pki_stage stage, const char *field,
                    const char *requirement);

#endif
