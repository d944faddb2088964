/* Making a shot, and the footprint of one that failed. Message notes, sections 1 and 5. */
#include "message/shot.h"

#include <string.h>

#define FOOTPRINT_RULE "a mailbox failure leaves everything as it was"

struct message_shot message_shot_good(void) {
    return (struct message_shot){
        .platform = PSP_PLATFORM_INIT,
        .guest = PSP_GUEST_RUNNING,
        .gctx_state = RMP_CONTEXT,
        .request_state = RMP_HYPERVISOR,
        .response_state = RMP_FIRMWARE,
        .request_size = RMP_4K,
        .response_size = RMP_4K,
        .type = ABI_MSG_TSC_INFO_REQ,
        .version = 1,
        .algo = 1,
        .hdr_version = 1,
        .hdr_size = ABI_MSG_HEADER_SIZE,
        .size = ABI_TSC_INFO_SIZE,
    };
}

/* The pages of a shot. */
struct stage {
    uint64_t gctx, request, response;
    uint64_t memory_size;
    size_t response_window; /* bytes from RESPONSE that are watched */
};

/* Sealed bytes may be more than one page holds from where they lie: two pages take any shot. */
#define WINDOW_SIZE (2 * ABI_PAGE_SIZE)

static bool find_stage(struct suite_ctx *ctx, const struct message_shot *shot,
                       struct stage *stage) {
    struct vmm_guest_pages pages;
    if (!suite_setup(ctx, "guest pages", target_pages(suite_target(ctx), &pages))) return false;
    stage->memory_size = suite_profile(ctx)->memory_size;
    stage->gctx = pages.gctx;
    stage->request = stage->memory_size - 2 * RMP_PAGE_2M;
    stage->response = stage->memory_size - (shot->response_last ? RMP_PAGE_4K : RMP_PAGE_2M);
    stage->response_window = shot->response_last ? ABI_PAGE_SIZE : WINDOW_SIZE;
    return true;
}

/* The two 2 MiB of the shot must be free: nothing of the guest may lie there. */
static bool stage_is_free(struct suite_ctx *ctx, const struct stage *stage) {
    for (uint64_t paddr = stage->request; paddr < stage->memory_size; paddr += RMP_PAGE_4K) {
        bool found;
        struct rmp_entry entry;
        if (!suite_setup(ctx, "RMP", target_rmp_lookup(suite_target(ctx), paddr, &found, &entry)))
            return false;
        if (found && rmp_entry_state(&entry) == RMP_HYPERVISOR && entry.size == RMP_4K) continue;
        return suite_setup(ctx, "pages of the test",
                           sevkit_fail(SEVKIT_BAD_VALUE, "RMP", SEVKIT_NO_OFFSET, paddr,
                                       "the last 4 MiB of memory must be free"));
    }
    return true;
}

static bool place_message(struct suite_ctx *ctx, const struct message_shot *shot,
                          const struct stage *stage, struct suite_message *message) {
    const size_t sealed = shot->size <= ABI_MSG_PAYLOAD_MAX ? shot->size : ABI_MSG_PAYLOAD_MAX;
    if (!suite_message(ctx, 0, shot->type, shot->version, NULL, sealed, message)) return false;
    message->header.algo = shot->algo;
    message->header.hdr_version = shot->hdr_version;
    message->header.hdr_size = shot->hdr_size;
    message->header.vmpck = shot->vmpck;
    message->header.size = shot->size;
    message->header.seqno += shot->seqno_ahead;
    message->payload[0] = shot->payload_byte_0;
    uint8_t page[ABI_PAGE_SIZE];
    if (!suite_seal(ctx, message, page)) return false;
    if (shot->bad_tag) page[0] ^= 1;
    if (shot->request_outside) return true; /* there is no memory to hold it */
    return suite_setup(ctx, "request page",
                       target_memory_write(suite_target(ctx), stage->request + shot->request_offset,
                                           page, sizeof page));
}

static bool set_pages(struct suite_ctx *ctx, const struct message_shot *shot,
                      const struct stage *stage) {
    struct target *t = suite_target(ctx);
    return suite_setup(ctx, "RMP of the context page",
                       target_rmp_set(t, stage->gctx, shot->gctx_state, RMP_4K)) &&
           suite_setup(
               ctx, "RMP of the request page",
               target_rmp_set(t, stage->request, shot->request_state, shot->request_size)) &&
           suite_setup(
               ctx, "RMP of the response page",
               target_rmp_set(t, stage->response, shot->response_state, shot->response_size)) &&
           suite_setup(ctx, "platform state", target_set_platform_state(t, shot->platform));
}

/* Everything that a failure must leave alone. */
struct footprint {
    uint8_t request[WINDOW_SIZE], response[WINDOW_SIZE];
    uint64_t count[ABI_VMPCK_COUNT];
    struct rmp_entry gctx_entry, request_entry, response_entry;
};

static bool read_entry(struct suite_ctx *ctx, uint64_t paddr, struct rmp_entry *entry) {
    bool found;
    if (!suite_setup(ctx, "RMP", target_rmp_lookup(suite_target(ctx), paddr, &found, entry)))
        return false;
    return suite_check(ctx, "RMP entry", found, "pages inside memory have an entry");
}

static bool read_footprint(struct suite_ctx *ctx, const struct stage *stage,
                           struct footprint *print) {
    struct target *t = suite_target(ctx);
    memset(print, 0, sizeof *print);
    return suite_setup(ctx, "request page",
                       target_memory_read(t, stage->request, print->request, WINDOW_SIZE)) &&
           suite_setup(
               ctx, "response page",
               target_memory_read(t, stage->response, print->response, stage->response_window)) &&
           suite_setup(ctx, "counters", target_msg_count(t, print->count)) &&
           read_entry(ctx, stage->gctx, &print->gctx_entry) &&
           read_entry(ctx, stage->request, &print->request_entry) &&
           read_entry(ctx, stage->response, &print->response_entry);
}

static bool same_entry(struct suite_ctx *ctx, const char *field, struct rmp_entry wanted,
                       struct rmp_entry got) {
    return suite_equal(ctx, field, rmp_entry_state(&wanted), rmp_entry_state(&got),
                       FOOTPRINT_RULE) &&
           suite_equal(ctx, field, wanted.size, got.size, FOOTPRINT_RULE);
}

static bool same_footprint(struct suite_ctx *ctx, const struct footprint *before,
                           const struct footprint *after) {
    for (unsigned k = 0; k < ABI_VMPCK_COUNT; k++)
        if (!suite_equal(ctx, "MsgCount", before->count[k], after->count[k], FOOTPRINT_RULE))
            return false;
    return suite_bytes(ctx, "response page", before->response, after->response, WINDOW_SIZE,
                       FOOTPRINT_RULE) &&
           suite_bytes(ctx, "request page", before->request, after->request, WINDOW_SIZE,
                       FOOTPRINT_RULE) &&
           same_entry(ctx, "RMP entry of the context page", before->gctx_entry,
                      after->gctx_entry) &&
           same_entry(ctx, "RMP entry of the request page", before->request_entry,
                      after->request_entry) &&
           same_entry(ctx, "RMP entry of the response page", before->response_entry,
                      after->response_entry);
}

static bool ring(struct suite_ctx *ctx, const struct message_shot *shot, const struct stage *stage,
                 struct message_hit *hit) {
    const uint64_t outside = stage->memory_size;
    uint8_t buffer[PSP_GUEST_REQUEST_SIZE];
    abi_put_le64(buffer, (shot->gctx_outside ? outside : stage->gctx) + shot->gctx_offset);
    abi_put_le64(buffer + 8,
                 (shot->request_outside ? outside : stage->request) + shot->request_offset);
    abi_put_le64(buffer + 16,
                 (shot->response_outside ? outside : stage->response) + shot->response_offset);
    return suite_setup(ctx, "mailbox",
                       target_command(suite_target(ctx), PSP_CMD_SNP_GUEST_REQUEST, buffer,
                                      sizeof buffer, &hit->status));
}

/* Pages, message, mailbox and footprint on a machine that is there. */
static bool fire(struct suite_ctx *ctx, const struct message_shot *shot, const struct stage *stage,
                 struct message_hit *hit) {
    uint8_t noise[WINDOW_SIZE];
    suite_random(ctx, noise, sizeof noise);
    struct footprint before, after;
    if (!suite_setup(ctx, "response page",
                     target_memory_write(suite_target(ctx), stage->response, noise,
                                         stage->response_window)) ||
        !place_message(ctx, shot, stage, &hit->request) || !set_pages(ctx, shot, stage) ||
        !read_footprint(ctx, stage, &before) || !ring(ctx, shot, stage, hit) ||
        !read_footprint(ctx, stage, &after))
        return false;
    memcpy(hit->response, after.response, sizeof hit->response);
    memcpy(hit->count, after.count, sizeof hit->count);
    if (hit->status != ABI_SUCCESS) return same_footprint(ctx, &before, &after);
    return true;
}

bool message_shoot(struct suite_ctx *ctx, const struct message_shot *shot,
                   struct message_hit *hit) {
    struct sevkit_profile profile = *suite_run_profile(ctx);
    profile.msg_count[0] = shot->msg_count;
    struct stage stage;
    return suite_reset_as(ctx, &profile, shot->guest) && find_stage(ctx, shot, &stage) &&
           stage_is_free(ctx, &stage) && fire(ctx, shot, &stage, hit);
}

bool message_answered(struct suite_ctx *ctx, const struct message_shot *shot,
                      const struct message_hit *hit, enum abi_status payload_status) {
    if (!suite_status(ctx, "mailbox status", ABI_SUCCESS, hit->status, "the request is answered"))
        return false;
    const uint64_t *begin = suite_profile(ctx)->msg_count;
    for (unsigned k = 0; k < ABI_VMPCK_COUNT; k++)
        if (!suite_equal(ctx, "MsgCount", begin[k] + (k == 0 ? 2 : 0), hit->count[k],
                         "a response adds 2 to the MsgCount of its VMPCK and of no other"))
            return false;
    uint8_t page[ABI_PAGE_SIZE] = {0};
    struct suite_response response;
    memcpy(page, hit->response + shot->response_offset, ABI_PAGE_SIZE - shot->response_offset);
    return suite_open(ctx, &hit->request, page, &response) &&
           suite_status(ctx, "payload STATUS", payload_status, abi_get_le32(response.payload),
                        "the payload's own verdict");
}

bool message_still_good(struct suite_ctx *ctx, const struct message_shot *good) {
    struct stage stage;
    struct message_hit hit;
    return find_stage(ctx, good, &stage) && fire(ctx, good, &stage, &hit) &&
           message_answered(ctx, good, &hit, ABI_SUCCESS);
}
