/* One SNP_GUEST_REQUEST rung at the mailbox, described before it is made: the machine, the pages, the
 * addresses, the message. A description without a change is answered; a fault is a change of it, and two
 * changes are two faults at once. Message notes, sections 1, 2 and 5.
 *
 * Request and response pages are the tests' own, alone in their 2 MiB, so that a fault of one page's RMP
 * entry touches no other; pages follow each of them, so that what crosses its end crosses into memory. */
#ifndef MESSAGE_SHOT_H
#define MESSAGE_SHOT_H

#include "runner/suite.h"

#define MESSAGE_NEEDS_COMMAND                                                                      \
    (TARGET_COMMAND | TARGET_RMP | TARGET_MEMORY | TARGET_SECRETS | TARGET_PROFILE |               \
     TARGET_COUNTERS)

/* TSC_INFO_REQ and TSC_INFO_RSP with their headers: 0xE0 bytes. */
#define MESSAGE_TSC_INFO_TOTAL (ABI_MSG_HEADER_SIZE + ABI_TSC_INFO_SIZE)

struct message_shot {
    /* the machine */
    enum psp_platform_state platform;
    enum psp_guest_state guest;
    uint64_t msg_count; /* MsgCount0 at launch */
    /* the pages */
    enum rmp_state gctx_state, request_state, response_state;
    enum rmp_page_size request_size, response_size;
    /* the command buffer */
    uint64_t gctx_offset, request_offset, response_offset; /* added to the page's address */
    bool gctx_outside, request_outside, response_outside;  /* addresses past the end of memory */
    bool response_last;                                    /* the response page is memory's last */
    /* the message: TSC_INFO_REQ under VMPCK0 */
    uint8_t type, version, vmpck, algo, hdr_version;
    uint16_t hdr_size, size; /* the header's fields; what is sealed is SIZE bytes of zeros */
    uint64_t seqno_ahead;    /* added to the right MSG_SEQNO */
    uint8_t payload_byte_0;  /* TSC_INFO_REQ is all zero: another value is a fault of the payload */
    bool bad_tag;
};

/* A shot that is answered. */
struct message_shot message_shot_good(void);

/* What came of it. */
struct message_hit {
    enum abi_status status;
    struct suite_message request;
    uint8_t response[ABI_PAGE_SIZE]; /* the response page, whole */
    uint64_t count[ABI_VMPCK_COUNT]; /* MsgCount0..3 afterwards */
};

/* Makes the machine, places the message, rings the mailbox. A status other than SUCCESS is followed by the
 * footprint check, as assertions: counters, the pages of request and response and those behind them, and
 * RMP entries are what they were. */
SEVKIT_MUST bool message_shoot(struct suite_ctx *ctx, const struct message_shot *shot,
                               struct message_hit *hit);

/* Asserts that HIT was answered: SUCCESS, MsgCount0 + 2 and the others as they were, the response opens at
 * the shot's offset and its payload STATUS is PAYLOAD_STATUS. */
SEVKIT_MUST bool message_answered(struct suite_ctx *ctx, const struct message_shot *shot,
                                  const struct message_hit *hit, enum abi_status payload_status);

/* After a shot that failed: puts back what was wrong with the machine and the pages and sends the message
 * as GOOD has it, with the same MSG_SEQNO; asserts that it is answered. */
SEVKIT_MUST bool message_still_good(struct suite_ctx *ctx, const struct message_shot *good);

#endif
