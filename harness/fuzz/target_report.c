/* Attestation reports: decoding, the rules of form, and the verifier under a fixed chain. The first
 * byte selects:
 *   bit 0  verify (else only decode)
 *   bit 1  under the VLEK's chain, else under the VCEK's
 *   bit 2  sign the bytes with the leaf's key first, so that the stages after `signature` are reached
 *   bit 3  take versions above 5
 * The report follows; what is left after 0x4A0 bytes is a policy file. */
#include <string.h>

#include "fuzz.h"

enum { VERIFY = 1, VLEK = 2, SIGN = 4, FUTURE = 8 };

struct scene {
    struct fuzz_world world;
    struct pki_chain *chain;
};

static struct scene *scene_of(bool vlek) {
    static struct scene scenes[2];
    struct scene *s = &scenes[vlek];
    if (s->chain == NULL) {
        fuzz_world_init(&s->world, vlek ? "milan-1.55.29-v3-vlek" : SEVKIT_PROFILE_DEFAULT);
        const struct pki_chain_input in = fuzz_world_chain(&s->world);
        fuzz_need(pki_chain_new(&in, &s->chain));
    }
    return s;
}

static void check_form(const uint8_t *bytes, size_t size, bool future) {
    struct abi_report report;
    uint8_t again[ABI_REPORT_SIZE];
    const struct sevkit_result decoded = abi_report_decode(bytes, size, &report);
    fuzz_require(sevkit_ok(decoded) == (size == ABI_REPORT_SIZE), "only the size can be wrong");
    fuzz_print(&decoded);
    if (!sevkit_ok(decoded)) return;
    abi_report_encode(&report, again);
    fuzz_require(memcmp(again, bytes, size) == 0, "decode then encode gives back the bytes");
    const struct sevkit_result version = abi_report_check_version(&report, future);
    const struct sevkit_result fields = abi_report_check_fields(&report);
    fuzz_print(&version);
    fuzz_print(&fields);
    fuzz_require(abi_signing_key_name(abi_report_signing_key(&report)) != NULL, "a key's name");
    fuzz_require(abi_product_name(abi_report_product(&report)) != NULL, "a product's name");
}

static void sign(const struct scene *s, uint8_t report[ABI_REPORT_SIZE]) {
    struct crypto_signature signature;
    fuzz_need(crypto_ec_sign(s->world.key, report, ABI_REPORT_SIGNED_SIZE, &signature));
    memcpy(report + ABI_REPORT_SIGNATURE_R, signature.r, sizeof signature.r);
    memcpy(report + ABI_REPORT_SIGNATURE_S, signature.s, sizeof signature.s);
}

/* Exactly one stage fails in a refusal, none in an acceptance. */
static void check_verdict(const struct pki_verdict *v) {
    size_t failed = 0;
    for (size_t i = 0; i < PKI_STAGE_COUNT; i++) failed += v->checks[i] == PKI_CHECK_FAIL;
    fuzz_require(failed == !v->accepted, "one stage refuses");
    fuzz_require(v->accepted == (v->stage == PKI_STAGE_COUNT), "a refusal has a stage");
    fuzz_require(v->accepted == sevkit_ok(v->why), "a refusal has a reason");
    fuzz_require(pki_verdict_requirement(v) != NULL, "a refusal's requirement is text");
    fuzz_print(&v->why);
}

static void verify(uint8_t select, const uint8_t *bytes, size_t size, struct pki_policy *policy) {
    struct scene *s = scene_of(select & VLEK);
    struct pki_verdict verdict;
    uint8_t report[ABI_REPORT_SIZE];
    const uint8_t *judged = bytes;
    if ((select & SIGN) && size == sizeof report) {
        memcpy(report, bytes, sizeof report);
        sign(s, report);
        judged = report;
    }
    policy->future_versions = select & FUTURE;
    pki_verify_report(s->chain, judged, size, policy, &verdict);
    check_verdict(&verdict);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    if (size == 0) return 0;
    const uint8_t select = *bytes++;
    size--;
    struct pki_policy policy = pki_policy_default();
    if (size > ABI_REPORT_SIZE) {
        const char *json = (const char *)bytes + ABI_REPORT_SIZE;
        const struct sevkit_result r = pki_policy_parse(json, size - ABI_REPORT_SIZE, &policy);
        if (sevkit_ok(r))
            size = ABI_REPORT_SIZE;
        else
            policy = pki_policy_default();
    }
    check_form(bytes, size, select & FUTURE);
    if (select & VERIFY) verify(select, bytes, size, &policy);
    return 0;
}
