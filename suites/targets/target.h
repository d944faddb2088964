/* A target: something that answers the SNP firmware ABI, behind the doors that it offers. Tests call
 * these functions and nothing below them, so that the same test runs on every target with the doors it
 * needs (struct suite_test, member needs).
 *
 * Order of use: target_open, target_reset before each test (tests: suite_reset), any of the rest,
 * target_close. Calling what the target does not offer is a failure with SEVKIT_NOT_FOUND that names the
 * door; a test that states its needs is never there. Design sections 3 and 5. */
#ifndef TARGET_H
#define TARGET_H

#include "sevkit/door.h"
#include "sevkit/machine.h"
#include "sevkit/secrets.h"

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
};

#define TARGET_CAPABILITY_COUNT 9

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

/* Opens the target NAME, which is TARGET_BUILT. PROFILE is what target_reset falls back to; it is copied.
 * SEED makes all randomness of the target's side, where the target lets us choose it. */
SEVKIT_MUST struct sevkit_result target_open(const char *name, const struct sevkit_profile *profile,
                                             uint64_t seed, struct target **target);
void target_close(struct target *target);

const char *target_name(const struct target *target);
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

/* ---- TARGET_SCENARIO ---- the text of a scenario file, in force until the next reset. */
SEVKIT_MUST struct sevkit_result target_scenario(struct target *target, const char *json,
                                                 size_t size);

#endif
