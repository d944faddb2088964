/* The mailbox around SNP_GUEST_REQUEST: command ids and the command buffer. Message notes, section 1;
 * command notes, section 1. */
#include "message/message.h"
#include "message/shot.h"

static bool ring(struct suite_ctx *ctx, uint32_t id, size_t size, enum abi_status *status) {
    uint8_t buffer[ABI_PAGE_SIZE] = {0};
    struct vmm_guest_pages pages;
    if (!suite_setup(ctx, "guest pages", target_pages(suite_target(ctx), &pages))) return false;
    abi_put_le64(buffer, pages.gctx);
    abi_put_le64(buffer + 8, pages.request);
    abi_put_le64(buffer + 16, pages.response);
    return suite_setup(ctx, "mailbox", target_command(suite_target(ctx), id, buffer, size, status));
}

/* 0x94 in the low byte or word must not be enough. */
static const uint32_t unknown_ids[] = {0,          0x94 + 0x100, 0x94 + 0x10000, 0x80000094,
                                       0x94940000, 0xFF,         0x7FF,          UINT32_MAX};

static void unknown(struct suite_ctx *ctx) {
    SUITE_STEP(suite_reset(ctx));
    for (size_t i = 0; i < sizeof unknown_ids / sizeof unknown_ids[0]; i++) {
        enum abi_status status;
        suite_instance(ctx, "command 0x%x", (unsigned)unknown_ids[i]);
        SUITE_STEP(ring(ctx, unknown_ids[i], PSP_GUEST_REQUEST_SIZE, &status));
        SUITE_STATUS(ctx, "mailbox status", ABI_INVALID_COMMAND, status,
                     "an id without a command is refused");
        SUITE_STEP(ring(ctx, unknown_ids[i], 0, &status));
        SUITE_STATUS(ctx, "mailbox status", ABI_INVALID_COMMAND, status,
                     "before its buffer is looked at");
    }
    suite_instance(ctx, "%s", "");
    SUITE_STEP(message_goes_on(ctx, 0));
}

static const size_t wrong_sizes[] = {0, 1, 8, 0x10, 0x17, 0x19, 0x20, ABI_PAGE_SIZE};

static void lengths(struct suite_ctx *ctx) {
    SUITE_STEP(suite_reset(ctx));
    for (size_t i = 0; i < sizeof wrong_sizes / sizeof wrong_sizes[0]; i++) {
        enum abi_status status;
        suite_instance(ctx, "0x%zx bytes", wrong_sizes[i]);
        SUITE_STEP(ring(ctx, PSP_CMD_SNP_GUEST_REQUEST, wrong_sizes[i], &status));
        SUITE_STATUS(ctx, "mailbox status", ABI_INVALID_LENGTH, status,
                     "the command buffer is 0x18 bytes");
    }
    suite_instance(ctx, "%s", "");
    SUITE_STEP(message_goes_on(ctx, 0));
}

static const struct suite_test tests[] = {
    {.id = "message.command.unknown",
     .title = "command ids that no firmware has",
     .requirements = SUITE_REQ("SNP-MSG-083", "SNP-MSG-051"),
     .kind = SUITE_NEGATIVE,
     .twin = "message.command.good",
     .needs = SUITE_NEEDS_GUEST | TARGET_COMMAND,
     .run = unknown},
    {.id = "message.command.length",
     .title = "a command buffer of another size than 0x18",
     .requirements = SUITE_REQ("SNP-MSG-001"),
     .kind = SUITE_NEGATIVE,
     .twin = "message.command.good",
     .needs = SUITE_NEEDS_GUEST | TARGET_COMMAND,
     .run = lengths},
};

const struct suite_area message_command = MESSAGE_PART(tests);
