/* Stage binding: the leaf is this chip's and this TCB's; and the report's product line, which stage chain judges.
 * Report notes, sections 6 and 11; certificate notes, section 2. */
#include <string.h>

#include "verifier/verifier.h"

#define SET VERIFIER_SET
#define ADD VERIFIER_ADD
#define XOR VERIFIER_XOR

static void zero_chip(struct verifier_world *world) {
    memset(world->report + 0x1A0, 0, 64);
}

static void zero_chip_refused(struct verifier_world *world) {
    zero_chip(world);
    world->policy.allow_masked_chip_id = false;
}

/* A genuine certificate of the same product for another chip or TCB. */
static void other_leaf(struct suite_ctx *ctx, bool chip) {
    struct verifier_world world;
    struct pki_roots *roots;
    struct crypto_ec_key *key = NULL;
    uint8_t hwid[64];
    SUITE_STEP(verifier_open(ctx, VERIFIER_GENOA, &world));
    struct pki_leaf leaf = verifier_leaf_of(&world.profile);
    memcpy(hwid, leaf.hwid, leaf.hwid_size);
    leaf.not_before = world.at - VERIFIER_DAY;
    if (chip) {
        hwid[0] ^= 1;
        leaf.hwid = hwid;
    } else {
        leaf.tcb -= 1;
    }
    SUITE_SETUP(ctx, "roots", pki_roots_new(world.profile.product, &roots));
    struct sevkit_result r = pki_leaf_key(&leaf, &key);
    if (sevkit_ok(r)) r = pki_mint_leaf(roots, &leaf, key, &world.certs.leaf);
    crypto_ec_key_free(key);
    pki_roots_free(roots);
    SUITE_SETUP(ctx, "leaf", r);
    SUITE_STEP(verifier_refuses(ctx, &world, PKI_STAGE_BINDING, chip ? "VRF-051" : "VRF-058",
                                "the leaf is this chip's, for this TCB"));
}

static void other_chip(struct suite_ctx *ctx) {
    other_leaf(ctx, true);
}

static void other_tcb(struct suite_ctx *ctx) {
    other_leaf(ctx, false);
}

/* Chip ids whose first bytes look like the head of a DER value: on Genoa and on Turin in turn. */
static const uint8_t lookalikes[][2] = {{0x02, 0x01}, {0x02, 0x06}, {0x02, 0xEA}, {0x02, 0x02},
                                        {0x04, 0x3E}, {0x04, 0x06}, {0x30, 0x40}, {0x30, 0x82}};

static void lookalike(struct suite_ctx *ctx, bool changed) {
    static const char *const names[] = {VERIFIER_GENOA, VERIFIER_TURIN};
    for (size_t i = 0; i < 8; i++) {
        struct sevkit_profile profile;
        struct verifier_world world;
        SUITE_SETUP(ctx, "profile", vmm_profile_builtin(names[i % 2], &profile));
        memcpy(profile.chip_id, lookalikes[i], 2);
        suite_instance(ctx, "%s, %02x %02x", names[i % 2], profile.chip_id[0], profile.chip_id[1]);
        SUITE_STEP(suite_reset_as(ctx, &profile, PSP_GUEST_RUNNING));
        SUITE_STEP(verifier_open_plain(ctx, &world));
        if (!changed) {
            SUITE_STEP(verifier_accepts(ctx, &world, "a HWID is raw bytes"));
            continue;
        }
        world.report[0x1A7] ^= 1;
        SUITE_STEP(verifier_sign(ctx, &world));
        SUITE_STEP(verifier_refuses(ctx, &world, PKI_STAGE_BINDING, "VRF-051",
                                    "all bytes of a HWID count"));
    }
}

static void lookalike_good(struct suite_ctx *ctx) {
    lookalike(ctx, false);
}

static void lookalike_changed(struct suite_ctx *ctx) {
    lookalike(ctx, true);
}

static void chip_bytes_of(struct suite_ctx *ctx, struct verifier_world *world) {
    for (unsigned i = 0; i < 64; i++) {
        world->report[0x1A0 + i] ^= 0x80;
        suite_instance(ctx, "%s, byte %u", world->profile.name, i);
        SUITE_STEP(verifier_sign(ctx, world));
        SUITE_STEP(verifier_refuses(ctx, world, PKI_STAGE_BINDING, "VRF-051",
                                    "CHIP_ID is the VCEK's hwID"));
        world->report[0x1A0 + i] ^= 0x80;
    }
}

static void chip_bytes(struct suite_ctx *ctx) {
    static const char *const names[] = {VERIFIER_MILAN, VERIFIER_GENOA};
    for (size_t n = 0; n < 2 && !suite_stopped(ctx); n++) {
        struct verifier_world world;
        SUITE_STEP(verifier_open(ctx, names[n], &world));
        SUITE_STEP(verifier_chain_new(ctx, &world, &world.chain));
        chip_bytes_of(ctx, &world);
        pki_chain_free(world.chain);
    }
}

static const struct suite_test tests[] = {
    {.id = "verifier.binding.chip-id",
     .title = "each byte of CHIP_ID changed, on Milan and Genoa",
     .requirements = SUITE_REQ("VRF-051"),
     .kind = SUITE_NEGATIVE,
     .twin = "verifier.accept.minted",
     .needs = VERIFIER_NEEDS,
     .run = chip_bytes},
    VERIFIER_REFUSE("binding.turin-tail", "accept.minted", "CHIP_ID bytes 8 to 63 on Turin",
                    "VRF-052", BINDING, "CHIP_ID bytes 8 to 63 are zero", .profile = VERIFIER_TURIN,
                    .each = {{0x1A8, 1, SET, 1}, {0x1C0, 1, SET, 1}, {0x1DF, 1, SET, 0x80}}),
    {.id = "verifier.binding.lookalike",
     .title = "chip ids that look like DER",
     .requirements = SUITE_REQ("VRF-056"),
     .kind = SUITE_POSITIVE,
     .needs = VERIFIER_NEEDS,
     .run = lookalike_good},
    {.id = "verifier.binding.lookalike-changed",
     .title = "a chip id that looks like DER, its eighth byte changed",
     .requirements = SUITE_REQ("VRF-056", "VRF-052"),
     .kind = SUITE_NEGATIVE,
     .twin = "verifier.binding.lookalike",
     .needs = VERIFIER_NEEDS,
     .run = lookalike_changed},
    {.id = "verifier.binding.other-chip",
     .title = "a genuine certificate of another chip",
     .requirements = SUITE_REQ("VRF-051"),
     .kind = SUITE_NEGATIVE,
     .twin = "verifier.accept.minted",
     .needs = VERIFIER_NEEDS,
     .run = other_chip},
    {.id = "verifier.binding.other-tcb",
     .title = "a genuine certificate of another TCB",
     .requirements = SUITE_REQ("VRF-058"),
     .kind = SUITE_NEGATIVE,
     .twin = "verifier.accept.minted",
     .needs = VERIFIER_NEEDS,
     .run = other_tcb},
    VERIFIER_ACCEPT("binding.masked", "a masked CHIP_ID under the default policy", "VRF-057",
                    "allow_masked_chip_id is true", .set = zero_chip),
    VERIFIER_REFUSE("binding.masked-refused", "binding.masked", "a masked CHIP_ID", "VRF-057",
                    BINDING, "allow_masked_chip_id is false", .set = zero_chip_refused),
    VERIFIER_ACCEPT("binding.vlek-chip", "any CHIP_ID under a VLEK", "VRF-054",
                    "CHIP_ID is not compared with a VLEK", .profile = VERIFIER_VLEK,
                    .each = {{0x1A0, 1, XOR, 1}, {0x1DF, 1, XOR, 0x80}}),
    VERIFIER_ACCEPT(
        "binding.current", "CURRENT and COMMITTED above the leaf's TCB", "VRF-058",
        "REPORTED_TCB is what is compared",
        .both = {{0x38, 8, ADD, 0x0101000000000101}, {0x1E0, 8, ADD, 0x0101000000000101}}),
    VERIFIER_REFUSE("binding.tcb", "accept.minted", "each component of REPORTED_TCB", "VRF-058",
                    BINDING, "every component is the leaf's",
                    .each = {{0x180, 1, ADD, 0xFF},
                             {0x181, 1, ADD, 0xFF},
                             {0x186, 1, ADD, 0xFF},
                             {0x187, 1, ADD, 0xFF},
                             {0x180, 1, ADD, 1},
                             {0x181, 1, ADD, 1},
                             {0x186, 1, ADD, 1},
                             {0x187, 1, ADD, 1}}),
    VERIFIER_REFUSE("binding.tcb-turin", "accept.minted", "each component of REPORTED_TCB on Turin",
                    "VRF-058", BINDING, "every component is the leaf's, FMC too",
                    .profile = VERIFIER_TURIN,
                    .each = {{0x180, 1, ADD, 0xFF},
                             {0x181, 1, ADD, 0xFF},
                             {0x182, 1, ADD, 0xFF},
                             {0x183, 1, ADD, 0xFF},
                             {0x187, 1, ADD, 0xFF},
                             {0x180, 1, ADD, 1},
                             {0x183, 1, ADD, 1}}),
    VERIFIER_REFUSE("binding.tcb-vlek", "accept.minted", "each component under a VLEK", "VRF-058",
                    BINDING, "every component is the leaf's", .profile = VERIFIER_VLEK,
                    .each = {{0x180, 1, ADD, 0xFF},
                             {0x181, 1, ADD, 0xFF},
                             {0x186, 1, ADD, 0xFF},
                             {0x187, 1, ADD, 0xFF}}),
    VERIFIER_REFUSE("binding.reserved", "accept.minted", "reserved bytes of REPORTED_TCB",
                    "VRF-112", TCB, "reserved bytes of a TCB_VERSION are zero",
                    .each = {{0x182, 1, SET, 1},
                             {0x183, 1, SET, 1},
                             {0x184, 1, SET, 1},
                             {0x185, 1, SET, 0x80}}),
    VERIFIER_REFUSE("binding.reserved-turin", "accept.minted",
                    "reserved bytes of REPORTED_TCB on Turin", "VRF-112", TCB,
                    "reserved bytes of a TCB_VERSION are zero", .profile = VERIFIER_TURIN,
                    .each = {{0x184, 1, SET, 1}, {0x185, 1, SET, 1}, {0x186, 1, SET, 0x80}}),
    VERIFIER_ACCEPT("binding.model", "every model of the Genoa line under a Genoa chain", "VRF-061",
                    "19h/10-1F and A0-AF",
                    .each = {{0x189, 1, SET, 0x10},
                             {0x189, 1, SET, 0x1F},
                             {0x189, 1, SET, 0xA0},
                             {0x189, 1, SET, 0xAF}}),
    VERIFIER_REFUSE("binding.line", "binding.model", "family and model of another or of no line",
                    "VRF-061", CHAIN, "the chain's product line is the report's",
                    .each = {{0x188, 1, SET, 0},
                             {0x188, 1, SET, 0x1A},
                             {0x188, 1, SET, 0x1B},
                             {0x189, 1, SET, 0},
                             {0x189, 1, SET, 0x0F},
                             {0x189, 1, SET, 0x20},
                             {0x189, 1, SET, 0x9F},
                             {0x189, 1, SET, 0xB0},
                             {0x189, 1, SET, 0xFF}}),
};

const struct suite_area verifier_binding = VERIFIER_PART(tests);
