/* The table: its making, records, locks, look-up, and states put there for a test. RMP notes, sections 1 and 2. */
#include "sevkit/rmp.h"

#include <stdlib.h>

#include "rmp/table.h"

static size_t regions_bytes(const struct rmp *rmp) {
    return (size_t)(rmp->config.size >> rmp->region_shift) * sizeof(struct rmp_record);
}

static size_t pages_bytes(const struct rmp *rmp) {
    return (size_t)(rmp->config.size / RMP_PAGE_4K) * sizeof(struct rmp_record);
}

struct rmp_config rmp_config_default(uint64_t size) {
    return (struct rmp_config){
        .size = size,
        .pages_per_large = RMP_PAGE_2M / RMP_PAGE_4K,
        .has_rmpread = true,
        .has_rmpquery = true,
        .rules =
            {
                .update_contended = RMP_FAIL_INUSE,
                .update_inside_2m = RMP_FAIL_OVERLAP,
                .update_over_hv_fixed = RMP_FAIL_PERMISSION,
                .psmash_needs_asid = true,
                .psmash_needs_mutable = true,
                .read_tells_region = true,
            },
    };
}

static struct sevkit_result check_config(const struct rmp_config *c) {
    const unsigned n = c->pages_per_large;
    if (n < 2 || n > RMP_PAGE_2M / RMP_PAGE_4K || (n & (n - 1)) != 0) {
        return sevkit_fail(SEVKIT_BAD_VALUE, "pages_per_large", SEVKIT_NO_OFFSET, n,
                           "a power of two, 2 to 512");
    }
    if (c->size == 0 || c->size % (n * RMP_PAGE_4K) != 0) {
        return sevkit_fail(SEVKIT_BAD_VALUE, "size", SEVKIT_NO_OFFSET, c->size,
                           "a multiple of a large page (2 MiB), not 0");
    }
    const uint32_t inside = c->rules.update_inside_2m, over = c->rules.update_over_hv_fixed;
    const uint32_t contended = c->rules.update_contended;
    if (contended != RMP_FAIL_INUSE && contended != RMP_FAIL_OVERLAP) {
        return sevkit_fail(SEVKIT_BAD_VALUE, "update_contended", SEVKIT_NO_OFFSET, contended,
                           "3 or 4");
    }
    if (inside == RMP_SUCCESS || inside > RMP_FAIL_OVERLAP) {
        return sevkit_fail(SEVKIT_BAD_VALUE, "update_inside_2m", SEVKIT_NO_OFFSET, inside,
                           "1 to 4");
    }
    if (over > RMP_FAIL_OVERLAP) {
        return sevkit_fail(SEVKIT_BAD_VALUE, "update_over_hv_fixed", SEVKIT_NO_OFFSET, over,
                           "0 to 4");
    }
    return sevkit_success();
}

struct sevkit_result rmp_new(const struct rmp_config *config, struct rmp **rmp) {
    SEVKIT_TRY(check_config(config));
    struct rmp *table = calloc(1, sizeof *table);
    if (table != NULL) {
        table->config = *config;
        while (rmp_large_size(table) >> table->region_shift > 1) table->region_shift++;
        table->regions = rmp_map_zeroed(regions_bytes(table));
        table->pages = rmp_map_zeroed(pages_bytes(table));
    }
    if (table == NULL || table->regions == NULL || table->pages == NULL) {
        rmp_free(table);
        return sevkit_fail(SEVKIT_NO_MEMORY, "size", SEVKIT_NO_OFFSET, config->size,
                           "address space for the table");
    }
    *rmp = table;
    return sevkit_success();
}

void rmp_free(struct rmp *rmp) {
    if (rmp == NULL) return;
    rmp_unmap(rmp->regions, regions_bytes(rmp));
    rmp_unmap(rmp->pages, pages_bytes(rmp));
    free(rmp);
}

void rmp_reset(struct rmp *rmp) {
    if (!rmp_init_range(rmp, 0, rmp->config.size, RMP_HYPERVISOR)) abort();
    if (!rmp_init_range(rmp, rmp->own_start, rmp->own_end, RMP_FIRMWARE)) abort();
}

bool rmp_place(struct rmp *rmp, uint64_t start, uint64_t end) {
    if (!rmp_init_range(rmp, start, end, RMP_FIRMWARE)) return false;
    const bool nowhere = start == end;
    rmp->own_start = nowhere ? 0 : start;
    rmp->own_end = nowhere ? 0 : end;
    return true;
}

const struct rmp_config *rmp_config_of(const struct rmp *rmp) {
    return &rmp->config;
}

uint64_t rmp_large_size(const struct rmp *rmp) {
    return rmp->config.pages_per_large * RMP_PAGE_4K;
}

uint64_t rmp_asid_pages(const struct rmp *rmp, unsigned asid) {
    if (asid > RMP_ASID_MAX) return 0;
    return atomic_load_explicit(&rmp->asid_pages[asid], memory_order_relaxed);
}

/* ---- entries and words ---- */

struct rmp_entry rmp_entry_of(struct rmp_words w) {
    struct rmp_entry e = {
        .assigned = (w.low & LOW_ASSIGNED) != 0,
        .immutable = (w.low & LOW_IMMUTABLE) != 0,
        .vmsa = (w.low & LOW_VMSA) != 0,
        .validated = (w.low & LOW_VALIDATED) != 0,
        .size = rmp_is_2m(w) ? RMP_2M : RMP_4K,
        .asid = (uint16_t)rmp_asid_of(w),
        .gpa = w.low & LOW_GPA,
        .mark = (enum rmp_mark)((w.high & HIGH_MARK) >> HIGH_MARK_SHIFT),
        .subpages = (uint16_t)((w.low & LOW_SUBPAGES) >> LOW_SUBPAGES_SHIFT),
        .in_use = (uint8_t)((w.high & HIGH_IN_USE) >> HIGH_IN_USE_SHIFT),
    };
    for (unsigned i = 0; i < RMP_VMPL_COUNT; i++) e.perms[i] = rmp_mask_of(w, i);
    return e;
}

struct rmp_words rmp_words_of(const struct rmp_entry *e) {
    struct rmp_words w = {
        .low = (e->gpa & LOW_GPA) | (uint64_t)(e->asid & RMP_ASID_MAX) << LOW_ASID_SHIFT,
        .high = (uint64_t)e->mark << HIGH_MARK_SHIFT,
    };
    if (e->assigned) w.low |= LOW_ASSIGNED;
    if (e->size == RMP_2M) w.low |= LOW_2M;
    if (e->immutable) w.low |= LOW_IMMUTABLE;
    if (e->vmsa) w.low |= LOW_VMSA;
    if (e->validated) w.low |= LOW_VALIDATED;
    w.high |= (uint64_t)(e->in_use & RMP_IN_USE_MAX) << HIGH_IN_USE_SHIFT;
    for (unsigned i = 0; i < RMP_VMPL_COUNT; i++) w.high |= (uint64_t)e->perms[i] << (8 * i);
    return w;
}

struct rmp_words rmp_fill_words(enum rmp_fill fill) {
    switch (fill) {
    case RMP_FILL_HYPERVISOR: return (struct rmp_words){0, 0};
    case RMP_FILL_ASSIGNED: return (struct rmp_words){LOW_ASSIGNED, 0};
    case RMP_FILL_FIRMWARE: return (struct rmp_words){LOW_ASSIGNED | LOW_IMMUTABLE, 0};
    case RMP_FILL_HV_FIXED: return (struct rmp_words){LOW_IMMUTABLE, 0};
    }
    abort();
}

/* ---- locked regions ---- */

static struct rmp_region region_at(struct rmp *rmp, uint64_t paddr) {
    const uint64_t index = rmp_region_of(rmp, paddr);
    return (struct rmp_region){
        .rmp = rmp, .record = &rmp->regions[index], .first = index << rmp->region_shift};
}

bool rmp_region_try_lock(struct rmp *rmp, uint64_t paddr, struct rmp_region *region) {
    *region = region_at(rmp, paddr);
    uint64_t low = atomic_load_explicit(&region->record->low, memory_order_relaxed);
    if ((low & LOW_LOCK) != 0) return false;
    if (!atomic_compare_exchange_strong_explicit(&region->record->low, &low, low | LOW_LOCK,
                                                 memory_order_acquire, memory_order_relaxed))
        return false;
    region->at.low = low;
    region->at.high = atomic_load_explicit(&region->record->high, memory_order_relaxed);
    return true;
}

void rmp_region_lock(struct rmp *rmp, uint64_t paddr, struct rmp_region *region) {
    while (!rmp_region_try_lock(rmp, paddr, region)) continue;
}

void rmp_region_unlock(const struct rmp_region *region) {
    atomic_store_explicit(&region->record->low, region->at.low, memory_order_release);
}

/* Writes a record while the region stays locked: readers see the lock of the record or the new version. */
static void record_store(struct rmp_record *record, struct rmp_words w) {
    const uint64_t old = atomic_load_explicit(&record->high, memory_order_relaxed);
    const uint64_t version = (old & HIGH_VERSION) + HIGH_VERSION_ONE;
    const uint64_t busy = atomic_load_explicit(&record->low, memory_order_relaxed) | LOW_LOCK;
    atomic_store_explicit(&record->low, busy, memory_order_relaxed);
    atomic_store_explicit(&record->high, (w.high & ~HIGH_VERSION) | version, memory_order_release);
    atomic_store_explicit(&record->low, w.low, memory_order_release);
}

/* Writes the region's own record, still locked. */
static void region_store(struct rmp_region *region) {
    const uint64_t version = (region->at.high & HIGH_VERSION) + HIGH_VERSION_ONE;
    region->at.high = (region->at.high & ~HIGH_VERSION) | version;
    atomic_store_explicit(&region->record->high, region->at.high, memory_order_release);
}

static struct rmp_record *record_of(const struct rmp_region *region, uint64_t paddr) {
    return &region->rmp->pages[paddr / RMP_PAGE_4K];
}

struct rmp_words rmp_region_get(const struct rmp_region *region, uint64_t paddr) {
    if (rmp_is_first(region->rmp, paddr)) return region->at;
    if ((region->at.high & HIGH_LIVE) == 0) return rmp_fill_words(rmp_region_fill(region->at));
    return rmp_record_load(record_of(region, paddr));
}

static void count_asid(struct rmp *rmp, unsigned asid, uint64_t pages) {
    if (asid == 0) return;
    atomic_fetch_add_explicit(&rmp->asid_pages[asid], pages, memory_order_relaxed);
}

/* Pages that an entry stands for in the ASID counters. */
static uint64_t weight(const struct rmp *rmp, struct rmp_words w) {
    return rmp_is_2m(w) ? rmp->config.pages_per_large : 1;
}

static void recount(struct rmp *rmp, struct rmp_words old, struct rmp_words new) {
    if (rmp_asid_of(old) == rmp_asid_of(new)) return;
    count_asid(rmp, rmp_asid_of(old), 0 - weight(rmp, old));
    count_asid(rmp, rmp_asid_of(new), weight(rmp, new));
}

/* The later pages get records of their own. */
static void make_live(struct rmp_region *region) {
    if ((region->at.high & HIGH_LIVE) != 0) return;
    const struct rmp_words w = rmp_fill_words(rmp_region_fill(region->at));
    for (unsigned i = 1; i < region->rmp->config.pages_per_large; i++)
        record_store(record_of(region, region->first + i * RMP_PAGE_4K), w);
    region->at.high |= HIGH_LIVE;
    region_store(region);
}

void rmp_region_set(struct rmp_region *region, uint64_t paddr, struct rmp_words words) {
    const struct rmp_words old = rmp_region_get(region, paddr);
    recount(region->rmp, old, words);
    if (rmp_is_first(region->rmp, paddr)) {
        region->at.low = (words.low & ~LOW_SUBPAGES) | (region->at.low & LOW_SUBPAGES);
        region->at.high = (words.high & ~(HIGH_REGION | HIGH_VERSION)) |
                          (region->at.high & (HIGH_REGION | HIGH_VERSION));
        region_store(region);
        return;
    }
    make_live(region);
    record_store(record_of(region, paddr), words);
    if (((old.low ^ words.low) & LOW_ASSIGNED) == 0) return;
    if ((words.low & LOW_ASSIGNED) != 0) region->at.low += LOW_SUBPAGE;
    if ((old.low & LOW_ASSIGNED) != 0) region->at.low -= LOW_SUBPAGE;
    region_store(region);
}

/* Before the region is filled: its pages of 4 KiB leave the ASID counters. */
static void uncount_pages(struct rmp_region *region) {
    if (rmp_is_2m(region->at) || (region->at.high & HIGH_LIVE) == 0) return;
    for (unsigned i = 1; i < region->rmp->config.pages_per_large; i++) {
        const struct rmp_words w =
            rmp_record_load(record_of(region, region->first + i * RMP_PAGE_4K));
        count_asid(region->rmp, rmp_asid_of(w), UINT64_MAX);
    }
}

void rmp_region_fill_all(struct rmp_region *region, struct rmp_words first, enum rmp_fill fill,
                         unsigned count) {
    uncount_pages(region);
    count_asid(region->rmp, rmp_asid_of(region->at), 0 - weight(region->rmp, region->at));
    count_asid(region->rmp, rmp_asid_of(first), weight(region->rmp, first));
    region->at.low = (first.low & ~LOW_SUBPAGES) | (uint64_t)count << LOW_SUBPAGES_SHIFT;
    region->at.high = (first.high & ~(HIGH_REGION | HIGH_VERSION)) |
                      (region->at.high & HIGH_VERSION) | (uint64_t)fill << HIGH_FILL_SHIFT;
    region_store(region);
}

void rmp_region_split(struct rmp_region *region) {
    const unsigned pages = region->rmp->config.pages_per_large;
    struct rmp_words w = region->at;
    w.low &= ~(LOW_2M | LOW_SUBPAGES);
    w.high &= ~(HIGH_REGION | HIGH_IN_USE);
    for (unsigned i = 1; i < pages; i++) {
        struct rmp_words page = w;
        if (rmp_asid_of(w) != 0)
            page.low = (w.low & ~LOW_GPA) | ((w.low + i * RMP_PAGE_4K) & LOW_GPA);
        struct rmp_record *record = record_of(region, region->first + i * RMP_PAGE_4K);
        record_store(record, page); /* @req SNP-RMP-030 */
    }
    const unsigned count = (w.low & LOW_ASSIGNED) != 0 ? pages - 1 : 0;
    region->at.low = w.low | (uint64_t)count << LOW_SUBPAGES_SHIFT; /* @req SNP-RMP-031 */
    region->at.high = (region->at.high & ~HIGH_FILL) | HIGH_LIVE;
    region_store(region);
}

/* ---- look-up ---- */

bool rmp_entry_at(const struct rmp *rmp, uint64_t paddr, struct rmp_entry *entry) {
    if (!rmp_covers(rmp, paddr)) return false;
    *entry = rmp_entry_of(rmp_words_at(rmp, paddr));
    return true;
}

bool rmp_lookup(const struct rmp *rmp, uint64_t paddr, struct rmp_entry *entry) {
    if (!rmp_covers(rmp, paddr)) return false;
    struct rmp_words region;
    const struct rmp_words page = rmp_words_both(rmp, paddr, &region);
    *entry = rmp_entry_of(rmp_is_2m(region) ? region : page);
    return true;
}

/* ---- states put there ---- */

bool rmp_put(struct rmp *rmp, uint64_t paddr, const struct rmp_entry *entry) {
    if (!rmp_covers(rmp, paddr)) return false;
    const struct rmp_words w = rmp_words_of(entry);
    struct rmp_region region;
    rmp_region_lock(rmp, paddr, &region);
    if (entry->size == RMP_2M) {
        rmp_region_fill_all(&region, w, entry->assigned ? RMP_FILL_ASSIGNED : RMP_FILL_HYPERVISOR,
                            0);
    } else {
        if (rmp_is_2m(region.at)) rmp_region_split(&region);
        rmp_region_set(&region, paddr, w);
    }
    rmp_region_unlock(&region);
    return true;
}

static struct rmp_entry plain_entry(enum rmp_state state, uint64_t paddr) {
    const struct rmp_entry firmware = {.assigned = true, .immutable = true};
    struct rmp_entry e = {0},
                     guest = {.assigned = true, .asid = 1, .gpa = paddr, .perms = {FULL_PERMS}};
    switch (state) {
    case RMP_HYPERVISOR: break;
    case RMP_HV_FIXED: e.immutable = true; break;
    case RMP_RECLAIM: e.assigned = true; break;
    case RMP_FIRMWARE: e = firmware; break;
    case RMP_CONTEXT:
        e = firmware;
        e.vmsa = true;
        break;
    case RMP_METADATA:
        e = firmware;
        e.mark = RMP_MARK_METADATA;
        e.gpa = RMP_PAGE_4K;
        break;
    case RMP_FIRMWARE_IOMMU:
        e = firmware;
        e.mark = RMP_MARK_IOMMU;
        e.gpa = RMP_PAGE_4K;
        break;
    case RMP_PRE_GUEST:
        e = guest;
        e.immutable = true;
        break;
    case RMP_PRE_SWAP:
        e = guest;
        e.immutable = e.validated = true;
        break;
    case RMP_GUEST_INVALID: e = guest; break;
    case RMP_GUEST_VALID:
        e = guest;
        e.validated = true;
        break;
    case RMP_INVALID:
        e = firmware;
        e.gpa = RMP_PAGE_4K;
        break;
    }
    return e;
}

bool rmp_set(struct rmp *rmp, uint64_t paddr, enum rmp_state state, enum rmp_page_size size) {
    const uint64_t page = size == RMP_2M ? rmp_large_size(rmp) : RMP_PAGE_4K;
    struct rmp_entry e = plain_entry(state, paddr & ~(page - 1));
    e.size = size;
    return rmp_put(rmp, paddr, &e);
}

/* ---- SNP_INIT ---- */

static void init_region(struct rmp *rmp, uint64_t paddr, enum rmp_state state) {
    const unsigned later = rmp->config.pages_per_large - 1;
    struct rmp_region region;
    rmp_region_lock(rmp, paddr, &region);
    if (state == RMP_FIRMWARE) {
        const struct rmp_words w = rmp_fill_words(RMP_FILL_FIRMWARE);
        rmp_region_fill_all(&region, w, RMP_FILL_FIRMWARE, later);
    } else if (state == RMP_HV_FIXED) {
        rmp_region_fill_all(&region, rmp_fill_words(RMP_FILL_HV_FIXED), RMP_FILL_HV_FIXED, 0);
    } else {
        rmp_region_fill_all(&region, rmp_fill_words(RMP_FILL_HYPERVISOR), RMP_FILL_HYPERVISOR, 0);
    }
    rmp_region_unlock(&region);
}

bool rmp_init_range(struct rmp *rmp, uint64_t start, uint64_t end, enum rmp_state state) {
    const uint64_t large = rmp_large_size(rmp);
    if (start % RMP_PAGE_4K != 0 || end % RMP_PAGE_4K != 0) return false;
    if (start > end || end > rmp->config.size) return false;
    if (state != RMP_HYPERVISOR && state != RMP_HV_FIXED && state != RMP_FIRMWARE) return false;
    while (start < end) {
        if (rmp_is_aligned(rmp, start) && end - start >= large) {
            init_region(rmp, start, state); /* @req SNP-RMP-166 */
            start += large;
        } else {
            if (!rmp_set(rmp, start, state, RMP_4K)) abort(); /* checked above */
            start += RMP_PAGE_4K;
        }
    }
    return true;
}
