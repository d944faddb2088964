/* MSG_SIZE and the ends of the two pages. Message notes, sections 2 and 5, steps 8 to 10 and 17. */
#include "message/message.h"
#include "message/shot.h"

/* A request of SIZE bytes at OFFSET of its page and its answer at RESPONSE_OFFSET. */
struct fit {
    uint64_t request_offset;
    uint16_t size;
    uint64_t response_offset;
};

struct fits {
    enum abi_status status;
    const char *rule;
    const struct fit *list;
    size_t count;
};

#define FITS(status, rule, list)                                                                   \
    &(const struct fits) {                                                                         \
        status, rule, list, sizeof(list) / sizeof((list)[0])                                       \
    }

static const struct fit good_sizes[] = {
    {0, 0x10, 0},  {0, 0x20, 0},  {0, 0x80, 0},  {0, 0x90, 0},
    {0, 0x800, 0}, {0, 0xF90, 0}, {0, 0xFA0, 0},
};

static const struct fit odd_sizes[] = {
    {0, 1, 0}, {0, 8, 0}, {0, 15, 0}, {0, 17, 0}, {0, 0x7F, 0}, {0, 0x81, 0}, {0, 0xF9F, 0},
};

static const struct fit zero_size[] = {{0, 0, 0}};

/* The first four would end behind the page, the others are larger than any page. */
static const struct fit big_sizes[] = {
    {0, 0xFB0, 0},  {0, 0xFC0, 0},  {0, 0xFF0, 0},  {0, 0x1000, 0},
    {0, 0x1010, 0}, {0, 0x2000, 0}, {0, 0x8000, 0}, {0, 0xFFF0, 0},
};

static const struct fit good_offsets[] = {
    {1, 0x80, 0},      {0x10, 0x80, 0},  {0x123, 0x80, 0}, {0x10, 0xF90, 0},
    {0x800, 0x7A0, 0}, {0xF20, 0x80, 0}, {0xF90, 0x10, 0},
};

/* Every message but the last two is one byte too far, or 16 bytes too long. */
static const struct fit bad_offsets[] = {
    {1, 0xFA0, 0},    {0x10, 0xFA0, 0}, {0xF21, 0x80, 0},  {0xF91, 0x10, 0},
    {0xF90, 0x20, 0}, {0xFA0, 0x10, 0}, {0xF30, 0xFA0, 0},
};

/* The header itself crosses the end; at 0xFA0 it would just fit. */
static const struct fit bad_headers[] = {
    {0xFA1, 0x80, 0},
    {0xFB0, 0x80, 0},
    {0xFD0, 0x80, 0},
    {0xFFF, 0x80, 0},
};

static const struct fit good_responses[] = {
    {0, 0x80, 0}, {0, 0x80, 1}, {0, 0x80, 0x123}, {0, 0x80, 0x800}, {0, 0x80, 0xF20},
};

static const struct fit bad_responses[] = {
    {0, 0x80, 0xF21}, {0, 0x80, 0xF30}, {0, 0x80, 0xFA0}, {0, 0x80, 0xFA1}, {0, 0x80, 0xFFF},
};

static void fit_all(struct suite_ctx *ctx) {
    const struct fits *fits = suite_row(ctx);
    for (size_t i = 0; i < fits->count; i++) {
        const struct fit *fit = &fits->list[i];
        struct message_shot shot = message_shot_good();
        struct message_hit hit;
        shot.request_offset = fit->request_offset;
        shot.size = fit->size;
        shot.response_offset = fit->response_offset;
        suite_instance(ctx, "request at 0x%llx, MSG_SIZE 0x%x, response at 0x%llx",
                       (unsigned long long)fit->request_offset, fit->size,
                       (unsigned long long)fit->response_offset);
        SUITE_STEP(message_shoot(ctx, &shot, &hit));
        SUITE_STATUS(ctx, "mailbox status", fits->status, hit.status, fits->rule);
        if (fits->status == ABI_SUCCESS)
            SUITE_STEP(message_answered(ctx, &shot, &hit, ABI_SUCCESS));
    }
}

#define POSITIVE(name, text, list, ...)                                                            \
    {                                                                                              \
        .id = "message.size." name, .title = text, .requirements = SUITE_REQ(__VA_ARGS__),         \
        .kind = SUITE_POSITIVE, .needs = MESSAGE_NEEDS_COMMAND, .run = fit_all,                    \
        .row = FITS(ABI_SUCCESS, "the message fits", list)                                         \
    }

#define NEGATIVE(name, text, twin_name, list, ...)                                                 \
    {                                                                                              \
        .id = "message.size." name, .title = text,                                                 \
        .requirements = SUITE_REQ(__VA_ARGS__, "SNP-MSG-003", "SNP-MSG-020"),                      \
        .kind = SUITE_NEGATIVE, .twin = "message.size." twin_name, .needs = MESSAGE_NEEDS_COMMAND, \
        .run = fit_all, .row = FITS(ABI_INVALID_PARAM, text, list)                                 \
    }

static const struct suite_test tests[] = {
    POSITIVE("multiples", "MSG_SIZE from 0x10 to 0xFA0, shorter and longer than the structure",
             good_sizes, "SNP-MSG-040", "SNP-MSG-041", "SNP-MSG-042", "SNP-MSG-050"),
    POSITIVE("offsets", "a message anywhere in its page up to the last byte", good_offsets,
             "SNP-MSG-036", "SNP-MSG-042"),
    POSITIVE("responses", "a response anywhere in its page up to the last byte", good_responses,
             "SNP-MSG-048"),
    NEGATIVE("zero", "MSG_SIZE must not be 0", "multiples", zero_size, "SNP-MSG-040"),
    NEGATIVE("odd", "MSG_SIZE must be a multiple of 16", "multiples", odd_sizes, "SNP-MSG-041"),
    NEGATIVE("big", "MSG_SIZE is at most 0xFA0", "multiples", big_sizes, "SNP-MSG-042"),
    NEGATIVE("crossing", "the payload must not cross the end of the page", "offsets", bad_offsets,
             "SNP-MSG-042"),
    NEGATIVE("header", "the header must not cross the end of the page", "offsets", bad_headers,
             "SNP-MSG-036"),
    NEGATIVE("no-room", "the response must fit behind RESPONSE_PADDR's offset", "responses",
             bad_responses, "SNP-MSG-048"),
};

const struct suite_area message_size = MESSAGE_PART(tests);
