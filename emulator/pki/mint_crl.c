/* The ARK's certificate revocation list (certificate notes, section 3, "CRL facts"). No real one
 * has been seen: version 2, AKI and cRLNumber follow RFC 5280, and the PSS form is the CA
 * certificates' (docs/ambiguities.md). */
#include "pki/der_extension.h"
#include "pki/keys.h"
#include "pki/name.h"

#define SERIAL_SIZE 3

static SEVKIT_MUST struct sevkit_result bad(const char *field, uint64_t value, const char *rule) {
    return sevkit_fail(SEVKIT_BAD_VALUE, field, SEVKIT_NO_OFFSET, value, rule);
}

/* The number grows with time and needs no memory of earlier lists: thisUpdate in seconds. */
static SEVKIT_MUST struct sevkit_result write_number(struct pki_der_writer *w,
                                                     int64_t this_update) {
    uint8_t bytes[16];
    size_t size;
    struct pki_der_writer value;
    pki_der_start(&value, bytes, sizeof bytes);
    pki_der_number(&value, (uint64_t)this_update);
    SEVKIT_TRY(pki_der_finish(&value, "cRLNumber", &size));
    pki_extension_write(w, PKI_EXT_CRL_NUMBER, false, bytes, size);
    return sevkit_success();
}

static void write_revoked(struct pki_der_writer *w, int64_t date,
                          const uint8_t (*serials)[SERIAL_SIZE], size_t count) {
    if (count == 0) return; /* an empty list is left out (RFC 5280, 5.1.2.6) */
    const size_t list = pki_der_open(w, PKI_DER_SEQUENCE);
    for (size_t i = 0; i < count; i++) {
        const size_t entry = pki_der_open(w, PKI_DER_SEQUENCE);
        pki_der_value(w, PKI_DER_INTEGER, serials[i], SERIAL_SIZE); /* @req SNP-CERT-034 */
        pki_der_utc_time(w, date);
        pki_der_close(w, entry);
    }
    pki_der_close(w, list);
}

struct sevkit_result pki_mint_crl(const struct pki_roots *roots, int64_t this_update,
                                  int64_t next_update, const uint8_t (*serials)[SERIAL_SIZE],
                                  size_t count, struct pki_der *out) {
    if (this_update < 0 || !pki_utc_time_fits(this_update))
        return bad("this_update", (uint64_t)this_update, "years 1970 to 2049");
    if (!pki_utc_time_fits(next_update))
        return bad("next_update", (uint64_t)next_update, "a UTCTime: not beyond 2049");
    if (next_update < this_update)
        return bad("next_update", (uint64_t)next_update, "must not be before this_update");
    for (size_t i = 0; i < count; i++) {
        if (serials[i][0] == 0 || serials[i][0] > 0x7F)
            return bad("serials", serials[i][0], "the first byte of a positive 3-byte INTEGER");
    }

    const struct crypto_span algorithm = pki_pss_algorithm(PKI_PSS_FORM_A);
    char issuer[PKI_COMMON_NAME_SIZE];
    pki_name_ark(roots->product, issuer);

    uint8_t tbs[PKI_DER_MAX];
    size_t size;
    struct pki_der_writer w;
    pki_der_start(&w, tbs, sizeof tbs);
    const size_t sequence = pki_der_open(&w, PKI_DER_SEQUENCE);
    pki_der_number(&w, 1); /* v2 */ /* @req SNP-CERT-035 */
    pki_der_raw(&w, algorithm.bytes, algorithm.size);
    pki_name_write(&w, issuer); /* @req SNP-CERT-035 */
    pki_der_utc_time(&w, this_update);
    pki_der_utc_time(&w, next_update); /* @req SNP-CERT-034 */
    write_revoked(&w, this_update, serials, count);
    const size_t tagged = pki_der_open(&w, PKI_DER_EXPLICIT_0);
    const size_t list = pki_der_open(&w, PKI_DER_SEQUENCE);
    SEVKIT_TRY(pki_extension_write_authority_key_id(&w, roots->ark)); /* @req SNP-CERT-035 */
    SEVKIT_TRY(write_number(&w, this_update));                        /* @req SNP-CERT-035 */
    pki_der_close(&w, list);
    pki_der_close(&w, tagged);
    pki_der_close(&w, sequence);
    SEVKIT_TRY(pki_der_finish(&w, "CRL", &size));
    return pki_sign(roots->ark, PKI_PSS_FORM_A, tbs, size, "CRL", out);
}
