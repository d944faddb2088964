/* The leaf of every profile's machine. Certificate notes, sections 1.3 and 2. */
#include <stdio.h>
#include <string.h>

#include "verifier/cert.h"

#define NEEDS (SUITE_NEEDS_GUEST | TARGET_CERTS)
#define YEAR_MIN (365 * (int64_t)VERIFIER_DAY)

/* The extension of AMD's arc with the sub-arcs OID and CONTENT, right at *AT. */
static bool extension(struct suite_ctx *ctx, const struct pki_der *der, size_t *at,
                      const char *name, struct forge_bytes oid, struct forge_bytes content) {
    static const uint8_t arc[] = {0x2B, 0x06, 0x01, 0x04, 0x01, 0x9C, 0x78, 0x01};
    uint8_t out[128];
    const size_t oid_size = sizeof arc + oid.size;
    const uint8_t head[] = {0x30, (uint8_t)(oid_size + content.size + 4), 0x06, (uint8_t)oid_size};
    const uint8_t value[] = {0x04, (uint8_t)content.size};
    size_t size = 0;
    const struct forge_bytes pieces[] = {
        {sizeof head, head}, {sizeof arc, arc}, oid, {sizeof value, value}, content};
    for (size_t i = 0; i < 5; i++) {
        memcpy(out + size, pieces[i].bytes, pieces[i].size);
        size += pieces[i].size;
    }
    const bool fits = der->size - *at >= size;
    if (!suite_check(ctx, name, fits, "there") ||
        !suite_bytes(ctx, name, out, der->bytes + *at, size, "the extension in its place"))
        return false;
    *at += size;
    return true;
}

static bool spl(struct suite_ctx *ctx, const struct pki_der *der, size_t *at, uint8_t arc,
                uint8_t value) {
    const uint8_t one[] = {0x02, 0x01, value}, two[] = {0x02, 0x02, 0x00, value};
    char name[16];
    snprintf(name, sizeof name, "3.%u", arc);
    return extension(ctx, der, at, name, FORGE(0x03, arc),
                     value < 0x80 ? (struct forge_bytes){sizeof one, one}
                                  : (struct forge_bytes){sizeof two, two});
}

static bool text(struct suite_ctx *ctx, const struct pki_der *der, size_t *at, uint8_t arc,
                 const char *value) {
    uint8_t content[130] = {0x16, (uint8_t)strlen(value)};
    memcpy(content + 2, value, strlen(value));
    return extension(ctx, der, at, arc == 2 ? "productName" : "cspID", FORGE(arc),
                     (struct forge_bytes){2 + strlen(value), content});
}

/* The SPLs in the order of TCB_VERSION's bytes. */
static bool spls(struct suite_ctx *ctx, const struct pki_der *der, size_t *at,
                 const struct sevkit_profile *profile) {
    static const uint8_t genoa[] = {1, 2, 4, 5, 6, 7, 3, 8}, turin[] = {9, 1, 2, 3, 5, 6, 7, 8};
    const uint8_t *order = profile->product == ABI_PRODUCT_TURIN ? turin : genoa;
    for (size_t i = 0; i < 8; i++)
        if (!spl(ctx, der, at, order[i], (uint8_t)(profile->reported_tcb >> 8 * i))) return false;
    return true;
}

static bool extensions(struct suite_ctx *ctx, const struct pki_der *der, size_t *at,
                       const struct sevkit_profile *profile) {
    const bool turin = profile->product == ABI_PRODUCT_TURIN, vlek = profile->vlek_loaded;
    static const char *const names[] = {"", "Milan-B0", "Genoa", "Turin"};
    const char *name = vlek ? abi_product_name(profile->product) : names[profile->product];
    const struct forge_bytes hwid = {turin ? 8 : 64, profile->chip_id};
    return extension(ctx, der, at, "structVersion", FORGE(0x01), FORGE(0x02, 0x01, turin)) &&
           text(ctx, der, at, 2, name) && spls(ctx, der, at, profile) &&
           (vlek ? text(ctx, der, at, 5, profile->csp_id)
                 : extension(ctx, der, at, "hwID", FORGE(0x04), hwid)) &&
           suite_equal(ctx, "end of the signed part", der->size - 67 - 517, *at,
                       "11 extensions and no other");
}

/* The dates of LEAF by the machine's clock. */
static bool dates(struct suite_ctx *ctx, const struct verifier_world *world) {
    struct pki_cert *leaf;
    if (!suite_setup(ctx, "leaf",
                     pki_cert_parse(world->certs.leaf.bytes, world->certs.leaf.size, &leaf)))
        return false;
    const int64_t first = pki_cert_not_before(leaf), last = pki_cert_not_after(leaf);
    pki_cert_free(leaf);
    const int64_t years = world->profile.vlek_loaded ? 1 : 7;
    const int64_t more = last - first - years * YEAR_MIN;
    return suite_equal(ctx, "notBefore", (uint64_t)(world->at - VERIFIER_DAY), (uint64_t)first,
                       "a day before the machine's clock") &&
           suite_check(ctx, "notAfter",
                       more >= 0 && more <= 2 * VERIFIER_DAY && more % VERIFIER_DAY == 0,
                       "calendar years later: 7, a VLEK 1");
}

static void leaf_of(struct suite_ctx *ctx, const struct sevkit_profile *profile, void *data) {
    struct verifier_world world;
    char issuer[32];
    size_t at = 0;
    (void)data;
    SUITE_STEP(verifier_open_plain(ctx, &world));
    const struct pki_der *der = &world.certs.leaf;
    snprintf(issuer, sizeof issuer, profile->vlek_loaded ? "SEV-VLEK-%s" : "SEV-%s",
             abi_product_name(profile->product));
    SUITE_STEP(dates(ctx, &world));
    SUITE_STEP(cert_algorithm(ctx, der, false));
    SUITE_STEP(cert_next(ctx, der, &at, "version and serial number",
                         FORGE(0xA0, 0x03, 0x02, 0x01, 0x02, 0x02, 0x01, 0x00)));
    SUITE_EQUAL(ctx, "version and serial number", 16, at, "at the certificate's start");
    SUITE_STEP(cert_name(ctx, der, &at, issuer));
    SUITE_STEP(cert_name(ctx, der, &at, profile->vlek_loaded ? "SEV-VLEK" : "SEV-VCEK"));
    const size_t key = at;
    SUITE_STEP(
        cert_next(ctx, der, &at, "subjectPublicKeyInfo",
                  FORGE(0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02,
                        0x01, 0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00, 0x04)));
    SUITE_EQUAL(ctx, "subjectPublicKeyInfo", key + 24, at, "right behind the subject");
    at += 96;
    SUITE_STEP(cert_next(ctx, der, &at, "extensions", FORGE(0xA3)));
    at += der->bytes[at] == 0x82 ? 3 : 2;
    at += der->bytes[at + 1] == 0x82 ? 4 : 3;
    SUITE_STEP(extensions(ctx, der, &at, profile));
}

static void leaves(struct suite_ctx *ctx) {
    suite_each_profile(ctx, leaf_of, NULL);
}

static const struct suite_test tests[] = {
    {.id = "verifier.cert.leaf",
     .title = "the leaf of every profile, byte by byte but for key and signature",
     .requirements =
         SUITE_REQ("SNP-CERT-001", "SNP-CERT-002", "SNP-CERT-003", "SNP-CERT-005", "SNP-CERT-006",
                   "SNP-CERT-007", "SNP-CERT-018", "SNP-CERT-019", "SNP-CERT-020", "SNP-CERT-021",
                   "SNP-CERT-022", "SNP-CERT-026", "SNP-CERT-027", "SNP-CERT-028", "SNP-CERT-029",
                   "SNP-CERT-030", "SNP-CERT-031", "SNP-CERT-032"),
     .kind = SUITE_POSITIVE,
     .needs = NEEDS,
     .run = leaves},
};

const struct suite_area verifier_cert_leaf = VERIFIER_PART(tests);
