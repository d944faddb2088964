/* The CA certificates ARK, ASK and ASVK, field by field as AMD's (certificate notes, section
 * 1.2). Only key, key identifiers and signature differ. */
#include <stdio.h>
#include <string.h>

#include "pki/der_extension.h"
#include "pki/der_time.h"
#include "pki/keys.h"
#include "pki/name.h"

#define CA_YEARS 25
#define SERIAL_SIZE 3
#define URI_NAME 0x86 /* [6] uniformResourceIdentifier of GeneralName */

struct ca_facts {
    uint8_t serial[SERIAL_SIZE];
    int64_t not_before;
};

struct line_facts {
    struct ca_facts ark, ask, asvk;
};

static const struct line_facts facts[] = {
    [ABI_PRODUCT_MILAN] =
        {
            .ark = {{0x01, 0x00, 0x00}, 1603387385},  /* 2020-10-22 17:23:05 */
            .ask = {{0x01, 0x00, 0x01}, 1603391060},  /* 2020-10-22 18:24:20 */
            .asvk = {{0x01, 0x01, 0x01}, 1668638724}, /* 2022-11-16 22:45:24 */
        },
    [ABI_PRODUCT_GENOA] =
        {
            .ark = {{0x02, 0x00, 0x00}, 1643211277},  /* 2022-01-26 15:34:37 */
            .ask = {{0x02, 0x00, 0x02}, 1667223228},  /* 2022-10-31 13:33:48 */
            .asvk = {{0x02, 0x01, 0x01}, 1668804514}, /* 2022-11-18 20:48:34 */
        },
    [ABI_PRODUCT_TURIN] =
        {
            .ark = {{0x03, 0x00, 0x00}, 1684180992},  /* 2023-05-15 20:03:12 */
            .ask = {{0x03, 0x00, 0x01}, 1684182321},  /* 2023-05-15 20:25:21 */
            .asvk = {{0x03, 0x01, 0x01}, 1684184981}, /* 2023-05-15 21:09:41 */
        },
};

/* One CA certificate to be. */
struct ca {
    const struct pki_roots *roots;
    const struct ca_facts *facts;
    const struct crypto_rsa_key *key;
    char subject[PKI_COMMON_NAME_SIZE];
    const char *branch; /* of the CRL's URL: "vcek", "vlek" */
};

/* Extension values that are the same everywhere. */
/* keyCertSign and cRLSign, then keyCertSign alone, not in minimal DER. */
static const uint8_t usage_ark[] = {0x03, 0x02, 0x01, 0x06}; /* @req SNP-CERT-013 */
static const uint8_t usage_ask[] = {0x03, 0x02, 0x01, 0x04}; /* @req SNP-CERT-013 */
/* CA without and with path length 0. */
static const uint8_t constraints_ark[] = {0x30, 0x03, 0x01, 0x01, 0xFF}; /* @req SNP-CERT-015 */
static const uint8_t constraints_ask[] = {0x30, 0x06, 0x01, 0x01,
                                          0xFF, 0x02, 0x01, 0x00}; /* @req SNP-CERT-015 */

/* One distribution point with one URI. */
static SEVKIT_MUST struct sevkit_result write_crl_url(struct pki_der_writer *w,
                                                      const struct ca *ca) {
    char url[64];
    snprintf(url, sizeof url, "https://kdsintf.amd.com/%s/v1/%s/crl", ca->branch,
             abi_product_name(ca->roots->product));
    uint8_t bytes[80];
    size_t size;
    struct pki_der_writer value;
    pki_der_start(&value, bytes, sizeof bytes);
    const size_t points = pki_der_open(&value, PKI_DER_SEQUENCE);
    const size_t point = pki_der_open(&value, PKI_DER_SEQUENCE);
    const size_t name = pki_der_open(&value, PKI_DER_EXPLICIT_0); /* distributionPoint */
    const size_t full = pki_der_open(&value, PKI_DER_EXPLICIT_0); /* fullName */
    pki_der_text(&value, URI_NAME, url);                          /* @req SNP-CERT-016 */
    pki_der_close(&value, full);
    pki_der_close(&value, name);
    pki_der_close(&value, point);
    pki_der_close(&value, points);
    SEVKIT_TRY(pki_der_finish(&value, "cRLDistributionPoints", &size));
    pki_extension_write(w, PKI_EXT_CRL_DISTRIBUTION, false, bytes, size);
    return sevkit_success();
}

/* The ARK's order: usage, subject key id, constraints, CRL; no authority key id. */
static SEVKIT_MUST struct sevkit_result write_ark_extensions(struct pki_der_writer *w,
                                                             const struct ca *ca) {
    pki_extension_write(w, PKI_EXT_KEY_USAGE, true, usage_ark, sizeof usage_ark);
    SEVKIT_TRY(pki_extension_write_subject_key_id(w, ca->key));
    pki_extension_write(w, PKI_EXT_BASIC_CONSTRAINTS, true, constraints_ark,
                        sizeof constraints_ark);
    return write_crl_url(w, ca); /* @req SNP-CERT-012 */
}

/* The order of ASK and ASVK: key ids, constraints, usage, CRL. */
static SEVKIT_MUST struct sevkit_result write_ask_extensions(struct pki_der_writer *w,
                                                             const struct ca *ca) {
    SEVKIT_TRY(pki_extension_write_subject_key_id(w, ca->key));
    SEVKIT_TRY(pki_extension_write_authority_key_id(w, ca->roots->ark));
    pki_extension_write(w, PKI_EXT_BASIC_CONSTRAINTS, true, constraints_ask,
                        sizeof constraints_ask);
    pki_extension_write(w, PKI_EXT_KEY_USAGE, true, usage_ask, sizeof usage_ask);
    return write_crl_url(w, ca); /* @req SNP-CERT-012 */
}

static SEVKIT_MUST struct sevkit_result mint_ca(const struct ca *ca, struct pki_der *out) {
    const struct crypto_span algorithm = pki_pss_algorithm(PKI_PSS_FORM_A); /* @req SNP-CERT-004 */
    const struct crypto_span spki = crypto_rsa_key_spki(ca->key);
    char issuer[PKI_COMMON_NAME_SIZE];
    pki_name_ark(ca->roots->product, issuer);

    uint8_t tbs[PKI_DER_MAX];
    size_t size;
    struct pki_der_writer w;
    pki_der_start(&w, tbs, sizeof tbs);
    const size_t sequence = pki_der_open(&w, PKI_DER_SEQUENCE);
    const size_t version = pki_der_open(&w, PKI_DER_EXPLICIT_0);
    pki_der_number(&w, 2); /* v3 */ /* @req SNP-CERT-001 */
    pki_der_close(&w, version);
    pki_der_value(&w, PKI_DER_INTEGER, ca->facts->serial, SERIAL_SIZE); /* @req SNP-CERT-009 */
    pki_der_raw(&w, algorithm.bytes, algorithm.size);
    pki_name_write(&w, issuer);
    const size_t validity = pki_der_open(&w, PKI_DER_SEQUENCE);
    pki_der_utc_time(&w, ca->facts->not_before); /* @req SNP-CERT-010 */
    pki_der_utc_time(&w, pki_civil_add_years(ca->facts->not_before, CA_YEARS));
    pki_der_close(&w, validity);
    pki_name_write(&w, ca->subject);        /* @req SNP-CERT-008 */
    pki_der_raw(&w, spki.bytes, spki.size); /* @req SNP-CERT-011 */
    const size_t tagged = pki_der_open(&w, PKI_DER_EXPLICIT_3);
    const size_t list = pki_der_open(&w, PKI_DER_SEQUENCE);
    SEVKIT_TRY(ca->key == ca->roots->ark ? write_ark_extensions(&w, ca)
                                         : write_ask_extensions(&w, ca));
    pki_der_close(&w, list);
    pki_der_close(&w, tagged);
    pki_der_close(&w, sequence);
    SEVKIT_TRY(pki_der_finish(&w, ca->subject, &size));
    return pki_sign(ca->roots->ark, PKI_PSS_FORM_A, tbs, size, ca->subject, out);
}

struct sevkit_result pki_mint_ark(const struct pki_roots *roots, struct pki_der *out) {
    struct ca ca = {roots, &facts[roots->product].ark, roots->ark, "", "vcek"};
    pki_name_ark(roots->product, ca.subject);
    return mint_ca(&ca, out);
}

struct sevkit_result pki_mint_ask(const struct pki_roots *roots, struct pki_der *out) {
    struct ca ca = {roots, &facts[roots->product].ask, roots->ask, "", "vcek"};
    pki_name_ask(roots->product, ca.subject);
    return mint_ca(&ca, out);
}

struct sevkit_result pki_mint_asvk(const struct pki_roots *roots, struct pki_der *out) {
    struct ca ca = {roots, &facts[roots->product].asvk, roots->asvk, "", "vlek"};
    pki_name_asvk(roots->product, ca.subject);
    return mint_ca(&ca, out);
}

void pki_ca_serials(const struct pki_roots *roots, uint8_t ask[SERIAL_SIZE],
                    uint8_t asvk[SERIAL_SIZE]) {
    memcpy(ask, facts[roots->product].ask.serial, SERIAL_SIZE);
    memcpy(asvk, facts[roots->product].asvk.serial, SERIAL_SIZE);
}
