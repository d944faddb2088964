/* /dev/sev-guest as a real character device, by Linux's cuse.ko: open and ioctl of any program come here as
 * FUSE messages, and Linux's driver model answers them over a guest of this pspd. Linux notes, section 1.
 *
 * The caller waits in its ioctl until we answer, killed or not: its thread and memory stay where they are while
 * a message is at work, so that the thread's number in the message is good. The driver reaches the memory
 * itself, in its own order; the buffers that CUSE could carry would be read before the driver has looked at
 * anything. */
#define FUSE_USE_VERSION 31

#include <errno.h>
#include <fcntl.h>
#include <fuse3/cuse_lowlevel.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "frontends/cli.h"
#include "frontends/pspd.h"
#include "frontends/task_memory.h"

#define CHANNEL "/dev/cuse"
#define NODE "/dev/sev-guest"
#define DEVICE_NAME "DEVNAME=sev-guest"
#define GUEST_NAME "cuse" /* its machine's, too */

struct pspd_cuse {
    struct pspd *pspd;
    struct pspd_guest *guest;
    unsigned vmpl;
    int fd; /* CHANNEL; the session's, once there is one */
    struct fuse_session *session;
    struct fuse_buf message;
    bool made;             /* the kernel has our answer to its first message */
    bool told_unreachable; /* said once on stderr */
};

/* ---- ioctl ---- */

struct hands {
    pid_t tid;
    int error; /* not 0: the caller cannot be reached */
};

static bool moved(struct hands *hands, bool done) {
    if (!done && errno != EFAULT) hands->error = errno;
    return done;
}

static bool user_read(void *ctx, uint64_t address, void *out, size_t size) {
    struct hands *hands = ctx;
    return moved(hands, task_memory_read(hands->tid, address, out, size));
}

static bool user_write(void *ctx, uint64_t address, const void *bytes, size_t size) {
    struct hands *hands = ctx;
    return moved(hands, task_memory_write(hands->tid, address, bytes, size));
}

static long unreachable(struct pspd_cuse *self, pid_t tid, const char *why) {
    if (!self->told_unreachable) {
        fprintf(stderr,
                "pspd: " NODE ": the memory of a caller (thread %d) cannot be reached: %s; such "
                "callers get EIO\n",
                (int)tid, why);
    }
    self->told_unreachable = true;
    return -EIO;
}

static long call(struct pspd_cuse *self, pid_t tid, uint32_t cmd, uint64_t arg) {
    struct hands hands = {.tid = tid};
    const struct drv_user user = {.ctx = &hands, .read = user_read, .write = user_write};
    struct drv_guest *driver;
    if (tid == 0) return unreachable(self, tid, "it is in another pid namespace");
    if (!sevkit_ok(pspd_driver(self->guest, self->vmpl, &driver))) return -ENOMEM;
    if (driver == NULL) return -ENODEV;
    self->pspd->counts.ioctls++;
    const long result = drv_guest_ioctl(driver, &user, cmd, arg);
    const struct sevkit_result r =
        pspd_state_write(self->pspd, self->guest->machine); /* @req SOCK-010 */
    if (!sevkit_ok(r)) {
        cli_bad_result(NODE, r);
        return -EIO; /* what is not saved is not answered */
    }
    return hands.error == 0 ? result : unreachable(self, tid, strerror(hands.error));
}

static void op_ioctl(fuse_req_t req, int cmd, void *arg, struct fuse_file_info *info,
                     unsigned flags, const void *in, size_t in_size, size_t out_size) {
    (void)info;
    (void)in;
    (void)in_size;
    (void)out_size;
    long result = -ENOTTY; /* @req LNX-NODE-004 */
    if ((flags & FUSE_IOCTL_COMPAT) == 0)
        result = call(fuse_req_userdata(req), fuse_req_ctx(req)->pid, (uint32_t)cmd,
                      (uint64_t)(uintptr_t)arg);
    (void)fuse_reply_ioctl(req, (int)result, NULL, 0);
}

/* ---- what the driver does not have ---- */

static void op_read(fuse_req_t req, size_t size, off_t offset, struct fuse_file_info *info) {
    (void)size;
    (void)offset;
    (void)info;
    (void)fuse_reply_err(req, EINVAL); /* @req LNX-NODE-009 */
}

static void op_write(fuse_req_t req, const char *bytes, size_t size, off_t offset,
                     struct fuse_file_info *info) {
    (void)bytes;
    (void)size;
    (void)offset;
    (void)info;
    (void)fuse_reply_err(req, EINVAL); /* @req LNX-NODE-009 */
}

/* ---- the device's life ---- */

static void op_init_done(void *userdata) {
    ((struct pspd_cuse *)userdata)->made = true;
}

/* open and release succeed where there is no handler. */
static const struct cuse_lowlevel_ops operations = {
    .init_done = op_init_done, .ioctl = op_ioctl, .read = op_read, .write = op_write};

int pspd_cuse_fd(const struct pspd_cuse *cuse) {
    return cuse->fd;
}

bool pspd_cuse_event(struct pspd_cuse *cuse) {
    const int size = fuse_session_receive_buf(cuse->session, &cuse->message);
    if (size == -EINTR || size == -EAGAIN) return true;
    if (size > 0) fuse_session_process_buf(cuse->session, &cuse->message);
    if (size > 0) return true;
    fprintf(stderr, "pspd: " NODE ": the kernel has taken the device away\n");
    return false;
}

static bool unavailable(const char *path, const char *rule, int *exit) {
    cli_bad_option("--cuse", path, rule);
    *exit = CLI_UNAVAILABLE;
    return false;
}

/* A node that is there is another device's, or another pspd's: CUSE would make a device beside it that nobody
 * finds. */
static bool open_channel(struct pspd_cuse *self, int *exit) {
    struct stat node;
    char rule[128];
    if (lstat(NODE, &node) == 0) /* @req SOCK-013 */
        return unavailable(NODE, "must not be there yet: it is what --cuse makes", exit);
    self->fd = open(CHANNEL, O_RDWR | O_CLOEXEC);
    if (self->fd >= 0) return true;
    (void)snprintf(rule, sizeof rule,
                   "must open (%s): load the kernel's module `cuse`, and be root", strerror(errno));
    return unavailable(CHANNEL, rule, exit);
}

static bool join(struct pspd_cuse *self, int *exit) {
    enum frame_error error;
    unsigned new;
    struct drv_guest *driver = NULL;
    struct sevkit_result r =
        pspd_join(self->pspd, GUEST_NAME, GUEST_NAME, &self->guest, &new, &error);
    if (sevkit_ok(r) && new != 0) r = pspd_state_write(self->pspd, self->guest->machine);
    if (sevkit_ok(r)) r = pspd_driver(self->guest, self->vmpl, &driver);
    if (!sevkit_ok(r)) {
        *exit = cli_bad_result("--cuse", r);
        return false;
    }
    if (driver != NULL) return true;
    fputs("pspd: " NODE " is absent: the driver's probe failed: the guest has no VMPCK for it\n",
          stderr);
    *exit = CLI_UNAVAILABLE;
    return false;
}

static bool open_session(struct pspd_cuse *self, int *exit) {
    char name[] = "pspd", path[32];
    char *arguments[] = {name, NULL};
    const char *device[] = {DEVICE_NAME};
    struct fuse_args args = FUSE_ARGS_INIT(1, arguments);
    const struct cuse_info info = {
        .dev_info_argc = 1, .dev_info_argv = device, .flags = CUSE_UNRESTRICTED_IOCTL};
    self->session = cuse_lowlevel_new(&args, &info, &operations, self);
    fuse_opt_free_args(&args);
    if (self->session == NULL) return unavailable(CHANNEL, "libfuse must take it", exit);
    (void)snprintf(path, sizeof path, "/dev/fd/%d", self->fd);
    return fuse_session_mount(self->session, path) == 0 ||
           unavailable(CHANNEL, "libfuse must take it", exit);
}

/* The first message is there as soon as CHANNEL is open, and the device when our answer to it is. From then on
 * the descriptor does not block: a message that was announced may be taken back. */
static bool make_device(struct pspd_cuse *self, int *exit) {
    struct stat node;
    while (!self->made)
        if (!pspd_cuse_event(self)) return unavailable(NODE, "the kernel refuses it", exit);
    struct pollfd gone = {.fd = self->fd};
    if (poll(&gone, 1, 0) != 0) return unavailable(NODE, "the kernel refuses it", exit);
    const int flags = fcntl(self->fd, F_GETFL);
    if (flags < 0 || fcntl(self->fd, F_SETFL, flags | O_NONBLOCK) != 0)
        return unavailable(CHANNEL, strerror(errno), exit);
    return (stat(NODE, &node) == 0 && S_ISCHR(node.st_mode)) ||
           unavailable(NODE, "must appear: /dev must be a devtmpfs", exit);
}

bool pspd_cuse_start(struct pspd *pspd, unsigned vmpl, struct pspd_cuse **cuse, int *exit) {
    struct pspd_cuse *self = calloc(1, sizeof *self);
    if (self == NULL) return unavailable(NODE, strerror(ENOMEM), exit);
    self->pspd = pspd;
    self->vmpl = vmpl;
    self->fd = -1;
    if (open_channel(self, exit) && join(self, exit) && open_session(self, exit) &&
        make_device(self, exit)) {
        *cuse = self;
        return true;
    }
    pspd_cuse_stop(self);
    return false;
}

void pspd_cuse_stop(struct pspd_cuse *cuse) {
    if (cuse == NULL) return;
    if (cuse->session != NULL)
        fuse_session_destroy(cuse->session);
    else if (cuse->fd >= 0)
        (void)close(cuse->fd);
    if (cuse->guest != NULL) pspd_leave(cuse->pspd, cuse->guest);
    free(cuse->message.mem);
    free(cuse);
}
