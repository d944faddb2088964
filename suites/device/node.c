/* The node and its descriptors. Linux notes, section 1: what a kernel's own file layer makes of it. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "device/device.h"

#define AT_STAT (TARGET_USER_BASE + 0x3000)
#define MISC_MAJOR 10

static void node_on_own_kernel(struct suite_ctx *ctx, struct device_call *call) {
    SUITE_STEP(device_start(ctx, target_kernel(suite_target(ctx)), NULL, REPORT, call));
}

static long open_node(struct suite_ctx *ctx, int flags) {
    return suite_open_path(ctx, target_node(suite_target(ctx)), flags);
}

static void is_misc(struct suite_ctx *ctx) {
    struct device_call call;
    node_on_own_kernel(ctx, &call);
    if (suite_stopped(ctx)) return;
    const char *node = target_node(suite_target(ctx));
    SUITE_RESULT(ctx, "stat", 0, suite_path_call(ctx, TARGET_SYS_STAT, node, AT_STAT, 0),
                 "the node is there");
    const uint32_t mode = abi_get_le32(target_user(AT_STAT));
    SUITE_CHECK(ctx, "st_mode", S_ISCHR(mode), "a character device");
    SUITE_EQUAL(ctx, "st_uid", 0, abi_get_le32(target_user(AT_STAT + 4)), "root's");
    SUITE_EQUAL(ctx, "major number", MISC_MAJOR, abi_get_le32(target_user(AT_STAT + 8)),
                "a misc device");
}

static void any_mode(struct suite_ctx *ctx) {
    static const int modes[] = {O_RDONLY, O_WRONLY, O_RDWR, O_RDWR | O_NONBLOCK, O_RDWR | O_TRUNC};
    struct device_call call;
    node_on_own_kernel(ctx, &call);
    for (size_t i = 0; i < sizeof modes / sizeof modes[0] && !suite_stopped(ctx); i++) {
        suite_instance(ctx, "flags 0x%x", (unsigned)modes[i]);
        call.fd = open_node(ctx, modes[i]);
        SUITE_CHECK(ctx, "open", call.fd >= 0, "every access mode opens");
        device_fill(&call, REPORT);
        SUITE_RESULT(ctx, "ioctl", 0, device_ioctl(ctx, &call), "the mode does not matter");
    }
}

static void two_openers(struct suite_ctx *ctx) {
    struct device_call first;
    node_on_own_kernel(ctx, &first);
    if (suite_stopped(ctx)) return;
    struct device_call second = first;
    second.fd = open_node(ctx, O_RDWR);
    SUITE_CHECK(ctx, "open", second.fd >= 0 && second.fd != first.fd, "a second opener is served");
    for (unsigned i = 0; i < 3; i++) {
        SUITE_RESULT(ctx, "first opener", 0, device_ioctl(ctx, &first), "one counter serves both");
        SUITE_RESULT(ctx, "second opener", 0, device_ioctl(ctx, &second),
                     "one counter serves both");
    }
    SUITE_RESULT(ctx, "close", 0, suite_fd_call(ctx, TARGET_SYS_CLOSE, first.fd, 0, 0),
                 "it closes");
    SUITE_RESULT(ctx, "second opener", 0, device_ioctl(ctx, &second), "it is not the first's file");
}

/* ---- descriptors ---- */

static void duplicates(struct suite_ctx *ctx) {
    struct device_call call;
    node_on_own_kernel(ctx, &call);
    if (suite_stopped(ctx)) return;
    const long first = call.fd;
    call.fd = suite_fd_call(ctx, TARGET_SYS_DUP, first, 0, 0);
    SUITE_CHECK(ctx, "dup", call.fd >= 0, "a descriptor can be duplicated");
    SUITE_RESULT(ctx, "close", 0, suite_fd_call(ctx, TARGET_SYS_CLOSE, first, 0, 0), "it closes");
    SUITE_RESULT(ctx, "ioctl", 0, device_ioctl(ctx, &call), "the duplicate goes on");
    const struct target_syscall child = {
        .nr = TARGET_SYS_IOCTL, .in_child = true, .args = {(uint64_t)call.fd, call.cmd, call.arg}};
    SUITE_RESULT(ctx, "a child's ioctl", 0, target_syscall(suite_target(ctx), &child),
                 "a child has the descriptor too");
    SUITE_RESULT(ctx, "ioctl", 0, device_ioctl(ctx, &call), "and its parent still");
}

static void closed(struct suite_ctx *ctx) {
    struct device_call call;
    node_on_own_kernel(ctx, &call);
    if (suite_stopped(ctx)) return;
    SUITE_RESULT(ctx, "close", 0, suite_fd_call(ctx, TARGET_SYS_CLOSE, call.fd, 0, 0), "it closes");
    SUITE_RESULT(ctx, "ioctl", -EBADF, device_ioctl(ctx, &call), "the last descriptor is closed");
}

/* ---- what the driver does not have; psp-run's descriptor answers these itself ---- */

/* ROW: the call. */
static void no_handler(struct suite_ctx *ctx) {
    const enum target_sys nr = *(const enum target_sys *)suite_row(ctx);
    struct device_call call;
    node_on_own_kernel(ctx, &call);
    if (suite_stopped(ctx)) return;
    SUITE_RESULT(ctx, "result", -EINVAL, suite_fd_call(ctx, nr, call.fd, AT_STAT, 16),
                 "the driver has no handler for it");
    SUITE_RESULT(ctx, "ioctl", 0, device_ioctl(ctx, &call), "and the device goes on");
}

static void other_type(struct suite_ctx *ctx) {
    static const struct device_outcome refused = DEVICE_REFUSED(K_ALL, ENOTTY);
    struct device_call call;
    node_on_own_kernel(ctx, &call);
    if (suite_stopped(ctx)) return;
    call.cmd = UINT32_C(0xC0205400); /* type 'T' */
    SUITE_STEP(device_expect(ctx, &call, &refused, "there is no such ioctl"));
}

/* ---- paths ---- */

struct path_case {
    const char *below; /* what is put after the node's name */
    int flags;
    long wanted;
    const char *rule;
};

static void path(struct suite_ctx *ctx) {
    const struct path_case *row = suite_row(ctx);
    char text[512];
    struct device_call call;
    node_on_own_kernel(ctx, &call);
    if (suite_stopped(ctx)) return;
    (void)snprintf(text, sizeof text, "%s%s", target_node(suite_target(ctx)), row->below);
    SUITE_RESULT(ctx, "open", row->wanted, suite_open_path(ctx, text, row->flags), row->rule);
    SUITE_RESULT(ctx, "ioctl", 0, device_ioctl(ctx, &call), "who has it open is not disturbed");
}

static void no_link(struct suite_ctx *ctx) {
    struct device_call call;
    node_on_own_kernel(ctx, &call);
    if (suite_stopped(ctx)) return;
    const char *node = target_node(suite_target(ctx));
    SUITE_RESULT(ctx, "readlink", -EINVAL,
                 suite_path_call(ctx, TARGET_SYS_READLINK, node, AT_STAT, 64), "no symbolic link");
}

static const struct path_case directory = {"", O_RDONLY | O_DIRECTORY, -ENOTDIR, "no directory"};
static const struct path_case name_below = {"/x", O_RDWR, -ENOTDIR, "nothing lies below it"};
static const struct path_case exclusive = {"", O_RDWR | O_CREAT | O_EXCL, -EEXIST, "it exists"};

#define TEST(ID, TITLE, RUN, ...)                                                                  \
    {                                                                                              \
        .id = (ID), .title = (TITLE), .requirements = SUITE_REQ(__VA_ARGS__),                      \
        .kind = SUITE_POSITIVE, .needs = TARGET_DEVICE | TARGET_FILES, .run = (RUN)                \
    }
#define NEGATIVE(ID, TITLE, TWIN, RUN, ROW, ...)                                                   \
    {                                                                                              \
        .id = (ID), .title = (TITLE), .requirements = SUITE_REQ(__VA_ARGS__),                      \
        .kind = SUITE_NEGATIVE, .twin = (TWIN), .needs = TARGET_DEVICE | TARGET_FILES,             \
        .run = (RUN), .row = (ROW)                                                                 \
    }

static const struct suite_test tests[] = {
    {.id = "device.node.misc",
     .title = "a misc character device of root's",
     .requirements = SUITE_REQ("LNX-NODE-001"),
     .kind = SUITE_POSITIVE,
     .needs = TARGET_DEVICE | TARGET_FILES | TARGET_MISC,
     .run = is_misc},
    TEST("device.node.any-mode", "every access mode opens, and the ioctls do not care", any_mode,
         "LNX-NODE-002", "LNX-NODE-005"),
    TEST("device.node.two-openers", "two openers take turns", two_openers, "LNX-NODE-003"),
    TEST("device.node.duplicates", "an open file serves duplicates and children", duplicates,
         "LNX-NODE-008"),
    NEGATIVE("device.node.closed", "an ioctl after the last close", "device.node.duplicates",
             closed, NULL, "LNX-NODE-008"),
    {.id = "device.node.read",
     .title = "read on the node",
     .requirements = SUITE_REQ("LNX-NODE-009"),
     .kind = SUITE_NEGATIVE,
     .twin = "device.report.answered",
     .needs = TARGET_DEVICE | TARGET_DIRECT,
     .run = no_handler,
     .row = &(const enum target_sys){TARGET_SYS_READ}},
    {.id = "device.node.write",
     .title = "write on the node",
     .requirements = SUITE_REQ("LNX-NODE-009"),
     .kind = SUITE_NEGATIVE,
     .twin = "device.report.answered",
     .needs = TARGET_DEVICE | TARGET_DIRECT,
     .run = no_handler,
     .row = &(const enum target_sys){TARGET_SYS_WRITE}},
    {.id = "device.node.other-type",
     .title = "the first ioctl's number with another type",
     .requirements = SUITE_REQ("LNX-NODE-010"),
     .kind = SUITE_NEGATIVE,
     .twin = "device.report.answered",
     .needs = TARGET_DEVICE | TARGET_DIRECT,
     .run = other_type},
    NEGATIVE("device.node.directory", "opened as a directory", "device.node.any-mode", path,
             &directory, "LNX-NODE-005"),
    NEGATIVE("device.node.below", "a name below the node", "device.node.any-mode", path,
             &name_below, "LNX-NODE-005"),
    NEGATIVE("device.node.exclusive", "created exclusively", "device.node.any-mode", path,
             &exclusive, "LNX-NODE-005"),
    NEGATIVE("device.node.link", "read as a symbolic link", "device.node.any-mode", no_link, NULL,
             "LNX-NODE-005"),
};

const struct suite_area device_node_tests = {.tests = tests,
                                             .count = sizeof tests / sizeof tests[0]};
