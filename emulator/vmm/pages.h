/* The hypervisor's page allocator. Private to vmm/. */
#ifndef SEVKIT_VMM_PAGES_H
#define SEVKIT_VMM_PAGES_H

#include "sevkit/result.h"

/* Hands out 4 KiB pages in rising order, returned ones first. */
struct vmm_pages {
    uint64_t next; /* the first page that was never handed out */
    uint64_t end;
    uint64_t *returned;
    size_t returned_count;
    size_t capacity; /* of RETURNED: never below handed_out, so that a return cannot fail */
    size_t handed_out;
};

/* Pages of [START, END), both multiples of 4 KiB. */
void vmm_pages_init(struct vmm_pages *pages, uint64_t start, uint64_t end);
void vmm_pages_free(struct vmm_pages *pages);

/* SEVKIT_LIMIT when memory is used up. */
SEVKIT_MUST struct sevkit_result vmm_page_take(struct vmm_pages *pages, uint64_t *paddr);
void vmm_page_return(struct vmm_pages *pages, uint64_t paddr);

#endif
