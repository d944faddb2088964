/* See run_core.h and run.h's choreography. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "frontends/run_core.h"

/* Without its parent the child has nobody to tell, and nothing to do. */
static void tell(int channel, const struct run_message *message) {
    if (!run_send(channel, message)) _exit(RUN_FAILED);
}

static void tell_failure(int channel, enum run_step step, const char why[RUN_WHY_SIZE]) {
    struct run_message message = {.step = step};
    memcpy(message.why, why, sizeof message.why);
    tell(channel, &message);
}

static void tell_fds(int channel, struct run_message *message, const int *fds, size_t count) {
    message->ok = true;
    message->fd_count = count;
    for (size_t i = 0; i < count; i++) message->fds[i] = fds[i];
    tell(channel, message);
    for (size_t i = 0; i < count; i++) close(fds[i]);
}

/* One unshare for both: a user namespace is entered once. */
static void enter_namespaces(const struct run_plan *plan, int channel) {
    const bool net = plan->kds_mode == RUN_KDS_NETNS;
    char why[RUN_WHY_SIZE] = "";
    const bool tsm = plan->tsm && run_tsm_possible(why);
    const unsigned want = (tsm || net ? RUN_NS_MOUNT : 0U) | (net ? RUN_NS_NET : 0U);
    int fuse_fd = -1;
    if (plan->tsm && !tsm) tell_failure(channel, RUN_STEP_TSM, why);
    if (want == 0) return;
    const bool entered = run_ns_enter(want, why);
    struct run_message message = {.step = RUN_STEP_NAMESPACES, .ok = entered};
    memcpy(message.why, why, sizeof message.why);
    tell(channel, &message);
    if (!entered || !tsm) return;
    if (!run_tsm_mount(&fuse_fd, why)) {
        tell_failure(channel, RUN_STEP_TSM, why);
        return;
    }
    message = (struct run_message){.step = RUN_STEP_TSM};
    tell_fds(channel, &message, &fuse_fd, 1);
}

static void open_kds(const struct run_plan *plan, int channel) {
    char why[RUN_WHY_SIZE] = "";
    int fds[2];
    size_t count = 0;
    struct run_message message = {.step = RUN_STEP_KDS};
    if (plan->kds == NULL) return;
    if (run_kds_child(plan->kds, fds, &count, why))
        tell_fds(channel, &message, fds, count);
    else
        tell_failure(channel, RUN_STEP_KDS, why);
}

static void install_filter(int channel) {
    char why[RUN_WHY_SIZE] = "";
    struct run_message message = {.step = RUN_STEP_FILTER};
    const int fd = run_filter_install(&message.restarts, why);
    if (fd < 0) {
        tell_failure(channel, RUN_STEP_FILTER, why);
        _exit(RUN_FAILED);
    }
    tell_fds(channel, &message, &fd, 1);
}

void run_child(const struct run_plan *plan, int channel, pid_t parent, const sigset_t *old) {
    struct run_message message;
    enter_namespaces(plan, channel);
    open_kds(plan, channel);
    /* After the namespaces: a change of credentials takes this back. */
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(RUN_FAILED);
    install_filter(channel);
    if (!run_receive(channel, &message)) _exit(RUN_FAILED);
    (void)sigprocmask(SIG_SETMASK, old, NULL);
    (void)execvp(plan->program[0], plan->program);
    const int error = errno;
    const struct run_message failed = {.step = RUN_STEP_EXEC, .error = error};
    tell(channel, &failed);
    _exit(error == ENOENT ? RUN_NOT_FOUND : RUN_CANNOT_EXECUTE);
}
