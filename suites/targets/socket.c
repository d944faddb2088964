/* The target socket:PATH, a pspd at PATH with its control socket beside it. Each reset is a connection of its
 * own, with a fresh machine and guest; the run's profile, seed and the scenario of the moment are pspd's options
 * meanwhile, so it is better not shared with others. Design section 9, docs/socket.md. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "targets/frames.h"
#include "targets/ops.h"

#define ONLY_FD 3 /* frames have no descriptors: whoever is connected has the device open */

struct socket_target {
    struct sevkit_profile profile;
    const char *path;
    int control, data; /* -1: not connected */
    enum drv_kernel kernel;
    bool device; /* the driver's probe was good */
    struct frame frame;
};

/* {"op": OP, MEMBER: VALUE}; VALUE is taken over. */
static struct sevkit_result set(struct socket_target *s, const char *op, const char *member,
                                json_t *value) {
    if (value == NULL)
        return sevkit_fail(SEVKIT_BAD_ENCODING, member, SEVKIT_NO_OFFSET, 0, "must be JSON");
    json_t *object = json_pack("{s:s, s:o}", "op", op, member, value);
    char *text = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    if (text == NULL)
        return sevkit_fail(SEVKIT_NO_MEMORY, op, SEVKIT_NO_OFFSET, 0, "memory for a line");
    char *line = NULL;
    const int size = asprintf(&line, "%s\n", text);
    free(text);
    if (size < 0)
        return sevkit_fail(SEVKIT_NO_MEMORY, op, SEVKIT_NO_OFFSET, 0, "memory for a line");
    const struct sevkit_result r = frame_control(s->control, line);
    free(line);
    return r;
}

/* NULL when the file has changed since it was read. */
static json_t *profile_json(const struct target_options *options) {
    return options->profile_is_path ? json_load_file(options->profile_name, 0, NULL)
                                    : json_string(options->profile_name);
}

static struct sevkit_result connect_guest(struct socket_target *s) {
    const uint8_t hello[12] = {1, 0, 1}; /* version 1, VMPL 0, no names */
    if (s->data >= 0) close(s->data);
    SEVKIT_TRY(frame_connect(s->path, &s->data));
    SEVKIT_TRY(frame_call(s->data, FRAME_HELLO, hello, sizeof hello, &s->frame));
    const uint32_t kernel = s->frame.size >= 16 ? abi_get_le32(s->frame.payload + 12) : UINT32_MAX;
    if (kernel >= DRV_KERNEL_COUNT)
        return sevkit_fail(SEVKIT_BAD_VALUE, "HELLO kernel", 12, kernel, "0 to 5");
    s->kernel = (enum drv_kernel)kernel;
    return sevkit_success();
}

static struct sevkit_result prepare(struct socket_target *s, const struct target_options *options) {
    char control[256];
    (void)snprintf(control, sizeof control, "%s.control", s->path);
    SEVKIT_TRY(frame_connect(control, &s->control));
    SEVKIT_TRY(set(s, "profile", "profile", profile_json(options)));
    SEVKIT_TRY(set(s, "seed", "seed", json_integer((json_int_t)options->seed)));
    SEVKIT_TRY(target_user_map(-1));
    return connect_guest(s);
}

static struct sevkit_result socket_open(const char *path, const struct target_options *options,
                                        void **state) {
    struct socket_target *s = calloc(1, sizeof *s);
    if (s == NULL)
        return sevkit_fail(SEVKIT_NO_MEMORY, "target", SEVKIT_NO_OFFSET, 0, "out of memory");
    s->profile = *options->profile;
    s->path = path;
    s->control = s->data = -1;
    *state = s;
    return prepare(s, options);
}

static void socket_close(void *state) {
    struct socket_target *s = state;
    if (s->control >= 0) {
        /* No scenario of ours stays behind; a pspd that is gone has none. */
        const struct sevkit_result r = set(s, "scenario", "scenario", json_string("none"));
        (void)r;
        close(s->control);
    }
    if (s->data >= 0) close(s->data);
    crypto_wipe(s, sizeof *s);
    free(s);
}

static struct sevkit_result start(struct socket_target *s, const char *scenario) {
    json_t *value = scenario != NULL ? json_loads(scenario, 0, NULL) : json_string("none");
    SEVKIT_TRY(set(s, "scenario", "scenario", value));
    return connect_guest(s);
}

static struct sevkit_result socket_reset(void *state, const struct sevkit_profile *profile,
                                         enum psp_guest_state guest_state) {
    (void)profile;
    (void)guest_state;
    return start(state, NULL);
}

static const struct sevkit_profile *socket_profile(const void *state) {
    return &((const struct socket_target *)state)->profile;
}

static enum drv_kernel socket_kernel(const void *state) {
    return ((const struct socket_target *)state)->kernel;
}

/* ---- the guest request door ---- */

static void socket_guest_request(void *state, const uint8_t request[ABI_PAGE_SIZE],
                                 uint8_t response[ABI_PAGE_SIZE], struct sevkit_exit *exit) {
    struct socket_target *s = state;
    uint8_t payload[8 + ABI_PAGE_SIZE] = {0}; /* a plain request */
    memcpy(payload + 8, request, ABI_PAGE_SIZE);
    *exit = (struct sevkit_exit){.vmm_error = SEVKIT_VMM_GENERIC};
    const struct sevkit_result r =
        frame_call(s->data, FRAME_GUEST_REQUEST, payload, sizeof payload, &s->frame);
    if (!sevkit_ok(r) || s->frame.size < 16 + ABI_PAGE_SIZE) return;
    exit->fw_status = abi_get_le32(s->frame.payload);
    exit->vmm_error = abi_get_le32(s->frame.payload + 4);
    exit->es_result = abi_get_le32(s->frame.payload + 8);
    if (exit->fw_status == 0 && exit->vmm_error == 0 && exit->es_result == 0)
        memcpy(response, s->frame.payload + 16, ABI_PAGE_SIZE);
}

static bool take_secrets(struct socket_target *s, uint8_t page[ABI_PAGE_SIZE]) {
    const struct sevkit_result r = frame_call(s->data, FRAME_SECRETS, NULL, 0, &s->frame);
    if (!sevkit_ok(r) || s->frame.size != ABI_PAGE_SIZE) return false;
    memcpy(page, s->frame.payload, ABI_PAGE_SIZE);
    return true;
}

static struct sevkit_result socket_secrets(void *state, struct abi_secrets_page *page) {
    uint8_t bytes[ABI_PAGE_SIZE] = {0};
    if (!take_secrets(state, bytes))
        return sevkit_fail(SEVKIT_NOT_FOUND, "SECRETS", SEVKIT_NO_OFFSET, 0,
                           "pspd gives 4096 bytes");
    const struct sevkit_result r = abi_secrets_decode(bytes, sizeof bytes, page);
    crypto_wipe(bytes, sizeof bytes);
    return r;
}

static bool socket_msg_count(void *state, uint64_t count[ABI_VMPCK_COUNT]) {
    struct socket_target *s = state;
    const struct sevkit_result r = frame_call(s->data, FRAME_COUNTERS, NULL, 0, &s->frame);
    if (!sevkit_ok(r) || s->frame.size != 48) return false;
    for (size_t i = 0; i < ABI_VMPCK_COUNT; i++) count[i] = abi_get_le64(s->frame.payload + 8 * i);
    return true;
}

/* ---- the program ---- */

#define REGION_SENT 1u
#define REGION_RETURNED 2u
#define REGION_READONLY 4u
#define IOCTL_HEAD (16 + 2 * 16)

static void put_region(uint8_t *out, uint64_t address, uint32_t size, uint32_t flags) {
    abi_put_le64(out, address);
    abi_put_le32(out + 8, size);
    abi_put_le32(out + 12, flags);
}

static long socket_ioctl(struct socket_target *s, uint32_t cmd, uint64_t arg) {
    static uint8_t payload[IOCTL_HEAD + TARGET_USER_SIZE + TARGET_USER_READONLY_SIZE];
    abi_put_le32(payload, cmd);
    abi_put_le64(payload + 4, arg);
    abi_put_le32(payload + 12, 2);
    put_region(payload + 16, TARGET_USER_BASE, TARGET_USER_SIZE, REGION_SENT | REGION_RETURNED);
    put_region(payload + 32, TARGET_USER_READONLY, TARGET_USER_READONLY_SIZE,
               REGION_SENT | REGION_READONLY);
    memcpy(payload + IOCTL_HEAD, target_user(TARGET_USER_BASE), TARGET_USER_SIZE);
    memcpy(payload + IOCTL_HEAD + TARGET_USER_SIZE, target_user(TARGET_USER_READONLY),
           TARGET_USER_READONLY_SIZE);
    const struct sevkit_result r =
        frame_call(s->data, FRAME_IOCTL, payload, sizeof payload, &s->frame);
    if (!sevkit_ok(r) || s->frame.size != 8 + TARGET_USER_SIZE) return -EPIPE;
    memcpy(target_user(TARGET_USER_BASE), s->frame.payload + 8, TARGET_USER_SIZE);
    return (long)abi_get_le64(s->frame.payload);
}

static struct sevkit_result socket_boot(void *state, const struct target_guest *guest, int *probe) {
    struct socket_target *s = state;
    SEVKIT_TRY(start(s, guest->scenario));
    /* An argument that faults does nothing, and tells whether there is a device. */
    s->device = socket_ioctl(s, 0, TARGET_USER_HOLE) != -ENODEV;
    *probe = s->device ? 0 : -EINVAL;
    return sevkit_success();
}

static long socket_syscall(void *state, const struct target_syscall *call) {
    struct socket_target *s = state;
    const bool node = call->nr == TARGET_SYS_OPEN &&
                      strcmp((const char *)target_user(call->args[0]), TARGET_NODE) == 0;
    if (node) return s->device ? ONLY_FD : -ENOENT;
    if (call->nr == TARGET_SYS_CLOSE) return 0;
    if (call->nr == TARGET_SYS_IOCTL)
        return socket_ioctl(s, (uint32_t)call->args[1], call->args[2]);
    return -ENOSYS;
}

static void socket_driver(void *state, struct target_driver *driver) {
    struct socket_target *s = state;
    memset(driver, 0, sizeof *driver);
    if (!take_secrets(s, driver->secrets)) return;
    const struct sevkit_result r = frame_call(s->data, FRAME_COUNTERS, NULL, 0, &s->frame);
    if (!sevkit_ok(r) || s->frame.size != 48) return;
    driver->requests = abi_get_le64(s->frame.payload + 32);
    driver->fw_requests = abi_get_le64(s->frame.payload + 40);
}

const struct target_ops target_socket_ops = {
    .capabilities = TARGET_MESSAGE | TARGET_SECRETS | TARGET_COUNTERS | TARGET_SCENARIO |
                    TARGET_DEVICE | TARGET_DRIVER | TARGET_WIPE,
    .patience = 60, /* others may be served too */
    .open = socket_open,
    .close = socket_close,
    .reset = socket_reset,
    .profile = socket_profile,
    .guest_request = socket_guest_request,
    .secrets = socket_secrets,
    .msg_count = socket_msg_count,
    .boot = socket_boot,
    .kernel = socket_kernel,
    .syscall = socket_syscall,
    .driver = socket_driver,
};
