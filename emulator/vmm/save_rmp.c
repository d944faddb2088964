/* A machine's RMP as bytes and back: RMP notes, section 1. Part of the format in save.c.
 *
 * Runs of pages of one region (2 MiB) in rising order, before each a byte 1, behind the last a byte 0. A run is a
 * 2 MiB page, or pages of 4 KiB whose entries are alike, with one GPA or with GPAs that rise from page to page.
 * Pages in no run are the hypervisor's. Sub-page counts are not saved: they follow from the entries.
 *
 * A table is written in one way only: a run is as long as it can be. Other bytes are refused. */
#include "vmm/save_rmp.h"

#include <stdlib.h>

#include "rmp/table.h"

struct run {
    uint64_t paddr;
    uint32_t pages;
    bool rises; /* the GPA, from page to page */
    struct rmp_entry entry;
};

static uint64_t run_end(const struct run *r) {
    return r->paddr + r->pages * RMP_PAGE_4K;
}

/* Nothing of E is set: what all pages of a fresh table are. */
static bool is_plain(const struct rmp_entry *e) {
    const struct rmp_words w = rmp_words_of(e);
    return (w.low | w.high) == 0;
}

/* E is A's next page's entry, if GPAs rise, or A's own. */
static bool follows(const struct rmp_entry *a, const struct rmp_entry *e, uint64_t rise) {
    struct rmp_entry next = *a;
    next.gpa = (a->gpa + rise) & RMP_GPA_MASK;
    const struct rmp_words v = rmp_words_of(&next), w = rmp_words_of(e);
    return v.low == w.low && v.high == w.high;
}

/* The entry of page INDEX of R. */
static struct rmp_entry entry_in(const struct run *r, uint32_t index) {
    struct rmp_entry e = r->entry;
    if (r->rises) e.gpa = (e.gpa + index * RMP_PAGE_4K) & RMP_GPA_MASK;
    return e;
}

/* R, of 4 KiB pages, becomes one page longer by E, the entry of the page behind it, if it can. */
static bool grow(struct run *r, const struct rmp_entry *e) {
    const struct rmp_entry last = entry_in(r, r->pages - 1);
    const bool rises = follows(&last, e, RMP_PAGE_4K), stays = follows(&last, e, 0);
    if (r->pages == 1) r->rises = rises;
    if (r->rises ? !rises : !stays) return false;
    r->pages++;
    return true;
}

/* ---- one run as bytes ---- */

static void walk_size(struct psp_walk *w, enum rmp_page_size *size) {
    bool large = *size == RMP_2M;
    psp_walk_bool(w, "RMP_PAGE_SIZE", &large);
    *size = large ? RMP_2M : RMP_4K;
}

static void walk_entry(struct psp_walk *w, struct rmp_entry *e) {
    uint8_t mark = (uint8_t)e->mark;
    uint32_t asid = e->asid;
    walk_size(w, &e->size);
    psp_walk_bool(w, "RMP_ASSIGNED", &e->assigned);
    psp_walk_bool(w, "RMP_IMMUTABLE", &e->immutable);
    psp_walk_bool(w, "RMP_VMSA", &e->vmsa);
    psp_walk_bool(w, "RMP_VALIDATED", &e->validated);
    psp_walk_u8(w, "RMP_IN_USE", &e->in_use);
    psp_walk_check(w, e->in_use <= RMP_IN_USE_MAX, "RMP_IN_USE", e->in_use, "must be at most 63");
    psp_walk_u8(w, "RMP_MARK", &mark);
    psp_walk_check(w, mark <= RMP_MARK_IOMMU, "RMP_MARK", mark, "must be 0 to 2");
    e->mark = (enum rmp_mark)mark;
    psp_walk_u32(w, "RMP_ASID", &asid);
    psp_walk_check(w, asid <= RMP_ASID_MAX, "RMP_ASID", asid, "must be at most 1023");
    e->asid = (uint16_t)asid;
    psp_walk_u64(w, "RMP_GPA", &e->gpa);
    psp_walk_check(w, (e->gpa & ~RMP_GPA_MASK) == 0, "RMP_GPA", e->gpa,
                   "must be the address of a page below 2^51");
    psp_walk_bytes(w, "RMP_PERMISSIONS", e->perms, sizeof e->perms);
}

static void walk_run(struct psp_walk *w, struct run *r) {
    psp_walk_u64(w, "RMP_PADDR", &r->paddr);
    psp_walk_u32(w, "RMP_PAGES", &r->pages);
    psp_walk_bool(w, "RMP_GPA_RISES", &r->rises);
    walk_entry(w, &r->entry);
}

/* ---- writing ---- */

static void write_run(struct psp_walk *w, struct run *r) {
    bool more = true;
    if (r->pages == 0) return;
    psp_walk_bool(w, "RMP_MORE", &more);
    walk_run(w, r);
    r->pages = 0;
}

/* The pages of a region that is not one large page. */
static void write_pages(const struct rmp *rmp, struct psp_walk *w, uint64_t first) {
    struct run run = {0};
    for (uint64_t paddr = first; paddr < first + rmp_large_size(rmp); paddr += RMP_PAGE_4K) {
        const struct rmp_entry e = rmp_entry_of(rmp_words_at(rmp, paddr));
        if (run.pages != 0 && !is_plain(&e) && grow(&run, &e)) continue;
        write_run(w, &run);
        run = (struct run){.paddr = paddr, .pages = is_plain(&e) ? 0 : 1, .entry = e};
    }
    write_run(w, &run);
}

/* Most regions were never written: one look at their record tells. */
static void write_table(const struct rmp *rmp, struct psp_walk *w) {
    const uint64_t large = rmp_large_size(rmp);
    for (uint64_t first = 0; first < rmp_config_of(rmp)->size; first += large) {
        const struct rmp_words at = rmp_region_words(rmp, first);
        struct run run = {.paddr = first, .pages = 0, .entry = rmp_entry_of(at)};
        if (at.low == 0 && (at.high & ~HIGH_VERSION) == 0) continue;
        if (run.entry.size == RMP_2M) run.pages = rmp_config_of(rmp)->pages_per_large;
        if (run.entry.size == RMP_2M)
            write_run(w, &run);
        else
            write_pages(rmp, w, first);
    }
}

/* ---- reading ---- */

/* R lies in one region of the table, behind BEFORE, and could not be a part of it. */
static void check_run(const struct rmp *rmp, struct psp_walk *w, const struct run *before,
                      const struct run *r) {
    const uint64_t large = rmp_large_size(rmp), size = rmp_config_of(rmp)->size;
    const uint32_t most = rmp_config_of(rmp)->pages_per_large;
    const bool page = r->paddr % RMP_PAGE_4K == 0 && r->paddr < size;
    psp_walk_check(w, page && r->paddr >= run_end(before), "RMP_PADDR", r->paddr,
                   "must be a page inside memory, behind the pages before it");
    const uint64_t room = (large - r->paddr % large) / RMP_PAGE_4K;
    psp_walk_check(w, r->pages != 0 && r->pages <= room, "RMP_PAGES", r->pages,
                   "must be 1 or more pages of one 2 MiB region");
    psp_walk_check(w, r->entry.size == RMP_4K || r->pages == most, "RMP_PAGES", r->pages,
                   "must be all pages of a 2 MiB page");
    psp_walk_check(w, !r->rises || (r->pages > 1 && r->entry.size == RMP_4K), "RMP_GPA_RISES", 1,
                   "must be 0 for one page");
    psp_walk_check(w, !is_plain(&r->entry), "RMP_ASSIGNED", 0,
                   "must not be a page that is plainly the hypervisor's");
    struct run longer = *before;
    const bool beside = before->pages != 0 && r->paddr == run_end(before) && r->paddr % large != 0;
    const bool split = sevkit_ok(w->result) && beside && grow(&longer, &r->entry);
    psp_walk_check(w, !split, "RMP_PADDR", r->paddr, "must not go on the run before it");
}

/* A region of firmware's or of HV-Fixed pages costs no memory that way. */
static bool put_region(struct rmp *rmp, const struct run *r) {
    struct rmp_entry plain = {.immutable = true, .assigned = r->entry.assigned};
    if (r->pages != rmp_config_of(rmp)->pages_per_large || !follows(&plain, &r->entry, 0))
        return false;
    return !r->rises &&
           rmp_init_range(rmp, r->paddr, run_end(r), plain.assigned ? RMP_FIRMWARE : RMP_HV_FIXED);
}

static void put_run(struct rmp *rmp, const struct run *r) {
    if (put_region(rmp, r)) return;
    const uint32_t count = r->entry.size == RMP_2M ? 1 : r->pages;
    for (uint32_t i = 0; i < count; i++) {
        const struct rmp_entry e = entry_in(r, i);
        if (!rmp_put(rmp, r->paddr + i * RMP_PAGE_4K, &e)) abort(); /* checked to lie inside */
    }
}

static void read_table(struct rmp *rmp, struct psp_walk *w) {
    struct run before = {0};
    bool more = true;
    for (psp_walk_bool(w, "RMP_MORE", &more); more && sevkit_ok(w->result);
         psp_walk_bool(w, "RMP_MORE", &more)) {
        struct run run = {0};
        walk_run(w, &run);
        check_run(rmp, w, &before, &run);
        if (!sevkit_ok(w->result)) return;
        put_run(rmp, &run);
        before = run;
    }
}

void vmm_save_rmp(struct rmp *rmp, struct psp_walk *walk) {
    bool more = false;
    if (walk->reading) {
        read_table(rmp, walk);
        return;
    }
    write_table(rmp, walk);
    psp_walk_bool(walk, "RMP_MORE", &more);
}
