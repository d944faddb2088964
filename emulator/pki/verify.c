/* Judging one report under a judged chain: the stages in their order, the first failure decides.
 * Design, section 4. */
#include <string.h>

#include "pki/stage.h"

static struct sevkit_result (*const stages[PKI_STAGE_COUNT])(struct pki_judgement *) = {
    [PKI_STAGE_PARSE] = pki_stage_parse,           [PKI_STAGE_VERSION] = pki_stage_version,
    [PKI_STAGE_SIGNER] = pki_stage_signer,         [PKI_STAGE_CHAIN] = pki_stage_chain,
    [PKI_STAGE_REVOCATION] = pki_stage_revocation, [PKI_STAGE_BINDING] = pki_stage_binding,
    [PKI_STAGE_SIGNATURE] = pki_stage_signature,   [PKI_STAGE_TCB] = pki_stage_tcb,
    [PKI_STAGE_POLICY] = pki_stage_policy,
};

static void skip(struct pki_verdict *verdict, size_t stage, const char *why) {
    verdict->checks[stage] = PKI_CHECK_SKIPPED;
    verdict->skipped[stage] = why;
}

static void refuse(struct pki_verdict *verdict, size_t stage, struct sevkit_result why) {
    verdict->stage = (enum pki_stage)stage;
    verdict->why = why;
    verdict->reasons[stage] = why;
    verdict->checks[stage] = PKI_CHECK_FAIL;
}

void pki_verify_report(struct pki_chain *chain, const uint8_t *report, size_t size,
                       const struct pki_policy *policy, struct pki_verdict *verdict) {
    struct pki_judgement j = {.chain = chain, .bytes = report, .size = size, .policy = policy};
    *verdict = (struct pki_verdict){.stage = PKI_STAGE_COUNT, .anchor = PKI_ANCHOR_NONE};
    for (size_t i = 0; i < PKI_STAGE_COUNT; i++) {
        const bool decided = verdict->stage != PKI_STAGE_COUNT;
        const struct sevkit_result r = decided ? sevkit_success() : stages[i](&j);
        if (decided) {
            skip(verdict, i, "an earlier stage failed");
        } else if (!sevkit_ok(r)) {
            refuse(verdict, i, r);
        } else if (i == PKI_STAGE_REVOCATION && !chain->has_crl) {
            skip(verdict, i, "no CRL was given");
        }
        if (!decided && i == PKI_STAGE_CHAIN) verdict->anchor = chain->anchor;
    }
    verdict->accepted = verdict->stage == PKI_STAGE_COUNT;
    if (verdict->accepted) verdict->why = sevkit_success();
}
