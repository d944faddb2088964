/* The pump, a program in the guest: copies hypercalls from the shim's node to the host's pspd and answers back.
 * A virtio port cannot be read and written from inside the kernel, so that the shim cannot do it itself.
 *
 *     pump PORT DOOR SECRETS
 *
 * Joins machine "guest", guest "guest" (docs/socket.md), fills the secrets page and goes to the background. Ends
 * when either side is gone; the shim then answers for the host that is not there.
 *
 * While an answer is awaited the processor does not rest: where virtual time passes over rests (QEMU's -icount
 * with sleep=off), the host would else be minutes late. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { HELLO = 1, GUEST_REQUEST = 2, SECRETS = 6, ANSWER = 0x80, ERROR = 0xFF };

#define HOST_SECONDS 5

#define HEADER_SIZE 12
#define PAGE_SIZE 4096
#define REQUEST_SIZE (8 + PAGE_SIZE)
#define PAYLOAD_MAX (16 + 33 * PAGE_SIZE)

static uint8_t frame[HEADER_SIZE + PAYLOAD_MAX];

static bool fail(const char *what) {
    fprintf(stderr, "pump: %s: %s\n", what, errno != 0 ? strerror(errno) : "ended");
    return false;
}

/* A virtio port whose host is not there is like one that is full: a write would block. */
static bool is_gone(int port) {
    struct pollfd fd = {.fd = port};
    return poll(&fd, 1, 0) > 0 && (fd.revents & POLLHUP) != 0;
}

/* The guest is told that the host is there some time after it was told of the port. */
static bool wait_host(int port) {
    struct timespec start, now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    do {
        struct pollfd fd = {.fd = port, .events = POLLOUT};
        if (poll(&fd, 1, 0) > 0 && (fd.revents & POLLOUT) != 0) return true;
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while (now.tv_sec - start.tv_sec < HOST_SECONDS);
    errno = ENOTCONN;
    return false;
}

/* PORT does not block: a read that would, is tried again at once. */
static bool take(int port, uint8_t *bytes, size_t size) {
    while (size != 0) {
        const ssize_t got = read(port, bytes, size);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (got == 0) errno = 0;
        if (got <= 0) return false;
        bytes += got;
        size -= (size_t)got;
    }
    return true;
}

static bool give(int port, const uint8_t *bytes, size_t size) {
    while (size != 0) {
        const ssize_t put = write(port, bytes, size);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0 && errno == EAGAIN) {
            if (!is_gone(port)) continue;
            errno = 0;
        }
        if (put <= 0) return false;
        bytes += put;
        size -= (size_t)put;
    }
    return true;
}

static void put32(uint8_t *out, uint32_t value) {
    for (int i = 0; i < 4; i++) out[i] = (uint8_t)(value >> (8 * i));
}

static uint32_t get32(const uint8_t *in) {
    return in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16 | (uint32_t)in[3] << 24;
}

/* Sends the frame's payload of SIZE bytes and takes its answer's into its place. */
static bool exchange(int port, uint8_t type, size_t size, size_t *answer_size) {
    memset(frame, 0, HEADER_SIZE);
    put32(frame, (uint32_t)(8 + size));
    frame[4] = type;
    if (!give(port, frame, HEADER_SIZE + size) || !take(port, frame, HEADER_SIZE)) return false;
    const uint32_t length = get32(frame);
    errno = EPROTO;
    if (length < 8 || length - 8 > PAYLOAD_MAX) return false;
    *answer_size = length - 8;
    if (!take(port, frame + HEADER_SIZE, *answer_size)) return false;
    if (frame[4] == ERROR && *answer_size > 4)
        fprintf(stderr, "pump: pspd: %.*s\n", (int)(*answer_size - 4), frame + HEADER_SIZE + 4);
    errno = EPROTO;
    return frame[4] == (type | ANSWER);
}

static bool join(int port) {
    static const uint8_t hello[] = {1, 0,   1,   0,   0,   0,   0,   0,   5,   5,   0,
                                    0, 'g', 'u', 'e', 's', 't', 'g', 'u', 'e', 's', 't'};
    size_t size;
    memcpy(frame + HEADER_SIZE, hello, sizeof hello);
    return exchange(port, HELLO, sizeof hello, &size);
}

static bool fill_secrets(int port, const char *path) {
    size_t size;
    if (!exchange(port, SECRETS, 0, &size) || size != PAGE_SIZE) return false;
    const int fd = open(path, O_WRONLY);
    const bool filled = fd >= 0 && write(fd, frame + HEADER_SIZE, PAGE_SIZE) == PAGE_SIZE;
    if (fd >= 0) close(fd);
    explicit_bzero(frame, sizeof frame);
    return filled;
}

/* Waits for a hypercall. The host may go meanwhile: it says nothing of its own, so that what can be read of the
 * port then is its end. */
static bool wait_call(int port, int door) {
    struct pollfd fds[] = {{.fd = door, .events = POLLIN}, {.fd = port, .events = POLLIN}};
    while (poll(fds, 2, -1) < 0)
        if (errno != EINTR) return false;
    errno = 0;
    return fds[1].revents == 0;
}

static bool serve_one(int port, int door) {
    size_t size;
    if (!wait_call(port, door)) return fail("host");
    if (read(door, frame + HEADER_SIZE, REQUEST_SIZE) != REQUEST_SIZE) return fail("door");
    errno = 0;
    if (!exchange(port, GUEST_REQUEST, REQUEST_SIZE, &size)) return fail("host");
    if (write(door, frame + HEADER_SIZE, size) != (ssize_t)size) return fail("door");
    return true;
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    const int port = open(argv[1], O_RDWR | O_NONBLOCK);
    if (port < 0) return !fail(argv[1]);
    const int door = open(argv[2], O_RDWR);
    if (door < 0) return !fail(argv[2]);
    if (!wait_host(port)) return !fail("host");
    if (!join(port)) return !fail("HELLO");
    if (!fill_secrets(port, argv[3])) return !fail(argv[3]);
    if (daemon(1, 1) != 0) return !fail("daemon");
    while (serve_one(port, door)) continue;
    return 1;
}
