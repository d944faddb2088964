/* The order of the driver's checks: of two defects the earlier one answers. The order of the table is the
 * contract's, Linux notes, section 4; the lost VMPCK is in it twice, since 6.13 moved it. Two defects of one field
 * are no pair; neighbours with one errno (the null pointers) show no order among themselves. */
#include <string.h>

#include "device/device.h"

struct defect {
    const char *name;
    void (*make)(struct device_call *call);
    unsigned kernels;     /* where it stands at this place */
    const char *scenario; /* of the host that it needs */
    long host; /* what that host's fault makes of the next request, if it is still to come */
    bool lost; /* the VMPCK is lost before */
    enum { NO_FIELD, REQ_DATA, RESP_DATA, LENGTH, ADDRESS } field; /* that it writes */
    struct device_outcome outcomes[3];
};

static void nothing(struct device_call *call) {
    (void)call;
}
static void arg_missing(struct device_call *call) {
    /* Its first eight bytes are there, MSG_VERSION among them. */
    call->arg = TARGET_USER_HOLE - 8;
    memcpy(target_user(call->arg), target_user(AT_ARG), 8);
}
static void version_zero(struct device_call *call) {
    (void)call;
    *target_user(AT_ARG + DRV_REQUEST_MSG_VERSION) = 0;
}
static void unknown(struct device_call *call) {
    call->cmd = NO_SUCH;
}
static void no_request(struct device_call *call) {
    (void)call;
    device_set_u64(AT_ARG + DRV_REQUEST_REQ_DATA, 0);
}
static void no_response(struct device_call *call) {
    (void)call;
    device_set_u64(AT_ARG + DRV_REQUEST_RESP_DATA, 0);
}
static void request_missing(struct device_call *call) {
    (void)call;
    device_set_u64(AT_ARG + DRV_REQUEST_REQ_DATA, TARGET_USER_HOLE);
}
static void certs_long(struct device_call *call) {
    (void)call;
    abi_put_le32(target_user(AT_REQUEST + DRV_EXT_REPORT_CERTS_LEN), 0x5000);
}
static void certs_unaligned(struct device_call *call) {
    (void)call;
    abi_put_le32(target_user(AT_REQUEST + DRV_EXT_REPORT_CERTS_LEN), 0x3FFF);
}
static void certs_beyond_user(struct device_call *call) {
    (void)call;
    device_set_u64(AT_REQUEST + DRV_EXT_REPORT_CERTS_ADDRESS, UINT64_C(0x7fffffffc000));
}
static void certs_missing(struct device_call *call) {
    (void)call;
    device_set_u64(AT_REQUEST + DRV_EXT_REPORT_CERTS_ADDRESS, TARGET_USER_HOLE);
}
static void response_readonly(struct device_call *call) {
    (void)call;
    device_set_u64(AT_ARG + DRV_REQUEST_RESP_DATA, TARGET_USER_READONLY);
}

#define HOST_FAILS                                                                                 \
    SUITE_SCENARIO("{\"kind\": \"fw_status\", \"first\": 1, \"count\": 1, \"value\": 22}")
#define SENT .exitinfo2 = KEPT, .sent = 1, .firmware = 1

static const struct defect defects[] = {
    {"arg", arg_missing, K_ALL, .outcomes = {DEVICE_REFUSED_SILENTLY(K_ALL, EFAULT)}},
    {"version", version_zero, K_ALL, .outcomes = {DEVICE_REFUSED_SILENTLY(K_ALL, EINVAL)}},
    {"lost-early", nothing, K_TO_6_12, .lost = true,
     .outcomes = {DEVICE_REFUSED_SILENTLY(K_ALL, ENOTTY)}},
    {"command", unknown, K_ALL, .outcomes = {DEVICE_REFUSED(K_ALL, ENOTTY)}},
    {"no-request", no_request, K_ALL, .field = REQ_DATA,
     .outcomes = {DEVICE_REFUSED(K_ALL, EINVAL)}},
    {"no-response", no_response, K_ALL, .field = RESP_DATA,
     .outcomes = {DEVICE_REFUSED(K_ALL, EINVAL)}},
    {"request", request_missing, K_ALL, .field = REQ_DATA,
     .outcomes = {DEVICE_REFUSED(K_ALL, EFAULT)}},
    {"certs-long", certs_long, K_ALL, .field = LENGTH, .outcomes = {DEVICE_REFUSED(K_ALL, EINVAL)}},
    {"certs-unaligned", certs_unaligned, K_ALL, .field = LENGTH,
     .outcomes = {DEVICE_REFUSED(K_ALL, EINVAL)}},
    {"certs-range", certs_beyond_user, K_ALL, .field = ADDRESS,
     .outcomes = {DEVICE_REFUSED(K_ALL, EFAULT)}},
    {"lost-late", nothing, K_6_16 | K_LATEST, .lost = true,
     .outcomes = {DEVICE_REFUSED(K_6_16, ENOTTY), DEVICE_REFUSED_SILENTLY(K_LATEST, ENOTTY)}},
    {"host", nothing, K_ALL, .scenario = HOST_FAILS, .host = -EIO,
     .outcomes = {{.kernels = K_5_19, .rc = -EIO, .exitinfo2 = ABI_INVALID_PARAM, .sent = 1},
                  {.kernels = K_FROM_6_1,
                   .rc = -EIO,
                   .exitinfo2 = ABI_INVALID_PARAM,
                   .sent = 1,
                   .counted = true,
                   .wiped = true}}},
    {"tag", nothing, K_ALL, .scenario = DEVICE_FLIP, .host = -EBADMSG,
     .outcomes = {{.kernels = K_5_19, .rc = -EBADMSG, SENT, .wiped = true},
                  {.kernels = K_FROM_6_1, .rc = -EBADMSG, SENT, .counted = true, .wiped = true}}},
    {"certs-missing", certs_missing, K_ALL, .field = ADDRESS, .outcomes = {DEVICE_NOT_COPIED(0)}},
    {"response", response_readonly, K_ALL, .field = RESP_DATA,
     .outcomes = {DEVICE_NOT_COPIED(WRITES_CERTS)}},
};
#define DEFECT_COUNT (sizeof defects / sizeof defects[0])

/* FIRST answers, with SECOND there too. */
static void pair(struct suite_ctx *ctx, enum drv_kernel kernel, const struct defect *first,
                 const struct defect *second) {
    struct device_call call;
    const bool lost = first->lost || second->lost;
    const char *scenario = first->scenario != NULL ? first->scenario : second->scenario;
    suite_instance(ctx, "Linux %s, %s with %s", drv_kernel_name(kernel), first->name, second->name);
    SUITE_STEP(device_start(ctx, kernel, lost ? DEVICE_FLIP : scenario, EXT, &call));
    if (lost) SUITE_STEP(device_lose_key(ctx, &call));
    second->make(&call);
    first->make(&call);
    struct device_outcome wanted = *device_outcome_of(first->outcomes, kernel);
    if (lost) wanted.wiped = true;
    if (wanted.sent == 0) wanted.after = second->host; /* it is the host's first request */
    /* A fault that costs the key shows in the request after it. */
    SUITE_STEP(device_expect(ctx, &call, &wanted, "the earlier check answers"));
}

static void order_on(struct suite_ctx *ctx, enum drv_kernel kernel, void *data) {
    const struct defect *first = defects + *(const size_t *)data;
    if ((first->kernels & 1u << kernel) == 0) return;
    for (const struct defect *second = first + 1; second < defects + DEFECT_COUNT; second++) {
        const bool same = first->field != NO_FIELD && first->field == second->field;
        if (!same && (second->kernels & 1u << kernel) != 0) pair(ctx, kernel, first, second);
        if (suite_stopped(ctx)) return;
    }
}

static void order(struct suite_ctx *ctx) {
    size_t first = (size_t)((const struct defect *)suite_row(ctx) - defects);
    if (device_concerns(ctx, defects[first].kernels)) suite_each_kernel(ctx, order_on, &first);
}

#define ORDER(ID, TITLE, ROW, ...)                                                                 \
    {                                                                                              \
        .id = (ID), .title = (TITLE), .requirements = SUITE_REQ(__VA_ARGS__),                      \
        .kind = SUITE_NEGATIVE, .twin = "device.ext.table",                                        \
        .needs = DEVICE_NEEDS_HOST | TARGET_WIPE, .run = order, .row = &defects[ROW]               \
    }

static const struct suite_test tests[] = {
    ORDER("device.order.arg", "an unreadable structure before all else", 0, "LNX-GUEST-013"),
    ORDER("device.order.version", "MSG_VERSION before all that follows", 1, "LNX-GUEST-014"),
    ORDER("device.order.lost-early", "up to 6.12 the lost VMPCK before the command", 2,
          "LNX-GUEST-010"),
    ORDER("device.order.command", "the command before its pointers", 3, "LNX-GUEST-015"),
    ORDER("device.order.no-request", "a null request before all that follows", 4, "LNX-GUEST-020"),
    ORDER("device.order.no-response", "a null response before the request is read", 5,
          "LNX-GUEST-020"),
    ORDER("device.order.request", "an unreadable request before the certificates' length", 6,
          "LNX-GUEST-021"),
    ORDER("device.order.certs-long", "certs_len before certs_address", 7, "LNX-GUEST-031"),
    ORDER("device.order.certs-unaligned", "certs_len of no pages before certs_address", 8,
          "LNX-GUEST-032"),
    ORDER("device.order.certs-range", "certs_address before the call", 9, "LNX-GUEST-033"),
    ORDER("device.order.lost-late", "from 6.13 on the lost VMPCK before the call", 10,
          "LNX-GUEST-011", "LNX-GUEST-012"),
    ORDER("device.order.host", "the host's error before the response is looked at", 11,
          "LNX-GUEST-039"),
    ORDER("device.order.tag", "the response is verified before anything is copied", 12,
          "LNX-GUEST-055"),
    ORDER("device.order.certs-missing", "certificates are copied before the report", 13,
          "LNX-GUEST-037"),
};

const struct suite_area device_order_tests = {.tests = tests,
                                              .count = sizeof tests / sizeof tests[0]};
