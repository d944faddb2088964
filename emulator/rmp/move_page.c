/* Firmware's moves of more than one page: SNP_PAGE_MOVE and SNP_PAGE_UNSMASH. Firmware command notes, sections 5.17
 * and 5.21. */
#include "rmp/table.h"

/* ---- SNP_PAGE_MOVE ---- */

static const struct rmp_page_move_row rows[] = {
    {RMP_PRE_GUEST, RMP_PRE_GUEST, RMP_GUEST_INVALID, RMP_GUEST_INVALID},
    {RMP_PRE_SWAP, RMP_PRE_GUEST, RMP_GUEST_VALID, RMP_GUEST_INVALID},
    {RMP_METADATA, RMP_FIRMWARE, RMP_METADATA, RMP_FIRMWARE},
};

const struct rmp_page_move_row *rmp_page_move_row_at(size_t index) {
    return index < sizeof rows / sizeof rows[0] ? &rows[index] : NULL;
}

static const struct rmp_page_move_row *row_of(const struct rmp_entry *src,
                                              const struct rmp_entry *dst) {
    const enum rmp_state from = rmp_entry_state(src), to = rmp_entry_state(dst);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].src == from && rows[i].dst == to) return &rows[i];
    return NULL;
}

/* Two pages in one or two regions, whose locks are taken in the order of their addresses. */
struct pair {
    struct rmp_region regions[2];
    struct rmp_region *src, *dst;
};

static void lock_pair(struct rmp *rmp, uint64_t src, uint64_t dst, struct pair *p) {
    const uint64_t a = rmp_region_of(rmp, src), b = rmp_region_of(rmp, dst);
    const uint64_t low = a < b ? src : dst, high = a < b ? dst : src;
    rmp_region_lock(rmp, low, &p->regions[0]);
    if (a != b) rmp_region_lock(rmp, high, &p->regions[1]);
    p->src = &p->regions[a > b ? 1 : 0];
    p->dst = &p->regions[b > a ? 1 : 0];
}

static void unlock_pair(const struct pair *p) {
    rmp_region_unlock(p->src);
    if (p->src != p->dst) rmp_region_unlock(p->dst);
}

static bool is_owner(const struct rmp_entry *src, const struct rmp_entry *dst,
                     const struct rmp_move_args *args) {
    if (src->asid == 0) return src->gpa == args->owner;
    return src->asid == args->asid && dst->asid == args->asid;
}

static enum rmp_moved check_pair(const struct rmp *rmp, uint64_t s, uint64_t d,
                                 const struct rmp_entry *src, const struct rmp_entry *dst,
                                 const struct rmp_move_args *args) {
    const bool sizes = src->size == args->size && dst->size == args->size;
    const bool aligned = rmp_is_aligned(rmp, s) && rmp_is_aligned(rmp, d);
    const bool used = src->in_use || dst->in_use, itself = s / RMP_PAGE_4K == d / RMP_PAGE_4K;
    if (!sizes) return RMP_MOVE_BAD_SIZE;                            /* @req SNP-RMP-161 */
    if (args->size == RMP_2M && !aligned) return RMP_MOVE_UNALIGNED; /* @req SNP-RMP-161 */
    if (itself) return RMP_MOVE_BAD_STATE;                           /* @req SNP-RMP-161 */
    if (row_of(src, dst) == NULL) return RMP_MOVE_BAD_STATE;         /* @req SNP-RMP-161 */
    if (!is_owner(src, dst, args)) return RMP_MOVE_BAD_OWNER;        /* @req SNP-RMP-161 */
    if (used) return RMP_MOVE_IN_USE;                                /* @req SNP-RMP-161 */
    return RMP_MOVED;
}

static void set_state(struct rmp_entry *e, enum rmp_state state) {
    e->immutable = state == RMP_METADATA || state == RMP_FIRMWARE;
    e->validated = state == RMP_GUEST_VALID;
}

static void move_pair(struct rmp_entry *src, struct rmp_entry *dst) {
    const struct rmp_page_move_row *row = row_of(src, dst);
    const struct rmp_entry old = *src;
    if (row->src == RMP_METADATA) *src = *dst;
    *dst = old; /* @req SNP-RMP-160 */
    set_state(src, row->src_after);
    set_state(dst, row->dst_after);
}

enum rmp_moved rmp_move_page(struct rmp *rmp, uint64_t src, uint64_t dst,
                             const struct rmp_move_args *args) {
    const bool covered = rmp_covers(rmp, src) && rmp_covers(rmp, dst);
    const bool own = rmp_is_own(rmp, src) || rmp_is_own(rmp, dst);
    if (!covered) return RMP_MOVE_NO_ENTRY; /* @req SNP-RMP-161 */
    if (own) return RMP_MOVE_IN_RMP;        /* @req SNP-RMP-175 */
    struct pair p;
    lock_pair(rmp, src, dst, &p);
    struct rmp_entry s = rmp_entry_of(rmp_region_get(p.src, src));
    struct rmp_entry d = rmp_entry_of(rmp_region_get(p.dst, dst));
    const enum rmp_moved result = check_pair(rmp, src, dst, &s, &d, args);
    if (result == RMP_MOVED) {
        move_pair(&s, &d);
        rmp_region_set(p.src, src, rmp_words_of(&s));
        rmp_region_set(p.dst, dst, rmp_words_of(&d));
    }
    unlock_pair(&p);
    return result;
}

/* ---- SNP_PAGE_UNSMASH ---- */

static bool is_pre(enum rmp_state state) {
    return state == RMP_PRE_GUEST || state == RMP_PRE_SWAP;
}

/* Page I of the region is as FIRST, its first one, says. */
static bool is_like(const struct rmp_words first, const struct rmp_words w) {
    const uint64_t same =
        LOW_ASSIGNED | LOW_2M | LOW_IMMUTABLE | LOW_ASID | LOW_VALIDATED | LOW_VMSA;
    return ((first.low ^ w.low) & same) == 0 && ((first.high ^ w.high) & HIGH_PERMS) == 0;
}

static enum rmp_moved check_unsmash(const struct rmp_region *region) {
    const struct rmp_entry first = rmp_entry_of(region->at);
    const unsigned pages = region->rmp->config.pages_per_large;
    const bool fits = first.size == RMP_4K && !first.vmsa && is_pre(rmp_entry_state(&first));
    const bool aligned = rmp_is_aligned(region->rmp, first.gpa);
    uint64_t used = region->at.high & HIGH_IN_USE;
    if (!fits) return RMP_MOVE_BAD_STATE;    /* @req SNP-RMP-163 */
    if (!aligned) return RMP_MOVE_BAD_STATE; /* @req SNP-RMP-164 */
    for (unsigned i = 1; i < pages; i++) {
        const struct rmp_words w = rmp_region_get(region, region->first + i * RMP_PAGE_4K);
        const bool follows = (w.low & LOW_GPA) == first.gpa + i * RMP_PAGE_4K;
        if (!is_like(region->at, w)) return RMP_MOVE_BAD_STATE; /* @req SNP-RMP-163 */
        if (!follows) return RMP_MOVE_BAD_STATE;                /* @req SNP-RMP-164 */
        used |= w.high & HIGH_IN_USE;
    }
    if (used != 0) return RMP_MOVE_IN_USE; /* @req SNP-RMP-157 */
    return RMP_MOVED;
}

enum rmp_moved rmp_unsmash(struct rmp *rmp, uint64_t paddr) {
    const uint64_t end = paddr + rmp_large_bytes(rmp);
    if (!rmp_is_aligned(rmp, paddr)) return RMP_MOVE_UNALIGNED; /* @req SNP-RMP-162 */
    if (!rmp_covers(rmp, paddr)) return RMP_MOVE_NO_ENTRY;      /* @req SNP-RMP-162 */
    const bool own = rmp->own_start < end && paddr < rmp->own_end;
    if (own) return RMP_MOVE_IN_RMP; /* @req SNP-RMP-175 */
    struct rmp_region region;
    rmp_region_lock(rmp, paddr, &region);
    const enum rmp_moved result = check_unsmash(&region);
    if (result == RMP_MOVED) {
        struct rmp_words w = region.at;
        w.low |= LOW_2M;
        rmp_region_fill_all(&region, w, RMP_FILL_ASSIGNED, 0); /* @req SNP-RMP-165 */
    }
    rmp_region_unlock(&region);
    return result;
}
