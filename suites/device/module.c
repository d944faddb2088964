/* The module: which VMPCK it takes, its probe, the message counter's end. Linux notes, sections 1 and 4. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "device/device.h"

#define COUNTER(secrets, vmpck) abi_get_le32((secrets) + ABI_SECRETS_SEQNO_LOW + (vmpck)*4)

/* ---- which VMPCK ---- */

struct choice {
    unsigned vmpl;
    int vmpck_id;
    unsigned before_6_11, from_6_11; /* the VMPCK that is used */
};

static bool uses(struct suite_ctx *ctx, struct device_call *call, unsigned vmpck) {
    struct target_driver before, after;
    abi_put_le32(target_user(AT_REQUEST + DRV_REPORT_REQ_VMPL),
                 3); /* a VMPL that every VMPCK may ask for */
    if (!suite_setup(ctx, "driver", target_driver(suite_target(ctx), &before)) ||
        !suite_result(ctx, "ioctl", 0, device_ioctl(ctx, call), "a good request") ||
        !suite_setup(ctx, "driver", target_driver(suite_target(ctx), &after)))
        return false;
    for (unsigned i = 0; i < ABI_VMPCK_COUNT; i++) {
        const uint32_t wanted = COUNTER(before.secrets, i) + (i == vmpck ? 2 : 0);
        if (!suite_equal(ctx, "os_area's counter", wanted, COUNTER(after.secrets, i),
                         "the VMPCK in use, and no other, has sent a message"))
            return false;
    }
    return true;
}

static void choice_on(struct suite_ctx *ctx, enum drv_kernel kernel, void *data) {
    const struct choice *row = data;
    const struct target_guest guest = {
        .kernel = kernel, .vmpl = row->vmpl, .vmpck_id = row->vmpck_id};
    struct device_call call = {0};
    SUITE_STEP(suite_boot(ctx, &guest));
    call.fd = suite_open_path(ctx, target_node(suite_target(ctx)), O_RDWR);
    SUITE_CHECK(ctx, "open", call.fd >= 0, "the node is there");
    device_fill(&call, REPORT);
    SUITE_STEP(uses(ctx, &call, kernel < DRV_KERNEL_6_12 ? row->before_6_11 : row->from_6_11));
}

static void choice(struct suite_ctx *ctx) {
    struct choice row = *(const struct choice *)suite_row(ctx);
    suite_each_kernel(ctx, choice_on, &row);
}

static const struct choice by_vmpl = {.vmpl = 2, .vmpck_id = DRV_VMPCK_DEFAULT, .from_6_11 = 2};
static const struct choice by_parameter = {.vmpck_id = 3, .before_6_11 = 3, .from_6_11 = 3};

/* ---- the probe ---- */

static void probe_fails(struct suite_ctx *ctx, const struct target_guest *guest, const char *rule) {
    int probe = 0;
    SUITE_STEP(suite_boot_probe(ctx, guest, &probe));
    SUITE_RESULT(ctx, "probe", -EINVAL, probe, rule);
    const long fd = suite_open_path(ctx, target_node(suite_target(ctx)), O_RDWR);
    SUITE_RESULT(ctx, "open", -ENOENT, fd, "without a driver there is no node");
}

static void bad_parameter_on(struct suite_ctx *ctx, enum drv_kernel kernel, void *data) {
    static const int ids[] = {4, 5, 255, 0x7FFFFFFF, -2};
    (void)data;
    for (size_t i = 0; i < sizeof ids / sizeof ids[0] && !suite_stopped(ctx); i++) {
        const struct target_guest guest = {.kernel = kernel, .vmpck_id = ids[i]};
        suite_instance(ctx, "Linux %s, vmpck_id %d", drv_kernel_name(kernel), ids[i]);
        probe_fails(ctx, &guest, "vmpck_id is 0 to 3");
    }
}

static void bad_parameter(struct suite_ctx *ctx) {
    suite_each_kernel(ctx, bad_parameter_on, NULL);
}

/* ROW: which VMPCK is empty, from the start. The kernel takes VMPCK0. */
static void empty_on(struct suite_ctx *ctx, enum drv_kernel kernel, void *data) {
    const struct target_guest guest = {
        .kernel = kernel, .vmpck_id = DRV_VMPCK_DEFAULT, .scenario = data};
    probe_fails(ctx, &guest, "the VMPCK in use is not all zero");
}

static void empty(struct suite_ctx *ctx) {
    char scenario[] = SUITE_SCENARIO("{\"kind\": \"wipe_vmpck\", \"value\": 0}");
    suite_each_kernel(ctx, empty_on, scenario);
}

static const struct device_case other_empty = {
    .cmd = REPORT,
    .scenario = SUITE_SCENARIO("{\"kind\": \"wipe_vmpck\", \"value\": 1}"),
    .rule = "an empty VMPCK that is not in use does not matter",
    .outcomes = {DEVICE_ANSWERED(K_ALL)},
};

/* ---- the counter's end ---- */

static void counter_end_on(struct suite_ctx *ctx, enum drv_kernel kernel, void *data) {
    struct device_call call;
    struct target_driver driver;
    (void)data;
    for (uint32_t counter = UINT32_MAX - 3; counter < UINT32_MAX - 1; counter++) {
        SUITE_STEP(device_start(ctx, kernel, NULL, REPORT, &call));
        SUITE_SETUP(ctx, "counter", target_set_counter(suite_target(ctx), 0, counter));
        /* The firmware expects a lower number: what counts is that it was asked. */
        const long result = device_ioctl(ctx, &call);
        SUITE_RESULT(ctx, "ioctl", -EIO, result,
                     "the firmware refuses a number that it does not expect");
        SUITE_SETUP(ctx, "driver", target_driver(suite_target(ctx), &driver));
        SUITE_EQUAL(ctx, "hypercalls", 1, driver.requests, "the number still fits in 32 bits");
    }
}

static void counter_end(struct suite_ctx *ctx) {
    suite_each_kernel(ctx, counter_end_on, NULL);
}

static void counter_full(struct suite_ctx *ctx, struct device_call *call) {
    (void)call;
    SUITE_SETUP(ctx, "counter", target_set_counter(suite_target(ctx), 0, UINT32_MAX - 1));
}
static void counter_last(struct suite_ctx *ctx, struct device_call *call) {
    (void)call;
    SUITE_SETUP(ctx, "counter", target_set_counter(suite_target(ctx), 0, UINT32_MAX));
}

#define OVERFLOW(k, info)                                                                          \
    { .kernels = (k), .rc = -EIO, .exitinfo2 = (info), .after = -EIO }

static const struct device_case full = {
    .cmd = REPORT,
    .change = counter_full,
    .rule = "the next number is 0xFFFFFFFF: nothing is sent, the VMPCK is kept",
    .outcomes = {OVERFLOW(K_TO_6_16, REFUSED), OVERFLOW(K_LATEST, KEPT)},
};
static const struct device_case beyond = {
    .cmd = KEY,
    .change = counter_last,
    .rule = "the next number does not fit in 32 bits",
    .outcomes = {OVERFLOW(K_TO_6_16, REFUSED), OVERFLOW(K_LATEST, KEPT)},
};

/* ---- generations ---- */

static void tsm_on(struct suite_ctx *ctx, enum drv_kernel kernel, void *data) {
    static const long wanted[DRV_KERNEL_COUNT] = {-ENOENT, -ENOENT, -ENOENT, 0, 0, 0};
    const struct target_guest guest = {
        .kernel = kernel, .vmpck_id = DRV_VMPCK_DEFAULT, .tsm = true};
    char path[256];
    (void)data;
    SUITE_STEP(suite_boot(ctx, &guest));
    (void)snprintf(path, sizeof path, "%s/kernel", target_tsm_folder(suite_target(ctx)));
    SUITE_RESULT(ctx, "mkdir", wanted[kernel], suite_path_call(ctx, TARGET_SYS_MKDIR, path, 0, 0),
                 "configfs-tsm exists from 6.7 on");
}

static void generations(struct suite_ctx *ctx) {
    suite_each_kernel(ctx, tsm_on, NULL);
}

#define NEEDS_MODULE (TARGET_DEVICE | TARGET_MODULE | TARGET_DRIVER)

static const struct suite_test tests[] = {
    {.id = "device.module.by-vmpl",
     .title = "without a parameter: VMPCK0, from 6.11 on that of the kernel's VMPL",
     .requirements = SUITE_REQ("LNX-GUEST-003"),
     .kind = SUITE_POSITIVE,
     .needs = NEEDS_MODULE,
     .run = choice,
     .row = &by_vmpl},
    {.id = "device.module.by-parameter",
     .title = "vmpck_id=3",
     .requirements = SUITE_REQ("LNX-GUEST-003", "LNX-GUEST-004"),
     .kind = SUITE_POSITIVE,
     .needs = NEEDS_MODULE,
     .run = choice,
     .row = &by_parameter},
    {.id = "device.module.bad-parameter",
     .title = "a vmpck_id that there is not",
     .requirements = SUITE_REQ("LNX-GUEST-004"),
     .kind = SUITE_NEGATIVE,
     .twin = "device.module.by-parameter",
     .needs = NEEDS_MODULE,
     .run = bad_parameter},
    {.id = "device.module.other-empty",
     .title = "a VMPCK that is empty and not in use",
     .requirements = SUITE_REQ("LNX-GUEST-005"),
     .kind = SUITE_POSITIVE,
     .needs = DEVICE_NEEDS_HOST,
     .run = device_run,
     .row = &other_empty},
    {.id = "device.module.empty",
     .title = "the VMPCK in use is empty",
     .requirements = SUITE_REQ("LNX-GUEST-005"),
     .kind = SUITE_NEGATIVE,
     .twin = "device.module.other-empty",
     .needs = DEVICE_NEEDS_HOST,
     .run = empty},
    {.id = "device.module.tsm",
     .title = "configfs-tsm is there from 6.7 on",
     .requirements = SUITE_REQ("LNX-GUEST-002"),
     .kind = SUITE_POSITIVE,
     .needs = TARGET_DEVICE | TARGET_TSM | TARGET_KERNEL,
     .run = generations},
    {.id = "device.counter.last",
     .title = "the last two numbers that fit in the counter",
     .requirements = SUITE_REQ("LNX-GUEST-038", "LNX-GUEST-012"),
     .kind = SUITE_POSITIVE,
     .needs = NEEDS_MODULE | TARGET_WIPE,
     .run = counter_end},
    {.id = "device.counter.full",
     .title = "the next number is 0xFFFFFFFF",
     .requirements = SUITE_REQ("LNX-GUEST-038", "LNX-GUEST-012"),
     .kind = SUITE_NEGATIVE,
     .twin = "device.counter.last",
     .needs = NEEDS_MODULE,
     .run = device_run,
     .row = &full},
    {.id = "device.counter.beyond",
     .title = "the next number is 2^32",
     .requirements = SUITE_REQ("LNX-GUEST-038", "LNX-GUEST-012"),
     .kind = SUITE_NEGATIVE,
     .twin = "device.counter.last",
     .needs = NEEDS_MODULE,
     .run = device_run,
     .row = &beyond},
};

const struct suite_area device_module_tests = {.tests = tests,
                                               .count = sizeof tests / sizeof tests[0]};
