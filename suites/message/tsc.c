/* TSC_INFO_REQ and TSC_INFO_RSP. Message notes, section 8. */
#include "message/message.h"

/* Clock of the reference and of the guest, to make a ratio. */
struct clocks {
    uint32_t reference_khz, desired_khz;
};

/* 8.32 fixed point, rounded up in the last bit, the integer part cut to 8 bits. */
static uint64_t scale_of(uint64_t reference_khz, uint64_t desired_khz) {
    const uint64_t whole = desired_khz / reference_khz;
    const uint64_t rest = desired_khz % reference_khz; /* below 2^32: the shift loses nothing */
    const uint64_t fraction = ((rest << 32) + reference_khz - 1) / reference_khz;
    return ((whole << 32) + fraction) & UINT64_C(0xFFFFFFFFFF);
}

static bool ask(struct suite_ctx *ctx, uint8_t rsp[ABI_TSC_INFO_SIZE]) {
    size_t size;
    return suite_call(ctx, 0, ABI_MSG_TSC_INFO_REQ, 1, NULL, ABI_TSC_INFO_SIZE, rsp,
                      ABI_TSC_INFO_SIZE, &size) &&
           suite_equal(ctx, "MSG_SIZE", ABI_TSC_INFO_SIZE, size, "TSC_INFO_RSP is 0x80 bytes");
}

static void check_fields(struct suite_ctx *ctx, const struct sevkit_profile *profile, void *data) {
    (void)data;
    uint8_t rsp[ABI_TSC_INFO_SIZE];
    SUITE_STEP(ask(ctx, rsp));
    SUITE_STATUS(ctx, "STATUS", ABI_SUCCESS, abi_get_le32(rsp), "the request is all zero");
    SUITE_ZERO(ctx, "bytes 0x04 to 0x07", rsp + 0x04, 4, "reserved bytes are zero");
    SUITE_EQUAL(ctx, "GUEST_TSC_SCALE",
                scale_of(profile->tsc_reference_khz, profile->tsc_desired_khz),
                abi_get_le64(rsp + 0x08), "desired frequency over reference clock, 8.32");
    SUITE_EQUAL(ctx, "GUEST_TSC_OFFSET", profile->tsc_offset, abi_get_le64(rsp + 0x10),
                "the context's TSC offset");
    SUITE_EQUAL(ctx, "TSC_FACTOR", profile->tsc_factor, abi_get_le32(rsp + 0x18),
                "the processor's spread-spectrum decrease");
    SUITE_ZERO(ctx, "bytes 0x1C to 0x7F", rsp + 0x1C, 0x64, "reserved bytes are zero");
}

static void fields(struct suite_ctx *ctx) {
    suite_each_profile(ctx, check_fields, NULL);
}

/* Ratios below and above one, that do not come out even, and beyond 255. */
static const struct clocks ratios[] = {
    {99800, 1000000}, {99800, 3},       {100000, 2600001}, {99800, 99799},
    {3, 3 * 255 + 1}, {3, 3 * 256 + 1}, {7, 7 * 515 + 3},
};

static void scale(struct suite_ctx *ctx) {
    for (size_t i = 0; i < sizeof ratios / sizeof ratios[0]; i++) {
        struct sevkit_profile profile = *suite_run_profile(ctx);
        profile.tsc_reference_khz = ratios[i].reference_khz;
        profile.tsc_desired_khz = ratios[i].desired_khz;
        profile.tsc_offset = UINT64_C(0x8000000000000001) + i;
        profile.tsc_factor = 200 + (uint32_t)i;
        suite_instance(ctx, "%u kHz over %u kHz", (unsigned)ratios[i].desired_khz,
                       (unsigned)ratios[i].reference_khz);
        SUITE_STEP(suite_reset_as(ctx, &profile, PSP_GUEST_RUNNING));
        check_fields(ctx, &profile, NULL);
        if (suite_stopped(ctx)) return;
    }
}

static void reserved(struct suite_ctx *ctx) {
    SUITE_STEP(suite_reset(ctx));
    for (size_t byte = 0; byte < ABI_TSC_INFO_SIZE; byte++) {
        struct suite_message message;
        uint8_t page[ABI_PAGE_SIZE];
        struct suite_response response;
        suite_instance(ctx, "byte 0x%02zx", byte);
        SUITE_STEP(message_tsc_request(ctx, 0, &message));
        message.payload[byte] = (uint8_t)(1u << byte % 8);
        SUITE_STEP(suite_seal(ctx, &message, page));
        SUITE_STEP(message_accepted(ctx, &message, page, ABI_INVALID_PARAM, &response));
        SUITE_ZERO(ctx, "bytes 0x04 to 0x7F", response.payload + 4, ABI_TSC_INFO_SIZE - 4,
                   "a response with an error is zero behind STATUS");
    }
}

static const struct suite_test tests[] = {
    {.id = "message.tsc.fields",
     .title = "every field of TSC_INFO_RSP, for every profile",
     .requirements = SUITE_REQ("SNP-TSC-001", "SNP-TSC-002", "SNP-TSC-003", "SNP-TSC-004",
                               "SNP-TSC-005", "SNP-TSC-006"),
     .kind = SUITE_POSITIVE,
     .needs = SUITE_NEEDS_GUEST,
     .run = fields},
    {.id = "message.tsc.scale",
     .title = "scale, offset and factor follow the profile's clocks",
     .requirements = SUITE_REQ("SNP-TSC-003", "SNP-TSC-004", "SNP-TSC-005"),
     .kind = SUITE_POSITIVE,
     .needs = SUITE_NEEDS_GUEST | TARGET_PROFILE,
     .run = scale},
    {.id = "message.tsc.reserved",
     .title = "each byte of TSC_INFO_REQ that is not zero",
     .requirements = SUITE_REQ("SNP-TSC-001", "SNP-MSG-002", "SNP-MSG-019"),
     .kind = SUITE_NEGATIVE,
     .twin = "message.tsc.fields",
     .needs = SUITE_NEEDS_GUEST,
     .run = reserved},
};

const struct suite_area message_tsc = MESSAGE_PART(tests);
