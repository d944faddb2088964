/* A program in the guest: boots, kernel generations, system calls. See suite.h. */
#include <errno.h>
#include <string.h>

#include "runner/ctx.h"

bool suite_boot_probe(struct suite_ctx *ctx, const struct target_guest *guest, int *probe) {
    return suite_setup(ctx, "boot", target_boot(ctx->target, guest, probe));
}

bool suite_boot(struct suite_ctx *ctx, const struct target_guest *guest) {
    int probe = 0;
    if (!suite_boot_probe(ctx, guest, &probe)) return false;
    if (probe == 0) return true;
    return suite_setup(ctx, "the driver's probe",
                       sevkit_fail(SEVKIT_NOT_FOUND, "device", SEVKIT_NO_OFFSET, (uint64_t)-probe,
                                   "the probe gives 0"));
}

void suite_each_kernel(struct suite_ctx *ctx,
                       void (*body)(struct suite_ctx *ctx, enum drv_kernel kernel, void *data),
                       void *data) {
    const enum drv_kernel own = target_kernel(ctx->target);
    const bool any = (target_capabilities(ctx->target) & TARGET_KERNEL) != 0;
    const unsigned first = any ? 0 : (unsigned)own;
    const unsigned end = any ? DRV_KERNEL_COUNT : (unsigned)own + 1;
    for (unsigned kernel = first; kernel < end && !suite_stopped(ctx); kernel++) {
        suite_instance(ctx, "Linux %s", drv_kernel_name((enum drv_kernel)kernel));
        body(ctx, (enum drv_kernel)kernel, data);
    }
    if (!suite_stopped(ctx)) suite_instance(ctx, "%s", "");
}

long suite_path_call(struct suite_ctx *ctx, enum target_sys nr, const char *path, uint64_t buffer,
                     uint64_t size) {
    strcpy((char *)target_user(TARGET_USER_PATH), path); /* a page: no test's path comes near it */
    const struct target_syscall call = {.nr = nr, .args = {TARGET_USER_PATH, buffer, size}};
    return target_syscall(ctx->target, &call);
}

long suite_open_path(struct suite_ctx *ctx, const char *path, int flags) {
    return suite_path_call(ctx, TARGET_SYS_OPEN, path, (uint64_t)flags, 0);
}

long suite_fd_call(struct suite_ctx *ctx, enum target_sys nr, long fd, uint64_t buffer,
                   uint64_t size) {
    const struct target_syscall call = {.nr = nr, .args = {(uint64_t)fd, buffer, size}};
    return target_syscall(ctx->target, &call);
}
