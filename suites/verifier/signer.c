/* Stage signer: SIGNING_KEY, SIGNATURE_ALGO and the kind of the certificates. Report notes, section 2. */
#include <string.h>

#include "verifier/verifier.h"

#define SET VERIFIER_SET
#define XOR VERIFIER_XOR

static void zero_signature(struct suite_ctx *ctx) {
    struct verifier_world world;
    SUITE_STEP(verifier_open(ctx, VERIFIER_GENOA, &world));
    world.report[0x48] |= 0x1C;
    memset(world.report + 0x2A0, 0, 0x200);
    SUITE_STEP(verifier_refuses(ctx, &world, PKI_STAGE_SIGNER, "VRF-017",
                                "SIGNING_KEY 7 says that nothing signed the report"));
}

/* The certificates of a machine with a VLEK for a report that a VCEK signed, and the other way round. */
static void other_leaf(struct suite_ctx *ctx, const char *mine, const char *other) {
    struct verifier_world world, foreign;
    SUITE_STEP(verifier_open(ctx, other, &foreign));
    SUITE_STEP(verifier_open(ctx, mine, &world));
    world.certs = foreign.certs;
    SUITE_STEP(verifier_refuses(ctx, &world, PKI_STAGE_SIGNER, "VRF-016",
                                "the leaf is of the kind that SIGNING_KEY names"));
}

static void vlek_for_vcek(struct suite_ctx *ctx) {
    other_leaf(ctx, "milan-1.55.29-v3-vcek", VERIFIER_VLEK);
}

static void vcek_for_vlek(struct suite_ctx *ctx) {
    other_leaf(ctx, VERIFIER_VLEK, "milan-1.55.29-v3-vcek");
}

/* Both kinds at hand: only one of the two fits the report. */
static void both(struct suite_ctx *ctx) {
    static const char *const names[] = {"milan-1.55.29-v3-vcek", VERIFIER_VLEK};
    struct verifier_world worlds[2];
    for (size_t i = 0; i < 2; i++) SUITE_STEP(verifier_open(ctx, names[i], &worlds[i]));
    for (size_t i = 0; i < 2; i++) {
        struct verifier_world world = worlds[i];
        world.certs.leaf = worlds[1 - i].certs.leaf;
        suite_instance(ctx, "%s", names[i]);
        SUITE_STEP(verifier_refuses(ctx, &world, PKI_STAGE_SIGNER, "VRF-016",
                                    "never under the other one"));
    }
}

static void both_accepted(struct suite_ctx *ctx) {
    static const char *const names[] = {"milan-1.55.29-v3-vcek", VERIFIER_VLEK};
    for (size_t i = 0; i < 2; i++) {
        struct verifier_world world;
        suite_instance(ctx, "%s", names[i]);
        SUITE_STEP(verifier_open(ctx, names[i], &world));
        SUITE_STEP(verifier_accepts(ctx, &world, "under the leaf that SIGNING_KEY names"));
    }
}

static void wrong_ca(struct suite_ctx *ctx) {
    static const char *const names[] = {"milan-1.55.29-v3-vcek", VERIFIER_VLEK};
    struct verifier_world worlds[2];
    for (size_t i = 0; i < 2; i++) SUITE_STEP(verifier_open(ctx, names[i], &worlds[i]));
    for (size_t i = 0; i < 2; i++) {
        struct verifier_world world = worlds[i];
        world.certs.ca = worlds[1 - i].certs.ca;
        suite_instance(ctx, "%s under the other CA", names[i]);
        SUITE_STEP(verifier_refuses(ctx, &world, PKI_STAGE_SIGNER, "VRF-105",
                                    "a VCEK stands under an ASK, a VLEK under an ASVK"));
    }
}

static const struct suite_test tests[] = {
    {.id = "verifier.signer.none",
     .title = "SIGNING_KEY 7 with a zero signature",
     .requirements = SUITE_REQ("VRF-017"),
     .kind = SUITE_NEGATIVE,
     .twin = "verifier.accept.minted",
     .needs = VERIFIER_NEEDS,
     .run = zero_signature},
    VERIFIER_REFUSE("signer.none-signed", "accept.minted", "SIGNING_KEY 7 with a valid signature",
                    "VRF-017", SIGNER, "7 says that nothing signed the report",
                    .each = {{0x48, 1, XOR, 0x1C}}),
    VERIFIER_REFUSE("signer.reserved", "accept.minted", "SIGNING_KEY 2 to 6", "VRF-018", SIGNER,
                    "2 to 6 are reserved",
                    .each = {{0x48, 1, XOR, 0x08},
                             {0x48, 1, XOR, 0x0C},
                             {0x48, 1, XOR, 0x10},
                             {0x48, 1, XOR, 0x14},
                             {0x48, 1, XOR, 0x18}}),
    VERIFIER_REFUSE("signer.says-vlek", "accept.minted", "a VCEK's report that says VLEK",
                    "VRF-016", SIGNER, "SIGNING_KEY decides, not the certificates",
                    .each = {{0x48, 1, XOR, 4}}),
    VERIFIER_REFUSE("signer.says-vcek", "accept.minted", "a VLEK's report that says VCEK",
                    "VRF-016", SIGNER, "SIGNING_KEY decides, not the certificates",
                    .profile = VERIFIER_VLEK, .each = {{0x48, 1, XOR, 4}}),
    VERIFIER_REFUSE("signer.algo", "accept.minted", "SIGNATURE_ALGO other than 1", "VRF-019",
                    SIGNER, "1 is ECDSA P-384 with SHA-384",
                    .each = {{0x34, 4, SET, 0},
                             {0x34, 4, SET, 2},
                             {0x34, 4, SET, 0x101},
                             {0x34, 4, SET, 0x10001},
                             {0x34, 4, SET, UINT32_MAX}}),
    VERIFIER_ACCEPT("signer.vlek-mask-chip-key", "MASK_CHIP_KEY in a VLEK's report", "VRF-021",
                    "the bit says nothing about a VLEK", .profile = VERIFIER_VLEK,
                    .each = {{0x48, 1, XOR, 2}}),
    {.id = "verifier.signer.vlek-for-vcek",
     .title = "a VLEK and its ASVK in the places of VCEK and ASK",
     .requirements = SUITE_REQ("VRF-016"),
     .kind = SUITE_NEGATIVE,
     .twin = "verifier.accept.minted",
     .needs = VERIFIER_NEEDS,
     .run = vlek_for_vcek},
    {.id = "verifier.signer.vcek-for-vlek",
     .title = "a VCEK and its ASK in the places of VLEK and ASVK",
     .requirements = SUITE_REQ("VRF-016"),
     .kind = SUITE_NEGATIVE,
     .twin = "verifier.accept.minted",
     .needs = VERIFIER_NEEDS,
     .run = vcek_for_vlek},
    {.id = "verifier.signer.both",
     .title = "VCEK and VLEK of one chip: each report under its own leaf",
     .requirements = SUITE_REQ("VRF-020"),
     .kind = SUITE_POSITIVE,
     .needs = VERIFIER_NEEDS,
     .run = both_accepted},
    {.id = "verifier.signer.both-swapped",
     .title = "VCEK and VLEK of one chip, swapped",
     .requirements = SUITE_REQ("VRF-020"),
     .kind = SUITE_NEGATIVE,
     .twin = "verifier.signer.both",
     .needs = VERIFIER_NEEDS,
     .run = both},
    {.id = "verifier.signer.ca-kind",
     .title = "a VCEK under an ASVK, a VLEK under an ASK",
     .requirements = SUITE_REQ("VRF-105", "SNP-CERT-023"),
     .kind = SUITE_NEGATIVE,
     .twin = "verifier.signer.both",
     .needs = VERIFIER_NEEDS,
     .run = wrong_ca},
};

const struct suite_area verifier_signer = VERIFIER_PART(tests);
