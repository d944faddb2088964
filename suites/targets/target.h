/* A target: something that answers the SNP firmware ABI, behind the doors that it offers. Tests call
 * these functions and nothing below them, so that the same test runs on every target with the doors it
 * needs (struct suite_test, member needs).
 *
 * Order of use: target_open, target_reset or target_boot before each test (tests: suite_reset, suite_boot),
 * any of the rest, target_close. Calling what the target does not offer is a failure with SEVKIT_NOT_FOUND that names the
 * door; a test that states its needs is never there. Design sections 3 and 5. */
#ifndef TARGET_H
#define TARGET_H

#include "sevkit/door.h"
#include "sevkit/machine.h"
#include "sevkit/secrets.h"
#include "sevkit/sev_guest.h"
#include "targets/user.h"

/* What a target can do; a bit mask. */
enum target_capability {
    TARGET_MESSAGE = 1 << 0, /* the raw guest request door: any 4 KiB request page */
    TARGET_COMMAND = 1 << 1, /* the host's mailbox, page addresses, platform state */
    TARGET_RMP = 1 << 2,     /* look at and set RMP entries */
    TARGET_MEMORY = 1 << 3,  /* read and write system physical memory */
    TARGET_SECRETS = 1 << 4, /* the secrets page: the VMPCKs are known */
    TARGET_PROFILE = 1 << 5, /* any profile and any guest state can be chosen */
    TARGET_CERTS = 1 << 6, /* the signing key's certificates, at once and at the machine's clock */
    TARGET_SCENARIO = 1 << 7, /* the world can be made to misbehave */
    TARGET_COUNTERS = 1 << 8, /* MsgCount0..3 can be observed */
    TARGET_DEVICE = 1 << 9,   /* system calls on /dev/sev-guest */
    TARGET_TSM = 1 << 10,     /* system calls in configfs-tsm */
    TARGET_FILES = 1 << 11,   /* ... that a kernel's own file layer serves: descriptors, paths */
    TARGET_KERNEL = 1 << 12,  /* the generation of the guest's kernel can be chosen */
    TARGET_MODULE = 1 << 13,  /* ... its VMPL, the module's parameter and message counters too */
    TARGET_DRIVER =
        1 << 14,           /* the driver's secrets page and the host's count of requests are open */
    TARGET_WIPE = 1 << 15, /* a VMPCK may be lost: a reset, or the operator, allows for it */
    TARGET_DIRECT = 1 << 16,  /* every call on a descriptor reaches driver or configfs */
    TARGET_MISC = 1 << 17,    /* the node's number is a misc device's */
    TARGET_PROGRAM = 1 << 18, /* what is tested is this program's own code */
};

#define TARGET_CAPABILITY_COUNT 19

/* "MESSAGE", ... of one capability. Never NULL. */
const char *target_capability_name(enum target_capability capability);

struct target;

/* Whether NAME ("embedded", "socket:PATH") can be opened. */
enum target_known {
    TARGET_BUILT,     /* yes */
    TARGET_NOT_BUILT, /* designed, but this build does not carry it */
    TARGET_UNKNOWN,
};
enum target_known target_known(const char *name);

struct target_options {
    const struct sevkit_profile *profile; /* what target_reset falls back to; copied */
    const char *profile_name;             /* its built-in name or file; outlives the target */
    bool profile_is_path;
    uint64_t seed; /* of all randomness of the target's side, where the target lets us choose it */
    enum drv_kernel kernel; /* of a guest whose kernel can be chosen */
    bool only_kernel;       /* and no other: KERNEL is not offered */
    double rate;            /* requests a second to a real machine */
    bool allow_destructive; /* a real machine may lose its VMPCK until it is started again */
};

/* Opens the target NAME, which is TARGET_BUILT. */
SEVKIT_MUST struct sevkit_result target_open(const char *name, const struct target_options *options,
                                             struct target **target);
void target_close(struct target *target);

const char *target_name(const struct target *target);

/* A machine that is not ours: requests are spaced, nothing is reset, expectations come from itself. */
bool target_is_real(const struct target *target);

/* The lowest VMPL that the machine's guest may name in a request: 0 unless somebody found out otherwise. */
unsigned target_level(const struct target *target);
void target_set_level(struct target *target, unsigned level);

/* Seconds after which a test does not come back any more. */
unsigned target_patience(const struct target *target);
uint32_t target_capabilities(const struct target *target);

/* A fresh machine with a fresh guest in STATE: new secrets page, RMP, memory and counters. PROFILE NULL:
 * the run's profile. Another profile or a state other than RUNNING needs TARGET_PROFILE. */
SEVKIT_MUST struct sevkit_result target_reset(struct target *target,
                                              const struct sevkit_profile *profile,
                                              enum psp_guest_state state);

/* Ends the guest and launches another on the same machine (same chip, same random stream going on), as
 * target_reset says. Needs TARGET_PROFILE. */
SEVKIT_MUST struct sevkit_result target_relaunch(struct target *target,
                                                 const struct sevkit_profile *profile,
                                                 enum psp_guest_state state);

/* The profile of the machine as it is now: what expectations come from. */
const struct sevkit_profile *target_profile(const struct target *target);

/* ---- TARGET_MESSAGE: one SNP guest request, well-behaved hypervisor in between ---- */
SEVKIT_MUST struct sevkit_result target_guest_request(struct target *target,
                                                      const uint8_t request[ABI_PAGE_SIZE],
                                                      uint8_t response[ABI_PAGE_SIZE],
                                                      struct sevkit_exit *exit);

/* ---- TARGET_SECRETS: the guest's secrets page as the firmware filled it ---- */
SEVKIT_MUST struct sevkit_result target_secrets(struct target *target,
                                                struct abi_secrets_page *page);

/* ---- TARGET_COMMAND ---- */

/* Rings the mailbox: command ID with SIZE bytes of command buffer. */
SEVKIT_MUST struct sevkit_result target_command(struct target *target, uint32_t id,
                                                const uint8_t *buffer, size_t size,
                                                enum abi_status *status);

/* The addresses that a guest request uses. The three pages are 4 KiB and distinct. */
SEVKIT_MUST struct sevkit_result target_pages(struct target *target, struct vmm_guest_pages *pages);

SEVKIT_MUST struct sevkit_result target_set_platform_state(struct target *target,
                                                           enum psp_platform_state state);

/* ---- TARGET_RMP ---- FOUND is false outside the table. */
SEVKIT_MUST struct sevkit_result target_rmp_lookup(struct target *target, uint64_t paddr,
                                                   bool *found, struct rmp_entry *entry);
SEVKIT_MUST struct sevkit_result target_rmp_set(struct target *target, uint64_t paddr,
                                                enum rmp_state state, enum rmp_page_size size);

/* ---- TARGET_MEMORY ---- all SIZE bytes must lie inside memory. */
SEVKIT_MUST struct sevkit_result target_memory_read(struct target *target, uint64_t paddr,
                                                    void *out, size_t size);
SEVKIT_MUST struct sevkit_result target_memory_write(struct target *target, uint64_t paddr,
                                                     const void *bytes, size_t size);

/* ---- TARGET_CERTS ---- */
SEVKIT_MUST struct sevkit_result target_certs(struct target *target, struct vmm_certs *certs);

/* The machine's clock, UTC seconds since 1970: the time to verify its certificates at. */
SEVKIT_MUST struct sevkit_result target_now(struct target *target, int64_t *now);

/* ---- TARGET_COUNTERS ---- */
SEVKIT_MUST struct sevkit_result target_msg_count(struct target *target,
                                                  uint64_t count[ABI_VMPCK_COUNT]);

/* ---- TARGET_DEVICE, TARGET_TSM: a program in the guest ---- */

/* A guest for a program to run in. */
struct target_guest {
    enum drv_kernel kernel; /* another than target_kernel's: TARGET_KERNEL */
    unsigned vmpl;          /* not 0: TARGET_MODULE */
    int vmpck_id;           /* another than DRV_VMPCK_DEFAULT: TARGET_MODULE */
    const char *scenario;   /* text of a scenario file: TARGET_SCENARIO; NULL: the world behaves */
    bool tsm;               /* configfs-tsm is wanted too */
};

/* A fresh machine from the run's profile and GUEST on it; on a real machine only what was left open is
 * closed. *PROBE is 0, or the errno (negative) with which the driver's probe failed: there is no device. */
SEVKIT_MUST struct sevkit_result target_boot(struct target *target,
                                             const struct target_guest *guest, int *probe);

/* The kernel generation of a guest that was not asked for another. */
enum drv_kernel target_kernel(const struct target *target);

/* Where the device node and configfs-tsm's folder report are. */
const char *target_node(const struct target *target);
const char *target_tsm_folder(const struct target *target);

/* One system call of the program: its result, or -errno. Pointers lie in the program's memory, targets/user.h.
 * -ENODEV where the target does not offer the call. */
SEVKIT_MUST long target_syscall(struct target *target, const struct target_syscall *call);

/* NULL, or why no more tests can be run on this target: the rest is NOTTEST. */
const char *target_stopped(const struct target *target);

/* ---- TARGET_DRIVER ---- */

struct target_driver {
    uint8_t secrets[ABI_PAGE_SIZE]; /* the guest's page as its kernel has it now */
    uint64_t requests;              /* hypercalls since the last boot */
    uint64_t fw_requests;           /* of them those that reached the firmware */
};
SEVKIT_MUST struct sevkit_result target_driver(struct target *target, struct target_driver *driver);

/* ---- TARGET_MODULE: os_area's counter of VMPCK number VMPCK ---- */
SEVKIT_MUST struct sevkit_result target_set_counter(struct target *target, unsigned vmpck,
                                                    uint32_t counter);

#endif
