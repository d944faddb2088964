/* One ioctl and what there is to see of it. See device.h. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "device/device.h"

#define VMPCK0_OFFSET 0x20
#define COUNTER(secrets) abi_get_le32((secrets) + ABI_SECRETS_SEQNO_LOW)

/* Before a call. */
static struct {
    uint8_t memory[TARGET_USER_SIZE];
    struct target_driver driver;
} before;

void device_set_u64(uint64_t address, uint64_t value) {
    abi_put_le64(target_user(address), value);
}

void device_set_certs(uint64_t address, uint32_t length) {
    device_set_u64(AT_REQUEST + DRV_EXT_REPORT_CERTS_ADDRESS, address);
    abi_put_le32(target_user(AT_REQUEST + DRV_EXT_REPORT_CERTS_LEN), length);
}

uint64_t device_exitinfo2(const struct device_call *call) {
    return abi_get_le64(target_user(call->arg + DRV_REQUEST_EXITINFO2));
}

static void fill_arg(uint8_t *arg) {
    memset(arg, 0, DRV_REQUEST_SIZE);
    arg[DRV_REQUEST_MSG_VERSION] = 1;
    abi_put_le64(arg + DRV_REQUEST_REQ_DATA, AT_REQUEST);
    abi_put_le64(arg + DRV_REQUEST_RESP_DATA, AT_RESPONSE);
    abi_put_le64(arg + DRV_REQUEST_EXITINFO2, KEPT);
}

void device_fill(struct device_call *call, uint32_t cmd) {
    uint8_t *memory = target_user(TARGET_USER_BASE);
    for (size_t i = 0; i < TARGET_USER_SIZE; i++) memory[i] = (uint8_t)(i * 7 + 3);
    call->cmd = cmd;
    call->arg = AT_ARG;
    fill_arg(target_user(AT_ARG));
    memset(target_user(AT_REQUEST), 0, DRV_EXT_REPORT_REQ_SIZE);
    abi_put_le32(target_user(AT_REQUEST + (cmd == KEY ? DRV_KEY_REQ_VMPL : DRV_REPORT_REQ_VMPL)),
                 call->vmpl);
    if (cmd == KEY) return;
    for (size_t i = 0; i < 64; i++) target_user(AT_REQUEST)[i] = (uint8_t)(i ^ 0xC5);
    if (cmd == EXT) device_set_certs(AT_CERTS, CERTS_SIZE);
}

bool device_start(struct suite_ctx *ctx, enum drv_kernel kernel, const char *scenario, uint32_t cmd,
                  struct device_call *call) {
    const struct target_guest guest = {
        .kernel = kernel, .vmpck_id = DRV_VMPCK_DEFAULT, .scenario = scenario};
    if (!suite_boot(ctx, &guest)) return false;
    call->vmpl = target_level(suite_target(ctx));
    call->fd = suite_open_path(ctx, target_node(suite_target(ctx)), O_RDWR);
    if (call->fd < 0)
        return suite_setup(ctx, "the node",
                           sevkit_fail(SEVKIT_NOT_FOUND, "open", SEVKIT_NO_OFFSET,
                                       (uint64_t)-call->fd, "gives a descriptor"));
    device_fill(call, cmd);
    return true;
}

long device_ioctl(struct suite_ctx *ctx, const struct device_call *call) {
    return suite_fd_call(ctx, TARGET_SYS_IOCTL, call->fd, call->cmd, call->arg);
}

void device_no_request(struct suite_ctx *ctx, struct device_call *call) {
    (void)ctx;
    device_set_u64(call->arg + DRV_REQUEST_REQ_DATA, 0);
}

void device_no_response(struct suite_ctx *ctx, struct device_call *call) {
    (void)ctx;
    device_set_u64(call->arg + DRV_REQUEST_RESP_DATA, 0);
}

void device_readonly_response(struct suite_ctx *ctx, struct device_call *call) {
    (void)ctx;
    device_set_u64(call->arg + DRV_REQUEST_RESP_DATA, TARGET_USER_READONLY);
}

bool device_lose_key(struct suite_ctx *ctx, struct device_call *call) {
    const uint32_t cmd = call->cmd;
    device_fill(call, REPORT);
    if (!suite_result(ctx, "ioctl", -EBADMSG, device_ioctl(ctx, call),
                      "a response that does not verify loses the VMPCK"))
        return false;
    device_fill(call, cmd);
    return true;
}

/* ---- what is left behind ---- */

static bool covers(uint64_t at, uint64_t begin, size_t size) {
    return at >= begin && at - begin < size;
}

/* Whether the ioctl may have written the byte AT. */
static bool may_change(const struct device_call *call, const struct device_outcome *wanted,
                       uint64_t at) {
    const size_t response = call->cmd == KEY ? DRV_KEY_RESP_SIZE : DRV_REPORT_RESP_SIZE;
    const uint64_t length = AT_REQUEST + DRV_EXT_REPORT_CERTS_LEN;
    if (wanted->exitinfo2 != KEPT && covers(at, call->arg + DRV_REQUEST_EXITINFO2, 8)) return true;
    if ((wanted->writes & WRITES_RESPONSE) != 0 && covers(at, AT_RESPONSE, response)) return true;
    if ((wanted->writes & WRITES_LENGTH) != 0 && covers(at, length, 4)) return true;
    const uint32_t certs = abi_get_le32(before.memory + (length - TARGET_USER_BASE));
    return (wanted->writes & WRITES_CERTS) != 0 && covers(at, AT_CERTS, certs);
}

static bool memory_kept(struct suite_ctx *ctx, const struct device_call *call,
                        const struct device_outcome *wanted) {
    for (size_t i = 0; i < TARGET_USER_PATH - TARGET_USER_BASE; i++) {
        const uint64_t at = TARGET_USER_BASE + i;
        if (*target_user(at) == before.memory[i] || may_change(call, wanted, at)) continue;
        return suite_equal(ctx, "first changed byte of the program's memory", TARGET_USER_SIZE, i,
                           "nothing else is written");
    }
    return true;
}

/* Status, and of a report the user data: the request came through as it was. */
static bool response_good(struct suite_ctx *ctx, const struct device_call *call) {
    const uint8_t *response = target_user(AT_RESPONSE);
    if (!suite_status(ctx, "response STATUS", ABI_SUCCESS, abi_get_le32(response),
                      "a good request"))
        return false;
    if (call->cmd == KEY)
        return suite_check(ctx, "key", !abi_all_zero(response + 32, 32), "32 bytes at 0x20") &&
               suite_zero(ctx, "response 0x04..0x1F", response + 4, 28, "reserved");
    const uint32_t size = abi_get_le32(response + 4);
    return suite_equal(ctx, "REPORT_SIZE", 0x4A0, size, "the report's length") &&
           suite_bytes(ctx, "REPORT_DATA", before.memory + (AT_REQUEST - TARGET_USER_BASE),
                       response + 32 + 0x50, 64, "the request's user_data") &&
           suite_zero(ctx, "after the report", response + 32 + size,
                      DRV_REPORT_RESP_SIZE - 32 - size, "4000 bytes are written, zero at the end");
}

static bool exitinfo2_right(struct suite_ctx *ctx, const struct device_call *call,
                            const struct device_outcome *wanted, const char *rule) {
    if (wanted->exitinfo2 == ANY || !target_user_writable(call->arg, DRV_REQUEST_SIZE)) return true;
    return suite_equal(ctx, "exitinfo2", wanted->exitinfo2, device_exitinfo2(call), rule);
}

/* The secrets page: the counter, the key, and nothing else. */
static bool secrets_right(struct suite_ctx *ctx, const struct device_outcome *wanted,
                          const struct target_driver *after) {
    uint8_t page[ABI_PAGE_SIZE];
    memcpy(page, before.driver.secrets, sizeof page);
    abi_put_le32(page + ABI_SECRETS_SEQNO_LOW, COUNTER(page) + (wanted->counted ? 2 : 0));
    if (wanted->wiped) memset(page + VMPCK0_OFFSET, 0, ABI_VMPCK_SIZE);
    return suite_equal(ctx, "os_area's counter", COUNTER(page), COUNTER(after->secrets),
                       "2 for each message") &&
           suite_bytes(ctx, "secrets page", page, after->secrets, sizeof page,
                       "only the counter and a wiped VMPCK change");
}

static bool driver_right(struct suite_ctx *ctx, const struct device_outcome *wanted) {
    struct target_driver after;
    if (!suite_setup(ctx, "driver", target_driver(suite_target(ctx), &after))) return false;
    return suite_equal(ctx, "hypercalls", wanted->sent, after.requests - before.driver.requests,
                       "the host's count") &&
           suite_equal(ctx, "firmware requests", wanted->firmware,
                       after.fw_requests - before.driver.fw_requests, "the firmware's count") &&
           secrets_right(ctx, wanted, &after);
}

static bool after_right(struct suite_ctx *ctx, const struct device_call *call,
                        const struct device_outcome *wanted) {
    struct device_call next = *call;
    device_fill(&next, REPORT);
    return suite_result(ctx, "the next request", wanted->wiped ? -ENOTTY : wanted->after,
                        device_ioctl(ctx, &next),
                        wanted->wiped ? "the VMPCK is lost" : "what a refusal leaves behind");
}

bool device_expect(struct suite_ctx *ctx, const struct device_call *call,
                   const struct device_outcome *wanted, const char *rule) {
    const bool driver = (target_capabilities(suite_target(ctx)) & TARGET_DRIVER) != 0;
    memcpy(before.memory, target_user(TARGET_USER_BASE), sizeof before.memory);
    if (driver && !suite_setup(ctx, "driver", target_driver(suite_target(ctx), &before.driver)))
        return false;
    if (!suite_result(ctx, "ioctl", wanted->rc, device_ioctl(ctx, call), rule) ||
        !exitinfo2_right(ctx, call, wanted, rule) || !memory_kept(ctx, call, wanted))
        return false;
    const bool answered = wanted->rc == 0 && (wanted->writes & WRITES_RESPONSE) != 0;
    if (answered && !response_good(ctx, call)) return false;
    if (driver && !driver_right(ctx, wanted)) return false;
    return after_right(ctx, call, wanted);
}

const struct device_outcome *device_outcome_of(const struct device_outcome *outcomes,
                                               enum drv_kernel kernel) {
    for (; outcomes->kernels != 0; outcomes++)
        if ((outcomes->kernels & 1u << kernel) != 0) return outcomes;
    abort(); /* a case tells every generation's outcome */
}

static unsigned kernels_of(const struct device_case *row) {
    unsigned kernels = 0;
    for (const struct device_outcome *o = row->outcomes; o->kernels != 0; o++)
        kernels |= o->kernels;
    return kernels;
}

static void run_on(struct suite_ctx *ctx, enum drv_kernel kernel, void *data) {
    const struct device_case *row = data;
    struct device_call call;
    if ((kernels_of(row) & 1u << kernel) == 0) return;
    SUITE_STEP(device_start(ctx, kernel, row->scenario, row->cmd, &call));
    if (row->change != NULL) row->change(ctx, &call);
    if (suite_stopped(ctx)) return;
    SUITE_STEP(device_expect(ctx, &call, device_outcome_of(row->outcomes, kernel), row->rule));
}

bool device_concerns(struct suite_ctx *ctx, unsigned kernels) {
    const struct target *target = suite_target(ctx);
    const bool any = (target_capabilities(target) & TARGET_KERNEL) != 0;
    if (any || (kernels & 1u << target_kernel(target)) != 0) return true;
    suite_skip(ctx, "the rule is about other kernel generations than the target's");
    return false;
}

void device_run(struct suite_ctx *ctx) {
    struct device_case row = *(const struct device_case *)suite_row(ctx);
    if (device_concerns(ctx, kernels_of(&row))) suite_each_kernel(ctx, run_on, &row);
}
