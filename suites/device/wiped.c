/* After the VMPCK is lost. Linux notes, section 4: where the generations look for it, and what they write back. */
#include "device/device.h"

static void lost(struct suite_ctx *ctx, struct device_call *call) {
    SUITE_STEP(device_lose_key(ctx, call));
}
static void lost_null(struct suite_ctx *ctx, struct device_call *call) {
    SUITE_STEP(device_lose_key(ctx, call));
    device_set_u64(call->arg + DRV_REQUEST_REQ_DATA, 0);
}
static void lost_unreadable(struct suite_ctx *ctx, struct device_call *call) {
    SUITE_STEP(device_lose_key(ctx, call));
    device_set_u64(call->arg + DRV_REQUEST_REQ_DATA, TARGET_USER_HOLE);
}
static void lost_length(struct suite_ctx *ctx, struct device_call *call) {
    SUITE_STEP(device_lose_key(ctx, call));
    device_set_certs(AT_CERTS, 0x1001);
}
static void lost_unknown(struct suite_ctx *ctx, struct device_call *call) {
    SUITE_STEP(device_lose_key(ctx, call));
    call->cmd = NO_SUCH;
}
static void lost_version(struct suite_ctx *ctx, struct device_call *call) {
    SUITE_STEP(device_lose_key(ctx, call));
    *target_user(call->arg + DRV_REQUEST_MSG_VERSION) = 0;
}

#define EARLY                                                                                      \
    { .kernels = K_TO_6_12, .rc = -ENOTTY, .exitinfo2 = KEPT, .wiped = true }
#define LATE(error)                                                                                \
    { .kernels = K_6_16 | K_LATEST, .rc = -(error), .exitinfo2 = REFUSED, .wiped = true }
#define DISABLED                                                                                   \
    EARLY, {.kernels = K_6_16, .rc = -ENOTTY, .exitinfo2 = REFUSED, .wiped = true}, {              \
        .kernels = K_LATEST, .rc = -ENOTTY, .exitinfo2 = KEPT, .wiped = true                       \
    }

#define CASE(NAME, CMD, CHANGE, RULE, ...)                                                         \
    static const struct device_case NAME = {.cmd = (CMD),                                          \
                                            .change = (CHANGE),                                    \
                                            .scenario = DEVICE_FLIP,                               \
                                            .rule = (RULE),                                        \
                                            .outcomes = {__VA_ARGS__}}

CASE(report, REPORT, lost, "a lost VMPCK disables the device", DISABLED);
CASE(key, KEY, lost, "a lost VMPCK disables the device", DISABLED);
CASE(ext, EXT, lost, "a lost VMPCK disables the device", DISABLED);
CASE(null_pointer, REPORT, lost_null, "from 6.13 on pointers are looked at first", EARLY,
     LATE(EINVAL));
CASE(unreadable, REPORT, lost_unreadable, "from 6.13 on the request is read first", EARLY,
     LATE(EFAULT));
CASE(length, EXT, lost_length, "from 6.13 on certs_len is looked at first", EARLY, LATE(EINVAL));
CASE(unknown, REPORT, lost_unknown, "from 6.13 on the command is looked at first", EARLY,
     LATE(ENOTTY));
CASE(version, REPORT, lost_version, "MSG_VERSION is looked at first, always",
     {.kernels = K_ALL, .rc = -EINVAL, .exitinfo2 = KEPT, .wiped = true});

/* The one way to lose the VMPCK without a hostile host: the firmware refuses the message. */
static void version_high(struct suite_ctx *ctx, struct device_call *call) {
    (void)ctx;
    *target_user(call->arg + DRV_REQUEST_MSG_VERSION) = 255;
}

static const struct device_case refused_message = {
    .cmd = REPORT,
    .change = version_high,
    .rule = "MSG_VERSION goes to the firmware, which knows no such one",
    .outcomes =
        {{.kernels = K_5_19, .rc = -EIO, .exitinfo2 = ABI_INVALID_PARAM, .sent = 1, .firmware = 1},
         {.kernels = K_FROM_6_1,
          .rc = -EIO,
          .exitinfo2 = ABI_INVALID_PARAM,
          .sent = 1,
          .firmware = 1,
          .counted = true,
          .wiped = true}},
};

#define NEGATIVE(ID, TITLE, TWIN, ROW, ...)                                                        \
    {                                                                                              \
        .id = (ID), .title = (TITLE), .requirements = SUITE_REQ(__VA_ARGS__),                      \
        .kind = SUITE_NEGATIVE, .twin = (TWIN), .needs = DEVICE_NEEDS_HOST | TARGET_WIPE,          \
        .run = device_run, .row = (ROW)                                                            \
    }

static const struct suite_test tests[] = {
    NEGATIVE("device.wiped.report", "SNP_GET_REPORT without a VMPCK", "device.report.answered",
             &report, "LNX-GUEST-010", "LNX-GUEST-011", "LNX-GUEST-012", "LNX-GUEST-050"),
    NEGATIVE("device.wiped.key", "SNP_GET_DERIVED_KEY without a VMPCK", "device.key.answered", &key,
             "LNX-GUEST-010", "LNX-GUEST-011", "LNX-GUEST-012"),
    NEGATIVE("device.wiped.ext", "SNP_GET_EXT_REPORT without a VMPCK", "device.ext.table", &ext,
             "LNX-GUEST-010", "LNX-GUEST-011", "LNX-GUEST-012"),
    NEGATIVE("device.wiped.null-pointer", "without a VMPCK, and req_data 0",
             "device.report.answered", &null_pointer, "LNX-GUEST-010", "LNX-GUEST-011"),
    NEGATIVE("device.wiped.unreadable", "without a VMPCK, and a request that is not there",
             "device.report.answered", &unreadable, "LNX-GUEST-010", "LNX-GUEST-011"),
    NEGATIVE("device.wiped.length", "without a VMPCK, and certs_len of no whole pages",
             "device.ext.table", &length, "LNX-GUEST-010", "LNX-GUEST-011"),
    NEGATIVE("device.wiped.unknown", "without a VMPCK, and an ioctl that there is not",
             "device.report.answered", &unknown, "LNX-GUEST-010", "LNX-GUEST-015"),
    NEGATIVE("device.wiped.version", "without a VMPCK, and MSG_VERSION 0", "device.report.answered",
             &version, "LNX-GUEST-014"),
    {.id = "device.wiped.by-firmware",
     .title = "MSG_VERSION 255: the firmware refuses the message, and the VMPCK is lost",
     .requirements = SUITE_REQ("LNX-GUEST-016", "LNX-GUEST-039", "LNX-GUEST-050", "GHCB-REQ-001"),
     .kind = SUITE_NEGATIVE,
     .twin = "device.report.answered",
     .needs = TARGET_DEVICE | TARGET_WIPE,
     .run = device_run,
     .row = &refused_message},
};

const struct suite_area device_wiped_tests = {.tests = tests,
                                              .count = sizeof tests / sizeof tests[0]};
