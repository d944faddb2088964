/* Stages parse and version: form of the report. Report notes, sections 1 and 3. */
#include <string.h>

#include "verifier/verifier.h"

#define SET VERIFIER_SET
#define XOR VERIFIER_XOR

static void sizes(struct suite_ctx *ctx) {
    static const size_t bad[] = {0, 1, 4, 0x2A0, 0x330, 0x49F, 0x4A1, 0x4B0, 0x4C0, 4000};
    static uint8_t buffer[4096];
    struct verifier_world world;
    struct pki_verdict verdict;
    struct pki_chain *chain = NULL;
    const struct pki_chain_input none = {.at = 0};
    SUITE_STEP(verifier_open(ctx, VERIFIER_GENOA, &world));
    memset(buffer, 0, sizeof buffer);
    memcpy(buffer, world.report, sizeof world.report);
    SUITE_SETUP(ctx, "chain", pki_chain_new(&none, &chain));
    bool good = true;
    for (size_t i = 0; good && i < sizeof bad / sizeof bad[0]; i++) {
        pki_verify_report(chain, buffer, bad[i], &world.policy, &verdict);
        suite_instance(ctx, "%zu bytes", bad[i]);
        good = suite_check(ctx, "verdict", !verdict.accepted, "exactly 0x4A0 bytes") &&
               suite_equal(ctx, "stage", PKI_STAGE_PARSE, verdict.stage, "parse") &&
               suite_check(ctx, "requirement",
                           strcmp(pki_verdict_requirement(&verdict), "VRF-001") == 0, "VRF-001");
    }
    pki_chain_free(chain);
}

static void response_header(struct suite_ctx *ctx) {
    struct verifier_world world;
    SUITE_STEP(verifier_open(ctx, VERIFIER_GENOA, &world));
    memmove(world.report + 0x20, world.report, sizeof world.report - 0x20);
    memset(world.report, 0, 0x20);
    abi_put_le32(world.report + 4, VERIFIER_REPORT_SIZE);
    SUITE_STEP(verifier_refuses(ctx, &world, PKI_STAGE_PARSE, "",
                                "a report behind a response header is no report"));
}

static void future(struct verifier_world *world) {
    world->policy.future_versions = true;
}

static void at_least_3(struct verifier_world *world) {
    world->policy.report_version_min = 3;
}

static void unknown_reserved(struct verifier_world *world) {
    world->policy.allow_unknown_reserved = true;
}

static void unknown_product(struct verifier_world *world) {
    world->policy.allow_unknown_product = true;
}

static const struct suite_test tests[] = {
    {.id = "verifier.parse.size",
     .title = "any other size than 0x4A0 is refused",
     .requirements = SUITE_REQ("VRF-001"),
     .kind = SUITE_NEGATIVE,
     .twin = "verifier.accept.minted",
     .needs = VERIFIER_NEEDS,
     .run = sizes},
    {.id = "verifier.parse.response-header",
     .title = "a MSG_REPORT_RSP cut to the size of a report is refused",
     .requirements = SUITE_REQ("VRF-002"),
     .kind = SUITE_NEGATIVE,
     .twin = "verifier.accept.minted",
     .needs = VERIFIER_NEEDS,
     .run = response_header},
    VERIFIER_REFUSE("parse.policy-17", "accept.minted", "POLICY bit 17 is 0", "VRF-002", PARSE,
                    "POLICY bit 17 is 1", .each = {{0x0A, 1, XOR, 0x02}}),
    VERIFIER_REFUSE("parse.key-info", "accept.minted", "KEY_INFO bits 31:5", "VRF-003", PARSE,
                    "KEY_INFO bits 31:5 are zero",
                    .each = {{0x48, 1, XOR, 0x20},
                             {0x48, 1, XOR, 0x80},
                             {0x49, 1, XOR, 1},
                             {0x4B, 1, XOR, 0x80}}),
    VERIFIER_REFUSE(
        "parse.reserved-4c", "accept.minted", "bytes 0x4C to 0x4F", "VRF-004", PARSE,
        "bytes 0x4C to 0x4F are zero",
        .each = {{0x4C, 1, SET, 1}, {0x4D, 1, SET, 1}, {0x4E, 1, SET, 1}, {0x4F, 1, SET, 0x80}}),
    VERIFIER_REFUSE("parse.v2-cpuid", "accept.minted", "a version 2 report with CPUID bytes",
                    "VRF-005", PARSE, "bytes 0x188 to 0x18A are reserved in version 2",
                    .profile = VERIFIER_MILAN,
                    .each = {{0x188, 1, SET, 0x19}, {0x189, 1, SET, 1}, {0x18A, 1, SET, 1}}),
    VERIFIER_REFUSE("parse.reserved-18b", "accept.minted", "bytes 0x18B to 0x19F", "VRF-006", PARSE,
                    "bytes 0x18B to 0x19F are zero",
                    .each = {{0x18B, 1, SET, 1}, {0x195, 1, SET, 1}, {0x19F, 1, SET, 0x80}}),
    VERIFIER_REFUSE("parse.reserved-1eb", "accept.minted", "bytes 0x1EB and 0x1EF", "VRF-007",
                    PARSE, "bytes 0x1EB and 0x1EF are zero",
                    .each = {{0x1EB, 1, SET, 1}, {0x1EF, 1, SET, 0x80}}),
    VERIFIER_REFUSE("parse.v3-mit", "accept.minted", "mitigation vectors in a version 3 report",
                    "VRF-008", PARSE, "bytes 0x1F8 to 0x207 are reserved before version 5",
                    .each = {{0x1F8, 1, SET, 1},
                             {0x1FF, 1, SET, 0x80},
                             {0x200, 1, SET, 1},
                             {0x207, 1, SET, 0x80}}),
    VERIFIER_REFUSE("parse.v2-mit", "accept.minted", "mitigation vectors in a version 2 report",
                    "VRF-008", PARSE, "bytes 0x1F8 to 0x207 are reserved before version 5",
                    .profile = VERIFIER_MILAN, .each = {{0x1F8, 1, SET, 1}, {0x207, 1, SET, 0x80}}),
    VERIFIER_REFUSE("parse.reserved-208", "accept.minted", "bytes 0x208 to 0x29F", "VRF-009", PARSE,
                    "bytes 0x208 to 0x29F are zero", .profile = VERIFIER_GENOA_V5,
                    .each = {{0x208, 1, SET, 1}, {0x250, 1, SET, 1}, {0x29F, 1, SET, 0x80}}),
    VERIFIER_REFUSE("parse.signature-upper", "accept.minted", "upper 24 bytes of R and S",
                    "VRF-010", PARSE, "the upper 24 bytes of R and S are zero",
                    .unsigned_change = true,
                    .each = {{0x2D0, 1, SET, 1},
                             {0x2E7, 1, SET, 0x80},
                             {0x318, 1, SET, 1},
                             {0x32F, 1, SET, 0x80}}),
    VERIFIER_REFUSE("parse.signature-tail", "accept.minted", "bytes 0x330 to 0x49F", "VRF-011",
                    PARSE, "the bytes after S are zero", .unsigned_change = true,
                    .each = {{0x330, 1, SET, 1}, {0x400, 1, SET, 0xEE}, {0x49F, 1, SET, 0x80}}),
    VERIFIER_ACCEPT("version.four", "version 4 is read as 3", "VRF-014", "versions 2 to 5",
                    .each = {{0, 4, SET, 4}}),
    VERIFIER_REFUSE("version.old", "accept.minted", "versions 0 and 1", "VRF-013", VERSION,
                    "0 and 1 are refused", .each = {{0, 4, SET, 0}, {0, 4, SET, 1}}),
    VERIFIER_ACCEPT("version.future", "a version above 5 under future_versions", "VRF-015",
                    "read as version 5", .profile = VERIFIER_GENOA_V5, .set = future,
                    .each = {{0, 4, SET, 6}, {0, 4, SET, 0x100}, {0, 4, SET, UINT32_MAX}}),
    VERIFIER_REFUSE("version.future-refused", "version.future", "a version above 5", "VRF-015",
                    VERSION, "the version is a 32-bit number of at most 5",
                    .profile = VERIFIER_GENOA_V5,
                    .each = {{0, 4, SET, 6},
                             {0, 4, SET, 7},
                             {0, 4, SET, 0x105},
                             {0, 4, SET, 0x10002},
                             {0, 4, SET, UINT32_MAX}}),
    VERIFIER_ACCEPT("version.least", "a version at the policy's least", "VRF-120",
                    "3 is at least 3", .profile = VERIFIER_GENOA, .set = at_least_3),
    VERIFIER_REFUSE("version.least-refused", "version.least", "a version below the policy's least",
                    "VRF-120", VERSION, "at least report_version_min", .profile = VERIFIER_MILAN,
                    .set = at_least_3),
    VERIFIER_ACCEPT("parse.unknown-reserved", "reserved bytes under allow_unknown_reserved",
                    "VRF-121", "reserved bytes are not looked at", .set = unknown_reserved,
                    .each = {{0x48, 1, VERIFIER_XOR, 0x20},
                             {0x4C, 1, SET, 1},
                             {0x3A, 1, SET, 1},
                             {0x182, 1, SET, 1},
                             {0x18B, 1, SET, 1},
                             {0x1EB, 1, SET, 1},
                             {0x1EF, 1, SET, 1},
                             {0x1F2, 1, SET, 1},
                             {0x208, 1, SET, 1},
                             {0x29F, 1, SET, 0x80}}),
    VERIFIER_REFUSE("parse.reserved-yet-signature", "parse.unknown-reserved",
                    "bytes after S under allow_unknown_reserved", "VRF-011", PARSE,
                    "the signature's own bytes are looked at all the same", .unsigned_change = true,
                    .set = unknown_reserved, .each = {{0x330, 1, SET, 1}, {0x49F, 1, SET, 0x80}}),
    VERIFIER_ACCEPT("parse.unknown-product",
                    "a processor of no known line under allow_unknown_product", "VRF-122",
                    "the chain's line counts", .profile = VERIFIER_GENOA, .set = unknown_product,
                    .each = {{0x188, 1, SET, 0}, {0x188, 1, SET, 0x1B}, {0x189, 1, SET, 0x7F}}),
    VERIFIER_REFUSE("parse.other-product", "parse.unknown-product",
                    "a processor of another line under allow_unknown_product", "VRF-061", CHAIN,
                    "a known line must be the chain's", .profile = VERIFIER_GENOA,
                    .set = unknown_product, .each = {{0x189, 1, SET, 1}}),
};

const struct suite_area verifier_parse = VERIFIER_PART(tests);
