/* See name.h. */
#include "pki/name.h"

#include <stdio.h>

void pki_name_ark(enum abi_product product, char out[PKI_COMMON_NAME_SIZE]) {
    snprintf(out, PKI_COMMON_NAME_SIZE, "ARK-%s", abi_product_name(product));
}

void pki_name_ask(enum abi_product product, char out[PKI_COMMON_NAME_SIZE]) {
    snprintf(out, PKI_COMMON_NAME_SIZE, "SEV-%s", abi_product_name(product));
}

void pki_name_asvk(enum abi_product product, char out[PKI_COMMON_NAME_SIZE]) {
    snprintf(out, PKI_COMMON_NAME_SIZE, "SEV-VLEK-%s", abi_product_name(product));
}

/* One relative name of one attribute; ATTRIBUTE is the last arc below 2.5.4. */
static void write_rdn(struct pki_der_writer *w, uint8_t attribute, unsigned tag, const char *text) {
    const uint8_t oid[] = {0x55, 0x04, attribute};
    const size_t set = pki_der_open(w, PKI_DER_SET);
    const size_t pair = pki_der_open(w, PKI_DER_SEQUENCE);
    pki_der_value(w, PKI_DER_OID, oid, sizeof oid);
    pki_der_text(w, tag, text);
    pki_der_close(w, pair);
    pki_der_close(w, set);
}

void pki_name_write(struct pki_der_writer *w, const char *common_name) {
    const size_t name = pki_der_open(w, PKI_DER_SEQUENCE);
    write_rdn(w, 11, PKI_DER_UTF8_STRING, "Engineering");            /* @req SNP-CERT-006 */
    write_rdn(w, 6, PKI_DER_PRINTABLE_STRING, "US");                 /* @req SNP-CERT-006 */
    write_rdn(w, 7, PKI_DER_UTF8_STRING, "Santa Clara");             /* @req SNP-CERT-006 */
    write_rdn(w, 8, PKI_DER_UTF8_STRING, "CA");                      /* @req SNP-CERT-006 */
    write_rdn(w, 10, PKI_DER_UTF8_STRING, "Advanced Micro Devices"); /* @req SNP-CERT-006 */
    write_rdn(w, 3, PKI_DER_UTF8_STRING, common_name);               /* @req SNP-CERT-006 */
    pki_der_close(w, name);
}
