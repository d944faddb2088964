/* See keys.h. */
#include "pki/keys.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/text_file.h"

/* SEQUENCE { rsassaPss, SEQUENCE { [0] SHA-384, [1] MGF1 with SHA-384, [2] 48, [3] 1 } } and the
 * same without [3]. */
#define PSS_PARAMETERS                                                                             \
    0xA0, 0x0F, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02,      \
        0x05, 0x00, 0xA1, 0x1C, 0x30, 0x1A, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01,  \
        0x01, 0x08, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02,  \
        0x05, 0x00, 0xA2, 0x03, 0x02, 0x01, 0x30
#define PSS_OID 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0A

static const uint8_t form_a[] = {0x30, 0x46, PSS_OID, 0x30, 0x39, PSS_PARAMETERS,
                                 0xA3, 0x03, 0x02,    0x01, 0x01};
static const uint8_t form_b[] = {0x30, 0x41, PSS_OID, 0x30, 0x34, PSS_PARAMETERS};
_Static_assert(sizeof form_a == 72, "certificate notes, section 1.1");
_Static_assert(sizeof form_b == 67, "certificate notes, section 1.1");

struct crypto_span pki_pss_algorithm(enum pki_pss_form form) {
    switch (form) {
    case PKI_PSS_FORM_A: return (struct crypto_span){form_a, sizeof form_a};
    case PKI_PSS_FORM_B: return (struct crypto_span){form_b, sizeof form_b};
    }
    abort();
}

/* Reads the key "ROLE-product" ("ark-milan") from the table of embedded files. */
static SEVKIT_MUST struct sevkit_result load(const char *role, enum abi_product product,
                                             struct crypto_rsa_key **key) {
    char name[32];
    snprintf(name, sizeof name, "%s-%s", role, abi_product_name(product));
    for (char *p = name; *p != 0; p++) *p = (char)tolower((unsigned char)*p);
    for (const struct sevkit_text_file *file = pki_key_files; file->name != NULL; file++) {
        if (strcmp(file->name, name) == 0)
            return crypto_rsa_key_from_pem(file->text, strlen(file->text), key);
    }
    return sevkit_fail(SEVKIT_NOT_FOUND, name, SEVKIT_NO_OFFSET, 0,
                       "must be one of the test keys that the build carries");
}

static SEVKIT_MUST struct sevkit_result load_all(struct pki_roots *roots) {
    SEVKIT_TRY(load("ark", roots->product, &roots->ark));
    SEVKIT_TRY(load("ask", roots->product, &roots->ask));
    return load("asvk", roots->product, &roots->asvk);
}

struct sevkit_result pki_roots_new(enum abi_product product, struct pki_roots **roots) {
    *roots = NULL;
    if (product == ABI_PRODUCT_UNKNOWN)
        return sevkit_fail(SEVKIT_BAD_VALUE, "product", SEVKIT_NO_OFFSET, (uint64_t)product,
                           "must be Milan, Genoa or Turin: only these have certificates");
    struct pki_roots *new = calloc(1, sizeof *new);
    if (new == NULL)
        return sevkit_fail(SEVKIT_NO_MEMORY, "roots", SEVKIT_NO_OFFSET, sizeof *new,
                           "memory for the root keys");
    new->product = product;
    const struct sevkit_result r = load_all(new);
    if (sevkit_ok(r)) {
        *roots = new;
    } else {
        pki_roots_free(new);
    }
    return r;
}

void pki_roots_free(struct pki_roots *roots) {
    if (roots == NULL) return;
    crypto_rsa_key_free(roots->ark);
    crypto_rsa_key_free(roots->ask);
    crypto_rsa_key_free(roots->asvk);
    free(roots);
}

struct sevkit_result pki_sign(const struct crypto_rsa_key *key, enum pki_pss_form form,
                              const uint8_t *tbs, size_t tbs_size, const char *what,
                              struct pki_der *out) {
    uint8_t signature[CRYPTO_RSA_SIZE];
    SEVKIT_TRY(crypto_rsa_pss_sign(key, tbs, tbs_size, signature));
    const struct crypto_span algorithm = pki_pss_algorithm(form);
    struct pki_der_writer w;
    pki_der_start(&w, out->bytes, sizeof out->bytes);
    const size_t outer = pki_der_open(&w, PKI_DER_SEQUENCE);
    pki_der_raw(&w, tbs, tbs_size);
    pki_der_raw(&w, algorithm.bytes, algorithm.size); /* @req SNP-CERT-002 */
    pki_der_bits(&w, signature, sizeof signature);    /* @req SNP-CERT-003 */
    pki_der_close(&w, outer);
    return pki_der_finish(&w, what, &out->size);
}
