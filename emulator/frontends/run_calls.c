/* See run_core.h: what the kernel would answer for a character device at /dev/sev-guest. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "frontends/run_core.h"

#ifndef __x86_64__
#error "psp-run knows the system calls of x86-64"
#endif

#define NO RUN_NO_ARGUMENT
#define NATIVE(nr, kind, dirfd, path, flags, value)                                                \
    { AUDIT_ARCH_X86_64, SYS_##nr, #nr, RUN_CALL_##kind, dirfd, path, flags, value }
/* 32-bit programs: numbers of their own. They can open the device; their ioctl gets ENOTTY, as the driver
 * has no entry for it. Their older stat calls with structures of their own do not see it. */
#define I386(number, nr, kind, dirfd, path, flags, value)                                          \
    { AUDIT_ARCH_I386, number, #nr, RUN_CALL_##kind, dirfd, path, flags, value }

static const struct run_call calls[] = {
    NATIVE(openat, OPEN, 0, 1, 2, NO),          NATIVE(open, OPEN, NO, 0, 1, NO),
    NATIVE(openat2, OPEN_HOW, 0, 1, NO, 2),     NATIVE(creat, CREAT, NO, 0, NO, NO),
    NATIVE(newfstatat, STAT, 0, 1, 3, 2),       NATIVE(stat, STAT, NO, 0, NO, 1),
    NATIVE(lstat, STAT, NO, 0, NO, 1),          NATIVE(statx, STATX, 0, 1, 2, 4),
    NATIVE(access, ACCESS, NO, 0, NO, 1),       NATIVE(faccessat, ACCESS, 0, 1, NO, 2),
    NATIVE(faccessat2, ACCESS, 0, 1, 3, 2),     NATIVE(readlink, READLINK, NO, 0, NO, NO),
    NATIVE(readlinkat, READLINK, 0, 1, NO, NO), I386(5, open, OPEN, NO, 0, 1, NO),
    I386(8, creat, CREAT, NO, 0, NO, NO),       I386(33, access, ACCESS, NO, 0, NO, 1),
    I386(295, openat, OPEN, 0, 1, 2, NO),       I386(307, faccessat, ACCESS, 0, 1, NO, 2),
    I386(383, statx, STATX, 0, 1, 2, 4),        I386(437, openat2, OPEN_HOW, 0, 1, NO, 2),
    I386(439, faccessat2, ACCESS, 0, 1, 3, 2),
};
#define CALLS (sizeof calls / sizeof *calls)

const struct run_call *run_call_at(size_t index) {
    return index < CALLS ? &calls[index] : NULL;
}

const struct run_call *run_call_find(const struct seccomp_data *data) {
    for (size_t i = 0; i < CALLS; i++)
        if (calls[i].arch == data->arch && calls[i].nr == data->nr) return &calls[i];
    return NULL;
}

/* ---- answers ---- */

static struct run_answer go_on(void) {
    return (struct run_answer){.go_on = true, .fd = -1};
}

static struct run_answer result(long value) {
    return (struct run_answer){.result = value, .fd = -1};
}

static uint64_t argument(const struct seccomp_data *data, int number) {
    return number == NO ? 0 : data->args[number];
}

#define TMPFILE_BIT (O_TMPFILE & ~O_DIRECTORY)

/* In the order in which the kernel looks. */
static struct run_answer answer_open(const struct run_device *device, enum run_path path,
                                     uint64_t flags) {
    const int bits = (int)flags;
    const bool creates = (bits & O_CREAT) != 0, folder = (bits & O_DIRECTORY) != 0;
    if (creates && folder) return result(-EINVAL);
    if ((bits & TMPFILE_BIT) != 0 && (!folder || (bits & O_ACCMODE) == O_RDONLY))
        return result(-EINVAL);
    if (path == RUN_PATH_BELOW) return result(-ENOTDIR);
    if (creates && (bits & O_EXCL) != 0) return result(-EEXIST);
    if (folder) return result(-ENOTDIR);
    if ((bits & O_DIRECT) != 0 && (bits & O_PATH) == 0) return result(-EINVAL);
    const int fd = run_device_open(device, (bits & O_PATH) != 0 ? O_RDONLY : bits);
    if (fd < 0) return result(fd);
    return (struct run_answer){.fd = fd, .close_on_exec = (bits & O_CLOEXEC) != 0};
}

#define HOW_FLAGS                                                                                  \
    (O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_DSYNC |         \
     O_ASYNC | O_DIRECT | O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC |         \
     O_SYNC | O_PATH | O_TMPFILE | 0100000 /* O_LARGEFILE as the kernel numbers it */)
#define HOW_RESOLVE                                                                                \
    (RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH |             \
     RESOLVE_IN_ROOT | RESOLVE_CACHED)

/* struct open_how; false: the kernel refuses it, or has no such path for it, and says so itself. */
static bool read_how(const struct run_caller *caller, const struct seccomp_data *data,
                     struct open_how *how) {
    if (data->args[3] < sizeof *how) return false;
    if (!run_memory_read(caller, data->args[2], how, sizeof *how)) return false;
    if ((how->flags & ~(uint64_t)(unsigned)HOW_FLAGS) != 0) return false;
    if ((how->resolve & ~(uint64_t)HOW_RESOLVE) != 0) return false;
    const bool creates = (how->flags & (O_CREAT | TMPFILE_BIT)) != 0;
    return creates ? (how->mode & ~UINT64_C(07777)) == 0 : how->mode == 0;
}

/* Absolute paths and those that leave a folder are not beneath it. */
static bool beneath(const struct open_how *how, const char *path) {
    return (how->resolve & RESOLVE_BENEATH) == 0 || (*path != '/' && strstr(path, "..") == NULL);
}

static struct run_answer answer_stat(const struct run_device *device,
                                     const struct run_caller *caller, uint64_t buffer,
                                     uint64_t flags) {
    const int known = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH;
    if (((int)flags & ~known) != 0) return result(-EINVAL);
    const bool ok = run_memory_write(caller, buffer, &device->node, sizeof device->node);
    return result(ok ? 0 : -EFAULT);
}

static struct run_answer answer_statx(const struct run_device *device,
                                      const struct run_caller *caller,
                                      const struct seccomp_data *data) {
    const int known = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE;
    const int flags = (int)data->args[2];
    if ((data->args[3] & STATX__RESERVED) != 0) return result(-EINVAL);
    if ((flags & ~known) != 0 || (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
        return result(-EINVAL);
    const bool ok = run_memory_write(caller, data->args[4], &device->nodex, sizeof device->nodex);
    return result(ok ? 0 : -EFAULT);
}

static struct run_answer answer_access(uint64_t mode, uint64_t flags) {
    if (((int)flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0)
        return result(-EINVAL);
    if (((int)mode & ~(R_OK | W_OK | X_OK)) != 0) return result(-EINVAL);
    return result(((int)mode & X_OK) != 0 ? -EACCES : 0);
}

struct run_answer run_call_answer(const struct run_call *call, const struct run_device *device,
                                  const struct run_caller *caller,
                                  const struct seccomp_data *data) {
    char path[PATH_MAX];
    struct open_how how = {0};
    if (run_memory_path(caller, data->args[call->path], path, sizeof path) < 0) return go_on();
    if (strstr(path, "sev-guest") == NULL) return go_on();
    if (call->kind == RUN_CALL_OPEN_HOW && !(read_how(caller, data, &how) && beneath(&how, path)))
        return go_on();
    const int dirfd = call->dirfd == NO ? AT_FDCWD : (int)data->args[call->dirfd];
    const enum run_path named =
        run_path_of(caller, dirfd, (how.resolve & RESOLVE_IN_ROOT) != 0, path);
    if (named == RUN_PATH_OTHER) return go_on();

    const uint64_t flags = argument(data, call->flags), value = argument(data, call->value);
    switch (call->kind) {
    case RUN_CALL_OPEN: return answer_open(device, named, flags);
    case RUN_CALL_OPEN_HOW: return answer_open(device, named, how.flags);
    case RUN_CALL_CREAT: return answer_open(device, named, O_CREAT | O_WRONLY | O_TRUNC);
    case RUN_CALL_STAT:
        if (named == RUN_PATH_BELOW) return result(-ENOTDIR);
        return answer_stat(device, caller, value, flags);
    case RUN_CALL_STATX:
        if (named == RUN_PATH_BELOW) return result(-ENOTDIR);
        return answer_statx(device, caller, data);
    case RUN_CALL_ACCESS:
        if (named == RUN_PATH_BELOW) return result(-ENOTDIR);
        return answer_access(value, flags);
    case RUN_CALL_READLINK: return result(named == RUN_PATH_BELOW ? -ENOTDIR : -EINVAL);
    }
    return go_on();
}
