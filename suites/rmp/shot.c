/* Shots: a table, one call on it, and what must be true afterwards. RMP notes, sections 1 and 2. */
#include "rmp/rmp.h"

uint64_t rmp_shot_page(const struct rmp_shot *shot) {
    return shot->config.pages_per_large * PAGE;
}

uint64_t rmp_shot_end(const struct rmp_shot *shot) {
    return RMP_REGIONS * rmp_shot_page(shot);
}

/* ---- making ---- */

struct rmp_shot rmp_shot_host(enum rmp_call call, unsigned pages) {
    struct rmp_shot shot = {.config = rmp_config_default(RMP_REGIONS * pages * PAGE),
                            .call = call,
                            .cpu = {.long_mode = true, .snp = true}};
    shot.config.pages_per_large = pages;
    shot.spa = shot.entry_at = rmp_shot_page(&shot) + PAGE;
    return shot;
}

struct rmp_shot rmp_shot_guest(enum rmp_call call, unsigned pages) {
    struct rmp_shot shot = rmp_shot_host(call, pages);
    shot.cpu.asid = RMP_ASID;
    shot.gva = RMP_GVA + PAGE;
    shot.translation = (struct rmp_translation){.present = true, .c = true, .gpa = RMP_GPA + PAGE};
    shot.entry = rmp_state_entry(RMP_GUEST_VALID, RMP_GPA + PAGE);
    return shot;
}

void rmp_shot_large(struct rmp_shot *shot) {
    shot->spa = shot->entry_at = rmp_shot_page(shot);
    shot->gva = RMP_GVA;
    shot->size = shot->entry.size = RMP_2M;
    shot->translation.gpa = shot->entry.gpa = RMP_GPA;
    shot->translation.map = RMP_MAP_2M;
}

struct rmp_entry rmp_state_entry(enum rmp_state state, uint64_t gpa) {
    const struct rmp_entry firmware = {.assigned = true, .immutable = true};
    struct rmp_entry e = {.assigned = true, .asid = RMP_ASID, .gpa = gpa, .perms = {0x1F}};
    switch (state) {
    case RMP_HYPERVISOR: return (struct rmp_entry){0};
    case RMP_HV_FIXED: return (struct rmp_entry){.immutable = true};
    case RMP_RECLAIM: return (struct rmp_entry){.assigned = true};
    case RMP_FIRMWARE: return firmware;
    case RMP_CONTEXT: e = firmware, e.vmsa = true; break;
    case RMP_METADATA: e = firmware, e.mark = RMP_MARK_METADATA, e.gpa = 0x6000; break;
    case RMP_FIRMWARE_IOMMU: e = firmware, e.mark = RMP_MARK_IOMMU, e.gpa = 0x1000; break;
    case RMP_PRE_GUEST: e.immutable = true; break;
    case RMP_PRE_SWAP: e.immutable = e.validated = true; break;
    case RMP_GUEST_INVALID: break;
    case RMP_GUEST_VALID: e.validated = true; break;
    case RMP_INVALID: e = firmware, e.gpa = 0x6000; break;
    }
    return e;
}

/* Entries of other regions and guests that a call on the region under test has to leave alone. */
static bool put_bystanders(struct rmp *rmp, uint64_t large) {
    const struct rmp_entry guest = {
        .assigned = true, .validated = true, .asid = 5, .gpa = PAGE, .perms = {0x1F, 3}};
    struct rmp_entry huge = guest;
    huge.size = RMP_2M;
    huge.asid = 7;
    const struct rmp_entry firmware = {.assigned = true, .immutable = true};
    const struct rmp_entry fixed = {.immutable = true};
    return rmp_put(rmp, PAGE, &guest) && rmp_put(rmp, 2 * large, &huge) &&
           rmp_put(rmp, 3 * large, &firmware) && rmp_put(rmp, 3 * large + 2 * PAGE, &fixed);
}

static bool put_entries(struct rmp *rmp, const struct rmp_shot *shot) {
    struct rmp_entry e = shot->entry;
    uint64_t at = shot->entry_at;
    const unsigned count = shot->fill ? shot->config.pages_per_large : 1;
    for (unsigned i = 0; i < count; i++, at += PAGE) {
        if (!rmp_put(rmp, at, &e)) return false;
        if (e.asid != 0) e.gpa += PAGE;
    }
    return shot->other_at == 0 || rmp_put(rmp, shot->other_at, &shot->other);
}

bool rmp_shot_make(struct suite_ctx *ctx, const struct rmp_shot *shot, struct rmp **rmp) {
    if (!suite_setup(ctx, "rmp_new", rmp_new(&shot->config, rmp))) return false;
    if (put_bystanders(*rmp, rmp_shot_page(shot)) && put_entries(*rmp, shot)) return true;
    rmp_free(*rmp);
    return suite_setup(ctx, "rmp_put",
                       sevkit_fail(SEVKIT_BAD_VALUE, "entry", SEVKIT_NO_OFFSET, shot->entry_at,
                                   "inside the table"));
}

struct rmp_answer rmp_shot_call(struct rmp *rmp, struct rmp_shot *s) {
    s->translation.spa = s->access.spa = s->spa;
    switch (s->call) {
    case RMP_CALL_UPDATE: return rmp_update(rmp, &s->cpu, s->spa, &s->fields);
    case RMP_CALL_PSMASH: return rmp_psmash(rmp, &s->cpu, s->spa);
    case RMP_CALL_READ: return rmp_read(rmp, &s->cpu, s->spa, &s->read);
    case RMP_CALL_PVALIDATE:
        return rmp_pvalidate(rmp, &s->cpu, s->gva, &s->translation, s->size, s->validate);
    case RMP_CALL_ADJUST:
        return rmp_adjust(rmp, &s->cpu, s->gva, &s->translation, s->size, &s->adjustment);
    case RMP_CALL_QUERY:
        return rmp_query(rmp, &s->cpu, &s->translation, s->adjustment.vmpl, &s->found);
    case RMP_CALL_ACCESS: return rmp_check(rmp, &s->access);
    case RMP_CALL_STRUCTURE: return rmp_check_structure(rmp, s->structure, s->spa, s->asid, s->gpa);
    case RMP_CALL_VMRUN: return rmp_vmrun(rmp, &s->run);
    case RMP_CALL_MOVE:
        return (struct rmp_answer){.eax = (uint8_t)rmp_move(rmp, s->move, s->spa, &s->args)};
    case RMP_CALL_MOVE_PAGE:
        return (struct rmp_answer){.eax = (uint8_t)rmp_move_page(rmp, s->spa, s->dst, &s->args)};
    case RMP_CALL_UNSMASH: return (struct rmp_answer){.eax = (uint8_t)rmp_unsmash(rmp, s->spa)};
    }
    return (struct rmp_answer){.eax = 0xFF};
}

/* ---- expectations ---- */

/* What an instruction writes on success only, as it was before. */
static const struct rmp_state_fields unread = {.gpa = 0x5A5A000, .immutable = true, .asid = 0x5A};
static const struct rmp_permissions unfound = {.mask = 0x5A, .vmsa = true, .size = RMP_2M};

static bool outputs_kept(struct suite_ctx *ctx, const struct rmp_shot *shot) {
    const struct rmp_state_fields *r = &shot->read;
    const struct rmp_permissions *f = &shot->found;
    const bool read = r->gpa == unread.gpa && r->immutable && r->asid == unread.asid &&
                      !r->assigned && r->size == RMP_4K && !r->region_assigned;
    const bool found = f->mask == unfound.mask && f->vmsa && f->size == RMP_2M;
    return suite_check(ctx, "RMPREAD output", read, "a refused RMPREAD writes nothing") &&
           suite_check(ctx, "RMPQUERY output", found, "a refused RMPQUERY writes nothing");
}

static bool refused_on(struct suite_ctx *ctx, struct rmp *rmp, const struct rmp_shot *shot,
                       struct rmp_answer wanted) {
    struct rmp_image before, after;
    struct rmp_shot asked = *shot;
    asked.read = unread;
    asked.found = unfound;
    rmp_image_take(rmp, &before);
    const struct rmp_answer got = rmp_shot_call(rmp, &asked);
    rmp_image_take(rmp, &after);
    return rmp_answer_equal(ctx, wanted, got, "the check that fails decides") &&
           rmp_image_same(ctx, &before, &after) && outputs_kept(ctx, &asked);
}

bool rmp_shot_refused(struct suite_ctx *ctx, const struct rmp_shot *shot,
                      struct rmp_answer wanted) {
    struct rmp *rmp;
    if (!rmp_shot_make(ctx, shot, &rmp)) return false;
    const bool good = refused_on(ctx, rmp, shot, wanted);
    rmp_free(rmp);
    return good;
}

/* The entry that page AT of the region, not the one of ENTRY_AT, has to have. */
static struct rmp_entry later_entry(const struct rmp_good *good, unsigned i,
                                    const struct rmp_entry *before) {
    struct rmp_entry e = good->after;
    switch (good->later) {
    case RMP_LATER_KEPT: return *before;
    case RMP_LATER_ASSIGNED: return (struct rmp_entry){.assigned = true};
    case RMP_LATER_ZERO: return (struct rmp_entry){0};
    case RMP_LATER_COPIES: e.gpa += i * PAGE; break;
    case RMP_LATER_ALIKE: break;
    }
    return e;
}

static bool good_image(struct suite_ctx *ctx, const struct rmp_shot *shot,
                       const struct rmp_good *good, const struct rmp_image *before,
                       const struct rmp_image *after) {
    const uint64_t page = shot->entry_at / PAGE, large = before->large_pages;
    for (unsigned i = 0; i < after->pages; i++) {
        const bool in_region = i / large == page / large;
        struct rmp_entry wanted = before->entries[i];
        if (i == page) wanted = good->after;
        if (i != page && in_region) wanted = later_entry(good, (unsigned)(i % large), &wanted);
        const char *rule = i == page   ? "the page's entry is what the call makes of it"
                           : in_region ? "the other pages of the region"
                                       : "other regions stay as they were";
        if (!rmp_entry_equal(ctx, &wanted, &after->entries[i], rule)) return false;
    }
    return rmp_image_counted(ctx, after);
}

static bool good_on(struct suite_ctx *ctx, struct rmp *rmp, struct rmp_shot *shot,
                    const struct rmp_good *good) {
    struct rmp_image before, after;
    rmp_image_take(rmp, &before);
    const struct rmp_answer got = rmp_shot_call(rmp, shot);
    rmp_image_take(rmp, &after);
    const struct rmp_answer wanted = {.cf = good->cf};
    if (!rmp_answer_equal(ctx, wanted, got, "no check fails")) return false;
    if (good->keeps) return rmp_image_same(ctx, &before, &after);
    return good_image(ctx, shot, good, &before, &after);
}

bool rmp_shot_good(struct suite_ctx *ctx, struct rmp_shot *shot, const struct rmp_good *good) {
    struct rmp *rmp;
    if (!rmp_shot_make(ctx, shot, &rmp)) return false;
    const bool fine = good_on(ctx, rmp, shot, good);
    rmp_free(rmp);
    return fine;
}

bool rmp_shot_granted(struct suite_ctx *ctx, struct rmp_shot *shot) {
    const struct rmp_good good = {.keeps = true};
    return rmp_shot_good(ctx, shot, &good);
}

/* ---- tests of rows ---- */

void rmp_each_size(struct suite_ctx *ctx, void (*body)(struct suite_ctx *ctx, unsigned pages)) {
    static const unsigned sizes[] = {8, 512};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0] && !suite_stopped(ctx); i++) {
        suite_instance(ctx, "%u pages", sizes[i]);
        body(ctx, sizes[i]);
    }
}

static void good_case(struct suite_ctx *ctx, unsigned pages) {
    const struct rmp_good *good = suite_row(ctx);
    struct rmp_shot shot = good->base(pages);
    if (good->vary != NULL) good->vary(&shot);
    SUITE_STEP(rmp_shot_good(ctx, &shot, good));
}

void rmp_case_good(struct suite_ctx *ctx) {
    rmp_each_size(ctx, good_case);
}

static void refused_case(struct suite_ctx *ctx, unsigned pages) {
    const struct rmp_refusal *row = suite_row(ctx);
    struct rmp_shot shot = row->base(pages);
    row->defect->apply(&shot);
    SUITE_STEP(rmp_shot_refused(ctx, &shot, row->defect->answer));
}

void rmp_case_refused(struct suite_ctx *ctx) {
    rmp_each_size(ctx, refused_case);
}

/* The later defect is applied first: what an earlier check needs of the shot stays as it wants it. */
void rmp_case_order(struct suite_ctx *ctx) {
    const struct rmp_order *order = suite_row(ctx);
    unsigned pairs = 0;
    for (size_t i = 0; i < order->count; i++) {
        for (size_t j = i + 1; j < order->count; j++) {
            const struct rmp_defect *first = &order->defects[i], *second = &order->defects[j];
            if ((first->claims & second->claims) != 0) continue;
            struct rmp_shot shot = order->base(8);
            second->apply(&shot);
            first->apply(&shot);
            suite_instance(ctx, "%s, %s", first->name, second->name);
            SUITE_STEP(rmp_shot_refused(ctx, &shot, first->answer));
            pairs++;
        }
    }
    suite_instance(ctx, "%s", "");
    SUITE_CHECK(ctx, "pairs", pairs > 0, "two defects fit in one shot");
}
