/* See stream.h. */
#include "targets/stream.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

/* A socket whose other end is closed is no reason for SIGPIPE. */
static ssize_t put_some(int fd, const uint8_t *bytes, size_t size) {
    const ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
    return sent < 0 && errno == ENOTSOCK ? write(fd, bytes, size) : sent;
}

bool target_put_all(int fd, const uint8_t *bytes, size_t size) {
    while (size != 0) {
        const ssize_t put = put_some(fd, bytes, size);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return false;
        bytes += put;
        size -= (size_t)put;
    }
    return true;
}

bool target_take_all(int fd, uint8_t *bytes, size_t size) {
    while (size != 0) {
        const ssize_t got = read(fd, bytes, size);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        bytes += got;
        size -= (size_t)got;
    }
    return true;
}
