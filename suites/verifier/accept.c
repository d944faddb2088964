/* Minted reports under their own certificates. Design, section 4 (anchor) and section 1 of the report notes. */
#include <string.h>

#include "verifier/verifier.h"

#define NEEDS (SUITE_NEEDS_GUEST | TARGET_CERTS)

static void minted_of(struct suite_ctx *ctx, const struct sevkit_profile *profile, void *data) {
    struct verifier_world world;
    const bool *with_crl = data;
    (void)profile;
    SUITE_STEP(verifier_open_plain(ctx, &world));
    world.with_crl = *with_crl;
    SUITE_STEP(verifier_accepts(ctx, &world, "a report under its machine's certificates"));
}

static void minted(struct suite_ctx *ctx) {
    bool with_crl = false;
    suite_each_profile(ctx, minted_of, &with_crl);
}

static void minted_crl(struct suite_ctx *ctx) {
    bool with_crl = true;
    suite_each_profile(ctx, minted_of, &with_crl);
}

static void anchor_of(struct suite_ctx *ctx, struct verifier_world *world, enum pki_anchor anchor) {
    struct pki_verdict verdict;
    SUITE_STEP(verifier_accepts(ctx, world, "any of the four ways to trust the ARK"));
    SUITE_STEP(verifier_judge(ctx, world, &verdict));
    const char *wanted = pki_anchor_name(anchor);
    SUITE_BYTES(ctx, "anchor", wanted, pki_anchor_name(verdict.anchor), strlen(wanted) + 1,
                "the option decides, without one the ARK's key");
}

static void anchors(struct suite_ctx *ctx) {
    struct verifier_world world;
    SUITE_STEP(verifier_open(ctx, VERIFIER_GENOA, &world));
    suite_instance(ctx, "no option");
    anchor_of(ctx, &world, PKI_ANCHOR_TEST);
    if (suite_stopped(ctx)) return;
    suite_instance(ctx, "trust_dir");
    world.trust_dir = true;
    anchor_of(ctx, &world, PKI_ANCHOR_DIR);
    if (suite_stopped(ctx)) return;
    suite_instance(ctx, "root");
    world.trust_dir = false;
    world.root = world.certs.ark;
    world.with_root = true;
    anchor_of(ctx, &world, PKI_ANCHOR_GIVEN);
    if (suite_stopped(ctx)) return;
    suite_instance(ctx, "root and no ARK");
    world.without_ark = true;
    anchor_of(ctx, &world, PKI_ANCHOR_GIVEN);
}

/* A buffer at every alignment, judged twice, is what it was before. */
static void unchanged(struct suite_ctx *ctx) {
    struct verifier_world world;
    struct pki_verdict first, second;
    uint8_t buffer[VERIFIER_REPORT_SIZE + 8];
    struct pki_chain *chain = NULL;
    SUITE_STEP(verifier_open(ctx, VERIFIER_GENOA_V5, &world));
    SUITE_STEP(verifier_chain_new(ctx, &world, &chain));
    bool good = true;
    for (size_t shift = 0; good && shift < 8; shift++) {
        uint8_t *report = buffer + shift;
        memcpy(report, world.report, VERIFIER_REPORT_SIZE);
        pki_verify_report(chain, report, VERIFIER_REPORT_SIZE, &world.policy, &first);
        pki_verify_report(chain, report, VERIFIER_REPORT_SIZE, &world.policy, &second);
        suite_instance(ctx, "address + %zu", shift);
        good = suite_check(ctx, "verdict", first.accepted && second.accepted,
                           "the same bytes give the same verdict") &&
               suite_bytes(ctx, "report", world.report, report, VERIFIER_REPORT_SIZE,
                           "the buffer is left unchanged");
    }
    pki_chain_free(chain);
}

/* One chain, many reports. */
static bool shared(struct suite_ctx *ctx, struct pki_chain *chain,
                   const struct verifier_world *world, bool chain_good) {
    struct pki_verdict good, bad, again;
    struct verifier_world changed = *world;
    changed.report[0x90] ^= 1;
    pki_verify_report(chain, world->report, world->report_size, &world->policy, &good);
    pki_verify_report(chain, changed.report, changed.report_size, &world->policy, &bad);
    pki_verify_report(chain, world->report, world->report_size, &world->policy, &again);
    return suite_equal(ctx, "first verdict", chain_good, good.accepted, "as a fresh chain's") &&
           suite_check(ctx, "second verdict", !bad.accepted, "a changed report is refused") &&
           suite_equal(ctx, "third verdict", chain_good, again.accepted,
                       "one report's verdict leaves the next one's alone") &&
           suite_equal(ctx, "third stage", good.stage, again.stage, "the same stage");
}

static void shared_chain(struct suite_ctx *ctx, bool expired) {
    struct verifier_world world;
    struct pki_chain *chain = NULL;
    SUITE_STEP(verifier_open(ctx, VERIFIER_GENOA, &world));
    if (expired) world.at += 10 * 365 * (int64_t)VERIFIER_DAY;
    SUITE_STEP(verifier_chain_new(ctx, &world, &chain));
    const bool good = shared(ctx, chain, &world, !expired);
    pki_chain_free(chain);
    if (!good) return;
}

static void shared_good(struct suite_ctx *ctx) {
    shared_chain(ctx, false);
}

static void shared_refused(struct suite_ctx *ctx) {
    shared_chain(ctx, true);
}

static const struct suite_test tests[] = {
    {.id = "verifier.accept.minted",
     .title = "a report of every profile is accepted under its machine's certificates",
     .requirements = SUITE_REQ(
         "VRF-001", "VRF-002", "VRF-003", "VRF-004", "VRF-005", "VRF-006", "VRF-007", "VRF-008",
         "VRF-009", "VRF-010", "VRF-011", "VRF-014", "VRF-016", "VRF-019", "VRF-022", "VRF-023",
         "VRF-026", "VRF-027", "VRF-028", "VRF-029", "VRF-030", "VRF-031", "VRF-032", "VRF-033",
         "VRF-034", "VRF-035", "VRF-036", "VRF-037", "VRF-039", "VRF-041", "VRF-051", "VRF-052",
         "VRF-053", "VRF-054", "VRF-055", "VRF-058", "VRF-059", "VRF-060", "VRF-061", "VRF-062",
         "VRF-063", "VRF-064", "VRF-067", "VRF-068", "VRF-105", "VRF-106", "VRF-107", "VRF-108",
         "VRF-109", "VRF-110", "VRF-111", "VRF-112", "VRF-114", "SNP-CERT-023"),
     .kind = SUITE_POSITIVE,
     .needs = NEEDS,
     .run = minted},
    {.id = "verifier.accept.crl",
     .title = "and with its machine's CRL, which revokes nothing",
     .requirements = SUITE_REQ("VRF-042", "VRF-043", "VRF-045", "VRF-046", "VRF-047", "VRF-048",
                               "VRF-049", "SNP-CERT-034"),
     .kind = SUITE_POSITIVE,
     .needs = NEEDS,
     .run = minted_crl},
    {.id = "verifier.accept.anchor",
     .title = "the verdict names the anchor: test, dir, given",
     .requirements = SUITE_REQ("VRF-023", "VRF-024", "VRF-102"),
     .kind = SUITE_POSITIVE,
     .needs = VERIFIER_NEEDS,
     .run = anchors},
    {.id = "verifier.accept.unchanged",
     .title = "a report at any address, judged twice, gives one verdict and keeps its bytes",
     .requirements = SUITE_REQ("VRF-012"),
     .kind = SUITE_POSITIVE,
     .needs = VERIFIER_NEEDS,
     .run = unchanged},
    {.id = "verifier.accept.shared",
     .title = "a chain judged once: a changed report between two good ones",
     .requirements = SUITE_REQ("VRF-103"),
     .kind = SUITE_POSITIVE,
     .needs = VERIFIER_NEEDS,
     .run = shared_good},
    {.id = "verifier.refuse.shared",
     .title = "an expired chain judged once refuses every report",
     .requirements = SUITE_REQ("VRF-103"),
     .kind = SUITE_NEGATIVE,
     .twin = "verifier.accept.shared",
     .needs = VERIFIER_NEEDS,
     .run = shared_refused},
};

const struct suite_area verifier_accept = VERIFIER_PART(tests);
