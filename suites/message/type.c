/* MSG_TYPE and MSG_VERSION. Message notes, sections 4 and 5, steps 14 and 15. */
#include "message/message.h"

/* The requests of the notes' table, and a payload size that each takes. */
struct request_type {
    uint8_t type;
    uint16_t size;
};

static const struct request_type known[] = {
    {ABI_MSG_CPUID_REQ, ABI_CPUID_HEADER_SIZE},
    {ABI_MSG_KEY_REQ, ABI_KEY_REQ_V1_SIZE},
    {ABI_MSG_REPORT_REQ, ABI_REPORT_REQ_SIZE},
    {ABI_MSG_TSC_INFO_REQ, ABI_TSC_INFO_SIZE},
};

#define KNOWN_COUNT (sizeof known / sizeof known[0])

static bool is_request(unsigned type) {
    return type % 2 == 1 && type <= ABI_MSG_TSC_INFO_REQ;
}

static unsigned version_max(struct suite_ctx *ctx, uint8_t type) {
    return type == ABI_MSG_KEY_REQ ? suite_profile(ctx)->key_req_max_version : 1;
}

static bool refused(struct suite_ctx *ctx, uint8_t type, uint8_t version, size_t size,
                    const char *rule) {
    struct suite_message message;
    uint8_t page[ABI_PAGE_SIZE];
    return suite_message(ctx, 0, type, version, NULL, size, &message) &&
           suite_seal(ctx, &message, page) && message_refused(ctx, page, ABI_INVALID_PARAM, rule);
}

/* Each type in each of its versions. A version 2 KEY_REQ has a size of the profile's choice. */
static void check_known(struct suite_ctx *ctx, const struct sevkit_profile *profile, void *data) {
    (void)data;
    for (size_t i = 0; i < KNOWN_COUNT; i++)
        for (unsigned v = 1; v <= version_max(ctx, known[i].type); v++) {
            const size_t size = v == 2 ? profile->key_req_v2_sizes[0] : known[i].size;
            struct suite_message message;
            struct message_sent sent;
            struct suite_response response;
            uint8_t page[ABI_PAGE_SIZE];
            suite_instance(ctx, "%s, %s version %u", profile->name,
                           abi_msg_type_name(known[i].type), v);
            SUITE_STEP(suite_message(ctx, 0, known[i].type, (uint8_t)v, NULL, size, &message));
            SUITE_STEP(suite_seal(ctx, &message, page));
            SUITE_STEP(message_send(ctx, page, &sent));
            SUITE_STATUS(ctx, "mailbox status", ABI_SUCCESS, sent.exit.fw_status,
                         "a version of the type is answered");
            SUITE_STEP(suite_open(ctx, &message, sent.response, &response));
            suite_advance(ctx, 0);
        }
}

static void all_known(struct suite_ctx *ctx) {
    suite_each_profile(ctx, check_known, NULL);
}

static void unknown(struct suite_ctx *ctx) {
    SUITE_STEP(suite_reset(ctx));
    for (unsigned type = 0; type <= UINT8_MAX; type++) {
        if (is_request(type)) continue;
        suite_instance(ctx, "MSG_TYPE 0x%02x", type);
        SUITE_STEP(refused(ctx, (uint8_t)type, 1, ABI_TSC_INFO_SIZE,
                           "MSG_TYPE is one of the request types"));
    }
    suite_instance(ctx, "%s", "");
    SUITE_STEP(message_goes_on(ctx, 0));
}

static void version_zero(struct suite_ctx *ctx) {
    SUITE_STEP(suite_reset(ctx));
    for (size_t i = 0; i < KNOWN_COUNT; i++) {
        suite_instance(ctx, "%s", abi_msg_type_name(known[i].type));
        SUITE_STEP(refused(ctx, known[i].type, 0, known[i].size, "MSG_VERSION is not 0"));
    }
    suite_instance(ctx, "%s", "");
    SUITE_STEP(message_goes_on(ctx, 0));
}

static void check_high(struct suite_ctx *ctx, const struct sevkit_profile *profile, void *data) {
    (void)data;
    for (size_t i = 0; i < KNOWN_COUNT; i++) {
        const unsigned next = version_max(ctx, known[i].type) + 1;
        const unsigned versions[] = {next, next + 1, 0x10, 0x7F, 0x80 + next, UINT8_MAX};
        for (size_t v = 0; v < sizeof versions / sizeof versions[0]; v++) {
            suite_instance(ctx, "%s, %s version %u", profile->name,
                           abi_msg_type_name(known[i].type), versions[v]);
            SUITE_STEP(refused(ctx, known[i].type, (uint8_t)versions[v], known[i].size,
                               "MSG_VERSION is at most the type's highest"));
        }
    }
    SUITE_STEP(message_goes_on(ctx, 0));
}

static void version_high(struct suite_ctx *ctx) {
    suite_each_profile(ctx, check_high, NULL);
}

#define NEGATIVE(name, text, function, ...)                                                        \
    {                                                                                              \
        .id = "message.type." name, .title = text,                                                 \
        .requirements = SUITE_REQ(__VA_ARGS__, "SNP-MSG-020"), .kind = SUITE_NEGATIVE,             \
        .twin = "message.type.known", .needs = SUITE_NEEDS_GUEST, .run = function                  \
    }

static const struct suite_test tests[] = {
    {.id = "message.type.known",
     .title = "CPUID_REQ, KEY_REQ, REPORT_REQ and TSC_INFO_REQ are answered in each version that "
              "the profile has",
     .requirements = SUITE_REQ("SNP-MSG-023", "SNP-MSG-046", "SNP-MSG-047", "SNP-MSG-026"),
     .kind = SUITE_POSITIVE,
     .needs = SUITE_NEEDS_GUEST,
     .run = all_known},
    NEGATIVE("unknown", "0, every response type and every number above 0x12", unknown,
             "SNP-MSG-047", "SNP-MSG-023"),
    NEGATIVE("version-zero", "version 0 of each type", version_zero, "SNP-MSG-046"),
    NEGATIVE("version-high", "versions above the highest of each type, for every profile",
             version_high, "SNP-MSG-046", "SNP-MSG-026"),
};

const struct suite_area message_type = MESSAGE_PART(tests);
