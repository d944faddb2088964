/* See user.h. */
#include "targets/user.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sevkit/bytes.h"

static int mapped = -1; /* the descriptor */
static uint8_t *readonly_alias;

#define FILE_SIZE (TARGET_USER_SIZE + TARGET_USER_READONLY_SIZE)

static struct sevkit_result refuse(const char *rule) {
    return sevkit_fail(SEVKIT_NOT_FOUND, "program's memory", SEVKIT_NO_OFFSET, (uint64_t)errno,
                       rule);
}

static bool map(int fd, uint64_t address, size_t size, int protection, off_t offset) {
    void *wanted = (void *)(uintptr_t)address;
    return mmap(wanted, size, protection, MAP_SHARED | MAP_FIXED, fd, offset) == wanted;
}

struct sevkit_result target_user_map(int fd) {
    if (mapped >= 0) return sevkit_success();
    if (fd < 0) {
        fd = memfd_create("sevkit-program", MFD_CLOEXEC);
        if (fd < 0 || ftruncate(fd, FILE_SIZE) != 0) return refuse("memory can be made");
    }
    /* The holes are reserved, so that nothing else comes to lie there. */
    void *const base = (void *)(uintptr_t)TARGET_USER_BASE;
    const size_t span =
        TARGET_USER_READONLY + TARGET_USER_READONLY_SIZE + 0x1000 - TARGET_USER_BASE;
    if (mmap(base, span, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) !=
            base ||
        !map(fd, TARGET_USER_BASE, TARGET_USER_SIZE, PROT_READ | PROT_WRITE, 0) ||
        !map(fd, TARGET_USER_READONLY, TARGET_USER_READONLY_SIZE, PROT_READ, TARGET_USER_SIZE))
        return refuse("its addresses are free");
    void *alias = mmap(NULL, TARGET_USER_READONLY_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
                       TARGET_USER_SIZE);
    if (alias == MAP_FAILED) return refuse("a page can be mapped twice");
    readonly_alias = alias;
    mapped = fd;
    return sevkit_success();
}

int target_user_fd(void) {
    return mapped;
}

uint8_t *target_user(uint64_t address) {
    return (uint8_t *)(uintptr_t)address;
}

uint8_t *target_user_readonly(void) {
    return readonly_alias;
}

static bool inside(uint64_t address, size_t size, uint64_t base, size_t room) {
    return address >= base && size <= room && address - base <= room - size;
}

bool target_user_writable(uint64_t address, size_t size) {
    return inside(address, size, TARGET_USER_BASE, TARGET_USER_SIZE);
}

bool target_user_readable(uint64_t address, size_t size) {
    return target_user_writable(address, size) ||
           inside(address, size, TARGET_USER_READONLY, TARGET_USER_READONLY_SIZE);
}

/* ---- system calls ---- */

static const char *path_of(const struct target_syscall *call) {
    return (const char *)target_user(call->args[0]);
}

static long result_of(long result) {
    return result < 0 ? -errno : result;
}

static long stat_here(const struct target_syscall *call) {
    struct stat st;
    if (!target_user_writable(call->args[1], 12)) return -EFAULT;
    if (lstat(path_of(call), &st) != 0) return -errno;
    uint8_t *out = target_user(call->args[1]);
    abi_put_le32(out, st.st_mode);
    abi_put_le32(out + 4, st.st_uid);
    abi_put_le32(out + 8, major(st.st_rdev));
    return 0;
}

static long ioctl_here(const struct target_syscall *call) {
    const int result = ioctl((int)call->args[0], (unsigned long)call->args[1], call->args[2]);
    return result_of(result);
}

/* The result comes back by a pipe: an exit status has too few bits. */
static long ioctl_in_child(const struct target_syscall *call) {
    int ends[2];
    long result = -EPIPE;
    if (pipe(ends) != 0) return -errno;
    const pid_t child = fork();
    if (child == 0) {
        result = ioctl_here(call);
        const ssize_t written = write(ends[1], &result, sizeof result);
        _exit(written == sizeof result ? 0 : 1);
    }
    close(ends[1]);
    if (child > 0) {
        if (read(ends[0], &result, sizeof result) != sizeof result) result = -EPIPE;
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR) continue;
    }
    close(ends[0]);
    return result;
}

long target_syscall_here(const struct target_syscall *call) {
    const int fd = (int)call->args[0];
    void *buffer = target_user(call->args[1]);
    const size_t size = (size_t)call->args[2];
    switch (call->nr) {
    case TARGET_SYS_OPEN:
        return result_of(open(path_of(call), (int)call->args[1] | O_CLOEXEC, 0600));
    case TARGET_SYS_CLOSE: return result_of(close(fd));
    case TARGET_SYS_DUP: return result_of(dup(fd));
    case TARGET_SYS_IOCTL: return call->in_child ? ioctl_in_child(call) : ioctl_here(call);
    case TARGET_SYS_READ: return result_of(read(fd, buffer, size));
    case TARGET_SYS_WRITE: return result_of(write(fd, buffer, size));
    case TARGET_SYS_MKDIR: return result_of(mkdir(path_of(call), 0755));
    case TARGET_SYS_RMDIR: return result_of(rmdir(path_of(call)));
    case TARGET_SYS_READLINK: return result_of(readlink(path_of(call), buffer, size));
    case TARGET_SYS_STAT: return stat_here(call);
    case TARGET_SYS_RUN:
    case TARGET_SYS_CLOSE_ALL: break;
    }
    return -ENOSYS;
}

/* ---- calls of another process: both sides are this program, so its own structures go over the socket ---- */

void target_serve(int fd, int user_fd) {
    struct target_syscall call;
    if (!sevkit_ok(target_user_map(user_fd))) _exit(1);
    long result = 0; /* the first message: ready */
    do {
        if (send(fd, &result, sizeof result, MSG_NOSIGNAL) != sizeof result) _exit(1);
        if (recv(fd, &call, sizeof call, 0) != sizeof call) _exit(0);
        result = target_syscall_here(&call);
    } while (true);
}

long target_syscall_there(int socket, const struct target_syscall *call) {
    long result;
    if (send(socket, call, sizeof *call, MSG_NOSIGNAL) != sizeof *call) return -EPIPE;
    if (recv(socket, &result, sizeof result, 0) != sizeof result) return -EPIPE;
    return result;
}
