/* Sockets, connections and the loop that serves them all, one thread for any number of clients. Nothing that
 * one client does or leaves undone makes another wait: a connection's bytes are kept until a frame is whole,
 * and one that does not take its answers is not read. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "frontends/cli.h"
#include "frontends/pspd.h"

#define EVENTS 64
#define BACKLOG 4096
#define BACKLOG_BYTES 0x40000 /* of answers that wait: more are not made */
#define READ_STEP 16384
#define OWN_DESCRIPTORS 64 /* sockets, --state's files, --kds */

struct client {
    int fd;
    bool control;
    bool closing;    /* when OUT is empty */
    uint32_t events; /* that epoll tells of */
    struct client *next, **link;
    struct pspd_session session;
    struct frame_out in, out;
};

struct loop {
    struct pspd *pspd;
    struct pspd_cuse *cuse;           /* NULL: none */
    int epoll, signals, listeners[2]; /* data, control */
    bool paused;                      /* out of descriptors: nobody is let in */
    uint64_t clients_max;             /* descriptors that are left for them */
    bool stopping;
    int exit;
    struct client *clients;
};

/* ---- listening ---- */

static bool address_of(const char *path, struct sockaddr_un *address) {
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address->sun_path) return false;
    memcpy(address->sun_path, path, strlen(path));
    return true;
}

/* A socket that a dead process has left goes; one that answers, or any other file, stays. */
static bool clear_stale(const char *path, const struct sockaddr_un *address, int *exit) {
    struct stat file;
    if (lstat(path, &file) != 0) return true;
    *exit = CLI_USAGE;
    if (!S_ISSOCK(file.st_mode)) {
        cli_bad_option("--listen", path, "is there and is no socket");
        return false;
    }
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool alive =
        fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof *address) == 0;
    if (fd >= 0) (void)close(fd);
    *exit = CLI_UNAVAILABLE;
    if (alive) {
        cli_bad_option("--listen", path, "another process listens there");
        return false;
    }
    return unlink(path) == 0 || errno == ENOENT;
}

static int listen_at(const char *path, int *exit) {
    struct sockaddr_un address;
    *exit = CLI_USAGE;
    if (!address_of(path, &address)) {
        cli_bad_option("--listen", path, "must be short enough for a socket's address");
        return -1;
    }
    if (!clear_stale(path, &address, exit)) return -1;
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const mode_t mask = umask(0177); /* the caller's alone: a guest's keys go through it */
    const bool bound = fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof address) == 0;
    (void)umask(mask);
    if (bound && listen(fd, BACKLOG) == 0) return fd;
    *exit = CLI_UNAVAILABLE;
    cli_bad_option("--listen", path, strerror(errno));
    if (fd >= 0) (void)close(fd);
    return -1;
}

bool pspd_listen(const char *path, int fds[2], int *exit) {
    char control[sizeof((struct sockaddr_un *)0)->sun_path + 16];
    fds[0] = listen_at(path, exit);
    if (fds[0] < 0) return false;
    (void)snprintf(control, sizeof control, "%s.control", path);
    fds[1] = listen_at(control, exit);
    if (fds[1] >= 0) return true;
    (void)close(fds[0]);
    (void)unlink(path);
    return false;
}

/* ---- clients ---- */

static void watch(const struct loop *loop, int operation, int fd, uint32_t events, void *what) {
    struct epoll_event event = {.events = events, .data.ptr = what};
    if (epoll_ctl(loop->epoll, operation, fd, &event) != 0) abort(); /* descriptors are ours */
}

static void resume(struct loop *loop) {
    if (!loop->paused) return;
    loop->paused = false;
    for (size_t i = 0; i < 2; i++)
        watch(loop, EPOLL_CTL_MOD, loop->listeners[i], EPOLLIN, &loop->listeners[i]);
}

static void pause_accepting(struct loop *loop) {
    loop->paused = true;
    for (size_t i = 0; i < 2; i++)
        watch(loop, EPOLL_CTL_MOD, loop->listeners[i], 0, &loop->listeners[i]);
}

static void client_free(struct loop *loop, struct client *c) {
    (void)close(c->fd);
    if (c->session.guest != NULL) pspd_leave(loop->pspd, c->session.guest);
    *c->link = c->next;
    if (c->next != NULL) c->next->link = c->link;
    if (c->control)
        loop->pspd->counts.controls--;
    else
        loop->pspd->counts.clients--;
    frame_out_free(&c->in);
    frame_out_free(&c->out);
    free(c);
    resume(loop);
}

static bool client_new(struct loop *loop, int fd, bool control) {
    struct client *c = calloc(1, sizeof *c);
    if (c == NULL) {
        (void)close(fd);
        return false;
    }
    c->fd = fd;
    c->control = control;
    c->link = &loop->clients;
    c->next = loop->clients;
    if (c->next != NULL) c->next->link = &c->next;
    loop->clients = c;
    loop->pspd->counts.accepted++;
    if (control)
        loop->pspd->counts.controls++;
    else
        loop->pspd->counts.clients++;
    c->events = EPOLLIN;
    watch(loop, EPOLL_CTL_ADD, fd, c->events, c);
    return true;
}

static void accept_all(struct loop *loop, bool control) {
    for (;;) {
        const struct pspd_counts *counts = &loop->pspd->counts;
        if ((uint64_t)counts->clients + counts->controls >= loop->clients_max) { /* @req SOCK-007 */
            pause_accepting(loop);
            return;
        }
        const int fd =
            accept4(loop->listeners[control ? 1 : 0], NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0 && client_new(loop, fd, control)) continue;
        if (fd < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
        const bool full = fd >= 0 || errno == EMFILE || errno == ENFILE || errno == ENOMEM;
        /* One that leaves makes room; without any there is none to wait for. */
        if (full && loop->clients != NULL) pause_accepting(loop);
        return;
    }
}

/* False: the peer is gone. */
static bool client_send(const struct loop *loop, struct client *c) {
    while (c->out.size > 0) {
        const ssize_t n = send(c->fd, c->out.bytes, c->out.size, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) break;
        if (n <= 0) return false;
        frame_out_drop(&c->out, (size_t)n);
    }
    const bool waits = c->out.size > 0;
    const bool full = c->out.size > BACKLOG_BYTES || c->closing;
    const uint32_t events = (waits ? (uint32_t)EPOLLOUT : 0u) | (full ? 0u : (uint32_t)EPOLLIN);
    if (events != c->events) watch(loop, EPOLL_CTL_MOD, c->fd, events, c);
    c->events = events;
    return true;
}

/* How much of the SIZE bytes at IN is a whole message; 0: not yet. */
static size_t next_message(const struct client *c, struct frame_header *header, bool *bad) {
    if (c->control) {
        const uint8_t *end = memchr(c->in.bytes, '\n', c->in.size);
        *bad = end == NULL && c->in.size > PSPD_LINE_MAX; /* @req SOCK-002 */
        return end == NULL ? 0 : (size_t)(end - c->in.bytes) + 1;
    }
    if (c->in.size < FRAME_HEADER_SIZE) return 0;
    *bad = !frame_header_read(c->in.bytes, header);
    if (*bad) return 0;
    const size_t whole = FRAME_HEADER_SIZE + (size_t)header->payload_size;
    return c->in.size < whole ? 0 : whole;
}

static enum pspd_next answer(struct loop *loop, struct client *c, const struct frame_header *header,
                             size_t size) {
    if (c->control) return pspd_control(loop->pspd, (const char *)c->in.bytes, size - 1, &c->out);
    return pspd_frame(loop->pspd, &c->session, header, c->in.bytes + FRAME_HEADER_SIZE, &c->out);
}

/* Answers what is whole. False: the client is to be dropped. */
static bool client_answer(struct loop *loop, struct client *c) {
    while (!c->closing && c->in.size > 0 && c->out.size <= BACKLOG_BYTES) {
        struct frame_header header = {0};
        bool bad = false;
        const size_t size = next_message(c, &header, &bad);
        if (bad) return false; /* @req SOCK-001 */
        if (size == 0) break;
        const enum pspd_next next = answer(loop, c, &header, size);
        if (next == PSPD_DROP || c->out.failed) return false; /* @req SOCK-001 */
        c->closing = next == PSPD_CLOSE;
        frame_out_drop(&c->in, size);
        if (!client_send(loop, c)) return false;
    }
    return !(c->closing && c->out.size == 0);
}

/* One read. False: the client is gone or dropped. */
static bool client_read(struct client *c) {
    uint8_t bytes[READ_STEP];
    const ssize_t n = recv(c->fd, bytes, sizeof bytes, 0);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    if (n == 0) return false;
    frame_put_bytes(&c->in, bytes, (size_t)n);
    crypto_wipe(bytes, (size_t)n);
    return !c->in.failed;
}

static void client_event(struct loop *loop, struct client *c, uint32_t events) {
    bool alive = true;
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) alive = client_read(c);
    const bool left = !alive && c->in.size == 0 && c->out.size == 0;
    if (alive) alive = client_send(loop, c) && client_answer(loop, c);
    if (alive) return;
    if (!left && !c->closing) loop->pspd->counts.dropped++;
    client_free(loop, c);
}

/* ---- the loop ---- */

/* One call, then the others have their turn. */
static void cuse_event(struct loop *loop) {
    if (pspd_cuse_event(loop->cuse)) return;
    loop->stopping = true;
    loop->exit = CLI_UNAVAILABLE;
}

static void event(struct loop *loop, const struct epoll_event *e) {
    if (e->data.ptr == &loop->signals)
        loop->stopping = true;
    else if (e->data.ptr == &loop->listeners[0])
        accept_all(loop, false);
    else if (e->data.ptr == &loop->listeners[1])
        accept_all(loop, true);
    else if (e->data.ptr == &loop->cuse)
        cuse_event(loop);
    else
        client_event(loop, e->data.ptr, e->events);
}

static sigset_t ending_signals(void) {
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    return set;
}

void pspd_block_signals(void) {
    const sigset_t set = ending_signals();
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) abort(); /* the set is good */
}

static bool loop_open(struct loop *loop) {
    const sigset_t set = ending_signals();
    loop->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (loop->signals < 0 || loop->epoll < 0) return false;
    watch(loop, EPOLL_CTL_ADD, loop->signals, EPOLLIN, &loop->signals);
    for (size_t i = 0; i < 2; i++)
        watch(loop, EPOLL_CTL_ADD, loop->listeners[i], EPOLLIN, &loop->listeners[i]);
    if (loop->cuse != NULL)
        watch(loop, EPOLL_CTL_ADD, pspd_cuse_fd(loop->cuse), EPOLLIN, &loop->cuse);
    return true;
}

/* As many descriptors as the system lets us have: one a client, and some for ourselves. With fewer, clients wait
 * their turn. */
static uint64_t raise_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1;
    const rlim_t before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = before;
    return limit.rlim_cur > OWN_DESCRIPTORS ? limit.rlim_cur - OWN_DESCRIPTORS : 1;
}

int pspd_serve(struct pspd *pspd, const int fds[2], struct pspd_cuse *cuse) {
    struct loop loop = {.pspd = pspd, .cuse = cuse, .listeners = {fds[0], fds[1]}, .exit = CLI_OK};
    struct epoll_event events[EVENTS];
    loop.clients_max = raise_limit();
    if (!loop_open(&loop)) {
        cli_bad_option("--listen", NULL, strerror(errno));
        return CLI_UNAVAILABLE;
    }
    if (!pspd_sandbox(cuse != NULL))
        fprintf(stderr, "pspd: no sandbox here: %s\n", strerror(errno));
    printf("pspd: ready\n");
    (void)fflush(stdout);
    while (!loop.stopping) {
        const int count = epoll_wait(loop.epoll, events, EVENTS, -1);
        /* A client is freed in its own event only, so that no other event's pointer dangles. */
        for (int i = 0; i < count; i++) event(&loop, &events[i]);
    }
    while (loop.clients != NULL) client_free(&loop, loop.clients);
    (void)close(loop.epoll);
    (void)close(loop.signals);
    return loop.exit;
}
