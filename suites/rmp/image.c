/* Images of a whole table, compared entry by entry. RMP notes, section 1. */
#include "rmp/rmp.h"

void rmp_image_take(const struct rmp *rmp, struct rmp_image *image) {
    const struct rmp_config *config = rmp_config_of(rmp);
    image->pages = 0;
    image->large_pages = config->pages_per_large;
    while (image->pages < RMP_PAGES_MAX &&
           rmp_entry_at(rmp, image->pages * UINT64_C(0x1000), &image->entries[image->pages]))
        image->pages++;
    for (unsigned i = 0; i <= RMP_ASID_MAX; i++) image->asid_pages[i] = rmp_asid_pages(rmp, i);
}

static bool flags_equal(const struct rmp_entry *a, const struct rmp_entry *b) {
    return a->assigned == b->assigned && a->immutable == b->immutable && a->vmsa == b->vmsa &&
           a->validated == b->validated && a->size == b->size && a->in_use == b->in_use;
}

static bool all_equal(const struct rmp_entry *a, const struct rmp_entry *b) {
    for (unsigned i = 0; i < 4; i++)
        if (a->perms[i] != b->perms[i]) return false;
    return flags_equal(a, b) && a->asid == b->asid && a->gpa == b->gpa && a->mark == b->mark;
}

bool rmp_image_same(struct suite_ctx *ctx, const struct rmp_image *before,
                    const struct rmp_image *after) {
    static const char rule[] = "a call that is refused, or only looks, changes nothing";
    for (unsigned i = 0; i < before->pages; i++) {
        const struct rmp_entry *a = &before->entries[i], *b = &after->entries[i];
        if (all_equal(a, b) && a->subpages == b->subpages) continue;
        return suite_equal(ctx, "page number of a changed entry", UINT64_MAX, i, rule);
    }
    for (unsigned i = 0; i <= RMP_ASID_MAX; i++) {
        if (before->asid_pages[i] == after->asid_pages[i]) continue;
        return suite_equal(ctx, "ASID whose counter changed", UINT64_MAX, i, rule);
    }
    return suite_equal(ctx, "pages of the table", before->pages, after->pages, rule);
}

/* Assigned pages of a region after its first, as its own entry has to count them: a 2 MiB page counts none. */
static unsigned count_subpages(const struct rmp_image *image, unsigned first) {
    unsigned count = 0;
    if (image->entries[first].size == RMP_2M) return 0;
    for (unsigned i = 1; i < image->large_pages; i++)
        if (image->entries[first + i].assigned) count++;
    return count;
}

static uint64_t count_asid(const struct rmp_image *image, unsigned asid) {
    uint64_t count = 0;
    for (unsigned i = 0; i < image->pages; i++)
        if (image->entries[i].asid == asid)
            count += image->entries[i].size == RMP_2M ? image->large_pages : 1;
    return count;
}

bool rmp_image_counted(struct suite_ctx *ctx, const struct rmp_image *image) {
    for (unsigned i = 0; i < image->pages; i++) {
        const bool first = i % image->large_pages == 0;
        const unsigned wanted = first ? count_subpages(image, i) : 0;
        if (!suite_equal(ctx, "sub-page count", wanted, image->entries[i].subpages,
                         "the aligned page's entry counts the region's other Assigned pages"))
            return false;
    }
    for (unsigned asid = 1; asid <= RMP_ASID_MAX; asid++) {
        const bool used = asid <= 8 || asid == RMP_ASID_MAX;
        const uint64_t wanted = used ? count_asid(image, asid) : 0;
        if (!suite_equal(ctx, "ASID's pages", wanted, image->asid_pages[asid],
                         "the table counts the pages that carry each ASID"))
            return false;
    }
    return true;
}

bool rmp_entry_equal(struct suite_ctx *ctx, const struct rmp_entry *wanted,
                     const struct rmp_entry *got, const char *rule) {
    if (all_equal(wanted, got)) return suite_check(ctx, "entry", true, rule);
    return suite_equal(ctx, "Assigned", wanted->assigned, got->assigned, rule) &&
           suite_equal(ctx, "Page_Size", wanted->size, got->size, rule) &&
           suite_equal(ctx, "Immutable", wanted->immutable, got->immutable, rule) &&
           suite_equal(ctx, "GPA", wanted->gpa, got->gpa, rule) &&
           suite_equal(ctx, "ASID", wanted->asid, got->asid, rule) &&
           suite_equal(ctx, "VMSA", wanted->vmsa, got->vmsa, rule) &&
           suite_equal(ctx, "Validated", wanted->validated, got->validated, rule) &&
           suite_equal(ctx, "mark", wanted->mark, got->mark, rule) &&
           suite_equal(ctx, "in use", wanted->in_use, got->in_use, rule) &&
           suite_bytes(ctx, "masks", wanted->perms, got->perms, 4, rule);
}

bool rmp_answer_equal(struct suite_ctx *ctx, struct rmp_answer wanted, struct rmp_answer got,
                      const char *rule) {
    return suite_equal(ctx, "fault", wanted.fault, got.fault, rule) &&
           suite_equal(ctx, "error bits", wanted.error, got.error, rule) &&
           suite_equal(ctx, "EAX", wanted.eax, got.eax, rule) &&
           suite_equal(ctx, "CF", wanted.cf, got.cf, rule) &&
           suite_equal(ctx, "deciding SNP-RMP rule", wanted.rule, got.rule, rule);
}
