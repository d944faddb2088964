/* usage: handoff. The device's descriptors on all the ways that a descriptor can take. */
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "guest_probe.h"

static void *thread_works(void *fd) {
    return (void *)(intptr_t)works((int)(intptr_t)fd);
}

static void threads(int fd) {
    pthread_t thread;
    void *result = NULL;
    if (pthread_create(&thread, NULL, thread_works, (void *)(intptr_t)fd) != 0) die("thread");
    pthread_join(thread, &result);
    say("thread", "%d", (int)(intptr_t)result);
}

static void send_fd(int socket, int fd) {
    char control[CMSG_SPACE(sizeof(int))] = {0}, byte = 0;
    struct iovec part = {&byte, 1};
    struct msghdr m = {.msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = sizeof control};
    struct cmsghdr *h = CMSG_FIRSTHDR(&m);
    h->cmsg_level = SOL_SOCKET;
    h->cmsg_type = SCM_RIGHTS;
    h->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(h), &fd, sizeof fd);
    if (sendmsg(socket, &m, 0) != 1) die("sendmsg");
}

static int receive_fd(int socket) {
    char control[CMSG_SPACE(sizeof(int))] = {0}, byte;
    struct iovec part = {&byte, 1};
    struct msghdr m = {.msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = sizeof control};
    int fd = -1;
    if (recvmsg(socket, &m, 0) != 1 || CMSG_FIRSTHDR(&m) == NULL) die("recvmsg");
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof fd);
    return fd;
}

/* A child that closed everything gets the descriptor by SCM_RIGHTS. */
static void passed(int fd) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) die("socketpair");
    const pid_t child = fork();
    if (child == 0) {
        close(fd);
        _exit(works(receive_fd(ends[1])) ? 0 : 1);
    }
    send_fd(ends[0], fd);
    say("scm_rights", "%d", ended(child) == 0);
}

static void executed(const char *name, const char *self, int fd) {
    char number[16];
    snprintf(number, sizeof number, "%d", fd);
    const pid_t child = fork();
    if (child == 0) {
        execl(self, self, "use", number, (char *)NULL);
        _exit(97);
    }
    say(name, "%d", ended(child));
}

int main(int argc, char **argv) {
    if (argc == 3) { /* executed: the descriptor of that number */
        const int fd = atoi(argv[2]);
        uint8_t out[64];
        if (works(fd)) return 10;
        return derive(fd, 0, out) != 0 && errno == EBADF ? 11 : 12;
    }
    const int fd = device(O_RDONLY), kept = device(O_RDWR), closed = device(O_RDWR | O_CLOEXEC);
    char path[64];
    say("open", "%d", works(fd));
    say("dup", "%d", works(dup(fd)));
    say("dup2", "%d", works(dup2(fd, 200)));
    say("dupfd_cloexec", "%d", works(fcntl(fd, F_DUPFD_CLOEXEC, 300)));
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    say("reopened", "%d", works(open(path, O_RDWR)));
    say("wronly", "%d", works(device(O_WRONLY)));
    pid_t child = fork();
    if (child == 0) _exit(works(fd) ? 0 : 1);
    say("fork", "%d", ended(child) == 0);
    child = fork();
    if (child == 0) {
        const pid_t grandchild = fork();
        if (grandchild == 0) _exit(works(device(O_RDWR)) ? 0 : 1);
        _exit(ended(grandchild));
    }
    say("grandchild", "%d", ended(child) == 0);
    threads(fd);
    passed(fd);
    executed("exec_kept", argv[0], kept);
    executed("exec_cloexec", argv[0], closed);
    close(fd);
    uint8_t out[64];
    say("closed", "%s", text(derive(fd, 0, out)));
    say("others", "%d", works(kept));
    /* The number is another file's now. */
    say("reused", "%d", dup2(open("/dev/null", O_RDWR), kept) == kept);
    say("reused_ioctl", "%s", text(derive(kept, 0, out)));
    say("unrelated", "%s", text(ioctl(kept, 0x5413, out)));
    say("never_open", "%s", text(ioctl(900, GET_REPORT, out)));
    struct rlimit limit = {.rlim_cur = 3, .rlim_max = 3};
    const pid_t full = fork();
    if (full == 0)
        _exit(setrlimit(RLIMIT_NOFILE, &limit) == 0 && open(DEVICE, O_RDWR) < 0 && errno == EMFILE
                  ? 0
                  : 1);
    say("emfile", "%d", ended(full) == 0);
    int ends[2];
    if (pipe(ends) != 0 || write(ends[1], "abc", 3) != 3) die("pipe");
    int waiting = 0;
    say("fionread", "%s", text(ioctl(ends[0], FIONREAD, &waiting)));
    say("fionread_value", "%d", waiting);
    return 0;
}
