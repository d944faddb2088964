/* What the probes of test_psp_run.py share: a key request on /dev/sev-guest, and answers as lines
 * "NAME=VALUE" that the test reads. Nothing of sevkit's is included: a probe is any client. */
#ifndef GUEST_PROBE_H
#define GUEST_PROBE_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEVICE "/dev/sev-guest"
#define GET_REPORT 0xC0205300U
#define GET_DERIVED_KEY 0xC0205301U
#define GET_EXT_REPORT 0xC0205302U

struct request {
    uint8_t msg_version;
    uint8_t pad[7];
    uint64_t req_data, resp_data, exitinfo2;
};

static inline void __attribute__((format(printf, 2, 3)))
say(const char *name, const char *format, ...) {
    va_list args;
    va_start(args, format);
    printf("%s=", name);
    vprintf(format, args);
    printf("\n");
    fflush(stdout);
    va_end(args);
}

/* A result as a test reads it: a number, or the errno's name. */
static inline const char *text(long result) {
    static char out[32];
    if (result < 0) {
        const char *name = strerrorname_np(errno);
        return name != NULL ? name : "?";
    }
    snprintf(out, sizeof out, "%ld", result);
    return out;
}

static inline void die(const char *what) {
    fprintf(stderr, "probe: %s: %s\n", what, strerror(errno));
    exit(99);
}

static inline int device(int flags) {
    const int fd = open(DEVICE, flags);
    if (fd < 0) die(DEVICE);
    return fd;
}

/* SNP_GET_DERIVED_KEY. The key of FIELDS in OUT[64]: status at 0, the key at 32. */
static inline int derive(int fd, uint64_t fields, uint8_t out[64]) {
    uint8_t request[32] = {0};
    memcpy(request + 8, &fields, sizeof fields);
    struct request r = {
        .msg_version = 1, .req_data = (uintptr_t)request, .resp_data = (uintptr_t)out};
    return ioctl(fd, GET_DERIVED_KEY, &r);
}

/* True when FD answers a key request with a key. */
static inline int works(int fd) {
    uint8_t out[64];
    memset(out, 0xEE, sizeof out);
    if (derive(fd, 1, out) != 0) return 0;
    uint32_t status;
    memcpy(&status, out, sizeof status);
    return status == 0 && memcmp(out + 32, "\xEE\xEE\xEE\xEE\xEE\xEE\xEE\xEE", 8) != 0;
}

/* The exit code of CHILD, 128 + n for a signal. */
static inline int ended(pid_t child) {
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) die("waitpid");
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

#endif
