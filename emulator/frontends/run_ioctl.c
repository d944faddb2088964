/* See run_core.h. The driver decides everything; here its hands reach into the caller's memory. */
#include <errno.h>

#include "frontends/run_core.h"
#include "frontends/run_trace_ioctl.h"

struct hands {
    const struct run_caller *caller;
    struct run_seen *seen; /* NULL: nobody looks */
};

static bool user_read(void *ctx, uint64_t address, void *out, size_t size) {
    const struct hands *h = ctx;
    if (!run_memory_read(h->caller, address, out, size)) return false;
    if (h->seen != NULL) run_seen_read(h->seen, address, out, size);
    return true;
}

static bool user_write(void *ctx, uint64_t address, const void *bytes, size_t size) {
    const struct hands *h = ctx;
    if (!run_memory_write(h->caller, address, bytes, size)) return false;
    if (h->seen != NULL) run_seen_write(h->seen, address, bytes, size);
    return true;
}

bool run_ioctl(struct world *world, const struct run_device *device, struct run_trace *trace,
               const struct run_caller *caller, const struct seccomp_data *data, long *result) {
    switch (run_device_fd(device, caller, (int)data->args[0])) {
    case RUN_FD_OTHER: return false;
    case RUN_FD_CLOSED: /* not left to the kernel: the number could be the device's by then */
        *result = -EBADF;
        return true;
    case RUN_FD_DEVICE: break;
    }
    struct run_seen seen = {.cmd = (uint32_t)data->args[1], .arg = data->args[2]};
    struct hands hands = {.caller = caller, .seen = trace != NULL ? &seen : NULL};
    const struct drv_user user = {.ctx = &hands, .read = user_read, .write = user_write};
    world_lock(world);
    *result = drv_guest_ioctl(world_guest(world), &user, seen.cmd, seen.arg);
    world_unlock(world);
    if (trace != NULL) run_trace_ioctl(trace, caller->tid, &seen, *result);
    return true;
}
