/* A client of pspd's sockets, docs/socket.md: frames on the data socket, JSON lines on the control socket. */
#ifndef TARGET_FRAMES_H
#define TARGET_FRAMES_H

#include "sevkit/bytes.h"
#include "sevkit/result.h"

enum frame_type {
    FRAME_HELLO = 1,
    FRAME_GUEST_REQUEST,
    FRAME_IOCTL,
    FRAME_HOST_COMMAND,
    FRAME_KDS,
    FRAME_SECRETS,
    FRAME_COUNTERS,
};

#define FRAME_PAYLOAD_MAX 0x18000

struct frame {
    size_t size;
    uint8_t payload[FRAME_PAYLOAD_MAX];
};

/* *FD is connected to the Unix stream socket PATH. */
SEVKIT_MUST struct sevkit_result frame_connect(const char *path, int *fd);

/* Sends PAYLOAD and takes the answer. Fails when the connection ends, or with the text of an ERROR frame. */
SEVKIT_MUST struct sevkit_result frame_call(int fd, enum frame_type type, const uint8_t *payload,
                                            size_t size, struct frame *answer);

/* One line of the control socket FD, ending in a newline; fails with the reason that pspd gives. */
SEVKIT_MUST struct sevkit_result frame_control(int fd, const char *line);

#endif
