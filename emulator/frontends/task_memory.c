/* See task_memory.h. */
#include "frontends/task_memory.h"

#include <errno.h>
#include <sys/uio.h>

/* Less than all was moved where a later page is not there: a fault, too. */
static bool all(ssize_t moved, size_t size) {
    if (moved >= 0 && (size_t)moved < size) errno = EFAULT;
    return moved >= 0 && (size_t)moved == size;
}

bool task_memory_read(pid_t tid, uint64_t address, void *out, size_t size) {
    const struct iovec here = {.iov_base = out, .iov_len = size};
    const struct iovec there = {.iov_base = (void *)(uintptr_t)address, .iov_len = size};
    return all(process_vm_readv(tid, &here, 1, &there, 1, 0), size);
}

bool task_memory_write(pid_t tid, uint64_t address, const void *bytes, size_t size) {
    const struct iovec here = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = size};
    const struct iovec there = {.iov_base = (void *)(uintptr_t)address, .iov_len = size};
    return all(process_vm_writev(tid, &here, 1, &there, 1, 0), size);
}
