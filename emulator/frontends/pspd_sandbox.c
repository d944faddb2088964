/* After its start pspd needs few system calls. A filter takes the others away, so that a fault in the code that
 * reads clients' bytes finds no way to run programs, make sockets or change files' modes and owners.
 *
 * The list is short, not minimal: what the C library may use for memory, threads' locks, time and randomness is
 * in it. openat is left for --state; a call that is not listed ends with EPERM, of another architecture with
 * the process. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "frontends/pspd.h"

/* A sanitizer looks for leaks at the end with calls of its own. */
#if defined(__SANITIZE_ADDRESS__)
#elif defined(__x86_64__)
#define OWN_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCH AUDIT_ARCH_AARCH64
#endif

#define LOAD(member)                                                                               \
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, member))
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, (action))
#define ALLOW(nr) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, 1), RETURN(SECCOMP_RET_ALLOW)
/* x32 calls have this bit on the same architecture. */
#define OTHER_ABI 0x40000000u

#ifdef OWN_ARCH
static const struct sock_filter always[] = {
    LOAD(arch),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCH, 1, 0),
    RETURN(SECCOMP_RET_KILL_PROCESS),
    LOAD(nr),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, OTHER_ABI, 0, 1),
    RETURN(SECCOMP_RET_KILL_PROCESS),
    /* the loop */
    ALLOW(SYS_epoll_pwait),
#ifdef SYS_epoll_wait
    ALLOW(SYS_epoll_wait),
#endif
    ALLOW(SYS_recvfrom),
    ALLOW(SYS_sendto),
    ALLOW(SYS_epoll_ctl),
    ALLOW(SYS_accept4),
    ALLOW(SYS_close),
    ALLOW(SYS_shutdown),
    ALLOW(SYS_read),
    ALLOW(SYS_write),
    ALLOW(SYS_writev),
    /* --state */
    ALLOW(SYS_openat),
#ifdef SYS_renameat
    ALLOW(SYS_renameat),
#endif
    ALLOW(SYS_renameat2),
    ALLOW(SYS_fstat),
    ALLOW(SYS_newfstatat),
    ALLOW(SYS_lseek),
    /* memory, locks, time, randomness */
    ALLOW(SYS_brk),
    ALLOW(SYS_mmap),
    ALLOW(SYS_munmap),
    ALLOW(SYS_mremap),
    ALLOW(SYS_madvise),
    ALLOW(SYS_mprotect),
    ALLOW(SYS_futex),
    ALLOW(SYS_clock_gettime),
    ALLOW(SYS_gettimeofday),
    ALLOW(SYS_getrandom),
    ALLOW(SYS_getpid),
    ALLOW(SYS_gettid),
    ALLOW(SYS_sched_yield),
    /* the end: sockets go, abort() works */
    ALLOW(SYS_unlinkat),
#ifdef SYS_unlink
    ALLOW(SYS_unlink),
#endif
    ALLOW(SYS_rt_sigprocmask),
    ALLOW(SYS_rt_sigaction),
    ALLOW(SYS_rt_sigreturn),
    ALLOW(SYS_tgkill),
    ALLOW(SYS_exit),
    ALLOW(SYS_exit_group),
};
/* --cuse: its messages are read and written; this is for callers' memory */
static const struct sock_filter with_cuse[] = {
    ALLOW(SYS_process_vm_readv),
    ALLOW(SYS_process_vm_writev),
};
static const struct sock_filter last[] = {RETURN(SECCOMP_RET_ERRNO | EPERM)};
#define ROWS(part) (sizeof(part) / sizeof((part)[0]))
#endif

bool pspd_sandbox(bool cuse) {
#ifdef OWN_ARCH
    struct sock_filter filter[ROWS(always) + ROWS(with_cuse) + ROWS(last)];
    struct sock_fprog program = {.len = ROWS(always), .filter = filter};
    memcpy(filter, always, sizeof always);
    if (cuse) {
        memcpy(filter + program.len, with_cuse, sizeof with_cuse);
        program.len += ROWS(with_cuse);
    }
    memcpy(filter + program.len, last, sizeof last);
    program.len += ROWS(last);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;          /* @req SOCK-012 */
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0; /* @req SOCK-012 */
#else
    (void)cuse;
    return true; /* no list of ours for this build */
#endif
}
