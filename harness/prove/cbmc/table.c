/* Any legal table, and whether it is one still; see prove.h. */
#include "prove.h"

/* In place of rmp/map.c. */
static struct rmp_record regions[PROVE_PAGES / PROVE_PER_LARGE];
static struct rmp_record pages[PROVE_PAGES];

/* The ASID whose counter is watched: any; and the counter, in place of the table's. */
static const struct rmp *table;
static unsigned watched;
static uint64_t counter;

void prove_count(const uint64_t *word, uint64_t count) {
    const ptrdiff_t asid = word - table->asid_pages;
    __CPROVER_assert(asid > 0 && asid <= RMP_ASID_MAX, "an ASID has a counter");
    if (asid == (ptrdiff_t)watched) counter += count;
}

void *rmp_map_zeroed(size_t size) {
    return size == sizeof regions ? regions : pages;
}

void rmp_unmap(void *mapped, size_t size) {
    (void)mapped;
    (void)size;
}

static uint64_t load(const _Atomic uint64_t *word) {
    return atomic_load_explicit(word, memory_order_relaxed);
}

static bool is_assigned(struct rmp_words w) {
    return (w.low & LOW_ASSIGNED) != 0;
}

static struct rmp_words region_words(unsigned region) {
    return (struct rmp_words){load(&regions[region].low), load(&regions[region].high)};
}

static struct rmp_words page_words(unsigned page) {
    return (struct rmp_words){load(&pages[page].low), load(&pages[page].high)};
}

/* What holds of each entry. */
static bool legal_entry(struct rmp_words w) {
    const bool validated = (w.low & LOW_VALIDATED) != 0;
    if ((w.low & LOW_LOCK) != 0) return false;
    if (!is_assigned(w) && (rmp_asid_of(w) != 0 || validated || rmp_is_2m(w))) return false;
    if (validated && rmp_asid_of(w) == 0) return false;
    const uint64_t mark = (w.high & HIGH_MARK) >> HIGH_MARK_SHIFT;
    const bool firmware = is_assigned(w) && rmp_asid_of(w) == 0 && (w.low & LOW_IMMUTABLE) != 0;
    return mark == RMP_MARK_NONE || (mark <= RMP_MARK_IOMMU && firmware);
}

static unsigned count_of(struct rmp_words w) {
    return (unsigned)((w.low & LOW_SUBPAGES) >> LOW_SUBPAGES_SHIFT);
}

/* A later page's entry: no count, no size, nothing that a region keeps. */
static bool legal_later(struct rmp_words w) {
    return legal_entry(w) && !rmp_is_2m(w) && count_of(w) == 0 && (w.high & HIGH_REGION) == 0;
}

static bool legal_region(unsigned region) {
    const struct rmp_words w = region_words(region);
    const enum rmp_fill fill = rmp_region_fill(w);
    const bool live = (w.high & HIGH_LIVE) != 0;
    if (!legal_entry(w)) return false;
    if (rmp_is_2m(w)) return !live && fill == RMP_FILL_ASSIGNED && count_of(w) == 0;
    if (!live) {
        const bool assigned = fill == RMP_FILL_ASSIGNED || fill == RMP_FILL_FIRMWARE;
        return count_of(w) == (assigned ? PROVE_PER_LARGE - 1 : 0);
    }
    unsigned count = 0;
    for (unsigned i = 1; i < PROVE_PER_LARGE; i++) {
        const struct rmp_words later = page_words(region * PROVE_PER_LARGE + i);
        if (!legal_later(later)) return false;
        if (is_assigned(later)) count++;
    }
    return count_of(w) == count;
}

/* Pages of the watched ASID. */
static uint64_t watched_pages(void) {
    uint64_t sum = 0;
    for (unsigned r = 0; r < PROVE_PAGES / PROVE_PER_LARGE; r++) {
        const struct rmp_words w = region_words(r);
        if (rmp_asid_of(w) == watched) sum += rmp_is_2m(w) ? PROVE_PER_LARGE : 1;
        if ((w.high & HIGH_LIVE) == 0) continue;
        for (unsigned i = 1; i < PROVE_PER_LARGE; i++)
            if (rmp_asid_of(page_words(r * PROVE_PER_LARGE + i)) == watched) sum++;
    }
    return sum;
}

static struct rmp_rules any_rules(void) {
    struct rmp_rules r = {
        .update_in_use_first = nondet_bool(),
        .update_contended = nondet_bool() ? RMP_FAIL_INUSE : RMP_FAIL_OVERLAP,
        .update_inside_2m = nondet_uint32_t(),
        .update_over_hv_fixed = nondet_bool() ? RMP_FAIL_PERMISSION : RMP_SUCCESS,
        .update_refuses_gpa = nondet_bool(),
        .psmash_needs_asid = nondet_bool(),
        .psmash_needs_mutable = nondet_bool(),
        .adjust_refuses_vmsa = nondet_bool(),
        .adjust_refuses_vmsa_2m = nondet_bool(),
        .read_tells_region = nondet_bool(),
        .guest_ad_maps = nondet_bool(),
    };
    __CPROVER_assume(r.update_inside_2m >= RMP_FAIL_INPUT &&
                     r.update_inside_2m <= RMP_FAIL_OVERLAP);
    return r;
}

struct rmp *prove_table(void) {
    struct rmp_config config = rmp_config_default(PROVE_SIZE);
    config.pages_per_large = PROVE_PER_LARGE;
    config.has_rmpread = nondet_bool();
    config.has_rmpquery = nondet_bool();
    config.rules = any_rules();
    struct rmp *rmp = NULL;
    const struct sevkit_result made = rmp_new(&config, &rmp);
    __CPROVER_assume(sevkit_ok(made));
    for (unsigned i = 0; i < PROVE_PAGES; i++) {
        atomic_store_explicit(&pages[i].low, nondet_uint64_t(), memory_order_relaxed);
        atomic_store_explicit(&pages[i].high, nondet_uint64_t(), memory_order_relaxed);
    }
    for (unsigned i = 0; i < PROVE_PAGES / PROVE_PER_LARGE; i++) {
        atomic_store_explicit(&regions[i].low, nondet_uint64_t(), memory_order_relaxed);
        atomic_store_explicit(&regions[i].high, nondet_uint64_t(), memory_order_relaxed);
        __CPROVER_assume(legal_region(i));
    }
    watched = nondet_uint16_t();
    __CPROVER_assume(watched > 0 && watched <= RMP_ASID_MAX);
    counter = watched_pages();
    table = rmp;
    return rmp;
}

void prove_place(struct rmp *rmp) {
    const uint8_t start = nondet_uint8_t(), end = nondet_uint8_t();
    __CPROVER_assume((start < end || (start == 0 && end == 0)) && end <= PROVE_PAGES);
    rmp->own_start = start * RMP_PAGE_4K;
    rmp->own_end = end * RMP_PAGE_4K;
}

void prove_still_legal(void) {
    for (unsigned i = 0; i < PROVE_PAGES / PROVE_PER_LARGE; i++)
        __CPROVER_assert(legal_region(i), "legal: the entries of a region and its sub-page count");
    __CPROVER_assert(counter == watched_pages(), "legal: the counter of an ASID");
}

struct prove_view prove_look(const struct rmp *rmp) {
    struct prove_view view;
    for (unsigned i = 0; i < PROVE_PAGES; i++) {
        const bool covered = rmp_entry_at(rmp, i * RMP_PAGE_4K, &view.entry[i]);
        __CPROVER_assert(covered, "each page has an entry");
        const uint64_t users = rmp_words_at(rmp, i * RMP_PAGE_4K).high & HIGH_IN_USE;
        view.users[i] = (unsigned)(users / HIGH_USER);
        __CPROVER_assert(view.entry[i].in_use == view.users[i], "in use: by as many");
    }
    view.asid_pages = counter;
    return view;
}

struct rmp_cpu prove_cpu(void) {
    struct rmp_cpu cpu = {
        .long_mode = nondet_bool(),
        .snp = nondet_bool(),
        .cpl = nondet_uint8_t(),
        .vmpl = nondet_uint8_t(),
        .asid = nondet_uint16_t(),
    };
    __CPROVER_assume(cpu.cpl < 4 && cpu.vmpl < RMP_VMPL_COUNT);
    return cpu;
}

struct rmp_translation prove_translation(void) {
    return (struct rmp_translation){
        .present = nondet_bool(),
        .c = nondet_bool(),
        .map = prove_map(),
        .gpa = nondet_uint64_t(),
        .spa = nondet_uint64_t(),
    };
}

enum rmp_page_size prove_size(void) {
    return nondet_bool() ? RMP_2M : RMP_4K;
}

enum rmp_map prove_map(void) {
    if (nondet_bool()) return RMP_MAP_4K;
    return nondet_bool() ? RMP_MAP_2M : RMP_MAP_1G;
}

unsigned prove_page_of(uint64_t paddr) {
    return paddr < PROVE_SIZE ? (unsigned)(paddr / RMP_PAGE_4K) : PROVE_NOWHERE;
}

bool prove_is_own(const struct rmp *rmp, unsigned page) {
    return page * RMP_PAGE_4K >= rmp->own_start && page * RMP_PAGE_4K < rmp->own_end;
}

unsigned prove_first_of(unsigned page) {
    return page / PROVE_PER_LARGE * PROVE_PER_LARGE;
}

const struct rmp_entry *prove_speaker(const struct prove_view *view, unsigned page) {
    const struct rmp_entry *first = &view->entry[prove_first_of(page)];
    return first->size == RMP_2M ? first : &view->entry[page];
}

bool prove_same_but_count(const struct rmp_entry *a, const struct rmp_entry *b) {
    for (unsigned i = 0; i < RMP_VMPL_COUNT; i++)
        if (a->perms[i] != b->perms[i]) return false;
    return a->assigned == b->assigned && a->immutable == b->immutable && a->vmsa == b->vmsa &&
           a->validated == b->validated && a->size == b->size && a->asid == b->asid &&
           a->gpa == b->gpa && a->mark == b->mark && a->in_use == b->in_use;
}

bool prove_same(const struct rmp_entry *a, const struct rmp_entry *b) {
    return prove_same_but_count(a, b) && a->subpages == b->subpages;
}

void prove_unchanged(const struct prove_view *before, const struct prove_view *after) {
    for (unsigned i = 0; i < PROVE_PAGES; i++)
        __CPROVER_assert(prove_same(&before->entry[i], &after->entry[i]),
                         "footprint: an entry is as before");
    for (unsigned i = 0; i < PROVE_PAGES; i++)
        __CPROVER_assert(before->users[i] == after->users[i], "footprint: so are its users");
    __CPROVER_assert(before->asid_pages == after->asid_pages,
                     "footprint: an ASID's pages are as before");
}

void prove_others_unchanged(const struct prove_view *before, const struct prove_view *after,
                            unsigned first, unsigned last) {
    for (unsigned i = 0; i < PROVE_PAGES; i++) {
        if (i >= first && i <= last) continue;
        __CPROVER_assert(prove_same_but_count(&before->entry[i], &after->entry[i]),
                         "footprint: no other page has changed");
        __CPROVER_assert(before->users[i] == after->users[i], "footprint: nor have its users");
        if (i != prove_first_of(first))
            __CPROVER_assert(before->entry[i].subpages == after->entry[i].subpages,
                             "footprint: no other region's sub-page count has changed");
    }
}

unsigned prove_examined(const struct rmp_translation *at) {
    const unsigned page = prove_page_of(at->spa);
    return page == PROVE_NOWHERE || at->map == RMP_MAP_4K ? page : prove_first_of(page);
}

bool prove_maps(const struct rmp_entry *entry, uint64_t gpa, bool large) {
    const uint64_t page = large ? PROVE_LARGE : RMP_PAGE_4K;
    return entry->gpa == (gpa & ~(page - 1));
}

void prove_own_entry(const struct prove_view *before, const struct rmp_cpu *cpu,
                     const struct rmp_translation *at) {
    const unsigned page = prove_examined(at);
    __CPROVER_assert(cpu->long_mode && cpu->snp && cpu->cpl == 0, "only an SNP guest's kernel");
    __CPROVER_assert(at->present && at->c, "only by a mapping with C-bit");
    __CPROVER_assert(page != PROVE_NOWHERE, "only where there is an entry");
    __CPROVER_assume(page != PROVE_NOWHERE);
    const struct rmp_entry *e = &before->entry[page];
    __CPROVER_assert(e->assigned && e->asid != 0 && e->asid == cpu->asid,
                     "only the guest's own page");
    __CPROVER_assert(prove_maps(e, at->gpa, at->map != RMP_MAP_4K),
                     "only at the page's own address");
    __CPROVER_assert(!e->immutable, "an immutable entry does not change");
}

void prove_own_page(const struct prove_view *before, const struct rmp_cpu *cpu,
                    const struct rmp_translation *at, enum rmp_page_size size) {
    prove_own_entry(before, cpu, at);
    const struct rmp_entry *e = &before->entry[prove_examined(at)];
    __CPROVER_assert(e->size == size, "the page's size is the one asked for");
    __CPROVER_assert((at->map != RMP_MAP_4K) == (size == RMP_2M),
                     "the mapping's size is the one asked for");
}

bool prove_hypervisors(const struct prove_view *v, uint64_t spa) {
    const unsigned page = prove_page_of(spa);
    return page == PROVE_NOWHERE || !v->entry[page].assigned;
}

bool prove_vmsa_of(const struct prove_view *v, uint64_t spa, uint16_t asid, uint64_t gpa) {
    const unsigned page = prove_page_of(spa);
    if (page == PROVE_NOWHERE) return false;
    const struct rmp_entry *e = &v->entry[page];
    return e->assigned && e->asid != 0 && e->asid == asid && prove_maps(e, gpa, false) &&
           !e->immutable && e->vmsa;
}

void prove_answer(struct rmp_answer a) {
    __CPROVER_assert(a.fault == RMP_NO_FAULT || a.eax == 0, "answer: no code after a fault");
    __CPROVER_assert(rmp_ok(a) || a.rule != 0, "answer: a refusal names its rule");
    __CPROVER_assert(!rmp_ok(a) || a.rule == 0, "answer: success names no rule");
}
