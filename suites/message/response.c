/* What a response says of itself: header, sizes, zeros, and that an error in the payload is a response like
 * any other. Message notes, sections 1 to 4. */
#include <string.h>

#include "message/message.h"

struct exchange {
    const char *name;
    uint8_t type;
    uint16_t size, response_size;
};

static const struct exchange exchanges[] = {
    {"CPUID_REQ, no entry", ABI_MSG_CPUID_REQ, 0x10, 0x10},
    {"CPUID_REQ, 3 entries", ABI_MSG_CPUID_REQ, 0x10 + 3 * 0x30, 0x10 + 3 * 0x30},
    {"CPUID_REQ, 64 entries", ABI_MSG_CPUID_REQ, 0xC10, 0xC10},
    {"KEY_REQ", ABI_MSG_KEY_REQ, 0x20, 0x40},
    {"REPORT_REQ", ABI_MSG_REPORT_REQ, 0x60, 0x4C0},
    {"TSC_INFO_REQ", ABI_MSG_TSC_INFO_REQ, 0x80, 0x80},
};

#define EXCHANGE_COUNT (sizeof exchanges / sizeof exchanges[0])

/* VMPL, where a request has one, must not be below the number of its VMPCK. */
static void make_payload(const struct exchange *exchange, unsigned vmpck,
                         uint8_t payload[ABI_MSG_PAYLOAD_MAX]) {
    memset(payload, 0, ABI_MSG_PAYLOAD_MAX);
    if (exchange->type == ABI_MSG_REPORT_REQ) payload[0x40] = (uint8_t)vmpck;
    if (exchange->type == ABI_MSG_KEY_REQ) {
        payload[0x00] = ABI_KEY_REQ_ROOT_KEY_SELECT; /* VMRK: good under every profile */
        payload[0x10] = (uint8_t)vmpck;
    }
    if (exchange->type == ABI_MSG_CPUID_REQ) {
        const unsigned count = (exchange->size - 0x10u) / 0x30u;
        abi_put_le32(payload, count);
        for (unsigned i = 0; i < count; i++) /* a leaf that is not examined */
            abi_put_le32(payload + 0x10 + (size_t)i * 0x30, 0x40000000 + i);
    }
}

static void one_exchange(struct suite_ctx *ctx, const struct exchange *exchange, unsigned vmpck) {
    uint8_t payload[ABI_MSG_PAYLOAD_MAX];
    uint8_t page[ABI_PAGE_SIZE];
    struct suite_message message;
    struct message_sent sent;
    struct suite_response response;
    make_payload(exchange, vmpck, payload);
    SUITE_STEP(suite_message(ctx, vmpck, exchange->type, 1, payload, exchange->size, &message));
    SUITE_STEP(suite_seal(ctx, &message, page));
    SUITE_STEP(message_send(ctx, page, &sent));
    SUITE_STATUS(ctx, "mailbox status", ABI_SUCCESS, sent.exit.fw_status, "the request is good");
    SUITE_STEP(suite_open(ctx, &message, sent.response, &response));
    suite_advance(ctx, vmpck);
    SUITE_EQUAL(ctx, "response MSG_SIZE", exchange->response_size, response.header.size,
                "the response's size is its type's, CPUID_RSP's that of the request");
    SUITE_ZERO(ctx, "AUTHTAG bytes 0x10 to 0x1F", response.header.authtag + 16, 16,
               "a response carries zeros in AUTHTAG's upper half");
    if (!abi_all_zero(response.header.reserved_28, sizeof response.header.reserved_28) ||
        !abi_all_zero(response.header.reserved_38, sizeof response.header.reserved_38) ||
        !abi_all_zero(response.header.reserved_3d, sizeof response.header.reserved_3d))
        suite_warn(ctx, "reserved header bytes", "a response carries zeros there");
}

static void profile_exchanges(struct suite_ctx *ctx, const struct sevkit_profile *profile,
                              void *data) {
    (void)data;
    for (unsigned vmpck = 0; vmpck < ABI_VMPCK_COUNT; vmpck++)
        for (size_t i = 0; i < EXCHANGE_COUNT; i++) {
            suite_instance(ctx, "%s, VMPCK %u, %s", profile->name, vmpck, exchanges[i].name);
            one_exchange(ctx, &exchanges[i], vmpck);
            if (suite_stopped(ctx)) return;
        }
}

static void facts(struct suite_ctx *ctx) {
    suite_each_profile(ctx, profile_exchanges, NULL);
}

/* ---- errors in the payload ---- */

struct bad_payload {
    const char *name;
    uint8_t type;
    uint16_t size, response_size;
    size_t offset; /* of the byte that is wrong */
    uint8_t value;
};

static const struct bad_payload bad_payloads[] = {
    {"CPUID_REQ, COUNT 65", ABI_MSG_CPUID_REQ, 0xC10, 0xC10, 0x00, 65},
    {"CPUID_REQ, reserved", ABI_MSG_CPUID_REQ, 0x10, 0x10, 0x08, 1},
    {"KEY_REQ, reserved", ABI_MSG_KEY_REQ, 0x20, 0x40, 0x04, 1},
    {"REPORT_REQ, reserved", ABI_MSG_REPORT_REQ, 0x60, 0x4C0, 0x5F, 0x80},
    {"TSC_INFO_REQ, reserved", ABI_MSG_TSC_INFO_REQ, 0x80, 0x80, 0x7F, 0x80},
};

/* message_accepted checks that MsgCount grew by 2; the good request after it, that the guest may go on. */
static void payload_errors(struct suite_ctx *ctx) {
    SUITE_STEP(suite_reset(ctx));
    for (size_t i = 0; i < sizeof bad_payloads / sizeof bad_payloads[0]; i++) {
        const struct bad_payload *bad = &bad_payloads[i];
        struct suite_message message;
        uint8_t page[ABI_PAGE_SIZE];
        struct suite_response response;
        suite_instance(ctx, "%s", bad->name);
        SUITE_STEP(suite_message(ctx, 0, bad->type, 1, NULL, bad->size, &message));
        message.payload[bad->offset] = bad->value;
        SUITE_STEP(suite_seal(ctx, &message, page));
        SUITE_STEP(message_accepted(ctx, &message, page, ABI_INVALID_PARAM, &response));
        SUITE_EQUAL(ctx, "response MSG_SIZE", bad->response_size, response.header.size,
                    "a response with an error has the size of any other");
        SUITE_STEP(message_goes_on(ctx, 0));
    }
}

static const struct suite_test tests[] = {
    {.id = "message.response.facts",
     .title = "header, sizes and zeros of every response, for every profile and VMPCK",
     .requirements = SUITE_REQ("SNP-MSG-004", "SNP-MSG-006", "SNP-MSG-011", "SNP-MSG-013",
                               "SNP-MSG-014", "SNP-MSG-016", "SNP-MSG-017", "SNP-MSG-018",
                               "SNP-MSG-024", "SNP-MSG-080", "SNP-MSG-081"),
     .kind = SUITE_POSITIVE,
     .needs = SUITE_NEEDS_GUEST,
     .run = facts},
    {.id = "message.response.payload-error",
     .title = "an error in the payload is answered, encrypted, and counts",
     .requirements = SUITE_REQ("SNP-MSG-002", "SNP-MSG-019"),
     .kind = SUITE_NEGATIVE,
     .twin = "message.response.facts",
     .needs = SUITE_NEEDS_GUEST,
     .run = payload_errors},
};

const struct suite_area message_response = MESSAGE_PART(tests);
