/* The certificates: sevkit's test roots under AMD's names, VCEK and VLEK for any TCB and chip, the CRL;
 * and what a certificate says. Certificate notes, sections 1 to 3.
 *
 * Everything minted here is a function of its arguments and of the published test root keys
 * (vectors/keys/): same input, same bytes. THE KEYS ARE PUBLIC: nothing signed by them proves anything
 * about real hardware (docs/test-keys.md).
 *
 * Order of use: pki_roots_new once (loads the keys of one product line, some milliseconds), then mint. */
#ifndef SEVKIT_PKI_H
#define SEVKIT_PKI_H

#include "sevkit/crypto.h"
#include "sevkit/tcb.h"

#define PKI_DER_MAX 2048 /* no certificate or CRL that we mint is larger */

struct pki_der {
    size_t size;
    uint8_t bytes[PKI_DER_MAX];
};

/* ---- minting ---- */

struct pki_roots; /* ARK, ASK and ASVK keys of one product line */

SEVKIT_MUST struct sevkit_result pki_roots_new(enum abi_product product, struct pki_roots **roots);
void pki_roots_free(struct pki_roots *roots);

/* The CA certificates, byte-faithful to AMD's but for key, key ids and signature. */
SEVKIT_MUST struct sevkit_result pki_mint_ark(const struct pki_roots *roots, struct pki_der *out);
SEVKIT_MUST struct sevkit_result pki_mint_ask(const struct pki_roots *roots, struct pki_der *out);
SEVKIT_MUST struct sevkit_result pki_mint_asvk(const struct pki_roots *roots, struct pki_der *out);

/* The serial numbers of ASK and ASVK, as pki_mint_crl takes them. */
void pki_ca_serials(const struct pki_roots *roots, uint8_t ask[3], uint8_t asvk[3]);

/* What a leaf is made of. For a VCEK CSP_ID is NULL and HWID holds abi_hwid_size(product) bytes; for a
 * VLEK HWID_SIZE is 0 and CSP_ID is the whole string with its "CN=". */
struct pki_leaf {
    enum abi_product product;
    const char *
        product_name; /* productName extension; NULL: "Milan-B0" (VLEK "Milan"), "Genoa", "Turin" */
    uint64_t tcb;
    const uint8_t *hwid;
    size_t hwid_size;
    const char *csp_id;
    int64_t not_before; /* notAfter: 7 calendar years later, VLEK 1 */
};

/* The private key of a leaf: the test KDF over product, chip secret or CSP id, and TCB. */
SEVKIT_MUST struct sevkit_result pki_leaf_key(const struct pki_leaf *leaf,
                                              struct crypto_ec_key **key);

/* The 32-byte secret of the same (product, chip or CSP, TCB) from which guest keys are derived; what
 * VCEK- and VLEK-rooted KEY_REQs mix in. Independent of the signing key. */
SEVKIT_MUST struct sevkit_result pki_leaf_root_secret(const struct pki_leaf *leaf,
                                                      uint8_t secret[32]);

/* The certificate for KEY's public half, signed by the ASK (VCEK) or the ASVK (VLEK). */
SEVKIT_MUST struct sevkit_result pki_mint_leaf(const struct pki_roots *roots,
                                               const struct pki_leaf *leaf,
                                               const struct crypto_ec_key *key,
                                               struct pki_der *out);

/* A v2 CRL by the ARK. SERIALS: COUNT serial numbers of 3 bytes each (INTEGER content, as ASK and ASVK
 * have them); may be NULL when COUNT is 0. */
SEVKIT_MUST struct sevkit_result pki_mint_crl(const struct pki_roots *roots, int64_t this_update,
                                              int64_t next_update, const uint8_t (*serials)[3],
                                              size_t count, struct pki_der *out);

/* ---- reading ---- */

enum pki_role {
    PKI_ROLE_ARK,
    PKI_ROLE_ASK,
    PKI_ROLE_ASVK,
    PKI_ROLE_VCEK,
    PKI_ROLE_VLEK,
    PKI_ROLE_OTHER
};

/* "ARK", "ASK", "ASVK", "VCEK", "VLEK", "other". Never NULL. */
const char *pki_role_name(enum pki_role role);

struct pki_cert; /* a parsed certificate; keeps its own copy of the bytes */

/* Reads DER, or PEM with exactly one certificate. Fails on anything that is not exactly one certificate.
 * Says nothing about trust: for that see verify.h. */
SEVKIT_MUST struct sevkit_result pki_cert_parse(const uint8_t *bytes, size_t size,
                                                struct pki_cert **cert);
void pki_cert_free(struct pki_cert *cert);

/* Which kind it claims to be by its only subject common name, and the product line in that name or the
 * issuer's (ABI_PRODUCT_UNKNOWN if none). */
enum pki_role pki_cert_role(const struct pki_cert *cert);
enum abi_product pki_cert_product(const struct pki_cert *cert);

/* The AMD extensions of a leaf. */
struct pki_leaf_info {
    unsigned struct_version;
    char product_name[32];
    enum abi_product product; /* from the issuer's name */
    struct abi_tcb_parts tcb;
    bool has_fmc;
    size_t hwid_size; /* 0 without */
    uint8_t hwid[64];
    char csp_id[128]; /* "" without */
};

/* Reads the AMD extensions strictly: each exactly once, the set and encodings of the notes' section 2
 * for the product in the issuer's name. Failures name the extension ("snpSPL"). */
SEVKIT_MUST struct sevkit_result pki_cert_leaf_info(const struct pki_cert *cert,
                                                    struct pki_leaf_info *info);

int64_t pki_cert_not_before(const struct pki_cert *cert);
int64_t pki_cert_not_after(const struct pki_cert *cert);

/* Passes if the certificate names itself as its issuer and its own key signed it: what a file that is
 * given as a root has to be. */
SEVKIT_MUST struct sevkit_result pki_cert_check_self_signed(const struct pki_cert *cert);

/* The DER that was parsed. */
const uint8_t *pki_cert_der(const struct pki_cert *cert, size_t *size);

/* Writes the certificate in words, a line a field, for `sevkit cert show`. Ends in a zero byte. */
void pki_cert_text(const struct pki_cert *cert, char *out, size_t size);

/* PEM text ("-----BEGIN CERTIFICATE-----", 64 columns, LF) of DER bytes. CAPACITY must hold it. */
SEVKIT_MUST struct sevkit_result pki_pem(const uint8_t *der, size_t der_size, char *out,
                                         size_t capacity);

#endif
