/* What a kind of target implements: target.h's functions without the checks. Only suites/targets
 * includes this. */
#ifndef TARGET_OPS_H
#define TARGET_OPS_H

#include "targets/target.h"

/* The operations behind one door may be NULL together when the door's capability bit is clear. */
struct target_ops {
    uint32_t capabilities;                 /* at most; offers takes away */
    uint32_t (*offers)(const void *state); /* NULL: all of them */
    bool real;                             /* a machine that is not ours */
    unsigned patience;                     /* seconds that a test may take; 0: 10 */
    /* PATH: what follows "NAME:". A *STATE that a failure leaves is closed. */
    struct sevkit_result (*open)(const char *path, const struct target_options *options,
                                 void **state);
    void (*close)(void *state);
    struct sevkit_result (*reset)(void *state, const struct sevkit_profile *profile,
                                  enum psp_guest_state guest_state);
    struct sevkit_result (*relaunch)(void *state, const struct sevkit_profile *profile,
                                     enum psp_guest_state guest_state);
    const struct sevkit_profile *(*profile)(const void *state);
    void (*guest_request)(void *state, const uint8_t request[ABI_PAGE_SIZE],
                          uint8_t response[ABI_PAGE_SIZE], struct sevkit_exit *exit);
    struct sevkit_result (*secrets)(void *state, struct abi_secrets_page *page);
    enum abi_status (*command)(void *state, uint32_t id, const uint8_t *buffer, size_t size);
    struct vmm_guest_pages (*pages)(void *state);
    void (*set_platform_state)(void *state, enum psp_platform_state platform_state);
    bool (*rmp_lookup)(void *state, uint64_t paddr, struct rmp_entry *entry);
    bool (*rmp_set)(void *state, uint64_t paddr, enum rmp_state page_state,
                    enum rmp_page_size size);
    bool (*memory_read)(void *state, uint64_t paddr, void *out, size_t size);
    bool (*memory_write)(void *state, uint64_t paddr, const void *bytes, size_t size);
    struct sevkit_result (*certs)(void *state, struct vmm_certs *certs);
    int64_t (*now)(void *state);
    bool (*msg_count)(void *state, uint64_t count[ABI_VMPCK_COUNT]);
    struct sevkit_result (*boot)(void *state, const struct target_guest *guest, int *probe);
    enum drv_kernel (*kernel)(const void *state);
    const char *(*node)(const void *state);       /* NULL: TARGET_NODE */
    const char *(*tsm_folder)(const void *state); /* NULL: TARGET_TSM_FOLDER */
    long (*syscall)(void *state, const struct target_syscall *call);
    const char *(*stopped)(const void *state); /* NULL: never */
    struct sevkit_result (*driver)(void *state, struct target_driver *driver);
    struct sevkit_result (*set_counter)(void *state, unsigned vmpck, uint32_t counter);
};

#define TARGET_NODE "/dev/sev-guest"
#define TARGET_TSM_FOLDER "/sys/kernel/config/tsm/report"

extern const struct target_ops target_embedded_ops;
extern const struct target_ops target_psp_run_ops;
extern const struct target_ops target_socket_ops;
extern const struct target_ops target_device_ops;
extern const struct target_ops target_tsm_ops;
extern const struct target_ops target_qemu_ops;
extern const struct target_ops target_cuse_ops;

#endif
