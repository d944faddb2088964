/* Any bytes as report, certificate, CRL or policy: a verdict or an error that names the place. */
#include <string.h>

#include "verifier/forge.h"

static void certificate(struct suite_ctx *ctx) {
    static char pem[4096];
    static uint8_t two[8192];
    struct verifier_world base;
    SUITE_STEP(verifier_open(ctx, VERIFIER_GENOA, &base));
    const size_t whole = base.certs.leaf.size;
    static const size_t sizes[] = {0, 1, 2, 4, 26, 27};
    for (size_t i = 0; i < 8; i++) {
        struct verifier_world world = base;
        world.certs.leaf.size = i < 6 ? sizes[i] : i == 6 ? whole - 1 : whole + 1;
        suite_instance(ctx, "%zu bytes of the leaf", world.certs.leaf.size);
        SUITE_STEP(
            verifier_refuses(ctx, &world, PKI_STAGE_CHAIN, "VRF-040", "exactly one certificate"));
    }
    SUITE_SETUP(ctx, "PEM", pki_pem(base.certs.leaf.bytes, whole, pem, sizeof pem));
    const size_t size = strlen(pem);
    memcpy(two, pem, size);
    memcpy(two + size, pem, size);
    struct pki_cert *cert = NULL;
    const struct sevkit_result r = pki_cert_parse(two, 2 * size, &cert);
    suite_instance(ctx, "two PEM blocks");
    SUITE_CHECK(ctx, "certificate", !sevkit_ok(r), "exactly one certificate");
    SUITE_CHECK(ctx, "field", r.field[0] != 0, "the error names the place");
}

/* More extensions than the search for doubles takes, each of another name and all harmless. */
static void many_extensions(struct suite_ctx *ctx) {
    struct verifier_world world;
    SUITE_STEP(verifier_open(ctx, VERIFIER_GENOA, &world));
    struct pki_der *leaf = &world.certs.leaf;
    for (uint8_t i = 0; i < 22; i++) {
        const struct forge_bytes head =
            FORGE(0x30, 0x10, 0x06, 0x09, 0x2B, 0x06, 0x01, 0x04, 0x01, 0x9C, 0x78, 0x01, 0x01);
        const struct forge_bytes both =
            FORGE(0x30, 0x09, 0x06, 0x03, 0x2A, 0x03, i, 0x04, 0x02, 0x05, 0x00, 0x30, 0x10, 0x06,
                  0x09, 0x2B, 0x06, 0x01, 0x04, 0x01, 0x9C, 0x78, 0x01, 0x01);
        SUITE_STEP(forge_replace(ctx, leaf, head, 0, both));
        if (i < 20) continue;
        suite_instance(ctx, "%u extensions", 12U + i);
        SUITE_STEP(forge_sign(ctx, world.profile.product, FORGE_ASK, leaf));
        if (i == 20)
            SUITE_STEP(verifier_accepts(ctx, &world, "32 are tolerated"));
        else
            SUITE_STEP(verifier_refuses(ctx, &world, PKI_STAGE_CHAIN, "VRF-104", "33 are not"));
    }
}

/* Random bytes, and random changes of good ones, in every place at once or one by one. */
static void random_bytes(struct suite_ctx *ctx) {
    struct verifier_world base;
    uint8_t noise[64];
    SUITE_STEP(verifier_open(ctx, VERIFIER_GENOA, &base));
    base.with_crl = true;
    for (unsigned i = 0; i < 400; i++) {
        struct verifier_world world = base;
        struct pki_verdict verdict;
        struct pki_der *const ders[] = {&world.certs.leaf, &world.certs.ca, &world.certs.ark,
                                        &world.certs.crl};
        struct pki_der *der = ders[i % 4];
        suite_random(ctx, noise, sizeof noise);
        for (unsigned k = 0; k < 1 + i % 5; k++)
            der->bytes[abi_get_le16(noise + 4 * k) % der->size] ^= (uint8_t)(noise[4 * k + 2] | 1);
        if (i % 7 == 0) der->size = abi_get_le16(noise + 32) % der->size;
        suite_instance(ctx, "change %u", i);
        SUITE_STEP(verifier_judge(ctx, &world, &verdict));
        SUITE_CHECK(ctx, "verdict", !verdict.accepted, "not what was signed");
        SUITE_CHECK(ctx, "field", verdict.why.field[0] != 0, "the refusal names the place");
    }
}

static void random_reports(struct suite_ctx *ctx) {
    struct verifier_world world;
    struct pki_chain *chain = NULL;
    bool good = true;
    SUITE_STEP(verifier_open(ctx, VERIFIER_GENOA, &world));
    SUITE_STEP(verifier_chain_new(ctx, &world, &chain));
    for (unsigned i = 0; good && i < 500; i++) {
        struct pki_verdict verdict;
        suite_random(ctx, world.report, i % 2 == 0 ? sizeof world.report : 0x50);
        pki_verify_report(chain, world.report, i % 3 == 0 ? i : sizeof world.report, &world.policy,
                          &verdict);
        suite_instance(ctx, "report %u", i);
        good = suite_check(ctx, "verdict", !verdict.accepted, "noise is no report") &&
               suite_check(ctx, "field", verdict.why.field[0] != 0, "the refusal names the place");
    }
    pki_chain_free(chain);
}

static void random_policies(struct suite_ctx *ctx) {
    static const char *const texts[] = {
        "{\"a\":", "[[[[[[[[", "\"", "{\"vmpl_max\":1e999}", "{\"measurement\":\"\\u0000\"}",
        "nul"};
    for (size_t i = 0; i < 200; i++) {
        uint8_t noise[64];
        struct pki_policy policy;
        suite_random(ctx, noise, sizeof noise);
        const char *text = i < 6 ? texts[i] : (const char *)noise;
        const size_t size = i < 6 ? strlen(texts[i]) : 1 + i % 64;
        const struct sevkit_result r = pki_policy_parse(text, size, &policy);
        suite_instance(ctx, "policy %zu", i);
        SUITE_CHECK(ctx, "policy", !sevkit_ok(r), "noise is no policy");
        SUITE_CHECK(ctx, "field", r.field[0] != 0, "the error names the place");
    }
}

#define BAD(ID, TITLE, NEEDS, RUN, ...)                                                            \
    {                                                                                              \
        .id = "verifier.bytes." ID, .title = TITLE, .requirements = SUITE_REQ(__VA_ARGS__),        \
        .kind = SUITE_NEGATIVE, .twin = "verifier.accept.minted", .needs = NEEDS, .run = RUN       \
    }

static const struct suite_test tests[] = {
    BAD("certificate", "not exactly one certificate", VERIFIER_NEEDS, certificate, "VRF-040"),
    BAD("extensions", "a certificate with very many extensions", VERIFIER_NEEDS, many_extensions,
        "VRF-104"),
    BAD("chain", "changed bytes in certificates and CRL", VERIFIER_NEEDS, random_bytes, "VRF-104"),
    BAD("report", "noise as a report", VERIFIER_NEEDS, random_reports, "VRF-104"),
    BAD("policy", "noise as a policy", 0, random_policies, "VRF-104"),
};

const struct suite_area verifier_bytes = VERIFIER_PART(tests);
