/* What a flip of each header, tag and payload byte must give, made after the message was sealed. Every bit
 * of every byte is flipped. Message notes, sections 2 and 5. */
#include "message/message.h"

/* How the bits of a field are judged once they no longer are what was sealed. */
enum flip_rule {
    FLIP_FAILS_TAG, /* authenticated, or the tag itself, or the source of the IV */
    FLIP_IS_MISFIT, /* a value that a check before the tag refuses */
    FLIP_IS_SIZE,   /* MSG_SIZE: misfit, or another length under the old tag */
    FLIP_IS_VMPCK,  /* MSG_VMPCK: misfit above 3, else another key */
    FLIP_PASSES,    /* neither authenticated nor checked */
};

struct flip {
    size_t from, to; /* bytes of the page, TO included */
    enum flip_rule rule;
};

#define PAYLOAD_END (ABI_MSG_HEADER_SIZE + ABI_TSC_INFO_SIZE - 1)

static const struct flip flip_tag = {0x00, 0x0F, FLIP_FAILS_TAG};
static const struct flip flip_tag_upper = {0x10, 0x1F, FLIP_PASSES};
static const struct flip flip_seqno = {0x20, 0x27, FLIP_FAILS_TAG};
static const struct flip flip_reserved_28 = {0x28, 0x2F, FLIP_PASSES};
static const struct flip flip_algo = {0x30, 0x30, FLIP_IS_MISFIT};
static const struct flip flip_hdr_version = {0x31, 0x31, FLIP_IS_MISFIT};
static const struct flip flip_hdr_size = {0x32, 0x33, FLIP_IS_MISFIT};
static const struct flip flip_msg_type = {0x34, 0x34, FLIP_FAILS_TAG};
static const struct flip flip_msg_version = {0x35, 0x35, FLIP_FAILS_TAG};
static const struct flip flip_msg_size = {0x36, 0x37, FLIP_IS_SIZE};
static const struct flip flip_reserved_38 = {0x38, 0x3B, FLIP_FAILS_TAG};
static const struct flip flip_msg_vmpck = {0x3C, 0x3C, FLIP_IS_VMPCK};
static const struct flip flip_reserved_3d = {0x3D, 0x5F, FLIP_FAILS_TAG};
static const struct flip flip_payload = {0x60, PAYLOAD_END, FLIP_FAILS_TAG};

static bool size_fits(size_t size) {
    return size != 0 && size % 16 == 0 && size <= ABI_MSG_PAYLOAD_MAX;
}

/* The status of PAGE, which no longer is what was sealed. */
static enum abi_status wanted(enum flip_rule rule, const uint8_t page[ABI_PAGE_SIZE]) {
    switch (rule) {
    case FLIP_FAILS_TAG: return ABI_BAD_MEASUREMENT;
    case FLIP_IS_MISFIT: return ABI_INVALID_PARAM;
    case FLIP_IS_SIZE:
        return size_fits(abi_get_le16(page + 0x36)) ? ABI_BAD_MEASUREMENT : ABI_INVALID_PARAM;
    case FLIP_IS_VMPCK: return page[0x3C] <= 3 ? ABI_BAD_MEASUREMENT : ABI_INVALID_PARAM;
    case FLIP_PASSES: break;
    }
    return ABI_SUCCESS;
}

static bool flip_bit(struct suite_ctx *ctx, const struct flip *flip, size_t byte, unsigned bit) {
    struct suite_message message;
    uint8_t page[ABI_PAGE_SIZE];
    suite_instance(ctx, "byte 0x%02zx bit %u", byte, bit);
    if (!message_tsc_request(ctx, 0, &message) || !suite_seal(ctx, &message, page)) return false;
    page[byte] ^= (uint8_t)(1u << bit);
    if (flip->rule == FLIP_PASSES) return message_accepted(ctx, &message, page, ABI_SUCCESS, NULL);
    return message_refused(ctx, page, wanted(flip->rule, page), "what a flip of this bit gives");
}

static void flips(struct suite_ctx *ctx) {
    const struct flip *flip = suite_row(ctx);
    SUITE_STEP(suite_reset(ctx));
    for (size_t byte = flip->from; byte <= flip->to; byte++)
        for (unsigned bit = 0; bit < 8; bit++) SUITE_STEP(flip_bit(ctx, flip, byte, bit));
    suite_instance(ctx, "%s", "");
    SUITE_STEP(message_goes_on(ctx, 0));
}

/* Reserved bytes under firmware that does not enforce them; the switch is the profile's. Where the check of
 * an enforcing one stands, before the tag or behind it, the notes do not say: message.mbz has those. */
static void flips_lenient(struct suite_ctx *ctx) {
    if (suite_run_profile(ctx)->enforce_header_mbz) {
        suite_skip(ctx, "the profile enforces reserved header bytes");
        return;
    }
    flips(ctx);
}

/* A profile that enforces: the same bytes, and the authenticated reserved ones when they were sealed. */
static bool strict_bit(struct suite_ctx *ctx, size_t byte, unsigned bit) {
    struct suite_message message;
    uint8_t header[ABI_MSG_HEADER_SIZE];
    uint8_t page[ABI_PAGE_SIZE];
    suite_instance(ctx, "byte 0x%02zx bit %u", byte, bit);
    if (!message_tsc_request(ctx, 0, &message)) return false;
    abi_msg_header_encode(&message.header, header);
    header[byte] ^= (uint8_t)(1u << bit);
    abi_msg_header_decode(header, &message.header);
    if (!suite_seal(ctx, &message, page)) return false;
    return message_refused(ctx, page, ABI_INVALID_PARAM, "reserved header bytes must be zero");
}

static bool reset_strict(struct suite_ctx *ctx) {
    struct sevkit_profile profile = *suite_run_profile(ctx);
    profile.enforce_header_mbz = true;
    return suite_reset_as(ctx, &profile, PSP_GUEST_RUNNING);
}

static void strict(struct suite_ctx *ctx) {
    const struct flip *flip = suite_row(ctx);
    SUITE_STEP(reset_strict(ctx));
    for (size_t byte = flip->from; byte <= flip->to; byte++)
        for (unsigned bit = 0; bit < 8; bit++) SUITE_STEP(strict_bit(ctx, byte, bit));
    suite_instance(ctx, "%s", "");
    SUITE_STEP(message_goes_on(ctx, 0));
}

static void strict_good(struct suite_ctx *ctx) {
    SUITE_STEP(reset_strict(ctx));
    SUITE_STEP(message_goes_on(ctx, 0));
}

/* Reserved bytes that were sealed as they are: authentic, and not looked at. */
static void sealed_reserved(struct suite_ctx *ctx) {
    if (suite_run_profile(ctx)->enforce_header_mbz) {
        suite_skip(ctx, "the profile enforces reserved header bytes");
        return;
    }
    SUITE_STEP(suite_reset(ctx));
    struct suite_message message;
    uint8_t page[ABI_PAGE_SIZE];
    SUITE_STEP(message_tsc_request(ctx, 0, &message));
    suite_random(ctx, message.header.reserved_38, sizeof message.header.reserved_38);
    suite_random(ctx, message.header.reserved_3d, sizeof message.header.reserved_3d);
    SUITE_STEP(suite_seal(ctx, &message, page));
    SUITE_STEP(message_accepted(ctx, &message, page, ABI_SUCCESS, NULL));
}

static void unflipped(struct suite_ctx *ctx) {
    SUITE_STEP(suite_reset(ctx));
    SUITE_STEP(message_goes_on(ctx, 0));
    SUITE_STEP(message_goes_on(ctx, 0));
}

static void noise_behind(struct suite_ctx *ctx) {
    SUITE_STEP(suite_reset(ctx));
    struct suite_message message;
    uint8_t page[ABI_PAGE_SIZE];
    SUITE_STEP(message_tsc_request(ctx, 0, &message));
    SUITE_STEP(suite_seal(ctx, &message, page));
    suite_random(ctx, page + PAYLOAD_END + 1, sizeof page - PAYLOAD_END - 1);
    SUITE_STEP(message_accepted(ctx, &message, page, ABI_SUCCESS, NULL));
}

#define REFUSED_BY(function, name, flip, text, ...)                                                \
    {                                                                                              \
        .id = "message.flip." name, .title = "every flip of " text,                                \
        .requirements = SUITE_REQ(__VA_ARGS__, "SNP-MSG-020"), .kind = SUITE_NEGATIVE,             \
        .twin = "message.flip.none", .needs = SUITE_NEEDS_GUEST, .run = function, .row = &(flip)   \
    }

#define REFUSED(...) REFUSED_BY(flips, __VA_ARGS__)

#define STRICT(name, flip, text)                                                                   \
    {                                                                                              \
        .id = "message.mbz." name, .title = "firmware that enforces reserved bytes refuses " text, \
        .requirements = SUITE_REQ("SNP-MSG-010", "SNP-MSG-020"), .kind = SUITE_NEGATIVE,           \
        .twin = "message.mbz.zero", .needs = SUITE_NEEDS_GUEST | TARGET_PROFILE, .run = strict,    \
        .row = &(flip)                                                                             \
    }

#define PASSES(name, flip, text, requirement)                                                      \
    {                                                                                              \
        .id = "message.flip." name, .title = text " are neither authenticated nor checked",        \
        .requirements = SUITE_REQ(requirement), .kind = SUITE_POSITIVE,                            \
        .needs = SUITE_NEEDS_GUEST, .run = flips_lenient, .row = &(flip)                           \
    }

static const struct suite_test tests[] = {
    {.id = "message.flip.none",
     .title = "a request as it was sealed is answered, and so is the next",
     .requirements =
         SUITE_REQ("SNP-MSG-005", "SNP-MSG-007", "SNP-MSG-013", "SNP-MSG-014", "SNP-MSG-037",
                   "SNP-MSG-038", "SNP-MSG-039", "SNP-MSG-043", "SNP-MSG-044"),
     .kind = SUITE_POSITIVE,
     .needs = SUITE_NEEDS_GUEST,
     .run = unflipped},
    REFUSED("tag", flip_tag, "the tag fails the tag", "SNP-MSG-044", "SNP-MSG-006"),
    PASSES("tag-upper", flip_tag_upper, "AUTHTAG bytes 0x10 to 0x1F", "SNP-MSG-008"),
    REFUSED("seqno", flip_seqno, "MSG_SEQNO changes the IV and fails the tag", "SNP-MSG-014",
            "SNP-MSG-005"),
    PASSES("reserved-28", flip_reserved_28, "bytes 0x28 to 0x2F", "SNP-MSG-008"),
    REFUSED("algo", flip_algo, "ALGO is a misfit before the tag", "SNP-MSG-039", "SNP-MSG-049"),
    REFUSED("hdr-version", flip_hdr_version, "HDR_VERSION is a misfit before the tag",
            "SNP-MSG-037", "SNP-MSG-049"),
    REFUSED("hdr-size", flip_hdr_size, "HDR_SIZE is a misfit before the tag", "SNP-MSG-038",
            "SNP-MSG-049"),
    REFUSED("msg-type", flip_msg_type, "MSG_TYPE fails the tag, known type or not", "SNP-MSG-007",
            "SNP-MSG-049"),
    REFUSED("msg-version", flip_msg_version, "MSG_VERSION fails the tag", "SNP-MSG-007",
            "SNP-MSG-049"),
    REFUSED("msg-size", flip_msg_size, "MSG_SIZE is a misfit or fails the tag", "SNP-MSG-040",
            "SNP-MSG-041", "SNP-MSG-042", "SNP-MSG-007"),
    REFUSED_BY(flips_lenient, "reserved-38", flip_reserved_38, "bytes 0x38 to 0x3B fails the tag",
               "SNP-MSG-007"),
    REFUSED("msg-vmpck", flip_msg_vmpck, "MSG_VMPCK is above 3 or selects another key",
            "SNP-MSG-043", "SNP-MSG-013", "SNP-MSG-007"),
    REFUSED_BY(flips_lenient, "reserved-3d", flip_reserved_3d, "bytes 0x3D to 0x5F fails the tag",
               "SNP-MSG-007"),
    REFUSED("payload", flip_payload, "the ciphertext fails the tag", "SNP-MSG-044"),
    {.id = "message.flip.behind",
     .title = "bytes behind the payload are no part of the message",
     .requirements = SUITE_REQ("SNP-MSG-005"),
     .kind = SUITE_POSITIVE,
     .needs = SUITE_NEEDS_GUEST,
     .run = noise_behind},
    {.id = "message.flip.sealed-reserved",
     .title = "reserved bytes 0x38 to 0x3B and 0x3D to 0x5F are not checked when authentic",
     .requirements = SUITE_REQ("SNP-MSG-009"),
     .kind = SUITE_POSITIVE,
     .needs = SUITE_NEEDS_GUEST,
     .run = sealed_reserved},
    {.id = "message.mbz.zero",
     .title = "firmware that enforces reserved bytes answers when they are zero",
     .requirements = SUITE_REQ("SNP-MSG-010"),
     .kind = SUITE_POSITIVE,
     .needs = SUITE_NEEDS_GUEST | TARGET_PROFILE,
     .run = strict_good},
    STRICT("tag-upper", flip_tag_upper, "AUTHTAG bytes 0x10 to 0x1F"),
    STRICT("reserved-28", flip_reserved_28, "bytes 0x28 to 0x2F"),
    STRICT("reserved-38", flip_reserved_38, "bytes 0x38 to 0x3B, authentic"),
    STRICT("reserved-3d", flip_reserved_3d, "bytes 0x3D to 0x5F, authentic"),
};

const struct suite_area message_flip = MESSAGE_PART(tests);
