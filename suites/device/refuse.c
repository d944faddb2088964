/* What the driver refuses before it calls the host, and user memory that is not there. Linux notes, section 4.
 * A test of several addresses is one class: memory of one kind. */
#include <string.h>

#include "device/device.h"

/* Addresses at which SIZE bytes do not all lie in the memory. */
static const uint64_t *wild(size_t size, size_t *count) {
    static uint64_t addresses[6];
    addresses[0] = TARGET_USER_HOLE;
    addresses[1] = TARGET_USER_HOLE - size + 1; /* its last byte is not there */
    addresses[2] = 8;
    addresses[3] = UINT64_C(0x7ffffffffff8);     /* at the end of user space */
    addresses[4] = UINT64_C(0x8000000000000000); /* not canonical */
    addresses[5] = UINT64_C(0xffffffff81000000); /* the kernel's */
    *count = sizeof addresses / sizeof addresses[0];
    return addresses;
}

/* What a test of wild addresses does at each. */
struct wild_case {
    uint32_t cmds[3]; /* ends with 0 */
    size_t size;      /* of what lies there; 0: the command's response */
    void (*point)(struct device_call *call, uint64_t address);
    const char *rule;
    struct device_outcome outcome;
};

static void point_arg(struct device_call *call, uint64_t address) {
    call->arg = address;
}
static void point_request(struct device_call *call, uint64_t address) {
    device_set_u64(AT_ARG + DRV_REQUEST_REQ_DATA, address);
    (void)call;
}
static void point_response(struct device_call *call, uint64_t address) {
    device_set_u64(AT_ARG + DRV_REQUEST_RESP_DATA, address);
    (void)call;
}

static size_t size_at(const struct wild_case *row, uint32_t cmd) {
    if (row->size != 0) return row->size;
    return cmd == KEY ? DRV_KEY_RESP_SIZE : DRV_REPORT_RESP_SIZE;
}

static void wild_on(struct suite_ctx *ctx, enum drv_kernel kernel, void *data) {
    const struct wild_case *row = data;
    struct device_call call;
    for (size_t c = 0; c < 3 && row->cmds[c] != 0; c++) {
        size_t count;
        const uint64_t *addresses = wild(size_at(row, row->cmds[c]), &count);
        SUITE_STEP(device_start(ctx, kernel, NULL, row->cmds[c], &call));
        for (size_t i = 0; i < count; i++) {
            suite_instance(ctx, "Linux %s, ioctl 0x%x, address 0x%llx", drv_kernel_name(kernel),
                           (unsigned)row->cmds[c], (unsigned long long)addresses[i]);
            device_fill(&call, row->cmds[c]);
            row->point(&call, addresses[i]);
            SUITE_STEP(device_expect(ctx, &call, &row->outcome, row->rule));
        }
    }
}

static void wild_run(struct suite_ctx *ctx) {
    struct wild_case row = *(const struct wild_case *)suite_row(ctx);
    suite_each_kernel(ctx, wild_on, &row);
}

static const struct wild_case arg_wild = {
    .cmds = {REPORT, KEY},
    .size = DRV_REQUEST_SIZE,
    .point = point_arg,
    .rule = "the structure cannot be read",
    .outcome = DEVICE_REFUSED_SILENTLY(K_ALL, EFAULT),
};
static const struct wild_case request_wild = {
    .cmds = {REPORT},
    .size = DRV_REPORT_REQ_SIZE,
    .point = point_request,
    .rule = "the request's 96 bytes cannot be read",
    .outcome = DEVICE_REFUSED(K_ALL, EFAULT),
};
static const struct wild_case key_request_wild = {
    .cmds = {KEY},
    .size = DRV_KEY_REQ_SIZE,
    .point = point_request,
    .rule = "the request's 32 bytes cannot be read",
    .outcome = DEVICE_REFUSED(K_ALL, EFAULT),
};
static const struct wild_case response_wild = {
    .cmds = {REPORT, KEY},
    .point = point_response,
    .rule = "the response cannot be written; it was sent for, and the VMPCK is kept",
    .outcome = DEVICE_NOT_COPIED(0),
};

/* ---- one defect each ---- */

static void version_zero(struct suite_ctx *ctx, struct device_call *call) {
    (void)ctx;
    *target_user(call->arg + DRV_REQUEST_MSG_VERSION) = 0;
}
static void version_above_byte(struct suite_ctx *ctx, struct device_call *call) {
    (void)ctx;
    abi_put_le32(target_user(call->arg + DRV_REQUEST_MSG_VERSION), 0x100);
}
static void unknown(struct suite_ctx *ctx, struct device_call *call) {
    (void)ctx;
    call->cmd = NO_SUCH;
}
static void other_size(struct suite_ctx *ctx, struct device_call *call) {
    (void)ctx;
    call->cmd = UINT32_C(0xC0105300); /* SEV_ISSUE_CMD of /dev/sev */
}
/* The structure can be read only, and there is something to write back. */
static void readonly_refusal(struct suite_ctx *ctx, struct device_call *call) {
    device_no_response(ctx, call);
    memcpy(target_user_readonly(), target_user(call->arg), DRV_REQUEST_SIZE);
    call->arg = TARGET_USER_READONLY;
}

#define CASE(NAME, CMD, CHANGE, RULE, ...)                                                         \
    static const struct device_case NAME = {                                                       \
        .cmd = (CMD), .change = (CHANGE), .rule = (RULE), .outcomes = {__VA_ARGS__}}

CASE(version_0, REPORT, version_zero, "MSG_VERSION 0 is refused",
     DEVICE_REFUSED_SILENTLY(K_ALL, EINVAL));
CASE(version_256, REPORT, version_above_byte, "MSG_VERSION is one byte, and it is 0",
     DEVICE_REFUSED_SILENTLY(K_ALL, EINVAL));
CASE(unknown_command, REPORT, unknown, "there is no such ioctl", DEVICE_REFUSED(K_ALL, ENOTTY));
CASE(command_size, REPORT, other_size, "the number holds the structure's size, 32",
     DEVICE_REFUSED(K_ALL, ENOTTY));
CASE(report_no_request, REPORT, device_no_request, "req_data must not be 0",
     DEVICE_REFUSED(K_ALL, EINVAL));
CASE(report_no_response, REPORT, device_no_response, "resp_data must not be 0",
     DEVICE_REFUSED(K_ALL, EINVAL));
CASE(key_no_request, KEY, device_no_request, "req_data must not be 0",
     DEVICE_REFUSED(K_ALL, EINVAL));
CASE(key_no_response, KEY, device_no_response, "resp_data must not be 0",
     DEVICE_REFUSED(K_ALL, EINVAL));
CASE(response_readonly, REPORT, device_readonly_response, "the response cannot be written",
     DEVICE_NOT_COPIED(0));
CASE(key_response_readonly, KEY, device_readonly_response, "the response cannot be written",
     DEVICE_NOT_COPIED(0));
CASE(write_back, REPORT, readonly_refusal, "EFAULT of the write-back takes EINVAL's place",
     DEVICE_REFUSED_SILENTLY(K_ALL, EFAULT));

#define NEGATIVE(ID, TITLE, TWIN, RUN, ROW, ...)                                                   \
    {                                                                                              \
        .id = (ID), .title = (TITLE), .requirements = SUITE_REQ(__VA_ARGS__),                      \
        .kind = SUITE_NEGATIVE, .twin = (TWIN), .needs = TARGET_DEVICE, .run = (RUN), .row = (ROW) \
    }

static const struct suite_test tests[] = {
    NEGATIVE("device.arg.unreadable", "the ioctl's structure does not lie in the memory",
             "device.report.answered", wild_run, &arg_wild, "LNX-GUEST-013", "LNX-NODE-007"),
    NEGATIVE("device.version.zero", "MSG_VERSION 0", "device.report.answered", device_run,
             &version_0, "LNX-GUEST-014"),
    NEGATIVE("device.version.above-byte", "a client's 32-bit MSG_VERSION of 0x100",
             "device.version.byte", device_run, &version_256, "LNX-GUEST-014", "LNX-GUEST-016"),
    NEGATIVE("device.command.unknown", "an ioctl with the number after the last",
             "device.report.answered", device_run, &unknown_command, "LNX-GUEST-015",
             "LNX-GUEST-017"),
    NEGATIVE("device.command.size", "the first ioctl's number with a size of 16 bytes",
             "device.report.answered", device_run, &command_size, "LNX-GUEST-001", "LNX-GUEST-015"),
    NEGATIVE("device.report.no-request", "SNP_GET_REPORT with req_data 0", "device.report.answered",
             device_run, &report_no_request, "LNX-GUEST-017", "LNX-GUEST-020"),
    NEGATIVE("device.report.no-response", "SNP_GET_REPORT with resp_data 0",
             "device.report.answered", device_run, &report_no_response, "LNX-GUEST-017",
             "LNX-GUEST-018", "LNX-GUEST-020"),
    NEGATIVE("device.key.no-request", "SNP_GET_DERIVED_KEY with req_data 0", "device.key.answered",
             device_run, &key_no_request, "LNX-GUEST-020"),
    NEGATIVE("device.key.no-response", "SNP_GET_DERIVED_KEY with resp_data 0",
             "device.key.answered", device_run, &key_no_response, "LNX-GUEST-020"),
    NEGATIVE("device.report.request-unreadable",
             "SNP_GET_REPORT's request does not lie in the memory", "device.request.at-end",
             wild_run, &request_wild, "LNX-GUEST-021", "LNX-NODE-007"),
    NEGATIVE("device.key.request-unreadable",
             "SNP_GET_DERIVED_KEY's request does not lie in the memory", "device.key.answered",
             wild_run, &key_request_wild, "LNX-GUEST-021"),
    NEGATIVE("device.response.missing", "the response's bytes do not all lie in the memory",
             "device.report.answered", wild_run, &response_wild, "LNX-GUEST-022", "LNX-GUEST-023",
             "LNX-GUEST-024", "LNX-NODE-007"),
    NEGATIVE("device.report.response-read-only", "SNP_GET_REPORT's response can only be read",
             "device.report.answered", device_run, &response_readonly, "LNX-GUEST-022",
             "LNX-GUEST-024"),
    NEGATIVE("device.key.response-read-only", "SNP_GET_DERIVED_KEY's response can only be read",
             "device.key.answered", device_run, &key_response_readonly, "LNX-GUEST-023",
             "LNX-GUEST-024"),
    NEGATIVE("device.arg.write-back", "a refused ioctl whose structure cannot be written",
             "device.arg.read-only", device_run, &write_back, "LNX-GUEST-018", "LNX-GUEST-019"),
};

const struct suite_area device_refuse_tests = {.tests = tests,
                                               .count = sizeof tests / sizeof tests[0]};
