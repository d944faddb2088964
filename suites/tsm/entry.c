/* One entry of configfs-tsm. See tsm.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tsm/tsm.h"

/* The entry's path; its name is this process's, since a real machine's folder is everybody's. */
static const char *entry_path(struct suite_ctx *ctx, const char *attribute) {
    static char path[512];
    (void)snprintf(path, sizeof path, "%s/sevkit-%ld%s%s", target_tsm_folder(suite_target(ctx)),
                   (long)getpid(), attribute[0] != '\0' ? "/" : "", attribute);
    return path;
}

struct each {
    const struct target_guest *guest;
    bool entry;
    void (*body)(struct suite_ctx *ctx, const void *row);
};

static void on_kernel(struct suite_ctx *ctx, enum drv_kernel kernel, void *data) {
    const struct each *each = data;
    struct target_guest guest = {.vmpck_id = DRV_VMPCK_DEFAULT};
    int probe = 0;
    if (!drv_kernel_has_tsm(kernel)) return;
    if (each->guest != NULL) guest = *each->guest;
    guest.kernel = kernel;
    guest.tsm = true;
    SUITE_STEP(suite_boot_probe(ctx, &guest, &probe));
    /* A real machine still has the entry of the test before. */
    if (each->entry && target_is_real(suite_target(ctx))) (void)tsm_remove(ctx);
    if (each->entry) SUITE_RESULT(ctx, "mkdir", 0, tsm_make(ctx), "an entry is made");
    each->body(ctx, suite_row(ctx));
}

static void each_kernel(struct suite_ctx *ctx, struct each *each) {
    const struct target *target = suite_target(ctx);
    const bool any = (target_capabilities(target) & TARGET_KERNEL) != 0;
    if (any || drv_kernel_has_tsm(target_kernel(target)))
        suite_each_kernel(ctx, on_kernel, each);
    else
        suite_skip(ctx, "the target's kernel generation has no configfs-tsm");
}

void tsm_each(struct suite_ctx *ctx, const struct target_guest *guest,
              void (*body)(struct suite_ctx *ctx, const void *row)) {
    struct each each = {.guest = guest, .entry = true, .body = body};
    each_kernel(ctx, &each);
}

void tsm_each_bare(struct suite_ctx *ctx, const struct target_guest *guest,
                   void (*body)(struct suite_ctx *ctx, const void *row)) {
    struct each each = {.guest = guest, .body = body};
    each_kernel(ctx, &each);
}

long tsm_make(struct suite_ctx *ctx) {
    return suite_path_call(ctx, TARGET_SYS_MKDIR, entry_path(ctx, ""), 0, 0);
}

long tsm_remove(struct suite_ctx *ctx) {
    return suite_path_call(ctx, TARGET_SYS_RMDIR, entry_path(ctx, ""), 0, 0);
}

long tsm_open(struct suite_ctx *ctx, const char *attribute, int flags) {
    return suite_open_path(ctx, entry_path(ctx, attribute), flags);
}

long tsm_write_fd(struct suite_ctx *ctx, long fd, size_t size) {
    return suite_fd_call(ctx, TARGET_SYS_WRITE, fd, AT_DATA, size);
}

long tsm_read_fd(struct suite_ctx *ctx, long fd, uint64_t to, size_t size) {
    return suite_fd_call(ctx, TARGET_SYS_READ, fd, to, size);
}

bool tsm_close(struct suite_ctx *ctx, long fd) {
    const long result = suite_fd_call(ctx, TARGET_SYS_CLOSE, fd, 0, 0);
    return suite_result(ctx, "close", 0, result, "close never fails here");
}

long tsm_put(struct suite_ctx *ctx, const char *attribute, const char *text) {
    const size_t size = strlen(text);
    const long fd = tsm_open(ctx, attribute, O_WRONLY);
    if (fd < 0) return fd;
    memcpy(target_user(AT_DATA), text, size);
    const long written = tsm_write_fd(ctx, fd, size);
    const long closed = suite_fd_call(ctx, TARGET_SYS_CLOSE, fd, 0, 0);
    if (written < 0) return written;
    return closed != 0 || written != (long)size ? -EIO : 0;
}

long tsm_get(struct suite_ctx *ctx, const char *attribute) {
    size_t size = 0;
    const long fd = tsm_open(ctx, attribute, O_RDONLY);
    if (fd < 0) return fd;
    long got;
    do {
        got = tsm_read_fd(ctx, fd, AT_READ + size, READ_MAX - size);
        if (got > 0) size += (size_t)got;
    } while (got > 0 && size < READ_MAX);
    const long closed = suite_fd_call(ctx, TARGET_SYS_CLOSE, fd, 0, 0);
    if (got < 0) return got;
    return closed != 0 ? closed : (long)size;
}

static void fill(uint8_t *out, uint8_t seed, size_t size) {
    for (size_t i = 0; i < size; i++) out[i] = (uint8_t)(seed + i * 3);
}

long tsm_inblob_of(struct suite_ctx *ctx, uint8_t seed, size_t size) {
    const long fd = tsm_open(ctx, "inblob", O_WRONLY);
    if (fd < 0) return fd;
    fill(target_user(AT_DATA), seed, size);
    const long written = tsm_write_fd(ctx, fd, size);
    const long closed = suite_fd_call(ctx, TARGET_SYS_CLOSE, fd, 0, 0);
    return closed != 0 ? closed : written;
}

bool tsm_inblob(struct suite_ctx *ctx, uint8_t seed) {
    return suite_result(ctx, "write of inblob", INBLOB_SIZE, tsm_inblob_of(ctx, seed, INBLOB_SIZE),
                        "64 bytes are taken");
}

bool tsm_report(struct suite_ctx *ctx, uint8_t seed) {
    uint8_t wanted[INBLOB_SIZE];
    fill(wanted, seed, sizeof wanted);
    return suite_result(ctx, "read of outblob", REPORT_SIZE, tsm_get(ctx, "outblob"),
                        "a report of inblob's bytes") &&
           suite_bytes(ctx, "REPORT_DATA", wanted, target_user(AT_READ + REPORT_DATA),
                       sizeof wanted, "inblob's bytes");
}

bool tsm_generation(struct suite_ctx *ctx, unsigned long *generation) {
    const long size = tsm_get(ctx, "generation");
    if (!suite_check(ctx, "generation", size > 1 && size < 20, "digits and a newline"))
        return false;
    char *text = (char *)target_user(AT_READ);
    text[size] = '\0';
    char *end;
    *generation = strtoul(text, &end, 10);
    return suite_check(ctx, "generation",
                       text[0] >= '0' && text[0] <= '9' && strcmp(end, "\n") == 0,
                       "digits and a newline");
}

bool tsm_generation_is(struct suite_ctx *ctx, unsigned long wanted, const char *rule) {
    unsigned long generation;
    return tsm_generation(ctx, &generation) &&
           suite_equal(ctx, "generation", wanted, generation, rule);
}

bool tsm_text_is(struct suite_ctx *ctx, const char *attribute, const char *wanted,
                 const char *rule) {
    const size_t size = strlen(wanted);
    return suite_result(ctx, attribute, (long)size, tsm_get(ctx, attribute), rule) &&
           suite_bytes(ctx, attribute, wanted, target_user(AT_READ), size, rule);
}
