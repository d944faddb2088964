/* The hypervisor's page allocator: a rising mark and a stack of returned pages, so that guests
 * can come and go for ever. */
#include "vmm/pages.h"

#include <stdlib.h>

#include "sevkit/rmp.h"

#define FIRST_CAPACITY 64

void vmm_pages_init(struct vmm_pages *pages, uint64_t start, uint64_t end) {
    *pages = (struct vmm_pages){.next = start, .end = end};
}

void vmm_pages_free(struct vmm_pages *pages) {
    free(pages->returned);
}

/* Room to return one page more than were handed out so far. */
static struct sevkit_result reserve(struct vmm_pages *pages) {
    if (pages->handed_out < pages->capacity) return sevkit_success();
    const size_t capacity = pages->capacity == 0 ? FIRST_CAPACITY : pages->capacity * 2;
    uint64_t *grown = reallocarray(pages->returned, capacity, sizeof *grown);
    if (grown == NULL) {
        return sevkit_fail(SEVKIT_NO_MEMORY, "pages", SEVKIT_NO_OFFSET, capacity,
                           "memory for the page allocator");
    }
    pages->returned = grown;
    pages->capacity = capacity;
    return sevkit_success();
}

struct sevkit_result vmm_page_take(struct vmm_pages *pages, uint64_t *paddr) {
    if (pages->returned_count > 0) {
        *paddr = pages->returned[--pages->returned_count];
        return sevkit_success();
    }
    if (pages->next == pages->end) {
        return sevkit_fail(SEVKIT_LIMIT, "memory_size", SEVKIT_NO_OFFSET, pages->end,
                           "a free page");
    }
    SEVKIT_TRY(reserve(pages));
    *paddr = pages->next;
    pages->next += RMP_PAGE_4K;
    pages->handed_out++;
    return sevkit_success();
}

void vmm_page_return(struct vmm_pages *pages, uint64_t paddr) {
    pages->returned[pages->returned_count++] = paddr;
}
