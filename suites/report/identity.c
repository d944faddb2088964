/* REPORT_ID and REPORT_ID_MA: which launch it was. Report notes, section 1. */
#include <string.h>

#include "report/report.h"

#define REPORT_ID 0x140
#define REPORT_ID_MA 0x160
#define ID_SIZE 32

static void no_agent_of(struct suite_ctx *ctx, const struct sevkit_profile *profile, void *data) {
    (void)data;
    uint8_t report[REPORT_SIZE];
    uint8_t ones[ID_SIZE];
    memset(ones, 0xFF, sizeof ones);
    SUITE_STEP(report_plain(ctx, report));
    SUITE_BYTES(ctx, "REPORT_ID_MA", profile->has_report_id_ma ? profile->report_id_ma : ones,
                report + REPORT_ID_MA, ID_SIZE, "all 0xFF without a migration agent");
}

static void no_agent(struct suite_ctx *ctx) {
    suite_each_profile(ctx, no_agent_of, NULL);
}

static void agent(struct suite_ctx *ctx) {
    struct sevkit_profile profile = *suite_run_profile(ctx);
    uint8_t report[REPORT_SIZE];
    profile.has_report_id_ma = true;
    suite_random(ctx, profile.report_id_ma, sizeof profile.report_id_ma);
    SUITE_STEP(report_of(ctx, &profile, report));
    SUITE_BYTES(ctx, "REPORT_ID_MA", profile.report_id_ma, report + REPORT_ID_MA, ID_SIZE,
                "the REPORT_ID of the migration agent");
    profile.has_report_id_ma = false;
    SUITE_STEP(report_of(ctx, &profile, report));
    for (size_t i = 0; i < ID_SIZE; i++)
        SUITE_EQUAL(ctx, "REPORT_ID_MA byte", 0xFF, report[REPORT_ID_MA + i],
                    "all 0xFF without a migration agent");
}

static bool differ(struct suite_ctx *ctx, const uint8_t *a, const uint8_t *b, const char *rule) {
    return suite_check(ctx, "REPORT_ID", memcmp(a + REPORT_ID, b + REPORT_ID, ID_SIZE) != 0, rule);
}

static void stable(struct suite_ctx *ctx) {
    SUITE_STEP(suite_reset(ctx));
    uint8_t first[REPORT_SIZE], later[REPORT_SIZE];
    SUITE_STEP(report_plain(ctx, first));
    SUITE_CHECK(ctx, "REPORT_ID", !abi_all_zero(first + REPORT_ID, ID_SIZE), "random, not zero");
    SUITE_CHECK(ctx, "REPORT_ID", memcmp(first + REPORT_ID, first + REPORT_ID_MA, ID_SIZE) != 0,
                "the guest's own, not its migration agent's");
    for (unsigned vmpck = 0; vmpck < ABI_VMPCK_COUNT; vmpck++) {
        const struct report_request request = report_request(ctx, 3);
        suite_instance(ctx, "VMPCK %u", vmpck);
        SUITE_STEP(report_granted(ctx, vmpck, &request, later));
        SUITE_BYTES(ctx, "REPORT_ID", first + REPORT_ID, later + REPORT_ID, ID_SIZE,
                    "the same for every report of the guest");
    }
}

static void each_launch(struct suite_ctx *ctx) {
    enum { LAUNCHES = 4 };
    uint8_t report[LAUNCHES][REPORT_SIZE];
    SUITE_STEP(suite_reset(ctx));
    SUITE_STEP(report_plain(ctx, report[0]));
    for (unsigned i = 1; i < LAUNCHES; i++) {
        SUITE_STEP(suite_relaunch(ctx, NULL, PSP_GUEST_RUNNING));
        SUITE_STEP(report_plain(ctx, report[i]));
        for (unsigned j = 0; j < i; j++)
            SUITE_STEP(differ(ctx, report[i], report[j], "random, new for each launch"));
    }
}

/* One request to a machine of its own, made from SEED. CTX lends its cipher and its instance. */
static bool report_of_seed(struct suite_ctx *ctx, uint64_t seed, uint8_t report[REPORT_SIZE]) {
    struct target *other;
    struct abi_secrets_page secrets;
    struct suite_message message;
    struct suite_response response;
    struct sevkit_exit exit;
    static const uint8_t payload[0x60] = {0x5A};
    uint8_t page[ABI_PAGE_SIZE], answer[ABI_PAGE_SIZE];
    const struct target_options options = {.profile = suite_run_profile(ctx), .seed = seed};
    if (!suite_setup(ctx, "another target",
                     target_open(target_name(suite_target(ctx)), &options, &other)))
        return false;
    bool good = suite_setup(ctx, "reset", target_reset(other, NULL, PSP_GUEST_RUNNING)) &&
                suite_setup(ctx, "secrets page", target_secrets(other, &secrets)) &&
                suite_message(ctx, 0, ABI_MSG_REPORT_REQ, 1, payload, sizeof payload, &message);
    if (good) {
        memcpy(message.key, secrets.vmpck[0], sizeof message.key);
        good =
            suite_seal(ctx, &message, page) &&
            suite_setup(ctx, "guest request", target_guest_request(other, page, answer, &exit)) &&
            suite_status(ctx, "mailbox status", ABI_SUCCESS, exit.fw_status,
                         "a well-formed request") &&
            suite_open(ctx, &message, answer, &response) &&
            suite_status(ctx, "REPORT_RSP.STATUS", ABI_SUCCESS, abi_get_le32(response.payload),
                         "the request breaks no rule");
    }
    if (good) memcpy(report, response.payload + 0x20, REPORT_SIZE);
    target_close(other);
    return good;
}

static void seeds(struct suite_ctx *ctx) {
    uint8_t first[REPORT_SIZE], again[REPORT_SIZE], another[REPORT_SIZE];
    SUITE_STEP(suite_reset(ctx));
    SUITE_STEP(report_of_seed(ctx, 11, first));
    SUITE_STEP(report_of_seed(ctx, 11, again));
    SUITE_STEP(report_of_seed(ctx, 12, another));
    SUITE_BYTES(ctx, "report", first, again, sizeof first,
                "two machines of one seed give the same bytes, signature included");
    SUITE_STEP(differ(ctx, first, another, "random: another seed gives another one"));
    SUITE_CHECK(ctx, "SIGNATURE", memcmp(first + 0x2A0, another + 0x2A0, 0x90) != 0,
                "the signature covers REPORT_ID");
}

static const struct suite_test tests[] = {
    {.id = "report.identity.no-agent",
     .title = "REPORT_ID_MA is all ones without a migration agent, in every profile",
     .requirements = SUITE_REQ("SNP-RPT-022"),
     .kind = SUITE_POSITIVE,
     .needs = SUITE_NEEDS_GUEST,
     .run = no_agent},
    {.id = "report.identity.agent",
     .title = "REPORT_ID_MA is the migration agent's REPORT_ID",
     .requirements = SUITE_REQ("SNP-RPT-022"),
     .kind = SUITE_POSITIVE,
     .needs = REPORT_NEEDS,
     .run = agent},
    {.id = "report.identity.stable",
     .title = "REPORT_ID stays the same within a launch, whatever VMPCK asks",
     .requirements = SUITE_REQ("SNP-RPT-021"),
     .kind = SUITE_POSITIVE,
     .needs = SUITE_NEEDS_GUEST,
     .run = stable},
    {.id = "report.identity.each-launch",
     .title = "every launch of the same guest has another REPORT_ID",
     .requirements = SUITE_REQ("SNP-RPT-021"),
     .kind = SUITE_POSITIVE,
     .needs = REPORT_NEEDS,
     .run = each_launch},
    {.id = "report.identity.seed",
     .title = "machines of one seed give byte-identical reports, of two seeds they differ",
     .requirements = SUITE_REQ("SNP-RPT-021", "SNP-RPT-038"),
     .kind = SUITE_POSITIVE,
     .needs = REPORT_NEEDS,
     .run = seeds},
};

const struct suite_area report_identity = REPORT_PART(tests);
