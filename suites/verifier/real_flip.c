/* Genuine reports: each signed byte changed, and certificates that belong to another report. */
#include <string.h>

#include "verifier/real.h"

static bool flips_under(struct suite_ctx *ctx, struct pki_chain *chain,
                        struct verifier_world *world, size_t first, size_t step) {
    for (size_t i = first; i < VERIFIER_SIGNED_SIZE; i += step) {
        struct pki_verdict verdict;
        world->report[i] ^= (uint8_t)(1 << i % 8);
        pki_verify_report(chain, world->report, world->report_size, &world->policy, &verdict);
        world->report[i] ^= (uint8_t)(1 << i % 8);
        if (!suite_check(ctx, "verdict", !verdict.accepted, "every signed byte counts"))
            return false;
    }
    return true;
}

/* What has been flipped so far. */
struct flipped {
    size_t count; /* reports */
    bool versions[8];
};

/* Every byte of the first report of each version, every 16th of the others. */
static void flips_of(struct suite_ctx *ctx, const json_t *entry, void *data) {
    struct flipped *flipped = data;
    struct verifier_world world;
    struct pki_chain *chain = NULL;
    SUITE_STEP(real_world(ctx, entry, &world));
    SUITE_STEP(verifier_chain_new(ctx, &world, &chain));
    bool *seen = &flipped->versions[abi_get_le32(world.report) & 7];
    const bool good =
        flips_under(ctx, chain, &world, *seen ? flipped->count % 16 : 0, *seen ? 16 : 1);
    pki_chain_free(chain);
    flipped->count++;
    *seen = true;
    SUITE_STEP(good);
}

static void flips(struct suite_ctx *ctx) {
    struct flipped flipped = {.count = 0};
    real_each(ctx, flips_of, &flipped);
}

/* "Milan", "Genoa" or "Turin", whatever follows. */
static bool same_line(const json_t *a, const json_t *b) {
    return strncmp(real_text(a, "product"), real_text(b, "product"), 5) == 0;
}

static bool same_signer(const json_t *a, const json_t *b) {
    return strcmp(real_text(a, "signer"), real_text(b, "signer")) == 0;
}

static bool same_tcb(const json_t *a, const json_t *b) {
    return strcmp(real_text(json_object_get(a, "tcbs"), "reported"),
                  real_text(json_object_get(b, "tcbs"), "reported")) == 0;
}

static bool same_chip(const json_t *a, const json_t *b) {
    return strcmp(real_text(a, "chip_id_prefix"), real_text(b, "chip_id_prefix")) == 0;
}

/* Each report with the certificates of each other one. A version 2 report does not say its product: there
 * the binding tells another line's leaf. */
static void foreign_of(struct suite_ctx *ctx, const json_t *mine, const json_t *other,
                       unsigned *seen) {
    struct verifier_world world, foreign;
    if (!same_signer(mine, other) || (same_chip(mine, other) && same_tcb(mine, other))) return;
    SUITE_STEP(real_world(ctx, mine, &world));
    SUITE_STEP(real_world(ctx, other, &foreign));
    world.certs = foreign.certs;
    world.at = foreign.at;
    const bool told = json_integer_value(json_object_get(mine, "version")) > 2;
    suite_instance(ctx, "%s under %s", real_text(mine, "report"), real_text(other, "leaf"));
    if (same_line(mine, other)) {
        SUITE_STEP(
            verifier_refuses(ctx, &world, PKI_STAGE_BINDING, "", "a leaf of another chip or TCB"));
        *seen |= 1;
    } else if (told) {
        SUITE_STEP(verifier_refuses(ctx, &world, PKI_STAGE_CHAIN, "VRF-061",
                                    "a chain of another product line"));
        *seen |= 2;
    }
}

static void foreign(struct suite_ctx *ctx) {
    struct real_set set;
    unsigned seen = 0;
    if (!real_open(ctx, &set)) return;
    for (size_t i = 0; i < set.count && !suite_stopped(ctx); i++)
        for (size_t j = 0; j < set.count && !suite_stopped(ctx); j++)
            foreign_of(ctx, set.entries[i], set.entries[j], &seen);
    real_close(&set);
    if (suite_stopped(ctx)) return;
    SUITE_EQUAL(ctx, "pairs", 3, seen, "both kinds of foreign certificates occur");
}

static const struct suite_test tests[] = {
    {.id = "verifier.real.flips",
     .title = "signed bytes of genuine reports changed: all in the first of each version, every "
              "16th else",
     .requirements = SUITE_REQ("VRF-062"),
     .kind = SUITE_NEGATIVE,
     .twin = "verifier.real.accepted",
     .run = flips},
    {.id = "verifier.real.foreign",
     .title = "genuine reports under genuine certificates of another chip, TCB or product",
     .requirements = SUITE_REQ("VRF-051", "VRF-058", "VRF-061"),
     .kind = SUITE_NEGATIVE,
     .twin = "verifier.real.accepted",
     .run = foreign},
};

const struct suite_area verifier_real_flip = VERIFIER_PART(tests);
