/* The reverse map table: look-up, page state, page size. RMP notes, sections 1 and 2.
 *
 * Two arrays in zero-filled mappings that the system backs on first write: one record for each 2
 * MiB region and one for each 4 KiB page. A region's 4 KiB records count only while the region
 * is not one 2 MiB page, so a table full of 2 MiB pages touches the small array alone. */
#include "sevkit/rmp.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "sevkit/message.h"

_Static_assert(RMP_PAGE_4K == ABI_PAGE_SIZE, "the page of guest messages and secrets");

#define PAGES_PER_REGION (RMP_PAGE_2M / RMP_PAGE_4K)

_Static_assert(RMP_HYPERVISOR == 0 && RMP_4K == 0, "untouched records are 4 KiB hypervisor pages");

struct region {
    uint8_t size;  /* enum rmp_page_size */
    uint8_t state; /* enum rmp_state, with RMP_2M only */
};

struct rmp {
    uint64_t size;
    struct region *regions;
    uint8_t *pages; /* enum rmp_state */
};

static void *map_zeroed(size_t size) {
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                   -1, 0);
    if (p == MAP_FAILED) return NULL;
    /* A huge page behind one record would make a sparse table dense; a system without them is as
     * good. */
    (void)madvise(p, size, MADV_NOHUGEPAGE);
    return p;
}

static size_t regions_bytes(const struct rmp *rmp) {
    return rmp->size / RMP_PAGE_2M * sizeof(struct region);
}

static size_t pages_bytes(const struct rmp *rmp) {
    return rmp->size / RMP_PAGE_4K;
}

struct sevkit_result rmp_new(uint64_t size, struct rmp **rmp) {
    if (size == 0 || size % RMP_PAGE_2M != 0) {
        return sevkit_fail(SEVKIT_BAD_VALUE, "size", SEVKIT_NO_OFFSET, size,
                           "a multiple of 2 MiB, not 0");
    }
    struct rmp *table = calloc(1, sizeof *table);
    if (table != NULL) {
        table->size = size;
        table->regions = map_zeroed(regions_bytes(table));
        table->pages = map_zeroed(pages_bytes(table));
    }
    if (table == NULL || table->regions == NULL || table->pages == NULL) {
        rmp_free(table);
        return sevkit_fail(SEVKIT_NO_MEMORY, "size", SEVKIT_NO_OFFSET, size,
                           "address space for the table");
    }
    *rmp = table;
    return sevkit_success();
}

void rmp_free(struct rmp *rmp) {
    if (rmp == NULL) return;
    if (rmp->regions != NULL) munmap(rmp->regions, regions_bytes(rmp));
    if (rmp->pages != NULL) munmap(rmp->pages, pages_bytes(rmp));
    free(rmp);
}

bool rmp_lookup(const struct rmp *rmp, uint64_t paddr, struct rmp_entry *entry) {
    if (paddr >= rmp->size) return false;
    const struct region *region = &rmp->regions[paddr / RMP_PAGE_2M];
    entry->size = (enum rmp_page_size)region->size;
    entry->state =
        (enum rmp_state)(region->size == RMP_2M ? region->state : rmp->pages[paddr / RMP_PAGE_4K]);
    return true;
}

/* The region's 4 KiB pages take over its state, as PSMASH does. */
static void split(struct rmp *rmp, uint64_t paddr) {
    struct region *region = &rmp->regions[paddr / RMP_PAGE_2M];
    memset(&rmp->pages[paddr / RMP_PAGE_2M * PAGES_PER_REGION], region->state, PAGES_PER_REGION);
    region->size = RMP_4K;
}

bool rmp_set(struct rmp *rmp, uint64_t paddr, enum rmp_state state, enum rmp_page_size size) {
    if (paddr >= rmp->size) return false;
    struct region *region = &rmp->regions[paddr / RMP_PAGE_2M];
    if (size == RMP_2M) {
        *region = (struct region){.size = RMP_2M, .state = (uint8_t)state};
        return true;
    }
    if (region->size == RMP_2M) split(rmp, paddr);
    rmp->pages[paddr / RMP_PAGE_4K] = (uint8_t)state;
    return true;
}

const char *rmp_state_name(enum rmp_state state) {
    switch (state) {
    case RMP_HYPERVISOR: return "hypervisor";
    case RMP_RECLAIM: return "reclaim";
    case RMP_FIRMWARE: return "firmware";
    case RMP_CONTEXT: return "context";
    case RMP_METADATA: return "metadata";
    case RMP_PRE_GUEST: return "pre-guest";
    case RMP_PRE_SWAP: return "pre-swap";
    case RMP_GUEST_INVALID: return "guest-invalid";
    case RMP_GUEST_VALID: return "guest-valid";
    case RMP_HV_FIXED: return "hv-fixed";
    }
    return "unknown";
}
