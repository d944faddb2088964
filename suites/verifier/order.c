/* The order of the stages: of two defects the earlier stage's decides. Design, section 4. */
#include <string.h>

#include "verifier/verifier.h"

static void parse(struct verifier_world *world) {
    world->report[0x4C] = 1;
}

static void version(struct verifier_world *world) {
    abi_put_le32(world->report, 6);
}

static void signer(struct verifier_world *world) {
    abi_put_le32(world->report + 0x34, 2);
}

static void chain(struct verifier_world *world) {
    world->certs.ca.bytes[world->certs.ca.size - 1] ^= 1;
}

/* The CRL is over a month old then; the certificates are not. */
static void revocation(struct verifier_world *world) {
    world->with_crl = true;
    world->at += 40 * VERIFIER_DAY;
}

static void binding(struct verifier_world *world) {
    world->report[0x1A0] ^= 1;
}

/* After the report has been signed. */
static void signature(struct verifier_world *world) {
    world->report[0x2A0] ^= 1;
}

static void tcb(struct verifier_world *world) {
    world->report[0x1E0] -= 1;
}

static void policy(struct verifier_world *world) {
    world->policy.has_report_id = true;
    memset(world->policy.report_id, 0, sizeof world->policy.report_id);
}

static void (*const defects[PKI_STAGE_COUNT])(struct verifier_world *) = {
    [PKI_STAGE_PARSE] = parse,           [PKI_STAGE_VERSION] = version,
    [PKI_STAGE_SIGNER] = signer,         [PKI_STAGE_CHAIN] = chain,
    [PKI_STAGE_REVOCATION] = revocation, [PKI_STAGE_BINDING] = binding,
    [PKI_STAGE_SIGNATURE] = signature,   [PKI_STAGE_TCB] = tcb,
    [PKI_STAGE_POLICY] = policy,
};

static const char *const names[PKI_STAGE_COUNT] = {
    "parse", "version", "signer", "chain", "revocation", "binding", "signature", "tcb", "policy"};

static void pair(struct suite_ctx *ctx, const struct verifier_world *base, size_t first,
                 size_t second) {
    struct verifier_world world = *base;
    const bool broken = first == PKI_STAGE_SIGNATURE || second == PKI_STAGE_SIGNATURE;
    if (first != PKI_STAGE_SIGNATURE) defects[first](&world);
    if (second != first && second != PKI_STAGE_SIGNATURE) defects[second](&world);
    SUITE_STEP(verifier_sign(ctx, &world));
    if (broken) defects[PKI_STAGE_SIGNATURE](&world);
    suite_instance(ctx, "%s and %s", names[first], names[second]);
    SUITE_STEP(
        verifier_refuses(ctx, &world, (enum pki_stage)first, "", "the earlier stage decides"));
}

static void pairs(struct suite_ctx *ctx) {
    struct verifier_world world;
    SUITE_STEP(verifier_open(ctx, VERIFIER_GENOA, &world));
    for (size_t i = 0; i < PKI_STAGE_COUNT; i++)
        for (size_t j = i; j < PKI_STAGE_COUNT; j++) {
            if (suite_stopped(ctx)) return;
            pair(ctx, &world, i, j);
        }
}

static void stage_names(struct suite_ctx *ctx) {
    for (size_t i = 0; i < PKI_STAGE_COUNT; i++)
        SUITE_BYTES(ctx, "stage", names[i], pki_stage_name((enum pki_stage)i), strlen(names[i]) + 1,
                    "the name that results carry");
}

static const struct suite_test tests[] = {
    {.id = "verifier.order.names",
     .title = "the nine stages and their names",
     .requirements = SUITE_REQ("VRF-100"),
     .kind = SUITE_POSITIVE,
     .run = stage_names},
    {.id = "verifier.order.pairs",
     .title = "every pair of defects: the earlier stage decides",
     .requirements = SUITE_REQ("VRF-100"),
     .kind = SUITE_NEGATIVE,
     .twin = "verifier.order.names",
     .needs = VERIFIER_NEEDS,
     .run = pairs},
};

const struct suite_area verifier_order = VERIFIER_PART(tests);
