/* The memory of another program while it waits for us, moved by process_vm_readv and process_vm_writev, which
 * respect the pages' own protection as copy_from_user and copy_to_user do. Nobody else may get the thread's
 * number meanwhile: that is the caller's to see to. */
#ifndef FRONTENDS_TASK_MEMORY_H
#define FRONTENDS_TASK_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* All SIZE bytes at ADDRESS of the thread TID, or false with errno: EFAULT, that memory is not there or not
 * writable; ESRCH and EPERM, the thread is not there or not ours to look into. */
bool task_memory_read(pid_t tid, uint64_t address, void *out, size_t size);
bool task_memory_write(pid_t tid, uint64_t address, const void *bytes, size_t size);

#endif
