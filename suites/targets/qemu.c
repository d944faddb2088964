/* The targets qemu:DIR and cuse:DIR, one guest in a virtual machine, started by somebody else; DIR has its
 * sockets. A program in it, the agent, makes the calls. The device is made afresh for each boot by the guest's
 * /guest/boot: for qemu by the distribution's own driver, whose firmware is a fresh machine of the pspd beside;
 * for cuse by a pspd --cuse inside the guest. docs/suites.md. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "targets/agent.h"
#include "targets/ops.h"
#include "targets/pspd.h"
#include "targets/release.h"

#define GUEST_NAME "guest" /* the guest's and its machine's, to pspd */
#define SECRETS_FILE "/dev/sevkit-secrets"
#define RELEASE_FILE "/run/release"
#define OPTIONS_FILE "/run/options"
#define PROFILE_FILE "/run/profile.json"
#define SCENARIO_FILE "/run/scenario.json"

/* Paths and file contents pass through the last page of the program's memory, which they leave as it was. */
#define SCRATCH (TARGET_USER_HOLE - SCRATCH_SIZE)
#define SCRATCH_SIZE 0x1000

#define PROFILE_MAX (1 << 20)
#define STATUS_CANNOT 125 /* of /guest/boot: from here on it could not do its work */

struct qemu {
    struct sevkit_profile profile;
    struct target_options options;
    const char *folder;
    enum drv_kernel kernel;
    bool tsm;
    struct target_agent agent;
    struct target_pspd pspd;
};

static struct sevkit_result failed(const char *field, long value, const char *rule) {
    return sevkit_fail(SEVKIT_NOT_FOUND, field, SEVKIT_NO_OFFSET, (uint64_t)value, rule);
}

/* ---- calls of our own ---- */

static long call(struct qemu *q, enum target_sys nr, uint64_t a, uint64_t b, uint64_t c) {
    const struct target_syscall syscall = {.nr = nr, .args = {a, b, c}};
    return target_agent_call(&q->agent, &syscall);
}

/* A call whose first argument is a text. */
static long text_call(struct qemu *q, enum target_sys nr, const char *text, uint64_t b,
                      uint64_t c) {
    uint8_t kept[SCRATCH_SIZE];
    const size_t size = strlen(text) + 1;
    if (size > SCRATCH_SIZE) return -ENAMETOOLONG;
    memcpy(kept, target_user(SCRATCH), sizeof kept);
    memcpy(target_user(SCRATCH), text, size);
    const long result = call(q, nr, SCRATCH, b, c);
    memcpy(target_user(SCRATCH), kept, sizeof kept);
    return result;
}

static long run(struct qemu *q, const char *format, ...) __attribute__((format(printf, 2, 3)));

static long run(struct qemu *q, const char *format, ...) {
    char command[256];
    va_list args;
    va_start(args, format);
    const int size = vsnprintf(command, sizeof command, format, args);
    va_end(args);
    if (size < 0 || (size_t)size >= sizeof command) return -ENAMETOOLONG;
    return text_call(q, TARGET_SYS_RUN, command, 0, 0);
}

/* At most a page. */
static long read_file(struct qemu *q, const char *path, uint8_t *out, size_t size) {
    uint8_t kept[SCRATCH_SIZE];
    const long fd = text_call(q, TARGET_SYS_OPEN, path, O_RDONLY, 0);
    if (fd < 0) return fd;
    memcpy(kept, target_user(SCRATCH), sizeof kept);
    const long got = call(q, TARGET_SYS_READ, (uint64_t)fd, SCRATCH, size);
    if (got > 0) memcpy(out, target_user(SCRATCH), (size_t)got);
    memcpy(target_user(SCRATCH), kept, sizeof kept);
    const long closed = call(q, TARGET_SYS_CLOSE, (uint64_t)fd, 0, 0);
    return got >= 0 && closed < 0 ? closed : got;
}

static long write_pages(struct qemu *q, long fd, const uint8_t *bytes, size_t size) {
    while (size != 0) {
        const size_t piece = size < SCRATCH_SIZE ? size : SCRATCH_SIZE;
        memcpy(target_user(SCRATCH), bytes, piece);
        const long put = call(q, TARGET_SYS_WRITE, (uint64_t)fd, SCRATCH, piece);
        if (put <= 0) return put < 0 ? put : -EIO;
        bytes += put;
        size -= (size_t)put;
    }
    return 0;
}

static struct sevkit_result write_file(struct qemu *q, const char *path, const void *bytes,
                                       size_t size) {
    uint8_t kept[SCRATCH_SIZE];
    long fd = text_call(q, TARGET_SYS_OPEN, path, O_WRONLY | O_CREAT | O_TRUNC, 0);
    if (fd < 0) return failed(path, -fd, "can be opened in the guest (the number is errno)");
    memcpy(kept, target_user(SCRATCH), sizeof kept);
    long result = write_pages(q, fd, bytes, size);
    memcpy(target_user(SCRATCH), kept, sizeof kept);
    fd = call(q, TARGET_SYS_CLOSE, (uint64_t)fd, 0, 0);
    if (result == 0) result = fd;
    if (result == 0) return sevkit_success();
    return failed(path, -result, "can be written in the guest (the number is errno)");
}

/* ---- boot ---- */

/* What /guest/boot's exit status means. */
static struct sevkit_result judge(long status, int *probe) {
    if (status < 0 || status >= STATUS_CANNOT)
        return failed("guest boot", status, "must be 0 to 124: the guest's console says why");
    *probe = (int)-status;
    return sevkit_success();
}

static struct sevkit_result close_all(struct qemu *q) {
    const long result = call(q, TARGET_SYS_CLOSE_ALL, 0, 0, 0);
    if (result == 0) return sevkit_success();
    return failed("guest", -result, "closes what was left open (the number is errno)");
}

/* The firmware's side first: the driver finds its secrets page filled. */
static struct sevkit_result qemu_boot(void *state, const struct target_guest *guest, int *probe) {
    struct qemu *q = state;
    uint8_t secrets[ABI_PAGE_SIZE];
    char parameter[16] = "-";
    SEVKIT_TRY(close_all(q));
    SEVKIT_TRY(target_pspd_scenario(&q->pspd, guest->scenario));
    SEVKIT_TRY(target_pspd_reset(&q->pspd, GUEST_NAME));
    SEVKIT_TRY(target_pspd_secrets(&q->pspd, secrets));
    const struct sevkit_result r = write_file(q, SECRETS_FILE, secrets, sizeof secrets);
    crypto_wipe(secrets, sizeof secrets);
    SEVKIT_TRY(r);
    if (guest->vmpck_id != DRV_VMPCK_DEFAULT)
        (void)snprintf(parameter, sizeof parameter, "%d", guest->vmpck_id);
    return judge(run(q, "/guest/boot genuine %s %u", parameter, guest->vmpl), probe);
}

/* The profile as pspd's option in the guest names it. */
static struct sevkit_result give_profile(struct qemu *q, const char **name) {
    *name = q->options.profile_name;
    if (!q->options.profile_is_path) return sevkit_success();
    FILE *file = fopen(*name, "rb");
    char *text = file != NULL ? malloc(PROFILE_MAX) : NULL;
    const size_t size = text != NULL ? fread(text, 1, PROFILE_MAX, file) : 0;
    if (file != NULL) fclose(file);
    const struct sevkit_result r =
        size != 0 ? write_file(q, PROFILE_FILE, text, size)
                  : failed("profile", errno, "its file can still be read (the number is errno)");
    free(text);
    *name = PROFILE_FILE;
    return r;
}

static struct sevkit_result cuse_boot(void *state, const struct target_guest *guest, int *probe) {
    struct qemu *q = state;
    const char *profile, *scenario = guest->scenario;
    SEVKIT_TRY(close_all(q));
    SEVKIT_TRY(give_profile(q, &profile));
    if (scenario != NULL) SEVKIT_TRY(write_file(q, SCENARIO_FILE, scenario, strlen(scenario)));
    char options[512];
    const int size = snprintf(options, sizeof options, "--profile\n%s\n--seed\n%llu\n%s", profile,
                              (unsigned long long)q->options.seed,
                              scenario != NULL ? "--scenario\n" SCENARIO_FILE "\n" : "");
    if ((size_t)size >= sizeof options)
        return failed("profile", size, "its name is short enough for 511 bytes of options");
    SEVKIT_TRY(write_file(q, OPTIONS_FILE, options, (size_t)size));
    const long status =
        run(q, "/guest/boot cuse %s %u", drv_kernel_name(guest->kernel), guest->vmpl);
    SEVKIT_TRY(judge(status, probe));
    /* pspd has no word for a failed probe but that there is no node: EINVAL stands for it. */
    if (*probe == 0 && text_call(q, TARGET_SYS_STAT, TARGET_NODE, SCRATCH, 0) == -ENOENT)
        *probe = -EINVAL;
    return sevkit_success();
}

static struct sevkit_result
reset_by(struct qemu *q,
         struct sevkit_result (*boot)(void *state, const struct target_guest *guest, int *probe)) {
    const struct target_guest guest = {.kernel = q->kernel, .vmpck_id = DRV_VMPCK_DEFAULT};
    int probe;
    return boot(q, &guest, &probe);
}

static struct sevkit_result qemu_reset(void *state, const struct sevkit_profile *profile,
                                       enum psp_guest_state guest_state) {
    (void)profile;
    (void)guest_state;
    return reset_by(state, qemu_boot);
}

static struct sevkit_result cuse_reset(void *state, const struct sevkit_profile *profile,
                                       enum psp_guest_state guest_state) {
    (void)profile;
    (void)guest_state;
    return reset_by(state, cuse_boot);
}

/* ---- open and close ---- */

static struct sevkit_result connect_agent(const char *folder, const struct target_options *options,
                                          void **state) {
    char path[256];
    struct qemu *q = calloc(1, sizeof *q);
    if (q == NULL)
        return sevkit_fail(SEVKIT_NO_MEMORY, "target", SEVKIT_NO_OFFSET, 0, "out of memory");
    q->profile = *options->profile;
    q->options = *options;
    q->folder = folder;
    q->kernel = options->kernel;
    q->agent.fd = q->pspd.control = q->pspd.data = -1;
    *state = q;
    (void)snprintf(path, sizeof path, "%s/agent.sock", folder);
    return target_agent_connect(&q->agent, path);
}

static struct sevkit_result ask_release(struct qemu *q) {
    char release[64] = "";
    if (q->options.only_kernel) return sevkit_success();
    const long status = run(q, "uname -r > " RELEASE_FILE);
    if (status != 0) return failed("uname", status, "must exit with 0 in the guest");
    const long size = read_file(q, RELEASE_FILE, (uint8_t *)release, sizeof release - 1);
    if (size < 0) return failed(RELEASE_FILE, -size, "can be read (the number is errno)");
    return target_release_kernel(release, &q->kernel);
}

static struct sevkit_result qemu_open(const char *folder, const struct target_options *options,
                                      void **state) {
    char path[256];
    SEVKIT_TRY(connect_agent(folder, options, state));
    struct qemu *q = *state;
    (void)snprintf(path, sizeof path, "%s/pspd.sock", folder);
    SEVKIT_TRY(target_pspd_open(&q->pspd, path, options));
    SEVKIT_TRY(target_pspd_join(&q->pspd, path, GUEST_NAME));
    SEVKIT_TRY(ask_release(q));
    /* configfs-tsm comes with the driver. */
    SEVKIT_TRY(reset_by(q, qemu_boot));
    q->tsm = text_call(q, TARGET_SYS_STAT, TARGET_TSM_FOLDER, SCRATCH, 0) == 0;
    return sevkit_success();
}

static void qemu_close(void *state) {
    struct qemu *q = state;
    target_agent_close(&q->agent);
    target_pspd_close(&q->pspd);
    crypto_wipe(q, sizeof *q);
    free(q);
}

/* ---- the rest ---- */

static const struct sevkit_profile *qemu_profile(const void *state) {
    return &((const struct qemu *)state)->profile;
}

static enum drv_kernel qemu_kernel(const void *state) {
    return ((const struct qemu *)state)->kernel;
}

static uint32_t qemu_offers(const void *state) {
    return ((const struct qemu *)state)->tsm ? UINT32_MAX : ~(uint32_t)TARGET_TSM;
}

static uint32_t cuse_offers(const void *state) {
    const struct qemu *q = state;
    return q->options.only_kernel ? ~(uint32_t)TARGET_KERNEL : UINT32_MAX;
}

static long qemu_syscall(void *state, const struct target_syscall *syscall) {
    struct qemu *q = state;
    return target_agent_call(&q->agent, syscall);
}

static const char *qemu_stopped(const void *state) {
    return ((const struct qemu *)state)->agent.fd >= 0
               ? NULL
               : "the guest is gone: its agent does not answer any more";
}

static struct sevkit_result read_secrets(struct qemu *q, uint8_t page[ABI_PAGE_SIZE]) {
    const long size = read_file(q, SECRETS_FILE, page, ABI_PAGE_SIZE);
    if (size == ABI_PAGE_SIZE) return sevkit_success();
    return failed(SECRETS_FILE, size, "gives 4096 bytes (below 0 the number is -errno)");
}

static struct sevkit_result qemu_driver(void *state, struct target_driver *driver) {
    struct qemu *q = state;
    SEVKIT_TRY(read_secrets(q, driver->secrets));
    return target_pspd_requests(&q->pspd, driver);
}

/* The driver reads its counter from the page each time. */
static struct sevkit_result qemu_set_counter(void *state, unsigned vmpck, uint32_t counter) {
    struct qemu *q = state;
    uint8_t page[ABI_PAGE_SIZE];
    struct sevkit_result r = read_secrets(q, page);
    abi_put_le32(page + ABI_SECRETS_SEQNO_LOW + (size_t)4 * vmpck, counter);
    if (sevkit_ok(r)) r = write_file(q, SECRETS_FILE, page, sizeof page);
    crypto_wipe(page, sizeof page);
    return r;
}

#define GUEST_OPS                                                                                  \
    .patience = 300, /* everything is emulated */                                                  \
        .close = qemu_close, .profile = qemu_profile, .kernel = qemu_kernel,                       \
    .syscall = qemu_syscall, .stopped = qemu_stopped

#define GUEST_DOORS (TARGET_DEVICE | TARGET_FILES | TARGET_SCENARIO | TARGET_WIPE | TARGET_DIRECT)

const struct target_ops target_qemu_ops = {
    GUEST_OPS,
    .capabilities = GUEST_DOORS | TARGET_TSM | TARGET_DRIVER | TARGET_MODULE | TARGET_MISC,
    .offers = qemu_offers,
    .open = qemu_open,
    .reset = qemu_reset,
    .boot = qemu_boot,
    .driver = qemu_driver,
    .set_counter = qemu_set_counter,
};

const struct target_ops target_cuse_ops = {
    GUEST_OPS,
    .capabilities = GUEST_DOORS | TARGET_KERNEL,
    .offers = cuse_offers,
    .open = connect_agent,
    .reset = cuse_reset,
    .boot = cuse_boot,
};
