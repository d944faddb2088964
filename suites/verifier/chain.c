/* Stage chain: what belongs together, and where the trust comes from. Certificate notes, section 1; design,
 * section 4 (anchor). */
#include <string.h>

#include "verifier/forge.h"

#define CHAIN PKI_STAGE_CHAIN

static struct pki_der *last_byte_of(struct verifier_world *world, size_t i) {
    return i == 0 ? &world->certs.ark : i == 1 ? &world->certs.ca : &world->certs.leaf;
}

/* Signatures, the highest certificate first. */
static void signatures(struct suite_ctx *ctx) {
    static const char *const ids[] = {"VRF-022", "VRF-026", "VRF-027"};
    static const char *const profiles[] = {VERIFIER_GENOA, VERIFIER_VLEK};
    for (size_t n = 0; n < 6; n++) {
        struct verifier_world world;
        SUITE_STEP(verifier_open(ctx, profiles[n / 3], &world));
        struct pki_der *der = last_byte_of(&world, n % 3);
        der->bytes[der->size - 1] ^= 1;
        suite_instance(ctx, "%s, %s", profiles[n / 3], ids[n % 3]);
        SUITE_STEP(verifier_refuses(ctx, &world, CHAIN, ids[n % 3], "the signature verifies"));
    }
}

static void other_signer(struct suite_ctx *ctx) {
    static const char *const ids[] = {"VRF-022", "VRF-026", "VRF-027"};
    for (size_t n = 0; n < 3; n++) {
        struct verifier_world world;
        SUITE_STEP(verifier_open(ctx, VERIFIER_GENOA, &world));
        suite_instance(ctx, "%s", ids[n]);
        SUITE_STEP(forge_sign(ctx, world.profile.product, FORGE_ASVK, last_byte_of(&world, n)));
        SUITE_STEP(verifier_refuses(ctx, &world, CHAIN, ids[n], "by the certificate above"));
    }
}

/* ---- the anchor ---- */

#define SPKI FORGE(0x30, 0x82, 0x02, 0x22, 0x30, 0x0D, 0x06, 0x09)

/* An ARK with AMD's names and another key (the test ASK's), self-signed; and the ASK under it. */
static bool forge_root(struct suite_ctx *ctx, struct verifier_world *world) {
    const struct pki_der ark = world->certs.ark, ask = world->certs.ca;
    const enum abi_product product = world->profile.product;
    struct forge_bytes old, new;
    return forge_whole(ctx, &ark, SPKI, &old) && forge_whole(ctx, &ask, SPKI, &new) &&
           forge_replace(ctx, &world->certs.ark, old, 0, new) &&
           forge_sign(ctx, product, FORGE_ASK, &world->certs.ark) &&
           forge_sign(ctx, product, FORGE_ASK, &world->certs.ca);
}

static void forged_trusted(struct suite_ctx *ctx) {
    struct verifier_world world;
    SUITE_STEP(verifier_open(ctx, VERIFIER_GENOA, &world));
    SUITE_STEP(forge_root(ctx, &world));
    world.trust_dir = true;
    SUITE_STEP(verifier_accepts(ctx, &world, "trust_dir accepts any self-signed ARK"));
    world.trust_dir = false;
    world.root = world.certs.ark;
    world.with_root = true;
    SUITE_STEP(verifier_accepts(ctx, &world, "the given root is the anchor"));
}

static void forged(struct suite_ctx *ctx) {
    struct verifier_world world;
    SUITE_STEP(verifier_open(ctx, VERIFIER_GENOA, &world));
    SUITE_STEP(forge_root(ctx, &world));
    SUITE_STEP(verifier_refuses(ctx, &world, CHAIN, "VRF-023",
                                "the key is what makes an ARK AMD's, not its names"));
}

static void other_root(struct suite_ctx *ctx) {
    struct verifier_world genoa, milan, fake;
    SUITE_STEP(verifier_open(ctx, VERIFIER_MILAN, &milan));
    SUITE_STEP(verifier_open(ctx, VERIFIER_GENOA, &genoa));
    fake = genoa;
    genoa.with_root = true;
    genoa.root = milan.certs.ark;
    suite_instance(ctx, "another name and key");
    SUITE_STEP(verifier_refuses(ctx, &genoa, CHAIN, "VRF-024", "the root is the only anchor"));
    SUITE_STEP(forge_root(ctx, &fake));
    genoa.root = fake.certs.ark;
    suite_instance(ctx, "another key");
    SUITE_STEP(verifier_refuses(ctx, &genoa, CHAIN, "VRF-024", "the root is the only anchor"));
    fake.with_root = true;
    fake.root = genoa.certs.ark;
    suite_instance(ctx, "a forged chain under the test ARK");
    SUITE_STEP(verifier_refuses(ctx, &fake, CHAIN, "VRF-024", "the root is the only anchor"));
}

/* With the root given and no ARK in the folder, a forged ASK is told by its signature. */
static void root_signs(struct suite_ctx *ctx) {
    struct verifier_world world;
    SUITE_STEP(verifier_open(ctx, VERIFIER_GENOA, &world));
    world.with_root = true;
    world.root = world.certs.ark;
    SUITE_STEP(forge_root(ctx, &world));
    world.without_ark = true;
    SUITE_STEP(verifier_refuses(ctx, &world, CHAIN, "VRF-026", "the root signs the ASK"));
}

/* ---- what belongs together ---- */

static void absent(struct suite_ctx *ctx) {
    struct verifier_world base;
    SUITE_STEP(verifier_open(ctx, VERIFIER_GENOA, &base));
    for (unsigned i = 1; i < 8; i++) {
        struct verifier_world world = base;
        world.without_leaf = (i & 1) != 0;
        world.without_ca = (i & 2) != 0;
        world.without_ark = (i & 4) != 0;
        suite_instance(ctx, "without %s%s%s", i & 1 ? "leaf " : "", i & 2 ? "ASK " : "",
                       i & 4 ? "ARK" : "");
        SUITE_STEP(verifier_refuses(ctx, &world, CHAIN, "VRF-025", "a chain of three"));
        world.trust_dir = true;
        SUITE_STEP(verifier_refuses(ctx, &world, CHAIN, "VRF-025", "a chain of three"));
    }
}

static void lines(struct suite_ctx *ctx) {
    struct verifier_world genoa, milan;
    SUITE_STEP(verifier_open(ctx, VERIFIER_MILAN, &milan));
    SUITE_STEP(verifier_open(ctx, VERIFIER_GENOA, &genoa));
    struct verifier_world world = genoa;
    world.certs.ca = milan.certs.ca;
    suite_instance(ctx, "ASK of Milan");
    SUITE_STEP(verifier_refuses(ctx, &world, CHAIN, "VRF-030", "one product line"));
    world = genoa;
    world.certs.ark = milan.certs.ark;
    suite_instance(ctx, "ARK of Milan");
    SUITE_STEP(verifier_refuses(ctx, &world, CHAIN, "VRF-030", "one product line"));
    world = genoa;
    world.certs.leaf = milan.certs.leaf;
    suite_instance(ctx, "leaf of Milan");
    SUITE_STEP(verifier_refuses(ctx, &world, CHAIN, "VRF-028", "one product line"));
    world.certs = milan.certs;
    suite_instance(ctx, "a whole chain of Milan");
    SUITE_STEP(verifier_refuses(ctx, &world, CHAIN, "VRF-061", "the report's product line"));
}

static void places(struct suite_ctx *ctx) {
    struct verifier_world base;
    SUITE_STEP(verifier_open(ctx, VERIFIER_GENOA, &base));
    struct verifier_world world = base;
    world.certs.ark = base.certs.ca;
    suite_instance(ctx, "the ASK as the ARK");
    SUITE_STEP(verifier_refuses(ctx, &world, CHAIN, "VRF-029", "an ARK by its name"));
    world = base;
    world.certs.ca = base.certs.leaf;
    suite_instance(ctx, "the leaf as the ASK");
    SUITE_STEP(verifier_refuses(ctx, &world, CHAIN, "VRF-029", "an ASK by its name"));
}

/* ---- dates ---- */

static void leaf_edges(struct suite_ctx *ctx, bool outside) {
    static const char *const names[] = {VERIFIER_GENOA, VERIFIER_VLEK};
    for (size_t n = 0; n < 4; n++) {
        struct verifier_world world;
        struct pki_cert *leaf;
        SUITE_STEP(verifier_open(ctx, names[n / 2], &world));
        SUITE_SETUP(ctx, "leaf",
                    pki_cert_parse(world.certs.leaf.bytes, world.certs.leaf.size, &leaf));
        const int64_t first = pki_cert_not_before(leaf), last = pki_cert_not_after(leaf);
        pki_cert_free(leaf);
        world.at = n % 2 == 0 ? first - outside : last + outside;
        suite_instance(ctx, "%s, %s", names[n / 2], n % 2 == 0 ? "notBefore" : "notAfter");
        if (outside)
            SUITE_STEP(verifier_refuses(ctx, &world, CHAIN, "VRF-033", "one second outside"));
        else
            SUITE_STEP(verifier_accepts(ctx, &world, "both ends count"));
    }
}

static void inside(struct suite_ctx *ctx) {
    leaf_edges(ctx, false);
}

static void outside(struct suite_ctx *ctx) {
    leaf_edges(ctx, true);
}

#define GOOD(ID, TITLE, RUN, ...)                                                                  \
    {                                                                                              \
        .id = "verifier.chain." ID, .title = TITLE, .requirements = SUITE_REQ(__VA_ARGS__),        \
        .kind = SUITE_POSITIVE, .needs = VERIFIER_NEEDS, .run = RUN                                \
    }

#define BAD(ID, TITLE, TWIN, RUN, ...)                                                             \
    {                                                                                              \
        .id = "verifier.chain." ID, .title = TITLE, .requirements = SUITE_REQ(__VA_ARGS__),        \
        .kind = SUITE_NEGATIVE, .twin = "verifier." TWIN, .needs = VERIFIER_NEEDS, .run = RUN      \
    }

static const struct suite_test tests[] = {
    GOOD("validity", "the first and the last second of a leaf", inside, "VRF-033"),
    GOOD("forged-trusted", "a root of our own under trust_dir and as the given root",
         forged_trusted, "VRF-023", "VRF-024"),
    BAD("signature", "each signature of the chain changed", "accept.minted", signatures, "VRF-022",
        "VRF-026", "VRF-027"),
    BAD("signer", "each certificate signed by another key", "accept.minted", other_signer,
        "VRF-022", "VRF-026", "VRF-027"),
    BAD("forged", "a root of our own under AMD's names", "chain.forged-trusted", forged, "VRF-023"),
    BAD("root", "another root than the given one", "chain.forged-trusted", other_root, "VRF-024"),
    BAD("root-signs", "an ASK that the given root has not signed", "accept.anchor", root_signs,
        "VRF-026"),
    BAD("absent", "a chain without one of its certificates", "accept.minted", absent, "VRF-025"),
    BAD("line", "certificates of another product line", "accept.minted", lines, "VRF-030",
        "VRF-061"),
    BAD("place", "certificates in each other's places", "accept.minted", places, "VRF-029",
        "VRF-035"),
    BAD("expired", "one second outside a leaf's validity", "chain.validity", outside, "VRF-033"),
};

const struct suite_area verifier_chain = VERIFIER_PART(tests);
