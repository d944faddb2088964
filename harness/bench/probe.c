/* A client to be timed, alone and under psp-run: static, and with nothing of sevkit's in it.
 *
 *   probe bare         does nothing
 *   probe first        opens /dev/sev-guest and asks for one derived key
 *   probe ioctl N      N derived keys; prints the median time of one, in nanoseconds
 *   probe path N       N openat calls of /dev/null; prints the same */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define SNP_GET_DERIVED_KEY 0xC0205301U
#define CALLS_MAX 1000000L

struct request {
    uint8_t msg_version, pad[7];
    uint64_t req_data, resp_data, exitinfo2;
};

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int device(void) {
    const int fd = open("/dev/sev-guest", O_RDWR);
    if (fd < 0) fail("/dev/sev-guest");
    return fd;
}

static void derive_key(int fd) {
    uint8_t in[32] = {0}, out[64] = {0};
    struct request request = {.msg_version = 1,
                              .req_data = (uint64_t)(uintptr_t)in,
                              .resp_data = (uint64_t)(uintptr_t)out};
    if (ioctl(fd, SNP_GET_DERIVED_KEY, &request) != 0) fail("SNP_GET_DERIVED_KEY");
    if (out[0] != 0) {
        fprintf(stderr, "STATUS 0x%x\n", out[0]);
        exit(1);
    }
}

static void open_null(int fd) {
    (void)fd;
    const int got = open("/dev/null", O_RDONLY);
    if (got < 0) fail("/dev/null");
    close(got);
}

static int compare(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void time_calls(long count, void (*call)(int fd), int fd) {
    uint64_t *took = calloc((size_t)count, sizeof *took);
    if (took == NULL) fail("memory");
    for (long i = 0; i < count; i++) {
        const uint64_t start = now();
        call(fd);
        took[i] = now() - start;
    }
    qsort(took, (size_t)count, sizeof *took, compare);
    printf("%llu\n", (unsigned long long)took[count / 2]);
    free(took);
}

int main(int argc, char **argv) {
    const char *mode = argc > 1 ? argv[1] : "";
    const long count = argc > 2 ? strtol(argv[2], NULL, 10) : 0;
    if (strcmp(mode, "bare") == 0) return 0;
    if (strcmp(mode, "first") == 0) {
        derive_key(device());
        return 0;
    }
    if (count < 1 || count > CALLS_MAX) {
        fputs("usage: probe bare|first|ioctl N|path N\n", stderr);
        return 2;
    }
    if (strcmp(mode, "ioctl") == 0) {
        time_calls(count, derive_key, device());
        return 0;
    }
    if (strcmp(mode, "path") == 0) {
        time_calls(count, open_null, -1);
        return 0;
    }
    return 2;
}
