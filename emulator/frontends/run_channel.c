/* See run.h. One message is one packet, its descriptors beside it. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "frontends/run.h"

#define FDS_MAX (sizeof(((struct run_message *)0)->fds) / sizeof(int))

/* Room for the descriptors, aligned as a header. */
union control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
};

bool run_send(int channel, const struct run_message *message) {
    struct run_message copy = *message;
    struct iovec part = {.iov_base = &copy, .iov_len = sizeof copy};
    struct msghdr packet = {.msg_iov = &part, .msg_iovlen = 1};
    union control control;
    memset(&control, 0, sizeof control);
    const size_t size = message->fd_count * sizeof(int);
    if (size != 0) {
        packet.msg_control = control.bytes;
        packet.msg_controllen = CMSG_SPACE(size);
        struct cmsghdr *header = CMSG_FIRSTHDR(&packet);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(size);
        memcpy(CMSG_DATA(header), message->fds, size);
    }
    ssize_t sent;
    do sent = sendmsg(channel, &packet, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)sizeof copy;
}

bool run_receive(int channel, struct run_message *message) {
    struct iovec part = {.iov_base = message, .iov_len = sizeof *message};
    union control control;
    struct msghdr packet = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = control.bytes,
                            .msg_controllen = sizeof control};
    ssize_t got;
    do got = recvmsg(channel, &packet, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof *message) return false;
    const struct cmsghdr *header = CMSG_FIRSTHDR(&packet);
    const size_t size = message->fd_count * sizeof(int);
    if (size == 0) return true;
    if (header == NULL || header->cmsg_type != SCM_RIGHTS || header->cmsg_len != CMSG_LEN(size))
        return false;
    memcpy(message->fds, CMSG_DATA(header), size);
    return true;
}
