/* Stage revocation. Certificate notes, section 3. */
#include <string.h>

#include "verifier/forge.h"

#define REVOKED PKI_STAGE_REVOCATION

/* A list by the ARK of PRODUCT, from FIRST to LAST, that names the COUNT SERIALS. */
static bool crl(struct suite_ctx *ctx, struct verifier_world *world, enum abi_product product,
                int64_t first, int64_t last, const uint8_t (*serials)[3], size_t count) {
    struct pki_roots *roots;
    if (!suite_setup(ctx, "roots", pki_roots_new(product, &roots))) return false;
    const struct sevkit_result r =
        pki_mint_crl(roots, first, last, serials, count, &world->certs.crl);
    pki_roots_free(roots);
    world->with_crl = true;
    return suite_setup(ctx, "CRL", r);
}

static bool month(struct suite_ctx *ctx, struct verifier_world *world, const uint8_t (*serials)[3],
                  size_t count) {
    return crl(ctx, world, world->profile.product, world->at - VERIFIER_DAY,
               world->at + 30 * VERIFIER_DAY, serials, count);
}

static void not_given(struct suite_ctx *ctx) {
    struct verifier_world world;
    struct pki_verdict verdict;
    SUITE_STEP(verifier_open(ctx, VERIFIER_GENOA, &world));
    SUITE_STEP(verifier_judge(ctx, &world, &verdict));
    SUITE_CHECK(ctx, "verdict", verdict.accepted, "revocation is optional");
    SUITE_EQUAL(ctx, "revocation", PKI_CHECK_SKIPPED, verdict.checks[REVOKED], "not checked");
    SUITE_CHECK(ctx, "reason", verdict.skipped[REVOKED] != NULL, "and it says so");
}

static void required(struct suite_ctx *ctx) {
    struct verifier_world world;
    SUITE_STEP(verifier_open(ctx, VERIFIER_GENOA, &world));
    world.policy.require_revocation = true;
    SUITE_STEP(verifier_refuses(ctx, &world, REVOKED, "VRF-119", "require_revocation is true"));
    world.with_crl = true;
    SUITE_STEP(verifier_accepts(ctx, &world, "with the ARK's list"));
}

static void others_listed(struct suite_ctx *ctx) {
    static const uint8_t serials[][3] = {{1, 0, 1}, {2, 2, 2}, {2, 0, 1}, {3, 0, 1}, {0x7F, 0, 0}};
    struct verifier_world world;
    SUITE_STEP(verifier_open(ctx, VERIFIER_GENOA, &world));
    SUITE_STEP(month(ctx, &world, serials, 5));
    SUITE_STEP(verifier_accepts(ctx, &world, "none of the chain is listed"));
}

/* Which of ASK, ASVK, ARK each of three profiles' lists name, the last of three entries. */
static void listed(struct suite_ctx *ctx) {
    static const char *const names[] = {VERIFIER_GENOA, VERIFIER_TURIN, VERIFIER_VLEK};
    static const uint8_t ca[][3] = {{2, 0, 2}, {3, 0, 1}, {1, 1, 1}};
    static const uint8_t ark[][3] = {{2, 0, 0}, {3, 0, 0}, {1, 0, 0}};
    const bool root = strcmp(suite_row(ctx), "VRF-047") == 0;
    for (size_t i = 0; i < 3; i++) {
        uint8_t serials[3][3] = {{1, 2, 3}, {4, 5, 6}};
        struct verifier_world world;
        memcpy(serials[2], root ? ark[i] : ca[i], 3);
        suite_instance(ctx, "%s", names[i]);
        SUITE_STEP(verifier_open(ctx, names[i], &world));
        SUITE_STEP(month(ctx, &world, (const uint8_t(*)[3])serials, 3));
        SUITE_STEP(verifier_refuses(ctx, &world, REVOKED, suite_row(ctx), "it is listed"));
    }
}

/* A serial of one byte, which pki_mint_crl does not write. */
static void leaf_listed(struct suite_ctx *ctx) {
    static const uint8_t other[][3] = {{0x55, 0x66, 0x77}};
    struct verifier_world world;
    SUITE_STEP(verifier_open(ctx, VERIFIER_GENOA, &world));
    SUITE_STEP(month(ctx, &world, other, 1));
    SUITE_STEP(verifier_accepts(ctx, &world, "another serial"));
    SUITE_STEP(forge_replace(ctx, &world.certs.crl, FORGE(0x02, 0x03, 0x55, 0x66, 0x77), 0,
                             FORGE(0x02, 0x01, 0x00)));
    SUITE_STEP(forge_sign(ctx, world.profile.product, FORGE_ARK, &world.certs.crl));
    SUITE_STEP(verifier_refuses(ctx, &world, REVOKED, "VRF-048", "serial 0 is every leaf's"));
}

static void wrong_issuer(struct suite_ctx *ctx) {
    struct verifier_world base;
    SUITE_STEP(verifier_open(ctx, VERIFIER_GENOA, &base));
    struct verifier_world world = base;
    suite_instance(ctx, "another product's list");
    SUITE_STEP(crl(ctx, &world, ABI_PRODUCT_MILAN, world.at - VERIFIER_DAY, world.at + VERIFIER_DAY,
                   NULL, 0));
    SUITE_STEP(verifier_refuses(ctx, &world, REVOKED, "VRF-042", "the chain's ARK is the issuer"));
    world = base;
    world.with_crl = true;
    suite_instance(ctx, "signed by the ASK");
    SUITE_STEP(forge_sign(ctx, world.profile.product, FORGE_ASK, &world.certs.crl));
    SUITE_STEP(verifier_refuses(ctx, &world, REVOKED, "VRF-042", "the ARK signs"));
    world = base;
    world.with_crl = true;
    suite_instance(ctx, "signed by the ARK under another name");
    SUITE_STEP(forge_replace(ctx, &world.certs.crl, FORGE('G', 'e', 'n', 'o', 'a'), 0,
                             FORGE('M', 'i', 'l', 'a', 'n')));
    SUITE_STEP(forge_sign(ctx, world.profile.product, FORGE_ARK, &world.certs.crl));
    SUITE_STEP(verifier_refuses(ctx, &world, REVOKED, "VRF-042", "the ARK's name is the issuer"));
    world = base;
    world.with_crl = true;
    suite_instance(ctx, "the last byte of its number changed");
    SUITE_STEP(forge_replace(ctx, &world.certs.crl, FORGE(0x06, 0x03, 0x55, 0x1D, 0x14, 0x04, 0x06),
                             0, FORGE(0x06, 0x03, 0x55, 0x1D, 0x15, 0x04, 0x06)));
    SUITE_STEP(verifier_refuses(ctx, &world, REVOKED, "VRF-042", "the signature covers it"));
}

static void edges(struct suite_ctx *ctx, bool outside) {
    struct verifier_world base;
    SUITE_STEP(verifier_open(ctx, VERIFIER_GENOA, &base));
    const int64_t at = base.at, shift = outside ? 1 : 0;
    struct verifier_world world = base;
    suite_instance(ctx, "nextUpdate");
    SUITE_STEP(crl(ctx, &world, world.profile.product, at - 10, at - shift, NULL, 0));
    if (outside)
        SUITE_STEP(verifier_refuses(ctx, &world, REVOKED, "VRF-043", "one second late"));
    else
        SUITE_STEP(verifier_accepts(ctx, &world, "the end counts"));
    world = base;
    suite_instance(ctx, "thisUpdate");
    SUITE_STEP(crl(ctx, &world, world.profile.product, at + shift, at + 10, NULL, 0));
    if (outside)
        SUITE_STEP(verifier_refuses(ctx, &world, REVOKED, "VRF-045", "one second early"));
    else
        SUITE_STEP(verifier_accepts(ctx, &world, "the end counts"));
}

static void current(struct suite_ctx *ctx) {
    edges(ctx, false);
}

static void stale(struct suite_ctx *ctx) {
    edges(ctx, true);
}

/* From 2025-12-31 to 2026-01-30, so that the bytes of nextUpdate are known. */
static void endless(struct suite_ctx *ctx) {
    struct verifier_world world;
    SUITE_STEP(verifier_open(ctx, VERIFIER_GENOA, &world));
    world.at = INT64_C(1767225600);
    SUITE_STEP(crl(ctx, &world, world.profile.product, world.at - VERIFIER_DAY,
                   world.at + 29 * VERIFIER_DAY, NULL, 0));
    SUITE_STEP(verifier_accepts(ctx, &world, "with nextUpdate"));
    SUITE_STEP(forge_replace(
        ctx, &world.certs.crl,
        FORGE(0x17, 0x0D, '2', '6', '0', '1', '3', '0', '0', '0', '0', '0', '0', '0', 'Z'), 0,
        (struct forge_bytes){0, (const uint8_t *)""}));
    SUITE_STEP(forge_sign(ctx, world.profile.product, FORGE_ARK, &world.certs.crl));
    SUITE_STEP(verifier_refuses(ctx, &world, REVOKED, "VRF-044", "it would never be stale"));
}

static void no_list(struct suite_ctx *ctx) {
    static const char html[] = "<html><body>429 Too Many Requests</body></html>";
    struct verifier_world base;
    SUITE_STEP(verifier_open(ctx, VERIFIER_GENOA, &base));
    base.with_crl = true;
    const size_t whole = base.certs.crl.size;
    static const size_t sizes[] = {0, 1, 4, 100};
    for (size_t i = 0; i < 4; i++) {
        struct verifier_world world = base;
        world.certs.crl.size = sizes[i];
        suite_instance(ctx, "%zu bytes of it", sizes[i]);
        SUITE_STEP(verifier_refuses(ctx, &world, REVOKED, "", "not exactly one CRL"));
    }
    struct verifier_world world = base;
    suite_instance(ctx, "a byte short");
    world.certs.crl.size = whole - 1;
    SUITE_STEP(verifier_refuses(ctx, &world, REVOKED, "", "not exactly one CRL"));
    suite_instance(ctx, "a byte behind it");
    world.certs.crl.size = whole + 1;
    world.certs.crl.bytes[whole] = 0;
    SUITE_STEP(verifier_refuses(ctx, &world, REVOKED, "", "not exactly one CRL"));
    suite_instance(ctx, "HTML");
    memcpy(world.certs.crl.bytes, html, sizeof html);
    world.certs.crl.size = sizeof html - 1;
    SUITE_STEP(verifier_refuses(ctx, &world, REVOKED, "VRF-050", "not exactly one CRL"));
    suite_instance(ctx, "a certificate");
    world.certs.crl = world.certs.ark;
    SUITE_STEP(verifier_refuses(ctx, &world, REVOKED, "", "not exactly one CRL"));
}

/* cRLNumber, in front of which or instead of which others are put. */
#define NUMBER FORGE(0x30, 0x0D, 0x06, 0x03, 0x55, 0x1D, 0x14)
#define PLUS(NAME, REQUIREMENT, NEW)                                                               \
    {                                                                                              \
        NAME, NULL, FORGE_THE_CRL, {{.old = NUMBER, .new = NEW, .whole = true, .keep = true}},     \
            REVOKED, REQUIREMENT                                                                   \
    }
#define END                                                                                        \
    { .name = NULL }

static const struct forge_row extensions[] = {
    PLUS("an unknown critical extension", "VRF-049",
         FORGE(0x30, 0x0C, 0x06, 0x03, 0x2A, 0x03, 0x04, 0x01, 0x01, 0xFF, 0x04, 0x02, 5, 0)),
    END};

static const struct forge_row partial[] = {
    PLUS("a critical delta CRL indicator", "VRF-124",
         FORGE(0x30, 0x0D, 0x06, 0x03, 0x55, 0x1D, 0x1B, 0x01, 0x01, 0xFF, 0x04, 0x03, 2, 1, 1)),
    PLUS("a critical issuing distribution point", "VRF-124",
         FORGE(0x30, 0x0F, 0x06, 0x03, 0x55, 0x1D, 0x1C, 0x01, 0x01, 0xFF, 0x04, 0x05, 0x30, 0x03,
               0x85, 0x01, 0xFF)),
    PLUS("a delta CRL indicator that is not critical", "VRF-124",
         FORGE(0x30, 0x0A, 0x06, 0x03, 0x55, 0x1D, 0x1B, 0x04, 0x03, 2, 1, 1)),
    END};

static const struct forge_row tolerated[] = {
    {"an unknown extension that is not critical",
     NULL,
     FORGE_THE_CRL,
     {{.old = NUMBER,
       .new = FORGE(0x30, 0x09, 0x06, 0x03, 0x2A, 0x03, 0x04, 0x04, 0x02, 5, 0),
       .whole = true,
       .keep = true}},
     PKI_STAGE_COUNT,
     NULL},
    END};

/* An entry with a critical extension that nobody knows. */
static void entry(struct suite_ctx *ctx) {
    static const uint8_t other[][3] = {{0x55, 0x66, 0x77}};
    struct verifier_world world;
    struct forge_bytes old;
    uint8_t new[64];
    static const uint8_t extension[] = {0x30, 0x0E, 0x30, 0x0C, 0x06, 0x03, 0x2A, 0x03,
                                        0x04, 0x01, 0x01, 0xFF, 0x04, 0x02, 5,    0};
    SUITE_STEP(verifier_open(ctx, VERIFIER_GENOA, &world));
    SUITE_STEP(month(ctx, &world, other, 1));
    const struct pki_der before = world.certs.crl;
    SUITE_STEP(forge_whole(ctx, &before, FORGE(0x30, 0x14, 0x02, 0x03, 0x55), &old));
    memcpy(new, old.bytes, old.size);
    memcpy(new + old.size, extension, sizeof extension);
    new[1] = (uint8_t)(old.size - 2 + sizeof extension);
    SUITE_STEP(forge_replace(ctx, &world.certs.crl, old, 0,
                             (struct forge_bytes){old.size + sizeof extension, new}));
    SUITE_STEP(forge_sign(ctx, world.profile.product, FORGE_ARK, &world.certs.crl));
    SUITE_STEP(verifier_refuses(ctx, &world, REVOKED, "VRF-049", "unknown and critical"));
}

#define GOOD(ID, TITLE, RUN, ...)                                                                  \
    {                                                                                              \
        .id = "verifier.crl." ID, .title = TITLE, .requirements = SUITE_REQ(__VA_ARGS__),          \
        .kind = SUITE_POSITIVE, .needs = VERIFIER_NEEDS, .run = RUN                                \
    }

#define BAD(ID, TITLE, TWIN, RUN, ROW, ...)                                                        \
    {                                                                                              \
        .id = "verifier.crl." ID, .title = TITLE, .requirements = SUITE_REQ(__VA_ARGS__),          \
        .kind = SUITE_NEGATIVE, .twin = "verifier." TWIN, .needs = VERIFIER_NEEDS, .run = RUN,     \
        .row = ROW                                                                                 \
    }

static const struct suite_test tests[] = {
    GOOD("none", "no CRL: skipped, and the verdict says so", not_given, "VRF-041", "VRF-119"),
    GOOD("others", "a list of other serials", others_listed, "VRF-046", "VRF-047", "VRF-048",
         "SNP-CERT-034"),
    GOOD("current", "the time is the list's first and its last second", current, "VRF-043",
         "VRF-045"),
    FORGE_ACCEPT("crl.tolerated", "an unknown extension that is not critical", tolerated, "VRF-049",
                 "VRF-124"),
    BAD("required", "no CRL where the policy demands one", "crl.none", required, NULL, "VRF-041",
        "VRF-119"),
    BAD("issuer", "a list that is not the ARK's", "accept.crl", wrong_issuer, NULL, "VRF-042"),
    BAD("stale", "one second outside the list's time", "crl.current", stale, NULL, "VRF-043",
        "VRF-045"),
    BAD("endless", "no nextUpdate", "accept.crl", endless, NULL, "VRF-044"),
    BAD("ca-listed", "the ASK or ASVK is listed", "crl.others", listed, "VRF-046", "VRF-046"),
    BAD("ark-listed", "the ARK is listed", "crl.others", listed, "VRF-047", "VRF-047"),
    BAD("leaf-listed", "serial 0 is listed", "crl.others", leaf_listed, NULL, "VRF-048"),
    FORGE_REFUSE("crl.critical", "crl.tolerated", "critical extensions", extensions, "VRF-049"),
    FORGE_REFUSE("crl.partial", "crl.tolerated", "a part of a list", partial, "VRF-124"),
    BAD("entry-critical", "a critical extension of an entry", "crl.others", entry, NULL, "VRF-049"),
    BAD("no-list", "bytes that are no CRL", "accept.crl", no_list, NULL, "VRF-050"),
};

const struct suite_area verifier_crl = VERIFIER_PART(tests);
