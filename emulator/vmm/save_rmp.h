/* The RMP of a saved machine. Private to vmm/. */
#ifndef SEVKIT_VMM_SAVE_RMP_H
#define SEVKIT_VMM_SAVE_RMP_H

#include "psp/save.h"

/* All entries of RMP that are not plain Hypervisor, in use or not. Reading: into a fresh table. */
void vmm_save_rmp(struct rmp *rmp, struct psp_walk *walk);

#endif
