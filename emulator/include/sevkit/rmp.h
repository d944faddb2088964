/* The reverse map table. This is the smallest interface that firmware commands need: look-up, state,
 * size, set state. Instructions and access checks join it here. RMP notes, sections 1 and 2.
 *
 * A table covers [0, size) of system physical memory, costs O(1) to make and is sparse. */
#ifndef SEVKIT_RMP_H
#define SEVKIT_RMP_H

#include "sevkit/result.h"

#define RMP_PAGE_4K UINT64_C(0x1000)
#define RMP_PAGE_2M UINT64_C(0x200000)

enum rmp_page_size { RMP_4K = 0, RMP_2M = 1 };

/* Page states of the SNP firmware ABI. */
enum rmp_state {
    RMP_HYPERVISOR = 0,
    RMP_RECLAIM,
    RMP_FIRMWARE,
    RMP_CONTEXT,
    RMP_METADATA,
    RMP_PRE_GUEST,
    RMP_PRE_SWAP,
    RMP_GUEST_INVALID,
    RMP_GUEST_VALID,
    RMP_HV_FIXED,
};

/* The spec's name in lower case ("pre-guest"). Never NULL. */
const char *rmp_state_name(enum rmp_state state);

struct rmp;

/* SIZE: bytes of memory covered, a multiple of 2 MiB, not 0. All pages start as 4 KiB HYPERVISOR. */
SEVKIT_MUST struct sevkit_result rmp_new(uint64_t size, struct rmp **rmp);
void rmp_free(struct rmp *rmp);

struct rmp_entry {
    enum rmp_state state;
    enum rmp_page_size size;
};

/* The entry of the page that holds PADDR. False, and *ENTRY untouched, outside the table. */
SEVKIT_MUST bool rmp_lookup(const struct rmp *rmp, uint64_t paddr, struct rmp_entry *entry);

/* Sets state and size of the page that holds PADDR; with RMP_2M, of the whole aligned 2 MiB. False, with
 * no effect, outside the table. */
SEVKIT_MUST bool rmp_set(struct rmp *rmp, uint64_t paddr, enum rmp_state state,
                         enum rmp_page_size size);

#endif
