/* The machine and its guests from inside. Private to vmm/. */
#ifndef SEVKIT_VMM_MACHINE_H
#define SEVKIT_VMM_MACHINE_H

#include <stdlib.h>

#include "sevkit/certtable.h"
#include "sevkit/machine.h"
#include "sevkit/scenario.h"
#include "vmm/pages.h"

/* For what cannot fail: the guest's pages lie inside memory and RMP, which cover the same range. */
static inline void vmm_must(bool ok) {
    if (!ok) abort();
}

/* The host's certificate table, padded to whole pages. */
struct vmm_table {
    size_t pages; /* 0: not made */
    uint8_t bytes[ABI_CERTTABLE_SIZE_MAX];
};

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
    struct vmm_table table;  /* kept until what it is made of changes */
    struct crypto_aead
        *aead; /* for responses that are changed on their way; holds no key meanwhile */
    struct sevkit_scenario scenario;
    uint64_t requests, fw_requests; /* since the scenario was set */
};

/* The hypervisor's RMPUPDATE that makes a page of its own Firmware; false when the RMP refuses, for somebody made the
 * page something else meanwhile. SNP_PAGE_RECLAIM and RMPUPDATE get a Firmware page back. */
SEVKIT_MUST bool vmm_give_page(struct vmm_machine *machine, uint64_t paddr);
/* The hypervisor's own write to a page: false where the RMP has it fault. */
SEVKIT_MUST bool vmm_may_write(const struct vmm_machine *machine, uint64_t paddr);
void vmm_take_page(struct vmm_machine *machine, uint64_t paddr);

struct vmm_guest {
    struct vmm_machine *machine;
    struct vmm_guest *next, **link; /* the machine's list */
    struct vmm_guest_pages pages;
    uint8_t secrets[ABI_PAGE_SIZE]; /* as launched: no scenario wipes a key here */
    /* Responses as the firmware made them, for scenarios: the last one, and the one that is late. */
    bool has_last, has_late;
    uint8_t last[ABI_PAGE_SIZE], late[ABI_PAGE_SIZE];
};

#endif
