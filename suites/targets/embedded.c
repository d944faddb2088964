/* The embedded target: a machine in this process, made anew by every reset. It offers every door but a
 * kernel's own files. Design section 3. */
#include <stdlib.h>
#include <string.h>

#include "sevkit/scenario.h"
#include "targets/ops.h"
#include "targets/program.h"

struct embedded {
    struct sevkit_profile fallback;
    uint64_t seed;
    enum drv_kernel kernel;
    bool only_kernel;
    struct vmm_machine *machine;
    struct vmm_guest *guest;
    struct target_program *program; /* after a boot */
};

static struct sevkit_result embedded_open(const char *path, const struct target_options *options,
                                          void **state) {
    (void)path;
    struct embedded *e = calloc(1, sizeof *e);
    if (e == NULL)
        return sevkit_fail(SEVKIT_NO_MEMORY, "target", SEVKIT_NO_OFFSET, 0, "out of memory");
    e->fallback = *options->profile;
    e->seed = options->seed;
    e->kernel = options->kernel;
    e->only_kernel = options->only_kernel;
    *state = e;
    return target_user_map(-1);
}

static void drop_machine(struct embedded *e) {
    target_program_free(e->program);
    e->program = NULL;
    vmm_machine_free(e->machine);
    e->machine = NULL;
}

static void embedded_close(void *state) {
    struct embedded *e = state;
    drop_machine(e);
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
    drop_machine(e);
    e->machine = machine;
    e->guest = guest;
    return sevkit_success();
}

static struct sevkit_result embedded_boot(void *state, const struct target_guest *guest,
                                          int *probe) {
    struct embedded *e = state;
    struct sevkit_scenario scenario = vmm_scenario_none();
    if (guest->scenario != NULL)
        SEVKIT_TRY(vmm_scenario_parse(guest->scenario, strlen(guest->scenario), &scenario));
    SEVKIT_TRY(embedded_reset(e, NULL, PSP_GUEST_RUNNING));
    vmm_machine_set_scenario(e->machine, &scenario);
    return target_program_new(e->guest, guest, &e->program, probe);
}

static uint32_t embedded_offers(const void *state) {
    return ((const struct embedded *)state)->only_kernel ? ~(uint32_t)TARGET_KERNEL : UINT32_MAX;
}

static enum drv_kernel embedded_kernel(const void *state) {
    return ((const struct embedded *)state)->kernel;
}

static long embedded_syscall(void *state, const struct target_syscall *call) {
    struct embedded *e = state;
    return target_program_syscall(e->program, call);
}

static struct sevkit_result embedded_driver(void *state, struct target_driver *driver) {
    struct embedded *e = state;
    memcpy(driver->secrets, target_program_secrets(e->program), ABI_PAGE_SIZE);
    driver->requests = vmm_machine_requests(e->machine);
    driver->fw_requests = vmm_machine_fw_requests(e->machine);
    return sevkit_success();
}

static struct sevkit_result embedded_set_counter(void *state, unsigned vmpck, uint32_t counter) {
    struct embedded *e = state;
    uint8_t *secrets = target_program_secrets(e->program);
    abi_put_le32(secrets + ABI_SECRETS_SEQNO_LOW + vmpck * sizeof counter, counter);
    return sevkit_success();
}

static struct sevkit_result embedded_relaunch(void *state, const struct sevkit_profile *profile,
                                              enum psp_guest_state guest_state) {
    struct embedded *e = state;
    target_program_free(e->program);
    e->program = NULL;
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
                    TARGET_PROFILE | TARGET_CERTS | TARGET_COUNTERS | TARGET_SCENARIO |
                    TARGET_DEVICE | TARGET_TSM | TARGET_KERNEL | TARGET_MODULE | TARGET_DRIVER |
                    TARGET_WIPE | TARGET_DIRECT | TARGET_PROGRAM,
    .offers = embedded_offers,
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
    .boot = embedded_boot,
    .kernel = embedded_kernel,
    .syscall = embedded_syscall,
    .driver = embedded_driver,
    .set_counter = embedded_set_counter,
};
