/* CPUID_REQ and CPUID_RSP: form, examined leaves, and the policy table of the profile. Message notes,
 * section 6. */
#include <string.h>

#include "message/message.h"

#define REGISTERS 4 /* EAX, EBX, ECX, EDX */

static const char *const register_names[REGISTERS] = {"EAX", "EBX", "ECX", "EDX"};

/* ---- writing requests and reading responses by the notes' offsets ---- */

struct request {
    uint8_t bytes[ABI_CPUID_SIZE_MAX];
    size_t size;
};

static struct request request_of(uint32_t count) {
    struct request request = {.size = ABI_CPUID_HEADER_SIZE};
    abi_put_le32(request.bytes, count);
    return request;
}

static uint8_t *entry_of(uint8_t *bytes, size_t index) {
    return bytes + ABI_CPUID_HEADER_SIZE + index * ABI_CPUID_ENTRY_SIZE;
}

/* Appends an entry with the outputs OUT and counts it. */
static uint8_t *add(struct request *request, uint32_t leaf, uint32_t subleaf,
                    const uint32_t out[REGISTERS]) {
    uint8_t *entry = request->bytes + request->size;
    request->size += ABI_CPUID_ENTRY_SIZE;
    abi_put_le32(request->bytes, abi_get_le32(request->bytes) + 1);
    abi_put_le32(entry, leaf);
    abi_put_le32(entry + 4, subleaf);
    for (unsigned r = 0; r < REGISTERS; r++) abi_put_le32(entry + 0x18 + 4 * (size_t)r, out[r]);
    return entry;
}

static bool send(struct suite_ctx *ctx, const struct request *request, enum abi_status status,
                 struct suite_response *response) {
    struct suite_message message;
    uint8_t page[ABI_PAGE_SIZE];
    return suite_message(ctx, 0, ABI_MSG_CPUID_REQ, 1, request->bytes, request->size, &message) &&
           suite_seal(ctx, &message, page) &&
           message_accepted(ctx, &message, page, status, response) &&
           suite_equal(ctx, "response MSG_SIZE", request->size, response->header.size,
                       "CPUID_RSP has the size of the request");
}

static bool count_is(struct suite_ctx *ctx, const struct suite_response *response, uint32_t count) {
    return suite_equal(ctx, "COUNT", count, abi_get_le32(response->payload + 4),
                       "the number of examined entries");
}

/* Entry INDEX came back as it was sent. */
static bool unchanged(struct suite_ctx *ctx, const struct request *request,
                      const struct suite_response *response, size_t index) {
    const size_t at = ABI_CPUID_HEADER_SIZE + index * ABI_CPUID_ENTRY_SIZE;
    return suite_bytes(ctx, "entry", request->bytes + at, response->payload + at,
                       ABI_CPUID_ENTRY_SIZE, "an entry without a violation comes back as it is");
}

static const uint32_t zeros[REGISTERS] = {0};
static const uint32_t noise[REGISTERS] = {0x11111111, 0xA5A5A5A5, 0xFFFFFFFF, 0x80000001};

/* ---- the policy, as the notes put it ---- */

static struct sevkit_cpuid_register rule_of(const struct sevkit_cpuid_policy *policy, unsigned r) {
    const struct sevkit_cpuid_register rules[REGISTERS] = {policy->eax, policy->ebx, policy->ecx,
                                                           policy->edx};
    return rules[r];
}

/* A value that the rule allows. */
static uint32_t allowed(struct sevkit_cpuid_register rule) {
    switch (rule.rule) {
    case SEVKIT_CPUID_ZERO: return 0;
    case SEVKIT_CPUID_EXACT:
    case SEVKIT_CPUID_MASK:
    case SEVKIT_CPUID_MAX: return rule.value;
    case SEVKIT_CPUID_UNCHECKED: break;
    }
    return noise[1];
}

/* A value that the rule does not allow, and what must stand there instead. False where any will do. */
static bool forbidden(struct sevkit_cpuid_register rule, uint32_t *bad, uint32_t *instead) {
    switch (rule.rule) {
    case SEVKIT_CPUID_ZERO:
        *bad = 0x00010000;
        *instead = 0;
        return true;
    case SEVKIT_CPUID_EXACT:
        *bad = rule.value ^ 0x00000100;
        *instead = rule.value;
        return true;
    case SEVKIT_CPUID_MASK:
        *bad = UINT32_MAX;
        *instead = rule.value;
        return rule.value != UINT32_MAX;
    case SEVKIT_CPUID_MAX:
        *bad = rule.value + 1;
        *instead = rule.value;
        return rule.value != UINT32_MAX;
    case SEVKIT_CPUID_UNCHECKED: break;
    }
    return false;
}

static void allowed_values(const struct sevkit_cpuid_policy *policy, uint32_t out[REGISTERS]) {
    for (unsigned r = 0; r < REGISTERS; r++) out[r] = allowed(rule_of(policy, r));
}

static void check_allowed(struct suite_ctx *ctx, const struct sevkit_profile *profile, void *data) {
    (void)data;
    struct request request = request_of(0);
    struct suite_response response;
    for (size_t i = 0; i < profile->cpuid_policy_count; i++) {
        uint32_t out[REGISTERS];
        allowed_values(&profile->cpuid_policy[i], out);
        (void)add(&request, profile->cpuid_policy[i].eax_in, profile->cpuid_policy[i].ecx_in, out);
    }
    SUITE_STEP(send(ctx, &request, ABI_SUCCESS, &response));
    SUITE_STEP(count_is(ctx, &response, (uint32_t)profile->cpuid_policy_count));
    for (size_t i = 0; i < profile->cpuid_policy_count; i++)
        SUITE_STEP(unchanged(ctx, &request, &response, i));
}

static void policy_allows(struct suite_ctx *ctx) {
    suite_each_profile(ctx, check_allowed, NULL);
}

/* One register wrong: it alone is put right. */
static bool one_violation(struct suite_ctx *ctx, const struct sevkit_cpuid_policy *policy,
                          unsigned r) {
    uint32_t out[REGISTERS];
    uint32_t bad;
    uint32_t instead;
    if (!forbidden(rule_of(policy, r), &bad, &instead)) return true;
    allowed_values(policy, out);
    out[r] = bad;
    struct request request = request_of(0);
    struct suite_response response;
    uint8_t *entry = add(&request, policy->eax_in, policy->ecx_in, out);
    if (!send(ctx, &request, ABI_INVALID_PARAM, &response)) return false;
    abi_put_le32(entry + 0x18 + 4 * (size_t)r, instead);
    return unchanged(ctx, &request, &response, 0);
}

static void check_forbidden(struct suite_ctx *ctx, const struct sevkit_profile *profile,
                            void *data) {
    (void)data;
    for (size_t i = 0; i < profile->cpuid_policy_count; i++)
        for (unsigned r = 0; r < REGISTERS; r++) {
            const struct sevkit_cpuid_policy *policy = &profile->cpuid_policy[i];
            suite_instance(ctx, "%s, leaf 0x%x/0x%x, %s", profile->name, (unsigned)policy->eax_in,
                           (unsigned)policy->ecx_in, register_names[r]);
            SUITE_STEP(one_violation(ctx, policy, r));
        }
}

static void policy_forbids(struct suite_ctx *ctx) {
    suite_each_profile(ctx, check_forbidden, NULL);
}

/* ---- a table of the test's own: every rule, on every target that takes a profile ---- */

#define OWN_LEAF 0x1234

static bool reset_own(struct suite_ctx *ctx, struct sevkit_cpuid_register rule) {
    struct sevkit_profile profile = *suite_run_profile(ctx);
    profile.cpuid_policy_count = 2;
    profile.cpuid_policy[0] = (struct sevkit_cpuid_policy){OWN_LEAF, 0, rule, rule, rule, rule};
    profile.cpuid_policy[1] = (struct sevkit_cpuid_policy){.eax_in = OWN_LEAF, .ecx_in = 7};
    return suite_reset_as(ctx, &profile, PSP_GUEST_RUNNING);
}

/* The rule, values that it allows and values that it does not with what replaces them. */
struct rule_row {
    struct sevkit_cpuid_register rule;
    uint32_t good[3];
    size_t bad_count;
    uint32_t bad[3], instead[3];
};

static const struct rule_row rule_exact = {
    {SEVKIT_CPUID_EXACT, 0x20}, {0x20, 0x20, 0x20}, 3, {0x1F, 0x21, 0}, {0x20, 0x20, 0x20}};
static const struct rule_row rule_mask = {{SEVKIT_CPUID_MASK, 0xF0F},
                                          {0, 0xF0F, 0x101},
                                          3,
                                          {0x10, 0x80000F0F, 0xFFFFFFFF},
                                          {0, 0xF0F, 0xF0F}};
static const struct rule_row rule_max = {
    {SEVKIT_CPUID_MAX, 0x20}, {0, 0x1F, 0x20}, 2, {0x21, 0xFFFFFFFF, 0}, {0x20, 0x20, 0}};
static const struct rule_row rule_zero = {
    {SEVKIT_CPUID_ZERO, 0}, {0, 0, 0}, 2, {1, 0x80000000, 0}, {0, 0, 0}};
static const struct rule_row rule_unchecked = {
    {SEVKIT_CPUID_UNCHECKED, 0}, {0, 0x12345678, 0xFFFFFFFF}, 0, {0, 0, 0}, {0, 0, 0}};

static void rule_allows(struct suite_ctx *ctx) {
    const struct rule_row *row = suite_row(ctx);
    SUITE_STEP(reset_own(ctx, row->rule));
    for (size_t i = 0; i < 3; i++) {
        const uint32_t out[REGISTERS] = {row->good[i], row->good[i], row->good[i], row->good[i]};
        struct request request = request_of(0);
        struct suite_response response;
        suite_instance(ctx, "value 0x%x", (unsigned)row->good[i]);
        (void)add(&request, OWN_LEAF, 0, out);
        SUITE_STEP(send(ctx, &request, ABI_SUCCESS, &response));
        SUITE_STEP(unchanged(ctx, &request, &response, 0));
    }
}

static void rule_forbids(struct suite_ctx *ctx) {
    const struct rule_row *row = suite_row(ctx);
    SUITE_STEP(reset_own(ctx, row->rule));
    for (size_t i = 0; i < row->bad_count; i++)
        for (unsigned r = 0; r < REGISTERS; r++) {
            uint32_t out[REGISTERS] = {row->good[0], row->good[0], row->good[0], row->good[0]};
            struct request request = request_of(0);
            struct suite_response response;
            suite_instance(ctx, "%s value 0x%x", register_names[r], (unsigned)row->bad[i]);
            out[r] = row->bad[i];
            uint8_t *entry = add(&request, OWN_LEAF, 0, out);
            SUITE_STEP(send(ctx, &request, ABI_INVALID_PARAM, &response));
            abi_put_le32(entry + 0x18 + 4 * (size_t)r, row->instead[i]);
            SUITE_STEP(unchanged(ctx, &request, &response, 0));
        }
}

/* The same leaf with another ECX_IN is another row, and one that the table lacks is no row. */
static void subleaves(struct suite_ctx *ctx) {
    SUITE_STEP(reset_own(ctx, rule_unchecked.rule));
    static const uint32_t others[] = {7, 1, 0x100, UINT32_MAX};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct request request = request_of(0);
        struct suite_response response;
        suite_instance(ctx, "ECX_IN 0x%x", (unsigned)others[i]);
        uint8_t *entry = add(&request, OWN_LEAF, others[i], noise);
        SUITE_STEP(send(ctx, &request, ABI_INVALID_PARAM, &response));
        memset(entry + 0x18, 0, 4 * REGISTERS);
        SUITE_STEP(unchanged(ctx, &request, &response, 0));
    }
}

/* Each of several wrong entries is put right, and the right ones between them stay. */
static void several(struct suite_ctx *ctx) {
    static const uint32_t good[REGISTERS] = {0x20, 0x20, 0x20, 0x20};
    static const uint32_t bad[REGISTERS] = {0x21, 0x20, 0, 0x20};
    SUITE_STEP(reset_own(ctx, rule_exact.rule));
    struct request request = request_of(0);
    struct suite_response response;
    for (unsigned i = 0; i < 5; i++) (void)add(&request, OWN_LEAF, 0, i % 2 == 0 ? bad : good);
    SUITE_STEP(send(ctx, &request, ABI_INVALID_PARAM, &response));
    for (unsigned i = 0; i < 5; i++)
        for (unsigned r = 0; r < REGISTERS; r++)
            SUITE_EQUAL(ctx, "output", 0x20,
                        abi_get_le32(entry_of(response.payload, i) + 0x18 + 4 * (size_t)r),
                        "every offending output is replaced, every other stays");
    SUITE_STEP(count_is(ctx, &response, 5));
}

/* ---- form ---- */

static void count_bounds(struct suite_ctx *ctx) {
    SUITE_STEP(suite_reset(ctx));
    static const uint32_t counts[] = {0, 1, 2, 63, 64};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct request request = request_of(0);
        struct suite_response response;
        suite_instance(ctx, "COUNT %u", (unsigned)counts[i]);
        for (uint32_t n = 0; n < counts[i]; n++) (void)add(&request, 0xFFFF, n, zeros);
        SUITE_STEP(send(ctx, &request, ABI_SUCCESS, &response));
        SUITE_STEP(count_is(ctx, &response, counts[i]));
        SUITE_ZERO(ctx, "reserved bytes 0x08 to 0x0F", response.payload + 8, 8,
                   "reserved bytes of CPUID_RSP are zero");
        for (uint32_t n = 0; n < counts[i]; n++) SUITE_STEP(unchanged(ctx, &request, &response, n));
    }
}

static void count_high(struct suite_ctx *ctx) {
    static const uint32_t counts[] = {65, 66, 0x100, 0x10000, 0x80000000, UINT32_MAX};
    SUITE_STEP(suite_reset(ctx));
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct request request = request_of(counts[i]);
        struct suite_response response;
        suite_instance(ctx, "COUNT 0x%x", (unsigned)counts[i]);
        request.size = ABI_CPUID_SIZE_MAX;
        SUITE_STEP(send(ctx, &request, ABI_INVALID_PARAM, &response));
        SUITE_STEP(suite_equal(ctx, "COUNT", 0, abi_get_le32(response.payload + 4),
                               "COUNT is 0 when the request's was above 64"));
    }
}

/* COUNT says more than the message holds: what is missing reads as zero, the response is as long. */
static void count_beyond_message(struct suite_ctx *ctx) {
    SUITE_STEP(suite_reset(ctx));
    const uint32_t counts[] = {1, 64};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        const struct request request = request_of(counts[i]);
        struct suite_message message;
        uint8_t page[ABI_PAGE_SIZE];
        struct message_sent sent;
        struct suite_response response;
        suite_instance(ctx, "COUNT %u in 0x10 bytes", (unsigned)counts[i]);
        SUITE_STEP(
            suite_message(ctx, 0, ABI_MSG_CPUID_REQ, 1, request.bytes, request.size, &message));
        SUITE_STEP(suite_seal(ctx, &message, page));
        SUITE_STEP(message_send(ctx, page, &sent));
        SUITE_STATUS(ctx, "mailbox status", ABI_SUCCESS, sent.exit.fw_status,
                     "a short payload is answered");
        SUITE_STEP(suite_open(ctx, &message, sent.response, &response));
        suite_advance(ctx, 0);
        SUITE_EQUAL(ctx, "response MSG_SIZE", request.size, response.header.size,
                    "CPUID_RSP has the size of the request");
    }
}

static void header_reserved(struct suite_ctx *ctx) {
    SUITE_STEP(suite_reset(ctx));
    for (size_t byte = 0x04; byte < 0x10; byte++)
        for (unsigned bit = 0; bit < 8; bit++) {
            struct request request = request_of(0);
            struct suite_response response;
            suite_instance(ctx, "byte 0x%02zx bit %u", byte, bit);
            request.bytes[byte] = (uint8_t)(1u << bit);
            SUITE_STEP(send(ctx, &request, ABI_INVALID_PARAM, &response));
        }
}

static void entry_reserved(struct suite_ctx *ctx) {
    SUITE_STEP(suite_reset(ctx));
    for (size_t byte = 0x28; byte < 0x30; byte++)
        for (unsigned bit = 0; bit < 8; bit++) {
            struct request request = request_of(0);
            struct suite_response response;
            suite_instance(ctx, "byte 0x%02zx bit %u", byte, bit);
            add(&request, 0xFFFF, 0, zeros)[byte] = (uint8_t)(1u << bit);
            SUITE_STEP(send(ctx, &request, ABI_INVALID_PARAM, &response));
        }
}

/* ---- which leaves are examined ---- */

/* Just outside both ranges, and far from them. */
static const uint32_t unexamined[] = {0x00010000, 0x40000000, 0x4000FFFF, 0x7FFFFFFF,
                                      0x80010000, 0xC0000000, 0xFFFFFFFF};
static const uint32_t examined[] = {0x0000FFFF, 0x0000FFFE, 0x8000FFFF, 0x8000FFFE};

static void leaves_pass(struct suite_ctx *ctx) {
    SUITE_STEP(suite_reset(ctx));
    for (size_t i = 0; i < sizeof unexamined / sizeof unexamined[0]; i++) {
        struct request request = request_of(0);
        struct suite_response response;
        suite_instance(ctx, "leaf 0x%08x", (unsigned)unexamined[i]);
        add(&request, unexamined[i], 3, noise)[0x2F] = 0x80;
        SUITE_STEP(send(ctx, &request, ABI_SUCCESS, &response));
        SUITE_STEP(unchanged(ctx, &request, &response, 0));
        SUITE_STEP(count_is(ctx, &response, 0));
    }
}

static void leaves_zero(struct suite_ctx *ctx) {
    SUITE_STEP(suite_reset(ctx));
    for (size_t i = 0; i < sizeof examined / sizeof examined[0]; i++) {
        struct request request = request_of(0);
        struct suite_response response;
        suite_instance(ctx, "leaf 0x%08x", (unsigned)examined[i]);
        uint8_t *entry = add(&request, examined[i], 0, zeros);
        abi_put_le64(entry + 0x08, 7); /* XCR0_IN and XSS_IN are inputs */
        abi_put_le64(entry + 0x10, 0x800);
        (void)add(&request, 0x40000000, 0, noise);
        SUITE_STEP(send(ctx, &request, ABI_SUCCESS, &response));
        SUITE_STEP(count_is(ctx, &response, 1));
        SUITE_STEP(unchanged(ctx, &request, &response, 0));
        SUITE_STEP(unchanged(ctx, &request, &response, 1));
    }
}

static void leaves_unknown(struct suite_ctx *ctx) {
    SUITE_STEP(suite_reset(ctx));
    for (size_t i = 0; i < sizeof examined / sizeof examined[0]; i++)
        for (unsigned r = 0; r < REGISTERS; r++) {
            uint32_t out[REGISTERS] = {0};
            struct request request = request_of(0);
            struct suite_response response;
            suite_instance(ctx, "leaf 0x%08x %s", (unsigned)examined[i], register_names[r]);
            out[r] = noise[r];
            uint8_t *entry = add(&request, examined[i], 0, out);
            SUITE_STEP(send(ctx, &request, ABI_INVALID_PARAM, &response));
            memset(entry + 0x18, 0, 4 * REGISTERS);
            SUITE_STEP(unchanged(ctx, &request, &response, 0));
        }
}

#define POSITIVE(name, text, need, function, data, ...)                                            \
    {                                                                                              \
        .id = "message.cpuid." name, .title = text, .requirements = SUITE_REQ(__VA_ARGS__),        \
        .kind = SUITE_POSITIVE, .needs = SUITE_NEEDS_GUEST | (need), .run = function, .row = data  \
    }

#define NEGATIVE(name, text, twin_name, need, function, data, ...)                                 \
    {                                                                                              \
        .id = "message.cpuid." name, .title = text, .requirements = SUITE_REQ(__VA_ARGS__),        \
        .kind = SUITE_NEGATIVE, .twin = "message.cpuid." twin_name,                                \
        .needs = SUITE_NEEDS_GUEST | (need), .run = function, .row = data                          \
    }

static const struct suite_test tests[] = {
    POSITIVE("count", "COUNT from 0 to 64", 0, count_bounds, NULL, "SNP-CPUID-001", "SNP-CPUID-002",
             "SNP-CPUID-003", "SNP-CPUID-004", "SNP-CPUID-006", "SNP-CPUID-013"),
    POSITIVE("count-beyond", "a COUNT that the message does not hold", 0, count_beyond_message,
             NULL, "SNP-MSG-050", "SNP-MSG-024"),
    NEGATIVE("count-high", "COUNT above 64", "count", 0, count_high, NULL, "SNP-CPUID-003"),
    NEGATIVE("header-reserved", "each reserved bit of the header", "count", 0, header_reserved,
             NULL, "SNP-CPUID-004"),
    NEGATIVE("entry-reserved", "each reserved bit of an examined entry", "count", 0, entry_reserved,
             NULL, "SNP-CPUID-006", "SNP-CPUID-001"),
    POSITIVE("leaf-unexamined", "leaves outside both ranges pass unchecked", 0, leaves_pass, NULL,
             "SNP-CPUID-005", "SNP-CPUID-013"),
    POSITIVE("leaf-zero", "examined leaves without a row may say zero", 0, leaves_zero, NULL,
             "SNP-CPUID-005", "SNP-CPUID-011", "SNP-CPUID-013"),
    NEGATIVE("leaf-unknown", "examined leaves without a row that say anything", "leaf-zero", 0,
             leaves_unknown, NULL, "SNP-CPUID-005", "SNP-CPUID-011", "SNP-CPUID-012"),
    POSITIVE("policy", "the profile's whole table with allowed values, for every profile", 0,
             policy_allows, NULL, "SNP-CPUID-007", "SNP-CPUID-008", "SNP-CPUID-009",
             "SNP-CPUID-014"),
    NEGATIVE("policy-violated", "each register of the profile's table, for every profile", "policy",
             0, policy_forbids, NULL, "SNP-CPUID-012", "SNP-CPUID-014"),
    POSITIVE("exact", "the value itself under the rule exact value", TARGET_PROFILE, rule_allows,
             &rule_exact, "SNP-CPUID-007"),
    POSITIVE("mask", "values inside the allowed bits", TARGET_PROFILE, rule_allows, &rule_mask,
             "SNP-CPUID-008"),
    POSITIVE("max", "values up to the greatest", TARGET_PROFILE, rule_allows, &rule_max,
             "SNP-CPUID-009"),
    POSITIVE("zero", "zero where the row says nothing", TARGET_PROFILE, rule_allows, &rule_zero,
             "SNP-CPUID-011"),
    POSITIVE("unchecked", "any value under the rule unchecked", TARGET_PROFILE, rule_allows,
             &rule_unchecked, "SNP-CPUID-010"),
    NEGATIVE("exact-violated", "another value under the rule exact value", "exact", TARGET_PROFILE,
             rule_forbids, &rule_exact, "SNP-CPUID-007", "SNP-CPUID-012"),
    NEGATIVE("mask-violated", "bits outside the allowed ones", "mask", TARGET_PROFILE, rule_forbids,
             &rule_mask, "SNP-CPUID-008", "SNP-CPUID-012"),
    NEGATIVE("max-violated", "values above the greatest", "max", TARGET_PROFILE, rule_forbids,
             &rule_max, "SNP-CPUID-009", "SNP-CPUID-012"),
    NEGATIVE("zero-violated", "anything where the row says nothing", "zero", TARGET_PROFILE,
             rule_forbids, &rule_zero, "SNP-CPUID-011", "SNP-CPUID-012"),
    NEGATIVE("subleaf", "a subleaf whose row, or lack of one, demands zero", "unchecked",
             TARGET_PROFILE, subleaves, NULL, "SNP-CPUID-011", "SNP-CPUID-012"),
    NEGATIVE("several", "several wrong entries among right ones", "exact", TARGET_PROFILE, several,
             NULL, "SNP-CPUID-012", "SNP-CPUID-013"),
};

const struct suite_area message_cpuid = MESSAGE_PART(tests);
