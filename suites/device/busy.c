/* A host that is busy. Linux notes, section 4, send path g. Waits are virtual but on a real machine, which no
 * scenario makes busy. */
#include "device/device.h"

#define BUSY(first, count)                                                                         \
    SUITE_SCENARIO("{\"kind\": \"busy\", \"first\": " first ", \"count\": " count "}")

/* Up to 6.2 an error like any other. */
#define BUSY_FAILS(next)                                                                           \
    {.kernels = K_5_19, .rc = -EIO, .exitinfo2 = DRV_EXITINFO2_BUSY, .sent = 1, .after = (next)},  \
    {                                                                                              \
        .kernels = K_6_1_0, .rc = -EIO, .exitinfo2 = DRV_EXITINFO2_BUSY, .sent = 1,                \
        .counted = true, .wiped = true                                                             \
    }

/* Whether a busy host fails the ioctl, or is asked again, is the generation's. */
static const struct device_case three = {
    .cmd = REPORT,
    .scenario = BUSY("1", "3"),
    .rule = "BUSY is asked again, with the same number",
    .outcomes = {DEVICE_ANSWERED_AFTER(3)},
};
static const struct device_case three_key = {
    .cmd = KEY,
    .scenario = BUSY("1", "3"),
    .rule = "BUSY is asked again, with the same number",
    .outcomes = {DEVICE_ANSWERED_AFTER(3)},
};
/* Two seconds and a tick lie between calls: the 31st finds more than a minute gone. */
static const struct device_case long_enough = {
    .cmd = REPORT,
    .scenario = BUSY("1", "30"),
    .rule = "the call a minute after the first is still made",
    .outcomes = {DEVICE_ANSWERED_AFTER(30)},
};
static const struct device_case for_ever = {
    .cmd = REPORT,
    .scenario = BUSY("1", "\"all\""),
    .rule = "after more than a minute it gives up",
    .outcomes = {BUSY_FAILS(-EIO),
                 {.kernels = K_FROM_6_3,
                  .rc = -ETIMEDOUT,
                  .exitinfo2 = DRV_EXITINFO2_BUSY,
                  .sent = 31,
                  .counted = true,
                  .wiped = true}},
};
static const struct device_case once = {
    .cmd = REPORT,
    .scenario = BUSY("1", "1"),
    .rule = "up to 6.2 BUSY is EIO like any other error",
    .outcomes = {BUSY_FAILS(0)},
};
static const struct device_case then_fails = {
    .cmd = REPORT,
    .scenario =
        SUITE_SCENARIO("{\"kind\": \"busy\", \"first\": 1, \"count\": 1},"
                       "{\"kind\": \"fw_status\", \"first\": 2, \"count\": 1, \"value\": 22}"),
    .rule = "what the second call gives counts",
    .outcomes = {{.kernels = K_FROM_6_3,
                  .rc = -EIO,
                  .exitinfo2 = ABI_INVALID_PARAM,
                  .sent = 2,
                  .counted = true,
                  .wiped = true}},
};

static const struct suite_test tests[] = {
    {.id = "device.busy.three-times",
     .title = "a host that is busy three times, then answers a report request",
     .requirements = SUITE_REQ("LNX-GUEST-044", "LNX-GUEST-045", "LNX-GUEST-046"),
     .kind = SUITE_POSITIVE,
     .needs = DEVICE_NEEDS_HOST,
     .run = device_run,
     .row = &three},
    {.id = "device.busy.three-times-key",
     .title = "a host that is busy three times, then answers a key request",
     .requirements = SUITE_REQ("LNX-GUEST-045"),
     .kind = SUITE_POSITIVE,
     .needs = DEVICE_NEEDS_HOST,
     .run = device_run,
     .row = &three_key},
    {.id = "device.busy.last-call",
     .title = "a host that answers the last call before the limit",
     .requirements = SUITE_REQ("LNX-GUEST-046"),
     .kind = SUITE_POSITIVE,
     .needs = DEVICE_NEEDS_HOST,
     .run = device_run,
     .row = &long_enough},
    {.id = "device.busy.for-ever",
     .title = "a host that stays busy",
     .requirements = SUITE_REQ("LNX-GUEST-046", "GHCB-REQ-006"),
     .kind = SUITE_NEGATIVE,
     .twin = "device.busy.last-call",
     .needs = DEVICE_NEEDS_HOST | TARGET_WIPE,
     .run = device_run,
     .row = &for_ever},
    {.id = "device.busy.not-asked-again",
     .title = "a busy host up to Linux 6.2",
     .requirements = SUITE_REQ("LNX-GUEST-041", "LNX-GUEST-044"),
     .kind = SUITE_NEGATIVE,
     .twin = "device.report.answered",
     .needs = DEVICE_NEEDS_HOST | TARGET_WIPE,
     .run = device_run,
     .row = &once},
    {.id = "device.busy.then-fails",
     .title = "a host that is busy, then refuses",
     .requirements = SUITE_REQ("LNX-GUEST-039", "LNX-GUEST-045"),
     .kind = SUITE_NEGATIVE,
     .twin = "device.busy.three-times",
     .needs = DEVICE_NEEDS_HOST | TARGET_WIPE,
     .run = device_run,
     .row = &then_fails},
};

const struct suite_area device_busy_tests = {.tests = tests,
                                             .count = sizeof tests / sizeof tests[0]};
