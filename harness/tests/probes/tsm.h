/* configfs-tsm as a program sees it, for the probes. */
#ifndef PROBES_TSM_H
#define PROBES_TSM_H

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tsm_probe.h"

#define REPORT "/sys/kernel/config/tsm/report"
#define REPORT_DATA 0x50 /* of the attestation report */
#define TSM_NAME_MAX 255

/* A path of the item NAME; overwritten by the fourth next call. */
static const char *tsm_path(const char *name, const char *attribute) {
    static char paths[4][512];
    static unsigned next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, sizeof(paths[0]), REPORT "/%s%s%s", name, attribute[0] != 0 ? "/" : "",
                   attribute);
    return path;
}

static int tsm_open(const char *name, const char *attribute, int flags) {
    return open(tsm_path(name, attribute), flags | O_CLOEXEC);
}

static void tsm_new(const char *name) {
    CHECK(mkdir(tsm_path(name, ""), 0755) == 0);
}

static void tsm_remove(const char *name) {
    CHECK(rmdir(tsm_path(name, "")) == 0);
}

/* The item's generation, -1 when it cannot be read. */
static long tsm_generation(const char *name) {
    char text[32] = "";
    int fd = tsm_open(name, "generation", O_RDONLY);
    if (fd < 0) return -1;
    ssize_t n = read(fd, text, sizeof(text) - 1);
    (void)close(fd);
    return n > 1 && text[n - 1] == '\n' ? strtol(text, NULL, 10) : -1;
}

/* Whether a fresh outblob holds NONCE. */
static bool tsm_reports(const char *name, const unsigned char nonce[64]) {
    unsigned char report[4096];
    int fd = tsm_open(name, "outblob", O_RDONLY);
    if (fd < 0) return false;
    ssize_t n = read(fd, report, sizeof(report));
    (void)close(fd);
    return n == 1184 && memcmp(report + REPORT_DATA, nonce, 64) == 0;
}

#endif
