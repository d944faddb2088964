/* Single faults, and every pair of them: of two faults the earlier check answers. Each failure is
 * followed by the footprint check. Message notes, section 5. */
#include "message/fault.h"
#include "message/message.h"

static const struct message_fault *fault_of(const struct suite_ctx *ctx) {
    return suite_row(ctx);
}

static void good(struct suite_ctx *ctx) {
    const struct message_shot shot = message_shot_good();
    struct message_hit hit;
    SUITE_STEP(message_shoot(ctx, &shot, &hit));
    SUITE_STEP(message_answered(ctx, &shot, &hit, ABI_SUCCESS));
}

/* A guest that never ran and a counter that is used up do not come back. */
static bool can_be_mended(const struct message_fault *fault) {
    return fault->id != MESSAGE_FAULT_guest_launch && fault->id != MESSAGE_FAULT_exhausted;
}

static void single(struct suite_ctx *ctx) {
    const struct message_fault *fault = fault_of(ctx);
    const struct message_shot right = message_shot_good();
    struct message_shot shot = right;
    struct message_hit hit;
    fault->apply(&shot);
    SUITE_STEP(message_shoot(ctx, &shot, &hit));
    if (fault->step == 16) {
        SUITE_STEP(message_answered(ctx, &shot, &hit, ABI_INVALID_PARAM));
        return;
    }
    SUITE_STATUS(ctx, "mailbox status", message_fault_status(ctx, fault), hit.status,
                 "the failing check's status");
    if (can_be_mended(fault)) SUITE_STEP(message_still_good(ctx, &right));
}

static void pairs(struct suite_ctx *ctx) {
    const struct message_fault *first = fault_of(ctx);
    for (unsigned i = first->id + 1u; i < MESSAGE_FAULT_COUNT; i++) {
        const struct message_fault *second = &message_faults[i];
        if (message_fault_excludes(ctx, first, second) != NULL) continue;
        suite_instance(ctx, "%s and %s", first->name, second->name);
        struct message_shot shot = message_shot_good();
        struct message_hit hit;
        second->apply(&shot);
        first->apply(&shot);
        SUITE_STEP(message_shoot(ctx, &shot, &hit));
        SUITE_STATUS(ctx, "mailbox status", message_fault_status(ctx, first), hit.status,
                     "of two faults the earlier check answers");
    }
}

/* The handler has run when the room is measured, and its verdict is lost: the mailbox answers. */
static void no_room_and_status(struct suite_ctx *ctx) {
    struct message_shot shot = message_shot_good();
    struct message_hit hit;
    message_faults[MESSAGE_FAULT_payload_reserved].apply(&shot);
    message_faults[MESSAGE_FAULT_response_no_room].apply(&shot);
    SUITE_STEP(message_shoot(ctx, &shot, &hit));
    SUITE_STATUS(ctx, "mailbox status", ABI_INVALID_PARAM, hit.status,
                 "a response with an error needs as much room as any");
}

#define TWIN "message.command.good"

static const struct suite_test tests[] = {
    {.id = TWIN,
     .title = "a request without a fault is answered at the mailbox",
     .requirements =
         SUITE_REQ("SNP-MSG-001", "SNP-MSG-002", "SNP-MSG-003", "SNP-MSG-019", "SNP-MSG-028",
                   "SNP-MSG-029", "SNP-MSG-030", "SNP-MSG-031", "SNP-MSG-032", "SNP-MSG-034",
                   "SNP-MSG-035", "SNP-MSG-049", "SNP-MSG-051"),
     .kind = SUITE_POSITIVE,
     .needs = MESSAGE_NEEDS_COMMAND,
     .run = good},
    {.id = "message.response.no-room-and-status",
     .title = "a payload error without room for its response is a mailbox error",
     .requirements = SUITE_REQ("SNP-MSG-048", "SNP-MSG-049"),
     .kind = SUITE_NEGATIVE,
     .twin = TWIN,
     .needs = MESSAGE_NEEDS_COMMAND,
     .run = no_room_and_status},
#define MESSAGE_FAULT(fault, name, step, status, requirement, text)                                \
    {.id = "message.fault." name,                                                                  \
     .title = text,                                                                                \
     .requirements = SUITE_REQ(requirement, "SNP-MSG-003", "SNP-MSG-020"),                         \
     .kind = SUITE_NEGATIVE,                                                                       \
     .twin = TWIN,                                                                                 \
     .needs = MESSAGE_NEEDS_COMMAND,                                                               \
     .run = single,                                                                                \
     .row = &message_faults[MESSAGE_FAULT_##fault]},
#define MESSAGE_FAULT_FIRST MESSAGE_FAULT
#include "message/faults.def"
#undef MESSAGE_FAULT
#undef MESSAGE_FAULT_FIRST
#define MESSAGE_FAULT(...)
#define MESSAGE_FAULT_FIRST(fault, name, step, status, requirement, text)                          \
    {.id = "message.order." name,                                                                  \
     .title = "comes before every later check: " text,                                             \
     .requirements = SUITE_REQ("SNP-MSG-049", requirement, "SNP-MSG-003", "SNP-MSG-020"),          \
     .kind = SUITE_NEGATIVE,                                                                       \
     .twin = TWIN,                                                                                 \
     .needs = MESSAGE_NEEDS_COMMAND,                                                               \
     .run = pairs,                                                                                 \
     .row = &message_faults[MESSAGE_FAULT_##fault]},
#include "message/faults.def"
#undef MESSAGE_FAULT
#undef MESSAGE_FAULT_FIRST
};

const struct suite_area message_order = MESSAGE_PART(tests);
