/* RMPUPDATE, PSMASH, RMPREAD: the hypervisor's instructions. RMP notes, sections 3.1, 3.2 and 3.6; the order of the
 * checks is the notes', by the lines. */
#include "rmp/table.h"

/* Any page of the region but its first for which WANTED of the words is set. */
static bool any_later(const struct rmp_region *region, bool (*wanted)(struct rmp_words w)) {
    const struct rmp *rmp = region->rmp;
    if ((region->at.high & HIGH_LIVE) == 0)
        return wanted(rmp_fill_words(rmp_region_fill(region->at)));
    for (unsigned i = 1; i < rmp->config.pages_per_large; i++)
        if (wanted(rmp_region_get(region, region->first + i * RMP_PAGE_4K))) return true;
    return false;
}

static bool is_in_use(struct rmp_words w) {
    return (w.high & HIGH_IN_USE) != 0;
}

static bool is_hv_fixed(struct rmp_words w) {
    return (w.low & (LOW_ASSIGNED | LOW_IMMUTABLE)) == LOW_IMMUTABLE;
}

/* ---- RMPUPDATE ---- */

struct update {
    uint64_t spa;
    struct rmp_state_fields new;
    struct rmp_words old;
};

static bool pages_in_use(const struct rmp_region *region, const struct update *u) {
    if (u->new.size == RMP_4K) return is_in_use(u->old);
    return is_in_use(u->old) || any_later(region, is_in_use);
}

/* A later page of a large page that is assigned. */
static bool is_inside_2m(const struct rmp_region *region, const struct update *u) {
    return rmp_is_2m(region->at) && !rmp_is_first(region->rmp, u->spa);
}

/* The checks on the entries, under the region's lock. */
static struct rmp_answer check_update(const struct rmp_region *region, const struct update *u) {
    const struct rmp_rules *rules = &region->rmp->config.rules;
    const bool large = u->new.size == RMP_2M, used = pages_in_use(region, u);
    const bool first = rules->update_in_use_first;
    const uint32_t inside = rules->update_inside_2m, over = rules->update_over_hv_fixed;
    const bool subpages = (region->at.low & LOW_SUBPAGES) != 0;
    const bool frozen = (u->old.low & LOW_IMMUTABLE) != 0;
    if (used && first) return rmp_refuse(RMP_FAIL_INUSE, 12);                 /* @req SNP-RMP-012 */
    if (frozen) return rmp_refuse(RMP_FAIL_PERMISSION, 7);                    /* @req SNP-RMP-007 */
    if (!large && rmp_is_2m(u->old)) return rmp_refuse(RMP_FAIL_OVERLAP, 8);  /* @req SNP-RMP-008 */
    if (is_inside_2m(region, u)) return rmp_refuse((enum rmp_code)inside, 9); /* @req SNP-RMP-009 */
    if (large && subpages) return rmp_refuse(RMP_FAIL_OVERLAP, 10);           /* @req SNP-RMP-010 */
    const bool fixed = large && over != 0 && any_later(region, is_hv_fixed);
    if (fixed) return rmp_refuse((enum rmp_code)over, 11); /* @req SNP-RMP-011 */
    if (used) return rmp_refuse(RMP_FAIL_INUSE, 12);       /* @req SNP-RMP-012 */
    return rmp_done();
}

/* What the page's entry becomes. */
static struct rmp_words updated(const struct update *u) {
    const struct rmp_state_fields *n = &u->new;
    if (!n->assigned) return (struct rmp_words){0, 0}; /* @req SNP-RMP-015 */
    struct rmp_words w = {
        .low = LOW_ASSIGNED | (n->gpa & LOW_GPA) | (uint64_t)n->asid << LOW_ASID_SHIFT,
        .high = FULL_PERMS,
    };
    if (n->size == RMP_2M) w.low |= LOW_2M;
    const uint64_t changed = u->old.low ^ w.low;
    if (n->immutable) w.low |= LOW_IMMUTABLE;
    if (n->asid == 0) return w;                       /* @req SNP-RMP-017 */
    if ((changed & LOW_ASSIGNED) != 0) return w;      /* @req SNP-RMP-017 */
    if ((changed & LOW_ASID) != 0) return w;          /* @req SNP-RMP-017 */
    if ((changed & LOW_GPA) != 0) return w;           /* @req SNP-RMP-017 */
    if ((changed & LOW_2M) != 0) return w;            /* @req SNP-RMP-017 */
    w.low |= u->old.low & (LOW_VALIDATED | LOW_VMSA); /* @req SNP-RMP-016 */
    w.high = u->old.high & HIGH_PERMS;                /* @req SNP-RMP-016 */
    return w;
}

static void update(struct rmp_region *region, const struct update *u) {
    const struct rmp_words w = updated(u);
    if (u->new.size == RMP_4K) {
        rmp_region_set(region, u->spa, w); /* @req SNP-RMP-018 SNP-RMP-019 */
    } else {
        const enum rmp_fill fill = u->new.assigned ? RMP_FILL_ASSIGNED : RMP_FILL_HYPERVISOR;
        rmp_region_fill_all(region, w, fill, 0); /* @req SNP-RMP-020 */
    }
}

struct rmp_answer rmp_update(struct rmp *rmp, const struct rmp_cpu *cpu, uint64_t spa,
                             const struct rmp_state_fields *n) {
    const bool refuses_gpa = rmp->config.rules.update_refuses_gpa;
    const bool stray_gpa = n->assigned && n->asid == 0 && (n->gpa & LOW_GPA) != 0;
    const bool unaligned = n->size == RMP_2M && !rmp_is_aligned(rmp, spa);
    if (rmp_is_undefined(cpu)) return rmp_raise(RMP_UD, 0, 1);     /* @req SNP-RMP-001 */
    if (cpu->cpl != 0) return rmp_raise(RMP_GP, 0, 2);             /* @req SNP-RMP-002 */
    if (cpu->asid != 0) return rmp_refuse(RMP_FAIL_PERMISSION, 3); /* @req SNP-RMP-003 */
    if (unaligned) return rmp_refuse(RMP_FAIL_INPUT, 4);           /* @req SNP-RMP-004 */
    const bool owned = n->immutable || n->asid != 0;
    if (!n->assigned && owned) return rmp_refuse(RMP_FAIL_INPUT, 5);     /* @req SNP-RMP-005 */
    if (n->asid > RMP_ASID_MAX) return rmp_refuse(RMP_FAIL_INPUT, 13);   /* @req SNP-RMP-013 */
    if (refuses_gpa && stray_gpa) return rmp_refuse(RMP_FAIL_INPUT, 14); /* @req SNP-RMP-014 */
    if (!rmp_covers(rmp, spa)) return rmp_refuse(RMP_FAIL_INPUT, 6);     /* @req SNP-RMP-006 */
    struct rmp_region region;
    const enum rmp_code busy = (enum rmp_code)rmp->config.rules.update_contended;
    if (!rmp_region_try_lock(rmp, spa, &region)) return rmp_refuse(busy, 12); /* @req SNP-RMP-012 */
    const struct update u = {.spa = spa, .new = *n, .old = rmp_region_get(&region, spa)};
    const struct rmp_answer answer = check_update(&region, &u);
    if (rmp_ok(answer)) update(&region, &u);
    rmp_region_unlock(&region);
    return answer;
}

/* ---- PSMASH ---- */

static struct rmp_answer check_psmash(const struct rmp_region *region) {
    const struct rmp_rules *rules = &region->rmp->config.rules;
    const struct rmp_words w = region->at;
    const bool assigned = (w.low & LOW_ASSIGNED) != 0, fixed = (w.low & LOW_IMMUTABLE) != 0;
    const bool ownerless = rmp_asid_of(w) == 0;
    const bool needs_asid = rules->psmash_needs_asid, needs_mutable = rules->psmash_needs_mutable;
    if (is_in_use(w)) return rmp_refuse(RMP_FAIL_INUSE, 26);               /* @req SNP-RMP-026 */
    if (!assigned || !rmp_is_2m(w)) return rmp_refuse(RMP_FAIL_UNFIT, 27); /* @req SNP-RMP-027 */
    if (needs_asid && ownerless) return rmp_refuse(RMP_FAIL_UNFIT, 28);    /* @req SNP-RMP-028 */
    if (needs_mutable && fixed) return rmp_refuse(RMP_FAIL_UNFIT, 29);     /* @req SNP-RMP-029 */
    return rmp_done();
}

struct rmp_answer rmp_psmash(struct rmp *rmp, const struct rmp_cpu *cpu, uint64_t spa) {
    const bool aligned = rmp_is_aligned(rmp, spa);
    if (rmp_is_undefined(cpu)) return rmp_raise(RMP_UD, 0, 21);       /* @req SNP-RMP-021 */
    if (cpu->cpl != 0) return rmp_raise(RMP_GP, 0, 22);               /* @req SNP-RMP-022 */
    if (!aligned) return rmp_refuse(RMP_FAIL_INPUT, 23);              /* @req SNP-RMP-023 */
    if (!rmp_covers(rmp, spa)) return rmp_refuse(RMP_FAIL_INPUT, 24); /* @req SNP-RMP-024 */
    if (cpu->asid != 0) return rmp_refuse(RMP_FAIL_PERMISSION, 25);   /* @req SNP-RMP-025 */
    struct rmp_region region;
    const bool held = rmp_region_try_lock(rmp, spa, &region);
    if (!held) return rmp_refuse(RMP_FAIL_INUSE, 26); /* @req SNP-RMP-026 */
    const struct rmp_answer answer = check_psmash(&region);
    if (rmp_ok(answer)) rmp_region_split(&region);
    rmp_region_unlock(&region);
    return answer;
}

/* ---- RMPREAD ---- */

struct rmp_answer rmp_read(const struct rmp *rmp, const struct rmp_cpu *cpu, uint64_t spa,
                           struct rmp_state_fields *fields) {
    const bool undefined = rmp_is_undefined(cpu) || !rmp->config.has_rmpread;
    if (undefined) return rmp_raise(RMP_UD, 0, 32);                   /* @req SNP-RMP-032 */
    if (cpu->cpl != 0) return rmp_raise(RMP_GP, 0, 33);               /* @req SNP-RMP-033 */
    if (!rmp_covers(rmp, spa)) return rmp_refuse(RMP_FAIL_INPUT, 34); /* @req SNP-RMP-034 */
    if (cpu->asid != 0) return rmp_refuse(RMP_FAIL_PERMISSION, 35);   /* @req SNP-RMP-035 */
    struct rmp_words region;
    const struct rmp_words w = rmp_words_both(rmp, spa, &region);
    const bool assigned = (region.low & (LOW_ASSIGNED | LOW_SUBPAGES)) != 0;
    *fields = (struct rmp_state_fields){
        .gpa = w.low & LOW_GPA,
        .assigned = (w.low & LOW_ASSIGNED) != 0,
        .size = rmp_is_2m(w) ? RMP_2M : RMP_4K,
        .region_assigned = rmp->config.rules.read_tells_region && assigned, /* @req SNP-RMP-037 */
        .immutable = (w.low & LOW_IMMUTABLE) != 0,
        .asid = rmp_asid_of(w),
    }; /* @req SNP-RMP-036 */
    return rmp_done();
}
