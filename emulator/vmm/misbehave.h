/* What a scenario's faults do to a guest request, in the order of the calls. docs/scenarios.md. Private to
 * vmm/. */
#ifndef SEVKIT_VMM_MISBEHAVE_H
#define SEVKIT_VMM_MISBEHAVE_H

#include "vmm/machine.h"

/* Zeroes the VMPCKs that are wiped in a copy PAGE of a secrets page. */
void vmm_misbehave_secrets(const struct vmm_machine *machine, uint8_t page[ABI_PAGE_SIZE]);

/* Before request number MACHINE->requests: migration, TCB update. */
void vmm_misbehave_before(struct vmm_machine *machine);

/* True: EXIT is the answer, the firmware is not called. */
bool vmm_misbehave_instead(const struct vmm_machine *machine, struct sevkit_exit *exit);

/* PAGE is the response that the firmware made for GUEST, and becomes the one that is delivered. False:
 * none is. */
bool vmm_misbehave_after(struct vmm_guest *guest, uint8_t page[ABI_PAGE_SIZE]);

/* The chip id of the machine to which a guest migrates from one with CHIP_ID: the last byte of the
 * hardware id counts up, without 0. */
void vmm_misbehave_next_chip(enum abi_product product, uint8_t chip_id[64]);

#endif
