/* Sequence numbers: MsgCount + 1 and nothing else, four counters that know nothing of each other, and the
 * end of a counter. Message notes, sections 3 and 5. */
#include "message/message.h"

#define SEQNO_RULE "MSG_SEQNO must be MsgCount + 1"

/* A good request with MSG_SEQNO instead of the right one, sealed with it. */
static bool seal_with_seqno(struct suite_ctx *ctx, unsigned vmpck, uint64_t seqno,
                            uint8_t page[ABI_PAGE_SIZE]) {
    struct suite_message message;
    if (!message_tsc_request(ctx, vmpck, &message)) return false;
    message.header.seqno = seqno;
    return suite_seal(ctx, &message, page);
}

static bool refused_seqno(struct suite_ctx *ctx, unsigned vmpck, uint64_t seqno) {
    uint8_t page[ABI_PAGE_SIZE];
    suite_instance(ctx, "VMPCK %u, MSG_SEQNO 0x%llx", vmpck, (unsigned long long)seqno);
    return seal_with_seqno(ctx, vmpck, seqno, page) &&
           message_refused(ctx, page, ABI_AEAD_OFLOW, SEQNO_RULE);
}

/* MsgCount of VMPCK as the guest has seen it grow. */
static bool next_seqno(struct suite_ctx *ctx, unsigned vmpck, uint64_t *seqno) {
    struct suite_message message;
    if (!message_tsc_request(ctx, vmpck, &message)) return false;
    *seqno = message.header.seqno;
    return true;
}

static bool reset_with_count(struct suite_ctx *ctx, uint64_t count) {
    struct sevkit_profile profile = *suite_run_profile(ctx);
    profile.msg_count[0] = count;
    return suite_reset_as(ctx, &profile, PSP_GUEST_RUNNING);
}

static void first_of(struct suite_ctx *ctx, unsigned vmpck, void *data) {
    (void)data;
    uint8_t page[ABI_PAGE_SIZE];
    struct suite_message message;
    SUITE_STEP(message_tsc_request(ctx, vmpck, &message));
    SUITE_EQUAL(ctx, "MSG_SEQNO of the first request", 1, message.header.seqno,
                "MsgCount is zero at creation");
    SUITE_STEP(suite_seal(ctx, &message, page));
    SUITE_STEP(message_accepted(ctx, &message, page, ABI_SUCCESS, NULL));
}

static void first(struct suite_ctx *ctx) {
    struct sevkit_profile profile = *suite_run_profile(ctx);
    for (unsigned k = 0; k < ABI_VMPCK_COUNT; k++) profile.msg_count[k] = 0;
    SUITE_STEP(suite_reset_as(ctx, &profile, PSP_GUEST_RUNNING));
    suite_each_vmpck(ctx, first_of, NULL);
}

static void run_of(struct suite_ctx *ctx, unsigned vmpck, void *data) {
    (void)data;
    for (unsigned i = 0; i < 8; i++) SUITE_STEP(message_goes_on(ctx, vmpck));
}

static void in_a_row(struct suite_ctx *ctx) {
    SUITE_STEP(suite_reset(ctx));
    suite_each_vmpck(ctx, run_of, NULL);
}

static void in_parallel(struct suite_ctx *ctx) {
    static const unsigned turns[] = {0, 3, 1, 1, 2, 0, 3, 3, 3, 0, 2, 1, 0, 0, 2, 3};
    SUITE_STEP(suite_reset(ctx));
    for (size_t i = 0; i < sizeof turns / sizeof turns[0]; i++) {
        suite_instance(ctx, "turn %zu, VMPCK %u", i, turns[i]);
        SUITE_STEP(message_goes_on(ctx, turns[i]));
    }
}

/* The number that is right for one VMPCK is wrong for another that is further on. */
static void other_counter(struct suite_ctx *ctx) {
    SUITE_STEP(suite_reset(ctx));
    for (unsigned vmpck = 0; vmpck < ABI_VMPCK_COUNT; vmpck++)
        for (unsigned i = 0; i < vmpck; i++) SUITE_STEP(message_goes_on(ctx, vmpck));
    for (unsigned vmpck = 0; vmpck < ABI_VMPCK_COUNT; vmpck++)
        for (unsigned other = 0; other < ABI_VMPCK_COUNT; other++) {
            uint64_t seqno;
            if (other == vmpck) continue;
            SUITE_STEP(next_seqno(ctx, other, &seqno));
            SUITE_STEP(refused_seqno(ctx, vmpck, seqno));
        }
    suite_instance(ctx, "%s", "");
    for (unsigned vmpck = 0; vmpck < ABI_VMPCK_COUNT; vmpck++)
        SUITE_STEP(message_goes_on(ctx, vmpck));
}

static void replay_of(struct suite_ctx *ctx, unsigned vmpck, void *data) {
    (void)data;
    struct suite_message message;
    uint8_t page[ABI_PAGE_SIZE];
    SUITE_STEP(message_tsc_request(ctx, vmpck, &message));
    SUITE_STEP(suite_seal(ctx, &message, page));
    SUITE_STEP(message_accepted(ctx, &message, page, ABI_SUCCESS, NULL));
    SUITE_STEP(message_refused(ctx, page, ABI_AEAD_OFLOW, SEQNO_RULE));
    SUITE_STEP(message_goes_on(ctx, vmpck));
    SUITE_STEP(message_refused(ctx, page, ABI_AEAD_OFLOW, SEQNO_RULE));
    SUITE_STEP(message_goes_on(ctx, vmpck));
}

static void replay(struct suite_ctx *ctx) {
    SUITE_STEP(suite_reset(ctx));
    suite_each_vmpck(ctx, replay_of, NULL);
}

/* Added to the right number; all of them leave it wrong. */
static const uint64_t gaps[] = {
    1, 2, 3, 4, UINT64_C(1) << 16, UINT64_C(1) << 32, UINT64_C(1) << 48, UINT64_C(1) << 63};

static void gap_of(struct suite_ctx *ctx, unsigned vmpck, void *data) {
    (void)data;
    uint64_t seqno;
    SUITE_STEP(next_seqno(ctx, vmpck, &seqno));
    for (size_t i = 0; i < sizeof gaps / sizeof gaps[0]; i++)
        SUITE_STEP(refused_seqno(ctx, vmpck, seqno + gaps[i]));
    SUITE_STEP(message_goes_on(ctx, vmpck));
}

static void gap(struct suite_ctx *ctx) {
    SUITE_STEP(suite_reset(ctx));
    suite_each_vmpck(ctx, gap_of, NULL);
}

/* Every number that this VMPCK has seen, requests and responses. */
static void old_of(struct suite_ctx *ctx, unsigned vmpck, void *data) {
    (void)data;
    uint64_t begin;
    uint64_t end;
    SUITE_STEP(next_seqno(ctx, vmpck, &begin));
    for (unsigned i = 0; i < 3; i++) SUITE_STEP(message_goes_on(ctx, vmpck));
    SUITE_STEP(next_seqno(ctx, vmpck, &end));
    for (uint64_t seqno = begin; seqno != end; seqno++)
        SUITE_STEP(refused_seqno(ctx, vmpck, seqno));
    SUITE_STEP(message_goes_on(ctx, vmpck));
}

static void old(struct suite_ctx *ctx) {
    SUITE_STEP(suite_reset(ctx));
    suite_each_vmpck(ctx, old_of, NULL);
}

static void zero(struct suite_ctx *ctx) {
    SUITE_STEP(suite_reset(ctx));
    for (unsigned vmpck = 0; vmpck < ABI_VMPCK_COUNT; vmpck++) {
        SUITE_STEP(refused_seqno(ctx, vmpck, 0));
        SUITE_STEP(message_goes_on(ctx, vmpck));
        SUITE_STEP(refused_seqno(ctx, vmpck, 0));
    }
}

/* ---- the end of a counter ---- */

#define LAST_COUNT (UINT64_MAX - 1) /* 2^64 - 2 */

static void before_the_end(struct suite_ctx *ctx) {
    SUITE_STEP(reset_with_count(ctx, LAST_COUNT - 2));
    SUITE_STEP(message_goes_on(ctx, 0));
}

static void at_the_end(struct suite_ctx *ctx) {
    SUITE_STEP(reset_with_count(ctx, LAST_COUNT));
    SUITE_STEP(refused_seqno(ctx, 0, UINT64_MAX)); /* MsgCount + 1: only the overflow rule fails */
    SUITE_STEP(refused_seqno(ctx, 0, 0));
    SUITE_STEP(refused_seqno(ctx, 0, 1));
}

static void over_the_end(struct suite_ctx *ctx) {
    SUITE_STEP(reset_with_count(ctx, LAST_COUNT - 2));
    SUITE_STEP(message_goes_on(ctx, 0));
    SUITE_STEP(refused_seqno(ctx, 0, UINT64_MAX));
    SUITE_STEP(refused_seqno(ctx, 0, 1));
    suite_instance(ctx, "%s", "");
    for (unsigned vmpck = 1; vmpck < ABI_VMPCK_COUNT; vmpck++)
        SUITE_STEP(message_goes_on(ctx, vmpck));
}

/* Counters are 64 bits wide: nothing happens at 2^16 and 2^32. */
static void wide(struct suite_ctx *ctx) {
    static const uint64_t bounds[] = {UINT64_C(1) << 16, UINT64_C(1) << 31, UINT64_C(1) << 32,
                                      UINT64_C(1) << 63};
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        suite_instance(ctx, "from MsgCount 0x%llx", (unsigned long long)bounds[i] - 2);
        SUITE_STEP(reset_with_count(ctx, bounds[i] - 2));
        for (unsigned n = 0; n < 3; n++) SUITE_STEP(message_goes_on(ctx, 0));
    }
}

/* Only the low half of the number is right. */
static void narrow(struct suite_ctx *ctx) {
    SUITE_STEP(reset_with_count(ctx, UINT64_C(1) << 32));
    SUITE_STEP(refused_seqno(ctx, 0, 1));
    SUITE_STEP(refused_seqno(ctx, 0, (UINT64_C(1) << 33) + 1));
    suite_instance(ctx, "%s", "");
    SUITE_STEP(message_goes_on(ctx, 0));
}

#define POSITIVE(name, text, need, function, ...)                                                  \
    {                                                                                              \
        .id = "message.seqno." name, .title = text, .requirements = SUITE_REQ(__VA_ARGS__),        \
        .kind = SUITE_POSITIVE, .needs = SUITE_NEEDS_GUEST | (need), .run = function               \
    }

#define NEGATIVE(name, text, twin_name, need, function, ...)                                       \
    {                                                                                              \
        .id = "message.seqno." name, .title = text,                                                \
        .requirements = SUITE_REQ(__VA_ARGS__, "SNP-MSG-020"), .kind = SUITE_NEGATIVE,             \
        .twin = "message.seqno." twin_name, .needs = SUITE_NEEDS_GUEST | (need), .run = function   \
    }

static const struct suite_test tests[] = {
    POSITIVE("first", "the first request of each VMPCK carries 1", TARGET_PROFILE, first,
             "SNP-MSG-015", "SNP-MSG-045"),
    POSITIVE("in-a-row", "each response moves the next request's number by 2", 0, in_a_row,
             "SNP-MSG-019", "SNP-MSG-020", "SNP-MSG-045"),
    POSITIVE("in-parallel", "four VMPCKs count for themselves", 0, in_parallel, "SNP-MSG-015"),
    POSITIVE("wide", "counters pass 2^16, 2^31, 2^32 and 2^63", TARGET_PROFILE, wide,
             "SNP-MSG-015"),
    POSITIVE("before-the-end", "at MsgCount 2^64 - 4 a request is answered", TARGET_PROFILE,
             before_the_end, "SNP-MSG-021"),
    NEGATIVE("other-counter", "the number of another VMPCK's next request", "in-parallel", 0,
             other_counter, "SNP-MSG-015", "SNP-MSG-045"),
    NEGATIVE("replay", "the same request again, at once and later", "in-a-row", 0, replay,
             "SNP-MSG-045", "SNP-MSG-049", "SNP-MSG-004"),
    NEGATIVE("gap", "a number ahead, odd and even", "in-a-row", 0, gap, "SNP-MSG-045"),
    NEGATIVE("old", "every number that was in use, requests and responses", "in-a-row", 0, old,
             "SNP-MSG-045"),
    NEGATIVE("zero", "number 0", "first", 0, zero, "SNP-MSG-045"),
    NEGATIVE("at-the-end", "at MsgCount 2^64 - 2 even the number that follows", "before-the-end",
             TARGET_PROFILE, at_the_end, "SNP-MSG-021"),
    NEGATIVE("over-the-end", "a VMPCK that has come to its end; the others go on", "before-the-end",
             TARGET_PROFILE, over_the_end, "SNP-MSG-021", "SNP-MSG-015"),
    NEGATIVE("narrow", "numbers that are right in their low 32 bits only", "wide", TARGET_PROFILE,
             narrow, "SNP-MSG-015", "SNP-MSG-045"),
};

const struct suite_area message_sequence = MESSAGE_PART(tests);
