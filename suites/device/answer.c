/* Good requests, up to the edges of what is still good. Linux notes, sections 2 to 4. */
#include <string.h>

#include "device/device.h"

static const struct device_case report = {
    .cmd = REPORT,
    .rule = "a good request",
    .outcomes = {DEVICE_ANSWERED(K_ALL)},
};

static const struct device_case key = {
    .cmd = KEY,
    .rule = "a good request",
    .outcomes = {DEVICE_ANSWERED(K_ALL)},
};

/* The host's certificate table is its own affair: it has none, so that every host shows the same. */
#define NO_TABLE                                                                                   \
    "{\"name\": \"suite\", \"title\": \"no certificates\", \"table\": {\"kind\": \"absent\"}}"

static const struct device_case ext = {
    .cmd = EXT,
    .scenario = NO_TABLE,
    .rule = "a good request; certs_len stays",
    .outcomes = {{.kernels = K_ALL,
                  .exitinfo2 = KEPT,
                  .sent = 1,
                  .firmware = 1,
                  .counted = true,
                  .writes = WRITES_RESPONSE | WRITES_CERTS}},
};

static void garbage_after_version(struct suite_ctx *ctx, struct device_call *call) {
    (void)ctx;
    memset(target_user(call->arg + 1), 0xEE, 7);
}

static const struct device_case version_byte = {
    .cmd = REPORT,
    .change = garbage_after_version,
    .rule = "MSG_VERSION is one byte; the seven after it are not looked at",
    .outcomes = {DEVICE_ANSWERED(K_ALL)},
};

/* The structure in memory that the program can only read. */
static void readonly_arg(struct suite_ctx *ctx, struct device_call *call) {
    (void)ctx;
    memcpy(target_user_readonly(), target_user(call->arg), DRV_REQUEST_SIZE);
    call->arg = TARGET_USER_READONLY;
}

static const struct device_case arg_readonly = {
    .cmd = REPORT,
    .change = readonly_arg,
    .rule = "success does not write the structure back",
    .outcomes = {DEVICE_ANSWERED(K_ALL)},
};

static void readonly_request(struct suite_ctx *ctx, struct device_call *call) {
    (void)ctx;
    memcpy(target_user_readonly(), target_user(AT_REQUEST), DRV_REPORT_REQ_SIZE);
    device_set_u64(call->arg + DRV_REQUEST_REQ_DATA, TARGET_USER_READONLY);
}

static const struct device_case request_readonly = {
    .cmd = REPORT,
    .change = readonly_request,
    .rule = "the request is only read",
    .outcomes = {DEVICE_ANSWERED(K_ALL)},
};

/* Buffers that end where the memory does. */
static void buffers_at_end(struct suite_ctx *ctx, struct device_call *call) {
    const uint64_t request = TARGET_USER_READONLY + TARGET_USER_READONLY_SIZE - DRV_REPORT_REQ_SIZE;
    (void)ctx;
    memcpy(target_user_readonly() + TARGET_USER_READONLY_SIZE - DRV_REPORT_REQ_SIZE,
           target_user(AT_REQUEST), DRV_REPORT_REQ_SIZE);
    device_set_u64(call->arg + DRV_REQUEST_REQ_DATA, request);
}

static const struct device_case request_at_end = {
    .cmd = REPORT,
    .change = buffers_at_end,
    .rule = "96 bytes are read and not one more",
    .outcomes = {DEVICE_ANSWERED(K_ALL)},
};

/* ---- what the driver does not judge ---- */

static void verbatim_on(struct suite_ctx *ctx, enum drv_kernel kernel, void *data) {
    struct device_call call;
    (void)data;
    SUITE_STEP(device_start(ctx, kernel, NULL, KEY, &call));
    *target_user(AT_REQUEST + 4) = 1; /* rsvd */
    SUITE_RESULT(ctx, "ioctl", 0, device_ioctl(ctx, &call),
                 "the driver does not look at the request");
    SUITE_EQUAL(ctx, "exitinfo2", KEPT, device_exitinfo2(&call), "the firmware has answered");
    SUITE_STATUS(ctx, "response STATUS", ABI_INVALID_PARAM, abi_get_le32(target_user(AT_RESPONSE)),
                 "the firmware saw the reserved byte");
    device_fill(&call, REPORT);
    SUITE_RESULT(ctx, "the next request", 0, device_ioctl(ctx, &call), "the VMPCK is kept");
}

static void verbatim(struct suite_ctx *ctx) {
    suite_each_kernel(ctx, verbatim_on, NULL);
}

/* The same key for the same request; another for each field that counts, up to the request's last byte. */
static const struct {
    uint8_t field_select; /* guest_field_select, bits 7:0 */
    size_t at;            /* the byte that is changed; 0: none */
    uint8_t value;
} key_requests[] = {{0, 0, 0},
                    {1, 0, 0} /* the policy */,
                    {0, DRV_KEY_REQ_VMPL, 3},
                    {0x20, 0, 0} /* TCB_VERSION 0 */,
                    {0x20, 31, 1} /* its microcode part, or TCB_VERSION's highest byte */};
#define KEY_REQUESTS (sizeof key_requests / sizeof key_requests[0])

static bool key_of(struct suite_ctx *ctx, struct device_call *call, size_t i, uint8_t out[32]) {
    device_fill(call, KEY);
    *target_user(AT_REQUEST + 8) = key_requests[i].field_select;
    if (key_requests[i].at != 0)
        *target_user(AT_REQUEST + key_requests[i].at) = key_requests[i].value;
    if (!suite_result(ctx, "ioctl", 0, device_ioctl(ctx, call), "a good request") ||
        !suite_status(ctx, "response STATUS", ABI_SUCCESS, abi_get_le32(target_user(AT_RESPONSE)),
                      "a good request"))
        return false;
    memcpy(out, target_user(AT_RESPONSE + 32), 32);
    return true;
}

static void keys_on(struct suite_ctx *ctx, enum drv_kernel kernel, void *data) {
    struct device_call call;
    uint8_t keys[KEY_REQUESTS][32], again[32];
    (void)data;
    SUITE_STEP(device_start(ctx, kernel, NULL, KEY, &call));
    for (size_t i = 0; i < KEY_REQUESTS; i++) {
        SUITE_STEP(key_of(ctx, &call, i, keys[i]));
        for (size_t j = 0; j < i; j++)
            SUITE_CHECK(ctx, "key", memcmp(keys[i], keys[j], sizeof again) != 0,
                        "each field of the request reaches the firmware");
    }
    SUITE_STEP(key_of(ctx, &call, 0, again));
    SUITE_BYTES(ctx, "key", keys[0], again, sizeof again, "the same request, the same key");
}

static void keys(struct suite_ctx *ctx) {
    suite_each_kernel(ctx, keys_on, NULL);
}

/* The report is of the VMPL that was asked for: a level above the kernel's own is a good request. */
static void levels_on(struct suite_ctx *ctx, enum drv_kernel kernel, void *data) {
    static const uint32_t cmds[] = {REPORT, EXT};
    const bool ours = !target_is_real(suite_target(ctx)); /* a real host's table may not fit */
    (void)data;
    for (size_t i = 0; i < (ours ? 2 : 1); i++) {
        struct device_call call;
        SUITE_STEP(device_start(ctx, kernel, NULL, cmds[i], &call));
        for (call.vmpl = target_level(suite_target(ctx)); call.vmpl < 4; call.vmpl++) {
            device_fill(&call, cmds[i]);
            SUITE_RESULT(ctx, "ioctl", 0, device_ioctl(ctx, &call), "a good request");
            SUITE_EQUAL(ctx, "report's VMPL", call.vmpl,
                        abi_get_le32(target_user(AT_RESPONSE + 32 + 0x30)), "the request's");
        }
    }
}

static void levels(struct suite_ctx *ctx) {
    suite_each_kernel(ctx, levels_on, NULL);
}

static const struct suite_test tests[] = {
    {.id = "device.report.answered",
     .title = "SNP_GET_REPORT gives a report of the caller's user data",
     .requirements = SUITE_REQ("LNX-GUEST-001", "LNX-GUEST-010", "LNX-GUEST-011", "LNX-GUEST-013",
                               "LNX-GUEST-014", "LNX-GUEST-015", "LNX-GUEST-017", "LNX-GUEST-020",
                               "LNX-GUEST-022", "LNX-GUEST-024", "LNX-GUEST-039", "LNX-GUEST-040",
                               "LNX-GUEST-041", "LNX-GUEST-047", "LNX-GUEST-048", "LNX-GUEST-050",
                               "LNX-GUEST-051", "LNX-GUEST-052", "LNX-GUEST-053", "LNX-GUEST-054",
                               "LNX-GUEST-055", "LNX-NODE-007", "LNX-NODE-009", "LNX-NODE-010",
                               "GHCB-REQ-001", "GHCB-REQ-006"),
     .kind = SUITE_POSITIVE,
     .needs = TARGET_DEVICE,
     .run = device_run,
     .row = &report},
    {.id = "device.key.answered",
     .title = "SNP_GET_DERIVED_KEY writes 64 bytes and not one more",
     .requirements = SUITE_REQ("LNX-GUEST-001", "LNX-GUEST-020", "LNX-GUEST-023", "LNX-GUEST-024"),
     .kind = SUITE_POSITIVE,
     .needs = TARGET_DEVICE,
     .run = device_run,
     .row = &key},
    {.id = "device.key.stable",
     .title = "the key request reaches the firmware as it is",
     .requirements = SUITE_REQ("LNX-GUEST-021"),
     .kind = SUITE_POSITIVE,
     .needs = TARGET_DEVICE,
     .run = keys},
    {.id = "device.report.levels",
     .title = "reports of each VMPL that the guest may name",
     .requirements = SUITE_REQ("LNX-GUEST-021"),
     .kind = SUITE_POSITIVE,
     .needs = TARGET_DEVICE,
     .run = levels},
    {.id = "device.ext.answered",
     .title = "SNP_GET_EXT_REPORT gives a report and fills the certificate pages",
     .requirements = SUITE_REQ("LNX-GUEST-001", "LNX-GUEST-020", "LNX-GUEST-022", "LNX-GUEST-031",
                               "LNX-GUEST-032", "LNX-GUEST-033", "LNX-GUEST-037", "GHCB-REQ-007"),
     .kind = SUITE_POSITIVE,
     .needs = DEVICE_NEEDS_HOST,
     .run = device_run,
     .row = &ext},
    {.id = "device.version.byte",
     .title = "bytes 1 to 7 of the ioctl's structure are not looked at",
     .requirements = SUITE_REQ("LNX-GUEST-016"),
     .kind = SUITE_POSITIVE,
     .needs = TARGET_DEVICE,
     .run = device_run,
     .row = &version_byte},
    {.id = "device.arg.read-only",
     .title = "a successful ioctl does not write its structure",
     .requirements = SUITE_REQ("LNX-GUEST-018", "LNX-GUEST-019"),
     .kind = SUITE_POSITIVE,
     .needs = TARGET_DEVICE,
     .run = device_run,
     .row = &arg_readonly},
    {.id = "device.request.read-only",
     .title = "a request in memory that can only be read",
     .requirements = SUITE_REQ("LNX-GUEST-021"),
     .kind = SUITE_POSITIVE,
     .needs = TARGET_DEVICE,
     .run = device_run,
     .row = &request_readonly},
    {.id = "device.request.at-end",
     .title = "a request whose last byte is the last of the memory",
     .requirements = SUITE_REQ("LNX-GUEST-021", "LNX-NODE-007"),
     .kind = SUITE_POSITIVE,
     .needs = TARGET_DEVICE,
     .run = device_run,
     .row = &request_at_end},
    {.id = "device.request.verbatim",
     .title = "a request that the firmware refuses in its response is a successful ioctl",
     .requirements = SUITE_REQ("LNX-GUEST-021", "GHCB-REQ-002"),
     .kind = SUITE_POSITIVE,
     .needs = TARGET_DEVICE | TARGET_WIPE,
     .run = verbatim},
};

const struct suite_area device_answer_tests = {.tests = tests,
                                               .count = sizeof tests / sizeof tests[0]};
