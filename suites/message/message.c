/* Area message: SNP_GUEST_REQUEST from the outside. Message notes, sections 1 to 6 and 11. */
#include "message/message.h"

#include <string.h>

bool message_tsc_request(struct suite_ctx *ctx, unsigned vmpck, struct suite_message *message) {
    return suite_message(ctx, vmpck, ABI_MSG_TSC_INFO_REQ, 1, NULL, ABI_TSC_INFO_SIZE, message);
}

bool message_send(struct suite_ctx *ctx, const uint8_t page[ABI_PAGE_SIZE],
                  struct message_sent *sent) {
    suite_random(ctx, sent->noise, sizeof sent->noise);
    memcpy(sent->response, sent->noise, sizeof sent->response);
    return suite_send(ctx, page, sent->response, &sent->exit);
}

static bool shows_counters(struct suite_ctx *ctx) {
    return (target_capabilities(suite_target(ctx)) & TARGET_COUNTERS) != 0;
}

static bool read_counters(struct suite_ctx *ctx, uint64_t count[ABI_VMPCK_COUNT]) {
    if (shows_counters(ctx))
        return suite_setup(ctx, "counters", target_msg_count(suite_target(ctx), count));
    memset(count, 0, ABI_VMPCK_COUNT * sizeof count[0]);
    return true;
}

bool message_refused(struct suite_ctx *ctx, const uint8_t page[ABI_PAGE_SIZE],
                     enum abi_status status, const char *rule) {
    struct message_sent sent;
    uint64_t before[ABI_VMPCK_COUNT];
    uint64_t after[ABI_VMPCK_COUNT];
    if (!read_counters(ctx, before) || !message_send(ctx, page, &sent) ||
        !suite_status(ctx, "mailbox status", status, sent.exit.fw_status, rule) ||
        !suite_equal(ctx, "VMM error", 0, sent.exit.vmm_error,
                     "the hypervisor passes a firmware status on") ||
        !suite_bytes(ctx, "response page", sent.noise, sent.response, sizeof sent.noise,
                     "a mailbox failure leaves the response page as it was") ||
        !read_counters(ctx, after))
        return false;
    for (unsigned k = 0; k < ABI_VMPCK_COUNT; k++)
        if (!suite_equal(ctx, "MsgCount", before[k], after[k],
                         "a mailbox failure leaves the counters as they were"))
            return false;
    return true;
}

bool message_accepted(struct suite_ctx *ctx, const struct suite_message *message,
                      const uint8_t page[ABI_PAGE_SIZE], enum abi_status status,
                      struct suite_response *response) {
    const unsigned vmpck = message->header.vmpck;
    struct message_sent sent;
    struct suite_response opened = {0};
    struct suite_response *r = response != NULL ? response : &opened;
    uint64_t before[ABI_VMPCK_COUNT];
    uint64_t after[ABI_VMPCK_COUNT];
    if (!read_counters(ctx, before) || !message_send(ctx, page, &sent) ||
        !suite_status(ctx, "mailbox status", ABI_SUCCESS, sent.exit.fw_status,
                      "the request is answered") ||
        !suite_open(ctx, message, sent.response, r) || !read_counters(ctx, after) ||
        !suite_status(ctx, "payload STATUS", status, abi_get_le32(r->payload),
                      "the payload's own verdict"))
        return false;
    suite_advance(ctx, vmpck);
    for (unsigned k = 0; shows_counters(ctx) && k < ABI_VMPCK_COUNT; k++)
        if (!suite_equal(ctx, "MsgCount", before[k] + (k == vmpck ? 2 : 0), after[k],
                         "a response adds 2 to the MsgCount of its VMPCK and of no other"))
            return false;
    return true;
}

bool message_goes_on(struct suite_ctx *ctx, unsigned vmpck) {
    struct suite_message message;
    uint8_t page[ABI_PAGE_SIZE];
    return message_tsc_request(ctx, vmpck, &message) && suite_seal(ctx, &message, page) &&
           message_accepted(ctx, &message, page, ABI_SUCCESS, NULL);
}

static const struct suite_area *const parts[] = {
    &message_command,  &message_response, &message_type,  &message_seal, &message_flip,
    &message_sequence, &message_size,     &message_order, &message_page, &message_secrets,
    &message_tsc,      &message_cpuid,    NULL,
};

const struct suite_area message_area = {.name = "message", .parts = parts};
