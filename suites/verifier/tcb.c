/* Stage tcb, and the provisional firmware of stage policy. Report notes, section 6. */
#include <string.h>

#include "verifier/verifier.h"

#define SET VERIFIER_SET
#define ADD VERIFIER_ADD

#define PARTS sizeof(struct abi_tcb_parts)

/* What verifier_open puts into every TCB. */
static struct abi_tcb_parts parts_of(const struct verifier_world *world, uint64_t raw) {
    struct abi_tcb_parts parts = {0};
    const bool good = sevkit_ok(abi_tcb_unpack(world->profile.product, raw, &parts));
    return good ? parts : (struct abi_tcb_parts){0};
}

static void firm(struct verifier_world *world) {
    world->policy.allow_provisional = false;
}

/* ---- floors ---- */

struct floor {
    bool launch;
    bool raise; /* one component of the floor is above the report's */
};

static void put_floor(struct verifier_world *world, bool launch, const struct abi_tcb_parts *min) {
    struct pki_policy *p = &world->policy;
    if (launch) {
        p->has_launch_tcb_min = true;
        p->launch_tcb_min = *min;
    } else {
        p->has_tcb_min = true;
        p->tcb_min = *min;
    }
}

/* The floor equals the report's; then one component of it is one higher and all others are 0, so that no sum
 * and no comparison as one number finds the report too low. CURRENT and COMMITTED lie above the floor. */
static void floor_of(struct suite_ctx *ctx, const char *profile, bool launch, bool above) {
    struct verifier_world world;
    SUITE_STEP(verifier_open(ctx, profile, &world));
    const bool turin = world.profile.product == ABI_PRODUCT_TURIN;
    const uint64_t one = turin ? 0x0100000001010101 : 0x0101000000000101;
    verifier_patch(&world, (struct verifier_patch){0x38, 8, ADD, one});
    verifier_patch(&world, (struct verifier_patch){0x1E0, 8, ADD, one});
    SUITE_STEP(verifier_sign(ctx, &world));
    const struct abi_tcb_parts own = parts_of(&world, world.profile.reported_tcb);
    for (size_t i = turin ? 0 : 1; i < PARTS; i++) {
        struct abi_tcb_parts min = {0};
        ((uint8_t *)&min)[i] = (uint8_t)(((const uint8_t *)&own)[i] + above);
        put_floor(&world, launch, above ? &min : &own);
        suite_instance(ctx, "%s, component %zu", profile, i);
        if (!above) {
            SUITE_STEP(verifier_accepts(ctx, &world, "a floor that equals the report's TCB"));
        } else {
            SUITE_STEP(verifier_refuses(ctx, &world, PKI_STAGE_TCB, launch ? "VRF-071" : "VRF-070",
                                        "every component is at least the floor's"));
        }
    }
}

static void floors(struct suite_ctx *ctx) {
    static const char *const names[] = {VERIFIER_MILAN, VERIFIER_GENOA, VERIFIER_TURIN,
                                        VERIFIER_VLEK};
    const struct floor *floor = suite_row(ctx);
    for (size_t i = 0; i < 4 && !suite_stopped(ctx); i++)
        floor_of(ctx, names[i], floor->launch, floor->raise);
}

/* ---- firmware version ---- */

static void firmware(struct suite_ctx *ctx) {
    static const struct abi_fw_version low[] = {
        {1, 55, 40}, {1, 55, 39}, {1, 54, 255}, {0, 255, 255}, {0, 0, 0}};
    static const struct abi_fw_version high[] = {{1, 55, 41}, {1, 56, 0}, {2, 0, 0}, {1, 55, 255}};
    const bool *above = suite_row(ctx);
    struct verifier_world world;
    SUITE_STEP(verifier_open(ctx, VERIFIER_GENOA, &world));
    world.policy.has_firmware_min = true;
    const size_t count = *above ? sizeof high / sizeof high[0] : sizeof low / sizeof low[0];
    for (size_t i = 0; i < count; i++) {
        const struct abi_fw_version min = *above ? high[i] : low[i];
        world.policy.firmware_min = min;
        suite_instance(ctx, "floor %u.%u.%u", min.major, min.minor, min.build);
        if (*above)
            SUITE_STEP(verifier_refuses(ctx, &world, PKI_STAGE_TCB, "VRF-072",
                                        "1.55.40 is compared major first"));
        else
            SUITE_STEP(verifier_accepts(ctx, &world, "1.55.40 is compared major first"));
    }
}

static const bool no = false, yes = true;
static const struct floor tcb_met = {.launch = false}, launch_met = {.launch = true};
static const struct floor tcb_missed = {.launch = false, .raise = true};
static const struct floor launch_missed = {.launch = true, .raise = true};

#define TEST(ID, TITLE, REQ, KIND, TWIN, RUN, ROW)                                                 \
    {                                                                                              \
        .id = "verifier.tcb." ID, .title = TITLE, .requirements = SUITE_REQ(REQ), .kind = KIND,    \
        .twin = TWIN, .needs = VERIFIER_NEEDS, .run = RUN, .row = ROW                              \
    }

static const struct suite_test tests[] = {
    VERIFIER_ACCEPT(
        "tcb.below", "REPORTED below COMMITTED below CURRENT, component by component", "VRF-067",
        "each may be below the next",
        .both = {{0x1E0, 8, ADD, 0x0101000000000101}, {0x38, 8, ADD, 0x0202000000000202}}),
    VERIFIER_REFUSE("tcb.reported", "tcb.below", "REPORTED above COMMITTED in one component",
                    "VRF-067", TCB, "REPORTED is at most COMMITTED",
                    .both = {{0x38, 8, ADD, 0x0202000000000202}},
                    .each = {{0x1E0, 1, ADD, 0xFF},
                             {0x1E1, 1, ADD, 0xFF},
                             {0x1E6, 1, ADD, 0xFF},
                             {0x1E7, 1, ADD, 0xFF}}),
    VERIFIER_REFUSE("tcb.reported-turin", "accept.minted", "the same on Turin", "VRF-067", TCB,
                    "REPORTED is at most COMMITTED", .profile = VERIFIER_TURIN,
                    .each = {{0x1E0, 1, ADD, 0xFF},
                             {0x1E1, 1, ADD, 0xFF},
                             {0x1E2, 1, ADD, 0xFF},
                             {0x1E3, 1, ADD, 0xFF},
                             {0x1E7, 1, ADD, 0xFF}}),
    VERIFIER_REFUSE(
        "tcb.committed", "tcb.below", "COMMITTED above CURRENT in one component", "VRF-068", TCB,
        "COMMITTED is at most CURRENT", .both = {{0x1F0, 8, SET, 0}},
        .each = {{0x1E0, 1, ADD, 1}, {0x1E1, 1, ADD, 1}, {0x1E6, 1, ADD, 1}, {0x1E7, 1, ADD, 1}}),
    VERIFIER_REFUSE("tcb.committed-turin", "accept.minted", "the same on Turin", "VRF-068", TCB,
                    "COMMITTED is at most CURRENT", .profile = VERIFIER_TURIN,
                    .each = {{0x1E0, 1, ADD, 1},
                             {0x1E1, 1, ADD, 1},
                             {0x1E2, 1, ADD, 1},
                             {0x1E3, 1, ADD, 1},
                             {0x1E7, 1, ADD, 1}}),
    VERIFIER_ACCEPT("tcb.launch", "LAUNCH above and below CURRENT", "VRF-068",
                    "LAUNCH is compared with the policy's floor alone",
                    .each = {{0x1F0, 8, ADD, 0x0101000000000101}, {0x1F0, 8, SET, 0}}),
    VERIFIER_REFUSE("tcb.reserved", "accept.minted", "reserved bytes of CURRENT, COMMITTED, LAUNCH",
                    "VRF-112", TCB, "reserved bytes of a TCB_VERSION are zero",
                    .each = {{0x3A, 1, SET, 1},
                             {0x3D, 1, SET, 1},
                             {0x1E2, 1, SET, 1},
                             {0x1E5, 1, SET, 1},
                             {0x1F2, 1, SET, 1},
                             {0x1F5, 1, SET, 1}}),
    VERIFIER_ACCEPT("tcb.version-below", "a committed version below the current one", "VRF-114",
                    "1.54.255 is below 1.55.40",
                    .both = {{0x1EC, 1, SET, 255}, {0x1ED, 1, SET, 54}}),
    VERIFIER_REFUSE("tcb.version-above", "tcb.version-below",
                    "a committed version above the current one", "VRF-114", TCB,
                    "compared major first",
                    .both = {{0x1E8, 1, SET, 40}, {0x1EC, 1, SET, 39}, {0x1EA, 1, SET, 1}},
                    .each = {{0x1EC, 1, SET, 41}, {0x1ED, 1, SET, 56}, {0x1EE, 1, SET, 2}}),
    VERIFIER_REFUSE("tcb.provisional", "tcb.provisional-allowed",
                    "COMMITTED below CURRENT where the policy forbids it", "VRF-069", POLICY,
                    "allow_provisional is false", .set = firm,
                    .each = {{0x38, 1, ADD, 1},
                             {0x3F, 1, ADD, 1},
                             {0x1E8, 1, ADD, 1},
                             {0x1E9, 1, ADD, 1},
                             {0x1EA, 1, ADD, 1}}),
    VERIFIER_ACCEPT("tcb.provisional-allowed", "COMMITTED below CURRENT", "VRF-069",
                    "allow_provisional is true by default",
                    .each = {{0x38, 1, ADD, 1},
                             {0x3F, 1, ADD, 1},
                             {0x1E8, 1, ADD, 1},
                             {0x1E9, 1, ADD, 1},
                             {0x1EA, 1, ADD, 1}}),
    VERIFIER_ACCEPT("tcb.firm", "COMMITTED equal to CURRENT where the policy forbids less",
                    "VRF-069", "nothing is provisional", .set = firm),
    TEST("floor", "a floor that equals REPORTED_TCB", "VRF-070", SUITE_POSITIVE, NULL, floors,
         &tcb_met),
    TEST("floor-missed", "one component of REPORTED_TCB below the floor", "VRF-070", SUITE_NEGATIVE,
         "verifier.tcb.floor", floors, &tcb_missed),
    TEST("launch-floor", "a floor that equals LAUNCH_TCB", "VRF-071", SUITE_POSITIVE, NULL, floors,
         &launch_met),
    TEST("launch-floor-missed", "one component of LAUNCH_TCB below the floor", "VRF-071",
         SUITE_NEGATIVE, "verifier.tcb.launch-floor", floors, &launch_missed),
    TEST("firmware", "a firmware version at its floor and above", "VRF-072", SUITE_POSITIVE, NULL,
         firmware, &no),
    TEST("firmware-missed", "a firmware version below its floor", "VRF-072", SUITE_NEGATIVE,
         "verifier.tcb.firmware", firmware, &yes),
};

const struct suite_area verifier_tcb = VERIFIER_PART(tests);
