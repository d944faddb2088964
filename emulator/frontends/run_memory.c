/* See run_core.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "frontends/run_core.h"
#include "frontends/task_memory.h"

#define PAGE 4096
#define FIRST_PIECE 256 /* most paths are shorter */

static bool notified(const struct run_caller *caller) {
    return ioctl(caller->notify_fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &caller->id) == 0;
}

/* A folder of /proc stays that of its task, and is empty when the task is gone, whoever gets its number. */
bool run_caller_alive(const struct run_caller *caller) {
    if (caller->task_fd < 0) return notified(caller);
    return faccessat(caller->task_fd, "stat", F_OK, 0) == 0;
}

bool run_caller_hold(struct run_caller *caller) {
    char path[32];
    (void)snprintf(path, sizeof path, "/proc/%d", caller->tid);
    caller->task_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (caller->task_fd >= 0 && notified(caller)) return true;
    run_caller_release(caller);
    return false;
}

void run_caller_release(struct run_caller *caller) {
    if (caller->task_fd >= 0) close(caller->task_fd);
    caller->task_fd = -1;
}

/* The caller is looked at after the read: before it, the number could have passed to another process. */
bool run_memory_read(const struct run_caller *caller, uint64_t address, void *out, size_t size) {
    return task_memory_read(caller->tid, address, out, size) && run_caller_alive(caller);
}

/* And before the write, so that no other process is written to. */
bool run_memory_write(const struct run_caller *caller, uint64_t address, const void *bytes,
                      size_t size) {
    return run_caller_alive(caller) && task_memory_write(caller->tid, address, bytes, size);
}

static struct iovec at(uint64_t address, size_t size) {
    return (struct iovec){.iov_base = (void *)(uintptr_t)address, .iov_len = size};
}

/* As much as there is of SIZE bytes, at most two pages; pages that are there are read even when the next is
 * not. */
static size_t read_some(const struct run_caller *caller, uint64_t address, char *out, size_t size) {
    const size_t left = PAGE - address % PAGE, first = size < left ? size : left;
    const struct iovec here = {.iov_base = out, .iov_len = size};
    const struct iovec there[2] = {at(address, first), at(address + first, size - first)};
    const ssize_t got = process_vm_readv(caller->tid, &here, 1, there, size > first ? 2 : 1, 0);
    return got < 0 ? 0 : (size_t)got;
}

long run_memory_path(const struct run_caller *caller, uint64_t address, char *out, size_t size) {
    size_t done = 0, piece = FIRST_PIECE;
    while (done < size) {
        if (piece > size - done) piece = size - done;
        const size_t got = read_some(caller, address + done, out + done, piece);
        const char *end = memchr(out + done, 0, got);
        if (end != NULL) return end - out;
        if (got < piece) return -EFAULT;
        done += got;
        piece = PAGE;
    }
    return -ENAMETOOLONG;
}
