/* VCEK and VLEK certificates, byte-faithful to AMD's but for key and signature (certificate notes,
 * sections 1.3 and 2).
 *
 * UNCONFIRMED (docs/ambiguities.md): no VLEK of the Genoa or Turin line has been seen. Ours have
 * the line's TCB layout, structVersion and extension order, the line's plain name as
 * productName, and cspID where the VCEK has hwID, as the Milan VLEK relates to the Milan VCEK. */
#include "pki/leaf.h"

#include <string.h>

#include "pki/der_time.h"
#include "pki/keys.h"
#include "pki/name.h"

#define VCEK_YEARS 7
#define VLEK_YEARS 1
#define PRODUCT_NAME_MAX 31
#define SPL_MAX 127 /* of every component but microcode */

/* 2024-11-06T00:00:00Z. Leaves up to 2024-08-06 have form A, from 2024-11-06 on form B; the
 * exact day between is UNCONFIRMED (certificate notes, section 1.1). */
#define FORM_B_FROM INT64_C(1730851200)

/* The last arcs of AMD's extensions below 1.3.6.1.4.1.3704.1. */
#define EXT_STRUCT_VERSION 1
#define EXT_PRODUCT_NAME 2
#define EXT_SPL 3 /* .3.x: one a TCB byte */
#define EXT_HWID 4
#define EXT_CSP_ID 5

/* Which arc below .3 each byte of TCB_VERSION has, byte 0 first: also the order in the
 * certificate. */
static const uint8_t spl_arcs_genoa[8] = {1, 2, 4, 5, 6, 7, 3, 8}; /* @req SNP-CERT-026 */
static const uint8_t spl_arcs_turin[8] = {9, 1, 2, 3, 5, 6, 7, 8}; /* @req SNP-CERT-027 */

static bool is_ascii(const char *text) {
    for (; *text != 0; text++) {
        if (*text < 0x20 || *text > 0x7E) return false;
    }
    return true;
}

bool pki_leaf_is_vlek(const struct pki_leaf *leaf) {
    return leaf->csp_id != NULL;
}

static SEVKIT_MUST struct sevkit_result bad(const char *field, uint64_t value, const char *rule) {
    return sevkit_fail(SEVKIT_BAD_VALUE, field, SEVKIT_NO_OFFSET, value, rule);
}

static SEVKIT_MUST struct sevkit_result check_tcb(const struct pki_leaf *leaf) {
    struct abi_tcb_parts parts;
    struct sevkit_result r = abi_tcb_unpack(leaf->product, leaf->tcb, &parts);
    if (!sevkit_ok(r)) memcpy(r.field, "tcb", sizeof "tcb");
    return r;
}

static SEVKIT_MUST struct sevkit_result check_csp_id(const struct pki_leaf *leaf) {
    const size_t size = strlen(leaf->csp_id), hwid = leaf->hwid_size;
    if (size == 0) return bad("csp_id", size, "must not be empty");
    if (size > PKI_CSP_ID_MAX) return bad("csp_id", size, "at most 100 characters");
    if (!is_ascii(leaf->csp_id)) return bad("csp_id", size, "printable ASCII only: an IA5String");
    if (hwid != 0) return bad("hwid", hwid, "a VLEK has none"); /* @req SNP-CERT-032 */
    return sevkit_success();
}

struct sevkit_result pki_leaf_check(const struct pki_leaf *leaf) {
    if (leaf->product == ABI_PRODUCT_UNKNOWN)
        return bad("product", leaf->product, "must be Milan, Genoa or Turin");
    SEVKIT_TRY(check_tcb(leaf));
    if (pki_leaf_is_vlek(leaf)) return check_csp_id(leaf);
    const size_t hwid = leaf->hwid_size, size = abi_hwid_size(leaf->product);
    if (hwid != size) return bad("hwid", hwid, "64 bytes, Turin 8"); /* @req SNP-CERT-031 */
    return sevkit_success();
}

static int64_t not_after(const struct pki_leaf *leaf) {
    return pki_civil_add_years(leaf->not_before, pki_leaf_is_vlek(leaf) ? VLEK_YEARS : VCEK_YEARS);
}

/* The name that AMD's certificates of this line carry. */
static const char *product_name(const struct pki_leaf *leaf) {
    if (leaf->product_name != NULL) return leaf->product_name;
    if (leaf->product == ABI_PRODUCT_MILAN && !pki_leaf_is_vlek(leaf)) return "Milan-B0";
    return abi_product_name(leaf->product);
}

#define SPL_RULE "at most 127 in every component but the microcode"
#define FROM_RULE "a UTCTime: years 1950 to 2049"
#define TO_RULE "notAfter, 7 years later (VLEK 1), must be a UTCTime too: not beyond 2049"

/* The range is UNCONFIRMED for real KDS (section 2, "Range"): what readers accept. */
static SEVKIT_MUST struct sevkit_result check_components(const struct pki_leaf *leaf) {
    for (unsigned i = 0; i < 7; i++) {
        const uint8_t spl = (uint8_t)(leaf->tcb >> 8 * i);
        if (spl > SPL_MAX) return bad("tcb", spl, SPL_RULE); /* @req SNP-CERT-033 */
    }
    return sevkit_success();
}

static SEVKIT_MUST struct sevkit_result check_mint(const struct pki_roots *roots,
                                                   const struct pki_leaf *leaf) {
    SEVKIT_TRY(pki_leaf_check(leaf));
    SEVKIT_TRY(check_components(leaf));
    if (leaf->product != roots->product)
        return bad("product", leaf->product, "must be the line of the root keys");
    const size_t name_size = strlen(product_name(leaf));
    if (name_size == 0 || name_size > PRODUCT_NAME_MAX)
        return bad("product_name", name_size, "1 to 31 characters");
    if (!is_ascii(product_name(leaf)))
        return bad("product_name", name_size, "printable ASCII only: an IA5String");
    const uint64_t from = (uint64_t)leaf->not_before;
    const bool starts = pki_utc_time_fits(leaf->not_before);
    const bool ends = pki_utc_time_fits(not_after(leaf));
    if (!starts) return bad("not_before", from, FROM_RULE); /* @req SNP-CERT-007 */
    if (!ends) return bad("not_before", from, TO_RULE);     /* @req SNP-CERT-007 */
    return sevkit_success();
}

/* Opens one extension under AMD's arc up to the content of extnValue. */
struct extension {
    size_t sequence, value;
};

static SEVKIT_MUST struct extension open_extension(struct pki_der_writer *w, unsigned arc,
                                                   unsigned spl_arc) {
    const uint8_t oid[] = {0x2B, 0x06, 0x01, 0x04,         0x01,
                           0x9C, 0x78, 0x01, (uint8_t)arc, (uint8_t)spl_arc};
    struct extension e;
    e.sequence = pki_der_open(w, PKI_DER_SEQUENCE);
    pki_der_value(w, PKI_DER_OID, oid, arc == EXT_SPL ? sizeof oid : sizeof oid - 1);
    e.value = pki_der_open(w, PKI_DER_OCTET_STRING);
    return e;
}

static void close_extension(struct pki_der_writer *w, struct extension e) {
    pki_der_close(w, e.value);
    pki_der_close(w, e.sequence);
}

static void write_extensions(struct pki_der_writer *w, const struct pki_leaf *leaf) {
    const bool turin = leaf->product == ABI_PRODUCT_TURIN;
    const uint8_t *spl_arcs = turin ? spl_arcs_turin : spl_arcs_genoa;

    struct extension e = open_extension(w, EXT_STRUCT_VERSION, 0);
    pki_der_number(w, turin ? 1 : 0); /* @req SNP-CERT-028 */
    close_extension(w, e);
    e = open_extension(w, EXT_PRODUCT_NAME, 0);
    pki_der_text(w, PKI_DER_IA5_STRING, product_name(leaf)); /* @req SNP-CERT-029 */
    close_extension(w, e);
    for (unsigned i = 0; i < 8; i++) {
        e = open_extension(w, EXT_SPL, spl_arcs[i]);
        pki_der_number(w, (uint8_t)(leaf->tcb >> 8 * i)); /* @req SNP-CERT-030 */
        close_extension(w, e);
    }
    if (pki_leaf_is_vlek(leaf)) {
        e = open_extension(w, EXT_CSP_ID, 0);
        pki_der_text(w, PKI_DER_IA5_STRING, leaf->csp_id); /* @req SNP-CERT-032 */
    } else {
        e = open_extension(w, EXT_HWID, 0);
        pki_der_raw(w, leaf->hwid, leaf->hwid_size); /* no tag inside */ /* @req SNP-CERT-031 */
    }
    close_extension(w, e);
}

/* SubjectPublicKeyInfo: id-ecPublicKey, secp384r1, the uncompressed point. */
static void write_key(struct pki_der_writer *w, const struct crypto_ec_key *key) {
    static const uint8_t algorithm[] = {0x30, 0x10, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D,
                                        0x02, 0x01, 0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22};
    uint8_t point[1 + 2 * CRYPTO_P384_SIZE] = {0x04};
    crypto_ec_key_public(key, point + 1);
    const size_t info = pki_der_open(w, PKI_DER_SEQUENCE);
    pki_der_raw(w, algorithm, sizeof algorithm);
    pki_der_bits(w, point, sizeof point); /* @req SNP-CERT-021 */
    pki_der_close(w, info);
}

struct sevkit_result pki_mint_leaf(const struct pki_roots *roots, const struct pki_leaf *leaf,
                                   const struct crypto_ec_key *key, struct pki_der *out) {
    SEVKIT_TRY(check_mint(roots, leaf));

    const bool vlek = pki_leaf_is_vlek(leaf);
    const char *subject = vlek ? PKI_NAME_VLEK : PKI_NAME_VCEK; /* @req SNP-CERT-018 */
    char issuer[PKI_COMMON_NAME_SIZE];
    if (vlek) {
        pki_name_asvk(leaf->product, issuer);
    } else {
        pki_name_ask(leaf->product, issuer);
    }
    const struct crypto_rsa_key *signer = vlek ? roots->asvk : roots->ask; /* @req SNP-CERT-023 */
    const bool form_a = leaf->not_before < FORM_B_FROM;                    /* @req SNP-CERT-005 */
    const enum pki_pss_form form = form_a ? PKI_PSS_FORM_A : PKI_PSS_FORM_B;
    const struct crypto_span algorithm = pki_pss_algorithm(form);

    uint8_t tbs[PKI_DER_MAX];
    size_t size;
    struct pki_der_writer w;
    pki_der_start(&w, tbs, sizeof tbs);
    const size_t sequence = pki_der_open(&w, PKI_DER_SEQUENCE);
    const size_t version = pki_der_open(&w, PKI_DER_EXPLICIT_0);
    pki_der_number(&w, 2); /* v3 */ /* @req SNP-CERT-001 */
    pki_der_close(&w, version);
    pki_der_number(&w, 0); /* the serial number */ /* @req SNP-CERT-019 */
    pki_der_raw(&w, algorithm.bytes, algorithm.size);
    pki_name_write(&w, issuer);
    const size_t validity = pki_der_open(&w, PKI_DER_SEQUENCE);
    pki_der_utc_time(&w, leaf->not_before);
    pki_der_utc_time(&w, not_after(leaf)); /* @req SNP-CERT-020 */
    pki_der_close(&w, validity);
    pki_name_write(&w, subject);
    write_key(&w, key);
    const size_t tagged = pki_der_open(&w, PKI_DER_EXPLICIT_3);
    const size_t list = pki_der_open(&w, PKI_DER_SEQUENCE);
    write_extensions(&w, leaf); /* @req SNP-CERT-022 */
    pki_der_close(&w, list);
    pki_der_close(&w, tagged);
    pki_der_close(&w, sequence);
    SEVKIT_TRY(pki_der_finish(&w, subject, &size));
    return pki_sign(signer, form, tbs, size, subject, out);
}
