/* A program in an embedded guest: the driver and configfs-tsm as state machines, and the little of a file
 * layer that leads to them. */
#ifndef TARGET_PROGRAM_H
#define TARGET_PROGRAM_H

#include "targets/target.h"

struct target_program;

/* The kernel of VMM_GUEST, which outlives it, as GUEST says. *PROBE as target_boot. */
SEVKIT_MUST struct sevkit_result target_program_new(struct vmm_guest *vmm_guest,
                                                    const struct target_guest *guest,
                                                    struct target_program **program, int *probe);
void target_program_free(struct target_program *program);

SEVKIT_MUST long target_program_syscall(struct target_program *program,
                                        const struct target_syscall *call);

/* The guest's secrets page, the driver's own. */
uint8_t *target_program_secrets(struct target_program *program);

#endif
