/* The embedded target: a machine in this process, made anew by every reset. It offers every door but
 * scenarios. Design section 3. */
#include <stdlib.h>
#include <string.h>

#include "targets/ops.h"

struct embedded {
    struct sevkit_profile fallback;
    uint64_t seed;
    struct vmm_machine *machine;
    struct vmm_guest *guest;
};

static struct sevkit_result embedded_open(const struct sevkit_profile *profile, uint64_t seed,
                                          void **state) {
    struct embedded *e = calloc(1, sizeof *e);
    if (e == NULL)
        return sevkit_fail(SEVKIT_NO_MEMORY, "target", SEVKIT_NO_OFFSET, 0, "out of memory");
    e->fallback = *profile;
    e->seed = seed;
    *state = e;
    return sevkit_success();
}

static void embedded_close(void *state) {
    struct embedded *e = state;
    if (e->machine != NULL) vmm_machine_free(e->machine);
    free(e);
}

static struct sevkit_result embedded_reset(void *state, const struct sevkit_profile *profile,
                                           enum psp_guest_state guest_state) {
    struct embedded *e = state;
    const struct sevkit_profile *p = profile != NULL ? profile : &e->fallback;
    struct vmm_machine *machine = NULL;
    SEVKIT_TRY(vmm_machine_new(p, NULL, e->seed, &machine));
    struct vmm_guest *guest = NULL;
    const struct sevkit_result r = vmm_guest_launch_as(machine, p, guest_state, &guest);
    if (!sevkit_ok(r)) {
        vmm_machine_free(machine);
        return r;
    }
    if (e->machine != NULL) vmm_machine_free(e->machine);
    e->machine = machine;
    e->guest = guest;
    return sevkit_success();
}

static struct sevkit_result embedded_relaunch(void *state, const struct sevkit_profile *profile,
                                              enum psp_guest_state guest_state) {
    struct embedded *e = state;
    vmm_guest_destroy(e->guest);
    return vmm_guest_launch_as(e->machine, profile != NULL ? profile : &e->fallback, guest_state,
                               &e->guest);
}

static const struct sevkit_profile *embedded_profile(const void *state) {
    const struct embedded *e = state;
    return e->machine != NULL ? vmm_machine_profile(e->machine) : &e->fallback;
}

static void embedded_guest_request(void *state, const uint8_t request[ABI_PAGE_SIZE],
                                   uint8_t response[ABI_PAGE_SIZE], struct sevkit_exit *exit) {
    struct embedded *e = state;
    const struct sevkit_guest_door door = vmm_guest_door(e->guest);
    door.request(door.ctx, request, response, exit);
}

static struct sevkit_result embedded_secrets(void *state, struct abi_secrets_page *page) {
    struct embedded *e = state;
    uint8_t bytes[ABI_PAGE_SIZE];
    vmm_guest_secrets(e->guest, bytes);
    const struct sevkit_result r = abi_secrets_decode(bytes, sizeof bytes, page);
    crypto_wipe(bytes, sizeof bytes);
    return r;
}

static enum abi_status embedded_command(void *state, uint32_t id, const uint8_t *buffer,
                                        size_t size) {
    struct embedded *e = state;
    return psp_command(vmm_machine_psp(e->machine), id, buffer, size);
}

static struct vmm_guest_pages embedded_pages(void *state) {
    struct embedded *e = state;
    return vmm_guest_pages(e->guest);
}

static void embedded_set_platform_state(void *state, enum psp_platform_state platform_state) {
    struct embedded *e = state;
    psp_set_platform_state(vmm_machine_psp(e->machine), platform_state);
}

static bool embedded_rmp_lookup(void *state, uint64_t paddr, struct rmp_entry *entry) {
    struct embedded *e = state;
    return rmp_lookup(vmm_machine_rmp(e->machine), paddr, entry);
}

static bool embedded_rmp_set(void *state, uint64_t paddr, enum rmp_state page_state,
                             enum rmp_page_size size) {
    struct embedded *e = state;
    return rmp_set(vmm_machine_rmp(e->machine), paddr, page_state, size);
}

static bool embedded_memory_read(void *state, uint64_t paddr, void *out, size_t size) {
    struct embedded *e = state;
    return mem_read(vmm_machine_memory(e->machine), paddr, out, size);
}

static bool embedded_memory_write(void *state, uint64_t paddr, const void *bytes, size_t size) {
    struct embedded *e = state;
    return mem_write(vmm_machine_memory(e->machine), paddr, bytes, size);
}

static struct sevkit_result embedded_certs(void *state, struct vmm_certs *certs) {
    struct embedded *e = state;
    return vmm_machine_certs(e->machine, certs);
}

static int64_t embedded_now(void *state) {
    (void)state;
    return SEVKIT_EPOCH_EMBEDDED;
}

static bool embedded_msg_count(void *state, uint64_t count[ABI_VMPCK_COUNT]) {
    struct embedded *e = state;
    return psp_msg_count(vmm_machine_psp(e->machine), vmm_guest_pages(e->guest).gctx, count);
}

const struct target_ops target_embedded_ops = {
    .capabilities = TARGET_MESSAGE | TARGET_COMMAND | TARGET_RMP | TARGET_MEMORY | TARGET_SECRETS |
                    TARGET_PROFILE | TARGET_CERTS | TARGET_COUNTERS,
    .open = embedded_open,
    .close = embedded_close,
    .reset = embedded_reset,
    .relaunch = embedded_relaunch,
    .profile = embedded_profile,
    .guest_request = embedded_guest_request,
    .secrets = embedded_secrets,
    .command = embedded_command,
    .pages = embedded_pages,
    .set_platform_state = embedded_set_platform_state,
    .rmp_lookup = embedded_rmp_lookup,
    .rmp_set = embedded_rmp_set,
    .memory_read = embedded_memory_read,
    .memory_write = embedded_memory_write,
    .certs = embedded_certs,
    .now = embedded_now,
    .msg_count = embedded_msg_count,
};
