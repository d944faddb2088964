/* Responses that do not verify. Linux notes, section 4, send path k. The response is bit-flipped, replayed, late
 * or cut on its way; each is EBADMSG and costs the VMPCK. Which of its checks the driver made first cannot be
 * seen here: emulator/driver/tests/guest_response.c shows each alone. */
#include "device/device.h"

#define FAULT(kind, first, value)                                                                  \
    SUITE_SCENARIO("{\"kind\": \"" kind "\", \"first\": " first                                    \
                   ", \"count\": 1, \"value\": " value "}")
#define PLAIN_FAULT(kind, first)                                                                   \
    SUITE_SCENARIO("{\"kind\": \"" kind "\", \"first\": " first ", \"count\": 1}")
#define FLIP(bit) FAULT("flip_bit", "1", bit)

/* 5.19 counts what it could decode. */
#define BAD_MESSAGE                                                                                \
    {.kernels = K_5_19,                                                                            \
     .rc = -EBADMSG,                                                                               \
     .exitinfo2 = KEPT,                                                                            \
     .sent = 1,                                                                                    \
     .firmware = 1,                                                                                \
     .wiped = true},                                                                               \
    {                                                                                              \
        .kernels = K_FROM_6_1, .rc = -EBADMSG, .exitinfo2 = KEPT, .sent = 1, .firmware = 1,        \
        .counted = true, .wiped = true                                                             \
    }

#define CASE(NAME, CMD, CHANGE, HOST, RULE)                                                        \
    static const struct device_case NAME = {.cmd = (CMD),                                          \
                                            .change = (CHANGE),                                    \
                                            .scenario = HOST,                                      \
                                            .rule = (RULE),                                        \
                                            .outcomes = {BAD_MESSAGE}}

/* A good request before the one that the fault meets. */
static void second(struct suite_ctx *ctx, struct device_call *call) {
    const uint32_t cmd = call->cmd;
    SUITE_RESULT(ctx, "the request before", 0, device_ioctl(ctx, call), "a good request");
    device_fill(call, cmd);
}

CASE(seqno, REPORT, NULL, FLIP("256"), "MSG_SEQNO is the request's plus 1");
CASE(type, REPORT, NULL, FLIP("416"), "MSG_TYPE is the request's plus 1");
CASE(version, REPORT, NULL, FLIP("424"), "MSG_VERSION is the request's");
CASE(size, REPORT, NULL, FLIP("447"), "MSG_SIZE is at most 4000");
CASE(key_size, KEY, NULL, FLIP("439"), "MSG_SIZE is at most 64");
CASE(larger, REPORT, NULL, FLIP("432"), "the tag covers MSG_SIZE");
CASE(smaller, REPORT, NULL, FLIP("438"), "the tag covers MSG_SIZE");
CASE(algo, REPORT, NULL, FLIP("384"), "the tag covers ALGO");
CASE(hdr_version, REPORT, NULL, FLIP("392"), "the tag covers HDR_VERSION");
CASE(hdr_size, REPORT, NULL, FLIP("400"), "the tag covers HDR_SIZE");
CASE(vmpck, REPORT, NULL, FLIP("480"), "the tag covers MSG_VMPCK");
CASE(tag, REPORT, NULL, FLIP("0"), "the tag is the message's");
CASE(key_tag, KEY, NULL, FLIP("127"), "the tag is the message's");
CASE(ciphertext, EXT, NULL, FLIP("768"), "the tag covers the ciphertext");
CASE(replayed, REPORT, second, PLAIN_FAULT("replay", "2"), "MSG_SEQNO is the request's plus 1");
CASE(late, REPORT, NULL, PLAIN_FAULT("reorder", "1"), "a response page without a response");
CASE(cut, REPORT, NULL, FAULT("truncate", "1", "1000"), "the tag covers the ciphertext");
CASE(empty, REPORT, NULL, FAULT("truncate", "1", "0"), "a response page without a response");

/* Bytes 0x28..0x2F are neither looked at nor under the tag. */
static const struct device_case reserved = {
    .cmd = REPORT,
    .scenario = FLIP("320"),
    .rule = "reserved bytes before ALGO are not looked at",
    .outcomes = {DEVICE_ANSWERED(K_ALL)},
};

#define NEGATIVE(ID, TITLE, TWIN, ROW, ...)                                                        \
    {                                                                                              \
        .id = (ID), .title = (TITLE), .requirements = SUITE_REQ(__VA_ARGS__),                      \
        .kind = SUITE_NEGATIVE, .twin = (TWIN), .needs = DEVICE_NEEDS_HOST | TARGET_WIPE,          \
        .run = device_run, .row = (ROW)                                                            \
    }

static const struct suite_test tests[] = {
    {.id = "device.response.reserved",
     .title = "a reserved byte of the response that the tag does not cover",
     .requirements = SUITE_REQ("LNX-GUEST-056"),
     .kind = SUITE_POSITIVE,
     .needs = DEVICE_NEEDS_HOST,
     .run = device_run,
     .row = &reserved},
    NEGATIVE("device.response.seqno", "MSG_SEQNO of another message", "device.report.answered",
             &seqno, "LNX-GUEST-055", "LNX-GUEST-050"),
    NEGATIVE("device.response.type", "MSG_TYPE of another message", "device.report.answered", &type,
             "LNX-GUEST-055"),
    NEGATIVE("device.response.version", "MSG_VERSION is not the request's",
             "device.report.answered", &version, "LNX-GUEST-055"),
    NEGATIVE("device.response.size", "MSG_SIZE beyond the page", "device.report.answered", &size,
             "LNX-GUEST-055"),
    NEGATIVE("device.response.key-size", "MSG_SIZE beyond a key's response", "device.key.answered",
             &key_size, "LNX-GUEST-055"),
    NEGATIVE("device.response.larger", "MSG_SIZE one more", "device.report.answered", &larger,
             "LNX-GUEST-055"),
    NEGATIVE("device.response.smaller", "MSG_SIZE 0x40 less", "device.report.answered", &smaller,
             "LNX-GUEST-055"),
    NEGATIVE("device.response.algo", "ALGO changed", "device.response.reserved", &algo,
             "LNX-GUEST-055", "LNX-GUEST-056"),
    NEGATIVE("device.response.hdr-version", "HDR_VERSION changed", "device.response.reserved",
             &hdr_version, "LNX-GUEST-055", "LNX-GUEST-056"),
    NEGATIVE("device.response.hdr-size", "HDR_SIZE changed", "device.response.reserved", &hdr_size,
             "LNX-GUEST-055", "LNX-GUEST-056"),
    NEGATIVE("device.response.vmpck", "MSG_VMPCK changed", "device.response.reserved", &vmpck,
             "LNX-GUEST-055", "LNX-GUEST-056"),
    NEGATIVE("device.response.tag", "the first bit of a report's tag", "device.report.answered",
             &tag, "LNX-GUEST-055", "LNX-GUEST-048"),
    NEGATIVE("device.response.key-tag", "the last bit of a key's tag", "device.key.answered",
             &key_tag, "LNX-GUEST-055"),
    NEGATIVE("device.response.ciphertext", "a bit of the ciphertext, with certificates",
             "device.ext.table", &ciphertext, "LNX-GUEST-055"),
    NEGATIVE("device.response.replayed", "the response of the request before",
             "device.report.answered", &replayed, "LNX-GUEST-051"),
    NEGATIVE("device.response.late", "no response: it comes with the next request",
             "device.report.answered", &late, "LNX-GUEST-051"),
    NEGATIVE("device.response.cut", "a response whose end is zero", "device.report.answered", &cut,
             "LNX-GUEST-055"),
    NEGATIVE("device.response.empty", "a response page of zeros", "device.report.answered", &empty,
             "LNX-GUEST-051"),
};

const struct suite_area device_response_tests = {.tests = tests,
                                                 .count = sizeof tests / sizeof tests[0]};
