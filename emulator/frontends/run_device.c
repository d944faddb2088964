/* See run_core.h. What a descriptor of this file answers by itself (read, write, fstat, poll, other types of
 * ioctl) is not the driver's: docs/psp-run.md. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "frontends/run_core.h"

#define MISC_MAJOR 10
#define MINOR 125 /* one of those that misc devices without a number of their own get */
/* The kernel's default is 0600, root's. psp-run is for programs without root, which ask before they open. */
#define NODE_MODE (S_IFCHR | 0666)
#define BLOCK 4096

static void node_make(struct run_device *device) {
    struct stat dev;
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    device->node = (struct stat){
        .st_dev = stat("/dev", &dev) == 0 ? dev.st_dev : device->file.st_dev,
        .st_ino = device->file.st_ino,
        .st_mode = NODE_MODE,
        .st_nlink = 1,
        .st_rdev = makedev(MISC_MAJOR, MINOR),
        .st_blksize = BLOCK,
        .st_atim = now,
        .st_mtim = now,
        .st_ctim = now,
    };
    const struct statx_timestamp time = {.tv_sec = now.tv_sec, .tv_nsec = (uint32_t)now.tv_nsec};
    device->nodex = (struct statx){
        .stx_mask = STATX_BASIC_STATS,
        .stx_blksize = BLOCK,
        .stx_nlink = 1,
        .stx_mode = NODE_MODE,
        .stx_ino = device->node.st_ino,
        .stx_atime = time,
        .stx_ctime = time,
        .stx_mtime = time,
        .stx_rdev_major = MISC_MAJOR,
        .stx_rdev_minor = MINOR,
        .stx_dev_major = major(device->node.st_dev),
        .stx_dev_minor = minor(device->node.st_dev),
    };
}

bool run_device_make(struct run_device *device, char why[RUN_WHY_SIZE]) {
    const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
    device->fd = memfd_create("sev-guest", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (device->fd >= 0 && fchmod(device->fd, NODE_MODE & 0777) == 0 &&
        fcntl(device->fd, F_ADD_SEALS, seals) == 0 && fstat(device->fd, &device->file) == 0) {
        node_make(device);
        return true;
    }
    (void)snprintf(why, RUN_WHY_SIZE, "a file in memory: %s", strerror(errno));
    run_device_close(device);
    return false;
}

void run_device_close(struct run_device *device) {
    if (device->fd >= 0) close(device->fd);
    device->fd = -1;
}

enum run_fd run_device_fd(const struct run_device *device, const struct run_caller *caller,
                          int fd) {
    char path[64];
    struct stat st;
    (void)snprintf(path, sizeof path, "/proc/%d/fd/%d", caller->tid, fd);
    const int error = stat(path, &st) == 0 ? 0 : errno;
    if (!run_caller_alive(caller)) return RUN_FD_OTHER;
    if (error == ENOENT) return RUN_FD_CLOSED;
    const bool same =
        error == 0 && st.st_ino == device->file.st_ino && st.st_dev == device->file.st_dev;
    return same ? RUN_FD_DEVICE : RUN_FD_OTHER;
}

int run_device_open(const struct run_device *device, int flags) {
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", device->fd);
    const int kept = O_ACCMODE | O_APPEND | O_NONBLOCK;
    const int fd = open(path, (flags & kept) | O_CLOEXEC);
    return fd >= 0 ? fd : -errno;
}
