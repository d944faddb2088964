/* The parts of the area message, and what they share. */
#ifndef MESSAGE_H
#define MESSAGE_H

#include "runner/suite.h"

#define MESSAGE_PART(table)                                                                        \
    { .name = "message", .tests = (table), .count = sizeof(table) / sizeof((table)[0]) }

extern const struct suite_area message_command, message_order, message_page, message_flip,
    message_seal, message_sequence, message_size, message_type, message_response, message_secrets,
    message_tsc, message_cpuid;

/* One TSC_INFO_REQ page through the guest request door: the smallest thing to ask for. */
struct message_sent {
    struct sevkit_exit exit;
    uint8_t response[ABI_PAGE_SIZE]; /* of noise where the firmware wrote nothing */
    uint8_t noise[ABI_PAGE_SIZE];    /* the response page before */
};

/* A good TSC_INFO_REQ as VMPCK's next. */
SEVKIT_MUST bool message_tsc_request(struct suite_ctx *ctx, unsigned vmpck,
                                     struct suite_message *message);

/* Sends PAGE over a response page of noise. */
SEVKIT_MUST bool message_send(struct suite_ctx *ctx, const uint8_t page[ABI_PAGE_SIZE],
                              struct message_sent *sent);

/* Asserts that PAGE is refused with STATUS, and the footprint as the guest sees it: no response, no
 * counter moved (where the target shows counters). */
SEVKIT_MUST bool message_refused(struct suite_ctx *ctx, const uint8_t page[ABI_PAGE_SIZE],
                                 enum abi_status status, const char *rule);

/* Asserts that MESSAGE, sealed as PAGE, is answered with STATUS in the payload; advances its VMPCK.
 * RESPONSE may be NULL. */
SEVKIT_MUST bool message_accepted(struct suite_ctx *ctx, const struct suite_message *message,
                                  const uint8_t page[ABI_PAGE_SIZE], enum abi_status status,
                                  struct suite_response *response);

/* Asserts that the next good request under VMPCK is answered. */
SEVKIT_MUST bool message_goes_on(struct suite_ctx *ctx, unsigned vmpck);

#endif
