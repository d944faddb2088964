/* The target interface: which targets there are, and a check of every call against what the target
 * offers. Design sections 4 and 5. */
#include "targets/target.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "targets/ops.h"

struct target {
    const char *name;
    const struct target_ops *ops;
    void *state;
    unsigned level;
};

/* Targets of the design. A name that ends in ':' takes a path after it. */
static const struct {
    const char *name;
    const struct target_ops *ops; /* NULL: not in this build */
} kinds[] = {
    {"embedded", &target_embedded_ops},
    {"socket:", &target_socket_ops},
    {"psp-run", &target_psp_run_ops},
    {"device:", &target_device_ops},
    {"host:", NULL},
    {"tsm:", &target_tsm_ops},
    {"replay:", NULL},
    {"qemu:", &target_qemu_ops},
    {"cuse:", &target_cuse_ops},
};

#define KIND_COUNT (sizeof kinds / sizeof kinds[0])

const char *target_capability_name(enum target_capability capability) {
    switch (capability) {
    case TARGET_MESSAGE: return "MESSAGE";
    case TARGET_COMMAND: return "COMMAND";
    case TARGET_RMP: return "RMP";
    case TARGET_MEMORY: return "MEMORY";
    case TARGET_SECRETS: return "SECRETS";
    case TARGET_PROFILE: return "PROFILE";
    case TARGET_CERTS: return "CERTS";
    case TARGET_SCENARIO: return "SCENARIO";
    case TARGET_COUNTERS: return "COUNTERS";
    case TARGET_DEVICE: return "DEVICE";
    case TARGET_TSM: return "TSM";
    case TARGET_FILES: return "FILES";
    case TARGET_KERNEL: return "KERNEL";
    case TARGET_MODULE: return "MODULE";
    case TARGET_DRIVER: return "DRIVER";
    case TARGET_WIPE: return "WIPE";
    case TARGET_DIRECT: return "DIRECT";
    case TARGET_MISC: return "MISC";
    case TARGET_PROGRAM: return "PROGRAM";
    }
    abort(); /* not one of the enumerators: a bug of the runner */
}

static bool kind_has_name(const char *kind, const char *name) {
    const size_t size = strlen(kind);
    if (kind[size - 1] == ':') return strncmp(kind, name, size) == 0 && name[size] != '\0';
    return strcmp(kind, name) == 0;
}

enum target_known target_known(const char *name) {
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (kind_has_name(kinds[i].name, name))
            return kinds[i].ops != NULL ? TARGET_BUILT : TARGET_NOT_BUILT;
    return TARGET_UNKNOWN;
}

struct sevkit_result target_open(const char *name, const struct target_options *options,
                                 struct target **target) {
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (kinds[i].ops == NULL || !kind_has_name(kinds[i].name, name)) continue;
        struct target *t = calloc(1, sizeof *t);
        if (t == NULL)
            return sevkit_fail(SEVKIT_NO_MEMORY, "target", SEVKIT_NO_OFFSET, 0, "out of memory");
        t->name = kinds[i].name;
        t->ops = kinds[i].ops;
        const char *path = name + strlen(kinds[i].name);
        const struct sevkit_result r = t->ops->open(path, options, &t->state);
        if (!sevkit_ok(r)) {
            if (t->state != NULL) t->ops->close(t->state);
            free(t);
            return r;
        }
        *target = t;
        return sevkit_success();
    }
    return sevkit_fail(SEVKIT_NOT_FOUND, "target", SEVKIT_NO_OFFSET, 0,
                       "must be a target that this build carries");
}

void target_close(struct target *target) {
    if (target == NULL) return;
    target->ops->close(target->state);
    free(target);
}

const char *target_name(const struct target *target) {
    return target->name;
}

bool target_is_real(const struct target *target) {
    return target->ops->real;
}

unsigned target_level(const struct target *target) {
    return target->level;
}

void target_set_level(struct target *target, unsigned level) {
    target->level = level;
}

unsigned target_patience(const struct target *target) {
    return target->ops->patience != 0 ? target->ops->patience : 10;
}

uint32_t target_capabilities(const struct target *target) {
    const struct target_ops *ops = target->ops;
    return ops->offers != NULL ? ops->capabilities & ops->offers(target->state) : ops->capabilities;
}

static struct sevkit_result offers(const struct target *target, enum target_capability capability) {
    if ((target_capabilities(target) & (uint32_t)capability) != 0) return sevkit_success();
    return sevkit_fail(SEVKIT_NOT_FOUND, target_capability_name(capability), SEVKIT_NO_OFFSET, 0,
                       "the target does not offer this door");
}

/* The result of an operation that only says whether its address was good. */
static struct sevkit_result in_range(bool good, const char *field, uint64_t paddr) {
    if (good) return sevkit_success();
    return sevkit_fail(SEVKIT_BAD_VALUE, field, SEVKIT_NO_OFFSET, paddr,
                       "address must lie inside the machine's memory");
}

struct sevkit_result target_reset(struct target *target, const struct sevkit_profile *profile,
                                  enum psp_guest_state state) {
    if (profile != NULL || state != PSP_GUEST_RUNNING) SEVKIT_TRY(offers(target, TARGET_PROFILE));
    return target->ops->reset(target->state, profile, state);
}

struct sevkit_result target_relaunch(struct target *target, const struct sevkit_profile *profile,
                                     enum psp_guest_state state) {
    SEVKIT_TRY(offers(target, TARGET_PROFILE));
    return target->ops->relaunch(target->state, profile, state);
}

const struct sevkit_profile *target_profile(const struct target *target) {
    return target->ops->profile(target->state);
}

struct sevkit_result target_guest_request(struct target *target,
                                          const uint8_t request[ABI_PAGE_SIZE],
                                          uint8_t response[ABI_PAGE_SIZE],
                                          struct sevkit_exit *exit) {
    SEVKIT_TRY(offers(target, TARGET_MESSAGE));
    target->ops->guest_request(target->state, request, response, exit);
    return sevkit_success();
}

struct sevkit_result target_secrets(struct target *target, struct abi_secrets_page *page) {
    SEVKIT_TRY(offers(target, TARGET_SECRETS));
    return target->ops->secrets(target->state, page);
}

struct sevkit_result target_command(struct target *target, uint32_t id, const uint8_t *buffer,
                                    size_t size, enum abi_status *status) {
    SEVKIT_TRY(offers(target, TARGET_COMMAND));
    *status = target->ops->command(target->state, id, buffer, size);
    return sevkit_success();
}

struct sevkit_result target_pages(struct target *target, struct vmm_guest_pages *pages) {
    SEVKIT_TRY(offers(target, TARGET_COMMAND));
    *pages = target->ops->pages(target->state);
    return sevkit_success();
}

struct sevkit_result target_set_platform_state(struct target *target,
                                               enum psp_platform_state state) {
    SEVKIT_TRY(offers(target, TARGET_COMMAND));
    target->ops->set_platform_state(target->state, state);
    return sevkit_success();
}

struct sevkit_result target_rmp_lookup(struct target *target, uint64_t paddr, bool *found,
                                       struct rmp_entry *entry) {
    SEVKIT_TRY(offers(target, TARGET_RMP));
    *found = target->ops->rmp_lookup(target->state, paddr, entry);
    return sevkit_success();
}

struct sevkit_result target_rmp_set(struct target *target, uint64_t paddr, enum rmp_state state,
                                    enum rmp_page_size size) {
    SEVKIT_TRY(offers(target, TARGET_RMP));
    return in_range(target->ops->rmp_set(target->state, paddr, state, size), "rmp_set", paddr);
}

struct sevkit_result target_memory_read(struct target *target, uint64_t paddr, void *out,
                                        size_t size) {
    SEVKIT_TRY(offers(target, TARGET_MEMORY));
    return in_range(target->ops->memory_read(target->state, paddr, out, size), "memory_read",
                    paddr);
}

struct sevkit_result target_memory_write(struct target *target, uint64_t paddr, const void *bytes,
                                         size_t size) {
    SEVKIT_TRY(offers(target, TARGET_MEMORY));
    return in_range(target->ops->memory_write(target->state, paddr, bytes, size), "memory_write",
                    paddr);
}

struct sevkit_result target_certs(struct target *target, struct vmm_certs *certs) {
    SEVKIT_TRY(offers(target, TARGET_CERTS));
    return target->ops->certs(target->state, certs);
}

struct sevkit_result target_now(struct target *target, int64_t *now) {
    SEVKIT_TRY(offers(target, TARGET_CERTS));
    *now = target->ops->now(target->state);
    return sevkit_success();
}

struct sevkit_result target_msg_count(struct target *target, uint64_t count[ABI_VMPCK_COUNT]) {
    SEVKIT_TRY(offers(target, TARGET_COUNTERS));
    if (target->ops->msg_count(target->state, count)) return sevkit_success();
    return sevkit_fail(SEVKIT_NOT_FOUND, "msg_count", SEVKIT_NO_OFFSET, 0,
                       "there must be a guest context");
}

/* ---- a program in the guest ---- */

struct sevkit_result target_boot(struct target *target, const struct target_guest *guest,
                                 int *probe) {
    const bool own_module = guest->vmpl == 0 && guest->vmpck_id == DRV_VMPCK_DEFAULT;
    if (guest->kernel != target_kernel(target)) SEVKIT_TRY(offers(target, TARGET_KERNEL));
    if (!own_module) SEVKIT_TRY(offers(target, TARGET_MODULE));
    if (guest->scenario != NULL) SEVKIT_TRY(offers(target, TARGET_SCENARIO));
    SEVKIT_TRY(offers(target, guest->tsm ? TARGET_TSM : TARGET_DEVICE));
    *probe = 0;
    return target->ops->boot(target->state, guest, probe);
}

enum drv_kernel target_kernel(const struct target *target) {
    return target->ops->kernel(target->state);
}

const char *target_node(const struct target *target) {
    return target->ops->node != NULL ? target->ops->node(target->state) : TARGET_NODE;
}

const char *target_tsm_folder(const struct target *target) {
    return target->ops->tsm_folder != NULL ? target->ops->tsm_folder(target->state)
                                           : TARGET_TSM_FOLDER;
}

long target_syscall(struct target *target, const struct target_syscall *call) {
    return target->ops->syscall != NULL ? target->ops->syscall(target->state, call) : -ENODEV;
}

const char *target_stopped(const struct target *target) {
    return target->ops->stopped != NULL ? target->ops->stopped(target->state) : NULL;
}

struct sevkit_result target_driver(struct target *target, struct target_driver *driver) {
    SEVKIT_TRY(offers(target, TARGET_DRIVER));
    return target->ops->driver(target->state, driver);
}

struct sevkit_result target_set_counter(struct target *target, unsigned vmpck, uint32_t counter) {
    SEVKIT_TRY(offers(target, TARGET_MODULE));
    return target->ops->set_counter(target->state, vmpck, counter);
}
