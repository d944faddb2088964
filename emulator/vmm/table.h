/* The host's certificate table as a scenario wants it. Private to vmm/. */
#ifndef SEVKIT_VMM_TABLE_H
#define SEVKIT_VMM_TABLE_H

#include "vmm/machine.h"

/* The table of an extended guest request into DATA, *NPAGES pages. True: the request goes on to the
 * firmware. False: EXIT says why not, and *NPAGES how many pages are needed where it is INVALID_LEN. */
bool vmm_table_give(struct vmm_machine *machine, uint8_t *data, uint64_t *npages,
                    struct sevkit_exit *exit);

/* What the table is made of has changed. */
void vmm_table_forget(struct vmm_machine *machine);

#endif
