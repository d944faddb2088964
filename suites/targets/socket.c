/* The target socket:PATH, a pspd at PATH with its control socket beside it. Each reset is a connection of its
 * own, with a fresh machine and guest; the run's profile, seed and the scenario of the moment are pspd's options
 * meanwhile, so it is better not shared with others. Design section 9, docs/socket.md. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "targets/ops.h"
#include "targets/pspd.h"

#define ONLY_FD 3 /* frames have no descriptors: whoever is connected has the device open */

struct socket_target {
    struct sevkit_profile profile;
    const char *path;
    enum drv_kernel kernel;
    bool device; /* the driver's probe was good */
    struct target_pspd pspd;
};

static struct sevkit_result connect_guest(struct socket_target *s) {
    SEVKIT_TRY(target_pspd_join(&s->pspd, s->path, ""));
    const struct frame *answer = &s->pspd.frame;
    const uint32_t kernel = answer->size >= 16 ? abi_get_le32(answer->payload + 12) : UINT32_MAX;
    if (kernel >= DRV_KERNEL_COUNT)
        return sevkit_fail(SEVKIT_BAD_VALUE, "HELLO kernel", 12, kernel, "0 to 5");
    s->kernel = (enum drv_kernel)kernel;
    return sevkit_success();
}

static struct sevkit_result socket_open(const char *path, const struct target_options *options,
                                        void **state) {
    struct socket_target *s = calloc(1, sizeof *s);
    if (s == NULL)
        return sevkit_fail(SEVKIT_NO_MEMORY, "target", SEVKIT_NO_OFFSET, 0, "out of memory");
    s->profile = *options->profile;
    s->path = path;
    s->pspd.control = s->pspd.data = -1;
    *state = s;
    SEVKIT_TRY(target_pspd_open(&s->pspd, path, options));
    SEVKIT_TRY(target_user_map(-1));
    return connect_guest(s);
}

static void socket_close(void *state) {
    struct socket_target *s = state;
    target_pspd_close(&s->pspd);
    crypto_wipe(s, sizeof *s);
    free(s);
}

static struct sevkit_result start(struct socket_target *s, const char *scenario) {
    SEVKIT_TRY(target_pspd_scenario(&s->pspd, scenario));
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
        frame_call(s->pspd.data, FRAME_GUEST_REQUEST, payload, sizeof payload, &s->pspd.frame);
    if (!sevkit_ok(r) || s->pspd.frame.size < 16 + ABI_PAGE_SIZE) return;
    exit->fw_status = abi_get_le32(s->pspd.frame.payload);
    exit->vmm_error = abi_get_le32(s->pspd.frame.payload + 4);
    exit->es_result = abi_get_le32(s->pspd.frame.payload + 8);
    if (exit->fw_status == 0 && exit->vmm_error == 0 && exit->es_result == 0)
        memcpy(response, s->pspd.frame.payload + 16, ABI_PAGE_SIZE);
}

static struct sevkit_result socket_secrets(void *state, struct abi_secrets_page *page) {
    struct socket_target *s = state;
    uint8_t bytes[ABI_PAGE_SIZE] = {0};
    SEVKIT_TRY(target_pspd_secrets(&s->pspd, bytes));
    const struct sevkit_result r = abi_secrets_decode(bytes, sizeof bytes, page);
    crypto_wipe(bytes, sizeof bytes);
    return r;
}

static bool socket_msg_count(void *state, uint64_t count[ABI_VMPCK_COUNT]) {
    struct socket_target *s = state;
    uint64_t all[TARGET_PSPD_COUNTERS];
    const struct sevkit_result r = target_pspd_counters(&s->pspd, all);
    if (!sevkit_ok(r)) return false;
    memcpy(count, all, ABI_VMPCK_COUNT * sizeof *count);
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
        frame_call(s->pspd.data, FRAME_IOCTL, payload, sizeof payload, &s->pspd.frame);
    if (!sevkit_ok(r) || s->pspd.frame.size != 8 + TARGET_USER_SIZE) return -EPIPE;
    memcpy(target_user(TARGET_USER_BASE), s->pspd.frame.payload + 8, TARGET_USER_SIZE);
    return (long)abi_get_le64(s->pspd.frame.payload);
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

static struct sevkit_result socket_driver(void *state, struct target_driver *driver) {
    struct socket_target *s = state;
    SEVKIT_TRY(target_pspd_secrets(&s->pspd, driver->secrets));
    return target_pspd_requests(&s->pspd, driver);
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
