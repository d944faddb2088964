/* See frames.h. */
#include "targets/frames.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "targets/stream.h"

#define HEADER_SIZE 12
#define ANSWER 0x80
#define LINE_MAX_SIZE 0x20000

static struct sevkit_result lost(const char *rule) {
    return sevkit_fail(SEVKIT_NOT_FOUND, "pspd", SEVKIT_NO_OFFSET, (uint64_t)errno, rule);
}

struct sevkit_result frame_connect(const char *path, int *fd) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return lost("a socket's path has at most 107 bytes");
    strcpy(address.sun_path, path);
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*fd < 0) return lost("a socket can be made");
    if (connect(*fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return sevkit_success();
    close(*fd);
    *fd = -1;
    return lost("pspd must answer at the path");
}

/* The text of the last refusal; a result points to it. */
static const char *keep(const char *text, size_t size) {
    static char kept[200];
    const size_t taken = size < sizeof kept - 1 ? size : sizeof kept - 1;
    memcpy(kept, text, taken);
    kept[taken] = '\0';
    return kept;
}

struct sevkit_result frame_call(int fd, enum frame_type type, const uint8_t *payload, size_t size,
                                struct frame *answer) {
    uint8_t header[HEADER_SIZE] = {0};
    abi_put_le32(header, (uint32_t)(8 + size));
    header[4] = (uint8_t)type;
    if (!target_put_all(fd, header, sizeof header) || !target_put_all(fd, payload, size) ||
        !target_take_all(fd, header, sizeof header))
        return lost("pspd must keep the connection");
    answer->size = abi_get_le32(header) - 8;
    if (answer->size > sizeof answer->payload) return lost("a payload has at most 0x18000 bytes");
    if (!target_take_all(fd, answer->payload, answer->size)) return lost("pspd must end its frame");
    if (header[4] == ((uint8_t)type | ANSWER)) return sevkit_success();
    const size_t code = answer->size < 4 ? answer->size : 4;
    return lost(keep((const char *)answer->payload + code, answer->size - code));
}

struct sevkit_result frame_control(int fd, const char *line) {
    char text[LINE_MAX_SIZE];
    size_t size = 0;
    if (!target_put_all(fd, (const uint8_t *)line, strlen(line)))
        return lost("pspd must take the line");
    do {
        if (size == sizeof text || recv(fd, text + size, 1, 0) != 1)
            return lost("pspd must answer with a line");
    } while (text[size++] != '\n');
    json_t *answer = json_loadb(text, size, 0, NULL);
    const bool good = json_is_true(json_object_get(answer, "ok"));
    const char *error = json_string_value(json_object_get(answer, "error"));
    const struct sevkit_result r =
        good ? sevkit_success()
             : lost(error != NULL ? keep(error, strlen(error)) : "an answer has ok or error");
    json_decref(answer);
    return r;
}
