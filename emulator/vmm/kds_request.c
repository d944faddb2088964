/* Paths and queries of the key distribution service. Certificate notes, section 3. What no source settles
 * is in docs/ambiguities.md (AMB-62 to AMB-64): spelling is exact, and a query has exactly the parameters
 * that clients send, in any order. */
#include "vmm/kds_request.h"

#include <string.h>

#include "sevkit/bytes.h"

#define OK 200u
#define BAD_REQUEST 400u
#define NOT_FOUND 404u
#define SPL_MAX 127 /* of every component but microcode */

/* A piece of the target, not terminated. */
struct piece {
    const char *text;
    size_t size;
};

static bool is(struct piece p, const char *text) {
    return strlen(text) == p.size && memcmp(p.text, text, p.size) == 0;
}

/* The piece up to the next of STOPS; *AT moves to the stop. */
static struct piece take(const char **at, const char *stops) {
    const struct piece p = {*at, strcspn(*at, stops)};
    *at += p.size;
    return p;
}

/* ---- {hwid} ---- */

static bool read_hwid(struct piece p, struct vmm_kds_request *request) {
    const size_t size = abi_hwid_size(request->product);
    memset(request->hwid, 0, sizeof request->hwid);
    if (p.size != 2 * size) return false;                      /* @req KDS-009, KDS-015 */
    return abi_hex_bytes(p.text, request->hwid, size) == size; /* @req KDS-009, KDS-015 */
}

/* ---- {tcb} ---- */

static bool read_number(struct piece p, unsigned max, uint8_t *number) {
    unsigned n = 0;
    if (p.size == 0) return false; /* @req KDS-011, KDS-015 */
    for (size_t i = 0; i < p.size; i++) {
        if (p.text[i] < '0' || p.text[i] > '9') return false; /* @req KDS-011, KDS-015 */
        n = n * 10 + (unsigned)(p.text[i] - '0');             /* @req KDS-011 */
        if (n > max) return false;                            /* @req KDS-015 */
    }
    *number = (uint8_t)n;
    return true;
}

/* The parameters of PRODUCT, each once, and no other. */
static bool read_tcb(const char *query, enum abi_product product, uint64_t *tcb) {
    struct abi_tcb_parts parts = {0};
    const struct {
        const char *name;
        uint8_t *value;
        unsigned max;
    } parameters[] = {
        {"fmcSPL", &parts.fmc, SPL_MAX},           {"blSPL", &parts.boot_loader, SPL_MAX},
        {"teeSPL", &parts.tee, SPL_MAX},           {"snpSPL", &parts.snp, SPL_MAX},
        {"ucodeSPL", &parts.microcode, UINT8_MAX},
    };
    const size_t count = sizeof parameters / sizeof parameters[0];
    const size_t first = product == ABI_PRODUCT_TURIN ? 0 : 1; /* @req KDS-010, KDS-013 */
    bool seen[sizeof parameters / sizeof parameters[0]] = {false};
    for (const char *at = query;; at++) {
        const struct piece name = take(&at, "=&");
        if (*at != '=') return false; /* @req KDS-015 */
        at++;
        const struct piece value = take(&at, "&");
        size_t i = first;
        while (i < count && !is(name, parameters[i].name)) i++;
        if (i == count || seen[i]) return false; /* @req KDS-010, KDS-015 */
        if (!read_number(value, parameters[i].max, parameters[i].value)) return false;
        seen[i] = true;
        if (*at == 0) break;
    }
    for (size_t i = first; i < count; i++) {
        if (!seen[i]) return false; /* @req KDS-010, KDS-013, KDS-015 */
    }
    *tcb = abi_tcb_pack(product, &parts);
    return true;
}

/* ---- the whole ---- */

static bool read_product(struct piece p, enum abi_product *product) {
    static const enum abi_product products[] = {ABI_PRODUCT_MILAN, ABI_PRODUCT_GENOA,
                                                ABI_PRODUCT_TURIN};
    for (size_t i = 0; i < sizeof products / sizeof products[0]; i++) {
        *product = products[i];
        if (is(p, abi_product_name(*product))) return true; /* @req KDS-008 */
    }
    return false;
}

unsigned vmm_kds_request_read(const char *target, struct vmm_kds_request *request) {
    static const char vcek[] = "/vcek/v1/", vlek[] = "/vlek/v1/"; /* equally long */
    if (*target != '/') return BAD_REQUEST;
    request->vlek = strncmp(target, vlek, sizeof vlek - 1) == 0;
    if (!request->vlek && strncmp(target, vcek, sizeof vcek - 1) != 0) return NOT_FOUND;
    const char *at = target + sizeof vcek - 1;
    const struct piece product = take(&at, "/?");
    if (!read_product(product, &request->product)) return NOT_FOUND; /* @req KDS-008 */
    if (*at != '/') return NOT_FOUND;
    at++;
    const struct piece leaf = take(&at, "/?");
    if (*at == '/') return NOT_FOUND;
    const char *query = *at == '?' ? at + 1 : NULL;
    const bool chain = is(leaf, "cert_chain"), crl = is(leaf, "crl");
    if (chain || crl) {
        request->what = chain ? VMM_KDS_CHAIN : VMM_KDS_CRL;
        return query == NULL ? OK : BAD_REQUEST;
    }
    if (request->vlek) {
        request->what = VMM_KDS_VLEK;
        return is(leaf, "cert") ? OK : NOT_FOUND;
    }
    request->what = VMM_KDS_VCEK;
    if (!read_hwid(leaf, request)) return BAD_REQUEST;
    if (query == NULL) return BAD_REQUEST; /* @req KDS-010, KDS-015 */
    if (!read_tcb(query, request->product, &request->tcb)) return BAD_REQUEST;
    return OK;
}
