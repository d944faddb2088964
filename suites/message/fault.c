/* Single faults, and which two of them cannot be in one request. Message notes, section 5. */
#include "message/fault.h"

static void gctx_unaligned(struct message_shot *shot) {
    shot->gctx_offset = 0x10;
}

static void platform_uninit(struct message_shot *shot) {
    shot->platform = PSP_PLATFORM_UNINIT;
}

static void gctx_outside(struct message_shot *shot) {
    shot->gctx_outside = true;
}

static void request_outside(struct message_shot *shot) {
    shot->request_outside = true;
}

static void response_outside(struct message_shot *shot) {
    shot->response_outside = true;
}

static void gctx_no_context(struct message_shot *shot) {
    shot->gctx_state = RMP_FIRMWARE;
}

static void response_no_firmware(struct message_shot *shot) {
    shot->response_state = RMP_HYPERVISOR;
}

static void request_2m(struct message_shot *shot) {
    shot->request_size = RMP_2M;
}

static void response_2m(struct message_shot *shot) {
    shot->response_size = RMP_2M;
}

static void guest_launch(struct message_shot *shot) {
    shot->guest = PSP_GUEST_LAUNCH;
}

/* The header begins 0x50 bytes before the page's end. */
static void header_crosses(struct message_shot *shot) {
    shot->request_offset = 0xFB0;
}

static void hdr_version(struct message_shot *shot) {
    shot->hdr_version = 2;
}

static void hdr_size(struct message_shot *shot) {
    shot->hdr_size = 0x50;
}

static void algo(struct message_shot *shot) {
    shot->algo = 2;
}

static void size_zero(struct message_shot *shot) {
    shot->size = 0;
}

static void size_unaligned(struct message_shot *shot) {
    shot->size = ABI_TSC_INFO_SIZE - 8;
}

/* The header ends 0x60 bytes before the page's end, the payload is 0x80 bytes: whole and authentic, but
 * across the end. */
static void payload_crosses(struct message_shot *shot) {
    shot->request_offset = 0xF40;
}

static void vmpck_4(struct message_shot *shot) {
    shot->vmpck = 4;
}

static void tag(struct message_shot *shot) {
    shot->bad_tag = true;
}

static void seqno_gap(struct message_shot *shot) {
    shot->seqno_ahead = 2;
}

/* MSG_SEQNO is MsgCount + 1 all the same: only the overflow rule is broken. */
static void exhausted(struct message_shot *shot) {
    shot->msg_count = UINT64_MAX - 1;
}

static void version_zero(struct message_shot *shot) {
    shot->version = 0;
}

static void version_high(struct message_shot *shot) {
    shot->version = 2;
}

static void type_unknown(struct message_shot *shot) {
    shot->type = 0x7E;
}

static void payload_reserved(struct message_shot *shot) {
    shot->payload_byte_0 = 1;
}

/* 0xF30 + 0x60 + 0x80 is 0x10 more than a page. */
static void response_no_room(struct message_shot *shot) {
    shot->response_offset = 0xF30;
}

const struct message_fault message_faults[MESSAGE_FAULT_COUNT] = {
#define MESSAGE_FAULT(id, name, step, status, requirement, title)                                  \
    {MESSAGE_FAULT_##id, name, step, status, id},
#define MESSAGE_FAULT_FIRST MESSAGE_FAULT
#include "message/faults.def"
#undef MESSAGE_FAULT
#undef MESSAGE_FAULT_FIRST
};

enum abi_status message_fault_status(const struct suite_ctx *ctx,
                                     const struct message_fault *fault) {
    if (fault->status == MESSAGE_LOOKUP_STATUS) return suite_profile(ctx)->rmp_lookup_status;
    return fault->status;
}

/* Pairs that no request can have, the earlier fault first. */
static const struct {
    enum message_fault_id a, b;
    const char *reason;
} impossible[] = {
    {MESSAGE_FAULT_gctx_outside, MESSAGE_FAULT_gctx_no_context,
     "a page outside the RMP has no state"},
    {MESSAGE_FAULT_gctx_outside, MESSAGE_FAULT_guest_launch,
     "without a context there is no guest to have a state"},
    {MESSAGE_FAULT_gctx_outside, MESSAGE_FAULT_exhausted, "without a context there is no MsgCount"},
    {MESSAGE_FAULT_request_outside, MESSAGE_FAULT_request_2m, "a page outside the RMP has no size"},
    {MESSAGE_FAULT_response_outside, MESSAGE_FAULT_response_no_firmware,
     "a page outside the RMP has no state"},
    {MESSAGE_FAULT_response_outside, MESSAGE_FAULT_response_2m,
     "a page outside the RMP has no size"},
    {MESSAGE_FAULT_size_zero, MESSAGE_FAULT_payload_reserved,
     "a message of size 0 has no payload to be wrong"},
    {MESSAGE_FAULT_vmpck_4, MESSAGE_FAULT_seqno_gap,
     "VMPCK 4 has no MsgCount that MSG_SEQNO could miss"},
    {MESSAGE_FAULT_vmpck_4, MESSAGE_FAULT_exhausted, "VMPCK 4 has no MsgCount to be exhausted"},
    {MESSAGE_FAULT_type_unknown, MESSAGE_FAULT_payload_reserved,
     "an unknown type has no rules for its payload"},
};

/* Steps 9 to 16 look at the message; MsgCount is the guest's. */
static bool is_of_message(const struct message_fault *fault) {
    return fault->step >= 9 && fault->step <= 16 && fault->id != MESSAGE_FAULT_exhausted;
}

const char *message_fault_excludes(const struct suite_ctx *ctx, const struct message_fault *a,
                                   const struct message_fault *b) {
    if (a->step == b->step) return "one check: the notes give no order inside it";
    if (a->id == MESSAGE_FAULT_payload_reserved)
        return "no failure of the mailbox: message.response.no-room-and-status";
    if (a->id == MESSAGE_FAULT_request_outside && is_of_message(b))
        return "outside memory there is no message to have a fault";
    for (size_t i = 0; i < sizeof impossible / sizeof impossible[0]; i++)
        if (impossible[i].a == a->id && impossible[i].b == b->id) return impossible[i].reason;
    if (message_fault_status(ctx, a) == message_fault_status(ctx, b))
        return "both checks have the same status: their order cannot be seen";
    return NULL;
}
