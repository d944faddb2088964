/* Pages and addresses of SNP_GUEST_REQUEST: every page state, every misaligned bit, the ends of memory.
 * Message notes, section 5, steps 1 to 7. */
#include "message/message.h"
#include "message/shot.h"

#define STATE_COUNT (RMP_HV_FIXED + 1)

/* One shot: its status, and that the guest is as it was when it failed. */
static bool shot_gives(struct suite_ctx *ctx, const struct message_shot *shot,
                       enum abi_status status, const char *rule) {
    struct message_hit hit;
    return message_shoot(ctx, shot, &hit) &&
           suite_status(ctx, "mailbox status", status, hit.status, rule) &&
           (status != ABI_SUCCESS || message_answered(ctx, shot, &hit, ABI_SUCCESS));
}

static void gctx_states(struct suite_ctx *ctx) {
    for (unsigned state = 0; state < STATE_COUNT; state++) {
        if (state == RMP_CONTEXT) continue;
        struct message_shot shot = message_shot_good();
        shot.gctx_state = (enum rmp_state)state;
        suite_instance(ctx, "state %s", rmp_state_name(shot.gctx_state));
        SUITE_STEP(shot_gives(ctx, &shot, ABI_INVALID_GUEST, "the context page is in CONTEXT"));
    }
}

static void response_states(struct suite_ctx *ctx) {
    for (unsigned state = 0; state < STATE_COUNT; state++) {
        if (state == RMP_FIRMWARE) continue;
        struct message_shot shot = message_shot_good();
        shot.response_state = (enum rmp_state)state;
        suite_instance(ctx, "state %s", rmp_state_name(shot.response_state));
        SUITE_STEP(
            shot_gives(ctx, &shot, ABI_INVALID_PAGE_STATE, "the response page is in FIRMWARE"));
    }
}

static void request_states(struct suite_ctx *ctx) {
    for (unsigned state = 0; state < STATE_COUNT; state++) {
        struct message_shot shot = message_shot_good();
        shot.request_state = (enum rmp_state)state;
        suite_instance(ctx, "state %s", rmp_state_name(shot.request_state));
        SUITE_STEP(shot_gives(ctx, &shot, ABI_SUCCESS, "the request page's state is not checked"));
    }
}

static void gctx_bits(struct suite_ctx *ctx) {
    for (unsigned bit = 0; bit < 12; bit++) {
        struct message_shot shot = message_shot_good();
        shot.gctx_offset = UINT64_C(1) << bit;
        suite_instance(ctx, "bit %u", bit);
        SUITE_STEP(shot_gives(ctx, &shot, ABI_INVALID_PARAM, "GCTX_PADDR bits 11:0 are zero"));
    }
}

/* The next page is aligned, and no context: bit 12 is where the page number begins. */
static void gctx_next_page(struct suite_ctx *ctx) {
    struct message_shot shot = message_shot_good();
    struct vmm_guest_pages pages;
    bool found;
    struct rmp_entry entry;
    SUITE_STEP(suite_reset(ctx));
    SUITE_SETUP(ctx, "guest pages", target_pages(suite_target(ctx), &pages));
    SUITE_SETUP(ctx, "RMP",
                target_rmp_lookup(suite_target(ctx), pages.gctx + RMP_PAGE_4K, &found, &entry));
    if (!found || rmp_entry_state(&entry) == RMP_CONTEXT) {
        suite_skip(ctx, "the page behind the guest context is a context too");
        return;
    }
    shot.gctx_offset = RMP_PAGE_4K;
    SUITE_STEP(shot_gives(ctx, &shot, ABI_INVALID_GUEST, "the context page is in CONTEXT"));
}

static void guest_states(struct suite_ctx *ctx) {
    static const enum psp_guest_state states[] = {PSP_GUEST_INIT, PSP_GUEST_LAUNCH};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        struct message_shot shot = message_shot_good();
        shot.guest = states[i];
        suite_instance(ctx, "guest state %d", (int)states[i]);
        SUITE_STEP(shot_gives(ctx, &shot, ABI_INVALID_GUEST_STATE, "the guest is RUNNING"));
    }
}

/* ---- addresses: needs no message, the look-up fails before ---- */

/* Addresses that no machine has; none is near enough to 2^64 - 1 to be taken for a small one. */
static const uint64_t far_away[] = {UINT64_C(1) << 52, UINT64_C(1) << 63, ~UINT64_C(0xFFF)};

static void far(struct suite_ctx *ctx, void (*aim)(struct message_shot *shot, uint64_t distance)) {
    const enum abi_status status = suite_run_profile(ctx)->rmp_lookup_status;
    struct message_shot near = message_shot_good();
    aim(&near, 0);
    suite_instance(ctx, "%s", "the first page past memory");
    SUITE_STEP(shot_gives(ctx, &near, status, "pages are found in the RMP"));
    for (size_t i = 0; i < sizeof far_away / sizeof far_away[0]; i++) {
        struct message_shot shot = message_shot_good();
        aim(&shot, far_away[i] - suite_run_profile(ctx)->memory_size);
        suite_instance(ctx, "address 0x%llx", (unsigned long long)far_away[i]);
        SUITE_STEP(shot_gives(ctx, &shot, status, "pages are found in the RMP"));
    }
}

static void aim_gctx(struct message_shot *shot, uint64_t distance) {
    shot->gctx_outside = true;
    shot->gctx_offset = distance;
}

static void aim_request(struct message_shot *shot, uint64_t distance) {
    shot->request_outside = true;
    shot->request_offset = distance;
}

static void aim_response(struct message_shot *shot, uint64_t distance) {
    shot->response_outside = true;
    shot->response_offset = distance;
}

static void far_gctx(struct suite_ctx *ctx) {
    far(ctx, aim_gctx);
}

static void far_request(struct suite_ctx *ctx) {
    far(ctx, aim_request);
}

static void far_response(struct suite_ctx *ctx) {
    far(ctx, aim_response);
}

/* The last page of memory is as good as any. */
static void last_page(struct suite_ctx *ctx) {
    struct message_shot shot = message_shot_good();
    shot.response_last = true;
    suite_instance(ctx, "%s", "response in the last page of memory");
    SUITE_STEP(shot_gives(ctx, &shot, ABI_SUCCESS, "the RMP covers all of memory"));
}

#define NEGATIVE(name, text, twin_name, function, ...)                                             \
    {                                                                                              \
        .id = "message.page." name, .title = text,                                                 \
        .requirements = SUITE_REQ(__VA_ARGS__, "SNP-MSG-003", "SNP-MSG-020"),                      \
        .kind = SUITE_NEGATIVE, .twin = twin_name, .needs = MESSAGE_NEEDS_COMMAND, .run = function \
    }

static const struct suite_test tests[] = {
    {.id = "message.page.request-state",
     .title = "the request page may be in any state",
     .requirements = SUITE_REQ("SNP-MSG-033"),
     .kind = SUITE_POSITIVE,
     .needs = MESSAGE_NEEDS_COMMAND,
     .run = request_states},
    {.id = "message.page.last",
     .title = "the last page of memory takes a response",
     .requirements = SUITE_REQ("SNP-MSG-030"),
     .kind = SUITE_POSITIVE,
     .needs = MESSAGE_NEEDS_COMMAND,
     .run = last_page},
    NEGATIVE("gctx-state", "a context page in any other state than CONTEXT", "message.command.good",
             gctx_states, "SNP-MSG-031"),
    NEGATIVE("gctx-next", "the page behind the guest context", "message.command.good",
             gctx_next_page, "SNP-MSG-031"),
    NEGATIVE("gctx-bits", "each of GCTX_PADDR bits 11:0", "message.command.good", gctx_bits,
             "SNP-MSG-028"),
    NEGATIVE("response-state", "a response page in any other state than FIRMWARE",
             "message.command.good", response_states, "SNP-MSG-032"),
    NEGATIVE("guest-state", "a guest in INIT and in LAUNCH", "message.command.good", guest_states,
             "SNP-MSG-035"),
    NEGATIVE("gctx-far", "GCTX_PADDR past the end of memory", "message.page.last", far_gctx,
             "SNP-MSG-030"),
    NEGATIVE("request-far", "REQUEST_PADDR past the end of memory", "message.page.last",
             far_request, "SNP-MSG-030"),
    NEGATIVE("response-far", "RESPONSE_PADDR past the end of memory", "message.page.last",
             far_response, "SNP-MSG-030"),
};

const struct suite_area message_page = MESSAGE_PART(tests);
