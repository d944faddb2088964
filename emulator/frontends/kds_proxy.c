/* The CONNECT proxy: an accepting thread and one thread a connection, at most CONNECTIONS_MAX of them.
 * RFC 9110, section 9.3.6.
 *
 * Sockets do not block; every wait is a poll that stop_fd ends. Only a name server's answer cannot be
 * given up, so a thread that asks for one is not waited for: connections own a reference to the proxy. */
#include "frontends/kds_proxy.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "frontends/kds_connect.h"

#define CONNECTIONS_MAX 128
#define STACK_SIZE 0x80000
#define HEAD_MS 30000    /* for a whole head */
#define CONNECT_MS 10000 /* for each address of a host */
#define LINGER_MS 1000   /* for the rest of what a refused client says */
#define LINGER_BYTES 0x20000
#define FULL_PAUSE_MS 100 /* when the process is out of descriptors */
#define FLOW_SIZE 16384

enum upstream_kind { UPSTREAM_NONE, UPSTREAM_HTTP, UPSTREAM_UNKNOWN };

struct kds_proxy {
    int listen_fd;
    int stop_fd; /* an eventfd: readable from kds_proxy_stop on */
    struct kds_http *http;
    enum upstream_kind upstream_kind;
    struct kds_upstream upstream;
    char *no_proxy; /* NULL: none */
    pthread_t acceptor;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t idle;
    size_t references; /* the caller's, and each connection's */
    size_t busy;       /* connections that are not waiting for a name server */
    bool stopping;
};

struct connection {
    struct kds_proxy *proxy;
    int client; /* -1 when it is another's */
    struct sockaddr_storage peer;
    socklen_t peer_size;
    char head[KDS_HEAD_MAX + 1];
};

/* ---- waiting ---- */

static int64_t now_ms(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* True when FD is ready for EVENTS; false after UNTIL or when the proxy stops. */
static bool wait_ready(const struct kds_proxy *proxy, int fd, short events, int64_t until) {
    for (;;) {
        const int64_t left = until - now_ms();
        if (left <= 0) return false;
        struct pollfd fds[2] = {{.fd = fd, .events = events},
                                {.fd = proxy->stop_fd, .events = POLLIN}};
        const int count = poll(fds, 2, (int)left);
        if (count < 0 && errno != EINTR) return false;
        if (count > 0) return fds[1].revents == 0;
    }
}

static bool send_all(const struct kds_proxy *proxy, int fd, const char *bytes, size_t size) {
    const int64_t until = now_ms() + HEAD_MS;
    while (size > 0) {
        const ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
        if (sent >= 0) {
            bytes += sent;
            size -= (size_t)sent;
        } else if (errno == EAGAIN) {
            if (!wait_ready(proxy, fd, POLLOUT, until)) return false;
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

enum head_result { HEAD_GOOD, HEAD_BAD, HEAD_GONE };

/* Reads a head and nothing of what follows it: bytes are looked at before they are taken. */
static enum head_result head_read(const struct kds_proxy *proxy, int fd,
                                  char head[KDS_HEAD_MAX + 1]) {
    const int64_t until = now_ms() + HEAD_MS;
    size_t used = 0;
    while (wait_ready(proxy, fd, POLLIN, until)) {
        const ssize_t seen = recv(fd, head + used, KDS_HEAD_MAX - used, MSG_PEEK);
        if (seen < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (seen <= 0) return HEAD_GONE;
        bool bad;
        const size_t length = kds_head_length(head, used + (size_t)seen, &bad);
        const size_t taken = length > 0 ? length - used : (size_t)seen;
        if (recv(fd, head + used, taken, 0) != (ssize_t)taken) return HEAD_GONE;
        used += taken;
        head[used] = 0;
        if (bad) return HEAD_BAD;
        if (length > 0) return HEAD_GOOD;
    }
    return used > 0 ? HEAD_BAD : HEAD_GONE;
}

/* ---- refusals ---- */

static const char *reason_of(unsigned status) {
    switch (status) {
    case 400: return "Bad Request";
    case 403: return "Forbidden";
    case 405: return "Method Not Allowed";
    case 503: return "Service Unavailable";
    default: return "Bad Gateway";
    }
}

/* What is left unread when a socket is closed would reset it and lose the answer on its way. */
static void linger(const struct kds_proxy *proxy, int fd) {
    const int64_t until = now_ms() + LINGER_MS;
    char waste[4096];
    (void)shutdown(fd, SHUT_WR);
    for (size_t read = 0; read < LINGER_BYTES && wait_ready(proxy, fd, POLLIN, until);) {
        const ssize_t size = recv(fd, waste, sizeof waste, 0);
        if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) return;
        if (size > 0) read += (size_t)size;
    }
}

__attribute__((format(printf, 3, 4))) static void refuse(const struct connection *connection,
                                                         unsigned status, const char *format, ...) {
    char text[512], answer[1024];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    const int size =
        snprintf(answer, sizeof answer,
                 "HTTP/1.1 %u %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n"
                 "%sConnection: close\r\n\r\n%s\n",
                 status, reason_of(status), strlen(text) + 1,
                 status == 405 ? "Allow: CONNECT\r\n" : "", text);
    if (send_all(connection->proxy, connection->client, answer, (size_t)size))
        linger(connection->proxy, connection->client);
}

/* ---- the other side ---- */

/* A connected socket, or -1 with *ERROR. */
static int connect_one(const struct kds_proxy *proxy, const struct addrinfo *to, int *error) {
    const int fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        *error = errno;
        return -1;
    }
    *error = connect(fd, to->ai_addr, to->ai_addrlen) == 0 ? 0 : errno;
    if (*error == EINPROGRESS) {
        socklen_t size = sizeof *error;
        if (!wait_ready(proxy, fd, POLLOUT, now_ms() + CONNECT_MS))
            *error = ETIMEDOUT;
        else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, error, &size) != 0)
            *error = errno;
    }
    if (*error == 0) return fd;
    close(fd);
    return -1;
}

static void busy_leave(struct kds_proxy *proxy) {
    pthread_mutex_lock(&proxy->mutex);
    if (--proxy->busy == 0) pthread_cond_signal(&proxy->idle);
    pthread_mutex_unlock(&proxy->mutex);
}

/* Counts as busy again, in any case; false when the proxy is stopping: do nothing any more. */
static bool busy_enter(struct kds_proxy *proxy) {
    pthread_mutex_lock(&proxy->mutex);
    proxy->busy++;
    const bool stopping = proxy->stopping;
    pthread_mutex_unlock(&proxy->mutex);
    return !stopping;
}

/* A socket connected to ADDRESS, or -1 after a refusal. */
static int connect_to(const struct connection *connection, const struct kds_address *address) {
    struct kds_proxy *proxy = connection->proxy;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    busy_leave(proxy);
    const int failure = getaddrinfo(address->host, address->port, &hints, &list);
    const bool goes_on = busy_enter(proxy);
    if (failure != 0) {
        if (goes_on) refuse(connection, 502, "%s: %s", address->host, gai_strerror(failure));
        return -1;
    }
    int fd = -1, error = ECANCELED;
    for (const struct addrinfo *to = list; to != NULL && fd < 0 && goes_on; to = to->ai_next)
        fd = connect_one(proxy, to, &error);
    freeaddrinfo(list);
    if (fd < 0 && goes_on)
        refuse(connection, 502, "%s port %s: %s", address->host, address->port, strerror(error));
    return fd;
}

/* A socket that leads to ADDRESS through the caller's proxy, or -1 after a refusal. */
static int connect_through(struct connection *connection, const struct kds_address *address) {
    const struct kds_proxy *proxy = connection->proxy;
    const struct kds_upstream *upstream = &proxy->upstream;
    const int fd = connect_to(connection, &upstream->address);
    if (fd < 0) return -1;
    const bool is_v6 = strchr(address->host, ':') != NULL;
    char target[KDS_HOST_SIZE + 16], request[2 * sizeof target + KDS_CREDENTIALS_SIZE + 64];
    (void)snprintf(target, sizeof target, "%s%s%s:%s", is_v6 ? "[" : "", address->host,
                   is_v6 ? "]" : "", address->port);
    const bool has_credentials = upstream->credentials[0] != 0;
    const int size =
        snprintf(request, sizeof request, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n%s%s%s\r\n", target,
                 target, has_credentials ? "Proxy-Authorization: " : "", upstream->credentials,
                 has_credentials ? "\r\n" : "");
    const bool answered = send_all(proxy, fd, request, (size_t)size) &&
                          head_read(proxy, fd, connection->head) == HEAD_GOOD;
    const unsigned status = answered ? kds_status_parse(connection->head) : 0;
    if (status >= 200 && status < 300) return fd;
    close(fd);
    refuse(connection, 502, "the proxy of HTTPS_PROXY answered %u for %s", status, target);
    return -1;
}

/* ---- carrying bytes ---- */

struct flow {
    int from, to;
    size_t at, end; /* BYTES[at..end) is still to be sent */
    bool ended;     /* FROM has said all, TO has been told */
    char bytes[FLOW_SIZE];
};

/* Moves what can be moved now; false when a side is broken. */
static bool flow_move(struct flow *flow) {
    if (flow->at == flow->end && !flow->ended) {
        const ssize_t size = recv(flow->from, flow->bytes, FLOW_SIZE, 0);
        if (size < 0) return errno == EAGAIN || errno == EINTR;
        flow->at = 0;
        flow->end = (size_t)size;
        if (size == 0) {
            flow->ended = true;
            return shutdown(flow->to, SHUT_WR) == 0;
        }
    }
    if (flow->at == flow->end) return true;
    const ssize_t sent = send(flow->to, flow->bytes + flow->at, flow->end - flow->at, MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN || errno == EINTR;
    flow->at += (size_t)sent;
    return true;
}

/* Carries bytes both ways until both sides have said all, one breaks, or the proxy stops. */
static void carry(const struct kds_proxy *proxy, int client, int server) {
    struct flow *flows = calloc(2, sizeof *flows);
    if (flows == NULL) return;
    flows[0].from = flows[1].to = client;
    flows[1].from = flows[0].to = server;
    bool good = true;
    while (good && !(flows[0].ended && flows[1].ended)) {
        /* Each flow waits for one thing: room if it holds bytes, else bytes. */
        struct pollfd fds[3] = {[2] = {.fd = proxy->stop_fd, .events = POLLIN}};
        for (size_t i = 0; i < 2; i++) {
            const bool holds = flows[i].at < flows[i].end;
            fds[i].fd = holds ? flows[i].to : flows[i].ended ? -1 : flows[i].from;
            fds[i].events = holds ? POLLOUT : POLLIN;
        }
        if (poll(fds, 3, -1) < 0 && errno != EINTR) break;
        if (fds[2].revents != 0) break;
        for (size_t i = 0; i < 2; i++)
            if (fds[i].revents != 0) good = good && flow_move(&flows[i]);
    }
    free(flows);
}

/* ---- one connection ---- */

static const char established[] = "HTTP/1.1 200 Connection established\r\n\r\n";

static void pass_on(struct connection *connection, const struct kds_address *address) {
    const struct kds_proxy *proxy = connection->proxy;
    const bool straight =
        proxy->upstream_kind == UPSTREAM_NONE || kds_no_proxy_has(proxy->no_proxy, address->host);
    if (!straight && proxy->upstream_kind == UPSTREAM_UNKNOWN) {
        refuse(connection, 502,
               "HTTPS_PROXY names a proxy that is not of the kind http://HOST:PORT");
        return;
    }
    const int server =
        straight ? connect_to(connection, address) : connect_through(connection, address);
    if (server < 0) return;
    if (send_all(proxy, connection->client, established, sizeof established - 1))
        carry(proxy, connection->client, server);
    close(server);
}

static void serve_kds(struct connection *connection) {
    if (!send_all(connection->proxy, connection->client, established, sizeof established - 1))
        return;
    (void)kds_http_add(connection->proxy->http, connection->client,
                       (const struct sockaddr *)&connection->peer, connection->peer_size);
    connection->client = -1;
}

static void serve(struct connection *connection) {
    const enum head_result read =
        head_read(connection->proxy, connection->client, connection->head);
    if (read == HEAD_GONE) return;
    struct kds_address address;
    const unsigned status = read == HEAD_BAD ? 400 : kds_connect_parse(connection->head, &address);
    if (status != 200)
        refuse(connection, status, "this proxy takes CONNECT HOST:PORT HTTP/1.1");
    else if (strcasecmp(address.host, VMM_KDS_HOST) != 0)
        pass_on(connection, &address);
    else if (strcmp(address.port, "443") != 0)
        refuse(connection, 403, VMM_KDS_HOST " is emulated at port 443 only");
    else
        serve_kds(connection);
}

static void release(struct kds_proxy *proxy) {
    pthread_mutex_lock(&proxy->mutex);
    const bool last = --proxy->references == 0;
    pthread_mutex_unlock(&proxy->mutex);
    if (!last) return;
    close(proxy->stop_fd);
    pthread_cond_destroy(&proxy->idle);
    pthread_mutex_destroy(&proxy->mutex);
    free(proxy->no_proxy);
    free(proxy);
}

static void *connection_run(void *context) {
    struct connection *connection = context;
    struct kds_proxy *proxy = connection->proxy;
    serve(connection);
    if (connection->client >= 0) close(connection->client);
    free(connection);
    busy_leave(proxy);
    release(proxy);
    return NULL;
}

/* ---- accepting ---- */

/* Takes a place for one more connection; false when all are taken. */
static bool place_take(struct kds_proxy *proxy) {
    pthread_mutex_lock(&proxy->mutex);
    const bool taken = proxy->references <= CONNECTIONS_MAX;
    if (taken) {
        proxy->references++;
        proxy->busy++;
    }
    pthread_mutex_unlock(&proxy->mutex);
    return taken;
}

static bool thread_start(struct connection *connection) {
    pthread_attr_t attributes;
    pthread_t thread;
    if (pthread_attr_init(&attributes) != 0) return false;
    (void)pthread_attr_setstacksize(&attributes, STACK_SIZE);
    (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    const bool started = pthread_create(&thread, &attributes, connection_run, connection) == 0;
    pthread_attr_destroy(&attributes);
    return started;
}

/* CONNECTION's client is served in a thread, or told that there is no room. */
static void connection_start(struct connection *connection) {
    struct kds_proxy *proxy = connection->proxy;
    if (!place_take(proxy)) {
        static const char full[] = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"
                                   "Connection: close\r\n\r\n";
        (void)!send(connection->client, full, sizeof full - 1, MSG_NOSIGNAL);
    } else if (thread_start(connection)) {
        return;
    } else {
        busy_leave(proxy);
        release(proxy);
    }
    close(connection->client);
    free(connection);
}

static void *accept_all(void *context) {
    struct kds_proxy *proxy = context;
    for (;;) {
        struct pollfd fds[2] = {{.fd = proxy->listen_fd, .events = POLLIN},
                                {.fd = proxy->stop_fd, .events = POLLIN}};
        if (poll(fds, 2, -1) < 0 && errno != EINTR) return NULL;
        if (fds[1].revents != 0) return NULL;
        struct connection *connection = calloc(1, sizeof *connection);
        if (connection != NULL) {
            connection->proxy = proxy;
            connection->peer_size = sizeof connection->peer;
            connection->client = accept4(proxy->listen_fd, (struct sockaddr *)&connection->peer,
                                         &connection->peer_size, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (connection->client >= 0) {
                connection_start(connection);
                continue;
            }
        }
        const bool full = connection == NULL || errno == EMFILE || errno == ENFILE ||
                          errno == ENOBUFS || errno == ENOMEM;
        free(connection);
        if (full && poll(&fds[1], 1, FULL_PAUSE_MS) > 0) return NULL;
    }
}

/* ---- life ---- */

/* Frees a proxy whose acceptor does not run. */
static void proxy_drop(struct kds_proxy *proxy) {
    close(proxy->listen_fd);
    release(proxy);
}

static struct kds_proxy *proxy_new(int listen_fd, struct kds_http *http, const char *https_proxy,
                                   const char *no_proxy) {
    struct kds_proxy *proxy = calloc(1, sizeof *proxy);
    if (proxy == NULL) {
        close(listen_fd);
        return NULL;
    }
    *proxy = (struct kds_proxy){.listen_fd = listen_fd, .http = http, .references = 1};
    pthread_mutex_init(&proxy->mutex, NULL);
    pthread_cond_init(&proxy->idle, NULL);
    if (https_proxy != NULL && *https_proxy != 0)
        proxy->upstream_kind =
            kds_upstream_parse(https_proxy, &proxy->upstream) ? UPSTREAM_HTTP : UPSTREAM_UNKNOWN;
    if (no_proxy != NULL) proxy->no_proxy = strdup(no_proxy);
    proxy->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (proxy->stop_fd >= 0 && (no_proxy == NULL || proxy->no_proxy != NULL)) return proxy;
    proxy_drop(proxy);
    return NULL;
}

bool kds_proxy_start(int listen_fd, struct kds_http *http, const char *https_proxy,
                     const char *no_proxy, struct kds_proxy **out, char why[KDS_WHY_SIZE]) {
    struct kds_proxy *proxy = proxy_new(listen_fd, http, https_proxy, no_proxy);
    if (proxy != NULL && pthread_create(&proxy->acceptor, NULL, accept_all, proxy) == 0) {
        *out = proxy;
        return true;
    }
    (void)snprintf(why, KDS_WHY_SIZE, "no memory, descriptor or thread for the proxy");
    if (proxy != NULL) proxy_drop(proxy);
    return false;
}

void kds_proxy_stop(struct kds_proxy *proxy) {
    if (proxy == NULL) return;
    pthread_mutex_lock(&proxy->mutex);
    proxy->stopping = true;
    pthread_mutex_unlock(&proxy->mutex);
    (void)eventfd_write(proxy->stop_fd, 1);
    pthread_join(proxy->acceptor, NULL);
    pthread_mutex_lock(&proxy->mutex);
    while (proxy->busy > 0) pthread_cond_wait(&proxy->idle, &proxy->mutex);
    pthread_mutex_unlock(&proxy->mutex);
    proxy_drop(proxy);
}
