/* A TCB on the command line: "bl=3,tee=0,snp=22,ucode=209" and, on Turin, "fmc=1". */
#ifndef FRONTENDS_MINT_TCB_H
#define FRONTENDS_MINT_TCB_H

#include <stdbool.h>

#include "sevkit/tcb.h"

/* Every component of PRODUCT exactly once, in any order, decimal or 0x. False after a message. */
bool mint_tcb(const char *option, const char *text, enum abi_product product, uint64_t *tcb);

#endif
