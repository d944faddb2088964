/* When inblob is delivered: at the end of the open file, whatever ended it, and before the one who ended it
 * goes on. Each case looks at once, without waiting. */
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "tsm.h"

#define MANY 300 /* a multiple of BATCH */

static const unsigned char nonce[64] =
    "a nonce of 64 bytes, of which the first half is written first";

static int open_inblob(const char *name) {
    int fd = tsm_open(name, "inblob", O_WRONLY);
    CHECK(fd >= 0);
    return fd;
}

static void case_plain(void) {
    tsm_new("plain");
    CHECK(tsm_generation("plain") == 0);
    int fd = open_inblob("plain");
    CHECK(write(fd, nonce, 32) == 32);
    CHECK(write(fd, nonce + 32, 32) == 32);
    CHECK(tsm_generation("plain") == 0);
    CHECK(close(fd) == 0);
    CHECK(tsm_generation("plain") == 1);
    CHECK(tsm_reports("plain", nonce));
    tsm_remove("plain");
}

/* A descriptor that was only opened delivers nothing. */
static void case_unwritten(void) {
    tsm_new("unwritten");
    CHECK(close(open_inblob("unwritten")) == 0);
    CHECK(tsm_generation("unwritten") == 0);
    tsm_remove("unwritten");
}

static void case_dup(void) {
    tsm_new("dup");
    int fd = open_inblob("dup");
    CHECK(write(fd, nonce, 32) == 32);
    int other = dup(fd);
    CHECK(close(fd) == 0);
    CHECK(tsm_generation("dup") == 0);
    CHECK(write(other, nonce + 32, 32) == 32);
    CHECK(tsm_generation("dup") == 0);
    CHECK(close(other) == 0);
    CHECK(tsm_generation("dup") == 1);
    CHECK(tsm_reports("dup", nonce));
    tsm_remove("dup");
}

/* As a shell redirects: the first descriptor is closed before anything is written. */
static void case_dup2(void) {
    tsm_new("dup2");
    int fd = open_inblob("dup2");
    CHECK(dup2(fd, 100) == 100);
    CHECK(close(fd) == 0);
    CHECK(write(100, nonce, 64) == 64);
    CHECK(tsm_generation("dup2") == 0);
    CHECK(close(100) == 0);
    CHECK(tsm_generation("dup2") == 1);
    CHECK(tsm_reports("dup2", nonce));
    tsm_remove("dup2");
}

static void case_dup2_over(void) {
    tsm_new("over");
    int fd = open_inblob("over");
    CHECK(write(fd, nonce, 64) == 64);
    CHECK(dup2(STDOUT_FILENO, fd) == fd);
    CHECK(tsm_generation("over") == 1);
    CHECK(tsm_reports("over", nonce));
    tsm_remove("over");
}

static int wait_for(pid_t pid) {
    int status = -1;
    CHECK(waitpid(pid, &status, 0) == pid);
    return status;
}

/* A child writes and ends; the parent has the file open still. */
static void case_fork(void) {
    tsm_new("fork");
    int fd = open_inblob("fork");
    pid_t pid = fork();
    if (pid == 0) _exit(write(fd, nonce, 64) == 64 ? 0 : 1);
    CHECK(wait_for(pid) == 0);
    CHECK(tsm_generation("fork") == 0);
    CHECK(close(fd) == 0);
    CHECK(tsm_generation("fork") == 1);
    CHECK(tsm_reports("fork", nonce));
    tsm_remove("fork");
}

static void end_of_process(const char *name, bool killed) {
    tsm_new(name);
    pid_t pid = fork();
    if (pid == 0) {
        int fd = open_inblob(name);
        if (write(fd, nonce, 64) != 64) _exit(1);
        if (killed) (void)raise(SIGKILL);
        _exit(0);
    }
    int status = wait_for(pid);
    CHECK(killed ? WIFSIGNALED(status) : status == 0);
    CHECK(tsm_generation(name) == 1);
    CHECK(tsm_reports(name, nonce));
    tsm_remove(name);
}

static void case_exit(void) {
    end_of_process("exit", false);
}

static void case_kill(void) {
    end_of_process("kill", true);
}

/* The new program sees what the old one's closing descriptors delivered. */
static void case_exec(void) {
    tsm_new("exec");
    pid_t pid = fork();
    if (pid == 0) {
        int fd = open_inblob("exec");
        if (write(fd, nonce, 64) != 64) _exit(1);
        (void)execl("/bin/sh", "sh", "-c", "read g < " REPORT "/exec/generation; exit $g",
                    (char *)0);
        _exit(127);
    }
    int status = wait_for(pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    tsm_remove("exec");
}

#define BATCH 100 /* descriptors of one message; Linux takes 253 */

static void send_fds(int socket, const int *fds, size_t count) {
    char byte = 0;
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(BATCH * sizeof(int))];
    } control = {.header = {.cmsg_level = SOL_SOCKET,
                            .cmsg_type = SCM_RIGHTS,
                            .cmsg_len = CMSG_LEN(count * sizeof(int))}};
    struct iovec data = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = CMSG_SPACE(count * sizeof(int))};
    memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
    CHECK(sendmsg(socket, &message, 0) == 1);
}

static int receive_fd(int socket) {
    char byte;
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec data = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    int fd = -1;
    CHECK(recvmsg(socket, &message, 0) == 1);
    memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
    return fd;
}

/* For a while the only reference is in a socket's queue. */
static void case_passed(void) {
    int sockets[2];
    tsm_new("passed");
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
    int fd = open_inblob("passed");
    CHECK(write(fd, nonce, 32) == 32);
    send_fds(sockets[0], &fd, 1);
    CHECK(close(fd) == 0);
    CHECK(tsm_generation("passed") == 0);
    fd = receive_fd(sockets[1]);
    CHECK(write(fd, nonce + 32, 32) == 32);
    CHECK(close(fd) == 0);
    CHECK(tsm_generation("passed") == 1);
    CHECK(tsm_reports("passed", nonce));
    tsm_remove("passed");
}

/* Many files that end at once, without a close(2) that would wait for each: with the socket in whose queue
 * their last references are. psp-run, which is the parent, stands still meanwhile, so that all ends are in
 * FUSE's queue when the probe asks. */
static void case_many(void) {
    char name[16];
    int sockets[2], fds[BATCH];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(name, sizeof(name), "many%d", i);
        tsm_new(name);
        const int k = i % BATCH;
        fds[k] = open_inblob(name);
        CHECK(write(fds[k], nonce, 64) == 64);
        if (k < BATCH - 1) continue;
        send_fds(sockets[0], fds, BATCH);
        for (int sent = 0; sent < BATCH; sent++) CHECK(close(fds[sent]) == 0);
    }
    CHECK(tsm_generation("many0") == 0);
    /* One in the middle, as Linux may drop the first or the last one first; and open already, so that a
     * single request decides. */
    int middle = tsm_open("many150", "generation", O_RDONLY);
    CHECK(kill(getppid(), SIGSTOP) == 0);
    CHECK(close(sockets[0]) == 0 && close(sockets[1]) == 0);
    CHECK(kill(getppid(), SIGCONT) == 0);
    CHECK(read(middle, name, sizeof(name)) == 2 && name[0] == '1');
    CHECK(close(middle) == 0);
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(name, sizeof(name), "many%d", i);
        CHECK(tsm_generation(name) == 1);
        tsm_remove(name);
    }
}

static void rounds(const char *name, int count) {
    unsigned char fresh[64] = {0};
    for (int i = 1; i <= count; i++) {
        memcpy(fresh, &i, sizeof(i));
        int fd = open(tsm_path(name, "inblob"), O_WRONLY | O_CLOEXEC);
        CHECK(write(fd, fresh, 64) == 64);
        CHECK(close(fd) == 0);
        CHECK(tsm_generation(name) == i);
        CHECK(tsm_reports(name, fresh));
    }
}

static void case_loop(void) {
    tsm_new("loop");
    rounds("loop", 500);
    tsm_remove("loop");
}

/* Processes rather than threads, as paths and counters of the probe belong to one thread. */
static void case_crowd(void) {
    pid_t pids[16];
    char name[16];
    for (int i = 0; i < 16; i++) {
        pids[i] = fork();
        if (pids[i] != 0) continue;
        (void)snprintf(name, sizeof(name), "crowd%d", i);
        tsm_new(name);
        rounds(name, 40);
        tsm_remove(name);
        (void)fflush(stdout);
        _exit(probe_failures != 0);
    }
    for (int i = 0; i < 16; i++) CHECK(wait_for(pids[i]) == 0);
}

int main(int argc, char **argv) {
    static const struct probe_case cases[] = {
        {"plain", case_plain},   {"unwritten", case_unwritten}, {"dup", case_dup},
        {"dup2", case_dup2},     {"dup2-over", case_dup2_over}, {"fork", case_fork},
        {"exit", case_exit},     {"kill", case_kill},           {"exec", case_exec},
        {"passed", case_passed}, {"many", case_many},           {"loop", case_loop},
        {"crowd", case_crowd}};
    return probe_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
