/* See run_core.h: one loop over the notifications, signals and the channel to the child. A request is
 * short, so one thread serves all callers; the real driver does one at a time too. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frontends/run_core.h"
#include "frontends/run_trace_ioctl.h"

/* Linux 6.6; older headers do not have them. */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

struct loop {
    const struct run_session *session;
    /* The kernel says how large it wants them, which may be more than our headers know. */
    struct seccomp_notif *request;
    struct seccomp_notif_resp *response;
    size_t request_size;
    struct run_restart restart;
    bool exec_known; /* the channel has ended */
    bool ended;
    int status; /* the program's, when it has ended */
};

static void no_memory(void) {
    fputs("psp-run: not enough memory\n", stderr);
    exit(RUN_FAILED);
}

static void prepare(struct loop *l) {
    struct seccomp_notif_sizes sizes = {.seccomp_notif = sizeof *l->request,
                                        .seccomp_notif_resp = sizeof *l->response};
    (void)syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes);
    l->request_size =
        sizes.seccomp_notif > sizeof *l->request ? sizes.seccomp_notif : sizeof *l->request;
    l->request = calloc(1, l->request_size);
    l->response =
        calloc(1, sizes.seccomp_notif_resp > sizeof *l->response ? sizes.seccomp_notif_resp
                                                                 : sizeof *l->response);
    if (l->request == NULL || l->response == NULL) no_memory();
    /* Caller and psp-run take turns: better on one processor. */
    (void)ioctl(l->session->notify_fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS,
                SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
}

/* ---- notifications ---- */

/* False: nobody waits for the answer any more. */
static bool respond(struct loop *l, long result, bool go_on) {
    l->response->id = l->request->id;
    l->response->val = result >= 0 ? result : 0;
    l->response->error = result < 0 ? (int)result : 0;
    l->response->flags = go_on ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0;
    return ioctl(l->session->notify_fd, SECCOMP_IOCTL_NOTIF_SEND, l->response) == 0;
}

/* The caller's call gives a copy of FD. *RESULT is what it sees. */
static void respond_fd(struct loop *l, int fd, bool close_on_exec, long *result) {
    struct seccomp_notif_addfd add = {.id = l->request->id,
                                      .flags = SECCOMP_ADDFD_FLAG_SEND,
                                      .srcfd = (uint32_t)fd,
                                      .newfd_flags = close_on_exec ? O_CLOEXEC : 0};
    int made = ioctl(l->session->notify_fd, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
    if (made < 0 && errno == EINVAL) { /* before 5.14: in two steps */
        add.flags = 0;
        made = ioctl(l->session->notify_fd, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
        if (made >= 0) (void)respond(l, made, false);
    }
    *result = made >= 0 ? made : -errno;
    if (made < 0) (void)respond(l, *result, false); /* EMFILE is the caller's */
}

/* On a kernel that takes calls back: a call that came before gets its result, any other is finished whether or
 * not it is still waited for. */
static void serve_restarting(struct loop *l, struct run_caller *caller) {
    const struct run_session *s = l->session;
    const struct seccomp_data *data = &l->request->data;
    long result;
    if (!run_caller_hold(caller)) return;
    const bool again = run_restart_take(&l->restart, caller, data, &result);
    const bool ours = again || run_ioctl(s->world, s->device, s->trace, caller, data, &result);
    if (ours) run_restart_note(&l->restart, caller, data, result);
    if (respond(l, ours ? result : 0, !ours) && ours)
        run_restart_answered(&l->restart, caller->tid);
    run_caller_release(caller);
}

static void serve_ioctl(struct loop *l, struct run_caller *caller) {
    const struct run_session *s = l->session;
    long result;
    if (s->restarts)
        serve_restarting(l, caller);
    else if (run_ioctl(s->world, s->device, s->trace, caller, &l->request->data, &result))
        (void)respond(l, result, false);
    else
        (void)respond(l, 0, true);
}

/* Trapped on a kernel that takes calls back. */
static void serve_handler_end(struct loop *l, const struct run_caller *caller) {
    run_restart_interrupted(&l->restart, caller->tid);
    (void)respond(l, 0, true);
}

static void serve_path(struct loop *l, const struct run_call *call,
                       const struct run_caller *caller) {
    const struct run_session *s = l->session;
    const struct run_answer answer = run_call_answer(call, s->device, caller, &l->request->data);
    long result = answer.result;
    if (answer.go_on || answer.fd < 0) {
        (void)respond(l, result, answer.go_on);
    } else {
        respond_fd(l, answer.fd, answer.close_on_exec, &result);
        close(answer.fd);
    }
    const bool opens = call->kind == RUN_CALL_OPEN || call->kind == RUN_CALL_OPEN_HOW ||
                       call->kind == RUN_CALL_CREAT;
    if (opens && !answer.go_on && s->trace != NULL)
        run_trace_open_call(s->trace, caller->tid, call->name, result);
}

static void serve(struct loop *l) {
    const struct run_session *s = l->session;
    memset(l->request, 0, l->request_size);
    /* A caller that died or was interrupted since poll: no notification is left. */
    if (ioctl(s->notify_fd, SECCOMP_IOCTL_NOTIF_RECV, l->request) != 0) return;
    struct run_caller caller = {.notify_fd = s->notify_fd,
                                .id = l->request->id,
                                .tid = (pid_t)l->request->pid,
                                .task_fd = -1};
    const struct run_call *call = run_call_find(&l->request->data);
    if (s->device == NULL)
        (void)respond(l, 0, true);
    else if (call != NULL)
        serve_path(l, call, &caller);
    else if (l->request->data.nr == SYS_rt_sigreturn)
        serve_handler_end(l, &caller);
    else
        serve_ioctl(l, &caller);
}

/* ---- the program ---- */

/* True: nothing of the program's is left. */
static bool reap(struct loop *l) {
    for (;;) {
        int status;
        const pid_t pid = waitpid(-1, &status, WNOHANG);
        if (pid < 0) return errno == ECHILD;
        if (pid == 0) return false;
        if (pid != l->session->child) continue;
        l->ended = true;
        l->status = status;
    }
}

/* The channel ends when the program is executed; before that comes what went wrong. */
static void hear(struct loop *l) {
    struct run_message message;
    l->exec_known = !run_receive(l->session->channel, &message);
    if (!l->exec_known && message.step == RUN_STEP_EXEC)
        fprintf(stderr, "psp-run: %s: %s\n", l->session->program, strerror(message.error));
}

/* True: nothing of the program's is left. Children are waited for after the signal was taken, lest one ends
 * between, and before it is passed on, which depends on whether the program has ended. */
static bool take_signal(struct loop *l) {
    struct signalfd_siginfo info;
    const bool taken = read(l->session->signal_fd, &info, sizeof info) == sizeof info;
    const bool none_left = reap(l);
    if (taken && !none_left) run_signal_pass_on(&info, l->ended ? 0 : l->session->child);
    return none_left;
}

int run_supervise(const struct run_session *session) {
    struct loop l = {.session = session};
    prepare(&l);
    for (;;) {
        struct pollfd fds[3] = {
            {.fd = session->notify_fd, .events = POLLIN},
            {.fd = session->signal_fd, .events = POLLIN},
            {.fd = l.exec_known ? -1 : session->channel, .events = POLLIN},
        };
        if (poll(fds, 3, -1) < 0 && errno != EINTR) abort();
        if ((fds[0].revents & POLLIN) != 0) serve(&l);
        if (fds[2].revents != 0) hear(&l);
        if ((fds[1].revents & POLLIN) != 0 && take_signal(&l)) break;
        /* The filter has no user left: all have ended, though perhaps not all are waited for. */
        if ((fds[0].revents & (POLLIN | POLLHUP | POLLERR)) == POLLHUP) break;
    }
    if (!l.ended) (void)waitpid(session->child, &l.status, 0);
    (void)reap(&l);
    free(l.request);
    free(l.response);
    return l.status;
}
