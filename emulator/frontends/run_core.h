/* What psp-run's own files share: the caller of a trapped system call, the device that it gets, the calls
 * that are trapped and the answers to them. run.h has the choreography. */
#ifndef FRONTENDS_RUN_CORE_H
#define FRONTENDS_RUN_CORE_H

#include <linux/seccomp.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

#include "frontends/run.h"

/* ---- run_memory.c: the program that waits in a system call ---- */

/* Good as long as the notification is: a caller that died, or whose call a signal took back, answers false
 * everywhere. */
struct run_caller {
    int notify_fd;
    uint64_t id;
    pid_t tid;
    int task_fd; /* -1, or run_caller_hold's */
};

/* For kernels that take calls back: from here on the caller is good as long as it lives. False: it is not
 * good any more. Give it back with run_caller_release. */
bool run_caller_hold(struct run_caller *caller);
void run_caller_release(struct run_caller *caller);
bool run_caller_alive(const struct run_caller *caller);
/* All SIZE bytes, or false: that memory is not there, or not writable. */
bool run_memory_read(const struct run_caller *caller, uint64_t address, void *out, size_t size);
bool run_memory_write(const struct run_caller *caller, uint64_t address, const void *bytes,
                      size_t size);
/* A path: its length, or -EFAULT, or -ENAMETOOLONG when SIZE has no room for its zero byte. */
long run_memory_path(const struct run_caller *caller, uint64_t address, char *out, size_t size);

/* ---- run_device.c: what stands for /dev/sev-guest ---- */

/* An empty sealed file in memory. Its inode tells its descriptors from all others, however they were
 * copied and handed on. */
struct run_device {
    int fd;
    struct stat file;   /* the file's own */
    struct stat node;   /* what the path shows: a character device */
    struct statx nodex; /* the same for statx */
};
bool run_device_make(struct run_device *device, char why[RUN_WHY_SIZE]);
void run_device_close(struct run_device *device);
enum run_fd { RUN_FD_OTHER, RUN_FD_DEVICE, RUN_FD_CLOSED };
/* What FD of CALLER is. OTHER also where that cannot be seen. */
enum run_fd run_device_fd(const struct run_device *device, const struct run_caller *caller, int fd);
/* A descriptor of ours with a file description of its own, as open(2) with FLAGS gives; -errno. */
int run_device_open(const struct run_device *device, int flags);

/* ---- run_path.c ---- */

enum run_path {
    RUN_PATH_OTHER,
    RUN_PATH_DEVICE,
    RUN_PATH_BELOW, /* goes on behind the device's name, be it with a slash only */
};
/* What PATH names for CALLER; a relative one starts at DIRFD (AT_FDCWD: the working directory). IN_ROOT: DIRFD
 * is the root, as of RESOLVE_IN_ROOT. "." and ".." are followed by their names alone. */
enum run_path run_path_of(const struct run_caller *caller, int dirfd, bool in_root,
                          const char *path);

/* ---- run_calls.c: the calls that name a path ---- */

enum run_call_kind {
    RUN_CALL_OPEN,
    RUN_CALL_OPEN_HOW,
    RUN_CALL_CREAT,
    RUN_CALL_STAT,
    RUN_CALL_STATX,
    RUN_CALL_ACCESS,
    RUN_CALL_READLINK,
};
#define RUN_NO_ARGUMENT (-1)

struct run_call {
    uint32_t arch; /* AUDIT_ARCH_ */
    int nr;
    const char *name;
    enum run_call_kind kind;
    /* Numbers of arguments. */
    int dirfd, path, flags, value; /* VALUE: the buffer, the access mode, struct open_how */
};
/* The INDEXth call, NULL after the last. */
const struct run_call *run_call_at(size_t index);
const struct run_call *run_call_find(const struct seccomp_data *data);

struct run_answer {
    bool go_on; /* the kernel executes the call */
    long result;
    int fd; /* not -1: the caller gets a copy of it, and its number as the result */
    bool close_on_exec;
};
struct run_answer run_call_answer(const struct run_call *call, const struct run_device *device,
                                  const struct run_caller *caller, const struct seccomp_data *data);

/* ---- run_filter.c ---- */

/* The calling process gets the filter and can gain no privileges any more. The notifications' descriptor, or
 * -1 with WHY. *RESTARTS: a kernel before 5.19, see run_restart.c. */
int run_filter_install(bool *restarts, char why[RUN_WHY_SIZE]);

/* ---- run_ioctl.c ---- */

/* ioctl(2) with DATA's arguments. False: not on our device. TRACE may be NULL. */
bool run_ioctl(struct world *world, const struct run_device *device, struct run_trace *trace,
               const struct run_caller *caller, const struct seccomp_data *data, long *result);

/* ---- run_restart.c ---- */

/* Kernels before 5.19 take a call back when a signal comes in, though we are at it or have just answered, and
 * issue it again after the signal's handler. A request must not run twice: the second call gets the first
 * one's result. One call a thread is remembered. */
#define RUN_RESTARTS 256
#define RUN_RESTART_BYTES 64
struct run_restart {
    struct run_restart_call {
        pid_t tid; /* 0: free */
        struct seccomp_data data;
        long result;
        bool answered;    /* the kernel took our answer; the caller may never have seen it */
        bool interrupted; /* a signal handler of the thread's has returned since */
        uint64_t response;
        uint8_t bytes[RUN_RESTART_BYTES]; /* what is there after the call */
    } calls[RUN_RESTARTS];
};
/* Before the answer is sent; and when it was taken. */
void run_restart_note(struct run_restart *restart, const struct run_caller *caller,
                      const struct seccomp_data *data, long result);
void run_restart_answered(struct run_restart *restart, pid_t tid);
/* A signal handler of TID's returns. */
void run_restart_interrupted(struct run_restart *restart, pid_t tid);
/* True: the call ran before, with *RESULT. */
bool run_restart_take(const struct run_restart *restart, const struct run_caller *caller,
                      const struct seccomp_data *data, long *result);

/* ---- run_child.c ---- */

struct run_plan {
    struct run_kds *kds; /* NULL: none */
    enum run_kds_mode kds_mode;
    bool tsm;
    char **program; /* execvp's arguments */
};
/* The child from the fork to the program. OLD is the signal mask that psp-run was started with. */
_Noreturn void run_child(const struct run_plan *plan, int channel, pid_t parent,
                         const sigset_t *old);

/* ---- run_supervise.c ---- */

struct run_session {
    struct world *world;
    struct run_trace *trace;         /* NULL without --trace */
    const struct run_device *device; /* NULL: the module's probe failed */
    const char *program;
    pid_t child;
    int notify_fd, channel, signal_fd;
    bool restarts; /* run_filter_install's */
};
/* Answers until the program and its descendants have ended. The program's status, as wait(2) has it. */
int run_supervise(const struct run_session *session);

/* ---- run_signals.c ---- */

/* The signals that come over run_supervise's SIGNAL_FD. */
void run_signals(sigset_t *set);
/* One signal that arrived. CHILD 0: the program has ended. */
void run_signal_pass_on(const struct signalfd_siginfo *info, pid_t child);

#endif
