/* HTTPS in front of vmm_kds_get. Certificate notes, section 3.
 *
 * A late answer must not hold one of the pool's threads: its connection is suspended and a thread of its
 * own wakes it when its time has come. */
#include "frontends/kds_http.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define THREADS 4
#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
#define CONNECTIONS_MAX 256
#define IDLE_SECONDS 30 /* of a connection that says nothing, a half-done TLS handshake included */

/* One request. While it waits for its time it is on kds_http's list. */
struct request {
    struct kds_http *http;
    char *target; /* as the client wrote it, not decoded */
    bool begun;
    bool answered; /* ANSWER holds */
    struct vmm_kds_answer answer;
    struct MHD_Connection *connection;
    struct timespec due;
    struct request *next;
};

struct kds_http {
    struct world *world;
    struct MHD_Daemon *daemon;
    pthread_t waker;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t changed;
    struct request *waiting; /* suspended, the first due first */
    bool stopping;
};

/* ---- late answers ---- */

static bool is_before(struct timespec a, struct timespec b) {
    return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec < b.tv_nsec;
}

static struct timespec monotonic_after(uint64_t ms) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    const uint64_t seconds = ms / 1000 < INT32_MAX ? ms / 1000 : INT32_MAX;
    t.tv_sec += (time_t)seconds;
    t.tv_nsec += (long)(ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_nsec -= 1000000000;
        t.tv_sec++;
    }
    return t;
}

/* Suspends REQUEST's connection until DELAY_MS are over; false when the service is stopping. */
static bool wait_begin(struct kds_http *http, struct request *request, uint64_t delay_ms) {
    request->due = monotonic_after(delay_ms);
    pthread_mutex_lock(&http->mutex);
    const bool waits = !http->stopping;
    if (waits) {
        struct request **at = &http->waiting;
        while (*at != NULL && !is_before(request->due, (*at)->due)) at = &(*at)->next;
        request->next = *at;
        *at = request;
        MHD_suspend_connection(request->connection);
        pthread_cond_signal(&http->changed);
    }
    pthread_mutex_unlock(&http->mutex);
    return waits;
}

/* The waker: resumes what is due; when the service stops, all that waits. */
static void *wake(void *context) {
    struct kds_http *http = context;
    pthread_mutex_lock(&http->mutex);
    while (!http->stopping || http->waiting != NULL) {
        struct request *first = http->waiting;
        if (first == NULL) {
            pthread_cond_wait(&http->changed, &http->mutex);
        } else if (http->stopping || !is_before(monotonic_after(0), first->due)) {
            http->waiting = first->next;
            MHD_resume_connection(first->connection);
        } else {
            (void)pthread_cond_timedwait(&http->changed, &http->mutex, &first->due);
        }
    }
    pthread_mutex_unlock(&http->mutex);
    return NULL;
}

/* ---- answers ---- */

static void answer_failure(struct vmm_kds_answer *answer) {
    static const char text[] = "the emulated service failed\n";
    *answer = (struct vmm_kds_answer){.status = MHD_HTTP_INTERNAL_SERVER_ERROR,
                                      .content_type = "text/plain",
                                      .size = sizeof text - 1,
                                      .sent = sizeof text - 1};
    memcpy(answer->body, text, sizeof text - 1);
}

static void answer_find(struct request *request, const char *method) {
    struct world *world = request->http->world;
    world_lock(world);
    const struct sevkit_result result =
        vmm_kds_get(world_kds(world), method, request->target, &request->answer);
    world_unlock(world);
    if (!sevkit_ok(result)) answer_failure(&request->answer);
    request->answered = true;
}

/* The body of a cut answer, up to where it ends: the client has been promised more. */
static ssize_t body_read(void *context, uint64_t at, char *out, size_t capacity) {
    const struct vmm_kds_answer *answer = context;
    if (at >= answer->sent) return MHD_CONTENT_READER_END_WITH_ERROR;
    const size_t left = answer->sent - (size_t)at;
    const size_t size = left < capacity ? left : capacity;
    memcpy(out, answer->body + at, size);
    return (ssize_t)size;
}

static enum MHD_Result answer_send(struct request *request) {
    struct vmm_kds_answer *answer = &request->answer;
    /* The body lives in REQUEST, which outlives the response: request_done comes after both. */
    struct MHD_Response *response =
        answer->sent < answer->size
            ? MHD_create_response_from_callback(answer->size, sizeof answer->body, body_read,
                                                answer, NULL)
            : MHD_create_response_from_buffer(answer->size, answer->body, MHD_RESPMEM_MUST_COPY);
    if (response == NULL) return MHD_NO;
    bool done = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                        answer->content_type) == MHD_YES;
    if (answer->retry_after > 0) {
        char seconds[16];
        (void)snprintf(seconds, sizeof seconds, "%u", answer->retry_after);
        done = done && MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, seconds);
    }
    if (answer->status == MHD_HTTP_METHOD_NOT_ALLOWED)
        done = done && MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET");
    const enum MHD_Result queued =
        done ? MHD_queue_response(request->connection, answer->status, response) : MHD_NO;
    MHD_destroy_response(response);
    return queued;
}

/* ---- what libmicrohttpd calls ---- */

/* First of all: the request line as it came. The path that libmicrohttpd hands on later is decoded. */
static void *request_new(void *context, const char *uri, struct MHD_Connection *connection) {
    struct request *request = calloc(1, sizeof *request);
    if (request == NULL) return NULL;
    request->http = context;
    request->connection = connection;
    request->target = strdup(uri);
    if (request->target != NULL) return request;
    free(request);
    return NULL;
}

/* Once when the headers are there, again for each piece of a body, and when the body has ended. */
static enum MHD_Result request_serve(void *context, struct MHD_Connection *connection,
                                     const char *url, const char *method, const char *version,
                                     const char *upload, size_t *upload_size, void **state) {
    (void)context, (void)connection, (void)url, (void)version, (void)upload;
    struct request *request = *state;
    if (request == NULL) return MHD_NO; /* no memory: the connection ends */
    if (!request->begun) {
        request->begun = true;
        return MHD_YES;
    }
    if (*upload_size > 0) { /* nothing of ours takes a body */
        *upload_size = 0;
        return MHD_YES;
    }
    if (!request->answered) {
        answer_find(request, method);
        const uint64_t delay_ms = request->answer.delay_ms;
        if (delay_ms > 0 && wait_begin(request->http, request, delay_ms)) return MHD_YES;
    }
    return answer_send(request);
}

static void request_done(void *context, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code) {
    (void)context, (void)connection, (void)code;
    struct request *request = *state;
    if (request == NULL) return;
    free(request->target);
    free(request);
    *state = NULL;
}

/* ---- life ---- */

static struct MHD_Daemon *daemon_start(struct kds_http *http, const struct crypto_web *web,
                                       int listen_fd) {
    const unsigned flags = MHD_USE_TLS | MHD_USE_AUTO_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
                           (listen_fd < 0 ? MHD_USE_NO_LISTEN_SOCKET : 0);
    return MHD_start_daemon(
        flags, 0, NULL, NULL, request_serve, http, MHD_OPTION_HTTPS_MEM_CERT, web->certificate,
        MHD_OPTION_HTTPS_MEM_KEY, web->key, MHD_OPTION_HTTPS_PRIORITIES, TLS_PRIORITIES,
        MHD_OPTION_URI_LOG_CALLBACK, request_new, http, MHD_OPTION_NOTIFY_COMPLETED, request_done,
        NULL, MHD_OPTION_THREAD_POOL_SIZE, (unsigned)THREADS, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
        listen_fd < 0 ? MHD_OPTION_END : MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_END);
}

static struct kds_http *http_new(struct world *world) {
    struct kds_http *http = calloc(1, sizeof *http);
    if (http == NULL) return NULL;
    http->world = world;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&http->mutex, NULL);
    pthread_cond_init(&http->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    return http;
}

static void http_free(struct kds_http *http) {
    pthread_cond_destroy(&http->changed);
    pthread_mutex_destroy(&http->mutex);
    free(http);
}

static void waker_stop(struct kds_http *http) {
    pthread_mutex_lock(&http->mutex);
    http->stopping = true;
    pthread_cond_signal(&http->changed);
    pthread_mutex_unlock(&http->mutex);
    pthread_join(http->waker, NULL);
}

bool kds_http_start(struct world *world, const struct crypto_web *web, int listen_fd,
                    struct kds_http **out, char why[KDS_WHY_SIZE]) {
    struct kds_http *http = http_new(world);
    if (http == NULL || pthread_create(&http->waker, NULL, wake, http) != 0) {
        (void)snprintf(why, KDS_WHY_SIZE, "no memory or thread for the key distribution service");
        if (http != NULL) http_free(http);
        if (listen_fd >= 0) close(listen_fd);
        return false;
    }
    http->daemon = daemon_start(http, web, listen_fd); /* closes LISTEN_FD when it fails */
    if (http->daemon == NULL) {
        (void)snprintf(why, KDS_WHY_SIZE, "libmicrohttpd does not start a TLS server");
        waker_stop(http);
        http_free(http);
        return false;
    }
    *out = http;
    return true;
}

bool kds_http_add(struct kds_http *http, int fd, const struct sockaddr *peer, socklen_t peer_size) {
    return MHD_add_connection(http->daemon, fd, peer, peer_size) == MHD_YES;
}

void kds_http_stop(struct kds_http *http) {
    if (http == NULL) return;
    waker_stop(http); /* libmicrohttpd does not stop while a connection is suspended */
    MHD_stop_daemon(http->daemon);
    http_free(http);
}
