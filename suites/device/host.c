/* Errors of the host: the firmware's status, the hypervisor's own errors, calls that the guest kernel cannot
 * make. Linux notes, section 4, send path e to j; the twin of each is the same request on a host that behaves. */
#include "device/device.h"

#define FAULT(kind, value)                                                                         \
    SUITE_SCENARIO("{\"kind\": \"" kind "\", \"first\": 1, \"count\": 1, \"value\": " value "}")
#define SECOND(kind, value)                                                                        \
    SUITE_SCENARIO("{\"kind\": \"" kind "\", \"first\": 2, \"count\": 1, \"value\": " value "}")

/* A call that fails: 5.19 keeps key and counter, later ones count it and lose the key. */
#define FAILS(result, info)                                                                        \
    {.kernels = K_5_19, .rc = (result), .exitinfo2 = (info), .sent = 1}, {                         \
        .kernels = K_FROM_6_1, .rc = (result), .exitinfo2 = (info), .sent = 1, .counted = true,    \
        .wiped = true                                                                              \
    }
#define VMM(error) ((uint64_t)(error) << 32)

#define CASE(NAME, CMD, HOST, RULE, ...)                                                           \
    static const struct device_case NAME = {                                                       \
        .cmd = (CMD), .scenario = HOST, .rule = (RULE), .outcomes = {__VA_ARGS__}}

CASE(status, REPORT, FAULT("fw_status", "\"INVALID_PARAM\""),
     "the firmware's status is in bits 31:0", FAILS(-EIO, ABI_INVALID_PARAM));
CASE(status_key, KEY, FAULT("fw_status", "\"AEAD_OFLOW\""), "the firmware's status is in bits 31:0",
     FAILS(-EIO, ABI_AEAD_OFLOW));
CASE(status_ext, EXT, FAULT("fw_status", "\"INVALID_GUEST\""),
     "the firmware's status is in bits 31:0", FAILS(-EIO, ABI_INVALID_GUEST));
/* The firmware's own INVALID_LEN is not the hypervisor's. */
CASE(status_length, EXT, FAULT("fw_status", "\"INVALID_LENGTH\""),
     "4 in the lower half says nothing of certificates", FAILS(-EIO, ABI_INVALID_LENGTH));
CASE(vmm, REPORT, FAULT("vmm_error", "5"), "the hypervisor's error is in bits 63:32",
     FAILS(-EIO, VMM(5)));
CASE(generic, EXT, FAULT("vmm_error", "4294967295"), "KVM's generic error is ~0 in bits 63:32",
     FAILS(-EIO, VMM(UINT32_MAX)));

/* INVALID_LEN where no certificates were asked for: no call reaches the firmware, so that the next number is
 * one that it does not expect. */
CASE(length_plain, REPORT, FAULT("vmm_error", "1"),
     "INVALID_LEN of a plain request is an error like any other, but for the key",
     {.kernels = K_5_19, .rc = -EIO, .exitinfo2 = DRV_EXITINFO2_INVALID_LEN, .sent = 1},
     {.kernels = K_6_1_0,
      .rc = -EIO,
      .exitinfo2 = DRV_EXITINFO2_INVALID_LEN,
      .sent = 1,
      .counted = true,
      .wiped = true},
     {.kernels = K_FROM_6_3,
      .rc = -EIO,
      .exitinfo2 = DRV_EXITINFO2_INVALID_LEN,
      .sent = 1,
      .counted = true,
      .after = -EIO});

/* The table does not fit, and the plain request after it fails too. */
static void probe(struct suite_ctx *ctx, struct device_call *call) {
    (void)ctx;
    (void)call;
    device_set_certs(AT_CERTS, 0);
}

static const struct device_case second_fails = {
    .cmd = EXT,
    .change = probe,
    .scenario = SECOND("fw_status", "\"INVALID_PARAM\""),
    .rule = "exitinfo2 is INVALID_LEN whatever the second call gave",
    .outcomes = {{.kernels = K_5_19,
                  .rc = -EIO,
                  .exitinfo2 = DRV_EXITINFO2_INVALID_LEN,
                  .sent = 1,
                  .writes = WRITES_LENGTH,
                  .after = -EIO},
                 {.kernels = K_6_1_0,
                  .rc = -EIO,
                  .exitinfo2 = DRV_EXITINFO2_INVALID_LEN,
                  .sent = 2,
                  .counted = true,
                  .wiped = true,
                  .writes = WRITES_LENGTH},
                 {.kernels = K_FROM_6_3,
                  .rc = -EIO,
                  .exitinfo2 = DRV_EXITINFO2_INVALID_LEN,
                  .sent = 2,
                  .counted = true,
                  .writes = WRITES_LENGTH,
                  .after = -EIO}},
};
static const struct device_case second_es = {
    .cmd = EXT,
    .change = probe,
    .scenario = SECOND("es_result", "1"),
    .rule = "the result is the second call's failure",
    .outcomes = {{.kernels = K_5_19,
                  .rc = -EIO,
                  .exitinfo2 = DRV_EXITINFO2_INVALID_LEN,
                  .sent = 1,
                  .writes = WRITES_LENGTH,
                  .after = 1},
                 {.kernels = K_FROM_6_1,
                  .rc = 1,
                  .exitinfo2 = DRV_EXITINFO2_INVALID_LEN,
                  .sent = 2,
                  .counted = true,
                  .wiped = true,
                  .writes = WRITES_LENGTH}},
};

/* ---- calls that the guest kernel cannot make: one class, five results ---- */

static const char *const es_scenarios[] = {FAULT("es_result", "1"), FAULT("es_result", "2"),
                                           FAULT("es_result", "3"), FAULT("es_result", "4"),
                                           FAULT("es_result", "5")};

static void es_on(struct suite_ctx *ctx, enum drv_kernel kernel, void *data) {
    (void)data;
    for (long result = 1; result <= 5; result++) {
        struct device_call call;
        const struct device_outcome outcomes[] = {
            {.kernels = K_5_19, .rc = result, .exitinfo2 = ANY, .sent = 1},
            {.kernels = K_6_1_0,
             .rc = result,
             .exitinfo2 = ANY,
             .sent = 1,
             .counted = true,
             .wiped = true},
            {.kernels = K_FROM_6_3,
             .rc = result,
             .exitinfo2 = DRV_EXITINFO2_NO_FW_CALL,
             .sent = 1,
             .counted = true,
             .wiped = true},
        };
        suite_instance(ctx, "Linux %s, es_result %ld", drv_kernel_name(kernel), result);
        SUITE_STEP(device_start(ctx, kernel, es_scenarios[result - 1], REPORT, &call));
        SUITE_STEP(device_expect(ctx, &call, device_outcome_of(outcomes, kernel),
                                 "a failed call's enum es_result is the ioctl's own result"));
    }
}

static void es_results(struct suite_ctx *ctx) {
    suite_each_kernel(ctx, es_on, NULL);
}

#define NEGATIVE(ID, TITLE, TWIN, RUN, ROW, ...)                                                   \
    {                                                                                              \
        .id = (ID), .title = (TITLE), .requirements = SUITE_REQ(__VA_ARGS__),                      \
        .kind = SUITE_NEGATIVE, .twin = (TWIN), .needs = DEVICE_NEEDS_HOST | TARGET_WIPE,          \
        .run = (RUN), .row = (ROW)                                                                 \
    }

static const struct suite_test tests[] = {
    NEGATIVE("device.host.status", "SNP_GET_REPORT: the firmware refuses the message",
             "device.report.answered", device_run, &status, "LNX-GUEST-039", "LNX-GUEST-041",
             "LNX-GUEST-048", "LNX-GUEST-050", "GHCB-REQ-001"),
    NEGATIVE("device.host.status-key", "SNP_GET_DERIVED_KEY: the firmware refuses the message",
             "device.key.answered", device_run, &status_key, "LNX-GUEST-039"),
    NEGATIVE("device.host.status-ext", "SNP_GET_EXT_REPORT: the firmware refuses the message",
             "device.ext.table", device_run, &status_ext, "LNX-GUEST-039"),
    NEGATIVE("device.host.status-length", "the firmware, not the hypervisor, answers INVALID_LEN",
             "device.ext.table", device_run, &status_length, "LNX-GUEST-036", "LNX-GUEST-039"),
    NEGATIVE("device.host.vmm-error", "an error of the hypervisor's own", "device.report.answered",
             device_run, &vmm, "LNX-GUEST-039", "LNX-GUEST-041", "GHCB-REQ-006"),
    NEGATIVE("device.host.vmm-generic", "KVM's generic error", "device.ext.table", device_run,
             &generic, "LNX-GUEST-039"),
    NEGATIVE("device.host.length-plain", "INVALID_LEN for a request without certificates",
             "device.report.answered", device_run, &length_plain, "LNX-GUEST-041", "LNX-GUEST-049"),
    NEGATIVE("device.host.second-fails", "the plain request after INVALID_LEN fails",
             "device.ext.grows", device_run, &second_fails, "LNX-GUEST-043", "LNX-GUEST-049"),
    NEGATIVE("device.host.second-es-result", "the plain call after INVALID_LEN cannot be made",
             "device.ext.grows", device_run, &second_es, "LNX-GUEST-040", "LNX-GUEST-043",
             "LNX-GUEST-049"),
    NEGATIVE("device.host.es-result", "the guest kernel cannot make the call",
             "device.report.answered", es_results, NULL, "LNX-GUEST-040", "LNX-GUEST-047"),
};

const struct suite_area device_host_tests = {.tests = tests,
                                             .count = sizeof tests / sizeof tests[0]};
