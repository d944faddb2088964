/* Stage policy: fields that a policy fixes, in all of their bytes. The reports are a VLEK's, so that stage
 * binding does not look at CHIP_ID. */
#include <string.h>

#include "verifier/verifier.h"

struct fixed {
    const char *requirement;
    size_t at, size;  /* in the report */
    size_t has, want; /* in struct pki_policy */
};

static bool demand(struct suite_ctx *ctx, struct verifier_world *world) {
    const struct fixed *field = suite_row(ctx);
    if (!verifier_open(ctx, VERIFIER_VLEK, world)) return false;
    uint8_t *policy = (uint8_t *)&world->policy;
    memcpy(policy + field->want, world->report + field->at, field->size);
    policy[field->has] = true;
    return true;
}

static void equal(struct suite_ctx *ctx) {
    struct verifier_world world;
    SUITE_STEP(demand(ctx, &world));
    SUITE_STEP(verifier_accepts(ctx, &world, "the policy's value"));
}

static void each_byte(struct suite_ctx *ctx, struct verifier_world *world) {
    const struct fixed *field = suite_row(ctx);
    for (size_t i = 0; i < field->size; i++) {
        world->report[field->at + i] ^= 0x01;
        suite_instance(ctx, "byte %zu", i);
        SUITE_STEP(verifier_sign(ctx, world));
        SUITE_STEP(verifier_refuses(ctx, world, PKI_STAGE_POLICY, field->requirement,
                                    "all bytes are the policy's"));
        world->report[field->at + i] ^= 0x01;
    }
}

static void differs(struct suite_ctx *ctx) {
    struct verifier_world world;
    SUITE_STEP(demand(ctx, &world));
    SUITE_STEP(verifier_chain_new(ctx, &world, &world.chain));
    each_byte(ctx, &world);
    pki_chain_free(world.chain);
}

static void author_key_unused(struct suite_ctx *ctx) {
    struct verifier_world world;
    SUITE_STEP(demand(ctx, &world));
    world.report[0x48] &= 0xFE;
    SUITE_STEP(verifier_sign(ctx, &world));
    SUITE_STEP(verifier_refuses(ctx, &world, PKI_STAGE_POLICY, "VRF-096",
                                "a digest says nothing while AUTHOR_KEY_EN is 0"));
}

#define ROW(REQ, AT, MEMBER)                                                                       \
    &(const struct fixed) {                                                                        \
        REQ, AT, sizeof((struct pki_policy *)0)->MEMBER,                                           \
            offsetof(struct pki_policy, has_##MEMBER), offsetof(struct pki_policy, MEMBER)         \
    }

#define FIXED(ID, REQ, AT, MEMBER)                                                                 \
    {.id = "verifier.fixed." ID,                                                                   \
     .title = ID " as the policy has it",                                                          \
     .requirements = SUITE_REQ(REQ),                                                               \
     .kind = SUITE_POSITIVE,                                                                       \
     .needs = VERIFIER_NEEDS,                                                                      \
     .run = equal,                                                                                 \
     .row = ROW(REQ, AT, MEMBER)},                                                                 \
    {                                                                                              \
        .id = "verifier.fixed." ID "-differs", .title = ID " with each byte changed",              \
        .requirements = SUITE_REQ(REQ), .kind = SUITE_NEGATIVE, .twin = "verifier.fixed." ID,      \
        .needs = VERIFIER_NEEDS, .run = differs, .row = ROW(REQ, AT, MEMBER)                       \
    }

static const struct suite_test tests[] = {
    FIXED("report-data", "VRF-087", 0x050, report_data),
    FIXED("measurement", "VRF-088", 0x090, measurement),
    FIXED("host-data", "VRF-089", 0x0C0, host_data),
    FIXED("family-id", "VRF-090", 0x010, family_id),
    FIXED("image-id", "VRF-091", 0x020, image_id),
    FIXED("report-id", "VRF-092", 0x140, report_id),
    FIXED("report-id-ma", "VRF-093", 0x160, report_id_ma),
    FIXED("chip-id", "VRF-094", 0x1A0, chip_id),
    FIXED("id-key-digest", "VRF-095", 0x0E0, id_key_digest),
    FIXED("author-key-digest", "VRF-096", 0x110, author_key_digest),
    {.id = "verifier.fixed.author-key-unused",
     .title = "the author key digest of the policy while AUTHOR_KEY_EN is 0",
     .requirements = SUITE_REQ("VRF-096"),
     .kind = SUITE_NEGATIVE,
     .twin = "verifier.fixed.author-key-digest",
     .needs = VERIFIER_NEEDS,
     .run = author_key_unused,
     .row = ROW("VRF-096", 0x110, author_key_digest)},
};

const struct suite_area verifier_fixed = VERIFIER_PART(tests);
