/* Stage signature: R and S, and what they cover. Report notes, section 2. */
#include <string.h>

#include "verifier/verifier.h"

#define R_AT 0x2A0
#define S_AT 0x2E8
#define NUMBER 48

/* The order of P-384, big-endian. */
static const uint8_t order[NUMBER] = {
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xC7, 0x63, 0x4D, 0x81, 0xF4, 0x37, 0x2D, 0xDF,
    0x58, 0x1A, 0x0D, 0xB2, 0x48, 0xB0, 0xA7, 0x7A, 0xEC, 0xEC, 0x19, 0x6A, 0xCC, 0xC5, 0x29, 0x73};

static void reverse(uint8_t *at, size_t size) {
    for (size_t i = 0; i < size / 2; i++) {
        const uint8_t byte = at[i];
        at[i] = at[size - 1 - i];
        at[size - 1 - i] = byte;
    }
}

static void put_order(uint8_t *at) {
    memcpy(at, order, NUMBER);
    reverse(at, NUMBER);
}

/* order - *AT: the other S that verifies. */
static void negate(uint8_t *at) {
    unsigned borrow = 0;
    for (size_t i = 0; i < NUMBER; i++) {
        const unsigned left = order[NUMBER - 1 - i], right = at[i] + borrow;
        at[i] = (uint8_t)(left - right);
        borrow = left < right;
    }
}

static void r_zero(struct verifier_world *world) {
    memset(world->report + R_AT, 0, NUMBER);
}

static void s_zero(struct verifier_world *world) {
    memset(world->report + S_AT, 0, NUMBER);
}

static void both_zero(struct verifier_world *world) {
    r_zero(world);
    s_zero(world);
}

static void masked(struct verifier_world *world) {
    world->report[0x48] |= 2;
    both_zero(world);
}

static void r_order(struct verifier_world *world) {
    put_order(world->report + R_AT);
}

static void s_order(struct verifier_world *world) {
    put_order(world->report + S_AT);
}

static void r_ones(struct verifier_world *world) {
    memset(world->report + R_AT, 0xFF, NUMBER);
}

static void s_ones(struct verifier_world *world) {
    memset(world->report + S_AT, 0xFF, NUMBER);
}

static void swapped(struct verifier_world *world) {
    uint8_t r[NUMBER];
    memcpy(r, world->report + R_AT, NUMBER);
    memcpy(world->report + R_AT, world->report + S_AT, NUMBER);
    memcpy(world->report + S_AT, r, NUMBER);
}

static void big_endian(struct verifier_world *world) {
    reverse(world->report + R_AT, NUMBER);
    reverse(world->report + S_AT, NUMBER);
}

static void big_endian_field(struct verifier_world *world) {
    reverse(world->report + R_AT, 72);
    reverse(world->report + S_AT, 72);
}

static void measurement(struct verifier_world *world) {
    world->report[0x90] ^= 1;
}

static void high_s(struct suite_ctx *ctx) {
    struct verifier_world world;
    SUITE_STEP(verifier_open(ctx, VERIFIER_GENOA, &world));
    for (unsigned i = 0; i < 2; i++) {
        suite_instance(ctx, "S with top byte 0x%02x", world.report[S_AT + NUMBER - 1]);
        SUITE_STEP(verifier_accepts(ctx, &world, "S and n - S both verify"));
        negate(world.report + S_AT);
    }
}

/* Signatures of many reports until R or S has had a zero first and a zero last byte, and both a high top bit. */
static void shapes(struct suite_ctx *ctx) {
    struct verifier_world world;
    unsigned seen = 0;
    SUITE_STEP(verifier_open(ctx, VERIFIER_GENOA, &world));
    for (uint32_t i = 0; seen != 0x0F && i < 20000; i++) {
        abi_put_le32(world.report + 0x50, i);
        SUITE_STEP(verifier_sign(ctx, &world));
        unsigned now = 0;
        for (unsigned n = 0; n < 2; n++) {
            const uint8_t *number = world.report + (n == 0 ? R_AT : S_AT);
            now |= number[0] == 0 ? 1 : 0;
            now |= number[NUMBER - 1] == 0 ? 2 : 0;
            now |= number[NUMBER - 1] >= 0x80 ? 4U << n : 0;
        }
        if ((now & ~seen) == 0) continue;
        seen |= now;
        suite_instance(ctx, "report %u, shapes 0x%x", (unsigned)i, now);
        SUITE_STEP(verifier_accepts(ctx, &world, "R and S of any shape from 1 to n - 1"));
    }
    SUITE_EQUAL(ctx, "shapes", 0x0F, seen, "every shape comes up");
}

struct defect {
    const char *name;
    void (*make)(struct verifier_world *world);
    enum pki_stage stage;
    const char *requirement;
};

static void refused(struct suite_ctx *ctx) {
    const struct defect *defects = suite_row(ctx);
    struct verifier_world base;
    SUITE_STEP(verifier_open(ctx, VERIFIER_GENOA, &base));
    for (size_t i = 0; defects[i].name != NULL; i++) {
        struct verifier_world world = base;
        defects[i].make(&world);
        suite_instance(ctx, "%s", defects[i].name);
        SUITE_STEP(verifier_refuses(ctx, &world, defects[i].stage, defects[i].requirement,
                                    "1 <= R, S < n, little-endian"));
    }
}

/* A valid signature by KEY over SIZE bytes of the report. */
static void signed_with(struct suite_ctx *ctx, struct verifier_world *world,
                        const struct pki_leaf *leaf, size_t size) {
    struct crypto_ec_key *key;
    struct crypto_signature signature;
    SUITE_SETUP(ctx, "key", pki_leaf_key(leaf, &key));
    const struct sevkit_result r = crypto_ec_sign(key, world->report, size, &signature);
    crypto_ec_key_free(key);
    SUITE_SETUP(ctx, "signature", r);
    memcpy(world->report + R_AT, signature.r, sizeof signature.r);
    memcpy(world->report + S_AT, signature.s, sizeof signature.s);
    SUITE_STEP(verifier_refuses(ctx, world, PKI_STAGE_SIGNATURE, "VRF-062",
                                "bytes 0 to 0x29F by the leaf's key"));
}

static void other_range(struct suite_ctx *ctx) {
    static const size_t sizes[] = {0x29F, 0x2A1, 0x4A0, 0x280, 0};
    struct verifier_world world;
    SUITE_STEP(verifier_open(ctx, VERIFIER_GENOA, &world));
    const struct pki_leaf leaf = verifier_leaf_of(&world.profile);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        memset(world.report + R_AT, 0, 0x200);
        suite_instance(ctx, "0x%zx bytes signed", sizes[i]);
        signed_with(ctx, &world, &leaf, sizes[i]);
        if (suite_stopped(ctx)) return;
    }
}

static void other_key(struct suite_ctx *ctx) {
    struct verifier_world world;
    SUITE_STEP(verifier_open(ctx, VERIFIER_GENOA, &world));
    struct pki_leaf leaf = verifier_leaf_of(&world.profile);
    leaf.tcb ^= 1;
    suite_instance(ctx, "key of another TCB");
    signed_with(ctx, &world, &leaf, VERIFIER_SIGNED_SIZE);
    if (suite_stopped(ctx)) return;
    leaf.tcb ^= 1;
    uint8_t hwid[64];
    memcpy(hwid, world.profile.chip_id, sizeof hwid);
    hwid[63] ^= 1;
    leaf.hwid = hwid;
    suite_instance(ctx, "key of another chip");
    signed_with(ctx, &world, &leaf, VERIFIER_SIGNED_SIZE);
}

/* Every signed byte, one bit of it, without a new signature. */
static bool flips_under(struct suite_ctx *ctx, struct pki_chain *chain,
                        struct verifier_world *world) {
    for (unsigned i = 0; i < VERIFIER_SIGNED_SIZE; i++) {
        struct pki_verdict verdict;
        world->report[i] ^= (uint8_t)(1 << i % 8);
        pki_verify_report(chain, world->report, world->report_size, &world->policy, &verdict);
        world->report[i] ^= (uint8_t)(1 << i % 8);
        suite_instance(ctx, "%s, byte 0x%03x", world->profile.name, i);
        if (!suite_check(ctx, "verdict", !verdict.accepted, "every signed byte counts"))
            return false;
    }
    return true;
}

static void flips_of(struct suite_ctx *ctx, const char *profile) {
    struct verifier_world world;
    struct pki_chain *chain = NULL;
    SUITE_STEP(verifier_open(ctx, profile, &world));
    SUITE_STEP(verifier_chain_new(ctx, &world, &chain));
    const bool good = flips_under(ctx, chain, &world);
    pki_chain_free(chain);
    SUITE_STEP(good);
}

static void flips(struct suite_ctx *ctx) {
    static const char *const names[] = {VERIFIER_TURIN, VERIFIER_VLEK};
    for (size_t i = 0; i < 2 && !suite_stopped(ctx); i++) flips_of(ctx, names[i]);
}

/* Bytes that a re-encoding drops are signed like the others. */
static void reserved_tcb(struct suite_ctx *ctx) {
    static const unsigned places[] = {0x3A,  0x3B,  0x3C,  0x3D,  0x1E2, 0x1E3,
                                      0x1E4, 0x1E5, 0x1F2, 0x1F3, 0x1F4, 0x1F5};
    struct verifier_world world;
    SUITE_STEP(verifier_open(ctx, VERIFIER_MILAN, &world));
    world.policy.allow_unknown_reserved = true;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        world.report[places[i]] ^= 0x7F;
        suite_instance(ctx, "byte 0x%03x", places[i]);
        SUITE_STEP(verifier_refuses(ctx, &world, PKI_STAGE_SIGNATURE, "VRF-062",
                                    "the signature is over the bytes that came in"));
        world.report[places[i]] ^= 0x7F;
    }
}

#define S PKI_STAGE_SIGNATURE

static const struct defect ranges[] = {
    {"R 0", r_zero, S, "VRF-063"},          {"S 0", s_zero, S, "VRF-063"},
    {"R and S 0", both_zero, S, "VRF-063"}, {"R n", r_order, S, "VRF-063"},
    {"S n", s_order, S, "VRF-063"},         {"R 2^384 - 1", r_ones, S, "VRF-063"},
    {"S 2^384 - 1", s_ones, S, "VRF-063"},  {NULL, NULL, S, NULL},
};

static const struct defect orders[] = {
    {"R and S reversed in 48 bytes", big_endian, S, "VRF-062"},
    {"R and S reversed in 72 bytes", big_endian_field, PKI_STAGE_PARSE, "VRF-010"},
    {NULL, NULL, S, NULL},
};

static const struct defect wrong[] = {
    {"R and S swapped", swapped, S, "VRF-062"},
    {"MEASUREMENT changed", measurement, S, "VRF-062"},
    {NULL, NULL, S, NULL},
};

static void mask_chip_key(struct suite_ctx *ctx) {
    struct verifier_world world;
    SUITE_STEP(verifier_open(ctx, VERIFIER_GENOA, &world));
    masked(&world);
    world.policy.allow_mask_chip_key = true;
    SUITE_STEP(verifier_refuses(ctx, &world, S, "VRF-063", "MASK_CHIP_KEY excuses nothing"));
}

#define TEST(ID, TITLE, REQ, RUN, ROW)                                                             \
    {                                                                                              \
        .id = "verifier.signature." ID, .title = TITLE, .requirements = SUITE_REQ(REQ),            \
        .kind = SUITE_NEGATIVE, .twin = "verifier.accept.minted", .needs = VERIFIER_NEEDS,         \
        .run = RUN, .row = ROW                                                                     \
    }

static const struct suite_test tests[] = {
    {.id = "verifier.signature.high-s",
     .title = "S above and below half the order",
     .requirements = SUITE_REQ("VRF-065"),
     .kind = SUITE_POSITIVE,
     .needs = VERIFIER_NEEDS,
     .run = high_s},
    {.id = "verifier.signature.shapes",
     .title = "R and S with zero bytes at either end and a high top bit",
     .requirements = SUITE_REQ("VRF-066", "VRF-064"),
     .kind = SUITE_POSITIVE,
     .needs = VERIFIER_NEEDS,
     .run = shapes},
    TEST("range", "R and S of 0, n and more", "VRF-063", refused, ranges),
    {.id = "verifier.signature.mask-chip-key",
     .title = "MASK_CHIP_KEY with a zero signature",
     .requirements = SUITE_REQ("VRF-063"),
     .kind = SUITE_NEGATIVE,
     .twin = "verifier.policy.mask-chip-key",
     .needs = VERIFIER_NEEDS,
     .run = mask_chip_key},
    TEST("big-endian", "R and S in big-endian order", "VRF-064", refused, orders),
    TEST("wrong", "R and S swapped, a changed report", "VRF-062", refused, wrong),
    TEST("other-range", "a signature over other bytes", "VRF-062", other_range, NULL),
    TEST("other-key", "a signature by another leaf's key", "VRF-062", other_key, NULL),
    TEST("flips", "each signed byte changed", "VRF-062", flips, NULL),
    TEST("reserved-tcb", "reserved bytes of the TCBs changed", "VRF-062", reserved_tcb, NULL),
};

const struct suite_area verifier_signature = VERIFIER_PART(tests);
