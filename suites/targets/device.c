/* The targets device: and tsm:, a real guest's node and folder. There is no fresh machine: a boot closes what
 * was left open. Requests are spaced; the first answer that tells of a lost VMPCK, or of a host that stays
 * busy, ends the run. Design section 5, real machines. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "targets/ops.h"
#include "targets/release.h"

#define DESCRIPTORS_MAX 64
#define CONFIGFS_MAGIC 0x62656570

struct real {
    struct sevkit_profile profile;
    const char *path;
    enum drv_kernel kernel;
    double rate;
    bool allow_destructive;
    bool direct;          /* the path is what it looks like, not psp-run's */
    struct timespec next; /* when the next request may go out */
    struct {
        long fd;
        bool blob; /* an attribute whose read may ask the firmware */
    } open[DESCRIPTORS_MAX];
    size_t open_count;
    const char *stopped; /* why nothing more is asked */
};

/* psp-run's node is a file in memory when it is open, its folder a FUSE file system. */
static bool is_direct(const char *path) {
    struct stat st;
    struct statfs fs;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const bool is = fd >= 0 && fstat(fd, &st) == 0 && fstatfs(fd, &fs) == 0 &&
                    (S_ISCHR(st.st_mode) || fs.f_type == CONFIGFS_MAGIC);
    if (fd >= 0) close(fd);
    return is;
}

static struct sevkit_result real_open(const char *path, const struct target_options *options,
                                      void **state) {
    struct utsname name;
    struct real *real = calloc(1, sizeof *real);
    if (real == NULL)
        return sevkit_fail(SEVKIT_NO_MEMORY, "target", SEVKIT_NO_OFFSET, 0, "out of memory");
    *state = real;
    real->profile = *options->profile;
    real->path = path;
    real->rate = options->rate;
    real->allow_destructive = options->allow_destructive;
    if (uname(&name) != 0)
        return sevkit_fail(SEVKIT_NOT_FOUND, "uname", SEVKIT_NO_OFFSET, (uint64_t)errno,
                           "the kernel names its release");
    SEVKIT_TRY(target_release_kernel(name.release, &real->kernel));
    if (options->only_kernel) real->kernel = options->kernel;
    if (access(path, F_OK) != 0)
        return sevkit_fail(SEVKIT_NOT_FOUND, "path", SEVKIT_NO_OFFSET, (uint64_t)errno,
                           "must be there: is this an SEV-SNP guest with the driver loaded?");
    if (access(path, R_OK) != 0)
        return sevkit_fail(SEVKIT_NOT_FOUND, "path", SEVKIT_NO_OFFSET, (uint64_t)errno,
                           "must be readable: the node is root's");
    real->direct = is_direct(path);
    return target_user_map(-1);
}

static void close_all(struct real *real) {
    while (real->open_count > 0) close((int)real->open[--real->open_count].fd);
}

static void real_close(void *state) {
    close_all(state);
    free(state);
}

static struct sevkit_result real_reset(void *state, const struct sevkit_profile *profile,
                                       enum psp_guest_state guest_state) {
    (void)profile;
    (void)guest_state;
    close_all(state);
    return sevkit_success();
}

static struct sevkit_result real_boot(void *state, const struct target_guest *guest, int *probe) {
    (void)guest;
    *probe = 0;
    close_all(state);
    return sevkit_success();
}

static const struct sevkit_profile *real_profile(const void *state) {
    return &((const struct real *)state)->profile;
}

static enum drv_kernel real_kernel(const void *state) {
    return ((const struct real *)state)->kernel;
}

static const char *real_path(const void *state) {
    return ((const struct real *)state)->path;
}

static uint32_t real_offers(const void *state) {
    const struct real *real = state;
    uint32_t missing = 0;
    if (!real->allow_destructive) missing |= TARGET_WIPE;
    if (!real->direct) missing |= TARGET_DIRECT;
    return ~missing;
}

static const char *real_stopped(const void *state) {
    return ((const struct real *)state)->stopped;
}

/* Waits until the rate allows another request. */
static void wait_turn(struct real *real) {
    const double nanoseconds = 1e9 / real->rate;
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &real->next, NULL) == EINTR) continue;
    clock_gettime(CLOCK_MONOTONIC, &real->next);
    const int64_t at = real->next.tv_nsec + (int64_t)nanoseconds;
    real->next.tv_sec += at / 1000000000;
    real->next.tv_nsec = at % 1000000000;
}

/* The index of descriptor FD, open_count for none. */
static size_t find(const struct real *real, uint64_t fd) {
    size_t i = 0;
    while (i < real->open_count && (uint64_t)real->open[i].fd != fd) i++;
    return i;
}

/* A call that may lead to a firmware request. */
static bool asks(const struct real *real, const struct target_syscall *call) {
    if (call->nr != TARGET_SYS_READ) return call->nr == TARGET_SYS_IOCTL;
    const size_t i = find(real, call->args[0]);
    return i < real->open_count && real->open[i].blob;
}

static bool is_blob(const char *path) {
    const size_t size = strlen(path);
    return size > 4 && strcmp(path + size - 4, "blob") == 0;
}

/* Keeps the list of what is open, to be closed by the next boot. */
static void note(struct real *real, const struct target_syscall *call, long result) {
    const bool opened = call->nr == TARGET_SYS_OPEN || call->nr == TARGET_SYS_DUP;
    const size_t i = find(real, call->args[0]);
    if (call->nr == TARGET_SYS_CLOSE && i < real->open_count)
        real->open[i] = real->open[--real->open_count];
    if (!opened || result < 0 || real->open_count == DESCRIPTORS_MAX) return;
    const bool blob = call->nr == TARGET_SYS_DUP
                          ? i < real->open_count && real->open[i].blob
                          : is_blob((const char *)target_user(call->args[0]));
    real->open[real->open_count].fd = result;
    real->open[real->open_count++].blob = blob;
}

static bool is_ioctl(const struct target_syscall *call) {
    return call->nr == TARGET_SYS_IOCTL && call->args[1] >= DRV_SNP_GET_REPORT &&
           call->args[1] <= DRV_SNP_GET_EXT_REPORT;
}

static const char *judge(const struct target_syscall *call, long result) {
    if (result == -ETIMEDOUT)
        return "the host stayed busy for a minute and the VMPCK is lost: reboot the guest";
    if (result == -EBADMSG)
        return "a response did not verify and the VMPCK is lost: reboot the guest";
    if (result == -ENOTTY && (is_ioctl(call) || call->nr == TARGET_SYS_READ))
        return "the VMPCK is lost, from before or by the last request: reboot the guest";
    return NULL;
}

static long real_syscall(void *state, const struct target_syscall *call) {
    struct real *real = state;
    if (asks(real, call)) wait_turn(real);
    const long result = target_syscall_here(call);
    if (real->stopped == NULL) real->stopped = judge(call, result);
    note(real, call, result);
    return result;
}

/* A busy host alone takes a minute. */
#define REAL_OPS                                                                                   \
    .open = real_open, .close = real_close, .reset = real_reset, .boot = real_boot,                \
    .profile = real_profile, .kernel = real_kernel, .offers = real_offers,                         \
    .syscall = real_syscall, .stopped = real_stopped, .real = true, .patience = 600

const struct target_ops target_device_ops = {
    .capabilities = TARGET_DEVICE | TARGET_FILES | TARGET_WIPE | TARGET_DIRECT | TARGET_MISC,
    .node = real_path,
    REAL_OPS};

const struct target_ops target_tsm_ops = {.capabilities = TARGET_TSM | TARGET_FILES | TARGET_WIPE |
                                                          TARGET_DIRECT,
                                          .tsm_folder = real_path,
                                          REAL_OPS};
