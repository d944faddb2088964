/* The firmware at its mailbox: what a hypervisor driver, or a test of one, calls.
 *
 * Statuses are the firmware's own answers (status.h). A command that fails changes nothing but what the
 * notes list for it. Guest message notes, sections 1 and 5. */
#ifndef SEVKIT_PSP_H
#define SEVKIT_PSP_H

#include "sevkit/env.h"
#include "sevkit/memory.h"
#include "sevkit/profile.h"
#include "sevkit/rmp.h"

struct psp;

enum psp_platform_state { PSP_PLATFORM_UNINIT = 0, PSP_PLATFORM_INIT = 1 };
enum psp_guest_state { PSP_GUEST_INIT = 0, PSP_GUEST_LAUNCH = 1, PSP_GUEST_RUNNING = 2 };

enum psp_command_id { PSP_CMD_SNP_GUEST_REQUEST = 0x94 };

/* The command buffer of SNP_GUEST_REQUEST: three system physical addresses of 8 bytes. */
#define PSP_GUEST_REQUEST_SIZE 0x18
#define PSP_GUEST_REQUEST_GCTX_PADDR 0x00
#define PSP_GUEST_REQUEST_REQUEST_PADDR 0x08
#define PSP_GUEST_REQUEST_RESPONSE_PADDR 0x10

/* A PSP over RMP and MEM, which stay the caller's and outlive it, as does ENV's CTX. PROFILE and ENV are
 * copied. Starts in INIT.
 *
 * The room for guests_max contexts is taken here. The only memory of ours that a command takes is that of
 * a VCEK or VLEK signing key, made at its first use and anew when the reported TCB has changed;
 * HWERROR_PLATFORM, with nothing changed, when there is none. */
SEVKIT_MUST struct sevkit_result psp_new(const struct sevkit_profile *profile,
                                         const struct sevkit_env *env, struct rmp *rmp,
                                         struct mem *mem, struct psp **psp);
void psp_free(struct psp *psp);

/* Rings the mailbox: command ID with its command buffer of SIZE bytes. An id that this firmware does not
 * have answers INVALID_COMMAND, a buffer of the wrong size INVALID_LENGTH. */
enum abi_status psp_command(struct psp *psp, uint32_t id, const uint8_t *buffer, size_t size);

/* Stands in for SNP_GCTX_CREATE .. SNP_LAUNCH_FINISH until those commands are here: turns the page at
 * GCTX_PADDR (4 KiB, FIRMWARE) into the context of a guest with what PROFILE says of it, in STATE.
 * Random VMPCKs, VMRK and REPORT_ID come from the environment, in this order: VMPCK0..3, VMRK,
 * REPORT_ID. SEVKIT_LIMIT when guests_max contexts are in use. */
SEVKIT_MUST struct sevkit_result psp_guest_install(struct psp *psp, uint64_t gctx_paddr,
                                                   const struct sevkit_profile *profile,
                                                   enum psp_guest_state state);

/* Drops the context at GCTX_PADDR and wipes its secrets. The page becomes FIRMWARE. Without a context
 * there nothing happens. */
void psp_guest_remove(struct psp *psp, uint64_t gctx_paddr);

/* The secrets page of the guest at GCTX_PADDR as SNP_LAUNCH_UPDATE would fill it. SEVKIT_NOT_FOUND
 * without a context there. */
SEVKIT_MUST struct sevkit_result psp_secrets_page(const struct psp *psp, uint64_t gctx_paddr,
                                                  uint8_t page[ABI_PAGE_SIZE]);

/* Stands in for SNP_INIT_EX and SNP_SHUTDOWN_EX until they are here. */
void psp_set_platform_state(struct psp *psp, enum psp_platform_state state);

/* The platform's TCB changes under its guests, as by SNP_COMMIT and SNP_CONFIG. The caller keeps to
 * REPORTED <= COMMITTED <= CURRENT in every component. */
void psp_set_tcb(struct psp *psp, uint64_t current, uint64_t committed, uint64_t reported);

/* All guests arrive, running, on a machine of the same make with another chip: CHIP_ID and with it VCEK
 * and guest key roots change, and each guest gets a new REPORT_ID (random, in the order in which they
 * were installed in free places). VMPCKs, counters, VMRK and REPORT_ID_MA come along. */
void psp_move(struct psp *psp, const uint8_t chip_id[64]);

/* What an observer of the model may look at: MsgCount0..3 of the guest at GCTX_PADDR. False without a
 * context there. */
SEVKIT_MUST bool psp_msg_count(const struct psp *psp, uint64_t gctx_paddr,
                               uint64_t count[ABI_VMPCK_COUNT]);

#endif
