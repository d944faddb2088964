/* See daemon.h. */
#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static bool fail(const char *what) {
    fprintf(stderr, "sevkit-bench: %s: %s\n", what, strerror(errno));
    return false;
}

/* The program NAME in the folder of this one. */
static bool beside(const char *name, char out[PATH_MAX]) {
    const ssize_t size = readlink("/proc/self/exe", out, PATH_MAX - 1);
    if (size < 0) return fail("/proc/self/exe");
    out[size] = 0;
    char *file = strrchr(out, '/') + 1;
    const size_t room = (size_t)(out + PATH_MAX - file);
    if ((size_t)snprintf(file, room, "%s", name) < room) return true;
    errno = ENAMETOOLONG;
    return fail(name);
}

/* The child: pspd, with OUT for its output. */
static _Noreturn void execute(const char *program, const char *path, int out, pid_t parent) {
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent &&
        dup2(out, STDOUT_FILENO) >= 0)
        (void)execl(program, program, "--listen", path, "--seed", "1", (char *)NULL);
    (void)fail(program);
    _exit(127);
}

/* Until it says that it serves. */
static bool wait_ready(int fd) {
    char line[256];
    FILE *in = fdopen(fd, "r");
    bool ready = false;
    if (in == NULL) return fail("pipe");
    while (!ready && fgets(line, sizeof line, in) != NULL)
        ready = strcmp(line, "pspd: ready\n") == 0;
    (void)fclose(in);
    if (!ready) fputs("sevkit-bench: pspd has ended before it was ready\n", stderr);
    return ready;
}

static bool start(struct bench_daemon *d) {
    char program[PATH_MAX];
    int out[2];
    const pid_t self = getpid();
    if (!beside("pspd", program)) return false;
    if (pipe2(out, O_CLOEXEC) != 0) return fail("pipe");
    const pid_t pid = fork();
    if (pid == 0) execute(program, d->address.sun_path, out[1], self);
    (void)close(out[1]);
    if (pid < 0) {
        (void)fail("fork");
        (void)close(out[0]);
        return false;
    }
    d->pid = pid;
    return wait_ready(out[0]);
}

bool bench_daemon_start(struct bench_daemon *daemon) {
    *daemon = (struct bench_daemon){.folder = "/tmp/sevkit-bench-XXXXXX",
                                    .address = {.sun_family = AF_UNIX}};
    if (mkdtemp(daemon->folder) == NULL) return fail(daemon->folder);
    (void)snprintf(daemon->address.sun_path, sizeof daemon->address.sun_path, "%s/s",
                   daemon->folder);
    if (start(daemon)) return true;
    bench_daemon_stop(daemon);
    return false;
}

void bench_daemon_stop(struct bench_daemon *daemon) {
    if (daemon->pid != 0) {
        (void)kill(daemon->pid, SIGTERM);
        while (waitpid(daemon->pid, NULL, 0) < 0 && errno == EINTR) continue;
    }
    if (daemon->folder[0] != 0) (void)rmdir(daemon->folder);
    *daemon = (struct bench_daemon){0};
}
