/* Area verifier: what the reference verifier accepts and refuses, and what the certificates say. Report notes,
 * certificate notes; design, section 4. */
#include "verifier/verifier.h"

#include <string.h>

static bool ask_report(struct suite_ctx *ctx, uint8_t report[VERIFIER_REPORT_SIZE]) {
    uint8_t payload[0x60] = {0}, rsp[0x4C0];
    size_t size;
    suite_random(ctx, payload, 64);
    abi_put_le32(payload + 0x40, suite_profile(ctx)->vmpl);
    if (!suite_call(ctx, 0, ABI_MSG_REPORT_REQ, 1, payload, sizeof payload, rsp, sizeof rsp,
                    &size) ||
        !suite_equal(ctx, "REPORT_RSP MSG_SIZE", sizeof rsp, size, "REPORT_RSP is 0x4C0 bytes") ||
        !suite_status(ctx, "REPORT_RSP.STATUS", ABI_SUCCESS, abi_get_le32(rsp),
                      "the request breaks no rule"))
        return false;
    memcpy(report, rsp + 0x20, VERIFIER_REPORT_SIZE);
    return true;
}

static bool open_without_certs(struct suite_ctx *ctx, struct verifier_world *world) {
    *world = (struct verifier_world){.profile = *suite_profile(ctx),
                                     .report_size = VERIFIER_REPORT_SIZE,
                                     .policy = pki_policy_default()};
    return ask_report(ctx, world->report) &&
           suite_setup(ctx, "clock", target_now(suite_target(ctx), &world->at));
}

static bool ask_certs(struct suite_ctx *ctx, struct vmm_certs *certs) {
    return suite_setup(ctx, "certificates", target_certs(suite_target(ctx), certs));
}

bool verifier_open_plain(struct suite_ctx *ctx, struct verifier_world *world) {
    return open_without_certs(ctx, world) && ask_certs(ctx, &world->certs);
}

/* A field that is zero could be left out of a comparison without a trace. */
static void distinct(struct suite_ctx *ctx, struct sevkit_profile *profile) {
    static const struct abi_tcb_parts parts = {2, 4, 3, 22, 213};
    struct sevkit_id_block *block = &profile->id_block;
    const uint64_t tcb = abi_tcb_pack(profile->product, &parts);
    suite_random(ctx, profile->host_data, sizeof profile->host_data);
    suite_random(ctx, profile->measurement, sizeof profile->measurement);
    suite_random(ctx, profile->report_id_ma, sizeof profile->report_id_ma);
    suite_random(ctx, block->family_id, sizeof block->family_id);
    suite_random(ctx, block->image_id, sizeof block->image_id);
    suite_random(ctx, block->id_key_digest, sizeof block->id_key_digest);
    suite_random(ctx, block->author_key_digest, sizeof block->author_key_digest);
    block->present = true;
    block->author_key_en = true;
    block->guest_svn = UINT32_C(0x80000005);
    profile->has_report_id_ma = true;
    profile->mask_chip_id = false;
    profile->mask_chip_key = false;
    profile->current_tcb = profile->committed_tcb = tcb;
    profile->reported_tcb = profile->launch_tcb = tcb;
    if (profile->report_version >= 5) profile->launch_mit_vector = profile->current_mit_vector = 7;
}

/* Certificates follow from the profile alone and take four RSA signatures: most of a test's time. They are
 * asked for once a profile. */
static bool known_certs(struct suite_ctx *ctx, const char *name, struct vmm_certs *certs) {
    static struct {
        char name[sizeof((struct sevkit_profile *)0)->name];
        struct vmm_certs certs;
    } known[8];
    size_t i = 0;
    while (i < 7 && known[i].name[0] != 0 && strcmp(known[i].name, name) != 0) i++;
    if (strcmp(known[i].name, name) != 0) {
        if (!ask_certs(ctx, &known[i].certs)) return false;
        strncpy(known[i].name, name, sizeof known[i].name - 1);
    }
    *certs = known[i].certs;
    return true;
}

bool verifier_open(struct suite_ctx *ctx, const char *name, struct verifier_world *world) {
    struct sevkit_profile profile;
    if (!suite_setup(ctx, name, vmm_profile_builtin(name, &profile))) return false;
    distinct(ctx, &profile);
    return suite_reset_as(ctx, &profile, PSP_GUEST_RUNNING) && open_without_certs(ctx, world) &&
           known_certs(ctx, name, &world->certs);
}

struct pki_leaf verifier_leaf_of(const struct sevkit_profile *profile) {
    const bool vlek = profile->vlek_loaded;
    return (struct pki_leaf){
        .product = profile->product,
        .product_name = vlek ? NULL : profile->product_name,
        .tcb = profile->reported_tcb,
        .hwid = vlek ? NULL : profile->chip_id,
        .hwid_size = vlek ? 0 : abi_hwid_size(profile->product),
        .csp_id = vlek ? profile->csp_id : NULL,
    };
}

bool verifier_key(struct suite_ctx *ctx, const struct verifier_world *world,
                  struct crypto_ec_key **key) {
    const struct pki_leaf leaf = verifier_leaf_of(&world->profile);
    return suite_setup(ctx, "leaf key", pki_leaf_key(&leaf, key));
}

bool verifier_sign(struct suite_ctx *ctx, struct verifier_world *world) {
    struct crypto_ec_key *key;
    struct crypto_signature signature;
    if (!verifier_key(ctx, world, &key)) return false;
    const struct sevkit_result r =
        crypto_ec_sign(key, world->report, VERIFIER_SIGNED_SIZE, &signature);
    crypto_ec_key_free(key);
    memcpy(world->report + 0x2A0, signature.r, sizeof signature.r);
    memcpy(world->report + 0x2E8, signature.s, sizeof signature.s);
    return suite_setup(ctx, "signature", r);
}

/* ---- verdicts ---- */

/* Certificates parsed for one chain. */
struct parsed {
    struct pki_cert *leaf, *ca, *ark, *root;
    struct sevkit_result why;
    bool unreadable;
};

static struct pki_cert *parse(const struct pki_der *der, bool wanted, struct parsed *all) {
    struct pki_cert *cert = NULL;
    if (!wanted) return NULL;
    const struct sevkit_result r = pki_cert_parse(der->bytes, der->size, &cert);
    if (sevkit_ok(r)) return cert;
    all->why = r;
    all->unreadable = true;
    return NULL;
}

bool verifier_chain_new(struct suite_ctx *ctx, const struct verifier_world *world,
                        struct pki_chain **chain) {
    struct parsed p = {.unreadable = false};
    p.leaf = parse(&world->certs.leaf, !world->without_leaf, &p);
    p.ca = parse(&world->certs.ca, !world->without_ca, &p);
    p.ark = parse(&world->certs.ark, !world->without_ark, &p);
    p.root = parse(&world->root, world->with_root, &p);
    const struct pki_chain_input in = {
        .leaf = p.leaf,
        .ca = p.ca,
        .ark = p.ark,
        .root = p.root,
        .unreadable = p.unreadable ? &p.why : NULL,
        .trust_dir = world->trust_dir,
        .crl = world->with_crl ? world->certs.crl.bytes : NULL,
        .crl_size = world->with_crl ? world->certs.crl.size : 0,
        .at = world->at,
    };
    const struct sevkit_result made = pki_chain_new(&in, chain);
    pki_cert_free(p.leaf);
    pki_cert_free(p.ca);
    pki_cert_free(p.ark);
    pki_cert_free(p.root);
    return suite_setup(ctx, "chain", made);
}

bool verifier_judge(struct suite_ctx *ctx, const struct verifier_world *world,
                    struct pki_verdict *verdict) {
    struct pki_chain *chain = world->chain;
    if (chain == NULL && !verifier_chain_new(ctx, world, &chain)) return false;
    pki_verify_report(chain, world->report, world->report_size, &world->policy, verdict);
    if (world->chain == NULL) pki_chain_free(chain);
    return true;
}

bool verifier_accepts(struct suite_ctx *ctx, const struct verifier_world *world, const char *rule) {
    struct pki_verdict verdict;
    if (!verifier_judge(ctx, world, &verdict) ||
        !suite_succeeds(ctx, pki_stage_name(verdict.accepted ? PKI_STAGE_PARSE : verdict.stage),
                        verdict.why, rule) ||
        !suite_check(ctx, "verdict", verdict.accepted, rule) ||
        !suite_equal(ctx, "stage", PKI_STAGE_COUNT, verdict.stage, "no stage has refused"))
        return false;
    for (size_t i = 0; i < PKI_STAGE_COUNT; i++) {
        const bool skipped = i == PKI_STAGE_REVOCATION && !world->with_crl;
        if (!suite_equal(ctx, pki_stage_name((enum pki_stage)i),
                         skipped ? PKI_CHECK_SKIPPED : PKI_CHECK_PASS, verdict.checks[i],
                         "every stage passes, revocation is skipped without a CRL"))
            return false;
    }
    return suite_check(ctx, "requirement", pki_verdict_requirement(&verdict)[0] == 0,
                       "none of an accepted report");
}

static bool stages_agree(struct suite_ctx *ctx, const struct pki_verdict *verdict) {
    for (size_t i = 0; i < PKI_STAGE_COUNT; i++) {
        const char *name = pki_stage_name((enum pki_stage)i);
        const enum pki_check check = verdict->checks[i];
        const bool good = i < verdict->stage    ? check != PKI_CHECK_FAIL
                          : i == verdict->stage ? check == PKI_CHECK_FAIL
                                                : check == PKI_CHECK_SKIPPED;
        if (!suite_check(ctx, name, good, "one stage fails and those after it are skipped"))
            return false;
        if (check == PKI_CHECK_SKIPPED &&
            !suite_check(ctx, name, verdict->skipped[i] != NULL, "a skipped stage says why"))
            return false;
    }
    return true;
}

bool verifier_refuses(struct suite_ctx *ctx, const struct verifier_world *world,
                      enum pki_stage stage, const char *requirement, const char *rule) {
    struct pki_verdict verdict;
    char text[256];
    if (!verifier_judge(ctx, world, &verdict) ||
        !suite_check(ctx, "verdict", !verdict.accepted, rule) ||
        !suite_bytes(ctx, "stage", pki_stage_name(stage), pki_stage_name(verdict.stage),
                     strlen(pki_stage_name(stage)) + 1, rule))
        return false;
    sevkit_result_text(&verdict.why, text, sizeof text);
    const char *named = pki_verdict_requirement(&verdict);
    return suite_check(ctx, text, requirement[0] == 0 || strcmp(named, requirement) == 0, rule) &&
           suite_check(ctx, "field", verdict.why.field[0] != 0, "a refusal names its field") &&
           suite_check(ctx, "rule", verdict.why.rule != NULL && verdict.why.rule[0] != 0,
                       "a refusal names its rule") &&
           stages_agree(ctx, &verdict);
}

/* ---- rows ---- */

void verifier_patch(struct verifier_world *world, struct verifier_patch patch) {
    uint8_t *at = world->report + patch.at;
    uint64_t value = 0;
    for (unsigned i = 0; i < patch.size; i++) value |= (uint64_t)at[i] << 8 * i;
    switch (patch.op) {
    case VERIFIER_SET: value = patch.value; break;
    case VERIFIER_ADD: value += patch.value; break;
    case VERIFIER_XOR: value ^= patch.value; break;
    }
    for (unsigned i = 0; i < patch.size; i++) at[i] = (uint8_t)(value >> 8 * i);
}

static bool judge_row(struct suite_ctx *ctx, const struct verifier_row *row,
                      struct verifier_world *world) {
    if (!row->unsigned_change && !verifier_sign(ctx, world)) return false;
    return row->stage == PKI_STAGE_COUNT
               ? verifier_accepts(ctx, world, row->rule)
               : verifier_refuses(ctx, world, row->stage, row->requirement, row->rule);
}

static void judge_rows(struct suite_ctx *ctx, const struct verifier_row *row,
                       struct verifier_world *base) {
    if (row->each[0].size == 0) SUITE_STEP(judge_row(ctx, row, base));
    for (size_t i = 0; i < VERIFIER_PATCHES && row->each[i].size != 0; i++) {
        struct verifier_world world = *base;
        const struct verifier_patch patch = row->each[i];
        verifier_patch(&world, patch);
        suite_instance(ctx, "byte 0x%03x, value 0x%llx", patch.at, (unsigned long long)patch.value);
        SUITE_STEP(judge_row(ctx, row, &world));
    }
}

void verifier_run_row(struct suite_ctx *ctx) {
    const struct verifier_row *row = suite_row(ctx);
    struct verifier_world base;
    SUITE_STEP(verifier_open(ctx, row->profile != NULL ? row->profile : VERIFIER_GENOA, &base));
    if (row->set != NULL) row->set(&base);
    for (size_t i = 0; i < 4 && row->both[i].size != 0; i++) verifier_patch(&base, row->both[i]);
    SUITE_STEP(verifier_chain_new(ctx, &base, &base.chain));
    judge_rows(ctx, row, &base);
    pki_chain_free(base.chain);
}

static const struct suite_area *const parts[] = {
    &verifier_accept,      &verifier_parse,
    &verifier_signer,      &verifier_signature,
    &verifier_binding,     &verifier_tcb,
    &verifier_policy,      &verifier_fixed,
    &verifier_policy_file, &verifier_order,
    &verifier_chain,       &verifier_ca,
    &verifier_leaf,        &verifier_crl,
    &verifier_bytes,       &verifier_cert,
    &verifier_cert_ca,     &verifier_cert_leaf,
    &verifier_table,       &verifier_real,
    &verifier_real_flip,   NULL,
};

const struct suite_area verifier_area = {.name = "verifier", .parts = parts};
