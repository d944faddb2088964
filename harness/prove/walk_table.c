/* What has to hold in the table of the walk, whatever was done to it. RMP notes, sections 1, 2 and 3.1. */
#include "walk.h"

static const struct walk_fault none = {.rule = NULL};

static bool same_perms(const struct rmp_entry *a, const struct rmp_entry *b) {
    bool same = true;
    for (unsigned i = 0; i < RMP_VMPL_COUNT; i++) same = same && a->perms[i] == b->perms[i];
    return same;
}

/* But for the sub-page count, which other pages move. */
static bool same_entry(const struct rmp_entry *a, const struct rmp_entry *b) {
    return a->assigned == b->assigned && a->immutable == b->immutable && a->vmsa == b->vmsa &&
           a->validated == b->validated && a->size == b->size && a->asid == b->asid &&
           a->gpa == b->gpa && a->mark == b->mark && a->in_use == b->in_use && same_perms(a, b);
}

static unsigned pages_of(const struct rmp *rmp) {
    return rmp_config_of(rmp)->pages_per_large;
}

static uint64_t address(const struct rmp *rmp, unsigned region, unsigned page) {
    return region * rmp_large_size(rmp) + page * RMP_PAGE_4K;
}

/* ---- one moment ---- */

/* Nothing but, perhaps, Immutable and in use. */
static bool is_bare(const struct rmp_entry *e) {
    const struct rmp_entry bare = {.immutable = e->immutable, .in_use = e->in_use};
    return same_entry(e, &bare);
}

struct walk_fault walk_entry_fault(const struct rmp_entry *e, uint64_t spa) {
    if (!e->assigned && e->asid != 0)
        return (struct walk_fault){"a page that is not Assigned has ASID 0", spa};
    if (!e->assigned && e->validated)
        return (struct walk_fault){"a page that is not Assigned is not Validated", spa};
    if (e->validated && e->asid == 0)
        return (struct walk_fault){"a Validated page has an ASID", spa};
    if (!e->assigned && !is_bare(e))
        return (struct walk_fault){"a page that is not Assigned is Immutable at most", spa};
    return none;
}

void walk_look(const struct rmp *rmp, unsigned region, struct walk_view *view) {
    for (unsigned i = 0; i < pages_of(rmp); i++)
        if (!rmp_entry_at(rmp, address(rmp, region, i), &view->at[i]))
            view->at[i] = (struct rmp_entry){.mark = RMP_MARK_IOMMU, .subpages = UINT16_MAX};
}

/* A later page of a 2 MiB page. */
static bool is_assigned_only(const struct rmp_entry *e) {
    const struct rmp_entry only = {.assigned = true};
    return same_entry(e, &only);
}

struct walk_fault walk_region_fault(const struct rmp *rmp, unsigned region,
                                    const struct walk_view *view) {
    const struct rmp_entry *first = &view->at[0];
    const bool large = first->size == RMP_2M;
    unsigned assigned = 0;
    for (unsigned i = 0; i < pages_of(rmp); i++) {
        const struct rmp_entry *e = &view->at[i];
        const uint64_t spa = address(rmp, region, i);
        const struct walk_fault fault = walk_entry_fault(e, spa);
        if (fault.rule != NULL) return fault;
        if (i == 0) continue;
        if (e->subpages != 0)
            return (struct walk_fault){"only a region's first page has a sub-page count", spa};
        if (e->size == RMP_2M)
            return (struct walk_fault){"only a region's first page is one of 2 MiB", spa};
        if (large && !is_assigned_only(e))
            return (struct walk_fault){"later pages of a 2 MiB page are Assigned only", spa};
        if (e->assigned && !large) assigned++;
    }
    if (first->subpages != assigned)
        return (struct walk_fault){"the sub-page count is that of the entries",
                                   address(rmp, region, 0)};
    return none;
}

void walk_count(const struct rmp *rmp, const struct walk_view *view, int sign, int64_t *count) {
    for (unsigned i = 0; i < pages_of(rmp); i++) {
        const struct rmp_entry *e = &view->at[i];
        if (e->asid != 0) count[e->asid] += sign * (int)(e->size == RMP_2M ? pages_of(rmp) : 1);
    }
}

struct walk_fault walk_count_fault(const struct rmp *rmp, const int64_t *count, unsigned last) {
    for (unsigned asid = 1; asid <= last; asid++)
        if (rmp_asid_pages(rmp, asid) != (uint64_t)count[asid])
            return (struct walk_fault){"an ASID's counter is that of the entries (ASID)", asid};
    return none;
}

/* ---- one step ---- */

/* x86 instructions and checks; the others are firmware, SNP_INIT, VMRUN and the test itself. */
static bool is_instruction(enum walk_kind kind) {
    return kind <= WALK_STRUCTURE;
}

static bool uses_pages(enum walk_kind kind) {
    return kind == WALK_VMRUN || kind == WALK_VMEXIT;
}

/* By the test's own hand, or of many operations. */
static bool is_free(enum walk_kind kind) {
    return kind == WALK_SET || kind == WALK_INIT_RANGE;
}

static bool only_reads(enum walk_kind kind) {
    return kind == WALK_RMPREAD || kind == WALK_QUERY || kind == WALK_CHECK ||
           kind == WALK_STRUCTURE;
}

static const char *change_rule(const struct walk_op *op, const struct rmp_entry *before,
                               const struct rmp_entry *after) {
    const bool many = op->kind == WALK_SWEEP, counted = before->subpages != after->subpages;
    struct rmp_entry used = *before;
    used.in_use = after->in_use;
    if (same_entry(before, after) && !counted) return NULL;
    if (is_free(op->kind)) return NULL;
    if (only_reads(op->kind)) return "a check or look-up changes nothing";
    if (!walk_succeeded(op) && !many) return "what is refused changes nothing";
    if (same_entry(before, after)) return NULL;
    if (is_instruction(op->kind) && before->immutable)
        return "no instruction changes an Immutable entry";
    if (uses_pages(op->kind) && !same_entry(&used, after))
        return "VMRUN and #VMEXIT change nothing but whether a page is in use";
    if (!uses_pages(op->kind) && before->in_use != after->in_use)
        return "only VMRUN and #VMEXIT change whether a page is in use";
    return NULL;
}

struct walk_fault walk_change_fault(const struct rmp *rmp, const struct walk_op *op,
                                    unsigned region, const struct walk_view *before,
                                    const struct walk_view *after) {
    for (unsigned i = 0; i < pages_of(rmp); i++) {
        const char *rule = change_rule(op, &before->at[i], &after->at[i]);
        if (rule != NULL) return (struct walk_fault){rule, address(rmp, region, i)};
    }
    return none;
}

static unsigned bit_of(const struct rmp *rmp, uint64_t spa) {
    const uint64_t region = spa / rmp_large_size(rmp);
    return region < WALK_REGIONS ? 1U << region : 0;
}

unsigned walk_touched(const struct rmp *rmp, const struct walk_op *op) {
    if (op->kind == WALK_INIT_RANGE) return (1U << WALK_REGIONS) - 1;
    unsigned touched = bit_of(rmp, op->spa);
    if (op->kind == WALK_MOVE_PAGE) touched |= bit_of(rmp, op->to);
    if (uses_pages(op->kind)) touched |= bit_of(rmp, op->run.avic) | bit_of(rmp, op->run.vmsa);
    return touched;
}

bool walk_same_view(const struct rmp *rmp, unsigned region, const struct walk_view *a,
                    const struct walk_view *b, uint64_t *spa) {
    for (unsigned i = 0; i < pages_of(rmp); i++) {
        *spa = address(rmp, region, i);
        if (a->at[i].subpages != b->at[i].subpages) return false;
        if (!same_entry(&a->at[i], &b->at[i])) return false;
    }
    return true;
}
