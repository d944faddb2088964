/* Op rmp: the table that a case sets up, and what a call did to it. RMP notes, sections 1 and 2. */
#include "vectors/rmp_table.h"

#include <string.h>

#define MEMORY (4 * RMP_PAGE_2M)
#define PAGES (MEMORY / RMP_PAGE_4K)
#define REGION (2 * RMP_PAGE_2M)

/* ---- members ---- */

uint64_t read_number(struct reader *r, const json_t *object, const char *name) {
    uint64_t value = 0;
    if (r->ok) r->ok = vector_number_or(r->ctx, object, name, 0, &value);
    return value;
}

bool read_flag(struct reader *r, const json_t *object, const char *name, bool otherwise) {
    bool value = otherwise;
    if (r->ok) r->ok = vector_flag_or(r->ctx, object, name, otherwise, &value);
    return value;
}

static bool refuse(struct reader *r, const char *name, const char *rule) {
    r->ok = suite_setup(r->ctx, "vectors",
                        sevkit_fail(SEVKIT_BAD_VALUE, name, SEVKIT_NO_OFFSET, 0, rule));
    return r->ok;
}

unsigned read_word(struct reader *r, const json_t *object, const char *name,
                   const char *const *words) {
    const char *word = words[0];
    if (json_object_get(object, name) != NULL && r->ok)
        r->ok = vector_text(r->ctx, object, name, &word);
    if (!r->ok) return 0;
    for (unsigned i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], word) == 0) return i;
    }
    (void)refuse(r, name, "one of the op's words");
    return 0;
}

static const char *const sizes[] = {"4K", "2M", NULL};
static const char *const marks[] = {"none", "metadata", "iommu", NULL};

enum rmp_page_size read_size(struct reader *r, const json_t *object) {
    return (enum rmp_page_size)read_word(r, object, "size", sizes);
}

const char *rmp_size_name(enum rmp_page_size size) {
    return sizes[size];
}

/* ---- set-up ---- */

static void read_rules(struct reader *r, const json_t *policy, struct rmp_rules *rules) {
    const struct {
        const char *name;
        bool *flag;
    } flags[] = {
        {"update_in_use_first", &rules->update_in_use_first},
        {"update_refuses_gpa", &rules->update_refuses_gpa},
        {"psmash_needs_asid", &rules->psmash_needs_asid},
        {"psmash_needs_mutable", &rules->psmash_needs_mutable},
        {"adjust_refuses_vmsa", &rules->adjust_refuses_vmsa},
        {"adjust_refuses_vmsa_2m", &rules->adjust_refuses_vmsa_2m},
        {"read_tells_region", &rules->read_tells_region},
        {"guest_ad_maps", &rules->guest_ad_maps},
    };
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        *flags[i].flag = read_flag(r, policy, flags[i].name, *flags[i].flag);
    if (json_object_get(policy, "update_inside_2m") != NULL)
        rules->update_inside_2m = (uint32_t)read_number(r, policy, "update_inside_2m");
    if (json_object_get(policy, "update_over_hv_fixed") != NULL)
        rules->update_over_hv_fixed = (uint32_t)read_number(r, policy, "update_over_hv_fixed");
}

static struct rmp_entry read_entry(struct reader *r, const json_t *row) {
    struct rmp_entry e = {
        .assigned = read_flag(r, row, "assigned", false),
        .immutable = read_flag(r, row, "immutable", false),
        .validated = read_flag(r, row, "validated", false),
        .vmsa = read_flag(r, row, "vmsa", false),
        .size = read_size(r, row),
        .asid = (uint16_t)read_number(r, row, "asid"),
        .gpa = read_number(r, row, "gpa"),
        .mark = (enum rmp_mark)read_word(r, row, "mark", marks),
        .in_use = (uint8_t)read_number(r, row, "in_use"),
    };
    if (json_object_get(row, "perms") != NULL && r->ok)
        r->ok = vector_hex(r->ctx, row, "perms", e.perms, sizeof e.perms);
    return e;
}

/* One row: `count` pages from its address on, whose GPAs follow each other. */
static void put_row(struct reader *r, const json_t *row, struct rmp *rmp) {
    struct rmp_entry e = read_entry(r, row);
    const uint64_t at = read_number(r, row, "at"), given = read_number(r, row, "count");
    const uint64_t count = given == 0 ? 1 : given;
    for (uint64_t i = 0; i < count && r->ok; i++) {
        if (!rmp_put(rmp, at + i * RMP_PAGE_4K, &e)) (void)refuse(r, "at", "inside the table");
        if (e.asid != 0) e.gpa += RMP_PAGE_4K;
    }
}

struct rmp *rmp_table_make(struct reader *r, const struct vector_case *c) {
    const json_t *own = json_object_get(c->input, "own");
    struct rmp_config config = rmp_config_default(MEMORY);
    struct rmp *rmp = NULL;
    read_rules(r, c->policy, &config.rules);
    if (!r->ok || !suite_setup(r->ctx, "rmp_new", rmp_new(&config, &rmp))) return NULL;
    const uint64_t start = read_number(r, own, "start"), end = read_number(r, own, "end");
    if (r->ok && !rmp_place(rmp, start, end)) (void)refuse(r, "own", "pages of the table");
    const json_t *rows = json_object_get(c->input, "entries");
    for (size_t i = 0; i < json_array_size(rows); i++) put_row(r, json_array_get(rows, i), rmp);
    if (r->ok) return rmp;
    rmp_free(rmp);
    return NULL;
}

/* ---- the footprint ---- */

struct rmp_entry *rmp_table_image(const struct rmp *rmp, struct vector_case *c) {
    struct rmp_entry *image = vector_alloc(c, PAGES * sizeof *image);
    for (uint64_t i = 0; i < PAGES; i++) (void)!rmp_entry_at(rmp, i * RMP_PAGE_4K, &image[i]);
    return image;
}

static bool same(const struct rmp_entry *a, const struct rmp_entry *b) {
    return a->assigned == b->assigned && a->immutable == b->immutable && a->vmsa == b->vmsa &&
           a->validated == b->validated && a->size == b->size && a->asid == b->asid &&
           a->gpa == b->gpa && memcmp(a->perms, b->perms, sizeof a->perms) == 0 &&
           a->mark == b->mark && a->subpages == b->subpages && a->in_use == b->in_use;
}

bool rmp_flag_seen(struct suite_ctx *ctx, const json_t *object, const char *name, bool got) {
    const json_t *wanted = json_object_get(object, name);
    return wanted == NULL || suite_equal(ctx, name, json_is_true(wanted), got, "the case's");
}

bool rmp_fields_seen(struct suite_ctx *ctx, const json_t *wanted,
                     const struct rmp_state_fields *got) {
    return vector_output_number(ctx, wanted, "gpa", got->gpa) &&
           rmp_flag_seen(ctx, wanted, "assigned", got->assigned) &&
           vector_output_text(ctx, wanted, "size", sizes[got->size]) &&
           rmp_flag_seen(ctx, wanted, "region_assigned", got->region_assigned) &&
           rmp_flag_seen(ctx, wanted, "immutable", got->immutable) &&
           vector_output_number(ctx, wanted, "asid", got->asid);
}

static bool entry_seen(struct suite_ctx *ctx, const json_t *row, uint64_t at,
                       const struct rmp_entry *e) {
    return suite_check(ctx, "entries", row != NULL, "no other watched page changes") &&
           vector_output_number(ctx, row, "at", at) &&
           vector_output_text(ctx, row, "size", sizes[e->size]) &&
           rmp_flag_seen(ctx, row, "assigned", e->assigned) &&
           rmp_flag_seen(ctx, row, "immutable", e->immutable) &&
           rmp_flag_seen(ctx, row, "validated", e->validated) &&
           rmp_flag_seen(ctx, row, "vmsa", e->vmsa) &&
           vector_output_number(ctx, row, "asid", e->asid) &&
           vector_output_number(ctx, row, "gpa", e->gpa) &&
           vector_output_hex(ctx, row, "perms", e->perms, sizeof e->perms) &&
           vector_output_text(ctx, row, "mark", marks[e->mark]) &&
           vector_output_number(ctx, row, "subpages", e->subpages) &&
           vector_output_number(ctx, row, "in_use", e->in_use);
}

static bool watched(uint64_t at) {
    return at == REGION || at == REGION + RMP_PAGE_4K || at == REGION + 2 * RMP_PAGE_4K ||
           at == REGION + RMP_PAGE_2M - RMP_PAGE_4K;
}

/* Both ASIDs that cases use. */
static bool counts_seen(struct suite_ctx *ctx, const json_t *pages, const struct rmp *rmp) {
    return vector_output_number(ctx, pages, "5", rmp_asid_pages(rmp, 5)) &&
           vector_output_number(ctx, pages, "9", rmp_asid_pages(rmp, 9));
}

bool rmp_table_seen(struct suite_ctx *ctx, const struct vector_case *c, const struct rmp *rmp,
                    const struct rmp_entry *before) {
    const json_t *rows = json_object_get(c->output, "entries");
    uint64_t changed = 0;
    size_t row = 0;
    for (uint64_t i = 0; i < PAGES; i++) {
        struct rmp_entry now;
        if (!rmp_entry_at(rmp, i * RMP_PAGE_4K, &now) || same(&now, &before[i])) continue;
        changed++;
        if (!watched(i * RMP_PAGE_4K)) continue;
        suite_instance(ctx, "page 0x%llx", (unsigned long long)(i * RMP_PAGE_4K));
        if (!entry_seen(ctx, json_array_get(rows, row++), i * RMP_PAGE_4K, &now)) return false;
    }
    suite_instance(ctx, "%s", "");
    return suite_equal(ctx, "entries", json_array_size(rows), row, "each of them changes") &&
           vector_output_number(ctx, c->output, "changed", changed) &&
           counts_seen(ctx, json_object_get(c->output, "asid_pages"), rmp);
}
