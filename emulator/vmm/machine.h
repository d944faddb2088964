/* The machine and its guests from inside. Private to vmm/. */
#ifndef SEVKIT_VMM_MACHINE_H
#define SEVKIT_VMM_MACHINE_H

#include "sevkit/machine.h"
#include "vmm/pages.h"

struct vmm_machine {
    struct sevkit_profile profile;
    struct crypto_drbg drbg; /* the machine's own environment */
    struct sevkit_env env;
    struct rmp *rmp;
    struct mem *mem;
    struct psp *psp;
    struct vmm_pages pages;
    struct vmm_guest *guests;
    struct pki_roots *roots; /* NULL until certificates are asked for */
};

struct vmm_guest {
    struct vmm_machine *machine;
    struct vmm_guest *next, **link; /* the machine's list */
    struct vmm_guest_pages pages;
    uint8_t secrets[ABI_PAGE_SIZE];
};

#endif
