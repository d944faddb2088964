/* Certificates and revocation lists. The first byte selects:
 *   bits 2:0  0 read only; 1 to 4 the certificate as leaf, CA, ARK, given root of a chain whose other
 *             members are genuine; 5 the bytes as CRL of a genuine chain
 *   bits 4:3  whose chain */
#include <string.h>

#include "fuzz.h"

enum place { READ, LEAF, CA, ARK, ROOT, CRL, PLACES };
enum { PLACE_MASK = 7, WORLD_SHIFT = 3, WORLDS = 4 };

static const struct fuzz_world *world_of(unsigned index) {
    static const char *const names[WORLDS] = {SEVKIT_PROFILE_DEFAULT, "milan-1.55.29-v3-vlek",
                                              "turin-1.55.65-v5-vcek", "milan-1.52.4-v2-vcek"};
    static struct fuzz_world worlds[WORLDS];
    if (worlds[index].leaf == NULL) fuzz_world_init(&worlds[index], names[index]);
    return &worlds[index];
}

static void check_text(const struct pki_cert *cert) {
    char whole[8192], cut[64];
    pki_cert_text(cert, whole, sizeof whole);
    pki_cert_text(cert, cut, sizeof cut);
    fuzz_require(memchr(whole, 0, sizeof whole) != NULL, "the text ends");
    fuzz_require(memchr(cut, 0, sizeof cut) != NULL, "the cut text ends");
}

static void check_cert(const struct pki_cert *cert) {
    struct pki_leaf_info info;
    struct pki_cert *again;
    size_t size, again_size;
    const uint8_t *der = pki_cert_der(cert, &size);
    fuzz_need(pki_cert_parse(der, size, &again));
    const uint8_t *again_der = pki_cert_der(again, &again_size);
    fuzz_require(again_size == size && memcmp(again_der, der, size) == 0, "its DER is read again");
    pki_cert_free(again);

    const struct sevkit_result leaf = pki_cert_leaf_info(cert, &info);
    const struct sevkit_result own = pki_cert_check_self_signed(cert);
    fuzz_print(&leaf);
    fuzz_print(&own);
    if (sevkit_ok(leaf)) {
        fuzz_require(info.hwid_size <= sizeof info.hwid, "the hwID fits");
        fuzz_require(memchr(info.csp_id, 0, sizeof info.csp_id) != NULL, "the cspID ends");
        fuzz_require(memchr(info.product_name, 0, sizeof info.product_name) != NULL,
                     "the product name ends");
    }
    fuzz_require(pki_role_name(pki_cert_role(cert)) != NULL, "a role's name");
    fuzz_require(abi_product_name(pki_cert_product(cert)) != NULL, "a product's name");
    check_text(cert);
}

/* The genuine report is accepted only while every byte of what it rests on is genuine. */
static void judge(const struct pki_chain_input *in, const struct fuzz_world *w, bool genuine) {
    const struct pki_policy policy = pki_policy_default();
    struct pki_verdict verdict;
    struct pki_chain *chain;
    fuzz_need(pki_chain_new(in, &chain));
    pki_verify_report(chain, w->report, sizeof w->report, &policy, &verdict);
    fuzz_require(!verdict.accepted || genuine, "a certificate or CRL that was changed is refused");
    fuzz_require(pki_verdict_requirement(&verdict) != NULL, "a refusal's requirement is text");
    fuzz_print(&verdict.why);
    pki_chain_free(chain);
}

static bool same_bytes(const struct pki_der *der, const uint8_t *bytes, size_t size) {
    return size == der->size && memcmp(bytes, der->bytes, size) == 0;
}

static void judge_cert(enum place place, const struct pki_cert *cert, const struct fuzz_world *w) {
    struct pki_chain_input in = fuzz_world_chain(w);
    const struct pki_der *der = &w->certs.ark;
    size_t size;
    const uint8_t *bytes = pki_cert_der(cert, &size);
    if (place == LEAF) {
        in.leaf = cert;
        der = &w->certs.leaf;
    } else if (place == CA) {
        in.ca = cert;
        der = &w->certs.ca;
    } else if (place == ARK) {
        in.ark = cert;
    } else {
        in.root = cert;
    }
    judge(&in, w, same_bytes(der, bytes, size));
}

static void judge_crl(const uint8_t *bytes, size_t size, const struct fuzz_world *w) {
    struct pki_chain_input in = fuzz_world_chain(w);
    in.crl = bytes;
    in.crl_size = size;
    judge(&in, w, same_bytes(&w->certs.crl, bytes, size));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    if (size == 0) return 0;
    const enum place place = (bytes[0] & PLACE_MASK) % PLACES;
    const struct fuzz_world *w = world_of((bytes[0] >> WORLD_SHIFT) % WORLDS);
    struct pki_cert *cert;
    if (place == CRL) {
        judge_crl(bytes + 1, size - 1, w);
        return 0;
    }
    const struct sevkit_result r = pki_cert_parse(bytes + 1, size - 1, &cert);
    fuzz_print(&r);
    if (!sevkit_ok(r)) return 0;
    check_cert(cert);
    if (place != READ) judge_cert(place, cert, w);
    pki_cert_free(cert);
    return 0;
}
