/* A machine: memory, RMP, PSP and a small well-behaved hypervisor that launches guests from a profile.
 * The doors of an embedded emulator are all here. Deterministic for a seed.
 *
 * Order of use: vmm_machine_new, vmm_guest_launch, then requests. A machine and its guests belong to one
 * thread at a time. */
#ifndef SEVKIT_MACHINE_H
#define SEVKIT_MACHINE_H

#include "sevkit/crypto.h"
#include "sevkit/door.h"
#include "sevkit/pki.h"
#include "sevkit/profile.h"
#include "sevkit/psp.h"

struct vmm_machine;
struct vmm_guest;

/* ENV NULL: the machine's own deterministic environment, seed SEED, time SEVKIT_EPOCH_EMBEDDED. With ENV,
 * SEED is not used. PROFILE is copied. */
SEVKIT_MUST struct sevkit_result vmm_machine_new(const struct sevkit_profile *profile,
                                                 const struct sevkit_env *env, uint64_t seed,
                                                 struct vmm_machine **machine);

/* Frees the machine and all its guests. */
void vmm_machine_free(struct vmm_machine *machine);

/* Launches a guest as the machine's profile says. The guest belongs to the machine. */
SEVKIT_MUST struct sevkit_result vmm_guest_launch(struct vmm_machine *machine,
                                                  struct vmm_guest **guest);

/* As above, left in STATE. Of PROFILE it takes what a launch writes into the guest's context, and nothing
 * else: policy, host_data, measurement, id_block, vcek_dis, gosvw, report_id_ma, msg_count, launch_tcb,
 * launch_mit_vector, tsc_desired_khz and tsc_offset. All that is the platform's (chip, firmware, the
 * other TCBs, signing, message switches, CPUID policy, resources) stays the machine's. PROFILE's vmpl is
 * the guest's own choice at each request and is not looked at. */
SEVKIT_MUST struct sevkit_result vmm_guest_launch_as(struct vmm_machine *machine,
                                                     const struct sevkit_profile *profile,
                                                     enum psp_guest_state state,
                                                     struct vmm_guest **guest);

/* Ends the guest; its pages return to the hypervisor. */
void vmm_guest_destroy(struct vmm_guest *guest);

/* The guest's side: its door and its secrets page (with the keys zeroed that the scenario of the moment
 * wipes). */
struct sevkit_guest_door vmm_guest_door(struct vmm_guest *guest);
void vmm_guest_secrets(const struct vmm_guest *guest, uint8_t page[ABI_PAGE_SIZE]);

/* The physical addresses that a guest request uses. */
struct vmm_guest_pages {
    uint64_t gctx;
    uint64_t request;
    uint64_t response;
};
struct vmm_guest_pages vmm_guest_pages(const struct vmm_guest *guest);

/* The host's side, for tests of firmware checks. */
struct psp *vmm_machine_psp(struct vmm_machine *machine);
/* No other thread may use it meanwhile, as with the machine. */
struct rmp *vmm_machine_rmp(struct vmm_machine *machine);
struct mem *vmm_machine_memory(struct vmm_machine *machine);
const struct sevkit_profile *vmm_machine_profile(const struct vmm_machine *machine);

/* The certificates of the machine's signing key at its clock: leaf (VCEK, or VLEK when one is loaded), its
 * CA (ASK or ASVK), ARK and CRL (thisUpdate = now - 1 day, nextUpdate = now + 30 days, nothing revoked),
 * or what its scenario makes of them. */
struct vmm_certs {
    bool vlek;
    struct pki_der leaf, ca, ark, crl;
};
SEVKIT_MUST struct sevkit_result vmm_machine_certs(struct vmm_machine *machine,
                                                   struct vmm_certs *certs);

/* ---- saving and restoring ---- */

struct sevkit_scenario;

/* MACHINE with its guests as bytes, little-endian and versioned: VMPCKs, message counters, secrets pages and
 * all else that tells it from another. They hold keys; give them back to vmm_save_free, which wipes them. */
SEVKIT_MUST struct sevkit_result vmm_machine_save(struct vmm_machine *machine, uint8_t **bytes,
                                                  size_t *size);
void vmm_save_free(uint8_t *bytes, size_t size);

/* A machine as it was saved. PROFILE, SCENARIO and ENV (or NULL) are those of the saved one; an ENV's own
 * state is the caller's to save. Any other bytes are refused with the field, its offset and the rule. */
SEVKIT_MUST struct sevkit_result vmm_machine_restore(const struct sevkit_profile *profile,
                                                     const struct sevkit_scenario *scenario,
                                                     const struct sevkit_env *env,
                                                     const uint8_t *bytes, size_t size,
                                                     struct vmm_machine **machine);

/* The INDEXth guest, the newest first; NULL after the last. */
struct vmm_guest *vmm_machine_guest(const struct vmm_machine *machine, size_t index);

#endif
