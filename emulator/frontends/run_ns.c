/* psp-run's namespaces: the program sees our mounts and our network, nobody else does.
 *
 * A process with CAP_SYS_ADMIN needs no user namespace and gets none, so that the program of real root stays
 * real root. Everybody else gets one with a single identity, its own. A user namespace cannot be left again,
 * and some systems allow to make one but not to do anything in it: so a process of its own tries first. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frontends/run.h"

/* What failed, for WHY. */
enum step { STEP_DONE, STEP_UNSHARE, STEP_SETGROUPS, STEP_UID_MAP, STEP_GID_MAP, STEP_PRIVATE };

struct outcome {
    enum step step;
    int error;
};

static struct outcome failed(enum step step) {
    return (struct outcome){.step = step, .error = errno};
}

static bool write_file(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return false;
    ssize_t n = write(fd, text, strlen(text));
    int error = errno;
    (void)close(fd);
    errno = error;
    return n == (ssize_t)strlen(text);
}

/* The program keeps its numbers: UID and GID are those from before the namespace. */
static struct outcome keep_identity(uid_t uid, gid_t gid) {
    char line[64];
    /* Linux wants setgroups denied before it takes a group map of an unprivileged process; 3.18 and older
     * do not have the file. */
    if (!write_file("/proc/self/setgroups", "deny") && errno != ENOENT)
        return failed(STEP_SETGROUPS);
    (void)snprintf(line, sizeof(line), "%u %u 1", uid, uid);
    if (!write_file("/proc/self/uid_map", line)) return failed(STEP_UID_MAP);
    (void)snprintf(line, sizeof(line), "%u %u 1", gid, gid);
    if (!write_file("/proc/self/gid_map", line)) return failed(STEP_GID_MAP);
    return (struct outcome){.step = STEP_DONE};
}

static struct outcome enter(int kinds) {
    uid_t uid = geteuid();
    gid_t gid = getegid();
    if (unshare(kinds) != 0) {
        if (errno != EPERM) return failed(STEP_UNSHARE);
        if (unshare(CLONE_NEWUSER | kinds) != 0) return failed(STEP_UNSHARE);
        struct outcome kept = keep_identity(uid, gid);
        if (kept.step != STEP_DONE) return kept;
    }
    if ((kinds & CLONE_NEWNS) != 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return failed(STEP_PRIVATE);
    return (struct outcome){.step = STEP_DONE};
}

/* The same in a process that ends at once. */
static struct outcome rehearse(int kinds) {
    struct outcome outcome = {.step = STEP_UNSHARE, .error = EIO};
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return failed(STEP_UNSHARE);
    pid_t pid = fork();
    if (pid == 0) {
        outcome = enter(kinds);
        _exit(write(ends[1], &outcome, sizeof(outcome)) == sizeof(outcome) ? 0 : 1);
    }
    if (pid < 0) outcome.error = errno;
    (void)close(ends[1]);
    if (pid > 0) {
        struct outcome told;
        if (read(ends[0], &told, sizeof(told)) == sizeof(told)) outcome = told;
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    (void)close(ends[0]);
    return outcome;
}

static const char *step_text(enum step step) {
    switch (step) {
    case STEP_DONE: return "";
    case STEP_UNSHARE: return "no new namespaces";
    case STEP_SETGROUPS: return "/proc/self/setgroups";
    case STEP_UID_MAP: return "/proc/self/uid_map";
    case STEP_GID_MAP: return "/proc/self/gid_map";
    case STEP_PRIVATE: return "mounts cannot be made private";
    }
    return "";
}

/* What to look at: the switch that forbids it, where a system names one. */
static const char *advice(enum step step, int error) {
    if (step == STEP_PRIVATE && error == EINVAL)
        return " (the root folder is no mount point, as in a chroot)";
    if (error == ENOSPC) return " (see /proc/sys/user/max_user_namespaces)";
    if (error != EPERM && error != EACCES) return "";
    if (access("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", F_OK) == 0)
        return " (see sysctl kernel.apparmor_restrict_unprivileged_userns)";
    if (access("/proc/sys/kernel/unprivileged_userns_clone", F_OK) == 0)
        return " (see sysctl kernel.unprivileged_userns_clone)";
    return " (unprivileged user namespaces are forbidden here)";
}

bool run_ns_enter(unsigned want, char why[RUN_WHY_SIZE]) {
    int kinds = 0;
    if ((want & RUN_NS_MOUNT) != 0) kinds |= CLONE_NEWNS;
    if ((want & RUN_NS_NET) != 0) kinds |= CLONE_NEWNET;
    if (kinds == 0) return true;
    struct outcome outcome = rehearse(kinds);
    if (outcome.step == STEP_DONE) outcome = enter(kinds);
    if (outcome.step == STEP_DONE) return true;
    (void)snprintf(why, RUN_WHY_SIZE, "%s: %s%s", step_text(outcome.step), strerror(outcome.error),
                   advice(outcome.step, outcome.error));
    return false;
}
