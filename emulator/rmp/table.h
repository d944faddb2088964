/* Records of the table and how threads share them. Private to rmp/.
 *
 * A region is a large page's worth of 4 KiB pages. Its record is the entry of its aligned page; the later pages have
 * records of their own, which count only while the region is `live`. Before that all later pages read as the
 * region's `fill` says, so that a region that is one page, or of one state throughout, costs one record.
 *
 * Writers hold the region's lock: bit 63 of its low word, as real entries have it. Readers take none and write
 * nothing: a record's high word carries a version that grows with every write of the record; a reader that sees the
 * lock, or another version afterwards, reads again. */
#ifndef SEVKIT_RMP_TABLE_H
#define SEVKIT_RMP_TABLE_H

#include <stdatomic.h>

#include "sevkit/rmp.h"

struct rmp_record {
    _Atomic uint64_t low;
    _Atomic uint64_t high;
};

/* A record as it was at one moment. */
struct rmp_words {
    uint64_t low;
    uint64_t high;
};

/* Low word: the Genoa layout (RMP notes, section 1.1). */
#define LOW_ASSIGNED UINT64_C(0x1)
#define LOW_2M UINT64_C(0x2)
#define LOW_IMMUTABLE UINT64_C(0x4)
#define LOW_SUBPAGE UINT64_C(0x8) /* one of the sub-page count, bits 11:3 */
#define LOW_SUBPAGES UINT64_C(0xFF8)
#define LOW_SUBPAGES_SHIFT 3
#define LOW_GPA RMP_GPA_MASK
#define LOW_ASID_SHIFT 51
#define LOW_ASID ((uint64_t)RMP_ASID_MAX << LOW_ASID_SHIFT)
#define LOW_VMSA (UINT64_C(1) << 61)
#define LOW_VALIDATED (UINT64_C(1) << 62)
#define LOW_LOCK (UINT64_C(1) << 63)

/* High word: masks in bits 31:0, then what the model keeps beside the entry. */
#define HIGH_PERMS UINT64_C(0xFFFFFFFF)
#define FULL_PERMS ((uint64_t)RMP_PERM_ALL) /* of VMPL 0, nothing for the others */
#define HIGH_IN_USE_SHIFT 32                /* how many processors use the page */
#define HIGH_USER (UINT64_C(1) << HIGH_IN_USE_SHIFT)
#define HIGH_IN_USE ((uint64_t)RMP_IN_USE_MAX << HIGH_IN_USE_SHIFT)
#define HIGH_MARK_SHIFT 38
#define HIGH_MARK (UINT64_C(3) << HIGH_MARK_SHIFT)
#define HIGH_LIVE (UINT64_C(1) << 40) /* of a region: its later pages have records */
#define HIGH_FILL_SHIFT 41
#define HIGH_FILL (UINT64_C(3) << HIGH_FILL_SHIFT)
#define HIGH_REGION (HIGH_LIVE | HIGH_FILL)
#define HIGH_VERSION_ONE (UINT64_C(1) << 43)
#define HIGH_VERSION (~(HIGH_VERSION_ONE - 1))

/* The later pages of a region that is not live. */
enum rmp_fill { RMP_FILL_HYPERVISOR, RMP_FILL_ASSIGNED, RMP_FILL_FIRMWARE, RMP_FILL_HV_FIXED };

struct rmp {
    struct rmp_config config;
    unsigned region_shift; /* log2 of a large page's bytes */
    struct rmp_record *regions;
    struct rmp_record *pages;    /* by page number; those of aligned pages are not used */
    uint64_t own_start, own_end; /* the pages where the table itself lies; empty: nowhere */
    _Atomic uint64_t asid_pages[RMP_ASID_MAX + 1];
};

/* ---- reading, without a lock ---- */

static inline struct rmp_words rmp_record_load(const struct rmp_record *record) {
    for (;;) {
        const uint64_t high = atomic_load_explicit(&record->high, memory_order_acquire);
        const uint64_t low = atomic_load_explicit(&record->low, memory_order_acquire);
        const uint64_t after = atomic_load_explicit(&record->high, memory_order_relaxed);
        if ((low & LOW_LOCK) == 0 && high == after) return (struct rmp_words){low, high};
    }
}

static inline bool rmp_covers(const struct rmp *rmp, uint64_t paddr) {
    return paddr < rmp->config.size;
}

/* PADDR lies in the table's own pages. */
static inline bool rmp_is_own(const struct rmp *rmp, uint64_t paddr) {
    return paddr >= rmp->own_start && paddr < rmp->own_end;
}

static inline uint64_t rmp_region_of(const struct rmp *rmp, uint64_t paddr) {
    return paddr >> rmp->region_shift;
}

/* rmp_large_size, for every look-up's sake without a call. */
static inline uint64_t rmp_large_bytes(const struct rmp *rmp) {
    return UINT64_C(1) << rmp->region_shift;
}

static inline bool rmp_is_aligned(const struct rmp *rmp, uint64_t paddr) {
    return (paddr & (rmp_large_bytes(rmp) - 1)) == 0;
}

/* PADDR lies in the region's first page. */
static inline bool rmp_is_first(const struct rmp *rmp, uint64_t paddr) {
    return (paddr & (rmp_large_bytes(rmp) - 1)) < RMP_PAGE_4K;
}

/* What FILL stands for. */
struct rmp_words rmp_fill_words(enum rmp_fill fill);

static inline enum rmp_fill rmp_region_fill(struct rmp_words region) {
    return (enum rmp_fill)((region.high & HIGH_FILL) >> HIGH_FILL_SHIFT);
}

/* The own entry of the page that holds PADDR, which is covered. */
static inline struct rmp_words rmp_words_at(const struct rmp *rmp, uint64_t paddr) {
    const struct rmp_record *record = &rmp->regions[rmp_region_of(rmp, paddr)];
    for (;;) {
        const struct rmp_words region = rmp_record_load(record);
        if (rmp_is_first(rmp, paddr)) return region;
        if ((region.high & HIGH_LIVE) == 0) return rmp_fill_words(rmp_region_fill(region));
        const struct rmp_words page = rmp_record_load(&rmp->pages[paddr / RMP_PAGE_4K]);
        if (atomic_load_explicit(&record->high, memory_order_relaxed) == region.high) return page;
    }
}

/* As above, with the region's own entry of the same moment. */
static inline struct rmp_words rmp_words_both(const struct rmp *rmp, uint64_t paddr,
                                              struct rmp_words *region) {
    const struct rmp_record *record = &rmp->regions[rmp_region_of(rmp, paddr)];
    struct rmp_words before = rmp_record_load(record);
    for (;;) {
        struct rmp_words page = before;
        const bool live = (before.high & HIGH_LIVE) != 0, first = rmp_is_first(rmp, paddr);
        if (!first && live) page = rmp_record_load(&rmp->pages[paddr / RMP_PAGE_4K]);
        if (!first && !live) page = rmp_fill_words(rmp_region_fill(before));
        *region = before;
        before = rmp_record_load(record);
        if (before.low == region->low && before.high == region->high) return page;
    }
}

/* The entry of the region's aligned page. PADDR is covered. */
static inline struct rmp_words rmp_region_words(const struct rmp *rmp, uint64_t paddr) {
    return rmp_record_load(&rmp->regions[rmp_region_of(rmp, paddr)]);
}

/* An instruction where there is none: not 64-bit mode, or SNP is off. */
static inline bool rmp_is_undefined(const struct rmp_cpu *cpu) {
    return !cpu->long_mode || !cpu->snp;
}

static inline unsigned rmp_asid_of(struct rmp_words w) {
    return (unsigned)((w.low & LOW_ASID) >> LOW_ASID_SHIFT);
}

static inline bool rmp_is_2m(struct rmp_words w) {
    return (w.low & LOW_2M) != 0;
}

/* A VMPL that does not exist has no permission. */
static inline uint8_t rmp_mask_of(struct rmp_words w, unsigned vmpl) {
    const uint64_t mask = vmpl < RMP_VMPL_COUNT ? w.high >> (8 * vmpl) : 0;
    return (uint8_t)(mask & 0xFF);
}

struct rmp_entry rmp_entry_of(struct rmp_words words);
struct rmp_words rmp_words_of(const struct rmp_entry *entry);

/* ---- writing, under the region's lock ---- */

/* A region that is locked: AT as it was, to be changed in place, then written back. */
struct rmp_region {
    struct rmp *rmp;
    struct rmp_record *record;
    uint64_t first; /* address of its first page */
    struct rmp_words at;
};

/* False when another holds the lock of the region of PADDR, which is covered. */
bool rmp_region_try_lock(struct rmp *rmp, uint64_t paddr, struct rmp_region *region);
/* As above; waits. */
void rmp_region_lock(struct rmp *rmp, uint64_t paddr, struct rmp_region *region);
void rmp_region_unlock(const struct rmp_region *region);

/* The own entry of the page that holds PADDR, in the region. */
struct rmp_words rmp_region_get(const struct rmp_region *region, uint64_t paddr);

/* Writes WORDS as the own entry of the page that holds PADDR; keeps sub-page count and ASID counters right. The
 * page size of the region does not change. */
void rmp_region_set(struct rmp_region *region, uint64_t paddr, struct rmp_words words);

/* Makes the region what FIRST, its aligned page's entry, and FILL say; COUNT is its sub-page count. */
void rmp_region_fill_all(struct rmp_region *region, struct rmp_words first, enum rmp_fill fill,
                         unsigned count);

/* A 2 MiB entry becomes one of 4 KiB for each page, as PSMASH makes them. */
void rmp_region_split(struct rmp_region *region);

/* ---- memory that the system backs on first write: map.c ---- */
void *rmp_map_zeroed(size_t size);
void rmp_unmap(void *mapped, size_t size);

/* ---- answers ---- */

static inline struct rmp_answer rmp_done(void) {
    return (struct rmp_answer){.fault = RMP_NO_FAULT};
}

static inline struct rmp_answer rmp_refuse(enum rmp_code code, unsigned rule) {
    return (struct rmp_answer){.eax = (uint8_t)code, .rule = (uint16_t)rule};
}

static inline struct rmp_answer rmp_raise(enum rmp_fault fault, uint64_t error, unsigned rule) {
    return (struct rmp_answer){.fault = fault, .error = error, .rule = (uint16_t)rule};
}

#endif
