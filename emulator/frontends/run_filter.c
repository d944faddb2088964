/* See run_core.h: which system calls go to psp-run. All calls of run_calls.c, and ioctl of type 'S'; a stat
 * of a descriptor alone (AT_EMPTY_PATH beside a real one), which libraries do at every turn, does not. */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "frontends/run_core.h"

#define IOCTL_TYPE 0xFF00
#define MAX 160

struct program {
    unsigned short size;
    struct sock_filter code[MAX];
};

static void emit(struct program *p, struct sock_filter code) {
    if (p->size < MAX) p->code[p->size] = code;
    p->size++;
}

static void load(struct program *p, size_t offset) {
    emit(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

/* SKIP instructions are left out unless the loaded word is VALUE. */
static void unless_equal(struct program *p, uint32_t value, uint8_t skip) {
    emit(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip));
}

static void answer(struct program *p, uint32_t action) {
    emit(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

/* The low half of an argument. */
static size_t argument(int number) {
    return offsetof(struct seccomp_data, args) + (size_t)number * sizeof(uint64_t);
}

static void emit_stat(struct program *p, const struct run_call *call) {
    unless_equal(p, (uint32_t)call->nr, 7);
    load(p, argument(call->flags));
    emit(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, AT_EMPTY_PATH, 1, 0));
    answer(p, SECCOMP_RET_USER_NOTIF);
    load(p, argument(call->dirfd));
    unless_equal(p, (uint32_t)AT_FDCWD, 1);
    answer(p, SECCOMP_RET_USER_NOTIF);
    answer(p, SECCOMP_RET_ALLOW);
}

static void emit_call(struct program *p, const struct run_call *call) {
    const bool stats = call->kind == RUN_CALL_STAT || call->kind == RUN_CALL_STATX;
    if (stats && call->dirfd != RUN_NO_ARGUMENT) {
        emit_stat(p, call);
        return;
    }
    unless_equal(p, (uint32_t)call->nr, 1);
    answer(p, SECCOMP_RET_USER_NOTIF);
}

static void emit_ioctl(struct program *p) {
    unless_equal(p, SYS_ioctl, 5);
    load(p, argument(1));
    emit(p, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, IOCTL_TYPE));
    unless_equal(p, 'S' << 8, 1);
    answer(p, SECCOMP_RET_USER_NOTIF);
    answer(p, SECCOMP_RET_ALLOW);
}

/* The calls of one architecture. RESTARTS: the end of a signal handler too, for run_restart.c. */
static void emit_calls(struct program *p, uint32_t arch, bool restarts) {
    load(p, offsetof(struct seccomp_data, nr));
    if (arch == AUDIT_ARCH_X86_64) emit_ioctl(p);
    if (arch == AUDIT_ARCH_X86_64 && restarts) {
        unless_equal(p, SYS_rt_sigreturn, 1);
        answer(p, SECCOMP_RET_USER_NOTIF);
    }
    for (size_t i = 0; run_call_at(i) != NULL; i++)
        if (run_call_at(i)->arch == arch) emit_call(p, run_call_at(i));
    answer(p, SECCOMP_RET_ALLOW);
}

/* False: the program outgrew its room. */
static bool make(struct program *p, bool restarts) {
    struct program native = {0};
    emit_calls(&native, AUDIT_ARCH_X86_64, restarts);
    if (native.size > UINT8_MAX) return false;
    *p = (struct program){0};
    load(p, offsetof(struct seccomp_data, arch));
    unless_equal(p, AUDIT_ARCH_X86_64, (uint8_t)native.size);
    emit_calls(p, AUDIT_ARCH_X86_64, restarts);
    emit_calls(p, AUDIT_ARCH_I386, false);
    return p->size <= MAX;
}

/* -1 with errno. */
static int install(unsigned flags, bool restarts) {
    struct program p;
    if (!make(&p, restarts)) {
        errno = E2BIG;
        return -1;
    }
    const struct sock_fprog program = {.len = p.size, .filter = p.code};
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                        SECCOMP_FILTER_FLAG_NEW_LISTENER | flags, &program);
}

static const char *advice(int error) {
    if (error == EBUSY) return " (does psp-run already run in a psp-run?)";
    if (error == EINVAL || error == ENOSYS) return " (needs Linux 5.9 with seccomp)";
    return "";
}

int run_filter_install(bool *restarts, char why[RUN_WHY_SIZE]) {
    *restarts = false;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        (void)snprintf(why, RUN_WHY_SIZE, "no_new_privs: %s", strerror(errno));
        return -1;
    }
    int fd = install(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, false);
    if (fd < 0 && errno == EINVAL) {
        *restarts = true;
        fd = install(0, true);
    }
    if (fd < 0)
        (void)snprintf(why, RUN_WHY_SIZE, "seccomp filter: %s%s", strerror(errno), advice(errno));
    return fd;
}
