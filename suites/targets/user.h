/* The memory of the program in the guest, and its system calls. One piece at a fixed address, shared with the
 * process that makes the calls where that is another one, so that a pointer means the same on every target:
 *
 *     TARGET_USER_BASE        64 KiB, readable and writable
 *     TARGET_USER_HOLE        one page that is not there
 *     TARGET_USER_READONLY    one page that the program can only read; another hole follows it */
#ifndef TARGET_USER_H
#define TARGET_USER_H

#include "sevkit/result.h"

#define TARGET_USER_BASE UINT64_C(0x200000000000)
#define TARGET_USER_SIZE 0x10000
#define TARGET_USER_HOLE (TARGET_USER_BASE + TARGET_USER_SIZE)
#define TARGET_USER_READONLY (TARGET_USER_HOLE + 0x1000)
#define TARGET_USER_READONLY_SIZE 0x1000

/* Maps it, once a process, from descriptor FD, or (-1) afresh. */
SEVKIT_MUST struct sevkit_result target_user_map(int fd);

/* The descriptor behind it, to be handed on. */
int target_user_fd(void);

/* The byte at ADDRESS, which lies in the memory. */
uint8_t *target_user(uint64_t address);

/* The read-only page as we, not the program, may write it. */
uint8_t *target_user_readonly(void);

/* Whether SIZE bytes at ADDRESS can be read, or written: the memory as a model sees it. */
bool target_user_readable(uint64_t address, size_t size);
bool target_user_writable(uint64_t address, size_t size);

enum target_sys {
    TARGET_SYS_OPEN,     /* path, flags: a descriptor */
    TARGET_SYS_CLOSE,    /* fd */
    TARGET_SYS_DUP,      /* fd: another for the same open file */
    TARGET_SYS_IOCTL,    /* fd, cmd, arg; a child of the program makes it if IN_CHILD */
    TARGET_SYS_READ,     /* fd, buffer, size */
    TARGET_SYS_WRITE,    /* fd, buffer, size */
    TARGET_SYS_MKDIR,    /* path */
    TARGET_SYS_RMDIR,    /* path */
    TARGET_SYS_READLINK, /* path, buffer, size */
    TARGET_SYS_STAT,     /* path, buffer of three u32: st_mode, st_uid, major number of st_rdev */
    /* The agent's (targets/agent.h), and nobody else's: */
    TARGET_SYS_RUN,       /* path, a command line for /bin/sh: its exit status */
    TARGET_SYS_CLOSE_ALL, /* every descriptor that calls have opened */
};

struct target_syscall {
    enum target_sys nr;
    bool in_child;
    uint64_t args[3];
};

/* The call on this machine, in this process. */
SEVKIT_MUST long target_syscall_here(const struct target_syscall *call);

/* Serves the calls of another process on socket FD until it closes; never returns (suite-runner --serve). */
void target_serve(int fd, int user_fd) __attribute__((noreturn));

/* The other side: the call in the process that serves SOCKET. -EPIPE when it is gone. */
SEVKIT_MUST long target_syscall_there(int socket, const struct target_syscall *call);

#endif
