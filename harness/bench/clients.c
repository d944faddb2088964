/* See clients.h. One thread and epoll, so that the load costs little beside what it loads. */
#include "clients.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon.h"
#include "frontends/frame.h"
#include "sevkit/bytes.h"
#include "sevkit/message.h"
#include "sevkit/report.h"
#include "sevkit/sev_guest.h"

#define EVENTS 64
#define SILENCE_MS 60000

/* Where the client's program has its buffers. */
#define ARG 0x10000
#define REQ 0x20000
#define RESP 0x30000

/* The frame of SNP_GET_REPORT: header; cmd, arg, count; three regions; arg; request. */
#define REGION_SIZE 16
#define ASK_REGIONS (FRAME_HEADER_SIZE + 16)
#define ASK_ARG (ASK_REGIONS + 3 * REGION_SIZE)
#define ASK_REQ (ASK_ARG + DRV_REQUEST_SIZE)
#define ASK_SIZE (ASK_REQ + DRV_REPORT_REQ_SIZE)

/* Its answer: header; result; arg; response. */
#define ANSWER_RESULT FRAME_HEADER_SIZE
#define ANSWER_ARG (ANSWER_RESULT + 8)
#define ANSWER_RESP (ANSWER_ARG + DRV_REQUEST_SIZE)
#define ANSWER_SIZE (ANSWER_RESP + DRV_REPORT_RESP_SIZE)

#define HELLO_SIZE (FRAME_HEADER_SIZE + 12)
#define HELLO_ANSWER_SIZE (FRAME_HEADER_SIZE + 20)

struct client {
    int fd;
    uint32_t id; /* of its last request */
    size_t got, expected;
    uint8_t answer[ANSWER_SIZE];
};

struct bench_clients {
    struct bench_daemon daemon;
    int epoll;
    uint32_t last_id;
    struct frame_out ask;
    size_t count;
    struct client clients[];
};

static bool fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

static bool fail(const char *format, ...) {
    va_list args;
    fputs("sevkit-bench: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return false;
}

/* ---- frames ---- */

/* FRAME with the next request id, in one piece: a client has one request under way, for which a socket has
 * room. */
static bool ask(struct bench_clients *all, struct client *c, uint8_t *frame, size_t size,
                size_t expected) {
    c->id = ++all->last_id;
    c->got = 0;
    c->expected = expected;
    abi_put_le32(frame + FRAME_REQUEST_ID, c->id);
    if (send(c->fd, frame, size, MSG_NOSIGNAL) == (ssize_t)size) return true;
    return fail("request %u is not sent: %s", c->id, strerror(errno));
}

static bool check_header(const struct client *c, uint8_t type) {
    const uint8_t *a = c->answer;
    if (a[FRAME_TYPE] != (type | FRAME_ANSWER))
        return fail("request %u: answer of type 0x%x", c->id, a[FRAME_TYPE]);
    if (abi_get_le32(a + FRAME_REQUEST_ID) != c->id)
        return fail("request %u: answer to %u", c->id, abi_get_le32(a + FRAME_REQUEST_ID));
    if (abi_get_le32(a) != c->expected - FRAME_LENGTH_SIZE)
        return fail("request %u: answer of %u bytes", c->id, abi_get_le32(a));
    return true;
}

static bool check_hello(const struct client *c) {
    return check_header(c, FRAME_HELLO);
}

/* REPORT_DATA has the request's id: no client gets what is another's, or its own of the time before. */
static bool check_report(const struct client *c) {
    const uint8_t *a = c->answer, *report = a + ANSWER_RESP + ABI_REPORT_RSP_REPORT;
    if (!check_header(c, FRAME_IOCTL)) return false;
    if (abi_get_le64(a + ANSWER_RESULT) != 0)
        return fail("request %u: result %lld", c->id, (long long)abi_get_le64(a + ANSWER_RESULT));
    if (abi_get_le64(a + ANSWER_ARG + DRV_REQUEST_EXITINFO2) != 0)
        return fail("request %u: exitinfo2 is not 0", c->id);
    if (abi_get_le32(a + ANSWER_RESP) != 0)
        return fail("request %u: STATUS 0x%x", c->id, abi_get_le32(a + ANSWER_RESP));
    if (abi_get_le32(report + ABI_REPORT_REPORT_DATA) != c->id)
        return fail("request %u: the report of another", c->id);
    return true;
}

/* Reads what is there. */
static bool take(struct client *c) {
    const ssize_t n = recv(c->fd, c->answer + c->got, c->expected - c->got, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    if (n <= 0) return fail("request %u: pspd has closed the connection", c->id);
    c->got += (size_t)n;
    return true;
}

/* Until every client has its answer. */
static bool take_all(struct bench_clients *all, bool (*check)(const struct client *c)) {
    struct epoll_event events[EVENTS];
    for (size_t left = all->count; left > 0;) {
        const int count = epoll_wait(all->epoll, events, EVENTS, SILENCE_MS);
        if (count == 0) return fail("%zu clients wait in vain", left);
        for (int i = 0; i < count; i++) {
            struct client *c = events[i].data.ptr;
            if (!take(c)) return false;
            if (c->got < c->expected) continue;
            if (!check(c)) return false;
            left--;
        }
    }
    return true;
}

/* ---- clients ---- */

static bool say_hello(struct bench_clients *all) {
    uint8_t frame[HELLO_SIZE] = {0};
    abi_put_le32(frame, sizeof frame - FRAME_LENGTH_SIZE);
    frame[FRAME_TYPE] = FRAME_HELLO;
    abi_put_le16(frame + FRAME_HEADER_SIZE, FRAME_VERSION_MIN);
    abi_put_le16(frame + FRAME_HEADER_SIZE + 2, FRAME_VERSION_MAX);
    for (size_t i = 0; i < all->count; i++) {
        if (!ask(all, &all->clients[i], frame, sizeof frame, HELLO_ANSWER_SIZE)) return false;
    }
    return take_all(all, check_hello);
}

static void put_region(struct frame_out *out, uint64_t address, uint32_t size, uint32_t flags) {
    frame_put_u64(out, address);
    frame_put_u32(out, size);
    frame_put_u32(out, flags);
}

/* One frame for all; only its id and REPORT_DATA change. */
static bool make_ask(struct frame_out *out) {
    const uint8_t zero[DRV_REPORT_REQ_SIZE] = {0};
    size_t start;
    frame_begin(out, FRAME_IOCTL, 0, &start);
    frame_put_u32(out, DRV_SNP_GET_REPORT);
    frame_put_u64(out, ARG);
    frame_put_u32(out, 3);
    put_region(out, ARG, DRV_REQUEST_SIZE, FRAME_REGION_SENT | FRAME_REGION_RETURNED);
    put_region(out, REQ, DRV_REPORT_REQ_SIZE, FRAME_REGION_SENT);
    put_region(out, RESP, DRV_REPORT_RESP_SIZE, FRAME_REGION_RETURNED);
    frame_put_u64(out, 1); /* msg_version */
    frame_put_u64(out, REQ);
    frame_put_u64(out, RESP);
    frame_put_u64(out, 0);
    frame_put_bytes(out, zero, sizeof zero);
    frame_end(out, start);
    return out->failed ? fail("no memory") : true;
}

static bool connect_client(struct bench_clients *all, struct client *c) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    const struct sockaddr_un *address = &all->daemon.address;
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd >= 0 && connect(c->fd, (const struct sockaddr *)address, sizeof *address) == 0 &&
        fcntl(c->fd, F_SETFL, O_NONBLOCK) == 0 &&
        epoll_ctl(all->epoll, EPOLL_CTL_ADD, c->fd, &event) == 0)
        return true;
    return fail("client %td: %s", c - all->clients, strerror(errno));
}

/* Each client needs a descriptor here, and one in pspd, which inherits this. */
static void raise_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static bool start(struct bench_clients *all) {
    raise_limit();
    all->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (all->epoll < 0) return fail("epoll: %s", strerror(errno));
    if (!make_ask(&all->ask) || !bench_daemon_start(&all->daemon)) return false;
    for (size_t i = 0; i < all->count; i++) {
        if (!connect_client(all, &all->clients[i])) return false;
    }
    return say_hello(all);
}

struct bench_clients *bench_clients_new(size_t count) {
    struct bench_clients *all = calloc(1, sizeof *all + count * sizeof all->clients[0]);
    if (all == NULL) {
        (void)fail("no memory");
        return NULL;
    }
    all->count = count;
    for (size_t i = 0; i < count; i++) all->clients[i].fd = -1;
    if (start(all)) return all;
    bench_clients_free(all);
    return NULL;
}

void bench_clients_free(struct bench_clients *clients) {
    if (clients == NULL) return;
    for (size_t i = 0; i < clients->count; i++) {
        if (clients->clients[i].fd >= 0) (void)close(clients->clients[i].fd);
    }
    if (clients->epoll >= 0) (void)close(clients->epoll);
    bench_daemon_stop(&clients->daemon);
    frame_out_free(&clients->ask);
    free(clients);
}

bool bench_clients_report(struct bench_clients *clients) {
    for (size_t i = 0; i < clients->count; i++) {
        abi_put_le32(clients->ask.bytes + ASK_REQ, clients->last_id + 1);
        if (!ask(clients, &clients->clients[i], clients->ask.bytes, ASK_SIZE, ANSWER_SIZE))
            return false;
    }
    return take_all(clients, check_report);
}
