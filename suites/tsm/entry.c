/* One entry of configfs-tsm. See tsm.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tsm/tsm.h"

static unsigned selected; /* of the entries */

void tsm_select(unsigned entry) {
    selected = entry;
}

/* The entry's path; its name is this process's, since a real machine's folder is everybody's. */
static const char *entry_path(struct suite_ctx *ctx, const char *attribute) {
    static char path[512];
    (void)snprintf(path, sizeof path, "%s/sevkit-%ld-%u%s%s", target_tsm_folder(suite_target(ctx)),
                   (long)getpid(), selected, attribute[0] != '\0' ? "/" : "", attribute);
    return path;
}

struct each {
    const struct target_guest *guest;
    bool entry;
    void (*body)(struct suite_ctx *ctx, const void *row);
    const void *row;
};

/* A real machine's folder is left as it was found, whatever the test came to, unless the run is killed. */
static void remove_all(struct suite_ctx *ctx) {
    for (unsigned entry = 0; entry < TSM_ENTRIES; entry++) {
        tsm_select(entry);
        (void)tsm_remove(ctx);
    }
}

/* A real machine runs at the VMPL that it has. */
static bool is_above_zero(struct suite_ctx *ctx) {
    return target_is_real(suite_target(ctx)) && tsm_get(ctx, "privlevel_floor") > 0 &&
           *target_user(AT_READ) >= '1' && *target_user(AT_READ) <= '3';
}

static void on_kernel(struct suite_ctx *ctx, enum drv_kernel kernel, void *data) {
    const struct each *each = data;
    struct target_guest guest = {.vmpck_id = DRV_VMPCK_DEFAULT};
    int probe = 0;
    if (!drv_kernel_has_tsm(kernel)) return;
    if (each->guest != NULL) guest = *each->guest;
    guest.kernel = kernel;
    guest.tsm = true;
    SUITE_STEP(suite_boot_probe(ctx, &guest, &probe));
    tsm_select(0);
    if (each->entry) SUITE_RESULT(ctx, "mkdir", 0, tsm_make(ctx), "an entry is made");
    if (each->entry && is_above_zero(ctx))
        suite_skip(ctx, "privlevel_floor is not 0: a test's reports are of privlevel 0");
    else
        each->body(ctx, each->row);
    remove_all(ctx);
}

static void each_kernel(struct suite_ctx *ctx, struct each *each) {
    const struct target *target = suite_target(ctx);
    const bool any = (target_capabilities(target) & TARGET_KERNEL) != 0;
    if (any || drv_kernel_has_tsm(target_kernel(target)))
        suite_each_kernel(ctx, on_kernel, each);
    else
        suite_skip(ctx, "the target's kernel generation has no configfs-tsm");
}

void tsm_each_with(struct suite_ctx *ctx, const struct target_guest *guest,
                   void (*body)(struct suite_ctx *ctx, const void *row), const void *row) {
    struct each each = {.guest = guest, .entry = true, .body = body, .row = row};
    each_kernel(ctx, &each);
}

void tsm_each(struct suite_ctx *ctx, const struct target_guest *guest,
              void (*body)(struct suite_ctx *ctx, const void *row)) {
    tsm_each_with(ctx, guest, body, suite_row(ctx));
}

void tsm_each_bare(struct suite_ctx *ctx, const struct target_guest *guest,
                   void (*body)(struct suite_ctx *ctx, const void *row)) {
    struct each each = {.guest = guest, .body = body, .row = suite_row(ctx)};
    each_kernel(ctx, &each);
}

long tsm_make(struct suite_ctx *ctx) {
    return suite_path_call(ctx, TARGET_SYS_MKDIR, entry_path(ctx, ""), 0, 0);
}

long tsm_remove(struct suite_ctx *ctx) {
    return suite_path_call(ctx, TARGET_SYS_RMDIR, entry_path(ctx, ""), 0, 0);
}

long tsm_make_path(struct suite_ctx *ctx, const char *name) {
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", target_tsm_folder(suite_target(ctx)), name);
    return suite_path_call(ctx, TARGET_SYS_MKDIR, path, 0, 0);
}

long tsm_open(struct suite_ctx *ctx, const char *attribute, int flags) {
    return suite_open_path(ctx, entry_path(ctx, attribute), flags);
}

long tsm_stat(struct suite_ctx *ctx, const char *attribute, uint64_t to) {
    return suite_path_call(ctx, TARGET_SYS_STAT, entry_path(ctx, attribute), to, 0);
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

void tsm_fill(uint8_t *out, uint8_t seed, size_t size) {
    for (size_t i = 0; i < size; i++) out[i] = (uint8_t)(seed + i * 3);
}

long tsm_inblob_of(struct suite_ctx *ctx, uint8_t seed, size_t size) {
    const long fd = tsm_open(ctx, "inblob", O_WRONLY);
    if (fd < 0) return fd;
    tsm_fill(target_user(AT_DATA), seed, size);
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
    tsm_fill(wanted, seed, sizeof wanted);
    return suite_result(ctx, "read of outblob", REPORT_SIZE, tsm_get(ctx, "outblob"),
                        "a report of inblob's bytes") &&
           suite_bytes(ctx, "REPORT_DATA", wanted, target_user(AT_READ + REPORT_DATA),
                       sizeof wanted, "inblob's bytes");
}

bool tsm_no_report(struct suite_ctx *ctx, long wanted, const char *rule) {
    return suite_result(ctx, "read of outblob", wanted, tsm_get(ctx, "outblob"), rule);
}

bool tsm_level(struct suite_ctx *ctx, const char *text) {
    return suite_result(ctx, "privlevel", 0, tsm_put(ctx, "privlevel", text),
                        "a number from the floor to 3");
}

bool tsm_asked(struct suite_ctx *ctx, uint64_t wanted, const char *rule) {
    struct target_driver driver;
    return suite_setup(ctx, "driver", target_driver(suite_target(ctx), &driver)) &&
           suite_equal(ctx, "firmware requests", wanted, driver.fw_requests, rule);
}

static bool read_generation(struct suite_ctx *ctx, unsigned long *generation) {
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
    return read_generation(ctx, &generation) &&
           suite_equal(ctx, "generation", wanted, generation, rule);
}

bool tsm_untouched(struct suite_ctx *ctx, unsigned long generation, uint8_t seed) {
    return tsm_generation_is(ctx, generation, "a refusal changes nothing") && tsm_report(ctx, seed);
}

bool tsm_text_is(struct suite_ctx *ctx, const char *attribute, const char *wanted,
                 const char *rule) {
    const size_t size = strlen(wanted);
    return suite_result(ctx, attribute, (long)size, tsm_get(ctx, attribute), rule) &&
           suite_bytes(ctx, attribute, wanted, target_user(AT_READ), size, rule);
}
