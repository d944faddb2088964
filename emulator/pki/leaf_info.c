/* The AMD extensions of a VCEK or VLEK, read strictly. Certificate notes, section 2.
 *
 * Strict means: the set of the product line, each exactly once, not critical, and in the encoding
 * that every real certificate has. Extensions outside AMD's arc are not looked at here (a leaf may
 * carry a subject key id). The order is free: Milan and Turin use two different ones.
 *
 * productName: the line of the issuer's name, alone ("Genoa") or with a stepping ("Milan-B0": a
 * capital letter and a digit). Observed are Milan-B0, Genoa, Turin in a VCEK and Milan in a VLEK.
 * The stepping is not compared with the report, since AMD writes Milan-B0 also for chips of
 * another stepping. */
#include <stddef.h>

#include "pki/cert.h"
#include "pki/stage_rules.h"

#define ARC "1.3.6.1.4.1.3704.1"

#define OID_STRUCT_VERSION ARC ".1"
#define OID_PRODUCT_NAME ARC ".2"
#define OID_HWID ARC ".4"
#define OID_CSP_ID ARC ".5"

#define TAG_INTEGER 0x02
#define TAG_IA5_STRING 0x16

/* Which leaves have an extension. */
enum presence { EVERYWHERE, NOT_TURIN, TURIN_ONLY, VCEK_ONLY, VLEK_ONLY };

static const struct known {
    const char *oid;
    const char *name;
    enum presence presence;
    enum pki_rule missing;
} known[] = {
    {OID_STRUCT_VERSION, "structVersion", EVERYWHERE, R_LEAF_MISSING},
    {OID_PRODUCT_NAME, "productName", EVERYWHERE, R_LEAF_MISSING},
    {ARC ".3.1", "blSPL", EVERYWHERE, R_LEAF_MISSING},
    {ARC ".3.2", "teeSPL", EVERYWHERE, R_LEAF_MISSING},
    {ARC ".3.3", "snpSPL", EVERYWHERE, R_LEAF_MISSING},
    {ARC ".3.4", "spl_4", NOT_TURIN, R_LEAF_MISSING},
    {ARC ".3.5", "spl_5", EVERYWHERE, R_LEAF_MISSING},
    {ARC ".3.6", "spl_6", EVERYWHERE, R_LEAF_MISSING},
    {ARC ".3.7", "spl_7", EVERYWHERE, R_LEAF_MISSING},
    {ARC ".3.8", "ucodeSPL", EVERYWHERE, R_LEAF_MISSING},
    {ARC ".3.9", "fmcSPL", TURIN_ONLY, R_LEAF_MISSING},
    {OID_HWID, "hwID", VCEK_ONLY, R_LEAF_HWID_MISSING},
    {OID_CSP_ID, "cspID", VLEK_ONLY, R_LEAF_CSP_MISSING},
};

#define KNOWN_COUNT (sizeof known / sizeof known[0])

static bool expected(enum presence presence, enum abi_product product, enum pki_role role) {
    switch (presence) {
    case EVERYWHERE: return true;
    case NOT_TURIN: return product != ABI_PRODUCT_TURIN;
    case TURIN_ONLY: return product == ABI_PRODUCT_TURIN;
    case VCEK_ONLY: return role == PKI_ROLE_VCEK;
    case VLEK_ONLY: return role == PKI_ROLE_VLEK;
    }
    return false;
}

static const struct known *find_known(const char *oid) {
    for (size_t i = 0; i < KNOWN_COUNT; i++) {
        if (strcmp(known[i].oid, oid) == 0) return &known[i];
    }
    return NULL;
}

static bool in_arc(const char *oid) {
    const size_t arc = strlen(ARC);
    return strncmp(oid, ARC, arc) == 0 && (oid[arc] == 0 || oid[arc] == '.');
}

/* A failure names the extension alone. */
static struct sevkit_result refuse(enum pki_rule rule, const char *name, uint64_t value) {
    return pki_no_at(rule, NULL, name, value);
}

static struct sevkit_result check_set(const struct pki_cert *cert, enum abi_product product) {
    const struct crypto_extensions *list = &cert->x509->extensions;
    for (size_t i = 0; i < list->count; i++) {
        const struct crypto_extension *e = &list->list[i];
        const struct known *k = find_known(e->oid);
        if (!in_arc(e->oid)) continue;
        if (k == NULL) return refuse(R_LEAF_UNKNOWN, e->oid, e->value.size); /* @req VRF-109 */
        if (e->critical) return refuse(R_LEAF_CRITICAL, k->name, 1);         /* @req VRF-109 */
    }
    for (size_t i = 0; i < KNOWN_COUNT; i++) {
        const size_t count = crypto_extension_count(list, known[i].oid);
        const bool wanted = expected(known[i].presence, product, cert->role);
        const bool missing = wanted && count == 0, twice = wanted && count > 1;
        const bool foreign = !wanted && count > 0;
        if (missing) return refuse(known[i].missing, known[i].name, 0);   /* @req VRF-059 */
        if (twice) return refuse(R_LEAF_TWICE, known[i].name, count);     /* @req VRF-108 */
        if (foreign) return refuse(R_LEAF_FOREIGN, known[i].name, count); /* @req VRF-109 */
    }
    return sevkit_success();
}

static struct crypto_span value_of(const struct pki_cert *cert, const char *oid) {
    return crypto_extension_find(&cert->x509->extensions, oid)->value;
}

/* INTEGER 0..255 in its fewest bytes: 02 01 xx below 128, 02 02 00 xx above. */
static struct sevkit_result read_integer(const struct pki_cert *cert, const char *oid, unsigned max,
                                         uint8_t *out) {
    const struct crypto_span v = value_of(cert, oid);
    const char *name = find_known(oid)->name;
    const bool integer = v.size != 0 && v.bytes[0] == TAG_INTEGER;
    const bool one = integer && v.size == 3 && v.bytes[1] == 1 && v.bytes[2] < 0x80;
    const bool two =
        integer && v.size == 4 && v.bytes[1] == 2 && v.bytes[2] == 0 && v.bytes[3] >= 0x80;
    if (!one && !two) return refuse(R_LEAF_INTEGER, name, v.size); /* @req VRF-060 */
    *out = v.bytes[v.size - 1];
    if (*out > max) return refuse(R_LEAF_RANGE, name, *out); /* @req VRF-060 */
    return sevkit_success();
}

/* An IA5String of visible characters and spaces whose length fits the short form.
 * @gap AMB-217: which characters a cspID may have, and how many. */
static struct sevkit_result read_text(const struct pki_cert *cert, const char *oid,
                                      enum pki_rule rule, char *out, size_t capacity) {
    const struct crypto_span v = value_of(cert, oid);
    const char *name = find_known(oid)->name;
    const bool string = v.size > 2 && v.size - 2 < 0x80 && v.size - 2 < capacity &&
                        v.bytes[0] == TAG_IA5_STRING && v.bytes[1] == v.size - 2;
    if (!string) return refuse(rule, name, v.size); /* @req VRF-054 VRF-110 */
    for (size_t i = 2; i < v.size; i++) {
        const uint8_t c = v.bytes[i];
        if (c < 0x20 || c > 0x7E) return refuse(rule, name, c); /* @req VRF-054 VRF-110 */
    }
    memcpy(out, v.bytes + 2, v.size - 2);
    out[v.size - 2] = 0;
    return sevkit_success();
}

static struct sevkit_result read_product_name(const struct pki_cert *cert,
                                              struct pki_leaf_info *info) {
    char *name = info->product_name;
    SEVKIT_TRY(read_text(cert, OID_PRODUCT_NAME, R_LEAF_TEXT, name, sizeof info->product_name));
    const char *line = abi_product_name(info->product);
    const size_t size = strlen(line);
    const bool same_line = strncmp(name, line, size) == 0;
    const char *rest = same_line ? name + size : "";
    const bool stepping = strlen(rest) == 3 && rest[0] == '-' && rest[1] >= 'A' && rest[1] <= 'Z' &&
                          rest[2] >= '0' && rest[2] <= '9';
    const bool known_name = same_line && (rest[0] == 0 || stepping);
    if (!known_name) return pki_no(R_LEAF_PRODUCT_NAME, NULL, strlen(name)); /* @req VRF-110 */
    return sevkit_success();
}

/* Raw octets: a chip's id may begin with any byte, also with one that looks like a DER tag. */
static struct sevkit_result read_hwid(const struct pki_cert *cert, struct pki_leaf_info *info) {
    const struct crypto_span v = value_of(cert, OID_HWID);
    const size_t size = abi_hwid_size(info->product);
    if (v.size != size) return pki_no(R_LEAF_HWID, NULL, v.size); /* @req VRF-055 */
    info->hwid_size = v.size;
    memcpy(info->hwid, v.bytes, v.size);
    return sevkit_success();
}

#define SPL_MAX 127
#define UCODE_MAX 255
#define RESERVED ((size_t)-1) /* no part of a TCB: must be 0 */

static const struct {
    const char *oid;
    size_t part; /* in struct abi_tcb_parts */
    unsigned max;
} spls[] = {
    {ARC ".3.1", offsetof(struct abi_tcb_parts, boot_loader), SPL_MAX},
    {ARC ".3.2", offsetof(struct abi_tcb_parts, tee), SPL_MAX},
    {ARC ".3.3", offsetof(struct abi_tcb_parts, snp), SPL_MAX},
    {ARC ".3.4", RESERVED, 0},
    {ARC ".3.5", RESERVED, 0},
    {ARC ".3.6", RESERVED, 0},
    {ARC ".3.7", RESERVED, 0},
    {ARC ".3.8", offsetof(struct abi_tcb_parts, microcode), UCODE_MAX},
    {ARC ".3.9", offsetof(struct abi_tcb_parts, fmc), SPL_MAX},
};

static struct sevkit_result read_tcb(const struct pki_cert *cert, struct pki_leaf_info *info) {
    for (size_t i = 0; i < sizeof spls / sizeof spls[0]; i++) {
        uint8_t value = 0;
        if (!expected(find_known(spls[i].oid)->presence, info->product, cert->role)) continue;
        SEVKIT_TRY(read_integer(cert, spls[i].oid, spls[i].max, &value));
        if (spls[i].part != RESERVED) ((uint8_t *)&info->tcb)[spls[i].part] = value;
    }
    return sevkit_success();
}

struct sevkit_result pki_cert_leaf_info(const struct pki_cert *cert, struct pki_leaf_info *info) {
    const bool leaf = cert->role == PKI_ROLE_VCEK || cert->role == PKI_ROLE_VLEK;
    const bool turin = cert->product == ABI_PRODUCT_TURIN;
    const bool no_line = cert->product == ABI_PRODUCT_UNKNOWN;
    uint8_t version = 0;
    *info = (struct pki_leaf_info){.product = cert->product, .has_fmc = turin};
    if (!leaf) return pki_no(R_LEAF_NAME, NULL, 0);          /* @req VRF-029 */
    if (no_line) return pki_no(R_LEAF_ISSUER_NAME, NULL, 0); /* @req VRF-030 */
    SEVKIT_TRY(check_set(cert, info->product));
    SEVKIT_TRY(read_integer(cert, OID_STRUCT_VERSION, UCODE_MAX, &version));
    if (version != turin) return pki_no(R_LEAF_STRUCT_VERSION, NULL, version); /* @req VRF-111 */
    info->struct_version = version;
    SEVKIT_TRY(read_product_name(cert, info));
    SEVKIT_TRY(read_tcb(cert, info));
    if (cert->role == PKI_ROLE_VCEK) return read_hwid(cert, info);
    return read_text(cert, OID_CSP_ID, R_LEAF_CSP_TEXT, info->csp_id, sizeof info->csp_id);
}
